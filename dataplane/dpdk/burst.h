// SPDX-License-Identifier: BSD-3-Clause
//
// One burst of frames through the judge, in steps so that the misses of many frames overlap: read
// all headers (read.c), look up and decide what is not settled by then (burst.c), count, free,
// answer and send (settle.c). A worker's thread.
//
// Most frames are settled by the quick test (core/quick.h). Of these nothing is kept but their
// number and their bytes; only the rest have a place in the arrays below.
#pragma once

#include <stdint.h>

#include "../core/quick.h"
#include "answer.h"
#include "read.h"
#include "worker.h"
#include <rte_mbuf.h>

enum burst_addr { SUBSCRIBER_ADDR = 0, FAR_ADDR = 1 };

// Frames that are counted together: their number in the low half, their bytes in the high one. One
// number, because what is stored in halves and loaded whole has to wait until it is in the cache.
static inline uint64_t burst_sum(uint32_t packets, uint32_t bytes)
{
	return (uint64_t)bytes << 32 | packets;
}

// Scratch of one burst; it means nothing from one burst to the next.
struct burst {
	struct rte_mbuf *rx[WORKER_BURST]; // the frames, in order of arrival
	uint64_t bytes;                    // of the frames in rx
	uint64_t settled[QUICK_COUNT]; // burst_sum(); [enum quick_kind]; QUICK_NONE: those in rest
	uint32_t rest_count;
	uint8_t rest[WORKER_BURST]; // frames that the quick test left, as indices in rx, ascending

	// [place in rest]
	uint8_t reason[WORKER_BURST];     // enum op25b_reason
	uint8_t family[WORKER_BURST];     // enum op25b_family
	uint16_t pool_slot[WORKER_BURST]; // slot of the subscriber's pool in the counters
	struct parse_work work[WORKER_BURST];

	// Look-ups. open: frames that need them, as places in rest.
	uint32_t open_count;
	uint32_t count4;
	uint32_t count6;
	uint8_t open[WORKER_BURST];
	uint8_t place4[2 * WORKER_BURST]; // where in addr_id the answer for key4 goes
	uint8_t place6[2 * WORKER_BURST];
	uint32_t key4[2 * WORKER_BURST]; // addresses, host order
	struct ip6_key key6[2 * WORKER_BURST];
	uint32_t addr_id[2 * WORKER_BURST]; // [2 * place + enum burst_addr]: index in tables.addrs
	uint64_t *slot[WORKER_BURST];       // [place in open]: the subscriber's, or NULL

	// What is not sent on: dropped, or answered.
	uint32_t dead_count;
	struct rte_mbuf *dead[WORKER_BURST];
	uint8_t dead_index[WORKER_BURST]; // of dead[], in rx, ascending

	// What is sent back.
	uint32_t answer_count;
	struct rte_mbuf *answer[WORKER_BURST];
	uint8_t answer_place[WORKER_BURST];  // place in rest of the frame that answer[] is for
	uint32_t answer_bytes[WORKER_BURST]; // length of that frame
	uint8_t window[WINDOW_BYTES];        // headers of a frame whose first segment is too short

	struct reader reader[OP25B_MAX_PORTS]; // [port in the statistics]: this lasts
};

// The bytes parse() may read: the frame's own where they lie together.
static inline const struct window *burst_window(struct burst *b, const struct rte_mbuf *m)
{
	uint32_t bytes = m->pkt_len < WINDOW_BYTES ? m->pkt_len : WINDOW_BYTES;

	return rte_pktmbuf_read(m, 0, bytes, b->window);
}

// Judges the `count` frames in w->burst->rx that came in on `in`, by t: fills settled, rest, and
// reason, family and pool_slot of the rest.
void burst_decide(struct worker *w, const struct tables *t, const struct worker_port *in,
		  uint32_t count, uint64_t now_ns);

// settle.c: counts the frames, but for those that an answer is tried for, makes the answers, frees
// what is not to be sent on and closes the gaps in b->rx. Returns how many frames are left in it.
uint32_t burst_settle(struct worker *w, uint32_t count, uint64_t now_ns);

// settle.c: sends the first `count` frames of b->rx, which have b->bytes bytes together.
void burst_send(struct worker *w, const struct worker_port *out, uint32_t count);

// settle.c: sends the answers back and counts the frames that they are for.
void burst_answer(struct worker *w, const struct worker_port *back);

// All of it, for the `count` frames in w->burst->rx. t is NULL before the first policy: all pass.
void burst_judge(struct worker *w, const struct tables *t, const struct worker_port *in,
		 const struct worker_port *out, uint32_t count, uint64_t now_ns);
