// SPDX-License-Identifier: BSD-3-Clause
//
// Reads "pools".
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "parse_internal.h"

#define DEFAULT_V4_KEY 32
#define DEFAULT_V6_KEY 56
#define MAX_V6_KEY 64
#define DEFAULT_PSID_OFFSET 6 // RFC 7597 section 5.1
#define MAX_PSID_OFFSET 15
#define PORT_BITS 16

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

static void parse_psid(struct pool *pool, const json_t *object, const char *place, struct diag *d)
{
	const json_t *psid = json_object_get(object, "psid");
	char at[READER_PLACE_BYTES];
	int64_t offset, length;

	reader_place(at, place, "psid");
	if (!psid || !reader_keys(psid, at, keys_psid, d))
		return;
	offset = reader_int(psid, at, "offset", 0, MAX_PSID_OFFSET, DEFAULT_PSID_OFFSET, d);
	length = reader_int(psid, at, "length", 1, PORT_BITS, 1, d);
	if (offset + length > PORT_BITS)
		diag_error(d, at,
			   "takes %lld + %lld bits of a port, which has %d: \"offset\" and "
			   "\"length\" together are at most that",
			   (long long)offset, (long long)length, PORT_BITS);
	if (pool->kind != POOL_SHARED)
		diag_error(d, at,
			   "goes with \"kind\": \"shared\": elsewhere an address is one's own");
	if (!json_array_size(json_object_get(object, "v4")))
		diag_error(d, at,
			   "goes with \"v4\": it is IPv4 addresses that are shared by ports");
	pool->psid_offset = (uint8_t)offset;
	pool->psid_bits = (uint8_t)length;
}

static void parse_relay(const struct policy *p, struct pool *pool, const json_t *object,
			const char *place, struct diag *d)
{
	pool->has_relay = json_object_get(object, "relay");
	pool->relay = parse_set_names(p, object, place, "relay", false, d);
}

static void parse_pool(struct policy *p, size_t index, const char *name, const json_t *object,
		       const char *place, struct diag *d)
{
	struct pool *pool = &p->pools[index];

	pool->name = name;
	pool->doc = object;
	if (reader_name(name, place, d)) {
		if (json_object_get(p->names, name))
			diag_error(d, place, "\"%s\" is the name of an infrastructure already",
				   name);
		else if (json_object_set_new(p->names, name, json_integer((json_int_t)index)))
			abort();
	}
	if (!reader_keys(object, place, keys_pool, d))
		return;
	pool->kind = (enum pool_kind)reader_word(object, place, "kind", words_kind, 0, d);
	parse_access(object, place, d);
	parse_text(object, place, "notice", d);
	reader_string(object, place, "note", NULL, d);
	pool->count = parse_v4_v6(object, place, "a pool", &pool->prefixes, &pool->count4, d);
	pool->v4_key = (uint8_t)reader_int(object, place, "v4_key", 1, 32, DEFAULT_V4_KEY, d);
	pool->v6_key =
		(uint8_t)reader_int(object, place, "v6_key", 1, MAX_V6_KEY, DEFAULT_V6_KEY, d);
	parse_psid(pool, object, place, d);
	parse_relay(p, pool, object, place, d);
	parse_pairs(p, &pool->homes, object, place, d);
	parse_knobs(pool, object, place, d);
}

// Once all pools are known by name.
static void parse_within(struct policy *p, struct pool *pool, struct diag *d)
{
	const json_t *list;
	char place[READER_PLACE_BYTES], at[READER_PLACE_BYTES], item[READER_PLACE_BYTES];
	char quote[READER_PLACE_BYTES];
	bool seen[POLICY_MAX_POOLS] = {false};
	size_t i, count;

	if (!json_is_object(pool->doc))
		return;
	reader_place(place, "pools", pool->name);
	reader_place(at, place, "within");
	count = parse_length(pool->doc, place, "within", POLICY_MAX_POOLS, d);
	list = json_object_get(pool->doc, "within");
	pool->within = policy_alloc(count, sizeof(*pool->within));
	for (i = 0; i < count; i++) {
		const json_t *value = json_array_get(list, i);
		int outer = parse_pool_name(p, value, reader_place_index(item, at, i), d);

		if (outer < 0)
			continue;
		if (&p->pools[outer] == pool)
			diag_error(d, item, "%s is this pool itself", reader_quote(quote, value));
		else if (seen[outer])
			diag_error(d, item, "%s stands twice", reader_quote(quote, value));
		else
			pool->within[pool->within_count++] = (uint32_t)outer;
		seen[outer] = true;
	}
}

void parse_pools(struct policy *p, struct diag *d)
{
	size_t i;

	p->pool_count = parse_count(p->doc, "pools", POLICY_MAX_POOLS, d);
	p->pools = policy_alloc(p->pool_count, sizeof(*p->pools));
	if (json_is_object(json_object_get(p->doc, "pools")) && !p->pool_count)
		diag_error(d, "pools", "is empty: a policy needs at least one pool");
	parse_each(p, "pools", p->pool_count, parse_pool, d);
	if (p->pool_count + p->infra_count > POLICY_MAX_POOLS)
		diag_error(d, "infra",
			   "and \"pools\" have %zu members together, at most %u are allowed",
			   p->pool_count + p->infra_count, POLICY_MAX_POOLS);
	for (i = 0; i < p->pool_count; i++)
		parse_within(p, &p->pools[i], d);
}

int policy_find_pool(const struct policy *p, const char *name)
{
	const json_t *index = json_object_get(p->names, name);

	return index && json_integer_value(index) >= 0 ? (int)json_integer_value(index) : -1;
}

int parse_pool_name(const struct policy *p, const json_t *value, const char *place, struct diag *d)
{
	char quote[READER_PLACE_BYTES], list[PARSE_LIST_BYTES] = "";
	int pool = json_is_string(value) ? policy_find_pool(p, json_string_value(value)) : -1;
	size_t i;

	if (pool >= 0)
		return pool;
	for (i = 0; i < p->pool_count && parse_list_add(list, p->pools[i].name);)
		i++;
	diag_error(d, place, "%s is not a pool; %s%s", reader_quote(quote, value),
		   list[0] ? "pools are " : "there are none", list);
	return -1;
}

const char *pool_prefix_place(char *buf, size_t bytes, const struct pool *pool,
			      const struct prefix *prefix)
{
	char place[READER_PLACE_BYTES];

	snprintf(buf, bytes, "%s.%s[%u]", reader_place(place, "pools", pool->name),
		 prefix->family == FAMILY_IP4 ? "v4" : "v6", prefix->index);
	return buf;
}
