// SPDX-License-Identifier: BSD-3-Clause
//
// What becomes of the frames of a burst, and the counters that say so: see burst.h. A worker's
// thread: nothing here logs, allocates (but buffers for answers), locks or makes a system call.
#include "burst.h"

#include <rte_ethdev.h>

#define TX_TRIES 8u // a driver that takes a part of a burst gets the rest at once, this often

static void count_cell(struct op25b_cell *cell, uint32_t packets, uint32_t bytes)
{
	cell->packets += packets;
	cell->bytes += bytes;
}

static void count_settled(struct worker *w)
{
	enum quick_kind kind;

#pragma GCC unroll 4
	for (kind = 0; kind < QUICK_NONE; kind++) {
		uint64_t sum = w->burst->settled[kind];
		uint32_t cell =
			OP25B_CELL_INDEX(0, quick_reason(kind), (uint32_t)quick_family(kind));

		if (sum)
			count_cell(&w->block->cell[cell], (uint32_t)sum, (uint32_t)(sum >> 32));
	}
}

static void count_frame(struct worker *w, uint32_t place, uint32_t frame_bytes)
{
	const struct burst *b = w->burst;
	uint32_t cell = OP25B_CELL_INDEX(b->pool_slot[place], b->reason[place], b->family[place]);

	count_cell(&w->block->cell[cell], 1, frame_bytes);
}

static struct rte_mbuf *answer_make(struct worker *w, uint32_t place, uint64_t now_ns)
{
	struct burst *b = w->burst;
	const struct rte_mbuf *frame = b->rx[b->rest[place]];
	uint8_t bytes[ANSWER_MAX_BYTES];
	struct rte_mbuf *m;
	uint32_t length;
	char *room;

	if (!w->answer_profile.interval_ns ||
	    limit_charge(&w->answer_state, &w->answer_profile, now_ns) != LIMIT_WITHIN)
		return NULL;
	m = rte_pktmbuf_alloc(w->pool);
	if (!m)
		return NULL;
	length = answer_build((const uint8_t *)burst_window(b, frame), &b->work[place].flow,
			      b->reason[place], bytes);
	room = rte_pktmbuf_append(m, (uint16_t)length);
	if (!room) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	memcpy(room, bytes, length);
	return m;
}

// A frame that gets no answer is a drop.
static void answer_or_drop(struct worker *w, uint32_t place, uint64_t now_ns)
{
	struct burst *b = w->burst;
	uint32_t frame_bytes = b->rx[b->rest[place]]->pkt_len;
	struct rte_mbuf *m = answer_make(w, place, now_ns);

	if (m) {
		b->answer_place[b->answer_count] = (uint8_t)place;
		b->answer_bytes[b->answer_count] = frame_bytes;
		b->answer[b->answer_count++] = m;
		return;
	}
	b->reason[place] = REASON_DROP_UNANSWERED;
	count_frame(w, place, frame_bytes);
}

static void settle_frame(struct worker *w, uint32_t place, uint64_t now_ns)
{
	struct burst *b = w->burst;
	struct rte_mbuf *m = b->rx[b->rest[place]];
	enum op25b_verdict verdict = reason_verdict(b->reason[place]);

	if (verdict == VERDICT_ANSWER)
		answer_or_drop(w, place, now_ns);
	else
		count_frame(w, place, m->pkt_len);
	if (verdict == VERDICT_PASS)
		return;
	b->bytes -= m->pkt_len;
	b->dead_index[b->dead_count] = b->rest[place];
	b->dead[b->dead_count++] = m;
}

// Closes the gaps that the dead leave in rx. Returns the number of frames left.
static uint32_t take_out_dead(struct burst *b, uint32_t count)
{
	uint32_t i, to = b->dead_index[0];

	for (i = 0; i < b->dead_count; i++) {
		uint32_t from = b->dead_index[i] + 1u;
		uint32_t next = i + 1 < b->dead_count ? b->dead_index[i + 1] : count;

		memmove(&b->rx[to], &b->rx[from], (next - from) * sizeof(void *));
		to += next - from;
	}
	return to;
}

uint32_t burst_settle(struct worker *w, uint32_t count, uint64_t now_ns)
{
	struct burst *b = w->burst;
	uint32_t i;

	b->dead_count = 0;
	b->answer_count = 0;
	count_settled(w);
	for (i = 0; i < b->rest_count; i++)
		settle_frame(w, i, now_ns);
	if (b->dead_count == 0)
		return count;
	count = take_out_dead(b, count);
	rte_pktmbuf_free_bulk(b->dead, b->dead_count);
	return count;
}

// Gives count frames to the port. Returns how many it took, all of them from the front.
static uint32_t give(const struct worker_port *port, struct rte_mbuf **frames, uint32_t count)
{
	uint32_t tries, sent = 0;

	for (tries = 0; sent < count && tries < TX_TRIES; tries++)
		sent += rte_eth_tx_burst(port->eth, port->queue, frames + sent,
					 (uint16_t)(count - sent));
	return sent;
}

// Frees the frames from `sent` on, which are still ours. Returns their bytes.
static uint64_t free_unsent(struct rte_mbuf **frames, uint32_t sent, uint32_t count)
{
	uint64_t bytes = 0;
	uint32_t i;

	for (i = sent; i < count; i++)
		bytes += frames[i]->pkt_len;
	rte_pktmbuf_free_bulk(frames + sent, count - sent);
	return bytes;
}

void burst_send(struct worker *w, const struct worker_port *out, uint32_t count)
{
	struct op25b_port_counters *counters = &w->block->port[out->stats];
	struct burst *b = w->burst;
	uint32_t sent;

	if (count == 0)
		return;
	sent = give(out, b->rx, count);
	counters->tx_packets += sent;
	counters->tx_bytes += b->bytes;
	if (sent == count)
		return;
	counters->tx_bytes -= free_unsent(b->rx, sent, count);
	counters->tx_full_packets += count - sent;
}

void burst_answer(struct worker *w, const struct worker_port *back)
{
	struct op25b_port_counters *counters = &w->block->port[back->stats];
	struct burst *b = w->burst;
	uint64_t bytes = 0;
	uint32_t i, sent;

	if (b->answer_count == 0)
		return;
	// A frame that the driver took is no longer ours to ask.
	for (i = 0; i < b->answer_count; i++)
		bytes += b->answer[i]->pkt_len;
	sent = give(back, b->answer, b->answer_count);
	counters->tx_packets += sent;
	counters->answer_packets += sent;
	counters->tx_bytes += bytes - free_unsent(b->answer, sent, b->answer_count);
	for (i = 0; i < b->answer_count; i++) {
		if (i >= sent)
			b->reason[b->answer_place[i]] = REASON_DROP_UNANSWERED;
		count_frame(w, b->answer_place[i], b->answer_bytes[i]);
	}
}
