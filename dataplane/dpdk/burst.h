// SPDX-License-Identifier: BSD-3-Clause
//
// One burst of frames through the judge, in stages so that the misses of many frames overlap: parse
// all, look up all that need it, decide all, then send, free and answer. A worker's thread.
#pragma once

#include <stdint.h>

#include "../core/parse.h"
#include "answer.h"
#include "worker.h"
#include <rte_mbuf.h>

enum burst_addr { SUBSCRIBER_ADDR = 0, FAR_ADDR = 1 };

// Scratch of one burst; it means nothing from one burst to the next.
struct burst {
	struct rte_mbuf *rx[WORKER_BURST]; // the frames, in order of arrival
	struct parse_work work[WORKER_BURST];
	uint8_t reason[WORKER_BURST];     // enum op25b_reason
	uint16_t pool_slot[WORKER_BURST]; // slot of the subscriber's pool in the counters
	uint8_t open[WORKER_BURST];       // frames that need look-ups, as indices in rx
	uint32_t key4[2 * WORKER_BURST];  // addresses to look up, host order
	struct ip6_key key6[2 * WORKER_BURST];
	uint8_t place4[2 * WORKER_BURST]; // where in addr_id the answer for key4 goes
	uint8_t place6[2 * WORKER_BURST];
	uint32_t addr_id[2 * WORKER_BURST]; // [2 * frame + enum burst_addr]: index in tables.addrs
	uint32_t open_count;
	uint32_t count4;
	uint32_t count6;
	struct rte_mbuf *tx[WORKER_BURST];
	struct rte_mbuf *answer[WORKER_BURST];
	uint8_t answer_index[WORKER_BURST]; // frame that answer[] is for
	uint32_t tx_count;
	uint32_t answer_count;
	uint8_t window[WINDOW_BYTES]; // headers of a frame whose first segment is too short
};

// Judges the `count` frames in w->burst->rx that came in on `in`, by t (NULL: no policy, all pass).
void burst_judge(struct worker *w, const struct tables *t, const struct worker_port *in,
		 const struct worker_port *out, uint32_t count, uint64_t now_ns);
