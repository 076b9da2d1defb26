// SPDX-License-Identifier: BSD-3-Clause
//
// What state_dir says after a power cut: op25bd begins nothing twice, and takes nothing back.
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

// Noon of 2008-03-30 in Japan; the stage begins twelve hours later.
static const char dated[] =
	"{\"op25b\":1,\"name\":\"dated\",\"tz\":\"Asia/Tokyo\",\"pools\":{\"flets\":{\"kind\":"
	"\"dynamic\",\"v4\":[\"198.51.100.0/24\"]}},\"stages\":[{\"id\":\"block\",\"pools\":["
	"\"flets\"],\"from\":\"2008-03-31\",\"port25\":[{\"to\":\"any\",\"do\":\"drop\"}]}]}";
#define MIDNIGHT (NOON + 43200)

// What a power cut can leave of a line that was being written.
static void zeros_at_the_end_of_the_events_are_no_line(void **state)
{
	char path[128];
	FILE *out;

	(void)state;
	time_load(dated);
	snprintf(path, sizeof(path), "%s/%s", run.dir, JOURNAL_FILE);
	out = fopen(path, "a");
	assert_int_equal(fwrite("\0\0\0\0\n", 1, 5, out), 5);
	fclose(out);
	time_restart(false);
	time_life_turn(&run.life, MIDNIGHT);
	time_assert_events("policy_loaded stage_begins:block");
}

// The power goes between the two files, and the box comes back with a clock that knows nothing.
static void what_was_told_has_begun(void **state)
{
	char path[128], *before;

	(void)state;
	time_load(dated);
	snprintf(path, sizeof(path), "%s/state.json", run.dir);
	before = file_read(path);
	time_life_turn(&run.life, MIDNIGHT);
	file_write(path, before);
	free(before);
	run.box = (struct time_clock){1, false};
	time_restart(false);
	time_assert_stage("flets", "block");
	time_assert_events("policy_loaded stage_begins:block");
}

// state.json and the events are lost, and the clock knows nothing.
static void what_the_image_is_for_has_begun(void **state)
{
	char path[128];

	(void)state;
	time_load(dated);
	time_life_turn(&run.life, MIDNIGHT);
	snprintf(path, sizeof(path), "%s/state.json", run.dir);
	assert_int_equal(unlink(path), 0);
	snprintf(path, sizeof(path), "%s/%s", run.dir, JOURNAL_FILE);
	assert_int_equal(unlink(path), 0);
	run.box = (struct time_clock){1, false};
	time_restart(false);
	time_assert_stage("flets", "block");
}

static void the_events_file_does_not_grow_for_ever(void **state)
{
	char path[128], old[128], *text;
	FILE *out;
	size_t i;

	(void)state;
	time_load(dated);
	snprintf(path, sizeof(path), "%s/%s", run.dir, JOURNAL_FILE);
	snprintf(old, sizeof(old), "%s/%s", run.dir, JOURNAL_OLD_FILE);
	out = fopen(path, "a");
	for (i = 0; i < JOURNAL_MAX_BYTES / 29; i++)
		fputs("{\"event\":\"x\",\"at_s\":1,\"n\":1}\n", out);
	fclose(out);
	time_restart(true);
	time_life_turn(&run.life, MIDNIGHT);
	text = file_read(path);
	assert_non_null(strstr(text, "\"event\":\"stage_begins\""));
	assert_true(strlen(text) < 1000);
	free(text);
	text = file_read(old);
	assert_non_null(strstr(text, "policy_loaded"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TIME_TEST(zeros_at_the_end_of_the_events_are_no_line),
		TIME_TEST(what_was_told_has_begun),
		TIME_TEST(what_the_image_is_for_has_begun),
		TIME_TEST(the_events_file_does_not_grow_for_ever),
	};

	setvbuf(stdout, NULL, _IONBF, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
