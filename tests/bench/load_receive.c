// SPDX-License-Identifier: BSD-3-Clause
//
// See load_receive.h.
#include "load_receive.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include "load_mark.h"

#define RECEIVE_BURST 32u
#define QUIET_MS 2u

static void take_timed(struct trial_side *side, const struct times *times, uint32_t number,
		       uint64_t now_tsc)
{
	if (times && times->number[number % TIMES] == number)
		latency_add(&side->latency, now_tsc - times->sent_tsc[number % TIMES]);
}

// Returns false if the mark says what cannot be.
static bool take_forwarded(struct trial *t, const struct times *times, uint32_t port,
			   struct mark mark, struct rte_mbuf *frame, uint64_t now_tsc)
{
	struct trial_side *side = &t->side[!port];
	struct stream *from = &t->stream[!port];

	switch (mark.kind) {
	case MARK_ROW:
		return rows_take(&t->rows, mark.number, port, frame);
	case MARK_LEARN:
		if (mark.number >= from->count)
			return false;
		from->fate[mark.number] = FATE_PASS;
		break;
	case MARK_TIMED:
		take_timed(side, times, mark.number, now_tsc);
		break;
	default:
		break;
	}
	side->received++;
	return true;
}

static bool take_answer(struct trial *t, uint32_t port, struct mark mark, struct rte_mbuf *frame)
{
	if (mark.kind == MARK_ROW)
		return rows_take_answer(&t->rows, mark.number, port, frame);
	if (mark.kind == MARK_LEARN) {
		if (mark.number >= t->stream[port].count)
			return false;
		t->stream[port].fate[mark.number] = FATE_ANSWER;
	}
	t->side[port].answered++;
	return true;
}

static void take(struct trial *t, const struct times *times, uint32_t port, struct rte_mbuf *frame,
		 uint64_t now_tsc)
{
	const uint8_t *at = rte_pktmbuf_mtod(frame, const uint8_t *);
	bool is_known = true;
	struct mark mark;

	if (mark_read(at, frame->data_len, MARK_OF_SENDER, &mark)) {
		if (mark.epoch != t->epoch)
			t->stale++;
		else
			is_known = take_forwarded(t, times, port, mark, frame, now_tsc);
	} else if (mark_read(at, frame->data_len, MARK_OF_RECEIVER, &mark)) {
		if (mark.epoch != t->epoch)
			t->stale_answers++;
		else
			is_known = take_answer(t, port, mark, frame);
	} else {
		is_known = false;
	}
	t->foreign += !is_known;
}

uint32_t receive_burst(struct trial *t, const struct times *times, uint32_t port)
{
	struct rte_mbuf *frames[RECEIVE_BURST];
	uint32_t count = rte_eth_rx_burst((uint16_t)port, 0, frames, RECEIVE_BURST), i;
	uint64_t now_tsc;

	if (count == 0)
		return 0;
	now_tsc = rte_rdtsc();
	for (i = 0; i < count; i++)
		take(t, times, port, frames[i], now_tsc);
	rte_pktmbuf_free_bulk(frames, count);
	return count;
}

static bool is_missing(const struct trial *t)
{
	uint32_t i;

	for (i = 0; i < TRIAL_SIDES; i++) {
		if (t->side[i].expected > t->side[i].received ||
		    t->side[i].expected_answers > t->side[i].answered)
			return true;
	}
	return rows_missing(&t->rows) > 0;
}

void receive_rest(struct trial *t, const struct times *times, uint32_t missing_ms)
{
	uint64_t ms_ticks = rte_get_tsc_hz() / 1000, last_tsc = rte_rdtsc(), quiet_ticks;

	do {
		if (receive_burst(t, times, 0) + receive_burst(t, times, 1))
			last_tsc = rte_rdtsc();
		quiet_ticks = rte_rdtsc() - last_tsc;
	} while (quiet_ticks < QUIET_MS * ms_ticks ||
		 (quiet_ticks < missing_ms * ms_ticks && is_missing(t)));
}
