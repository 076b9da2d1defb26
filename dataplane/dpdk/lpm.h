// SPDX-License-Identifier: BSD-3-Clause
//
// Longest-prefix match by a trie that is built once, from prefixes in the image's order, and then
// only read: a root for the first 16 bits and groups below it, all in one array. It replaces
// rte_fib and rte_fib6, which keep a second tree so that routes can be taken out again: ours never
// are. Built by the main thread, read by every worker.
//
// An entry is a number from the image, or LPM_BELOW and where the group for the next bits begins.
// Groups are wide where prefixes are dense, at the top, and have one cache line further down,
// where a wide group would hold one prefix: 100,000 of them then stay in the caches.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LPM_ROOT_BITS 16u
#define LPM_BELOW 0x80000000u
#define LPM_UNIT_BITS 4u // groups begin at multiples of 16 entries: a cache line

// Where in the address each level's bits begin; all are 8 or 4 bits wide, to the next level's.
#define LPM_LEVELS4 4u
#define LPM_LEVELS6 25u

extern const uint8_t lpm_level4[LPM_LEVELS4 + 1]; // [LPM_LEVELS4]: 32
extern const uint8_t lpm_level6[LPM_LEVELS6 + 1]; // [LPM_LEVELS6]: 128

// Prefixes of one image, in its order: one that covers another stands before it.
struct lpm_prefix {
	uint64_t key[2]; // the address's bits, from the first on; IPv4: 32 of them
	uint32_t depth;
	uint32_t value; // below LPM_BELOW
};

struct lpm_source {
	struct lpm_prefix (*read)(const void *prefixes, uint32_t index);
	const void *prefixes;
	uint32_t count;
	const uint8_t *level;
	uint32_t level_count;
};

// Returns the entries, or NULL if memory does not suffice. Free with rte_free().
uint32_t *lpm_build(const struct lpm_source *from);

// The values of `count` addresses in host order; 0: no prefix. Any thread.
void lpm_find4(const uint32_t *entries, const uint32_t *addrs, uint64_t *found, uint32_t count);
// The same for addresses of 16 octets in network order, one behind the other.
void lpm_find6(const uint32_t *entries, const uint8_t *addrs_be, uint64_t *found, uint32_t count);
