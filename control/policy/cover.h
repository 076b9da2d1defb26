// SPDX-License-Identifier: BSD-3-Clause
//
// All prefixes of a policy, each with all that is known of its addresses at one moment: the address
// entries of the image. Private to this folder.
#pragma once

#include "classes.h"
#include "slots.h"

struct cover_prefix {
	struct prefix prefix;
	uint32_t addr_id; // index in addrs
};

struct cover {
	struct cover_prefix *prefixes; // sorted, no duplicates: IPv4, then IPv6
	size_t count;
	size_t count4;            // of these, IPv4
	struct op25b_addr *addrs; // [0]: of addresses in no prefix
	size_t addr_count;
};

// Joins pools, sets, infrastructures, exceptions and quarantines, and enters the parts of pools
// that these make in parts. A prefix that says nothing new about its addresses is left out. Pair
// with cover_free().
void cover_make(const struct in_force *f, const struct slot_plan *plan, struct class_parts *parts,
		struct cover *cover);
void cover_free(struct cover *cover);
