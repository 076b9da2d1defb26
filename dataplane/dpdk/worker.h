// SPDX-License-Identifier: BSD-3-Clause
//
// A worker: one core, one receive queue of every port, the poll loop. worker_run() is the loop and
// runs on the worker's own lcore; worker_turn() is one turn of it and can be called from any single
// thread, which is how tests run the whole path synchronously: publish_offer(), put frames into the
// ports, worker_turn(), read the ports and the block's counters (tests/unit/dp_rings.h).
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "../abi/stats_abi.h"
#include "../core/decide.h"
#include "clock.h"
#include "publish.h"
#include <rte_branch_prediction.h>
#include <rte_cycles.h>
#include <rte_mempool.h>

#define WORKER_BURST 64u
#define WORKER_CLOCK_TURNS 8u // turns with frames that one reading of the clock is for, at most
// What different workers write is this far apart: CPUs fetch cache lines in pairs.
#define WORKER_ALIGN_BYTES 128u

struct burst; // burst.h: scratch of one burst

// One port as a worker uses it.
struct worker_port {
	uint16_t eth;           // DPDK's port number
	uint16_t queue;         // this worker's pair of queues there
	uint8_t stats;          // index in op25b_stats_block.port
	struct ingress ingress; // how frames that come in here are judged
	bool has_guard;         // frames that are not received here are judged by the guard
	bool is_far; // frames are written by a NIC or another core, not copied by this worker
};

// Everything in it is the worker's own, but for what pointers lead to; see there.
struct worker {
	_Alignas(WORKER_ALIGN_BYTES) struct publish
		*publish;                // read: current, guard; own thread id in qsbr
	struct op25b_stats_block *block; // single writer: this worker
	uint64_t *slots;                 // all workers and the guard, by compare-and-swap
	volatile uint64_t *heartbeat;    // the guard's cell of this queue; NULL: no guard
	struct worker_port pair[OP25B_MAX_PORTS / 2][2]; // [pair][side]
	uint32_t pair_count;
	uint16_t queue; // index of this worker
	bool start_pass;
	uint32_t idle_us;                    // longest sleep, 0: none
	struct limit_profile answer_profile; // interval_ns 0: no answers at all
	uint64_t answer_state;               // GCRA state of the answers
	struct rte_mempool *pool;            // for answers
	const atomic_bool *stop;             // set by the main thread
	struct burst *burst;
	struct clock_ticks clock;
	uint64_t turn_ns;     // the time of this turn: read a few turns ago while frames come
	uint32_t clock_turns; // turns that it has been for
	uint32_t unsampled;   // bursts since the last one that was measured
	bool is_sampled;      // this burst is measured
	uint64_t lap_tsc;     // end of its last step
};

// What the workers have in common.
struct worker_setup {
	struct publish *publish;
	const struct stats *stats;
	uint64_t *slots;
	struct op25b_guard_beat *heartbeat; // of the guard, one per queue; NULL: no guard
	uint32_t answers_per_s;
	uint32_t idle_us;
	bool start_pass;
	struct rte_mempool *pool;
	const atomic_bool *stop;
};

// Ends a step of the burst at hand, and counts what it took if this burst is measured.
static inline void worker_lap(struct worker *w, enum op25b_burst_step step)
{
	uint64_t now_tsc;

	if (likely(!w->is_sampled))
		return;
	now_tsc = rte_rdtsc();
	w->block->step_cycles[step] += now_tsc - w->lap_tsc;
	w->lap_tsc = now_tsc;
}

// Ports are filled in by worker_add_pair(). Returns false if memory does not suffice.
bool worker_init(struct worker *w, uint32_t index, const struct worker_setup *setup);
void worker_fini(struct worker *w);
void worker_add_pair(struct worker *w, struct worker_port subscriber, struct worker_port network);

// Serves each port once: receives at most a burst, judges it, sends it. Returns the frames
// received.
uint32_t worker_turn(struct worker *w);

// Turns until *stop is set, then hands over to the guard, drains and returns 0. For
// rte_eal_remote_launch.
int worker_run(void *worker);
