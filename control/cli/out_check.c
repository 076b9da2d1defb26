// SPDX-License-Identifier: BSD-3-Clause
//
// The answer of policy check for people: what is wrong, a line a good file, and with --at what is
// in force then.
#include <stdio.h>
#include <string.h>

#include "out_text.h"

#define HASH_CHARS 12 // of the hash: enough to tell two by eye

static void print_effect(const json_t *effect)
{
	printf("%s", text_of(effect, "verdict"));
	if (json_object_get(effect, "limit"))
		printf(" %s", text_of(effect, "limit"));
	if (json_object_get(effect, "as"))
		printf(" as %s", text_of(effect, "as"));
}

static void print_destinations(const json_t *rows)
{
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)rows, i, row)
	{
		printf("%s", i ? "; " : "");
		if (json_array_size(rows) == 1)
			printf("all destinations");
		else
			text_print_list(json_object_get(row, "destinations"));
		printf(": ");
		print_effect(row);
	}
}

static int longest(const json_t *rows, const char *key)
{
	size_t bytes = 0, i;
	json_t *row;

	json_array_foreach((json_t *)rows, i, row)
	{
		if (strlen(text_of(row, key)) > bytes)
			bytes = strlen(text_of(row, key));
	}
	return (int)bytes;
}

static void print_pools(const json_t *pools)
{
	int name = longest(pools, "pool"), kind = longest(pools, "kind"),
	    stage = longest(pools, "stage");
	char until[TEXT_MOMENT_BYTES];
	json_t *pool;
	size_t i;

	json_array_foreach((json_t *)pools, i, pool)
	{
		printf("    pool %-*s  %-*s  stage %-*s  ", name, text_of(pool, "pool"), kind,
		       text_of(pool, "kind"), stage, text_of(pool, "stage"));
		print_destinations(json_object_get(pool, "to"));
		printf("  (%s)\n", text_of(pool, "amount"));
		if (json_object_get(pool, "drains_until"))
			printf("    %*s  connections that stood are spared until %s\n", name + 5,
			       "", text_moment(until, json_object_get(pool, "drains_until")));
	}
}

static void print_grants(const json_t *grants, const char *word)
{
	char until[TEXT_MOMENT_BYTES];
	json_t *grant;
	size_t i;

	json_array_foreach((json_t *)grants, i, grant)
	{
		printf("    %s %s: ", word, text_of(grant, "id"));
		text_print_list(json_object_get(grant, "prefixes"));
		if (json_object_get(grant, "verdict")) {
			printf(": %s", text_of(grant, "verdict"));
			if (json_array_size(json_object_get(grant, "keep"))) {
				printf(" but to ");
				text_print_list(json_object_get(grant, "keep"));
			}
		} else {
			printf(": permit to ");
			text_print_list(json_object_get(grant, "to"));
		}
		printf(", until %s: %s\n", text_moment(until, json_object_get(grant, "until")),
		       text_of(grant, "reason"));
	}
}

static void print_table(const json_t *raw)
{
	json_t *table = text_clean(raw);
	char at[TEXT_MOMENT_BYTES];
	json_t *infra;
	size_t i;

	printf("  in force at %s:\n", text_moment(at, json_object_get(table, "at")));
	json_array_foreach(json_object_get(table, "infra"), i, infra)
	{
		printf("    infra %s: ", text_of(infra, "name"));
		text_print_list(json_object_get(infra, "prefixes"));
		printf(": never filtered, from the %s side\n", text_of(infra, "side"));
	}
	print_grants(json_object_get(table, "quarantines"), "quarantine");
	print_grants(json_object_get(table, "exceptions"), "exception");
	print_pools(json_object_get(table, "pools"));
	printf("    in no pool: %s\n", text_of(table, "default"));
	json_decref(table);
}

static void print_good(const struct checked_file *f)
{
	char revision[32] = "no revision";

	if (f->revision)
		snprintf(revision, sizeof(revision), "revision %llu",
			 (unsigned long long)f->revision);
	printf("%s: ok, %zu pool%s, %zu stage%s, %zu prefix%s, %zu vector%s held, %s, hash %.*s\n",
	       f->file, f->size.pools, f->size.pools == 1 ? "" : "s", f->size.stages,
	       f->size.stages == 1 ? "" : "s", f->size.prefixes, f->size.prefixes == 1 ? "" : "es",
	       f->vector_count, f->vector_count == 1 ? "" : "s", revision, HASH_CHARS, f->hash);
	if (f->table)
		print_table(f->table);
}

void text_checked(const struct checked_file *files, size_t count)
{
	size_t i, good = 0, skipped = 0, vectors = 0;

	for (i = 0; i < count; i++) {
		text_refused(files[i].errors);
		skipped += files[i].skipped;
		if (files[i].skipped)
			printf("%s: skipped, a JSON Schema and no policy\n", files[i].file);
		if (!files[i].good)
			continue;
		print_good(&files[i]);
		good++;
		vectors += files[i].vector_count;
	}
	count -= skipped;
	if (count > 1)
		printf("%zu policies: %zu ok, %zu refused; %zu vectors ran and held\n", count, good,
		       count - good, vectors);
}
