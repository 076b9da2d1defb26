// SPDX-License-Identifier: BSD-3-Clause
//
// core/decide.h: which sources and destinations are believed, what a pool's knobs turn, mail from
// the network, and who is never answered.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/core/image_check.h"
#include "decide_case.h"

// Where a class is believed, and what a frame gets that comes from another port than these.
static void sources_are_believed_on_their_own_pairs(void **state)
{
	static const struct {
		uint32_t name, pairs;
		uint8_t pair;
		enum shape shape;
		enum op25b_side side;
		uint8_t reason;
	} cases[] = {
		{1, 1u << 0, 0, SYN, SIDE_SUBSCRIBER, REASON_PASS_PERMIT},
		{1, 1u << 0, 1, SYN, SIDE_SUBSCRIBER, REASON_DROP_SRC_SPOOFED},
		{1, 1u << 1, 0, SYN, SIDE_SUBSCRIBER, REASON_DROP_SRC_SPOOFED},
		{1, 1u << 31, 31, SYN, SIDE_SUBSCRIBER, REASON_PASS_PERMIT},
		{1, 1u << 0, 1, RST_SEGMENT, SIDE_SUBSCRIBER, REASON_DROP_SRC_SPOOFED},
		{1, 1u << 0, 1, DOUBT, SIDE_SUBSCRIBER, REASON_DROP_TINY_FRAG},
		{1, 1u << 0, 1, UNKNOWN, SIDE_SUBSCRIBER, REASON_PASS_UNKNOWN_PROTO},
		{1, 1u << 0, 1, SYN_ACK, SIDE_NETWORK, REASON_PASS_PERMIT},
		{0, OP25B_ANY_PAIR, 1, SYN, SIDE_SUBSCRIBER, REASON_PASS_NO_POOL},
		{0, OP25B_ANY_PAIR, 1, DOUBT, SIDE_SUBSCRIBER, REASON_PASS_UNREADABLE},
		{0, 0, 0, SYN, SIDE_SUBSCRIBER, REASON_DROP_SRC_SPOOFED},
		{0, 0, 0, DOUBT, SIDE_SUBSCRIBER, REASON_DROP_TINY_FRAG},
		{0, 0, 0, SYN_ACK, SIDE_NETWORK, REASON_PASS_NO_POOL},
	};
	const struct op25b_addr nobody = {.slot_base = OP25B_NO_SLOT};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct op25b_class c = class_of(&permit, cases[i].name ? 1 : 0);
		struct flow f = flow_of(cases[i].shape, cases[i].side);
		struct ingress in = {.side = cases[i].side, .pair = cases[i].pair};
		struct judgement j;

		c.name = cases[i].name;
		c.pairs = cases[i].pairs;
		decide(&f, &in, &nobody, &c, NULL, NOW_NS, &j);
		if (j.reason != cases[i].reason)
			fail_msg("case %zu: reason %u", i, j.reason);
		if (reason_verdict(j.reason) == VERDICT_DROP)
			assert_int_equal(j.action, ACTION_DROP);
	}
}

// A destination that is a stop on the way: the strictest clause judges, not the relay's permit.
static void detours_are_judged_by_the_strictest_clause(void **state)
{
	static const struct {
		const struct op25b_clause *second; // behind "permit set 1"; NULL: there is none
		enum shape shape;
		enum op25b_side side;
		uint64_t slot;
		uint8_t reason;
	} cases[] = {
		{&drop, SYN, SIDE_SUBSCRIBER, NO_SLOT, REASON_DROP_SEGMENTS_LEFT},
		{&rst, SYN, SIDE_SUBSCRIBER, NO_SLOT, REASON_DROP_SEGMENTS_LEFT},
		{&rst, RST_SEGMENT, SIDE_SUBSCRIBER, NO_SLOT, REASON_DROP_SEGMENTS_LEFT},
		{&icmp, SYN, SIDE_SUBSCRIBER, NO_SLOT, REASON_DROP_SEGMENTS_LEFT},
		{&drop, DOUBT, SIDE_SUBSCRIBER, NO_SLOT, REASON_DROP_TINY_FRAG},
		{&drop, SYN_ACK, SIDE_NETWORK, NO_SLOT, REASON_PASS_PERMIT},
		{&watch, SYN, SIDE_SUBSCRIBER, NO_SLOT, REASON_PASS_MONITOR_DROP},
		{&limit, SYN, SIDE_SUBSCRIBER, FRESH, REASON_PASS_WITHIN_LIMIT},
		{&limit, SYN, SIDE_SUBSCRIBER, FULL, REASON_DROP_LIMIT_OVER},
		{&limit_rst, SYN, SIDE_SUBSCRIBER, FULL, REASON_DROP_UNANSWERED},
		{&limit_icmp, DATA, SIDE_SUBSCRIBER, HELD, REASON_DROP_UNANSWERED},
		{NULL, SYN, SIDE_SUBSCRIBER, NO_SLOT, REASON_PASS_PERMIT},
	};
	const struct op25b_addr relay = {.sets = 1};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct op25b_class c = class_of(&permit, 1);
		struct flow f = flow_of(cases[i].shape, cases[i].side);
		struct ingress in = from(cases[i].side);
		uint64_t slot = cases[i].slot;
		struct judgement j;

		c.clause[0].sets = 1;
		if (cases[i].second) {
			c.clause[c.clause_count++] = *cases[i].second;
			c.detour_clause = 1;
		}
		f.detour = REASON_DROP_SEGMENTS_LEFT;
		decide(&f, &in, &relay, &c, slot == NO_SLOT ? NULL : &slot, NOW_NS, &j);
		if (j.reason != cases[i].reason)
			fail_msg("case %zu: reason %u", i, j.reason);
	}
}

static void the_strictest_clause_is_one_that_can_be_met(void **state)
{
	static const struct {
		uint8_t count, strictest;
		struct op25b_clause clause[3];
	} cases[] = {
		{0, OP25B_NO_CLAUSE, {{0}}},
		{1, OP25B_NO_CLAUSE, {{.sets = 0, .action = ACTION_DROP}}},
		{3,
		 2,
		 {{.sets = 1},
		  {.sets = 0, .action = ACTION_RST},
		  {.sets = OP25B_ANY_SET, .action = ACTION_MONITOR}}},
		{3,
		 1,
		 {{.sets = 1, .action = ACTION_LIMIT},
		  {.sets = 2, .action = ACTION_ICMP_ADMIN},
		  {.sets = OP25B_ANY_SET, .action = ACTION_DROP}}},
		{2, 0, {{.sets = OP25B_ANY_SET}, {.sets = OP25B_ANY_SET, .action = ACTION_DROP}}},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct op25b_class c = {.clause_count = cases[i].count};

		memcpy(c.clause, cases[i].clause, sizeof(cases[i].clause));
		assert_int_equal(image_strictest(&c), cases[i].strictest);
	}
}

static void a_detour_of_a_pool_without_clauses_is_unrestricted(void **state)
{
	const struct op25b_addr far = {.sets = 0};
	struct op25b_class c = class_of(NULL, 0);
	struct flow f = flow_of(SYN, SIDE_SUBSCRIBER);
	struct ingress in = from(SIDE_SUBSCRIBER);
	struct judgement j;

	(void)state;
	f.detour = REASON_DROP_SOURCE_ROUTE;
	decide(&f, &in, &far, &c, NULL, NOW_NS, &j);
	assert_int_equal(j.reason, REASON_PASS_UNRESTRICTED);
	assert_int_equal(j.clause, JUDGEMENT_NO_CLAUSE);
}

// Each knob turns one thing and nothing else. Infrastructure, with no other knob and no clause, is
// test_core_spared.c's.
static void knobs_turn_what_they_name(void **state)
{
	static const struct {
		uint8_t kind, reason, knob, without, with;
	} cases[] = {
		{FLOW_DOUBT, REASON_DROP_EH_LIMIT, KNOB_PASS_EH_LIMIT, REASON_DROP_EH_LIMIT,
		 REASON_PASS_UNREADABLE},
		{FLOW_DOUBT, REASON_DROP_FRAG_CHAIN, KNOB_PASS_FRAG_CHAIN, REASON_DROP_FRAG_CHAIN,
		 REASON_PASS_UNREADABLE},
		{FLOW_DOUBT, REASON_DROP_MALFORMED, 0, REASON_DROP_MALFORMED,
		 REASON_DROP_MALFORMED},
		{FLOW_UNKNOWN, REASON_PASS_UNKNOWN_PROTO, KNOB_DROP_UNKNOWN,
		 REASON_PASS_UNKNOWN_PROTO, REASON_DROP_UNKNOWN_PROTO},
		{FLOW_TCP, REASON_PASS_NOT_PORT25, 0, REASON_DROP_BLOCKED, REASON_DROP_BLOCKED},
	};
	const struct op25b_addr far = {.sets = 0};
	const struct ingress in = from(SIDE_SUBSCRIBER);
	uint32_t knobs;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (knobs = 0; knobs < KNOB_INFRA; knobs++) {
			struct op25b_class c = class_of(&drop, 1);
			struct flow f = flow_of(SYN, SIDE_SUBSCRIBER);
			uint8_t want = knobs & cases[i].knob ? cases[i].with : cases[i].without;
			struct judgement j;

			f.kind = cases[i].kind;
			f.reason = cases[i].reason;
			c.knobs = (uint8_t)knobs;
			decide(&f, &in, &far, &c, NULL, NOW_NS, &j);
			if (j.reason != want)
				fail_msg("case %zu, knobs %u: reason %u", i, knobs, j.reason);
		}
	}
}

// From the network to port 25 of a subscriber, and from port 25 to port 25.
static void inbound_mail_passes_or_not_as_the_pool_says(void **state)
{
	static const struct {
		const struct op25b_clause *clause;
		uint16_t sport;
		uint8_t knobs, reason;
	} cases[] = {
		{&drop, 40000, 0, REASON_PASS_INBOUND},
		{&drop, 40000, KNOB_DROP_INBOUND, REASON_DROP_INBOUND},
		{&permit, 40000, KNOB_DROP_INBOUND, REASON_PASS_INBOUND},
		{NULL, 40000, 0, REASON_PASS_INBOUND},
		{NULL, 40000, KNOB_DROP_INBOUND, REASON_DROP_INBOUND},
		{&drop, 25, 0, REASON_DROP_MIRROR},
		{&drop, 25, KNOB_DROP_INBOUND, REASON_DROP_INBOUND},
		{&permit, 25, KNOB_DROP_INBOUND, REASON_PASS_PERMIT},
		{&watch, 25, 0, REASON_PASS_MONITOR_DROP},
		{NULL, 25, 0, REASON_PASS_UNRESTRICTED},
	};
	const struct op25b_addr far = {.sets = 0};
	const struct ingress in = from(SIDE_NETWORK);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct op25b_class c = class_of(cases[i].clause, cases[i].clause ? 1 : 0);
		struct flow f = flow_of(SYN, SIDE_NETWORK);
		struct judgement j;

		f.sport = cases[i].sport;
		f.dport = SMTP_PORT;
		c.knobs = cases[i].knobs;
		decide(&f, &in, &far, &c, NULL, NOW_NS, &j);
		if (j.reason != cases[i].reason)
			fail_msg("case %zu: reason %u", i, j.reason);
		// What the pool says, or what is nobody's business, no clause has decided.
		if (j.reason == REASON_PASS_INBOUND || j.reason == REASON_DROP_INBOUND)
			assert_int_equal(j.clause, JUDGEMENT_NO_CLAUSE);
	}
}

static uint8_t answer_to(const struct flow *f)
{
	const struct op25b_addr far = {.sets = 0};
	const struct op25b_class c = class_of(&rst, 1);
	const struct ingress in = from(SIDE_SUBSCRIBER);
	struct judgement j;

	decide(f, &in, &far, &c, NULL, NOW_NS, &j);
	return j.reason;
}

static void only_what_is_between_two_hosts_is_answered(void **state)
{
	// First and last addresses of what is a host and of what is not.
	static const struct {
		uint32_t addr;
		bool is_host;
	} rows[] = {
		{0x00000000, false}, {0x00ffffff, false}, {0x01000000, true},  {0x7effffff, true},
		{0x7f000000, false}, {0x7fffffff, false}, {0x80000000, true},  {0xdfffffff, true},
		{0xe0000000, false}, {0xefffffff, false}, {0xf0000000, false}, {0xffffffff, false},
	};
	struct flow f;
	size_t i;

	(void)state;
	for (i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		const uint32_t addr = rows[i / 2].addr;

		f = flow_of(SYN, SIDE_SUBSCRIBER);
		*(i % 2 ? &f.src4 : &f.dst4) = addr;
		if (answer_to(&f) !=
		    (rows[i / 2].is_host ? REASON_ANSWER_RST : REASON_DROP_UNANSWERED))
			fail_msg("%s %08x", i % 2 ? "from" : "to", addr);
	}
	f = flow_of(SYN, SIDE_SUBSCRIBER);
	f.no_answer = 1;
	assert_int_equal(answer_to(&f), REASON_DROP_UNANSWERED);

	f = flow_of(SYN, SIDE_SUBSCRIBER);
	f.family = FAMILY_IP6;
	f.dst4 = 0xe0000001; // no field of an IPv6 flow
	f.dst6_be[0] = __builtin_bswap32(0xfe800000);
	assert_int_equal(answer_to(&f), REASON_ANSWER_RST);
	f.dst6_be[0] = __builtin_bswap32(0xff020000);
	assert_int_equal(answer_to(&f), REASON_DROP_UNANSWERED);
	// In a softwire the inner addresses count.
	f.softwire = 1;
	assert_int_equal(answer_to(&f), REASON_DROP_UNANSWERED);
	f.dst4 = 0xc0000219;
	assert_int_equal(answer_to(&f), REASON_ANSWER_RST);
	f.src4 = 0xe0000001;
	assert_int_equal(answer_to(&f), REASON_DROP_UNANSWERED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sources_are_believed_on_their_own_pairs),
		cmocka_unit_test(detours_are_judged_by_the_strictest_clause),
		cmocka_unit_test(the_strictest_clause_is_one_that_can_be_met),
		cmocka_unit_test(a_detour_of_a_pool_without_clauses_is_unrestricted),
		cmocka_unit_test(knobs_turn_what_they_name),
		cmocka_unit_test(inbound_mail_passes_or_not_as_the_pool_says),
		cmocka_unit_test(only_what_is_between_two_hosts_is_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
