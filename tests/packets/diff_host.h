// SPDX-License-Identifier: BSD-3-Clause
//
// The guard and op25b-dp as the differential runs them, quickly and by the million: what the core
// says of a frame is the cell that is looked at first; the other cells only where that one did not
// move. One thread, one of each per process.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core_judge.h"
#include "dataplane/abi/stats_abi.h"

// What a frame was counted as.
struct counted {
	uint32_t reason;
	uint32_t family;
	const char *pool; // "" for none
};

#define COUNTED_NOTHING REASON_COUNT // reason of a frame that was not counted exactly once

// What a host has counted by clause since it was started; see abi/stats_abi.h.
struct clause_counts {
	const struct op25b_stats_stage *stage;
	uint32_t stage_count;
	const char (*pool_name)[OP25B_MAX_NAME_BYTES];
	const struct op25b_cell *cell;
};

// One host. diff_guard.c and diff_dp.c each have one.
struct diff_host {
	const char *name;
	// Puts the image into force, and empties every slot.
	void (*publish)(const void *image, size_t bytes);
	// Empties the first `count` subscriber slots.
	void (*clear_slots)(uint64_t count);
	// Whether it can be given a frame of this length.
	bool (*takes)(uint32_t frame_bytes);
	// Judges one frame. want: what the core says, class_id in the image in force. Returns NULL
	// if that is what happened, with *got filled in in any case; else a sentence.
	const char *(*judge)(const uint8_t *frame, uint32_t frame_bytes, struct ingress in,
			     const struct counted *want, uint32_t class_id, struct counted *got);
	struct clause_counts (*clauses)(void);
	void (*stop)(void);
};

// Both start with the table's box and stop the program if they cannot.
const struct diff_host *diff_guard_start(void);
const struct diff_host *diff_dp_start(void);
