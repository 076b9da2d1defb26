// SPDX-License-Identifier: BSD-3-Clause
//
// Moments as people and programs read them (effect.h), and as an operator asks about them
// (policy.h).
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "effect.h"
#include "parse_internal.h"

#define WHOLE_TIME_BYTES 40u
#define CLOCK_AT 11u // in "2008-03-31T00:00:00+09:00"
#define SECONDS_AT 17u
#define OFFSET_AT 19u

char *moment_text(int64_t at_s, const char *tz)
{
	char whole[WHOLE_TIME_BYTES], *text;
	bool has_seconds;

	time_print(whole, sizeof(whole), at_s, tz);
	has_seconds = memcmp(whole + SECONDS_AT, "00", 2) != 0;
	if (asprintf(&text, "%.10s %.*s %s", whole, has_seconds ? 8 : 5, whole + CLOCK_AT,
		     whole + OFFSET_AT) < 0)
		abort();
	return text;
}

json_t *moment_json(int64_t at_s, const char *tz)
{
	char whole[WHOLE_TIME_BYTES];

	if (at_s == POLICY_ALWAYS || at_s == POLICY_NEVER)
		return json_null();
	time_print(whole, sizeof(whole), at_s, tz);
	return json_string(whole);
}

bool policy_time_read(const char *text, const char *tz, const char *place, int64_t *out_s,
		      struct diag *d)
{
	json_t *value = json_string(text);
	struct time_text time;
	bool good = value && parse_time(value, tz, place, "", &time, d);

	if (!value)
		diag_error(d, place, "is not UTF-8");
	if (good)
		*out_s = time.time_s;
	json_decref(value);
	return good;
}
