// SPDX-License-Identifier: BSD-3-Clause
//
// See clock.h.
#include "clock.h"

#include <sys/timex.h>
#include <time.h>

#include "../policy/policy.h"

#define NS_PER_S 1000000000

static int64_t kernel_wall_ns(void *arg)
{
	struct timespec now;

	(void)arg;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static bool kernel_synchronised(void *arg)
{
	struct timex state = {.modes = 0};
	int answer = adjtimex(&state);

	(void)arg;
	return answer >= 0 && answer != TIME_ERROR && !(state.status & STA_UNSYNC);
}

void clock_init(struct policy_clock *c)
{
	c->wall_ns = kernel_wall_ns;
	c->synchronised = kernel_synchronised;
}

int64_t clock_wall(const struct policy_clock *c)
{
	return c->wall_ns(c->arg) / NS_PER_S;
}

bool clock_is_synchronised(const struct policy_clock *c)
{
	return c->synchronised(c->arg);
}

bool clock_is_good(const struct policy_clock *c)
{
	return c->frozen_at || c->trusted || clock_is_synchronised(c);
}

int64_t clock_now(struct policy_clock *c, const char *tz)
{
	int64_t now_s = clock_wall(c);

	if (c->frozen_at)
		return time_read(c->frozen_at, tz, &now_s) ? now_s : 0;
	// A box that knows no moment at all has nothing better to go by.
	if (now_s > c->latest_s && (!c->latest_s || clock_is_good(c)))
		c->latest_s = now_s;
	return c->latest_s;
}

int64_t clock_lag(const struct policy_clock *c)
{
	int64_t wall_s = clock_wall(c);

	if (c->frozen_at || !c->latest_s)
		return 0;
	// The policy clock follows only when it is asked: while it may, it is not behind.
	return wall_s > c->latest_s && clock_is_good(c) ? 0 : wall_s - c->latest_s;
}

void clock_accept(struct policy_clock *c, int64_t at_s)
{
	c->latest_s = at_s;
}
