// SPDX-License-Identifier: BSD-3-Clause
//
// Times of a policy: text <-> seconds of Unix time, in a named zone. The C library knows zones only
// as the process's TZ, so that is set for the length of a call: one thread at a time.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "model.h"

#define ZONE_DIR "/usr/share/zoneinfo/"
#define ZONE_NAME_BYTES 64u
#define DAY_S 86400
#define MAX_OFFSET_HOURS 14
// 1970 begins in the first zone when it is 1969 in the others: what may be written with one offset
// may be printed with another.
#define MIN_YEAR 1969
#define MIN_TIME_S (-(MAX_OFFSET_HOURS + 1) * 3600)

static bool is_utc(const char *tz)
{
	return !strcmp(tz, "UTC");
}

bool time_zone_is_known(const char *tz)
{
	char path[sizeof(ZONE_DIR) + ZONE_NAME_BYTES], magic[4] = "";
	size_t bytes = strlen(tz);
	struct stat st;
	FILE *file;

	// UTC needs no file, which a small machine may not have.
	if (is_utc(tz))
		return true;
	if (bytes == 0 || bytes > ZONE_NAME_BYTES || tz[0] == '/' || strstr(tz, "..") ||
	    strspn(tz, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") !=
		    bytes)
		return false;
	snprintf(path, sizeof(path), "%s%s", ZONE_DIR, tz);
	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return false;
	file = fopen(path, "rbe");
	if (!file)
		return false;
	bytes = fread(magic, 1, sizeof(magic), file);
	fclose(file);
	return bytes == sizeof(magic) && !memcmp(magic, "TZif", sizeof(magic));
}

// Empty: the zone was the process's before.
static const char zone_unchanged[] = "";

char *zone_enter(const char *tz)
{
	char path[sizeof(ZONE_DIR) + ZONE_NAME_BYTES];
	const char *before = getenv("TZ");
	char *saved;

	snprintf(path, sizeof(path), "%s%s", is_utc(tz) ? "" : ZONE_DIR, is_utc(tz) ? "UTC0" : tz);
	if (before && !strcmp(before, path))
		return (char *)zone_unchanged;
	saved = before ? strdup(before) : NULL;
	setenv("TZ", time_zone_is_known(tz) ? path : "UTC0", 1);
	tzset();
	return saved;
}

void zone_leave(char *saved)
{
	if (saved == zone_unchanged)
		return;
	if (saved)
		setenv("TZ", saved, 1);
	else
		unsetenv("TZ");
	tzset();
	free(saved);
}

// Takes exactly `digits` digits from *text.
static bool take_number(const char **text, int digits, int *out)
{
	for (*out = 0; digits > 0; digits--, (*text)++) {
		if (**text < '0' || **text > '9')
			return false;
		*out = *out * 10 + (**text - '0');
	}
	return true;
}

static bool take_char(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

static bool take_date(const char **text, struct tm *tm)
{
	if (!take_number(text, 4, &tm->tm_year) || !take_char(text, '-') ||
	    !take_number(text, 2, &tm->tm_mon) || !take_char(text, '-') ||
	    !take_number(text, 2, &tm->tm_mday))
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon -= 1;
	return true;
}

static bool take_clock(const char **text, struct tm *tm)
{
	return take_char(text, 'T') && take_number(text, 2, &tm->tm_hour) && take_char(text, ':') &&
	       take_number(text, 2, &tm->tm_min) && take_char(text, ':') &&
	       take_number(text, 2, &tm->tm_sec);
}

// "Z" or "+09:00" (RFC 3339), to the end of the text.
static enum time_fault take_offset(const char **text, int *offset_s)
{
	int sign = **text == '-' ? -1 : 1, hours, minutes;

	*offset_s = 0;
	if (take_char(text, 'Z'))
		return **text ? TIME_NOT_ONE : TIME_OK;
	if (!take_char(text, '+') && !take_char(text, '-'))
		return TIME_NOT_ONE;
	if (!take_number(text, 2, &hours) || !take_char(text, ':') ||
	    !take_number(text, 2, &minutes) || **text)
		return TIME_NOT_ONE;
	if (hours > MAX_OFFSET_HOURS || minutes > 59)
		return TIME_NO_OFFSET;
	*offset_s = sign * (hours * 3600 + minutes * 60);
	return TIME_OK;
}

static int month_days(const struct tm *tm)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year = tm->tm_year + 1900;
	bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[tm->tm_mon] + (tm->tm_mon == 1 && is_leap);
}

// Fields that carry over into the next, as 31 April does into 1 May, are none.
static enum time_fault check_fields(const struct tm *tm, struct time_text *out)
{
	if (tm->tm_mon < 0 || tm->tm_mon > 11)
		return TIME_NO_MONTH;
	out->year = (uint32_t)(tm->tm_year + 1900);
	out->month = (uint32_t)tm->tm_mon + 1;
	out->month_days = (uint32_t)month_days(tm);
	if (tm->tm_mday < 1 || tm->tm_mday > (int)out->month_days)
		return TIME_NO_DAY;
	if (tm->tm_hour > 23 || tm->tm_min > 59 || tm->tm_sec > 59)
		return TIME_NO_CLOCK;
	return tm->tm_year + 1900 < MIN_YEAR ? TIME_TOO_EARLY : TIME_OK;
}

static long zone_offset_s(int64_t at_s)
{
	time_t t = (time_t)at_s;
	struct tm tm;

	return localtime_r(&t, &tm) ? tm.tm_gmtoff : 0;
}

// A local time read with the offset of the day before, then with that of the day after: in the hour
// that a change of clocks repeats this is its first pass; in the one it leaves out, neither fits.
static bool from_local(int64_t utc_s, const char *tz, int64_t *out_s)
{
	char *saved = zone_enter(tz);
	long offset_s = zone_offset_s(utc_s - DAY_S);
	bool found;

	found = zone_offset_s(utc_s - offset_s) == offset_s;
	if (!found) {
		offset_s = zone_offset_s(utc_s + DAY_S);
		found = zone_offset_s(utc_s - offset_s) == offset_s;
	}
	zone_leave(saved);
	if (found)
		*out_s = utc_s - offset_s;
	return found;
}

// The first moment of a day: where the clocks are put forward over midnight, the one after that.
// There are days that a zone left out altogether.
static bool from_local_date(int64_t utc_s, const char *tz, int64_t *out_s)
{
	char *saved;
	bool found;

	if (from_local(utc_s, tz, out_s))
		return true;
	if (!from_local(utc_s - 1, tz, out_s))
		return false;
	saved = zone_enter(tz);
	++*out_s;
	found = (*out_s + zone_offset_s(*out_s)) / DAY_S == utc_s / DAY_S;
	zone_leave(saved);
	return found;
}

enum time_fault time_judge(const char *text, const char *tz, struct time_text *out)
{
	enum time_fault fault, offset_fault;
	struct tm tm = {0};
	int64_t utc_s;
	int offset_s = 0;

	*out = (struct time_text){0};
	if (!take_date(&text, &tm))
		return TIME_NOT_ONE;
	out->is_date = !*text;
	if (!out->is_date && !take_clock(&text, &tm))
		return TIME_NOT_ONE;
	offset_fault = *text ? take_offset(&text, &offset_s) : TIME_LEFT_OUT;
	if (offset_fault == TIME_NOT_ONE)
		return TIME_NOT_ONE;
	fault = check_fields(&tm, out);
	if (fault != TIME_OK)
		return fault;
	utc_s = timegm(&tm);
	out->time_s = utc_s - offset_s;
	if (offset_fault == TIME_LEFT_OUT &&
	    (out->is_date ? from_local_date : from_local)(utc_s, tz, &out->time_s))
		offset_fault = TIME_OK;
	if (offset_fault == TIME_OK && out->time_s < MIN_TIME_S)
		return TIME_TOO_EARLY;
	return offset_fault;
}

bool time_read(const char *text, const char *tz, int64_t *out_s)
{
	struct time_text t;

	if (time_judge(text, tz, &t) != TIME_OK)
		return false;
	*out_s = t.time_s;
	return true;
}

int64_t time_day_end(const char *date, const char *tz)
{
	struct tm tm = {0};
	int64_t utc_s, end_s;

	take_date(&date, &tm);
	utc_s = timegm(&tm) + DAY_S;
	// Where the clocks are put forward over midnight, the day ends with its last second.
	if (!from_local(utc_s, tz, &end_s) && from_local(utc_s - 1, tz, &end_s))
		end_s++;
	return end_s;
}

// The moment's date and time of day in tz, as gmtime_r() would give them for UTC.
static void zone_date(int64_t time_s, const char *tz, struct tm *tm, long *offset_min)
{
	char *saved = zone_enter(tz);
	time_t t;

	*offset_min = zone_offset_s(time_s) / 60;
	zone_leave(saved);
	t = (time_t)(time_s + *offset_min * 60);
	*tm = (struct tm){0};
	gmtime_r(&t, tm);
}

uint32_t time_weekday(int64_t time_s, const char *tz)
{
	long offset_min;
	struct tm tm;

	zone_date(time_s, tz, &tm, &offset_min);
	return (uint32_t)tm.tm_wday;
}

void time_print(char *buf, size_t bytes, int64_t time_s, const char *tz)
{
	long offset_min;
	struct tm tm;

	// Offsets had seconds in some places until 1972; with whole minutes the text still names
	// the same moment.
	zone_date(time_s, tz, &tm, &offset_min);
	snprintf(buf, bytes, "%04d-%02d-%02dT%02d:%02d:%02d%c%02ld:%02ld", tm.tm_year + 1900,
		 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		 offset_min < 0 ? '-' : '+', labs(offset_min) / 60, labs(offset_min) % 60);
}
