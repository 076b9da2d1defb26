// SPDX-License-Identifier: BSD-3-Clause
//
// What the tests of core/decide.h share: one clause of each action, classes, and flows as parse()
// leaves them behind. Data only.
#pragma once

#include <stdint.h>

#include "dataplane/core/decide.h"

#define NOW_NS 5000000000000ull
#define HELD_UNTIL(ns) (LIMIT_HELD_BIT | (ns))

static const struct op25b_clause permit = {.sets = OP25B_ANY_SET, .action = ACTION_PERMIT};
static const struct op25b_clause drop = {.sets = OP25B_ANY_SET, .action = ACTION_DROP};
static const struct op25b_clause rst = {.sets = OP25B_ANY_SET, .action = ACTION_RST};
static const struct op25b_clause icmp = {.sets = OP25B_ANY_SET, .action = ACTION_ICMP_ADMIN};
static const struct op25b_clause watch = {
	.sets = OP25B_ANY_SET, .action = ACTION_MONITOR, .as = ACTION_DROP};
static const struct op25b_clause watch_rst = {
	.sets = OP25B_ANY_SET, .action = ACTION_MONITOR, .as = ACTION_RST};
static const struct op25b_clause watch_icmp = {
	.sets = OP25B_ANY_SET, .action = ACTION_MONITOR, .as = ACTION_ICMP_ADMIN};
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
static const struct op25b_clause limit_icmp = {.sets = OP25B_ANY_SET,
					       .action = ACTION_LIMIT,
					       .interval_ns = 1000,
					       .hold_ns = 1000,
					       .over = ACTION_ICMP_ADMIN};

// A subscriber's slot before the frame.
#define NO_SLOT 1ull // the subscriber has none; no TAT that limit.h would write
#define FRESH 0ull
#define FULL (NOW_NS + 500)
#define HELD HELD_UNTIL(NOW_NS + 1)
#define HELD_BEFORE HELD_UNTIL(NOW_NS)

static struct ingress from(enum op25b_side side)
{
	return (struct ingress){.side = side};
}

// What a frame is, for a row of a table.
enum shape { SYN, DATA, RST_SEGMENT, SYN_ACK, DOUBT, UNKNOWN };

static struct flow flow_of(enum shape shape, enum op25b_side side)
{
	static const uint8_t flags[] = {
		[SYN] = TCP_FLAG_SYN,
		[DATA] = TCP_FLAG_ACK,
		[RST_SEGMENT] = TCP_FLAG_RST,
		[SYN_ACK] = TCP_FLAG_SYN | TCP_FLAG_ACK,
		[DOUBT] = 0,
		[UNKNOWN] = 0,
	};
	static const uint8_t kinds[] = {
		[SYN] = FLOW_TCP,     [DATA] = FLOW_TCP,    [RST_SEGMENT] = FLOW_TCP,
		[SYN_ACK] = FLOW_TCP, [DOUBT] = FLOW_DOUBT, [UNKNOWN] = FLOW_UNKNOWN,
	};
	struct flow f = {
		.kind = kinds[shape],
		.reason = shape == DOUBT ? REASON_DROP_TINY_FRAG : REASON_PASS_NOT_PORT25,
		.family = FAMILY_IP4,
		.tcp_flags = flags[shape],
		.sport = side == SIDE_NETWORK ? SMTP_PORT : 40000,
		.dport = side == SIDE_NETWORK ? 40000 : SMTP_PORT,
		.src4 = 0xc6336407, // 198.51.100.7
		.dst4 = 0xc0000219, // 192.0.2.25
	};

	return f;
}

// A class of a pool that is believed everywhere, with these clauses.
static struct op25b_class class_of(const struct op25b_clause *clause, uint8_t count)
{
	struct op25b_class c = {
		.name = 1, .pairs = OP25B_ANY_PAIR, .clause_count = count, .detour_clause = 0};
	uint8_t i;

	for (i = 0; i < count; i++)
		c.clause[i] = clause[i];
	if (!count)
		c.detour_clause = OP25B_NO_CLAUSE;
	return c;
}
