// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
//
// What the guard (BPF), its loader in op25bd and op25b-dp share through maps pinned in the bpffs
// folder of dataplane.json: pin names, map keys and values. Types and constants only.
#pragma once

#include <stdint.h>

#include "image_abi.h"
#include "stats_abi.h"

#define OP25B_GUARD_ABI 4u

// Pins below the bpffs folder. Map names proper are at most 15 characters (kernel limit).
#define OP25B_PIN_CONTROL "control" // ARRAY[1], mmapable: struct op25b_guard_control
#define OP25B_PIN_HEARTBEAT                                                                        \
	"heartbeat"                   // ARRAY[OP25B_MAX_WORKERS], mmapable: struct op25b_guard_beat
#define OP25B_PIN_SLOTS "slots"       // ARRAY[slot capacity], mmapable: uint64_t, core/limit.h
#define OP25B_PIN_CELLS "cells"       // PERCPU_ARRAY[OP25B_CELL_COUNT]: struct op25b_cell
#define OP25B_PIN_CLAUSES "clauses"   // PERCPU_ARRAY[OP25B_CLAUSE_CELLS]: struct op25b_cell
#define OP25B_PIN_STAGES "stages"     // ARRAY[OP25B_STAGE_SLOTS]: struct op25b_stats_stage
#define OP25B_PIN_POOLS "pools"       // ARRAY[OP25B_POOL_SLOTS]: char[OP25B_MAX_NAME_BYTES]
#define OP25B_PIN_PORTS "ports"       // PERCPU_ARRAY[OP25B_MAX_PORTS]: struct op25b_guard_port
#define OP25B_PIN_LINK_PREFIX "link_" // + interface name: the bpf_link that holds the program there

// heartbeat[q]: of the worker that serves receive queue q of every port, written at each turn by
// that worker of op25b-dp alone. Each has two cache lines to itself, because CPUs fetch them in
// pairs: workers that share one take it from each other at every turn.
struct op25b_guard_beat {
	uint64_t turn_ns; // CLOCK_MONOTONIC of the last turn, or, under load, of one of the last
			  // eight; 0: not serving. Fresh means younger than
			  // control.heartbeat_max_age_ns
	uint64_t pad[15]; // 0
};

enum op25b_on_loss {
	ON_LOSS_ENFORCE =
		0,        // judge in the kernel, hand what passes to the kernel's bridge or routing
	ON_LOSS_OPEN = 1, // hand everything to the kernel, counted
	ON_LOSS_CLOSED = 2, // drop everything, counted
};

// Written by op25bd only.
struct op25b_guard_control {
	uint32_t abi;                  // OP25B_GUARD_ABI
	uint32_t on_loss;              // enum op25b_on_loss
	uint32_t start_pass;           // 1: pass frames before the first policy; 0: hold them
	uint32_t pad;                  // 0
	uint64_t heartbeat_max_age_ns; // older than this: the worker is taken for lost
	uint64_t active; // generation * 2 + table set (0 or 1), read once per frame; 0: no policy
	uint64_t image_checksum; // of the policy in force
};

// Frames of one guarded interface, per CPU.
struct op25b_guard_port {
	uint64_t rx_packets;           // every frame the program saw
	uint64_t to_dataplane_packets; // handed to op25b-dp; all others were judged here
};

_Static_assert(sizeof(struct op25b_guard_control) == 40, "guard ABI");
_Static_assert(sizeof(struct op25b_guard_beat) == 128, "guard ABI: two cache lines");
