// SPDX-License-Identifier: BSD-3-Clause
//
// See gates.h.
#include "gates.h"

#include <err.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t monotonic_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

void gates_init(struct gates *g, struct event_base *base, struct publish *publish,
		const struct stats *stats)
{
	*g = (struct gates){.publish = publish, .stats = stats, .base = base};
}

static void stop_asking(struct gates *g)
{
	size_t i;

	for (i = 0; i < GATES_MAX; i++) {
		gate_tcp_close(g->tcp[i]);
		g->tcp[i] = NULL;
	}
	g->asked = g->pending = 0;
}

void gates_free(struct gates *g)
{
	stop_asking(g);
}

bool gates_hold(const struct candidate *c, size_t stage, int64_t now_s)
{
	struct stage_facts facts = policy_stage(c->policy, stage);

	return facts.gates && !facts.held && c->opened_s && c->opened_s[stage] == POLICY_NEVER &&
	       facts.from_s <= now_s && now_s < facts.until_s;
}

// Gates to be asked now. *newly: a stage waits whose date came after the last round.
static uint64_t wanted(const struct gates *g, int64_t now_s, bool *newly)
{
	const struct candidate *c = &g->publish->now;
	uint64_t gates = 0;
	size_t i;

	*newly = false;
	for (i = 0; policy_gate_count(c->policy) && i < policy_stage_count(c->policy); i++) {
		if (!gates_hold(c, i, now_s))
			continue;
		gates |= policy_stage(c->policy, i).gates;
		*newly |= policy_stage(c->policy, i).from_s > g->round_at_s;
	}
	return gates;
}

static void take(struct gates *g, size_t index, bool open, const char *text)
{
	const struct policy_gate *gate = policy_gate(g->publish->now.policy, index);
	struct gate_result *r = &g->result[index];

	// Figures change from round to round, reasons of servers hardly ever do.
	if (!r->known || r->open != open || (gate->check == GATE_TCP && strcmp(r->text, text)))
		warnx("gate \"%s\" is %s: %s", gate->name, open ? "open" : "closed", text);
	r->known = true;
	r->open = open;
	r->at_s = g->round_at_s;
	snprintf(r->text, sizeof(r->text), "%s", text);
	g->pending &= ~(1ull << index);
}

// All gates of the round have answered.
static void finish_round(struct gates *g)
{
	struct publish *p = g->publish;
	bool opened = false;
	size_t i, k;

	for (i = 0; i < policy_stage_count(p->now.policy); i++) {
		struct stage_facts stage = policy_stage(p->now.policy, i);
		bool open = gates_hold(&p->now, i, g->round_at_s) && !(stage.gates & ~g->asked);

		for (k = 0; open && k < GATES_MAX; k++)
			open = !(stage.gates >> k & 1) || g->result[k].open;
		if (!open)
			continue;
		warnx("stage \"%s\": all of its gates are open", stage.name);
		publish_open_stage(p, i, g->round_at_s);
		opened = true;
	}
	g->asked = 0;
	if (opened) {
		publish_remember(p);
		p->changed(p->changed_arg);
	}
}

static void on_tcp(void *arg, bool open, const char *text)
{
	struct gates *g = ((struct gate_question *)arg)->gates;
	size_t index = ((struct gate_question *)arg)->index;

	take(g, index, open, text);
	gate_tcp_close(g->tcp[index]);
	g->tcp[index] = NULL;
	// An attempt that is under way was compiled without what would be opened now: the next
	// turn ends the round.
	if (!g->pending && !g->publish->try.under_way)
		finish_round(g);
}

static void ask(struct gates *g, size_t index)
{
	struct publish *p = g->publish;
	const struct policy_gate *gate = policy_gate(p->now.policy, index);
	char text[GATE_TEXT_BYTES];
	bool open;

	if (gate->check == GATE_TCP) {
		g->question[index] = (struct gate_question){g, index};
		g->tcp[index] = gate_tcp_start(g->base, gate, on_tcp, &g->question[index]);
		if (!g->tcp[index])
			take(g, index, false, "out of memory");
		return;
	}
	open = runs_ask(&p->memory, p->now.policy, gate, g->round_at_s, text);
	take(g, index, open, text);
}

static void begin_round(struct gates *g, uint64_t gates, int64_t now_s)
{
	size_t i;

	g->asked = g->pending = gates;
	g->round_at_s = now_s;
	g->next_round_s = monotonic_s() + GATES_ROUND_S;
	gates_count(g);
	for (i = 0; i < policy_gate_count(g->publish->now.policy); i++) {
		if (gates >> i & 1)
			ask(g, i);
	}
	if (!g->pending)
		finish_round(g);
}

void gates_turn(struct gates *g, int64_t now_s)
{
	struct publish *p = g->publish;
	uint64_t gates;
	bool newly;

	// Of a policy that is about to go, or at a moment that nobody knows, nothing is asked.
	if (!p->now.policy || !p->now.opened_s || p->try.under_way || g->pending ||
	    !clock_is_good(p->clock))
		return;
	if (g->asked) {
		finish_round(g);
		return;
	}
	gates = wanted(g, now_s, &newly);
	if (gates && (newly || monotonic_s() >= g->next_round_s))
		begin_round(g, gates, now_s);
}

void gates_policy_changed(struct gates *g)
{
	struct publish *p = g->publish;

	if (!p->now.policy || p->clock->frozen_at)
		return;
	if (g->policy != p->now.policy)
		stop_asking(g); // they point into the one before
	if (p->clock->latest_s < g->round_at_s) {
		stop_asking(g); // the clock was set back to before the round, which has not been
		g->round_at_s = p->clock->latest_s;
	}
	g->policy = p->now.policy;
	if (strcmp(g->hash, p->now.hash)) {
		memset(g->result, 0, sizeof(g->result));
		snprintf(g->hash, sizeof(g->hash), "%s", p->now.hash);
		g->next_round_s = 0;
	}
	if (runs_update(&p->memory, &p->now, g->stats, p->guard))
		publish_remember(p);
}

void gates_count(struct gates *g)
{
	runs_count(&g->publish->memory, g->stats, g->publish->guard);
}
