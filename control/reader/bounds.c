// SPDX-License-Identifier: BSD-3-Clause
//
// See bounds.h.
#include "bounds.h"

#include <string.h>

// What stands in front of text that is not UTF-8, or is more than that; NULL: nothing does.
static const char *encoding_fault(const char *text, size_t bytes)
{
	if (bytes >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		return "begins with a byte order mark: save the file as UTF-8 without one";
	if (bytes >= 2 &&
	    (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2) || !text[0] != !text[1]))
		return "looks like UTF-16 or UTF-32: save the file as UTF-8";
	return NULL;
}

// The end of the string that begins behind its quote at `at`, or `end`.
static const char *string_end(const char *at, const char *end)
{
	for (; at < end && *at != '"'; at++) {
		if (*at == '\\' && at + 1 < end)
			at++;
	}
	return at;
}

// Line and column, as the parser counts them.
static void refuse_string(const char *text, const char *at, struct diag *d)
{
	char place[64];
	int line = 1, column = 1;

	for (; text < at; text++) {
		// Bytes of a character behind its first are none of their own.
		column += ((unsigned char)*text & 0xc0) != 0x80;
		if (*text == '\n') {
			line++;
			column = 1;
		}
	}
	snprintf(place, sizeof(place), "%d:%d", line, column);
	diag_error(d, place, "begins a string of more than %u bytes, or one that does not end",
		   BOUNDS_STRING_BYTES);
}

bool bounds_check(const char *text, size_t bytes, struct diag *d)
{
	const char *fault = encoding_fault(text, bytes), *end = text + bytes, *at = text;

	if (fault) {
		diag_error(d, "1:1", "%s", fault);
		return false;
	}
	while ((at = memchr(at, '"', (size_t)(end - at)))) {
		const char *close = string_end(at + 1, end);

		if ((size_t)(close - at) > BOUNDS_STRING_BYTES + 1) {
			refuse_string(text, at, d);
			return false;
		}
		at = close < end ? close + 1 : end;
	}
	return true;
}
