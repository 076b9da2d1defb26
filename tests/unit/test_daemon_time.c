// SPDX-License-Identifier: BSD-3-Clause
//
// op25bd lives by the policy: what is dated happens at its moment, by a clock that can be wrong,
// and status says what is to come.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon_run.h"
#include "dataplane/core/image_view.h"
#include "time_life.h"

#define DAY_S 86400
#define BLOCKED "\"port25\":[{\"to\":\"any\",\"do\":\"drop\"}]"
#define HEAD(name)                                                                                 \
	"{\"op25b\":1,\"name\":\"" name "\",\"tz\":\"Asia/Tokyo\","                                \
	"\"pools\":{\"flets\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.100.0/24\"]}},"

// Noon of 2008-03-30 in Japan; the stage begins twelve hours later.
static const char dated[] = HEAD("dated") "\"stages\":[{\"id\":\"block\",\"pools\":[\"flets\"],"
					  "\"from\":\"2008-03-31\"," BLOCKED "}]}";
#define MIDNIGHT (NOON + 43200)

static void a_stage_begins_at_its_moment(void **state)
{
	struct policy *policy;

	(void)state;
	time_load(dated);
	policy = run.life.publish.now.policy;
	time_life_turn(&run.life, MIDNIGHT - 1);
	time_assert_stage("flets", "");
	time_life_turn(&run.life, MIDNIGHT);
	time_assert_stage("flets", "block");
	time_assert_events("policy_loaded stage_begins:block");
	assert_ptr_equal(run.life.publish.now.policy, policy); // nothing was parsed again
}

static void what_began_meanwhile_is_caught_up(void **state)
{
	char path[128], *text;

	(void)state;
	time_load(dated);
	time_life_end(&run.life, false);
	run.box.wall_s = MIDNIGHT + DAY_S;
	time_life_begin(&run.life, &run.box, run.dir);
	time_assert_stage("flets", "block");
	time_assert_events("policy_loaded stage_begins:block");
	snprintf(path, sizeof(path), "%s/%s", run.dir, JOURNAL_FILE);
	text = file_read(path);
	assert_non_null(strstr(text, "\"caught_up\":true,\"late_s\":86400"));
	free(text);
	time_restart(true);
	time_assert_events("policy_loaded stage_begins:block");
}

static void what_a_new_policy_says_of_the_past_is_no_event(void **state)
{
	(void)state;
	run.box.wall_s = MIDNIGHT + 5;
	time_load(dated);
	time_assert_stage("flets", "block");
	time_assert_events("policy_loaded");
}

// It was due when the operator's load came, and the load keeps it: not lost, and not twice.
static void a_load_at_the_boundary_does_not_swallow_it(void **state)
{
	(void)state;
	time_load(dated);
	run.box.wall_s = MIDNIGHT;
	time_load(dated);
	time_life_turn(&run.life, MIDNIGHT + 1);
	time_assert_events("policy_loaded policy_loaded stage_begins:block");
}

static void a_step_back_takes_nothing_back(void **state)
{
	(void)state;
	time_load(dated);
	time_life_turn(&run.life, MIDNIGHT);
	time_life_turn(&run.life, MIDNIGHT - DAY_S);
	time_assert_stage("flets", "block");
	time_restart(false);
	time_assert_stage("flets", "block");
	time_load(dated);
	time_assert_stage("flets", "block");
	assert_int_equal(clock_lag(&run.life.clock), -DAY_S);
}

static void an_accepted_clock_takes_it_back(void **state)
{
	(void)state;
	time_load(dated);
	time_life_turn(&run.life, MIDNIGHT);
	run.box.wall_s = NOON + 1;
	time_life_accept(&run.life);
	assert_int_equal(run.life.outcome, PUBLISH_IN_FORCE);
	assert_non_null(strstr(run.life.answer, "\"from\":\"2008-03-31T00:00:00+09:00\""));
	assert_non_null(strstr(run.life.answer, "\"to\":\"2008-03-30T12:00:01+09:00\""));
	time_assert_stage("flets", "");
	time_restart(false);
	time_assert_stage("flets", "");
	time_life_turn(&run.life, MIDNIGHT);
	time_assert_stage("flets", "block");
	time_assert_events("policy_loaded stage_begins:block clock_accepted stage_begins:block");
}

static void an_unsynchronised_clock_begins_nothing(void **state)
{
	(void)state;
	time_load(dated);
	time_life_turn(&run.life, NOON + 10);
	run.box.synchronised = false;
	time_life_turn(&run.life, MIDNIGHT + 7);
	time_assert_stage("flets", "");
	assert_int_equal(clock_lag(&run.life.clock), MIDNIGHT + 7 - NOON - 10);
	time_restart(true);
	time_life_turn(&run.life, MIDNIGHT + 8);
	time_assert_stage("flets", "");
	time_load(dated);
	time_assert_stage("flets", "");
	// The operator knows better, this once.
	time_life_accept(&run.life);
	time_assert_stage("flets", "block");
	run.box.synchronised = true;
	time_life_turn(&run.life, MIDNIGHT + 9);
	time_assert_events("policy_loaded policy_loaded stage_begins:block clock_accepted");
}

static void a_clock_that_is_trusted_needs_no_server(void **state)
{
	(void)state;
	run.box.synchronised = false;
	run.life.clock.trusted = true;
	time_load(dated);
	time_life_turn(&run.life, MIDNIGHT);
	time_assert_stage("flets", "block");
}

static void a_first_start_takes_the_clock_it_has(void **state)
{
	json_t *status;

	(void)state;
	run.box.synchronised = false;
	time_load(dated);
	assert_int_equal(candidate_time(&run.life.publish.now), NOON);
	time_life_turn(&run.life, MIDNIGHT);
	time_assert_stage("flets", "");
	status = time_life_status(&run.life);
	assert_false(
		json_is_true(json_object_get(json_object_get(status, "clock"), "synchronised")));
	assert_non_null(
		strstr(json_string_value(json_array_get(json_object_get(status, "warnings"), 1)),
		       "the policy clock stands at 2008-03-30T12:00:00+09:00"));
	json_decref(status);
}

static void a_rehearsal_leaves_no_trace(void **state)
{
	(void)state;
	time_load(dated);
	time_life_end(&run.life, true);
	time_life_begin(&run.life, &run.box, run.dir);
	run.life.clock.frozen_at = "2010-01-01";
	time_load(dated);
	time_assert_stage("flets", "block");
	time_life_accept(&run.life);
	assert_int_equal(run.life.outcome, PUBLISH_BUSY);
	time_restart(true);
	time_assert_stage("flets", "");
	time_assert_events("policy_loaded");
}

// P22: what was typed later has the higher number.
static void an_older_revision_is_refused(void **state)
{
#define REVISED(name, revision, stage)                                                             \
	"{\"op25b\":1,\"name\":\"" name "\"," revision                                             \
	"\"pools\":{\"flets\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.100.0/24\"]}},\"stages\":["   \
	"{\"id\":\"" stage "\",\"pools\":[\"flets\"],\"from\":\"always\"," BLOCKED "}]}"
	static const struct {
		const char *text;
		const char *error; // NULL: it comes into force
	} rows[] = {
		{REVISED("asama", "\"revision\":7,", "block"), NULL},
		{REVISED("asama", "\"revision\":7,", "block"), NULL},
		{REVISED("asama", "\"revision\":7,", "other"),
		 "revision 7 of \\\"asama\\\" is in force with another content"},
		{REVISED("asama", "\"revision\":6,", "block"),
		 "6 is older than revision 7 of \\\"asama\\\", which is in force; 8 or more is"},
		{REVISED("asama", "", "block"),
		 "is missing: of \\\"asama\\\" revision 7 is in force; 8 or more is expected"},
		{REVISED("asama", "\"revision\":9,", "other"), NULL},
		{REVISED("owari", "\"revision\":2,", "block"), NULL},
		{REVISED("owari", "\"revision\":1,", "block"), "1 is older than revision 2"},
		{REVISED("nmtnet", "", "block"), NULL},
		{REVISED("nmtnet", "", "other"), NULL},
		{REVISED("nmtnet", "\"revision\":1,", "block"), NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!rows[i].error) {
			time_load(rows[i].text);
			continue;
		}
		time_life_load(&run.life, rows[i].text);
		assert_int_equal(run.life.outcome, PUBLISH_REFUSED);
		if (!strstr(run.life.answer, rows[i].error))
			print_error("%s\n", run.life.answer);
		assert_non_null(strstr(run.life.answer, rows[i].error));
	}
}

// First subscriber slot of 198.51.100.0/24 in the image in force.
static uint32_t slots_of_flets(void)
{
	struct image_view view;
	uint32_t i;

	image_view_init(&view, run.life.publish.now.image);
	for (i = 0; i < image_view_count(&view, SECTION_PREFIX4); i++) {
		if (view.prefix4[i].addr == 0xc6336400)
			return view.addrs[view.prefix4[i].addr_id].slot_base;
	}
	return OP25B_NO_SLOT;
}

#define LIMITED(more, stages)                                                                      \
	"{\"op25b\":1,\"name\":\"limited\",\"tz\":\"Asia/Tokyo\",\"pools\":{" more                 \
	"\"flets\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.100.0/24\"]}},\"limits\":{\"few\":{"     \
	"\"key\":\"address\",\"count\":\"tcp_syn\",\"max\":3,\"window_s\":60,\"over\":\"drop\"}}," \
	"\"stages\":[" stages "{\"id\":\"limit\",\"pools\":[\"flets\"],\"from\":\"always\","       \
	"\"port25\":[{\"to\":\"any\",\"do\":\"limit\",\"limit\":\"few\"}]}]}"
static const char later_limited[] =
	LIMITED("\"dsl\":{\"kind\":\"dynamic\",\"v4\":[\"192.0.2.0/24\"]},",
		"{\"id\":\"dsl_limit\",\"pools\":[\"dsl\"],\"from\":\"2008-03-31\",\"port25\":["
		"{\"to\":\"any\",\"do\":\"limit\",\"limit\":\"few\"}]},");

// Whoever is on hold stays on hold, whatever begins elsewhere.
static void slots_stay_where_they_are(void **state)
{
	uint32_t slots;

	(void)state;
	time_load(LIMITED("", ""));
	slots = slots_of_flets();
	assert_int_not_equal(slots, OP25B_NO_SLOT);
	time_load(later_limited);
	assert_int_equal(slots_of_flets(), slots);
	time_life_turn(&run.life, MIDNIGHT);
	assert_string_equal(time_life_stage(&run.life, "dsl"), "dsl_limit");
	assert_int_equal(slots_of_flets(), slots);
	time_restart(false);
	assert_int_equal(slots_of_flets(), slots);
	run.box.wall_s = NOON;
	time_life_accept(&run.life);
	assert_string_equal(time_life_stage(&run.life, "dsl"), "");
	assert_int_equal(slots_of_flets(), slots);
}

// One with fewer slots, which gets no policy for that or another reason, holds up nothing.
static void another_dataplane_keeps_no_stage_from_its_moment(void **state)
{
	(void)state;
	time_load(later_limited);
	run.life.publish.dataplane =
		(struct publish_dataplane){.up = true, .slots_capacity = 300, .misfit = "ports"};
	time_life_turn(&run.life, MIDNIGHT);
	time_assert_stage("dsl", "dsl_limit");
}

static void assert_json(json_t *status, const char *key, const char *want)
{
	char *have = json_dumps(json_object_get(status, key), JSON_COMPACT | JSON_ENCODE_ANY);

	assert_string_equal(have, want);
	free(have);
}

static void assert_warned(json_t *status, const char *want)
{
	char *have = json_dumps(json_object_get(status, "warnings"), JSON_COMPACT);

	if (!strstr(have, want))
		print_error("%s\n", have);
	assert_non_null(strstr(have, want));
	free(have);
}

// The row of NMTnet: the announced month has passed, but nobody has set the date.
static void status_shouts_what_is_held_too_long(void **state)
{
	static const char text[] = HEAD(
		"told") "\"revision\":7,\"stages\":["
			"{\"id\":\"block\",\"pools\":[\"flets\"],\"from\":null,\"hold\":true,"
			"\"announced\":{"
			"\"not_before\":\"2008-03-01\",\"not_after\":\"2008-03-31\"}," BLOCKED "},"
			"{\"id\":\"later\",\"pools\":[\"flets\"],\"from\":\"2008-04-02\"," BLOCKED
			"}],"
			"\"exceptions\":[{\"id\":\"X-1\",\"match\":{\"prefix\":\"198.51.100.7/"
			"32\"},"
			"\"do\":\"permit\",\"from\":\"2008-01-01\",\"until\":\"2008-04-02\","
			"\"reason\":\"own server\",\"ticket\":\"NOC-1\",\"by\":\"noc\"},"
			"{\"id\":\"X-2\",\"match\":{\"prefix\":\"198.51.100.8/"
			"32\"},\"do\":\"permit\","
			"\"from\":\"2008-01-01\",\"until\":\"2008-05-02\",\"reason\":\"own "
			"server\","
			"\"by\":\"noc\"}],"
			"\"quarantines\":[{\"id\":\"Q-1\",\"match\":{\"prefix\":\"198.51.100.9/"
			"32\"},"
			"\"do\":\"drop\",\"from\":\"2008-01-01\",\"until\":\"2008-04-03\","
			"\"reason\":\"bot\",\"by\":\"abuse\"}]}";
	json_t *status;

	(void)state;
	time_load(text);
	status = time_life_status(&run.life);
	assert_json(status, "next_change",
		    "{\"at\":\"2008-04-02T00:00:00+09:00\",\"events\":["
		    "{\"kind\":\"stage_begins\",\"name\":\"later\"},"
		    "{\"kind\":\"exception_ends\",\"name\":\"X-1\"}]}");
	assert_json(
		status, "held",
		"[{\"stage\":\"block\",\"why\":\"hold\",\"from\":null,\"announced\":{"
		"\"not_before\":\"2008-03-01T00:00:00+09:00\","
		"\"not_after\":\"2008-04-01T00:00:00+09:00\"},\"overdue\":false,\"gates\":[]}]");
	assert_json(status, "ending",
		    "[{\"kind\":\"exception\",\"id\":\"X-1\",\"until\":"
		    "\"2008-04-02T00:00:00+09:00\",\"reason\":\"own server\",\"by\":\"noc\","
		    "\"ticket\":\"NOC-1\"},{\"kind\":\"quarantine\",\"id\":\"Q-1\",\"until\":"
		    "\"2008-04-03T00:00:00+09:00\",\"reason\":\"bot\",\"by\":\"abuse\","
		    "\"ticket\":null}]");
	json_decref(status);
	time_life_turn(&run.life, MIDNIGHT + DAY_S);
	status = time_life_status(&run.life);
	assert_true(json_is_true(
		json_object_get(json_array_get(json_object_get(status, "held"), 0), "overdue")));
	assert_warned(status, "stage \\\"block\\\" is held, and the time that was announced for it "
			      "ended at 2008-04-01T00:00:00+09:00");
	json_decref(status);
	time_life_turn(&run.life, MIDNIGHT + 20 * DAY_S);
	time_life_turn(&run.life, MIDNIGHT);
	status = time_life_status(&run.life);
	assert_warned(status, "the wall clock is 1728000 s behind the latest moment seen");
	json_decref(status);
}

// state_dir cannot be written: the policy goes on, says so, and writes it all down later.
static void events_wait_for_a_disk(void **state)
{
	char path[128];
	json_t *status;

	(void)state;
	time_load(dated);
	snprintf(path, sizeof(path), "%s/%s", run.dir, JOURNAL_FILE);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("nowhere/at/all", path), 0);
	time_life_turn(&run.life, MIDNIGHT);
	time_assert_stage("flets", "block");
	status = time_life_status(&run.life);
	assert_warned(status, "what begins and ends is in the log only: events.jsonl: ");
	json_decref(status);
	assert_int_equal(unlink(path), 0);
	publish_remember(&run.life.publish);
	time_assert_events("stage_begins:block");
}

static void a_stage_fires_within_a_second(void **state)
{
	struct timespec now;
	char text[1024], when[40];
	int64_t at_s;

	(void)state;
	clock_init(&run.life.clock);
	run.life.clock.trusted = true;
	at_s = time(NULL) + 2;
	time_print(when, sizeof(when), at_s, "UTC");
	snprintf(text, sizeof(text),
		 HEAD("soon") "\"stages\":[{\"id\":\"block\",\"pools\":[\"flets\"],"
			      "\"from\":\"%s\"," BLOCKED "}]}",
		 when);
	time_load(text);
	time_assert_stage("flets", "");
	while (!time_life_stage(&run.life, "flets")[0])
		event_base_loop(run.life.base, EVLOOP_ONCE);
	clock_gettime(CLOCK_REALTIME, &now);
	print_message("in force %.1f ms after its moment\n",
		      (double)(now.tv_sec - at_s) * 1e3 + (double)now.tv_nsec / 1e6);
	assert_true(now.tv_sec >= at_s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TIME_TEST(a_stage_begins_at_its_moment),
		TIME_TEST(what_began_meanwhile_is_caught_up),
		TIME_TEST(what_a_new_policy_says_of_the_past_is_no_event),
		TIME_TEST(a_load_at_the_boundary_does_not_swallow_it),
		TIME_TEST(a_step_back_takes_nothing_back),
		TIME_TEST(an_accepted_clock_takes_it_back),
		TIME_TEST(an_unsynchronised_clock_begins_nothing),
		TIME_TEST(a_clock_that_is_trusted_needs_no_server),
		TIME_TEST(a_first_start_takes_the_clock_it_has),
		TIME_TEST(a_rehearsal_leaves_no_trace),
		TIME_TEST(an_older_revision_is_refused),
		TIME_TEST(slots_stay_where_they_are),
		TIME_TEST(another_dataplane_keeps_no_stage_from_its_moment),
		TIME_TEST(status_shouts_what_is_held_too_long),
		TIME_TEST(events_wait_for_a_disk),
		TIME_TEST(a_stage_fires_within_a_second),
	};

	setvbuf(stdout, NULL, _IONBF, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
