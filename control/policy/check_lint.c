// SPDX-License-Identifier: BSD-3-Clause
//
// Warnings: what a policy may say, but what its author surely did not mean. Runs only on a policy
// without errors.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_internal.h"

#define DAY_S 86400

static const char *clause_place(char buf[READER_PLACE_BYTES], const struct stage *s, size_t index)
{
	char at[READER_PLACE_BYTES];

	return reader_place_index(buf, reader_place(at, s->body_place, "port25"), index);
}

static void lint_empty_sets(const struct policy *p, const struct stage *s, size_t index,
			    struct diag *d)
{
	uint64_t sets = s->clauses[index].sets;
	char place[READER_PLACE_BYTES], at[READER_PLACE_BYTES];
	size_t i, prefixes = 0;

	if (sets & POLICY_OWN_RELAY) // "any", too
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

static void lint_blocked_pool(const struct stage *s, const struct pool *pool, struct diag *d)
{
	char place[READER_PLACE_BYTES];

	reader_place(place, "pools", pool->name);
	if (pool->count4 && pool->count4 == pool->count)
		diag_warning(d, place,
			     "is blocked by %s, but has no IPv6 prefix: its mail over IPv6 is not "
			     "judged",
			     s->place);
}

static bool is_vague(const struct stage *s)
{
	return s->precision == PRECISION_MONTH || s->precision == PRECISION_YEAR;
}

// What was acknowledged, but is not so: of the waves first[0] to first[count - 1].
static void lint_acknowledge(const struct policy *p, const struct stage *first, size_t count,
			     struct diag *d)
{
	const json_t *given = json_object_get(first->doc, "acknowledge");
	char place[READER_PLACE_BYTES], at[READER_PLACE_BYTES];
	bool vague = false, fixed = false;
	size_t i, j;

	for (i = 0; i < count; i++) {
		vague = vague || is_vague(&first[i]);
		for (j = 0; j < first[i].pool_count; j++)
			fixed = fixed || p->pools[first[i].pools[j]].kind == POOL_FIXED;
	}
	reader_place(place, first->body_place, "acknowledge");
	if (json_object_get(given, "precision") && !(vague && stage_enforces(first)))
		diag_warning(d, reader_place(at, place, "precision"),
			     "is not needed: the stage has no date of a month or year that it "
			     "enforces");
	if (json_object_get(given, "fixed") && !(fixed && stage_refuses(first)))
		diag_warning(
			d, reader_place(at, place, "fixed"),
			"is not needed: the stage refuses nothing to a pool of kind \"fixed\"");
}

static void lint_when(const struct stage *s, struct diag *d)
{
	char at[READER_PLACE_BYTES];

	if (s->held && !s->announced.given)
		diag_warning(d, reader_place(at, s->place, "hold"),
			     "is true, but \"announced\" does not say what customers were told");
	if (s->announced.given && s->when.from_s != POLICY_NEVER &&
	    (s->when.from_s < s->announced.not_before_s ||
	     s->when.from_s >= s->announced.not_after_s))
		diag_warning(d, reader_place(at, s->place, "from"),
			     "lies outside of what was announced");
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

static void lint_stages(const struct policy *p, struct diag *d)
{
	bool *told = policy_alloc(p->pool_count, sizeof(*told));
	size_t i, j, count = 1;

	for (i = 0; i < p->stage_count; i++) {
		const struct stage *s = &p->stages[i];

		lint_when(s, d);
		for (j = 0; stage_refuses(s) && j < s->pool_count; j++) {
			if (!told[s->pools[j]])
				lint_blocked_pool(s, &p->pools[s->pools[j]], d);
			told[s->pools[j]] = true;
		}
		// The last wave of a stage: the rest is of them all.
		if (i + 1 < p->stage_count && s[1].index == s->index) {
			count++;
			continue;
		}
		lint_clauses(p, s, d);
		lint_acknowledge(p, s + 1 - count, count, d);
		count = 1;
	}
	free(told);
}

// A stage that has to run longer than it is in force.
static void lint_gate_days(const struct policy *p, const struct policy_gate *g, struct diag *d)
{
	char place[READER_PLACE_BYTES], at[READER_PLACE_BYTES];
	size_t i;

	if (g->check != GATE_MONITOR_RAN)
		return;
	for (i = 0; i < p->stage_count; i++) {
		const struct stage *s = &p->stages[i];
		const struct period *when = &s->when;

		if (strcmp(s->id, g->stage) || s->held || when->from_s == POLICY_ALWAYS ||
		    when->until_s == POLICY_NEVER ||
		    when->until_s - when->from_s >= (int64_t)g->days * DAY_S)
			continue;
		reader_place(at, reader_place(place, "gates", g->name), "days");
		diag_warning(d, at, "is longer than %s is in force: the gate never opens",
			     s->place);
		return;
	}
}

static void lint_gates(const struct policy *p, struct diag *d)
{
	size_t i;

	for (i = 0; i < p->gate_count; i++)
		lint_gate_days(p, &p->gates[i], d);
}

void policy_lint(const struct policy *p, struct diag *d)
{
	lint_softwires(p, d);
	lint_stages(p, d);
	lint_gates(p, d);
	lint_unused(p, d);
}
