// SPDX-License-Identifier: BSD-3-Clause
//
// See clock.h.
#include "clock.h"

#include <time.h>

#include "../policy/policy.h"

int64_t clock_now(struct policy_clock *c, const char *tz)
{
	int64_t now_s = time(NULL);

	if (c->frozen_at)
		return time_read(c->frozen_at, tz, &now_s) ? now_s : 0;
	if (now_s > c->latest_s)
		c->latest_s = now_s;
	return c->latest_s;
}

int64_t clock_lag(const struct policy_clock *c)
{
	int64_t now_s = time(NULL);

	return !c->frozen_at && now_s < c->latest_s ? c->latest_s - now_s : 0;
}
