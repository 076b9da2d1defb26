// SPDX-License-Identifier: BSD-3-Clause
//
// What most frames of a port look like: below IP, and up to TCP or UDP, all of them carry the same
// constants in the same places, because an access network encapsulates all its subscribers in one
// way. A shape is these constants, learnt from a frame that the quick test has settled, in the form
// in which a vector unit compares eight frames at once. It finds the very frames that
// quick_kind_of() settles, or fewer. A worker's thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../core/quick.h"
#include <rte_mbuf.h>

#define SHAPE_MAX_OPTIONS 2u
#define SHAPE_GROUP 8u // frames compared at once

// What is compared of a frame: eight octets of its head, which is what lies from 4 octets before
// the IP header to 12 into it, and eight of the 16 octets from the EtherType on.
//   head:  IP length (2, host order), protocol, first octet of the IP header, EtherType or PPP's
//          protocol (2), fragment offset and MF (2; IPv6: 0)
//   below: EtherTypes in front of that (3 times 2), PPPoE's length (2, host order)
// Of either, _to says which octet goes where: [0] into the low half of 16 octets, [1] into the
// high one, 0 elsewhere.
struct shape {
	uint8_t head_to[2][16];
	uint8_t below_to[2][16];
	uint8_t head_mask[8]; // what has to be equal
	uint8_t head[8];
	uint8_t below_mask[8];
	uint8_t below[8];
	uint32_t icmp;           // the family's own
	uint32_t before_length;  // octets of the frame that the IP length does not count
	uint32_t outside;        // octets of the IP header that it does count
	uint32_t before_session; // octets of the frame that PPPoE's length does not count
	uint32_t in_session;     // octets that it counts and the IP length does not
	uint32_t least;     // octets that must be readable, whatever the protocol; without options
	uint16_t head_off;  // octets from the start of the frame
	uint16_t upper_off; // likewise: TCP or UDP, if there are no options in front
	bool is_set;        // it was learnt
	bool has_below;     // there are tags, or PPPoE
	bool is_pppoe;
	bool has_options;     // up to two IPv6 headers of 8 octets with options may be in front
	enum quick_kind kind; // of TCP; that of the others is one more
};

// Which of a burst's frames are of a shape: bit i is frame i.
struct shape_match {
	uint64_t tcp;
	uint64_t other;
	uint32_t tcp_bytes; // sum of their lengths
	uint32_t other_bytes;
};

// Learns the shape of a frame that quick_kind_of() settles. Returns false if it has more in it than
// a shape can say: long options, more than two tags.
bool shape_learn(struct shape *s, const struct window *w);

// Whether both are of one family in one encapsulation. A frame is never of two that are not.
bool shape_is_alike(const struct shape *a, const struct shape *b);

// Compares the first `count` frames, 1 to 64. Up to the next multiple of SHAPE_GROUP, pointers in
// frames are overwritten. Must be available: shape_is_available().
struct shape_match shape_match(const struct shape *s, struct rte_mbuf *frames[64], uint32_t count);

// Whether this CPU can.
bool shape_is_available(void);
