// SPDX-License-Identifier: BSD-3-Clause
//
// See frame_build.h.
#include "frame_build.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Makes room for `count` zero bytes in front and returns it.
static uint8_t *put_front(struct frame *f, size_t count)
{
	if (f->bytes + count > FRAME_ROOM_BYTES) {
		fprintf(stderr, "frame_build: the frame grows beyond %u bytes\n", FRAME_ROOM_BYTES);
		abort();
	}
	memmove(f->bytes_be + count, f->bytes_be, f->bytes);
	memset(f->bytes_be, 0, count);
	f->bytes += count;
	return f->bytes_be;
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value & 0xff;
}

static void put_address(int family, const char *text, uint8_t *at)
{
	if (inet_pton(family, text, at) == 1)
		return;
	fprintf(stderr, "frame_build: %s is no address\n", text);
	abort();
}

void frame_start(struct frame *f)
{
	memset(f, 0, sizeof(*f));
}

void frame_zeros(struct frame *f, size_t count)
{
	put_front(f, count);
}

void frame_tcp(struct frame *f, uint16_t sport, uint16_t dport, uint8_t flags)
{
	uint8_t *h = put_front(f, 20);

	put16(h, sport);
	put16(h + 2, dport);
	h[12] = 5 << 4;
	h[13] = flags;
}

void frame_ext(struct frame *f, uint8_t next, uint8_t extra8)
{
	uint8_t *h = put_front(f, 8u + 8u * extra8);

	h[0] = next;
	h[1] = extra8;
}

void frame_frag6(struct frame *f, uint8_t next, uint16_t offset8, int more)
{
	uint8_t *h = put_front(f, 8);

	h[0] = next;
	put16(h + 2, offset8 << 3 | (more ? 1 : 0));
}

void frame_ah(struct frame *f, uint8_t next)
{
	uint8_t *h = put_front(f, 24);

	h[0] = next;
	h[1] = 24 / 4 - 2;
}

void frame_ip4(struct frame *f, const char *src, const char *dst, uint8_t proto,
	       uint8_t option_bytes, uint16_t frag)
{
	uint8_t *h = put_front(f, 20u + option_bytes);

	h[0] = 4 << 4 | (5 + option_bytes / 4);
	put16(h + 2, f->bytes);
	put16(h + 6, frag);
	h[8] = 64;
	h[9] = proto;
	put_address(AF_INET, src, h + 12);
	put_address(AF_INET, dst, h + 16);
	memset(h + 20, 1, option_bytes); // no-operation options
}

void frame_ip6(struct frame *f, const char *src, const char *dst, uint8_t next)
{
	uint8_t *h = put_front(f, 40);

	h[0] = 6 << 4;
	put16(h + 4, f->bytes - 40);
	h[6] = next;
	h[7] = 64;
	put_address(AF_INET6, src, h + 8);
	put_address(AF_INET6, dst, h + 24);
}

void frame_pppoe(struct frame *f, uint16_t ppp_type)
{
	uint8_t *h = put_front(f, 8);

	h[0] = 0x11;
	put16(h + 2, 7);
	put16(h + 4, f->bytes - 6);
	put16(h + 6, ppp_type);
}

void frame_vlan(struct frame *f, uint16_t inner_type)
{
	uint8_t *h = put_front(f, 4);

	put16(h, 100);
	put16(h + 2, inner_type);
}

void frame_mpls(struct frame *f, uint32_t label, int is_bottom)
{
	uint8_t *h = put_front(f, 4);

	put16(h, (uint16_t)(label >> 4));
	h[2] = (uint8_t)(label << 4 | (is_bottom ? 1 : 0));
	h[3] = 255;
}

void frame_eth(struct frame *f, uint16_t type)
{
	uint8_t *h = put_front(f, 14);

	memcpy(h, "\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01", 12);
	put16(h + 12, type);
}
