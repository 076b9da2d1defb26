// SPDX-License-Identifier: BSD-3-Clause
//
// See answer_check.h.
#include "answer_check.h"

#include <string.h>

#include "dataplane/core/parse.h"

#define MAC_BYTES 6u
#define ETH_MIN_FRAME_BYTES 60u // without FCS
#define TCP_FLAG_FIN 0x01u
#define TCP_SEQ 4u // offsets in the TCP header
#define TCP_ACK 8u

// A frame and where its headers are.
struct packet {
	const uint8_t *bytes;
	uint32_t frame_bytes;
	struct parse_work work;
};

static uint32_t be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

// RFC 1071: the sum of 16-bit words, not yet complemented.
static uint32_t sum16(uint32_t sum, const uint8_t *bytes, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static const char *link_fault(const struct packet *q, const struct packet *a)
{
	uint32_t l2_bytes = ETH_HEADER_BYTES + VLAN_TAG_BYTES * q->work.flow.tag_count;
	uint32_t pppoe_bytes = a->bytes[l2_bytes + 4] << 8 | a->bytes[l2_bytes + 5];

	if (memcmp(a->bytes, q->bytes + MAC_BYTES, MAC_BYTES) ||
	    memcmp(a->bytes + MAC_BYTES, q->bytes, MAC_BYTES))
		return "the MAC addresses are not those of the query, turned round";
	if (memcmp(a->bytes + 2 * MAC_BYTES, q->bytes + 2 * MAC_BYTES, l2_bytes - 2 * MAC_BYTES))
		return "the VLAN tags or the EtherType are not those of the query";
	if (!q->work.flow.pppoe)
		return NULL;
	if (memcmp(a->bytes + l2_bytes, q->bytes + l2_bytes, 4))
		return "it is not in the PPPoE session of the query";
	if (l2_bytes + PPPOE_HEADER_BYTES + pppoe_bytes != a->work.flow.ip_end)
		return "the PPPoE length is not that of the packet";
	return NULL;
}

static const char *ip_fault(const struct packet *q, const struct packet *a)
{
	const struct flow *qf = &q->work.flow, *af = &a->work.flow;
	const uint8_t *ip = a->bytes + af->l3_off;

	if (qf->src4 != af->dst4 || qf->dst4 != af->src4 ||
	    memcmp(qf->src6_be, af->dst6_be, sizeof(qf->src6_be)) ||
	    memcmp(qf->dst6_be, af->src6_be, sizeof(qf->dst6_be)))
		return "the IP addresses are not those of the query, turned round";
	if (af->first_frag)
		return "it is a fragment";
	if (af->family == FAMILY_IP6)
		return ip[7] < 32 ? "the hop limit is too low" : NULL;
	if (ip[8] < 32)
		return "the TTL is too low";
	if (sum16(0, ip, IP4_MIN_BYTES) != 0xffff)
		return "the checksum of the IPv4 header is wrong";
	return NULL;
}

// The sum over pseudo header and segment (RFC 9293 section 3.1, RFC 8200 section 8.1).
static bool tcp_sum_is_right(const struct packet *a)
{
	const struct flow *f = &a->work.flow;
	const uint8_t *ip = a->bytes + f->l3_off;
	uint32_t bytes = f->ip_end - f->l4_off;
	uint32_t sum = sum16(PROTO_TCP + bytes, a->bytes + f->l4_off, bytes);

	if (f->family == FAMILY_IP4)
		return sum16(sum, ip + 12, 8) == 0xffff;
	return sum16(sum, ip + 8, 32) == 0xffff;
}

static const char *tcp_fault(const struct packet *q, const struct packet *a)
{
	const struct flow *qf = &q->work.flow, *af = &a->work.flow;
	const uint8_t *qt = q->bytes + qf->l4_off, *at = a->bytes + af->l4_off;
	uint32_t taken = qf->ip_end - qf->l4_off - qf->tcp_bytes;

	if (qf->sport != af->dport || qf->dport != af->sport)
		return "the ports are not those of the query, turned round";
	if (af->ip_end - af->l4_off != TCP_MIN_BYTES)
		return "it has options or data";
	if (!tcp_sum_is_right(a))
		return "the TCP checksum is wrong";
	if (qf->tcp_flags & TCP_FLAG_ACK) {
		if (af->tcp_flags != TCP_FLAG_RST || be32(at + TCP_ACK))
			return "a query with ACK wants a bare RST";
		return be32(at + TCP_SEQ) == be32(qt + TCP_ACK) ? NULL
								: "its seq is not the query's ack";
	}
	taken += !!(qf->tcp_flags & TCP_FLAG_SYN) + !!(qf->tcp_flags & TCP_FLAG_FIN);
	if (af->tcp_flags != (TCP_FLAG_RST | TCP_FLAG_ACK) || be32(at + TCP_SEQ))
		return "a query without ACK wants RST and ACK, with seq 0";
	return be32(at + TCP_ACK) == be32(qt + TCP_SEQ) + taken
		       ? NULL
		       : "its ack is not the query's seq plus what the query took";
}

static void packet_read(struct packet *p, const uint8_t *bytes, uint32_t frame_bytes)
{
	p->bytes = bytes;
	p->frame_bytes = frame_bytes;
	parse((const struct window *)bytes, &p->work, frame_bytes);
}

const char *answer_fault(const uint8_t *query, uint32_t query_bytes, const uint8_t *answer,
			 uint32_t answer_bytes)
{
	struct packet q, a;
	const char *fault;
	uint32_t i;

	packet_read(&q, query, query_bytes);
	packet_read(&a, answer, answer_bytes);
	if (a.work.flow.kind != FLOW_TCP || a.work.flow.family != q.work.flow.family)
		return "it is not TCP of the query's family";
	if (answer_bytes < ETH_MIN_FRAME_BYTES)
		return "it is shorter than an Ethernet frame may be";
	for (i = a.work.flow.ip_end; i < answer_bytes; i++) {
		if (answer[i])
			return "its padding is not zero";
	}
	fault = link_fault(&q, &a);
	if (!fault)
		fault = ip_fault(&q, &a);
	return fault ? fault : tcp_fault(&q, &a);
}
