// SPDX-License-Identifier: BSD-3-Clause
//
// What explainer_ask() answers: the conformance vectors of the ISP notices at their moments, and
// pool, stage, clause, reason and sentence over the lab's policy.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy_help.h"

// The verdict words of explain; NULL: it refused.
static json_t *explain(const struct policy *p, const char *from, const char *to, uint16_t port,
		       const char *at)
{
	struct explain_request q = {.from = from, .to = to, .port = port};

	return explain_question(p, &q, at, NULL, 0);
}

// The vectors of the notices, as they were published: what the policies expect of themselves may
// have been typed with the same mistake.
static void notices_say_what_their_vectors_say(void **state)
{
	static const struct {
		const char *policy, *at, *pool, *from, *to;
		uint16_t port;
		const char *verdict;
	} rows[] = {
		{"asama", "2006-02-28T23:59:59", "flets_dyn", "198.51.100.7", "other", 25,
		 "permit"},
		{"asama", "2006-03-01T00:00:00", "flets_dyn", "198.51.100.7", "other", 25, "limit"},
		{"asama", "2006-03-01T00:00:00", "flets_dyn", "198.51.100.7", "203.0.113.25", 25,
		 "permit"},
		{"asama", "2008-03-30T23:59:59", "flets_sfix", "198.51.100.129", "other", 25,
		 "limit"},
		{"asama", "2008-03-31T00:00:00", "flets_sfix", "198.51.100.129", "other", 25,
		 "drop"},
		{"asama", "2008-03-31T00:00:00", "flets_sfix", "198.51.100.129", "203.0.113.25", 25,
		 "permit"},
		{"asama", "2008-03-31T00:00:00", "dialup", "198.51.100.193", "other", 25, "permit"},
		{"asama", "2008-03-31T00:00:00", "flets_dyn", "198.51.100.7", "other", 587,
		 "permit"},
		{"owari", "2007-12-31T23:59:59", "access", "198.51.100.7", "other", 25, "permit"},
		{"owari", "2009-12-25T00:00:00", "access", "198.51.100.7", "other", 25, "drop"},
		{"owari", "2009-12-25T00:00:00", "access", "198.51.100.7", "203.0.113.26", 25,
		 "drop"},
		{"owari", "2009-12-25T00:00:00", "access", "198.51.100.7", "203.0.113.26", 587,
		 "permit"},
		{"nmtnet", "2010-12-01T00:00:00", "already", "198.51.100.7", "other", 25, "drop"},
		{"nmtnet", "2010-10-25T23:59:59", "flets_dyn", "198.51.100.65", "other", 25,
		 "permit"},
		{"nmtnet", "2010-12-01T00:00:00", "flets_dyn", "198.51.100.65", "203.0.113.27", 25,
		 "monitor"},
		{"nmtnet", "2011-02-15T00:00:00", "flets_dyn", "198.51.100.65", "other", 25,
		 "monitor"},
		{"nmtnet", "2011-02-15T00:00:00", "fixed", "198.51.100.130", "other", 25, "permit"},
		{"interbroad", "2006-05-31T23:59:59", "flets4", "198.51.100.7", "other", 25,
		 "permit"},
		{"interbroad", "2006-06-01T00:00:00", "flets4", "198.51.100.7", "other", 25,
		 "drop"},
		{"interbroad", "2006-06-01T00:00:00", "flets4", "198.51.100.7", "203.0.113.30", 25,
		 "permit"},
		{"interbroad", "2006-06-01T00:00:00", "fixed", "198.51.100.130", "other", 25,
		 "permit"},
		{"interbroad", "2006-06-01T00:00:00", "dialup", "198.51.100.193", "other", 25,
		 "permit"},
		{"micnet", "2008-03-31T23:59:59", "access", "198.51.100.7", "203.0.113.32", 25,
		 "permit"},
		{"micnet", "2008-03-31T23:59:59", "access", "198.51.100.7", "other", 25, "drop"},
		{"micnet", "2008-04-01T00:00:00", "access", "198.51.100.7", "203.0.113.32", 25,
		 "drop"},
		{"micnet", "2008-04-01T00:00:00", "access", "198.51.100.7", "203.0.113.32", 587,
		 "permit"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		const char *to = strcmp(rows[i].to, "other") ? rows[i].to : "192.0.2.9";
		struct policy *p = example(rows[i].policy);
		json_t *answer = explain(p, rows[i].from, to, rows[i].port, rows[i].at);

		if (strcmp(text_of(answer, "verdict"), rows[i].verdict))
			fail_msg("row %zu: %s, not %s", i, text_of(answer, "verdict"),
				 rows[i].verdict);
		assert_string_equal(text_of(answer, "pool"), rows[i].pool);
		json_decref(answer);
		policy_free(p);
	}
}

static void the_provider_is_never_restricted(void **state)
{
	struct explain_request q = {
		.from = "203.0.113.32", .to = "198.51.100.7", .port = 25, .side = SIDE_NETWORK};
	struct policy *p = example("micnet");
	json_t *answer = explain_question(p, &q, "2008-04-01T00:00:00", NULL, 0);

	(void)state;
	assert_string_equal(text_of(answer, "verdict"), "permit");
	assert_string_equal(text_of(answer, "reason"), "infra");
	json_decref(answer);
	policy_free(p);
}

static void same_text(const json_t *answer, const char *key, const char *want, size_t row)
{
	const char *have = text_of(answer, key);

	if ((!have) != (!want) || (have && strcmp(have, want)))
		fail_msg("row %zu: %s is %s, not %s", row, key, have ? have : "null",
			 want ? want : "null");
}

static void explain_names_pool_stage_clause_and_reason(void **state)
{
	static const struct {
		const char *from, *to;
		uint16_t port;
		const char *verdict, *reason, *pool, *stage, *clause;
	} rows[] = {
		{"198.51.100.5", "192.0.2.25", 25, "drop", "blocked", "dyn4", "block",
		 "stages.block.port25[1]"},
		{"198.51.100.5", "203.0.113.25", 25, "permit", "permit", "dyn4", "block",
		 "stages.block.port25[0]"},
		{"2001:db8:1000::10", "2001:db8:9::25", 25, "drop", "blocked", "dyn6", "block",
		 "stages.block.port25[1]"},
		{"2001:db8:1000::10", "2001:db8:25::25", 25, "permit", "permit", "dyn6", "block",
		 "stages.block.port25[0]"},
		{"198.51.100.70", "192.0.2.25", 25, "limit", "within_limit", "limited", "limit",
		 "stages.limit.port25[1]"},
		{"198.51.100.200", "203.0.113.25", 25, "rst", "rst", "refused", "refuse",
		 "stages.refuse.port25[0]"},
		{"198.51.100.130", "192.0.2.25", 25, "permit", "unrestricted", "fixed", NULL, NULL},
		{"198.51.99.1", "192.0.2.25", 25, "permit", "no_pool", NULL, NULL, NULL},
		{"203.0.113.25", "192.0.2.25", 25, "drop", "src_spoofed", NULL, NULL, NULL},
		{"203.0.113.24", "192.0.2.25", 25, "permit", "no_pool", NULL, NULL, NULL},
		{"198.51.100.200", "224.0.0.1", 25, "drop", "unanswered", "refused", "refuse",
		 "stages.refuse.port25[0]"},
		{"198.51.100.5", "192.0.2.25", 465, "permit", "not_port25", "dyn4", "block", NULL},
		{"198.51.99.1", "192.0.2.25", 0, "permit", "not_port25", NULL, NULL, NULL},
	};
	struct policy *p = example("lab");
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		json_t *answer =
			explain(p, rows[i].from, rows[i].to, rows[i].port, "2026-01-01T00:00:00Z");

		assert_non_null(answer);
		same_text(answer, "verdict", rows[i].verdict, i);
		same_text(answer, "reason", rows[i].reason, i);
		same_text(answer, "pool", rows[i].pool, i);
		same_text(answer, "stage", rows[i].stage, i);
		same_text(answer, "clause", rows[i].clause, i);
		same_text(answer, "from", rows[i].from, i);
		same_text(answer, "to", rows[i].to, i);
		same_text(answer, "at", "2026-01-01T09:00:00+09:00", i);
		assert_int_equal(json_integer_value(json_object_get(answer, "port")), rows[i].port);
		assert_null(strchr(text_of(answer, "sentence"), '\n'));
		json_decref(answer);
	}
	policy_free(p);
}

static void explain_sentence_can_be_read_out(void **state)
{
	struct policy *p = example("asama");
	json_t *answer;

	(void)state;
	answer = explain(p, "198.51.100.7", "192.0.2.9", 25, "2008-03-31");
	assert_string_equal(
		text_of(answer, "sentence"),
		"At 2008-03-31T00:00:00+09:00 a connection from 198.51.100.7 to port 25 "
		"of 192.0.2.9 is blocked without an answer, so the program waits until "
		"it gives up: the sender's address is in pool \"flets_dyn\", on which "
		"stage \"block\" is active. Send mail on port 587 with authentication.");
	json_decref(answer);
	// The limit is confidential: no figure may be told.
	answer = explain(p, "198.51.100.7", "192.0.2.9", 25, "2006-03-01");
	assert_null(strstr(text_of(answer, "sentence"), "30"));
	assert_null(strstr(text_of(answer, "sentence"), "600"));
	json_decref(answer);
	policy_free(p);
}

static void explain_refuses_what_is_no_address(void **state)
{
	struct policy *p = example("lab");

	(void)state;
	assert_null(explain(p, "198.51.100.300", "192.0.2.9", 25, "2026-01-01"));
	assert_null(explain(p, "198.51.100.3", "mail.example.net", 25, "2026-01-01"));
	assert_null(explain(p, "198.51.100.3", "2001:db8::1", 25, "2026-01-01"));
	assert_null(explain(p, "", "\xff", 25, "2026-01-01"));
	policy_free(p);
}

static void default_drop_is_for_addresses_in_no_pool(void **state)
{
	struct policy *p = must_parse(
		"{\"op25b\":1,\"name\":\"n\",\"default\":\"drop\",\"pools\":{\"p\":{\"kind\":"
		"\"fixed\",\"v4\":[\"198.51.100.0/24\"]}},\"stages\":[]}");
	json_t *answer = explain(p, "192.0.2.1", "203.0.113.1", 25, "2026-01-01");

	(void)state;
	assert_string_equal(text_of(answer, "verdict"), "drop");
	assert_string_equal(text_of(answer, "reason"), "src_spoofed");
	assert_string_equal(text_of(answer, "sentence"),
			    "At 2026-01-01T00:00:00+00:00 a connection from 192.0.2.1 to port 25 "
			    "of 203.0.113.1 is blocked without an answer, so the program waits "
			    "until it gives up: the sender's address is in no pool, and the "
			    "policy's default is \"drop\".");
	json_decref(answer);
	answer = explain(p, "198.51.100.1", "203.0.113.1", 25, "2026-01-01");
	assert_string_equal(text_of(answer, "reason"), "unrestricted");
	json_decref(answer);
	policy_free(p);
}

// A policy with one pool for each thing that can happen, on a box of three pairs.
static const char every_text[] = "{\"op25b\":1,\"name\":\"n\",\"sets\":{\"relay\":[\"203.0.113.25/"
				 "32\",\"2001:db8:25::/64\"]},"
				 "\"pools\":{"
				 "\"open\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.100.0/26\"]},"
				 "\"icmp\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.100.64/"
				 "26\"],\"v6\":[\"2001:db8:1::/48\"]},"
				 "\"east\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.100.128/"
				 "26\"],\"pairs\":[\"east\",\"north\"],"
				 "\"inbound\":\"drop\"},"
				 "\"watch\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.100.192/26\"]}},"
				 "\"stages\":["
				 "{\"id\":\"refuse\",\"pools\":[\"icmp\"],\"from\":\"always\","
				 "\"port25\":[{\"to\":\"relay\",\"do\":"
				 "\"permit\"},{\"to\":\"any\",\"do\":\"icmp_admin\"}]},"
				 "{\"id\":\"block\",\"pools\":[\"east\"],\"from\":\"always\","
				 "\"port25\":[{\"to\":\"relay\",\"do\":"
				 "\"permit\"},{\"to\":\"any\",\"do\":\"drop\"}]},"
				 "{\"id\":\"count\",\"pools\":[\"watch\"],\"from\":\"always\","
				 "\"port25\":[{\"to\":\"any\",\"do\":"
				 "\"monitor\",\"as\":\"icmp_admin\"}]}]}";

static const char *const box_pairs[] = {"west", "north", "east"};

static const struct {
	struct explain_request q;
	const char *verdict, *reason, *pair;
	const char *says; // part of the sentence
} side_rows[] = {
	{{.from = "198.51.100.65", .to = "192.0.2.1", .port = -1},
	 "icmp_admin",
	 "icmp_admin",
	 "west",
	 "is refused at once with an ICMP error, \"administratively prohibited\", which "
	 "programs show as \"no route to host\": the sender's address is in pool \"icmp\", "
	 "on which stage \"refuse\" is active. Send mail on port 587"},
	{{.from = "2001:db8:1::5", .to = "2001:db8:9::1", .port = 25},
	 "icmp_admin",
	 "icmp_admin",
	 "west",
	 "show as \"permission denied\""},
	{{.from = "198.51.100.193", .to = "192.0.2.1", .port = 25},
	 "monitor",
	 "would_icmp",
	 "west",
	 "counted as one that would be refused"},
	{{.from = "198.51.100.130", .to = "192.0.2.1", .port = 25},
	 "drop",
	 "blocked",
	 "north",
	 "on which stage \"block\" is active"},
	{{.from = "198.51.100.130", .to = "203.0.113.25", .port = 25, .pair = "east"},
	 "permit",
	 "permit",
	 "east",
	 "is let through"},
	{{.from = "198.51.100.130", .to = "203.0.113.25", .port = 25, .pair = "west"},
	 "drop",
	 "src_spoofed",
	 "west",
	 "is in pool \"east\", which lives behind \"east\", \"north\"; behind another pair "
	 "it is not believed."},
	{{.from = "203.0.113.25", .to = "192.0.2.1", .port = 25},
	 "drop",
	 "src_spoofed",
	 "west",
	 "203.0.113.25 is a relay of the policy, which lives on the network's side; from a "
	 "subscriber port it is not believed."},
	{{.from = "192.0.2.1", .to = "198.51.100.130", .port = -1, .side = SIDE_NETWORK},
	 "drop",
	 "inbound_drop",
	 "north",
	 "port 25 of pool \"east\" is closed to the network"},
	{{.from = "203.0.113.25", .to = "198.51.100.130", .port = 25, .side = SIDE_NETWORK},
	 "permit",
	 "inbound",
	 "north",
	 "is let through"},
	{{.from = "192.0.2.1", .to = "198.51.100.65", .port = 25, .side = SIDE_NETWORK},
	 "permit",
	 "inbound",
	 "west",
	 "a connection from 192.0.2.1, on the network's side, to port 25 of 198.51.100.65"},
	{{.from = "192.0.2.1",
	  .to = "198.51.100.65",
	  .port = -1,
	  .source_port = 25,
	  .side = SIDE_NETWORK},
	 "drop",
	 "mirror",
	 "west",
	 "an answer from port 25 of 192.0.2.1 to 198.51.100.65 is dropped without an "
	 "answer: answers are treated like the mail they belong to; the receiver's address "
	 "is in pool \"icmp\""},
	{{.from = "203.0.113.25",
	  .to = "198.51.100.65",
	  .port = -1,
	  .source_port = 25,
	  .side = SIDE_NETWORK},
	 "permit",
	 "permit",
	 "west",
	 "is let through"},
	{{.from = "192.0.2.1", .to = "198.51.100.65", .port = 587, .side = SIDE_NETWORK},
	 "permit",
	 "not_port25",
	 "west",
	 "only port 25 is ever restricted"},
};

static void sides_and_pairs_are_asked_about(void **state)
{
	struct policy *p = must_parse(every_text);
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(side_rows); i++) {
		json_t *answer = explain_question(p, &side_rows[i].q, "2026-01-01", box_pairs, 3);

		assert_non_null(answer);
		same_text(answer, "verdict", side_rows[i].verdict, i);
		same_text(answer, "reason", side_rows[i].reason, i);
		same_text(answer, "pair", side_rows[i].pair, i);
		same_text(answer, "side",
			  side_rows[i].q.side == SIDE_NETWORK ? "network" : "subscriber", i);
		// What was not decided by a clause names none.
		if (!strncmp(side_rows[i].reason, "inbound", strlen("inbound")))
			same_text(answer, "clause", NULL, i);
		if (!strstr(text_of(answer, "sentence"), side_rows[i].says))
			fail_msg("row %zu says: %s", i, text_of(answer, "sentence"));
		json_decref(answer);
	}
	policy_free(p);
}

// With no box, a pair that the policy does not name is one like any other.
static void pairs_need_a_box_to_be_unknown(void **state)
{
	struct explain_request q = {
		.from = "198.51.100.130", .to = "192.0.2.1", .port = 25, .pair = "south"};
	struct policy *p = must_parse(every_text);
	json_t *answer = explain_question(p, &q, "2026-01-01", NULL, 0);

	(void)state;
	same_text(answer, "reason", "src_spoofed", 0);
	same_text(answer, "pair", "south", 0);
	json_decref(answer);
	assert_null(explain_question(p, &q, "2026-01-01", box_pairs, 3));
	q.pair = NULL;
	answer = explain_question(p, &q, "2026-01-01", NULL, 0);
	same_text(answer, "reason", "blocked", 0);
	same_text(answer, "pair", "east", 0);
	json_decref(answer);
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notices_say_what_their_vectors_say),
		cmocka_unit_test(the_provider_is_never_restricted),
		cmocka_unit_test(explain_names_pool_stage_clause_and_reason),
		cmocka_unit_test(explain_sentence_can_be_read_out),
		cmocka_unit_test(explain_refuses_what_is_no_address),
		cmocka_unit_test(default_drop_is_for_addresses_in_no_pool),
		cmocka_unit_test(sides_and_pairs_are_asked_about),
		cmocka_unit_test(pairs_need_a_box_to_be_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
