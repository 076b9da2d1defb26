// SPDX-License-Identifier: BSD-3-Clause
//
// What has changed in time: one line of the log and one of state_dir/events.jsonl for each stage,
// exception and quarantine that begins or ends, for each load and for each clock that was accepted.
// The file is on disk before state.json says how far it has come, and at start it is compared with
// it: no event stands in it twice, none is missing. Event loop thread only.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "candidate.h"
#include "memory.h"

#define JOURNAL_FILE "events.jsonl"
#define JOURNAL_OLD_FILE "events.1.jsonl"
#define JOURNAL_MAX_BYTES (1u << 20) // then it becomes the old file, and the one before is gone
#define JOURNAL_ERROR_BYTES 256u

struct journal {
	const char *dir;
	char *pending; // could not be written yet; NULL: nothing
	size_t pending_bytes;
	size_t known; // events after through_s that stand in the file already: a crash came between
	int64_t known_s;                 // the last moment of these; 0: none
	char error[JOURNAL_ERROR_BYTES]; // why the last line is not on disk; "": it is
};

// Looks at what earlier lives wrote after memory's through_s.
void journal_open(struct journal *j, const char *dir, const struct memory *m);
void journal_close(struct journal *j);

// The policy's moment goes on to at_s: its events after m->through_s, which is then at_s.
void journal_pass(struct journal *j, struct memory *m, const struct candidate *now, int64_t at_s);
// Another policy came into force, compiled for at_s. What it says of the time before is not an
// event, but what `before` (policy NULL: none) was just about to do and it does as well is one.
void journal_loaded(struct journal *j, struct memory *m, const struct candidate *before,
		    const struct candidate *now, int64_t at_s);
// The operator took the wall clock for right.
void journal_accepted(struct journal *j, const struct candidate *now, int64_t from_s, int64_t to_s);
// Writes what could not be written before.
void journal_retry(struct journal *j);
