// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
//
// The statistics memory of op25b-dp: a memfd that op25b-dp writes and anybody who was handed the
// descriptor maps read-only. Fixed size for the life of the process. Counters are 64 bit, only ever
// grow, and each has a single writer (the worker whose block it lies in; for those in the header
// the main thread), so readers sum without locks. Nobody resets them.
//
//   +--------+-----------------+------------------+---------+---------+-----+
//   | header | pool name table | lists of clauses | block 0 | block 1 | ... |   a block per worker
//   +--------+-----------------+------------------+---------+---------+-----+
#pragma once

#include <stdint.h>

#include "image_abi.h"
#include "verdict_abi.h"

#define OP25B_STATS_MAGIC 0x4f503253u // "OP2S"
#define OP25B_STATS_ABI_MAJOR 4u      // a reader refuses any other
#define OP25B_MAX_WORKERS 64u
#define OP25B_MAX_PORTS 32u
#define OP25B_POOL_SLOTS 512u // pool names since start; slot 0 is "no pool" and has the empty name
#define OP25B_STAGE_SLOTS 2048u   // clause lists since start; slot 0 is "all further ones"
#define OP25B_CLAUSE_CELLS 16384u // clauses of all these lists
#define OP25B_SAMPLE_EVERY 64u    // bursts, of which one is measured: op25b_stats_block.step_cycles
#define OP25B_CELL_COUNT (OP25B_POOL_SLOTS * OP25B_REASON_SLOTS * FAMILY_COUNT)

// One counter pair. The cell of a frame is op25b_cell_index(pool slot, reason, family).
struct op25b_cell {
	uint64_t packets;
	uint64_t bytes; // length of the frame as received, without FCS
};

#define OP25B_CELL_INDEX(pool_slot, reason, family)                                                \
	((((pool_slot)*OP25B_REASON_SLOTS) + (reason)) * FAMILY_COUNT + (family))

// A list of clauses whose meetings are counted: of a stage on a pool, or of the pool's exceptions
// or quarantines. Frames that met clause i of it, whatever then became of them, are in clause cell
// first_cell + i; a frame that met no clause is in none. Once the table or the cells are full,
// further lists are counted in slot 0, whose cells are [0, OP25B_MAX_CLAUSES): pools and reasons go
// on being counted exactly.
struct op25b_stats_stage {
	char stage[OP25B_MAX_NAME_BYTES]; // stage id, NUL-terminated; "" for other origins
	uint32_t pool_slot;               // whose it is, index in pool_name
	uint32_t origin;                  // enum op25b_origin
	uint32_t first_cell;
	uint32_t clause_count;
};

// Frames of one port as one worker saw them.
struct op25b_port_counters {
	uint64_t rx_packets;
	uint64_t rx_bytes;
	uint64_t tx_packets; // frames the driver took, answers included
	uint64_t tx_bytes;
	uint64_t tx_full_packets; // judged PASS, but the driver's queue was full: freed
	uint64_t answer_packets;  // answers sent out of this port, part of tx_packets
	uint64_t pad[2];
};

// What a worker does with a burst, in this order: X(id, name, help).
#define OP25B_BURST_STEPS(X)                                                                       \
	X(RECEIVE, "receive", "the driver's receive call")                                         \
	X(READ, "read", "headers of frames, until they are settled or need a look-up")             \
	X(LOOK_UP, "look_up", "addresses of the frames that are not settled")                      \
	X(DECIDE, "decide", "clauses and limits of the frames that are not settled")               \
	X(SETTLE, "settle", "counting, freeing what is dropped, making answers")                   \
	X(TRANSMIT, "transmit", "the driver's transmit calls")

#define OP25B_BURST_STEP_ENUM(id, name, help) BURST_STEP_##id,
enum op25b_burst_step { OP25B_BURST_STEPS(OP25B_BURST_STEP_ENUM) BURST_STEP_COUNT };
#undef OP25B_BURST_STEP_ENUM

// One worker's counters. Single writer: that worker.
struct op25b_stats_block {
	uint64_t heartbeat_ns; // CLOCK_MONOTONIC of the last turn, or, under load, of one of the
			       // last eight
	uint64_t generation;   // generation the worker judges by; 0: none
	uint64_t busy_polls;   // turns that received frames
	uint64_t idle_polls;   // turns that did not
	// Where the time goes: of one burst in OP25B_SAMPLE_EVERY the steps are measured, in ticks
	// of the time-stamp counter (op25b_stats_hdr.tsc_hz). Cycles of a step over sampled_packets
	// is its price per packet.
	uint64_t sampled_bursts;
	uint64_t sampled_packets;
	uint64_t step_cycles[BURST_STEP_COUNT]; // [enum op25b_burst_step]
	uint64_t pad[4];
	struct op25b_port_counters port[OP25B_MAX_PORTS];
	struct op25b_cell cell[OP25B_CELL_COUNT];
	struct op25b_cell clause_cell[OP25B_CLAUSE_CELLS];
};

struct op25b_stats_port {
	char name[OP25B_MAX_NAME_BYTES]; // device name, NUL-terminated
	uint32_t side;                   // enum op25b_side
	uint32_t pair;                   // index of the pair it belongs to
	// Frames that never reached a worker and so are not in rx_packets, as the driver counts
	// them (rte_eth_stats_get()). Written by the main thread of op25b-dp alone, about once a
	// second and once more at exit, after the workers have ended. A driver that does not count
	// leaves 0.
	uint64_t rx_missed_packets; // lost by the driver or NIC before op25b-dp: queue full
				    // (rte_eth_stats.imissed)
	uint64_t rx_error_packets;  // received in error: bad FCS, cut, too long (ierrors)
	uint64_t rx_nobuf_packets;  // no packet buffer was free (rx_nombuf)
};

struct op25b_stats_hdr {
	uint32_t magic;       // OP25B_STATS_MAGIC
	uint16_t abi_major;   // OP25B_STATS_ABI_MAJOR
	uint16_t zero;        // 0
	uint64_t total_bytes; // of the whole memory
	uint64_t boot_id;    // random, new with each start of op25b-dp: counters start at 0 with it
	uint64_t start_ns;   // CLOCK_MONOTONIC at start
	uint64_t generation; // policy in force, 0: none yet. Written after every worker has taken
			     // it up
	uint64_t image_checksum; // of the policy in force
	uint64_t slots_capacity; // subscriber slots this box was given
	uint32_t worker_count;
	uint32_t port_count;
	uint32_t pool_count;          // names in the table, grows only; written after the name
	uint32_t start_pass;          // 1: passes frames before the first policy; 0: holds them
	uint64_t blocks_offset_bytes; // of block 0
	uint64_t block_bytes;         // distance between blocks: sizeof(struct op25b_stats_block)
	uint32_t stage_count;         // lists in the table, grows only; written after the list
	uint32_t zero2;               // 0
	uint64_t tsc_hz;              // ticks of the time-stamp counter in a second
	uint64_t pad[2];
	struct op25b_stats_port port[OP25B_MAX_PORTS];
	char pool_name[OP25B_POOL_SLOTS][OP25B_MAX_NAME_BYTES];
	struct op25b_stats_stage stage[OP25B_STAGE_SLOTS];
};

_Static_assert(sizeof(struct op25b_port_counters) == 64, "stats ABI: one cache line");
_Static_assert(sizeof(struct op25b_stats_block) % 128 == 0, "stats ABI: no line of two workers");
_Static_assert(sizeof(struct op25b_stats_port) == OP25B_MAX_NAME_BYTES + 32, "stats ABI: no gaps");
