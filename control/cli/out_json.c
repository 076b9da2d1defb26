// SPDX-License-Identifier: BSD-3-Clause
//
// Output for programs: one JSON value per answer on stdout, refusals included, so that whoever
// reads it need not read stderr.
#include <stdio.h>
#include <stdlib.h>

#include "../reader/diag.h"
#include "output.h"

static void print(const json_t *value, size_t flags)
{
	json_dumpf(value, stdout, flags);
	putchar('\n');
	fflush(stdout);
}

static json_t *checked_row(const struct checked_file *f)
{
	char *name = diag_text(f->file);
	json_t *row =
		json_pack("{s:s, s:b, s:O}", "file", name, "ok", f->good, "errors", f->errors);

	free(name);
	if (f->skipped)
		json_object_set_new(row, "skipped", json_true());
	if (!f->good)
		return row;
	json_object_set_new(row, "pools", json_integer((json_int_t)f->size.pools));
	json_object_set_new(row, "stages", json_integer((json_int_t)f->size.stages));
	json_object_set_new(row, "prefixes", json_integer((json_int_t)f->size.prefixes));
	json_object_set_new(row, "vector_count", json_integer((json_int_t)f->vector_count));
	json_object_set(row, "vectors", f->vectors);
	json_object_set_new(row, "revision", json_integer((json_int_t)f->revision));
	json_object_set_new(row, "hash", json_string(f->hash));
	if (f->table)
		json_object_set(row, "table", f->table);
	return row;
}

static void json_checked(const struct checked_file *files, size_t count)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < count; i++)
		json_array_append_new(list, checked_row(&files[i]));
	print(list, JSON_INDENT(2));
	json_decref(list);
}

static void json_policy(const char *text)
{
	printf("%s", text);
}

static void json_answer(const json_t *answer)
{
	print(answer, JSON_INDENT(2));
}

static void json_stats(const json_t *answer, bool again)
{
	(void)again;
	print(answer, JSON_COMPACT); // one line a look: a stream of them can be cut at newlines
}

static void json_judged(const json_t *answer)
{
	json_dumpf(answer, stdout, JSON_COMPACT);
	putchar('\n');
}

static void json_refused(const json_t *errors)
{
	json_t *answer = json_pack("{s:O}", "errors", errors);

	print(answer, JSON_INDENT(2));
	json_decref(answer);
}

static void json_failed(const char *reason)
{
	json_t *answer = json_pack("{s:s}", "reason", reason);

	print(answer, JSON_INDENT(2));
	json_decref(answer);
}

const struct output output_json = {
	.checked = json_checked,
	.policy = json_policy,
	.differed = json_answer,
	.planned = json_answer,
	.noticed = json_answer,
	.loaded = json_answer,
	.explained = json_answer,
	.judged = json_judged,
	.stats = json_stats,
	.status = json_answer,
	.accepted = json_answer,
	.refused = json_refused,
	.failed = json_failed,
};
