// SPDX-License-Identifier: BSD-3-Clause
//
// Whom an address belongs to, and which part of the policy decided: infrastructure, quarantine,
// exception, stage, clause or default. The image says what is done; the names are found here.
#include "explain_internal.h"

// The prefix of a grant in force that the address lies in, or NULL.
static const struct prefix *grant_prefix(const struct case_file *c, const struct grant *g)
{
	size_t i;

	if (!period_holds(&g->when, c->compiled->moment.at_s))
		return NULL;
	for (i = 0; i < g->count; i++) {
		if (prefix_covers(&g->prefixes[i], &c->subscriber))
			return &g->prefixes[i];
	}
	return NULL;
}

// The one of the longest prefix.
static void find_quarantine(struct case_file *c)
{
	const struct policy *p = c->policy;
	const struct prefix *best = NULL;
	size_t i;

	for (i = 0; i < p->quarantine_count; i++) {
		const struct prefix *prefix = grant_prefix(c, &p->quarantines[i].grant);

		if (!prefix || (best && prefix->depth <= best->depth))
			continue;
		best = prefix;
		c->quarantine = &p->quarantines[i];
	}
}

static bool reaches(const struct case_file *c, const struct exception *e,
		    const struct op25b_addr *far)
{
	const struct set *list = e->has_list ? &c->policy->lists[e->list] : NULL;
	size_t i;

	if (e->sets == OP25B_ANY_SET || e->sets & far->sets)
		return true;
	for (i = 0; list && i < list->count; i++) {
		if (prefix_covers(&list->prefixes[i], &c->far))
			return true;
	}
	return false;
}

// Of several that permit it, the one that lasts longest.
static void find_exception(struct case_file *c, const struct op25b_addr *far)
{
	const struct policy *p = c->policy;
	size_t i;

	for (i = 0; i < p->exception_count; i++) {
		const struct exception *e = &p->exceptions[i];
		bool is_for_it;

		if (!grant_prefix(c, &e->grant))
			continue;
		is_for_it = reaches(c, e, far);
		if (c->exception && (is_for_it <= c->exception_reaches) &&
		    (is_for_it != c->exception_reaches ||
		     e->grant.when.until_s <= c->exception->grant.when.until_s))
			continue;
		c->exception = e;
		c->exception_reaches = is_for_it;
	}
}

static const struct infra *infra_of(const struct policy *p, uint32_t class_id)
{
	uint32_t first = policy_infra_class(p, 0);

	return class_id >= first && class_id - first < p->infra_count ? &p->infra[class_id - first]
								      : NULL;
}

void explain_owner(struct case_file *c, const struct image_view *view, const struct op25b_addr *sub,
		   const struct op25b_addr *far)
{
	const struct policy *p = c->policy;
	int pool;

	c->is_exempt = sub->class_id == policy_exempt_class(p);
	c->infra = infra_of(p, sub->class_id);
	if (!c->infra && !is_outbound(c))
		c->infra = infra_of(p, far->class_id);
	if (!sub->class_id || c->is_exempt || infra_of(p, sub->class_id))
		return;
	pool = policy_find_pool(p, view->names + view->classes[sub->class_id].name);
	c->pool = &p->pools[pool];
	c->stage = policy_stage_at(p, (uint32_t)pool, &c->compiled->moment);
	find_quarantine(c);
	find_exception(c, far);
}

static enum explain_level clause_level(const struct case_file *c)
{
	if (c->judged.clause == JUDGEMENT_NO_CLAUSE)
		return LEVEL_NONE;
	if (c->origin == ORIGIN_QUARANTINE)
		return LEVEL_QUARANTINE;
	return c->origin == ORIGIN_EXCEPTION ? LEVEL_EXCEPTION : LEVEL_CLAUSE;
}

void explain_decider(struct case_file *c, const struct op25b_class *class)
{
	uint32_t i;

	if (c->judged.clause != JUDGEMENT_NO_CLAUSE) {
		c->origin = class->clause[c->judged.clause].origin;
		for (i = 0; i < c->judged.clause; i++)
			c->clause += class->clause[i].origin == ORIGIN_STAGE;
	}
	switch (c->judged.reason) {
	case REASON_PASS_INFRA:
		c->level = LEVEL_INFRA;
		return;
	case REASON_PASS_DRAINING:
		c->level = LEVEL_STAGE;
		return;
	case REASON_PASS_UNRESTRICTED:
	case REASON_PASS_NO_POOL:
		c->level = c->infra && !c->pool ? LEVEL_INFRA : LEVEL_DEFAULT;
		return;
	case REASON_DROP_SRC_SPOOFED:
		if (c->infra)
			c->level = LEVEL_INFRA;
		else
			c->level = c->pool || c->is_exempt ? LEVEL_NONE : LEVEL_DEFAULT;
		return;
	default:
		c->level = clause_level(c);
	}
}

const struct clause *explain_clause(const struct case_file *c)
{
	return c->level == LEVEL_CLAUSE ? &c->stage->clauses[c->clause] : NULL;
}

static json_t *text_or_null(const char *text)
{
	return text && text[0] ? json_string(text) : json_null();
}

static json_t *clause_text(const struct case_file *c)
{
	switch (c->level) {
	case LEVEL_QUARANTINE:
		return json_string(c->quarantine->grant.place);
	case LEVEL_EXCEPTION:
		return json_string(c->exception->grant.place);
	case LEVEL_CLAUSE:
		return json_sprintf("%s.port25[%u]", c->stage->body_place, c->clause);
	default:
		return json_null();
	}
}

static json_t *grant_json(const struct case_file *c, const struct grant *g)
{
	char until[EXPLAIN_TIME_BYTES];

	if (!g)
		return json_null();
	time_print(until, sizeof(until), g->when.until_s, c->policy->tz);
	return json_pack("{s:s, s:s, s:s, s:o}", "id", g->id, "until", until, "reason", g->reason,
			 "ticket", text_or_null(g->ticket));
}

static json_t *chain_json(const struct case_file *c)
{
	static const char *const words[LEVEL_COUNT] = {"infra", "quarantine", "exception",
						       "stage", "clause",     "default"};
	uint8_t fallback = c->pool ? ACTION_PERMIT : c->policy->default_action;
	json_t *found[LEVEL_COUNT] = {
		text_or_null(c->infra ? c->infra->name : NULL),
		text_or_null(c->quarantine ? c->quarantine->grant.id : NULL),
		text_or_null(c->exception ? c->exception->grant.id : NULL),
		text_or_null(c->stage ? c->stage->name : NULL),
		explain_clause(c) ? clause_text(c) : json_null(),
		text_or_null(c->has_addresses ? action_word(fallback) : NULL),
	};
	json_t *chain = json_array();
	size_t i;

	for (i = 0; i < LEVEL_COUNT; i++)
		json_array_append_new(chain, json_pack("{s:s, s:o, s:b}", "level", words[i],
						       "found", found[i], "decides",
						       c->level == (enum explain_level)i));
	return chain;
}

static const char *notice_url(const struct case_file *c)
{
	const json_t *url = c->stage ? json_object_get(c->stage->doc, "notice_url") : NULL;

	return json_string_value(url ? url : json_object_get(c->policy->doc, "notice_url"));
}

void explain_parts(const struct case_file *c, json_t *answer)
{
	json_object_set_new(answer, "pool", text_or_null(c->pool ? c->pool->name : NULL));
	json_object_set_new(answer, "stage", text_or_null(c->stage ? c->stage->name : NULL));
	json_object_set_new(answer, "clause", clause_text(c));
	json_object_set_new(answer, "infra", text_or_null(c->infra ? c->infra->name : NULL));
	json_object_set_new(answer, "quarantine",
			    grant_json(c, c->quarantine ? &c->quarantine->grant : NULL));
	json_object_set_new(answer, "exception",
			    grant_json(c, c->exception ? &c->exception->grant : NULL));
	json_object_set_new(answer, "chain", chain_json(c));
	json_object_set_new(answer, "notice_url", text_or_null(notice_url(c)));
}
