// SPDX-License-Identifier: BSD-3-Clause
//
// The answer of status for people: what is in force, what comes next, what is held, and what to
// worry about.
#include <stdio.h>
#include <string.h>

#include "out_text.h"

#define HASH_CHARS 12

static void print_dataplane(const json_t *dataplane)
{
	const json_t *ages = json_object_get(dataplane, "heartbeat_age_ms");
	json_t *age;
	size_t i;

	printf("dataplane  %s, generation %lld, %lld workers, %lld subscriber slots\n",
	       is_set(dataplane, "up") ? "up" : "DOWN", int_of(dataplane, "generation"),
	       int_of(dataplane, "workers"), int_of(dataplane, "slots_capacity"));
	json_array_foreach((json_t *)ages, i, age)
	{
		if (json_is_integer(age))
			printf("           worker %zu: last turn %lld ms ago\n", i,
			       (long long)json_integer_value(age));
		else
			printf("           worker %zu: no turn yet\n", i);
	}
}

static void print_guard(const json_t *guard)
{
	const json_t *ifaces = json_object_get(guard, "ifaces");
	json_t *iface;
	size_t i;

	if (!is_set(guard, "attached")) {
		printf("guard      none\n");
		return;
	}
	printf("guard      attached to");
	json_array_foreach((json_t *)ifaces, i, iface)
	{
		printf(" %s", json_string_value(iface));
	}
	printf(", generation %lld, %s since %s\n", int_of(guard, "generation"),
	       is_set(guard, "active") ? "JUDGING" : "standing by", text_of(guard, "since"));
}

static void print_event(const json_t *event)
{
	const char *kind = text_of(event, "kind"), *name = text_of(event, "name");
	const char *mark = strchr(kind, '_');

	if (!strcmp(kind, "drain_ends"))
		printf(" draining of stage %s ends", name);
	else // "stage_begins": the noun, the name, the verb
		printf(" %.*s %s %s", (int)strcspn(kind, "_"), kind, name, mark ? mark + 1 : "");
}

static void print_next(const json_t *next)
{
	char at[TEXT_MOMENT_BYTES];
	json_t *event;
	size_t i;

	if (!json_is_object(next)) {
		printf("next       nothing changes by itself\n");
		return;
	}
	printf("next       %s:", text_moment(at, json_object_get(next, "at")));
	json_array_foreach(json_object_get(next, "events"), i, event)
	{
		printf("%s", i ? "," : "");
		print_event(event);
	}
	putchar('\n');
}

static void print_gates(const json_t *gates)
{
	const json_t *good;
	const char *word;
	json_t *gate;
	size_t i;

	json_array_foreach((json_t *)gates, i, gate)
	{
		good = json_object_get(gate, "good");
		word = json_is_true(good) ? "open: " : "";
		if (json_is_false(good))
			word = "NOT OPEN: ";
		printf("           gate %s: %s%s\n", text_of(gate, "gate"), word,
		       text_of(gate, "text"));
	}
}

// The window that was announced: either end may be open.
static void print_announced(const json_t *announced)
{
	const json_t *from = json_object_get(announced, "not_before");
	const json_t *to = json_object_get(announced, "not_after");
	char time[TEXT_MOMENT_BYTES];

	if (json_is_string(from))
		printf(", announced from %s on", text_moment(time, from));
	if (json_is_string(to))
		printf("%s until %s", json_is_string(from) ? "" : ", announced",
		       text_moment(time, to));
}

static void print_held(const json_t *list)
{
	char from[TEXT_MOMENT_BYTES];
	json_t *held;
	size_t i;

	json_array_foreach((json_t *)list, i, held)
	{
		printf("held       stage %s %s", text_of(held, "stage"),
		       strcmp(text_of(held, "why"), "gate") ? "is on hold" : "waits for its gates");
		if (json_is_string(json_object_get(held, "from")))
			printf(", its date is %s",
			       text_moment(from, json_object_get(held, "from")));
		print_announced(json_object_get(held, "announced"));
		if (is_set(held, "overdue"))
			printf(": OVERDUE");
		putchar('\n');
		print_gates(json_object_get(held, "gates"));
	}
}

static void print_ending(const json_t *list, long long count)
{
	char until[TEXT_MOMENT_BYTES];
	json_t *grant;
	size_t i;

	json_array_foreach((json_t *)list, i, grant)
	{
		printf("ends soon  %s %s, %s", text_of(grant, "kind"), text_of(grant, "id"),
		       text_moment(until, json_object_get(grant, "until")));
		if (json_is_string(json_object_get(grant, "reason")))
			printf(": %s", text_of(grant, "reason"));
		if (json_is_string(json_object_get(grant, "ticket")))
			printf(" (ticket %s)", text_of(grant, "ticket"));
		putchar('\n');
	}
	if (count > (long long)json_array_size(list))
		printf("ends soon  and %lld more\n", count - (long long)json_array_size(list));
}

static void print_clock(const json_t *clock)
{
	char time[TEXT_MOMENT_BYTES];

	if (!json_is_object(clock))
		return;
	printf("clock      %s, %s",
	       is_set(clock, "synchronised") ? "synchronised" : "NOT SYNCHRONISED",
	       is_set(clock, "trusted") ? "trusted" : "NOT TRUSTED: nothing begins or ends");
	if (json_is_string(json_object_get(clock, "policy_time")))
		printf("; the policy stands at %s",
		       text_moment(time, json_object_get(clock, "policy_time")));
	if (int_of(clock, "lag_s"))
		printf(", %lld s AHEAD of the machine's clock (op25bctl clock accept)",
		       int_of(clock, "lag_s"));
	if (int_of(clock, "behind_s"))
		printf(", %lld s behind the machine's clock", int_of(clock, "behind_s"));
	putchar('\n');
}

static void print_policy(const json_t *answer)
{
	const json_t *policy = json_object_get(answer, "policy");
	json_t *pool;
	size_t i;

	if (!json_is_object(policy)) {
		printf("policy     none in force\n");
		return;
	}
	printf("policy     \"%s\"", text_of(policy, "name"));
	if (int_of(policy, "revision"))
		printf(", revision %lld", int_of(policy, "revision"));
	printf(", hash %.*s, generation %lld, checksum %s\n", HASH_CHARS, text_of(policy, "hash"),
	       int_of(policy, "generation"), text_of(policy, "checksum"));
	printf("           loaded %s from %s\n", text_of(policy, "loaded_at"),
	       text_of(policy, "source"));
	json_array_foreach(json_object_get(answer, "pools"), i, pool)
	{
		printf("           pool %s: stage %s\n", text_of(pool, "name"),
		       text_of(pool, "stage"));
	}
	print_next(json_object_get(answer, "next_change"));
}

void text_status(const json_t *raw)
{
	json_t *answer = text_clean(raw);
	const json_t *reload = json_object_get(answer, "last_reload");
	json_t *warning;
	size_t i;

	print_policy(answer);
	print_held(json_object_get(answer, "held"));
	print_ending(json_object_get(answer, "ending"), int_of(answer, "ending_count"));
	print_clock(json_object_get(answer, "clock"));
	print_dataplane(json_object_get(answer, "dataplane"));
	print_guard(json_object_get(answer, "guard"));
	if (json_is_object(reload))
		printf("last load  %s at %s\n", is_set(reload, "ok") ? "ok" : "REFUSED",
		       text_of(reload, "at"));
	fflush(stdout);
	if (json_is_object(reload) && !is_set(reload, "ok"))
		text_refused(json_object_get(reload, "errors"));
	json_array_foreach(json_object_get(answer, "warnings"), i, warning)
	{
		printf("warning    %s\n", json_string_value(warning));
	}
	json_decref(answer);
}
