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

void policy_refuse_pair(const struct compile_request *r, const char *name, const char *place,
			struct diag *d)
{
	char list[PARSE_LIST_BYTES] = "", quote[READER_PLACE_BYTES];
	uint32_t i;

	for (i = 0; i < r->pair_count; i++)
		parse_list_add(list, r->pair_names[i]);
	diag_error(d, place, "%s is not a pair of this box; its pairs are %s",
		   reader_quote_text(quote, name), list);
}

// The pairs of one pool or infrastructure, which stands at part.name.
static bool take_homes(const struct policy *p, const struct homes *homes, const char *part,
		       const char *name, const struct compile_request *r,
		       uint8_t numbers[POLICY_MAX_PAIRS], struct diag *d)
{
	char place[READER_PLACE_BYTES], at[READER_PLACE_BYTES];
	bool good = true;
	size_t i;

	for (i = 0; i < homes->pair_count; i++) {
		int number = policy_pair_number(p, r, p->pairs[homes->pairs[i]]);

		numbers[homes->pairs[i]] = (uint8_t)number;
		if (number >= 0)
			continue;
		reader_place(at, reader_place(place, part, name), "pairs");
		policy_refuse_pair(r, p->pairs[homes->pairs[i]], reader_place_index(place, at, i),
				   d);
		good = false;
	}
	return good;
}

bool policy_pairs(const struct policy *p, const struct compile_request *r,
		  uint8_t numbers[POLICY_MAX_PAIRS], struct diag *d)
{
	bool good = true;
	size_t i;

	for (i = 0; i < p->infra_count; i++)
		good &= take_homes(p, &p->infra[i].homes, "infra", p->infra[i].name, r, numbers, d);
	for (i = 0; i < p->pool_count; i++)
		good &= take_homes(p, &p->pools[i].homes, "pools", p->pools[i].name, r, numbers, d);
	return good;
}
