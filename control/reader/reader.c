// SPDX-License-Identifier: BSD-3-Clause
//
// See reader.h.
#include "reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bounds.h"
#include "duplicates.h"

#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
#define QUOTE_BYTES 80u // longer values are cut in messages
#define KEY_LIST_BYTES 512u

// Reads to the end, but at most `most` bytes; *text has room for one more. Returns false with
// errno.
static bool read_all(int fd, char *text, size_t most, size_t *bytes)
{
	ssize_t n = 1;

	for (*bytes = 0; n && *bytes < most;) {
		n = read(fd, text + *bytes, most - *bytes);
		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0)
			*bytes += (size_t)n;
	}
	text[*bytes] = '\0';
	return true;
}

// Whether the file is the one that was looked at before reading: half a policy must not pass for
// one.
static bool is_unchanged(int fd, const struct stat *before, size_t bytes)
{
	struct stat now;

	return !fstat(fd, &now) && now.st_size == before->st_size &&
	       (off_t)bytes == before->st_size && now.st_mtim.tv_sec == before->st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == before->st_mtim.tv_nsec;
}

static char *read_file(int fd, const struct stat *st, size_t *bytes, struct diag *d)
{
	char *text = malloc((size_t)st->st_size + 2);

	// One byte more than there is, to see whether it grew.
	if (!text || !read_all(fd, text, (size_t)st->st_size + 1, bytes)) {
		diag_error(d, "", "cannot be read: %s", strerror(errno));
	} else if (!is_unchanged(fd, st, *bytes)) {
		diag_error(d, "", "was changed while it was read: try again when it is complete");
	} else {
		return text;
	}
	free(text);
	return NULL;
}

char *reader_file(const char *path, size_t *bytes, struct diag *d)
{
	// O_NONBLOCK, so that a FIFO without a writer does not hold us; it means nothing for a
	// regular file.
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *text = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		diag_error(d, "", "cannot be opened: %s", strerror(errno));
	else if (!S_ISREG(st.st_mode))
		diag_error(d, "", "is not a regular file");
	else if (st.st_size > (off_t)READER_MAX_BYTES)
		diag_error(d, "", "has %lld bytes, at most %u are read", (long long)st.st_size,
			   READER_MAX_BYTES);
	else
		text = read_file(fd, &st, bytes, d);
	if (fd >= 0)
		close(fd);
	return text;
}

// The parser's words, but for what speaks of its own options.
static void refuse_syntax(const json_error_t *err, struct diag *d)
{
	char place[READER_PLACE_BYTES];

	snprintf(place, sizeof(place), "%d:%d", err->line, err->column);
	if (json_error_code(err) == json_error_null_character ||
	    json_error_code(err) == json_error_null_byte_in_key)
		diag_error(d, place, "the character \\u0000 is not allowed");
	else
		diag_error(d, place, "%s", err->text);
}

json_t *reader_parse(const char *text, size_t bytes, struct diag *d)
{
	json_error_t err;
	json_t *root;

	if (!bounds_check(text, bytes, d))
		return NULL;
	root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &err);
	// The parser stops at the first one; reading goes on, so that all faults are told.
	if (!root && json_error_code(&err) == json_error_duplicate_key) {
		root = json_loadb(text, bytes, 0, &err);
		if (root)
			duplicates_find(text, bytes, d);
	}
	if (!root) {
		refuse_syntax(&err, d);
		return NULL;
	}
	if (!json_is_object(root)) {
		diag_error(d, "1:1", "is not a JSON object: { ... } is expected");
		json_decref(root);
		return NULL;
	}
	return root;
}

// A key that could be taken for another part of a place, or that a terminal would act upon, is
// quoted.
static bool is_plain_key(const char *key)
{
	size_t plain = strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				   "0123456789_.-");

	return plain > 0 && !key[plain];
}

const char *reader_place(char buf[READER_PLACE_BYTES], const char *place, const char *key)
{
	char quote[READER_PLACE_BYTES];

	if (is_plain_key(key))
		snprintf(buf, READER_PLACE_BYTES, "%s%s%s", place, place[0] ? "." : "", key);
	else
		snprintf(buf, READER_PLACE_BYTES, "%s[%.*s]", place, (int)QUOTE_BYTES + 3,
			 reader_quote_text(quote, key));
	return buf;
}

const char *reader_place_index(char buf[READER_PLACE_BYTES], const char *place, size_t index)
{
	snprintf(buf, READER_PLACE_BYTES, "%s[%zu]", place, index);
	return buf;
}

// The beginning of a JSON text.
struct quote {
	char *buf; // QUOTE_BYTES and "..." fit
	size_t bytes;
};

// Takes what fits, and ends the writing when nothing more does: a value may be of any size.
static int quote_take(const char *text, size_t bytes, void *data)
{
	struct quote *q = data;
	size_t room = QUOTE_BYTES - q->bytes;
	size_t taken = bytes < room ? bytes : room;

	memcpy(q->buf + q->bytes, text, taken);
	q->bytes += taken;
	return taken == bytes ? 0 : -1;
}

const char *reader_quote(char buf[READER_PLACE_BYTES], const json_t *value)
{
	const size_t flags = JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII;
	struct quote q = {.buf = buf};
	bool is_whole = !json_dump_callback(value, quote_take, &q, flags);

	snprintf(buf + q.bytes, READER_PLACE_BYTES - q.bytes, "%s",
		 is_whole      ? ""
		 : q.bytes > 0 ? "..."
			       : "?");
	return buf;
}

const char *reader_quote_text(char buf[READER_PLACE_BYTES], const char *text)
{
	json_t *value = json_string(text);

	if (value)
		reader_quote(buf, value);
	else
		snprintf(buf, READER_PLACE_BYTES, "the text");
	json_decref(value);
	return buf;
}

// The list is made once for all unknown keys of an object; buf is empty until then.
static const char *allowed_keys(const struct reader_key *keys, char *buf, size_t bytes)
{
	size_t used = 0;

	if (buf[0])
		return buf;
	for (; keys->name && used < bytes; keys++) {
		if (!keys->refusal)
			used += (size_t)snprintf(buf + used, bytes - used, "%s%s", used ? ", " : "",
						 keys->name);
	}
	return buf;
}

// A table entry "port*" stands for every key that begins with "port".
static bool key_matches(const char *pattern, const char *name)
{
	size_t count = strlen(pattern);

	if (count > 0 && pattern[count - 1] == '*')
		return !strncmp(pattern, name, count - 1);
	return !strcmp(pattern, name);
}

bool reader_is_note(const char *name)
{
	return name[0] == '_' || !strncmp(name, "x-", 2);
}

static void check_key(const char *place, const char *name, const struct reader_key *keys,
		      char list[KEY_LIST_BYTES], struct diag *d)
{
	char at[READER_PLACE_BYTES];
	const struct reader_key *k;

	if (reader_is_note(name))
		return;
	for (k = keys; k->name; k++) {
		if (!key_matches(k->name, name))
			continue;
		if (k->refusal)
			diag_error(d, reader_place(at, place, name), "%s", k->refusal);
		return;
	}
	diag_error(d, reader_place(at, place, name), "unknown key; allowed are %s",
		   allowed_keys(keys, list, KEY_LIST_BYTES));
}

bool reader_keys(const json_t *object, const char *place, const struct reader_key *keys,
		 struct diag *d)
{
	char at[READER_PLACE_BYTES], quote[READER_PLACE_BYTES], list[KEY_LIST_BYTES] = "";
	const struct reader_key *k;
	void *iter;

	if (!json_is_object(object)) {
		diag_error(d, place, "%s is not an object", reader_quote(quote, object));
		return false;
	}
	iter = json_object_iter((json_t *)object);
	for (; iter; iter = json_object_iter_next((json_t *)object, iter))
		check_key(place, json_object_iter_key(iter), keys, list, d);
	for (k = keys; k->name; k++) {
		if (k->required && !json_object_get(object, k->name))
			diag_error(d, reader_place(at, place, k->name), "is missing");
	}
	return true;
}

// Adds "<place.key>: <value> is not <what>".
static void refuse(const json_t *value, const char *place, const char *key, const char *what,
		   struct diag *d)
{
	char at[READER_PLACE_BYTES], quote[READER_PLACE_BYTES];

	diag_error(d, reader_place(at, place, key), "%s is not %s", reader_quote(quote, value),
		   what);
}

const char *reader_string(const json_t *object, const char *place, const char *key,
			  const char *fallback, struct diag *d)
{
	const json_t *value = json_object_get(object, key);

	if (!value)
		return fallback;
	if (!json_is_string(value)) {
		refuse(value, place, key, "a string", d);
		return fallback;
	}
	return json_string_value(value);
}

int64_t reader_int(const json_t *object, const char *place, const char *key, int64_t min,
		   int64_t max, int64_t fallback, struct diag *d)
{
	const json_t *value = json_object_get(object, key);
	char what[128];

	if (!value)
		return fallback;
	if (!json_is_integer(value) || json_integer_value(value) < min ||
	    json_integer_value(value) > max) {
		snprintf(what, sizeof(what), "a whole number from %lld to %lld", (long long)min,
			 (long long)max);
		refuse(value, place, key, what, d);
		return fallback;
	}
	return json_integer_value(value);
}

bool reader_bool(const json_t *object, const char *place, const char *key, bool fallback,
		 struct diag *d)
{
	const json_t *value = json_object_get(object, key);

	if (!value)
		return fallback;
	if (!json_is_boolean(value)) {
		refuse(value, place, key, "true or false", d);
		return fallback;
	}
	return json_is_true(value);
}

int reader_word(const json_t *object, const char *place, const char *key, const char *const *words,
		int fallback, struct diag *d)
{
	const json_t *value = json_object_get(object, key);
	char what[256] = "one of ";
	size_t used;
	int i;

	if (!value)
		return fallback;
	for (i = 0; words[i]; i++) {
		if (json_is_string(value) && !strcmp(json_string_value(value), words[i]))
			return i;
		used = strlen(what);
		snprintf(what + used, sizeof(what) - used, "%s\"%s\"", i ? ", " : "", words[i]);
	}
	refuse(value, place, key, what, d);
	return fallback;
}

const json_t *reader_array(const json_t *object, const char *place, const char *key, struct diag *d)
{
	const json_t *value = json_object_get(object, key);

	if (value && !json_is_array(value)) {
		refuse(value, place, key, "an array", d);
		return NULL;
	}
	return value;
}

const json_t *reader_object(const json_t *object, const char *place, const char *key,
			    struct diag *d)
{
	const json_t *value = json_object_get(object, key);

	if (value && !json_is_object(value)) {
		refuse(value, place, key, "an object", d);
		return NULL;
	}
	return value;
}

bool reader_name(const char *text, const char *place, struct diag *d)
{
	char quote[READER_PLACE_BYTES];
	size_t bytes = strlen(text);

	if (bytes > 0 && bytes <= READER_NAME_MAX && strspn(text, NAME_CHARS) == bytes)
		return true;
	diag_error(d, place, "%s is not a name: 1 to %u of A-Z a-z 0-9 _ . - are allowed",
		   reader_quote_text(quote, text), READER_NAME_MAX);
	return false;
}
