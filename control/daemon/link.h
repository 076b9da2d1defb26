// SPDX-License-Identifier: BSD-3-Clause
//
// The client of op25b-dp's socket (abi/link_abi.h): keeps a connection, says HELLO, hands over
// policy images. Everything is asynchronous: a dataplane that is slow, hung or gone never holds the
// event loop. Event loop thread only.
#pragma once

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../dataplane/abi/link_abi.h"

#define LINK_RETRY_MS 100      // between attempts to connect
#define LINK_HELLO_TIMEOUT_S 5 // a dataplane that took the connection but says nothing
#define LINK_OFFER_TIMEOUT_S 5 // a policy must be answered within this
#define LINK_REASON_BYTES 128u

// What the dataplane said of itself. Valid during the call only, except the descriptor.
struct link_hello {
	uint64_t generation; // in force there; 0: none
	uint64_t checksum;
	uint64_t slots_capacity;
	int stats_fd;      // statistics memory; the receiver owns it
	const void *image; // in force there, passed image_check(); NULL: none
	size_t image_bytes;
};

struct link_events {
	void (*up)(void *arg, const struct link_hello *hello);
	void (*down)(void *arg, const char *why); // also when a first attempt to connect fails
	void *arg;
};

struct link_answer {
	uint32_t outcome; // enum op25b_outcome, below OUTCOME_COUNT
	uint64_t generation;
	uint64_t checksum;
	uint64_t detail[3];
};

// Outcome of an offer. answer NULL: none came, and why says so; the connection is then dropped, for
// the next HELLO tells what is in force.
typedef void (*link_offer_done)(void *arg, const struct link_answer *answer, const char *why);

struct link;

// Starts to connect to the socket at path, for ever. events is copied. NULL: out of memory.
struct link *link_open(struct event_base *base, const char *path, const struct link_events *events);
void link_close(struct link *l);

bool link_is_up(const struct link *l); // HELLO was answered, and the connection stands

// Offers a checked image; done comes later, never from inside this call. Returns false, with a
// reason, if it cannot be sent: nothing was changed then.
bool link_offer(struct link *l, const void *image, size_t bytes, link_offer_done done, void *arg,
		char why[LINK_REASON_BYTES]);

// Name and meaning of an outcome.
const char *link_outcome_name(uint32_t outcome);
const char *link_outcome_help(uint32_t outcome);
