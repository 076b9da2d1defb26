// SPDX-License-Identifier: BSD-3-Clause
//
// One address that stands for all of a pool, an infrastructure, a set, or for none of them. Private
// to this folder.
#pragma once

#include "model.h"

// What an address can stand for, and what else a prefix can belong to.
enum owner_kind {
	OWNER_NOBODY, // in no prefix of the policy
	OWNER_POOL,
	OWNER_INFRA,
	OWNER_SET,
	OWNER_LIST,     // destinations of exceptions
	OWNER_GRANT,    // exceptions and quarantines, of any time
	OWNER_SOFTWIRE, // outer addresses of tunnels
};

struct owned_prefix {
	struct prefix prefix; // first: prefix_compare() looks at it
	enum owner_kind kind;
	uint32_t index; // of the owner
};

// All prefixes of a policy.
struct represent {
	const struct policy *policy;
	struct owned_prefix *items; // sorted
	size_t count;
};

// Pair with represent_free().
void represent_init(struct represent *r, const struct policy *p);
void represent_free(struct represent *r);

// An address of the family that belongs to the owner (OWNER_NOBODY, _POOL, _INFRA, _SET) and, if
// there is such an address, to as little else as possible. Returns false if there is none: the
// owner has no prefix of that family, or all of it is somebody else's.
bool represent_find(const struct represent *r, enum owner_kind kind, uint32_t index, uint8_t family,
		    struct prefix *address);
