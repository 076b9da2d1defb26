// SPDX-License-Identifier: BSD-3-Clause
//
// See answer_check.h. The query's headers are found by parse(); the answer's are read here, byte by
// byte from the front, and must be nothing but what is expected.
#include "answer_check.h"

#include <string.h>

#include "dataplane/core/parse.h"

#define MAC_BYTES 6u
#define ETH_MIN_FRAME_BYTES 60u // without FCS
#define MIN_HOPS 32u            // TTL or hop limit that reaches any subscriber
#define TCP_FLAG_FIN 0x01u
#define TCP_SEQ 4u // offsets in the TCP header
#define TCP_ACK 8u
#define PROTO_ICMP 1u
#define PROTO_ICMPV6 58u
#define ICMP_BYTES 8u // in front of the quote
#define ICMP4_ADMIN_PROHIBITED 0x030du
#define ICMP6_ADMIN_PROHIBITED 0x0101u
#define TOS_ICMP 0xc0u // RFC 1812 section 4.3.2.5: precedence 6 or 7

// The query, the answer, and how far the answer has been read.
struct exchange {
	const uint8_t *q;
	struct flow qf;
	bool is_icmp;
	const uint8_t *a;
	uint32_t a_bytes;
	uint32_t at;  // next byte of the answer
	uint32_t end; // of its packet, as its innermost length says
};

static uint32_t be16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t be32(const uint8_t *at)
{
	return be16(at) << 16 | be16(at + 2);
}

// RFC 1071: the sum of 16-bit words, not yet complemented. A sum over what includes the right
// checksum is 0xffff.
static uint32_t sum16(uint32_t sum, const uint8_t *bytes, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

// Whether `count` bytes of the answer are those of the query at the same place.
static bool is_repeated(struct exchange *x, uint32_t count)
{
	bool is_same = !memcmp(x->a + x->at, x->q + x->at, count);

	x->at += count;
	return is_same;
}

// The length field at the cursor, which must say the bytes from there to the end of the packet.
static bool length_is(struct exchange *x, uint32_t counted_from)
{
	uint32_t bytes = be16(x->a + x->at);

	x->at += 2;
	return counted_from + bytes == x->end;
}

// Where the answer's packet ends, by the lengths of its outermost IP header.
static uint32_t packet_end(const struct exchange *x)
{
	const uint8_t *ip = x->a + x->qf.l3_off;

	if (x->qf.family == FAMILY_IP4)
		return x->qf.l3_off + be16(ip + 2);
	return x->qf.l3_off + IP6_HEADER_BYTES + be16(ip + 4);
}

static const char *link_fault(struct exchange *x)
{
	const struct flow *f = &x->qf;
	uint32_t i;

	if (memcmp(x->a, x->q + MAC_BYTES, MAC_BYTES) || memcmp(x->a + MAC_BYTES, x->q, MAC_BYTES))
		return "the MAC addresses are not those of the query, turned round";
	x->at = 2 * MAC_BYTES;
	if (!is_repeated(x, f->tag_count * VLAN_TAG_BYTES))
		return "the VLAN tags are not those of the query";
	if (f->snap) {
		if (!length_is(x, x->at + 2))
			return "the IEEE 802.3 length is not that of the packet";
		if (!is_repeated(x, SNAP_BYTES))
			return "LLC and SNAP are not those of the query";
	} else if (!is_repeated(x, 2)) {
		return "the EtherType is not that of the query";
	}
	if (f->pppoe) {
		if (!is_repeated(x, 4))
			return "it is not in the PPPoE session of the query";
		if (!length_is(x, x->at + 2))
			return "the PPPoE length is not that of the packet";
		if (!is_repeated(x, f->l3_off - x->at))
			return "the PPP header is not that of the query";
	}
	for (i = 0; i < f->label_count; i++) {
		if (!is_repeated(x, 3))
			return "the MPLS labels are not those of the query";
		if (x->a[x->at++] < MIN_HOPS)
			return "the TTL of an MPLS label is too low";
	}
	return x->at == f->l3_off ? NULL : "there is more in front of IP than in the query";
}

// The IPv6 header at the cursor, which must carry all that is left of the packet.
static const char *ip6_fault(struct exchange *x, uint32_t proto)
{
	const uint8_t *ip = x->a + x->at, *q_ip = x->q + x->qf.l3_off;

	if (x->at + IP6_HEADER_BYTES + TCP_MIN_BYTES > x->end)
		return "the packet ends inside its headers";
	if (be32(ip) != 0x60000000)
		return "it is not IPv6, or has a traffic class or flow label";
	if (x->at + IP6_HEADER_BYTES + be16(ip + 4) != x->end)
		return "the IPv6 length is not that of the packet";
	if (ip[6] != proto)
		return "the IPv6 next header is wrong";
	if (ip[7] < MIN_HOPS)
		return "the hop limit is too low";
	if (memcmp(ip + 8, q_ip + 24, 16) || memcmp(ip + 24, q_ip + 8, 16))
		return "the IPv6 addresses are not those of the query, turned round";
	x->at += IP6_HEADER_BYTES;
	return NULL;
}

static const char *ip4_fault(struct exchange *x)
{
	const uint8_t *ip = x->a + x->at, *q_ip = x->q + x->qf.ip_off;

	if (x->at + IP4_MIN_BYTES + TCP_MIN_BYTES > x->end)
		return "the packet ends inside its headers";
	if (ip[0] != 0x45)
		return "it is not IPv4, or has options";
	if (ip[1] != (x->is_icmp ? TOS_ICMP : 0))
		return "the IPv4 type of service is wrong";
	if (x->at + be16(ip + 2) != x->end)
		return "the IPv4 length is not that of the packet";
	if (be16(ip + 6) & (IP4_MORE_FRAGMENTS | IP4_OFFSET_MASK))
		return "it is a fragment";
	if (ip[8] < MIN_HOPS)
		return "the TTL is too low";
	if (ip[9] != (x->is_icmp ? PROTO_ICMP : PROTO_TCP))
		return "the IPv4 protocol is wrong";
	if (sum16(0, ip, IP4_MIN_BYTES) != 0xffff)
		return "the checksum of the IPv4 header is wrong";
	if (memcmp(ip + 12, q_ip + 16, 4) || memcmp(ip + 16, q_ip + 12, 4))
		return "the IPv4 addresses are not those of the query, turned round";
	x->at += IP4_MIN_BYTES;
	return NULL;
}

static bool is_inner_ip4(const struct exchange *x)
{
	return x->qf.family == FAMILY_IP4 || x->qf.softwire;
}

static const char *ip_fault(struct exchange *x)
{
	const char *fault = NULL;

	if (x->qf.family == FAMILY_IP6)
		fault = ip6_fault(x, x->qf.softwire ? (uint32_t)PROTO_IP4
				     : x->is_icmp   ? PROTO_ICMPV6
						    : (uint32_t)PROTO_TCP);
	return fault || !is_inner_ip4(x) ? fault : ip4_fault(x);
}

// The sum over pseudo header and what is behind the IP header (RFC 9293 section 3.1, RFC 8200
// section 8.1). ICMPv4 has no pseudo header.
static bool upper_sum_is_right(const struct exchange *x)
{
	uint32_t bytes = x->end - x->at;
	uint32_t sum = sum16(0, x->a + x->at, bytes);

	if (is_inner_ip4(x) && x->is_icmp)
		return sum == 0xffff;
	sum += bytes + (x->is_icmp ? PROTO_ICMPV6 : (uint32_t)PROTO_TCP);
	// The addresses are the last thing in either IP header.
	if (is_inner_ip4(x))
		return sum16(sum, x->a + x->at - 8, 8) == 0xffff;
	return sum16(sum, x->a + x->at - 32, 32) == 0xffff;
}

static const char *tcp_fault(const struct exchange *x)
{
	const struct flow *qf = &x->qf;
	const uint8_t *qt = x->q + qf->l4_off, *at = x->a + x->at;
	uint32_t taken = qf->ip_end - qf->l4_off - qf->tcp_bytes;

	if (x->end - x->at != TCP_MIN_BYTES || at[12] != 5 << 4)
		return "it has options or data";
	if (be16(at) != be16(qt + 2) || be16(at + 2) != be16(qt))
		return "the ports are not those of the query, turned round";
	if (be16(at + 14) || be16(at + 18))
		return "it has a window or an urgent pointer";
	if (qt[13] & TCP_FLAG_ACK) {
		if (at[13] != TCP_FLAG_RST || be32(at + TCP_ACK))
			return "a query with ACK wants a bare RST";
		return be32(at + TCP_SEQ) == be32(qt + TCP_ACK) ? NULL
								: "its seq is not the query's ack";
	}
	taken += !!(qt[13] & TCP_FLAG_SYN) + !!(qt[13] & TCP_FLAG_FIN);
	if (at[13] != (TCP_FLAG_RST | TCP_FLAG_ACK) || be32(at + TCP_SEQ))
		return "a query without ACK wants RST and ACK, with seq 0";
	return be32(at + TCP_ACK) == be32(qt + TCP_SEQ) + taken
		       ? NULL
		       : "its ack is not the query's seq plus what the query took";
}

// The quote is the query from its IP header to the end of the fixed TCP header, and no payload.
static const char *icmp_fault(const struct exchange *x)
{
	const struct flow *qf = &x->qf;
	const uint8_t *at = x->a + x->at;
	uint32_t want = is_inner_ip4(x) ? ICMP4_ADMIN_PROHIBITED : ICMP6_ADMIN_PROHIBITED;
	uint32_t quoted = qf->l4_off + TCP_MIN_BYTES - qf->ip_off;

	if (x->end - x->at != ICMP_BYTES + quoted)
		return "it does not quote just the headers";
	if (be16(at) != want)
		return "type or code is not that of administratively prohibited";
	if (be32(at + 4))
		return "its unused field is not 0";
	return memcmp(at + ICMP_BYTES, x->q + qf->ip_off, quoted)
		       ? "it does not quote the query as it was"
		       : NULL;
}

static const char *padding_fault(const struct exchange *x)
{
	uint32_t i;

	if (x->a_bytes != (x->end < ETH_MIN_FRAME_BYTES ? ETH_MIN_FRAME_BYTES : x->end))
		return "the frame is not as long as its packet, or as a frame must be";
	for (i = x->end; i < x->a_bytes; i++) {
		if (x->a[i])
			return "its padding is not zero";
	}
	return NULL;
}

const char *answer_fault(const uint8_t *query, uint32_t query_bytes,
			 const struct op25b_softwires *softwires, uint8_t reason,
			 const uint8_t *answer, uint32_t answer_bytes)
{
	struct exchange x = {.q = query, .a = answer, .a_bytes = answer_bytes};
	struct parse_work k;
	const char *fault;

	parse((const struct window *)query, &k, query_bytes, softwires, SIDE_SUBSCRIBER);
	if (k.flow.kind != FLOW_TCP)
		return "the query is not TCP, which alone is answered";
	x.qf = k.flow;
	x.is_icmp = reason == REASON_ANSWER_ICMP || reason == REASON_ANSWER_LIMIT_ICMP;
	if (answer_bytes < x.qf.l3_off + IP6_HEADER_BYTES)
		return "it is too short for its headers";
	x.end = packet_end(&x);
	if (x.end > answer_bytes)
		return "its IP length is not inside the frame";
	fault = padding_fault(&x);
	if (!fault)
		fault = link_fault(&x);
	if (!fault)
		fault = ip_fault(&x);
	if (!fault && !upper_sum_is_right(&x))
		fault = "the TCP or ICMP checksum is wrong";
	if (fault)
		return fault;
	return x.is_icmp ? icmp_fault(&x) : tcp_fault(&x);
}
