// SPDX-License-Identifier: BSD-3-Clause
//
// Look-ups in the trie of lpm.h, for a burst of addresses at once: level by level for all of them,
// so that what is in no cache is waited for together. Workers.
#include <stddef.h>
#include <string.h>

#include "lpm.h"

#define AT_ONCE 128u // addresses of a burst: two of each frame

struct finding {
	uint32_t below_count;
	uint8_t below[AT_ONCE]; // addresses that are not at their end yet, as indices
	uint64_t key[AT_ONCE];  // bits of the address that are looked at, from the first on
};

// An entry was reached: the end, or a group below. Which of both nobody can foretell, so that it is
// no branch.
static inline __attribute__((always_inline)) void reach(struct finding *f, uint32_t i,
							uint32_t entry, uint64_t *found)
{
	found[i] = entry;
	f->below[f->below_count] = (uint8_t)i;
	f->below_count += entry >> 31;
}

static inline __attribute__((always_inline)) void begin(const uint32_t *entries, struct finding *f,
							uint32_t i, uint64_t key, uint64_t *found)
{
	f->key[i] = key;
	reach(f, i, entries[key >> (64 - LPM_ROOT_BITS)], found);
}

// Goes one level down with those that are not at their end: `bits` bits of the key from `at` on.
// Returns whether one is still not.
static inline __attribute__((always_inline)) bool
go_down(const uint32_t *entries, struct finding *f, uint32_t at, uint32_t bits, uint64_t *found)
{
	uint32_t k, count = f->below_count;

	f->below_count = 0;
	for (k = 0; k < count; k++) {
		uint32_t i = f->below[k];
		uint64_t group = (found[i] & ~(uint64_t)LPM_BELOW) << LPM_UNIT_BITS;

		reach(f, i, entries[group + (f->key[i] << at >> (64 - bits))], found);
	}
	return f->below_count;
}

static uint64_t read_half(const uint8_t *half_be)
{
	uint64_t half;

	memcpy(&half, half_be, sizeof(half));
	return __builtin_bswap64(half);
}

static void find4(const uint32_t *entries, const uint32_t *addrs, uint64_t *found, uint32_t count)
{
	struct finding f;
	uint32_t i;

	f.below_count = 0;
	for (i = 0; i < count; i++)
		begin(entries, &f, i, (uint64_t)addrs[i] << 32, found);
	if (f.below_count && go_down(entries, &f, 16, 8, found) &&
	    go_down(entries, &f, 24, 4, found))
		go_down(entries, &f, 28, 4, found);
}

// Hosts and other prefixes beyond /64.
static void find6_beyond(const uint32_t *entries, const uint8_t *addrs_be, struct finding *f,
			 uint64_t *found)
{
	uint32_t k, at = 0;

	for (k = 0; k < f->below_count; k++)
		f->key[f->below[k]] = read_half(addrs_be + (size_t)16 * f->below[k] + 8);
	while (go_down(entries, f, at, 4, found))
		at += 4;
}

static void find6(const uint32_t *entries, const uint8_t *addrs_be, uint64_t *found, uint32_t count)
{
	struct finding f;
	uint32_t i;

	f.below_count = 0;
	for (i = 0; i < count; i++)
		begin(entries, &f, i, read_half(addrs_be + (size_t)16 * i), found);
	if (f.below_count && go_down(entries, &f, 16, 8, found) &&
	    go_down(entries, &f, 24, 8, found) && go_down(entries, &f, 32, 8, found) &&
	    go_down(entries, &f, 40, 8, found) && go_down(entries, &f, 48, 4, found) &&
	    go_down(entries, &f, 52, 4, found) && go_down(entries, &f, 56, 4, found) &&
	    go_down(entries, &f, 60, 4, found))
		find6_beyond(entries, addrs_be, &f, found);
}

void lpm_find4(const uint32_t *entries, const uint32_t *addrs, uint64_t *found, uint32_t count)
{
	uint32_t from;

	for (from = 0; from < count; from += AT_ONCE)
		find4(entries, addrs + from, found + from,
		      count - from < AT_ONCE ? count - from : AT_ONCE);
}

void lpm_find6(const uint32_t *entries, const uint8_t *addrs_be, uint64_t *found, uint32_t count)
{
	uint32_t from;

	for (from = 0; from < count; from += AT_ONCE)
		find6(entries, addrs_be + (size_t)16 * from, found + from,
		      count - from < AT_ONCE ? count - from : AT_ONCE);
}
