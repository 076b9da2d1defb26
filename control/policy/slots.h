// SPDX-License-Identifier: BSD-3-Clause
//
// Subscriber slots: which range of the box's slots each counted pool prefix gets. Private to this
// folder.
#pragma once

#include "model.h"

// The slots of one pool prefix.
struct slot_range {
	struct prefix prefix;
	uint8_t key_bits;              // address bits that tell one subscriber from another
	uint8_t psid_shift, psid_bits; // bits of the port that do so as well
	bool placed;                   // base is valid
	uint32_t base;
	uint64_t count;
};

struct slot_plan {
	struct slot_range *ranges; // of pools in their order, prefixes in theirs
	size_t count;
	uint32_t *first;     // per pool: index of its first range; meaningless if it uses no slots
	uint64_t slot_count; // highest slot used, plus one
};

// Slots that all counted pools need together. May be beyond any box: the caller compares.
uint64_t slots_needed(const struct policy *p);

// Assigns ranges: those of unchanged prefixes stay where they are in r->previous, new ones go where
// neither generation has any, as long as there is such room. Returns false with an error in d if
// the box has too few slots. Pair with slots_free().
bool slots_plan(const struct policy *p, const struct compile_request *r, struct slot_plan *plan,
		struct diag *d);
void slots_free(struct slot_plan *plan);

// The bits of an address that addr_slot() shifts: 32 for IPv4, the upper 64 for IPv6.
static inline uint32_t slot_word_bits(uint8_t family)
{
	return family == FAMILY_IP4 ? 32 : 64;
}

// The bits of that word below a prefix of the given depth.
static inline uint64_t slot_host_mask(uint8_t family, uint32_t depth)
{
	uint32_t bits = slot_word_bits(family);

	return depth >= bits ? 0 : (1ull << (bits - depth)) - 1;
}
