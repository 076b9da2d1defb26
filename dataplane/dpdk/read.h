// SPDX-License-Identifier: BSD-3-Clause
//
// What a worker remembers from burst to burst of how a port's frames look. A worker's thread.
#pragma once

#include "shape.h"

struct reader {
	struct shape shape[SHAPE_FAMILIES]; // [0]: of IPv4, [1]: of IPv6
	uint32_t first;                     // the one to be tried first
	uint32_t patience;                  // bursts until it is tried again to learn a shape
	uint32_t barren; // bursts until it is tried again to settle frames quickly
	bool has_shapes; // this CPU can compare them
};

struct burst;

// Sorts the `count` frames in b->rx, 1 to 64, into settled and rest (burst.h).
void burst_read(struct burst *b, struct reader *r, uint32_t count);
