// SPDX-License-Identifier: BSD-3-Clause
//
// The server of dp.sock (abi/link_abi.h): answers HELLO and OFFER, hands out descriptors. Messages
// and their descriptors are untrusted: whatever comes, the worst is a refusal or a closed
// connection. Idle connections keep nobody out: the one that has been silent longest makes room.
// Main thread, which does little else.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "publish.h"
#include "stats.h"

#define LINK_MAX_CLIENTS 16u

struct link_server {
	int listen_fd;
	int client_fd[LINK_MAX_CLIENTS];  // -1: free
	uint64_t heard[LINK_MAX_CLIENTS]; // when it connected or last spoke, by heard_count
	uint64_t heard_count;             // connections and messages so far
	uint64_t accept_from_ns;          // CLOCK_MONOTONIC; 0: accept() has not failed lately
	char path[128];
	struct publish *publish;
	const struct stats *stats;
};

// Listens on <run_dir>/dp.sock. The caller holds the lock of run_dir, so that an old socket there
// is nobody's. Returns false with the reason logged.
bool link_init(struct link_server *l, const char *run_dir, struct publish *publish,
	       const struct stats *stats);
void link_fini(struct link_server *l);

// Serves clients for at most wait_ms. Returns false when signal_fd became readable.
bool link_turn(struct link_server *l, int signal_fd, int wait_ms);
