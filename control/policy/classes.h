// SPDX-License-Identifier: BSD-3-Clause
//
// What is in force at one moment, and the classes of addresses that it makes. Private to this
// folder.
#pragma once

#include "model.h"

// Everything of a policy that a moment decides.
struct in_force {
	const struct policy *policy;
	const struct moment *moment;
	const struct stage **stages; // per pool: the one active on it, or NULL
	uint64_t *list_sets;         // per policy.lists: its bit; 0: of no exception in force
	uint32_t set_count;          // bits in use: named sets, then lists
	uint64_t exempt;             // sets that somebody is permitted to reach
};

// Returns false with an error in d if there are more lists than bits. Pair with in_force_free().
bool in_force_make(struct in_force *f, const struct policy *p, const struct moment *m,
		   struct diag *d);
void in_force_free(struct in_force *f);

// The bits of an exception's destinations, or OP25B_ANY_SET.
uint64_t exception_sets(const struct in_force *f, const struct exception *e);

// A part of a pool that exceptions or a quarantine are for. Two that come to the same are one.
struct class_part {
	uint32_t pool;
	uint8_t action; // of the quarantine; ACTION_PERMIT: none
	uint64_t sets;  // that exceptions permit, or that the quarantine leaves reachable
};

struct class_parts {
	const struct policy *policy;
	struct class_part *items; // in the order in which they were first asked for
	size_t count;
	size_t room;
	uint32_t *cells; // hash: index in items plus one; 0: empty
	size_t cell_count;
};

void class_parts_init(struct class_parts *parts, const struct policy *p);
void class_parts_free(struct class_parts *parts);

// The class of addresses of a pool with these exceptions' destinations (0: none) and that
// quarantine (NULL: none).
uint32_t class_parts_class(struct class_parts *parts, uint32_t pool, uint64_t permits,
			   const struct quarantine *q);

size_t classes_count(const struct class_parts *parts);
// Adds the error that these are too many.
void classes_refuse(const struct policy *p, size_t count, int64_t at_s, struct diag *d);
