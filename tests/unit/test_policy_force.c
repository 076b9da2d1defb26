// SPDX-License-Identifier: BSD-3-Clause
//
// What applies to whom: infrastructure, quarantines, exceptions, nested pools and each pool's own
// relay, in their precedence and to the second; and that few classes are made of many exceptions.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/core/decide.h"
#include "policy_help.h"

#define GRANT(id, match, what, from, until)                                                        \
	"{\"id\":\"" id "\",\"match\":{" match "},\"do\":\"" what "\",\"from\":\"" from            \
	"\",\"until\":\"" until "\",\"reason\":\"r\",\"by\":\"noc\""

// Pool "big" with "small" in it and "tiny" in that, a customer of each kind, and infrastructure on
// both sides.
static const char
	text[] = "{\"op25b\":1,\"name\":\"n\",\"tz\":\"Asia/Tokyo\","
		 "\"sets\":{\"relay\":[\"203.0.113.25/32\",\"2001:db8:f::25/128\"],"
		 "\"other_relay\":[\"203.0.113.26/32\"],\"wide\":[\"203.0.113.0/24\"]},"
		 "\"infra\":{\"mta\":{\"v4\":[\"203.0.113.32/32\"],\"v6\":[\"2001:db8:f::32/"
		 "128\"]},"
		 "\"probe\":{\"v4\":[\"198.51.100.9/"
		 "32\"],\"side\":\"subscriber\",\"pairs\":[\"west\"]}},"
		 "\"pools\":{"
		 "\"big\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.100.0/"
		 "24\"],\"v6\":[\"2001:db8:1::/48\"],"
		 "\"relay\":\"relay\",\"inbound\":\"drop\"},"
		 "\"small\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.100.128/"
		 "26\"],\"within\":[\"big\"],"
		 "\"relay\":[\"relay\",\"other_relay\"]},"
		 "\"tiny\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.100.160/"
		 "28\"],\"within\":[\"small\"],"
		 "\"relay\":[]},"
		 "\"free\":{\"kind\":\"hosting\",\"v4\":[\"198.51.101.0/24\"]}},"
		 "\"subscribers\":{\"c1\":[\"198.51.100.16/29\",\"2001:db8:1:100::/56\"]},"
		 "\"stages\":["
		 "{\"id\":\"block\",\"pools\":[\"big\",\"small\"],\"from\":\"2026-01-01\","
		 "\"port25\":["
		 "{\"to\":\"own_relay\",\"do\":\"permit\"},{\"to\":\"any\",\"do\":\"drop\"}]},"
		 "{\"id\":\"refuse\",\"pools\":[\"tiny\"],\"from\":\"2026-01-01\",\"port25\":["
		 "{\"to\":\"own_relay\",\"do\":\"permit\"},{\"to\":\"wide\",\"do\":\"monitor\","
		 "\"as\":\"drop\"},"
		 "{\"to\":\"any\",\"do\":\"rst\"}]}],"
		 "\"exceptions\":[" GRANT("one", "\"prefix\":\"198.51.100.7/32\"", "permit",
					  "2026-02-01",
					  "2026-02-02") ",\"to\":[\"192.0.2.25/"
							"32\"]}," GRANT(
								"two",
								"\"prefix\":"
								"\"198.51.100.7/"
								"32\"",
								"permit", "2026-02-01", "2026-02-03") ",\"to\":[\"other_relay\",\"192.0.2.25/32\"]}," GRANT("all", "\"prefix\":\"198.51.100.8/32\"", "permit", "2026-02-01", "2026-02-02") "}," GRANT("who", "\"subscriber\":\"c1\"", "permit", "2026-02-01", "2026-02-02") ",\"to\":[\"192.0.2.64/26\",\"2001:db8:9::/48\"]}," GRANT("outer",
																																														      "\"prefix\":\"198.51.100.128/25\"", "permit", "2026-03-01", "2026-03-02") ",\"to\":[\"192.0.2.99/32\"]}],"
																																																								"\"quarantines\":[" GRANT("q",
																																																											  "\"prefix\":\"198.51.100.8/32\"",
																																																											  "rst",
																																																											  "2026-02-01T12:00:00", "2026-02-02") "}," GRANT("keep",
																																																																	  "\"prefix\":\"198.51.101.0/28\"",
																																																																	  "icmp_admin",
																																																																	  "2026-02-01", "2026-02-02") ",\"keep\":[\"relay\"]}," GRANT("wide",
																																																																								      "\"prefix\":\"198.51.100.128/25\"", "drop", "2026-04-01", "2026-04-02") ",\"keep\":[\"own_relay\"]}," GRANT("narrow",
																																																																																						  "\"prefix\":\"198.51.100.130/32\"", "rst",
																																																																																						  "2026-04-01", "2026-04-02") "}]}";

#define SUB SIDE_SUBSCRIBER
#define NET SIDE_NETWORK

static const struct {
	const char *at;
	uint8_t side;
	const char *from, *to;
	const char *verdict, *reason;
	const char *decides, *found; // NULL: nothing does
	const char *clause;
} rows[] = {
	// The longest prefix says which pool, and each pool has its own relays.
	{"2026-01-02", SUB, "198.51.100.1", "203.0.113.25", "permit", "permit", "clause",
	 "stages.block.port25[0]", "stages.block.port25[0]"},
	{"2026-01-02", SUB, "198.51.100.1", "203.0.113.26", "drop", "blocked", "clause",
	 "stages.block.port25[1]", "stages.block.port25[1]"},
	{"2026-01-02", SUB, "198.51.100.130", "203.0.113.26", "permit", "permit", "clause",
	 "stages.block.port25[0]", "stages.block.port25[0]"},
	// No relay: its clause is for nothing, and the others keep their numbers.
	{"2026-01-02", SUB, "198.51.100.161", "203.0.113.25", "monitor", "would_drop", "clause",
	 "stages.refuse.port25[1]", "stages.refuse.port25[1]"},
	{"2026-01-02", SUB, "198.51.100.161", "192.0.2.1", "rst", "rst", "clause",
	 "stages.refuse.port25[2]", "stages.refuse.port25[2]"},
	{"2026-01-02", SUB, "198.51.100.176", "203.0.113.26", "permit", "permit", "clause",
	 "stages.block.port25[0]", "stages.block.port25[0]"},
	{"2025-12-31", SUB, "198.51.100.161", "192.0.2.1", "permit", "unrestricted", "default",
	 "permit", NULL},
	// An exception, from its first second to its last.
	{"2026-01-31T23:59:59", SUB, "198.51.100.7", "192.0.2.25", "drop", "blocked", "clause",
	 "stages.block.port25[1]", "stages.block.port25[1]"},
	{"2026-02-01", SUB, "198.51.100.7", "192.0.2.25", "permit", "permit", "exception", "two",
	 "exceptions.two"},
	{"2026-02-02T23:59:59", SUB, "198.51.100.7", "192.0.2.25", "permit", "permit", "exception",
	 "two", "exceptions.two"},
	{"2026-02-03", SUB, "198.51.100.7", "192.0.2.25", "drop", "blocked", "clause",
	 "stages.block.port25[1]", "stages.block.port25[1]"},
	// They add up.
	{"2026-02-01", SUB, "198.51.100.7", "203.0.113.26", "permit", "permit", "exception", "two",
	 "exceptions.two"},
	{"2026-02-01", SUB, "198.51.100.7", "203.0.113.25", "permit", "permit", "clause",
	 "stages.block.port25[0]", "stages.block.port25[0]"},
	{"2026-02-01", SUB, "198.51.100.7", "192.0.2.26", "drop", "blocked", "clause",
	 "stages.block.port25[1]", "stages.block.port25[1]"},
	{"2026-02-01", SUB, "198.51.100.6", "192.0.2.25", "drop", "blocked", "clause",
	 "stages.block.port25[1]", "stages.block.port25[1]"},
	{"2026-02-01", SUB, "198.51.100.8", "192.0.2.1", "permit", "permit", "exception", "all",
	 "exceptions.all"},
	// By the customer's name: both families.
	{"2026-02-01", SUB, "198.51.100.17", "192.0.2.64", "permit", "permit", "exception", "who",
	 "exceptions.who"},
	{"2026-02-01", SUB, "2001:db8:1:1ff::1", "2001:db8:9::1", "permit", "permit", "exception",
	 "who", "exceptions.who"},
	{"2026-02-01", SUB, "2001:db8:1:200::1", "2001:db8:9::1", "drop", "blocked", "clause",
	 "stages.block.port25[1]", "stages.block.port25[1]"},
	// Answers and inbound mail follow the exception.
	{"2026-02-01", NET, "192.0.2.25", "198.51.100.7", "permit", "inbound", NULL, NULL, NULL},
	{"2026-02-01", NET, "192.0.2.26", "198.51.100.7", "drop", "inbound_drop", NULL, NULL, NULL},
	// A destination that nobody lives at is believed on the network's side only, for as long.
	{"2026-01-02", SUB, "192.0.2.25", "192.0.2.1", "permit", "no_pool", "default", "permit",
	 NULL},
	{"2026-02-01", SUB, "192.0.2.25", "192.0.2.1", "drop", "src_spoofed", NULL, NULL, NULL},
	// A quarantine is before an exception, from its first second to its last.
	{"2026-02-01T11:59:59", SUB, "198.51.100.8", "192.0.2.1", "permit", "permit", "exception",
	 "all", "exceptions.all"},
	{"2026-02-01T12:00:00", SUB, "198.51.100.8", "192.0.2.1", "rst", "rst", "quarantine", "q",
	 "quarantines.q"},
	{"2026-02-01T12:00:00", SUB, "198.51.100.8", "203.0.113.25", "rst", "rst", "quarantine",
	 "q", "quarantines.q"},
	{"2026-02-02", SUB, "198.51.100.8", "192.0.2.1", "drop", "blocked", "clause",
	 "stages.block.port25[1]", "stages.block.port25[1]"},
	// In a pool that has no stage.
	{"2026-02-01", SUB, "198.51.101.1", "192.0.2.1", "icmp_admin", "icmp_admin", "quarantine",
	 "keep", "quarantines.keep"},
	{"2026-02-01", SUB, "198.51.101.1", "203.0.113.25", "permit", "permit", "quarantine",
	 "keep", "quarantines.keep"},
	{"2026-02-01", SUB, "198.51.101.16", "192.0.2.1", "permit", "unrestricted", "default",
	 "permit", NULL},
	// What is for a larger prefix is for the pools in it as well.
	{"2026-03-01", SUB, "198.51.100.130", "192.0.2.99", "permit", "permit", "exception",
	 "outer", "exceptions.outer"},
	{"2026-03-01", SUB, "198.51.100.161", "192.0.2.99", "permit", "permit", "exception",
	 "outer", "exceptions.outer"},
	{"2026-03-01", SUB, "198.51.100.161", "192.0.2.98", "rst", "rst", "clause",
	 "stages.refuse.port25[2]", "stages.refuse.port25[2]"},
	{"2026-03-01", SUB, "198.51.100.1", "192.0.2.99", "drop", "blocked", "clause",
	 "stages.block.port25[1]", "stages.block.port25[1]"},
	// Of two quarantines that of the longer prefix; own relays are those of the pool.
	{"2026-04-01", SUB, "198.51.100.131", "203.0.113.26", "permit", "permit", "quarantine",
	 "wide", "quarantines.wide"},
	{"2026-04-01", SUB, "198.51.100.200", "203.0.113.26", "drop", "blocked", "quarantine",
	 "wide", "quarantines.wide"},
	{"2026-04-01", SUB, "198.51.100.200", "203.0.113.25", "permit", "permit", "quarantine",
	 "wide", "quarantines.wide"},
	{"2026-04-01", SUB, "198.51.100.161", "203.0.113.25", "drop", "blocked", "quarantine",
	 "wide", "quarantines.wide"},
	{"2026-04-01", SUB, "198.51.100.130", "203.0.113.25", "rst", "rst", "quarantine", "narrow",
	 "quarantines.narrow"},
	// Infrastructure, where it lives and where it does not.
	{"2026-01-02", SUB, "198.51.100.9", "192.0.2.1", "permit", "infra", "infra", "probe", NULL},
	{"2026-01-02", NET, "203.0.113.32", "198.51.100.1", "permit", "infra", "infra", "mta",
	 NULL},
	{"2026-01-02", NET, "2001:db8:f::32", "2001:db8:1::1", "permit", "infra", "infra", "mta",
	 NULL},
	{"2026-01-02", SUB, "203.0.113.32", "192.0.2.1", "drop", "src_spoofed", "infra", "mta",
	 NULL},
	{"2026-01-02", NET, "203.0.113.33", "198.51.100.1", "drop", "inbound_drop", NULL, NULL,
	 NULL},
	{"2026-01-02", NET, "192.0.2.1", "198.51.100.9", "permit", "inbound", NULL, NULL, NULL},
	// As a destination it is what the sets say of it.
	{"2026-01-02", SUB, "198.51.100.161", "203.0.113.32", "monitor", "would_drop", "clause",
	 "stages.refuse.port25[1]", "stages.refuse.port25[1]"},
};

static void same(const char *what, size_t row, const char *got, const char *want)
{
	if (!got != !want || (got && strcmp(got, want)))
		fail_msg("row %zu: %s is %s", row, what, got ? got : "null");
}

static void the_precedence_holds(void **state)
{
	struct policy *p = must_parse(text);
	size_t i, j, deciders;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct explain_request q = {
			.from = rows[i].from, .to = rows[i].to, .port = 25, .side = rows[i].side};
		json_t *answer = explain_question(p, &q, rows[i].at, NULL, 0);
		const json_t *level, *decider = NULL;

		assert_non_null(answer);
		same("verdict", i, text_of(answer, "verdict"), rows[i].verdict);
		same("reason", i, text_of(answer, "reason"), rows[i].reason);
		same("clause", i, text_of(answer, "clause"), rows[i].clause);
		deciders = 0;
		json_array_foreach(json_object_get(answer, "chain"), j, level)
		{
			if (!json_is_true(json_object_get(level, "decides")))
				continue;
			decider = level;
			deciders++;
		}
		assert_true(deciders <= 1);
		same("decider", i, decider ? text_of(decider, "level") : NULL, rows[i].decides);
		if (decider)
			same("found", i, text_of(decider, "found"), rows[i].found);
		json_decref(answer);
	}
	policy_free(p);
}

// Where it lives is one pair: behind another it is not believed.
static void infrastructure_of_a_pair_is_believed_there(void **state)
{
	static const char *const pairs[] = {"east", "west"};
	struct explain_request q = {
		.from = "198.51.100.9", .to = "192.0.2.1", .port = 25, .pair = "east"};
	struct policy *p = must_parse(text);
	json_t *answer = explain_question(p, &q, "2026-01-02", pairs, 2);

	(void)state;
	same("reason", 0, text_of(answer, "reason"), "src_spoofed");
	assert_non_null(strstr(text_of(answer, "sentence"),
			       "198.51.100.9 is infrastructure \"probe\", which lives behind "
			       "\"west\"; behind another pair it is not believed."));
	json_decref(answer);
	q.pair = NULL;
	answer = explain_question(p, &q, "2026-01-02", pairs, 2);
	same("reason", 1, text_of(answer, "reason"), "infra");
	same("pair", 1, text_of(answer, "pair"), "west");
	json_decref(answer);
	policy_free(p);
}

static struct image image_at(const struct policy *p, const char *at)
{
	struct compile_request r = {.generation = 1, .slots_capacity = UINT64_MAX};

	assert_true(time_read(at, policy_tz(p), &r.moment.at_s));
	return image_of(p, &r);
}

static void classes_stand_in_their_order(void **state)
{
	static const char *const names[] = {"", "big", "small", "tiny", "free", "", "mta", "probe"};
	struct policy *p = must_parse(text);
	struct image image = image_at(p, "2026-01-02");
	size_t i;

	(void)state;
	assert_int_equal(image_view_count(&image.view, SECTION_CLASSES), COUNT(names));
	for (i = 0; i < COUNT(names); i++)
		assert_string_equal(image.view.names + image.view.classes[i].name, names[i]);
	assert_int_equal(image.view.classes[6].pairs, 0);
	assert_int_equal(image.view.classes[6].knobs, KNOB_INFRA);
	assert_int_equal(image.view.classes[7].pairs, 1);
	assert_int_equal(image.view.hdr->set_count, 3);
	free(image.bytes);
	// Lists have bits while an exception that names them is in force; equal ones share one.
	image = image_at(p, "2026-02-01");
	assert_int_equal(image.view.hdr->set_count, 3 + 2);
	free(image.bytes);
	policy_free(p);
}

// Who may reach the same is alike: 10,000 exceptions of four kinds in one pool.
static void many_exceptions_share_few_classes(void **state)
{
	static const char *const to[] = {"\"any\"", "\"relay\"", "[\"relay\",\"192.0.2.1/32\"]",
					 "[\"192.0.2.2/32\",\"192.0.2.1/32\"]"};
	char *many;
	size_t bytes, i;
	FILE *out = open_memstream(&many, &bytes);
	struct policy *p;
	struct image image;

	(void)state;
	fprintf(out, "{\"op25b\":1,\"name\":\"n\",\"sets\":{\"relay\":[\"203.0.113.25/32\"]},"
		     "\"pools\":{\"p\":{\"kind\":\"dynamic\",\"v4\":[\"10.0.0.0/16\"]}},"
		     "\"stages\":[],\"exceptions\":[");
	for (i = 0; i < 10000; i++)
		fprintf(out,
			"%s" GRANT("x%zu", "\"prefix\":\"10.0.%zu.%zu/32\"", "permit", "2026-01-01",
				   "2026-01-02") ",\"to\":%s}",
			i ? "," : "", i, i / 256, i % 256, to[i % COUNT(to)]);
	fputs("]}", out);
	fclose(out);
	p = must_parse(many);
	image = image_at(p, "2026-01-01");
	assert_int_equal(image_view_count(&image.view, SECTION_CLASSES), 3 + COUNT(to));
	assert_int_equal(image.view.hdr->set_count, 3);
	free(image.bytes);
	// When all have ended, nothing is left of them.
	image = image_at(p, "2026-01-02");
	assert_int_equal(image_view_count(&image.view, SECTION_CLASSES), 3);
	assert_int_equal(image_view_count(&image.view, SECTION_PREFIX4), 2);
	assert_int_equal(image.view.hdr->set_count, 1);
	free(image.bytes);
	free(many);
	policy_free(p);
}

// A policy with this many exceptions in one pool, each of a kind of its own: every choice of 13
// sets. Those from the `late`th on begin later_day; all of before end before_day. NULL: refused, as
// error says.
static struct policy *kinds_of(uint32_t kinds, uint32_t late, const char *before_day,
			       const char *later_day, char error[256])
{
	char *text_of_kinds;
	size_t bytes;
	FILE *out = open_memstream(&text_of_kinds, &bytes);
	struct policy *p;
	struct diag d;
	uint32_t i, j;

	fprintf(out, "{\"op25b\":1,\"name\":\"n\",\"sets\":{");
	for (i = 0; i < 13; i++)
		fprintf(out, "%s\"s%u\":[\"192.0.2.%u/32\"]", i ? "," : "", i, i);
	fprintf(out, "},\"pools\":{\"p\":{\"kind\":\"dynamic\",\"v4\":[\"10.0.0.0/16\"]}},"
		     "\"stages\":[],\"exceptions\":[");
	for (i = 1; i <= kinds; i++) {
		const char *comma = "";

		fprintf(out,
			"%s" GRANT("x%u", "\"prefix\":\"10.0.%u.%u/32\"", "permit", "%s",
				   "%s") ",\"to\":[",
			i > 1 ? "," : "", i, i / 256, i % 256, i < late ? "2026-01-01" : later_day,
			i < late ? before_day : "2027-01-01");
		for (j = 0; j < 13; j++) {
			if (!(i >> j & 1))
				continue;
			fprintf(out, "%s\"s%u\"", comma, j);
			comma = ",";
		}
		fputs("]}", out);
	}
	fputs("]}", out);
	fclose(out);
	diag_init(&d, "kinds");
	p = policy_parse(text_of_kinds, bytes, &d);
	snprintf(error, 256, "%s", p ? "" : d.rows[0].text);
	diag_free(&d);
	free(text_of_kinds);
	return p;
}

#define MOST_KINDS (OP25B_MAX_CLASSES - 3)

static void each_kind_of_exception_has_its_class(void **state)
{
	char error[256];
	struct policy *p = kinds_of(MOST_KINDS, MOST_KINDS + 1, "2026-02-01", "2026-01-01", error);
	struct image image;
	uint32_t i;

	(void)state;
	assert_non_null(p);
	image = image_at(p, "2026-01-01");
	assert_int_equal(image_view_count(&image.view, SECTION_CLASSES), OP25B_MAX_CLASSES);
	for (i = 1; i <= MOST_KINDS; i++) {
		const struct op25b_addr *a =
			&image.view.addrs[image_view_find4(&image.view, 0x0a000000 + i)];

		assert_int_equal(image.view.classes[a->class_id].clause[0].sets, i);
	}
	free(image.bytes);
	policy_free(p);
}

// A policy whose classes do not fit at some moment is refused when it is loaded.
static void too_many_kinds_at_one_moment_are_refused(void **state)
{
	static const struct {
		uint32_t kinds, late;
		const char *before_day, *later_day;
		const char *error;
	} kind_rows[] = {
		{MOST_KINDS + 1, MOST_KINDS + 2, "2026-02-01", "2026-01-01",
		 "need 4097 classes of addresses at 2026-01-01T00:00:00+00:00, at most 4096 are "
		 "allowed; customers of one pool whose exceptions name the same destinations share "
		 "one"},
		{8000, 4001, "2026-02-01", "2026-02-01", ""},
		{8000, 4001, "2026-02-01", "2026-01-31T23:59:59",
		 "need 8003 classes of addresses at 2026-01-31T23:59:59+00:00, at most 4096 are "
		 "allowed; customers of one pool whose exceptions name the same destinations share "
		 "one"},
	};
	char error[256];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(kind_rows); i++) {
		struct policy *p = kinds_of(kind_rows[i].kinds, kind_rows[i].late,
					    kind_rows[i].before_day, kind_rows[i].later_day, error);

		assert_string_equal(error, kind_rows[i].error);
		policy_free(p);
	}
}

// Whose destination cannot be believed is judged by the strictest clause that can be met.
static void a_clause_for_nothing_is_not_the_strictest(void **state)
{
	struct policy *p = must_parse(
		"{\"op25b\":1,\"name\":\"n\",\"sets\":{\"r\":[\"192.0.2.1/32\"]},\"pools\":{"
		"\"a\":{\"kind\":\"dynamic\",\"v4\":[\"10.0.0.0/24\"],\"relay\":[]},"
		"\"b\":{\"kind\":\"dynamic\",\"v4\":[\"10.0.1.0/24\"],\"relay\":\"r\"}},"
		"\"stages\":[{\"id\":\"s\",\"pools\":[\"a\",\"b\"],\"from\":\"always\",\"port25\":["
		"{\"to\":\"own_relay\",\"do\":\"drop\"},{\"to\":\"any\",\"do\":\"monitor\",\"as\":"
		"\"drop\"}]}]}");
	struct image image = image_at(p, "2026-01-01");

	(void)state;
	assert_int_equal(image.view.classes[1].clause[0].sets, 0);
	assert_int_equal(image.view.classes[1].detour_clause, 1);
	assert_int_equal(image.view.classes[2].clause[0].sets, 1);
	assert_int_equal(image.view.classes[2].detour_clause, 0);
	free(image.bytes);
	policy_free(p);
}

#define LENIENT (KNOB_PASS_EH_LIMIT | KNOB_PASS_FRAG_CHAIN)

// And what the pool lets pass in doubt does not leave a quarantine open.
static void draining_is_a_matter_of_the_stage(void **state)
{
	static const char drained[] =
		"{\"op25b\":1,\"name\":\"n\",\"pools\":{\"p\":{\"kind\":\"dynamic\",\"v4\":["
		"\"10.0.0.0/24\"],\"eh_limit\":\"pass\",\"frag_chain\":\"pass\",\"inbound\":"
		"\"drop\"}},\"stages\":[{\"id\":\"s\",\"pools\":[\"p\"],\"from\":"
		"\"2026-01-01\",\"drain_min\":10,\"port25\":[{\"to\":\"any\",\"do\":\"drop\"}]}],"
		"\"exceptions\":[" GRANT("x", "\"prefix\":\"10.0.0.1/32\"", "permit", "2025-01-01",
					 "2027-01-01") ",\"to\":\"192.0.2.1/32\"}],"
						       "\"quarantines\":[" GRANT(
							       "q", "\"prefix\":\"10.0.0.2/32\"",
							       "drop", "2025-01-01",
							       "2027-01-01") "}]}";
	static const struct {
		const char *at;
		uint8_t pool, excepted, quarantined; // knobs
	} drain_rows[] = {
		{"2025-12-31T23:59:59", 0, 0, 0},
		{"2026-01-01T00:00:00", KNOB_DRAIN, KNOB_DRAIN, 0},
		{"2026-01-01T00:09:59", KNOB_DRAIN, KNOB_DRAIN, 0},
		{"2026-01-01T00:10:00", 0, 0, 0},
	};
	struct policy *p = must_parse(drained);
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(drain_rows); i++) {
		struct image image = image_at(p, drain_rows[i].at);

		assert_int_equal(image.view.classes[1].knobs,
				 drain_rows[i].pool | LENIENT | KNOB_DROP_INBOUND);
		assert_int_equal(image.view.classes[3].knobs,
				 drain_rows[i].excepted | LENIENT | KNOB_DROP_INBOUND);
		assert_int_equal(image.view.classes[4].knobs,
				 drain_rows[i].quarantined | KNOB_DROP_INBOUND);
		free(image.bytes);
	}
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_precedence_holds),
		cmocka_unit_test(infrastructure_of_a_pair_is_believed_there),
		cmocka_unit_test(classes_stand_in_their_order),
		cmocka_unit_test(many_exceptions_share_few_classes),
		cmocka_unit_test(each_kind_of_exception_has_its_class),
		cmocka_unit_test(too_many_kinds_at_one_moment_are_refused),
		cmocka_unit_test(a_clause_for_nothing_is_not_the_strictest),
		cmocka_unit_test(draining_is_a_matter_of_the_stage),
	};

	return cmocka_run_group_tests_name("policy in force", tests, NULL, NULL);
}
