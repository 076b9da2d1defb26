// SPDX-License-Identifier: BSD-3-Clause
//
// See directory.h. Plain searches: an image has at most OP25B_MAX_CLASSES classes, and those of one
// pool, which mostly lie together, are searched for once.
#include "directory.h"

#define NO_POOL UINT32_MAX

void directory_init(const struct directory *d)
{
	memset(d->pool_name[0], 0, sizeof(d->pool_name[0]));
	d->stage[0] = (struct op25b_stats_stage){.clause_count = OP25B_MAX_CLAUSES};
	__atomic_store_n(d->pool_count, 1, __ATOMIC_RELEASE);
	__atomic_store_n(d->stage_count, 1, __ATOMIC_RELEASE);
}

static uint32_t find_pool(const struct directory *d, const char *name)
{
	uint32_t i;

	for (i = 0; i < *d->pool_count; i++) {
		if (!strcmp(d->pool_name[i], name))
			return i;
	}
	return NO_POOL;
}

static bool is_among(const char *const *names, uint32_t count, const char *name)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		if (!strcmp(names[i], name))
			return true;
	}
	return false;
}

// A pool may stand in many classes: its name takes one slot.
const char *directory_misfit(const struct directory *d, const struct image_view *view)
{
	const char *added[OP25B_POOL_SLOTS];
	uint32_t i, count = 0, room = OP25B_POOL_SLOTS - *d->pool_count;

	for (i = 0; i < image_view_count(view, SECTION_CLASSES); i++) {
		const char *name = view->names + view->classes[i].name;

		if (i > 0 && view->classes[i].name == view->classes[i - 1].name)
			continue;
		if (find_pool(d, name) != NO_POOL || is_among(added, count, name))
			continue;
		if (count == room)
			return name;
		added[count++] = name;
	}
	return NULL;
}

static void copy_name(char to[OP25B_MAX_NAME_BYTES], const char *name)
{
	memset(to, 0, OP25B_MAX_NAME_BYTES);
	memcpy(to, name, strnlen(name, OP25B_MAX_NAME_BYTES - 1));
}

static uint32_t pool_slot(const struct directory *d, const char *name)
{
	uint32_t slot = find_pool(d, name);

	if (slot != NO_POOL)
		return slot;
	slot = *d->pool_count;
	copy_name(d->pool_name[slot], name);
	__atomic_store_n(d->pool_count, slot + 1, __ATOMIC_RELEASE);
	return slot;
}

static bool is_same_list(const struct op25b_stats_stage *a, const struct op25b_stats_stage *b)
{
	return a->pool_slot == b->pool_slot && a->origin == b->origin &&
	       a->clause_count == b->clause_count && !strcmp(a->stage, b->stage);
}

// First cell of the list; without room for it, that of slot 0.
static uint32_t list_cell(const struct directory *d, struct op25b_stats_stage *list)
{
	uint32_t i, count = *d->stage_count;

	for (i = 1; i < count; i++) {
		if (is_same_list(&d->stage[i], list))
			return d->stage[i].first_cell;
	}
	list->first_cell = d->stage[count - 1].first_cell + d->stage[count - 1].clause_count;
	if (count == OP25B_STAGE_SLOTS ||
	    list->clause_count > OP25B_CLAUSE_CELLS - list->first_cell)
		return d->stage[0].first_cell;
	d->stage[count] = *list;
	__atomic_store_n(d->stage_count, count + 1, __ATOMIC_RELEASE);
	return list->first_cell;
}

// Clauses of one origin lie together.
static uint32_t origin_count(const struct op25b_class *c, uint32_t first)
{
	uint32_t i = first;

	while (i < c->clause_count && c->clause[i].origin == c->clause[first].origin)
		i++;
	return i - first;
}

static void take_clauses(const struct directory *d, const char *stage, struct op25b_class *c)
{
	uint32_t first = 0, i, cell;

	while (first < c->clause_count) {
		struct op25b_stats_stage list = {
			.pool_slot = c->stats_slot,
			.origin = c->clause[first].origin,
			.clause_count = origin_count(c, first),
		};

		if (list.origin == ORIGIN_STAGE)
			copy_name(list.stage, stage);
		cell = list_cell(d, &list);
		for (i = 0; i < list.clause_count; i++)
			c->clause[first + i].stats_cell = cell + i;
		first += list.clause_count;
	}
}

void directory_take_up(const struct directory *d, const struct image_view *view,
		       struct op25b_class *classes)
{
	uint32_t i;

	for (i = 0; i < image_view_count(view, SECTION_CLASSES); i++) {
		struct op25b_class *c = &classes[i];

		if (i > 0 && c->name == c[-1].name)
			c->stats_slot = c[-1].stats_slot;
		else
			c->stats_slot = pool_slot(d, view->names + c->name);
		take_clauses(d, view->names + c->stage, c);
	}
}
