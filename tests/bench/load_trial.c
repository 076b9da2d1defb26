// SPDX-License-Identifier: BSD-3-Clause
//
// See load_trial.h.
#include "load_trial.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include "load_mark.h"
#include "load_receive.h"

#define SEND_BURST 32u
#define LATE_FRAMES (4u * SEND_BURST) // backlog that is still caught up with
#define TIMED_EVERY 32u               // one frame of so many is timed
#define LOST_QUIET_MS 100u            // after which a frame of the load is taken for lost
#define ROW_LOST_QUIET_MS 1000u       // and one of the table, of which each counts
#define NOWHERE UINT32_MAX

// How one side is sent to.
struct sender {
	struct trial *trial;
	uint32_t side;
	double per_tick; // frames; INFINITY: all that the ring takes
	uint32_t rows_every;
	uint32_t until_row, until_timed; // frames
};

// A burst on its way.
struct sending {
	struct rte_mbuf *frame[SEND_BURST];
	uint32_t index[SEND_BURST]; // in the stream; NOWHERE: the row
	uint32_t row[SEND_BURST];
	uint32_t count;
	uint32_t loads;         // of the stream, the others are rows
	struct rte_mbuf *timed; // the one that is timed, or NULL
};

static struct times times;

static bool next_is_row(struct sender *s)
{
	const struct rows *rows = &s->trial->rows;

	if (!s->rows_every || !rows->side_count[s->side])
		return false;
	if (s->until_row > 0) {
		s->until_row--;
		return false;
	}
	s->until_row = s->rows_every - 1;
	return true;
}

static void add_row(struct sender *s, struct sending *b)
{
	struct rows *rows = &s->trial->rows;
	uint32_t number = rows->of_side[s->side][rows->next[s->side]];

	rows->next[s->side] = (rows->next[s->side] + 1) % rows->side_count[s->side];
	b->index[b->count] = NOWHERE;
	b->row[b->count] = number;
	b->frame[b->count++] = stream_keep(rows->row[number].frame);
}

static void add_load(struct sender *s, struct sending *b)
{
	const struct stream *from = &s->trial->stream[s->side];
	uint32_t index = (from->next + b->loads++) % from->count;
	struct rte_mbuf *frame = from->frames[index];

	if (s->until_timed > 0) {
		s->until_timed--;
	} else if (!b->timed && from->fate[index] == FATE_PASS) {
		mark_write(rte_pktmbuf_mtod(frame, uint8_t *),
			   (struct mark){MARK_TIMED, s->trial->epoch, times.next});
		b->timed = frame;
		s->until_timed = TIMED_EVERY - 1;
	}
	b->index[b->count] = index;
	b->frame[b->count++] = stream_keep(frame);
}

static void count_sent(struct sender *s, const struct sending *b, uint32_t taken)
{
	const uint8_t *fate = s->trial->stream[s->side].fate;
	struct trial_side *side = &s->trial->side[s->side];
	uint32_t i;

	side->sent += taken;
	for (i = 0; i < taken; i++) {
		if (b->index[i] == NOWHERE) {
			s->trial->rows.row[b->row[i]].sent++;
			continue;
		}
		side->expected += fate[b->index[i]] == FATE_PASS;
		side->expected_answers += fate[b->index[i]] == FATE_ANSWER;
	}
}

// The driver has copied what it took, so that frames can be changed again.
static uint32_t send_burst(struct sender *s, struct sending *b)
{
	uint32_t taken, i;

	times.number[times.next % TIMES] = times.next;
	times.sent_tsc[times.next % TIMES] = rte_rdtsc();
	taken = rte_eth_tx_burst((uint16_t)s->side, 0, b->frame, (uint16_t)b->count);
	if (b->timed) {
		mark_write(rte_pktmbuf_mtod(b->timed, uint8_t *),
			   (struct mark){MARK_PLAIN, s->trial->epoch, 0});
		times.next = (times.next + 1) % MARK_NUMBERS;
	}
	for (i = taken; i < b->count; i++)
		rte_pktmbuf_free(b->frame[i]); // the reference of stream_keep()
	count_sent(s, b, taken);
	return taken;
}

// Frames that are to be sent now.
static uint32_t frames_due(struct sender *s, uint64_t ticks)
{
	struct trial_side *side = &s->trial->side[s->side];
	uint64_t backlog;

	if (isinf(s->per_tick))
		return SEND_BURST;
	side->due = (uint64_t)((double)ticks * s->per_tick);
	backlog = side->due - side->sent - side->ring_full - side->late;
	if (backlog > LATE_FRAMES) {
		side->late += backlog - LATE_FRAMES;
		backlog = LATE_FRAMES;
	}
	return (uint32_t)RTE_MIN(backlog, SEND_BURST);
}

static void send_due(struct sender *s, uint64_t ticks)
{
	struct stream *from = &s->trial->stream[s->side];
	uint32_t due = frames_due(s, ticks), taken;
	struct sending b;

	if (due == 0)
		return;
	b.count = b.loads = 0;
	b.timed = NULL;
	while (b.count < due) {
		if (!from->count || next_is_row(s))
			add_row(s, &b);
		else
			add_load(s, &b);
	}
	taken = send_burst(s, &b);
	if (isinf(s->per_tick)) {
		s->trial->side[s->side].due += taken;
		// What was not taken is sent again; rows come round anyway.
		for (due = 0; taken < b.count; taken++)
			due += b.index[taken] != NOWHERE;
		b.loads -= due;
	} else {
		s->trial->side[s->side].ring_full += b.count - taken;
	}
	if (from->count)
		from->next = (from->next + b.loads) % from->count;
}

void trial_begin(struct trial *t)
{
	uint32_t i;

	memset(t->side, 0, sizeof(t->side));
	t->foreign = t->stale = t->stale_answers = 0;
	t->epoch++;
	for (i = 0; i < TRIAL_SIDES; i++)
		stream_mark(&t->stream[i], t->epoch);
	rows_begin(&t->rows, t->epoch);
}

static bool sends(const struct trial *t, const struct trial_plan *plan, uint32_t side)
{
	return plan->rate[side] > 0 && (t->stream[side].count > 0 ||
					(plan->rows_every > 0 && t->rows.side_count[side] > 0));
}

void trial_run(struct trial *t, const struct trial_plan *plan)
{
	double hz = (double)rte_get_tsc_hz();
	uint64_t from_tsc, ticks = 0, end_ticks = (uint64_t)(plan->seconds * hz);
	struct sender sender[TRIAL_SIDES];
	uint32_t senders = 0, i;

	trial_begin(t);
	for (i = 0; i < TRIAL_SIDES; i++) {
		if (sends(t, plan, i))
			sender[senders++] = (struct sender){.trial = t,
							    .side = i,
							    .per_tick = plan->rate[i] / hz,
							    .rows_every = plan->rows_every};
	}
	from_tsc = rte_rdtsc();
	while (ticks < end_ticks) {
		for (i = 0; i < senders; i++)
			send_due(&sender[i], ticks);
		for (i = 0; i < TRIAL_SIDES; i++)
			receive_burst(t, &times, i);
		ticks = rte_rdtsc() - from_tsc;
	}
	t->seconds = (double)ticks / hz;
	for (i = 0; i < TRIAL_SIDES; i++)
		t->side[i].received_in_time = t->side[i].received;
	receive_rest(t, &times, plan->rows_every ? ROW_LOST_QUIET_MS : LOST_QUIET_MS);
}

static void print_latency(const struct latency *l, FILE *out)
{
	static const struct {
		const char *name;
		uint32_t permille;
	} shown[] = {{"p50", 500}, {"p90", 900}, {"p99", 990}, {"p99.9", 999}};
	double us = 1e6 / (double)rte_get_tsc_hz();
	uint32_t i;

	fprintf(out, "{\"count\": %" PRIu64 ", \"min\": %.3f, \"max\": %.3f", l->total,
		(double)l->min_ticks * us, (double)l->max_ticks * us);
	for (i = 0; i < RTE_DIM(shown); i++)
		fprintf(out, ", \"%s\": %.3f", shown[i].name,
			(double)latency_percentile(l, shown[i].permille) * us);
	fprintf(out, "}");
}

void trial_print(const struct trial *t, FILE *out)
{
	uint32_t i;

	fprintf(out,
		"\"seconds\": %.6f, \"foreign\": %" PRIu64 ", \"stale\": %" PRIu64
		", \"stale_answers\": %" PRIu64 ", \"sides\": [",
		t->seconds, t->foreign, t->stale, t->stale_answers);
	for (i = 0; i < TRIAL_SIDES; i++) {
		const struct trial_side *s = &t->side[i];

		fprintf(out,
			"%s{\"due\": %" PRIu64 ", \"sent\": %" PRIu64 ", \"ring_full\": %" PRIu64
			", \"late\": %" PRIu64 ", \"expected\": %" PRIu64 ", \"received\": %" PRIu64
			", \"received_in_time\": %" PRIu64 ", \"expected_answers\": %" PRIu64
			", \"answered\": %" PRIu64 ", \"latency_us\": ",
			i ? ", " : "", s->due, s->sent, s->ring_full, s->late, s->expected,
			s->received, s->received_in_time, s->expected_answers, s->answered);
		print_latency(&s->latency, out);
		fprintf(out, "}");
	}
	fprintf(out, "]");
}
