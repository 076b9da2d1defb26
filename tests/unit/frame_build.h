// SPDX-License-Identifier: BSD-3-Clause
//
// Builds frames for tests from the inside out: each call puts one header in front of what is there
// and writes the length that belongs into it. One thread at a time.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define FRAME_ROOM_BYTES 2048u

struct frame {
	uint8_t bytes_be[FRAME_ROOM_BYTES];
	size_t bytes;
};

void frame_start(struct frame *f);
// `count` zero bytes.
void frame_zeros(struct frame *f, size_t count);
void frame_tcp(struct frame *f, uint16_t sport, uint16_t dport, uint8_t flags);
// An extension header of 8 + 8 * extra8 bytes.
void frame_ext(struct frame *f, uint8_t next, uint8_t extra8);
// IPv6 fragment header; offset in units of 8 bytes.
void frame_frag6(struct frame *f, uint8_t next, uint16_t offset8, int more);
// Authentication header of 24 bytes.
void frame_ah(struct frame *f, uint8_t next);
// option_bytes: 0 to 40, a multiple of 4. frag: the whole field, flags and offset.
void frame_ip4(struct frame *f, const char *src, const char *dst, uint8_t proto,
	       uint8_t option_bytes, uint16_t frag);
void frame_ip6(struct frame *f, const char *src, const char *dst, uint8_t next);
// The type to put in front is 0x0021 or 0x0057.
void frame_pppoe(struct frame *f, uint16_t ppp_type);
void frame_vlan(struct frame *f, uint16_t inner_type);
// An MPLS label stack entry with TTL 255.
void frame_mpls(struct frame *f, uint32_t label, int is_bottom);
void frame_eth(struct frame *f, uint16_t type);
