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

// One prefix, first as a pool or a set has it, then with what it inherits.
struct item {
	struct prefix prefix; // first: prefix_compare() looks at it
	uint32_t class_id;    // pool index + 1, 0: none
	uint64_t sets;
	const struct slot_range *range; // of the pool prefix, NULL: not counted
	bool is_exempt;                 // a set's, which a clause permits, and no pool lies in it
};

// Addresses seen already, to say each thing once: open addressing, at most half full.
struct addr_index {
	uint32_t *cells; // addr_id, 0: empty
	uint64_t mask;
};

static int item_compare(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return prefix_compare(&x->prefix, &y->prefix);
}

static size_t items_count(const struct policy *p)
{
	size_t i, count = 0;

	for (i = 0; i < p->pool_count; i++)
		count += p->pools[i].count;
	for (i = 0; i < p->set_count; i++)
		count += p->sets[i].count;
	return count;
}

static struct item *items_make(const struct policy *p, const struct slot_plan *plan, size_t *count)
{
	struct item *items = policy_alloc(items_count(p), sizeof(*items)), *item = items;
	size_t i, j;

	for (i = 0; i < p->pool_count; i++) {
		const struct pool *pool = &p->pools[i];

		for (j = 0; j < pool->count; j++, item++) {
			item->prefix = pool->prefixes[j];
			item->class_id = (uint32_t)i + 1;
			item->range = pool->uses_slots ? &plan->ranges[plan->first[i] + j] : NULL;
		}
	}
	for (i = 0; i < p->set_count; i++) {
		for (j = 0; j < p->sets[i].count; j++, item++) {
			item->prefix = p->sets[i].prefixes[j];
			item->sets = 1ull << i;
		}
	}
	*count = (size_t)(item - items);
	return items;
}

// Joins items of one prefix, which stand side by side. Returns the new count. At most one of them
// is a pool's: check_overlap.c saw to it.
static size_t items_join(struct item *items, size_t count)
{
	size_t i, last = 0;

	for (i = 1; i < count; i++) {
		if (prefix_compare(&items[last].prefix, &items[i].prefix)) {
			items[++last] = items[i];
			continue;
		}
		items[last].sets |= items[i].sets;
		if (items[i].class_id) {
			items[last].class_id = items[i].class_id;
			items[last].range = items[i].range;
		}
	}
	return count ? last + 1 : 0;
}

static void item_inherit(struct item *item, const struct item *parent)
{
	item->sets |= parent->sets;
	item->is_exempt |= parent->is_exempt;
	if (!item->class_id) {
		item->class_id = parent->class_id;
		item->range = parent->range;
	}
}

// Destination sets that some clause in force permits: who is in one is exempt, and worth
// impersonating.
static uint64_t exempt_sets(const struct policy *p, int64_t at_s)
{
	uint64_t sets = 0;
	size_t i, j;

	for (i = 0; i < p->pool_count; i++) {
		const struct stage *s = policy_stage_at(p, (uint32_t)i, at_s);

		for (j = 0; s && j < s->clause_count; j++) {
			if (s->clauses[j].action == ACTION_PERMIT &&
			    s->clauses[j].sets != OP25B_ANY_SET)
				sets |= s->clauses[j].sets;
		}
	}
	return sets;
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
		for (j = 0; items[i].class_id && j < depth; j++)
			stack[j]->is_exempt = false;
	}
}

// The pool prefix's arithmetic, moved to a prefix inside it: same address, same slot.
static struct op25b_addr item_addr(const struct cover *cover, const struct item *item)
{
	struct op25b_addr a = {
		.sets = item->sets, .class_id = item->class_id, .slot_base = OP25B_NO_SLOT};
	const struct slot_range *r = item->range;
	uint8_t family = item->prefix.family;
	uint64_t word;

	if (!a.class_id && item->is_exempt)
		a.class_id = cover->exempt_class;
	if (!r)
		return a;
	word = family == FAMILY_IP4 ? item->prefix.hi >> 32 : item->prefix.hi;
	a.host_mask = slot_host_mask(family, item->prefix.depth);
	a.key_shift = (uint8_t)(slot_word_bits(family) - r->key_bits);
	a.slot_base = r->base +
		      (uint32_t)((word & slot_host_mask(family, r->prefix.depth)) >> a.key_shift);
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
	struct op25b_addr a = item_addr(cover, item);

	cover->prefixes[cover->count++] =
		(struct cover_prefix){item->prefix, cover_addr_id(cover, index, &a)};
	cover->count4 += item->prefix.family == FAMILY_IP4;
}

// Walks the sorted items with a stack of those that cover the present one.
static void cover_walk(struct cover *cover, struct addr_index *index, struct item *items,
		       size_t count)
{
	const struct item *stack[MAX_NESTING];
	size_t i, depth = 0;

	for (i = 0; i < count; i++) {
		struct item *item = &items[i];

		while (depth && !prefix_covers(&stack[depth - 1]->prefix, &item->prefix))
			depth--;
		if (depth)
			item_inherit(item, stack[depth - 1]);
		// The one around it says it all. Pool prefixes do not nest, so the same pool means
		// the same pool prefix and the same slots.
		if (depth && item->class_id == stack[depth - 1]->class_id &&
		    item->sets == stack[depth - 1]->sets &&
		    item->is_exempt == stack[depth - 1]->is_exempt)
			continue;
		cover_add(cover, index, item);
		stack[depth++] = item;
	}
}

void cover_make(const struct policy *p, int64_t at_s, const struct slot_plan *plan,
		struct cover *cover)
{
	struct addr_index index = {NULL, 1};
	struct item *items;
	size_t count;

	items = items_make(p, plan, &count);
	qsort(items, count, sizeof(*items), item_compare);
	count = items_join(items, count);
	items_mark_exempt(items, count, exempt_sets(p, at_s));
	while (index.mask < 2 * (count + 1))
		index.mask <<= 1;
	index.cells = policy_alloc(index.mask, sizeof(*index.cells));
	index.mask--;
	*cover = (struct cover){.exempt_class = (uint32_t)p->pool_count + 1};
	cover->prefixes = policy_alloc(count, sizeof(*cover->prefixes));
	cover->addrs = policy_alloc(count + 1, sizeof(*cover->addrs));
	cover->addrs[0].slot_base = OP25B_NO_SLOT;
	cover->addr_count = 1;
	cover_walk(cover, &index, items, count);
	free(index.cells);
	free(items);
}

void cover_free(struct cover *cover)
{
	free(cover->prefixes);
	free(cover->addrs);
	*cover = (struct cover){0};
}
