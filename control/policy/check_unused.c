// SPDX-License-Identifier: BSD-3-Clause
//
// Warnings: what is named, but used by nothing: a name was mistyped, or a part forgotten.
#include <stdlib.h>
#include <string.h>

#include "check_internal.h"

static void warn(const char *part, const char *name, const char *why, struct diag *d)
{
	char at[READER_PLACE_BYTES];

	diag_warning(d, reader_place(at, part, name), "is used by nothing: %s", why);
}

// Whether a test vector asks for it.
static bool is_expected(const struct policy *p, const char *name)
{
	const json_t *vectors = json_object_get(p->doc, "expect");
	size_t i;

	for (i = 0; i < json_array_size(vectors); i++) {
		const json_t *vector = json_array_get(vectors, i);
		const char *from = json_string_value(json_object_get(vector, "from"));
		const char *to = json_string_value(json_object_get(vector, "to"));

		if ((from && !strcmp(from, name)) || (to && !strcmp(to, name)))
			return true;
	}
	return false;
}

static void lint_sets(const struct policy *p, struct diag *d)
{
	uint64_t used = 0;
	size_t i, j;

	for (i = 0; i < p->stage_count; i++) {
		for (j = 0; j < p->stages[i].clause_count; j++) {
			if (p->stages[i].clauses[j].sets != OP25B_ANY_SET)
				used |= p->stages[i].clauses[j].sets;
		}
	}
	for (i = 0; i < p->pool_count; i++)
		used |= p->pools[i].relay;
	for (i = 0; i < p->exception_count; i++) {
		if (p->exceptions[i].sets != OP25B_ANY_SET)
			used |= p->exceptions[i].sets;
	}
	for (i = 0; i < p->quarantine_count; i++)
		used |= p->quarantines[i].keep;
	for (i = 0; i < p->set_count; i++) {
		if (!(used >> i & 1) && !is_expected(p, p->sets[i].name))
			warn("sets", p->sets[i].name,
			     "no clause, \"relay\", exception or quarantine names it", d);
	}
}

static void lint_limits(const struct policy *p, struct diag *d)
{
	bool *used = policy_alloc(p->limit_count, sizeof(*used));
	size_t i, j;

	for (i = 0; i < p->stage_count; i++) {
		for (j = 0; j < p->stages[i].clause_count; j++) {
			if (p->stages[i].clauses[j].limit)
				used[p->stages[i].clauses[j].limit - p->limits] = true;
		}
	}
	for (i = 0; i < p->limit_count; i++) {
		if (!used[i])
			warn("limits", p->limits[i].name, "no clause names it", d);
	}
	free(used);
}

static void lint_gates(const struct policy *p, struct diag *d)
{
	uint64_t used = 0;
	size_t i;

	for (i = 0; i < p->stage_count; i++)
		used |= p->stages[i].gates;
	for (i = 0; i < p->gate_count; i++) {
		if (!(used >> i & 1))
			warn("gates", p->gates[i].name, "no stage waits for it", d);
	}
}

static void mark_subscriber(json_t *used, const struct grant *g)
{
	if (g->subscriber && json_object_set_new(used, g->subscriber, json_true()))
		abort();
}

static void lint_subscribers(const struct policy *p, struct diag *d)
{
	json_t *used = json_object();
	size_t i;

	if (!used)
		abort();
	for (i = 0; i < p->exception_count; i++)
		mark_subscriber(used, &p->exceptions[i].grant);
	for (i = 0; i < p->quarantine_count; i++)
		mark_subscriber(used, &p->quarantines[i].grant);
	for (i = 0; i < p->subscriber_count; i++) {
		if (!json_object_get(used, p->subscribers[i].id))
			warn("subscribers", p->subscribers[i].id,
			     "no exception or quarantine names it", d);
	}
	json_decref(used);
}

static void lint_access_names(const struct policy *p, struct diag *d)
{
	const json_t *names = json_object_get(p->doc, "access_names");
	json_t *used = json_object();
	size_t i, j;
	void *iter;

	if (!used)
		abort();
	for (i = 0; i < p->pool_count; i++) {
		const json_t *list = json_object_get(p->pools[i].doc, "access");

		for (j = 0; j < json_array_size(list); j++) {
			if (json_object_set_new(used, json_string_value(json_array_get(list, j)),
						json_true()))
				abort();
		}
	}
	for (i = 0; i < p->set_count; i++) {
		if (json_object_set_new(used, p->sets[i].name, json_true()))
			abort();
	}
	iter = json_object_iter((json_t *)names);
	for (; iter; iter = json_object_iter_next((json_t *)names, iter)) {
		const char *name = json_object_iter_key(iter);

		if (!reader_is_note(name) && !json_object_get(used, name))
			warn("access_names", name,
			     "no pool has it in \"access\", and no set is called so", d);
	}
	json_decref(used);
}

void lint_unused(const struct policy *p, struct diag *d)
{
	lint_access_names(p, d);
	lint_sets(p, d);
	lint_subscribers(p, d);
	lint_limits(p, d);
	lint_gates(p, d);
}
