// SPDX-License-Identifier: BSD-3-Clause
//
// The output seam: one table of functions per format. Commands never print by themselves.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../policy/policy.h"

// What was found of one policy file.
struct checked_file {
	const char *file;
	bool good;
	bool skipped;            // it is no policy and does not look like one: the schema
	struct policy_size size; // 0 unless good, and so the next three
	size_t vector_count;     // that were run and held
	uint64_t revision;       // 0: none
	char hash[POLICY_HASH_BYTES];
	json_t *vectors; // policy_vectors(); NULL unless good
	json_t *table;   // policy_table() of --at; NULL: not asked for
	json_t *errors;  // array of diag rows, warnings included
};

struct output {
	void (*checked)(const struct checked_file *files, size_t count);
	void (*policy)(const char *text);                // JSON
	void (*differed)(const json_t *answer);          // policy_diff(), with "file" of both
	void (*planned)(const json_t *answer);           // policy_plan(), with what it is of
	void (*noticed)(const json_t *answer);           // policy_notice(), with what it is of
	void (*loaded)(const json_t *answer);            // POST /v1/policy
	void (*explained)(const json_t *answer);         // explainer_ask()
	void (*judged)(const json_t *answer);            // the same of one line's frame, or errors
	void (*stats)(const json_t *answer, bool again); // GET /v1/stats; again: not the first
	void (*status)(const json_t *answer);            // GET /v1/status
	void (*accepted)(const json_t *answer);          // POST /v1/clock/accept
	void (*refused)(const json_t *errors);           // array of diag rows
	void (*failed)(const char *reason);
};

extern const struct output output_text;
extern const struct output output_json;

// out_stats.c, for output_text.
void text_stats(const json_t *answer, bool again);
// out_workers.c, for text_stats().
void text_workers(const json_t *dataplane);
