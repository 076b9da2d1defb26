// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
//
// parse(), IPv4 and IPv6 with all that may stand between their headers and TCP: options, extension
// headers, fragments, AH, and the IPv4 packet inside a configured softwire. See parse_work.h.
#pragma once

#include "parse_l2.h"
#include "parse_work.h"

#define IP4_MIN_BYTES 20u
#define IP4_MORE_FRAGMENTS 0x2000u
#define IP4_OFFSET_MASK 0x1fffu // in units of 8 bytes
#define IP4_MAX_OPTION_BYTES 40u
#define IP4_OPTION_END 0u
#define IP4_OPTION_NOP 1u
#define IP4_OPTION_LSRR 131u // RFC 791 section 3.1
#define IP4_OPTION_SSRR 137u
#define IP6_HEADER_BYTES 40u
#define IP6_MAX_HEADERS 16u
#define IP6_MIN_EXT_BYTES 8u
#define ROUTING_TYPE_0 0u // RFC 5095
#define UDP_PORTS_BYTES 4u
#define L2TP_PORT 1701u // RFC 2661 section 8.1

// True for a header that the chain walks over. IPv4 knows only AH in front of TCP.
STAGE bool is_chain_header(const struct parse_work *k)
{
	if (k->next == PROTO_AH)
		return true;
	if (k->flow.family == FAMILY_IP4 || k->flow.softwire)
		return false;
	return k->next == PROTO_HOPOPTS || k->next == PROTO_ROUTING || k->next == PROTO_FRAGMENT ||
	       k->next == PROTO_DSTOPTS || k->next == PROTO_MOBILITY || k->next == PROTO_HIP ||
	       k->next == PROTO_SHIM6;
}

// L2TP is counted apart from other UDP, because it may carry a subscriber's whole traffic.
STAGE enum parse_step parse_udp(const struct window *w, struct parse_work *k, uint32_t off)
{
	if (is_readable(k, off, UDP_PORTS_BYTES) &&
	    (win_ld16(w, off) == L2TP_PORT || win_ld16(w, off + 2) == L2TP_PORT))
		return parse_settle(k, REASON_PASS_TUNNEL_L2TP);
	return parse_settle(k, REASON_PASS_NOT_TCP);
}

// Provably not TCP: k->next says what it is.
STAGE enum parse_step parse_not_tcp(struct parse_work *k)
{
	switch (k->next) {
	case PROTO_IP4:
		return parse_settle(k, REASON_PASS_TUNNEL_IP4);
	case PROTO_IP6:
		return parse_settle(k, REASON_PASS_TUNNEL_IP6);
	case PROTO_GRE:
		return parse_settle(k, REASON_PASS_TUNNEL_GRE);
	case PROTO_ESP:
		return parse_settle(k, REASON_PASS_TUNNEL_ESP);
	case PROTO_L2TP:
		return parse_settle(k, REASON_PASS_TUNNEL_L2TP);
	case PROTO_MOBILE:
	case PROTO_IPIP:
	case PROTO_ETHERIP:
	case PROTO_ENCAP:
	case PROTO_IPCOMP:
	case PROTO_MPLS:
	case PROTO_WESP:
	case PROTO_ROHC:
	case PROTO_ETHERNET:
	case PROTO_AGGFRAG:
	case PROTO_NSH:
		return parse_settle(k, REASON_PASS_TUNNEL_OTHER);
	default:
		if (k->next >= PROTO_UNASSIGNED)
			return parse_end(k, FLOW_UNKNOWN, REASON_PASS_UNKNOWN_PROTO);
		return parse_settle(k, REASON_PASS_NOT_TCP);
	}
}

// Looks for a source route among the options (RFC 791 section 3.1). An option that cannot be walked
// over ends the search: no router gets beyond it either.
STAGE void parse_options(const struct window *w, struct parse_work *k)
{
	uint32_t off = k->options;
	uint32_t i;

	// Only behind the headers of a softwire, or cut by its fragmentation.
	if (!is_readable(k, off, k->off - off)) {
		k->flow.detour = REASON_DROP_WINDOW;
		return;
	}
	for (i = 0; i < IP4_MAX_OPTION_BYTES; i++) {
		uint32_t type, bytes = 1;

		FORGET();
		if (off >= k->off)
			return;
		type = win_ld8(w, off);
		if (type == IP4_OPTION_LSRR || type == IP4_OPTION_SSRR) {
			k->flow.detour = REASON_DROP_SOURCE_ROUTE;
			return;
		}
		if (type == IP4_OPTION_END)
			return;
		if (type != IP4_OPTION_NOP) {
			if (off + 1 >= k->off)
				return;
			bytes = win_ld8(w, off + 1);
			if (bytes < 2)
				return;
		}
		off = opaque(&k->opaque_off, off + bytes);
	}
}

// There is no IPv4 header: nothing is known of the packet, or, in a softwire, only who sent it.
STAGE enum parse_step parse_no_ip4(struct parse_work *k)
{
	if (!k->flow.softwire)
		return parse_unreadable(k, REASON_DROP_MALFORMED);
	k->flow.detour = REASON_DROP_MALFORMED;
	if (k->off + IP4_MIN_BYTES > k->end)
		return parse_cut(k);
	if (k->off + IP4_MIN_BYTES > k->cap)
		return parse_doubt(k, REASON_DROP_WINDOW);
	return parse_doubt(k, REASON_DROP_MALFORMED);
}

// RFC 791. total: of the packet, by its header.
STAGE enum parse_step parse_ip4_bounds(struct parse_work *k, uint32_t header, uint32_t total)
{
	if (header < IP4_MIN_BYTES || total < header)
		return parse_doubt(k, REASON_DROP_MALFORMED);
	if (k->off + total <= k->end)
		k->end = k->off + total;
	else if (!k->flow.first_frag) // of the softwire, whose rest comes in later fragments
		return parse_doubt(k, REASON_DROP_MALFORMED);
	k->options = k->off + IP4_MIN_BYTES;
	k->off = opaque(&k->opaque_off, k->off + header);
	return PARSE_ON;
}

STAGE enum parse_step parse_ip4(const struct window *w, struct parse_work *k)
{
	uint32_t off = k->off, header, total, frag;

	if (!is_readable(k, off, IP4_MIN_BYTES) || win_ld8(w, off) >> 4 != 4)
		return parse_no_ip4(k);
	header = (win_ld8(w, off) & 15u) * 4;
	total = win_ld16(w, off + 2);
	frag = win_ld16(w, off + 6);
	k->next = win_ld8(w, off + 9);
	k->flow.proto = k->next;
	k->flow.ip_off = off;
	k->flow.src4 = __builtin_bswap32(win_ld32_be(w, off + 12));
	k->flow.dst4 = __builtin_bswap32(win_ld32_be(w, off + 16));
	if (k->next == PROTO_UDP && !(frag & IP4_OFFSET_MASK) && total >= header + UDP_PORTS_BYTES)
		return parse_udp(w, k, off + header);
	if (k->next != PROTO_TCP && k->next != PROTO_AH)
		return parse_not_tcp(k);
	if (parse_ip4_bounds(k, header, total) == PARSE_DONE)
		return PARSE_DONE;
	if (header > IP4_MIN_BYTES)
		parse_options(w, k);
	return parse_fragment(k, frag & IP4_OFFSET_MASK, frag & IP4_MORE_FRAGMENTS);
}

// RFC 8200 section 3.
STAGE enum parse_step parse_ip6(const struct window *w, struct parse_work *k)
{
	uint32_t off = k->off, i;

	if (!is_readable(k, off, IP6_HEADER_BYTES) || win_ld8(w, off) >> 4 != 6)
		return parse_unreadable(k, REASON_DROP_MALFORMED);
	k->next = win_ld8(w, off + 6);
	k->flow.proto = k->next;
	k->flow.ip_off = off;
	for (i = 0; i < 4; i++) {
		k->flow.src6_be[i] = win_ld32_be(w, off + 8 + 4 * i);
		k->flow.dst6_be[i] = win_ld32_be(w, off + 24 + 4 * i);
	}
	off = opaque(&k->opaque_off, off + IP6_HEADER_BYTES);
	// With a length that lies, nothing behind this header is believed to be there.
	if (off + win_ld16(w, k->off + 4) <= k->end)
		k->end = off + win_ld16(w, k->off + 4);
	else
		k->end = off;
	k->off = off;
	return PARSE_ON;
}

// RFC 8200 section 4.4: as long as segments are left, the destination address is a stop on the way.
STAGE void parse_routing(const struct window *w, struct parse_work *k, uint32_t off)
{
	if (win_ld8(w, off + 2) == ROUTING_TYPE_0)
		k->flow.detour = REASON_DROP_ROUTING_TYPE0;
	else if (win_ld8(w, off + 3) && !k->flow.detour)
		k->flow.detour = REASON_DROP_SEGMENTS_LEFT;
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
	if (this == PROTO_ROUTING)
		parse_routing(w, k, off);
	if (this == PROTO_AH)
		bytes = (win_ld8(w, off + 1) + 2u) * 4;
	else
		bytes = (win_ld8(w, off + 1) + 1u) * 8;
	if (off + bytes > k->end)
		return parse_cut(k);
	k->off = opaque(&k->opaque_off, off + bytes);
	return PARSE_ON;
}

// The chain is settled before its end. What was not read of it may be a routing header, so that the
// destination cannot be believed. (A header whose length lies is passed on by no receiver.)
STAGE enum parse_step parse_chain_doubt(struct parse_work *k)
{
	bool is_hidden = k->flow.reason == REASON_DROP_EH_LIMIT ||
			 k->flow.reason == REASON_DROP_FRAG_CHAIN ||
			 k->flow.reason == REASON_DROP_WINDOW;

	if (is_hidden && k->flow.family == FAMILY_IP6 && !k->flow.softwire && !k->flow.detour)
		k->flow.detour = k->flow.reason;
	return PARSE_DONE;
}

// Ends with the protocol behind the headers in k->next.
STAGE enum parse_step parse_chain(const struct window *w, struct parse_work *k)
{
	uint32_t i;

	for (i = 0; i < IP6_MAX_HEADERS; i++) {
		FORGET();
		if (!is_chain_header(k))
			break;
		if (parse_chain_header(w, k) == PARSE_DONE)
			return parse_chain_doubt(k);
	}
	if (!is_chain_header(k))
		return PARSE_ON;
	parse_doubt(k, REASON_DROP_EH_LIMIT);
	return parse_chain_doubt(k);
}

// Whether the outer packet goes to or comes from the end of a configured softwire: AFTR (RFC 6333),
// BR (RFC 7597). One whose destination is but a stop on the way may go there.
STAGE bool is_softwire(const struct op25b_softwires *s, const struct flow *f, uint32_t side)
{
	const uint32_t *addr_be = side == SIDE_SUBSCRIBER ? f->dst6_be : f->src6_be;
	uint32_t i;

	if (f->detour && side == SIDE_SUBSCRIBER)
		return s->count > 0;

	for (i = 0; i < OP25B_MAX_SOFTWIRES; i++) {
		const struct op25b_softwire *e = &s->item[i];

		FORGET();
		if (i >= s->count)
			break;
		if (!((addr_be[0] ^ e->addr_be[0]) & e->mask_be[0]) &&
		    !((addr_be[1] ^ e->addr_be[1]) & e->mask_be[1]) &&
		    !((addr_be[2] ^ e->addr_be[2]) & e->mask_be[2]) &&
		    !((addr_be[3] ^ e->addr_be[3]) & e->mask_be[3]))
			return true;
	}
	return false;
}

// The packet and its chain. PARSE_ON: the cursor is on what k->next says.
STAGE enum parse_step parse_ip(const struct window *w, struct parse_work *k,
			       const struct op25b_softwires *softwires, uint32_t side)
{
	k->flow.l3_off = k->off;
	k->flow.family = k->next == ETH_TYPE_IP4 ? FAMILY_IP4 : FAMILY_IP6;
	if (k->flow.family == FAMILY_IP6) {
		if (parse_ip6(w, k) == PARSE_DONE)
			return PARSE_DONE;
		FORGET();
		if (parse_chain(w, k) == PARSE_DONE)
			return PARSE_DONE;
		FORGET();
		if (k->next == PROTO_UDP)
			return parse_udp(w, k, k->off);
		if (k->next != PROTO_IP4)
			return PARSE_ON;
		k->flow.softwire = is_softwire(softwires, &k->flow, side);
		if (!k->flow.softwire)
			return PARSE_ON;
		FORGET();
	}
	if (parse_ip4(w, k) == PARSE_DONE)
		return PARSE_DONE;
	FORGET();
	return parse_chain(w, k);
}
