// SPDX-License-Identifier: BSD-3-Clause
//
// core/directory.c: what the classes of an image are counted under, from one image to the next, and
// when the tables are full.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/core/directory.h"
#include "image_build.h"

static const struct op25b_clause any_drop = {.sets = OP25B_ANY_SET, .action = ACTION_DROP};
static const struct op25b_clause any_permit = {.sets = OP25B_ANY_SET};

struct host {
	char pool_name[OP25B_POOL_SLOTS][OP25B_MAX_NAME_BYTES];
	uint32_t pool_count;
	struct op25b_stats_stage stage[OP25B_STAGE_SLOTS];
	uint32_t stage_count;
	struct op25b_class classes[OP25B_MAX_CLASSES]; // of the last image
};

static struct directory directory_of(struct host *h)
{
	return (struct directory){h->pool_name, &h->pool_count, h->stage, &h->stage_count};
}

static int start(void **state)
{
	struct host *h = calloc(1, sizeof(*h));
	struct directory d = directory_of(h);

	directory_init(&d);
	*state = h;
	return 0;
}

static int stop(void **state)
{
	free(*state);
	return 0;
}

static uint32_t class_add(struct image_build *b, const char *pool, const char *stage,
			  uint32_t count, enum op25b_origin origin)
{
	uint32_t class_id = image_build_class(b, pool, stage);
	struct op25b_clause clause = any_drop;

	clause.origin = (uint8_t)origin;
	while (count-- > 0)
		image_build_clause(b, class_id, clause);
	return class_id;
}

// Takes up what was built, and ends the builder. Returns the name that does not fit, copied.
static const char *take_up(struct host *h, struct image_build *b)
{
	static char misfit_name[OP25B_MAX_NAME_BYTES];
	struct directory d = directory_of(h);
	struct image_view view;
	const char *misfit;
	size_t bytes;
	void *image = image_build_finish(b, 1, &bytes);

	image_view_init(&view, image);
	memcpy(h->classes, view.classes,
	       image_view_count(&view, SECTION_CLASSES) * sizeof(*h->classes));
	misfit = directory_misfit(&d, &view);
	if (misfit)
		misfit = strcpy(misfit_name, misfit);
	else
		directory_take_up(&d, &view, h->classes);
	free(image);
	image_build_free(b);
	return misfit;
}

static void assert_list(const struct host *h, uint32_t index, const char *pool, const char *stage,
			enum op25b_origin origin, uint32_t first_cell, uint32_t clause_count)
{
	const struct op25b_stats_stage *list = &h->stage[index];

	assert_true(index < h->stage_count);
	assert_string_equal(h->pool_name[list->pool_slot], pool);
	assert_string_equal(list->stage, stage);
	assert_int_equal(list->origin, origin);
	assert_int_equal(list->first_cell, first_cell);
	assert_int_equal(list->clause_count, clause_count);
}

// A pool with a stage, a part of it with an exception, another part in quarantine.
static struct image_build *three_classes(void)
{
	struct image_build *b = image_build_start();
	uint32_t except, quarantine;
	struct op25b_clause clause = any_permit;

	class_add(b, "flets", "block", 2, ORIGIN_STAGE);
	except = image_build_class(b, "flets", "block");
	clause.origin = ORIGIN_EXCEPTION;
	image_build_clause(b, except, clause);
	image_build_clause(b, except, any_drop);
	image_build_clause(b, except, any_drop);
	quarantine = image_build_class(b, "flets", "block");
	clause.origin = ORIGIN_QUARANTINE;
	image_build_clause(b, quarantine, clause);
	clause.origin = ORIGIN_EXCEPTION;
	image_build_clause(b, quarantine, clause);
	image_build_clause(b, quarantine, any_drop);
	image_build_clause(b, quarantine, any_drop);
	return b;
}

static void lists_are_found_by_pool_origin_stage_and_length(void **state)
{
	struct host *h = *state;
	const struct op25b_class *c = h->classes;

	assert_null(take_up(h, three_classes()));
	assert_int_equal(h->pool_count, 2);
	assert_int_equal(h->stage_count, 4);
	assert_list(h, 0, "", "", ORIGIN_STAGE, 0, OP25B_MAX_CLAUSES);
	assert_list(h, 1, "flets", "block", ORIGIN_STAGE, 32, 2);
	assert_list(h, 2, "flets", "", ORIGIN_EXCEPTION, 34, 1);
	assert_list(h, 3, "flets", "", ORIGIN_QUARANTINE, 35, 1);
	assert_int_equal(c[0].stats_slot, 0);
	assert_int_equal(c[1].stats_slot, 1);
	assert_int_equal(c[3].stats_slot, 1);
	// The stage's clauses are the same cells, whatever stands before them.
	assert_int_equal(c[1].clause[0].stats_cell, 32);
	assert_int_equal(c[1].clause[1].stats_cell, 33);
	assert_int_equal(c[2].clause[0].stats_cell, 34);
	assert_int_equal(c[2].clause[1].stats_cell, 32);
	assert_int_equal(c[2].clause[2].stats_cell, 33);
	assert_int_equal(c[3].clause[0].stats_cell, 35);
	assert_int_equal(c[3].clause[1].stats_cell, 34);
	assert_int_equal(c[3].clause[3].stats_cell, 33);
}

static void the_next_image_finds_its_lists_again(void **state)
{
	struct host *h = *state;
	struct image_build *b = image_build_start();

	assert_null(take_up(h, three_classes()));
	class_add(b, "mobile", "block", 2, ORIGIN_STAGE);
	class_add(b, "flets", "limit", 2, ORIGIN_STAGE);
	class_add(b, "flets", "block", 3, ORIGIN_STAGE);
	assert_null(take_up(h, b));
	assert_int_equal(h->pool_count, 3);
	assert_int_equal(h->stage_count, 7);
	assert_list(h, 4, "mobile", "block", ORIGIN_STAGE, 36, 2);
	assert_list(h, 5, "flets", "limit", ORIGIN_STAGE, 38, 2);
	assert_list(h, 6, "flets", "block", ORIGIN_STAGE, 40, 3);
	assert_null(take_up(h, three_classes()));
	assert_int_equal(h->pool_count, 3);
	assert_int_equal(h->stage_count, 7);
	assert_int_equal(h->classes[1].clause[1].stats_cell, 33);
	assert_int_equal(h->classes[3].clause[0].stats_cell, 35);
}

// Pools 1 to count, each with a list of `clauses` clauses.
static struct image_build *many(uint32_t first, uint32_t count, uint32_t pools, uint32_t clauses)
{
	struct image_build *b = image_build_start();
	char pool[16], stage[16];
	uint32_t i;

	for (i = first; i < first + count; i++) {
		snprintf(pool, sizeof(pool), "pool%u", i % pools);
		snprintf(stage, sizeof(stage), "stage%u", i);
		class_add(b, pool, stage, clauses, ORIGIN_STAGE);
	}
	return b;
}

static void further_lists_are_counted_in_slot_0(void **state)
{
	struct host *h = *state;
	uint32_t last = OP25B_STAGE_SLOTS - 1;

	assert_null(take_up(h, many(0, OP25B_STAGE_SLOTS, 100, 1)));
	assert_int_equal(h->stage_count, OP25B_STAGE_SLOTS);
	assert_int_equal(h->classes[last].clause[0].stats_cell, OP25B_MAX_CLAUSES + last - 1);
	assert_int_equal(h->classes[last + 1].clause[0].stats_cell, 0);
	assert_int_equal(h->classes[last + 1].stats_slot, 1 + last % 100);
}

static void without_cells_a_shorter_list_may_still_find_room(void **state)
{
	struct host *h = *state;
	uint32_t fit = OP25B_CLAUSE_CELLS / OP25B_MAX_CLAUSES - 1;
	struct image_build *b;

	b = many(0, fit - 1, 100, OP25B_MAX_CLAUSES);
	class_add(b, "pool0", "longer", 30, ORIGIN_STAGE);
	class_add(b, "pool0", "long", 3, ORIGIN_STAGE);
	class_add(b, "pool0", "short", 2, ORIGIN_STAGE);
	assert_null(take_up(h, b));
	assert_int_equal(h->classes[fit + 1].clause[2].stats_cell, 2);
	assert_int_equal(h->classes[fit + 2].clause[1].stats_cell, OP25B_CLAUSE_CELLS - 1);
	assert_null(take_up(h, many(5000, 1, 100, 1)));
	assert_int_equal(h->classes[1].clause[0].stats_cell, 0);
}

// A name of several classes takes one slot; the first name too many is named, and nothing is added.
static void pool_names_that_do_not_fit_are_named(void **state)
{
	struct host *h = *state;
	uint32_t room = OP25B_POOL_SLOTS - 1;
	struct image_build *b;

	assert_null(take_up(h, many(0, 3 * room, room, 0)));
	assert_int_equal(h->pool_count, OP25B_POOL_SLOTS);
	b = image_build_start();
	image_build_class(b, "pool7", "");
	image_build_class(b, "stranger", "");
	assert_string_equal(take_up(h, b), "stranger");
	assert_int_equal(h->pool_count, OP25B_POOL_SLOTS);
	assert_null(take_up(h, many(0, OP25B_MAX_CLASSES - 1, room, 1)));
	start(state);
	free(h);
	h = *state;
	assert_string_equal(take_up(h, many(0, room + 1, room + 1, 0)), "pool511");
	assert_int_equal(h->pool_count, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lists_are_found_by_pool_origin_stage_and_length),
		TEST(the_next_image_finds_its_lists_again),
		TEST(further_lists_are_counted_in_slot_0),
		TEST(without_cells_a_shorter_list_may_still_find_room),
		TEST(pool_names_that_do_not_fit_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
