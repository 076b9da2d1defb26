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
#include "refusal.h"
#include "seam.h"

#define SMTP_PORT 25u // RFC 5321 section 4.5.4.2

// One frame's judgement. The verdict follows from the reason: reason_verdict().
struct judgement {
	uint8_t reason; // enum op25b_reason
	uint8_t action; // enum op25b_action of the clause; none: ACTION_PERMIT, or what the reason
			// does
	uint8_t clause; // index of the clause that was met, or JUDGEMENT_NO_CLAUSE
	uint8_t pad;
};

#define JUDGEMENT_NO_CLAUSE OP25B_NO_CLAUSE

// Where a frame came in.
struct ingress {
	uint8_t side;          // enum op25b_side
	uint8_t pair;          // index of the pair of ports
	uint8_t drop_l2_doubt; // the pair's setting: drop what ends in doubt before any address
	uint8_t pad;
};

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

// In doubt before any address was read, so that no pool can say what to do: the pair's setting
// does.
STAGE uint8_t decide_unreadable(const struct flow *f, const struct ingress *in)
{
	// No device can send it on as it came.
	if (f->reason == REASON_DROP_RUNT)
		return f->reason;
	return in->drop_l2_doubt && in->side == SIDE_SUBSCRIBER ? f->reason
								: REASON_PASS_UNREADABLE;
}

// True if the frame is settled without any look-up, which is the common case; *reason is then set.
STAGE bool decide_early(const struct flow *f, const struct ingress *in, uint8_t *reason)
{
	switch (f->kind) {
	case FLOW_TCP:
		*reason = REASON_PASS_NOT_PORT25;
		if (in->side == SIDE_SUBSCRIBER)
			return f->dport != SMTP_PORT;
		return f->sport != SMTP_PORT && f->dport != SMTP_PORT;
	case FLOW_DOUBT:
		// What comes from the network was made by the far mail server, not by the one who
		// would evade.
		*reason = REASON_PASS_UNREADABLE;
		return in->side == SIDE_NETWORK;
	case FLOW_UNKNOWN:
		*reason = REASON_PASS_UNKNOWN_PROTO;
		return in->side == SIDE_NETWORK;
	case FLOW_UNREADABLE:
		*reason = decide_unreadable(f, in);
		return true;
	default:
		*reason = f->reason;
		return true;
	}
}

// The family of the address on the network's side: in a softwire, the inner one.
STAGE uint8_t flow_far_family(const struct flow *f)
{
	return f->softwire ? FAMILY_IP4 : f->family;
}

// The subscriber slot of an address, or OP25B_NO_SLOT. bits: the IPv4 address, or the upper half of
// the IPv6 address, in host order. port: the subscriber's own, which counts where an address is
// shared by port sets.
STAGE uint32_t addr_slot(const struct op25b_addr *a, uint64_t bits, uint32_t port)
{
	uint32_t psid_mask = (1u << (a->psid_bits & 31)) - 1;
	uint32_t psid = port >> (a->psid_shift & 15) & psid_mask;
	uint32_t block = (uint32_t)((bits & a->host_mask) >> (a->key_shift & 63));

	if (a->slot_base == OP25B_NO_SLOT)
		return OP25B_NO_SLOT;
	return a->slot_base + (block << (a->psid_bits & 31) | psid);
}

// The bits that addr_slot() wants, of the subscriber's address.
STAGE uint64_t flow_subscriber_bits(const struct flow *f, enum op25b_side side)
{
	const uint32_t *be = side == SIDE_SUBSCRIBER ? f->src6_be : f->dst6_be;

	if (f->family == FAMILY_IP4)
		return side == SIDE_SUBSCRIBER ? f->src4 : f->dst4;
	return (uint64_t)__builtin_bswap32(be[0]) << 32 | __builtin_bswap32(be[1]);
}

// The slot of the frame's subscriber, whose address a is, or OP25B_NO_SLOT. Where an address is
// shared by port sets, a frame without ports is nobody's.
STAGE uint32_t flow_slot(const struct flow *f, enum op25b_side side, const struct op25b_addr *a)
{
	if (a->psid_bits && f->kind != FLOW_TCP)
		return OP25B_NO_SLOT;
	return addr_slot(a, flow_subscriber_bits(f, side),
			 side == SIDE_SUBSCRIBER ? f->sport : f->dport);
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
	if (cl->as == ACTION_ICMP_ADMIN)
		return REASON_PASS_MONITOR_ICMP;
	return cl->as == ACTION_RST ? REASON_PASS_MONITOR_RST : REASON_PASS_MONITOR_DROP;
}

#define IP4_FIRST_MULTICAST 224u // first octet, RFC 1112 section 4; above: reserved, broadcast
#define IP4_LOOPBACK 127u // first octets that stand for no other host: RFC 1122 section 3.2.1.3
#define IP4_THIS_NETWORK 0u
#define IP6_MULTICAST 0xffu // RFC 4291 section 2.7, first octet

STAGE bool is_one_host4(uint32_t addr)
{
	uint32_t first = addr >> 24;

	return first != IP4_THIS_NETWORK && first != IP4_LOOPBACK && first < IP4_FIRST_MULTICAST;
}

// Whether both ends are single hosts, so that an answer from the one to the other makes sense.
STAGE bool is_between_hosts(const struct flow *f)
{
	if (flow_far_family(f) == FAMILY_IP4)
		return is_one_host4(f->src4) && is_one_host4(f->dst4);
	return *(const uint8_t *)f->dst6_be != IP6_MULTICAST;
}

// Not every frame may be answered: no reset (RFC 9293 section 3.10.7.1), nothing that is not
// between two hosts (RFC 1122 section 3.2.2), nothing whose way back is not known.
STAGE uint8_t answer_reason(const struct flow *f, uint8_t reason)
{
	if (f->tcp_flags & TCP_FLAG_RST || f->no_answer || f->detour || !is_between_hosts(f))
		return REASON_DROP_UNANSWERED;
	return reason;
}

// Only a SYN without ACK is a new connection, and what cannot be read, because it may be one. On
// hold nothing passes, SYN or not. What may be a connection, but cannot be charged to anybody, does
// not pass: it would be a way round the limit.
STAGE uint8_t decide_limit(const struct flow *f, const struct op25b_clause *cl, uint64_t *slot,
			   uint64_t now_ns)
{
	struct limit_profile profile = {cl->interval_ns, cl->tolerance_ns, cl->hold_ns};
	enum limit_result result = LIMIT_WITHIN;
	bool is_doubt = f->kind == FLOW_DOUBT;
	uint8_t within = is_doubt ? REASON_PASS_UNREADABLE : REASON_PASS_WITHIN_LIMIT;

	if (!slot)
		return is_doubt ? f->reason : within;
	if (is_doubt || (f->tcp_flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) == TCP_FLAG_SYN)
		result = limit_charge(slot, &profile, now_ns);
	else if (limit_is_held(slot, now_ns))
		result = LIMIT_HELD;
	if (result == LIMIT_WITHIN)
		return within;
	if (cl->over == ACTION_RST && !is_doubt)
		return answer_reason(f, REASON_ANSWER_LIMIT);
	if (cl->over == ACTION_ICMP_ADMIN && !is_doubt)
		return answer_reason(f, REASON_ANSWER_LIMIT_ICMP);
	if (result == LIMIT_HELD)
		return REASON_DROP_LIMIT_HELD;
	return result == LIMIT_BUSY ? REASON_DROP_LIMIT_BUSY : REASON_DROP_LIMIT_OVER;
}

// TCP to port 25 from a subscriber.
STAGE uint8_t decide_forward(const struct flow *f, const struct op25b_clause *cl, uint64_t *slot,
			     uint64_t now_ns)
{
	if (f->detour && is_refusal(cl->action))
		return f->detour;
	switch (cl->action) {
	case ACTION_PERMIT:
		return REASON_PASS_PERMIT;
	case ACTION_LIMIT:
		return decide_limit(f, cl, slot, now_ns);
	case ACTION_MONITOR:
		return monitor_reason(cl);
	case ACTION_RST:
		return answer_reason(f, REASON_ANSWER_RST);
	case ACTION_ICMP_ADMIN:
		return answer_reason(f, REASON_ANSWER_ICMP);
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
// its own reason where port 25 would be blocked, counts as a connection where port 25 is limited,
// and passes everywhere else.
STAGE uint8_t decide_doubt(const struct flow *f, const struct op25b_clause *cl, uint64_t *slot,
			   uint64_t now_ns)
{
	if (is_refusal(cl->action))
		return f->reason;
	return cl->action == ACTION_LIMIT ? decide_limit(f, cl, slot, now_ns)
					  : REASON_PASS_UNREADABLE;
}

// No clause matched.
STAGE uint8_t decide_default(const struct flow *f, const struct op25b_class *c)
{
	if (f->kind == FLOW_DOUBT)
		return REASON_PASS_UNREADABLE;
	return c->name ? REASON_PASS_UNRESTRICTED : REASON_PASS_NO_POOL;
}

// Two of the reasons for doubt a pool may let pass.
STAGE bool is_doubt_allowed(const struct flow *f, const struct op25b_class *c)
{
	if (f->reason == REASON_DROP_EH_LIMIT)
		return c->knobs & KNOB_PASS_EH_LIMIT;
	return f->reason == REASON_DROP_FRAG_CHAIN && (c->knobs & KNOB_PASS_FRAG_CHAIN);
}

// What needs no clause: protocols that are not TCP, the provider's infrastructure, sources that are
// not believed, and doubt that the pool lets pass. Returns false if the clauses have to say.
STAGE bool decide_unclaused(const struct flow *f, const struct ingress *in,
			    const struct op25b_addr *far, const struct op25b_class *c,
			    struct judgement *j)
{
	bool is_doubt = f->kind == FLOW_DOUBT;

	j->action = ACTION_PERMIT;
	if (f->kind == FLOW_UNKNOWN) {
		j->reason = c->knobs & KNOB_DROP_UNKNOWN ? REASON_DROP_UNKNOWN_PROTO
							 : REASON_PASS_UNKNOWN_PROTO;
		return true;
	}
	if (in->side == SIDE_NETWORK) {
		j->reason = REASON_PASS_INFRA;
		return far->sets & OP25B_INFRA_SET;
	}
	if (!(c->pairs >> (in->pair & 31) & 1)) {
		j->action = ACTION_DROP;
		j->reason = is_doubt ? f->reason : REASON_DROP_SRC_SPOOFED;
		return true;
	}
	j->reason = is_doubt ? REASON_PASS_UNREADABLE : REASON_PASS_INFRA;
	return c->knobs & KNOB_INFRA || (is_doubt && is_doubt_allowed(f, c));
}

// From the network to port 25 of a subscriber: not the mirror's business, but a pool may close it.
// Who is exempt one way is exempt the other. Returns false if the mirror has to say.
STAGE bool decide_inbound(const struct flow *f, const struct op25b_class *c,
			  const struct op25b_clause *cl, struct judgement *j)
{
	bool is_exempt = cl && cl->action == ACTION_PERMIT;
	bool is_closed = f->dport == SMTP_PORT && (c->knobs & KNOB_DROP_INBOUND) && !is_exempt;

	if (!is_closed && f->sport == SMTP_PORT)
		return false;
	j->clause = JUDGEMENT_NO_CLAUSE;
	j->action = is_closed ? ACTION_DROP : ACTION_PERMIT;
	j->reason = is_closed ? REASON_DROP_INBOUND : REASON_PASS_INBOUND;
	return true;
}

// A stage that has just begun may spare the connections that stand: what its own clauses would
// refuse, and is no attempt at a new one. A quarantine spares nothing, and a hold is no matter of
// when the stage began.
STAGE bool is_drained(const struct flow *f, const struct op25b_class *c,
		      const struct op25b_clause *cl)
{
	return (c->knobs & KNOB_DRAIN) && cl->origin == ORIGIN_STAGE && is_refusal(cl->action) &&
	       f->kind == FLOW_TCP && !f->detour && !(f->tcp_flags & TCP_FLAG_SYN);
}

// The clause that was found says.
STAGE uint8_t decide_clause(const struct flow *f, const struct ingress *in,
			    const struct op25b_clause *cl, uint64_t *slot, uint64_t now_ns)
{
	if (f->kind == FLOW_DOUBT)
		return decide_doubt(f, cl, slot, now_ns);
	if (in->side == SIDE_SUBSCRIBER)
		return decide_forward(f, cl, slot, now_ns);
	return decide_mirror(cl, slot, now_ns);
}

// Judges a frame that decide_early() did not settle.
//   far       what the look-up says of the address on the network's side
//   c         the class of the subscriber's address
//   slot      the subscriber's slot (flow_slot), or NULL if there is none
//   now_ns    CLOCK_MONOTONIC
STAGE void decide(const struct flow *f, const struct ingress *in, const struct op25b_addr *far,
		  const struct op25b_class *c, uint64_t *slot, uint64_t now_ns, struct judgement *j)
{
	const struct op25b_clause *cl = NULL;
	uint32_t i;

	j->pad = 0;
	j->clause = JUDGEMENT_NO_CLAUSE;
	if (decide_unclaused(f, in, far, c, j))
		return;
	if (f->detour && in->side == SIDE_SUBSCRIBER)
		i = c->detour_clause;
	else
		i = clause_find(c, far->sets);
	// Read back, so that in BPF, where j lies in a map value, the clauses become one path
	// again.
	j->clause = i;
	FORGET();
	i = j->clause;
	if (i < OP25B_MAX_CLAUSES) {
		cl = &c->clause[i];
		j->action = cl->action;
	}
	if (in->side == SIDE_NETWORK && decide_inbound(f, c, cl, j))
		return;
	if (!cl) {
		j->reason = decide_default(f, c);
		return;
	}
	j->reason = is_drained(f, c, cl) ? REASON_PASS_DRAINING
					 : decide_clause(f, in, cl, slot, now_ns);
}
