// SPDX-License-Identifier: BSD-3-Clause
//
// The timeline of a policy: what changes when and for whom, as seen from a moment. What has no
// moment is in plan_held.c. See views.h.
#include <stdlib.h>
#include <string.h>

#include "plan.h"
#include "timeline.h"

// A change from one stage to another, of pools that fare alike.
struct turn {
	const struct stage *before, *after; // NULL: none
	uint64_t relay;                     // what own_relay means there
	uint8_t families;
	uint8_t v6_key;
	struct amount amount;
	json_t *pools;
};

static void reigns_make(struct plan *plan)
{
	const struct policy *p = plan->p;
	uint32_t i;

	plan->reigns = policy_alloc(p->pool_count + 1, sizeof(struct reign *));
	plan->reign_counts = policy_alloc(p->pool_count + 1, sizeof(*plan->reign_counts));
	for (i = 0; i < p->pool_count; i++)
		plan->reigns[i] = timeline_of_pool(p, i, plan->m->opened_s, &plan->reign_counts[i]);
}

// The reign of a pool that begins at a moment, but not the first; NULL: none does.
static const struct reign *reign_from(const struct plan *plan, uint32_t pool, int64_t at_s)
{
	const struct reign *reigns = plan->reigns[pool];
	size_t low = 1, high = plan->reign_counts[pool];

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (reigns[middle].from_s < at_s)
			low = middle + 1;
		else
			high = middle;
	}
	return low < plan->reign_counts[pool] && reigns[low].from_s == at_s ? &reigns[low] : NULL;
}

// Whether the change of a pool at the event's moment is this event's doing: what begins there
// changes it, or, if nothing does, what ends.
static bool is_cause(const struct plan *plan, const struct policy_event *e, const struct reign *r)
{
	const struct stage *s = &plan->p->stages[e->index];

	if (e->kind == EVENT_STAGE_BEGINS)
		return r->stage == s;
	return r[-1].stage == s &&
	       (!r->stage || stage_begin(plan->p, r->stage, plan->m) != e->at_s);
}

static void turn_add(const struct plan *plan, struct turn *turns, size_t *count, uint32_t pool,
		     const struct reign *r)
{
	const struct pool *owner = &plan->p->pools[pool];
	uint8_t families = pool_families(owner);
	size_t i, f;

	for (i = 0; i < *count; i++) {
		if (turns[i].before == r[-1].stage && turns[i].after == r->stage &&
		    turns[i].relay == owner->relay && turns[i].families == families &&
		    turns[i].v6_key == owner->v6_key)
			break;
	}
	if (i == *count)
		turns[(*count)++] = (struct turn){.before = r[-1].stage,
						  .after = r->stage,
						  .relay = owner->relay,
						  .families = families,
						  .v6_key = owner->v6_key,
						  .pools = json_array()};
	for (f = 0; f < FAMILY_COUNT; f++)
		turns[i].amount.addresses[f] += plan->amounts[pool].addresses[f];
	json_array_append_new(turns[i].pools, json_string(owner->name));
}

// The row of list that tells the same change, or a new one.
static json_t *change_row(json_t *list, const char *before, const char *after)
{
	json_t *row;
	size_t i;

	json_array_foreach(list, i, row)
	{
		if (!strcmp(json_string_value(json_object_get(row, "before")), before) &&
		    !strcmp(json_string_value(json_object_get(row, "after")), after))
			return row;
	}
	row = json_pack("{s:[], s:s, s:s}", "destinations", "before", before, "after", after);
	json_array_append_new(list, row);
	return row;
}

// What becomes other for the destinations. pool: one of the turn.
static json_t *turn_targets(const struct plan *plan, const struct turn *t, int pool)
{
	const struct owner o = owner_of_pool(pool);
	char before[EFFECT_TEXT_BYTES], after[EFFECT_TEXT_BYTES];
	json_t *list = json_array(), *row;
	size_t i;

	for (i = 0; i < plan->targets.count; i++) {
		const struct target *target = &plan->targets.items[i];
		struct effect was = effect_of(&plan->view, &o, t->before, target->sets[0]);
		struct effect is = effect_of(&plan->view, &o, t->after, target->sets[0]);

		if (!(target->families & t->families) || effect_is_equal(&was, &is))
			continue;
		row = change_row(list, effect_text(before, &was), effect_text(after, &is));
		json_array_append_new(json_object_get(row, "destinations"),
				      json_string(target->label));
	}
	return list;
}

static json_t *turn_json(const struct plan *plan, struct turn *t)
{
	int pool = policy_find_pool(plan->p, json_string_value(json_array_get(t->pools, 0)));
	json_t *row =
		json_pack("{s:o, s:s?, s:s?, s:o}", "pools", t->pools, "from_stage",
			  t->before ? t->before->name : NULL, "to_stage",
			  t->after ? t->after->name : NULL, "to", turn_targets(plan, t, pool));

	amount_json(row, &t->amount, t->v6_key);
	return row;
}

static json_t *stage_changes(const struct plan *plan, const struct policy_event *e)
{
	const struct stage *s = &plan->p->stages[e->index];
	struct turn *turns = policy_alloc(s->pool_count + 1, sizeof(*turns));
	json_t *list = json_array();
	size_t i, count = 0;

	for (i = 0; i < s->pool_count; i++) {
		const struct reign *r = reign_from(plan, s->pools[i], e->at_s);

		if (r && is_cause(plan, e, r))
			turn_add(plan, turns, &count, s->pools[i], r);
	}
	for (i = 0; i < count; i++)
		json_array_append_new(list, turn_json(plan, &turns[i]));
	free(turns);
	return list;
}

static const struct grant *event_grant(const struct policy *p, const struct policy_event *e)
{
	switch (e->kind) {
	case EVENT_EXCEPTION_BEGINS:
	case EVENT_EXCEPTION_ENDS:
		return &p->exceptions[e->index].grant;
	case EVENT_QUARANTINE_BEGINS:
	case EVENT_QUARANTINE_ENDS:
		return &p->quarantines[e->index].grant;
	default:
		return NULL;
	}
}

static json_t *event_json(const struct plan *plan, const struct policy_event *e)
{
	const struct grant *g = event_grant(plan->p, e);
	json_t *row = json_pack("{s:o, s:b, s:s, s:s}", "at", moment_json(e->at_s, plan->p->tz),
				"past", e->at_s <= plan->m->at_s, "kind",
				policy_event_word(e->kind), "name", e->name);

	if (g) {
		json_object_set_new(row, "prefixes", prefixes_json(g->prefixes, g->count));
		json_object_set_new(row, "reason", json_string(g->reason));
		return row;
	}
	json_object_set_new(row, "pools", plan_pools(plan, &plan->p->stages[e->index]));
	plan_add_promise(plan, row, &plan->p->stages[e->index], e);
	if (e->kind != EVENT_DRAIN_ENDS)
		json_object_set_new(row, "changes", stage_changes(plan, e));
	return row;
}

static json_t *plan_events(const struct plan *plan)
{
	size_t i, count;
	struct policy_event *events = policy_events(plan->p, plan->m->opened_s, &count);
	json_t *list = json_array();

	for (i = 0; i < count; i++)
		json_array_append_new(list, event_json(plan, &events[i]));
	free(events);
	return list;
}

static void plan_open(struct plan *plan, const struct policy *p, const struct moment *m)
{
	*plan = (struct plan){.p = p, .m = m, .amounts = pool_amounts(p)};
	view_open(&plan->view, p, NULL);
	targets_make(&plan->targets, &plan->view, 1);
	reigns_make(plan);
}

static void plan_close(struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->p->pool_count; i++)
		free(plan->reigns[i]);
	free(plan->reigns);
	free(plan->reign_counts);
	targets_free(&plan->targets);
	view_close(&plan->view);
	free(plan->amounts);
}

json_t *policy_plan(const struct policy *p, const struct moment *m)
{
	char *zone = zone_enter(p->tz);
	struct plan plan;
	json_t *out;

	plan_open(&plan, p, m);
	out = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "at", moment_json(m->at_s, p->tz),
			"standing", plan_standing(&plan), "events", plan_events(&plan), "held",
			plan_held(&plan), "ending", plan_ending(&plan), "unassigned",
			plan_unassigned(&plan));
	plan_close(&plan);
	zone_leave(zone);
	return out;
}
