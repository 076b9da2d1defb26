// SPDX-License-Identifier: BSD-3-Clause
//
// See duplicates.h. One pass over text that is known to be JSON: only brackets, commas and strings
// matter. Out of memory ends the process, as in diag.c.
#include "duplicates.h"

#include <stdlib.h>

#include "reader.h"

#define PLACE_BYTES 32u

struct scan {
	const char *at;
	int line, column; // of *at, from 1; a character counts once
	json_t *open;     // of each open object its keys and their places, of each open array null
	bool wants_key;   // the next string is one
	struct diag *d;
};

static void step(struct scan *s)
{
	if (*s->at == '\n') {
		s->line++;
		s->column = 1;
	} else if (((unsigned char)*s->at & 0xc0) != 0x80) {
		// The further bytes of a UTF-8 character begin with the bits 10.
		s->column++;
	}
	s->at++;
}

static json_t *innermost(const struct scan *s)
{
	return json_array_get(s->open, json_array_size(s->open) - 1);
}

static void take_key(struct scan *s, const char *text, size_t bytes, const char *place)
{
	json_t *keys = innermost(s), *key = json_loadb(text, bytes, JSON_DECODE_ANY, NULL);
	const char *name = json_string_value(key), *first;
	char quote[READER_PLACE_BYTES];

	if (!key)
		abort();
	first = json_string_value(json_object_get(keys, name));
	if (first)
		diag_error(s->d, place, "%s is a key of this object already, at %s",
			   reader_quote(quote, key), first);
	else if (json_object_set_new(keys, name, json_string(place)))
		abort();
	json_decref(key);
}

static void take_string(struct scan *s)
{
	const char *begin = s->at;
	char place[PLACE_BYTES];

	snprintf(place, sizeof(place), "%d:%d", s->line, s->column);
	for (step(s); *s->at != '"'; step(s)) {
		if (*s->at == '\\')
			step(s);
	}
	if (s->wants_key)
		take_key(s, begin, (size_t)(s->at - begin) + 1, place);
	s->wants_key = false;
}

static void take(struct scan *s)
{
	switch (*s->at) {
	case '"':
		take_string(s);
		break;
	case '{':
	case '[':
		s->wants_key = *s->at == '{';
		if (json_array_append_new(s->open, s->wants_key ? json_object() : json_null()))
			abort();
		break;
	case '}':
	case ']':
		s->wants_key = false;
		json_array_remove(s->open, json_array_size(s->open) - 1);
		break;
	case ',':
		s->wants_key = json_is_object(innermost(s));
		break;
	default:
		break;
	}
}

void duplicates_find(const char *text, size_t bytes, struct diag *d)
{
	struct scan s = {.at = text, .line = 1, .column = 1, .open = json_array(), .d = d};

	if (!s.open)
		abort();
	// More than can be told are not looked for.
	for (; s.at < text + bytes && d->count < DIAG_MAX_ROWS; step(&s))
		take(&s);
	json_decref(s.open);
}
