// SPDX-License-Identifier: BSD-3-Clause
//
// Which stage is in force when, and on whom. Pure questions to a policy; whose clock is asked is
// op25bd's matter. What comes next is events.c's.
#include <string.h>

#include "model.h"

int64_t stage_begin(const struct policy *p, const struct stage *s, const struct moment *m)
{
	int64_t opened_s;

	if (s->held || s->when.from_s == POLICY_NEVER)
		return POLICY_NEVER;
	if (!s->gates || !m->opened_s)
		return s->when.from_s;
	opened_s = m->opened_s[s - p->stages];
	return opened_s > s->when.from_s ? opened_s : s->when.from_s;
}

bool stage_is_active(const struct policy *p, const struct stage *s, const struct moment *m)
{
	const struct period when = {stage_begin(p, s, m), s->when.until_s};

	return when.from_s != POLICY_NEVER && period_holds(&when, m->at_s);
}

bool stage_names_pool(const struct stage *s, uint32_t pool)
{
	size_t i;

	for (i = 0; i < s->pool_count; i++) {
		if (s->pools[i] == pool)
			return true;
	}
	return false;
}

bool stage_enforces(const struct stage *s)
{
	size_t i;

	for (i = 0; i < s->clause_count; i++) {
		if (s->clauses[i].action != ACTION_PERMIT && s->clauses[i].action != ACTION_MONITOR)
			return true;
	}
	return false;
}

// The date as it was announced counts: a stage that waited long for its gate does not come back
// over a later one.
static bool is_later(const struct stage *s, const struct stage *than)
{
	return !than || s->when.from_s > than->when.from_s;
}

const struct stage *policy_stage_at(const struct policy *p, uint32_t pool, const struct moment *m)
{
	const struct stage *best = NULL;
	size_t i;

	for (i = 0; i < p->stage_count; i++) {
		const struct stage *s = &p->stages[i];

		if (is_later(s, best) && stage_is_active(p, s, m) && stage_names_pool(s, pool))
			best = s;
	}
	return best;
}

void policy_stages_at(const struct policy *p, const struct moment *m, const struct stage **stages)
{
	size_t i, j;

	memset(stages, 0, p->pool_count * sizeof(struct stage *));
	for (i = 0; i < p->stage_count; i++) {
		const struct stage *s = &p->stages[i];

		if (!stage_is_active(p, s, m))
			continue;
		for (j = 0; j < s->pool_count; j++) {
			if (is_later(s, stages[s->pools[j]]))
				stages[s->pools[j]] = s;
		}
	}
}

const char *policy_active_stage(const struct policy *p, const char *pool, const struct moment *m)
{
	int index = policy_find_pool(p, pool);
	const struct stage *s = index < 0 ? NULL : policy_stage_at(p, (uint32_t)index, m);

	return s ? s->name : NULL;
}

bool stage_is_draining(const struct policy *p, const struct stage *s, const struct moment *m)
{
	int64_t begin_s = stage_begin(p, s, m);

	return s->drain_s && begin_s != POLICY_ALWAYS && begin_s <= m->at_s &&
	       m->at_s - begin_s < s->drain_s;
}

uint64_t sets_on_pool(uint64_t sets, const struct pool *pool)
{
	if (sets == OP25B_ANY_SET || !(sets & POLICY_OWN_RELAY))
		return sets;
	return (sets & ~POLICY_OWN_RELAY) | pool->relay;
}

uint64_t clause_sets(const struct clause *clause, const struct pool *pool)
{
	return sets_on_pool(clause->sets, pool);
}
