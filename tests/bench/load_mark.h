// SPDX-License-Identifier: BSD-3-Clause
//
// How loadgen knows its frames again: by five octets of the source MAC address, which nobody on the
// way changes and the filter does not judge by. Even the shortest frame has room for that, and no
// header and no checksum is touched. The first octet stays as it was, with its bit of group
// addresses, which the filter does look at. An answer goes to where the frame came from, and so has
// the mark in its destination. The one core of loadgen.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define MARK_MIN_FRAME_BYTES 12u // two addresses
#define MARK_OF_SENDER 7u        // offset in the frame
#define MARK_OF_RECEIVER 1u
#define MARK_NUMBERS (1u << 24)

// The first octet. What frames not of loadgen have there is another value.
enum mark_kind {
	MARK_PLAIN = 0xb0, // load; the number says nothing
	MARK_TIMED,        // load; the number says when it was sent
	MARK_LEARN,        // the number is the frame's index in its capture
	MARK_ROW,          // the number is a row of the packet table
	MARK_END
};

struct mark {
	uint8_t kind;    // enum mark_kind
	uint8_t epoch;   // of the trial: what comes late is not taken for one of the next
	uint32_t number; // below MARK_NUMBERS
};

static inline void mark_write(uint8_t *frame, struct mark m)
{
	uint32_t rest = (uint32_t)m.epoch << 24 | m.number;

	frame[MARK_OF_SENDER] = m.kind;
	memcpy(frame + MARK_OF_SENDER + 1, &rest, sizeof(rest));
}

// Returns false if there is no mark at the offset.
static inline bool mark_read(const uint8_t *frame, uint32_t bytes, uint32_t offset, struct mark *m)
{
	uint32_t rest;

	if (bytes < MARK_MIN_FRAME_BYTES || frame[offset] < MARK_PLAIN || frame[offset] >= MARK_END)
		return false;
	memcpy(&rest, frame + offset + 1, sizeof(rest));
	*m = (struct mark){frame[offset], (uint8_t)(rest >> 24), rest % MARK_NUMBERS};
	return true;
}
