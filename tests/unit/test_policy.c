// SPDX-License-Identifier: BSD-3-Clause
//
// Policies as text: times, the order of stages, the hash, what others are told of the model. The
// canonical text and warnings are test_policy_valid.c's.
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/policy/model.h"
#include "policy_help.h"

#define AT(s) (&(struct moment){.at_s = (s)})

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
	assert_null(policy_active_stage(p, "flets_dyn", AT(limit_s - 1)));
	assert_string_equal(policy_active_stage(p, "flets_dyn", AT(limit_s)), "limit");
	assert_string_equal(policy_active_stage(p, "flets_dyn", AT(block_s - 1)), "limit");
	assert_string_equal(policy_active_stage(p, "flets_dyn", AT(block_s)), "block");
	assert_null(policy_active_stage(p, "dialup", AT(block_s)));
	assert_null(policy_active_stage(p, "nobody", AT(block_s)));
	assert_true(policy_next_change(p, AT(0), &when_s));
	assert_int_equal(when_s, limit_s);
	assert_true(policy_next_change(p, AT(limit_s), &when_s));
	assert_int_equal(when_s, block_s);
	assert_false(policy_next_change(p, AT(block_s), &when_s));
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
	assert_string_equal(policy_active_stage(p, "p", AT(INT64_MIN)), "ever");
	assert_string_equal(policy_active_stage(p, "p", AT(first_s - 1)), "ever");
	assert_string_equal(policy_active_stage(p, "p", AT(first_s)), "first");
	assert_string_equal(policy_active_stage(p, "p", AT(second_s)), "second");
	assert_true(policy_next_change(p, AT(INT64_MIN), &when_s));
	assert_int_equal(when_s, first_s);
	policy_free(p);
}

// The end of a day is the beginning of the next, or where that is left out, a second after the
// last.
static void days_end_where_the_next_begins(void **state)
{
	static const struct {
		const char *date, *tz;
		int64_t want_s;
	} rows[] = {
		{"2008-03-31", "Asia/Tokyo", 1206975600},
		{"2008-02-28", "UTC", 1204243200},
		{"2008-12-31", "UTC", 1230768000},
		// The clocks go forward at two: a day of 23 hours.
		{"2008-03-30", "Europe/Berlin", 1206914400},
		// And here at midnight: the next day begins at one.
		{"2008-10-18", "America/Sao_Paulo", 1224385200},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct time_text t;

		assert_int_equal(time_judge(rows[i].date, rows[i].tz, &t), TIME_OK);
		assert_true(t.is_date);
		assert_int_equal(time_day_end(rows[i].date, rows[i].tz), rows[i].want_s);
	}
}

// A date is its first moment, if there is one.
static void days_begin_where_they_do(void **state)
{
	static const struct {
		const char *date, *tz;
		enum time_fault want;
		int64_t want_s;
	} rows[] = {
		{"2008-03-31", "Asia/Tokyo", TIME_OK, 1206889200},
		// The clocks go forward at midnight: the day begins at one.
		{"2018-11-04", "America/Sao_Paulo", TIME_OK, 1541300400},
		{"2018-11-04T00:30:00", "America/Sao_Paulo", TIME_LEFT_OUT, 0},
		// A day that was left out when the date line moved.
		{"2011-12-30", "Pacific/Apia", TIME_LEFT_OUT, 0},
		{"2011-12-31", "Pacific/Apia", TIME_OK, 1325239200},
		// What 1970 is in one zone, and 1969 in the other.
		{"1970-01-01", "Asia/Tokyo", TIME_OK, -32400},
		{"1969-12-31T10:00:00-05:00", "Asia/Tokyo", TIME_OK, -32400},
		{"1969-12-31", "UTC", TIME_TOO_EARLY, 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct time_text t;

		assert_int_equal(time_judge(rows[i].date, rows[i].tz, &t), rows[i].want);
		if (rows[i].want == TIME_OK)
			assert_int_equal(t.time_s, rows[i].want_s);
	}
}

static void texts_are_given_in_the_language_asked_for(void **state)
{
	json_t *one = json_string("one"), *many, *odd;

	(void)state;
	many = json_pack("{s:s, s:s, s:s}", "x-note", "-", "ja", "j", "en", "e");
	odd = json_pack("{s:i, s:s}", "_note", 1, "fr", "f");
	assert_string_equal(text_in(one, "ja"), "one");
	assert_string_equal(text_in(many, "ja"), "j");
	assert_string_equal(text_in(many, "de"), "e");
	assert_string_equal(text_in(odd, "ja"), "f");
	assert_null(text_in(NULL, "ja"));
	json_decref(one);
	json_decref(many);
	json_decref(odd);
}

#define TWO_POOLS                                                                                  \
	"\"pools\":{\"a\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.100.0/25\"]},"                    \
	"\"b\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.100.128/25\"]}},"

// Names, moments and texts of a policy as the daemon asks for them.
static void facts_are_what_was_written(void **state)
{
	struct policy *p = must_parse(
		"{\"op25b\":1,\"name\":\"n\",\"revision\":7,\"tz\":\"Asia/Tokyo\"," TWO_POOLS
		"\"gates\":{\"g\":{\"check\":\"monitor_ran\",\"stage\":\"m\",\"days\":9}},"
		"\"stages\":[{\"id\":\"m\",\"pools\":[\"a\"],\"from\":\"always\",\"port25\":[{"
		"\"to\":\"any\",\"do\":\"monitor\",\"as\":\"drop\"}]},"
		"{\"id\":\"s\",\"gate\":\"g\",\"waves\":[{\"id\":\"one\",\"pools\":[\"b\",\"a\"],"
		"\"from\":\"2008-03-31\",\"until\":\"2009-03-31\"},{\"id\":\"two\",\"pools\":[],"
		"\"from\":null,\"hold\":true,\"announced\":{\"not_after\":\"2008-04-30\"}}],"
		"\"port25\":[{\"to\":\"any\",\"do\":\"drop\"}]}],"
		"\"exceptions\":[{\"id\":\"x\",\"match\":{\"prefix\":\"198.51.100.1/32\"},\"do\":"
		"\"permit\",\"from\":\"2008-03-31\",\"until\":\"2009-03-31\",\"reason\":\"r\","
		"\"by\":"
		"\"b\"}],"
		"\"quarantines\":[{\"id\":\"q\",\"match\":{\"prefix\":\"198.51.100.1/32\"},\"do\":"
		"\"rst\",\"from\":\"2008-03-31\",\"until\":\"2009-03-31\",\"reason\":\"r\",\"by\":"
		"\"b\",\"ticket\":\"t\"}]}");
	const int64_t from_s = 1206889200, until_s = 1238425200;
	struct stage_facts one, two;

	(void)state;
	assert_int_equal(policy_revision(p), 7);
	assert_int_equal(policy_stage_count(p), 3);
	assert_int_equal(policy_size(p).stages, 2);
	assert_int_equal(policy_size(p).pools, 2);
	assert_int_equal(policy_size(p).prefixes, 2);
	assert_true(policy_stage(p, 0).monitors);
	assert_true(policy_stage(p, 0).from_s == POLICY_ALWAYS);
	one = policy_stage(p, 1);
	two = policy_stage(p, 2);
	assert_string_equal(one.name, "s.one");
	assert_string_equal(one.id, "s");
	assert_true(one.from_s == from_s && one.until_s == until_s && one.gates == 1);
	assert_true(!one.held && !one.monitors && one.pool_count == 2);
	assert_true(one.announced_not_before_s == POLICY_ALWAYS);
	assert_true(one.announced_not_after_s == POLICY_NEVER);
	assert_string_equal(policy_stage_pool(p, 1, 0), "b");
	assert_string_equal(two.name, "s.two");
	assert_true(two.held && two.from_s == POLICY_NEVER && two.gates == 1 && !two.pool_count);
	assert_int_equal(two.announced_not_after_s, 1209567600);
	assert_int_equal(policy_gate_count(p), 1);
	assert_string_equal(policy_gate(p, 0)->stage, "m");
	assert_int_equal(policy_gate(p, 0)->days, 9);
	assert_int_equal(policy_grant_count(p), 2);
	assert_true(!policy_grant(p, 0).is_quarantine && policy_grant(p, 1).is_quarantine);
	assert_string_equal(policy_grant(p, 1).id, "q");
	assert_null(policy_grant(p, 0).ticket);
	assert_string_equal(policy_grant(p, 1).ticket, "t");
	policy_free(p);
}

// The hash names the content: neither spelling nor order of keys, but every value.
static void the_hash_is_of_the_meaning(void **state)
{
	static const char *const same[] = {
		"{\"op25b\":1,\"name\":\"n\"," TWO_POOLS "\"stages\":[]}",
		"{\"stages\": [], " TWO_POOLS "\"name\": \"\\u006e\", \"op25b\": 1}",
	};
	static const char *const other[] = {
		"{\"op25b\":1,\"name\":\"m\"," TWO_POOLS "\"stages\":[]}",
		"{\"op25b\":1,\"name\":\"n\",\"revision\":1," TWO_POOLS "\"stages\":[]}",
		"{\"op25b\":1,\"name\":\"n\",\"x-n\":0," TWO_POOLS "\"stages\":[]}",
	};
	char hash[POLICY_HASH_BYTES], first[POLICY_HASH_BYTES];
	struct policy *p;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(same) + COUNT(other); i++) {
		p = must_parse(i < COUNT(same) ? same[i] : other[i - COUNT(same)]);
		policy_hash(p, i ? hash : first);
		if (i)
			assert_int_equal(!strcmp(hash, first), i < COUNT(same));
		policy_free(p);
	}
	// As sha256sum has it of the printed text.
	assert_string_equal(first,
			    "d8c07559b84493077bcb406a57f364617e0d21c342dc027dc51f2bbd2619a148");
}

static void a_shared_policy_lives_until_its_last_owner(void **state)
{
	struct policy *p = must_parse("{\"op25b\":1,\"name\":\"n\"," TWO_POOLS "\"stages\":[]}");

	(void)state;
	assert_ptr_equal(policy_share(p), p);
	policy_free(p);
	assert_string_equal(policy_name(p), "n");
	policy_free(p);
	policy_free(NULL);
}

// The parse refuses text of these many parts, with this in its only error.
static void check_refused(const char *text, size_t bytes, const char *want)
{
	struct policy *p;
	struct diag d;

	diag_init(&d, "f");
	p = policy_parse(text, bytes, &d);
	assert_null(p);
	assert_int_equal(d.error_count, 1);
	assert_string_equal(d.rows[0].text, want);
	diag_free(&d);
}

static void more_prefixes_than_an_image_holds_are_refused(void **state)
{
	const size_t most = 1 << 20;
	size_t bytes, i;
	char *text;
	FILE *out = open_memstream(&text, &bytes);

	(void)state;
	fputs("{\"op25b\":1,\"name\":\"n\"," TWO_POOLS "\"stages\":[],\"sets\":{\"s\":[", out);
	for (i = 0; i + 1 < most; i++)
		fprintf(out, "%s\"1.1.1.1/32\"", i ? "," : "");
	fputs("]}}", out);
	fclose(out);
	check_refused(text, bytes, "has 1048577 IPv4 prefixes, at most 1048576 are allowed");
	free(text);
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

static void assert_printed_like_the_library(const struct prefix *p)
{
	char want[PREFIX_TEXT_BYTES], have[PREFIX_TEXT_BYTES];
	uint8_t be[16];

	prefix_bytes(p, be);
	inet_ntop(p->family == FAMILY_IP4 ? AF_INET : AF_INET6, be, want, sizeof(want));
	assert_string_equal(prefix_print_address(have, p), want);
	snprintf(want + strlen(want), sizeof(want) - strlen(want), "/%u", p->depth);
	assert_string_equal(prefix_print(have, p), want);
}

// Words of an IPv6 address that are zero, short or long, in every arrangement of zeros.
static void prefixes_are_printed_like_the_library_does(void **state)
{
	static const uint64_t words[] = {0x1, 0x10, 0xa00, 0xffff, 0x2001, 0xdb8, 0x7f, 0xc0de};
	uint32_t zeros, i;

	(void)state;
	for (zeros = 0; zeros < 256; zeros++) {
		struct prefix p = {.family = FAMILY_IP6, .depth = (uint8_t)(zeros % 129)};

		for (i = 0; i < 8; i++) {
			uint64_t word = zeros >> i & 1 ? 0 : words[i];

			p.hi |= i < 4 ? word << (48 - 16 * i) : 0;
			p.lo |= i < 4 ? 0 : word << (112 - 16 * i);
		}
		assert_printed_like_the_library(&p);
	}
	for (i = 0; i < 1u << 16; i++) {
		uint32_t address = i * 0x9e3779b1u;

		assert_printed_like_the_library(&(struct prefix){.family = FAMILY_IP4,
								 .depth = (uint8_t)(i % 33),
								 .hi = (uint64_t)address << 32});
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_read_and_printed),
		cmocka_unit_test(times_leave_the_process_zone_alone),
		cmocka_unit_test(stages_follow_each_other),
		cmocka_unit_test(the_order_of_stages_in_the_file_does_not_matter),
		cmocka_unit_test(days_end_where_the_next_begins),
		cmocka_unit_test(days_begin_where_they_do),
		cmocka_unit_test(texts_are_given_in_the_language_asked_for),
		cmocka_unit_test(facts_are_what_was_written),
		cmocka_unit_test(the_hash_is_of_the_meaning),
		cmocka_unit_test(a_shared_policy_lives_until_its_last_owner),
		cmocka_unit_test(endless_errors_are_cut),
		cmocka_unit_test(prefixes_are_printed_like_the_library_does),
		cmocka_unit_test(more_prefixes_than_an_image_holds_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
