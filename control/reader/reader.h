// SPDX-License-Identifier: BSD-3-Clause
//
// Strict reading of an operator's JSON: each helper checks one value, adds a placed row to the diag
// when it is not what is allowed, and gives back something harmless, so that reading goes on and
// finds the other faults. Used for the policy and for dataplane.json. One thread at a time.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diag.h"

#define READER_MAX_BYTES (64u << 20) // a larger file is refused unread
#define READER_PLACE_BYTES 256u      // a longer place is cut

// Reads a regular file of at most READER_MAX_BYTES. Returns its bytes (NUL added, free() it) or
// NULL with an error added.
char *reader_file(const char *path, size_t *bytes, struct diag *d);

// Parses JSON text: a syntax error and all duplicate keys become line:column rows. Returns a new
// reference, of an object, or NULL after a syntax error. Of duplicates the last is in the object.
json_t *reader_parse(const char *text, size_t bytes, struct diag *d);

// One key of an object.
struct reader_key {
	const char *name; // or the beginning of one and "*": every key that begins so
	bool required;
	const char *refusal; // not NULL: the key is known but refused, and this says why
};

// Checks the keys of object at place against the table (ended by a NULL name): unknown keys,
// missing required ones, and refused ones are errors. Keys that start with "_" or "x-" are notes
// and always allowed. A value that is no object is an error too. Returns false if object is no
// object at all.
bool reader_keys(const json_t *object, const char *place, const struct reader_key *keys,
		 struct diag *d);

// Whether a key is a note.
bool reader_is_note(const char *name);

// "place.key", or "key" when place is "". A key that is no plain word is quoted: place["a b"]. The
// result is in buf.
const char *reader_place(char buf[READER_PLACE_BYTES], const char *place, const char *key);
// "place[index]"
const char *reader_place_index(char buf[READER_PLACE_BYTES], const char *place, size_t index);

// The value of key in object. Absent: the fallback. Of the wrong type or out of range: an error row
// at place.key, and the fallback.
const char *reader_string(const json_t *object, const char *place, const char *key,
			  const char *fallback, struct diag *d);
int64_t reader_int(const json_t *object, const char *place, const char *key, int64_t min,
		   int64_t max, int64_t fallback, struct diag *d);
bool reader_bool(const json_t *object, const char *place, const char *key, bool fallback,
		 struct diag *d);
// Index of the string value in words (ended by NULL).
int reader_word(const json_t *object, const char *place, const char *key, const char *const *words,
		int fallback, struct diag *d);
// The array at key, or NULL (absent: no error unless required was said in reader_keys).
const json_t *reader_array(const json_t *object, const char *place, const char *key,
			   struct diag *d);
const json_t *reader_object(const json_t *object, const char *place, const char *key,
			    struct diag *d);

#define READER_NAME_MAX 63u // of what NOC and engineer give names to: pools, stages, pairs, ...

// Whether text can be a name; if not, an error row at place.
bool reader_name(const char *text, const char *place, struct diag *d);

// A value as it should be quoted in a message: its JSON text, cut to a readable length. In buf.
const char *reader_quote(char buf[READER_PLACE_BYTES], const json_t *value);
// The same of a text. One that is not UTF-8 is not quoted.
const char *reader_quote_text(char buf[READER_PLACE_BYTES], const char *text);
