// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
//
// The quick test: says of the common frame, which is not about port 25, what parse() and
// decide_early() would say, for a fifth of the price. It may only say "surely passes"; of all else
// it says nothing, and parse() is asked. What it knows: Ethernet II with up to four VLAN tags,
// PPPoE, IPv4 without options and not fragmented, IPv6 with hop-by-hop and destination options,
// TCP, UDP and ICMP. Frames of these protocols come mixed, so that their difference is arithmetic,
// not a branch. Pure C: any thread, no state.
//
// tests/packets/core_judge.c holds it against parse(), in every frame that a test of the core
// judges.
#pragma once

#include "decide.h"

// How a settled frame is counted.
enum quick_kind {
	QUICK_IP4_TCP = 0,
	QUICK_IP4_OTHER = 1, // UDP or ICMP
	QUICK_IP6_TCP = 2,
	QUICK_IP6_OTHER = 3,
	QUICK_NONE = 4, // not settled
	QUICK_COUNT = 5,
};

#define QUICK_MIN_BYTES 54u // Ethernet, IPv4 and TCP without options
#define QUICK_MAX_HEADERS 4u
#define IP4_BYTES_OFF 16u // bit offset of the total length in the header's first 8 octets
// Of the first 8 octets in memory order: version and length of header, fragment offset and MF.
#define IP4_WHOLE_MASK 0xff3f0000000000ffull
#define IP4_WHOLE 0x45ull
#define PORT_BE(port) (((port) << 8 & 0xff00u) | (port) >> 8)
#define PORTS_BE(port) (PORT_BE(port) * 0x00010001u) // both ports at once

// Whether either half of a is 0.
STAGE bool is_half_zero(uint32_t a)
{
	return (a - 0x00010001u) & ~a & 0x80008000u;
}

STAGE enum op25b_reason quick_reason(enum quick_kind kind)
{
	return kind == QUICK_IP4_TCP || kind == QUICK_IP6_TCP ? REASON_PASS_NOT_PORT25
							      : REASON_PASS_NOT_TCP;
}

STAGE enum op25b_family quick_family(enum quick_kind kind)
{
	return kind <= QUICK_IP4_OTHER ? FAMILY_IP4 : FAMILY_IP6;
}

// Whether an IPv6 header of this number has options in it.
STAGE bool quick_is_options(uint32_t next)
{
	return next == PROTO_HOPOPTS || next == PROTO_DSTOPTS;
}

// TCP, UDP or ICMP at off, of which UDP_PORTS_BYTES can be read; `left` bytes from there to the end
// of the packet by its own length. ICMP that looks like L2TP's ports is left to parse(). tcp: the
// kind to be returned of TCP.
STAGE enum quick_kind quick_upper(const struct window *w, uint32_t off, uint32_t readable,
				  uint32_t proto, int32_t left, enum quick_kind tcp)
{
	bool is_tcp = proto == PROTO_TCP;
	bool is_icmp = proto == (tcp == QUICK_IP4_TCP ? PROTO_ICMP : PROTO_ICMP6);
	bool is_other = (proto == PROTO_UDP) | is_icmp;
	uint32_t marked = is_tcp ? PORTS_BE(SMTP_PORT) : PORTS_BE(L2TP_PORT);
	bool has_header = off + TCP_MIN_BYTES <= readable;
	int32_t header = win_ld8(w, has_header ? off + 12 : off) >> 2 & 0x3c;
	bool is_short = header < (int32_t)TCP_MIN_BYTES;
	bool is_cut = header > left;
	bool is_marked = is_half_zero(win_ld32_be(w, off) ^ marked);
	bool is_settled = ((is_tcp & has_header & !is_short & !is_cut) | is_other) & !is_marked;

	return is_settled ? tcp + is_other : QUICK_NONE;
}

// The packet at off. end: what the headers in front leave of the frame.
STAGE enum quick_kind quick_ip4(const struct window *w, uint32_t off, uint32_t readable,
				uint32_t end)
{
	uint32_t total;
	uint64_t head;

	if (off + IP4_MIN_BYTES + UDP_PORTS_BYTES > readable)
		return QUICK_NONE;
	head = win_ld64_le(w, off);
	total = __builtin_bswap16((uint16_t)(head >> IP4_BYTES_OFF));
	if ((head & IP4_WHOLE_MASK) != IP4_WHOLE || off + total > end)
		return QUICK_NONE;
	return quick_upper(w, off + IP4_MIN_BYTES, readable, win_ld8(w, off + 9),
			   (int32_t)(total - IP4_MIN_BYTES), QUICK_IP4_TCP);
}

STAGE enum quick_kind quick_ip6(const struct window *w, uint32_t off, uint32_t readable,
				uint32_t end)
{
	uint32_t next, i;

	if (off + IP6_HEADER_BYTES + UDP_PORTS_BYTES > readable || win_ld8(w, off) >> 4 != 6)
		return QUICK_NONE;
	next = win_ld8(w, off + 6);
	off += IP6_HEADER_BYTES;
	if (off + win_ld16(w, off - 36) > end)
		return QUICK_NONE;
	end = off + win_ld16(w, off - 36);
	for (i = 0; i < QUICK_MAX_HEADERS && quick_is_options(next); i++) {
		next = win_ld8(w, off);
		off += (win_ld8(w, off + 1) + 1u) * 8;
		// UDP is not asked for a length, but what is in front of it has to be there.
		if (off + UDP_PORTS_BYTES > readable || off > end)
			return QUICK_NONE;
	}
	return quick_upper(w, off, readable, next, (int32_t)(end - off), QUICK_IP6_TCP);
}

// The same below tags, PPPoE, or both.
STAGE enum quick_kind quick_below(const struct window *w, uint32_t type, uint32_t readable,
				  uint32_t frame_bytes)
{
	uint32_t off = ETH_HEADER_BYTES, end = frame_bytes, i;

	for (i = 0; i < VLAN_MAX_TAGS && is_vlan_type(type); i++) {
		type = win_ld16(w, off + 2);
		off += VLAN_TAG_BYTES;
	}
	// Four tags and PPPoE still lie inside QUICK_MIN_BYTES.
	if (type == ETH_TYPE_PPPOE) {
		end = off + PPPOE_HEADER_BYTES + win_ld16(w, off + 4);
		type = win_ld16(w, off + PPPOE_HEADER_BYTES);
		off += PPPOE_HEADER_BYTES + 2;
		// Of no session that is too short for IPv4's header anything is believed.
		if (end > frame_bytes || end < off + IP4_MIN_BYTES)
			return QUICK_NONE;
		if (type == PPP_IP4)
			return quick_ip4(w, off, readable, end);
		return type == PPP_IP6 ? quick_ip6(w, off, readable, end) : QUICK_NONE;
	}
	if (type == ETH_TYPE_IP4)
		return quick_ip4(w, off, readable, end);
	return type == ETH_TYPE_IP6 ? quick_ip6(w, off, readable, end) : QUICK_NONE;
}

// w: the first `readable` bytes of a frame of frame_bytes; readable is at least QUICK_MIN_BYTES and
// at most WINDOW_BYTES.
STAGE enum quick_kind quick_kind_of(const struct window *w, uint32_t readable, uint32_t frame_bytes)
{
	uint32_t type = win_ld16(w, ETH_TYPE_OFF);

	if (type == ETH_TYPE_IP4)
		return quick_ip4(w, ETH_HEADER_BYTES, readable, frame_bytes);
	if (type == ETH_TYPE_IP6)
		return quick_ip6(w, ETH_HEADER_BYTES, readable, frame_bytes);
	return quick_below(w, type, readable, frame_bytes);
}

// The flow of the most common frame that is about port 25: TCP in IPv4 without options right behind
// Ethernet, whole and not fragmented. Returns false for all others, which parse() has to read;
// otherwise *f is what parse() would make of it. w and readable: as above, but for any readable.
STAGE bool quick_flow4(const struct window *w, uint32_t readable, uint32_t frame_bytes,
		       struct flow *f)
{
	const uint32_t ip_off = ETH_HEADER_BYTES, tcp_off = ETH_HEADER_BYTES + IP4_MIN_BYTES;
	uint32_t total, header;
	uint64_t head;

	if (readable < QUICK_MIN_BYTES || win_ld16(w, ETH_TYPE_OFF) != ETH_TYPE_IP4)
		return false;
	head = win_ld64_le(w, ip_off);
	total = __builtin_bswap16((uint16_t)(head >> IP4_BYTES_OFF));
	header = win_ld8(w, tcp_off + 12) >> 2 & 0x3c;
	if ((head & IP4_WHOLE_MASK) != IP4_WHOLE || win_ld8(w, ip_off + 9) != PROTO_TCP ||
	    ip_off + total > frame_bytes || header < TCP_MIN_BYTES ||
	    header + IP4_MIN_BYTES > total)
		return false;
	*f = (struct flow){
		.kind = FLOW_TCP,
		.family = FAMILY_IP4,
		.reason = REASON_PASS_NOT_PORT25,
		.proto = PROTO_TCP,
		.tcp_flags = win_ld8(w, tcp_off + 13),
		.no_answer = (win_ld8(w, 0) | win_ld8(w, 6)) & ETH_GROUP_BIT,
		.sport = win_ld16(w, tcp_off),
		.dport = win_ld16(w, tcp_off + 2),
		.l3_off = (uint16_t)ip_off,
		.ip_off = (uint16_t)ip_off,
		.l4_off = (uint16_t)tcp_off,
		.tcp_bytes = (uint16_t)header,
		.ip_end = ip_off + total,
		.src4 = __builtin_bswap32(win_ld32_be(w, ip_off + 12)),
		.dst4 = __builtin_bswap32(win_ld32_be(w, ip_off + 16)),
	};
	return true;
}
