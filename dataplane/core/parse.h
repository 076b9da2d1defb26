// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
//
// Frame -> struct flow. Reads what stands below IP (parse_l2.h), the IP headers (parse_ip.h) and
// the fixed part of TCP, never a byte behind the TCP header. Pure C: any thread, no state.
#pragma once

#include "parse_ip.h"
#include "parse_l2.h"
#include "parse_work.h"

#define TCP_MIN_BYTES 20u
#define TCP_FLAG_SYN 0x02u
#define TCP_FLAG_RST 0x04u
#define TCP_FLAG_ACK 0x10u

// RFC 9293 section 3.1.
STAGE enum parse_step parse_tcp(const struct window *w, struct parse_work *k)
{
	uint32_t off = k->off, header;

	if (off + TCP_MIN_BYTES > k->end)
		return parse_cut(k);
	if (off + TCP_MIN_BYTES > k->cap)
		return parse_doubt(k, REASON_DROP_WINDOW);
	header = (win_ld8(w, off + 12) >> 4) * 4u;
	if (header < TCP_MIN_BYTES)
		return parse_doubt(k, REASON_DROP_MALFORMED);
	if (off + header > k->end)
		return parse_cut(k);
	k->flow.l4_off = off;
	k->flow.tcp_bytes = header;
	k->flow.ip_end = k->end;
	k->flow.sport = win_ld16(w, off);
	k->flow.dport = win_ld16(w, off + 2);
	k->flow.tcp_flags = win_ld8(w, off + 13);
	return parse_end(k, FLOW_TCP, REASON_PASS_NOT_PORT25);
}

// Parses the frame of frame_bytes whose first min(frame_bytes, WINDOW_BYTES) bytes are in w, which
// came in on that side (enum op25b_side). softwires: the policy's, may have none in it. k->flow is
// the result. Always returns 0 (BPF's global functions return a number).
ENTRY int parse(const struct window *w, struct parse_work *k, uint32_t frame_bytes,
		const struct op25b_softwires *softwires, uint32_t side)
{
	ENTRY_ARGS_OK(w, k);
	ENTRY_ARGS_OK(softwires, k);
	clear(k, sizeof(*k));
	k->end = frame_bytes;
	k->cap = frame_bytes < WINDOW_BYTES ? frame_bytes : WINDOW_BYTES;
	if (parse_l2(w, k) == PARSE_DONE)
		return 0;
	FORGET();
	if (parse_ip(w, k, softwires, side) == PARSE_DONE)
		return 0;
	FORGET();
	if (k->next != PROTO_TCP)
		parse_not_tcp(k);
	else
		parse_tcp(w, k);
	return 0;
}
