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
#define MARK_BYTES 5u

// The octet in front of the number. What frames not of loadgen have there is another value.
enum mark_kind {
	MARK_PLAIN = 0xb0, // load; the number says nothing
	MARK_TIMED,        // load; the number says when it was sent
	MARK_LEARN,        // the number is the frame's index in its capture
	MARK_ROW,          // the number is a row of the packet table
	MARK_END
};

struct mark {
	uint8_t kind; // enum mark_kind
	uint32_t number;
};

static inline void mark_write(uint8_t *frame, struct mark m)
{
	frame[MARK_OF_SENDER] = m.kind;
	memcpy(frame + MARK_OF_SENDER + 1, &m.number, sizeof(m.number));
}

// Returns false if there is no mark at the offset.
static inline bool mark_read(const uint8_t *frame, uint32_t bytes, uint32_t offset, struct mark *m)
{
	if (bytes < MARK_MIN_FRAME_BYTES || frame[offset] < MARK_PLAIN || frame[offset] >= MARK_END)
		return false;
	m->kind = frame[offset];
	memcpy(&m->number, frame + offset + 1, sizeof(m->number));
	return true;
}
