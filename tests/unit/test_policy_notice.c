// SPDX-License-Identifier: BSD-3-Clause
//
// The notices that policies make of themselves. Every tests/golden/notices/POLICY.DATE.LANG.txt (or
// .html) must be what policies/POLICY.json says at 00:00 of DATE, to the byte.
// "test_policy_notice --write" writes the golden files anew, for a human to review; an empty file
// asks for a new one.
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/policy/notice_text.h"
#include "policy_help.h"

#define MIN_CASES 24
#define PATH_BYTES 1024
#define PART_BYTES 64

struct golden {
	char policy[PART_BYTES], date[PART_BYTES], lang[PART_BYTES], format[PART_BYTES];
};

static bool is_writing;

static char *notice_of(const struct policy *p, const char *at, const char *lang, bool is_html)
{
	struct notice_request r = {.lang = lang, .is_html = is_html};
	char *text;

	assert_true(time_read(at, policy_tz(p), &r.at_s));
	text = policy_notice(p, &r);
	assert_non_null(text);
	return text;
}

static char *read_text(const char *path)
{
	FILE *in = fopen(path, "rbe");
	char *text = NULL;
	size_t bytes = 0;

	assert_non_null(in);
	if (getdelim(&text, &bytes, '\0', in) < 0) {
		free(text);
		text = strdup("");
	}
	fclose(in);
	return text;
}

static void write_text(const char *path, const char *text)
{
	FILE *out = fopen(path, "wbe");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static void says_what_the_golden_file_says(const char *name)
{
	char path[PATH_BYTES], *is, *should;
	struct golden g;
	struct policy *p;

	assert_int_equal(
		sscanf(name, "%63[^.].%63[^.].%63[^.].%63s", g.policy, g.date, g.lang, g.format),
		4);
	snprintf(path, sizeof(path), "%s/%s", NOTICES_DIR, name);
	p = example(g.policy);
	is = notice_of(p, g.date, g.lang, !strcmp(g.format, "html"));
	if (is_writing)
		write_text(path, is);
	should = read_text(path);
	if (strcmp(is, should))
		fprintf(stderr, "%s differs from what is generated\n", path);
	assert_string_equal(is, should);
	free(should);
	free(is);
	policy_free(p);
}

static void golden_files_are_what_policies_say(void **state)
{
	DIR *dir = opendir(NOTICES_DIR);
	struct dirent *entry;
	int cases = 0;

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		says_what_the_golden_file_says(entry->d_name);
		cases++;
	}
	closedir(dir);
	assert_true(cases >= MIN_CASES);
}

// The {names} of a text, in a set that does not mind their order.
static void find_names(const char *text, char names[PATH_BYTES])
{
	const char *open, *close;
	unsigned sums[256] = {0}, i;
	size_t used = 0;

	for (open = text; (open = strchr(open, '{')) != NULL; open = close) {
		unsigned sum = 0;

		close = strchr(open, '}');
		assert_non_null(close);
		while (++open < close)
			sum = sum * 31 + (unsigned char)*open;
		sums[sum % 256] = 1;
	}
	for (i = 0; i < 256; i++)
		names[used++] = sums[i] ? '1' : '0';
	names[used] = '\0';
}

static void every_sentence_is_in_both_languages(void **state)
{
	char ja[PATH_BYTES], en[PATH_BYTES];
	int id;

	(void)state;
	for (id = 0; id < NOTICE_TEXT_COUNT; id++) {
		assert_non_null(notice_text((enum notice_text)id, LANG_JA));
		assert_non_null(notice_text((enum notice_text)id, LANG_EN));
		find_names(notice_text((enum notice_text)id, LANG_JA), ja);
		find_names(notice_text((enum notice_text)id, LANG_EN), en);
		if (strcmp(ja, en))
			fprintf(stderr, "text %d: \"%s\" has other names in it than \"%s\"\n", id,
				notice_text((enum notice_text)id, LANG_JA),
				notice_text((enum notice_text)id, LANG_EN));
		assert_string_equal(ja, en);
	}
}

#define POOL "\"pools\": {\"p\": {\"kind\": \"dynamic\", \"v4\": [\"198.51.100.0/24\"]"
#define BLOCK                                                                                      \
	"\"stages\": [{\"id\": \"s\", \"pools\": [\"p\"], \"from\": \"2010-01-01\", \"port25\": "  \
	"[{\"to\": \"any\", \"do\": \"drop\"}]}]"

// A policy, and what its notice of a day says, or must not.
struct saying {
	const char *sentence, *policy, *at, *lang;
	bool is_html;
	const char *says, *never;
};

static const struct saying sayings[] = {
	{"without a provider the policy's name stands for it",
	 "{\"op25b\": 1, \"name\": \"n\", " POOL "}}, " BLOCK "}", "2010-01-01", "en", false,
	 "n: restriction of sending mail on port 25", NULL},
	{"the language is English outside Japan",
	 "{\"op25b\": 1, \"name\": \"n\", " POOL "}}, " BLOCK "}", "2010-01-01", NULL, false,
	 "Who is affected", NULL},
	{"and Japanese in Japan",
	 "{\"op25b\": 1, \"name\": \"n\", \"tz\": \"Asia/Tokyo\", " POOL "}}, " BLOCK "}",
	 "2010-01-01", NULL, false, "対象となるお客様", NULL},
	{"a day before, nothing has been done yet",
	 "{\"op25b\": 1, \"name\": \"n\", " POOL "}}, " BLOCK "}", "2009-12-31", "en", false,
	 "Will be in force from 1 January 2010 (Fri).", "Has been in force"},
	{"a policy that restricts nobody says so, and asks for nothing",
	 "{\"op25b\": 1, \"name\": \"n\", " POOL "}}, \"stages\": []}", "2010-01-01", "en", false,
	 "No connection is restricted, and no restriction is planned.", "What to change"},
	{"HTML of a file is text in a page",
	 "{\"op25b\": 1, \"name\": \"n\", \"provider\": \"<b>&\\\"'\", " POOL "}}, " BLOCK "}",
	 "2010-01-01", "en", true, "&lt;b&gt;&amp;&quot;&#39;", "<b>"},
	{"the title of a page has one line",
	 "{\"op25b\": 1, \"name\": \"n\", \"provider\": \"a\\nb\", " POOL "}}, " BLOCK "}",
	 "2010-01-01", "en", true, "<title>a b: ", NULL},
	{"a file cannot steer the terminal",
	 "{\"op25b\": 1, \"name\": \"n\", \"contact\": \"a\\u001b[2Jb\\u009bc\\u202ed\", " POOL
	 "}}, " BLOCK "}",
	 "2010-01-01", "en", false,
	 "a\xef\xbf\xbd[2Jb\xef\xbf\xbd"
	 "c\xef\xbf\xbd"
	 "d",
	 "\x1b"},
	{"braces of a file are braces",
	 "{\"op25b\": 1, \"name\": \"n\", \"provider\": \"{date}\", " POOL "}}, " BLOCK "}",
	 "2010-01-01", "en", false, "{date}: restriction", NULL},
	{"a text that only the other language has is better than none",
	 "{\"op25b\": 1, \"name\": \"n\", \"contact\": {\"ja\": \"窓口\"}, " POOL "}}, " BLOCK "}",
	 "2010-01-01", "en", false, "窓口", NULL},
	{"own relay that no clause permits is refused like all others",
	 "{\"op25b\": 1, \"name\": \"n\", \"sets\": {\"r\": [\"203.0.113.1/32\"]}, " POOL
	 ", \"relay\": \"r\"}}, " BLOCK "}",
	 "2010-01-01", "en", false, "all mail servers including ours are refused",
	 "other than ours"},
	{"a relay of which part is permitted is told as such",
	 "{\"op25b\": 1, \"name\": \"n\", \"sets\": {\"r\": [\"203.0.113.0/24\"], \"good\": "
	 "[\"203.0.113.1/32\"]}, " POOL
	 ", \"relay\": \"r\"}}, \"stages\": [{\"id\": \"s\", \"pools\": [\"p\"], \"from\": "
	 "\"always\", \"port25\": [{\"to\": \"good\", \"do\": \"permit\"}, {\"to\": \"any\", "
	 "\"do\": \"drop\"}]}]}",
	 "2010-01-01", "en", false,
	 "Connections to port 25 of our mail servers are treated differently from server to "
	 "server.",
	 NULL},
	{"the first clause decides, as it does in the filter",
	 "{\"op25b\": 1, \"name\": \"n\", \"sets\": {\"r\": [\"203.0.113.1/32\"], \"all\": "
	 "[\"203.0.113.0/24\"]}, " POOL
	 ", \"relay\": \"r\"}}, \"stages\": [{\"id\": \"s\", \"pools\": [\"p\"], \"from\": "
	 "\"always\", \"port25\": [{\"to\": \"all\", \"do\": \"drop\"}, {\"to\": \"r\", "
	 "\"do\": \"permit\"}]}]}",
	 "2010-01-01", "en", false, "Connections to port 25 of our mail servers are refused.",
	 NULL},
	{"who is refused everywhere cannot send, whether he is told or waits",
	 "{\"op25b\": 1, \"name\": \"n\", \"sets\": {\"a\": [\"203.0.113.1/32\"], \"b\": "
	 "[\"203.0.113.2/32\"]}, " POOL
	 ", \"relay\": [\"a\", \"b\"]}}, \"stages\": [{\"id\": \"s\", \"pools\": [\"p\"], "
	 "\"from\": \"always\", \"port25\": [{\"to\": \"a\", \"do\": \"rst\"}, {\"to\": "
	 "\"any\", \"do\": \"drop\"}]}]}",
	 "2010-01-01", "en", false, "Our mail server, on port 25 → You cannot send on port 25.",
	 "depends on the server"},
	{"a stage on hold refuses no more than it would",
	 "{\"op25b\": 1, \"name\": \"n\", \"sets\": {\"r\": [\"203.0.113.0/24\"], \"good\": "
	 "[\"203.0.113.1/32\"]}, " POOL
	 ", \"relay\": \"r\"}}, \"stages\": [{\"id\": \"s\", \"pools\": [\"p\"], \"from\": "
	 "null, \"hold\": true, \"port25\": [{\"to\": \"good\", \"do\": \"permit\"}, "
	 "{\"to\": \"any\", \"do\": \"drop\"}]}]}",
	 "2010-01-01", "en", false,
	 "Our mail server, on port 25 → You can send on port 25. It is planned that it depends on "
	 "the server",
	 NULL},
	{"a window without words is told by its dates",
	 "{\"op25b\": 1, \"name\": \"n\", " POOL
	 "}}, \"stages\": [{\"id\": \"s\", \"pools\": [\"p\"], \"from\": null, \"hold\": "
	 "true, \"announced\": {\"not_before\": \"2011-01-11\"}, \"port25\": [{\"to\": "
	 "\"any\", \"do\": \"drop\"}]}]}",
	 "2010-01-01", "en", false, "announced for 11 January 2011 (Tue) or later", NULL},
	{"a date that was never announced is not told as announced",
	 "{\"op25b\": 1, \"name\": \"n\", " POOL
	 "}}, \"stages\": [{\"id\": \"s\", \"pools\": [\"p\"], \"from\": null, \"hold\": "
	 "true, \"announced\": {\"not_before\": \"2011-01-11\", \"text\": \"in mid-January\"}, "
	 "\"port25\": [{\"to\": "
	 "\"any\", \"do\": \"drop\"}]}]}",
	 "2010-01-01", "en", false, "In the words of the announcement: in mid-January",
	 "11 January"},
	{"an end of its own is told",
	 "{\"op25b\": 1, \"name\": \"n\", " POOL
	 "}}, \"stages\": [{\"id\": \"s\", \"pools\": [\"p\"], \"from\": \"2010-01-01\", "
	 "\"until\": \"2010-02-01\", \"port25\": [{\"to\": \"any\", \"do\": \"drop\"}]}]}",
	 "2010-01-15", "en", false, "It is to last until 31 January 2010 (Sun).", NULL},
	{"what has ended is over",
	 "{\"op25b\": 1, \"name\": \"n\", " POOL
	 "}}, \"stages\": [{\"id\": \"s\", \"pools\": [\"p\"], \"from\": \"2010-01-01\", "
	 "\"until\": \"2010-02-01\", \"port25\": [{\"to\": \"any\", \"do\": \"drop\"}]}]}",
	 "2010-02-01", "en", false, "was restricted, but is not any more", "cannot send"},
};

static void notices_say_what_is_so(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(sayings); i++) {
		const struct saying *s = &sayings[i];
		struct policy *p = must_parse(s->policy);
		char *text = notice_of(p, s->at, s->lang, s->is_html);
		const bool is_right =
			strstr(text, s->says) && !(s->never && strstr(text, s->never));

		if (!is_right)
			fprintf(stderr, "%s:\n%s", s->sentence, text);
		assert_true(is_right);
		free(text);
		policy_free(p);
	}
}

static void figures_that_are_confidential_are_not_told(void **state)
{
	static const char *const languages[] = {"ja", "en"};
	struct policy *p = example("asama");
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(languages); i++) {
		char *text = notice_of(p, "2006-03-01", languages[i], false);

		// max 30 in 600 s, hold 3600 s.
		assert_null(strstr(text, "30 new"));
		assert_null(strstr(text, "30回"));
		assert_null(strstr(text, "10 minutes"));
		assert_null(strstr(text, "10分"));
		assert_null(strstr(text, "1 hour"));
		assert_null(strstr(text, "1時間"));
		free(text);
	}
	policy_free(p);
}

static void other_languages_are_refused(void **state)
{
	const struct notice_request r = {.lang = "fr"};
	struct policy *p = example("asama");

	(void)state;
	assert_null(policy_notice(p, &r));
	assert_null(policy_notice_language(p, "fr"));
	assert_string_equal(policy_notice_language(p, NULL), "ja");
	assert_string_equal(policy_notice_language(p, "en"), "en");
	policy_free(p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_sentence_is_in_both_languages),
		cmocka_unit_test(golden_files_are_what_policies_say),
		cmocka_unit_test(notices_say_what_is_so),
		cmocka_unit_test(figures_that_are_confidential_are_not_told),
		cmocka_unit_test(other_languages_are_refused),
	};

	is_writing = argc > 1 && !strcmp(argv[1], "--write");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
