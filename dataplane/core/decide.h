// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
//
// Flow + look-ups -> verdict and reason. The precedence of clauses, the mirror for answers coming
// back from port 25, the limit and the one rule for doubt are here and nowhere else. Pure C: any
// thread.
//
// Direction: from the subscriber port the source is the subscriber and destination port 25 is
// judged; from the network port the destination is the subscriber and *source* port 25 is judged by
// the mirror of the same clauses (triangular spamming: the answers to mail that was sent by another
// way).
#pragma once

#include "../abi/image_abi.h"
#include "flow.h"
#include "limit.h"
#include "parse.h"
#include "seam.h"

#define SMTP_PORT 25u // RFC 5321 section 4.5.4.2

// One frame's judgement. The verdict follows from the reason: reason_verdict().
struct judgement {
	uint8_t reason; // enum op25b_reason
	uint8_t action; // enum op25b_action of the clause, or the class's default action
	uint8_t clause; // index of the clause that matched, or JUDGEMENT_NO_CLAUSE
	uint8_t pad;
};

#define JUDGEMENT_NO_CLAUSE 0xffu

// Bit r is set if reason r has that verdict; made from the one table, so that appending a row is
// enough.
#define REASON_BIT_IF(id, is) | ((uint64_t)(is) << REASON_##id)
#define REASON_PASS_BIT(id, verdict, name, help)                                                   \
	REASON_BIT_IF(id, VERDICT_##verdict == VERDICT_PASS)
#define REASON_DROP_BIT(id, verdict, name, help)                                                   \
	REASON_BIT_IF(id, VERDICT_##verdict == VERDICT_DROP)
#define REASON_PASS_BITS (0 OP25B_REASONS(REASON_PASS_BIT))
#define REASON_DROP_BITS (0 OP25B_REASONS(REASON_DROP_BIT))

// The verdict that goes with a reason.
STAGE enum op25b_verdict reason_verdict(uint8_t reason)
{
	if (REASON_PASS_BITS >> (reason & 63) & 1)
		return VERDICT_PASS;
	return REASON_DROP_BITS >> (reason & 63) & 1 ? VERDICT_DROP : VERDICT_ANSWER;
}

// True if the frame is settled without any look-up, which is the common case; *reason is then set.
STAGE bool decide_early(const struct flow *f, enum op25b_side side, uint8_t *reason)
{
	uint16_t port = side == SIDE_SUBSCRIBER ? f->dport : f->sport;

	switch (f->kind) {
	case FLOW_TCP:
		*reason = REASON_PASS_NOT_PORT25;
		return port != SMTP_PORT;
	case FLOW_DOUBT:
		// What comes from the network was made by the far mail server, not by the one who
		// would evade.
		*reason = REASON_PASS_UNREADABLE;
		return side == SIDE_NETWORK;
	case FLOW_NOT_TCP:
		*reason = REASON_PASS_NOT_TCP;
		return true;
	case FLOW_LATER_FRAG:
		*reason = REASON_PASS_LATER_FRAG;
		return true;
	case FLOW_UNREADABLE:
		*reason = REASON_PASS_UNREADABLE;
		return true;
	default:
		*reason = REASON_PASS_NOT_IP;
		return true;
	}
}

// The subscriber slot of an address, or OP25B_NO_SLOT. bits: the IPv4 address, or the upper half of
// the IPv6 address, in host order.
STAGE uint32_t addr_slot(const struct op25b_addr *a, uint64_t bits)
{
	if (a->slot_base == OP25B_NO_SLOT)
		return OP25B_NO_SLOT;
	return a->slot_base + (uint32_t)((bits & a->host_mask) >> (a->key_shift & 63));
}

// The bits that addr_slot() wants, of the subscriber's address.
STAGE uint64_t flow_subscriber_bits(const struct flow *f, enum op25b_side side)
{
	const uint32_t *be = side == SIDE_SUBSCRIBER ? f->src6_be : f->dst6_be;

	if (f->family == FAMILY_IP4)
		return side == SIDE_SUBSCRIBER ? f->src4 : f->dst4;
	return (uint64_t)__builtin_bswap32(be[0]) << 32 | __builtin_bswap32(be[1]);
}

// First match wins. Returns the index, or JUDGEMENT_NO_CLAUSE.
STAGE uint32_t clause_find(const struct op25b_class *c, uint64_t far_sets)
{
	uint32_t i;

	for (i = 0; i < OP25B_MAX_CLAUSES; i++) {
		if (i >= c->clause_count)
			break;
		if (c->clause[i].sets == OP25B_ANY_SET || (c->clause[i].sets & far_sets))
			return i;
	}
	return JUDGEMENT_NO_CLAUSE;
}

STAGE uint8_t monitor_reason(const struct op25b_clause *cl)
{
	return cl->as == ACTION_RST ? REASON_PASS_MONITOR_RST : REASON_PASS_MONITOR_DROP;
}

// A reset is never answered by a reset (RFC 9293 section 3.10.7.1).
STAGE uint8_t answer_reason(const struct flow *f, uint8_t reason)
{
	return f->tcp_flags & TCP_FLAG_RST ? REASON_DROP_UNANSWERED : reason;
}

// Only a SYN without ACK is a new connection; but on hold nothing passes, SYN or not.
STAGE uint8_t decide_limit(const struct flow *f, const struct op25b_clause *cl, uint64_t *slot,
			   uint64_t now_ns)
{
	struct limit_profile profile = {cl->interval_ns, cl->tolerance_ns, cl->hold_ns};
	enum limit_result result = LIMIT_WITHIN;

	if (!slot)
		return REASON_PASS_WITHIN_LIMIT;
	if ((f->tcp_flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) == TCP_FLAG_SYN)
		result = limit_charge(slot, &profile, now_ns);
	else if (limit_is_held(slot, now_ns))
		result = LIMIT_HELD;
	if (result == LIMIT_WITHIN)
		return REASON_PASS_WITHIN_LIMIT;
	if (cl->over == ACTION_RST)
		return answer_reason(f, REASON_ANSWER_LIMIT);
	if (result == LIMIT_HELD)
		return REASON_DROP_LIMIT_HELD;
	return result == LIMIT_BUSY ? REASON_DROP_LIMIT_BUSY : REASON_DROP_LIMIT_OVER;
}

// TCP to port 25 from a subscriber.
STAGE uint8_t decide_forward(const struct flow *f, const struct op25b_clause *cl, uint64_t *slot,
			     uint64_t now_ns)
{
	switch (cl->action) {
	case ACTION_PERMIT:
		return REASON_PASS_PERMIT;
	case ACTION_LIMIT:
		return decide_limit(f, cl, slot, now_ns);
	case ACTION_MONITOR:
		return monitor_reason(cl);
	case ACTION_RST:
		return answer_reason(f, REASON_ANSWER_RST);
	default:
		return REASON_DROP_BLOCKED;
	}
}

// TCP from port 25 to a subscriber: the mirror. Never answered: the sender may be a victim.
STAGE uint8_t decide_mirror(const struct op25b_clause *cl, const uint64_t *slot, uint64_t now_ns)
{
	switch (cl->action) {
	case ACTION_PERMIT:
		return REASON_PASS_PERMIT;
	case ACTION_LIMIT:
		if (slot && limit_is_held(slot, now_ns))
			return REASON_DROP_MIRROR;
		return REASON_PASS_WITHIN_LIMIT;
	case ACTION_MONITOR:
		return monitor_reason(cl);
	default:
		return REASON_DROP_MIRROR;
	}
}

// The rule for doubt: a subscriber's frame that is TCP, or may be, and cannot be read is dropped by
// its own reason where port 25 would be blocked, and passes everywhere else.
STAGE uint8_t decide_doubt(const struct flow *f, const struct op25b_clause *cl,
			   const uint64_t *slot, uint64_t now_ns)
{
	if (cl->action == ACTION_DROP || cl->action == ACTION_RST)
		return f->doubt;
	if (cl->action == ACTION_LIMIT && slot && limit_is_held(slot, now_ns))
		return REASON_DROP_LIMIT_HELD;
	return REASON_PASS_UNREADABLE;
}

// No clause matched: what the class says by itself.
STAGE uint8_t decide_default(const struct flow *f, enum op25b_side side,
			     const struct op25b_class *c, uint32_t class_id)
{
	if (c->default_action == ACTION_DROP && side == SIDE_SUBSCRIBER)
		return f->kind == FLOW_DOUBT ? f->doubt : REASON_DROP_NO_POOL;
	if (f->kind == FLOW_DOUBT)
		return REASON_PASS_UNREADABLE;
	return class_id == 0 ? REASON_PASS_NO_POOL : REASON_PASS_UNRESTRICTED;
}

// Judges a frame that decide_early() did not settle.
//   sub, far  what the look-ups say of the subscriber's address and of the other one
//   c         the class sub->class_id
//   slot      the subscriber's slot (addr_slot), or NULL if there is none
//   now_ns    CLOCK_MONOTONIC
STAGE void decide(const struct flow *f, enum op25b_side side, const struct op25b_addr *sub,
		  const struct op25b_addr *far, const struct op25b_class *c, uint64_t *slot,
		  uint64_t now_ns, struct judgement *j)
{
	const struct op25b_clause *cl;
	uint32_t i = clause_find(c, far->sets);

	// Read back, so that in BPF, where j lies in a map value, the clauses become one path
	// again.
	j->clause = i;
	FORGET();
	i = j->clause;
	j->pad = 0;
	if (i >= OP25B_MAX_CLAUSES) {
		j->action = c->default_action;
		j->reason = decide_default(f, side, c, sub->class_id);
		return;
	}
	cl = &c->clause[i];
	j->action = cl->action;
	if (f->kind == FLOW_DOUBT)
		j->reason = decide_doubt(f, cl, slot, now_ns);
	else if (side == SIDE_SUBSCRIBER)
		j->reason = decide_forward(f, cl, slot, now_ns);
	else
		j->reason = decide_mirror(cl, slot, now_ns);
}
