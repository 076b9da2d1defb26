// SPDX-License-Identifier: BSD-3-Clause
//
// Warnings: what a policy may say, but what its author surely did not mean. Runs only on a policy
// without errors.
#include <stdio.h>
#include <stdlib.h>

#include "../../dataplane/core/refusal.h"
#include "../reader/reader.h"
#include "model.h"

static const char *clause_place(char buf[READER_PLACE_BYTES], const struct stage *s, size_t index)
{
	char at[READER_PLACE_BYTES];

	return reader_place_index(buf, reader_place(at, s->place, "port25"), index);
}

static void lint_empty_sets(const struct policy *p, const struct stage *s, size_t index,
			    struct diag *d)
{
	uint64_t sets = s->clauses[index].sets;
	char place[READER_PLACE_BYTES], at[READER_PLACE_BYTES];
	size_t i, prefixes = 0;

	if (sets == OP25B_ANY_SET)
		return;
	for (i = 0; i < p->set_count; i++) {
		if (sets >> i & 1)
			prefixes += p->sets[i].count;
	}
	if (!prefixes)
		diag_warning(d, reader_place(at, clause_place(place, s, index), "to"),
			     "names only empty sets: the clause never matches");
}

// A clause is never reached if each of its destinations was taken by a clause before it.
static void lint_clauses(const struct policy *p, const struct stage *s, struct diag *d)
{
	char place[READER_PLACE_BYTES];
	uint64_t taken = 0;
	size_t i;

	for (i = 0; i < s->clause_count; i++) {
		lint_empty_sets(p, s, i, d);
		if (!(s->clauses[i].sets & ~taken))
			diag_warning(d, clause_place(place, s, i),
				     "is never reached: the clauses before it take every "
				     "destination it names");
		taken |= s->clauses[i].sets;
	}
}

static bool stage_blocks(const struct stage *s)
{
	size_t i;

	for (i = 0; i < s->clause_count; i++) {
		if (is_refusal(s->clauses[i].action))
			return true;
	}
	return false;
}

static void lint_blocked_pool(const struct stage *s, const struct pool *pool, struct diag *d)
{
	char place[READER_PLACE_BYTES];

	reader_place(place, "pools", pool->name);
	if (pool->count4 && pool->count4 == pool->count)
		diag_warning(d, place,
			     "is blocked by %s, but has no IPv6 prefix: its mail over IPv6 is not "
			     "judged",
			     s->place);
	if (pool->kind == POOL_FIXED)
		diag_warning(
			d, place,
			"is of kind \"fixed\", but blocked by %s: the usual legal basis covers "
			"dynamic addresses only",
			s->place);
}

// A subscriber behind a softwire is known by the outer, IPv6, address.
static void lint_softwires(const struct policy *p, struct diag *d)
{
	size_t i;

	for (i = 0; i < p->pool_count; i++) {
		if (p->pools[i].count > p->pools[i].count4)
			return;
	}
	if (p->softwire_count)
		diag_warning(d, "softwires",
			     "are opened for nobody: no pool has an IPv6 prefix, and that is what "
			     "a subscriber behind one is known by");
}

void policy_check_lint(const struct policy *p, struct diag *d)
{
	bool *told = policy_alloc(p->pool_count, sizeof(*told));
	size_t i, j;

	lint_softwires(p, d);
	for (i = 0; i < p->stage_count; i++) {
		const struct stage *s = &p->stages[i];

		lint_clauses(p, s, d);
		for (j = 0; stage_blocks(s) && j < s->pool_count; j++) {
			if (!told[s->pools[j]])
				lint_blocked_pool(s, &p->pools[s->pools[j]], d);
			told[s->pools[j]] = true;
		}
	}
	free(told);
}
