// SPDX-License-Identifier: BSD-3-Clause
//
// One line of a difference in words. Private to this folder.
#pragma once

#include "diff.h"

// Addresses that have the same owner in the one view, and the same in the other.
struct diff_part {
	struct owner owner[2];
	struct amount amount;
	uint8_t families; // bits FAMILY_*
	bool is_rest;     // all addresses outside of what the policies name
};

// What becomes of addresses, for some destinations and a time.
struct diff_row {
	struct owner owner[2]; // of the addresses; of their grants one of many
	struct amount amount;
	uint8_t families; // of the addresses
	bool is_rest;
	bool *is_of_target; // per target; owned
	int64_t from_s, until_s;
	struct effect effect[2];
};

// Whether two rows say the same of addresses in the same place, so that they can be one.
bool diff_row_is_alike(const struct diff_row *a, const struct diff_row *b, size_t target_count);
json_t *diff_row_json(const struct view views[2], const struct targets *targets,
		      const struct diff_row *row);

// Whether the addresses of a part are in a pool or infra of the same name in both.
bool diff_part_stays(const struct view views[2], const struct diff_part *part);
json_t *diff_place_json(const struct view views[2], const struct diff_part *part);
