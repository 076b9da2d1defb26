// SPDX-License-Identifier: BSD-3-Clause
//
// The one clock of op25b-dp: CLOCK_MONOTONIC in nanoseconds, which is also the guard's. Any thread.
// clock_gettime() is the vDSO's and makes no system call; still it costs as much as judging a dozen
// frames, so that a worker, which asks at every turn, has a clock of its own: the time-stamp
// counter, set anew every millisecond.
#pragma once

#include <stdint.h>
#include <time.h>

#include <rte_branch_prediction.h>
#include <rte_cycles.h>

#define CLOCK_SECOND_NS 1000000000u
#define CLOCK_MS_NS 1000000u

static inline uint64_t clock_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * CLOCK_SECOND_NS + (uint64_t)ts.tv_nsec;
}

// A worker's own. Never goes backwards; runs with CLOCK_MONOTONIC but for what that was slewed by
// in the last millisecond, at most half a microsecond.
struct clock_ticks {
	uint64_t set_tsc;     // time-stamp counter when it was set
	uint64_t set_ns;      // CLOCK_MONOTONIC then
	uint64_t ms_ticks;    // a millisecond
	uint64_t ns_per_tick; // times 2^32
};

static inline void clock_ticks_init(struct clock_ticks *c)
{
	uint64_t hz = rte_get_tsc_hz();

	c->set_tsc = rte_rdtsc();
	c->set_ns = clock_now_ns();
	c->ms_ticks = hz / 1000;
	c->ns_per_tick = ((uint64_t)CLOCK_SECOND_NS << 32) / hz;
}

static inline uint64_t clock_ticks_now_ns(struct clock_ticks *c)
{
	uint64_t now_tsc = rte_rdtsc(), ticks = now_tsc - c->set_tsc, now_ns;

	if (likely(ticks < c->ms_ticks))
		return c->set_ns + (ticks * c->ns_per_tick >> 32);
	now_ns = clock_now_ns();
	// What has been said up to now must not be taken back.
	if (ticks < 2 * c->ms_ticks && now_ns < c->set_ns + (ticks * c->ns_per_tick >> 32))
		now_ns = c->set_ns + (ticks * c->ns_per_tick >> 32);
	c->set_tsc = now_tsc;
	c->set_ns = now_ns;
	return now_ns;
}
