// SPDX-License-Identifier: BSD-3-Clause
//
// core/decide.h beyond what the packet table shows: the order of clauses, the mirror and the rule
// for doubt over every action, the default of addresses in no pool, slots by arithmetic.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "dataplane/core/decide.h"

#define NOW_NS 5000000000000ull
#define HELD_UNTIL(ns) (LIMIT_HELD_BIT | (ns))

static const struct op25b_clause permit = {.sets = OP25B_ANY_SET, .action = ACTION_PERMIT};
static const struct op25b_clause drop = {.sets = OP25B_ANY_SET, .action = ACTION_DROP};
static const struct op25b_clause rst = {.sets = OP25B_ANY_SET, .action = ACTION_RST};
static const struct op25b_clause watch = {
	.sets = OP25B_ANY_SET, .action = ACTION_MONITOR, .as = ACTION_DROP};
static const struct op25b_clause watch_rst = {
	.sets = OP25B_ANY_SET, .action = ACTION_MONITOR, .as = ACTION_RST};
static const struct op25b_clause limit = {.sets = OP25B_ANY_SET,
					  .action = ACTION_LIMIT,
					  .interval_ns = 1000,
					  .hold_ns = 1000,
					  .over = ACTION_DROP};
static const struct op25b_clause limit_rst = {.sets = OP25B_ANY_SET,
					      .action = ACTION_LIMIT,
					      .interval_ns = 1000,
					      .hold_ns = 1000,
					      .over = ACTION_RST};

// What a frame is, for a row of a table.
enum shape { SYN, DATA, RST_SEGMENT, SYN_ACK, DOUBT };

static struct flow flow_of(enum shape shape, enum op25b_side side)
{
	static const uint8_t flags[] = {
		[SYN] = TCP_FLAG_SYN,
		[DATA] = TCP_FLAG_ACK,
		[RST_SEGMENT] = TCP_FLAG_RST,
		[SYN_ACK] = TCP_FLAG_SYN | TCP_FLAG_ACK,
		[DOUBT] = 0,
	};
	struct flow f = {
		.kind = shape == DOUBT ? FLOW_DOUBT : FLOW_TCP,
		.doubt = shape == DOUBT ? REASON_DROP_TINY_FRAG : 0,
		.family = FAMILY_IP4,
		.tcp_flags = flags[shape],
		.sport = side == SIDE_NETWORK ? SMTP_PORT : 40000,
		.dport = side == SIDE_NETWORK ? 40000 : SMTP_PORT,
	};

	return f;
}

struct decide_row {
	const char *name;
	const struct op25b_clause *clause; // NULL: the class has none
	enum shape shape;
	enum op25b_side side;
	uint64_t slot; // state before; NO_SLOT: the subscriber has none
	uint8_t reason;
};

#define NO_SLOT 1ull // no TAT that limit.h would write
#define FRESH 0ull
#define FULL (NOW_NS + 500)
#define HELD HELD_UNTIL(NOW_NS + 1)
#define HELD_BEFORE HELD_UNTIL(NOW_NS)

static const struct decide_row rows[] = {
	{"permit_any_segment", &permit, DATA, SIDE_SUBSCRIBER, NO_SLOT, REASON_PASS_PERMIT},
	{"permit_doubt", &permit, DOUBT, SIDE_SUBSCRIBER, NO_SLOT, REASON_PASS_UNREADABLE},
	{"permit_back", &permit, SYN_ACK, SIDE_NETWORK, NO_SLOT, REASON_PASS_PERMIT},
	{"drop_syn", &drop, SYN, SIDE_SUBSCRIBER, NO_SLOT, REASON_DROP_BLOCKED},
	{"drop_doubt_by_its_own_reason", &drop, DOUBT, SIDE_SUBSCRIBER, NO_SLOT,
	 REASON_DROP_TINY_FRAG},
	{"drop_back", &drop, SYN_ACK, SIDE_NETWORK, NO_SLOT, REASON_DROP_MIRROR},
	{"rst_syn", &rst, SYN, SIDE_SUBSCRIBER, NO_SLOT, REASON_ANSWER_RST},
	{"rst_data", &rst, DATA, SIDE_SUBSCRIBER, NO_SLOT, REASON_ANSWER_RST},
	{"rst_never_for_reset", &rst, RST_SEGMENT, SIDE_SUBSCRIBER, NO_SLOT,
	 REASON_DROP_UNANSWERED},
	{"rst_never_for_doubt", &rst, DOUBT, SIDE_SUBSCRIBER, NO_SLOT, REASON_DROP_TINY_FRAG},
	{"rst_never_back", &rst, SYN_ACK, SIDE_NETWORK, NO_SLOT, REASON_DROP_MIRROR},
	{"watch_drop", &watch, SYN, SIDE_SUBSCRIBER, NO_SLOT, REASON_PASS_MONITOR_DROP},
	{"watch_drop_back", &watch, SYN_ACK, SIDE_NETWORK, NO_SLOT, REASON_PASS_MONITOR_DROP},
	{"watch_doubt", &watch, DOUBT, SIDE_SUBSCRIBER, NO_SLOT, REASON_PASS_UNREADABLE},
	{"watch_rst", &watch_rst, SYN, SIDE_SUBSCRIBER, NO_SLOT, REASON_PASS_MONITOR_RST},
	{"watch_rst_back", &watch_rst, SYN_ACK, SIDE_NETWORK, NO_SLOT, REASON_PASS_MONITOR_RST},
	{"limit_fresh_syn", &limit, SYN, SIDE_SUBSCRIBER, FRESH, REASON_PASS_WITHIN_LIMIT},
	{"limit_syn_over", &limit, SYN, SIDE_SUBSCRIBER, FULL, REASON_DROP_LIMIT_OVER},
	{"limit_data_when_full", &limit, DATA, SIDE_SUBSCRIBER, FULL, REASON_PASS_WITHIN_LIMIT},
	{"limit_syn_ack_when_full", &limit, SYN_ACK, SIDE_SUBSCRIBER, FULL,
	 REASON_PASS_WITHIN_LIMIT},
	{"limit_syn_held", &limit, SYN, SIDE_SUBSCRIBER, HELD, REASON_DROP_LIMIT_HELD},
	{"limit_data_held", &limit, DATA, SIDE_SUBSCRIBER, HELD, REASON_DROP_LIMIT_HELD},
	{"limit_doubt_held", &limit, DOUBT, SIDE_SUBSCRIBER, HELD, REASON_DROP_LIMIT_HELD},
	{"limit_doubt_within", &limit, DOUBT, SIDE_SUBSCRIBER, FRESH, REASON_PASS_UNREADABLE},
	{"limit_back_held", &limit, SYN_ACK, SIDE_NETWORK, HELD, REASON_DROP_MIRROR},
	{"limit_back_full", &limit, SYN_ACK, SIDE_NETWORK, FULL, REASON_PASS_WITHIN_LIMIT},
	{"limit_syn_hold_is_over", &limit, SYN, SIDE_SUBSCRIBER, HELD_BEFORE,
	 REASON_PASS_WITHIN_LIMIT},
	{"limit_back_hold_is_over", &limit, SYN_ACK, SIDE_NETWORK, HELD_BEFORE,
	 REASON_PASS_WITHIN_LIMIT},
	{"limit_without_slot", &limit, SYN, SIDE_SUBSCRIBER, NO_SLOT, REASON_PASS_WITHIN_LIMIT},
	{"limit_back_without_slot", &limit, SYN_ACK, SIDE_NETWORK, NO_SLOT,
	 REASON_PASS_WITHIN_LIMIT},
	{"limit_doubt_without_slot", &limit, DOUBT, SIDE_SUBSCRIBER, NO_SLOT,
	 REASON_PASS_UNREADABLE},
	{"limit_rst_over", &limit_rst, SYN, SIDE_SUBSCRIBER, FULL, REASON_ANSWER_LIMIT},
	{"limit_rst_held", &limit_rst, DATA, SIDE_SUBSCRIBER, HELD, REASON_ANSWER_LIMIT},
	{"limit_rst_never_for_reset", &limit_rst, RST_SEGMENT, SIDE_SUBSCRIBER, HELD,
	 REASON_DROP_UNANSWERED},
	{"limit_rst_back_held", &limit_rst, SYN_ACK, SIDE_NETWORK, HELD, REASON_DROP_MIRROR},
	{"no_clause_of_a_pool", NULL, SYN, SIDE_SUBSCRIBER, NO_SLOT, REASON_PASS_UNRESTRICTED},
	{"no_clause_of_a_pool_doubt", NULL, DOUBT, SIDE_SUBSCRIBER, NO_SLOT,
	 REASON_PASS_UNREADABLE},
	{"no_clause_of_a_pool_back", NULL, SYN_ACK, SIDE_NETWORK, NO_SLOT,
	 REASON_PASS_UNRESTRICTED},
};

static void each_action_does_what_the_table_says(void **state)
{
	const struct op25b_addr sub = {.class_id = 1}, far = {.sets = 0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct decide_row *row = &rows[i];
		struct flow f = flow_of(row->shape, row->side);
		struct op25b_class c = {.default_action = ACTION_PERMIT};
		uint64_t slot = row->slot;
		struct judgement j;

		if (row->clause) {
			c.clause[0] = *row->clause;
			c.clause_count = 1;
		}
		decide(&f, row->side, &sub, &far, &c, slot == NO_SLOT ? NULL : &slot, NOW_NS, &j);
		if (j.reason != row->reason)
			fail_msg("%s: reason %u, expected %u", row->name, j.reason, row->reason);
		assert_int_equal(j.clause, row->clause ? 0 : JUDGEMENT_NO_CLAUSE);
		assert_int_equal(j.action, row->clause ? row->clause->action : ACTION_PERMIT);
	}
}

static void addresses_in_no_pool_get_the_default(void **state)
{
	static const struct {
		uint8_t action;
		enum shape shape;
		enum op25b_side side;
		uint8_t reason;
	} cases[] = {
		{ACTION_PERMIT, SYN, SIDE_SUBSCRIBER, REASON_PASS_NO_POOL},
		{ACTION_PERMIT, DOUBT, SIDE_SUBSCRIBER, REASON_PASS_UNREADABLE},
		{ACTION_PERMIT, SYN_ACK, SIDE_NETWORK, REASON_PASS_NO_POOL},
		{ACTION_DROP, SYN, SIDE_SUBSCRIBER, REASON_DROP_NO_POOL},
		{ACTION_DROP, DOUBT, SIDE_SUBSCRIBER, REASON_DROP_TINY_FRAG},
		{ACTION_DROP, SYN_ACK, SIDE_NETWORK, REASON_PASS_NO_POOL},
	};
	const struct op25b_addr nobody = {.slot_base = OP25B_NO_SLOT};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct op25b_class c = {.default_action = cases[i].action};
		struct flow f = flow_of(cases[i].shape, cases[i].side);
		struct judgement j;

		decide(&f, cases[i].side, &nobody, &nobody, &c, NULL, NOW_NS, &j);
		assert_int_equal(j.reason, cases[i].reason);
	}
}

static void first_matching_clause_wins(void **state)
{
	struct op25b_class c = {.clause_count = 3};

	(void)state;
	c.clause[0] = (struct op25b_clause){.sets = 1, .action = ACTION_PERMIT};
	c.clause[1] = (struct op25b_clause){.sets = 6, .action = ACTION_DROP};
	c.clause[2] = (struct op25b_clause){.sets = OP25B_ANY_SET, .action = ACTION_RST};
	c.clause[3] = (struct op25b_clause){.sets = 8, .action = ACTION_PERMIT};
	assert_int_equal(clause_find(&c, 1), 0);
	assert_int_equal(clause_find(&c, 3), 0);
	assert_int_equal(clause_find(&c, 2), 1);
	assert_int_equal(clause_find(&c, 4), 1);
	assert_int_equal(clause_find(&c, 8), 2);
	assert_int_equal(clause_find(&c, 0), 2);
	c.clause_count = 2;
	assert_int_equal(clause_find(&c, 8), JUDGEMENT_NO_CLAUSE);
}

static void last_of_the_most_clauses_is_found(void **state)
{
	struct op25b_class c = {.clause_count = OP25B_MAX_CLAUSES};
	uint32_t i;

	(void)state;
	for (i = 0; i < OP25B_MAX_CLAUSES; i++)
		c.clause[i].sets = 1ull << i;
	for (i = 0; i < OP25B_MAX_CLAUSES; i++)
		assert_int_equal(clause_find(&c, 1ull << i), i);
	assert_int_equal(clause_find(&c, 1ull << 63), JUDGEMENT_NO_CLAUSE);
}

static void slot_is_base_plus_offset(void **state)
{
	// 198.51.100.128/25, one slot an address; 2001:db8:1000::/40, one slot a /56.
	const struct op25b_addr v4 = {.host_mask = 0x7f, .slot_base = 1000};
	const struct op25b_addr v6 = {.host_mask = 0xffffff, .slot_base = 7, .key_shift = 8};
	const struct op25b_addr none = {.host_mask = 0x7f, .slot_base = OP25B_NO_SLOT};

	(void)state;
	assert_int_equal(addr_slot(&v4, 0xc6336480), 1000);
	assert_int_equal(addr_slot(&v4, 0xc63364ff), 1127);
	assert_int_equal(addr_slot(&v6, 0x20010db810000000), 7);
	assert_int_equal(addr_slot(&v6, 0x20010db8100000ff), 7);
	assert_int_equal(addr_slot(&v6, 0x20010db810000100), 8);
	assert_int_equal(addr_slot(&v6, 0x20010db810ffffff), 7 + 0xffff);
	assert_int_equal(addr_slot(&none, 0xc63364ff), OP25B_NO_SLOT);
}

static void subscriber_is_the_near_side(void **state)
{
	struct flow f = {.family = FAMILY_IP4, .src4 = 1, .dst4 = 2};

	(void)state;
	assert_int_equal(flow_subscriber_bits(&f, SIDE_SUBSCRIBER), 1);
	assert_int_equal(flow_subscriber_bits(&f, SIDE_NETWORK), 2);
	f.family = FAMILY_IP6;
	f.src6_be[0] = __builtin_bswap32(0x20010db8);
	f.src6_be[1] = __builtin_bswap32(0x10002500);
	f.dst6_be[1] = __builtin_bswap32(0x19);
	assert_int_equal(flow_subscriber_bits(&f, SIDE_SUBSCRIBER), 0x20010db810002500);
	assert_int_equal(flow_subscriber_bits(&f, SIDE_NETWORK), 0x19);
}

static void verdict_follows_from_the_reason(void **state)
{
	static const uint8_t verdicts[] = {
#define REASON_VERDICT(id, verdict, name, help) VERDICT_##verdict,
		OP25B_REASONS(REASON_VERDICT)
#undef REASON_VERDICT
	};
	uint32_t i;

	(void)state;
	for (i = 0; i < REASON_COUNT; i++)
		assert_int_equal(reason_verdict(i), verdicts[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_action_does_what_the_table_says),
		cmocka_unit_test(addresses_in_no_pool_get_the_default),
		cmocka_unit_test(first_matching_clause_wins),
		cmocka_unit_test(last_of_the_most_clauses_is_found),
		cmocka_unit_test(slot_is_base_plus_offset),
		cmocka_unit_test(subscriber_is_the_near_side),
		cmocka_unit_test(verdict_follows_from_the_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
