// SPDX-License-Identifier: BSD-3-Clause
//
// The words of an explanation: what was asked, what becomes of it, why, and what a customer can do.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "explain_internal.h"

const char *explain_reason(uint8_t reason)
{
	static const char *const names[] = {
#define REASON_NAME(id, verdict, name, help) name,
		OP25B_REASONS(REASON_NAME)
#undef REASON_NAME
	};

	return names[reason];
}

static const char *reason_help(uint8_t reason)
{
	static const char *const helps[] = {
#define REASON_HELP(id, verdict, name, help) help,
		OP25B_REASONS(REASON_HELP)
#undef REASON_HELP
	};

	return helps[reason];
}

const char *explain_verdict(uint8_t reason)
{
	switch (reason) {
	case REASON_PASS_WITHIN_LIMIT:
		return action_word(ACTION_LIMIT);
	case REASON_PASS_MONITOR_DROP:
	case REASON_PASS_MONITOR_RST:
	case REASON_PASS_MONITOR_ICMP:
		return action_word(ACTION_MONITOR);
	case REASON_ANSWER_ICMP:
	case REASON_ANSWER_LIMIT_ICMP:
		return action_word(ACTION_ICMP_ADMIN);
	default:
		break;
	}
	switch (reason_verdict(reason)) {
	case VERDICT_PASS:
		return action_word(ACTION_PERMIT);
	case VERDICT_DROP:
		return action_word(ACTION_DROP);
	default:
		return action_word(ACTION_RST);
	}
}

const struct clause *explain_clause(const struct case_file *c)
{
	if (!c->stage || c->judged.clause == JUDGEMENT_NO_CLAUSE)
		return NULL;
	// The mirror's clause was found, but is not what decided.
	if (c->judged.reason == REASON_PASS_INBOUND || c->judged.reason == REASON_DROP_INBOUND)
		return NULL;
	return &c->stage->clauses[c->judged.clause];
}

static void add(char *text, size_t bytes, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

// Appends; what does not fit is cut.
static void add(char *text, size_t bytes, const char *fmt, ...)
{
	size_t used = strlen(text);
	va_list args;

	va_start(args, fmt);
	vsnprintf(text + used, bytes - used, fmt, args);
	va_end(args);
}

static void add_count(char *text, size_t bytes, uint32_t count, const char *what)
{
	if (count)
		add(text, bytes, ", %u %s%s", count, what, count > 1 ? "s" : "");
}

void explain_layers(const struct flow *f, char *text, size_t bytes)
{
	snprintf(text, bytes, "Ethernet");
	add_count(text, bytes, f->tag_count, "VLAN tag");
	if (f->snap)
		add(text, bytes, ", LLC/SNAP");
	if (f->pppoe)
		add(text, bytes, ", PPPoE");
	add_count(text, bytes, f->label_count, "MPLS label");
	if (f->family == FAMILY_NONE)
		return;
	add(text, bytes, ", %s", f->family == FAMILY_IP4 ? "IPv4" : "IPv6");
	if (f->softwire)
		add(text, bytes, ", IPv4 of a softwire");
	if (f->first_frag)
		add(text, bytes, ", first fragment");
	if (f->kind == FLOW_TCP)
		add(text, bytes, ", TCP");
	else if (f->ip_off)
		add(text, bytes, ", protocol %u", f->proto);
}

static bool is_outbound(const struct case_file *c)
{
	return c->in.side == SIDE_SUBSCRIBER;
}

// What was asked about.
static void subject_text(const struct case_file *c, char *text, size_t bytes)
{
	const struct flow *f = &c->flow;

	if (c->request->frame) {
		snprintf(text, bytes, "this frame of %u byte%s (", c->request->frame_bytes,
			 c->request->frame_bytes == 1 ? "" : "s");
		explain_layers(f, text + strlen(text), bytes - strlen(text));
		add(text, bytes, ")");
		if (c->has_addresses && f->kind == FLOW_TCP)
			add(text, bytes, " from port %u of %s to port %u of %s", f->sport, c->from,
			    f->dport, c->to);
		else if (c->has_addresses)
			add(text, bytes, "%s%s%s%s", c->from[0] ? " from " : "", c->from,
			    c->to[0] ? " to " : "", c->to);
	} else if (is_outbound(c)) {
		snprintf(text, bytes, "a connection from %s to port %u of %s", c->from, f->dport,
			 c->to);
	} else if (f->sport == SMTP_PORT) {
		snprintf(text, bytes, "an answer from port 25 of %s to %s", c->from, c->to);
	} else {
		snprintf(text, bytes,
			 "a connection from %s, on the network's side, to port %u of %s", c->from,
			 f->dport, c->to);
	}
}

static void limit_text(const struct clause *clause, char *text, size_t bytes)
{
	const struct limit *l = clause->limit;

	if (l->confidential)
		snprintf(text, bytes,
			 "is let through as long as there are not too many in a short "
			 "time");
	else
		snprintf(text, bytes, "is let through up to %u new connections in %u seconds",
			 l->max, l->window_s);
}

// A subscriber's program that is dropped notices nothing; of a frame, nobody asks that.
static const char *drop_text(const struct case_file *c)
{
	if (c->request->frame || !is_outbound(c))
		return "is dropped without an answer";
	return "is blocked without an answer, so the program waits until it gives up";
}

// What becomes of it.
static void outcome_text(const struct case_file *c, char *text, size_t bytes)
{
	const struct clause *clause = explain_clause(c);

	switch (c->judged.reason) {
	case REASON_PASS_WITHIN_LIMIT:
		limit_text(clause, text, bytes);
		return;
	case REASON_PASS_MONITOR_DROP:
	case REASON_PASS_MONITOR_RST:
	case REASON_PASS_MONITOR_ICMP:
		snprintf(text, bytes, "is let through, and counted as one that would be %s",
			 clause->as == ACTION_DROP ? "blocked" : "refused");
		return;
	case REASON_ANSWER_RST:
	case REASON_ANSWER_LIMIT:
		snprintf(text, bytes, "is refused at once with a reset");
		return;
	case REASON_ANSWER_ICMP:
	case REASON_ANSWER_LIMIT_ICMP:
		snprintf(text, bytes,
			 "is refused at once with an ICMP error, \"administratively prohibited\", "
			 "which programs show as \"%s\"",
			 flow_far_family(&c->flow) == FAMILY_IP4 ? "no route to host"
								 : "permission denied");
		return;
	default:
		snprintf(text, bytes, "%s",
			 reason_verdict(c->judged.reason) == VERDICT_PASS ? "is let through"
									  : drop_text(c));
	}
}

// Whose address the policy goes by.
static const char *owner_text(const struct case_file *c)
{
	return is_outbound(c) ? "the sender's address" : "the receiver's address";
}

static void pool_text(const struct case_file *c, char *text, size_t bytes)
{
	if (c->is_exempt)
		snprintf(text, bytes, "%s is a relay of the policy", owner_text(c));
	else if (!c->pool)
		snprintf(text, bytes, "%s is in no pool", owner_text(c));
	else if (!c->stage)
		snprintf(text, bytes, "no stage is active on %s's pool \"%s\"",
			 is_outbound(c) ? "the sender" : "the receiver", c->pool->name);
	else
		snprintf(text, bytes, "%s is in pool \"%s\", on which stage \"%s\" is active",
			 owner_text(c), c->pool->name, c->stage->id);
}

// Why the subscriber's address is not believed.
static void spoofed_text(const struct case_file *c, char *text, size_t bytes)
{
	size_t i;

	if (c->is_exempt) {
		snprintf(text, bytes,
			 "%s is a relay of the policy, which lives on the network's side; from a "
			 "subscriber port it is not believed",
			 c->from);
	} else if (!c->pool) {
		snprintf(text, bytes, "%s is in no pool, and the policy's default is \"drop\"",
			 owner_text(c));
	} else {
		snprintf(text, bytes, "%s is in pool \"%s\", which lives behind", owner_text(c),
			 c->pool->name);
		for (i = 0; i < c->pool->pair_count; i++)
			add(text, bytes, "%s \"%s\"", i ? "," : "",
			    c->policy->pairs[c->pool->pairs[i]]);
		add(text, bytes, "; behind another pair it is not believed");
	}
}

static void clause_why(const struct case_file *c, char *text, size_t bytes)
{
	if (c->judged.reason == REASON_DROP_UNANSWERED)
		add(text, bytes, "a refusal was due, but such a frame gets no answer; ");
	else if (c->judged.reason == REASON_DROP_MIRROR)
		add(text, bytes, "answers are treated like the mail they belong to; ");
	else if (reason_verdict(c->judged.reason) != VERDICT_PASS && explain_clause(c) &&
		 explain_clause(c)->action == ACTION_LIMIT)
		add(text, bytes, "%s; ", reason_help(c->judged.reason));
	pool_text(c, text + strlen(text), bytes - strlen(text));
}

// The frame itself is the reason, and if it is judged by a pool, so is that.
static void frame_why(const struct case_file *c, char *text, size_t bytes)
{
	add(text, bytes, "%s", reason_help(c->judged.reason));
	if (c->flow.kind == FLOW_SETTLED || c->flow.kind == FLOW_UNREADABLE ||
	    c->judged.reason == REASON_PASS_UNREADABLE)
		return;
	add(text, bytes, "; ");
	if (!c->is_believed)
		spoofed_text(c, text + strlen(text), bytes - strlen(text));
	else
		pool_text(c, text + strlen(text), bytes - strlen(text));
}

// Why: the other half of the sentence.
static void because_text(const struct case_file *c, char *text, size_t bytes)
{
	text[0] = '\0';
	switch (c->judged.reason) {
	case REASON_PASS_NOT_PORT25:
		add(text, bytes, "only port 25 is ever restricted");
		return;
	case REASON_PASS_UNRESTRICTED:
		if (c->stage)
			add(text, bytes, "no clause of stage \"%s\" is for %s", c->stage->id,
			    is_outbound(c) ? "this destination" : "this sender");
		else
			pool_text(c, text, bytes);
		return;
	case REASON_PASS_INBOUND:
		add(text, bytes, "connections from the network to port 25 here are not restricted");
		return;
	case REASON_DROP_INBOUND:
		add(text, bytes, "port 25 of pool \"%s\" is closed to the network (\"inbound\")",
		    c->pool->name);
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
static const char *advice(const struct case_file *c)
{
	const struct clause *clause = explain_clause(c);

	if (!clause || !is_outbound(c) || c->flow.kind != FLOW_TCP || c->flow.detour)
		return "";
	if (clause->action == ACTION_MONITOR)
		return " To be prepared for a block, send mail on port 587 with authentication.";
	if (reason_verdict(c->judged.reason) == VERDICT_PASS)
		return "";
	return " Send mail on port 587 with authentication.";
}

json_t *explain_sentence(const struct case_file *c)
{
	char subject[EXPLAIN_TEXT_BYTES], outcome[EXPLAIN_TEXT_BYTES], because[EXPLAIN_TEXT_BYTES];

	subject_text(c, subject, sizeof(subject));
	outcome_text(c, outcome, sizeof(outcome));
	because_text(c, because, sizeof(because));
	return json_sprintf("At %s %s %s: %s%s%s", c->at, subject, outcome, because,
			    because[strlen(because) - 1] == '.' ? "" : ".", advice(c));
}
