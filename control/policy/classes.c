// SPDX-License-Identifier: BSD-3-Clause
//
// See classes.h. Thousands of exceptions share few classes: customers of one pool who may reach the
// same servers are alike to the judge.
#include "classes.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 64u // parts; a power of two
#define TIME_TEXT_BYTES 64u

// Lists of exceptions in force get the bits after the named sets.
static bool lists_make(struct in_force *f, struct diag *d)
{
	const struct policy *p = f->policy;
	size_t i, count = p->set_count;

	for (i = 0; i < p->exception_count; i++) {
		const struct exception *e = &p->exceptions[i];

		if (!e->has_list || f->list_sets[e->list] ||
		    !period_holds(&e->grant.when, f->moment->at_s))
			continue;
		f->list_sets[e->list] = 1ull << count % OP25B_MAX_SETS;
		count++;
	}
	f->set_count = (uint32_t)count;
	if (count <= OP25B_MAX_SETS)
		return true;
	diag_error(d, "exceptions",
		   "need %zu destination sets at one moment, %zu of them lists of prefixes; at "
		   "most %u are allowed: use named sets, or the same list again",
		   count, count - p->set_count, OP25B_MAX_SETS);
	return false;
}

uint64_t exception_sets(const struct in_force *f, const struct exception *e)
{
	return e->sets == OP25B_ANY_SET ? OP25B_ANY_SET
					: e->sets | (e->has_list ? f->list_sets[e->list] : 0);
}

// Who is in a set that a clause permits is exempt, and worth impersonating.
static uint64_t exempt_sets(const struct in_force *f)
{
	const struct policy *p = f->policy;
	uint64_t exempt = 0, sets;
	size_t i, j;

	for (i = 0; i < p->pool_count; i++) {
		const struct stage *s = f->stages[i];

		for (j = 0; s && j < s->clause_count; j++) {
			sets = clause_sets(&s->clauses[j], &p->pools[i]);
			if (s->clauses[j].action == ACTION_PERMIT && sets != OP25B_ANY_SET)
				exempt |= sets;
		}
	}
	for (i = 0; i < p->exception_count; i++) {
		sets = exception_sets(f, &p->exceptions[i]);
		if (period_holds(&p->exceptions[i].grant.when, f->moment->at_s) &&
		    sets != OP25B_ANY_SET)
			exempt |= sets;
	}
	for (i = 0; i < p->quarantine_count; i++) {
		const struct quarantine *q = &p->quarantines[i];

		if (!q->keep || !period_holds(&q->grant.when, f->moment->at_s))
			continue;
		for (j = 0; j < p->pool_count; j++)
			exempt |= sets_on_pool(q->keep, &p->pools[j]);
	}
	return exempt;
}

bool in_force_make(struct in_force *f, const struct policy *p, const struct moment *m,
		   struct diag *d)
{
	*f = (struct in_force){.policy = p, .moment = m};
	f->stages = policy_alloc(p->pool_count, sizeof(struct stage *));
	f->list_sets = policy_alloc(p->list_count, sizeof(*f->list_sets));
	policy_stages_at(p, m, f->stages);
	if (!lists_make(f, d)) {
		in_force_free(f);
		return false;
	}
	f->exempt = exempt_sets(f);
	return true;
}

void in_force_free(struct in_force *f)
{
	free(f->stages);
	free(f->list_sets);
	*f = (struct in_force){0};
}

void class_parts_init(struct class_parts *parts, const struct policy *p)
{
	*parts =
		(struct class_parts){.policy = p, .room = FIRST_ROOM, .cell_count = 2 * FIRST_ROOM};
	parts->items = policy_alloc(parts->room, sizeof(*parts->items));
	parts->cells = policy_alloc(parts->cell_count, sizeof(*parts->cells));
}

void class_parts_free(struct class_parts *parts)
{
	free(parts->items);
	free(parts->cells);
	*parts = (struct class_parts){0};
}

// The cell of a part, or the empty one where it belongs.
static uint32_t *part_cell(const struct class_parts *parts, const struct class_part *want)
{
	const uint64_t odd = 0x9e3779b97f4a7c15ull; // 2^64 over the golden ratio: spreads
	uint64_t hash = (want->sets * odd ^ ((uint64_t)want->pool << 8 | want->action)) * odd;
	size_t cell = (hash >> 32) & (parts->cell_count - 1);

	while (parts->cells[cell]) {
		const struct class_part *have = &parts->items[parts->cells[cell] - 1];

		if (have->pool == want->pool && have->action == want->action &&
		    have->sets == want->sets)
			break;
		cell = (cell + 1) & (parts->cell_count - 1);
	}
	return &parts->cells[cell];
}

// Twice the room: the hash stays at most half full.
static void parts_grow(struct class_parts *parts)
{
	struct class_part *old = parts->items;
	size_t i;

	parts->room *= 2;
	parts->cell_count *= 2;
	parts->items = policy_alloc(parts->room, sizeof(*parts->items));
	memcpy(parts->items, old, parts->count * sizeof(*old));
	free(old);
	free(parts->cells);
	parts->cells = policy_alloc(parts->cell_count, sizeof(*parts->cells));
	for (i = 0; i < parts->count; i++)
		*part_cell(parts, &parts->items[i]) = (uint32_t)i + 1;
}

size_t classes_count(const struct class_parts *parts)
{
	return policy_infra_class(parts->policy, (uint32_t)parts->policy->infra_count) +
	       parts->count;
}

uint32_t class_parts_class(struct class_parts *parts, uint32_t pool, uint64_t permits,
			   const struct quarantine *q)
{
	struct class_part part = {pool, ACTION_PERMIT, permits};
	uint32_t *cell;

	if (q) {
		part.action = q->action;
		part.sets = sets_on_pool(q->keep, &parts->policy->pools[pool]);
	} else if (!permits) {
		return policy_pool_class(pool);
	}
	cell = part_cell(parts, &part);
	if (!*cell) {
		parts->items[parts->count++] = part;
		*cell = (uint32_t)parts->count;
		if (parts->count == parts->room) {
			parts_grow(parts);
			return (uint32_t)classes_count(parts) - 1;
		}
	}
	return policy_infra_class(parts->policy, (uint32_t)parts->policy->infra_count) + *cell - 1;
}

void classes_refuse(const struct policy *p, size_t count, int64_t at_s, struct diag *d)
{
	char at[TIME_TEXT_BYTES];

	time_print(at, sizeof(at), at_s, p->tz);
	diag_error(d, "exceptions",
		   "need %zu classes of addresses at %s, at most %u are allowed; customers of one "
		   "pool whose exceptions name the same destinations share one",
		   count, at, OP25B_MAX_CLASSES);
}
