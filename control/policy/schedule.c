// SPDX-License-Identifier: BSD-3-Clause
//
// Which stage is in force when. Pure questions to a policy; whose clock is asked is op25bd's
// matter.
#include <string.h>

#include "model.h"

static bool stage_names(const struct stage *s, uint32_t pool)
{
	size_t i;

	for (i = 0; i < s->pool_count; i++) {
		if (s->pools[i] == pool)
			return true;
	}
	return false;
}

const struct stage *policy_stage_at(const struct policy *p, uint32_t pool, int64_t at_s)
{
	const struct stage *best = NULL;
	size_t i;

	for (i = 0; i < p->stage_count; i++) {
		const struct stage *s = &p->stages[i];

		if (s->from_s <= at_s && (!best || s->from_s > best->from_s) &&
		    stage_names(s, pool))
			best = s;
	}
	return best;
}

bool policy_next_change(const struct policy *p, int64_t after_s, int64_t *when_s)
{
	bool found = false;
	size_t i;

	for (i = 0; i < p->stage_count; i++) {
		int64_t from_s = p->stages[i].from_s;

		if (from_s > after_s && (!found || from_s < *when_s)) {
			*when_s = from_s;
			found = true;
		}
	}
	return found;
}

const char *policy_active_stage(const struct policy *p, const char *pool, int64_t at_s)
{
	int index = policy_find_pool(p, pool);
	const struct stage *s = index < 0 ? NULL : policy_stage_at(p, (uint32_t)index, at_s);

	return s ? s->id : NULL;
}
