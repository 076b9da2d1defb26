// SPDX-License-Identifier: BSD-3-Clause
//
// The who-is-affected chart as questions and answers, and what else follows from who reaches which
// servers on port 25: now, and as far as the policy looks ahead.
#include <stdlib.h>

#include "notice_internal.h"

// Being counted is no difference to a customer.
static enum reach felt(const struct outcome *o)
{
	return o->reach == REACH_MONITORED ? REACH_OPEN : o->reach;
}

// The stages of a group that are in force now or come later: dated ones, then held ones.
struct outlook {
	const struct segment *next, *end;
	size_t held;
};

static struct outlook outlook_from_now(const struct notice *n, const struct group *g)
{
	return (struct outlook){notice_segment_now(n, g), g->segments + g->segment_count, 0};
}

// The next of them; *segment is NULL for a held one, *stage for a time without restriction.
static bool outlook_next(struct outlook *o, const struct group *g, const struct segment **segment,
			 const struct stage **stage)
{
	if (o->next < o->end) {
		*segment = o->next++;
		*stage = (*segment)->stage;
		return true;
	}
	if (o->held == g->held_count)
		return false;
	*segment = NULL;
	*stage = g->held[o->held++];
	return true;
}

// The strongest of what comes of connections to dest from now on.
static enum reach worst(const struct notice *n, const struct group *g, int dest)
{
	struct outlook look = outlook_from_now(n, g);
	const struct segment *segment;
	enum reach most = REACH_OPEN;
	const struct stage *stage;

	while (outlook_next(&look, g, &segment, &stage)) {
		const struct outcome o = notice_outcome(n, g->pools[0], stage, dest);

		if (felt(&o) > most)
			most = felt(&o);
	}
	return most;
}

static bool has_named_set(const struct notice *n, const struct group *g, size_t set)
{
	struct outlook look = outlook_from_now(n, g);
	const struct segment *segment;
	const struct stage *stage;

	while (outlook_next(&look, g, &segment, &stage)) {
		if (notice_names_set(n, g->pools[0], stage, set))
			return true;
	}
	return false;
}

static bool has_named_sets(const struct notice *n, const struct group *g)
{
	size_t i;

	for (i = 0; i < n->policy->set_count; i++) {
		if (has_named_set(n, g, i))
			return true;
	}
	return false;
}

static enum notice_text held_text(enum reach reach)
{
	if (reach == REACH_MIXED)
		return TEXT_LEAF_HELD_MIXED;
	return reach == REACH_LIMITED ? TEXT_LEAF_HELD_LIMITED : TEXT_LEAF_HELD;
}

static const char *say_change(struct notice *n, const struct segment *segment, enum reach reach)
{
	const char *from;

	if (!segment && reach == REACH_OPEN)
		return "";
	if (!segment)
		return notice_text(held_text(reach), n->lang);
	from = notice_say(n, notice_is_rolling(segment) ? TEXT_FROM_ROLLING : TEXT_FROM_DATE,
			  "date", notice_begin(n, segment), NULL);
	return notice_say(n, (enum notice_text)(TEXT_LEAF + 2 * (uint32_t)reach + 1), "from", from,
			  NULL);
}

// What comes of sending to dest on port 25 now, and each time that changes.
static const char *say_leaf(struct notice *n, const struct group *g, int dest)
{
	struct outlook look = outlook_from_now(n, g);
	const struct segment *segment = NULL;
	const struct stage *stage = NULL; // there is a segment that is now
	const char *leaf, *change;
	enum reach before;
	struct outcome o;

	outlook_next(&look, g, &segment, &stage);
	o = notice_outcome(n, g->pools[0], stage, dest);
	before = felt(&o);
	leaf = notice_text((enum notice_text)(TEXT_LEAF + 2 * (uint32_t)o.reach), n->lang);
	while (outlook_next(&look, g, &segment, &stage)) {
		o = notice_outcome(n, g->pools[0], stage, dest);
		if (felt(&o) == before)
			continue;
		before = felt(&o);
		change = say_change(n, segment, before);
		if (*change)
			leaf = notice_say(n, TEXT_SENTENCES, "a", leaf, "b", change, NULL);
	}
	return leaf;
}

// The same with what to do, if sending ends.
static const char *say_leaf_advised(struct notice *n, const struct group *g, int dest,
				    enum notice_text advice)
{
	const char *leaf = say_leaf(n, g, dest);

	if (worst(n, g, dest) < REACH_REFUSED)
		return leaf;
	return notice_say(n, TEXT_SENTENCES, "a", leaf, "b", notice_text(advice, n->lang), NULL);
}

bool notice_keeps_relays(const struct notice *n)
{
	bool found = false;
	size_t i;

	for (i = 0; i < n->group_count; i++) {
		const struct group *g = &n->groups[i];

		if (!g->is_touched || !notice_has_relay(&n->policy->pools[g->pools[0]]))
			continue;
		if (worst(n, g, DEST_OWN) > REACH_OPEN)
			return false;
		found = true;
	}
	return found;
}

void notice_add_open(struct notice *n)
{
	size_t i;

	notice_add(n, BLOCK_HEADING, notice_text(TEXT_HEAD_OPEN, n->lang));
	notice_add(n, BLOCK_ITEM, notice_text(TEXT_OPEN_SUBMISSION, n->lang));
	for (i = 0; i < n->group_count; i++) {
		const struct group *g = &n->groups[i];

		if (!g->is_touched || !notice_has_relay(&n->policy->pools[g->pools[0]]))
			continue;
		notice_add(n, BLOCK_ITEM,
			   notice_say(n, TEXT_OPEN_OWN, "label", g->label, "leaf",
				      say_leaf(n, g, DEST_OWN), NULL));
	}
	notice_add(n, BLOCK_ITEM, notice_text(TEXT_OPEN_WEB, n->lang));
	notice_add(n, BLOCK_ITEM, notice_text(TEXT_OPEN_REST, n->lang));
}

static void add_answer(struct notice *n, const char *answer, const char *leaf)
{
	notice_add(n, BLOCK_ITEM, notice_say(n, TEXT_ANSWER, "answer", answer, "leaf", leaf, NULL));
}

static const char *say_go_to(struct notice *n, uint32_t question)
{
	return notice_say(n, TEXT_GO_TO, "n", notice_number(n, question), NULL);
}

static void add_question(struct notice *n, enum notice_text id, uint32_t number, const char *label)
{
	notice_add(n, BLOCK_QUESTION,
		   notice_say(n, id, "n", notice_number(n, number), "label", label, NULL));
}

// One answer for each group that is touched, one for each name among the others.
static void add_access_answers(struct notice *n, uint32_t next_question)
{
	size_t i, j;

	for (i = 0; i < n->group_count; i++) {
		if (n->groups[i].is_touched)
			add_answer(n, n->groups[i].label, say_go_to(n, next_question++));
	}
	for (i = 0; i < n->group_count; i++) {
		const struct group *g = &n->groups[i];

		for (j = 0; !g->is_touched && j < g->pool_count; j++)
			add_answer(n, notice_pool_label(n, g, g->pools[j]),
				   notice_text(TEXT_LEAF_NEVER, n->lang));
	}
	add_answer(n, notice_text(TEXT_ANSWER_ELSEWHERE, n->lang),
		   notice_text(TEXT_LEAF_ELSEWHERE, n->lang));
}

static void add_server_answers(struct notice *n, const struct group *g)
{
	const bool has_relay = notice_has_relay(&n->policy->pools[g->pools[0]]);
	const enum notice_text others = has_named_sets(n, g) ? TEXT_ANSWER_REST
					: has_relay          ? TEXT_ANSWER_OTHERS
							     : TEXT_ANSWER_ANY;
	const char *head = notice_text(TEXT_HEAD_SERVERS, n->lang);
	size_t i;

	add_answer(n, notice_text(TEXT_ANSWER_587, n->lang), notice_text(TEXT_LEAF_587, n->lang));
	if (has_relay)
		add_answer(n, notice_text(TEXT_ANSWER_OWN, n->lang),
			   say_leaf_advised(n, g, DEST_OWN, TEXT_ADVICE_OWN));
	for (i = 0; i < n->policy->set_count; i++) {
		if (has_named_set(n, g, i))
			add_answer(
				n,
				notice_say(n, TEXT_ANSWER_SET, "set", notice_set_name(n, i), NULL),
				say_leaf_advised(n, g, (int)i, TEXT_ADVICE_OTHERS));
	}
	add_answer(n, notice_text(others, n->lang),
		   say_leaf_advised(n, g, DEST_OTHER, TEXT_ADVICE_OTHERS));
	add_answer(n, notice_text(TEXT_ANSWER_DIRECT, n->lang),
		   notice_say(n, TEXT_GO_SERVERS, "head", head, NULL));
}

void notice_add_chart(struct notice *n)
{
	uint32_t question = 1;
	size_t i;

	notice_add(n, BLOCK_HEADING, notice_text(TEXT_HEAD_CHART, n->lang));
	add_question(n, TEXT_QUESTION_PROGRAM, question++, "");
	add_answer(n, notice_text(TEXT_ANSWER_YES, n->lang), say_go_to(n, question));
	add_answer(n, notice_text(TEXT_ANSWER_WEB, n->lang), notice_text(TEXT_LEAF_WEB, n->lang));
	add_question(n, TEXT_QUESTION_ACCESS, question++, "");
	add_access_answers(n, question);
	for (i = 0; i < n->group_count; i++) {
		if (!n->groups[i].is_touched)
			continue;
		add_question(n, TEXT_QUESTION_SERVER, question++, n->groups[i].label);
		add_server_answers(n, &n->groups[i]);
	}
}

static bool drops_inbound(const struct notice *n, const struct group *g)
{
	return n->policy->pools[g->pools[0]].knobs & KNOB_DROP_INBOUND;
}

// Sending from one's own server; not said of whom nothing restricts.
static void add_direct(struct notice *n, const struct group *g)
{
	const bool is_relayed = notice_has_relay(&n->policy->pools[g->pools[0]]) &&
				worst(n, g, DEST_OWN) < REACH_REFUSED;
	const enum notice_text advice =
		is_relayed ? TEXT_ADVICE_FORWARD_RELAY : TEXT_ADVICE_FORWARD_587;
	const enum notice_text direct =
		has_named_sets(n, g) ? TEXT_SERVER_DIRECT_REST : TEXT_SERVER_DIRECT;
	size_t i;

	for (i = 0; i < n->policy->set_count; i++) {
		if (has_named_set(n, g, i))
			notice_add(n, BLOCK_ITEM,
				   notice_say(n, TEXT_SERVER_DIRECT_SET, "label", g->label, "set",
					      notice_set_name(n, i), "leaf",
					      say_leaf_advised(n, g, (int)i, advice), NULL));
	}
	notice_add(n, BLOCK_ITEM,
		   notice_say(n, direct, "label", g->label, "leaf",
			      say_leaf_advised(n, g, DEST_OTHER, advice), NULL));
}

void notice_add_servers(struct notice *n)
{
	size_t i, before;

	notice_add(n, BLOCK_HEADING, notice_text(TEXT_HEAD_SERVERS, n->lang));
	before = n->block_count;
	for (i = 0; i < n->group_count; i++) {
		const struct group *g = &n->groups[i];

		if (g->is_touched)
			add_direct(n, g);
		if (g->is_touched || drops_inbound(n, g))
			notice_add(n, BLOCK_ITEM,
				   notice_say(n,
					      drops_inbound(n, g) ? TEXT_SERVER_IN_REFUSED
								  : TEXT_SERVER_IN,
					      "label", g->label, NULL));
	}
	// No heading over nothing.
	if (n->block_count == before)
		n->block_count--;
}
