// SPDX-License-Identifier: BSD-3-Clause
//
// Test vectors inside a policy: which addresses stand for names, what is asked of them, and how a
// vector that is wrong or does not hold is refused.
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy_help.h"

#define GRANT(id, prefix)                                                                          \
	"{\"id\":\"" id "\",\"match\":{\"prefix\":\"" prefix "\"},\"do\":\"permit\",\"from\":"     \
	"\"2030-01-01\",\"until\":\"2031-01-01\",\"reason\":\"r\",\"by\":\"noc\"}"

static const char policy_head[] =
	"{\"op25b\":1,\"name\":\"n\",\"tz\":\"Asia/Tokyo\",\"sets\":{"
	"\"relay\":[\"203.0.113.25/32\",\"2001:db8:f::25/128\"],"
	"\"nets\":[\"203.0.113.24/29\",\"203.0.113.0/24\"],\"all\":[\"203.0.113.24/29\"],"
	"\"v4only\":[\"203.0.113.128/25\"],\"twice\":[\"203.0.113.7/32\"]},"
	"\"infra\":{\"mta\":{\"v4\":[\"203.0.113.32/31\"]},"
	"\"probe\":{\"v4\":[\"198.51.100.1/32\"],\"side\":\"subscriber\"}},"
	"\"pools\":{"
	"\"big\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.100.0/24\"],\"v6\":[\"2001:db8:1::/48\"]},"
	"\"small\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.100.8/29\"],\"within\":[\"big\"]},"
	"\"six\":{\"kind\":\"dynamic\",\"v6\":[\"2001:db8:2::/48\"]},"
	"\"full\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.101.0/31\"]},"
	"\"in\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.101.0/32\",\"198.51.101.1/32\"],\"within\":["
	"\"full\"]},"
	"\"twice\":{\"kind\":\"hosting\",\"v4\":[\"198.51.102.0/24\"]}},"
	"\"limits\":{\"l\":{\"key\":\"prefix\",\"count\":\"tcp_syn\",\"max\":1,\"window_s\":3600}},"
	"\"stages\":["
	"{\"id\":\"block\",\"pools\":[\"big\",\"small\",\"six\"],\"from\":\"2026-01-01\","
	"\"port25\":["
	"{\"to\":\"relay\",\"do\":\"permit\"},{\"to\":\"any\",\"do\":\"drop\"}]},"
	"{\"id\":\"few\",\"pools\":[\"twice\"],\"from\":\"2026-01-01\",\"port25\":["
	"{\"to\":\"any\",\"do\":\"limit\",\"limit\":\"l\"}]}],"
	"\"exceptions\":[" GRANT("x", "198.51.100.2/31") "," GRANT(
		"y", "198.51.100.8/29") "],"
					"\"expect\":[";

// The policy with these vectors, or NULL with what is wrong in told (free() it).
static struct policy *parse_with(const char *vectors, char **told)
{
	char *text;
	size_t bytes, told_bytes;
	FILE *out = open_memstream(&text, &bytes), *errors = open_memstream(told, &told_bytes);
	struct policy *p;
	struct diag d;
	size_t i;

	fprintf(out, "%s%s]}", policy_head, vectors);
	fclose(out);
	diag_init(&d, "p");
	p = policy_parse(text, bytes, &d);
	for (i = 0; i < d.count; i++) {
		if (d.rows[i].severity == DIAG_ERROR)
			fprintf(errors, "%s: %s\n", d.rows[i].place, d.rows[i].text);
	}
	fclose(errors);
	diag_free(&d);
	free(text);
	return p;
}

static const struct {
	const char *sentence, *vector;
	const char *asked; // "from to, ..."
} good_rows[] = {
	{"an address stands for itself",
	 "\"from\":\"198.51.100.200\",\"to\":\"192.0.2.7\",\"verdict\":\"drop\"",
	 "198.51.100.200 192.0.2.7"},
	// .1 is infrastructure, .2 and .3 will have an exception.
	{"a pool's is nobody else's, not even later",
	 "\"from\":\"big\",\"to\":\"192.0.2.7\",\"verdict\":\"drop\"", "198.51.100.4 192.0.2.7"},
	{"a pool that is all excepted is taken as it is",
	 "\"from\":\"small\",\"to\":\"192.0.2.7\",\"verdict\":\"drop\"", "198.51.100.9 192.0.2.7"},
	{"both families", "\"from\":\"big\",\"to\":\"relay\",\"verdict\":\"permit\"",
	 "198.51.100.4 203.0.113.25, 2001:db8:1::1 2001:db8:f::25"},
	{"the one that both have", "\"from\":\"six\",\"to\":\"relay\",\"verdict\":\"permit\"",
	 "2001:db8:2::1 2001:db8:f::25"},
	{"a set's is in no other set, if there is one",
	 "\"from\":\"198.51.100.200\",\"to\":\"nets\",\"verdict\":\"drop\"",
	 "198.51.100.200 203.0.113.1"},
	{"the smaller set has only what is in the larger one",
	 "\"from\":\"198.51.100.200\",\"to\":\"v4only\",\"verdict\":\"drop\"",
	 "198.51.100.200 203.0.113.129"},
	{"anything else", "\"from\":\"big\",\"to\":\"other\",\"verdict\":\"drop\"",
	 "198.51.100.4 192.0.2.1, 2001:db8:1::1 2001:db8::1"},
	{"infrastructure speaks where it lives",
	 "\"from\":\"mta\",\"to\":\"big\",\"verdict\":\"permit\",\"reason\":\"infra\"",
	 "203.0.113.33 198.51.100.4"},
	{"unless it is said to be elsewhere",
	 "\"from\":\"mta\",\"to\":\"other\",\"side\":\"subscriber\",\"verdict\":\"drop\"",
	 "203.0.113.33 192.0.2.1"},
	{"or lives there",
	 "\"from\":\"probe\",\"to\":\"192.0.2.1\",\"verdict\":\"permit\",\"reason\":\"infra\"",
	 "198.51.100.1 192.0.2.1"},
	{"ports", "\"from\":\"big\",\"to\":\"192.0.2.1\",\"port\":587,\"verdict\":\"permit\"",
	 "198.51.100.4 192.0.2.1"},
	{"the mirror",
	 "\"from\":\"192.0.2.1\",\"to\":\"big\",\"source_port\":25,\"side\":\"network\","
	 "\"verdict\":\"drop\",\"reason\":\"mirror\",\"stage\":\"block\"",
	 "192.0.2.1 198.51.100.4"},
};

static void names_stand_for_one_address_of_each_family(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < COUNT(good_rows); i++) {
		char vector[512], asked[512] = "", *told;
		json_t *vectors, *row;
		struct policy *p;

		snprintf(vector, sizeof(vector), "{\"at\":\"2026-06-01\",%s}", good_rows[i].vector);
		p = parse_with(vector, &told);
		if (!p)
			fail_msg("%s: %s", good_rows[i].sentence, told);
		vectors = policy_vectors(p);
		assert_int_equal(json_array_size(vectors), policy_vector_count(p));
		json_array_foreach(vectors, j, row)
			snprintf(asked + strlen(asked), sizeof(asked) - strlen(asked), "%s%s %s",
				 j ? ", " : "", text_of(row, "from"), text_of(row, "to"));
		if (strcmp(asked, good_rows[i].asked))
			fail_msg("%s: %s", good_rows[i].sentence, asked);
		json_decref(vectors);
		policy_free(p);
		free(told);
	}
}

static const struct {
	const char *vector, *error;
} bad_rows[] = {
	{"{\"at\":\"2026-06-01\",\"from\":\"big\",\"to\":\"192.0.2.7\",\"verdict\":\"permit\"}",
	 "expect[0]: expected verdict \"permit\", got \"drop\": 198.51.100.4 to port 25 of "
	 "192.0.2.7 at 2026-06-01T00:00:00+09:00 (stage block, clause stages.block.port25[1], "
	 "reason blocked)\n"},
	{"{\"at\":\"2026-06-01\",\"from\":\"big\",\"to\":\"192.0.2.7\",\"verdict\":\"drop\","
	 "\"reason\":\"mirror\"}",
	 "expect[0]: expected reason \"mirror\", got \"blocked\": 198.51.100.4 to port 25 of "
	 "192.0.2.7 at 2026-06-01T00:00:00+09:00 (stage block, clause stages.block.port25[1], "
	 "reason blocked)\n"},
	{"{\"at\":\"2025-06-01\",\"from\":\"six\",\"to\":\"relay\",\"verdict\":\"permit\","
	 "\"stage\":\"block\"}",
	 "expect[0]: expected stage \"block\", got \"none\": 2001:db8:2::1 to port 25 of "
	 "2001:db8:f::25 at 2025-06-01T00:00:00+09:00 (stage none, clause none, reason "
	 "unrestricted)\n"},
	// In the order of the file, whatever their moments.
	{"{\"at\":\"2026-06-01\",\"from\":\"six\",\"to\":\"v4only\",\"verdict\":\"drop\"},"
	 "{\"at\":\"2025-06-01\",\"from\":\"full\",\"to\":\"other\",\"verdict\":\"permit\"}",
	 "expect[0]: \"six\" and \"v4only\" have no addresses of one family: both ends must have "
	 "IPv4, or IPv6, that is theirs alone\n"
	 "expect[1]: \"full\" and \"other\" have no addresses of one family: both ends must have "
	 "IPv4, or IPv6, that is theirs alone\n"},
	{"{\"at\":\"2026-06-01\",\"from\":\"nobody\",\"to\":\"192.0.2.300\",\"verdict\":\"drop\"}",
	 "expect[0].from: \"nobody\" is no address, and no name of a pool, an infrastructure or a "
	 "set; \"other\" stands for an address in none of them\n"
	 "expect[0].to: \"192.0.2.300\" is no address, and no name of a pool, an infrastructure or "
	 "a set; \"other\" stands for an address in none of them\n"},
	{"{\"at\":\"2026-06-01\",\"from\":\"twice\",\"to\":\"other\",\"verdict\":\"permit\"}",
	 "expect[0].from: \"twice\" stands for more than one thing (a pool or infrastructure, a "
	 "set, an address, \"other\"): give an address\n"},
	{"{\"at\":\"2026-02-30\",\"from\":\"big\",\"to\":\"other\",\"verdict\":\"refuse\","
	 "\"reason\":\"because\",\"stage\":\"blocked\",\"port\":0,\"pair\":\"\"}",
	 "expect[0].at: \"2026-02-30\" does not exist: the days of February 2026 are 01 to 28\n"
	 "expect[0].port: 0 is not a whole number from 1 to 65535\n"
	 "expect[0].pair: \"\" is not a name: 1 to 63 of A-Z a-z 0-9 _ . - are allowed\n"
	 "expect[0].verdict: \"refuse\" is not one of \"permit\", \"drop\", \"rst\", \"limit\", "
	 "\"monitor\", \"icmp_admin\"\n"
	 "expect[0].reason: \"because\" is not a reason; op25b-policy(5) lists them\n"
	 "expect[0].stage: \"blocked\" is not a stage, or a wave as \"stage.wave\"\n"},
	{"{\"at\":\"2026-06-01\"},7", "expect[0].from: is missing\n"
				      "expect[0].to: is missing\n"
				      "expect[0].verdict: is missing\n"
				      "expect[1]: 7 is not an object\n"},
};

static void what_does_not_hold_is_refused_with_its_place(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad_rows); i++) {
		char *told;

		assert_null(parse_with(bad_rows[i].vector, &told));
		if (strcmp(told, bad_rows[i].error))
			fail_msg("row %zu: %s", i, told);
		free(told);
	}
}

// However many ask at one moment, each is the first: 1 an hour is allowed.
static void vectors_do_not_use_up_limits(void **state)
{
	static const char vector[] = "{\"at\":\"2026-06-01\",\"from\":\"198.51.102.1\",\"to\":"
				     "\"192.0.2.1\",\"verdict\":\"limit\"}";
	char three[512], *told;
	struct policy *p;

	(void)state;
	snprintf(three, sizeof(three), "%s,%s,%s", vector, vector, vector);
	p = parse_with(three, &told);
	if (!p)
		fail_msg("%s", told);
	assert_int_equal(policy_vector_count(p), 3);
	policy_free(p);
	free(told);
}

// Those between two changes are asked of one compilation, each at its own moment.
static void each_vector_has_its_own_moment(void **state)
{
	static const char *const times[] = {"2026-06-01", "2025-12-31T23:59:59", "2026-01-01"};
	static const char *const verdicts[] = {"permit", "drop", "permit"};
	static const char *const wants[] = {
		"expect[0]: expected verdict \"permit\", got \"drop\": 198.51.100.4 to port 25 of "
		"192.0.2.1 at 2026-06-01T00:00:00+09:00 (",
		"expect[1]: expected verdict \"drop\", got \"permit\": 198.51.100.4 to port 25 of "
		"192.0.2.1 at 2025-12-31T23:59:59+09:00 (",
		"expect[2]: expected verdict \"permit\", got \"drop\": 198.51.100.4 to port 25 of "
		"192.0.2.1 at 2026-01-01T00:00:00+09:00 ("};
	char vectors[1024] = "", *told;
	size_t i, used = 0;

	(void)state;
	for (i = 0; i < COUNT(times); i++)
		used += (size_t)snprintf(vectors + used, sizeof(vectors) - used,
					 "%s{\"at\":\"%s\",\"from\":\"198.51.100.4\",\"to\":"
					 "\"192.0.2.1\",\"verdict\":\"%s\"}",
					 i ? "," : "", times[i], verdicts[i]);
	assert_null(parse_with(vectors, &told));
	for (i = 0; i < COUNT(wants); i++) {
		if (!strstr(told, wants[i]))
			fail_msg("%s is not in:\n%s", wants[i], told);
	}
	free(told);
}

// Faults of the vectors come with all others; they are asked only when nothing else is wrong.
static void faults_come_out_of_one_run(void **state)
{
	static const char text[] =
		"{\"op25b\":1,\"name\":\"n\",\"tz\":\"Mars\",\"pools\":{\"p\":{\"kind\":\"fixed\","
		"\"v4\":[\"10.0.0.0/24\"]}},\"stages\":[{}],\"expect\":[{\"at\":\"2026-01-01\","
		"\"from\":\"p\",\"to\":\"other\",\"verdict\":\"drop\",\"stage\":\"s\"}]}";
	bool is_zone_told = false, is_stage_told = false;
	struct diag d;
	size_t i;

	(void)state;
	diag_init(&d, "p");
	assert_null(policy_parse(text, strlen(text), &d));
	for (i = 0; i < d.count; i++) {
		is_zone_told |= !strcmp(d.rows[i].place, "tz");
		is_stage_told |= !strcmp(d.rows[i].place, "expect[0].stage");
		assert_string_not_equal(d.rows[i].place, "expect[0]");
	}
	assert_true(is_zone_told && is_stage_told);
	diag_free(&d);
}

// Nothing is left that is in nothing.
static void other_may_be_nobody(void **state)
{
	static const char text[] =
		"{\"op25b\":1,\"name\":\"n\",\"sets\":{\"all\":[\"0.0.0.0/1\",\"128.0.0.0/1\"]},"
		"\"pools\":{\"p\":{\"kind\":\"fixed\",\"v4\":[\"10.0.0.0/24\"]}},\"stages\":[],"
		"\"expect\":[{\"at\":\"2026-01-01\",\"from\":\"p\",\"to\":\"other\",\"verdict\":"
		"\"permit\"}]}";
	struct diag d;

	(void)state;
	diag_init(&d, "p");
	assert_null(policy_parse(text, strlen(text), &d));
	assert_int_equal(d.error_count, 1);
	diag_free(&d);
}

static void every_example_has_vectors_that_hold(void **state)
{
	DIR *dir = opendir(POLICIES_DIR);
	const struct dirent *entry;
	size_t files = 0;

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		const char *end = strrchr(entry->d_name, '.');
		char path[1024];
		struct policy *p;

		if (!end || strcmp(end, ".json") || strstr(entry->d_name, "schema"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", POLICIES_DIR, entry->d_name);
		p = must_read(path);
		files++;
		policy_free(p);
	}
	closedir(dir);
	assert_true(files >= 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_stand_for_one_address_of_each_family),
		cmocka_unit_test(what_does_not_hold_is_refused_with_its_place),
		cmocka_unit_test(vectors_do_not_use_up_limits),
		cmocka_unit_test(each_vector_has_its_own_moment),
		cmocka_unit_test(faults_come_out_of_one_run),
		cmocka_unit_test(other_may_be_nobody),
		cmocka_unit_test(every_example_has_vectors_that_hold),
	};

	return cmocka_run_group_tests_name("policy vectors", tests, NULL, NULL);
}
