// SPDX-License-Identifier: BSD-3-Clause
//
// See judge_time.h.
#include "judge_time.h"

#include "dataplane/dpdk/worker.h"
#include "judge_stop.h"
#include <rte_cycles.h>
#include <rte_prefetch.h>

#define WINDOW_BURSTS 256u
#define TIMER_TRIES 10000u
#define MS_PER_SECOND 1000u

// Nothing before it is still under way, and nothing after it has begun.
static inline uint64_t cycles_now(void)
{
	uint64_t cycles;

	__builtin_ia32_lfence();
	cycles = rte_rdtsc();
	__builtin_ia32_lfence();
	return cycles;
}

uint64_t judge_timer_cycles(void)
{
	uint64_t least = UINT64_MAX;
	uint32_t i;

	for (i = 0; i < TIMER_TRIES; i++) {
		uint64_t from = cycles_now(), cycles = cycles_now() - from;

		if (cycles < least)
			least = cycles;
	}
	return least;
}

// The descriptors of the burst after the next are fetched ahead, so that this takes no longer than
// it must: it is not measured.
uint32_t judge_receive(struct judge *j, uint32_t count)
{
	const struct frames *f = j->frames;
	uint32_t i, at = j->next;

	for (i = 0; i < count; i++) {
		struct rte_mbuf *m = f->frame[at];
		uint32_t ahead = at + count;

		if (++at == f->count)
			at = 0;
		rte_prefetch0(f->frame[ahead < f->count ? ahead : ahead % f->count]);
		*(volatile uint16_t *)&m->data_len = (uint16_t)m->pkt_len;
		j->rx[i] = m;
	}
	j->next = at;
	j->now_ns += count * j->pace_ns;
	return count;
}

static uint64_t burst_cycles(struct judge *j)
{
	uint32_t count = judge_receive(j, WORKER_BURST);
	uint64_t from = cycles_now();

	j->decide(j->ctx, count, j->now_ns);
	return cycles_now() - from;
}

double judge_window(struct judge *j, uint64_t timer_cycles)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < WINDOW_BURSTS; i++) {
		uint64_t cycles = burst_cycles(j);

		sum += cycles > timer_cycles ? cycles - timer_cycles : 0;
	}
	return (double)sum / (WINDOW_BURSTS * WORKER_BURST);
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return a < b ? -1 : a > b;
}

static void add_window(struct judge_windows *w, double cycles)
{
	if (w->count == w->room) {
		w->room = w->room ? 2 * w->room : 256;
		w->cycles = realloc(w->cycles, w->room * sizeof(*w->cycles));
		if (!w->cycles)
			stop("no memory for the measurements");
	}
	w->cycles[w->count++] = cycles;
}

void judge_measure(struct judge *j, uint32_t window_ms, uint64_t timer_cycles,
		   struct judge_windows *w)
{
	uint64_t end = rte_rdtsc() + rte_get_tsc_hz() / MS_PER_SECOND * window_ms;

	judge_window(j, timer_cycles);
	do
		add_window(w, judge_window(j, timer_cycles));
	while (rte_rdtsc() < end);
}

struct judge_cost judge_sum_up(struct judge_windows *w)
{
	struct judge_cost cost = {
		.windows = w->count,
		.frames = (uint64_t)w->count * WINDOW_BURSTS * WORKER_BURST,
	};

	qsort(w->cycles, w->count, sizeof(*w->cycles), compare);
	cost.least_cycles = w->cycles[0];
	cost.median_cycles = w->cycles[w->count / 2];
	free(w->cycles);
	*w = (struct judge_windows){0};
	return cost;
}
