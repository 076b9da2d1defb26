// SPDX-License-Identifier: BSD-3-Clause
//
// The one clock of op25b-dp: CLOCK_MONOTONIC in nanoseconds, which is also the guard's. Any thread.
// clock_gettime() is the vDSO's and makes no system call.
#pragma once

#include <stdint.h>
#include <time.h>

#define CLOCK_SECOND_NS 1000000000u
#define CLOCK_MS_NS 1000000u

static inline uint64_t clock_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * CLOCK_SECOND_NS + (uint64_t)ts.tv_nsec;
}
