// SPDX-License-Identifier: BSD-3-Clause
//
// Builds one frame, header by header. Tags and PPPoE make a frame longer by what they add, as RFC
// 8219 adds the overhead of an encapsulation to the size of the frame; headers that do not fit into
// a short frame make it as long as they are. The payload is a fixed pattern, whose checksum is a
// look-up, and what is missing to the shortest frame of Ethernet is padded with zeros. Single
// thread.
#include "mkpcap_frame.h"

#include <string.h>

enum {
	ETHERNET_BYTES = 14,
	TAGS_BYTES = 8,  // IEEE 802.1ad: an S-tag and a C-tag
	PPPOE_BYTES = 8, // RFC 2516: six of PPPoE, two of PPP
	PPPOE_MTU = 1492,
	TAG_VIDS = 4094, // 0 and 4095 are reserved
	IP4_BYTES = 20,
	IP6_BYTES = 40,
	EXTENSION_BYTES = 8,
	TCP_BYTES = 20,
	TCP_MSS_BYTES = 4,
	UDP_BYTES = 8,
	ICMP_BYTES = 8,
	TYPE_IP4 = 0x0800,
	TYPE_IP6 = 0x86dd,
	TYPE_C_TAG = 0x8100,
	TYPE_S_TAG = 0x88a8,
	TYPE_PPPOE_SESSION = 0x8864,
	PPP_IP4 = 0x0021,
	PPP_IP6 = 0x0057,
	PROTO_HOP_BY_HOP = 0,
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_ICMP6 = 58,
	PROTO_DESTINATION = 60,
	OPTION_PADN = 1,
};

// Locally administered, the same in every frame: both sides are one station, as between routers.
static const uint8_t subscriber_mac[6] = {0x02, 0, 0, 0, 0, 0x01};
static const uint8_t network_mac[6] = {0x02, 0, 0, 0, 0, 0x02};

struct lengths {
	uint32_t link, ip, transport, payload; // ip: with extension headers
};

static uint8_t *put16(uint8_t *at, uint32_t value)
{
	at[0] = value >> 8;
	at[1] = value;
	return at + 2;
}

static uint8_t *put32(uint8_t *at, uint32_t value)
{
	return put16(put16(at, value >> 16), value & 0xffff);
}

// The sum that RFC 1071 folds; only the last piece of a sum may have an odd length.
static uint32_t sum_words(const uint8_t *data, uint32_t bytes)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i + 1 < bytes; i += 2)
		sum += data[i] << 8 | data[i + 1];
	return bytes % 2 ? sum + (data[bytes - 1] << 8) : sum;
}

static uint16_t checksum_of(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

// The pattern counts up from 0. Its sum over each even length is made once.
static uint32_t put_pattern(uint8_t *at, uint32_t bytes)
{
	static uint8_t pattern[FRAME_BUFFER_BYTES];
	static uint32_t sums[FRAME_BUFFER_BYTES / 2 + 1];

	if (!sums[1])
		for (uint32_t i = 0; i < FRAME_BUFFER_BYTES; i += 2) {
			pattern[i] = i;
			pattern[i + 1] = i + 1;
			sums[i / 2 + 1] = sums[i / 2] + sum_words(pattern + i, 2);
		}
	memcpy(at, pattern, bytes);
	return sums[bytes / 2] + (bytes % 2 ? pattern[bytes - 1] << 8 : 0);
}

static struct lengths lengths_of(const struct frame_spec *spec)
{
	struct lengths n = {.link = ETHERNET_BYTES, .ip = IP4_BYTES, .transport = ICMP_BYTES};
	uint32_t asked = spec->bytes, headers;

	if (spec->link == LINK_QINQ_PPPOE)
		n.link += TAGS_BYTES + PPPOE_BYTES;
	if (spec->family == 6)
		n.ip = IP6_BYTES + EXTENSION_BYTES * __builtin_popcount(spec->extensions);
	if (spec->transport == TRANSPORT_TCP)
		n.transport = TCP_BYTES + (spec->tcp_flags & TCP_SYN ? TCP_MSS_BYTES : 0);
	else if (spec->transport == TRANSPORT_UDP)
		n.transport = UDP_BYTES;
	asked += n.link - ETHERNET_BYTES;
	if (spec->link == LINK_QINQ_PPPOE && asked > n.link + PPPOE_MTU)
		asked = n.link + PPPOE_MTU;
	headers = n.link + n.ip + n.transport;
	// The shortest frames of TCP are bare acknowledgements and SYNs, and padded.
	if (asked > headers && !(spec->transport == TRANSPORT_TCP && asked == FRAME_MIN_BYTES))
		n.payload = asked - headers;
	return n;
}

static uint8_t *put_link(uint8_t *at, const struct frame_spec *spec, uint32_t ip_bytes)
{
	memcpy(at, spec->from_subscriber ? network_mac : subscriber_mac, 6);
	memcpy(at + 6, spec->from_subscriber ? subscriber_mac : network_mac, 6);
	at += 12;
	if (spec->link == LINK_PLAIN)
		return put16(at, spec->family == 4 ? TYPE_IP4 : TYPE_IP6);
	at = put16(put16(at, TYPE_S_TAG), 1 + spec->subscriber / TAG_VIDS % TAG_VIDS);
	at = put16(put16(at, TYPE_C_TAG), 1 + spec->subscriber % TAG_VIDS);
	// Version 1, type 1, code 0: session data. The length is that of the PPP frame.
	at = put16(put16(at, TYPE_PPPOE_SESSION), 0x1100);
	at = put16(put16(at, 1 + spec->subscriber % 0xfffe), ip_bytes + 2);
	return put16(at, spec->family == 4 ? PPP_IP4 : PPP_IP6);
}

static uint8_t *put_ip4(uint8_t *at, const struct frame_spec *spec, uint8_t proto, uint32_t bytes)
{
	uint8_t *begin = at;

	at = put16(put16(at, 0x4500), bytes);
	at = put16(put16(at, spec->ip_id), 0x4000); // may not be fragmented
	*at++ = spec->from_subscriber ? 64 : 57;
	*at++ = proto;
	at = put16(at, 0);
	memcpy(at, spec->source.address, 4);
	memcpy(at + 4, spec->destination.address, 4);
	put16(begin + 10, checksum_of(sum_words(begin, IP4_BYTES)));
	return at + 8;
}

static uint8_t *put_extension(uint8_t *at, uint8_t next)
{
	static const uint8_t padding[EXTENSION_BYTES] = {0, 0, OPTION_PADN, 4};

	memcpy(at, padding, EXTENSION_BYTES);
	at[0] = next;
	return at + EXTENSION_BYTES;
}

static uint8_t *put_ip6(uint8_t *at, const struct frame_spec *spec, uint8_t proto, uint32_t bytes)
{
	uint8_t behind = spec->extensions & EXTENSION_DESTINATION ? PROTO_DESTINATION : proto;

	at = put16(put32(at, 0x60000000), bytes - IP6_BYTES);
	*at++ = spec->extensions & EXTENSION_HOP_BY_HOP ? PROTO_HOP_BY_HOP : behind;
	*at++ = spec->from_subscriber ? 64 : 57;
	memcpy(at, spec->source.address, 16);
	memcpy(at + 16, spec->destination.address, 16);
	at += 32;
	if (spec->extensions & EXTENSION_HOP_BY_HOP)
		at = put_extension(at, behind);
	if (spec->extensions & EXTENSION_DESTINATION)
		at = put_extension(at, proto);
	return at;
}

// The largest segment that the receiver may send back: what fits into the link's packet.
static uint32_t mss_of(const struct frame_spec *spec)
{
	uint32_t mtu = spec->link == LINK_QINQ_PPPOE ? PPPOE_MTU : 1500;

	return mtu - TCP_BYTES - (spec->family == 4 ? IP4_BYTES : IP6_BYTES);
}

static void put_tcp(uint8_t *at, const struct frame_spec *spec, uint32_t header_bytes)
{
	uint32_t sequence = spec->ip_id * 0x10001u;

	at = put16(put16(at, spec->source.port), spec->destination.port);
	at = put32(put32(at, sequence), spec->tcp_flags & TCP_ACK ? ~sequence : 0);
	*at++ = header_bytes / 4 << 4;
	*at++ = spec->tcp_flags;
	at = put16(put16(at, 0xffff), 0);
	at = put16(at, 0);
	if (header_bytes > TCP_BYTES)
		put16(put16(at, 0x0204), mss_of(spec));
}

// Writes the transport header without its checksum, and returns where that belongs.
static uint8_t *put_transport(uint8_t *at, const struct frame_spec *spec, const struct lengths *n)
{
	switch (spec->transport) {
	case TRANSPORT_TCP:
		put_tcp(at, spec, n->transport);
		return at + 16;
	case TRANSPORT_UDP:
		put16(put16(at, spec->source.port), spec->destination.port);
		put16(put16(at + 4, n->transport + n->payload), 0);
		return at + 6;
	default: // an echo request
		put16(put16(at, spec->family == 4 ? 0x0800 : 0x8000), 0);
		put16(put16(at + 4, spec->source.port), spec->destination.port);
		return at + 2;
	}
}

static uint8_t proto_of(const struct frame_spec *spec)
{
	if (spec->transport == TRANSPORT_TCP)
		return PROTO_TCP;
	if (spec->transport == TRANSPORT_UDP)
		return PROTO_UDP;
	return spec->family == 4 ? PROTO_ICMP : PROTO_ICMP6;
}

// The pseudo header of RFC 793 and RFC 8200 section 8.1, which ICMP of IPv4 does not have.
static uint32_t sum_pseudo(const struct frame_spec *spec, uint32_t bytes)
{
	uint32_t address_bytes = spec->family == 4 ? 4 : 16;

	if (proto_of(spec) == PROTO_ICMP)
		return 0;
	return sum_words(spec->source.address, address_bytes) +
	       sum_words(spec->destination.address, address_bytes) + proto_of(spec) + bytes;
}

uint32_t frame_build(const struct frame_spec *spec, uint8_t *frame)
{
	struct lengths n = lengths_of(spec);
	uint32_t ip_bytes = n.ip + n.transport + n.payload, bytes = n.link + ip_bytes, sum;
	uint8_t *transport = put_link(frame, spec, ip_bytes), *checksum;
	uint16_t folded;

	transport =
		(spec->family == 4 ? put_ip4 : put_ip6)(transport, spec, proto_of(spec), ip_bytes);
	checksum = put_transport(transport, spec, &n);
	sum = put_pattern(transport + n.transport, n.payload);
	sum += sum_words(transport, n.transport) + sum_pseudo(spec, n.transport + n.payload);
	folded = checksum_of(sum);
	// In UDP, 0 would say that there is none (RFC 768).
	put16(checksum, spec->transport == TRANSPORT_UDP && !folded ? 0xffff : folded);
	if (bytes >= FRAME_MIN_BYTES)
		return bytes;
	memset(frame + bytes, 0, FRAME_MIN_BYTES - bytes);
	return FRAME_MIN_BYTES;
}
