// SPDX-License-Identifier: BSD-3-Clause
//
// See schedule.h. The timer runs on the monotonic clock, stages on the wall clock: it sleeps at
// most a second at a time, so that a wall clock that was set is noticed.
#include "schedule.h"

#include <time.h>

#define SCHEDULE_TURN_S 1
#define SCHEDULE_RETRY_S 10 // after a host did not take the change

bool schedule_next(const struct schedule *s, int64_t *when_s)
{
	const struct candidate *now = &s->publish->now;

	// From the moment of the image, not from now: a boundary that failed is still ahead.
	return now->policy && !s->publish->clock->frozen_at &&
	       policy_next_change(now->policy, candidate_time(now), when_s);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct schedule *s = arg;
	struct timespec mono;
	int64_t when_s;

	(void)fd;
	(void)what;
	clock_gettime(CLOCK_MONOTONIC, &mono);
	if (schedule_next(s, &when_s) &&
	    clock_now(s->publish->clock, policy_tz(s->publish->now.policy)) >= when_s &&
	    (when_s != s->tried_s || mono.tv_sec >= s->not_before_s)) {
		s->tried_s = when_s;
		s->not_before_s = mono.tv_sec + SCHEDULE_RETRY_S;
		publish_boundary(s->publish);
	}
	schedule_arm(s);
}

bool schedule_init(struct schedule *s, struct event_base *base, struct publish *publish)
{
	s->publish = publish;
	s->timer = evtimer_new(base, on_timer, s);
	return s->timer;
}

void schedule_free(struct schedule *s)
{
	if (s->timer)
		event_free(s->timer);
}

void schedule_arm(struct schedule *s)
{
	struct timeval tv = {SCHEDULE_TURN_S, 0};
	int64_t when_s;

	if (schedule_next(s, &when_s))
		event_add(s->timer, &tv);
	else
		event_del(s->timer);
}
