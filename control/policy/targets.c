// SPDX-License-Identifier: BSD-3-Clause
//
// Destinations as policies tell them apart: the address space cut at the borders of sets, parts in
// the same sets taken together. See effect.h.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "effect.h"

struct target_walk {
	const struct view *views;
	size_t view_count;
	struct targets *out;
	size_t room;
};

static void nest_sets(const struct view *v, struct nest *n, uint8_t side)
{
	const struct policy *p = v->p;
	size_t i, j;

	for (i = 0; i < p->set_count; i++) {
		for (j = 0; j < p->sets[i].count; j++)
			nest_add(n, &p->sets[i].prefixes[j], side, 0, (uint32_t)i);
	}
	for (i = 0; i < p->list_count; i++) {
		for (j = 0; v->list_bit[i] < OP25B_MAX_SETS && j < p->lists[i].count; j++)
			nest_add(n, &p->lists[i].prefixes[j], side, 0, v->list_bit[i]);
	}
}

// The name of a bit: that of the set, or the prefixes of an exception's own list. free() it.
static char *bit_label(const struct view *v, uint32_t bit)
{
	char prefix[PREFIX_TEXT_BYTES], more[32] = "", *label;
	const struct set *list;
	size_t i;

	if (bit < v->p->set_count) {
		label = strdup(v->p->sets[bit].name);
		if (!label)
			abort();
		return label;
	}
	for (i = 0; v->list_bit[i] != bit; i++)
		;
	list = &v->p->lists[i];
	if (list->count > 1)
		snprintf(more, sizeof(more), " and %zu more", list->count - 1);
	if (asprintf(&label, "%s%s", prefix_print(prefix, &list->prefixes[0]), more) < 0)
		abort();
	return label;
}

// Whether a set or list of that label is among those of the target in a view.
static bool has_label(const struct view *v, uint64_t sets, const char *label)
{
	bool found = false;
	uint32_t bit;
	char *other;

	for (bit = 0; bit < OP25B_MAX_SETS && !found; bit++) {
		if (!(sets >> bit & 1))
			continue;
		other = bit_label(v, bit);
		found = !strcmp(other, label);
		free(other);
	}
	return found;
}

// The sets of one view: side 0 tells those that both have, and those that are gone; side 1 those
// that are new.
static void add_side_label(FILE *text, const struct target_walk *w, const struct target *t,
			   size_t side, bool *begun)
{
	const char *mark = side ? "new in " : "gone from ";
	bool is_shared;
	uint32_t bit;
	char *label;

	for (bit = 0; bit < OP25B_MAX_SETS; bit++) {
		if (!(t->sets[side] >> bit & 1))
			continue;
		label = bit_label(&w->views[side], bit);
		is_shared = w->view_count < 2 || has_label(&w->views[!side], t->sets[!side], label);
		// An exception's own list is where it is and nowhere else.
		if (!is_shared || side == 0) {
			fprintf(text, "%s%s%s", *begun ? " and " : "",
				is_shared || bit >= w->views[side].p->set_count ? "" : mark, label);
			*begun = true;
		}
		free(label);
	}
}

static char *make_label(const struct target_walk *w, const struct target *t)
{
	bool begun = false;
	char *label;
	size_t bytes;
	FILE *text = open_memstream(&label, &bytes);

	if (!text)
		abort();
	add_side_label(text, w, t, 0, &begun);
	if (w->view_count > 1)
		add_side_label(text, w, t, 1, &begun);
	if (!begun)
		fputs("others", text);
	if (fclose(text))
		abort();
	return label;
}

static void visit(void *context, const struct nest_node *node)
{
	struct target_walk *w = context;
	struct targets *out = w->out;
	struct target t = {.families = (uint8_t)(1u << node->family)};
	const struct nest_node *n;
	size_t i;

	for (n = node; n; n = n->parent) {
		for (i = 0; i < n->count; i++)
			t.sets[n->entries[i].side] |= 1ull << n->entries[i].index;
	}
	if (node->parent && !node->addresses)
		return;
	for (i = 0; i < out->count; i++) {
		if (out->items[i].sets[0] == t.sets[0] && out->items[i].sets[1] == t.sets[1]) {
			out->items[i].families |= t.families;
			return;
		}
	}
	if (out->count == w->room) {
		w->room = w->room ? 2 * w->room : 16;
		out->items = reallocarray(out->items, w->room, sizeof(*out->items));
		if (!out->items)
			abort();
	}
	out->items[out->count++] = t;
}

static uint64_t lowest(uint64_t bits)
{
	return bits & -bits;
}

// In the order of the first policy's sets; "others" last.
static int target_compare(const void *a, const void *b)
{
	const struct target *x = a, *y = b;
	size_t i;

	for (i = 0; i < 2; i++) {
		uint64_t p = lowest(x->sets[i]) - 1, q = lowest(y->sets[i]) - 1;

		if (p != q)
			return p < q ? -1 : 1;
		if (x->sets[i] != y->sets[i])
			return x->sets[i] < y->sets[i] ? -1 : 1;
	}
	return 0;
}

void targets_make(struct targets *t, const struct view *views, size_t view_count)
{
	struct target_walk w = {.views = views, .view_count = view_count, .out = t};
	struct nest n = {0};
	size_t i;

	*t = (struct targets){0};
	for (i = 0; i < view_count; i++)
		nest_sets(&views[i], &n, (uint8_t)i);
	nest_walk(n.entries, n.count, visit, &w);
	nest_free(&n);
	qsort(t->items, t->count, sizeof(*t->items), target_compare);
	for (i = 0; i < t->count; i++)
		t->items[i].label = make_label(&w, &t->items[i]);
}

void targets_free(struct targets *t)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		free(t->items[i].label);
	free(t->items);
}
