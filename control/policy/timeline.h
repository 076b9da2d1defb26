// SPDX-License-Identifier: BSD-3-Clause
//
// Which stage is in force on a pool from when to when. Private to this folder.
#pragma once

#include "model.h"

struct reign {
	int64_t from_s;            // the first: POLICY_ALWAYS; it ends where the next begins
	const struct stage *stage; // NULL: none
};

// All of them in order, at least one; no two in a row of the same stage. opened_s: as in struct
// moment. free() it.
struct reign *timeline_of_pool(const struct policy *p, uint32_t pool, const int64_t *opened_s,
			       size_t *count);
