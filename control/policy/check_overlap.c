// SPDX-License-Identifier: BSD-3-Clause
//
// Who owns an address: pools, one inside the other where that is wanted, and infrastructure.
// Sorted, what covers a prefix stands before it, so that one pass with a stack of what is open
// finds the innermost owner around each.
#include <stdio.h>
#include <stdlib.h>

#include "check_internal.h"

static int owned_compare(const void *a, const void *b)
{
	const struct owned *x = a, *y = b;
	int order = prefix_compare(&x->prefix, &y->prefix);

	if (order)
		return order;
	if (x->is_infra != y->is_infra)
		return x->is_infra ? 1 : -1;
	if (x->owner != y->owner)
		return x->owner < y->owner ? -1 : 1;
	return x->prefix.index < y->prefix.index ? -1 : x->prefix.index > y->prefix.index;
}

void owners_open(struct owners *o, const struct policy *p)
{
	size_t i, j, count = 0, open = OWNED_NONE;

	for (i = 0; i < p->pool_count; i++)
		count += p->pools[i].count;
	for (i = 0; i < p->infra_count; i++)
		count += p->infra[i].count;
	*o = (struct owners){policy_alloc(count, sizeof(*o->items)), 0};
	for (i = 0; i < p->pool_count; i++) {
		for (j = 0; j < p->pools[i].count; j++)
			o->items[o->count++] = (struct owned){.prefix = p->pools[i].prefixes[j],
							      .owner = (uint32_t)i};
	}
	for (i = 0; i < p->infra_count; i++) {
		for (j = 0; j < p->infra[i].count; j++)
			o->items[o->count++] = (struct owned){.prefix = p->infra[i].prefixes[j],
							      .owner = (uint32_t)i,
							      .is_infra = true};
	}
	qsort(o->items, count, sizeof(*o->items), owned_compare);
	for (i = 0; i < count; i++) {
		while (open != OWNED_NONE &&
		       !prefix_covers(&o->items[open].prefix, &o->items[i].prefix))
			open = o->items[open].around;
		o->items[i].around = open;
		open = i;
	}
}

void owners_close(struct owners *o)
{
	free(o->items);
}

const struct owned *owners_find(const struct owners *o, const struct prefix *prefix)
{
	size_t low = 0, high = o->count, at;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (prefix_compare(&o->items[mid].prefix, prefix) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (at = low ? low - 1 : OWNED_NONE; at != OWNED_NONE; at = o->items[at].around) {
		if (prefix_covers(&o->items[at].prefix, prefix))
			return &o->items[at];
	}
	return NULL;
}

const char *owned_place(char buf[READER_PLACE_BYTES], const struct policy *p, const struct owned *o)
{
	char place[READER_PLACE_BYTES], at[READER_PLACE_BYTES];

	if (o->is_infra)
		reader_place(place, "infra", p->infra[o->owner].name);
	else
		reader_place(place, "pools", p->pools[o->owner].name);
	reader_place(at, place, o->prefix.family == FAMILY_IP4 ? "v4" : "v6");
	return reader_place_index(buf, at, o->prefix.index);
}

static bool is_within(const struct policy *p, uint32_t inner, uint32_t outer)
{
	const struct pool *pool = &p->pools[inner];
	size_t i;

	for (i = 0; i < pool->within_count; i++) {
		if (pool->within[i] == outer)
			return true;
	}
	return false;
}

// What may not be, if inner lies in outer; NULL: it may.
static const char *rule(const struct policy *p, const struct owned *outer,
			const struct owned *inner, bool is_same)
{
	if (outer->is_infra)
		return inner->is_infra ? "infrastructures do not overlap"
				       : "nothing lies in infrastructure";
	if (is_same)
		return inner->is_infra ? "infrastructure may be part of a pool's prefix, not all "
					 "of it"
				       : "an address belongs to one pool";
	if (inner->is_infra)
		return NULL;
	if (inner->owner == outer->owner)
		return "an address stands in a pool once";
	return is_within(p, inner->owner, outer->owner)
		       ? NULL
		       : "an address belongs to one pool, unless the inner one says so by "
			 "\"within\"";
}

static void check_pair(const struct policy *p, const struct owned *outer, const struct owned *inner,
		       struct diag *d)
{
	char inner_text[PREFIX_TEXT_BYTES], outer_text[PREFIX_TEXT_BYTES];
	char inner_at[READER_PLACE_BYTES], outer_at[READER_PLACE_BYTES];
	bool is_same = outer->prefix.depth == inner->prefix.depth;
	const char *why = rule(p, outer, inner, is_same);

	if (!why)
		return;
	prefix_print(inner_text, &inner->prefix);
	prefix_print(outer_text, &outer->prefix);
	owned_place(inner_at, p, inner);
	owned_place(outer_at, p, outer);
	if (is_same)
		diag_error(d, inner_at, "\"%s\" is %s already; %s", inner_text, outer_at, why);
	else
		diag_error(d, inner_at, "\"%s\" lies in \"%s\" of %s; %s", inner_text, outer_text,
			   outer_at, why);
}

void check_owners(const struct policy *p, const struct owners *o, struct diag *d)
{
	size_t i;

	for (i = 0; i < o->count; i++) {
		if (o->items[i].around != OWNED_NONE)
			check_pair(p, &o->items[o->items[i].around], &o->items[i], d);
	}
}

// Pools that lie in each other would leave no order. Follows "within" from `pool` on; way[] are the
// pools gone through, of which state tells those that are known to be good.
enum { UNSEEN, ON_THE_WAY, GOOD };

static void follow_within(const struct policy *p, uint32_t pool, uint8_t *state, struct diag *d)
{
	char place[READER_PLACE_BYTES], at[READER_PLACE_BYTES];
	size_t i;

	state[pool] = ON_THE_WAY;
	for (i = 0; i < p->pools[pool].within_count; i++) {
		uint32_t outer = p->pools[pool].within[i];

		if (state[outer] == UNSEEN)
			follow_within(p, outer, state, d);
		else if (state[outer] == ON_THE_WAY)
			diag_error(d,
				   reader_place(at,
						reader_place(place, "pools", p->pools[pool].name),
						"within"),
				   "\"%s\" lies within this pool itself, by way of its own "
				   "\"within\"",
				   p->pools[outer].name);
	}
	state[pool] = GOOD;
}

void check_within(const struct policy *p, struct diag *d)
{
	uint8_t *state = policy_alloc(p->pool_count, sizeof(*state));
	uint32_t i;

	for (i = 0; i < p->pool_count; i++) {
		if (state[i] == UNSEEN)
			follow_within(p, i, state, d);
	}
	free(state);
}
