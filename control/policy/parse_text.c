// SPDX-License-Identifier: BSD-3-Clause
//
// Reads what people are told: texts in one language or several, and addresses of pages.
#include <string.h>

#include "parse_internal.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define LETTERS LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

// RFC 5646 in outline: a language, and after a hyphen whatever narrows it down.
static bool is_language(const char *tag)
{
	size_t letters = strspn(tag, LOWER);

	return (letters == 2 || letters == 3) &&
	       (!tag[letters] || (tag[letters] == '-' && tag[letters + 1] &&
				  !tag[letters + strspn(tag + letters, LETTERS DIGITS "-")]));
}

static void check_language(const char *tag, const json_t *text, const char *place, struct diag *d)
{
	char at[READER_PLACE_BYTES], quote[READER_PLACE_BYTES];

	reader_place(at, place, tag);
	if (!is_language(tag))
		diag_error(d, at,
			   "%s is not a language; allowed are tags such as \"ja\", \"en\" or "
			   "\"pt-BR\"",
			   reader_quote_text(quote, tag));
	if (!json_is_string(text))
		diag_error(d, at, "%s is not a string", reader_quote(quote, text));
}

const json_t *parse_text(const json_t *object, const char *place, const char *key, struct diag *d)
{
	const json_t *value = json_object_get(object, key);
	char at[READER_PLACE_BYTES], quote[READER_PLACE_BYTES];
	size_t count = 0;
	void *iter;

	if (!value || json_is_string(value))
		return value;
	reader_place(at, place, key);
	if (!json_is_object(value)) {
		diag_error(d, at,
			   "%s is not a text; allowed are a string and an object of languages, "
			   "such as {\"ja\": \"...\", \"en\": \"...\"}",
			   reader_quote(quote, value));
		return NULL;
	}
	iter = json_object_iter((json_t *)value);
	for (; iter; iter = json_object_iter_next((json_t *)value, iter)) {
		if (reader_is_note(json_object_iter_key(iter)))
			continue;
		check_language(json_object_iter_key(iter), json_object_iter_value(iter), at, d);
		count++;
	}
	if (!count)
		diag_error(d, at, "is in no language: name at least one, such as \"en\"");
	return value;
}

// The first member that is no note.
static const char *any_language(const json_t *value)
{
	void *iter = json_object_iter((json_t *)value);

	while (iter && reader_is_note(json_object_iter_key(iter)))
		iter = json_object_iter_next((json_t *)value, iter);
	return iter ? json_string_value(json_object_iter_value(iter)) : NULL;
}

const char *text_in(const json_t *value, const char *lang)
{
	const char *text;

	if (!json_is_object(value))
		return json_string_value(value);
	text = json_string_value(json_object_get(value, lang));
	if (!text)
		text = json_string_value(json_object_get(value, "en"));
	return text ? text : any_language(value);
}

const char *parse_filled(const json_t *object, const char *place, const char *key, struct diag *d)
{
	const char *text = reader_string(object, place, key, NULL, d);
	char at[READER_PLACE_BYTES];

	if (text && !text[strspn(text, " \t\r\n")])
		diag_error(d, reader_place(at, place, key),
			   "is empty: at least one word is needed");
	return text;
}

void parse_url(const json_t *object, const char *place, const char *key, struct diag *d)
{
	const char *url = reader_string(object, place, key, NULL, d), *c;
	char at[READER_PLACE_BYTES], quote[READER_PLACE_BYTES];
	bool good;

	if (!url)
		return;
	c = url + (!strncmp(url, "https://", 8) ? 8 : 7);
	good = (!strncmp(url, "https://", 8) || !strncmp(url, "http://", 7)) && *c &&
	       !strchr("/?#:@", *c);
	for (; good && *c; c++)
		good = *c > 0x20 && *c < 0x7f && !strchr("\"<>\\^`{|}", *c);
	if (!good)
		diag_error(d, reader_place(at, place, key),
			   "%s is not the address of a page; allowed are \"https://...\" and "
			   "\"http://...\" in ASCII, without spaces",
			   reader_quote_text(quote, url));
}
