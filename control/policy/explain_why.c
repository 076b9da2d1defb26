// SPDX-License-Identifier: BSD-3-Clause
//
// The second half of an explanation: why, what a customer can do, and what is to come.
#include <stdio.h>
#include <string.h>

#include "explain_internal.h"

#define DATE_CHARS 10 // of a printed time

// Whose address the policy goes by.
static const char *owner_text(const struct case_file *c)
{
	return is_outbound(c) ? "the sender's address" : "the receiver's address";
}

static const char *time_text(const struct case_file *c, int64_t time_s,
			     char text[EXPLAIN_TIME_BYTES])
{
	time_print(text, EXPLAIN_TIME_BYTES, time_s, c->policy->tz);
	return text;
}

static void pool_text(const struct case_file *c, char *text, size_t bytes)
{
	if (c->is_exempt)
		snprintf(text, bytes, "%s is a relay of the policy", owner_text(c));
	else if (!c->pool && c->infra)
		snprintf(text, bytes, "%s is infrastructure \"%s\"", owner_text(c), c->infra->name);
	else if (!c->pool)
		snprintf(text, bytes, "%s is in no pool", owner_text(c));
	else if (!c->stage)
		snprintf(text, bytes, "no stage is active on %s's pool \"%s\"",
			 is_outbound(c) ? "the sender" : "the receiver", c->pool->name);
	else
		snprintf(text, bytes, "%s is in pool \"%s\", on which stage \"%s\" is active",
			 owner_text(c), c->pool->name, c->stage->name);
}

static void homes_text(const struct case_file *c, const struct homes *homes, char *text,
		       size_t bytes)
{
	size_t i;

	explain_add(text, bytes, "which lives behind");
	for (i = 0; i < homes->pair_count; i++)
		explain_add(text, bytes, "%s \"%s\"", i ? "," : "",
			    c->policy->pairs[homes->pairs[i]]);
	explain_add(text, bytes, "; behind another pair it is not believed");
}

// Why the subscriber's address is not believed.
static void spoofed_text(const struct case_file *c, char *text, size_t bytes)
{
	static const char network[] =
		"which lives on the network's side; from a subscriber port it is not believed";

	text[0] = '\0';
	if (c->is_exempt) {
		explain_add(text, bytes, "%s is a relay of the policy, %s", c->from, network);
	} else if (c->infra) {
		explain_add(text, bytes, "%s is infrastructure \"%s\", ", c->from, c->infra->name);
		if (c->infra->on_network_side)
			explain_add(text, bytes, "%s", network);
		else
			homes_text(c, &c->infra->homes, text, bytes);
	} else if (!c->pool) {
		explain_add(text, bytes, "%s is in no pool, and the policy's default is \"drop\"",
			    owner_text(c));
	} else {
		explain_add(text, bytes, "%s is in pool \"%s\", ", owner_text(c), c->pool->name);
		homes_text(c, &c->pool->homes, text, bytes);
	}
}

static void quarantine_text(const struct case_file *c, char *text, size_t bytes)
{
	char until[EXPLAIN_TIME_BYTES];

	snprintf(text, bytes, "%s, in pool \"%s\", is in quarantine \"%s\" until %s%s",
		 owner_text(c), c->pool->name, c->quarantine->grant.id,
		 time_text(c, c->quarantine->grant.when.until_s, until),
		 c->judged.action == ACTION_PERMIT ? ", which leaves this one open" : "");
}

static void destinations_text(const struct case_file *c, char *text, size_t bytes)
{
	const struct exception *e = c->exception;
	const struct set *list = e->has_list ? &c->policy->lists[e->list] : NULL;
	char prefix[PREFIX_TEXT_BYTES];
	const char *comma = " ";
	size_t i;

	if (e->sets == OP25B_ANY_SET) {
		explain_add(text, bytes, " any server");
		return;
	}
	for (i = 0; i < c->policy->set_count; i++) {
		if (!(e->sets >> i & 1))
			continue;
		explain_add(text, bytes, "%s\"%s\"", comma, c->policy->sets[i].name);
		comma = ", ";
	}
	for (i = 0; list && i < list->count; i++) {
		explain_add(text, bytes, "%s%s", comma, prefix_print(prefix, &list->prefixes[i]));
		comma = ", ";
	}
}

static void exception_text(const struct case_file *c, char *text, size_t bytes)
{
	char until[EXPLAIN_TIME_BYTES];

	snprintf(text, bytes, "%s is in pool \"%s\", and exception \"%s\" opens", owner_text(c),
		 c->pool->name, c->exception->grant.id);
	destinations_text(c, text, bytes);
	explain_add(text, bytes, " to it until %s",
		    time_text(c, c->exception->grant.when.until_s, until));
}

// The part of the policy that decided.
static void decider_text(const struct case_file *c, char *text, size_t bytes)
{
	switch (c->level) {
	case LEVEL_QUARANTINE:
		quarantine_text(c, text, bytes);
		return;
	case LEVEL_EXCEPTION:
		exception_text(c, text, bytes);
		return;
	default:
		pool_text(c, text, bytes);
		if (c->level == LEVEL_CLAUSE && c->exception && !c->quarantine)
			explain_add(text, bytes, "; exception \"%s\" is for other destinations",
				    c->exception->grant.id);
	}
}

static void clause_why(const struct case_file *c, char *text, size_t bytes)
{
	if (c->judged.reason == REASON_DROP_UNANSWERED)
		explain_add(text, bytes, "a refusal was due, but such a frame gets no answer; ");
	else if (c->judged.reason == REASON_DROP_MIRROR)
		explain_add(text, bytes, "answers are treated like the mail they belong to; ");
	else if (reason_verdict(c->judged.reason) != VERDICT_PASS && explain_clause(c) &&
		 explain_clause(c)->action == ACTION_LIMIT)
		explain_add(text, bytes, "%s; ", explain_reason_help(c->judged.reason));
	decider_text(c, text + strlen(text), bytes - strlen(text));
}

// The frame itself is the reason, and if it is judged by a pool, so is that.
static void frame_why(const struct case_file *c, char *text, size_t bytes)
{
	explain_add(text, bytes, "%s", explain_reason_help(c->judged.reason));
	if (c->flow.kind == FLOW_SETTLED || c->flow.kind == FLOW_UNREADABLE ||
	    c->judged.reason == REASON_PASS_UNREADABLE)
		return;
	explain_add(text, bytes, "; ");
	if (!c->is_believed)
		spoofed_text(c, text + strlen(text), bytes - strlen(text));
	else
		decider_text(c, text + strlen(text), bytes - strlen(text));
}

static void draining_text(const struct case_file *c, char *text, size_t bytes)
{
	int64_t begin_s = stage_begin(c->policy, c->stage, &c->compiled->moment);
	char begin[EXPLAIN_TIME_BYTES], end[EXPLAIN_TIME_BYTES];

	snprintf(text, bytes,
		 "stage \"%s\" of pool \"%s\" began at %s and spares until %s what stood before it",
		 c->stage->name, c->pool->name, time_text(c, begin_s, begin),
		 time_text(c, begin_s + c->stage->drain_s, end));
}

// Why: the other half of the sentence.
void explain_because(const struct case_file *c, char *text, size_t bytes)
{
	text[0] = '\0';
	switch (c->judged.reason) {
	case REASON_PASS_NOT_PORT25:
		explain_add(text, bytes, "only port 25 is ever restricted");
		return;
	case REASON_PASS_UNRESTRICTED:
		if (c->stage)
			explain_add(text, bytes, "no clause of stage \"%s\" is for %s",
				    c->stage->name,
				    is_outbound(c) ? "this destination" : "this sender");
		else
			pool_text(c, text, bytes);
		return;
	case REASON_PASS_INBOUND:
		explain_add(text, bytes,
			    "connections from the network to port 25 here are not restricted");
		return;
	case REASON_DROP_INBOUND:
		explain_add(text, bytes,
			    "port 25 of pool \"%s\" is closed to the network (\"inbound\")",
			    c->pool->name);
		return;
	case REASON_PASS_INFRA:
		explain_add(text, bytes,
			    "%s is the provider's infrastructure \"%s\", which is never restricted",
			    c->from, c->infra->name);
		return;
	case REASON_PASS_DRAINING:
		draining_text(c, text, bytes);
		return;
	case REASON_DROP_SRC_SPOOFED:
		spoofed_text(c, text, bytes);
		return;
	case REASON_PASS_NO_POOL:
		pool_text(c, text, bytes);
		return;
	default:
		if (c->flow.kind == FLOW_TCP &&
		    !(c->flow.detour && c->judged.reason == c->flow.detour))
			clause_why(c, text, bytes);
		else
			frame_why(c, text, bytes);
	}
}

// What a customer can do about it. Never the relay: a policy may close it too.
static void add_remedy(const struct case_file *c, char *text, size_t bytes)
{
	const struct clause *clause = explain_clause(c);
	bool is_refused = reason_verdict(c->judged.reason) != VERDICT_PASS;

	if (c->level == LEVEL_QUARANTINE && is_refused) {
		const char *contact = text_in(json_object_get(c->policy->doc, "contact"), "en");

		// A contact may be a sentence of its own.
		if (!contact)
			contact = c->quarantine->grant.by;
		explain_add(text, bytes, " This is for this customer alone. Contact: %s%s", contact,
			    *contact && contact[strlen(contact) - 1] == '.' ? "" : ".");
		return;
	}
	if (!clause)
		return;
	if (clause->action == ACTION_MONITOR)
		explain_add(text, bytes,
			    " To be prepared for a block, send mail on port 587 with "
			    "authentication.");
	else if (is_refused)
		explain_add(text, bytes, " Send mail on port 587 with authentication.");
}

static void announced_text(const struct case_file *c, const struct announced *a, char *text,
			   size_t bytes)
{
	char time[EXPLAIN_TIME_BYTES];

	if (!a->given)
		return;
	if (a->not_before_s != POLICY_ALWAYS)
		explain_add(text, bytes, ", announced from %.*s on", DATE_CHARS,
			    time_text(c, a->not_before_s, time));
	if (a->not_after_s != POLICY_NEVER)
		explain_add(text, bytes, "%s by %.*s",
			    a->not_before_s == POLICY_ALWAYS ? ", announced" : " and", DATE_CHARS,
			    time_text(c, a->not_after_s - 1, time));
	explain_add(text, bytes, ",");
}

// A stage that the customer has heard of, and that has not begun.
static void add_pending(const struct case_file *c, char *text, size_t bytes)
{
	const struct moment *m = &c->compiled->moment;
	char time[EXPLAIN_TIME_BYTES];
	size_t i;

	for (i = 0; i < c->policy->stage_count; i++) {
		const struct stage *s = &c->policy->stages[i];

		if (!stage_names_pool(s, (uint32_t)(c->pool - c->policy->pools)))
			continue;
		if (s->held) {
			explain_add(text, bytes, " Stage \"%s\"", s->name);
			announced_text(c, &s->announced, text, bytes);
			explain_add(text, bytes, " is held: it %sdoes not begin.",
				    s->when.from_s == POLICY_NEVER ? "has no date and " : "");
		} else if (period_holds(&s->when, m->at_s) && !stage_is_active(c->policy, s, m)) {
			explain_add(text, bytes,
				    " Stage \"%s\" was due at %s and waits for its gate.", s->name,
				    time_text(c, s->when.from_s, time));
		}
	}
}

void explain_advice(const struct case_file *c, char *text, size_t bytes)
{
	text[0] = '\0';
	if (!is_outbound(c) || c->flow.kind != FLOW_TCP || c->flow.detour)
		return;
	add_remedy(c, text, bytes);
	if (c->pool && c->level >= LEVEL_STAGE && c->level < LEVEL_NONE)
		add_pending(c, text, bytes);
}
