// SPDX-License-Identifier: BSD-3-Clause
//
// See shape.h: how a shape is made from a frame. Pure arithmetic.
#include "shape.h"

#include <string.h>

#define HEAD_BEFORE_IP 4u
#define MAX_TAGS 2u         // these, and PPPoE's EtherType, lie inside the 16 octets of `below`
#define NOT_MOVED 0x80      // an index that makes an octet 0
#define PPPOE_LENGTH_OFF 4u // in PPPoE's header

enum { HEAD_LENGTH = 0, HEAD_PROTO = 2, HEAD_FIRST = 3, HEAD_TYPE = 4, HEAD_FRAGMENT = 6 };
enum { BELOW_TYPES = 0, BELOW_LENGTH = 6 };

static void move_octet(uint8_t to[2][16], uint32_t from, uint32_t place)
{
	to[0][place] = (uint8_t)from;
	to[1][8 + place] = (uint8_t)from;
}

// From network to host order.
static void move_length(uint8_t to[2][16], uint32_t from, uint32_t place)
{
	move_octet(to, from + 1, place);
	move_octet(to, from, place + 1);
}

static void move_two(uint8_t to[2][16], uint32_t from, uint32_t place)
{
	move_octet(to, from, place);
	move_octet(to, from + 1, place + 1);
}

// Walks to the IP header. Returns its offset, 0 if that is too far.
static uint32_t learn_below(struct shape *s, const struct window *w)
{
	uint32_t off = ETH_HEADER_BYTES, place = BELOW_TYPES, tags;

	for (tags = 0; is_vlan_type(win_ld16(w, off - 2)); tags++) {
		if (tags == MAX_TAGS)
			return 0;
		off += VLAN_TAG_BYTES;
	}
	s->is_pppoe = win_ld16(w, off - 2) == ETH_TYPE_PPPOE;
	s->has_below = tags || s->is_pppoe;
	for (; place < 2 * (tags + s->is_pppoe); place += 2) {
		move_two(s->below_to, 2 * place, place);
		memset(s->below_mask + place, 0xff, 2);
		memcpy(s->below + place, w->b + ETH_TYPE_OFF + 2 * place, 2);
	}
	if (!s->is_pppoe)
		return off;
	move_length(s->below_to, off + PPPOE_LENGTH_OFF - ETH_TYPE_OFF, BELOW_LENGTH);
	return off + PPPOE_HEADER_BYTES + 2;
}

static void learn_ip4(struct shape *s, uint32_t ip_off)
{
	s->kind = QUICK_IP4_TCP;
	s->icmp = PROTO_ICMP;
	move_length(s->head_to, HEAD_BEFORE_IP + 2, HEAD_LENGTH);
	move_octet(s->head_to, HEAD_BEFORE_IP + 9, HEAD_PROTO);
	s->head_mask[HEAD_FIRST] = 0xff; // version and header length
	s->head[HEAD_FIRST] = 0x45;
	move_two(s->head_to, HEAD_BEFORE_IP + 6, HEAD_FRAGMENT);
	s->head_mask[HEAD_FRAGMENT] = 0x3f;
	s->head_mask[HEAD_FRAGMENT + 1] = 0xff;
	s->upper_off = (uint16_t)(ip_off + IP4_MIN_BYTES);
	s->outside = IP4_MIN_BYTES;
}

// Returns false if the options are too long, or too many.
static bool learn_ip6(struct shape *s, const struct window *w, uint32_t ip_off)
{
	uint32_t next = win_ld8(w, ip_off + 6), off = ip_off + IP6_HEADER_BYTES, i;

	s->kind = QUICK_IP6_TCP;
	s->icmp = PROTO_ICMP6;
	move_length(s->head_to, HEAD_BEFORE_IP + 4, HEAD_LENGTH);
	move_octet(s->head_to, HEAD_BEFORE_IP + 6, HEAD_PROTO);
	s->head_mask[HEAD_FIRST] = 0xf0; // version
	s->head[HEAD_FIRST] = 0x60;
	s->upper_off = (uint16_t)off;
	s->has_options = quick_is_options(next);
	for (i = 0; quick_is_options(next); i++, off += IP6_MIN_EXT_BYTES) {
		if (i == SHAPE_MAX_OPTIONS || win_ld8(w, off + 1))
			return false;
		next = win_ld8(w, off);
	}
	return true;
}

bool shape_learn(struct shape *s, const struct window *w)
{
	uint32_t ip_off, own;

	*s = (struct shape){.is_set = true};
	memset(s->head_to, NOT_MOVED, sizeof(s->head_to));
	memset(s->below_to, NOT_MOVED, sizeof(s->below_to));
	ip_off = learn_below(s, w);
	if (!ip_off)
		return false;
	s->head_off = (uint16_t)(ip_off - HEAD_BEFORE_IP);
	move_two(s->head_to, HEAD_BEFORE_IP - 2, HEAD_TYPE);
	move_octet(s->head_to, HEAD_BEFORE_IP, HEAD_FIRST);
	memset(s->head_mask + HEAD_TYPE, 0xff, 2);
	memcpy(s->head + HEAD_TYPE, w->b + ip_off - 2, 2);
	if (win_ld8(w, ip_off) >> 4 == 4)
		learn_ip4(s, ip_off);
	else if (!learn_ip6(s, w, ip_off))
		return false;
	// IPv6 does not count its own header.
	own = s->kind == QUICK_IP4_TCP ? 0 : IP6_HEADER_BYTES;
	s->before_length = ip_off + own;
	s->before_session = ip_off - 2;
	s->least = s->upper_off + UDP_PORTS_BYTES;
	s->least = s->least > QUICK_MIN_BYTES ? s->least : QUICK_MIN_BYTES;
	s->in_session = 2 + own;
	return true;
}

bool shape_is_alike(const struct shape *a, const struct shape *b)
{
	return a->kind == b->kind && a->head_off == b->head_off &&
	       !memcmp(a->below, b->below, sizeof(a->below));
}
