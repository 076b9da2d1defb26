// SPDX-License-Identifier: BSD-3-Clause
//
// The answer of policy plan for people: the past, what is to come, what is held, what ends.
#include <stdio.h>
#include <string.h>

#include "out_text.h"

#define HASH_CHARS 12

static void print_gate(const json_t *gate)
{
	const char *check = text_of(gate, "check");

	if (!strcmp(check, "tcp")) {
		text_print_list(json_object_get(gate, "addresses"));
		printf(" answer%s on port %lld",
		       json_array_size(json_object_get(gate, "addresses")) == 1 ? "s" : "",
		       int_of(gate, "port"));
		if (json_object_get(gate, "greeting"))
			printf(" with \"%s\"", text_of(gate, "greeting"));
	} else if (!strcmp(check, "monitor_ran")) {
		printf("stage %s has been in force for %lld days", text_of(gate, "stage"),
		       int_of(gate, "days"));
	} else {
		printf("stage %s would refuse less than %g percent", text_of(gate, "stage"),
		       json_number_value(json_object_get(gate, "percent")));
	}
}

static void print_gates(const json_t *gates, const char *indent)
{
	json_t *gate;
	size_t i;

	json_array_foreach((json_t *)gates, i, gate)
	{
		printf("%sgate %s: ", indent, text_of(gate, "gate"));
		print_gate(gate);
		putchar('\n');
	}
}

// "flets, flets2 (192 addresses): stage limit → block; others: limit mass → drop"
static void print_change(const json_t *change)
{
	const char *from = json_string_value(json_object_get(change, "from_stage"));
	const char *to_stage = json_string_value(json_object_get(change, "to_stage"));
	json_t *to = json_object_get(change, "to"), *row;
	size_t i;

	printf("      ");
	text_print_list(json_object_get(change, "pools"));
	printf(" (%s): stage %s → %s", text_of(change, "amount"), from ? from : "none",
	       to_stage ? to_stage : "none");
	json_array_foreach(to, i, row)
	{
		printf("; ");
		text_print_list(json_object_get(row, "destinations"));
		printf(": %s → %s", text_of(row, "before"), text_of(row, "after"));
	}
	printf("%s\n", json_array_size(to) ? "" : "; what is permitted stays the same");
}

static void print_stage_event(const json_t *event)
{
	const json_t *changes = json_object_get(event, "changes");
	const char *precision = json_string_value(json_object_get(event, "precision"));
	json_t *change;
	size_t i;

	if (precision && (!strcmp(precision, "month") || !strcmp(precision, "year")))
		printf(", announced to the %s", precision);
	if (is_set(event, "rolling"))
		printf(", in sequence");
	if (json_object_get(event, "drain_min"))
		printf(", standing connections spared for %lld min", int_of(event, "drain_min"));
	printf("\n");
	print_gates(json_object_get(event, "gates"), "      if ");
	json_array_foreach((json_t *)changes, i, change)
	{
		print_change(change);
	}
	if (changes && !json_array_size(changes))
		printf("      %s\n", json_array_size(json_object_get(event, "pools"))
					     ? "changes nothing: a later stage is in force"
					     : "changes nothing: it has no pools yet");
}

static void print_event(const json_t *event)
{
	static const struct {
		const char *kind, *noun, *verb;
	} words[] = {
		{"stage_begins", "stage", "begins"},
		{"drain_ends", "stage", "judges standing connections too"},
		{"stage_ends", "stage", "ends"},
		{"exception_begins", "exception", "begins"},
		{"exception_ends", "exception", "ends"},
		{"quarantine_begins", "quarantine", "begins"},
		{"quarantine_ends", "quarantine", "ends"},
	};
	const char *kind = text_of(event, "kind"), *noun = kind, *verb = "";
	char at[TEXT_MOMENT_BYTES];
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcmp(kind, words[i].kind)) {
			noun = words[i].noun;
			verb = words[i].verb;
		}
	}
	printf("  %s  %s %s %s", text_moment(at, json_object_get(event, "at")), noun,
	       text_of(event, "name"), verb);
	if (json_object_get(event, "prefixes")) {
		printf(": ");
		text_print_list(json_object_get(event, "prefixes"));
		printf(" (%s)\n", text_of(event, "reason"));
		return;
	}
	print_stage_event(event);
}

static void print_events(const json_t *events, bool is_past)
{
	bool begun = false;
	json_t *event;
	size_t i;

	json_array_foreach((json_t *)events, i, event)
	{
		if (is_set(event, "past") != is_past)
			continue;
		if (!begun)
			printf("%s\n", is_past ? "past:" : "to come:");
		begun = true;
		print_event(event);
	}
	if (!begun && !is_past)
		printf("to come: nothing\n");
}

static void print_announced(const json_t *announced)
{
	char from[TEXT_MOMENT_BYTES], to[TEXT_MOMENT_BYTES];

	text_moment(from, json_object_get(announced, "not_before"));
	text_moment(to, json_object_get(announced, "not_after"));
	printf("    announced:");
	if (strcmp(from, "-") != 0)
		printf(" not before %s", from);
	if (strcmp(to, "-") != 0)
		printf(" not after %s", to);
	if (json_is_string(json_object_get(announced, "text")))
		printf(" (%s)", text_of(announced, "text"));
	putchar('\n');
}

static void print_held_stage(const json_t *held)
{
	char from[TEXT_MOMENT_BYTES];

	printf("  stage %s on ", text_of(held, "stage"));
	if (json_array_size(json_object_get(held, "pools")))
		text_print_list(json_object_get(held, "pools"));
	else
		printf("no pool yet");
	if (!strcmp(text_of(held, "why"), "hold"))
		printf(": on hold, it never begins by itself\n");
	else
		printf(": from %s on, as soon as its gates are open (status knows which are)\n",
		       text_moment(from, json_object_get(held, "from")));
	if (json_is_object(json_object_get(held, "announced")))
		print_announced(json_object_get(held, "announced"));
	if (is_set(held, "overdue"))
		printf("    OVERDUE: the announced time has passed\n");
	print_gates(json_object_get(held, "gates"), "    ");
}

static void print_held(const json_t *list)
{
	json_t *held;
	size_t i;

	if (json_array_size(list))
		printf("held:\n");
	json_array_foreach((json_t *)list, i, held)
	{
		print_held_stage(held);
	}
}

static void print_ending(const json_t *list)
{
	char until[TEXT_MOMENT_BYTES];
	json_t *row;
	size_t i;

	if (json_array_size(list))
		printf("expires:\n");
	json_array_foreach((json_t *)list, i, row)
	{
		long long days = int_of(row, "days_left");

		printf("  %s  %s %s, ", text_moment(until, json_object_get(row, "until")),
		       text_of(row, "kind"), text_of(row, "id"));
		if (days)
			printf("in %lld day%s", days, days == 1 ? "" : "s");
		else
			printf("in less than a day");
		printf("%s: %s\n", is_set(row, "begun") ? "" : ", not begun yet",
		       text_of(row, "reason"));
	}
}

static void print_standing(const json_t *list)
{
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)list, i, row)
	{
		printf("since ever: stage %s on ", text_of(row, "stage"));
		text_print_list(json_object_get(row, "pools"));
		putchar('\n');
	}
}

void text_planned(const json_t *raw)
{
	json_t *answer = text_clean(raw);
	char time[TEXT_MOMENT_BYTES];
	json_t *row;
	size_t i;

	printf("%s: policy \"%s\", ", text_of(answer, "file"), text_of(answer, "name"));
	if (int_of(answer, "revision"))
		printf("revision %lld, ", int_of(answer, "revision"));
	printf("hash %.*s, seen from %s\n", HASH_CHARS, text_of(answer, "hash"),
	       text_moment(time, json_object_get(answer, "at")));
	print_standing(json_object_get(answer, "standing"));
	print_events(json_object_get(answer, "events"), true);
	print_events(json_object_get(answer, "events"), false);
	print_held(json_object_get(answer, "held"));
	print_ending(json_object_get(answer, "ending"));
	if (json_array_size(json_object_get(answer, "unassigned")))
		printf("waves without pools yet:\n");
	json_array_foreach(json_object_get(answer, "unassigned"), i, row)
	{
		printf("  %s from %s\n", text_of(row, "stage"),
		       text_moment(time, json_object_get(row, "from")));
	}
	json_decref(answer);
}
