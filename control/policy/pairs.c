// SPDX-License-Identifier: BSD-3-Clause
//
// Pairs of ports by name: those that pools mention, and those that the box has. Without a box they
// are numbered in the order of their first mention.
#include <string.h>

#include "parse_internal.h"

static int find_name(const char *const *names, size_t count, const char *name)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (!strcmp(names[i], name))
			return (int)i;
	}
	return -1;
}

int policy_pair_number(const struct policy *p, const struct compile_request *r, const char *name)
{
	int number;

	if (r->pair_count)
		return find_name(r->pair_names, r->pair_count, name);
	number = find_name(p->pairs, p->pair_count, name);
	return number < 0 ? (int)p->pair_count : number;
}

const char *policy_pair_name(const struct policy *p, const struct compile_request *r,
			     uint32_t number)
{
	if (r->pair_count)
		return number < r->pair_count ? r->pair_names[number] : NULL;
	return number < p->pair_count ? p->pairs[number] : NULL;
}

static void refuse_pair(const struct pool *pool, size_t index, const char *name,
			const struct compile_request *r, struct diag *d)
{
	char place[READER_PLACE_BYTES], at[READER_PLACE_BYTES], list[PARSE_LIST_BYTES] = "";
	uint32_t i;

	for (i = 0; i < r->pair_count; i++)
		parse_list_add(list, r->pair_names[i]);
	reader_place(at, reader_place(place, "pools", pool->name), "pairs");
	diag_error(d, reader_place_index(place, at, index),
		   "\"%s\" is not a pair of this box; its pairs are %s", name, list);
}

bool policy_pairs(const struct policy *p, const struct compile_request *r,
		  uint8_t numbers[POLICY_MAX_PAIRS], struct diag *d)
{
	bool good = true;
	size_t i, j;

	for (i = 0; i < p->pool_count; i++) {
		const struct pool *pool = &p->pools[i];

		for (j = 0; j < pool->pair_count; j++) {
			const char *name = p->pairs[pool->pairs[j]];
			int number = policy_pair_number(p, r, name);

			if (number < 0) {
				refuse_pair(pool, j, name, r, d);
				good = false;
			}
			numbers[pool->pairs[j]] = (uint8_t)number;
		}
	}
	return good;
}
