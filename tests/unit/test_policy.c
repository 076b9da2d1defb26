// SPDX-License-Identifier: BSD-3-Clause
//
// Policies as text: the examples of policies/, times, the canonical print, the order of stages,
// warnings.
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy_help.h"

#define MIN_EXAMPLES 6

static void print_is_stable(struct policy *p)
{
	char *first = policy_print(p), *second;
	struct policy *again = must_parse(first);

	second = policy_print(again);
	assert_string_equal(first, second);
	assert_string_equal(policy_name(p), policy_name(again));
	policy_free(again);
	free(first);
	free(second);
}

static void every_example_parses_and_prints_the_same_twice(void **state)
{
	glob_t found;
	size_t i;

	(void)state;
	assert_int_equal(glob(POLICIES_DIR "/*.json", 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= MIN_EXAMPLES);
	for (i = 0; i < found.gl_pathc; i++) {
		struct policy *p = must_read(found.gl_pathv[i]);

		print_is_stable(p);
		policy_free(p);
	}
	globfree(&found);
}

// Everything that print has to bring into one spelling.
static void print_is_canonical(void **state)
{
	static const char text[] =
		"{\"x-b\":1,\"stages\":[{\"x-why\":{\"b\":[1,{\"d\":0.1,\"c\":2}],\"a\":null},"
		"\"port25\":[{\"do\":\"drop\",\"to\":\"any\"}],\"from\":\"2008-03-31\","
		"\"pools\":[\"p\"],\"id\":\"s\"},"
		"{\"id\":\"t\",\"pools\":[\"p\"],\"from\":\"2008-03-31T00:00:00Z\",\"port25\":"
		"[{\"to\":[\"b\",\"a\"],\"do\":\"monitor\",\"as\":\"icmp_admin\"}]}],"
		"\"_a\":\"\xe6\x97\xa5\",\"pools\":{\"_n\":0,\"p\":{\"inbound\":\"drop\","
		"\"unknown_proto\":\"drop\",\"frag_chain\":\"pass\",\"eh_limit\":\"drop\","
		"\"pairs\":[\"b\",\"a\"],\"v6\":[\"2001:DB8:0::/40\"],"
		"\"v4\":[],\"kind\":\"dynamic\"}},\"softwires\":[\"2001:DB8:B::1/128\","
		"\"2001:0DB8:A::/64\"],\"sets\":{\"b\":[],\"a\":[\"2001:0DB8::25/"
		"128\"]},"
		"\"tz\":\"Asia/Tokyo\",\"name\":\"n\",\"op25b\":1}";
	static const char want[] =
		"{\n  \"op25b\": 1,\n  \"name\": \"n\",\n  \"tz\": \"Asia/Tokyo\",\n"
		"  \"sets\": {\n    \"b\": [],\n    \"a\": [\n      \"2001:db8::25/128\"\n    ]\n  "
		"},\n"
		"  \"softwires\": [\n    \"2001:db8:b::1/128\",\n    \"2001:db8:a::/64\"\n  ],\n"
		"  \"pools\": {\n    \"p\": {\n      \"kind\": \"dynamic\",\n      \"v4\": [],\n"
		"      \"v6\": [\n        \"2001:db8::/40\"\n      ],\n"
		"      \"pairs\": [\n        \"b\",\n        \"a\"\n      ],\n"
		"      \"eh_limit\": \"drop\",\n      \"frag_chain\": \"pass\",\n"
		"      \"unknown_proto\": \"drop\",\n      \"inbound\": \"drop\"\n    },\n    "
		"\"_n\": 0\n  },\n"
		"  \"stages\": [\n    {\n      \"id\": \"s\",\n      \"pools\": [\n        \"p\"\n"
		"      ],\n      \"from\": \"2008-03-31T00:00:00+09:00\",\n      \"port25\": [\n"
		"        {\n          \"to\": \"any\",\n          \"do\": \"drop\"\n        }\n    "
		"  ],\n"
		"      \"x-why\": {\n        \"a\": null,\n        \"b\": [\n          1,\n"
		"          {\n            \"c\": 2,\n            \"d\": 0.10000000000000001\n"
		"          }\n        ]\n      }\n    },\n"
		"    {\n      \"id\": \"t\",\n      \"pools\": [\n        \"p\"\n      ],\n"
		"      \"from\": \"2008-03-31T09:00:00+09:00\",\n      \"port25\": [\n        {\n"
		"          \"to\": [\n            \"b\",\n            \"a\"\n          ],\n"
		"          \"do\": \"monitor\",\n          \"as\": \"icmp_admin\"\n        }\n     "
		" ]\n"
		"    }\n  ],\n  \"_a\": \"\xe6\x97\xa5\",\n  \"x-b\": 1\n}\n";
	struct policy *p = must_parse(text);
	char *have = policy_print(p);

	(void)state;
	assert_string_equal(have, want);
	print_is_stable(p);
	free(have);
	policy_free(p);
}

static void times_are_read_and_printed(void **state)
{
	static const struct {
		const char *text, *tz;
		int64_t want_s; // -1: refused
		const char *printed;
	} rows[] = {
		{"2008-03-31T00:00:00+09:00", "UTC", 1206889200, "2008-03-30T15:00:00+00:00"},
		{"2008-03-31", "Asia/Tokyo", 1206889200, "2008-03-31T00:00:00+09:00"},
		{"2008-03-31T12:00:00", "Asia/Tokyo", 1206932400, "2008-03-31T12:00:00+09:00"},
		{"2008-03-30T15:00:00Z", "Asia/Tokyo", 1206889200, "2008-03-31T00:00:00+09:00"},
		{"2008-03-30T15:00:00-00:00", "UTC", 1206889200, "2008-03-30T15:00:00+00:00"},
		{"2008-02-29", "UTC", 1204243200, "2008-02-29T00:00:00+00:00"},
		// The clock goes from 02:00 to 03:00 that night, and in autumn from 03:00 to 02:00:
		// the hour that comes twice is the first of the two.
		{"2008-03-30T01:59:59", "Europe/Berlin", 1206838799, "2008-03-30T01:59:59+01:00"},
		{"2008-03-30T02:30:00", "Europe/Berlin", -1, NULL},
		{"2008-03-30T03:00:00", "Europe/Berlin", 1206838800, "2008-03-30T03:00:00+02:00"},
		{"2008-10-26T02:30:00", "Europe/Berlin", 1224981000, "2008-10-26T02:30:00+02:00"},
		{"2008-10-26T03:00:00", "Europe/Berlin", 1224986400, "2008-10-26T03:00:00+01:00"},
		{"2008-01-01", "America/New_York", 1199163600, "2008-01-01T00:00:00-05:00"},
		{"2008-01-01", "Asia/Kathmandu", 1199124900, "2008-01-01T00:00:00+05:45"},
		// Liberia was 44 minutes 30 seconds behind.
		{"1971-01-01T00:00:00Z", "Africa/Monrovia", 31536000, "1970-12-31T23:16:00-00:44"},
		{"2007-02-29", "UTC", -1, NULL},
		{"2008-00-10", "UTC", -1, NULL},
		{"2008-01-00", "UTC", -1, NULL},
		{"2008-01-01T00:00:00+09:60", "UTC", -1, NULL},
		{"2008-01-01T00:00:00+09:00x", "UTC", -1, NULL},
		{"2008-01-01T", "UTC", -1, NULL},
		{"2008-01-01Z", "UTC", -1, NULL},
		{" 2008-01-01", "UTC", -1, NULL},
		{"+008-01-01", "UTC", -1, NULL},
	};
	char buf[64];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		int64_t have_s = -1;
		bool found = time_read(rows[i].text, rows[i].tz, &have_s);

		if (found != (rows[i].want_s != -1) || have_s != rows[i].want_s)
			fail_msg("%s in %s: %d, %lld", rows[i].text, rows[i].tz, found,
				 (long long)have_s);
		if (!found)
			continue;
		time_print(buf, sizeof(buf), have_s, rows[i].tz);
		assert_string_equal(buf, rows[i].printed);
		assert_true(time_read(buf, "UTC", &have_s));
		assert_int_equal(have_s, rows[i].want_s);
	}
}

static void times_leave_the_process_zone_alone(void **state)
{
	int64_t s;

	(void)state;
	setenv("TZ", "America/New_York", 1);
	assert_true(time_read("2008-03-31", "Asia/Tokyo", &s));
	assert_string_equal(getenv("TZ"), "America/New_York");
	unsetenv("TZ");
	assert_true(time_read("2008-03-31", "Asia/Tokyo", &s));
	assert_null(getenv("TZ"));
}

static void stages_follow_each_other(void **state)
{
	struct policy *p = example("asama");
	const int64_t limit_s = 1141138800, block_s = 1206889200;
	int64_t when_s = 0;

	(void)state;
	assert_null(policy_active_stage(p, "flets_dyn", limit_s - 1));
	assert_string_equal(policy_active_stage(p, "flets_dyn", limit_s), "limit");
	assert_string_equal(policy_active_stage(p, "flets_dyn", block_s - 1), "limit");
	assert_string_equal(policy_active_stage(p, "flets_dyn", block_s), "block");
	assert_null(policy_active_stage(p, "dialup", block_s));
	assert_null(policy_active_stage(p, "nobody", block_s));
	assert_true(policy_next_change(p, 0, &when_s));
	assert_int_equal(when_s, limit_s);
	assert_true(policy_next_change(p, limit_s, &when_s));
	assert_int_equal(when_s, block_s);
	assert_false(policy_next_change(p, block_s, &when_s));
	policy_free(p);
}

static void the_order_of_stages_in_the_file_does_not_matter(void **state)
{
	struct policy *p = must_parse(
		"{\"op25b\":1,\"name\":\"n\",\"pools\":{\"p\":{\"kind\":\"dynamic\",\"v4\":["
		"\"198.51.100.0/24\"]}},\"stages\":["
		"{\"id\":\"second\",\"pools\":[\"p\"],\"from\":\"2008-01-02\",\"port25\":[{\"to\":"
		"\"any\",\"do\":\"drop\"}]},"
		"{\"id\":\"ever\",\"pools\":[\"p\"],\"from\":\"always\",\"port25\":[{\"to\":"
		"\"any\",\"do\":\"permit\"}]},"
		"{\"id\":\"first\",\"pools\":[\"p\"],\"from\":\"2008-01-01\",\"port25\":[{\"to\":"
		"\"any\",\"do\":\"rst\"}]}]}");
	const int64_t first_s = 1199145600, second_s = first_s + 86400;
	int64_t when_s;

	(void)state;
	assert_string_equal(policy_active_stage(p, "p", INT64_MIN), "ever");
	assert_string_equal(policy_active_stage(p, "p", first_s - 1), "ever");
	assert_string_equal(policy_active_stage(p, "p", first_s), "first");
	assert_string_equal(policy_active_stage(p, "p", second_s), "second");
	assert_true(policy_next_change(p, INT64_MIN, &when_s));
	assert_int_equal(when_s, first_s);
	policy_free(p);
}

// The policy is taken, and these are its warnings.
static void check_warnings(const char *text, const char *want)
{
	struct policy *p;
	struct diag d;
	char *have;
	size_t bytes;
	FILE *out = open_memstream(&have, &bytes);

	diag_init(&d, "f");
	p = policy_parse(text, strlen(text), &d);
	assert_non_null(p);
	diag_print(&d, out);
	fclose(out);
	assert_string_equal(have, want);
	free(have);
	diag_free(&d);
	policy_free(p);
}

static void softwires_without_ipv6_are_warned_of(void **state)
{
	(void)state;
	check_warnings(
		"{\"op25b\":1,\"name\":\"n\",\"softwires\":[\"2001:db8::1/128\"],\"pools\":{\"a\":{"
		"\"kind\":\"dynamic\",\"v4\":[\"198.51.100.0/25\"]}},\"stages\":[]}",
		"f: softwires: warning: are opened for nobody: no pool has an IPv6 prefix, and "
		"that is what a subscriber behind one is known by\n");
	check_warnings(
		"{\"op25b\":1,\"name\":\"n\",\"softwires\":[\"2001:db8::1/128\"],\"pools\":{\"a\":{"
		"\"kind\":\"dynamic\",\"v4\":[\"198.51.100.0/25\"],\"v6\":[\"2001:db8:1::/48\"]}},"
		"\"stages\":[]}",
		"");
}

static void icmp_admin_blocks_as_rst_does(void **state)
{
	(void)state;
	check_warnings(
		"{\"op25b\":1,\"name\":\"n\",\"pools\":{\"a\":{\"kind\":\"fixed\",\"v6\":["
		"\"2001:db8:1::/48\"]}},\"stages\":[{\"id\":\"s\",\"pools\":[\"a\"],\"from\":"
		"\"always\",\"port25\":[{\"to\":\"any\",\"do\":\"icmp_admin\"}]}]}",
		"f: pools.a: warning: is of kind \"fixed\", but blocked by stages.s: the usual "
		"legal basis covers dynamic addresses only\n");
}

static void doubtful_policies_are_taken_with_warnings(void **state)
{
	static const char text[] =
		"{\"op25b\":1,\"name\":\"n\",\"sets\":{\"none\":[],\"relay\":[\"192.0.2.1/32\"]},"
		"\"pools\":{\"a\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.100.0/25\"]},"
		"\"b\":{\"kind\":\"fixed\",\"v6\":[\"2001:db8::/40\"]}},"
		"\"stages\":[{\"id\":\"s\",\"pools\":[\"a\",\"b\"],\"from\":\"always\",\"port25\":["
		"{\"to\":\"none\",\"do\":\"permit\"},{\"to\":\"relay\",\"do\":\"permit\"},"
		"{\"to\":\"relay\",\"do\":\"drop\"},{\"to\":\"any\",\"do\":\"rst\"},"
		"{\"to\":\"any\",\"do\":\"drop\"}]}]}";
	static const char want[] = "f: stages.s.port25[0].to: warning: names only empty sets: the "
				   "clause never matches\n"
				   "f: stages.s.port25[2]: warning: is never reached: the clauses "
				   "before it take every "
				   "destination it names\n"
				   "f: stages.s.port25[4]: warning: is never reached: the clauses "
				   "before it take every "
				   "destination it names\n"
				   "f: pools.a: warning: is blocked by stages.s, but has no IPv6 "
				   "prefix: its mail over "
				   "IPv6 is not judged\n"
				   "f: pools.b: warning: is of kind \"fixed\", but blocked by "
				   "stages.s: the usual legal "
				   "basis covers dynamic addresses only\n";

	(void)state;
	check_warnings(text, want);
}

static void endless_errors_are_cut(void **state)
{
	const size_t bad = 5000;
	struct policy *p;
	struct diag d;
	json_t *rows;
	char *text;
	size_t bytes, i;
	FILE *out = open_memstream(&text, &bytes);

	(void)state;
	fputs("{\"op25b\":1,\"name\":\"n\",\"stages\":[],\"pools\":{\"p\":{\"kind\":\"fixed\","
	      "\"v4\":[",
	      out);
	for (i = 0; i < bad; i++)
		fprintf(out, "%s\"x\"", i ? "," : "");
	fputs("]}}}", out);
	fclose(out);
	diag_init(&d, "f");
	p = policy_parse(text, bytes, &d);
	assert_null(p);
	assert_int_equal(d.error_count, bad);
	rows = diag_json(&d);
	assert_int_equal(json_array_size(rows), DIAG_MAX_ROWS + 1);
	json_decref(rows);
	diag_free(&d);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_example_parses_and_prints_the_same_twice),
		cmocka_unit_test(print_is_canonical),
		cmocka_unit_test(times_are_read_and_printed),
		cmocka_unit_test(times_leave_the_process_zone_alone),
		cmocka_unit_test(stages_follow_each_other),
		cmocka_unit_test(the_order_of_stages_in_the_file_does_not_matter),
		cmocka_unit_test(doubtful_policies_are_taken_with_warnings),
		cmocka_unit_test(softwires_without_ipv6_are_warned_of),
		cmocka_unit_test(icmp_admin_blocks_as_rst_does),
		cmocka_unit_test(endless_errors_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
