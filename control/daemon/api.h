// SPDX-License-Identifier: BSD-3-Clause
//
// HTTP: the API on a Unix socket, and read-only metrics on a TCP listener. A table of routes; each
// handler answers at once, except a load, which answers when the hosts have. Event loop thread.
#pragma once

#include <event2/event.h>
#include <stdbool.h>

#include "publish.h"
#include "snapshot.h"

#define API_ERROR_BYTES 256u

struct api_listen {
	const char *socket_path;
	char metrics_host[64]; // "": no metrics listener
	uint16_t metrics_port;
};

struct api;

// Listens. A socket file left by an earlier op25bd is replaced: the caller holds the lock that says
// there is no other. Returns NULL with a sentence in error.
struct api *api_open(struct event_base *base, const struct api_listen *where,
		     struct publish *publish, const struct snapshot_sources *sources,
		     char error[API_ERROR_BYTES]);
void api_close(struct api *a);

// "ADDR:PORT", "[ADDR]:PORT" or "none". Returns false if text is none of them.
bool api_listen_read(const char *text, struct api_listen *out);
