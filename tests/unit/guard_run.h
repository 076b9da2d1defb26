// SPDX-License-Identifier: BSD-3-Clause
//
// Runs frames through the real guard without any traffic: veth pairs that stay down, a bpffs of its
// own, the real loader, and BPF_PROG_TEST_RUN. What a frame was counted as is found by the
// difference of the counters. Needs root. One thread, one instance per process.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/guard/guard.h"

#define GUARD_RUN_MIN_FRAME_BYTES 14u // the kernel's test run takes no shorter ones

struct guard_run;

struct guard_run_result {
	uint32_t xdp_action;             // XDP_PASS, XDP_DROP, XDP_REDIRECT, ...
	bool judged;                     // false: handed to op25b-dp; the rest is then 0
	uint32_t reason;                 // enum op25b_reason
	uint32_t family;                 // enum op25b_family
	char pool[OP25B_MAX_NAME_BYTES]; // "" for none
};

#define GUARD_RUN_MAX_PAIRS 2u
// Ports are named by their place in the counters; of pair 0 it is the side (enum op25b_side).
#define GUARD_RUN_PORT(pair, side) (2u * (pair) + (side))

struct guard_run_config {
	uint32_t pair_count;    // interfaces sub0, net0, sub1, ...
	uint32_t l2_doubt_drop; // bit i: pair i drops what ends in doubt below IP
	uint32_t slots;         // capacity
};

// Sets up pairs of interfaces with the guard on all of them. Returns NULL with a sentence in error.
struct guard_run *guard_run_start_pairs(const struct guard_run_config *c,
					char error[GUARD_ERROR_BYTES]);
// The same for one pair.
struct guard_run *guard_run_start(uint32_t slots, char error[GUARD_ERROR_BYTES]);
// Takes everything down again. NULL is allowed.
void guard_run_stop(struct guard_run *r);

// Puts an image into force. Returns false with a sentence in error.
bool guard_run_publish(struct guard_run *r, const void *image, size_t bytes,
		       char error[GUARD_ERROR_BYTES]);

// One frame, received on the interface of that port. Returns false with a sentence in error: the
// kernel refused the run, or the frame was not counted exactly once.
bool guard_run(struct guard_run *r, const void *frame, size_t bytes, uint32_t port,
	       struct guard_run_result *out, char error[GUARD_ERROR_BYTES]);

// For tests that need more than frames.
struct guard *guard_run_guard(struct guard_run *r);
const struct dataplane_config *guard_run_config(const struct guard_run *r);
int guard_run_program_fd(const struct guard_run *r, uint32_t port);
// Finds the programs on the interfaces anew: frames go to them from now on. Returns false if there
// are none.
bool guard_run_look(struct guard_run *r);
// The program's xsks_map, found as libxdp finds it: by name among the program's maps. -1: none.
int guard_run_xsks_map(const struct guard_run *r, uint32_t port);
// An AF_XDP socket on queue 0 of that side's interface, in the xsks_map, as net_af_xdp has one. It
// has no buffers: it counts each frame that reaches it as dropped. Returns it or -1.
int guard_run_socket(const struct guard_run *r, enum op25b_side side);
// A pinned map of the guard, e.g. OP25B_PIN_SLOTS, mapped; bytes are rounded up to pages by the
// kernel. NULL on failure.
void *guard_run_map(const struct guard_run *r, const char *pin, size_t bytes);
