// SPDX-License-Identifier: BSD-3-Clause
//
// A policy on its way into force, or in force: its text, what it was parsed to, what is known of
// its stages on this box, and the image it was compiled to for one moment.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../policy/policy.h"
#include "memory.h"

struct candidate {
	struct policy *policy;
	char *text; // as the operator wrote it
	size_t text_bytes;
	char *source;
	int64_t loaded_at_s;          // wall clock
	char hash[POLICY_HASH_BYTES]; // "": nobody has asked for it; of the one in force it is
				      // there
	int64_t *opened_s;            // struct moment's; NULL: gates are open (the clock is frozen)
	struct policy_event *events;  // all that changes by itself
	size_t event_count;
	void *image; // passed image_check(); NULL: not compiled yet
	size_t image_bytes;
	int64_t moment_s; // that it was compiled for
};

// Parses and checks. Returns false with errors in d.
bool candidate_parse(struct candidate *c, const char *text, size_t bytes, const char *source,
		     struct diag *d);
// Another owner of the same policy and text, with the same image if `image`. Nothing is parsed
// again. Returns false with an error in d.
bool candidate_copy(struct candidate *c, const struct candidate *from, bool image, struct diag *d);
// policy_hash(), which costs about as much as parsing, worked out once.
const char *candidate_hash(struct candidate *c);
// Takes opened_s (now owned) as what is known of the stages' gates.
void candidate_know(struct candidate *c, int64_t *opened_s);
// Compiles and checks the image. Returns false with errors in d.
bool candidate_compile(struct candidate *c, const struct compile_request *r, struct diag *d);
void candidate_free(struct candidate *c);

uint64_t candidate_generation(const struct candidate *c); // 0: not compiled
uint64_t candidate_checksum(const struct candidate *c);
int64_t candidate_time(const struct candidate *c); // the moment it was compiled for; 0: none
struct moment candidate_moment(const struct candidate *c, int64_t at_s);
// Index of the first of its events after at_s; event_count: there is none.
size_t candidate_next_event(const struct candidate *c, int64_t at_s);

// The generation is no part of the checksum, so the same content can be published again.
void image_set_generation(void *image, uint64_t generation);
