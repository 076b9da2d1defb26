// SPDX-License-Identifier: BSD-3-Clause
//
// What comes out of the box: counted, and known again by its mark. The one core of loadgen.
#pragma once

#include <stdint.h>

#include "load_trial.h"

// When timed frames were sent, by the number in their mark. What is not back before as many others
// have been sent is not timed.
#define TIMES 65536u

struct times {
	uint64_t sent_tsc[TIMES];
	uint32_t number[TIMES];
	uint32_t next; // number of the next timed frame
};

// Receives at most a burst from the port. Returns the frames received.
uint32_t receive_burst(struct trial *t, const struct times *times, uint32_t port);

// Receives from both ports until nothing has come for a while: missing_ms, when frames are missing
// that must come out, because the box may have stood still.
void receive_rest(struct trial *t, const struct times *times, uint32_t missing_ms);
