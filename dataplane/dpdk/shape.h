// SPDX-License-Identifier: BSD-3-Clause
//
// What most frames of a port look like: below IP, and up to TCP or UDP, all of them carry the same
// constants in the same places, because an access network encapsulates all its subscribers in one
// way. A shape is these constants, learnt from a frame that the quick test has settled, in the form
// in which a vector unit compares several frames at once. It finds the very frames that
// quick_kind_of() settles, or fewer. A worker's thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../core/quick.h"
#include <rte_mbuf.h>

#define SHAPE_FAMILIES 2u // a port has a shape for IPv4 and one for IPv6

// Three windows of 16 octets are loaded of each frame: `head` reaches from 4 octets before the IP
// header to 12 into it, `upper` begins at the TCP or UDP header, `below` at the EtherType. Arrays
// are compared with them octet by octet, in memory order; [4] of dwords.
struct shape {
	uint32_t head_mask[4];
	uint32_t head_tcp[4];
	uint32_t head_udp[4];
	uint32_t below_mask[4];
	uint32_t below[4];
	// Where the IP length stands in head, moved to dwords 2 and 3 in host order.
	uint8_t ip_length_2[16];
	uint8_t ip_length_3[16];
	// The length that the frame must have room for, moved to dword 2: IP's, or PPPoE's.
	uint8_t room_length[16];
	uint32_t room[4]; // what comes in front of it; and how much of the frame must be readable
	uint32_t outside[4];    // dword 3: how much of the IP length is no TCP header
	uint32_t in_session[4]; // dword 2: what PPPoE's length has in front of that which IP's
				// counts
	uint32_t least[4];      // dword 2: PPPoE has room for an IP length of so much, whatever it
				// says
	uint16_t head_off;      // bytes from the start of the frame
	uint16_t upper_off;     // likewise
	bool is_set;            // it was learnt
	bool has_below;         // there are tags, or PPPoE
	bool is_pppoe;          // there is a length of PPPoE's in head
	enum quick_kind kind;   // of TCP; that of UDP is one more
};

// Which of a burst's frames are of a shape: bit i is frame i.
struct shape_match {
	uint64_t tcp;
	uint64_t udp;
};

// Learns the shape of a frame that quick_kind_of() settles. Returns false, and leaves s alone, if
// it has more in it than a shape can say: extension headers, more than two tags.
bool shape_learn(struct shape *s, const struct window *w);

// Compares the first `count` frames, 1 to 64. If that is an odd number, the next pointer in frames
// is overwritten. Must be available: shape_is_available().
struct shape_match shape_match(const struct shape *s, struct rte_mbuf *frames[64], uint32_t count);

// Sum of those of the 64 lengths whose bit is set. As above.
uint64_t shape_sum(const uint32_t lengths[64], uint64_t bits);

// Whether this CPU can.
bool shape_is_available(void);
