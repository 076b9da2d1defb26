// SPDX-License-Identifier: BSD-3-Clause
//
// The guard's loader: puts guard.bpf.c on the kernel interfaces of dataplane.json, pins it so that
// it outlives every process, fills its table sets from policy images and reads its counters. Linked
// into op25bd and the tests. One thread at a time.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../abi/guard_abi.h"
#include "../config/config.h"

#define GUARD_ERROR_BYTES 256u

struct guard;

// Attaches the guard to every kernel interface of c, or adopts what is pinned there already (same
// ABI), which changes nothing in the kernel if it is this build's program. Another build's is
// replaced: no frame goes unjudged meanwhile, and op25b-dp keeps its sockets. Returns NULL with a
// sentence in error: nothing is then half attached. No kernel interface in c: returns NULL with an
// empty error.
struct guard *guard_open(const struct dataplane_config *c, char error[GUARD_ERROR_BYTES]);

// Lets go of the descriptors. The guard stays attached and in force.
void guard_close(struct guard *g);

// Takes the guard off every interface of c and removes its pins: enforcement by the guard ends
// here. Returns false with a sentence in error.
bool guard_detach(const struct dataplane_config *c, char error[GUARD_ERROR_BYTES]);

// Makes the look-up tables of a checked image ahead, for the guard_publish() of the same image:
// most of its work, done while another host does its own. Changes nothing that is in force; what
// fails here is tried again, and told, there.
void guard_prepare(struct guard *g, const void *image);
// Gives back what guard_prepare() has made, if it was not used: the image is not to come into
// force.
void guard_discard(struct guard *g);

// Puts a checked image into force: fills the idle table set, then flips one word. Returns false
// with a sentence in error; the policy in force is then untouched.
bool guard_publish(struct guard *g, const void *image, size_t bytes, char error[GUARD_ERROR_BYTES]);

// Policy in force in the guard; 0 for none.
uint64_t guard_generation(const struct guard *g);
uint64_t guard_image_checksum(const struct guard *g);

// Interface names, in the order pair 0 subscriber, pair 0 network, ...; NULL beyond the last.
const char *guard_iface(const struct guard *g, uint32_t index);
// How the guard sits on that interface (adopted, replaced or attached, driver or generic mode, what
// became of the receive VLAN offload), for the log after guard_open(); NULL beyond the last
// interface.
const char *guard_iface_note(const struct guard *g, uint32_t index);

struct guard_counters {
	struct op25b_guard_port port[OP25B_MAX_PORTS]; // summed over CPUs, index as guard_iface()
	struct op25b_cell cell[OP25B_CELL_COUNT];      // summed over CPUs
	struct op25b_cell clause_cell[OP25B_CLAUSE_CELLS]; // likewise
	char pool_name[OP25B_POOL_SLOTS][OP25B_MAX_NAME_BYTES];
	uint32_t pool_count;
	struct op25b_stats_stage stage[OP25B_STAGE_SLOTS];
	uint32_t stage_count;
};

// Reads all counters. Returns false with a sentence in error.
bool guard_read_counters(struct guard *g, struct guard_counters *out,
			 char error[GUARD_ERROR_BYTES]);
