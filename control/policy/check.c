// SPDX-License-Identifier: BSD-3-Clause
//
// Judges what no single key can show: two stages of a pool at one moment, figures that do not fit
// the image. Overlaps are check_overlap.c's, well-formed nonsense is check_lint.c's.
#include <stdio.h>
#include <stdlib.h>

#include "../reader/reader.h"
#include "model.h"
#include "slots.h"

#define MAX_TOLERANCE_S (366 * 86400)

// One pool of one stage.
struct start {
	uint32_t pool;
	uint32_t stage;
	int64_t from_s;
};

static int start_compare(const void *a, const void *b)
{
	const struct start *x = a, *y = b;

	if (x->pool != y->pool)
		return x->pool < y->pool ? -1 : 1;
	if (x->from_s != y->from_s)
		return x->from_s < y->from_s ? -1 : 1;
	return x->stage < y->stage ? -1 : x->stage > y->stage;
}

// The latest stage of a pool replaces the earlier ones: of two that start together neither is.
static void check_starts(const struct policy *p, struct diag *d)
{
	size_t i, j, count = 0;
	struct start *starts;
	char at[READER_PLACE_BYTES];

	for (i = 0; i < p->stage_count; i++)
		count += p->stages[i].pool_count;
	starts = policy_alloc(count, sizeof(*starts));
	for (i = 0, count = 0; i < p->stage_count; i++) {
		for (j = 0; j < p->stages[i].pool_count; j++)
			starts[count++] = (struct start){p->stages[i].pools[j], (uint32_t)i,
							 p->stages[i].from_s};
	}
	qsort(starts, count, sizeof(*starts), start_compare);
	for (i = 1; i < count; i++) {
		const struct start *a = &starts[i - 1], *b = &starts[i];

		if (a->pool == b->pool && a->from_s == b->from_s && b->from_s != POLICY_UNREADABLE)
			diag_error(d, reader_place(at, p->stages[b->stage].place, "from"),
				   "is the same moment as in %s for pool \"%s\": one of the two "
				   "must come later",
				   p->stages[a->stage].place, p->pools[b->pool].name);
	}
	free(starts);
}

static void check_limits(const struct policy *p, struct diag *d)
{
	char place[READER_PLACE_BYTES], at[READER_PLACE_BYTES];
	size_t i;

	for (i = 0; i < p->limit_count; i++) {
		const struct limit *l = &p->limits[i];
		uint64_t ahead_s = (uint64_t)(l->burst - 1) * l->window_s / l->max;

		if (ahead_s <= MAX_TOLERANCE_S)
			continue;
		reader_place(place, "limits", l->name);
		diag_error(d, reader_place(at, place, "burst"),
			   "%u takes %llu days to earn back at %u per %u seconds; at most 366 days "
			   "are allowed",
			   l->burst, (unsigned long long)ahead_s / 86400, l->max, l->window_s);
	}
}

static void check_prefix_counts(const struct policy *p, struct diag *d)
{
	static const char *const names[FAMILY_COUNT] = {"", "IPv4", "IPv6"};
	size_t count[FAMILY_COUNT] = {0};
	size_t i, j;

	for (i = 0; i < p->pool_count; i++) {
		for (j = 0; j < p->pools[i].count; j++)
			count[p->pools[i].prefixes[j].family]++;
	}
	for (i = 0; i < p->set_count; i++) {
		for (j = 0; j < p->sets[i].count; j++)
			count[p->sets[i].prefixes[j].family]++;
	}
	for (i = FAMILY_IP4; i < FAMILY_COUNT; i++) {
		if (count[i] > OP25B_MAX_PREFIXES)
			diag_error(d, "", "has %zu %s prefixes, at most %u are allowed", count[i],
				   names[i], OP25B_MAX_PREFIXES);
	}
}

// Stages to come count too: a policy that does not fit is refused when it is loaded, not at
// midnight.
static void mark_slot_users(struct policy *p)
{
	size_t i, j, k;

	for (i = 0; i < p->stage_count; i++) {
		const struct stage *s = &p->stages[i];
		bool limits = false;

		for (j = 0; j < s->clause_count; j++)
			limits = limits || s->clauses[j].action == ACTION_LIMIT;
		for (k = 0; limits && k < s->pool_count; k++)
			p->pools[s->pools[k]].uses_slots = true;
	}
}

static void check_slots(const struct policy *p, struct diag *d)
{
	uint64_t need = slots_needed(p);

	if (need > OP25B_MAX_SLOTS)
		diag_error(
			d, "pools",
			"need %llu subscriber slots for their limits, at most %u are allowed: use "
			"shorter keys (\"v4_key\", \"v6_key\") or limit smaller pools",
			(unsigned long long)need, OP25B_MAX_SLOTS);
}

void policy_check(struct policy *p, struct diag *d)
{
	check_prefix_counts(p, d);
	policy_check_overlaps(p, d);
	policy_check_softwires(p, d);
	check_starts(p, d);
	check_limits(p, d);
	mark_slot_users(p);
	check_slots(p, d);
	if (!diag_is_refused(d))
		policy_check_lint(p, d);
}
