// SPDX-License-Identifier: BSD-3-Clause
//
// See worker.h. Runs on the workers' lcores; logs nothing.
#include "worker.h"

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "burst.h"
#include <rte_ethdev.h>
#include <rte_pause.h>

#define IDLE_SPINS 64u                  // empty turns before the first sleep
#define DRAIN_MIN_NS (10 * CLOCK_MS_NS) // frames that were on their way when the guard took over
#define DRAIN_MAX_NS (100 * CLOCK_MS_NS)
#define ANSWER_BURST_NS (100 * CLOCK_MS_NS) // answers may come in bursts of this much time's worth

bool worker_init(struct worker *w, uint32_t index, const struct worker_setup *setup)
{
	uint32_t i;

	*w = (struct worker){
		.publish = setup->publish,
		.block = stats_block(setup->stats, index),
		.slots = setup->slots,
		.heartbeat = setup->heartbeat ? &setup->heartbeat[index].turn_ns : NULL,
		.queue = (uint16_t)index,
		.start_pass = setup->start_pass,
		.idle_us = setup->idle_us,
		.clock_turns = WORKER_CLOCK_TURNS,
		.pool = setup->pool,
		.stop = setup->stop,
	};
	clock_ticks_init(&w->clock);
	if (setup->answers_per_s > 0) {
		w->answer_profile.interval_ns = CLOCK_SECOND_NS / setup->answers_per_s;
		w->answer_profile.tolerance_ns = ANSWER_BURST_NS;
	}
	w->burst = aligned_alloc(WORKER_ALIGN_BYTES,
				 RTE_ALIGN_CEIL(sizeof(*w->burst), WORKER_ALIGN_BYTES));
	if (!w->burst)
		return false;
	memset(w->burst, 0, sizeof(*w->burst));
	for (i = 0; i < OP25B_MAX_PORTS; i++)
		w->burst->reader[i].has_shapes = shape_is_available();
	return true;
}

void worker_fini(struct worker *w)
{
	free(w->burst);
	w->burst = NULL;
}

void worker_add_pair(struct worker *w, struct worker_port subscriber, struct worker_port network)
{
	w->pair[w->pair_count][SIDE_SUBSCRIBER] = subscriber;
	w->pair[w->pair_count][SIDE_NETWORK] = network;
	w->pair_count++;
}

// Every so often a burst's steps are measured. Counted in bursts, so that empty polls are not.
static void lap_begin(struct worker *w)
{
	w->is_sampled = w->unsampled >= OP25B_SAMPLE_EVERY;
	if (unlikely(w->is_sampled))
		w->lap_tsc = rte_rdtsc();
}

static void lap_received(struct worker *w, uint32_t count)
{
	w->unsampled++;
	if (likely(!w->is_sampled))
		return;
	w->unsampled = 0;
	w->block->sampled_bursts++;
	w->block->sampled_packets += count;
	worker_lap(w, BURST_STEP_RECEIVE);
}

static uint32_t serve_port(struct worker *w, const struct tables *t, const struct worker_port *in,
			   const struct worker_port *out)
{
	uint32_t count, i;

	lap_begin(w);
	count = rte_eth_rx_burst(in->eth, in->queue, w->burst->rx, WORKER_BURST);
	if (count == 0)
		return 0;
	lap_received(w, count);
	for (i = 0; in->is_far && i < count; i++)
		rte_prefetch0(rte_pktmbuf_mtod(w->burst->rx[i], const void *));
	burst_judge(w, t, in, out, count, w->turn_ns);
	return count;
}

static void beat(struct worker *w, bool serves_guarded)
{
	__atomic_store_n(&w->block->heartbeat_ns, w->turn_ns, __ATOMIC_RELAXED);
	// The guard must not hand frames to a worker that leaves them in the queue.
	if (w->heartbeat && !atomic_load_explicit(w->stop, memory_order_relaxed))
		*w->heartbeat = serves_guarded ? w->turn_ns : 0;
}

// Under load, reading the clock is a hundredth of all that is done: some turns share a reading.
static void read_clock(struct worker *w)
{
	if (w->clock_turns++ < WORKER_CLOCK_TURNS)
		return;
	w->clock_turns = 1;
	w->turn_ns = clock_ticks_now_ns(&w->clock);
}

uint32_t worker_turn(struct worker *w)
{
	const struct tables *t = atomic_load_explicit(&w->publish->current, memory_order_acquire);
	// Where there is a guard, it knows better what to do as long as this worker has no policy,
	// or an older one: `start` says what happens before the first policy, not at each restart.
	const bool serves[2] = {
		[false] = t || w->start_pass,
		[true] = t && !publish_is_behind_guard(w->publish, t),
	};
	uint32_t i, received = 0;

	read_clock(w);
	beat(w, serves[true]);
	w->block->generation = t ? t->generation : 0;
	for (i = 0; i < w->pair_count; i++) {
		const struct worker_port *sub = &w->pair[i][SIDE_SUBSCRIBER];
		const struct worker_port *net = &w->pair[i][SIDE_NETWORK];

		if (serves[sub->has_guard])
			received += serve_port(w, t, sub, net);
		if (serves[net->has_guard])
			received += serve_port(w, t, net, sub);
	}
	if (received) {
		w->block->busy_polls++;
	} else {
		w->block->idle_polls++;
		w->clock_turns = WORKER_CLOCK_TURNS;
	}
	return received;
}

// Sleeps longer the longer nothing has come, up to idle_us.
static void idle(const struct worker *w, uint32_t idle_turns)
{
	uint32_t shift = idle_turns - IDLE_SPINS, us = w->idle_us;
	struct timespec nap = {0, 0};

	if (idle_turns < IDLE_SPINS || us == 0) {
		rte_pause();
		return;
	}
	if (shift < 10 && 1u << shift < us)
		us = 1u << shift;
	nap.tv_nsec = us * 1000L;
	nanosleep(&nap, NULL);
}

// From here on the guard judges; what it handed over before is still served.
static void drain(struct worker *w)
{
	uint64_t from_ns = clock_now_ns(), spent_ns;
	uint32_t received;

	if (w->heartbeat)
		*w->heartbeat = 0;
	do {
		received = worker_turn(w);
		rte_rcu_qsbr_quiescent(w->publish->qsbr, w->queue);
		spent_ns = clock_now_ns() - from_ns;
	} while (spent_ns < DRAIN_MIN_NS || (received && spent_ns < DRAIN_MAX_NS));
}

int worker_run(void *worker)
{
	struct worker *w = worker;
	uint32_t idle_turns = 0;

	prctl(PR_SET_TIMERSLACK, 1ul, 0ul, 0ul, 0ul);
	rte_rcu_qsbr_thread_register(w->publish->qsbr, w->queue);
	rte_rcu_qsbr_thread_online(w->publish->qsbr, w->queue);
	while (!atomic_load_explicit(w->stop, memory_order_relaxed)) {
		idle_turns = worker_turn(w) ? 0 : idle_turns + 1;
		rte_rcu_qsbr_quiescent(w->publish->qsbr, w->queue);
		if (idle_turns)
			idle(w, idle_turns);
	}
	drain(w);
	rte_rcu_qsbr_thread_offline(w->publish->qsbr, w->queue);
	rte_rcu_qsbr_thread_unregister(w->publish->qsbr, w->queue);
	return 0;
}
