// SPDX-License-Identifier: BSD-3-Clause
//
// See judge_rules.h. The longest source prefix has precedence, within it the first clause.
#include "judge_rules.h"

#include "dataplane/core/decide.h"
#include "judge_stop.h"
#include <netinet/in.h>

#define STEPS_PER_DEPTH 64u // room for the clauses of a class, and what comes after them
#define ANY_DEPTH 0u

_Static_assert(OP25B_MAX_CLAUSES + 2 < STEPS_PER_DEPTH, "a class fits between two depths");

struct source {
	uint32_t addr;
	uint32_t depth;
};

static uint32_t depth_mask(uint32_t depth)
{
	return depth ? ~0u << (32 - depth) : 0;
}

static void add(struct rules *r, struct source src, uint32_t dst, uint32_t dst_depth, uint32_t step,
		enum ruling ruling)
{
	if (r->count == r->room) {
		r->room = r->room ? 2 * r->room : 64;
		r->rule = realloc(r->rule, r->room * sizeof(*r->rule));
		if (!r->rule)
			stop("no memory for %u rules", r->room);
	}
	r->rule[r->count++] = (struct rule){
		.src = src.addr,
		.src_mask = depth_mask(src.depth),
		.dst = dst,
		.dst_mask = depth_mask(dst_depth),
		.precedence = (src.depth + 1) * STEPS_PER_DEPTH - step,
		.dport = SMTP_PORT,
		.proto = IPPROTO_TCP,
		.ruling = ruling,
	};
}

static enum ruling clause_ruling(const struct op25b_clause *cl)
{
	if (cl->action == ACTION_LIMIT)
		return RULING_LIMITED;
	return is_refusal(cl->action) ? RULING_DROP : RULING_PASS;
}

static void add_clause(struct rules *r, const struct image_view *v, struct source src,
		       const struct op25b_clause *cl, uint32_t step)
{
	uint32_t i;

	if (cl->sets == OP25B_ANY_SET) {
		add(r, src, 0, ANY_DEPTH, step, clause_ruling(cl));
		return;
	}
	for (i = 0; i < image_view_count(v, SECTION_PREFIX4); i++) {
		const struct op25b_prefix4 *p = &v->prefix4[i];

		if (v->addrs[p->addr_id].sets & cl->sets)
			add(r, src, p->addr, p->depth, step, clause_ruling(cl));
	}
}

static void add_source(struct rules *r, const struct image_view *v, struct source src,
		       const struct op25b_addr *a)
{
	const struct op25b_class *c = &v->classes[a->class_id];
	bool is_believed = c->pairs & 1;
	uint32_t i;

	if (!is_believed || c->knobs & KNOB_INFRA) {
		add(r, src, 0, ANY_DEPTH, 0, is_believed ? RULING_PASS : RULING_DROP);
		return;
	}
	for (i = 0; i < c->clause_count; i++)
		add_clause(r, v, src, &c->clause[i], i);
	// So that no shorter prefix speaks for what no clause is for.
	if (!i || c->clause[i - 1].sets != OP25B_ANY_SET)
		add(r, src, 0, ANY_DEPTH, i, RULING_PASS);
}

static int compare(const void *left, const void *right)
{
	const struct rule *a = left, *b = right;

	return a->precedence < b->precedence ? 1 : -(a->precedence > b->precedence);
}

void rules_make(struct rules *r, const struct image_view *v)
{
	uint32_t i;

	*r = (struct rules){0};
	for (i = 0; i < image_view_count(v, SECTION_PREFIX4); i++) {
		const struct op25b_prefix4 *p = &v->prefix4[i];

		add_source(r, v, (struct source){p->addr, p->depth}, &v->addrs[p->addr_id]);
	}
	add_source(r, v, (struct source){0, ANY_DEPTH}, &v->addrs[0]);
	qsort(r->rule, r->count, sizeof(*r->rule), compare);
}

void rules_free(struct rules *r)
{
	free(r->rule);
}

enum ruling rules_of_reason(uint8_t reason)
{
	switch (reason) {
	case REASON_PASS_WITHIN_LIMIT:
	case REASON_DROP_LIMIT_OVER:
	case REASON_DROP_LIMIT_HELD:
	case REASON_DROP_LIMIT_BUSY:
	case REASON_ANSWER_LIMIT:
	case REASON_ANSWER_LIMIT_ICMP:
		return RULING_LIMITED;
	default:
		return reason_verdict(reason) == VERDICT_PASS ? RULING_PASS : RULING_DROP;
	}
}
