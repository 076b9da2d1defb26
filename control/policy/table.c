// SPDX-License-Identifier: BSD-3-Clause
//
// What is in force at a moment, for every pool and destination. See views.h.
#include <stdlib.h>

#include "effect.h"
#include "keys.h"
#include "views.h"

static json_t *effect_json(const struct effect *e)
{
	json_t *out = json_pack("{s:s}", "verdict", action_word(e->action));

	if (e->action == ACTION_LIMIT)
		json_object_set_new(out, "limit", json_string(e->limit->name));
	if (e->action == ACTION_MONITOR)
		json_object_set_new(out, "as", json_string(action_word(e->as)));
	return out;
}

// Destinations that fare alike stand together.
static json_t *pool_targets(const struct view *v, const struct owner *o, const struct stage *stage,
			    uint8_t families, const struct targets *targets)
{
	struct effect *rows = policy_alloc(targets->count, sizeof(*rows));
	json_t *list = json_array();
	size_t i, j, count = 0;

	for (i = 0; i < targets->count; i++) {
		const struct target *t = &targets->items[i];
		struct effect e = effect_of(v, o, stage, t->sets[0]);

		if (!(t->families & families))
			continue;
		for (j = 0; j < count && !effect_is_equal(&rows[j], &e); j++)
			;
		if (j == count) {
			json_t *row = effect_json(&e);

			rows[count++] = e;
			json_object_set_new(row, "destinations", json_array());
			json_array_append_new(list, row);
		}
		json_array_append_new(json_object_get(json_array_get(list, j), "destinations"),
				      json_string(t->label));
	}
	free(rows);
	return list;
}

static json_t *pool_row(const struct view *v, uint32_t index, const struct stage *stage,
			const struct amount *amount, const struct targets *targets)
{
	const struct pool *pool = &v->p->pools[index];
	const struct owner o = owner_of_pool((int)index);
	json_t *row = json_pack("{s:s, s:s, s:s?}", "pool", pool->name, "kind",
				words_kind[pool->kind], "stage", stage ? stage->name : NULL);

	amount_json(row, amount, pool->v6_key);
	if (stage && stage_is_draining(v->p, stage, v->m))
		json_object_set_new(
			row, "drains_until",
			moment_json(stage_begin(v->p, stage, v->m) + stage->drain_s, v->p->tz));
	json_object_set_new(row, "to", pool_targets(v, &o, stage, pool_families(pool), targets));
	return row;
}

static json_t *grant_row(const struct policy *p, const struct grant *g)
{
	json_t *row =
		json_pack("{s:s, s:o, s:o, s:s, s:s}", "id", g->id, "prefixes",
			  prefixes_json(g->prefixes, g->count), "until",
			  moment_json(g->when.until_s, p->tz), "reason", g->reason, "by", g->by);

	if (g->ticket)
		json_object_set_new(row, "ticket", json_string(g->ticket));
	return row;
}

static json_t *set_names(const struct policy *p, uint64_t sets)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < p->set_count; i++) {
		if (sets >> i & 1)
			json_array_append_new(list, json_string(p->sets[i].name));
	}
	if (sets != OP25B_ANY_SET && sets & POLICY_OWN_RELAY)
		json_array_append_new(list, json_string("own_relay"));
	return list;
}

static json_t *exception_rows(const struct policy *p, const struct moment *m)
{
	json_t *rows = json_array(), *row, *to;
	size_t i;

	for (i = 0; i < p->exception_count; i++) {
		const struct exception *e = &p->exceptions[i];

		if (!period_holds(&e->grant.when, m->at_s))
			continue;
		if (e->sets == OP25B_ANY_SET)
			to = json_pack("[s]", "any");
		else
			to = set_names(p, e->sets);
		if (e->has_list) {
			json_t *list =
				prefixes_json(p->lists[e->list].prefixes, p->lists[e->list].count);

			json_array_extend(to, list);
			json_decref(list);
		}
		row = grant_row(p, &e->grant);
		json_object_set_new(row, "to", to);
		json_array_append_new(rows, row);
	}
	return rows;
}

static json_t *quarantine_rows(const struct policy *p, const struct moment *m)
{
	json_t *rows = json_array(), *row;
	size_t i;

	for (i = 0; i < p->quarantine_count; i++) {
		const struct quarantine *q = &p->quarantines[i];

		if (!period_holds(&q->grant.when, m->at_s))
			continue;
		row = grant_row(p, &q->grant);
		json_object_set_new(row, "verdict", json_string(action_word(q->action)));
		json_object_set_new(row, "keep", set_names(p, q->keep));
		json_array_append_new(rows, row);
	}
	return rows;
}

static json_t *infra_rows(const struct policy *p)
{
	json_t *rows = json_array();
	size_t i;

	for (i = 0; i < p->infra_count; i++)
		json_array_append_new(
			rows, json_pack("{s:s, s:s, s:o}", "name", p->infra[i].name, "side",
					p->infra[i].on_network_side ? "network" : "subscriber",
					"prefixes",
					prefixes_json(p->infra[i].prefixes, p->infra[i].count)));
	return rows;
}

json_t *policy_table(const struct policy *p, const struct moment *m)
{
	const struct stage **stages = policy_alloc(p->pool_count, sizeof(const struct stage *));
	struct amount *amounts = pool_amounts(p);
	json_t *pools = json_array();
	char *zone = zone_enter(p->tz);
	struct targets targets;
	struct view v;
	json_t *out;
	uint32_t i;

	// Without the exceptions of the moment: they have rows of their own.
	policy_stages_at(p, m, stages);
	view_open(&v, p, NULL);
	targets_make(&targets, &v, 1);
	v.m = m;
	for (i = 0; i < p->pool_count; i++)
		json_array_append_new(pools, pool_row(&v, i, stages[i], &amounts[i], &targets));
	targets_free(&targets);
	view_close(&v);
	free(amounts);
	free(stages);
	out = json_pack("{s:o, s:o, s:o, s:o, s:o, s:s}", "at", moment_json(m->at_s, p->tz),
			"infra", infra_rows(p), "quarantines", quarantine_rows(p, m), "exceptions",
			exception_rows(p, m), "pools", pools, "default",
			action_word(p->default_action));
	zone_leave(zone);
	return out;
}
