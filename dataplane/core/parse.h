// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
//
// Frame -> struct flow. Reads Ethernet, VLAN tags, PPPoE, IPv4 with options, IPv6 with its
// extension headers and the fixed part of TCP, never a byte behind the TCP header.
//
// Two limits hold at each step: `end`, what the innermost length field claims (beyond it:
// malformed, or cut by fragmentation), and `cap`, how much of the frame is looked at (beyond it:
// doubt "window"). Bounds come from the IP length, never from Ethernet padding.
//
// Shape: docs/judge.md. The cursor goes through opaque() wherever it moves in a loop, loops have
// constant bounds, FORGET() stands at their heads. Pure C: any thread, no state.
#pragma once

#include "flow.h"
#include "seam.h"

#define ETH_HEADER_BYTES 14u
#define ETH_MIN_TYPE 0x0600u // below: IEEE 802.3 length
#define ETH_TYPE_IP4 0x0800u
#define ETH_TYPE_IP6 0x86ddu
#define ETH_TYPE_VLAN 0x8100u  // IEEE 802.1Q C-tag
#define ETH_TYPE_SVLAN 0x88a8u // IEEE 802.1ad S-tag
#define ETH_TYPE_OLD_QINQ 0x9100u
#define ETH_TYPE_PPPOE 0x8864u // RFC 2516 session stage
#define VLAN_TAG_BYTES 4u
#define VLAN_MAX_TAGS 4u
#define PPPOE_HEADER_BYTES 6u
#define PPPOE_VERSION_TYPE 0x11u
#define PPP_ADDRESS_CONTROL 0xff03u // RFC 1662 section 3.1, normally left out in PPPoE
#define PPP_IP4 0x0021u
#define PPP_IP6 0x0057u
#define IP4_MIN_BYTES 20u
#define IP4_MORE_FRAGMENTS 0x2000u
#define IP4_OFFSET_MASK 0x1fffu // in units of 8 bytes
#define IP6_HEADER_BYTES 40u
#define IP6_MAX_HEADERS 16u
#define IP6_MIN_EXT_BYTES 8u
#define TCP_MIN_BYTES 20u
#define TCP_FLAG_SYN 0x02u
#define TCP_FLAG_RST 0x04u
#define TCP_FLAG_ACK 0x10u

// IANA protocol numbers that the chain walks over or stops at.
enum ip_proto {
	PROTO_HOPOPTS = 0,
	PROTO_TCP = 6,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_AH = 51,
	PROTO_DSTOPTS = 60,
	PROTO_MOBILITY = 135,
	PROTO_HIP = 139,
	PROTO_SHIM6 = 140,
};

// Work area of one parse. In BPF it lies in a map value: the stack is tracked too precisely there.
struct parse_work {
	struct flow flow;
	uint32_t off;        // cursor, bytes from the start of the frame
	uint32_t end;        // first byte after what the innermost length field claims
	uint32_t cap;        // bytes looked at: min(frame length, WINDOW_BYTES)
	uint32_t next;       // protocol of the header at the cursor (Ethernet, PPP or IP numbers)
	uint32_t opaque_off; // cell of the cursor for opaque()
	uint32_t pad;
};

// The outcome of a stage: go on, or the flow is settled.
enum parse_step { PARSE_ON = 0, PARSE_DONE = 1 };

STAGE enum parse_step parse_settle(struct parse_work *k, enum flow_kind kind)
{
	k->flow.kind = kind;
	return PARSE_DONE;
}

// In doubt with addresses known. The rule for it is decide.h's: one place.
STAGE enum parse_step parse_doubt(struct parse_work *k, enum op25b_reason reason)
{
	k->flow.kind = FLOW_DOUBT;
	k->flow.doubt = reason;
	return PARSE_DONE;
}

STAGE bool is_vlan_type(uint32_t type)
{
	return type == ETH_TYPE_VLAN || type == ETH_TYPE_SVLAN || type == ETH_TYPE_OLD_QINQ;
}

STAGE enum parse_step parse_tags(const struct window *w, struct parse_work *k)
{
	uint32_t off = ETH_HEADER_BYTES;
	uint32_t i;

	for (i = 0; i < VLAN_MAX_TAGS; i++) {
		FORGET();
		if (!is_vlan_type(k->next))
			break;
		if (off + VLAN_TAG_BYTES > k->cap)
			return parse_settle(k, FLOW_UNREADABLE);
		k->next = win_ld16(w, off + 2);
		k->flow.tag_count++;
		off = opaque(&k->opaque_off, off + VLAN_TAG_BYTES);
	}
	k->off = off;
	if (is_vlan_type(k->next))
		return parse_settle(k, FLOW_UNREADABLE);
	return PARSE_ON;
}

// RFC 2516 section 4, with RFC 1661 protocol field compression and RFC 1662 address and control
// fields.
STAGE enum parse_step parse_pppoe(const struct window *w, struct parse_work *k)
{
	uint32_t off = k->off;
	uint32_t end;

	if (off + PPPOE_HEADER_BYTES + 2 > k->cap)
		return parse_settle(k, FLOW_UNREADABLE);
	if (win_ld8(w, off) != PPPOE_VERSION_TYPE || win_ld8(w, off + 1) != 0)
		return parse_settle(k, FLOW_UNREADABLE);
	end = off + PPPOE_HEADER_BYTES + win_ld16(w, off + 4);
	off = opaque(&k->opaque_off, off + PPPOE_HEADER_BYTES);
	if (end > k->end || off + 2 > end)
		return parse_settle(k, FLOW_UNREADABLE);
	k->end = end;
	if (win_ld16(w, off) == PPP_ADDRESS_CONTROL)
		off = opaque(&k->opaque_off, off + 2);
	if (off + 2 > k->end || off + 2 > k->cap)
		return parse_settle(k, FLOW_UNREADABLE);
	k->next = win_ld8(w, off);
	if (k->next & 1) {
		off = opaque(&k->opaque_off, off + 1);
	} else {
		k->next = win_ld16(w, off);
		off = opaque(&k->opaque_off, off + 2);
	}
	k->off = off;
	k->flow.pppoe = 1;
	if (k->next == PPP_IP4)
		k->next = ETH_TYPE_IP4;
	else if (k->next == PPP_IP6)
		k->next = ETH_TYPE_IP6;
	else
		return parse_settle(k, FLOW_NOT_IP);
	return PARSE_ON;
}

STAGE enum parse_step parse_l2(const struct window *w, struct parse_work *k)
{
	if (k->cap < ETH_HEADER_BYTES)
		return parse_settle(k, FLOW_NOT_IP);
	k->next = win_ld16(w, 12);
	if (parse_tags(w, k) == PARSE_DONE)
		return PARSE_DONE;
	FORGET();
	if (k->next == ETH_TYPE_PPPOE && parse_pppoe(w, k) == PARSE_DONE)
		return PARSE_DONE;
	FORGET();
	if (k->next != ETH_TYPE_IP4 && k->next != ETH_TYPE_IP6)
		return parse_settle(k, FLOW_NOT_IP);
	return PARSE_ON;
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
	return parse_settle(k, FLOW_LATER_FRAG);
}

// RFC 791.
STAGE enum parse_step parse_ip4(const struct window *w, struct parse_work *k)
{
	uint32_t off = k->off, frag, total, header;

	if (off + IP4_MIN_BYTES > k->cap || off + IP4_MIN_BYTES > k->end)
		return parse_settle(k, FLOW_UNREADABLE);
	if (win_ld8(w, off) >> 4 != 4)
		return parse_settle(k, FLOW_UNREADABLE);
	header = (win_ld8(w, off) & 15u) * 4;
	total = win_ld16(w, off + 2);
	frag = win_ld16(w, off + 6);
	k->next = win_ld8(w, off + 9);
	k->flow.family = FAMILY_IP4;
	k->flow.proto = k->next;
	k->flow.l3_off = off;
	k->flow.src4 = __builtin_bswap32(win_ld32_be(w, off + 12));
	k->flow.dst4 = __builtin_bswap32(win_ld32_be(w, off + 16));
	if (k->next != PROTO_TCP && k->next != PROTO_AH)
		return parse_settle(k, FLOW_NOT_TCP);
	if (header < IP4_MIN_BYTES || total < header || off + total > k->end)
		return parse_doubt(k, REASON_DROP_MALFORMED);
	k->end = off + total;
	k->off = opaque(&k->opaque_off, off + header);
	return parse_fragment(k, frag & IP4_OFFSET_MASK, frag & IP4_MORE_FRAGMENTS);
}

// True for a header that the chain walks over. IPv4 knows only AH in front of TCP.
STAGE bool is_chain_header(const struct parse_work *k)
{
	if (k->next == PROTO_AH)
		return true;
	if (k->flow.family != FAMILY_IP6)
		return false;
	return k->next == PROTO_HOPOPTS || k->next == PROTO_ROUTING || k->next == PROTO_FRAGMENT ||
	       k->next == PROTO_DSTOPTS || k->next == PROTO_MOBILITY || k->next == PROTO_HIP ||
	       k->next == PROTO_SHIM6;
}

// RFC 8200 section 3.
STAGE enum parse_step parse_ip6(const struct window *w, struct parse_work *k)
{
	uint32_t off = k->off, i;

	if (off + IP6_HEADER_BYTES > k->cap || off + IP6_HEADER_BYTES > k->end)
		return parse_settle(k, FLOW_UNREADABLE);
	if (win_ld8(w, off) >> 4 != 6)
		return parse_settle(k, FLOW_UNREADABLE);
	k->next = win_ld8(w, off + 6);
	k->flow.family = FAMILY_IP6;
	k->flow.proto = k->next;
	k->flow.l3_off = off;
	for (i = 0; i < 4; i++) {
		k->flow.src6_be[i] = win_ld32_be(w, off + 8 + 4 * i);
		k->flow.dst6_be[i] = win_ld32_be(w, off + 24 + 4 * i);
	}
	if (k->next != PROTO_TCP && !is_chain_header(k))
		return parse_settle(k, FLOW_NOT_TCP);
	if (off + IP6_HEADER_BYTES + win_ld16(w, off + 4) > k->end)
		return parse_doubt(k, REASON_DROP_MALFORMED);
	k->end = off + IP6_HEADER_BYTES + win_ld16(w, off + 4);
	k->off = opaque(&k->opaque_off, off + IP6_HEADER_BYTES);
	return PARSE_ON;
}

// The packet ends inside a header: by fragmentation, or by a lie. In IPv6 the TCP header is part of
// the chain that a first fragment must hold (RFC 7112 section 3); in IPv4 it is a tiny fragment.
STAGE enum parse_step parse_cut(struct parse_work *k)
{
	if (!k->flow.first_frag)
		return parse_doubt(k, REASON_DROP_MALFORMED);
	return parse_doubt(k, k->flow.family == FAMILY_IP6 ? REASON_DROP_FRAG_CHAIN
							   : REASON_DROP_TINY_FRAG);
}

// One extension header (RFC 8200 section 4, AH: RFC 4302 section 2.2).
STAGE enum parse_step parse_chain_header(const struct window *w, struct parse_work *k)
{
	uint32_t off = k->off, this = k->next, bytes;

	if (off + IP6_MIN_EXT_BYTES > k->end)
		return parse_cut(k);
	if (off + IP6_MIN_EXT_BYTES > k->cap)
		return parse_doubt(k, REASON_DROP_WINDOW);
	k->next = win_ld8(w, off);
	k->flow.proto = k->next;
	if (this == PROTO_FRAGMENT) {
		uint32_t frag = win_ld16(w, off + 2);

		k->off = opaque(&k->opaque_off, off + IP6_MIN_EXT_BYTES);
		return parse_fragment(k, frag >> 3, frag & 1);
	}
	if (this == PROTO_AH)
		bytes = (win_ld8(w, off + 1) + 2u) * 4;
	else
		bytes = (win_ld8(w, off + 1) + 1u) * 8;
	if (off + bytes > k->end)
		return parse_cut(k);
	k->off = opaque(&k->opaque_off, off + bytes);
	return PARSE_ON;
}

STAGE enum parse_step parse_chain(const struct window *w, struct parse_work *k)
{
	uint32_t i;

	for (i = 0; i < IP6_MAX_HEADERS; i++) {
		FORGET();
		if (!is_chain_header(k))
			break;
		if (parse_chain_header(w, k) == PARSE_DONE)
			return PARSE_DONE;
	}
	if (is_chain_header(k))
		return parse_doubt(k, REASON_DROP_EH_LIMIT);
	if (k->next != PROTO_TCP)
		return parse_settle(k, FLOW_NOT_TCP);
	return PARSE_ON;
}

// RFC 9293 section 3.1.
STAGE enum parse_step parse_tcp(const struct window *w, struct parse_work *k)
{
	uint32_t off = k->off, header;

	if (off + TCP_MIN_BYTES > k->end)
		return parse_cut(k);
	if (off + TCP_MIN_BYTES > k->cap)
		return parse_doubt(k, REASON_DROP_WINDOW);
	header = (win_ld8(w, off + 12) >> 4) * 4u;
	if (header < TCP_MIN_BYTES)
		return parse_doubt(k, REASON_DROP_MALFORMED);
	if (off + header > k->end)
		return parse_cut(k);
	k->flow.l4_off = off;
	k->flow.tcp_bytes = header;
	k->flow.ip_end = k->end;
	k->flow.sport = win_ld16(w, off);
	k->flow.dport = win_ld16(w, off + 2);
	k->flow.tcp_flags = win_ld8(w, off + 13);
	return parse_settle(k, FLOW_TCP);
}

// Parses the frame of frame_bytes whose first min(frame_bytes, WINDOW_BYTES) bytes are in w.
// k->flow is the result. Always returns 0 (BPF's global functions return a number).
ENTRY int parse(const struct window *w, struct parse_work *k, uint32_t frame_bytes)
{
	enum parse_step step;

	ENTRY_ARGS_OK(w, k);
	__builtin_memset(k, 0, sizeof(*k));
	k->end = frame_bytes;
	k->cap = frame_bytes < WINDOW_BYTES ? frame_bytes : WINDOW_BYTES;
	if (parse_l2(w, k) == PARSE_DONE)
		return 0;
	FORGET();
	step = k->next == ETH_TYPE_IP4 ? parse_ip4(w, k) : parse_ip6(w, k);
	if (step == PARSE_DONE)
		return 0;
	FORGET();
	if (parse_chain(w, k) == PARSE_DONE)
		return 0;
	FORGET();
	parse_tcp(w, k);
	return 0;
}
