// SPDX-License-Identifier: BSD-3-Clause
//
// Each address belongs to at most one pool, and is named by at most one softwire. Sorted, a prefix
// that overlaps an earlier one lies in the last that was not itself inside another, so one pass
// finds all.
#include <stdio.h>
#include <stdlib.h>

#include "../reader/reader.h"
#include "model.h"

struct owned {
	struct prefix prefix; // first: prefix_compare() looks at it
	uint32_t pool;
};

static int owned_compare(const void *a, const void *b)
{
	const struct owned *x = a, *y = b;
	int order = prefix_compare(&x->prefix, &y->prefix);

	if (order)
		return order;
	if (x->pool != y->pool)
		return x->pool < y->pool ? -1 : 1;
	return x->prefix.index < y->prefix.index ? -1 : x->prefix.index > y->prefix.index;
}

static void refuse(const struct policy *p, const struct owned *outer, const struct owned *inner,
		   struct diag *d)
{
	char inner_text[PREFIX_TEXT_BYTES], outer_text[PREFIX_TEXT_BYTES];
	char inner_at[READER_PLACE_BYTES], outer_at[READER_PLACE_BYTES];
	bool same = outer->prefix.depth == inner->prefix.depth;

	prefix_print(inner_text, &inner->prefix);
	prefix_print(outer_text, &outer->prefix);
	pool_prefix_place(inner_at, sizeof(inner_at), &p->pools[inner->pool], &inner->prefix);
	pool_prefix_place(outer_at, sizeof(outer_at), &p->pools[outer->pool], &outer->prefix);
	if (same)
		diag_error(d, inner_at, "\"%s\" is %s already; an address belongs to one pool",
			   inner_text, outer_at);
	else
		diag_error(d, inner_at,
			   "\"%s\" lies in \"%s\" of %s; an address belongs to one pool",
			   inner_text, outer_text, outer_at);
}

void policy_check_overlaps(const struct policy *p, struct diag *d)
{
	const struct owned *outer = NULL;
	size_t i, j, count = 0;
	struct owned *all;

	for (i = 0; i < p->pool_count; i++)
		count += p->pools[i].count;
	all = policy_alloc(count, sizeof(*all));
	for (i = 0, count = 0; i < p->pool_count; i++) {
		for (j = 0; j < p->pools[i].count; j++)
			all[count++] = (struct owned){p->pools[i].prefixes[j], (uint32_t)i};
	}
	qsort(all, count, sizeof(*all), owned_compare);
	for (i = 0; i < count; i++) {
		if (outer && prefix_covers(&outer->prefix, &all[i].prefix))
			refuse(p, outer, &all[i], d);
		else
			outer = &all[i];
	}
	free(all);
}

static void refuse_softwire(const struct prefix *outer, const struct prefix *inner, struct diag *d)
{
	char inner_text[PREFIX_TEXT_BYTES], outer_text[PREFIX_TEXT_BYTES], at[READER_PLACE_BYTES];

	prefix_print(inner_text, inner);
	prefix_print(outer_text, outer);
	reader_place_index(at, "softwires", inner->index);
	if (outer->depth == inner->depth)
		diag_error(d, at, "\"%s\" is softwires[%u] already", inner_text, outer->index);
	else
		diag_error(d, at, "\"%s\" lies in \"%s\" of softwires[%u]", inner_text, outer_text,
			   outer->index);
}

static int softwire_compare(const void *a, const void *b)
{
	const struct prefix *x = a, *y = b;
	int order = prefix_compare(x, y);

	return order ? order : (int)x->index - (int)y->index;
}

void policy_check_softwires(const struct policy *p, struct diag *d)
{
	struct prefix sorted[OP25B_MAX_SOFTWIRES];
	const struct prefix *outer = NULL;
	size_t i;

	for (i = 0; i < p->softwire_count; i++)
		sorted[i] = p->softwires[i];
	qsort(sorted, p->softwire_count, sizeof(sorted[0]), softwire_compare);
	for (i = 0; i < p->softwire_count; i++) {
		if (outer && prefix_covers(outer, &sorted[i]))
			refuse_softwire(outer, &sorted[i], d);
		else
			outer = &sorted[i];
	}
}
