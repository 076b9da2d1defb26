// SPDX-License-Identifier: BSD-3-Clause
//
// What the two halves of policy_plan() share. Private to this folder.
#pragma once

#include "effect.h"
#include "timeline.h"
#include "views.h"

struct plan {
	const struct policy *p;
	const struct moment *m; // seen from here
	struct view view;
	struct targets targets;
	struct amount *amounts; // per pool
	struct reign **reigns;  // per pool
	size_t *reign_counts;
};

// Adds what was said of the date of a stage, and the gates that it also waits for, to an event.
void plan_add_promise(const struct plan *plan, json_t *row, const struct stage *s,
		      const struct policy_event *e);

// The names of a stage's pools.
json_t *plan_pools(const struct plan *plan, const struct stage *s);

json_t *plan_standing(const struct plan *plan);
json_t *plan_held(const struct plan *plan);
json_t *plan_ending(const struct plan *plan);
json_t *plan_unassigned(const struct plan *plan);
