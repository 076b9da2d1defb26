// SPDX-License-Identifier: BSD-3-Clause
//
// "Who is affected": how each group stands at the moment of the notice, and who is left alone.
#include <stdlib.h>

#include "notice_internal.h"

// How a group stands at the moment, to the word.
static const char *say_standing(struct notice *n, const struct group *g)
{
	const struct segment *now = notice_segment_now(n, g), *s;
	const char *label = g->label, *from;
	const struct policy *p = n->policy;
	const uint32_t pool = g->pools[0];
	size_t i;

	if (notice_stage_enforces(p, pool, now->stage))
		return notice_say(n, TEXT_WHO_NOW, "label", label, NULL);
	for (s = now + 1; s < g->segments + g->segment_count; s++) {
		if (notice_stage_enforces(p, pool, s->stage)) {
			from = notice_say(n,
					  notice_is_rolling(s) ? TEXT_FROM_ROLLING : TEXT_FROM_DATE,
					  "date", notice_begin(n, s), NULL);
			return notice_say(n, TEXT_WHO_LATER, "label", label, "from", from, NULL);
		}
	}
	for (i = 0; i < g->held_count; i++) {
		if (notice_stage_enforces(p, pool, g->held[i]))
			return notice_say(n, TEXT_WHO_HELD, "label", label, NULL);
	}
	for (s = g->segments; s < now; s++) {
		if (notice_stage_enforces(p, pool, s->stage))
			return notice_say(n, TEXT_WHO_PAST, "label", label, NULL);
	}
	return notice_say(n, TEXT_WHO_COUNTED, "label", label, NULL);
}

static void add_pool_notices(struct notice *n, const struct group *g)
{
	size_t i;

	for (i = 0; i < g->pool_count; i++) {
		const struct pool *pool = &n->policy->pools[g->pools[i]];
		const char *words = notice_words(n, pool->doc, "notice");

		if (words)
			notice_add(n, BLOCK_QUOTE, words);
	}
}

// Whoever no stage restricts, each by his own name, and each name once.
static void add_untouched(struct notice *n, const struct group *g)
{
	const char **said = policy_alloc(g->pool_count, sizeof(*said));
	size_t i, count = 0;

	for (i = 0; i < g->pool_count; i++) {
		const char *label = notice_pool_label(n, g, g->pools[i]);
		const char *words = notice_words(n, n->policy->pools[g->pools[i]].doc, "notice");

		if (!notice_is_listed((const char *const *)said, count, label)) {
			notice_add(n, BLOCK_ITEM,
				   notice_say(n, TEXT_WHO_NEVER, "label", label, NULL));
			said[count++] = label;
		}
		if (words)
			notice_add(n, BLOCK_QUOTE, words);
	}
	free(said);
}

static bool has_exceptions(const struct notice *n)
{
	size_t i;

	for (i = 0; i < n->policy->exception_count; i++) {
		if (n->policy->exceptions[i].grant.when.until_s > n->at.at_s)
			return true;
	}
	return false;
}

void notice_add_who(struct notice *n)
{
	size_t i;

	notice_add(n, BLOCK_HEADING, notice_text(TEXT_HEAD_WHO, n->lang));
	for (i = 0; i < n->group_count; i++) {
		if (!n->groups[i].is_touched)
			continue;
		notice_add(n, BLOCK_ITEM, say_standing(n, &n->groups[i]));
		add_pool_notices(n, &n->groups[i]);
	}
	for (i = 0; i < n->group_count; i++) {
		if (!n->groups[i].is_touched)
			add_untouched(n, &n->groups[i]);
	}
	notice_add(n, BLOCK_ITEM, notice_text(TEXT_WHO_ELSEWHERE, n->lang));
	notice_add(n, BLOCK_ITEM, notice_text(TEXT_WHO_WEB, n->lang));
	if (n->policy->infra_count)
		notice_add(n, BLOCK_ITEM, notice_text(TEXT_WHO_INFRA, n->lang));
	if (has_exceptions(n))
		notice_add(n, BLOCK_ITEM, notice_text(TEXT_WHO_EXCEPTIONS, n->lang));
}
