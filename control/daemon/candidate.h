// SPDX-License-Identifier: BSD-3-Clause
//
// A policy on its way into force, or in force: its text, what it was parsed to, and the image it
// was compiled to for one moment.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../policy/policy.h"

struct candidate {
	struct policy *policy;
	char *text; // as the operator wrote it
	size_t text_bytes;
	char *source;
	int64_t loaded_at_s; // wall clock
	void *image;         // passed image_check(); NULL: not compiled yet
	size_t image_bytes;
};

// Parses and checks. Returns false with errors in d.
bool candidate_parse(struct candidate *c, const char *text, size_t bytes, const char *source,
		     struct diag *d);
// Compiles and checks the image. Returns false with errors in d.
bool candidate_compile(struct candidate *c, const struct compile_request *r, struct diag *d);
void candidate_free(struct candidate *c);

uint64_t candidate_generation(const struct candidate *c); // 0: not compiled
uint64_t candidate_checksum(const struct candidate *c);
int64_t candidate_time(const struct candidate *c); // the moment it was compiled for

// The generation is no part of the checksum, so the same content can be published again.
void image_set_generation(void *image, uint64_t generation);
