// SPDX-License-Identifier: BSD-3-Clause
//
// What two canonical texts say differently, key by key, at the places that op25b-policy(5) names
// things by. See diff.h.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../reader/reader.h"
#include "diff.h"

#define QUOTE_BYTES 160u
#define SHOWN_MAX 4u // elements of a list told one by one

// Whether a byte of UTF-8 goes on with the character of the byte before.
static bool is_inside_character(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

static void add_row(json_t *rows, const char *place, const char *change, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void add_row(json_t *rows, const char *place, const char *change, const char *fmt, ...)
{
	char *said, *text, *clean, *clean_place = diag_text(place);
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&said, fmt, args) < 0 || asprintf(&text, "%s%s", place, said) < 0)
		abort();
	va_end(args);
	// A key of a note can be anything, and a long place is cut anywhere.
	clean = diag_text(text);
	json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s}", "kind", "text", "place",
					      clean_place, "change", change, "text", clean));
	free(clean);
	free(clean_place);
	free(said);
	free(text);
}

// A value for people: its JSON, cut between characters. In buf.
static const char *quote(char buf[QUOTE_BYTES], const json_t *value)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	size_t bytes;

	if (!text)
		abort();
	bytes = strlen(text);
	if (bytes >= QUOTE_BYTES) {
		bytes = QUOTE_BYTES - sizeof("...");
		while (bytes && is_inside_character(text[bytes]))
			bytes--;
		strcpy(text + bytes, "...");
	}
	strcpy(buf, text);
	free(text);
	return buf;
}

static bool has_id(const json_t *value)
{
	return json_is_string(json_object_get(value, "id"));
}

// Lists whose elements have ids; one of them may be empty.
static bool have_ids(const json_t *a, const json_t *b)
{
	if (!json_is_array(a) || !json_is_array(b))
		return false;
	if (!json_array_size(a) || !json_array_size(b))
		return has_id(json_array_get(json_array_size(a) ? a : b, 0));
	return has_id(json_array_get(a, 0)) && has_id(json_array_get(b, 0));
}

static bool holds_texts(const json_t *list)
{
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		if (!json_is_string(json_array_get(list, i)))
			return false;
	}
	return json_is_array(list);
}

// An object of id -> element, for lists whose elements have one; a new reference.
static json_t *by_id(const json_t *list)
{
	json_t *out = json_object();
	json_t *element;
	size_t i;

	json_array_foreach((json_t *)list, i, element)
	{
		json_object_set(out, json_string_value(json_object_get(element, "id")), element);
	}
	return out;
}

// An object whose keys are the texts of a list; a new reference.
static json_t *as_keys(const json_t *list)
{
	json_t *out = json_object();
	json_t *element;
	size_t i;

	json_array_foreach((json_t *)list, i, element)
	{
		json_object_set_new(out, json_string_value(element), json_null());
	}
	return out;
}

// "x, y and 3 more" of the keys of one that the other has not. Returns how many there are.
static size_t list_missing(FILE *text, const json_t *one, const json_t *other)
{
	const char *key;
	json_t *value;
	size_t count = 0;

	json_object_foreach((json_t *)one, key, value)
	{
		if (json_object_get(other, key))
			continue;
		if (count < SHOWN_MAX)
			fprintf(text, "%s%s", count ? ", " : "", key);
		count++;
	}
	if (count > SHOWN_MAX)
		fprintf(text, " and %zu more", count - SHOWN_MAX);
	return count;
}

static char *missing_text(const json_t *one, const json_t *other, size_t *count)
{
	char *text;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		abort();
	*count = list_missing(out, one, other);
	if (fclose(out))
		abort();
	return text;
}

static void diff_lists(const json_t *a, const json_t *b, const char *place, json_t *rows)
{
	json_t *in_a = as_keys(a), *in_b = as_keys(b);
	size_t gone_count, new_count;
	char *gone = missing_text(in_a, in_b, &gone_count);
	char *new = missing_text(in_b, in_a, &new_count);

	if (!gone_count && !new_count)
		add_row(rows, place, "changed", ": in another order");
	else
		add_row(rows, place, "changed", ": %s%s%s%s%s", gone_count ? "without " : "", gone,
			gone_count && new_count ? "; " : "", new_count ? "with " : "", new);
	free(gone);
	free(new);
	json_decref(in_a);
	json_decref(in_b);
}

static void diff_values(const json_t *a, const json_t *b, const char *place, json_t *rows);

// What a thing that is new or gone is, as far as one line can say it.
static char *summary(const json_t *value)
{
	static const char *const keys[] = {"match", "do",    "to",   "keep",  "kind",
					   "v4",    "v6",    "key",  "max",   "window_s",
					   "check", "pools", "from", "until", "reason"};
	char quoted[QUOTE_BYTES], *text;
	size_t i, bytes;
	FILE *out = open_memstream(&text, &bytes);
	bool begun = false;

	if (!out)
		abort();
	if (json_is_array(value) && !holds_texts(value))
		fprintf(out, " (%zu)", json_array_size(value));
	else if (!json_is_object(value))
		fprintf(out, " %s", quote(quoted, value));
	for (i = 0; json_is_object(value) && i < sizeof(keys) / sizeof(keys[0]); i++) {
		const json_t *member = json_object_get(value, keys[i]);

		if (!member)
			continue;
		fprintf(out, "%s%s %s", begun ? ", " : " (", keys[i], quote(quoted, member));
		begun = true;
	}
	fputs(begun ? ")" : "", out);
	if (fclose(out))
		abort();
	return text;
}

static void diff_member(const json_t *a, const json_t *b, const char *place, const char *key,
			json_t *rows)
{
	char inner[READER_PLACE_BYTES], *what;

	reader_place(inner, place, key);
	if (a && b) {
		diff_values(a, b, inner, rows);
		return;
	}
	what = summary(a ? a : b);
	add_row(rows, inner, a ? "removed" : "added", ": %s%s", a ? "removed" : "added", what);
	free(what);
}

static void diff_objects(const json_t *a, const json_t *b, const char *place, json_t *rows)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)a, key, value)
	{
		diff_member(value, json_object_get(b, key), place, key, rows);
	}
	json_object_foreach((json_t *)b, key, value)
	{
		if (!json_object_get(a, key))
			diff_member(NULL, value, place, key, rows);
	}
}

static void diff_by_id(const json_t *a, const json_t *b, const char *place, json_t *rows)
{
	json_t *in_a = by_id(a), *in_b = by_id(b);
	size_t before = json_array_size(rows);

	diff_objects(in_a, in_b, place, rows);
	if (json_array_size(rows) == before)
		add_row(rows, place, "changed", ": in another order");
	json_decref(in_a);
	json_decref(in_b);
}

static void diff_values(const json_t *a, const json_t *b, const char *place, json_t *rows)
{
	char before[QUOTE_BYTES], after[QUOTE_BYTES];

	if (json_equal(a, b))
		return;
	if (json_is_object(a) && json_is_object(b))
		diff_objects(a, b, place, rows);
	else if (have_ids(a, b))
		diff_by_id(a, b, place, rows);
	else if (holds_texts(a) && holds_texts(b))
		diff_lists(a, b, place, rows);
	else if (json_is_array(a) && json_is_array(b))
		add_row(rows, place, "changed", ": changed (%zu before, %zu after)",
			json_array_size(a), json_array_size(b));
	else
		add_row(rows, place, "changed", ": %s → %s", quote(before, a), quote(after, b));
}

static json_t *canonical(const struct policy *p)
{
	char *text = policy_print(p);
	json_t *doc = json_loads(text, 0, NULL);

	free(text);
	return doc;
}

// What a missing part of the policy comes to, so that the members of the other are told one by one.
// A new reference; NULL: the part is one value.
static json_t *empty_part(const json_t *other)
{
	if (json_is_object(other) &&
	    json_is_object(json_object_iter_value(json_object_iter((json_t *)other))))
		return json_object();
	return has_id(json_array_get(other, 0)) ? json_array() : NULL;
}

static void fill_parts(json_t *doc, const json_t *other)
{
	const char *key;
	json_t *value, *empty;

	json_object_foreach((json_t *)other, key, value)
	{
		empty = json_object_get(doc, key) ? NULL : empty_part(value);
		if (empty)
			json_object_set_new(doc, key, empty);
	}
}

void diff_texts(const struct policy *a, const struct policy *b, json_t *rows)
{
	json_t *doc_a = canonical(a), *doc_b = canonical(b);

	fill_parts(doc_a, doc_b);
	fill_parts(doc_b, doc_a);
	diff_objects(doc_a, doc_b, "", rows);
	json_decref(doc_a);
	json_decref(doc_b);
}
