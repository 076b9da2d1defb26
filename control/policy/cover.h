// SPDX-License-Identifier: BSD-3-Clause
//
// All prefixes of a policy, each with all that is known of its addresses: the address entries of
// the image. Private to this folder.
#pragma once

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
	uint32_t exempt_class; // of destinations that a clause permits and that lie in no pool
};

// Joins pools and sets, as at_s has them. A prefix that says nothing new about its addresses is
// left out. Pair with cover_free().
void cover_make(const struct policy *p, int64_t at_s, const struct slot_plan *plan,
		struct cover *cover);
void cover_free(struct cover *cover);
