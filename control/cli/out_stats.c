// SPDX-License-Identifier: BSD-3-Clause
//
// The statistics as a table of two hosts, with the sum shown: every frame received must be in
// exactly one of the parts.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "output.h"

#define CLEAR_SCREEN "\033[H\033[2J"

static long long int_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static long long sum_of(const json_t *reasons)
{
	long long sum = 0;
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)reasons, name, value)
	{
		sum += json_integer_value(value);
	}
	return sum;
}

static void number(bool known, long long value)
{
	if (known)
		printf(" %14lld", value);
	else
		printf(" %14s", "-");
}

// A row of figures; a host that has no such figure shows a dash.
static void row(const char *name, const json_t *dataplane, const json_t *guard, const char *key)
{
	printf("%-22s", name);
	number(json_object_get(dataplane, key), int_of(dataplane, key));
	number(json_object_get(guard, key), int_of(guard, key));
	putchar('\n');
}

static void reason_row(const char *name, const json_t *dataplane, const json_t *guard)
{
	printf("  %-20s", name);
	number(true, int_of(dataplane, name));
	number(true, int_of(guard, name));
	putchar('\n');
}

// A row for each reason that either host has counted.
static void reasons(const char *title, const json_t *dataplane, const json_t *guard)
{
	const char *name;
	json_t *value;

	printf("%-22s", title);
	number(json_is_object(dataplane), sum_of(dataplane));
	number(json_is_object(guard), sum_of(guard));
	putchar('\n');
	json_object_foreach((json_t *)dataplane, name, value)
	{
		reason_row(name, dataplane, guard);
	}
	json_object_foreach((json_t *)guard, name, value)
	{
		if (!json_object_get(dataplane, name))
			reason_row(name, dataplane, guard);
	}
}

static void verdict_of_sum(long long left, long long right)
{
	if (left == right)
		printf(" ok\n");
	else
		printf(" NOT EQUAL, by %lld (frames in flight, if there is traffic)\n",
		       left - right);
}

static void dataplane_sum(const json_t *d)
{
	long long parts[] = {int_of(d, "forwarded"), sum_of(json_object_get(d, "dropped")),
			     int_of(d, "answered"), int_of(d, "tx_full")};
	long long sum = parts[0] + parts[1] + parts[2] + parts[3];

	printf("dataplane: received = forwarded + dropped + answered + tx_full: %lld = %lld + %lld "
	       "+ %lld + %lld",
	       int_of(d, "received"), parts[0], parts[1], parts[2], parts[3]);
	verdict_of_sum(int_of(d, "received"), sum);
}

static void guard_sum(const json_t *g)
{
	long long parts[] = {int_of(g, "to_dataplane"), int_of(g, "forwarded"),
			     sum_of(json_object_get(g, "dropped"))};

	if (!json_is_true(json_object_get(g, "attached")))
		return;
	printf("guard: received = to_dataplane + forwarded + dropped: %lld = %lld + %lld + %lld",
	       int_of(g, "received"), parts[0], parts[1], parts[2]);
	verdict_of_sum(int_of(g, "received"), parts[0] + parts[1] + parts[2]);
}

// Frames that the driver lost before op25b-dp received them.
static long long lost(const json_t *port)
{
	return int_of(port, "rx_missed_packets") + int_of(port, "rx_error_packets") +
	       int_of(port, "rx_nobuf_packets");
}

static void port_rows(const json_t *d)
{
	const json_t *list = json_object_get(d, "ports");
	json_t *port;
	size_t i;

	if (!json_array_size(list))
		return;
	printf("\n%-22s %-10s %14s %14s %14s %14s %14s\n", "port", "side", "rx_packets",
	       "tx_packets", "tx_full", "answers", "lost");
	json_array_foreach((json_t *)list, i, port)
	{
		printf("%-22s %-10s %14lld %14lld %14lld %14lld %14lld\n",
		       json_string_value(json_object_get(port, "name")),
		       json_string_value(json_object_get(port, "side")), int_of(port, "rx_packets"),
		       int_of(port, "tx_packets"), int_of(port, "tx_full_packets"),
		       int_of(port, "answer_packets"), lost(port));
	}
}

static void pool_rows(const json_t *pools)
{
	const char *name;
	json_t *pool;

	if (json_object_size(pools))
		printf("\n%-22s %14s %14s\n", "pool", "dataplane", "guard");
	json_object_foreach((json_t *)pools, name, pool)
	{
		reasons(name, json_object_get(pool, "dataplane"), json_object_get(pool, "guard"));
	}
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static bool is_same_list(const json_t *a, const json_t *b)
{
	return !strcmp(text_of(a, "pool"), text_of(b, "pool")) &&
	       !strcmp(text_of(a, "origin"), text_of(b, "origin")) &&
	       !strcmp(text_of(a, "stage"), text_of(b, "stage"));
}

// Whose clauses follow.
static void list_row(const json_t *clause)
{
	const char *pool = text_of(clause, "pool"), *stage = text_of(clause, "stage");

	if (!pool[0])
		printf("further clauses, for which there are no counters of their own\n");
	else if (stage[0])
		printf("%s, stage %s\n", pool, stage);
	else
		printf("%s, %ss\n", pool, text_of(clause, "origin"));
}

// A row for each clause that a frame has met in either host, in groups.
static void clause_rows(const json_t *clauses)
{
	const json_t *last = NULL;
	json_t *clause;
	size_t i;

	if (json_array_size(clauses))
		printf("\n%-22s %14s %14s\n", "clause", "dataplane", "guard");
	json_array_foreach((json_t *)clauses, i, clause)
	{
		if (!last || !is_same_list(last, clause))
			list_row(clause);
		last = clause;
		printf("  %-20lld", int_of(clause, "clause"));
		number(true, int_of(json_object_get(clause, "dataplane"), "packets"));
		number(true, int_of(json_object_get(clause, "guard"), "packets"));
		putchar('\n');
	}
}

void text_stats(const json_t *answer, bool again)
{
	const json_t *d = json_object_get(answer, "dataplane");
	const json_t *g = json_object_get(answer, "guard");

	if (again && isatty(STDOUT_FILENO))
		printf(CLEAR_SCREEN);
	else if (again)
		putchar('\n');
	printf("%-22s %14s %14s\n", "", "dataplane", "guard");
	printf("%-22s %14s %14s\n", "", json_is_true(json_object_get(d, "up")) ? "up" : "DOWN",
	       !json_is_true(json_object_get(g, "attached")) ? "none"
	       : json_is_true(json_object_get(g, "active"))  ? "JUDGING"
							     : "standing by");
	row("generation", d, g, "generation");
	row("received", d, g, "received");
	row("to_dataplane", d, g, "to_dataplane");
	row("forwarded", d, g, "forwarded");
	reasons("passed", json_object_get(d, "passed"), json_object_get(g, "passed"));
	reasons("dropped", json_object_get(d, "dropped"), json_object_get(g, "dropped"));
	reasons("answered", json_object_get(d, "answers"), NULL);
	row("tx_full", d, g, "tx_full");
	dataplane_sum(d);
	guard_sum(g);
	port_rows(d);
	text_workers(d);
	pool_rows(json_object_get(answer, "pools"));
	clause_rows(json_object_get(answer, "clauses"));
	fflush(stdout);
}
