// SPDX-License-Identifier: BSD-3-Clause
//
// See cover.h. A look-up finds one prefix, the longest, so each prefix must carry what the shorter
// ones around it say: the pool, and every destination set.
#include "cover.h"

#include <stdlib.h>
#include <string.h>

#define MAX_NESTING 129 // lengths 0 to 128
#define FNV1A_64_BASIS 0xcbf29ce484222325ull
#define FNV1A_64_PRIME 0x100000001b3ull

// One prefix, first as one part of the policy has it, then with what it inherits.
struct item {
	struct prefix prefix; // first: prefix_compare() looks at it
	uint32_t pool;        // index + 1, 0: none
	uint32_t infra;       // index + 1, 0: none
	uint64_t sets;
	uint64_t permits;                    // destinations of the exceptions for it
	const struct quarantine *quarantine; // NULL: none
	const struct slot_range *range;      // of the pool prefix, NULL: not counted
	uint32_t class_id;                   // once all is inherited
	bool is_exempt; // a set's, which a clause permits, and no pool lies in it
};

// Addresses seen already, to say each thing once: open addressing, at most half full.
struct addr_index {
	uint32_t *cells; // addr_id, 0: empty
	uint64_t mask;
};

struct item_list {
	struct item *items;
	size_t count;
};

static size_t items_most(const struct policy *p)
{
	size_t i, count = 0;

	for (i = 0; i < p->pool_count; i++)
		count += p->pools[i].count;
	for (i = 0; i < p->set_count; i++)
		count += p->sets[i].count;
	for (i = 0; i < p->list_count; i++)
		count += p->lists[i].count;
	for (i = 0; i < p->infra_count; i++)
		count += p->infra[i].count;
	for (i = 0; i < p->exception_count; i++)
		count += p->exceptions[i].grant.count;
	for (i = 0; i < p->quarantine_count; i++)
		count += p->quarantines[i].grant.count;
	return count;
}

// One item for each prefix, with what the model of it says.
static void add_items(struct item_list *list, const struct prefix *prefixes, size_t count,
		      const struct item *model)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct item *item = &list->items[list->count++];

		*item = *model;
		item->prefix = prefixes[i];
	}
}

static void add_pools(struct item_list *list, const struct policy *p, const struct slot_plan *plan)
{
	size_t i, j;

	for (i = 0; i < p->pool_count; i++) {
		const struct pool *pool = &p->pools[i];
		struct item *first = &list->items[list->count];

		add_items(list, pool->prefixes, pool->count,
			  &(struct item){.pool = (uint32_t)i + 1});
		for (j = 0; pool->uses_slots && j < pool->count; j++)
			first[j].range = &plan->ranges[plan->first[i] + j];
	}
}

static void add_sets(struct item_list *list, const struct in_force *f)
{
	const struct policy *p = f->policy;
	size_t i;

	for (i = 0; i < p->set_count; i++)
		add_items(list, p->sets[i].prefixes, p->sets[i].count,
			  &(struct item){.sets = 1ull << i});
	for (i = 0; i < p->list_count; i++) {
		if (f->list_sets[i])
			add_items(list, p->lists[i].prefixes, p->lists[i].count,
				  &(struct item){.sets = f->list_sets[i]});
	}
}

static void add_grants(struct item_list *list, const struct in_force *f)
{
	const struct policy *p = f->policy;
	size_t i;

	for (i = 0; i < p->exception_count; i++) {
		const struct exception *e = &p->exceptions[i];

		if (period_holds(&e->grant.when, f->moment->at_s))
			add_items(list, e->grant.prefixes, e->grant.count,
				  &(struct item){.permits = exception_sets(f, e)});
	}
	for (i = 0; i < p->quarantine_count; i++) {
		const struct quarantine *q = &p->quarantines[i];

		if (period_holds(&q->grant.when, f->moment->at_s))
			add_items(list, q->grant.prefixes, q->grant.count,
				  &(struct item){.quarantine = q});
	}
}

static struct item_list items_make(const struct in_force *f, const struct slot_plan *plan)
{
	const struct policy *p = f->policy;
	struct item_list list = {policy_alloc(items_most(p), sizeof(*list.items)), 0};
	size_t i;

	add_pools(&list, p, plan);
	add_sets(&list, f);
	for (i = 0; i < p->infra_count; i++)
		add_items(&list, p->infra[i].prefixes, p->infra[i].count,
			  &(struct item){
				  .infra = (uint32_t)i + 1,
				  .sets = p->infra[i].on_network_side ? OP25B_INFRA_SET : 0,
			  });
	add_grants(&list, f);
	return list;
}

// What applies to more addresses applies to fewer of them: destinations and exceptions add up, of
// all else the nearest counts.
static void item_inherit(struct item *item, const struct item *from)
{
	item->sets |= from->sets;
	item->permits |= from->permits;
	item->is_exempt |= from->is_exempt;
	if (!item->pool) {
		item->pool = from->pool;
		item->range = from->range;
	}
	if (!item->infra)
		item->infra = from->infra;
	if (!item->quarantine)
		item->quarantine = from->quarantine;
}

// Joins items of one prefix, which stand side by side. Returns the new count. At most one of them
// is a pool's, an infrastructure's or a quarantine's: check_overlap.c saw to it.
static size_t items_join(struct item *items, size_t count)
{
	size_t i, last = 0;

	for (i = 1; i < count; i++) {
		if (prefix_compare(&items[last].prefix, &items[i].prefix))
			items[++last] = items[i];
		else
			item_inherit(&items[last], &items[i]);
	}
	return count ? last + 1 : 0;
}

// A prefix that holds a pool is a network with subscribers in it: who else is in it may be one,
// too.
static void items_mark_exempt(struct item *items, size_t count, uint64_t exempt)
{
	struct item *stack[MAX_NESTING];
	size_t i, j, depth = 0;

	for (i = 0; i < count; i++) {
		while (depth && !prefix_covers(&stack[depth - 1]->prefix, &items[i].prefix))
			depth--;
		items[i].is_exempt = items[i].sets & exempt;
		stack[depth++] = &items[i];
		for (j = 0; items[i].pool && j < depth; j++)
			stack[j]->is_exempt = false;
	}
}

static uint32_t item_class(const struct policy *p, struct class_parts *parts,
			   const struct item *item)
{
	if (item->infra)
		return policy_infra_class(p, item->infra - 1);
	if (item->pool)
		return class_parts_class(parts, item->pool - 1, item->permits, item->quarantine);
	return item->is_exempt ? policy_exempt_class(p) : 0;
}

// The pool prefix's arithmetic, moved to a prefix inside it: same address, same slot.
static struct op25b_addr item_addr(const struct item *item)
{
	struct op25b_addr a = {
		.sets = item->sets, .class_id = item->class_id, .slot_base = OP25B_NO_SLOT};
	const struct slot_range *r = item->range;
	uint8_t family = item->prefix.family;
	uint64_t word, block;

	if (item->infra || !r)
		return a;
	word = family == FAMILY_IP4 ? item->prefix.hi >> 32 : item->prefix.hi;
	a.host_mask = slot_host_mask(family, item->prefix.depth);
	a.key_shift = (uint8_t)(slot_word_bits(family) - r->key_bits);
	a.psid_shift = r->psid_shift;
	a.psid_bits = r->psid_bits;
	block = (word & slot_host_mask(family, r->prefix.depth)) >> a.key_shift;
	a.slot_base = r->base + (uint32_t)(block << a.psid_bits);
	return a;
}

static uint64_t addr_hash(const struct op25b_addr *a)
{
	const uint8_t *bytes = (const uint8_t *)a;
	uint64_t hash = FNV1A_64_BASIS;
	size_t i;

	for (i = 0; i < sizeof(*a); i++)
		hash = (hash ^ bytes[i]) * FNV1A_64_PRIME;
	return hash ^ hash >> 32;
}

static uint32_t cover_addr_id(struct cover *cover, struct addr_index *index,
			      const struct op25b_addr *a)
{
	uint64_t cell = addr_hash(a) & index->mask;

	while (index->cells[cell]) {
		if (!memcmp(&cover->addrs[index->cells[cell]], a, sizeof(*a)))
			return index->cells[cell];
		cell = (cell + 1) & index->mask;
	}
	cover->addrs[cover->addr_count] = *a;
	index->cells[cell] = (uint32_t)cover->addr_count;
	return (uint32_t)cover->addr_count++;
}

static void cover_add(struct cover *cover, struct addr_index *index, const struct item *item)
{
	struct op25b_addr a = item_addr(item);

	cover->prefixes[cover->count++] =
		(struct cover_prefix){item->prefix, cover_addr_id(cover, index, &a)};
	cover->count4 += item->prefix.family == FAMILY_IP4;
}

// Whether the item says of its addresses what the one around it says. Prefixes of one pool do not
// nest, so the same class means the same slots.
static bool is_same(const struct item *item, const struct item *around)
{
	return item->class_id == around->class_id && item->sets == around->sets &&
	       item->is_exempt == around->is_exempt;
}

// Walks the sorted items with a stack of those that cover the present one.
static void cover_walk(struct cover *cover, const struct policy *p, struct addr_index *index,
		       struct class_parts *parts, const struct item_list *list)
{
	const struct item *stack[MAX_NESTING];
	size_t i, depth = 0;

	for (i = 0; i < list->count; i++) {
		struct item *item = &list->items[i];

		while (depth && !prefix_covers(&stack[depth - 1]->prefix, &item->prefix))
			depth--;
		if (depth)
			item_inherit(item, stack[depth - 1]);
		item->class_id = item_class(p, parts, item);
		if (depth && is_same(item, stack[depth - 1]))
			continue;
		cover_add(cover, index, item);
		stack[depth++] = item;
	}
}

void cover_make(const struct in_force *f, const struct slot_plan *plan, struct class_parts *parts,
		struct cover *cover)
{
	struct item_list list = items_make(f, plan);
	struct addr_index index = {NULL, 1};

	qsort(list.items, list.count, sizeof(*list.items), prefix_compare);
	list.count = items_join(list.items, list.count);
	items_mark_exempt(list.items, list.count, f->exempt);
	while (index.mask < 2 * (list.count + 1))
		index.mask <<= 1;
	index.cells = policy_alloc(index.mask, sizeof(*index.cells));
	index.mask--;
	*cover = (struct cover){0};
	cover->prefixes = policy_alloc(list.count, sizeof(*cover->prefixes));
	cover->addrs = policy_alloc(list.count + 1, sizeof(*cover->addrs));
	cover->addrs[0].slot_base = OP25B_NO_SLOT;
	cover->addr_count = 1;
	cover_walk(cover, f->policy, &index, parts, &list);
	free(index.cells);
	free(list.items);
}

void cover_free(struct cover *cover)
{
	free(cover->prefixes);
	free(cover->addrs);
	*cover = (struct cover){0};
}
