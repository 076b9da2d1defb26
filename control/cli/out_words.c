// SPDX-License-Identifier: BSD-3-Clause
//
// Words out of JSON that more than one answer for people needs. See out_text.h.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../reader/diag.h"
#include "out_text.h"

#define DATE_CHARS 10u // "2008-03-31"
#define CLOCK_AT 11u   // "00:00:00" of "2008-03-31T00:00:00+09:00"
#define SECONDS_AT 17u
#define OFFSET_AT 19u

const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "-";
}

long long int_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

bool is_set(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

json_t *text_clean(const json_t *value)
{
	json_t *out, *element;
	const char *key;
	char *text;
	size_t i;

	if (json_is_object(value)) {
		out = json_object();
		json_object_foreach((json_t *)value, key, element)
		{
			json_object_set_new(out, key, text_clean(element));
		}
		return out;
	}
	if (json_is_array(value)) {
		out = json_array();
		json_array_foreach((json_t *)value, i, element)
		{
			json_array_append_new(out, text_clean(element));
		}
		return out;
	}
	if (!json_is_string(value))
		return json_incref((json_t *)value);
	text = diag_text(json_string_value(value));
	out = json_string(text);
	free(text);
	return out;
}

const char *text_moment(char buf[TEXT_MOMENT_BYTES], const json_t *time)
{
	const char *text = json_string_value(time);
	int clock_chars;

	if (!text || strlen(text) < OFFSET_AT) {
		snprintf(buf, TEXT_MOMENT_BYTES, "%s", text ? text : "-");
		return buf;
	}
	clock_chars = strncmp(text + SECONDS_AT, "00", 2) ? 8 : 5;
	snprintf(buf, TEXT_MOMENT_BYTES, "%.*s %.*s %.16s", (int)DATE_CHARS, text, clock_chars,
		 text + CLOCK_AT, text + OFFSET_AT);
	return buf;
}

void text_print_list(const json_t *list)
{
	json_t *element;
	size_t i;

	json_array_foreach((json_t *)list, i, element)
	{
		printf("%s%s", i ? ", " : "", json_string_value(element));
	}
}
