// SPDX-License-Identifier: BSD-3-Clause
//
// The statistics memory (abi/stats_abi.h): made once at start, sealed so that nobody else can write
// or resize it. The header and the pool names are written by the main thread, each block by its
// worker alone.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../abi/stats_abi.h"
#include "../core/image_view.h"

struct stats {
	int fd;        // writable, stays here
	int reader_fd; // read-only, handed to clients
	struct op25b_stats_hdr *hdr;
};

#define STATS_NO_POOL_SLOT UINT32_MAX

bool stats_init(struct stats *s, uint32_t worker_count, uint64_t slots_capacity, bool start_pass);
void stats_fini(struct stats *s);

// Adds a port; returns its index in the header and in every block.
uint32_t stats_add_port(struct stats *s, const char *name, enum op25b_side side, uint32_t pair);

struct op25b_stats_block *stats_block(const struct stats *s, uint32_t worker);

// Whether the table has room for all pool names of an image.
bool stats_pools_fit(const struct stats *s, const struct image_view *view);

// The slot of a pool name, which is added if it is new; STATS_NO_POOL_SLOT if the table is full.
uint32_t stats_pool_slot(struct stats *s, const char *name);

// Tells readers which policy every worker judges by.
void stats_set_policy(struct stats *s, uint64_t generation, uint64_t checksum);

// What all workers together did: for the log.
struct stats_totals {
	uint64_t received;
	uint64_t verdict[VERDICT_COUNT]; // PASS: judged so, some of them tx_full
	uint64_t tx_full;
	uint64_t lost; // by drivers, before they were received
};
void stats_sum(const struct stats *s, struct stats_totals *sum);
