// SPDX-License-Identifier: BSD-3-Clause
//
// Random policies: what a look-up in the compiled image says (pool, sets, slot) against a naive
// model over the same prefixes, and that slots stay where they are from one generation to the next.
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/core/decide.h"
#include "dataplane/core/image_check.h"
#include "dataplane/core/image_view.h"
#include "policy_help.h"

#define MAX_POOLS 12
#define MAX_SETS 6
#define MAX_PREFIXES 64
#define ROUNDS 60
#define PROBES 400

typedef unsigned __int128 wide;

// A prefix of the model, either family: the address in the lower 32 or all 128 bits.
struct net {
	bool is6;
	int depth;
	wide addr;
};

struct model_pool {
	char name[16];
	bool limited;
	int v4_key, v6_key;
	struct net nets[MAX_PREFIXES];
	int count;
};

struct model {
	struct model_pool pools[MAX_POOLS];
	int pool_count;
	struct net sets[MAX_SETS][MAX_PREFIXES];
	int set_size[MAX_SETS];
	int set_count;
	uint64_t permitted; // sets that the first pool's stage permits
};

static uint32_t pick(uint32_t below)
{
	return (uint32_t)random() % below;
}

static int width(bool is6)
{
	return is6 ? 128 : 32;
}

static bool covers(const struct net *net, bool is6, wide addr)
{
	return net->is6 == is6 && (addr ^ net->addr) >> (width(is6) - net->depth) == 0;
}

static bool overlap(const struct net *a, const struct net *b)
{
	return covers(a, b->is6, b->addr) || covers(b, a->is6, a->addr);
}

// Addresses of a small world, so that prefixes meet: 10.0.0.0/20 and 2001:db8::/48 down to the
// bit.
static wide random_addr(bool is6)
{
	wide low = (wide)(uint32_t)random() << 32 | (uint32_t)random() << 1;

	if (!is6)
		return 0x0a000000u | pick(1u << 12);
	return (wide)0x20010db80000ull << 80 | (wide)pick(1u << 6) << 74 | (low & 0x3);
}

static struct net random_net(void)
{
	static const int depth6[] = {49, 52, 55, 56, 57, 59, 60, 63, 64, 65, 70, 127, 128};
	struct net net = {.is6 = pick(2)};
	int host;

	net.depth = net.is6 ? depth6[pick(COUNT(depth6))] : 21 + (int)pick(12);
	host = width(net.is6) - net.depth;
	net.addr = random_addr(net.is6) >> host << host;
	return net;
}

static bool is_taken(const struct model *m, const struct net *net)
{
	int i, j;

	for (i = 0; i < m->pool_count; i++) {
		for (j = 0; j < m->pools[i].count; j++) {
			if (overlap(&m->pools[i].nets[j], net))
				return true;
		}
	}
	return false;
}

static void random_pool(struct model *m, int serial)
{
	struct model_pool *pool = &m->pools[m->pool_count];
	int tries = 40;

	*pool = (struct model_pool){
		.limited = pick(3) > 0, .v4_key = 20 + (int)pick(13), .v6_key = 48 + (int)pick(17)};
	snprintf(pool->name, sizeof(pool->name), "p%d", serial);
	m->pool_count++;
	while (tries-- > 0 && pool->count < 8) {
		struct net net = random_net();

		if (!is_taken(m, &net))
			pool->nets[pool->count++] = net;
	}
	if (!pool->count)
		m->pool_count--;
}

static void random_sets(struct model *m)
{
	int i, j;

	m->set_count = (int)pick(MAX_SETS + 1);
	m->permitted = pick(1u << m->set_count);
	for (i = 0; i < m->set_count; i++) {
		m->set_size[i] = (int)pick(MAX_PREFIXES);
		for (j = 0; j < m->set_size[i]; j++)
			m->sets[i][j] = random_net();
	}
}

static json_t *net_json(const struct net *net)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t be[16];
	int i, bytes = width(net->is6) / 8;

	for (i = 0; i < bytes; i++)
		be[i] = (uint8_t)(net->addr >> (8 * (bytes - 1 - i)));
	inet_ntop(net->is6 ? AF_INET6 : AF_INET, be, text, sizeof(text));
	return json_sprintf("%s/%d", text, net->depth);
}

static json_t *pool_json(const struct model_pool *pool)
{
	json_t *v4 = json_array(), *v6 = json_array();
	int i;

	for (i = 0; i < pool->count; i++)
		json_array_append_new(pool->nets[i].is6 ? v6 : v4, net_json(&pool->nets[i]));
	return json_pack("{s:s, s:o, s:o, s:i, s:i}", "kind", "dynamic", "v4", v4, "v6", v6,
			 "v4_key", pool->v4_key, "v6_key", pool->v6_key);
}

// Puts a clause that permits m->permitted in front of those of the first stage.
static void add_permits(const struct model *m, json_t *stages)
{
	json_t *to = json_array();
	char name[16];
	int i;

	for (i = 0; i < m->set_count; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		if (m->permitted >> i & 1)
			json_array_append_new(to, json_string(name));
	}
	if (json_array_size(to))
		json_array_insert_new(json_object_get(json_array_get(stages, 0), "port25"), 0,
				      json_pack("{s:O, s:s}", "to", to, "do", "permit"));
	json_decref(to);
}

static struct policy *model_policy(const struct model *m)
{
	json_t *pools = json_object(), *sets = json_object(), *stages = json_array(), *doc;
	struct policy *p;
	char *text, name[16];
	int i, j;

	for (i = 0; i < m->pool_count; i++) {
		const struct model_pool *pool = &m->pools[i];

		json_object_set_new(pools, pool->name, pool_json(pool));
		json_array_append_new(
			stages, json_pack(pool->limited ? "{s:s, s:[s], s:s, s:[{s:s, s:s, s:s}]}"
							: "{s:s, s:[s], s:s, s:[{s:s, s:s}]}",
					  "id", pool->name, "pools", pool->name, "from", "always",
					  "port25", "to", "any", "do",
					  pool->limited ? "limit" : "drop", "limit", "l"));
	}
	add_permits(m, stages);
	for (i = 0; i < m->set_count; i++) {
		json_t *list = json_array();

		for (j = 0; j < m->set_size[i]; j++)
			json_array_append_new(list, net_json(&m->sets[i][j]));
		snprintf(name, sizeof(name), "s%d", i);
		json_object_set_new(sets, name, list);
	}
	doc = json_pack("{s:i, s:s, s:o, s:o, s:{s:{s:s, s:s, s:i, s:i}}, s:o}", "op25b", 1, "name",
			"random", "sets", sets, "pools", pools, "limits", "l", "key", "prefix",
			"count", "tcp_syn", "max", 3, "window_s", 60, "stages", stages);
	text = json_dumps(doc, 0);
	json_decref(doc);
	p = must_parse(text);
	free(text);
	return p;
}

static const struct op25b_addr *look_up(const struct image_view *view, bool is6, wide addr)
{
	uint8_t be[16];
	int i;

	if (!is6)
		return &view->addrs[image_view_find4(view, (uint32_t)addr)];
	for (i = 0; i < 16; i++)
		be[i] = (uint8_t)(addr >> (8 * (15 - i)));
	return &view->addrs[image_view_find6(view, be)];
}

static uint32_t slot_of(const struct image_view *view, bool is6, wide addr)
{
	return addr_slot(look_up(view, is6, addr), is6 ? (uint64_t)(addr >> 64) : (uint64_t)addr,
			 0);
}

// Who an address's subscriber is, by the model alone.
struct subscriber {
	const struct net *net; // of the pool; NULL: not counted
	uint64_t key;          // the address's uppermost bits
	int key_bits;
};

static int model_pool_of(const struct model *m, bool is6, wide addr, struct subscriber *sub)
{
	int i, j;

	*sub = (struct subscriber){0};
	for (i = 0; i < m->pool_count; i++) {
		const struct model_pool *pool = &m->pools[i];

		for (j = 0; j < pool->count; j++) {
			if (!covers(&pool->nets[j], is6, addr))
				continue;
			if (!pool->limited)
				return i;
			sub->net = &pool->nets[j];
			sub->key_bits = is6 ? pool->v6_key : pool->v4_key;
			sub->key = (uint64_t)(addr >> (width(is6) - sub->key_bits));
			return i;
		}
	}
	return -1;
}

static uint64_t model_sets_of(const struct model *m, bool is6, wide addr)
{
	uint64_t sets = 0;
	int i, j;

	for (i = 0; i < m->set_count; i++) {
		for (j = 0; j < m->set_size[i]; j++) {
			if (covers(&m->sets[i][j], is6, addr))
				sets |= 1ull << i;
		}
	}
	return sets;
}

static bool holds_pool(const struct model *m, const struct net *net)
{
	int i, j;

	for (i = 0; i < m->pool_count; i++) {
		for (j = 0; j < m->pools[i].count; j++) {
			const struct net *inner = &m->pools[i].nets[j];

			if (inner->depth >= net->depth && covers(net, inner->is6, inner->addr))
				return true;
		}
	}
	return false;
}

// Whether a permitted prefix that holds no pool is around the address.
static bool model_is_exempt(const struct model *m, bool is6, wide addr)
{
	int i, j;

	for (i = 0; i < m->set_count; i++) {
		for (j = 0; (m->permitted >> i & 1) && j < m->set_size[i]; j++) {
			if (covers(&m->sets[i][j], is6, addr) && !holds_pool(m, &m->sets[i][j]))
				return true;
		}
	}
	return false;
}

// Slots seen so far and whose they are: one subscriber, one slot, and the other way round.
struct seen {
	struct subscriber sub[PROBES];
	uint32_t slot[PROBES];
	int count;
};

static void check_slot(struct seen *seen, const struct subscriber *sub, uint32_t slot)
{
	int i;

	for (i = 0; i < seen->count; i++) {
		// A prefix longer than the key is one subscriber by itself.
		bool same = seen->sub[i].net == sub->net && seen->sub[i].key == sub->key;

		if (same != (seen->slot[i] == slot))
			fail_msg("slot %u: %s", slot,
				 same ? "one subscriber, two slots" : "two subscribers, one slot");
	}
	seen->sub[seen->count] = *sub;
	seen->slot[seen->count++] = slot;
}

static void check_probe(const struct model *m, const struct image *image, bool is6, wide addr,
			struct seen *seen)
{
	const struct op25b_addr *a = look_up(&image->view, is6, addr);
	const struct op25b_class *class = &image->view.classes[a->class_id];
	const char *name = image->view.names + class->name;
	struct subscriber sub;
	int pool = model_pool_of(m, is6, addr, &sub);
	uint32_t slot = slot_of(&image->view, is6, addr);

	assert_string_equal(name, pool < 0 ? "" : m->pools[pool].name);
	assert_true(a->sets == model_sets_of(m, is6, addr));
	// Who is permitted as a destination and in no pool is believed nowhere as a source.
	assert_true(class->pairs ==
		    (pool < 0 && model_is_exempt(m, is6, addr) ? 0 : OP25B_ANY_PAIR));
	if (!sub.net) {
		assert_int_equal(slot, OP25B_NO_SLOT);
		return;
	}
	assert_true(slot < image->view.hdr->slot_count);
	check_slot(seen, &sub, slot);
}

// An address near the edge of a prefix of the model, or any.
static wide probe_addr(const struct model *m, bool *is6)
{
	const struct net *net;
	const struct model_pool *pool = &m->pools[pick((uint32_t)m->pool_count)];
	wide host;

	*is6 = pick(2);
	if (pick(4) == 0)
		return random_addr(*is6);
	net = &pool->nets[pick((uint32_t)pool->count)];
	*is6 = net->is6;
	host = net->depth == width(*is6) ? 0 : ((wide)1 << (width(*is6) - net->depth)) - 1;
	switch (pick(4)) {
	case 0:
		return net->addr;
	case 1:
		return net->addr | host;
	case 2:
		return (net->addr | host) + 1;
	default:
		return net->addr | (random_addr(*is6) & host);
	}
}

static void image_agrees(const struct model *m, const struct image *image)
{
	struct seen *seen = calloc(1, sizeof(*seen));
	int i;

	assert_non_null(seen);
	for (i = 0; i < PROBES; i++) {
		bool is6;
		wide addr = probe_addr(m, &is6);

		check_probe(m, image, is6, addr, seen);
	}
	free(seen);
}

static void random_model(struct model *m)
{
	int i, want = 1 + (int)pick(MAX_POOLS);

	*m = (struct model){0};
	for (i = 0; i < want; i++)
		random_pool(m, i);
	random_sets(m);
}

// Counted prefixes that both have, with the same key, must keep their slots; what is new must not
// touch the slots of the old generation.
static void slots_stay(const struct model *old, const struct image *before, const struct model *now,
		       const struct image *after)
{
	int i;

	for (i = 0; i < PROBES; i++) {
		struct subscriber was, is;
		bool is6, same;
		wide addr = probe_addr(now, &is6);
		uint32_t slot = slot_of(&after->view, is6, addr);

		model_pool_of(old, is6, addr, &was);
		model_pool_of(now, is6, addr, &is);
		if (!is.net)
			continue;
		same = was.net && was.net->addr == is.net->addr &&
		       was.net->depth == is.net->depth && was.key_bits == is.key_bits;
		if (same)
			assert_int_equal(slot, slot_of(&before->view, is6, addr));
		else if (!was.net)
			assert_true(slot >= before->view.hdr->slot_count);
	}
}

// The next generation: a pool less, a few more, other sets.
static void next_model(const struct model *old, struct model *now)
{
	int i;

	*now = *old;
	if (now->pool_count > 1) {
		uint32_t gone = pick((uint32_t)now->pool_count);

		now->pool_count--;
		now->pools[gone] = now->pools[now->pool_count];
	}
	for (i = 0; i < 2 && now->pool_count < MAX_POOLS; i++)
		random_pool(now, MAX_POOLS + i);
	random_sets(now);
}

static void random_policies_agree_with_a_naive_model(void **state)
{
	static struct model old, now;
	struct compile_request r = {.generation = 1, .slots_capacity = UINT64_MAX};
	int round;

	(void)state;
	srandom(25);
	for (round = 0; round < ROUNDS; round++) {
		struct image before, after;
		struct policy *p;

		random_model(&old);
		p = model_policy(&old);
		r.previous = NULL;
		before = image_of(p, &r);
		policy_free(p);
		image_agrees(&old, &before);
		next_model(&old, &now);
		p = model_policy(&now);
		r.previous = before.bytes;
		after = image_of(p, &r);
		policy_free(p);
		image_agrees(&now, &after);
		slots_stay(&old, &before, &now, &after);
		free(before.bytes);
		free(after.bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_policies_agree_with_a_naive_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
