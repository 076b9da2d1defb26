// SPDX-License-Identifier: BSD-3-Clause
//
// See answer.h. RFC 9293 section 3.10.7.1: the reset to a segment for a connection that does not
// exist; RFC 1812 section 5.2.7.1 and RFC 4443 section 3.1: the ICMP errors. The box has no
// address: both come from where the frame was going to. What is below IP is the frame's own, turned
// round.
#include "answer.h"

#include <string.h>

#include "../core/parse.h"
#include <rte_ip.h>
#include <rte_tcp.h>

#define MAC_BYTES 6u
#define ETH_MIN_FRAME_BYTES 60u // IEEE 802.3, without FCS
#define ANSWER_TTL 64u
#define IP4_VERSION_IHL 0x45u
#define IP4_INTERNETWORK_CONTROL 0xc0u // precedence of an ICMP error, RFC 1812 section 4.3.2.5
#define IP6_VERSION 0x60000000u
#define TCP_DATA_OFFSET (5u << 4)
#define TCP_FLAG_FIN 0x01u
#define PROTO_ICMP4 1u
#define PROTO_ICMP6 58u
#define ICMP4_UNREACHABLE 3u
#define ICMP4_ADMIN_PROHIBITED 13u
#define ICMP6_UNREACHABLE 1u
#define ICMP6_ADMIN_PROHIBITED 1u
#define ICMP_HEADER_BYTES 8u // type, code, checksum, unused

_Static_assert(WINDOW_BYTES + sizeof(struct rte_ipv6_hdr) + sizeof(struct rte_ipv4_hdr) +
			       ICMP_HEADER_BYTES <=
		       ANSWER_MAX_BYTES,
	       "the longest answer: a softwire's, that quotes headers to the window's end");

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

// The reset, without its checksum. Returns its length.
static uint32_t build_tcp(const uint8_t *frame, const struct flow *f, uint8_t *out)
{
	uint32_t seq = be32_load(frame + f->l4_off + 4), ack = be32_load(frame + f->l4_off + 8);
	uint32_t payload_bytes = f->ip_end - f->l4_off - f->tcp_bytes;
	struct rte_tcp_hdr tcp = {
		.src_port = rte_cpu_to_be_16(f->dport),
		.dst_port = rte_cpu_to_be_16(f->sport),
		.data_off = TCP_DATA_OFFSET,
		.tcp_flags = TCP_FLAG_RST,
	};

	if (f->tcp_flags & TCP_FLAG_ACK) {
		tcp.sent_seq = rte_cpu_to_be_32(ack);
	} else {
		// SYN and FIN take a sequence number each.
		seq += payload_bytes + !!(f->tcp_flags & TCP_FLAG_SYN) +
		       !!(f->tcp_flags & TCP_FLAG_FIN);
		tcp.recv_ack = rte_cpu_to_be_32(seq);
		tcp.tcp_flags = TCP_FLAG_RST | TCP_FLAG_ACK;
	}
	memcpy(out, &tcp, sizeof(tcp));
	return sizeof(tcp);
}

// The ICMP error, without its checksum. It quotes the headers and nothing behind them. Returns its
// length.
static uint32_t build_icmp(const uint8_t *frame, const struct flow *f, bool is_ip4, uint8_t *out)
{
	uint32_t quote_bytes = f->l4_off + TCP_MIN_BYTES - f->ip_off;

	memset(out, 0, ICMP_HEADER_BYTES);
	out[0] = is_ip4 ? ICMP4_UNREACHABLE : ICMP6_UNREACHABLE;
	out[1] = is_ip4 ? ICMP4_ADMIN_PROHIBITED : ICMP6_ADMIN_PROHIBITED;
	memcpy(out + ICMP_HEADER_BYTES, frame + f->ip_off, quote_bytes);
	return ICMP_HEADER_BYTES + quote_bytes;
}

static uint32_t build4(const uint8_t *frame, const struct flow *f, bool is_icmp, uint8_t *out)
{
	uint8_t *upper = out + sizeof(struct rte_ipv4_hdr);
	uint32_t bytes = is_icmp ? build_icmp(frame, f, true, upper) : build_tcp(frame, f, upper);
	struct rte_ipv4_hdr ip = {
		.version_ihl = IP4_VERSION_IHL,
		.type_of_service = is_icmp ? IP4_INTERNETWORK_CONTROL : 0,
		.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(ip) + bytes)),
		.fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = ANSWER_TTL,
		.next_proto_id = is_icmp ? PROTO_ICMP4 : PROTO_TCP,
		.src_addr = rte_cpu_to_be_32(f->dst4),
		.dst_addr = rte_cpu_to_be_32(f->src4),
	};
	uint16_t sum;

	ip.hdr_checksum = rte_ipv4_cksum(&ip);
	if (is_icmp)
		sum = (uint16_t)~rte_raw_cksum(upper, bytes);
	else
		sum = rte_ipv4_udptcp_cksum(&ip, upper);
	memcpy(upper + (is_icmp ? 2 : offsetof(struct rte_tcp_hdr, cksum)), &sum, sizeof(sum));
	memcpy(out, &ip, sizeof(ip));
	return (uint32_t)sizeof(ip) + bytes;
}

// The IPv6 header back to the sender of the frame.
static struct rte_ipv6_hdr header6(const struct flow *f, uint8_t proto, uint32_t payload_bytes)
{
	struct rte_ipv6_hdr ip = {
		.vtc_flow = rte_cpu_to_be_32(IP6_VERSION),
		.payload_len = rte_cpu_to_be_16((uint16_t)payload_bytes),
		.proto = proto,
		.hop_limits = ANSWER_TTL,
	};

	memcpy(&ip.src_addr, f->dst6_be, sizeof(f->dst6_be));
	memcpy(&ip.dst_addr, f->src6_be, sizeof(f->src6_be));
	return ip;
}

static uint32_t build6(const uint8_t *frame, const struct flow *f, bool is_icmp, uint8_t *out)
{
	uint8_t *upper = out + sizeof(struct rte_ipv6_hdr);
	uint32_t bytes = is_icmp ? build_icmp(frame, f, false, upper) : build_tcp(frame, f, upper);
	struct rte_ipv6_hdr ip = header6(f, is_icmp ? PROTO_ICMP6 : PROTO_TCP, bytes);
	uint16_t sum = rte_ipv6_udptcp_cksum(&ip, upper);

	memcpy(upper + (is_icmp ? 2 : offsetof(struct rte_tcp_hdr, cksum)), &sum, sizeof(sum));
	memcpy(out, &ip, sizeof(ip));
	return (uint32_t)sizeof(ip) + bytes;
}

// The inner packet, wrapped for the way back through the subscriber's tunnel.
static uint32_t build_softwire(const uint8_t *frame, const struct flow *f, bool is_icmp,
			       uint8_t *out)
{
	uint32_t bytes = build4(frame, f, is_icmp, out + sizeof(struct rte_ipv6_hdr));
	struct rte_ipv6_hdr ip = header6(f, PROTO_IP4, bytes);

	memcpy(out, &ip, sizeof(ip));
	return (uint32_t)sizeof(ip) + bytes;
}

// What is below IP, and the lengths in it, for ip_bytes behind it.
static void build_l2(const uint8_t *frame, const struct flow *f, uint32_t ip_bytes, uint8_t *out)
{
	uint32_t off = ETH_HEADER_BYTES + f->tag_count * VLAN_TAG_BYTES, i;

	memcpy(out, frame + MAC_BYTES, MAC_BYTES);
	memcpy(out + MAC_BYTES, frame, MAC_BYTES);
	memcpy(out + 2 * MAC_BYTES, frame + 2 * MAC_BYTES, f->l3_off - 2 * MAC_BYTES);
	if (f->snap) {
		be16_store(out + off - 2, f->l3_off - off + ip_bytes);
		off += SNAP_BYTES;
	}
	if (f->pppoe)
		be16_store(out + off + 4, f->l3_off - off - PPPOE_HEADER_BYTES + ip_bytes);
	for (i = 1; i <= f->label_count; i++)
		out[off + i * MPLS_LABEL_BYTES - 1] = ANSWER_TTL;
}

uint32_t answer_build(const uint8_t *frame, const struct flow *f, uint8_t reason,
		      uint8_t out[ANSWER_MAX_BYTES])
{
	bool is_icmp = reason == REASON_ANSWER_ICMP || reason == REASON_ANSWER_LIMIT_ICMP;
	uint32_t ip_bytes, bytes;

	memset(out, 0, ANSWER_MAX_BYTES);
	if (f->softwire)
		ip_bytes = build_softwire(frame, f, is_icmp, out + f->l3_off);
	else if (f->family == FAMILY_IP4)
		ip_bytes = build4(frame, f, is_icmp, out + f->l3_off);
	else
		ip_bytes = build6(frame, f, is_icmp, out + f->l3_off);
	build_l2(frame, f, ip_bytes, out);
	bytes = f->l3_off + ip_bytes;
	return bytes < ETH_MIN_FRAME_BYTES ? ETH_MIN_FRAME_BYTES : bytes;
}
