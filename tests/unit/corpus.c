// SPDX-License-Identifier: BSD-3-Clause
//
// See corpus.h.
#include "corpus.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/policy/policy.h"

static void tell(struct corpus_case *c)
{
	char path[CORPUS_PATH_BYTES];
	struct policy *p;
	struct diag d;
	size_t bytes;
	FILE *out = open_memstream(&c->diag, &bytes);

	assert_non_null(out);
	snprintf(path, sizeof(path), "%s/%s", c->dir, c->name);
	diag_init(&d, c->name);
	p = policy_read(path, &d);
	assert_int_equal(!p, diag_is_refused(&d));
	c->refused = !p;
	c->print = p ? policy_print(p) : NULL;
	diag_print(&d, out);
	fclose(out);
	policy_free(p);
	diag_free(&d);
}

static int is_case(const struct dirent *entry)
{
	const char *end = strrchr(entry->d_name, '.');

	// The schema lies beside the examples.
	return end && !strcmp(end, ".json") && !strstr(entry->d_name, ".schema.");
}

size_t corpus_each(const char *dir, corpus_fn *fn, size_t *bad)
{
	struct dirent **list;
	int i, count = scandir(dir, &list, is_case, alphasort);

	*bad = 0;
	for (i = 0; i < count; i++) {
		struct corpus_case c = {.dir = dir, .name = list[i]->d_name};

		tell(&c);
		*bad += !fn(&c);
		free(c.diag);
		free(c.print);
		free(list[i]);
	}
	if (count >= 0)
		free(list);
	return count < 0 ? 0 : (size_t)count;
}

static void beside(char path[CORPUS_PATH_BYTES], const struct corpus_case *c, const char *ending)
{
	snprintf(path, CORPUS_PATH_BYTES, "%s/%.*s%s", c->dir,
		 (int)(strlen(c->name) - strlen(".json")), c->name, ending);
}

// free() it.
static char *file_text(const char *path)
{
	FILE *in = fopen(path, "rbe");
	char *text = NULL;
	size_t bytes = 0;

	if (in && getdelim(&text, &bytes, '\0', in) < 0) {
		free(text);
		text = NULL;
	}
	if (in)
		fclose(in);
	return text ? text : strdup("");
}

bool corpus_is(const struct corpus_case *c, const char *ending, const char *text)
{
	char path[CORPUS_PATH_BYTES], *want;
	bool good;

	beside(path, c, ending);
	want = file_text(path);
	good = !strcmp(want, text);
	if (!good)
		print_error("%s differs; expected:\n%s\nis:\n%s\n", path, want, text);
	free(want);
	return good;
}

bool corpus_write(const struct corpus_case *c, const char *ending, const char *text)
{
	char path[CORPUS_PATH_BYTES];
	FILE *out;

	beside(path, c, ending);
	if (!text[0])
		return !unlink(path) || access(path, F_OK);
	out = fopen(path, "wbe");
	return out && fputs(text, out) >= 0 && !fclose(out);
}
