// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
//
// What parse() found out about a frame: the whole input of the decision, besides the look-ups.
#pragma once

#include <stdint.h>

#include "../abi/verdict_abi.h"

enum flow_kind {
	FLOW_SETTLED = 0,    // passes without a look-up: see reason
	FLOW_UNREADABLE = 1, // ends in doubt before any address was read
	FLOW_UNKNOWN = 2,    // addresses are valid; its IP protocol number is not assigned
	FLOW_TCP = 3,        // addresses, ports and flags are valid
	FLOW_DOUBT = 4,      // addresses are valid; it is TCP, or may be, and cannot be read
};

struct flow {
	uint8_t kind;        // enum flow_kind
	uint8_t family;      // enum op25b_family of the subscriber's address
	uint8_t reason;      // enum op25b_reason. FLOW_SETTLED: to pass by; FLOW_UNREADABLE and
			     // FLOW_DOUBT: to drop by
	uint8_t detour;      // enum op25b_reason to drop by, if the destination address cannot be
			     // believed; else 0
	uint8_t proto;       // last protocol number read (IANA), 0 if none
	uint8_t tcp_flags;   // octet 13 of the TCP header
	uint8_t first_frag;  // 1: first of several fragments
	uint8_t softwire;    // 1: IPv4 in IPv6 of a configured softwire. The IPv6 addresses are the
			     // outer ones, the IPv4 addresses the inner ones
	uint8_t tag_count;   // VLAN tags in front
	uint8_t label_count; // MPLS labels
	uint8_t snap;        // 1: LLC/SNAP, IEEE 802.3 length in front of it
	uint8_t pppoe;       // 1: inside a PPPoE session
	uint8_t no_answer;   // 1: there is nobody to answer, or no way to
	uint8_t pad[3];
	uint16_t sport;     // host order
	uint16_t dport;     // host order
	uint16_t l3_off;    // of the first IP header, bytes from the start of the frame
	uint16_t ip_off;    // of the IP header that TCP belongs to: l3_off, or the inner one
	uint16_t l4_off;    // of the TCP header
	uint16_t tcp_bytes; // length of the TCP header by its data offset
	uint32_t ip_end; // first byte after the IP packet, by its own length, from the start of the
			 // frame; of the first fragment of a softwire: after what is there of it
	uint32_t src4;   // host order: FAMILY_IP4, or softwire
	uint32_t dst4;   // host order: FAMILY_IP4, or softwire
	uint32_t src6_be[4]; // network order, FAMILY_IP6 only
	uint32_t dst6_be[4]; // network order, FAMILY_IP6 only
};

_Static_assert(REASON_COUNT <= 256, "a reason is one octet");
_Static_assert(REASON_PASS_NOT_IP == 0, "flow.detour 0 is no reason to drop by");
