// SPDX-License-Identifier: BSD-3-Clause
//
// Reads "infra", and where addresses live: "pairs" of infrastructure and pools.
#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "parse_internal.h"

// Index of the pair in p->pairs, where it is entered at its first mention; -1: refused.
static int parse_pair(struct policy *p, const json_t *value, const char *place, struct diag *d)
{
	const char *name = json_string_value(value);
	char quote[READER_PLACE_BYTES];
	size_t i;

	if (!name) {
		diag_error(d, place, "%s is not a string", reader_quote(quote, value));
		return -1;
	}
	if (!reader_name(name, place, d))
		return -1;
	for (i = 0; i < p->pair_count; i++) {
		if (!strcmp(p->pairs[i], name))
			return (int)i;
	}
	if (p->pair_count == POLICY_MAX_PAIRS) {
		diag_error(d, place, "%s is one pair too many: a box has at most %u",
			   reader_quote(quote, value), POLICY_MAX_PAIRS);
		return -1;
	}
	p->pairs[p->pair_count] = name;
	return (int)p->pair_count++;
}

void parse_pairs(struct policy *p, struct homes *homes, const json_t *object, const char *place,
		 struct diag *d)
{
	const json_t *list = reader_array(object, place, "pairs", d);
	char at[READER_PLACE_BYTES], item[READER_PLACE_BYTES], quote[READER_PLACE_BYTES];
	size_t i;
	int pair;

	reader_place(at, place, "pairs");
	if (list && !json_array_size(list))
		diag_error(d, at,
			   "is empty: name the pairs of ports that these addresses live behind, "
			   "or leave the key out for all");
	for (i = 0; i < json_array_size(list); i++) {
		pair = parse_pair(p, json_array_get(list, i), reader_place_index(item, at, i), d);
		if (pair < 0)
			continue;
		if (memchr(homes->pairs, pair, homes->pair_count))
			diag_error(d, item, "%s stands twice",
				   reader_quote(quote, json_array_get(list, i)));
		else
			homes->pairs[homes->pair_count++] = (uint8_t)pair;
	}
}

static void parse_one_infra(struct policy *p, size_t index, const char *name, const json_t *object,
			    const char *place, struct diag *d)
{
	struct infra *infra = &p->infra[index];
	char at[READER_PLACE_BYTES];

	infra->name = name;
	infra->on_network_side = true;
	if (reader_name(name, place, d) &&
	    json_object_set_new(p->names, name, json_integer(-1 - (json_int_t)index)))
		abort();
	if (!reader_keys(object, place, keys_infra, d))
		return;
	infra->count = parse_v4_v6(object, place, "an infrastructure", &infra->prefixes,
				   &infra->count4, d);
	infra->on_network_side =
		reader_word(object, place, "side", words_side, SIDE_NETWORK, d) == SIDE_NETWORK;
	if (!infra->on_network_side)
		parse_pairs(p, &infra->homes, object, place, d);
	else if (json_object_get(object, "pairs"))
		diag_error(d, reader_place(at, place, "pairs"),
			   "goes with \"side\": \"subscriber\": the network's side is behind all "
			   "pairs");
	reader_string(object, place, "note", NULL, d);
}

void parse_infra(struct policy *p, struct diag *d)
{
	p->infra_count = parse_count(p->doc, "infra", POLICY_MAX_POOLS, d);
	p->infra = policy_alloc(p->infra_count, sizeof(*p->infra));
	parse_each(p, "infra", p->infra_count, parse_one_infra, d);
}

int policy_find_infra(const struct policy *p, const char *name)
{
	const json_t *index = json_object_get(p->names, name);

	return index && json_integer_value(index) < 0 ? (int)(-1 - json_integer_value(index)) : -1;
}
