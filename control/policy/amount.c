// SPDX-License-Identifier: BSD-3-Clause
//
// Numbers of addresses, as people read them. See effect.h.
#include <stdio.h>
#include <stdlib.h>

#include "effect.h"

uint64_t amount_subscribers(const struct amount *a, uint8_t key_bits)
{
	address_count one = (address_count)1 << (128 - key_bits);

	return (uint64_t)((a->addresses[FAMILY_IP6] + one - 1) / one);
}

// "12,000"
static void add_number(FILE *text, uint64_t number)
{
	char digits[24];
	size_t i, count = (size_t)snprintf(digits, sizeof(digits), "%llu",
					   (unsigned long long)number);

	for (i = 0; i < count; i++) {
		if (i && (count - i) % 3 == 0)
			fputc(',', text);
		fputc(digits[i], text);
	}
}

const char *amount_text(char buf[AMOUNT_TEXT_BYTES], const struct amount *a, uint8_t key_bits)
{
	uint64_t addresses = (uint64_t)a->addresses[FAMILY_IP4];
	uint64_t subscribers = amount_subscribers(a, key_bits);
	FILE *text = fmemopen(buf, AMOUNT_TEXT_BYTES, "w");

	if (!text)
		abort();
	if (addresses || !subscribers) {
		add_number(text, addresses);
		fprintf(text, " address%s", addresses == 1 ? "" : "es");
	}
	if (subscribers) {
		fputs(addresses ? " and " : "", text);
		add_number(text, subscribers);
		fprintf(text, " IPv6 subscriber%s (/%u)", subscribers == 1 ? "" : "s", key_bits);
	}
	fclose(text);
	return buf;
}

void amount_json(json_t *object, const struct amount *a, uint8_t key_bits)
{
	uint64_t subscribers = amount_subscribers(a, key_bits);
	char text[AMOUNT_TEXT_BYTES];

	// JSON has no larger integers here; 2^63 subscribers are those of a /1 with keys of 64.
	if (subscribers > INT64_MAX)
		subscribers = INT64_MAX;
	json_object_set_new(object, "addresses",
			    json_integer((json_int_t)a->addresses[FAMILY_IP4]));
	json_object_set_new(object, "ip6_subscribers", json_integer((json_int_t)subscribers));
	json_object_set_new(object, "v6_key", json_integer(key_bits));
	json_object_set_new(object, "amount", json_string(amount_text(text, a, key_bits)));
}

struct pool_walk {
	const struct view *view;
	struct amount *amounts;
};

static void visit(void *context, const struct nest_node *node)
{
	struct pool_walk *w = context;
	struct owner o = owner_of(w->view, node, 0);

	if (o.infra < 0 && o.pool >= 0)
		w->amounts[o.pool].addresses[node->family] += node->addresses;
}

struct amount *pool_amounts(const struct policy *p)
{
	struct pool_walk w = {.amounts = policy_alloc(p->pool_count + 1, sizeof(*w.amounts))};
	struct nest n = {0};
	struct view v;

	view_open(&v, p, NULL);
	w.view = &v;
	view_nest(&v, &n, 0);
	nest_walk(n.entries, n.count, visit, &w);
	nest_free(&n);
	view_close(&v);
	return w.amounts;
}

uint8_t pool_families(const struct pool *pool)
{
	return (uint8_t)((pool->count4 ? 1u << FAMILY_IP4 : 0) |
			 (pool->count4 < pool->count ? 1u << FAMILY_IP6 : 0));
}

json_t *prefixes_json(const struct prefix *prefixes, size_t count)
{
	char text[PREFIX_TEXT_BYTES];
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < count; i++)
		json_array_append_new(list, json_string(prefix_print(text, &prefixes[i])));
	return list;
}
