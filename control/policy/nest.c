// SPDX-License-Identifier: BSD-3-Clause
//
// See nest.h. One pass over the sorted prefixes with a stack of those that cover the present one.
#include "nest.h"

#include <stdlib.h>

#include "model.h"

#define STACK_MAX 130u // the whole family, and one of every length

struct walk {
	struct nest_node stack[STACK_MAX];
	size_t depth; // of the stack in use
	nest_visit *visit;
	void *context;
};

static int entry_compare(const void *a, const void *b)
{
	const struct nest_entry *x = a, *y = b;
	int order = prefix_compare(&x->prefix, &y->prefix);

	if (order)
		return order;
	if (x->side != y->side)
		return x->side < y->side ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static address_count prefix_addresses(const struct prefix *p)
{
	return (address_count)1 << (prefix_family_bits(p->family) - p->depth);
}

static void close_top(struct walk *w)
{
	w->depth--;
	w->visit(w->context, &w->stack[w->depth]);
}

static void open_node(struct walk *w, const struct nest_entry *entries, size_t count)
{
	struct nest_node *parent = &w->stack[w->depth - 1];
	address_count addresses = prefix_addresses(&entries->prefix);

	if (parent->parent)
		parent->addresses -= addresses;
	w->stack[w->depth++] = (struct nest_node){.parent = parent,
						  .entries = entries,
						  .count = count,
						  .family = entries->prefix.family,
						  .addresses = addresses};
}

static void walk_family(struct walk *w, uint8_t family, const struct nest_entry *entries,
			size_t count)
{
	size_t i, same;

	w->stack[0] = (struct nest_node){.family = family};
	w->depth = 1;
	for (i = 0; i < count; i += same) {
		for (same = 1; i + same < count; same++) {
			if (prefix_compare(&entries[i].prefix, &entries[i + same].prefix))
				break;
		}
		while (w->depth > 1 &&
		       !prefix_covers(&w->stack[w->depth - 1].entries->prefix, &entries[i].prefix))
			close_top(w);
		open_node(w, &entries[i], same);
	}
	while (w->depth)
		close_top(w);
}

void nest_walk(struct nest_entry *entries, size_t count, nest_visit *visit, void *context)
{
	struct walk w = {.visit = visit, .context = context};
	size_t count4 = 0;

	if (!count) {
		walk_family(&w, FAMILY_IP4, NULL, 0);
		walk_family(&w, FAMILY_IP6, NULL, 0);
		return;
	}
	qsort(entries, count, sizeof(*entries), entry_compare);
	while (count4 < count && entries[count4].prefix.family == FAMILY_IP4)
		count4++;
	walk_family(&w, FAMILY_IP4, entries, count4);
	walk_family(&w, FAMILY_IP6, entries + count4, count - count4);
}

void nest_add(struct nest *n, const struct prefix *prefix, uint8_t side, uint8_t kind,
	      uint32_t index)
{
	if (n->count == n->room) {
		n->room = n->room ? 2 * n->room : 64;
		n->entries = reallocarray(n->entries, n->room, sizeof(*n->entries));
		if (!n->entries)
			abort();
	}
	n->entries[n->count++] =
		(struct nest_entry){.prefix = *prefix, .side = side, .kind = kind, .index = index};
}

void nest_free(struct nest *n)
{
	free(n->entries);
}
