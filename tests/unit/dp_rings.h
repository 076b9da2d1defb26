// SPDX-License-Identifier: BSD-3-Clause
//
// op25b-dp in a test program: the real tables, publisher and worker on net_ring ports, run turn by
// turn on the calling thread, so that a frame sent is judged when dp_rings_turn() returns. Needs no
// root, no hugepages, no interface. Any wrong use stops the program with a sentence. One thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/abi/stats_abi.h"
#include "dataplane/dpdk/publish.h"
#include "dataplane/dpdk/worker.h"

#define DP_RINGS_MAX_PAIRS 2u
#define DP_RINGS_MAX_WORKERS 2u
// Ports are named by their place in the counters; of pair 0 it is the side (enum op25b_side).
#define DP_RINGS_PORT(pair, side) (2u * (pair) + (side))

struct dp_rings_config {
	uint32_t pair_count;                     // 0: one
	uint32_t worker_count;                   // 0: one; worker i serves queue i of every port
	uint32_t l2_doubt_drop;                  // bit i: pair i drops what ends in doubt below IP
	uint32_t slots;                          // subscriber slots
	uint32_t answers_per_s;                  // resets; 0: none are sent
	bool start_pass;                         // before the first policy
	const struct op25b_guard_control *guard; // what the ports' guard does; NULL: they have none
	struct op25b_guard_beat *heartbeat;      // of the guard, one per worker; NULL: none
	uint32_t tx_frames; // room of the rings that frames leave by, a power of 2; 0: 1024
};

// Starts with fresh counters and slots. DPDK itself is started by the first call and stays.
void dp_rings_start(const struct dp_rings_config *c);
void dp_rings_stop(void);

// Seals a copy of the image and offers it, as op25bd does.
struct publish_answer dp_rings_publish(const void *image, size_t bytes);
// A memfd with the image and these seals (F_SEAL_*); close() it.
int dp_rings_memfd(const void *image, size_t bytes, int seals);

// Puts a frame into the port's first receive queue, or into that one. At most 1023 wait in each.
void dp_rings_send(uint32_t port, const void *frame, uint32_t bytes);
void dp_rings_send_queue(uint32_t port, uint32_t queue, const void *frame, uint32_t bytes);
// The same in buffers that end at these places, in rising order, as of a driver that scatters.
void dp_rings_send_split(uint32_t port, const void *frame, uint32_t bytes, const uint32_t *ends,
			 uint32_t end_count);

// Turns one worker after the other until nothing is received any more. Returns the frames received.
uint32_t dp_rings_turn(void);

// Lets the workers run by themselves on cores of their own, as in op25b-dp, until dp_rings_halt().
// In between the calling thread may send, receive and publish, but not turn.
void dp_rings_run(void);
void dp_rings_halt(void);

// Takes the next frame that left by the port. Returns its length, 0: none.
uint32_t dp_rings_receive(uint32_t port, void *frame, uint32_t room_bytes);

const struct op25b_stats_block *dp_rings_counters(void); // of the first worker
const struct op25b_stats_hdr *dp_rings_stats_header(void);
// Frames counted under the reason, over all workers, pools and families.
uint64_t dp_rings_reason_count(enum op25b_reason reason);

uint64_t *dp_rings_slots(void);
struct publish *dp_rings_publisher(void);
const struct stats *dp_rings_stats(void);
struct worker *dp_rings_worker(void); // the first one
struct worker *dp_rings_worker_at(uint32_t queue);
// Buffers that are in use somewhere: the same number before and after, or something leaks.
uint32_t dp_rings_buffers_in_use(void);
