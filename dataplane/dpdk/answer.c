// SPDX-License-Identifier: BSD-3-Clause
//
// See answer.h. RFC 9293 section 3.10.7.1: the reset to a segment for a connection that does not
// exist. Tags, PPPoE session and addresses are the frame's own, turned round.
#include "answer.h"

#include <string.h>

#include "../core/parse.h"
#include <rte_ip.h>
#include <rte_tcp.h>

#define MAC_BYTES 6u
#define ETH_MIN_FRAME_BYTES 60u // IEEE 802.3, without FCS
#define ANSWER_TTL 64u
#define IP4_VERSION_IHL 0x45u
#define IP6_VERSION 0x60000000u
#define TCP_DATA_OFFSET (5u << 4)
#define TCP_FLAG_FIN 0x01u

struct segment4 {
	struct rte_ipv4_hdr ip;
	struct rte_tcp_hdr tcp;
};

struct segment6 {
	struct rte_ipv6_hdr ip;
	struct rte_tcp_hdr tcp;
};

_Static_assert(ETH_HEADER_BYTES + VLAN_MAX_TAGS * VLAN_TAG_BYTES + PPPOE_HEADER_BYTES + 4 +
			       sizeof(struct segment6) <=
		       ANSWER_MAX_BYTES,
	       "the longest answer fits");

static uint32_t be32_load(const uint8_t *at)
{
	uint32_t be;

	memcpy(&be, at, sizeof(be));
	return rte_be_to_cpu_32(be);
}

static void be16_store(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void build_tcp(const uint8_t *frame, const struct flow *f, struct rte_tcp_hdr *tcp)
{
	uint32_t seq = be32_load(frame + f->l4_off + 4), ack = be32_load(frame + f->l4_off + 8);
	uint32_t payload_bytes = f->ip_end - f->l4_off - f->tcp_bytes;

	*tcp = (struct rte_tcp_hdr){
		.src_port = rte_cpu_to_be_16(f->dport),
		.dst_port = rte_cpu_to_be_16(f->sport),
		.data_off = TCP_DATA_OFFSET,
		.tcp_flags = TCP_FLAG_RST,
	};
	if (f->tcp_flags & TCP_FLAG_ACK) {
		tcp->sent_seq = rte_cpu_to_be_32(ack);
		return;
	}
	// SYN and FIN take a sequence number each.
	seq += payload_bytes + !!(f->tcp_flags & TCP_FLAG_SYN) + !!(f->tcp_flags & TCP_FLAG_FIN);
	tcp->recv_ack = rte_cpu_to_be_32(seq);
	tcp->tcp_flags = TCP_FLAG_RST | TCP_FLAG_ACK;
}

static uint32_t build4(const uint8_t *frame, const struct flow *f, uint8_t *out)
{
	struct segment4 s = {.ip = {
				     .version_ihl = IP4_VERSION_IHL,
				     .total_length = rte_cpu_to_be_16(sizeof(s)),
				     .fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG),
				     .time_to_live = ANSWER_TTL,
				     .next_proto_id = PROTO_TCP,
				     .src_addr = rte_cpu_to_be_32(f->dst4),
				     .dst_addr = rte_cpu_to_be_32(f->src4),
			     }};

	build_tcp(frame, f, &s.tcp);
	s.ip.hdr_checksum = rte_ipv4_cksum(&s.ip);
	s.tcp.cksum = rte_ipv4_udptcp_cksum(&s.ip, &s.tcp);
	memcpy(out, &s, sizeof(s));
	return sizeof(s);
}

static uint32_t build6(const uint8_t *frame, const struct flow *f, uint8_t *out)
{
	struct segment6 s = {.ip = {
				     .vtc_flow = rte_cpu_to_be_32(IP6_VERSION),
				     .payload_len = rte_cpu_to_be_16(sizeof(s.tcp)),
				     .proto = PROTO_TCP,
				     .hop_limits = ANSWER_TTL,
			     }};

	memcpy(&s.ip.src_addr, f->dst6_be, sizeof(f->dst6_be));
	memcpy(&s.ip.dst_addr, f->src6_be, sizeof(f->src6_be));
	build_tcp(frame, f, &s.tcp);
	s.tcp.cksum = rte_ipv6_udptcp_cksum(&s.ip, &s.tcp);
	memcpy(out, &s, sizeof(s));
	return sizeof(s);
}

uint32_t answer_build(const uint8_t *frame, const struct flow *f, uint8_t out[ANSWER_MAX_BYTES])
{
	uint32_t pppoe_off = ETH_HEADER_BYTES + f->tag_count * VLAN_TAG_BYTES;
	uint32_t ppp_bytes = f->l3_off - pppoe_off - PPPOE_HEADER_BYTES;
	uint32_t ip_bytes, bytes;

	memset(out, 0, ANSWER_MAX_BYTES);
	memcpy(out, frame + MAC_BYTES, MAC_BYTES);
	memcpy(out + MAC_BYTES, frame, MAC_BYTES);
	memcpy(out + 2 * MAC_BYTES, frame + 2 * MAC_BYTES, f->l3_off - 2 * MAC_BYTES);
	ip_bytes = f->family == FAMILY_IP4 ? build4(frame, f, out + f->l3_off)
					   : build6(frame, f, out + f->l3_off);
	if (f->pppoe)
		be16_store(out + pppoe_off + 4, ppp_bytes + ip_bytes);
	bytes = f->l3_off + ip_bytes;
	return bytes < ETH_MIN_FRAME_BYTES ? ETH_MIN_FRAME_BYTES : bytes;
}
