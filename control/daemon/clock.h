// SPDX-License-Identifier: BSD-3-Clause
//
// The policy clock: which moment a policy is compiled for. The wall clock, except that it never
// runs backwards (a step back must not un-enforce a stage that has begun) and stands still while
// the kernel says that the wall clock is not synchronised; or the moment of --at. A clock that is
// set by hand counts as unsynchronised for the kernel, so that a jump moves no stage by itself.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct policy_clock {
	const char *frozen_at; // --at, as the operator wrote it; NULL: the clock runs
	bool trusted;          // --trust-clock: the wall clock is right, whatever the kernel says
	int64_t latest_s;      // latest moment seen; 0: none
	// The box's clock, or that of a test.
	int64_t (*wall_ns)(void *arg);
	bool (*synchronised)(void *arg);
	void *arg;
};

// The kernel's clock and its word on it. The other fields are left as they are.
void clock_init(struct policy_clock *c);

// The moment now. tz: time zone in which a frozen_at without an offset is meant.
int64_t clock_now(struct policy_clock *c, const char *tz);

// The wall clock in seconds of Unix time.
int64_t clock_wall(const struct policy_clock *c);

bool clock_is_synchronised(const struct policy_clock *c);

// Whether the policy clock may follow the wall clock.
bool clock_is_good(const struct policy_clock *c);

// How far the policy clock lies behind the wall clock, in seconds; negative: ahead of it. 0 as well
// if there is no moment yet.
int64_t clock_lag(const struct policy_clock *c);

// Takes a moment as the latest one, also an earlier one: the operator says that it is right.
void clock_accept(struct policy_clock *c, int64_t at_s);
