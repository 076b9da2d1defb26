// SPDX-License-Identifier: BSD-3-Clause
//
// What the fuzz targets of the link share: an input is a row of steps, and a step is a message with
// the descriptors that go with it, good or hostile. One thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/abi/link_abi.h"
#include "fuzz.h"

#define LINK_FDS_MOST 7u // more than either side takes
#define LINK_STEP_BYTES 10u

// Octets of the input in this order, then as much of the message as the input has.
struct link_step {
	uint8_t what;          // what happens; each target's own
	uint8_t fd_count;      // descriptors sent with it, modulo LINK_FDS_MOST + 1
	uint8_t fd_kind;       // enum link_fd of the first; those behind it follow
	uint8_t seals_left;    // seals that the image does not get: F_SEAL_ bits
	uint8_t fix;           // enum link_fix bits
	uint8_t generation;    // of the image
	uint16_t patch_at;     // octet of the image that is changed, modulo its length
	uint8_t patch;         // exclusive or
	uint8_t message_bytes; // at most this much of the message
	const uint8_t *message;
};

enum link_fix {
	LINK_FIX_HEAD = 1,   // the message gets its magic and ABI
	LINK_FIX_HELLO = 2,  // its type is HELLO
	LINK_FIX_OFFER = 4,  // its type is OFFER
	LINK_FIX_SEQ = 8,    // its seq is the one expected
	LINK_FIX_BYTES = 16, // it has the length it should have
	LINK_FIX_SUM = 32,   // the image gets its checksum after the patch
	LINK_FIX_SEALS = 64, // the image is sealed as it should be
};

enum link_fd {
	LINK_FD_SMALL_IMAGE, // without prefixes
	LINK_FD_TABLE_IMAGE, // of the packet table's policy
	LINK_FD_CUT_IMAGE,   // the small one, patch_at octets shorter
	LINK_FD_LONG_IMAGE,  // the small one, patch_at octets longer
	LINK_FD_HUGE,        // just above OP25B_MAX_IMAGE_BYTES, sparse
	LINK_FD_NULL,        // /dev/null
	LINK_FD_FOLDER,
	LINK_FD_PIPE,
	LINK_FD_COUNT,
};

// A message, and room for one that is too long.
union link_message {
	struct op25b_link_msg msg;
	uint8_t bytes[256];
};

// Makes the images; policy_path is the packet table's.
void link_step_init(const char *policy_path);

// Takes a step off the input. Returns false if there is none left.
bool link_step_read(struct fuzz_input *in, struct link_step *s);

// The step's message as it is to be sent. Returns its length.
uint32_t link_step_message(const struct link_step *s, uint64_t seq, union link_message *m);

// Sends the message and the step's descriptors, which are closed again here. Returns false if it
// could not be sent: the peer has hung up, or its queue is full.
bool link_step_send(const struct link_step *s, int fd, const union link_message *m, uint32_t bytes);
