// SPDX-License-Identifier: BSD-3-Clause
//
// dataplane.json: what each key of a pair becomes, and every refusal of one, to the letter.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "dataplane/config/config.h"

#define PORTS "\"subscriber\":\"net_null0\",\"network\":\"net_null1\""
#define NAME_63 "a23456789012345678901234567890123456789012345678901234567890123"

// Reads a file with these pairs. d is initialised here; pair with diag_free().
static bool read_pairs(const char *pairs, struct dataplane_config *c, struct diag *d)
{
	char path[] = "/tmp/op25b-test-config.XXXXXX";
	int fd = mkstemp(path);
	FILE *out = fdopen(fd, "w");
	bool good;

	assert_non_null(out);
	fprintf(out, "{\"op25b-dp\":1,\"cores\":[0],\"pairs\":%s}", pairs);
	assert_int_equal(fclose(out), 0);
	diag_init(d, "test");
	good = config_read(path, c, d);
	unlink(path);
	return good;
}

static void pairs_have_names_and_a_rule_for_doubt(void **state)
{
	struct dataplane_config c;
	struct diag d;

	(void)state;
	assert_true(read_pairs("[{" PORTS "},"
			       "{" PORTS ",\"name\":\"east\",\"l2_doubt\":\"drop\"},"
			       "{" PORTS ",\"name\":\"" NAME_63 "\",\"l2_doubt\":\"pass\"},"
			       "{" PORTS ",\"l2_doubt\":\"drop\"}]",
			       &c, &d));
	assert_int_equal(d.count, 0);
	diag_free(&d);
	assert_int_equal(c.pair_count, 4);
	assert_string_equal(c.pairs[0].name, "pair0");
	assert_false(c.pairs[0].drop_l2_doubt);
	assert_string_equal(c.pairs[1].name, "east");
	assert_true(c.pairs[1].drop_l2_doubt);
	assert_string_equal(c.pairs[2].name, NAME_63);
	assert_false(c.pairs[2].drop_l2_doubt);
	assert_string_equal(c.pairs[3].name, "pair3");
	assert_true(c.pairs[3].drop_l2_doubt);
}

static void sixteen_pairs_are_read_whole(void **state)
{
	char pairs[4096] = "[", name[8];
	struct dataplane_config c;
	struct diag d;
	uint32_t i;

	(void)state;
	for (i = 0; i < CONFIG_MAX_PAIRS; i++)
		snprintf(pairs + strlen(pairs), sizeof(pairs) - strlen(pairs),
			 "%s{\"subscriber\":\"net_null%u\",\"network\":\"net_af_xdp%u,iface=n%u\","
			 "\"l2_doubt\":\"%s\"}",
			 i ? "," : "", i, i, i, i % 2 ? "drop" : "pass");
	strcat(pairs, "]");
	assert_true(read_pairs(pairs, &c, &d));
	diag_free(&d);
	assert_int_equal(c.pair_count, CONFIG_MAX_PAIRS);
	for (i = 0; i < CONFIG_MAX_PAIRS; i++) {
		snprintf(name, sizeof(name), "pair%u", i);
		assert_string_equal(c.pairs[i].name, name);
		assert_int_equal(c.pairs[i].drop_l2_doubt, i % 2);
		assert_false(config_port_has_guard(&c.pairs[i].subscriber));
		snprintf(name, sizeof(name), "n%u", i);
		assert_string_equal(c.pairs[i].network.iface, name);
	}
}

static const struct {
	const char *pairs;
	const char *place;
	const char *text;
} refusals[] = {
	{"[{" PORTS ",\"name\":\"east\"},{" PORTS ",\"name\":\"east\"}]", "pairs[1].name",
	 "\"east\" is the name of pairs[0] already"},
	{"[{" PORTS ",\"name\":\"pair1\"},{" PORTS "}]", "pairs[1].name",
	 "\"pair1\" is the name of pairs[0] already"},
	{"[{" PORTS "},{" PORTS ",\"name\":\"pair0\"}]", "pairs[1].name",
	 "\"pair0\" is the name of pairs[0] already"},
	{"[7,{" PORTS ",\"name\":\"a\"},{" PORTS ",\"name\":\"a\"}]", "pairs[2].name",
	 "\"a\" is the name of pairs[1] already"},
	{"[{" PORTS ",\"name\":\"\"},{" PORTS ",\"name\":\"\"}]", "pairs[0].name",
	 "\"\" is not a name: 1 to 63 of A-Z a-z 0-9 _ . - are allowed"},
	{"[{" PORTS ",\"name\":\"east side\"}]", "pairs[0].name",
	 "\"east side\" is not a name: 1 to 63 of A-Z a-z 0-9 _ . - are allowed"},
	{"[{" PORTS ",\"name\":\"" NAME_63 "4\"}]", "pairs[0].name",
	 "\"" NAME_63 "4\" is not a name: 1 to 63 of A-Z a-z 0-9 _ . - are allowed"},
	{"[{" PORTS ",\"name\":7}]", "pairs[0].name", "7 is not a string"},
	{"[{" PORTS ",\"l2_doubt\":\"Drop\"}]", "pairs[0].l2_doubt",
	 "\"Drop\" is not one of \"pass\", \"drop\""},
	{"[{" PORTS ",\"l2_doubt\":true}]", "pairs[0].l2_doubt",
	 "true is not one of \"pass\", \"drop\""},
	{"[{" PORTS "},{" PORTS ",\"l2doubt\":\"drop\"}]", "pairs[1].l2doubt",
	 "unknown key; allowed are subscriber, network, name, l2_doubt"},
	{"[{\"subscriber\":\"net_null0\"}]", "pairs[0].network", "is missing"},
	{"[{\"subscriber\":\"\",\"network\":\"net_null1\"}]", "pairs[0].subscriber",
	 "has 0 bytes; 1 to 1023 are allowed"},
	{"[{\"subscriber\":\"net_af_xdp0\",\"network\":\"net_null1\"}]", "pairs[0].subscriber",
	 "\"net_af_xdp0\" names no interface; \"net_af_xdp0,iface=eth0\" is expected"},
	{"[{\"subscriber\":\"net_af_xdp0,iface=a,start_queue=1\",\"network\":\"net_null1\"}]",
	 "pairs[0].subscriber",
	 "start_queue cannot be set: worker i serves receive queue i, one for each element of "
	 "cores"},
	{"[{\"subscriber\":\"net_null0\",\"network\":\"net_af_xdp0,queue_count=2,iface=a\"}]",
	 "pairs[0].network",
	 "queue_count cannot be set: worker i serves receive queue i, one for each element of "
	 "cores"},
	{"[7]", "pairs[0]", "7 is not an object"},
	{"[]", "pairs", "has 0 elements; 1 to 16 are allowed"},
	{"{}", "pairs", "{} is not an array"},
};

static bool has_row(const struct diag *d, const char *place, const char *text)
{
	size_t i;

	for (i = 0; i < d->count; i++) {
		if (!strcmp(d->rows[i].place, place) && !strcmp(d->rows[i].text, text))
			return true;
	}
	return false;
}

static void what_is_wrong_with_a_pair_is_said(void **state)
{
	struct dataplane_config c;
	struct diag d;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		assert_false(read_pairs(refusals[i].pairs, &c, &d));
		if (!has_row(&d, refusals[i].place, refusals[i].text)) {
			diag_print(&d, stderr);
			fail_msg("%s: wanted %s: %s", refusals[i].pairs, refusals[i].place,
				 refusals[i].text);
		}
		diag_free(&d);
	}
}

// One fault is told once, whatever else it would break.
static void no_fault_makes_another(void **state)
{
	struct dataplane_config c;
	struct diag d;

	(void)state;
	assert_false(read_pairs("[{" PORTS ",\"name\":\"\"},{" PORTS ",\"name\":\"\"}]", &c, &d));
	assert_int_equal(d.count, 2);
	diag_free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_have_names_and_a_rule_for_doubt),
		cmocka_unit_test(sixteen_pairs_are_read_whole),
		cmocka_unit_test(what_is_wrong_with_a_pair_is_said),
		cmocka_unit_test(no_fault_makes_another),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
