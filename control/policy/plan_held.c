// SPDX-License-Identifier: BSD-3-Clause
//
// The part of a plan that has no moment: stages since ever, held ones, those behind gates, waves
// without pools; and the grants by their end. See plan.h.
#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "plan.h"

#define DAY_S 86400

json_t *plan_pools(const struct plan *plan, const struct stage *s)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < s->pool_count; i++)
		json_array_append_new(list, json_string(plan->p->pools[s->pools[i]].name));
	return list;
}

static json_t *gate_json(const struct policy_gate *g)
{
	static const char *const words[] = {"tcp", "monitor_ran", "would_drop_below"};
	json_t *row = json_pack("{s:s, s:s}", "gate", g->name, "check", words[g->check]);
	json_t *addresses;
	size_t i;

	switch (g->check) {
	case GATE_TCP:
		addresses = json_array();
		for (i = 0; i < g->address_count; i++)
			json_array_append_new(addresses, json_string(g->addresses[i]));
		json_object_set_new(row, "addresses", addresses);
		json_object_set_new(row, "port", json_integer(g->port));
		if (g->greeting)
			json_object_set_new(row, "greeting", json_string(g->greeting));
		return row;
	case GATE_MONITOR_RAN:
		json_object_set_new(row, "stage", json_string(g->stage));
		json_object_set_new(row, "days", json_integer(g->days));
		return row;
	default:
		json_object_set_new(row, "stage", json_string(g->stage));
		json_object_set_new(row, "percent", json_real(g->percent));
		return row;
	}
}

static json_t *stage_gates(const struct plan *plan, const struct stage *s)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < plan->p->gate_count; i++) {
		if (s->gates >> i & 1)
			json_array_append_new(list, gate_json(&plan->p->gates[i]));
	}
	return list;
}

// The window that was announced. Its last day is told as people say it: the end is exclusive.
static json_t *announced_json(const struct plan *plan, const struct stage *s)
{
	const struct announced *a = &s->announced;
	int64_t last_s = a->not_after_s == POLICY_NEVER ? POLICY_NEVER : a->not_after_s - 1;
	const char *text = text_in(a->text, "en");

	if (!a->given)
		return json_null();
	return json_pack("{s:o, s:o, s:s?}", "not_before",
			 moment_json(a->not_before_s, plan->p->tz), "not_after",
			 moment_json(last_s, plan->p->tz), "text", text);
}

void plan_add_promise(const struct plan *plan, json_t *row, const struct stage *s,
		      const struct policy_event *e)
{
	if (e->kind != EVENT_STAGE_BEGINS)
		return;
	if (s->precision != PRECISION_NOT_GIVEN)
		json_object_set_new(row, "precision", json_string(words_precision[s->precision]));
	json_object_set_new(row, "rolling", json_boolean(s->rolling));
	if (s->gates)
		json_object_set_new(row, "gates", stage_gates(plan, s));
	if (s->drain_s)
		json_object_set_new(row, "drain_min", json_integer(s->drain_s / 60));
}

json_t *plan_standing(const struct plan *plan)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < plan->p->stage_count; i++) {
		const struct stage *s = &plan->p->stages[i];

		if (s->when.from_s == POLICY_ALWAYS && !s->held)
			json_array_append_new(list, json_pack("{s:s, s:o}", "stage", s->name,
							      "pools", plan_pools(plan, s)));
	}
	return list;
}

static bool is_overdue(const struct plan *plan, const struct stage *s)
{
	return s->held && s->announced.given && plan->m->at_s >= s->announced.not_after_s;
}

json_t *plan_held(const struct plan *plan)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < plan->p->stage_count; i++) {
		const struct stage *s = &plan->p->stages[i];

		if (!s->held && !s->gates)
			continue;
		json_array_append_new(
			list,
			json_pack("{s:s, s:s, s:o, s:o, s:o, s:b, s:o}", "stage", s->name, "why",
				  s->held ? "hold" : "gate", "pools", plan_pools(plan, s), "from",
				  moment_json(s->when.from_s, plan->p->tz), "announced",
				  announced_json(plan, s), "overdue", is_overdue(plan, s), "gates",
				  stage_gates(plan, s)));
	}
	return list;
}

json_t *plan_unassigned(const struct plan *plan)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < plan->p->stage_count; i++) {
		const struct stage *s = &plan->p->stages[i];

		if (s->wave && !s->pool_count)
			json_array_append_new(list,
					      json_pack("{s:s, s:o}", "stage", s->name, "from",
							moment_json(s->when.from_s, plan->p->tz)));
	}
	return list;
}

struct ending {
	const struct grant *grant;
	const char *kind;
};

static int end_compare(const void *a, const void *b)
{
	const struct ending *x = a, *y = b;

	if (x->grant->when.until_s != y->grant->when.until_s)
		return x->grant->when.until_s < y->grant->when.until_s ? -1 : 1;
	return strcmp(x->grant->id, y->grant->id);
}

static json_t *ending_row(const struct plan *plan, const struct ending *e)
{
	const struct grant *g = e->grant;
	int64_t left_s = g->when.until_s - plan->m->at_s;

	return json_pack("{s:s, s:s, s:o, s:o, s:I, s:b, s:s}", "id", g->id, "kind", e->kind,
			 "from", moment_json(g->when.from_s, plan->p->tz), "until",
			 moment_json(g->when.until_s, plan->p->tz), "days_left",
			 (json_int_t)(left_s / DAY_S), "begun", g->when.from_s <= plan->m->at_s,
			 "reason", g->reason);
}

json_t *plan_ending(const struct plan *plan)
{
	const struct policy *p = plan->p;
	size_t i, count = 0;
	struct ending *endings =
		policy_alloc(p->exception_count + p->quarantine_count + 1, sizeof(*endings));
	json_t *list = json_array();

	for (i = 0; i < p->exception_count; i++) {
		if (p->exceptions[i].grant.when.until_s > plan->m->at_s)
			endings[count++] = (struct ending){&p->exceptions[i].grant, "exception"};
	}
	for (i = 0; i < p->quarantine_count; i++) {
		if (p->quarantines[i].grant.when.until_s > plan->m->at_s)
			endings[count++] = (struct ending){&p->quarantines[i].grant, "quarantine"};
	}
	qsort(endings, count, sizeof(*endings), end_compare);
	for (i = 0; i < count; i++)
		json_array_append_new(list, ending_row(plan, &endings[i]));
	free(endings);
	return list;
}
