// SPDX-License-Identifier: BSD-3-Clause
//
// Stages that contradict each other, or what is known of their pools.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../dataplane/core/refusal.h"
#include "check_internal.h"
#include "parse_internal.h"

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
							 p->stages[i].when.from_s};
	}
	qsort(starts, count, sizeof(*starts), start_compare);
	for (i = 1; i < count; i++) {
		const struct start *a = &starts[i - 1], *b = &starts[i];

		if (a->pool == b->pool && a->from_s == b->from_s && b->from_s != POLICY_NEVER)
			diag_error(d, reader_place(at, p->stages[b->stage].place, "from"),
				   "is the same moment as in %s for pool \"%s\": one of the two "
				   "must come later",
				   p->stages[a->stage].place, p->pools[b->pool].name);
	}
	free(starts);
}

static bool is_acknowledged(const struct stage *s, const char *key)
{
	return json_object_get(json_object_get(s->doc, "acknowledge"), key);
}

static void check_precision(const struct stage *s, struct diag *d)
{
	bool is_month = s->precision == PRECISION_MONTH;
	char at[READER_PLACE_BYTES];

	if (s->when.from_s != POLICY_NEVER && (is_month || s->precision == PRECISION_YEAR) &&
	    stage_enforces(s) && !is_acknowledged(s, "precision"))
		diag_error(d, reader_place(at, s->place, "precision"),
			   "\"%s\" is too vague for a stage that refuses or limits: nobody was "
			   "told the day; if that is meant, say why in \"acknowledge\": "
			   "{\"precision\": \"...\"}",
			   is_month ? "month" : "year");
}

bool stage_refuses(const struct stage *s)
{
	size_t i;

	for (i = 0; i < s->clause_count; i++) {
		if (is_refusal(s->clauses[i].action))
			return true;
	}
	return false;
}

bool stage_monitors(const struct stage *s)
{
	size_t i;

	for (i = 0; i < s->clause_count; i++) {
		if (s->clauses[i].action == ACTION_MONITOR)
			return true;
	}
	return false;
}

static void check_fixed(const struct policy *p, const struct stage *s, struct diag *d)
{
	char list[PARSE_LIST_BYTES] = "", at[READER_PLACE_BYTES];
	size_t i;

	if (!stage_refuses(s) || is_acknowledged(s, "fixed"))
		return;
	for (i = 0; i < s->pool_count; i++) {
		if (p->pools[s->pools[i]].kind == POOL_FIXED)
			parse_list_add(list, p->pools[s->pools[i]].name);
	}
	if (list[0])
		diag_error(d, reader_place(at, s->place, "pools"),
			   "%s: of kind \"fixed\", and the usual legal basis for refusing covers "
			   "dynamic addresses only; if it is meant, say why in \"acknowledge\": "
			   "{\"fixed\": \"...\"}",
			   list);
}

// "stages.block.port25[1].to"
static const char *clause_key_place(char buf[READER_PLACE_BYTES], const struct stage *s,
				    size_t clause, const char *key)
{
	char list[READER_PLACE_BYTES], item[READER_PLACE_BYTES];

	reader_place_index(item, reader_place(list, s->body_place, "port25"), clause);
	return reader_place(buf, item, key);
}

static void check_own_relay(const struct policy *p, const struct stage *s, size_t clause,
			    struct diag *d)
{
	uint64_t sets = s->clauses[clause].sets;
	char list[PARSE_LIST_BYTES] = "", at[READER_PLACE_BYTES];
	size_t i;

	if (sets == OP25B_ANY_SET || !(sets & POLICY_OWN_RELAY))
		return;
	for (i = 0; i < s->pool_count; i++) {
		if (!p->pools[s->pools[i]].has_relay)
			parse_list_add(list, p->pools[s->pools[i]].name);
	}
	if (list[0])
		diag_error(d, clause_key_place(at, s, clause, "to"),
			   "\"own_relay\" needs the key \"relay\" ([] if there is none) in every "
			   "pool of the stage; it is missing in %s",
			   list);
}

// What a limit cannot tell apart in a pool; NULL: it can.
static const char *limit_fault(const struct limit *l, const struct pool *pool)
{
	if (l->key == LIMIT_KEY_PSID)
		return pool->psid_bits ? NULL
				       : "\"key\": \"psid\" needs pools with \"psid\", which is "
					 "missing in";
	if (pool->psid_bits)
		return "subscribers who share addresses can be limited by \"key\": \"psid\" "
		       "only; that is so in";
	if (l->key == LIMIT_KEY_ADDRESS && pool->count4 && pool->v4_key != 32)
		return "\"key\": \"address\" needs \"v4_key\": 32 (or use \"key\": "
		       "\"prefix\"), which is otherwise in";
	return NULL;
}

static void check_limit_keys(const struct policy *p, const struct stage *s, size_t clause,
			     struct diag *d)
{
	const struct limit *l = s->clauses[clause].limit;
	char at[READER_PLACE_BYTES];
	const char *fault;
	size_t i;

	for (i = 0; l && i < s->pool_count; i++) {
		const struct pool *pool = &p->pools[s->pools[i]];

		fault = limit_fault(l, pool);
		if (fault)
			diag_error(d, clause_key_place(at, s, clause, "limit"), "\"%s\": %s \"%s\"",
				   l->name, fault, pool->name);
	}
}

void check_stages(const struct policy *p, struct diag *d)
{
	size_t i, j;

	check_starts(p, d);
	for (i = 0; i < p->stage_count; i++) {
		const struct stage *s = &p->stages[i];

		check_precision(s, d);
		check_fixed(p, s, d);
		for (j = 0; j < s->clause_count; j++) {
			check_own_relay(p, s, j, d);
			check_limit_keys(p, s, j, d);
		}
	}
}
