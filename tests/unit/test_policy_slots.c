// SPDX-License-Identifier: BSD-3-Clause
//
// Subscriber slots under all that can change around them: nested pools, port sets, and limits and
// holds that outlive every change that is not theirs.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/core/decide.h"
#include "dataplane/core/slots_diff.h"
#include "policy_help.h"

#define HEAD "{\"op25b\":1,\"name\":\"n\","
#define LIMITS                                                                                     \
	"\"limits\":{\"l\":{\"key\":\"prefix\",\"count\":\"tcp_syn\",\"max\":1,\"window_s\":3600," \
	"\"hold_s\":3600}},"
#define LIMIT "\"port25\":[{\"to\":\"any\",\"do\":\"limit\",\"limit\":\"l\"}]}"
#define BIG "\"big\":{\"kind\":\"dynamic\",\"v4\":[\"10.0.0.0/24\"]}"
#define BIG_STAGE "{\"id\":\"s\",\"pools\":[\"big\"],\"from\":\"always\"," LIMIT
#define GRANT(id, prefix, what)                                                                    \
	"{\"id\":\"" id "\",\"match\":{\"prefix\":\"" prefix "\"},\"do\":\"" what                  \
	"\",\"from\":\"2026-01-01\",\"until\":\"2027-01-01\",\"reason\":\"r\",\"by\":\"noc\"}"

static const char plain[] = HEAD "\"pools\":{" BIG "}," LIMITS "\"stages\":[" BIG_STAGE "]}";

// What can become of a policy while 10.0.0.5 is on hold in it.
static const struct {
	const char *sentence, *text;
	bool is_lost; // its hold with it
} changes[] = {
	{"nothing", plain, false},
	{"a pool beside it",
	 HEAD "\"pools\":{\"a\":{\"kind\":\"dynamic\",\"v4\":[\"10.1.0.0/16\"]}," BIG "}," LIMITS
	      "\"stages\":[{\"id\":\"t\",\"pools\":[\"a\"],\"from\":\"always\"," LIMIT "," BIG_STAGE
	      "]}",
	 false},
	{"a pool inside it",
	 HEAD "\"pools\":{\"a\":{\"kind\":\"dynamic\",\"v4\":[\"10.0.0.64/"
	      "26\"],\"within\":[\"big\"]}," BIG "}," LIMITS
	      "\"stages\":[{\"id\":\"t\",\"pools\":[\"a\"],\"from\":\"always\"," LIMIT "," BIG_STAGE
	      "]}",
	 false},
	{"a pool around it",
	 HEAD "\"pools\":{\"a\":{\"kind\":\"dynamic\",\"v4\":[\"10.0.0.0/16\"]},\"big\":{\"kind\":"
	      "\"dynamic\",\"v4\":[\"10.0.0.0/24\"],\"within\":[\"a\"]}}," LIMITS
	      "\"stages\":[{\"id\":\"t\",\"pools\":[\"a\"],\"from\":\"always\"," LIMIT "," BIG_STAGE
	      "]}",
	 false},
	{"infrastructure inside it",
	 HEAD "\"infra\":{\"i\":{\"v4\":[\"10.0.0.4/32\"]}},\"pools\":{" BIG "}," LIMITS
	      "\"stages\":[" BIG_STAGE "]}",
	 false},
	{"an exception for its neighbour",
	 HEAD "\"pools\":{" BIG "}," LIMITS "\"stages\":[" BIG_STAGE
	      "],\"exceptions\":[" GRANT("x", "10.0.0.4/32", "permit") "]}",
	 false},
	{"a quarantine for its neighbour",
	 HEAD "\"pools\":{" BIG "}," LIMITS "\"stages\":[" BIG_STAGE
	      "],\"quarantines\":[" GRANT("q", "10.0.0.6/31", "drop") "]}",
	 false},
	{"an exception for itself, to somewhere else",
	 HEAD "\"sets\":{\"r\":[\"203.0.113.1/32\"]},\"pools\":{" BIG "}," LIMITS
	      "\"stages\":[" BIG_STAGE
	      "],\"exceptions\":[{\"to\":\"r\",\"id\":\"x\",\"match\":{\"prefix\":"
	      "\"10.0.0.5/32\"},\"do\":\"permit\",\"from\":\"2026-01-01\",\"until\":\"2027-01-01\","
	      "\"reason\":\"r\",\"by\":\"noc\"}]}",
	 false},
	{"destinations inside it",
	 HEAD "\"sets\":{\"r\":[\"10.0.0.5/32\",\"10.0.0.0/28\"]},\"pools\":{" BIG "}," LIMITS
	      "\"stages\":[" BIG_STAGE "]}",
	 false},
	{"another stage with the same limit",
	 HEAD "\"pools\":{" BIG "}," LIMITS "\"stages\":[" BIG_STAGE
	      ",{\"id\":\"later\",\"pools\":["
	      "\"big\"],\"from\":\"2026-01-01\"," LIMIT "]}",
	 false},
	{"another key",
	 HEAD
	 "\"pools\":{\"big\":{\"kind\":\"dynamic\",\"v4\":[\"10.0.0.0/24\"],\"v4_key\":31}}," LIMITS
	 "\"stages\":[" BIG_STAGE "]}",
	 true},
	{"another pool's prefix",
	 HEAD "\"pools\":{\"big\":{\"kind\":\"dynamic\",\"v4\":[\"10.0.0.0/25\",\"10.0.0.128/"
	      "25\"]}}," LIMITS "\"stages\":[" BIG_STAGE "]}",
	 true},
};

static const char *reason_now(struct explainer *e, json_t **answer)
{
	const struct explain_request q = {.from = "10.0.0.5", .to = "192.0.2.1", .port = 25};
	struct diag d;

	diag_init(&d, "ask");
	*answer = explainer_ask(e, &q, &d);
	diag_free(&d);
	assert_non_null(*answer);
	return text_of(*answer, "reason");
}

static void expect_reason(struct explainer *e, const char *sentence, const char *want)
{
	json_t *answer;
	const char *got = reason_now(e, &answer);

	if (strcmp(got, want))
		fail_msg("%s: %s", sentence, got);
	json_decref(answer);
}

static void holds_outlive_what_is_not_theirs(void **state)
{
	struct compile_request r = {.generation = 1, .slots_capacity = UINT64_MAX};
	size_t i;

	(void)state;
	assert_true(time_read("2026-06-01", "UTC", &r.moment.at_s));
	for (i = 0; i < COUNT(changes); i++) {
		struct policy *before = must_parse(plain), *after = must_parse(changes[i].text);
		struct explainer *e;
		struct diag d;

		diag_init(&d, changes[i].sentence);
		e = explainer_open(before, &r, &d);
		expect_reason(e, changes[i].sentence, "within_limit");
		expect_reason(e, changes[i].sentence, "limit_over");
		if (!explainer_next(e, after, &d))
			diag_print(&d, stderr);
		assert_false(diag_is_refused(&d));
		expect_reason(e, changes[i].sentence,
			      changes[i].is_lost ? "within_limit" : "limit_held");
		explainer_close(e);
		diag_free(&d);
		policy_free(before);
		policy_free(after);
	}
}

static void no_slot_may_change(void *ctx, uint32_t base, uint32_t count)
{
	fail_msg("at event %zu: %u slots from %u on", *(size_t *)ctx, count, base);
}

// Exceptions, quarantines, stages and waves come and go: nobody's slot moves.
static void no_slot_changes_hands_by_itself(void **state)
{
	static const char *const names[] = {"asama", "lab", "connection_limit", "dual_stack"};
	size_t i, j, count;

	(void)state;
	for (i = 0; i < COUNT(names); i++) {
		struct policy *p = example(names[i]);
		struct policy_event *events = policy_events(p, NULL, &count);
		struct compile_request r = {.generation = 1, .slots_capacity = UINT64_MAX};
		struct image before = image_of(p, &r);

		for (j = 0; j < count; j++) {
			struct image after;

			r.moment.at_s = events[j].at_s;
			r.previous = before.bytes;
			after = image_of(p, &r);
			image_changed_slots(&before.view, &after.view, no_slot_may_change, &j);
			free(before.bytes);
			before = after;
		}
		free(before.bytes);
		free(events);
		policy_free(p);
	}
}

static struct image image_of_text(const char *text, const void *previous)
{
	struct compile_request r = {
		.generation = 1, .slots_capacity = UINT64_MAX, .previous = previous};
	struct policy *p = must_parse(text);
	struct image image = image_of(p, &r);

	policy_free(p);
	return image;
}

static uint32_t slot4(const struct image *image, uint32_t addr, uint16_t port)
{
	return addr_slot(&image->view.addrs[image_view_find4(&image->view, addr)], addr, port);
}

// The outer pool's slots are counted over the inner one's addresses too.
static void nested_pools_keep_their_arithmetic(void **state)
{
	struct image image = image_of_text(changes[2].text, NULL);
	const uint32_t first = slot4(&image, 0x0a000000, 0), inner = slot4(&image, 0x0a000040, 0);

	(void)state;
	assert_int_equal(image.view.hdr->slot_count, 256 + 64);
	assert_int_equal(slot4(&image, 0x0a00003f, 0), first + 63);
	assert_int_equal(slot4(&image, 0x0a00007f, 0), inner + 63);
	assert_int_equal(slot4(&image, 0x0a000080, 0), first + 128);
	assert_int_equal(slot4(&image, 0x0a0000ff, 0), first + 255);
	assert_true(inner >= first + 256 || inner + 64 <= first);
	free(image.bytes);
}

#define PSID_TEXT(psid)                                                                            \
	HEAD "\"pools\":{\"m\":{\"kind\":\"shared\",\"v4\":[\"192.0.2.0/28\"],"                    \
	     "\"v6\":[\"2001:db8::/52\"],\"psid\":{" psid "}}},"                                   \
	     "\"limits\":{\"l\":{\"key\":\"psid\",\"count\":\"tcp_syn\",\"max\":1,\"window_s\":"   \
	     "60}},"                                                                               \
	     "\"stages\":[{\"id\":\"s\",\"pools\":[\"m\"],\"from\":\"always\"," LIMIT "]}"

// The example of RFC 7597 section 5.1, appendix A: offset 6, PSID 0x34 of 8 bits.
static void port_sets_have_slots_of_their_own(void **state)
{
	struct image image = image_of_text(PSID_TEXT("\"offset\":6,\"length\":8"), NULL);
	uint32_t first = slot4(&image, 0xc0000200, 0);

	(void)state;
	assert_int_equal(image.view.hdr->slot_count, 16 * 256 + 16);
	assert_int_equal(slot4(&image, 0xc0000200, 1232), first + 0x34);
	assert_int_equal(slot4(&image, 0xc0000200, 1235), first + 0x34);
	assert_int_equal(slot4(&image, 0xc0000200, 1236), first + 0x35);
	assert_int_equal(slot4(&image, 0xc0000200, 64720), first + 0x34);
	assert_int_equal(slot4(&image, 0xc0000201, 1232), first + 256 + 0x34);
	assert_int_equal(slot4(&image, 0xc000020f, 65535), first + 16 * 256 - 1);
	free(image.bytes);
}

static void count_changed(void *ctx, uint32_t base, uint32_t count)
{
	(void)base;
	*(uint32_t *)ctx += count;
}

static void other_port_sets_mean_other_slots(void **state)
{
	static const struct {
		const char *text;
		uint32_t changed;
	} psid_rows[] = {
		{PSID_TEXT("\"offset\":6,\"length\":8"), 0},
		{PSID_TEXT("\"length\":8"), 0},
		{PSID_TEXT("\"offset\":5,\"length\":8"), 16 * 256},
		{PSID_TEXT("\"offset\":6,\"length\":7"), 16 * 128},
	};
	struct image before = image_of_text(psid_rows[0].text, NULL);
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(psid_rows); i++) {
		struct image after = image_of_text(psid_rows[i].text, before.bytes);
		uint32_t changed = 0;

		image_changed_slots(&before.view, &after.view, count_changed, &changed);
		assert_int_equal(changed, psid_rows[i].changed);
		// Not where others still have theirs.
		assert_int_equal(slot4(&after, 0xc0000200, 0) == slot4(&before, 0xc0000200, 0),
				 !psid_rows[i].changed);
		free(after.bytes);
	}
	free(before.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_outlive_what_is_not_theirs),
		cmocka_unit_test(no_slot_changes_hands_by_itself),
		cmocka_unit_test(nested_pools_keep_their_arithmetic),
		cmocka_unit_test(port_sets_have_slots_of_their_own),
		cmocka_unit_test(other_port_sets_mean_other_slots),
	};

	return cmocka_run_group_tests_name("policy slots", tests, NULL, NULL);
}
