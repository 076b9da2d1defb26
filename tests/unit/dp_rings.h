// SPDX-License-Identifier: BSD-3-Clause
//
// op25b-dp in a test program: the real tables, publisher and worker on two net_ring ports, run turn
// by turn on the calling thread, so that a frame sent is judged when dp_rings_turn() returns. Needs
// no root, no hugepages, no interface. Any wrong use stops the program with a sentence. One thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/abi/stats_abi.h"
#include "dataplane/dpdk/publish.h"
#include "dataplane/dpdk/worker.h"

struct dp_rings_config {
	uint32_t slots;                          // subscriber slots
	uint32_t answers_per_s;                  // resets; 0: none are sent
	bool start_pass;                         // before the first policy
	const struct op25b_guard_control *guard; // what the ports' guard does; NULL: they have none
	uint64_t *heartbeat;                     // of the guard; NULL: none
	uint32_t tx_frames; // room of the rings that frames leave by, a power of 2; 0: 1024
};

// Starts with fresh counters and slots. DPDK itself is started by the first call and stays.
void dp_rings_start(const struct dp_rings_config *c);
void dp_rings_stop(void);

// Seals a copy of the image and offers it, as op25bd does.
struct publish_answer dp_rings_publish(const void *image, size_t bytes);
// A memfd with the image and these seals (F_SEAL_*); close() it.
int dp_rings_memfd(const void *image, size_t bytes, int seals);

// Puts a frame into the receive queue of the port on that side. At most 1023 wait there.
void dp_rings_send(enum op25b_side side, const void *frame, uint32_t bytes);
// The same with only first_bytes of it in the first buffer, as of a driver that scatters.
void dp_rings_send_split(enum op25b_side side, const void *frame, uint32_t bytes,
			 uint32_t first_bytes);

// Turns until nothing is received any more. Returns the frames received.
uint32_t dp_rings_turn(void);

// Lets the worker run by itself on its own core, as in op25b-dp, until dp_rings_halt(). In between
// the calling thread may send, receive and publish, but not turn.
void dp_rings_run(void);
void dp_rings_halt(void);

// Takes the next frame that left by the port on that side. Returns its length, 0: none.
uint32_t dp_rings_receive(enum op25b_side side, void *frame, uint32_t room_bytes);

// The worker's block. Port 0 is the subscriber's, port 1 the network's.
const struct op25b_stats_block *dp_rings_counters(void);
const struct op25b_stats_hdr *dp_rings_stats_header(void);
// Frames counted under the reason, over all pools and families.
uint64_t dp_rings_reason_count(enum op25b_reason reason);

uint64_t *dp_rings_slots(void);
struct publish *dp_rings_publisher(void);
const struct stats *dp_rings_stats(void);
struct worker *dp_rings_worker(void);
// Buffers that are in use somewhere: the same number before and after, or something leaks.
uint32_t dp_rings_buffers_in_use(void);
