// SPDX-License-Identifier: BSD-3-Clause
//
// How long workers stand still: a thread that looks at their heartbeats ten thousand times a
// second. A worker writes its heartbeat at each turn, so the age of it at any look is a time for
// which that worker received nothing; the longest is reported. It is a lower bound, by at most the
// time between two looks.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/abi/stats_abi.h"

struct watch_gap {
	uint64_t longest_ns;
	uint64_t looks; // how many there were: few of them say little
};

// stats: the mapped memory of op25b-dp.
bool watch_start(const struct op25b_stats_hdr *stats);
void watch_stop(void);

// What was seen since the last call.
struct watch_gap watch_take(void);
