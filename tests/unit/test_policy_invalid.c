// SPDX-License-Identifier: BSD-3-Clause
//
// Every policies/invalid/<case>.json must be refused with exactly the text of <case>.diag.
// "test_policy_invalid --write" writes the .diag files anew, for a human to review.
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/policy/policy.h"

#define INVALID_DIR POLICIES_DIR "/invalid"
#define MIN_CASES 50
#define PATH_BYTES 1024

// What an operator would be told about a file; free() it. *refused: whether it was refused.
static char *told(const char *name, bool *refused)
{
	char path[PATH_BYTES], *text;
	struct policy *p;
	struct diag d;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	snprintf(path, sizeof(path), "%s/%s", INVALID_DIR, name);
	diag_init(&d, name);
	p = policy_read(path, &d);
	*refused = !p && diag_is_refused(&d);
	diag_print(&d, out);
	fclose(out);
	policy_free(p);
	diag_free(&d);
	return text;
}

// The path of the .diag beside a .json.
static void diag_path(char path[PATH_BYTES], const char *name)
{
	snprintf(path, PATH_BYTES, "%s/%.*s.diag", INVALID_DIR,
		 (int)(strlen(name) - strlen(".json")), name);
}

static char *file_text(const char *path)
{
	FILE *in = fopen(path, "rbe");
	char *text = NULL;
	size_t bytes = 0;

	if (!in)
		return NULL;
	if (getdelim(&text, &bytes, '\0', in) < 0) {
		free(text);
		text = NULL;
	}
	fclose(in);
	return text;
}

static bool check_case(const char *name)
{
	char path[PATH_BYTES], *want, *have;
	bool refused, good;

	have = told(name, &refused);
	diag_path(path, name);
	want = file_text(path);
	good = refused && want && !strcmp(want, have);
	if (!good)
		print_error("%s: %s\nexpected:\n%s\ntold:\n%s\n", name,
			    refused ? "refused" : "NOT refused", want ? want : "(no .diag file)",
			    have);
	free(want);
	free(have);
	return good;
}

static int is_case(const struct dirent *entry)
{
	const char *end = strrchr(entry->d_name, '.');

	return end && !strcmp(end, ".json");
}

static void every_invalid_policy_is_refused_with_its_text(void **state)
{
	struct dirent **list;
	int i, bad = 0, count = scandir(INVALID_DIR, &list, is_case, alphasort);

	(void)state;
	assert_true(count >= MIN_CASES);
	for (i = 0; i < count; i++) {
		bad += !check_case(list[i]->d_name);
		free(list[i]);
	}
	free(list);
	print_message("%d invalid policies\n", count);
	assert_int_equal(bad, 0);
}

static int write_all(void)
{
	struct dirent **list;
	int i, count = scandir(INVALID_DIR, &list, is_case, alphasort);

	for (i = 0; i < count; i++) {
		char path[PATH_BYTES];
		bool refused;
		char *text = told(list[i]->d_name, &refused);
		FILE *out;

		diag_path(path, list[i]->d_name);
		out = fopen(path, "wbe");
		if (!out || fputs(text, out) < 0 || fclose(out))
			return 1;
		if (!refused)
			fprintf(stderr, "%s is not refused\n", list[i]->d_name);
		free(text);
		free(list[i]);
	}
	free(list);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_invalid_policy_is_refused_with_its_text),
	};

	if (argc > 1 && !strcmp(argv[1], "--write"))
		return write_all();
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
