// SPDX-License-Identifier: BSD-3-Clause
//
// Reads "sets", and the names of sets wherever they stand.
#include <string.h>

#include "keys.h"
#include "parse_internal.h"

const struct prefix_want parse_want_any = {FAMILY_NONE, NULL};

static void parse_set(struct policy *p, size_t index, const char *name, const json_t *value,
		      const char *place, struct diag *d)
{
	struct set *set = &p->sets[index];
	char quote[READER_PLACE_BYTES];

	set->name = name;
	if (!strcmp(name, "any"))
		diag_error(d, place,
			   "\"any\" stands for every destination and cannot be "
			   "the name of a set");
	else if (!strcmp(name, "own_relay"))
		diag_error(d, place,
			   "\"own_relay\" stands for the \"relay\" of each pool and cannot be "
			   "the name of a set");
	else
		reader_name(name, place, d);
	if (!json_is_array(value)) {
		diag_error(d, place, "%s is not an array of prefixes", reader_quote(quote, value));
		return;
	}
	set->prefixes = policy_alloc(json_array_size(value), sizeof(*set->prefixes));
	set->count = parse_prefixes(value, place, &parse_want_any, set->prefixes, 0, d);
}

void parse_sets(struct policy *p, struct diag *d)
{
	p->set_count = parse_count(p->doc, "sets", POLICY_MAX_SETS, d);
	p->sets = policy_alloc(p->set_count, sizeof(*p->sets));
	parse_each(p, "sets", p->set_count, parse_set, d);
}

int policy_find_set(const struct policy *p, const char *name)
{
	size_t i;

	for (i = 0; i < p->set_count; i++) {
		if (!strcmp(p->sets[i].name, name))
			return (int)i;
	}
	return -1;
}

uint64_t parse_set_name(const struct policy *p, const json_t *value, const char *place, bool or_own,
			struct diag *d)
{
	char quote[READER_PLACE_BYTES], list[PARSE_LIST_BYTES] = "";
	const char *name = json_string_value(value);
	int set = name ? policy_find_set(p, name) : -1;
	size_t i;

	if (set >= 0)
		return 1ull << set;
	if (or_own && name && !strcmp(name, "own_relay"))
		return POLICY_OWN_RELAY;
	for (i = 0; i < p->set_count; i++)
		parse_list_add(list, p->sets[i].name);
	if (name && !strcmp(name, "any"))
		diag_error(d, place, "\"any\" must stand alone: \"to\": \"any\"");
	else
		diag_error(d, place, "%s is not a set; %s%s", reader_quote(quote, value),
			   list[0] ? "sets are " : "there are none", list);
	return 0;
}

uint64_t parse_set_names(const struct policy *p, const json_t *object, const char *place,
			 const char *key, bool or_own, struct diag *d)
{
	const json_t *value = json_object_get(object, key);
	char at[READER_PLACE_BYTES], item[READER_PLACE_BYTES];
	uint64_t sets = 0;
	size_t i;

	if (!value)
		return 0;
	reader_place(at, place, key);
	if (!json_is_array(value))
		return parse_set_name(p, value, at, or_own, d);
	// More names than there can be sets are repetitions, or none.
	if (json_array_size(value) > OP25B_MAX_SETS) {
		diag_error(d, at, "has %zu members, at most %u are allowed", json_array_size(value),
			   OP25B_MAX_SETS);
		return 0;
	}
	for (i = 0; i < json_array_size(value); i++)
		sets |= parse_set_name(p, json_array_get(value, i), reader_place_index(item, at, i),
				       or_own, d);
	return sets;
}
