// SPDX-License-Identifier: BSD-3-Clause
//
// Dates and times as customers read them, in the policy's time zone and no more exactly than they
// were announced.
#include <stdio.h>
#include <stdlib.h>

#include "notice_internal.h"

#define DAY_S 86400u
#define HOUR_S 3600u
#define MINUTE_S 60u
#define NUMBER_BYTES 24

struct calendar {
	int year, month, day, hour, minute, second;
};

static struct calendar calendar_of(const struct notice *n, int64_t at_s)
{
	struct calendar c = {0};
	char text[64];

	time_print(text, sizeof(text), at_s, n->policy->tz);
	if (sscanf(text, "%d-%d-%dT%d:%d:%d", &c.year, &c.month, &c.day, &c.hour, &c.minute,
		   &c.second) != 6)
		abort();
	return c;
}

static bool is_midnight(const struct calendar *c)
{
	return !c->hour && !c->minute && !c->second;
}

const char *notice_number(struct notice *n, uint32_t number)
{
	char text[NUMBER_BYTES];

	snprintf(text, sizeof(text), "%u", number);
	return notice_say(n, TEXT_NUMBER, "n", text, NULL);
}

static const char *day_of(struct notice *n, const struct calendar *c, int64_t at_s)
{
	const char *weekday = notice_text(
		(enum notice_text)(TEXT_WEEKDAY + time_weekday(at_s, n->policy->tz)), n->lang);
	const char *month =
		notice_text((enum notice_text)(TEXT_MONTH_NAME + c->month - 1), n->lang);

	return notice_say(n, TEXT_DATE, "y", notice_number(n, (uint32_t)c->year), "month", month,
			  "d", notice_number(n, (uint32_t)c->day), "w", weekday, NULL);
}

const char *notice_date(struct notice *n, int64_t at_s)
{
	const struct calendar c = calendar_of(n, at_s);
	const char *day = day_of(n, &c, at_s);
	char time[NUMBER_BYTES];

	if (is_midnight(&c))
		return day;
	if (c.second)
		snprintf(time, sizeof(time), "%02d:%02d:%02d", c.hour, c.minute, c.second);
	else
		snprintf(time, sizeof(time), "%02d:%02d", c.hour, c.minute);
	return notice_say(n, TEXT_DATE_TIME, "date", day, "time", time, NULL);
}

const char *notice_end(struct notice *n, int64_t until_s)
{
	struct calendar c = calendar_of(n, until_s);

	if (!is_midnight(&c))
		return notice_date(n, until_s);
	c = calendar_of(n, until_s - 1);
	return day_of(n, &c, until_s - 1);
}

// The date of the stage, unless the segment begins by the end of another stage.
static bool is_own_begin(const struct segment *segment)
{
	return segment->stage && segment->stage->when.from_s == segment->from_s;
}

const char *notice_begin(struct notice *n, const struct segment *segment)
{
	const struct calendar c = calendar_of(n, segment->from_s);
	const char *year = notice_number(n, (uint32_t)c.year);
	const char *month = notice_text((enum notice_text)(TEXT_MONTH_NAME + c.month - 1), n->lang);

	if (is_own_begin(segment) && segment->stage->precision == PRECISION_YEAR)
		return notice_say(n, TEXT_YEAR, "y", year, NULL);
	if (is_own_begin(segment) && segment->stage->precision == PRECISION_MONTH)
		return notice_say(n, TEXT_MONTH, "y", year, "month", month, NULL);
	return notice_date(n, segment->from_s);
}

// A wave is itself one of a sequence, with a date of its own.
bool notice_is_rolling(const struct segment *segment)
{
	return is_own_begin(segment) && segment->stage->rolling && !segment->stage->wave;
}

const char *notice_duration(struct notice *n, uint32_t seconds)
{
	enum notice_text unit = TEXT_SECOND;
	uint32_t count = seconds;

	if (seconds % DAY_S == 0) {
		unit = TEXT_DAY;
		count = seconds / DAY_S;
	} else if (seconds % HOUR_S == 0) {
		unit = TEXT_HOUR;
		count = seconds / HOUR_S;
	} else if (seconds % MINUTE_S == 0) {
		unit = TEXT_MINUTE;
		count = seconds / MINUTE_S;
	}
	// The plural stands behind the singular.
	return notice_say(n, (enum notice_text)(unit + (count != 1)), "n", notice_number(n, count),
			  NULL);
}
