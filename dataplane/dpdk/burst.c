// SPDX-License-Identifier: BSD-3-Clause
//
// See burst.h. A worker's thread: nothing here logs, allocates (but buffers for answers), locks or
// makes a system call.
#include "burst.h"

#include "../core/decide.h"
#include <rte_ethdev.h>

#define TX_TRIES 8u // a driver that takes a part of a burst gets the rest at once, this often

// The bytes parse() may read: the frame's own where they lie together.
static const uint8_t *frame_window(struct burst *b, struct rte_mbuf *m)
{
	uint32_t bytes = m->pkt_len < WINDOW_BYTES ? m->pkt_len : WINDOW_BYTES;

	return rte_pktmbuf_read(m, 0, bytes, b->window);
}

static void add_key4(struct burst *b, uint32_t frame, uint32_t which, uint32_t addr)
{
	b->key4[b->count4] = addr;
	b->place4[b->count4++] = (uint8_t)(2 * frame + which);
}

static void add_key6(struct burst *b, uint32_t frame, uint32_t which, const uint32_t addr_be[4])
{
	memcpy(&b->key6[b->count6], addr_be, sizeof(struct ip6_key));
	b->place6[b->count6++] = (uint8_t)(2 * frame + which);
}

// Notes the frame for the look-ups of both its addresses.
static void add_lookups(struct burst *b, uint32_t frame, const struct flow *f, uint32_t side)
{
	bool is_out = side == SIDE_SUBSCRIBER;

	if (f->family == FAMILY_IP4)
		add_key4(b, frame, SUBSCRIBER_ADDR, is_out ? f->src4 : f->dst4);
	else
		add_key6(b, frame, SUBSCRIBER_ADDR, is_out ? f->src6_be : f->dst6_be);
	if (flow_far_family(f) == FAMILY_IP4)
		add_key4(b, frame, FAR_ADDR, is_out ? f->dst4 : f->src4);
	else
		add_key6(b, frame, FAR_ADDR, is_out ? f->dst6_be : f->src6_be);
	b->open[b->open_count++] = (uint8_t)frame;
}

static void parse_all(struct burst *b, const struct tables *t, const struct ingress *in,
		      uint32_t count)
{
	uint32_t i;

	b->count4 = 0;
	b->count6 = 0;
	b->open_count = 0;
	for (i = 0; i < count; i++) {
		const struct flow *f = &b->work[i].flow;

		b->pool_slot[i] = 0;
		parse((const struct window *)frame_window(b, b->rx[i]), &b->work[i],
		      b->rx[i]->pkt_len, t->view.softwires, in->side);
		if (!decide_early(f, in, &b->reason[i]))
			add_lookups(b, i, f, in->side);
	}
}

static void look_up(struct burst *b, const struct tables *t)
{
	uint64_t found[2 * WORKER_BURST];
	uint32_t i;

	if (b->count4)
		tables_find4(t, b->key4, found, b->count4);
	for (i = 0; i < b->count4; i++)
		b->addr_id[b->place4[i]] = (uint32_t)found[i];
	if (b->count6)
		tables_find6(t, b->key6, found, b->count6);
	for (i = 0; i < b->count6; i++)
		b->addr_id[b->place6[i]] = (uint32_t)found[i];
}

static void count_cell(struct op25b_cell *cell, uint32_t frame_bytes)
{
	cell->packets++;
	cell->bytes += frame_bytes;
}

static void decide_one(struct worker *w, const struct tables *t, const struct ingress *in,
		       uint32_t frame, uint64_t now_ns)
{
	struct burst *b = w->burst;
	const struct flow *f = &b->work[frame].flow;
	const struct op25b_addr *sub = &t->addrs[b->addr_id[2 * frame + SUBSCRIBER_ADDR]];
	const struct op25b_addr *far = &t->addrs[b->addr_id[2 * frame + FAR_ADDR]];
	const struct op25b_class *c = &t->classes[sub->class_id];
	uint32_t slot = flow_slot(f, in->side, sub);
	struct judgement j;

	decide(f, in, far, c, slot == OP25B_NO_SLOT ? NULL : &w->slots[slot], now_ns, &j);
	b->reason[frame] = j.reason;
	b->pool_slot[frame] = (uint16_t)c->stats_slot;
	if (j.clause != JUDGEMENT_NO_CLAUSE)
		count_cell(&w->block->clause_cell[c->clause[j.clause].stats_cell],
			   b->rx[frame]->pkt_len);
}

static void count_frame(struct worker *w, uint32_t index, uint32_t frame_bytes)
{
	const struct burst *b = w->burst;
	uint32_t cell =
		OP25B_CELL_INDEX(b->pool_slot[index], b->reason[index], b->work[index].flow.family);

	count_cell(&w->block->cell[cell], frame_bytes);
}

// Before the first policy everything passes, unread.
static void pass_all(struct burst *b, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		b->reason[i] = REASON_PASS_NO_POLICY;
		b->pool_slot[i] = 0;
		b->work[i].flow.family = FAMILY_NONE;
	}
}

static struct rte_mbuf *answer_make(struct worker *w, uint32_t index, uint64_t now_ns)
{
	struct burst *b = w->burst;
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
	length = answer_build(frame_window(b, b->rx[index]), &b->work[index].flow, b->reason[index],
			      bytes);
	room = rte_pktmbuf_append(m, (uint16_t)length);
	if (!room) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	memcpy(room, bytes, length);
	return m;
}

// Adds the answer to what will be sent; a frame that gets none is a drop.
static void answer_add(struct worker *w, uint32_t index, uint64_t now_ns)
{
	struct burst *b = w->burst;
	struct rte_mbuf *m = answer_make(w, index, now_ns);

	if (m) {
		b->answer_index[b->answer_count] = (uint8_t)index;
		b->answer[b->answer_count++] = m;
		return;
	}
	b->reason[index] = REASON_DROP_UNANSWERED;
	count_frame(w, index, b->rx[index]->pkt_len);
}

// Gives count frames to the port. Returns how many it took, all of them from the front.
static uint32_t send_all(struct worker *w, const struct worker_port *port, struct rte_mbuf **frames,
			 uint32_t count)
{
	struct op25b_port_counters *counters = &w->block->port[port->stats];
	uint64_t bytes[WORKER_BURST + 1];
	uint32_t i, tries, sent = 0;

	// A frame that the driver took is no longer ours to ask.
	bytes[0] = 0;
	for (i = 0; i < count; i++)
		bytes[i + 1] = bytes[i] + frames[i]->pkt_len;
	for (tries = 0; sent < count && tries < TX_TRIES; tries++)
		sent += rte_eth_tx_burst(port->eth, port->queue, frames + sent,
					 (uint16_t)(count - sent));
	counters->tx_packets += sent;
	counters->tx_bytes += bytes[sent];
	return sent;
}

static void send_passed(struct worker *w, const struct worker_port *out)
{
	struct burst *b = w->burst;
	uint32_t sent;

	if (b->tx_count == 0)
		return;
	sent = send_all(w, out, b->tx, b->tx_count);
	w->block->port[out->stats].tx_full_packets += b->tx_count - sent;
	rte_pktmbuf_free_bulk(b->tx + sent, b->tx_count - sent);
}

static void send_answers(struct worker *w, const struct worker_port *back,
			 const uint32_t *frame_bytes)
{
	struct burst *b = w->burst;
	uint32_t i, sent;

	if (b->answer_count == 0)
		return;
	sent = send_all(w, back, b->answer, b->answer_count);
	w->block->port[back->stats].answer_packets += sent;
	rte_pktmbuf_free_bulk(b->answer + sent, b->answer_count - sent);
	for (i = 0; i < b->answer_count; i++) {
		uint32_t index = b->answer_index[i];

		if (i >= sent)
			b->reason[index] = REASON_DROP_UNANSWERED;
		count_frame(w, index, frame_bytes[index]);
	}
}

static void dispose(struct worker *w, const struct worker_port *in, const struct worker_port *out,
		    uint32_t count, uint64_t now_ns)
{
	struct burst *b = w->burst;
	uint32_t frame_bytes[WORKER_BURST];
	uint32_t i;

	b->tx_count = 0;
	b->answer_count = 0;
	for (i = 0; i < count; i++) {
		enum op25b_verdict verdict = reason_verdict(b->reason[i]);

		frame_bytes[i] = b->rx[i]->pkt_len;
		if (verdict == VERDICT_PASS) {
			count_frame(w, i, frame_bytes[i]);
			b->tx[b->tx_count++] = b->rx[i];
			continue;
		}
		if (verdict == VERDICT_ANSWER)
			answer_add(w, i, now_ns);
		else
			count_frame(w, i, frame_bytes[i]);
		rte_pktmbuf_free(b->rx[i]);
	}
	send_passed(w, out);
	send_answers(w, in, frame_bytes);
}

void burst_judge(struct worker *w, const struct tables *t, const struct worker_port *in,
		 const struct worker_port *out, uint32_t count, uint64_t now_ns)
{
	uint32_t i;

	if (t) {
		parse_all(w->burst, t, &in->ingress, count);
		look_up(w->burst, t);
		for (i = 0; i < w->burst->open_count; i++)
			decide_one(w, t, &in->ingress, w->burst->open[i], now_ns);
	} else {
		pass_all(w->burst, count);
	}
	dispose(w, in, out, count, now_ns);
}
