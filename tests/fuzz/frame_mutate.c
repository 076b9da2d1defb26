// SPDX-License-Identifier: BSD-3-Clause
//
// Mutations of a frame for libFuzzer (see fuzz_frame.c for the input's form). Besides libFuzzer's
// own: a tag, label or header put in, the frame made shorter or longer, a header field set to a
// value that means something; then, mostly, the lengths are made to fit again, because a parser is
// right to stop at the first that does not.
#include <string.h>

#include "dataplane/core/parse.h"
#include "fuzz.h"

#define HEAD_BYTES 3u // of the input, in front of the frame
#define PPPOE_VERSION1_TYPE1 0x11u

static const struct op25b_softwires no_softwires;

static void store16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

struct mutant {
	uint8_t *frame;
	uint32_t bytes;
	uint32_t most_bytes;
	struct parse_work k;
};

static void mutant_parse(struct mutant *m)
{
	parse((const struct window *)m->frame, &m->k, m->bytes, &no_softwires, SIDE_SUBSCRIBER);
}

// Makes room of zeros. Returns NULL if there is none.
static uint8_t *insert(struct mutant *m, uint32_t off, uint32_t count)
{
	if (off > m->bytes || m->bytes + count > m->most_bytes)
		return NULL;
	memmove(m->frame + off + count, m->frame + off, m->bytes - off);
	memset(m->frame + off, 0, count);
	m->bytes += count;
	return m->frame + off;
}

// A tag (IEEE 802.1Q, 802.1ad, the old Q-in-Q) in front of the EtherType.
static void insert_tag(struct mutant *m, uint32_t random)
{
	static const uint16_t types[] = {ETH_TYPE_VLAN, ETH_TYPE_SVLAN, ETH_TYPE_OLD_QINQ};
	uint8_t *at = insert(m, ETH_TYPE_OFF, VLAN_TAG_BYTES);

	if (at)
		store16(at, types[random % 3]);
}

// PPPoE, with or without what RFC 1661 and 1662 compress, or a label, in front of the IP header.
static void insert_below_ip(struct mutant *m, uint32_t random)
{
	uint32_t off = m->k.flow.l3_off, count, proto;
	uint8_t *at;

	if (off < ETH_HEADER_BYTES || m->k.flow.pppoe || m->k.flow.label_count || m->k.flow.snap)
		return;
	if (random % 4 == 0) {
		at = insert(m, off, MPLS_LABEL_BYTES);
		if (!at)
			return;
		at[2] = 1; // bottom of the stack
		store16(m->frame + off - 2, ETH_TYPE_MPLS);
		return;
	}
	proto = m->k.flow.family == FAMILY_IP4 ? PPP_IP4 : PPP_IP6;
	count = PPPOE_HEADER_BYTES + 1 + (random & 4 ? 1 : 0) + (random & 8 ? 2 : 0);
	at = insert(m, off, count);
	if (!at)
		return;
	store16(m->frame + off - 2, ETH_TYPE_PPPOE);
	at[0] = PPPOE_VERSION1_TYPE1;
	at[3] = 1; // session
	if (random & 8)
		store16(at + PPPOE_HEADER_BYTES, PPP_ADDRESS_CONTROL);
	at[count - 1] = (uint8_t)proto;
}

// An IPv6 extension header behind the fixed header, or room for IPv4 options.
static void insert_in_ip(struct mutant *m, uint32_t random)
{
	static const uint8_t protos[] = {PROTO_HOPOPTS, PROTO_ROUTING, PROTO_FRAGMENT,
					 PROTO_DSTOPTS, PROTO_AH,      PROTO_MOBILITY};
	uint32_t off = m->k.flow.l3_off, units = random / 8 % 8;
	uint8_t *ip = m->frame + off, *at;

	if (m->k.flow.family == FAMILY_IP6 && off + IP6_HEADER_BYTES <= m->bytes) {
		at = insert(m, off + IP6_HEADER_BYTES, 8 * (units + 1));
		if (!at)
			return;
		at[0] = ip[6];
		ip[6] = protos[random % sizeof(protos)];
		at[1] = (uint8_t)(ip[6] == PROTO_AH ? 2 * units : units);
		if (ip[6] == PROTO_FRAGMENT)
			at[1] = 0;
	} else if (m->k.flow.family == FAMILY_IP4 && off + IP4_MIN_BYTES <= m->bytes &&
		   (ip[0] & 15) + units <= 15) {
		at = insert(m, off + IP4_MIN_BYTES, 4 * units);
		if (at)
			ip[0] = (uint8_t)(ip[0] + units);
		if (at && units)
			at[0] = random & 1 ? IP4_OPTION_NOP : IP4_OPTION_LSRR;
	}
}

// Longer or shorter, at the end.
static void resize(struct mutant *m, uint32_t random)
{
	uint32_t bytes = random % (2 * WINDOW_BYTES);

	if (random & 0x1000)
		bytes = m->bytes + random % 17 - 8;
	if (bytes > m->most_bytes || bytes < ETH_HEADER_BYTES)
		return;
	if (bytes > m->bytes)
		memset(m->frame + m->bytes, (uint8_t)random, bytes - m->bytes);
	m->bytes = bytes;
}

// One of the values at which something begins or ends, at any octet of the headers.
static void set_octet(struct mutant *m, uint32_t random)
{
	static const uint8_t values[] = {0,  1,  2,    4,    5,    6,    15,
					 16, 25, 0x45, 0x46, 0x7f, 0x80, 0xff};

	if (m->bytes)
		m->frame[random / 64 % (m->bytes < WINDOW_BYTES ? m->bytes : WINDOW_BYTES)] =
			values[random % sizeof(values)];
}

// Lengths as if the packet filled the frame.
static void repair_lengths(struct mutant *m)
{
	uint32_t off = m->k.flow.l3_off, bytes = m->bytes - off, l2;
	uint8_t *ip = m->frame + off;

	l2 = ETH_HEADER_BYTES + m->k.flow.tag_count * VLAN_TAG_BYTES;
	if (off < l2 || off + IP4_MIN_BYTES > m->bytes)
		return;
	if (m->k.flow.pppoe)
		store16(m->frame + l2 + 4, m->bytes - l2 - PPPOE_HEADER_BYTES);
	if (m->k.flow.snap)
		store16(m->frame + l2 - 2, m->bytes - l2);
	if (m->k.flow.family == FAMILY_IP4)
		store16(ip + 2, bytes);
	else if (bytes >= IP6_HEADER_BYTES)
		store16(ip + 4, bytes - IP6_HEADER_BYTES);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t most_bytes, unsigned int seed)
{
	uint32_t random = seed, what = fuzz_random(&random) % 16, argument = fuzz_random(&random);
	struct mutant m = {.frame = data + HEAD_BYTES};

	if (bytes <= HEAD_BYTES + ETH_HEADER_BYTES || what < 4)
		return LLVMFuzzerMutate(data, bytes, most_bytes);
	m.bytes = (uint32_t)bytes - HEAD_BYTES;
	m.most_bytes = (uint32_t)most_bytes - HEAD_BYTES;
	mutant_parse(&m);
	if (what < 6)
		insert_tag(&m, argument);
	else if (what < 8)
		insert_below_ip(&m, argument);
	else if (what < 11)
		insert_in_ip(&m, argument);
	else if (what < 13)
		resize(&m, argument);
	else
		set_octet(&m, argument);
	if (fuzz_random(&random) % 4) {
		mutant_parse(&m);
		repair_lengths(&m);
	}
	return m.bytes + HEAD_BYTES;
}
