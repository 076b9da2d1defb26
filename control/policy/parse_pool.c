// SPDX-License-Identifier: BSD-3-Clause
//
// Reads "sets" and "pools".
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "parse_internal.h"

#define DEFAULT_V4_KEY 32
#define DEFAULT_V6_KEY 56
#define MAX_V6_KEY 64

static const struct prefix_want want_any = {FAMILY_NONE, NULL};
static const struct prefix_want want_v4 = {FAMILY_IP4, "it belongs in \"v6\""};
static const struct prefix_want want_v6 = {FAMILY_IP6, "it belongs in \"v4\""};

static void parse_set(struct set *set, const json_t *value, const char *place, struct diag *d)
{
	char quote[READER_PLACE_BYTES];

	if (!json_is_array(value)) {
		diag_error(d, place, "%s is not an array of prefixes", reader_quote(quote, value));
		return;
	}
	set->prefixes = policy_alloc(json_array_size(value), sizeof(*set->prefixes));
	set->count = parse_prefixes(value, place, &want_any, set->prefixes, 0, d);
}

void parse_sets(struct policy *p, struct diag *d)
{
	const json_t *object = json_object_get(p->doc, "sets");
	char place[READER_PLACE_BYTES];
	void *items, *iter;
	size_t i;

	p->set_count = parse_members(p->doc, "sets", OP25B_MAX_SETS, sizeof(*p->sets), &items, d);
	p->sets = items;
	iter = parse_member(object, json_object_iter((json_t *)object));
	for (i = 0; i < p->set_count; i++) {
		p->sets[i].name = json_object_iter_key(iter);
		reader_place(place, "sets", p->sets[i].name);
		if (!strcmp(p->sets[i].name, "any"))
			diag_error(d, place,
				   "\"any\" stands for every destination and cannot be "
				   "the name of a set");
		else
			reader_name(p->sets[i].name, place, d);
		parse_set(&p->sets[i], json_object_iter_value(iter), place, d);
		iter = parse_member(object, json_object_iter_next((json_t *)object, iter));
	}
}

static void parse_access(const json_t *object, const char *place, struct diag *d)
{
	const json_t *list = reader_array(object, place, "access", d);
	char at[READER_PLACE_BYTES], item[READER_PLACE_BYTES], quote[READER_PLACE_BYTES];
	size_t i;

	reader_place(at, place, "access");
	for (i = 0; i < json_array_size(list); i++) {
		if (!json_is_string(json_array_get(list, i)))
			diag_error(d, reader_place_index(item, at, i), "%s is not a string",
				   reader_quote(quote, json_array_get(list, i)));
	}
}

// What is done where the field's practice differs: the word that is the default stands first.
static void parse_knobs(struct pool *pool, const json_t *object, const char *place, struct diag *d)
{
	static const char *const drops[] = {"drop", "pass", NULL};
	static const char *const passes[] = {"pass", "drop", NULL};
	static const struct {
		const char *key;
		const char *const *words;
		uint8_t knob; // set by the second word
	} knobs[] = {
		{"eh_limit", drops, KNOB_PASS_EH_LIMIT},
		{"frag_chain", drops, KNOB_PASS_FRAG_CHAIN},
		{"unknown_proto", passes, KNOB_DROP_UNKNOWN},
		{"inbound", passes, KNOB_DROP_INBOUND},
	};
	size_t i;

	for (i = 0; i < sizeof(knobs) / sizeof(knobs[0]); i++) {
		if (reader_word(object, place, knobs[i].key, knobs[i].words, 0, d))
			pool->knobs |= knobs[i].knob;
	}
}

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

static void parse_pairs(struct policy *p, struct pool *pool, const json_t *object,
			const char *place, struct diag *d)
{
	const json_t *list = reader_array(object, place, "pairs", d);
	char at[READER_PLACE_BYTES], item[READER_PLACE_BYTES], quote[READER_PLACE_BYTES];
	size_t i;
	int pair;

	reader_place(at, place, "pairs");
	if (list && !json_array_size(list))
		diag_error(d, at,
			   "is empty: name the pairs of ports that the pool lives behind, "
			   "or leave the key out for all");
	for (i = 0; i < json_array_size(list); i++) {
		pair = parse_pair(p, json_array_get(list, i), reader_place_index(item, at, i), d);
		if (pair < 0)
			continue;
		if (memchr(pool->pairs, pair, pool->pair_count))
			diag_error(d, item, "%s stands twice",
				   reader_quote(quote, json_array_get(list, i)));
		else
			pool->pairs[pool->pair_count++] = (uint8_t)pair;
	}
}

static void parse_pool(struct policy *p, struct pool *pool, const json_t *object, const char *place,
		       struct diag *d)
{
	const json_t *v4, *v6;
	char at[READER_PLACE_BYTES];

	if (!reader_keys(object, place, keys_pool, d))
		return;
	pool->kind = (enum pool_kind)reader_word(object, place, "kind", words_kind, 0, d);
	pool->v4_key = (uint8_t)reader_int(object, place, "v4_key", 1, 32, DEFAULT_V4_KEY, d);
	pool->v6_key =
		(uint8_t)reader_int(object, place, "v6_key", 1, MAX_V6_KEY, DEFAULT_V6_KEY, d);
	reader_string(object, place, "note", NULL, d);
	parse_access(object, place, d);
	parse_knobs(pool, object, place, d);
	parse_pairs(p, pool, object, place, d);
	v4 = reader_array(object, place, "v4", d);
	v6 = reader_array(object, place, "v6", d);
	if (!json_array_size(v4) && !json_array_size(v6))
		diag_error(d, place,
			   "is empty: a pool needs at least one prefix in \"v4\" or \"v6\"");
	pool->prefixes =
		policy_alloc(json_array_size(v4) + json_array_size(v6), sizeof(struct prefix));
	pool->count4 =
		parse_prefixes(v4, reader_place(at, place, "v4"), &want_v4, pool->prefixes, 0, d);
	pool->count = parse_prefixes(v6, reader_place(at, place, "v6"), &want_v6, pool->prefixes,
				     pool->count4, d);
}

void parse_pools(struct policy *p, struct diag *d)
{
	const json_t *object = json_object_get(p->doc, "pools");
	char place[READER_PLACE_BYTES];
	void *items, *iter;
	size_t i;

	p->pool_count =
		parse_members(p->doc, "pools", POLICY_MAX_POOLS, sizeof(*p->pools), &items, d);
	p->pools = items;
	if (json_is_object(object) && !p->pool_count)
		diag_error(d, "pools", "is empty: a policy needs at least one pool");
	iter = parse_member(object, json_object_iter((json_t *)object));
	for (i = 0; i < p->pool_count; i++) {
		p->pools[i].name = json_object_iter_key(iter);
		reader_place(place, "pools", p->pools[i].name);
		reader_name(p->pools[i].name, place, d);
		parse_pool(p, &p->pools[i], json_object_iter_value(iter), place, d);
		iter = parse_member(object, json_object_iter_next((json_t *)object, iter));
	}
}

const char *pool_prefix_place(char *buf, size_t bytes, const struct pool *pool,
			      const struct prefix *prefix)
{
	char place[READER_PLACE_BYTES];

	snprintf(buf, bytes, "%s.%s[%u]", reader_place(place, "pools", pool->name),
		 prefix->family == FAMILY_IP4 ? "v4" : "v6", prefix->index);
	return buf;
}
