// SPDX-License-Identifier: BSD-3-Clause
//
// A year of op25bd, on the test's clock: a thousand boundaries happen once each and in order,
// whatever becomes of the clock, of op25bd and of its files meanwhile.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon_run.h"
#include "time_life.h"

#define DAY_S 86400
#define BLOCKED "\"port25\":[{\"to\":\"any\",\"do\":\"drop\"}]"
#define HEAD                                                                                       \
	"{\"op25b\":1,\"name\":\"year\",\"tz\":\"Asia/Tokyo\","                                    \
	"\"pools\":{\"flets\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.100.0/24\"]}},"

#define YEAR_EVENTS 1000u
#define YEAR_STAGES 250u // and as many exceptions: each begins and ends

struct year_event {
	int64_t at_s;
	uint32_t kind; // enum policy_event_kind
	uint32_t index;
};

static uint64_t luck = 25;

static uint32_t pick(uint32_t below)
{
	luck = luck * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(luck >> 33) % below;
}

static int compare(const void *a, const void *b)
{
	const struct year_event *x = a, *y = b;

	if (x->at_s != y->at_s)
		return x->at_s < y->at_s ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

// Two moments of the year, on the hour: many of the thousand come together.
static void pick_period(struct year_event *from, uint32_t kind, uint32_t index)
{
	int64_t a = NOON + 3600 * (1 + (int64_t)pick(364 * 24 / 2));

	from[0] = (struct year_event){a, kind, index};
	from[1] =
		(struct year_event){a + 3600 * (1 + (int64_t)pick(364 * 24 / 2)), kind + 1, index};
	// A stage of a pool begins at another moment than all others of it.
	if (kind == EVENT_STAGE_BEGINS) {
		from[0].at_s += index;
		from[1].kind = EVENT_STAGE_ENDS;
	}
}

static size_t print_period(char *text, const struct year_event *from)
{
	char begin[40], end[40];

	time_print(begin, sizeof(begin), from[0].at_s, "UTC");
	time_print(end, sizeof(end), from[1].at_s, "UTC");
	return (size_t)sprintf(text, "\"from\":\"%s\",\"until\":\"%s\",", begin, end);
}

// A policy of a thousand boundaries, and what is to be journalled of it.
static char *make_year(struct year_event events[YEAR_EVENTS])
{
	char *text = malloc(1 << 20);
	size_t used = (size_t)sprintf(text, HEAD "\"stages\":[");
	uint32_t i;

	for (i = 0; i < YEAR_STAGES; i++) {
		struct year_event *e = &events[2 * i];

		pick_period(e, EVENT_STAGE_BEGINS, i);
		used += (size_t)sprintf(text + used, "%s{\"id\":\"s%u\",\"pools\":[\"flets\"],",
					i ? "," : "", i);
		used += print_period(text + used, e);
		used += (size_t)sprintf(text + used, BLOCKED "}");
	}
	used += (size_t)sprintf(text + used, "],\"exceptions\":[");
	for (i = 0; i < YEAR_STAGES; i++) {
		struct year_event *e = &events[2 * (YEAR_STAGES + i)];

		pick_period(e, EVENT_EXCEPTION_BEGINS, i);
		used += (size_t)sprintf(text + used,
					"%s{\"id\":\"x%u\",\"match\":{\"prefix\":"
					"\"198.51.100.%u/32\"},\"do\":\"permit\",",
					i ? "," : "", i, i);
		used += print_period(text + used, e);
		used += (size_t)sprintf(text + used, "\"reason\":\"own server\",\"by\":\"noc\"}");
	}
	sprintf(text + used, "]}");
	qsort(events, YEAR_EVENTS, sizeof(*events), compare);
	return text;
}

static char *expected_events(const struct year_event events[YEAR_EVENTS])
{
	char *text = malloc(YEAR_EVENTS * 40);
	size_t used = (size_t)sprintf(text, "policy_loaded");
	uint32_t i;

	for (i = 0; i < YEAR_EVENTS; i++)
		used += (size_t)sprintf(text + used, " %s:%c%u", policy_event_word(events[i].kind),
					events[i].kind >= EVENT_EXCEPTION_BEGINS ? 'x' : 's',
					events[i].index);
	return text;
}

// The power goes after the events file was written, before state.json was.
static void lose_state(int64_t wall_s)
{
	char path[128], *before;

	snprintf(path, sizeof(path), "%s/state.json", run.dir);
	before = file_read(path);
	time_life_turn(&run.life, wall_s);
	file_write(path, before);
	free(before);
	time_restart(false);
}

// The power goes in the middle of the last line.
static void lose_half_a_line(int64_t wall_s)
{
	char path[128], *text, *state, file[128];
	int64_t before;
	size_t bytes;

	snprintf(path, sizeof(path), "%s/state.json", run.dir);
	snprintf(file, sizeof(file), "%s/%s", run.dir, JOURNAL_FILE);
	state = file_read(path);
	text = file_read(file);
	before = (int64_t)strlen(text);
	free(text);
	time_life_turn(&run.life, wall_s);
	text = file_read(file);
	bytes = strlen(text);
	if ((int64_t)bytes > before) {
		assert_int_equal(truncate(file, (off_t)bytes - 20), 0);
		file_write(path, state);
	}
	free(text);
	free(state);
	time_restart(false);
}

static void jump(int64_t wall_s, int64_t by_s, bool said)
{
	run.box.synchronised = !said;
	time_life_turn(&run.life, wall_s + by_s);
	time_life_turn(&run.life, wall_s + by_s + 1);
	if (pick(2))
		time_restart(pick(2));
	// The time server finds it out.
	run.box.wall_s = wall_s + 2;
	run.box.synchronised = true;
}

static void live_for_a_year(void)
{
	int64_t end_s = NOON + 370 * DAY_S, wall_s = NOON;

	while (wall_s < end_s) {
		uint32_t what = pick(250);

		wall_s += 60 + pick(43200);
		if (what < 5)
			lose_state(wall_s);
		else if (what < 10)
			lose_half_a_line(wall_s);
		else if (what < 20)
			time_restart(what < 15);
		else if (what < 30)
			jump(wall_s, what & 1 ? DAY_S : -DAY_S, what & 2);
		time_life_turn(&run.life, wall_s + 5);
		if (run.box.synchronised)
			assert_true(run.life.clock.latest_s >= wall_s);
		assert_true(candidate_next_event(&run.life.publish.now, run.life.clock.latest_s) ==
			    candidate_next_event(&run.life.publish.now,
						 candidate_time(&run.life.publish.now)));
	}
}

static void a_year_of_a_thousand_boundaries(void **state)
{
	static struct year_event events[YEAR_EVENTS];
	char *text = make_year(events), *want = expected_events(events);

	(void)state;
	time_load(text);
	free(text);
	live_for_a_year();
	time_assert_events(want);
	free(want);
}

// More at one moment than is kept back for a disk that cannot be written.
static void each_of_thousands_at_one_moment_is_told(void **state)
{
	char *text = malloc(1 << 20), *have;
	size_t used = (size_t)sprintf(text, HEAD "\"stages\":[],\"exceptions\":["), i;

	(void)state;
	for (i = 0; i < 3000; i++)
		used += (size_t)sprintf(text + used,
					"%s{\"id\":\"x%zu\",\"match\":{\"prefix\":\"198.51.100."
					"%zu/32\"},\"do\":\"permit\",\"from\":\"2008-03-31\","
					"\"until\":\"2009-01-01\",\"reason\":\"server\","
					"\"by\":\"noc\"}",
					i ? "," : "", i, i % 256);
	sprintf(text + used, "]}");
	time_load(text);
	free(text);
	time_life_turn(&run.life, NOON + 43200);
	have = time_events(run.dir);
	assert_non_null(strstr(have, " exception_begins:x0 "));
	assert_non_null(strstr(have, " exception_begins:x2999"));
	free(have);
}

// What no op25bd has written: damaged, and no reason to refuse loads or to stop the clock.
static const char watched[] =
	HEAD "\"gates\":{\"watched\":{\"check\":\"monitor_ran\",\"stage\":\"watch\",\"days\":14}},"
	     "\"stages\":[{\"id\":\"watch\",\"pools\":[\"flets\"],\"from\":\"always\",\"port25\":["
	     "{\"to\":\"any\",\"do\":\"monitor\",\"as\":\"drop\"}]},{\"id\":\"closed\","
	     "\"pools\":[\"flets\"],\"from\":\"2008-03-31\",\"gate\":\"watched\"," BLOCKED "}]}";

static void a_state_of_other_times_is_not_believed(void **state)
{
#define STATE(generation, at, through, more)                                                       \
	"{\"generation\":" generation ",\"loaded_at\":0,\"at\":" at ",\"source\":\"x\","           \
	"\"policy\":\"year\",\"hash\":\"\",\"through\":" through ",\"boot_id\":\"zz\"," more "}"
#define MOST "9223372036854775807"
#define RUN(since, longest)                                                                        \
	"\"opened\":{},\"runs\":[{\"stage\":\"watch\",\"pool\":\"flets\",\"since\":" since         \
	",\"longest\":" longest ",\"count\":[-1,-1],\"dataplane\":[-1,-1],\"guard\":[-1,-1]}]"
	static const char *const rows[] = {
		STATE(MOST, "5", "5", "\"runs\":[]"),
		STATE("5", MOST, "5", "\"opened\":[]"),
		STATE("5", "-" MOST, "5", "\"opened\":[]"),
		STATE("5", "5", MOST, "\"opened\":[]"),
		STATE("5", "5", "-" MOST, "\"opened\":[]"),
		STATE("5", "5", "5", RUN("-" MOST, "0")),
		STATE("5", "5", "5", RUN("0", MOST)),
		STATE("5", "5", "5",
		      "\"opened\":[{\"stage\":\"closed\",\"from\":1206889200,\"opened\":-1}]"),
	};
	char path[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		time_load(watched);
		time_life_end(&run.life, false);
		snprintf(path, sizeof(path), "%s/state.json", run.dir);
		file_write(path, rows[i]);
		time_life_begin(&run.life, &run.box, run.dir);
		time_life_turn(&run.life, NOON + 86400 + (int64_t)i);
		assert_int_equal(run.life.clock.latest_s, NOON + 86400 + (int64_t)i);
		time_assert_stage("flets", "watch");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TIME_TEST(each_of_thousands_at_one_moment_is_told),
		TIME_TEST(a_state_of_other_times_is_not_believed),
		TIME_TEST(a_year_of_a_thousand_boundaries),
	};

	setvbuf(stdout, NULL, _IONBF, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
