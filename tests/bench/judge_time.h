// SPDX-License-Identifier: BSD-3-Clause
//
// Measures a judge on bursts of frames: time-stamp counter before and after each burst, summed over
// windows that are short against a time slice of the kernel, so that the window in which somebody
// else got the processor can be told from the others. One thread, on one CPU.
//
// In the measured part lies what is done from the moment the driver has handed over a burst until
// every frame has its verdict, fetching the headers ahead included. Before it, unmeasured, a
// stand-in for the driver fills the array of frames and writes their descriptors, which so are in
// the cache, as they are behind a driver; the frames' bytes are where they were: a capture that is
// larger than the caches comes from memory.
#pragma once

#include <stdint.h>

#include "judge_frames.h"

struct judge {
	const char *name;
	struct rte_mbuf **rx; // where it wants the burst
	void (*decide)(void *ctx, uint32_t count, uint64_t now_ns);
	void *ctx;
	const struct frames *frames;
	uint32_t next; // frame that comes next
	uint64_t now_ns;
	uint64_t pace_ns; // that the clock goes on by from frame to frame
};

// Cycles of a frame in each of the windows that were measured.
struct judge_windows {
	double *cycles;
	uint32_t count;
	uint32_t room;
};

struct judge_cost {
	uint32_t windows;
	uint64_t frames;
	double least_cycles;  // per frame, in the quickest window
	double median_cycles; // per frame, in the window in the middle
};

// What reading the counter twice costs in itself. It is taken off each burst.
uint64_t judge_timer_cycles(void);

// Brings the next burst of at most `count` frames to j->rx, and returns how many. For what is not
// to be measured.
uint32_t judge_receive(struct judge *j, uint32_t count);

// Measures one window: cycles of a frame.
double judge_window(struct judge *j, uint64_t timer_cycles);

// Measures windows for window_ms, at least one, and adds them to w; one before that is not counted.
void judge_measure(struct judge *j, uint32_t window_ms, uint64_t timer_cycles,
		   struct judge_windows *w);

// What came of the windows. Empties w, which holds at least one.
struct judge_cost judge_sum_up(struct judge_windows *w);
