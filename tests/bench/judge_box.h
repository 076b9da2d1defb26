// SPDX-License-Identifier: BSD-3-Clause
//
// op25b-dp without its ports: the subscriber slots, tables and worker that it would have for one
// policy, made by its own code. Policies are compiled by the policy library, for this moment. One
// thread.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dataplane/dpdk/burst.h"
#include "dataplane/dpdk/publish.h"
#include "dataplane/dpdk/shared.h"
#include "dataplane/dpdk/stats.h"
#include "dataplane/dpdk/worker.h"

struct box {
	void *image;
	size_t image_bytes;
	struct shared shared;
	struct stats stats;
	struct publish publish;
	struct worker worker;
	struct worker_port in; // a subscriber port whose frames a NIC has written
	uint64_t table_bytes;  // that publishing the policy took from DPDK's memory
};

// What a policy takes in memory; packet buffers, counters and the program are not in it.
struct box_memory {
	uint64_t slots;      // of the policy
	uint64_t slot_bytes; // mapped for them
	uint64_t table_bytes;
	uint64_t image_bytes; // the image, which the tables refer to
	uint64_t class_bytes; // the tables' own copy of the classes
};

// Compiles the policy, before DPDK is started. Stops the program with the policy's errors.
void box_compile(struct box *b, const char *policy_path);
// Makes the box and puts the policy in force.
void box_open(struct box *b);
void box_close(struct box *b);

struct box_memory box_memory(const struct box *b);
const struct tables *box_tables(const struct box *b);

// What is in use of DPDK's memory, of all that it is used for.
uint64_t box_dpdk_bytes(void);

// How far the clock has to go from one frame to the next so that each subscriber stays within its
// limit if all of them send in turn, `frames` in all before the first comes again: 0 without limit.
uint64_t box_pace_ns(const struct box *b, uint32_t frames);
// Forgets what the subscribers did.
void box_forget(struct box *b);
