// SPDX-License-Identifier: BSD-3-Clause
//
// The directory of a host's counters (abi/stats_abi.h): which slot a pool's name has, and which
// cells a list of clauses. It only grows: a slot is never given to another. Both hosts take up an
// image by this, each into its own memory. Host only; one call is one thread's.
#pragma once

#include <stdbool.h>

#include "../abi/stats_abi.h"
#include "image_view.h"

// Where the tables lie. Counts are written after the entry they count, with release order, so that
// they can lie in memory that others read meanwhile.
struct directory {
	char (*pool_name)[OP25B_MAX_NAME_BYTES]; // [OP25B_POOL_SLOTS]
	uint32_t *pool_count;
	struct op25b_stats_stage *stage; // [OP25B_STAGE_SLOTS]
	uint32_t *stage_count;
};

// Fills in the slots 0: "no pool", and "all further lists of clauses".
void directory_init(const struct directory *d);

// The first pool name of the image for which the table has no room, or NULL if all fit.
const char *directory_misfit(const struct directory *d, const struct image_view *view);

// Finds or adds what the image's classes are counted under, and writes it into classes, a copy of
// the image's: stats_slot, and stats_cell of each clause. The pools fit.
void directory_take_up(const struct directory *d, const struct image_view *view,
		       struct op25b_class *classes);
