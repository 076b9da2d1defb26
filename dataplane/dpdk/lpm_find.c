// SPDX-License-Identifier: BSD-3-Clause
//
// Look-ups in the trie of lpm.h, for a burst of addresses at once: level by level for all of them,
// so that what is in no cache is waited for together. Workers.
#include <stddef.h>
#include <string.h>

#include "lpm.h"

#define AT_ONCE 128u // addresses of a burst: two of each frame

struct finding {
	uint32_t count;
	uint32_t below;          // LPM_BELOW if one of the entries is not at its end
	uint32_t entry[AT_ONCE]; // reached so far
	uint64_t key[AT_ONCE];   // bits of the address that are looked at, from the first on
};

static inline __attribute__((always_inline)) void begin(const uint32_t *entries, struct finding *f,
							uint32_t i, uint64_t key)
{
	f->key[i] = key;
	f->entry[i] = entries[key >> (64 - LPM_ROOT_BITS)];
	f->below |= f->entry[i];
}

// Goes one level down with all of them: `bits` bits of the key from `at` on. One that is at its end
// reads the root in vain, which costs less than a branch that nobody can foretell. Returns whether
// one is not at its end yet.
static inline __attribute__((always_inline)) bool
go_down(const uint32_t *entries, struct finding *f, uint32_t at, uint32_t bits)
{
	uint32_t i, below = 0;

	for (i = 0; i < f->count; i++) {
		uint32_t here = f->entry[i], is_below = here >> 31;
		uint64_t group = (uint64_t)(here & ~LPM_BELOW) << LPM_UNIT_BITS;
		uint64_t next = (group + (f->key[i] << at >> (64 - bits))) & -(uint64_t)is_below;

		here ^= (here ^ entries[next]) & -is_below;
		f->entry[i] = here;
		below |= here;
	}
	return below & LPM_BELOW;
}

static void end(const struct finding *f, uint64_t *found)
{
	uint32_t i;

	for (i = 0; i < f->count; i++)
		found[i] = f->entry[i];
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

	f.count = count;
	f.below = 0;
	for (i = 0; i < count; i++)
		begin(entries, &f, i, (uint64_t)addrs[i] << 32);
	if ((f.below & LPM_BELOW) && go_down(entries, &f, 16, 8) && go_down(entries, &f, 24, 4))
		go_down(entries, &f, 28, 4);
	end(&f, found);
}

// Hosts and other prefixes beyond /64.
static void find6_beyond(const uint32_t *entries, const uint8_t *addrs_be, struct finding *f)
{
	uint32_t i, at = 0;

	for (i = 0; i < f->count; i++)
		f->key[i] = read_half(addrs_be + (size_t)16 * i + 8);
	while (go_down(entries, f, at, 4))
		at += 4;
}

static void find6(const uint32_t *entries, const uint8_t *addrs_be, uint64_t *found, uint32_t count)
{
	struct finding f;
	uint32_t i;

	f.count = count;
	f.below = 0;
	for (i = 0; i < count; i++)
		begin(entries, &f, i, read_half(addrs_be + (size_t)16 * i));
	if ((f.below & LPM_BELOW) && go_down(entries, &f, 16, 8) && go_down(entries, &f, 24, 8) &&
	    go_down(entries, &f, 32, 8) && go_down(entries, &f, 40, 8) &&
	    go_down(entries, &f, 48, 4) && go_down(entries, &f, 52, 4) &&
	    go_down(entries, &f, 56, 4) && go_down(entries, &f, 60, 4))
		find6_beyond(entries, addrs_be, &f);
	end(&f, found);
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
