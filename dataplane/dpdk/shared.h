// SPDX-License-Identifier: BSD-3-Clause
//
// What op25b-dp shares with the guard: the subscriber slots and the heartbeat, which are mapped
// from the guard's pinned maps when a port has a guard, so that limits and holds outlive a crash.
// Without a guard the slots are plain memory. Main thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../abi/guard_abi.h"
#include "../config/config.h"

struct shared {
	uint64_t *slots;
	uint64_t slots_capacity;
	size_t slots_bytes;                      // of the mapping
	struct op25b_guard_beat *heartbeat;      // one per receive queue; NULL: no guard
	size_t heartbeat_bytes;                  // of the mapping
	const struct op25b_guard_control *guard; // what the guard does, read-only; NULL: no guard
	size_t guard_bytes;                      // of the mapping
};

// Waits until the guard is on every kernel interface of c: a port that DPDK opens before that would
// get DPDK's own program instead. Returns false, with the reason logged, after ten seconds or when
// signal_fd becomes readable.
bool shared_wait_for_guard(const struct dataplane_config *c, int signal_fd);

// Maps. Returns false with the reason logged; shared_fini() undoes the rest.
bool shared_init(struct shared *s, const struct dataplane_config *c);
void shared_fini(struct shared *s);
