// SPDX-License-Identifier: BSD-3-Clause
//
// The statistics memory (abi/stats_abi.h): made once at start, sealed so that nobody else can write
// or resize it. The header and the directory are written by the main thread, each block by its
// worker alone.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../abi/stats_abi.h"
#include "../core/directory.h"

struct stats {
	int fd;        // writable, stays here
	int reader_fd; // read-only, handed to clients
	struct op25b_stats_hdr *hdr;
};

bool stats_init(struct stats *s, uint32_t worker_count, uint64_t slots_capacity, bool start_pass);
void stats_fini(struct stats *s);

// Adds a port; returns its index in the header and in every block.
uint32_t stats_add_port(struct stats *s, const char *name, enum op25b_side side, uint32_t pair);

struct op25b_stats_block *stats_block(const struct stats *s, uint32_t worker);

// The tables of the header in which images find what they are counted under.
struct directory stats_directory(const struct stats *s);

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
