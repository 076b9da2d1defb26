// SPDX-License-Identifier: BSD-3-Clause
//
// See effect.h.
#include "effect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_BIT UINT8_MAX

enum owner_kind {
	OWNER_INFRA,
	OWNER_POOL,
	OWNER_QUARANTINE,
	OWNER_EXCEPTION,
};

void view_open(struct view *v, const struct policy *p, const struct moment *m)
{
	uint8_t bit = (uint8_t)p->set_count;
	size_t i;

	*v = (struct view){.p = p, .m = m, .list_bit = policy_alloc(p->list_count + 1, 1)};
	memset(v->list_bit, NO_BIT, p->list_count + 1);
	for (i = 0; m && i < p->exception_count; i++) {
		const struct exception *e = &p->exceptions[i];

		if (e->has_list && period_holds(&e->grant.when, m->at_s) &&
		    v->list_bit[e->list] == NO_BIT)
			v->list_bit[e->list] = bit++;
	}
}

void view_close(struct view *v)
{
	free(v->list_bit);
}

static uint64_t exception_sets(const struct view *v, const struct exception *e)
{
	return e->sets | (e->has_list ? 1ull << v->list_bit[e->list] : 0);
}

static void nest_grant(struct nest *n, const struct view *v, const struct grant *g, uint8_t side,
		       uint8_t kind, uint32_t index)
{
	size_t i;

	if (!v->m || !period_holds(&g->when, v->m->at_s))
		return;
	for (i = 0; i < g->count; i++)
		nest_add(n, &g->prefixes[i], side, kind, index);
}

void view_nest(const struct view *v, struct nest *n, uint8_t side)
{
	const struct policy *p = v->p;
	size_t i, j;

	for (i = 0; i < p->infra_count; i++) {
		for (j = 0; j < p->infra[i].count; j++)
			nest_add(n, &p->infra[i].prefixes[j], side, OWNER_INFRA, (uint32_t)i);
	}
	for (i = 0; i < p->pool_count; i++) {
		for (j = 0; j < p->pools[i].count; j++)
			nest_add(n, &p->pools[i].prefixes[j], side, OWNER_POOL, (uint32_t)i);
	}
	for (i = 0; i < p->quarantine_count; i++)
		nest_grant(n, v, &p->quarantines[i].grant, side, OWNER_QUARANTINE, (uint32_t)i);
	for (i = 0; i < p->exception_count; i++)
		nest_grant(n, v, &p->exceptions[i].grant, side, OWNER_EXCEPTION, (uint32_t)i);
}

static void owner_except(const struct view *v, uint32_t index, struct owner *o)
{
	uint64_t sets = exception_sets(v, &v->p->exceptions[index]);
	size_t i;

	for (i = 0; i < OWNER_EXCEPTIONS && sets & ~o->excepted; i++) {
		if (o->exceptions[i] >= 0)
			continue;
		o->exceptions[i] = (int)index;
		break;
	}
	o->excepted |= sets;
}

static void owner_take(const struct view *v, const struct nest_entry *e, struct owner *o)
{
	switch (e->kind) {
	case OWNER_INFRA:
		o->infra = (int)e->index;
		return;
	case OWNER_POOL:
		if (o->pool < 0)
			o->pool = (int)e->index;
		return;
	case OWNER_QUARANTINE:
		if (o->quarantine < 0)
			o->quarantine = (int)e->index;
		return;
	default:
		owner_except(v, e->index, o);
	}
}

struct owner owner_of_pool(int pool)
{
	struct owner o = {.infra = -1, .pool = pool, .quarantine = -1};
	size_t i;

	for (i = 0; i < OWNER_EXCEPTIONS; i++)
		o.exceptions[i] = -1;
	return o;
}

struct owner owner_of(const struct view *v, const struct nest_node *node, uint8_t side)
{
	struct owner o = owner_of_pool(-1);
	size_t i;

	for (; node; node = node->parent) {
		for (i = 0; i < node->count; i++) {
			if (node->entries[i].side == side)
				owner_take(v, &node->entries[i], &o);
		}
	}
	return o;
}

// The exception that permits to destinations in sets; NULL: none that can be told.
static const struct grant *permitting(const struct view *v, const struct owner *o, uint64_t sets)
{
	size_t i;

	for (i = 0; i < OWNER_EXCEPTIONS && o->exceptions[i] >= 0; i++) {
		const struct exception *e = &v->p->exceptions[o->exceptions[i]];
		uint64_t of_exception = exception_sets(v, e);

		if (of_exception == OP25B_ANY_SET || (of_exception & sets))
			return &e->grant;
	}
	return NULL;
}

static struct effect effect_plain(uint8_t action)
{
	return (struct effect){.action = action};
}

struct effect effect_of(const struct view *v, const struct owner *o, const struct stage *stage,
			uint64_t sets)
{
	const struct quarantine *q;
	const struct pool *pool;
	bool kept;
	size_t i;

	if (o->infra >= 0)
		return effect_plain(ACTION_PERMIT);
	if (o->pool < 0)
		return effect_plain(v->p->default_action);
	pool = &v->p->pools[o->pool];
	if (o->quarantine >= 0) {
		q = &v->p->quarantines[o->quarantine];
		kept = (sets_on_pool(q->keep, pool) & sets) != 0;
		return (struct effect){.action = kept ? ACTION_PERMIT : q->action,
				       .grant = &q->grant,
				       .is_by_quarantine = true};
	}
	if (o->excepted == OP25B_ANY_SET || (o->excepted & sets))
		return (struct effect){.action = ACTION_PERMIT, .grant = permitting(v, o, sets)};
	for (i = 0; stage && i < stage->clause_count; i++) {
		const struct clause *c = &stage->clauses[i];
		uint64_t of_clause = clause_sets(c, pool);

		if (of_clause == OP25B_ANY_SET || (of_clause & sets))
			return (struct effect){.action = c->action, .as = c->as, .limit = c->limit};
	}
	return effect_plain(ACTION_PERMIT);
}

static bool limit_is_equal(const struct limit *a, const struct limit *b)
{
	return a == b || (!strcmp(a->name, b->name) && a->key == b->key && a->max == b->max &&
			  a->window_s == b->window_s && a->burst == b->burst &&
			  a->hold_s == b->hold_s && a->over == b->over);
}

bool effect_is_equal(const struct effect *a, const struct effect *b)
{
	if (a->action != b->action)
		return false;
	if (a->action == ACTION_MONITOR)
		return a->as == b->as;
	return a->action != ACTION_LIMIT || limit_is_equal(a->limit, b->limit);
}

const char *effect_text(char buf[EFFECT_TEXT_BYTES], const struct effect *e)
{
	if (e->action == ACTION_MONITOR)
		snprintf(buf, EFFECT_TEXT_BYTES, "monitor as %s", action_word(e->as));
	else if (e->action == ACTION_LIMIT)
		snprintf(buf, EFFECT_TEXT_BYTES, "limit %s", e->limit->name);
	else
		snprintf(buf, EFFECT_TEXT_BYTES, "%s", action_word(e->action));
	return buf;
}
