// SPDX-License-Identifier: BSD-3-Clause
//
// The last good policy on disk, in state_dir: policy.json (the text), state.json (generation,
// moment, origin, memory.h) and image (what it was compiled to, for its subscriber slots). Each
// file is replaced by write, fsync, rename, fsync of the directory, so that a power cut leaves the
// old or the new.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../reader/diag.h"
#include "memory.h"

#define STORE_ERROR_BYTES 256u

struct stored {
	char *text; // policy; NULL: there is none, or that of before stays
	size_t text_bytes;
	char *source;        // where the operator had it from
	int64_t loaded_at_s; // Unix time
	int64_t at_s;        // latest moment of the policy clock; 0: unknown
	uint64_t generation; // of the last publication; 0: unknown
	void *image;         // passed image_check(); NULL: there is none
	size_t image_bytes;
	struct memory memory;
};

// Reads what is there. A file that is missing or damaged is left out; what is damaged is said in d.
void store_read(const char *dir, struct stored *s, struct diag *d);
void stored_free(struct stored *s);

// Writes what is not NULL of text and image, and the rest. Returns false with a sentence in error:
// the files that were there before are then still whole.
bool store_write(const char *dir, const struct stored *s, char error[STORE_ERROR_BYTES]);
