// SPDX-License-Identifier: BSD-3-Clause
//
// Output for people: what was asked for on stdout, what is wrong on stderr. Longer answers are in
// files of their own, see out_text.h.
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "out_text.h"

// The shape of diag_print(), for rows that came as JSON.
void text_refused(const json_t *errors)
{
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)errors, i, row)
	{
		const char *place = json_string_value(json_object_get(row, "place"));
		const char *reason = json_string_value(json_object_get(row, "reason"));
		bool is_warning = !strcmp(text_of(row, "severity"), "warning");

		if (reason) {
			fprintf(stderr, "op25bctl: %s\n", reason);
			continue;
		}
		place = place ? place : "";
		fprintf(stderr, "%s:%s%s%s %s%s\n", text_of(row, "source"),
			isdigit((unsigned char)place[0]) || !place[0] ? "" : " ", place,
			place[0] ? ":" : "", is_warning ? "warning: " : "", text_of(row, "text"));
	}
}

static void text_failed(const char *reason)
{
	fprintf(stderr, "op25bctl: %s\n", reason);
}

static void text_policy(const char *text)
{
	printf("%s", text);
}

static void text_noticed(const json_t *answer)
{
	printf("%s", text_of(answer, "notice"));
}

static void text_loaded(const json_t *answer)
{
	bool dataplane = !strcmp(text_of(answer, "dataplane"), "applied");
	bool guard = !strcmp(text_of(answer, "guard"), "applied");

	text_refused(json_object_get(answer, "warnings"));
	printf("policy \"%s\" in force: generation %lld, checksum %s, dataplane %s, guard %s\n",
	       text_of(answer, "name"), int_of(answer, "generation"), text_of(answer, "checksum"),
	       text_of(answer, "dataplane"), text_of(answer, "guard"));
	if (!dataplane && !guard)
		fprintf(stderr, "op25bctl: WARNING: no host has it: op25b-dp is down and there is "
				"no guard. It is kept, and op25b-dp gets it when it comes up\n");
	else if (!dataplane)
		fprintf(stderr, "op25bctl: WARNING: op25b-dp is down: the guard alone enforces it, "
				"op25b-dp gets it when it comes up\n");
	if (!is_set(answer, "saved"))
		fprintf(stderr,
			"op25bctl: WARNING: it is live but not saved, a restart brings "
			"back the one before: %s\n",
			text_of(answer, "save_error"));
}

// Who was asked in turn, and whose word counted.
static void print_chain(const json_t *chain)
{
	json_t *level;
	size_t i;

	if (!json_array_size(chain))
		return;
	printf("  asked in turn:\n");
	json_array_foreach((json_t *)chain, i, level)
	{
		printf("    %-10s %s%s\n", text_of(level, "level"), text_of(level, "found"),
		       is_set(level, "decides") ? "  <- decides" : "");
	}
}

static void print_explained_grant(const json_t *answer, const char *key)
{
	const json_t *grant = json_object_get(answer, key);
	char until[TEXT_MOMENT_BYTES];

	if (!json_is_object(grant))
		return;
	printf("  %s %s ends %s: %s", key, text_of(grant, "id"),
	       text_moment(until, json_object_get(grant, "until")), text_of(grant, "reason"));
	if (json_is_string(json_object_get(grant, "ticket")))
		printf(" (ticket %s)", text_of(grant, "ticket"));
	putchar('\n');
}

static void text_explained(const json_t *raw)
{
	json_t *answer = text_clean(raw);
	static const char *const keys[] = {"verdict", "reason", "pool", "stage", "clause", "layers",
					   "from",    "to",     "port", "side",  "pair",   "at"};
	size_t i;

	if (json_object_get(answer, "sentence"))
		printf("%s\n", text_of(answer, "sentence"));
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const json_t *value = json_object_get(answer, keys[i]);

		if (!value)
			continue;
		if (json_is_integer(value))
			printf("  %-8s %lld\n", keys[i], (long long)json_integer_value(value));
		else
			printf("  %-8s %s\n", keys[i], text_of(answer, keys[i]));
	}
	print_explained_grant(answer, "quarantine");
	print_explained_grant(answer, "exception");
	print_chain(json_object_get(answer, "chain"));
	if (json_is_string(json_object_get(answer, "notice_url")))
		printf("  the public notice: %s\n", text_of(answer, "notice_url"));
	json_decref(answer);
}

static void text_judged(const json_t *answer)
{
	if (json_object_get(answer, "errors"))
		text_refused(json_object_get(answer, "errors"));
	else
		printf("%lld: %s, %s, pool %s, clause %s: %s\n", int_of(answer, "line"),
		       text_of(answer, "verdict"), text_of(answer, "reason"),
		       text_of(answer, "pool"), text_of(answer, "clause"),
		       text_of(answer, "layers"));
}

// "new.json (revision 4) at ...".
static void print_side(const json_t *side)
{
	char at[TEXT_MOMENT_BYTES];

	printf("%s", text_of(side, "file"));
	if (int_of(side, "revision"))
		printf(" (revision %lld)", int_of(side, "revision"));
	if (json_is_string(json_object_get(side, "at")))
		printf(" at %s", text_moment(at, json_object_get(side, "at")));
}

static void text_differed(const json_t *answer)
{
	json_t *changes = json_object_get(answer, "changes"), *row;
	size_t i, count = json_array_size(changes);

	print_side(json_object_get(answer, "a"));
	printf(" → ");
	print_side(json_object_get(answer, "b"));
	if (is_set(answer, "equal"))
		printf(": no difference\n");
	else if (!count)
		printf(": only the order of names differs\n");
	else
		printf(": %zu difference%s\n", count, count == 1 ? "" : "s");
	json_array_foreach(changes, i, row)
	{
		printf("  %s\n", text_of(row, "text"));
	}
}

static void text_accepted(const json_t *answer)
{
	const json_t *clock = json_object_get(answer, "clock");
	char from[TEXT_MOMENT_BYTES], to[TEXT_MOMENT_BYTES];

	printf("the policy's clock is the machine's again: %s instead of %s\n",
	       text_moment(to, json_object_get(clock, "to")),
	       text_moment(from, json_object_get(clock, "from")));
	text_loaded(answer);
}

const struct output output_text = {
	.checked = text_checked,
	.policy = text_policy,
	.differed = text_differed,
	.planned = text_planned,
	.noticed = text_noticed,
	.loaded = text_loaded,
	.explained = text_explained,
	.judged = text_judged,
	.stats = text_stats,
	.status = text_status,
	.accepted = text_accepted,
	.refused = text_refused,
	.failed = text_failed,
};
