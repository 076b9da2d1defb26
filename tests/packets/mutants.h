// SPDX-License-Identifier: BSD-3-Clause
//
// The mutants of a frame: cut at each byte, each bit of its headers flipped, each byte of its
// headers set to values from the edges. One thread at a time.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum mutation {
	MUTATION_NONE = 0, // the frame itself
	MUTATION_CUT = 1,  // to `at` bytes
	MUTATION_FLIP = 2, // bit `value` of byte `at`
	MUTATION_SET = 3,  // byte `at` to `value`
};

struct mutants {
	const uint8_t *frame; // as it was
	uint32_t frame_bytes;
	uint32_t header_bytes; // from its start: where bytes are changed
	// The mutant at hand: what was done, and the result.
	enum mutation mutation;
	uint32_t at;
	uint8_t value;
	uint8_t *mutant; // in a heap block of exactly mutant_bytes
	uint32_t mutant_bytes;
	uint32_t next; // number of the next one at this place
};

// header_bytes: at most frame_bytes. Pair with mutants_stop().
void mutants_start(struct mutants *m, const uint8_t *frame, uint32_t frame_bytes,
		   uint32_t header_bytes);
void mutants_stop(struct mutants *m);

// Makes the next mutant, of which the first is the frame itself. False: there are no more.
bool mutants_next(struct mutants *m);

// Says what was done to the frame, "bit 3 of byte 12 flipped". One text at a time.
const char *mutants_text(const struct mutants *m);
