// SPDX-License-Identifier: BSD-3-Clause
//
// Policies that are files, each with what it must come to in files of the same name beside it:
// NAME.json with NAME.diag (what the operator is told) and NAME.print (the canonical text).
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define CORPUS_PATH_BYTES 1024

struct corpus_case {
	const char *dir;
	const char *name; // "stage_weekday.json"
	bool refused;
	char *diag;  // all that is told
	char *print; // NULL if refused
};

// Whether the case is as it should be; what is not is printed.
typedef bool corpus_fn(const struct corpus_case *c);

// Calls fn for every .json of dir, in order of name. Returns their number, and how many were bad.
size_t corpus_each(const char *dir, corpus_fn *fn, size_t *bad);

// Whether the file beside the case that ends in `ending` (".diag") has exactly this text; says what
// differs. No file is the same as an empty one.
bool corpus_is(const struct corpus_case *c, const char *ending, const char *text);
// Writes that file, or none for an empty text. Returns false if it cannot.
bool corpus_write(const struct corpus_case *c, const char *ending, const char *text);
