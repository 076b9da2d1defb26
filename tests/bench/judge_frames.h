// SPDX-License-Identifier: BSD-3-Clause
//
// The frames of one capture as packet buffers, which are filled once and then only read. They lie
// in memory in no order, as buffers do that have been in use for a while: what fetches ahead is the
// program, not the processor's guess at the next address. One thread.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

struct frames {
	const char *path;
	struct rte_mbuf **frame; // in the capture's order
	uint32_t count;
	uint32_t longest_bytes;
	const uint8_t *file; // the mapped capture, until it is loaded
	size_t file_bytes;
	struct rte_mempool *pool;
};

// Maps the capture and counts its frames, before DPDK is started. Stops the program if it is none.
void frames_scan(struct frames *f, const char *path);
// What DPDK will be asked for by frames_load().
uint64_t frames_memory_bytes(const struct frames *f);
// Copies the frames into buffers. index makes the pool's name unique.
void frames_load(struct frames *f, uint32_t index);
void frames_free(struct frames *f);
