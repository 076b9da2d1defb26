// SPDX-License-Identifier: BSD-3-Clause
//
// Reads "sets" and "pools": the lists of prefixes, with every way to write one wrongly.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "parse_internal.h"

#define DEFAULT_V4_KEY 32
#define DEFAULT_V6_KEY 56
#define MAX_V6_KEY 64

static const char *family_name(uint8_t family)
{
	static const char *const names[] = {"an IPv4 or IPv6", "an IPv4", "an IPv6"};

	return names[family];
}

// Says what is wrong with text, which is quoted in quote.
static void refuse_prefix(enum prefix_fault fault, const struct prefix *p, uint8_t family,
			  const char *text, const char *quote, const char *place, struct diag *d)
{
	char want[PREFIX_TEXT_BYTES];
	uint8_t bits = prefix_family_bits(p->family);

	switch (fault) {
	case PREFIX_NO_LENGTH:
		diag_error(d, place, "%s has no length; for this one address write \"%s/%u\"",
			   quote, text, bits);
		break;
	case PREFIX_BAD_LENGTH:
		diag_error(d, place, "%s has a bad length; allowed for IPv%c are /1 to /%u", quote,
			   p->family == FAMILY_IP4 ? '4' : '6', bits);
		break;
	case PREFIX_EVERYTHING:
		diag_error(d, place, "%s is every address there is; allowed are lengths /1 to /%u",
			   quote, bits);
		break;
	case PREFIX_HOST_BITS:
		diag_error(d, place, "%s has bits set beyond its length; the prefix is \"%s\"",
			   quote, prefix_print(want, p));
		break;
	case PREFIX_MAPPED:
		diag_error(d, place,
			   "%s is an IPv4-mapped address, which is never on the wire; "
			   "write the IPv4 prefix",
			   quote);
		break;
	default:
		diag_error(d, place, "%s is not %s prefix such as \"%s\"", quote,
			   family_name(family),
			   family == FAMILY_IP6 ? "2001:db8::/32" : "198.51.100.0/24");
	}
}

static bool parse_prefix(const json_t *value, const char *place, uint8_t family, struct prefix *p,
			 struct diag *d)
{
	const char *text = json_string_value(value);
	enum prefix_fault fault = text ? prefix_read(text, p) : PREFIX_NOT_ONE;
	char quote[READER_PLACE_BYTES];

	if (fault == PREFIX_OK && (family == FAMILY_NONE || family == p->family))
		return true;
	reader_quote(quote, value);
	if (fault != PREFIX_NOT_ONE && fault != PREFIX_MAPPED && family != FAMILY_NONE &&
	    family != p->family)
		diag_error(d, place, "%s is %s prefix; it belongs in \"%s\"", quote,
			   family_name(p->family), p->family == FAMILY_IP4 ? "v4" : "v6");
	else
		refuse_prefix(fault, p, family, text, quote, place, d);
	return false;
}

size_t parse_prefixes(const json_t *array, const char *place, uint8_t family, struct prefix *items,
		      size_t count, struct diag *d)
{
	char at[READER_PLACE_BYTES];
	struct prefix p;
	size_t i;

	for (i = 0; i < json_array_size(array); i++) {
		reader_place_index(at, place, i);
		if (!parse_prefix(json_array_get(array, i), at, family, &p, d))
			continue;
		p.index = (uint32_t)i;
		items[count++] = p;
	}
	return count;
}

static void parse_set(struct set *set, const json_t *value, const char *place, struct diag *d)
{
	char quote[READER_PLACE_BYTES];

	if (!json_is_array(value)) {
		diag_error(d, place, "%s is not an array of prefixes", reader_quote(quote, value));
		return;
	}
	set->prefixes = policy_alloc(json_array_size(value), sizeof(*set->prefixes));
	set->count = parse_prefixes(value, place, FAMILY_NONE, set->prefixes, 0, d);
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
			parse_name(p->sets[i].name, place, d);
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

static void parse_pool(struct pool *pool, const json_t *object, const char *place, struct diag *d)
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
	v4 = reader_array(object, place, "v4", d);
	v6 = reader_array(object, place, "v6", d);
	if (!json_array_size(v4) && !json_array_size(v6))
		diag_error(d, place,
			   "is empty: a pool needs at least one prefix in \"v4\" or \"v6\"");
	pool->prefixes =
		policy_alloc(json_array_size(v4) + json_array_size(v6), sizeof(struct prefix));
	pool->count4 =
		parse_prefixes(v4, reader_place(at, place, "v4"), FAMILY_IP4, pool->prefixes, 0, d);
	pool->count = parse_prefixes(v6, reader_place(at, place, "v6"), FAMILY_IP6, pool->prefixes,
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
		parse_name(p->pools[i].name, place, d);
		parse_pool(&p->pools[i], json_object_iter_value(iter), place, d);
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
