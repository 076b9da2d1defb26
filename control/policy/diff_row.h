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

// What becomes of the addresses of a part, for some destinations and a time.
struct diff_row {
	const struct diff_part *part;
	const struct targets *targets;
	bool *is_of_target; // per target
	int64_t from_s, until_s;
	struct effect effect[2];
};

json_t *diff_row_json(const struct view views[2], const struct diff_row *row);

// Whether the addresses of a part are in a pool or infra of the same name in both.
bool diff_part_stays(const struct view views[2], const struct diff_part *part);
json_t *diff_place_json(const struct view views[2], const struct diff_part *part);
