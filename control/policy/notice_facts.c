// SPDX-License-Identifier: BSD-3-Clause
//
// What a notice may say: asked of the policy's own clauses, never of its notes. Which pools share a
// fate, when it changes, and what then comes of a connection. Pure questions to a policy.
#include <stdlib.h>

#include "notice_internal.h"
#include "timeline.h"

static struct outcome outcome_of_clause(const struct clause *c)
{
	if (!c)
		return (struct outcome){.reach = REACH_OPEN};
	switch (c->action) {
	case ACTION_PERMIT:
		return (struct outcome){.reach = REACH_OPEN};
	case ACTION_MONITOR:
		return (struct outcome){.reach = REACH_MONITORED};
	case ACTION_LIMIT:
		return (struct outcome){.reach = REACH_LIMITED, .limit = c->limit};
	default:
		return (struct outcome){.reach = REACH_REFUSED,
					.at_once = c->action != ACTION_DROP,
					.silent = c->action == ACTION_DROP};
	}
}

// What comes of a connection to an address in just these sets: the first clause that fits decides,
// and if none does it passes.
static struct outcome outcome_of_sets(const struct pool *pool, const struct stage *s, uint64_t sets)
{
	size_t i;

	for (i = 0; s && i < s->clause_count; i++) {
		uint64_t of_clause = clause_sets(&s->clauses[i], pool);

		if (of_clause == OP25B_ANY_SET || (of_clause & sets))
			return outcome_of_clause(&s->clauses[i]);
	}
	return outcome_of_clause(NULL);
}

bool notice_outcome_is_same(const struct outcome *a, const struct outcome *b)
{
	return a->reach == b->reach && a->limit == b->limit && a->at_once == b->at_once &&
	       a->silent == b->silent;
}

// A prefix of some set on the way through all of them.
struct part {
	struct prefix prefix;
	uint64_t sets;
};

static int compare_parts(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	return prefix_compare(&x->prefix, &y->prefix);
}

static int compare_kinds(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

// All prefixes of all sets, in an order in which what covers comes before what is covered; of one
// prefix in several sets the first has all.
static struct part *sorted_parts(const struct policy *p, size_t *count)
{
	struct part *parts;
	size_t i, j, kept = 0;

	for (i = 0, *count = 0; i < p->set_count; i++)
		*count += p->sets[i].count;
	parts = policy_alloc(*count, sizeof(*parts));
	for (i = 0, *count = 0; i < p->set_count; i++) {
		for (j = 0; j < p->sets[i].count; j++)
			parts[(*count)++] = (struct part){p->sets[i].prefixes[j], 1ull << i};
	}
	qsort(parts, *count, sizeof(*parts), compare_parts);
	for (i = 0; i < *count; i++) {
		if (kept && !compare_parts(&parts[kept - 1], &parts[i]))
			parts[kept - 1].sets |= parts[i].sets;
		else
			parts[kept++] = parts[i];
	}
	*count = kept;
	return parts;
}

void notice_find_places(struct notice *n)
{
	size_t i, count, depth = 0, kept = 0;
	struct part *parts = sorted_parts(n->policy, &count);
	const struct part **around = policy_alloc(count, sizeof(const struct part *));

	n->places = policy_alloc(count, sizeof(*n->places));
	for (i = 0; i < count; i++) {
		while (depth && !prefix_covers(&around[depth - 1]->prefix, &parts[i].prefix))
			depth--;
		if (depth)
			parts[i].sets |= around[depth - 1]->sets;
		around[depth++] = &parts[i];
		n->places[i] = parts[i].sets;
	}
	qsort(n->places, count, sizeof(*n->places), compare_kinds);
	for (i = 0; i < count; i++) {
		if (!kept || n->places[kept - 1] != n->places[i])
			n->places[kept++] = n->places[i];
	}
	n->place_count = kept;
	free(around);
	free(parts);
}

// Several answers become one. Those that differ only in how they feel stay what they are.
struct poll {
	struct outcome outcome;
	bool asked;
};

static void poll_add(struct poll *poll, struct outcome next)
{
	struct outcome *so_far = &poll->outcome;

	if (!poll->asked) {
		*poll = (struct poll){next, true};
	} else if (so_far->reach != next.reach) {
		*so_far = (struct outcome){.reach = REACH_MIXED};
	} else {
		so_far->at_once |= next.at_once;
		so_far->silent |= next.silent;
		if (so_far->limit != next.limit)
			so_far->limit = NULL;
	}
}

struct outcome notice_outcome(const struct notice *n, uint32_t pool, const struct stage *s,
			      int dest)
{
	const struct pool *of = &n->policy->pools[pool];
	const uint64_t asked = dest == DEST_OWN ? of->relay : 1ull << (dest & 63);
	struct poll poll = {0};
	size_t i;

	if (dest == DEST_OTHER)
		return outcome_of_sets(of, s, 0);
	for (i = 0; i < n->place_count; i++) {
		if (n->places[i] & asked)
			poll_add(&poll, outcome_of_sets(of, s, n->places[i]));
	}
	return poll.outcome;
}

bool notice_has_relay(const struct pool *pool)
{
	return pool->has_relay && pool->relay;
}

bool notice_names_set(const struct notice *n, uint32_t pool, const struct stage *s, size_t set)
{
	const struct outcome other = notice_outcome(n, pool, s, DEST_OTHER);
	const struct outcome of_set = notice_outcome(n, pool, s, (int)set);

	return !(n->policy->pools[pool].relay >> set & 1) &&
	       !notice_outcome_is_same(&other, &of_set);
}

// The strongest that can come of a stage. Every clause counts that has any destination at all.
static enum reach strongest(const struct policy *p, uint32_t pool, const struct stage *s)
{
	enum reach most = REACH_OPEN;
	size_t i;

	for (i = 0; s && i < s->clause_count; i++) {
		const struct outcome o = outcome_of_clause(&s->clauses[i]);

		if (clause_sets(&s->clauses[i], &p->pools[pool]) && o.reach > most)
			most = o.reach;
	}
	return most;
}

bool notice_stage_touches(const struct policy *p, uint32_t pool, const struct stage *s)
{
	return strongest(p, pool, s) > REACH_OPEN;
}

bool notice_stage_enforces(const struct policy *p, uint32_t pool, const struct stage *s)
{
	return strongest(p, pool, s) > REACH_MONITORED;
}

static void find_segments(const struct policy *p, uint32_t pool, struct group *timeline)
{
	size_t i, count;
	struct reign *reigns = timeline_of_pool(p, pool, NULL, &count);

	timeline->segments = policy_alloc(count, sizeof(*timeline->segments));
	timeline->segment_count = count;
	for (i = 0; i < count; i++)
		timeline->segments[i] = (struct segment){
			reigns[i].from_s, i + 1 < count ? reigns[i + 1].from_s : POLICY_NEVER,
			reigns[i].stage};
	free(reigns);
}

static void find_held(const struct policy *p, struct group *timelines)
{
	const struct moment m = {0};
	size_t i, j;

	for (i = 0; i < p->stage_count; i++) {
		const struct stage *s = &p->stages[i];

		for (j = 0; stage_begin(p, s, &m) == POLICY_NEVER && j < s->pool_count; j++) {
			struct group *of = &timelines[s->pools[j]];

			of->held = realloc(of->held,
					   (of->held_count + 1) * sizeof(const struct stage *));
			if (!of->held)
				abort();
			of->held[of->held_count++] = s;
		}
	}
}

// One group for each pool.
static struct group *find_timelines(const struct policy *p)
{
	struct group *timelines = policy_alloc(p->pool_count, sizeof(*timelines)), *g;
	uint32_t pool;
	size_t i;

	find_held(p, timelines);
	for (pool = 0; pool < p->pool_count; pool++) {
		g = &timelines[pool];
		find_segments(p, pool, g);
		for (i = 0; i < g->segment_count; i++)
			g->is_touched |= notice_stage_touches(p, pool, g->segments[i].stage);
		for (i = 0; i < g->held_count; i++)
			g->is_touched |= notice_stage_touches(p, pool, g->held[i]);
	}
	return timelines;
}

// Whether a stage means the same to both pools. Relays that are treated alike are alike: each
// customer knows his own.
static bool is_same_effect(const struct notice *n, uint32_t a, uint32_t b, const struct stage *s)
{
	struct outcome x, y;
	size_t i;

	if (notice_has_relay(&n->policy->pools[a])) {
		x = notice_outcome(n, a, s, DEST_OWN);
		y = notice_outcome(n, b, s, DEST_OWN);
		if (!notice_outcome_is_same(&x, &y))
			return false;
	}
	for (i = 0; i < n->policy->set_count; i++) {
		if (notice_names_set(n, a, s, i) != notice_names_set(n, b, s, i))
			return false;
	}
	x = notice_outcome(n, a, s, DEST_OTHER);
	y = notice_outcome(n, b, s, DEST_OTHER);
	return notice_outcome_is_same(&x, &y);
}

static bool is_same_kind_of_pool(const struct pool *a, const struct pool *b)
{
	return notice_has_relay(a) == notice_has_relay(b) && !a->count4 == !b->count4 &&
	       (a->count4 == a->count) == (b->count4 == b->count) &&
	       (a->knobs & KNOB_DROP_INBOUND) == (b->knobs & KNOB_DROP_INBOUND);
}

static bool is_same_fate(const struct notice *n, const struct group *g, const struct group *other,
			 uint32_t pool)
{
	const struct policy *p = n->policy;
	const uint32_t first = g->pools[0];
	size_t i;

	if (g->segment_count != other->segment_count || g->held_count != other->held_count ||
	    !is_same_kind_of_pool(&p->pools[first], &p->pools[pool]))
		return false;
	for (i = 0; i < g->segment_count; i++) {
		const struct segment *a = &g->segments[i], *b = &other->segments[i];

		if (a->from_s != b->from_s || a->stage != b->stage ||
		    !is_same_effect(n, first, pool, a->stage))
			return false;
	}
	for (i = 0; i < g->held_count; i++) {
		if (g->held[i] != other->held[i] || !is_same_effect(n, first, pool, g->held[i]))
			return false;
	}
	return true;
}

static void free_timeline(struct group *g)
{
	free(g->segments);
	free(g->held);
	free(g->pools);
}

void notice_find_groups(struct notice *n)
{
	const struct policy *p = n->policy;
	struct group *timelines = find_timelines(p);
	uint32_t pool;
	size_t i;

	n->groups = policy_alloc(p->pool_count, sizeof(*n->groups));
	for (pool = 0; pool < p->pool_count; pool++) {
		struct group *g = &timelines[pool];

		for (i = 0; i < n->group_count; i++) {
			if (is_same_fate(n, &n->groups[i], g, pool))
				break;
		}
		if (i == n->group_count) {
			g->pools = policy_alloc(p->pool_count, sizeof(*g->pools));
			n->groups[n->group_count++] = *g;
		} else {
			free_timeline(g);
		}
		n->groups[i].pools[n->groups[i].pool_count++] = pool;
	}
	free(timelines);
}

void notice_free_groups(struct notice *n)
{
	size_t i;

	for (i = 0; i < n->group_count; i++)
		free_timeline(&n->groups[i]);
	free(n->groups);
}

const struct segment *notice_segment_now(const struct notice *n, const struct group *g)
{
	size_t i = g->segment_count;

	while (i > 1 && g->segments[i - 1].from_s > n->at.at_s)
		i--;
	return &g->segments[i - 1];
}
