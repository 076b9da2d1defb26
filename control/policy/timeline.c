// SPDX-License-Identifier: BSD-3-Clause
//
// See timeline.h. The rule is that of policy_stage_at(), asked at every moment at which its answer
// can change, of the stages of one pool alone.
#include "timeline.h"

#include <stdlib.h>

struct turns {
	const struct stage **stages;
	int64_t *begin_s; // of each
	size_t count;
};

static int moment_compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static const struct stage *stage_then(const struct turns *t, int64_t at_s)
{
	const struct stage *best = NULL;
	size_t i;

	for (i = 0; i < t->count; i++) {
		if (t->begin_s[i] <= at_s && at_s < t->stages[i]->when.until_s &&
		    (!best || t->stages[i]->when.from_s > best->when.from_s))
			best = t->stages[i];
	}
	return best;
}

static void find_turns(const struct policy *p, uint32_t pool, const int64_t *opened_s,
		       struct turns *t)
{
	const struct moment m = {.opened_s = opened_s};
	size_t i;

	t->stages = policy_alloc(p->stage_count + 1, sizeof(const struct stage *));
	t->begin_s = policy_alloc(p->stage_count + 1, sizeof(*t->begin_s));
	for (i = 0; i < p->stage_count; i++) {
		int64_t begin_s = stage_begin(p, &p->stages[i], &m);

		if (begin_s == POLICY_NEVER || !stage_names_pool(&p->stages[i], pool))
			continue;
		t->stages[t->count] = &p->stages[i];
		t->begin_s[t->count++] = begin_s;
	}
}

struct reign *timeline_of_pool(const struct policy *p, uint32_t pool, const int64_t *opened_s,
			       size_t *count)
{
	struct turns t = {0};
	struct reign *reigns;
	int64_t *moments;
	size_t i, moment_count = 0;

	find_turns(p, pool, opened_s, &t);
	moments = policy_alloc(2 * t.count + 1, sizeof(*moments));
	reigns = policy_alloc(2 * t.count + 1, sizeof(*reigns));
	moments[moment_count++] = POLICY_ALWAYS;
	for (i = 0; i < t.count; i++) {
		moments[moment_count++] = t.begin_s[i];
		if (t.stages[i]->when.until_s != POLICY_NEVER)
			moments[moment_count++] = t.stages[i]->when.until_s;
	}
	qsort(moments, moment_count, sizeof(*moments), moment_compare);
	*count = 0;
	for (i = 0; i < moment_count; i++) {
		const struct stage *stage = stage_then(&t, moments[i]);

		if (*count == 0 || reigns[*count - 1].stage != stage)
			reigns[(*count)++] = (struct reign){moments[i], stage};
	}
	free(moments);
	free(t.stages);
	free(t.begin_s);
	return reigns;
}
