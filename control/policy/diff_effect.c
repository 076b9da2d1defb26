// SPDX-License-Identifier: BSD-3-Clause
//
// What a difference means: the address space is cut where either policy cuts it, and for the
// addresses that have one owner before and one after, each kind of destination is followed through
// time. See diff.h; the rows are worded in diff_row.c.
#include <stdlib.h>
#include <string.h>

#include "diff_row.h"
#include "timeline.h"

// What holds of a destination from a moment on.
struct span {
	bool differs;
	int64_t from_s;
	struct effect effect[2];
};

struct reigns {
	struct reign *items; // NULL: not asked yet
	size_t count;
};

struct diff {
	const struct view *views;
	struct targets targets;
	struct reigns *reigns[2]; // [0]: of no pool; then per pool
	struct diff_part *parts;
	size_t part_count, part_room;
	struct diff_row *rows;
	size_t row_count, row_room;
	size_t place_rows; // from here on, those of the present place
};

static void visit(void *context, const struct nest_node *node)
{
	struct diff *d = context;
	struct diff_part part = {.is_rest = !node->parent};

	if (node->parent && !node->addresses)
		return;
	if (d->part_count == d->part_room) {
		d->part_room = d->part_room ? 2 * d->part_room : 64;
		d->parts = reallocarray(d->parts, d->part_room, sizeof(*d->parts));
		if (!d->parts)
			abort();
	}
	part.owner[0] = owner_of(&d->views[0], node, 0);
	part.owner[1] = owner_of(&d->views[1], node, 1);
	part.amount.addresses[node->family] = node->addresses;
	part.families = (uint8_t)(1u << node->family);
	d->parts[d->part_count++] = part;
}

static int int_compare(int a, int b)
{
	return a < b ? -1 : a > b;
}

static int place_compare(const struct diff_part *x, const struct diff_part *y)
{
	size_t i;
	int order;

	for (i = 0; i < 2; i++) {
		order = int_compare(x->owner[i].infra, y->owner[i].infra);
		// A pool with infra in it is not there for the addresses of that.
		if (!order && x->owner[i].infra < 0)
			order = int_compare(x->owner[i].pool, y->owner[i].pool);
		if (order)
			return order;
	}
	return int_compare(x->is_rest, y->is_rest);
}

// Parts of the same pools stand together, and in them those of the same grants.
static int part_compare(const void *a, const void *b)
{
	const struct diff_part *x = a, *y = b;
	int order = place_compare(x, y);
	size_t i, j;

	for (i = 0; !order && i < 2; i++) {
		order = int_compare(x->owner[i].quarantine, y->owner[i].quarantine);
		for (j = 0; !order && j < OWNER_EXCEPTIONS; j++)
			order = int_compare(x->owner[i].exceptions[j], y->owner[i].exceptions[j]);
		if (!order && x->owner[i].excepted != y->owner[i].excepted)
			order = x->owner[i].excepted < y->owner[i].excepted ? -1 : 1;
	}
	return order;
}

static void amount_add(struct amount *to, const struct amount *from)
{
	size_t f;

	for (f = 0; f < FAMILY_COUNT; f++)
		to->addresses[f] += from->addresses[f];
}

static void part_add(struct diff_part *to, const struct diff_part *from)
{
	amount_add(&to->amount, &from->amount);
	to->families |= from->families;
}

static void parts_merge(struct diff *d)
{
	size_t i, count = 0;

	qsort(d->parts, d->part_count, sizeof(*d->parts), part_compare);
	for (i = 0; i < d->part_count; i++) {
		if (count && part_compare(&d->parts[count - 1], &d->parts[i]) == 0)
			part_add(&d->parts[count - 1], &d->parts[i]);
		else
			d->parts[count++] = d->parts[i];
	}
	d->part_count = count;
}

// The stages of a part's pool in one view, through time, or at its moment alone.
static const struct reigns *part_reigns(struct diff *d, const struct diff_part *part, size_t side)
{
	int pool = part->owner[side].infra >= 0 ? -1 : part->owner[side].pool;
	struct reigns *r = &d->reigns[side][pool + 1];
	const struct view *v = &d->views[side];

	if (r->items)
		return r;
	if (pool >= 0 && !v->m) {
		r->items = timeline_of_pool(v->p, (uint32_t)pool, NULL, &r->count);
		return r;
	}
	r->items = policy_alloc(1, sizeof(*r->items));
	r->items->from_s = POLICY_ALWAYS;
	r->items->stage = pool >= 0 ? policy_stage_at(v->p, (uint32_t)pool, v->m) : NULL;
	r->count = 1;
	return r;
}

static bool span_is_equal(const struct span *a, const struct span *b)
{
	if (!a->differs || !b->differs)
		return a->differs == b->differs;
	return a->from_s == b->from_s && a->effect[0].grant == b->effect[0].grant &&
	       a->effect[1].grant == b->effect[1].grant &&
	       effect_is_equal(&a->effect[0], &b->effect[0]) &&
	       effect_is_equal(&a->effect[1], &b->effect[1]);
}

// Takes a row over, or adds its addresses to the one of the same place that says the same.
static void row_take(struct diff *d, struct diff_row *row)
{
	size_t i;

	for (i = d->place_rows; i < d->row_count; i++) {
		if (!diff_row_is_alike(&d->rows[i], row, d->targets.count))
			continue;
		amount_add(&d->rows[i].amount, &row->amount);
		d->rows[i].families |= row->families;
		free(row->is_of_target);
		return;
	}
	if (d->row_count == d->row_room) {
		d->row_room = d->row_room ? 2 * d->row_room : 64;
		d->rows = reallocarray(d->rows, d->row_room, sizeof(*d->rows));
		if (!d->rows)
			abort();
	}
	d->rows[d->row_count++] = *row;
}

// Enters the targets whose spans end like that of the first into a row, with the addresses that
// they are for.
static void row_fill(const struct diff *d, const struct diff_part *part, const struct span *spans,
		     const bool *ends, bool *taken, size_t first, struct diff_row *row)
{
	uint8_t families = 0;
	size_t i, f;

	row->is_of_target = policy_alloc(d->targets.count, sizeof(bool));
	for (i = first; i < d->targets.count; i++) {
		if (!ends[i] || taken[i] || !span_is_equal(&spans[first], &spans[i]))
			continue;
		row->is_of_target[i] = taken[i] = true;
		families |= d->targets.items[i].families & part->families;
	}
	for (f = 0; f < FAMILY_COUNT; f++) {
		if (families >> f & 1)
			row->amount.addresses[f] = part->amount.addresses[f];
	}
}

// Makes rows of the spans that end at a moment, one of those that are alike.
static void tell_ended(struct diff *d, const struct diff_part *part, struct span *spans,
		       const bool *ends, int64_t until_s)
{
	bool *taken = policy_alloc(d->targets.count, sizeof(*taken));
	size_t i;

	for (i = 0; i < d->targets.count; i++) {
		struct diff_row row = {.owner = {part->owner[0], part->owner[1]},
				       .families = part->families,
				       .is_rest = part->is_rest,
				       .from_s = spans[i].from_s,
				       .until_s = until_s,
				       .effect = {spans[i].effect[0], spans[i].effect[1]}};

		if (!spans[i].differs || !ends[i] || taken[i])
			continue;
		row_fill(d, part, spans, ends, taken, i, &row);
		row_take(d, &row);
	}
	free(taken);
}

// What holds from a moment on, with these stages.
static void find_spans(const struct diff *d, const struct diff_part *part, int64_t from_s,
		       const struct stage *const stages[2], struct span *out)
{
	size_t i, side;

	for (i = 0; i < d->targets.count; i++) {
		const struct target *t = &d->targets.items[i];

		out[i] = (struct span){.from_s = from_s};
		if (!(t->families & part->families))
			continue;
		for (side = 0; side < 2; side++)
			out[i].effect[side] = effect_of(&d->views[side], &part->owner[side],
							stages[side], t->sets[side]);
		out[i].differs = !effect_is_equal(&out[i].effect[0], &out[i].effect[1]);
	}
}

// Goes on from the spans of before: those whose effects stay keep their beginning.
static void spans_go_on(struct diff *d, const struct diff_part *part, struct span *spans,
			struct span *next, int64_t at_s)
{
	bool *ends = policy_alloc(d->targets.count, sizeof(*ends));
	size_t i;

	for (i = 0; i < d->targets.count; i++) {
		struct span same = next[i];

		same.from_s = spans[i].from_s;
		ends[i] = !span_is_equal(&spans[i], &same);
		if (!ends[i])
			next[i] = same;
	}
	tell_ended(d, part, spans, ends, at_s);
	memcpy(spans, next, d->targets.count * sizeof(*spans));
	free(ends);
}

static void diff_part_effects(struct diff *d, const struct diff_part *part)
{
	const struct reigns *a = part_reigns(d, part, 0), *b = part_reigns(d, part, 1);
	struct span *spans = policy_alloc(d->targets.count, sizeof(*spans));
	struct span *next = policy_alloc(d->targets.count, sizeof(*next));
	bool *all = policy_alloc(d->targets.count, sizeof(*all));
	size_t i = 0, j = 0;

	memset(all, true, d->targets.count);
	for (;;) {
		const struct stage *const stages[2] = {a->items[i].stage, b->items[j].stage};
		int64_t next_a = i + 1 < a->count ? a->items[i + 1].from_s : POLICY_NEVER;
		int64_t next_b = j + 1 < b->count ? b->items[j + 1].from_s : POLICY_NEVER;
		int64_t at_s = a->items[i].from_s > b->items[j].from_s ? a->items[i].from_s
								       : b->items[j].from_s;

		find_spans(d, part, at_s, stages, next);
		spans_go_on(d, part, spans, next, at_s);
		if (next_a == POLICY_NEVER && next_b == POLICY_NEVER)
			break;
		i += next_a <= next_b;
		j += next_b <= next_a;
	}
	tell_ended(d, part, spans, all, POLICY_NEVER);
	free(all);
	free(next);
	free(spans);
}

// Addresses that have another owner than before.
static void diff_places(const struct diff *d, json_t *rows)
{
	size_t i, j;

	for (i = 0; i < d->part_count; i = j) {
		struct diff_part sum = d->parts[i];

		for (j = i + 1; j < d->part_count && !place_compare(&d->parts[i], &d->parts[j]);
		     j++)
			part_add(&sum, &d->parts[j]);
		if (!diff_part_stays(d->views, &sum))
			json_array_append_new(rows, diff_place_json(d->views, &sum));
	}
}

static void diff_close(struct diff *d)
{
	size_t side, i;

	for (side = 0; side < 2; side++) {
		for (i = 0; i <= d->views[side].p->pool_count; i++)
			free(d->reigns[side][i].items);
		free(d->reigns[side]);
	}
	for (i = 0; i < d->row_count; i++)
		free(d->rows[i].is_of_target);
	free(d->rows);
	free(d->parts);
	targets_free(&d->targets);
}

void diff_effects(const struct view views[2], json_t *rows)
{
	struct diff d = {.views = views};
	struct nest n = {0};
	size_t i;

	targets_make(&d.targets, views, 2);
	for (i = 0; i < 2; i++) {
		d.reigns[i] = policy_alloc(views[i].p->pool_count + 1, sizeof(struct reigns));
		view_nest(&views[i], &n, (uint8_t)i);
	}
	nest_walk(n.entries, n.count, visit, &d);
	nest_free(&n);
	parts_merge(&d);
	for (i = 0; i < d.part_count; i++) {
		if (i && place_compare(&d.parts[i - 1], &d.parts[i]))
			d.place_rows = d.row_count;
		diff_part_effects(&d, &d.parts[i]);
	}
	for (i = 0; i < d.row_count; i++)
		json_array_append_new(rows, diff_row_json(views, &d.targets, &d.rows[i]));
	diff_places(&d, rows);
	diff_close(&d);
}
