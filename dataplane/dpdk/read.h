// SPDX-License-Identifier: BSD-3-Clause
//
// What a worker remembers from burst to burst of how a port's frames look. A worker's thread.
#pragma once

#include "shape.h"

#define READER_SHAPES 4u // a power of 2: IPv4 and IPv6, each in two encapsulations

struct reader {
	struct shape shape[READER_SHAPES];
	uint32_t first;    // the last one learnt, which is tried first
	uint32_t patience; // bursts until it is tried again to learn a shape
	uint32_t barren;   // bursts until it is tried again to settle frames quickly
	bool has_shapes;   // this CPU can compare them
};

struct burst;

// Sorts the `count` frames in b->rx, 1 to 64, into settled and rest (burst.h).
void burst_read(struct burst *b, struct reader *r, uint32_t count);
