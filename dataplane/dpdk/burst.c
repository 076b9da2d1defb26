// SPDX-License-Identifier: BSD-3-Clause
//
// The look-ups and decisions of a burst: see burst.h. A worker's thread: nothing here logs,
// allocates, locks or makes a system call.
#include "burst.h"

#include <rte_prefetch.h>

static void add_key4(struct burst *b, uint32_t place, uint32_t which, uint32_t addr)
{
	b->key4[b->count4] = addr;
	b->place4[b->count4++] = (uint8_t)(2 * place + which);
}

static void add_key6(struct burst *b, uint32_t place, uint32_t which, const uint32_t addr_be[4])
{
	memcpy(&b->key6[b->count6], addr_be, sizeof(struct ip6_key));
	b->place6[b->count6++] = (uint8_t)(2 * place + which);
}

// Notes the frame for the look-ups of both its addresses.
static void add_lookups(struct burst *b, uint32_t place, uint32_t side)
{
	const struct flow *f = &b->work[place].flow;
	bool is_out = side == SIDE_SUBSCRIBER;

	if (f->family == FAMILY_IP4)
		add_key4(b, place, SUBSCRIBER_ADDR, is_out ? f->src4 : f->dst4);
	else
		add_key6(b, place, SUBSCRIBER_ADDR, is_out ? f->src6_be : f->dst6_be);
	if (flow_far_family(f) == FAMILY_IP4)
		add_key4(b, place, FAR_ADDR, is_out ? f->dst4 : f->src4);
	else
		add_key6(b, place, FAR_ADDR, is_out ? f->dst6_be : f->src6_be);
	b->open[b->open_count++] = (uint8_t)place;
}

// What the quick test left.
static void parse_rest(struct burst *b, const struct tables *t, const struct ingress *in)
{
	uint32_t i;

	b->count4 = 0;
	b->count6 = 0;
	b->open_count = 0;
	for (i = 0; i < b->rest_count; i++) {
		struct rte_mbuf *m = b->rx[b->rest[i]];
		struct parse_work *k = &b->work[i];

		if (!quick_flow4(rte_pktmbuf_mtod(m, const struct window *), m->data_len,
				 m->pkt_len, &k->flow))
			parse(burst_window(b, m), k, m->pkt_len, t->view.softwires, in->side);
		b->family[i] = k->flow.family;
		b->pool_slot[i] = 0;
		if (!decide_early(&k->flow, in, &b->reason[i]))
			add_lookups(b, i, in->side);
	}
}

static void look_up(struct burst *b, const struct tables *t)
{
	uint64_t found[2 * WORKER_BURST];
	uint32_t i;

	if (b->count4)
		tables_find4(t, b->key4, found, b->count4);
	for (i = 0; i < b->count4; i++) {
		b->addr_id[b->place4[i]] = (uint32_t)found[i];
		rte_prefetch0(&t->addrs[found[i]]);
	}
	if (b->count6)
		tables_find6(t, b->key6, found, b->count6);
	for (i = 0; i < b->count6; i++) {
		b->addr_id[b->place6[i]] = (uint32_t)found[i];
		rte_prefetch0(&t->addrs[found[i]]);
	}
}

// Every subscriber has a slot of its own, and comes when he likes: one miss a frame, of all frames
// at once.
static void find_slots(struct worker *w, const struct tables *t, enum op25b_side side)
{
	struct burst *b = w->burst;
	uint32_t i;

	for (i = 0; i < b->open_count; i++) {
		uint32_t place = b->open[i];
		const struct op25b_addr *sub = &t->addrs[b->addr_id[2 * place + SUBSCRIBER_ADDR]];
		uint32_t slot = flow_slot(&b->work[place].flow, side, sub);

		b->slot[i] = slot == OP25B_NO_SLOT ? NULL : &w->slots[slot];
		if (b->slot[i])
			rte_prefetch0(b->slot[i]);
		rte_prefetch0(&t->classes[sub->class_id]);
	}
}

static void decide_one(struct worker *w, const struct tables *t, const struct ingress *in,
		       uint32_t i, uint64_t now_ns)
{
	struct burst *b = w->burst;
	uint32_t place = b->open[i];
	const struct op25b_addr *sub = &t->addrs[b->addr_id[2 * place + SUBSCRIBER_ADDR]];
	const struct op25b_addr *far = &t->addrs[b->addr_id[2 * place + FAR_ADDR]];
	const struct op25b_class *c = &t->classes[sub->class_id];
	struct judgement j;

	decide(&b->work[place].flow, in, far, c, b->slot[i], now_ns, &j);
	b->reason[place] = j.reason;
	b->pool_slot[place] = (uint16_t)c->stats_slot;
	if (j.clause != JUDGEMENT_NO_CLAUSE) {
		struct op25b_cell *cell = &w->block->clause_cell[c->clause[j.clause].stats_cell];

		cell->packets++;
		cell->bytes += b->rx[b->rest[place]]->pkt_len;
	}
}

void burst_decide(struct worker *w, const struct tables *t, const struct worker_port *in,
		  uint32_t count, uint64_t now_ns)
{
	struct burst *b = w->burst;
	uint32_t i;

	burst_read(b, &b->reader[in->stats], count);
	parse_rest(b, t, &in->ingress);
	worker_lap(w, BURST_STEP_READ);
	if (b->open_count == 0)
		return;
	look_up(b, t);
	worker_lap(w, BURST_STEP_LOOK_UP);
	find_slots(w, t, in->ingress.side);
	for (i = 0; i < b->open_count; i++)
		decide_one(w, t, &in->ingress, i, now_ns);
	worker_lap(w, BURST_STEP_DECIDE);
}

// Before the first policy everything passes, unread.
static void pass_all(struct worker *w, uint32_t count)
{
	struct op25b_cell *cell =
		&w->block->cell[OP25B_CELL_INDEX(0, REASON_PASS_NO_POLICY, FAMILY_NONE)];
	struct burst *b = w->burst;
	uint32_t i;

	b->bytes = 0;
	for (i = 0; i < count; i++)
		b->bytes += b->rx[i]->pkt_len;
	b->answer_count = 0;
	cell->packets += count;
	cell->bytes += b->bytes;
}

void burst_judge(struct worker *w, const struct tables *t, const struct worker_port *in,
		 const struct worker_port *out, uint32_t count, uint64_t now_ns)
{
	struct op25b_port_counters *counters = &w->block->port[in->stats];

	if (t)
		burst_decide(w, t, in, count, now_ns);
	else
		pass_all(w, count);
	counters->rx_packets += count;
	counters->rx_bytes += w->burst->bytes;
	if (t)
		count = burst_settle(w, count, now_ns);
	worker_lap(w, BURST_STEP_SETTLE);
	burst_send(w, out, count);
	burst_answer(w, in);
	worker_lap(w, BURST_STEP_TRANSMIT);
}
