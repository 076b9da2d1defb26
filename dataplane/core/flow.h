// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
//
// What parse() found out about a frame: the whole input of the decision, besides the look-ups.
#pragma once

#include <stdint.h>

#include "../abi/verdict_abi.h"

enum flow_kind {
	FLOW_NOT_IP = 0,     // no IPv4 or IPv6 packet in it
	FLOW_UNREADABLE = 1, // ends in doubt before any address was read
	FLOW_NOT_TCP = 2,    // IP, and provably not TCP
	FLOW_LATER_FRAG = 3, // a fragment without ports
	FLOW_TCP = 4,        // ports and flags are valid
	FLOW_DOUBT = 5, // addresses are valid; it is TCP, or may be, and cannot be read: see doubt
};

struct flow {
	uint8_t kind;       // enum flow_kind
	uint8_t family;     // enum op25b_family
	uint8_t doubt;      // FLOW_DOUBT: the enum op25b_reason to drop it by
	uint8_t proto;      // last protocol number read (IANA), 0 if none
	uint8_t tcp_flags;  // octet 13 of the TCP header
	uint8_t tag_count;  // VLAN tags in front
	uint8_t pppoe;      // 1: inside a PPPoE session
	uint8_t first_frag; // 1: first of several fragments
	uint16_t sport;     // host order
	uint16_t dport;     // host order
	uint16_t l3_off;    // of the IP header, bytes from the start of the frame
	uint16_t l4_off;    // of the TCP header
	uint16_t tcp_bytes; // length of the TCP header by its data offset
	uint16_t pad;
	uint32_t ip_end; // first byte after the IP packet, by its own length, from the start of the
			 // frame
	uint32_t src4;   // host order, FAMILY_IP4 only
	uint32_t dst4;   // host order, FAMILY_IP4 only
	uint32_t src6_be[4]; // network order, FAMILY_IP6 only
	uint32_t dst6_be[4]; // network order, FAMILY_IP6 only
};

_Static_assert(REASON_COUNT <= 256, "flow.doubt is one octet");
