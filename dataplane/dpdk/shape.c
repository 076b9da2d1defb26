// SPDX-License-Identifier: BSD-3-Clause
//
// See shape.h: how a shape is made from a frame. Pure arithmetic.
#include "shape.h"

#include <string.h>

#define HEAD_BEFORE_IP 4u
#define MAX_TAGS 2u      // these, and PPPoE's EtherType, lie inside the 16 octets of `below`
#define LENGTH_FROM 0x80 // a shuffle's index for an octet that is to be 0

// The octets of a dword in memory order.
static uint32_t octets(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	const uint8_t bytes[4] = {a, b, c, d};
	uint32_t dword;

	memcpy(&dword, bytes, sizeof(dword));
	return dword;
}

// A shuffle that moves the 16-bit number at head[from], in network order, to that dword.
static void move_length(uint8_t shuffle[16], uint32_t from, uint32_t dword)
{
	memset(shuffle, LENGTH_FROM, 16);
	shuffle[4 * dword] = (uint8_t)(from + 1);
	shuffle[4 * dword + 1] = (uint8_t)from;
}

// An EtherType that must stand at this octet of the frame.
static void add_below(struct shape *s, const struct window *w, uint32_t off)
{
	uint32_t at = off - ETH_TYPE_OFF;

	memset((uint8_t *)s->below_mask + at, 0xff, 2);
	memcpy((uint8_t *)s->below + at, w->b + off, 2);
	s->has_below = true;
}

// Walks to the IP header. Returns its offset, 0 if that is too far.
static uint32_t learn_below(struct shape *s, const struct window *w)
{
	uint32_t off = ETH_HEADER_BYTES, tags;

	for (tags = 0; is_vlan_type(win_ld16(w, off - 2)); tags++) {
		if (tags == MAX_TAGS)
			return 0;
		add_below(s, w, off - 2);
		off += VLAN_TAG_BYTES;
	}
	if (win_ld16(w, off - 2) != ETH_TYPE_PPPOE)
		return off;
	add_below(s, w, off - 2);
	s->is_pppoe = true;
	return off + PPPOE_HEADER_BYTES + 2;
}

static void learn_ip4(struct shape *s, uint32_t ip_off)
{
	s->kind = QUICK_IP4_TCP;
	s->head_mask[1] = octets(0xff, 0, 0, 0); // version and header length
	s->head_tcp[1] = octets(0x45, 0, 0, 0);
	s->head_mask[2] = octets(0, 0, 0x3f, 0xff); // fragment offset and MF
	s->head_mask[3] = octets(0, 0xff, 0, 0);    // protocol
	s->head_tcp[3] = octets(0, PROTO_TCP, 0, 0);
	s->head_udp[3] = octets(0, PROTO_UDP, 0, 0);
	s->upper_off = (uint16_t)(ip_off + IP4_MIN_BYTES);
	s->outside[3] = IP4_MIN_BYTES;
	move_length(s->ip_length_2, HEAD_BEFORE_IP + 2, 2);
	move_length(s->ip_length_3, HEAD_BEFORE_IP + 2, 3);
}

static void learn_ip6(struct shape *s, uint32_t ip_off)
{
	s->kind = QUICK_IP6_TCP;
	s->head_mask[1] = octets(0xf0, 0, 0, 0); // version
	s->head_tcp[1] = octets(0x60, 0, 0, 0);
	s->head_mask[2] = octets(0, 0, 0xff, 0); // next header
	s->head_tcp[2] = octets(0, 0, PROTO_TCP, 0);
	s->head_udp[2] = octets(0, 0, PROTO_UDP, 0);
	s->upper_off = (uint16_t)(ip_off + IP6_HEADER_BYTES);
	move_length(s->ip_length_2, HEAD_BEFORE_IP + 4, 2);
	move_length(s->ip_length_3, HEAD_BEFORE_IP + 4, 3);
}

// The header's protocol decides what is behind it: quick_kind_of() has seen TCP or UDP, maybe
// behind extension headers.
static bool is_plain_ip6(const struct window *w, uint32_t ip_off)
{
	uint32_t next = win_ld8(w, ip_off + 6);

	return next == PROTO_TCP || next == PROTO_UDP;
}

bool shape_learn(struct shape *s, const struct window *w)
{
	uint32_t ip_off, before_length;

	*s = (struct shape){.is_set = true};
	ip_off = learn_below(s, w);

	if (!ip_off)
		return false;
	s->head_off = (uint16_t)(ip_off - HEAD_BEFORE_IP);
	if (win_ld8(w, ip_off) >> 4 == 4)
		learn_ip4(s, ip_off);
	else if (is_plain_ip6(w, ip_off))
		learn_ip6(s, ip_off);
	else
		return false;
	// What is not TCP's own is the same for UDP.
	s->head_mask[0] = octets(0, 0, 0xff, 0xff); // EtherType, or PPP's protocol
	s->head_tcp[0] = octets(0, 0, w->b[ip_off - 2], w->b[ip_off - 1]);
	s->head_udp[0] = s->head_tcp[0];
	s->head_udp[1] = s->head_tcp[1];
	// IPv6 does not count its own header.
	before_length = s->kind == QUICK_IP4_TCP ? 0 : IP6_HEADER_BYTES;
	s->room[2] = ip_off + before_length;
	s->room[3] = s->upper_off + TCP_MIN_BYTES;
	memcpy(s->room_length, s->ip_length_2, sizeof(s->room_length));
	if (s->is_pppoe) {
		move_length(s->room_length, 0, 2);
		s->room[2] = ip_off - 2;
		s->in_session[2] = before_length + 2;
		s->least[2] = IP4_MIN_BYTES > before_length ? IP4_MIN_BYTES - before_length : 0;
	}
	return true;
}
