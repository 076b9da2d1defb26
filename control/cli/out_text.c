// SPDX-License-Identifier: BSD-3-Clause
//
// Output for people: what was asked for on stdout, what is wrong on stderr. The statistics table is
// in out_stats.c.
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "output.h"

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "-";
}

static long long int_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static bool is_set(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

// The shape of diag_print(), for rows that came as JSON.
static void text_refused(const json_t *errors)
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

static void text_checked(const struct checked_file *files, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		text_refused(files[i].errors);
		if (files[i].good)
			printf("%s: ok (%zu pools, %zu stages, %zu prefixes)\n", files[i].file,
			       files[i].pools, files[i].stages, files[i].prefixes);
	}
}

static void text_policy(const char *canonical)
{
	printf("%s", canonical);
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

static void text_explained(const json_t *answer)
{
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

static void status_dataplane(const json_t *dataplane)
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

static void status_guard(const json_t *guard)
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

static void status_policy(const json_t *answer)
{
	const json_t *policy = json_object_get(answer, "policy");
	json_t *pool;
	size_t i;

	if (!json_is_object(policy)) {
		printf("policy     none in force\n");
		return;
	}
	printf("policy     \"%s\", generation %lld, checksum %s\n", text_of(policy, "name"),
	       int_of(policy, "generation"), text_of(policy, "checksum"));
	printf("           loaded %s from %s, next change %s\n", text_of(policy, "loaded_at"),
	       text_of(policy, "source"), text_of(answer, "next_change"));
	json_array_foreach(json_object_get(answer, "pools"), i, pool)
	{
		printf("           pool %s: stage %s\n", text_of(pool, "name"),
		       text_of(pool, "stage"));
	}
}

static void text_status(const json_t *answer)
{
	const json_t *reload = json_object_get(answer, "last_reload");
	json_t *warning;
	size_t i;

	status_policy(answer);
	status_dataplane(json_object_get(answer, "dataplane"));
	status_guard(json_object_get(answer, "guard"));
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
}

const struct output output_text = {
	.checked = text_checked,
	.policy = text_policy,
	.loaded = text_loaded,
	.explained = text_explained,
	.judged = text_judged,
	.stats = text_stats,
	.status = text_status,
	.refused = text_refused,
	.failed = text_failed,
};
