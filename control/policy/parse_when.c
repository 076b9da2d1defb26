// SPDX-License-Identifier: BSD-3-Clause
//
// Reads moments: of stages and waves, and one by one for all others.
#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "parse_internal.h"

#define TIME_EXAMPLE "\"2008-03-31T00:00:00+09:00\" or \"2008-03-31\""

static void refuse_time(enum time_fault fault, const struct time_text *t, const json_t *value,
			const char *tz, const char *place, const char *also, struct diag *d)
{
	static const char *const months[] = {"January",   "February", "March",    "April",
					     "May",       "June",     "July",     "August",
					     "September", "October",  "November", "December"};
	char quote[READER_PLACE_BYTES];

	reader_quote(quote, value);
	switch (fault) {
	case TIME_TOO_EARLY:
		diag_error(d, place, "%s lies before 1970 in any zone", quote);
		break;
	case TIME_NO_MONTH:
		diag_error(d, place, "%s does not exist: months are 01 to 12", quote);
		break;
	case TIME_NO_DAY:
		diag_error(d, place, "%s does not exist: the days of %s %u are 01 to %u", quote,
			   months[t->month - 1], t->year, t->month_days);
		break;
	case TIME_NO_CLOCK:
		diag_error(d, place, "%s does not exist: times of day are 00:00:00 to 23:59:59",
			   quote);
		break;
	case TIME_NO_OFFSET:
		diag_error(d, place,
			   "%s has an offset that no zone has: \"Z\" and -14:59 to "
			   "+14:59 are allowed",
			   quote);
		break;
	case TIME_LEFT_OUT:
		diag_error(d, place, "%s does not exist in %s: the clocks are put forward over it",
			   quote, tz);
		break;
	default:
		if (also[0])
			diag_error(d, place,
				   "%s is not a time; allowed are %s and a time such "
				   "as " TIME_EXAMPLE,
				   quote, also);
		else
			diag_error(d, place, "%s is not a time such as " TIME_EXAMPLE, quote);
	}
}

bool parse_time(const json_t *value, const char *tz, const char *place, const char *also,
		struct time_text *out, struct diag *d)
{
	const char *text = json_string_value(value);
	enum time_fault fault = text ? time_judge(text, tz, out) : TIME_NOT_ONE;

	if (fault == TIME_OK)
		return true;
	refuse_time(fault, out, value, tz, place, also, d);
	return false;
}

void parse_period(const struct policy *p, const json_t *object, const char *place,
		  struct period *when, struct diag *d)
{
	const json_t *from = json_object_get(object, "from"), *until;
	char at[READER_PLACE_BYTES], quote[READER_PLACE_BYTES], from_quote[READER_PLACE_BYTES];
	struct time_text t;

	when->until_s = POLICY_NEVER;
	until = json_object_get(object, "until");
	if (!until || !parse_time(until, p->tz, reader_place(at, place, "until"), "", &t, d))
		return;
	when->until_s = t.time_s;
	if (when->from_s != POLICY_NEVER && when->until_s <= when->from_s)
		diag_error(d, at, "%s is not after \"from\", which is %s",
			   reader_quote(quote, until), reader_quote(from_quote, from));
}

static void parse_from(const struct policy *p, const json_t *object, struct stage *stage,
		       struct diag *d)
{
	const json_t *value = json_object_get(object, "from");
	const char *text = json_string_value(value);
	char at[READER_PLACE_BYTES];
	struct time_text t;

	reader_place(at, stage->place, "from");
	stage->when.from_s = POLICY_NEVER;
	if (!value)
		return;
	if (text && !strcmp(text, "always")) {
		stage->when.from_s = POLICY_ALWAYS;
		if (stage->held)
			diag_error(d, reader_place(at, stage->place, "hold"),
				   "true does not go with \"from\": \"always\": a stage on hold "
				   "has not begun");
	} else if (json_is_null(value)) {
		if (!stage->held)
			diag_error(d, at,
				   "null goes with \"hold\": true; else allowed are \"always\" and "
				   "a time such as " TIME_EXAMPLE);
	} else if (parse_time(value, p->tz, at, "\"always\", null with \"hold\": true,", &t, d)) {
		stage->when.from_s = t.time_s;
	}
}

static bool is_date_of(const struct stage *stage, const json_t *object)
{
	return json_is_string(json_object_get(object, "from")) &&
	       stage->when.from_s != POLICY_NEVER;
}

// How exactly the date was announced. What a vague one needs is check_stage.c's.
static void parse_precision(const json_t *object, struct stage *stage, struct diag *d)
{
	int precision = reader_word(object, stage->place, "precision", words_precision,
				    PRECISION_NOT_GIVEN, d);
	const json_t *from = json_object_get(object, "from");
	bool is_always = stage->when.from_s == POLICY_ALWAYS;
	char at[READER_PLACE_BYTES];

	stage->precision = (enum stage_precision)precision;
	if (precision == PRECISION_NOT_GIVEN || (!is_date_of(stage, object) && !json_is_null(from)))
		return;
	if (json_is_null(from) || (precision == PRECISION_START_NOT_STATED) != is_always)
		diag_error(d, reader_place(at, stage->place, "precision"),
			   "\"%s\" does not go with this \"from\"; \"start_not_stated\" goes "
			   "with \"always\", the others with a time",
			   words_precision[precision]);
}

// The weekday that the announcement gave: a typing mistake in the date shows.
static void parse_weekday(const struct policy *p, const json_t *object, const struct stage *stage,
			  struct diag *d)
{
	int given = reader_word(object, stage->place, "weekday", words_weekday, -1, d);
	char at[READER_PLACE_BYTES];
	uint32_t is;

	reader_place(at, stage->place, "weekday");
	if (given < 0)
		return;
	if (json_is_null(json_object_get(object, "from")) || stage->when.from_s == POLICY_ALWAYS) {
		diag_error(d, at, "goes with a time in \"from\"");
		return;
	}
	if (stage->when.from_s == POLICY_NEVER)
		return;
	is = time_weekday(stage->when.from_s, p->tz);
	if (is != (uint32_t)given)
		diag_error(d, at, "is \"%s\", but \"from\" is a \"%s\" in %s", words_weekday[given],
			   words_weekday[is], p->tz);
}

// A date counts to the end of its day.
static void parse_not_after(const struct policy *p, const json_t *object, const char *place,
			    struct announced *out, struct diag *d)
{
	const json_t *value = json_object_get(object, "not_after");
	char at[READER_PLACE_BYTES], quote[READER_PLACE_BYTES];
	struct time_text t;

	reader_place(at, place, "not_after");
	if (!value || !parse_time(value, p->tz, at, "", &t, d))
		return;
	out->not_after_s = t.is_date ? time_day_end(json_string_value(value), p->tz) : t.time_s + 1;
	if (out->not_after_s <= out->not_before_s)
		diag_error(d, at, "%s lies before \"not_before\"", reader_quote(quote, value));
}

static void parse_announced(const struct policy *p, const json_t *object, struct stage *stage,
			    struct diag *d)
{
	const json_t *announced = json_object_get(object, "announced"), *not_before;
	char place[READER_PLACE_BYTES], at[READER_PLACE_BYTES];
	struct announced *out = &stage->announced;
	struct time_text t;

	out->not_before_s = POLICY_ALWAYS;
	out->not_after_s = POLICY_NEVER;
	reader_place(place, stage->place, "announced");
	if (!announced || !reader_keys(announced, place, keys_announced, d))
		return;
	out->given = true;
	not_before = json_object_get(announced, "not_before");
	if (not_before &&
	    parse_time(not_before, p->tz, reader_place(at, place, "not_before"), "", &t, d))
		out->not_before_s = t.time_s;
	parse_not_after(p, announced, place, out, d);
	if (!not_before && !json_object_get(announced, "not_after"))
		diag_error(d, place, "needs \"not_before\", \"not_after\" or both");
	out->text = parse_text(announced, place, "text", d);
}

void parse_when(const struct policy *p, const json_t *object, struct stage *stage, struct diag *d)
{
	stage->held = reader_bool(object, stage->place, "hold", false, d);
	parse_from(p, object, stage, d);
	parse_period(p, object, stage->place, &stage->when, d);
	parse_announced(p, object, stage, d);
	parse_precision(object, stage, d);
	parse_weekday(p, object, stage, d);
}
