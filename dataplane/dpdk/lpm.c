// SPDX-License-Identifier: BSD-3-Clause
//
// See lpm.h. Groups are counted first, then made as prefixes need them. The order of the prefixes
// makes both simple: prefixes that share leading bits lie together, and when one is written, its
// range holds nothing but what covers it. Main thread.
#include "lpm.h"

#include <stddef.h>

#include <rte_common.h>
#include <rte_malloc.h>

#define UNIT (1u << LPM_UNIT_BITS)

const uint8_t lpm_level4[LPM_LEVELS4 + 1] = {0, 16, 24, 28, 32};
const uint8_t lpm_level6[LPM_LEVELS6 + 1] = {0,   16,  24,  32,  40,  48,  52,  56, 60,
					     64,  68,  72,  76,  80,  84,  88,  92, 96,
					     100, 104, 108, 112, 116, 120, 124, 128};

// `count` bits of the key from `at` on; they do not cross the middle.
static uint32_t key_bits(const uint64_t key[2], uint32_t at, uint32_t count)
{
	return (uint32_t)(key[at / 64] << at % 64 >> (64 - count));
}

// Whether the first `count` bits are the same.
static bool is_same_start(const uint64_t a[2], const uint64_t b[2], uint32_t count)
{
	if (count > 64)
		return a[0] == b[0] && !((a[1] ^ b[1]) >> (128 - count));
	return !((a[0] ^ b[0]) >> (64 - count));
}

// Bits that level looks at.
static uint32_t level_bits(const struct lpm_source *from, uint32_t level)
{
	return from->level[level + 1] - from->level[level];
}

// Entries of all groups below the root.
static uint64_t count_below(const struct lpm_source *from)
{
	struct lpm_prefix last[LPM_LEVELS6] = {{.depth = 0}};
	uint64_t count = 0;
	uint32_t i, level;

	for (i = 0; i < from->count; i++) {
		struct lpm_prefix p = from->read(from->prefixes, i);

		for (level = 1; level < from->level_count && p.depth > from->level[level];
		     level++) {
			if (!last[level].depth ||
			    !is_same_start(last[level].key, p.key, from->level[level]))
				count += 1u << level_bits(from, level);
			last[level] = p;
		}
	}
	return count;
}

static void fill(uint32_t *entries, uint32_t count, uint32_t value)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		entries[i] = value;
}

// Writes the prefix. *free_units: where the next group may begin.
static void add(const struct lpm_source *from, uint32_t *entries, const struct lpm_prefix *p,
		uint32_t *free_units)
{
	uint32_t *group = entries;
	uint32_t level = 0, end;

	while (p->depth > (end = from->level[level + 1])) {
		uint32_t bits = level_bits(from, level);
		uint32_t *entry = &group[key_bits(p->key, end - bits, bits)];

		bits = level_bits(from, ++level);
		if (!(*entry & LPM_BELOW)) {
			fill(entries + (size_t)*free_units * UNIT, 1u << bits, *entry);
			*entry = LPM_BELOW | *free_units;
			*free_units += (1u << bits) / UNIT;
		}
		group = entries + (size_t)(*entry & ~LPM_BELOW) * UNIT;
	}
	fill(group + key_bits(p->key, from->level[level], level_bits(from, level)),
	     1u << (end - p->depth), p->value);
}

uint32_t *lpm_build(const struct lpm_source *from)
{
	uint64_t count = (1u << LPM_ROOT_BITS) + count_below(from);
	uint32_t *entries, i, free_units = (1u << LPM_ROOT_BITS) / UNIT;

	if (count / UNIT >= LPM_BELOW)
		return NULL;
	entries = rte_malloc("op25b_lpm", count * sizeof(*entries), RTE_CACHE_LINE_SIZE);
	if (!entries)
		return NULL;
	fill(entries, 1u << LPM_ROOT_BITS, 0);
	for (i = 0; i < from->count; i++) {
		struct lpm_prefix p = from->read(from->prefixes, i);

		add(from, entries, &p, &free_units);
	}
	return entries;
}
