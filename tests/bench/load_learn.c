// SPDX-License-Identifier: BSD-3-Clause
//
// See load_trial.h: what the box does with each frame of the captures, so that a trial knows what
// has to come out of it. The one core of loadgen.
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include "load_mark.h"
#include "load_receive.h"
#include "load_trial.h"

#define LEARN_PER_S 100000u
#define LEARN_STUCK_S 2u
#define LEARN_QUIET_MS 250u // after which a frame is taken for dropped

// Returns false if the box takes nothing any more.
static bool learn_frame(struct trial *t, uint32_t side, uint32_t index, uint64_t at_tsc)
{
	struct rte_mbuf *frame = t->stream[side].frames[index], *one = stream_keep(frame);
	uint64_t end_tsc = at_tsc + LEARN_STUCK_S * rte_get_tsc_hz();
	bool is_sent = false;

	mark_write(rte_pktmbuf_mtod(frame, uint8_t *), (struct mark){MARK_LEARN, t->epoch, index});
	while (!is_sent && rte_rdtsc() < end_tsc) {
		receive_burst(t, NULL, 0);
		receive_burst(t, NULL, 1);
		is_sent = rte_rdtsc() >= at_tsc && rte_eth_tx_burst((uint16_t)side, 0, &one, 1);
	}
	mark_write(rte_pktmbuf_mtod(frame, uint8_t *), (struct mark){MARK_PLAIN, t->epoch, 0});
	if (!is_sent)
		rte_pktmbuf_free(one);
	t->side[side].sent += is_sent;
	return is_sent;
}

static bool learn_side(struct trial *t, uint32_t side)
{
	struct stream *s = &t->stream[side];
	uint64_t ticks = rte_get_tsc_hz() / LEARN_PER_S, from_tsc = rte_rdtsc();
	uint32_t i;

	memset(s->fate, FATE_DROP, s->count);
	for (i = 0; i < s->count; i++) {
		if (!learn_frame(t, side, i, from_tsc + i * ticks))
			return false;
	}
	// Until nothing has come for long, as if something were missing.
	t->side[side].expected = UINT64_MAX;
	receive_rest(t, NULL, LEARN_QUIET_MS);
	t->side[side].expected = 0;
	return true;
}

bool trial_learn(struct trial *t)
{
	bool is_learnt = true;
	uint32_t i;

	trial_begin(t);
	for (i = 0; i < TRIAL_SIDES; i++) {
		if (t->stream[i].count > 0)
			is_learnt &= learn_side(t, i);
	}
	// A box that stood still may hand out one side's frames while the other is learnt.
	for (i = 0; i < TRIAL_SIDES; i++) {
		t->side[i].expected = t->side[i].received;
		t->side[i].expected_answers = t->side[i].answered;
	}
	return is_learnt;
}
