// SPDX-License-Identifier: BSD-3-Clause
//
// core/decide.h beyond what the packet table shows: what is settled early, the order of clauses,
// the mirror and the rule for doubt over every action, slots by arithmetic, and a limit's slot that
// others change all the time. test_core_trust.c has who is believed, test_core_spared.c who is
// spared.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

// Stands between core/limit.h and the slot, so that a test can let another one come first.
static uint64_t racing_compare_and_swap(uint64_t *slot, uint64_t expected, uint64_t wanted);
#define __sync_val_compare_and_swap racing_compare_and_swap
#include "decide_case.h"
#undef __sync_val_compare_and_swap

static uint32_t races_to_lose;

static uint64_t racing_compare_and_swap(uint64_t *slot, uint64_t expected, uint64_t wanted)
{
	if (races_to_lose > 0) {
		races_to_lose--;
		++*slot;
	}
	if (*slot != expected)
		return *slot;
	*slot = wanted;
	return expected;
}

struct decide_row {
	const char *name;
	const struct op25b_clause *clause; // NULL: the class has none
	enum shape shape;
	enum op25b_side side;
	uint64_t slot; // state before; NO_SLOT: the subscriber has none
	uint8_t reason;
};

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
	{"icmp_syn", &icmp, SYN, SIDE_SUBSCRIBER, NO_SLOT, REASON_ANSWER_ICMP},
	{"icmp_data", &icmp, DATA, SIDE_SUBSCRIBER, NO_SLOT, REASON_ANSWER_ICMP},
	{"icmp_never_for_reset", &icmp, RST_SEGMENT, SIDE_SUBSCRIBER, NO_SLOT,
	 REASON_DROP_UNANSWERED},
	{"icmp_never_for_doubt", &icmp, DOUBT, SIDE_SUBSCRIBER, NO_SLOT, REASON_DROP_TINY_FRAG},
	{"icmp_never_back", &icmp, SYN_ACK, SIDE_NETWORK, NO_SLOT, REASON_DROP_MIRROR},
	{"watch_drop", &watch, SYN, SIDE_SUBSCRIBER, NO_SLOT, REASON_PASS_MONITOR_DROP},
	{"watch_drop_back", &watch, SYN_ACK, SIDE_NETWORK, NO_SLOT, REASON_PASS_MONITOR_DROP},
	{"watch_doubt", &watch, DOUBT, SIDE_SUBSCRIBER, NO_SLOT, REASON_PASS_UNREADABLE},
	{"watch_rst", &watch_rst, SYN, SIDE_SUBSCRIBER, NO_SLOT, REASON_PASS_MONITOR_RST},
	{"watch_rst_back", &watch_rst, SYN_ACK, SIDE_NETWORK, NO_SLOT, REASON_PASS_MONITOR_RST},
	{"watch_icmp", &watch_icmp, SYN, SIDE_SUBSCRIBER, NO_SLOT, REASON_PASS_MONITOR_ICMP},
	{"watch_icmp_back", &watch_icmp, SYN_ACK, SIDE_NETWORK, NO_SLOT, REASON_PASS_MONITOR_ICMP},
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
	 REASON_DROP_TINY_FRAG},
	{"limit_rst_over", &limit_rst, SYN, SIDE_SUBSCRIBER, FULL, REASON_ANSWER_LIMIT},
	{"limit_rst_held", &limit_rst, DATA, SIDE_SUBSCRIBER, HELD, REASON_ANSWER_LIMIT},
	{"limit_rst_never_for_reset", &limit_rst, RST_SEGMENT, SIDE_SUBSCRIBER, HELD,
	 REASON_DROP_UNANSWERED},
	{"limit_rst_back_held", &limit_rst, SYN_ACK, SIDE_NETWORK, HELD, REASON_DROP_MIRROR},
	{"limit_icmp_over", &limit_icmp, SYN, SIDE_SUBSCRIBER, FULL, REASON_ANSWER_LIMIT_ICMP},
	{"limit_icmp_held", &limit_icmp, DATA, SIDE_SUBSCRIBER, HELD, REASON_ANSWER_LIMIT_ICMP},
	{"limit_icmp_never_for_reset", &limit_icmp, RST_SEGMENT, SIDE_SUBSCRIBER, HELD,
	 REASON_DROP_UNANSWERED},
	{"limit_icmp_back_held", &limit_icmp, SYN_ACK, SIDE_NETWORK, HELD, REASON_DROP_MIRROR},
	{"unknown_passes_a_drop_clause", &drop, UNKNOWN, SIDE_SUBSCRIBER, NO_SLOT,
	 REASON_PASS_UNKNOWN_PROTO},
	{"no_clause_of_a_pool", NULL, SYN, SIDE_SUBSCRIBER, NO_SLOT, REASON_PASS_UNRESTRICTED},
	{"no_clause_of_a_pool_doubt", NULL, DOUBT, SIDE_SUBSCRIBER, NO_SLOT,
	 REASON_PASS_UNREADABLE},
	{"no_clause_of_a_pool_back", NULL, SYN_ACK, SIDE_NETWORK, NO_SLOT,
	 REASON_PASS_UNRESTRICTED},
};

static void each_action_does_what_the_table_says(void **state)
{
	const struct op25b_addr far = {.sets = 0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct decide_row *row = &rows[i];
		struct flow f = flow_of(row->shape, row->side);
		struct op25b_class c = class_of(row->clause, row->clause ? 1 : 0);
		bool is_clause_asked = row->clause && row->shape != UNKNOWN;
		struct ingress in = from(row->side);
		uint64_t slot = row->slot;
		struct judgement j;

		decide(&f, &in, &far, &c, slot == NO_SLOT ? NULL : &slot, NOW_NS, &j);
		if (j.reason != row->reason)
			fail_msg("%s: reason %u, expected %u", row->name, j.reason, row->reason);
		assert_int_equal(j.clause, is_clause_asked ? 0 : JUDGEMENT_NO_CLAUSE);
		assert_int_equal(j.action, is_clause_asked ? row->clause->action : ACTION_PERMIT);
	}
}

// decide_early(): kind of flow, its own reason, ports, side, the pair's setting -> settled, reason.
static void what_needs_no_look_up_is_settled_early(void **state)
{
	static const struct {
		uint8_t kind, reason;
		uint16_t sport, dport;
		uint8_t side, drop_l2_doubt;
		bool is_settled;
		uint8_t want;
	} cases[] = {
		{FLOW_SETTLED, REASON_PASS_TUNNEL_GRE, 0, 0, 0, 0, true, REASON_PASS_TUNNEL_GRE},
		{FLOW_SETTLED, REASON_PASS_LATER_FRAG, 0, 0, 1, 1, true, REASON_PASS_LATER_FRAG},
		{FLOW_UNREADABLE, REASON_DROP_L2_DEPTH, 0, 0, 0, 0, true, REASON_PASS_UNREADABLE},
		{FLOW_UNREADABLE, REASON_DROP_L2_DEPTH, 0, 0, 0, 1, true, REASON_DROP_L2_DEPTH},
		{FLOW_UNREADABLE, REASON_DROP_L2_DEPTH, 0, 0, 1, 1, true, REASON_PASS_UNREADABLE},
		{FLOW_UNREADABLE, REASON_DROP_RUNT, 0, 0, 0, 0, true, REASON_DROP_RUNT},
		{FLOW_UNREADABLE, REASON_DROP_RUNT, 0, 0, 1, 0, true, REASON_DROP_RUNT},
		{FLOW_UNKNOWN, REASON_PASS_UNKNOWN_PROTO, 0, 0, 0, 0, false, 0},
		{FLOW_UNKNOWN, REASON_PASS_UNKNOWN_PROTO, 0, 0, 1, 0, true,
		 REASON_PASS_UNKNOWN_PROTO},
		{FLOW_TCP, 0, 40000, 25, 0, 0, false, 0},
		{FLOW_TCP, 0, 25, 587, 0, 0, true, REASON_PASS_NOT_PORT25},
		{FLOW_TCP, 0, 25, 40000, 1, 0, false, 0},
		{FLOW_TCP, 0, 40000, 25, 1, 0, false, 0},
		{FLOW_TCP, 0, 587, 26, 1, 0, true, REASON_PASS_NOT_PORT25},
		{FLOW_DOUBT, REASON_DROP_WINDOW, 0, 0, 0, 0, false, 0},
		{FLOW_DOUBT, REASON_DROP_WINDOW, 0, 0, 1, 1, true, REASON_PASS_UNREADABLE},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct flow f = {.kind = cases[i].kind,
				 .reason = cases[i].reason,
				 .sport = cases[i].sport,
				 .dport = cases[i].dport};
		struct ingress in = {.side = cases[i].side,
				     .drop_l2_doubt = cases[i].drop_l2_doubt};
		uint8_t reason = REASON_COUNT;
		bool is_settled = decide_early(&f, &in, &reason);

		if (is_settled != cases[i].is_settled || (is_settled && reason != cases[i].want))
			fail_msg("case %zu: %d, reason %u", i, is_settled, reason);
	}
}

// A slot that others change under each try: the connection is taken as over the limit.
static void a_slot_that_is_always_contended_is_busy(void **state)
{
	static const struct {
		const struct op25b_clause *clause;
		uint32_t races;
		uint8_t reason;
	} cases[] = {
		{&limit, LIMIT_MAX_TRIES, REASON_DROP_LIMIT_BUSY},
		{&limit, LIMIT_MAX_TRIES - 1, REASON_PASS_WITHIN_LIMIT},
		{&limit_rst, LIMIT_MAX_TRIES, REASON_ANSWER_LIMIT},
		{&limit_icmp, LIMIT_MAX_TRIES, REASON_ANSWER_LIMIT_ICMP},
	};
	const struct op25b_addr far = {.sets = 0};
	const struct ingress in = from(SIDE_SUBSCRIBER);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct op25b_class c = class_of(cases[i].clause, 1);
		struct flow f = flow_of(SYN, SIDE_SUBSCRIBER);
		uint64_t slot = NOW_NS / 2;
		struct judgement j;

		races_to_lose = cases[i].races;
		decide(&f, &in, &far, &c, &slot, NOW_NS, &j);
		assert_int_equal(races_to_lose, 0);
		if (j.reason != cases[i].reason)
			fail_msg("case %zu: reason %u", i, j.reason);
		// A lost race leaves the winner's word; a won one the charge.
		assert_int_equal(slot, j.reason == REASON_PASS_WITHIN_LIMIT
					       ? NOW_NS + cases[i].clause->interval_ns
					       : NOW_NS / 2 + LIMIT_MAX_TRIES);
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
	c.clause[0].sets = 0; // meets nothing
	assert_int_equal(clause_find(&c, 1), JUDGEMENT_NO_CLAUSE);
	assert_int_equal(clause_find(&c, 3), 1);
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
	assert_int_equal(addr_slot(&v4, 0xc6336480, 0), 1000);
	assert_int_equal(addr_slot(&v4, 0xc63364ff, 0), 1127);
	assert_int_equal(addr_slot(&v6, 0x20010db810000000, 0), 7);
	assert_int_equal(addr_slot(&v6, 0x20010db8100000ff, 0), 7);
	assert_int_equal(addr_slot(&v6, 0x20010db810000100, 0), 8);
	assert_int_equal(addr_slot(&v6, 0x20010db810ffffff, 0), 7 + 0xffff);
	assert_int_equal(addr_slot(&none, 0xc63364ff, 0), OP25B_NO_SLOT);
}

// MAP-E with 4 bits of offset: 2 bits of the port, from bit 10 on, tell 4 subscribers apart.
static void slot_of_a_shared_address_is_of_the_port_set(void **state)
{
	const struct op25b_addr a = {
		.host_mask = 0x7f, .slot_base = 1000, .psid_shift = 10, .psid_bits = 2};
	const struct op25b_addr whole = {.host_mask = 0x1, .slot_base = 7, .psid_bits = 16};
	const struct op25b_addr blocks = {
		.host_mask = 0xff, .slot_base = 0, .key_shift = 4, .psid_shift = 8, .psid_bits = 8};

	(void)state;
	assert_int_equal(addr_slot(&a, 0xc6336480, 0x1000), 1000);
	assert_int_equal(addr_slot(&a, 0xc6336480, 0x13ff), 1000);
	assert_int_equal(addr_slot(&a, 0xc6336480, 0x1400), 1001);
	assert_int_equal(addr_slot(&a, 0xc6336480, 0xfc00), 1003);
	assert_int_equal(addr_slot(&a, 0xc6336481, 0x1000), 1004);
	assert_int_equal(addr_slot(&a, 0xc63364ff, 0xffff), 1000 + 4 * 128 - 1);
	assert_int_equal(addr_slot(&whole, 0xc6336480, 0), 7);
	assert_int_equal(addr_slot(&whole, 0xc6336481, 0xffff), 7 + 2 * 65536 - 1);
	assert_int_equal(addr_slot(&blocks, 0xc633642f, 0x03ff), 2 * 256 + 3);
}

// Of a shared address, a frame without ports is nobody's; the subscriber's port is the near one.
static void port_set_is_the_near_sides(void **state)
{
	struct op25b_addr a = {.slot_base = 1000, .psid_shift = 10, .psid_bits = 2};
	struct flow f = flow_of(SYN, SIDE_SUBSCRIBER);

	(void)state;
	f.sport = 0x1400;
	f.dport = 0x1800;
	assert_int_equal(flow_slot(&f, SIDE_SUBSCRIBER, &a), 1001);
	assert_int_equal(flow_slot(&f, SIDE_NETWORK, &a), 1002);
	f.kind = FLOW_DOUBT;
	assert_int_equal(flow_slot(&f, SIDE_SUBSCRIBER, &a), OP25B_NO_SLOT);
	a.psid_bits = 0;
	assert_int_equal(flow_slot(&f, SIDE_SUBSCRIBER, &a), 1000);
	a.slot_base = OP25B_NO_SLOT;
	assert_int_equal(flow_slot(&f, SIDE_SUBSCRIBER, &a), OP25B_NO_SLOT);
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
	// Of a softwire it is the outer address, and the far side the inner one.
	assert_int_equal(flow_far_family(&f), FAMILY_IP6);
	f.softwire = 1;
	assert_int_equal(flow_far_family(&f), FAMILY_IP4);
	assert_int_equal(flow_subscriber_bits(&f, SIDE_SUBSCRIBER), 0x20010db810002500);
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
		cmocka_unit_test(what_needs_no_look_up_is_settled_early),
		cmocka_unit_test(a_slot_that_is_always_contended_is_busy),
		cmocka_unit_test(first_matching_clause_wins),
		cmocka_unit_test(last_of_the_most_clauses_is_found),
		cmocka_unit_test(slot_is_base_plus_offset),
		cmocka_unit_test(slot_of_a_shared_address_is_of_the_port_set),
		cmocka_unit_test(port_set_is_the_near_sides),
		cmocka_unit_test(subscriber_is_the_near_side),
		cmocka_unit_test(verdict_follows_from_the_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
