// SPDX-License-Identifier: BSD-3-Clause
//
// The policy clock: which moment a policy is compiled for. The wall clock, except that it never
// runs backwards (a step back must not un-enforce a stage that has begun), or the moment of --at.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct policy_clock {
	const char *frozen_at; // --at, as the operator wrote it; NULL: the clock runs
	int64_t latest_s;      // latest moment seen
};

// The moment now. tz: time zone in which a frozen_at without an offset is meant.
int64_t clock_now(struct policy_clock *c, const char *tz);

// How far the wall clock lies behind the policy clock, in seconds; 0: it does not.
int64_t clock_lag(const struct policy_clock *c);
