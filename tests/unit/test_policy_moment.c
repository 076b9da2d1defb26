// SPDX-License-Identifier: BSD-3-Clause
//
// When: which stage is in force on a pool at a moment, with holds, ends, waves and gates; the list
// of all that changes by itself; and the next change.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy_help.h"

#define MAX_STAGES 16
#define DROP "\"port25\":[{\"to\":\"any\",\"do\":\"drop\"}]}"

static const char text[] =
	"{\"op25b\":1,\"name\":\"n\",\"tz\":\"Asia/Tokyo\",\"sets\":{\"relay\":[\"203.0.113.25/"
	"32\"]},"
	"\"pools\":{\"p\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.100.0/26\"]},"
	"\"east\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.100.64/26\"]},"
	"\"west\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.100.128/26\"]},"
	"\"gated\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.100.192/26\"]}},"
	"\"gates\":{\"up\":{\"check\":\"tcp\",\"addresses\":[\"203.0.113.25\"],\"port\":587}},"
	"\"stages\":["
	"{\"id\":\"old\",\"pools\":[\"p\"],\"from\":\"always\"," DROP ","
	"{\"id\":\"watch\",\"pools\":[\"p\"],\"from\":\"2026-01-01\",\"until\":\"2026-02-01\","
	"\"port25\":[{\"to\":\"any\",\"do\":\"monitor\",\"as\":\"drop\"}]},"
	"{\"id\":\"inner\",\"pools\":[\"p\"],\"from\":\"2026-04-01\",\"until\":\"2026-05-01\"," DROP
	","
	"{\"id\":\"block\",\"pools\":[\"p\"],\"from\":\"2026-03-01\",\"until\":\"2026-06-01\","
	"\"drain_min\":10," DROP ","
	"{\"id\":\"held\",\"pools\":[\"p\"],\"from\":\"2026-04-10\",\"hold\":true,\"announced\":{"
	"\"not_before\":\"2026-04-10\"}," DROP ","
	"{\"id\":\"undated\",\"pools\":[\"p\"],\"from\":null,\"hold\":true,\"announced\":{"
	"\"not_after\":\"2026-04-10\"}," DROP ","
	"{\"id\":\"roll\",\"waves\":["
	"{\"id\":\"e\",\"pools\":[\"east\"],\"from\":\"2026-01-01\"},"
	"{\"id\":\"w\",\"pools\":[\"west\"],\"from\":\"2026-02-01\"}]," DROP ","
	"{\"id\":\"first\",\"pools\":[\"gated\"],\"from\":\"2026-01-01\",\"gate\":\"up\"," DROP ","
	"{\"id\":\"second\",\"pools\":[\"gated\"],\"from\":\"2026-02-01\"," DROP "],"
	"\"exceptions\":[{\"id\":\"X\",\"match\":{\"prefix\":\"198.51.100.7/"
	"32\"},\"do\":\"permit\","
	"\"from\":\"2026-03-01\",\"until\":\"2026-03-15\",\"reason\":\"r\",\"by\":\"noc\"}],"
	"\"quarantines\":[{\"id\":\"Q\",\"match\":{\"prefix\":\"198.51.100.9/32\"},\"do\":\"drop\","
	"\"from\":\"2026-03-01\",\"until\":\"2026-03-15\",\"reason\":\"r\",\"by\":\"noc\"}]}";

// Of "first": its gate. A time, "never", or NULL: offline.
static const int64_t *opened_at(const struct policy *p, const char *opened,
				int64_t opened_s[MAX_STAGES])
{
	size_t i;

	if (!opened)
		return NULL;
	assert_true(policy_stage_count(p) <= MAX_STAGES);
	for (i = 0; i < policy_stage_count(p); i++) {
		// Stages without gates must not look at theirs.
		opened_s[i] = POLICY_NEVER;
		if (!strcmp(policy_stage(p, i).name, "first") && strcmp(opened, "never"))
			assert_true(time_read(opened, policy_tz(p), &opened_s[i]));
	}
	return opened_s;
}

static const struct {
	const char *pool, *at, *opened;
	const char *stage; // NULL: none
} stage_rows[] = {
	{"p", "2025-12-31T23:59:59", NULL, "old"},
	{"p", "2026-01-01T00:00:00", NULL, "watch"},
	{"p", "2026-01-31T23:59:59", NULL, "watch"},
	{"p", "2026-02-01T00:00:00", NULL, "old"},
	{"p", "2026-02-28T23:59:59", NULL, "old"},
	{"p", "2026-03-01T00:00:00", NULL, "block"},
	{"p", "2026-04-01T00:00:00", NULL, "inner"},
	{"p", "2026-04-30T23:59:59", NULL, "inner"},
	{"p", "2026-05-01T00:00:00", NULL, "block"},
	{"p", "2026-06-01T00:00:00", NULL, "old"},
	{"p", "2099-01-01T00:00:00", NULL, "old"},
	{"p", "2099-01-01T00:00:00", "never", "old"},
	{"east", "2025-12-31T23:59:59", NULL, NULL},
	{"east", "2026-01-01T00:00:00", NULL, "roll.e"},
	{"west", "2026-01-31T23:59:59", NULL, NULL},
	{"west", "2026-02-01T00:00:00", NULL, "roll.w"},
	// Offline the gate is open when the date comes.
	{"gated", "2026-01-01T00:00:00", NULL, "first"},
	{"gated", "2026-01-01T00:00:00", "never", NULL},
	{"gated", "2026-01-31T23:59:59", "never", NULL},
	{"gated", "2026-01-09T23:59:59", "2026-01-10", NULL},
	{"gated", "2026-01-10T00:00:00", "2026-01-10", "first"},
	// Found open before the date: the date counts.
	{"gated", "2025-12-31T23:59:59", "2025-12-01", NULL},
	{"gated", "2026-01-01T00:00:00", "2025-12-01", "first"},
	// The date as announced decides which of two is the later one, not when the gate opened.
	{"gated", "2026-02-01T00:00:00", NULL, "second"},
	{"gated", "2026-02-20T00:00:00", "2026-02-10", "second"},
	{"nowhere", "2026-02-01T00:00:00", NULL, NULL},
};

static void the_stage_of_the_latest_date_is_in_force(void **state)
{
	struct policy *p = must_parse(text);
	int64_t opened_s[MAX_STAGES];
	struct moment m;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(stage_rows); i++) {
		const char *want = stage_rows[i].stage, *got;

		assert_true(time_read(stage_rows[i].at, policy_tz(p), &m.at_s));
		m.opened_s = opened_at(p, stage_rows[i].opened, opened_s);
		got = policy_active_stage(p, stage_rows[i].pool, &m);
		if (!got != !want || (got && strcmp(got, want)))
			fail_msg("row %zu: %s at %s: %s", i, stage_rows[i].pool, stage_rows[i].at,
				 got ? got : "none");
	}
	policy_free(p);
}

// What is compiled is what policy_active_stage() says, pool by pool.
static void images_name_the_stage(void **state)
{
	struct policy *p = must_parse(text);
	int64_t opened_s[MAX_STAGES];
	size_t i, pool;

	(void)state;
	for (i = 0; i < COUNT(stage_rows); i++) {
		struct compile_request r = {.generation = 1, .slots_capacity = UINT64_MAX};
		struct image image;

		assert_true(time_read(stage_rows[i].at, policy_tz(p), &r.moment.at_s));
		r.moment.opened_s = opened_at(p, stage_rows[i].opened, opened_s);
		image = image_of(p, &r);
		for (pool = 1; pool <= 4; pool++) {
			const struct op25b_class *c = &image.view.classes[pool];
			const char *want =
				policy_active_stage(p, image.view.names + c->name, &r.moment);

			assert_string_equal(image.view.names + c->stage, want ? want : "");
		}
		free(image.bytes);
	}
	policy_free(p);
}

static char *events_text(const struct policy *p, const int64_t *opened_s)
{
	size_t i, count, bytes;
	struct policy_event *events = policy_events(p, opened_s, &count);
	char *told, at[64];
	FILE *out = open_memstream(&told, &bytes);

	for (i = 0; i < count; i++) {
		time_print(at, sizeof(at), events[i].at_s, policy_tz(p));
		fprintf(out, "%.16s %s %s\n", at, policy_event_word(events[i].kind),
			events[i].name);
	}
	fclose(out);
	free(events);
	return told;
}

static const char events_of_all[] = "2026-01-01T00:00 stage_begins watch\n"
				    "2026-01-01T00:00 stage_begins roll.e\n"
				    "2026-01-01T00:00 stage_begins first\n"
				    "2026-02-01T00:00 stage_begins roll.w\n"
				    "2026-02-01T00:00 stage_begins second\n"
				    "2026-02-01T00:00 stage_ends watch\n"
				    "2026-03-01T00:00 stage_begins block\n"
				    "2026-03-01T00:00 exception_begins X\n"
				    "2026-03-01T00:00 quarantine_begins Q\n"
				    "2026-03-01T00:10 drain_ends block\n"
				    "2026-03-15T00:00 exception_ends X\n"
				    "2026-03-15T00:00 quarantine_ends Q\n"
				    "2026-04-01T00:00 stage_begins inner\n"
				    "2026-05-01T00:00 stage_ends inner\n"
				    "2026-06-01T00:00 stage_ends block\n";

static void all_that_changes_by_itself_is_listed(void **state)
{
	static const char begins[] = "2026-01-01T00:00 stage_begins first\n";
	struct policy *p = must_parse(text);
	int64_t opened_s[MAX_STAGES];
	const char *at;
	char *told;

	(void)state;
	told = events_text(p, NULL);
	assert_string_equal(told, events_of_all);
	free(told);
	// A gate that is not open: without the stage behind it.
	told = events_text(p, opened_at(p, "never", opened_s));
	at = strstr(events_of_all, begins);
	assert_memory_equal(told, events_of_all, (size_t)(at - events_of_all));
	assert_string_equal(told + (at - events_of_all), at + strlen(begins));
	free(told);
	told = events_text(p, opened_at(p, "2026-01-10T12:00:00", opened_s));
	assert_non_null(strstr(told, "roll.e\n2026-01-10T12:00 stage_begins first\n2026-02-01"));
	free(told);
	policy_free(p);
}

static void a_drain_that_outlasts_its_stage_ends_with_it(void **state)
{
	struct policy *p = must_parse(
		"{\"op25b\":1,\"name\":\"n\",\"pools\":{\"p\":{\"kind\":\"dynamic\",\"v4\":["
		"\"10.0.0.0/24\"]}},\"stages\":[{\"id\":\"s\",\"pools\":[\"p\"],\"from\":"
		"\"2026-01-01\",\"until\":\"2026-01-01T00:10:00\",\"drain_min\":10," DROP "]}");
	char *told = events_text(p, NULL);

	(void)state;
	assert_string_equal(told, "2026-01-01T00:00 stage_begins s\n2026-01-01T00:10 stage_ends "
				  "s\n");
	free(told);
	policy_free(p);
}

static void a_gate_that_opens_too_late_is_of_no_use(void **state)
{
	struct policy *p = must_parse(
		"{\"op25b\":1,\"name\":\"n\",\"pools\":{\"p\":{\"kind\":\"dynamic\",\"v4\":["
		"\"10.0.0.0/24\"]}},\"gates\":{\"up\":{\"check\":\"tcp\",\"addresses\":["
		"\"192.0.2.1\"],\"port\":25}},\"stages\":[{\"id\":\"first\",\"pools\":[\"p\"],"
		"\"from\":\"2026-01-01\",\"until\":\"2026-02-01\",\"gate\":\"up\"," DROP "]}");
	int64_t opened_s[MAX_STAGES];
	char *told = events_text(p, opened_at(p, "2026-01-31T23:59:59", opened_s));

	(void)state;
	assert_string_equal(told, "2026-01-31T23:59 stage_begins first\n2026-02-01T00:00 "
				  "stage_ends first\n");
	free(told);
	told = events_text(p, opened_at(p, "2026-02-01T00:00:00", opened_s));
	assert_string_equal(told, "");
	free(told);
	policy_free(p);
}

// From change to change, one comes to each event's moment once and to no other.
static void the_next_change_is_the_next_event(void **state)
{
	static const char *const opened[] = {NULL, "never", "2026-01-10T12:00:00"};
	struct policy *p = must_parse(text);
	int64_t opened_s[MAX_STAGES], next_s;
	size_t i, j, count;

	(void)state;
	for (i = 0; i < COUNT(opened); i++) {
		struct moment m = {0, opened_at(p, opened[i], opened_s)};
		struct policy_event *events = policy_events(p, m.opened_s, &count);

		for (j = 0; policy_next_change(p, &m, &next_s); m.at_s = next_s) {
			assert_true(j < count);
			assert_int_equal(next_s, events[j].at_s);
			while (j < count && events[j].at_s == next_s)
				j++;
		}
		assert_int_equal(j, count);
		free(events);
	}
	policy_free(p);
}

// A compilation anywhere between two events is the same, and names the first of them.
static void images_change_at_events_and_only_there(void **state)
{
	struct policy *p = must_parse(text);
	size_t i, count;
	struct policy_event *events = policy_events(p, NULL, &count);
	struct image before = {0};

	(void)state;
	for (i = 0; i < count; i++) {
		struct compile_request r = {.moment = {.at_s = events[i].at_s},
					    .generation = 1,
					    .slots_capacity = UINT64_MAX};
		struct image at, late;

		if (i && events[i].at_s == events[i - 1].at_s)
			continue;
		at = image_of(p, &r);
		assert_int_equal(at.view.hdr->policy_time_s, events[i].at_s);
		if (before.bytes)
			assert_true(before.view.hdr->checksum != at.view.hdr->checksum);
		if (policy_next_change(p, &r.moment, &r.moment.at_s))
			r.moment.at_s--;
		else
			r.moment.at_s = events[i].at_s + 86400;
		late = image_of(p, &r);
		assert_int_equal(at.size, late.size);
		assert_memory_equal(at.bytes, late.bytes, at.size);
		free(before.bytes);
		free(late.bytes);
		before = at;
	}
	free(before.bytes);
	free(events);
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_stage_of_the_latest_date_is_in_force),
		cmocka_unit_test(images_name_the_stage),
		cmocka_unit_test(all_that_changes_by_itself_is_listed),
		cmocka_unit_test(a_drain_that_outlasts_its_stage_ends_with_it),
		cmocka_unit_test(a_gate_that_opens_too_late_is_of_no_use),
		cmocka_unit_test(the_next_change_is_the_next_event),
		cmocka_unit_test(images_change_at_events_and_only_there),
	};

	return cmocka_run_group_tests_name("policy moments", tests, NULL, NULL);
}
