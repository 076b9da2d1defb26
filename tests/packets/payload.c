// SPDX-License-Identifier: BSD-3-Clause
//
// See payload.h.
#include "payload.h"

static uint32_t max32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

// Where the headers of a packet that is not TCP end.
static uint32_t headers_end(const uint8_t *frame, const struct parse_work *k)
{
	const struct flow *f = &k->flow;
	bool is_ip4 = f->family == FAMILY_IP4 || f->softwire;
	uint32_t end = f->ip_off + IP6_HEADER_BYTES;

	if (is_ip4)
		end = f->ip_off + max32(IP4_MIN_BYTES, (frame[f->ip_off] & 15u) * 4);
	end = max32(end, k->off);
	return f->proto == PROTO_UDP ? end + UDP_PORTS_BYTES : end;
}

uint32_t payload_start(const uint8_t *frame, uint32_t frame_bytes, const struct parse_work *k)
{
	uint32_t start = frame_bytes;

	if (k->flow.kind == FLOW_TCP)
		start = k->flow.l4_off + TCP_MIN_BYTES;
	else if (k->flow.family == FAMILY_NONE)
		return frame_bytes;
	else if (k->flow.kind == FLOW_SETTLED || k->flow.kind == FLOW_UNKNOWN)
		start = headers_end(frame, k);
	return start < frame_bytes ? start : frame_bytes;
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

uint32_t payload_resize(uint8_t *frame, const struct flow *f, uint32_t payload_bytes)
{
	uint32_t off = ETH_HEADER_BYTES + f->tag_count * VLAN_TAG_BYTES;
	uint32_t end = f->l4_off + f->tcp_bytes + payload_bytes;

	if (f->snap) {
		put16(frame + off - 2, end - off);
		off += SNAP_BYTES;
	}
	if (f->pppoe)
		put16(frame + off + 4, end - off - PPPOE_HEADER_BYTES);
	if (f->family == FAMILY_IP6)
		put16(frame + f->l3_off + 4, end - f->l3_off - IP6_HEADER_BYTES);
	if (f->family == FAMILY_IP4 || f->softwire)
		put16(frame + f->ip_off + 2, end - f->ip_off);
	return end;
}
