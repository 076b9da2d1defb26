// SPDX-License-Identifier: BSD-3-Clause
//
// Reading counters: the statistics memory of op25b-dp (abi/stats_abi.h), summed over its workers
// and over its earlier lives, and the guard's. Totals are keyed by pool name, port name and
// stage, and only ever grow while op25bd lives. Event loop thread only.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../dataplane/abi/stats_abi.h"
#include "../../dataplane/guard/guard.h"

struct stats_pool {
	char name[OP25B_MAX_NAME_BYTES]; // "": frames of no pool
	struct op25b_cell cell[OP25B_REASON_SLOTS][FAMILY_COUNT];
};

struct stats_port {
	char name[OP25B_MAX_NAME_BYTES];
	uint32_t side;                    // enum op25b_side
	struct op25b_port_counters count; // the guard's ports: rx_packets only
	uint64_t to_dataplane_packets;    // the guard's ports only
	// Lost before op25b-dp received them; op25b-dp's ports only. See abi/stats_abi.h.
	uint64_t rx_missed_packets;
	uint64_t rx_error_packets;
	uint64_t rx_nobuf_packets;
};

// Clauses of a stage on a pool, or of a pool's exceptions or quarantines, by their index.
struct stats_list {
	char pool[OP25B_MAX_NAME_BYTES];  // "": lists for which a host had no more room
	char stage[OP25B_MAX_NAME_BYTES]; // "": of another origin
	uint32_t origin;                  // enum op25b_origin
	struct op25b_cell cell[OP25B_MAX_CLAUSES];
};

// What a worker did; see struct op25b_stats_block.
struct stats_work {
	uint64_t rx_packets; // of all ports
	uint64_t busy_polls;
	uint64_t idle_polls;
	uint64_t sampled_bursts;
	uint64_t sampled_packets;
	uint64_t step_cycles[BURST_STEP_COUNT]; // [enum op25b_burst_step]
};

struct stats_totals {
	struct stats_pool *pools;
	size_t pool_count;
	struct stats_port *ports;
	size_t port_count;
	struct stats_list *lists; // those that a frame has met
	size_t list_count;
	struct stats_work work[OP25B_MAX_WORKERS]; // of op25b-dp's workers, by their index
	uint32_t work_count;
};

struct stats {
	const struct op25b_stats_hdr *memory; // of the op25b-dp that was last seen; NULL: none
	size_t memory_bytes;
	struct stats_totals base; // what earlier lives of op25b-dp have counted
};

// What a worker of op25b-dp says of itself.
struct stats_worker {
	uint64_t heartbeat_age_ns; // UINT64_MAX: it has not made a turn yet
	uint64_t generation;
};

// Maps the memory behind fd (always closed). If it is of another life of op25b-dp than the last,
// the last one's counts go into the base. Returns false if it is no statistics memory; nothing is
// changed then.
bool stats_attach(struct stats *s, int fd);
void stats_free(struct stats *s);

// All that op25b-dp has counted. Pair with stats_totals_free().
void stats_read(const struct stats *s, struct stats_totals *out);
// All that the guard has counted. Returns false with a sentence in error.
bool stats_read_guard(struct guard *g, struct stats_totals *out, char error[GUARD_ERROR_BYTES]);
void stats_totals_free(struct stats_totals *t);

// Fills worker[] and returns how many there are.
uint32_t stats_workers(const struct stats *s, struct stats_worker worker[OP25B_MAX_WORKERS]);

// Sums over all pools.
uint64_t stats_reason_packets(const struct stats_totals *t, enum op25b_reason reason);
uint64_t stats_verdict_packets(const struct stats_totals *t, enum op25b_verdict verdict);

// Words of abi/verdict_abi.h.
const char *reason_name(enum op25b_reason reason);
enum op25b_verdict reason_says(enum op25b_reason reason);
// The word for where a clause comes from: "stage", "exception" or "quarantine".
const char *origin_name(enum op25b_origin origin);
// The word of abi/stats_abi.h for a step of a burst.
const char *step_name(enum op25b_burst_step step);
