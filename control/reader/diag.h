// SPDX-License-Identifier: BSD-3-Clause
//
// What is wrong with an operator's input: a list of {severity, place, text}. Code that finds a
// fault adds a row and goes on, so that all faults of a file come out of one run; the caller prints
// the list, once. One thread at a time.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define DIAG_MAX_ROWS 1000u // further ones are only counted

enum diag_severity {
	DIAG_ERROR,   // the input is refused
	DIAG_WARNING, // the input is taken, but the operator should look
};

struct diag_row {
	enum diag_severity severity;
	char *place; // "12:5" (line:column) for syntax, "pools.flets.v4[2]" for meaning, "" for the
		     // whole file
	char *text;  // quotes the bad value and says what is allowed
};

struct diag {
	char *source; // file name or other origin, printed in front of each place
	struct diag_row *rows;
	size_t count;       // of rows
	size_t left_off;    // found after DIAG_MAX_ROWS rows
	size_t error_count; // those left off included
};

// A copy of text that a terminal and JSON can carry: control characters become "?", and if it is
// not UTF-8 all that is not ASCII does. free() it.
char *diag_text(const char *text);

// Starts an empty list for input that came from `source` (copied). Pair with diag_free().
void diag_init(struct diag *d, const char *source);
void diag_free(struct diag *d);

// Adds an error or a warning at place; fmt as printf.
void diag_error(struct diag *d, const char *place, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void diag_warning(struct diag *d, const char *place, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static inline bool diag_is_refused(const struct diag *d)
{
	return d->error_count > 0;
}

// One line a row: "source: place: text", or "source: place: warning: text". Control characters of
// the input have become "?": a terminal may be reading.
void diag_print(const struct diag *d, FILE *out);

// [{"severity":"error","source":…,"place":…,"text":…}, …]; a new reference.
json_t *diag_json(const struct diag *d);
