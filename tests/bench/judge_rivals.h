// SPDX-License-Identifier: BSD-3-Clause
//
// What op25b is measured against on the same frames: rte_acl on the same rules, called as DPDK's
// example l3fwd calls it in its ACL mode, and a scan of the rules one after another. Both take a
// frame's addresses and ports from where they lie in plain IPv4 over Ethernet, and let all else
// pass unread: that is less than op25b does, which reads tags, tunnels, options and fragments. One
// thread.
#pragma once

#include <stdint.h>

#include "dataplane/dpdk/worker.h"
#include "judge_rules.h"
#include <rte_acl.h>
#include <rte_mbuf.h>

#define RIVALS_ACL_COUNT 5u // algorithms of rte_acl on x86

struct rivals {
	struct rules rules;
	struct rte_acl_ctx *acl;             // NULL: not asked for
	uint32_t acl_algorithm;              // the one that was quickest on this processor
	double acl_cycles[RIVALS_ACL_COUNT]; // [algorithm]: of a frame; 0: the processor lacks it
	uint64_t acl_bytes;                  // of DPDK's memory, for its tables
	struct rte_mbuf *rx[WORKER_BURST];   // the frames to judge
	const uint8_t *data[WORKER_BURST];   // of plain IPv4: from the protocol octet on
	uint8_t place[WORKER_BURST];         // which frame data is of
	uint32_t found[WORKER_BURST];        // [place in data]: enum ruling + 1; 0: no rule matched
	uint32_t count;                      // of data
	uint32_t touched;                    // so that reading is not left out
};

void rivals_open(struct rivals *r, const struct image_view *v);
void rivals_close(struct rivals *r);

// Builds rte_acl's tables, and leaves it with the algorithm for which cost() is the least.
void rivals_build_acl(struct rivals *r, uint32_t index, double (*cost)(void *ctx), void *ctx);

const char *rivals_acl_name(uint32_t algorithm);

// Judge the frames in rx. The rulings are in found.
void rivals_acl(struct rivals *r, uint32_t count);
void rivals_scan(struct rivals *r, uint32_t count);
// Reads of each frame in rx one word, and says nothing.
void rivals_touch(struct rivals *r, uint32_t count);

// The rulings by frame, of what was judged last.
void rivals_rulings(const struct rivals *r, uint32_t count, uint8_t ruling[WORKER_BURST]);
