// SPDX-License-Identifier: BSD-3-Clause
//
// A trial: frames are sent into both sides of the box at a rate for a time, and everything that
// comes out is counted and known again. The one core of loadgen.
//
// Frames are due by the TSC, and those that are due are sent at once: about one in a turn of the
// loop, never more than a burst. A frame that is due and that the ring does not take is lost: a
// wire would not wait either. When loadgen itself comes late by more than a few bursts, because the
// machine was doing something else, it does not catch up, which would be a load nobody asked for,
// but counts those frames as late; a trial with many of them says nothing of the box.
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "load_latency.h"
#include "load_rows.h"
#include "load_stream.h"

#define TRIAL_SIDES 2u // 0 subscriber, 1 network; also the number of the port

struct trial_plan {
	double rate[TRIAL_SIDES]; // frames a second; 0: none; INFINITY: all that the ring takes
	double seconds;
	uint32_t rows_every; // each so many-th frame is one of the packet table; 0: none
};

// Of the frames of one side. Those of the table are counted in struct rows, and in due, sent,
// ring_full and late.
struct trial_side {
	uint64_t due, sent;
	uint64_t ring_full;          // were due, and did not fit into the ring
	uint64_t late;               // were due while loadgen did not run
	uint64_t expected, received; // to leave on the other side, of those sent; and did
	uint64_t received_in_time;   // of those, before the trial's end
	uint64_t expected_answers, answered;
	struct latency latency;
};

struct trial {
	struct stream stream[TRIAL_SIDES];
	struct rows rows;
	struct trial_side side[TRIAL_SIDES];
	uint64_t foreign;              // received and not known again
	uint64_t stale, stale_answers; // received, of an earlier trial
	uint8_t epoch;
	double seconds; // that it took
};

// Forgets what became of the frames of an earlier trial; those that come late are counted as stale.
void trial_begin(struct trial *t);

void trial_run(struct trial *t, const struct trial_plan *plan);

// Sends each frame of both captures once, slowly, and remembers what becomes of it. Returns false
// if the box takes nothing any more.
bool trial_learn(struct trial *t);

// Writes members of a JSON object.
void trial_print(const struct trial *t, FILE *out);
