// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
//
// What the stages of parse() share: the work area, and the ways in which a stage can end.
//
// Two limits hold at each step: `end`, what the innermost length field claims (beyond it:
// malformed, or cut by fragmentation), and `cap`, how much of the frame is looked at (beyond it:
// doubt "window"). Bounds come from the IP length, never from Ethernet padding.
//
// Shape: docs/judge.md. The cursor goes through opaque() wherever it moves in a loop, loops have
// constant bounds, FORGET() stands at their heads. Pure C: any thread, no state.
#pragma once

#include "../abi/image_abi.h"
#include "flow.h"
#include "seam.h"

// IANA protocol numbers that the parser tells apart.
enum ip_proto {
	PROTO_HOPOPTS = 0,
	PROTO_ICMP = 1,
	PROTO_IP4 = 4,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_IP6 = 41,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_GRE = 47,
	PROTO_ESP = 50,
	PROTO_AH = 51,
	PROTO_MOBILE = 55, // RFC 2004 minimal encapsulation
	PROTO_ICMP6 = 58,
	PROTO_DSTOPTS = 60,
	PROTO_IPIP = 94,
	PROTO_ETHERIP = 97,
	PROTO_ENCAP = 98,
	PROTO_IPCOMP = 108,
	PROTO_L2TP = 115,
	PROTO_MOBILITY = 135,
	PROTO_MPLS = 137,
	PROTO_HIP = 139,
	PROTO_SHIM6 = 140,
	PROTO_WESP = 141, // RFC 5840 wrapped ESP
	PROTO_ROHC = 142,
	PROTO_ETHERNET = 143,
	PROTO_AGGFRAG = 144,
	PROTO_NSH = 145,
	PROTO_UNASSIGNED = 148, // and all above
};

// Work area of one parse. In BPF it lies in a map value: the stack is tracked too precisely there.
struct parse_work {
	struct flow flow;
	uint32_t off;        // cursor, bytes from the start of the frame
	uint32_t end;        // first byte after what the innermost length field claims
	uint32_t cap;        // bytes looked at: min(frame length, WINDOW_BYTES)
	uint32_t next;       // protocol of the header at the cursor (Ethernet, PPP or IP numbers)
	uint32_t opaque_off; // cell of the cursor for opaque()
	uint32_t options;    // of the IPv4 header: first byte, from the start of the frame
};

_Static_assert(sizeof(struct parse_work) % 16 == 0, "clear() takes it in pieces of 16 octets");

// The outcome of a stage: go on, or the flow is settled.
enum parse_step { PARSE_ON = 0, PARSE_DONE = 1 };

STAGE enum parse_step parse_end(struct parse_work *k, enum flow_kind kind, enum op25b_reason reason)
{
	k->flow.kind = kind;
	k->flow.reason = reason;
	return PARSE_DONE;
}

// Passes without a look-up.
STAGE enum parse_step parse_settle(struct parse_work *k, enum op25b_reason reason)
{
	return parse_end(k, FLOW_SETTLED, reason);
}

// In doubt before any address: decide_early() has the rule.
STAGE enum parse_step parse_unreadable(struct parse_work *k, enum op25b_reason reason)
{
	k->flow.family = FAMILY_NONE;
	return parse_end(k, FLOW_UNREADABLE, reason);
}

// In doubt with addresses known: decide_doubt() has the rule.
STAGE enum parse_step parse_doubt(struct parse_work *k, enum op25b_reason reason)
{
	return parse_end(k, FLOW_DOUBT, reason);
}

// The packet ends inside a header: by fragmentation, or by a lie. In IPv6 the TCP header is part of
// the chain that a first fragment must hold (RFC 7112 section 3); in IPv4 it is a tiny fragment.
STAGE enum parse_step parse_cut(struct parse_work *k)
{
	if (!k->flow.first_frag)
		return parse_doubt(k, REASON_DROP_MALFORMED);
	if (k->flow.family == FAMILY_IP6 && !k->flow.softwire)
		return parse_doubt(k, REASON_DROP_FRAG_CHAIN);
	return parse_doubt(k, REASON_DROP_TINY_FRAG);
}

// Fragment facts are the same in both families: offset in units of 8 bytes, and whether more
// follow.
STAGE enum parse_step parse_fragment(struct parse_work *k, uint32_t offset, bool more)
{
	if (offset == 0) {
		// An atomic fragment header behind that of a first fragment takes nothing back.
		k->flow.first_frag |= more;
		return PARSE_ON;
	}
	// RFC 3128: a fragment at offset 1 can overwrite the TCP flags of the first.
	if (offset == 1 && k->next == PROTO_TCP)
		return parse_doubt(k, REASON_DROP_FRAG_FO1);
	return parse_settle(k, REASON_PASS_LATER_FRAG);
}

// Whether these bytes lie inside the packet and inside what is looked at.
STAGE bool is_readable(const struct parse_work *k, uint32_t off, uint32_t bytes)
{
	return off + bytes <= k->end && off + bytes <= k->cap;
}
