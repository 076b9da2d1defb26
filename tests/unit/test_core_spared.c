// SPDX-License-Identifier: BSD-3-Clause
//
// core/decide.h: what is spared although a clause would refuse it: the provider's infrastructure,
// and connections that stood when a stage began.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decide_case.h"

struct drain_row {
	const char *name;
	const struct op25b_clause *clause;
	enum op25b_origin origin;
	enum shape shape;
	enum op25b_side side;
	uint64_t slot;
	uint8_t detour;
	uint8_t reason; // while the stage drains
};

#define SUB SIDE_SUBSCRIBER
#define NET SIDE_NETWORK

static const struct drain_row drain_rows[] = {
	{"drop_data", &drop, ORIGIN_STAGE, DATA, SUB, NO_SLOT, 0, REASON_PASS_DRAINING},
	{"drop_reset", &drop, ORIGIN_STAGE, RST_SEGMENT, SUB, NO_SLOT, 0, REASON_PASS_DRAINING},
	{"drop_data_back", &drop, ORIGIN_STAGE, DATA, NET, NO_SLOT, 0, REASON_PASS_DRAINING},
	{"drop_reset_back", &drop, ORIGIN_STAGE, RST_SEGMENT, NET, NO_SLOT, 0,
	 REASON_PASS_DRAINING},
	{"drop_syn", &drop, ORIGIN_STAGE, SYN, SUB, NO_SLOT, 0, REASON_DROP_BLOCKED},
	{"drop_syn_ack", &drop, ORIGIN_STAGE, SYN_ACK, SUB, NO_SLOT, 0, REASON_DROP_BLOCKED},
	{"drop_syn_ack_back", &drop, ORIGIN_STAGE, SYN_ACK, NET, NO_SLOT, 0, REASON_DROP_MIRROR},
	{"drop_doubt", &drop, ORIGIN_STAGE, DOUBT, SUB, NO_SLOT, 0, REASON_DROP_TINY_FRAG},
	{"drop_detour", &drop, ORIGIN_STAGE, DATA, SUB, NO_SLOT, REASON_DROP_SOURCE_ROUTE,
	 REASON_DROP_SOURCE_ROUTE},
	{"rst_data", &rst, ORIGIN_STAGE, DATA, SUB, NO_SLOT, 0, REASON_PASS_DRAINING},
	{"rst_reset", &rst, ORIGIN_STAGE, RST_SEGMENT, SUB, NO_SLOT, 0, REASON_PASS_DRAINING},
	{"rst_syn", &rst, ORIGIN_STAGE, SYN, SUB, NO_SLOT, 0, REASON_ANSWER_RST},
	{"icmp_data", &icmp, ORIGIN_STAGE, DATA, SUB, NO_SLOT, 0, REASON_PASS_DRAINING},
	{"icmp_syn", &icmp, ORIGIN_STAGE, SYN, SUB, NO_SLOT, 0, REASON_ANSWER_ICMP},
	{"limit_data_held", &limit, ORIGIN_STAGE, DATA, SUB, HELD, 0, REASON_DROP_LIMIT_HELD},
	{"limit_data_held_back", &limit, ORIGIN_STAGE, DATA, NET, HELD, 0, REASON_DROP_MIRROR},
	{"limit_rst_data_held", &limit_rst, ORIGIN_STAGE, DATA, SUB, HELD, 0, REASON_ANSWER_LIMIT},
	{"limit_data", &limit, ORIGIN_STAGE, DATA, SUB, FULL, 0, REASON_PASS_WITHIN_LIMIT},
	{"limit_syn_over", &limit, ORIGIN_STAGE, SYN, SUB, FULL, 0, REASON_DROP_LIMIT_OVER},
	{"limit_syn_held", &limit, ORIGIN_STAGE, SYN, SUB, HELD, 0, REASON_DROP_LIMIT_HELD},
	{"limit_detour_held", &limit_rst, ORIGIN_STAGE, DATA, SUB, HELD, REASON_DROP_SOURCE_ROUTE,
	 REASON_DROP_UNANSWERED},
	{"limit_doubt_held", &limit, ORIGIN_STAGE, DOUBT, SUB, HELD, 0, REASON_DROP_LIMIT_HELD},
	{"permit_data", &permit, ORIGIN_STAGE, DATA, SUB, NO_SLOT, 0, REASON_PASS_PERMIT},
	{"permit_data_back", &permit, ORIGIN_STAGE, DATA, NET, NO_SLOT, 0, REASON_PASS_PERMIT},
	{"watch_data", &watch, ORIGIN_STAGE, DATA, SUB, NO_SLOT, 0, REASON_PASS_MONITOR_DROP},
	{"quarantine_data", &drop, ORIGIN_QUARANTINE, DATA, SUB, NO_SLOT, 0, REASON_DROP_BLOCKED},
	{"quarantine_rst_data", &rst, ORIGIN_QUARANTINE, DATA, SUB, NO_SLOT, 0, REASON_ANSWER_RST},
	{"quarantine_back", &drop, ORIGIN_QUARANTINE, DATA, NET, NO_SLOT, 0, REASON_DROP_MIRROR},
	{"exception_data", &permit, ORIGIN_EXCEPTION, DATA, SUB, NO_SLOT, 0, REASON_PASS_PERMIT},
	{"exception_that_refuses", &drop, ORIGIN_EXCEPTION, DATA, SUB, NO_SLOT, 0,
	 REASON_DROP_BLOCKED},
};

static struct judgement judge_drain_row(const struct drain_row *row, uint8_t knobs)
{
	const struct op25b_addr far = {.sets = 0};
	struct op25b_class c = class_of(row->clause, 1);
	struct flow f = flow_of(row->shape, row->side);
	struct ingress in = from(row->side);
	uint64_t slot = row->slot;
	struct judgement j;

	c.clause[0].origin = row->origin;
	c.knobs = knobs;
	f.detour = row->detour;
	decide(&f, &in, &far, &c, slot == NO_SLOT ? NULL : &slot, NOW_NS, &j);
	return j;
}

static void a_stage_that_drains_spares_what_stands(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(drain_rows) / sizeof(drain_rows[0]); i++) {
		const struct drain_row *row = &drain_rows[i];
		struct judgement cut = judge_drain_row(row, 0);
		struct judgement j = judge_drain_row(row, KNOB_DRAIN);

		if (j.reason != row->reason)
			fail_msg("%s: reason %u, expected %u", row->name, j.reason, row->reason);
		assert_int_not_equal(cut.reason, REASON_PASS_DRAINING);
		assert_int_equal(j.clause, 0); // what was met is counted all the same
		if (j.reason == REASON_PASS_DRAINING)
			assert_int_not_equal(reason_verdict(cut.reason), VERDICT_PASS);
		else
			assert_int_equal(j.reason, cut.reason);
	}
}

// A source that is not believed, a pool that is closed to mail from outside: not the stage's.
static void draining_spares_nothing_but_what_clauses_refuse(void **state)
{
	const struct op25b_addr far = {.sets = 0};
	struct op25b_class c = class_of(&drop, 1);
	struct flow f = flow_of(DATA, SUB);
	struct ingress in = from(SUB);
	struct judgement j;

	(void)state;
	c.knobs = KNOB_DRAIN | KNOB_DROP_INBOUND;
	c.pairs = 2;
	decide(&f, &in, &far, &c, NULL, NOW_NS, &j);
	assert_int_equal(j.reason, REASON_DROP_SRC_SPOOFED);
	f = flow_of(DATA, NET);
	f.sport = 40000;
	f.dport = SMTP_PORT;
	in = from(NET);
	decide(&f, &in, &far, &c, NULL, NOW_NS, &j);
	assert_int_equal(j.reason, REASON_DROP_INBOUND);
}

#define INFRA_NAME 7u

// A class of infrastructure that is believed behind these pairs.
static struct op25b_class infra_of(uint32_t pairs)
{
	return (struct op25b_class){.name = INFRA_NAME,
				    .pairs = pairs,
				    .detour_clause = OP25B_NO_CLAUSE,
				    .knobs = KNOB_INFRA};
}

static void infrastructure_behind_a_pair_meets_no_clause(void **state)
{
	static const struct {
		enum shape shape;
		uint32_t pairs;
		uint8_t detour, reason;
	} cases[] = {
		{SYN, OP25B_ANY_PAIR, 0, REASON_PASS_INFRA},
		{DATA, 1, 0, REASON_PASS_INFRA},
		{SYN, 1, REASON_DROP_SOURCE_ROUTE, REASON_PASS_INFRA},
		{DOUBT, 1, 0, REASON_PASS_UNREADABLE},
		{UNKNOWN, 1, 0, REASON_PASS_UNKNOWN_PROTO},
		{SYN, 2, 0, REASON_DROP_SRC_SPOOFED},
		{DATA, 0, 0, REASON_DROP_SRC_SPOOFED},
		{DOUBT, 0, 0, REASON_DROP_TINY_FRAG},
	};
	const struct op25b_addr far = {.sets = 0};
	const struct ingress in = from(SUB);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct op25b_class c = infra_of(cases[i].pairs);
		struct flow f = flow_of(cases[i].shape, SUB);
		struct judgement j;

		f.detour = cases[i].detour;
		decide(&f, &in, &far, &c, NULL, NOW_NS, &j);
		if (j.reason != cases[i].reason)
			fail_msg("case %zu: reason %u", i, j.reason);
		assert_int_equal(j.clause, JUDGEMENT_NO_CLAUSE);
	}
}

// From the network: the mirror and a pool's closed port 25 are not for it. To it: as to a pool that
// no stage restricts.
static void infrastructure_on_the_networks_side_is_not_filtered(void **state)
{
	static const struct {
		uint64_t sets;
		uint16_t sport, dport;
		uint8_t reason;
	} cases[] = {
		{OP25B_INFRA_SET, 25, 40000, REASON_PASS_INFRA},
		{OP25B_INFRA_SET | 1, 25, 40000, REASON_PASS_INFRA},
		{OP25B_INFRA_SET, 40000, 25, REASON_PASS_INFRA},
		{OP25B_INFRA_SET, 25, 25, REASON_PASS_INFRA},
		{1, 25, 40000, REASON_DROP_MIRROR},
		{1, 40000, 25, REASON_DROP_INBOUND},
		{OP25B_INFRA_SET >> 1, 25, 40000, REASON_DROP_MIRROR},
	};
	const struct ingress in = from(NET);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct op25b_addr far = {.sets = cases[i].sets};
		struct op25b_class c = class_of(&drop, 1);
		struct flow f = flow_of(SYN_ACK, NET);
		struct judgement j;

		c.knobs = KNOB_DROP_INBOUND;
		f.sport = cases[i].sport;
		f.dport = cases[i].dport;
		decide(&f, &in, &far, &c, NULL, NOW_NS, &j);
		if (j.reason != cases[i].reason)
			fail_msg("case %zu: reason %u", i, j.reason);
	}
}

// A subscriber's mail to infrastructure is a subscriber's mail.
static void infrastructure_as_a_destination_is_no_excuse(void **state)
{
	const struct op25b_addr far = {.sets = OP25B_INFRA_SET};
	const struct ingress in = from(SUB);
	struct op25b_class c = class_of(&drop, 1);
	struct flow f = flow_of(SYN, SUB);
	struct judgement j;

	(void)state;
	decide(&f, &in, &far, &c, NULL, NOW_NS, &j);
	assert_int_equal(j.reason, REASON_DROP_BLOCKED);
	c.clause[0].sets = OP25B_INFRA_SET >> 1;
	decide(&f, &in, &far, &c, NULL, NOW_NS, &j);
	assert_int_equal(j.reason, REASON_PASS_UNRESTRICTED);
}

// A quarantine's clauses stand before an exception's, these before the stage's; each spares what it
// permits.
static void the_first_origin_decides(void **state)
{
	static const struct {
		uint64_t sets;
		uint8_t reason, clause;
	} cases[] = {
		{1, REASON_PASS_PERMIT, 0},
		{2, REASON_DROP_BLOCKED, 1},
		{3, REASON_PASS_PERMIT, 0},
		{0, REASON_DROP_BLOCKED, 1},
	};
	const struct ingress in = from(SUB);
	struct op25b_class c = class_of(&permit, 1);
	size_t i;

	(void)state;
	c.clause[0].sets = 1; // keep
	c.clause[0].origin = ORIGIN_QUARANTINE;
	c.clause[1] = drop;
	c.clause[1].origin = ORIGIN_QUARANTINE;
	c.clause[2] = permit;
	c.clause[2].origin = ORIGIN_EXCEPTION;
	c.clause[3] = rst;
	c.clause_count = 4;
	c.knobs = KNOB_DRAIN;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct op25b_addr far = {.sets = cases[i].sets};
		struct flow f = flow_of(DATA, SUB);
		struct judgement j;

		decide(&f, &in, &far, &c, NULL, NOW_NS, &j);
		assert_int_equal(j.reason, cases[i].reason);
		assert_int_equal(j.clause, cases[i].clause);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stage_that_drains_spares_what_stands),
		cmocka_unit_test(draining_spares_nothing_but_what_clauses_refuse),
		cmocka_unit_test(infrastructure_behind_a_pair_meets_no_clause),
		cmocka_unit_test(infrastructure_on_the_networks_side_is_not_filtered),
		cmocka_unit_test(infrastructure_as_a_destination_is_no_excuse),
		cmocka_unit_test(the_first_origin_decides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
