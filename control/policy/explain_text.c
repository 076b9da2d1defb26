// SPDX-License-Identifier: BSD-3-Clause
//
// The words of an explanation: what was asked and what becomes of it. Why, and what a customer can
// do, is explain_why.c's.
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

const char *explain_reason_help(uint8_t reason)
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

// Appends; what does not fit is cut.
void explain_add(char *text, size_t bytes, const char *fmt, ...)
{
	size_t used = strlen(text);
	va_list args;
	int more;

	va_start(args, fmt);
	more = vsnprintf(text + used, bytes - used, fmt, args);
	va_end(args);
	if (more < 0 || (size_t)more < bytes - used)
		return;
	// Not in the middle of a character of UTF-8.
	for (used = bytes - 1; used && (text[used - 1] & 0xc0) == 0x80;)
		used--;
	if (used && text[used - 1] & 0x80)
		used--;
	text[used] = '\0';
}

static void add_count(char *text, size_t bytes, uint32_t count, const char *what)
{
	if (count)
		explain_add(text, bytes, ", %u %s%s", count, what, count > 1 ? "s" : "");
}

void explain_layers(const struct flow *f, char *text, size_t bytes)
{
	snprintf(text, bytes, "Ethernet");
	add_count(text, bytes, f->tag_count, "VLAN tag");
	if (f->snap)
		explain_add(text, bytes, ", LLC/SNAP");
	if (f->pppoe)
		explain_add(text, bytes, ", PPPoE");
	add_count(text, bytes, f->label_count, "MPLS label");
	if (f->family == FAMILY_NONE)
		return;
	explain_add(text, bytes, ", %s", f->family == FAMILY_IP4 ? "IPv4" : "IPv6");
	if (f->softwire)
		explain_add(text, bytes, ", IPv4 of a softwire");
	if (f->first_frag)
		explain_add(text, bytes, ", first fragment");
	if (f->kind == FLOW_TCP)
		explain_add(text, bytes, ", TCP");
	else if (f->ip_off)
		explain_add(text, bytes, ", protocol %u", f->proto);
}

// What was asked about.
static void subject_text(const struct case_file *c, char *text, size_t bytes)
{
	const struct flow *f = &c->flow;

	if (c->request->frame) {
		snprintf(text, bytes, "this frame of %u byte%s (", c->request->frame_bytes,
			 c->request->frame_bytes == 1 ? "" : "s");
		explain_layers(f, text + strlen(text), bytes - strlen(text));
		explain_add(text, bytes, ")");
		if (c->has_addresses && f->kind == FLOW_TCP)
			explain_add(text, bytes, " from port %u of %s to port %u of %s", f->sport,
				    c->from, f->dport, c->to);
		else if (c->has_addresses)
			explain_add(text, bytes, "%s%s%s%s", c->from[0] ? " from " : "", c->from,
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

json_t *explain_sentence(const struct case_file *c)
{
	char subject[EXPLAIN_TEXT_BYTES], outcome[EXPLAIN_TEXT_BYTES], because[EXPLAIN_TEXT_BYTES];
	char advice[EXPLAIN_TEXT_BYTES] = "";

	subject_text(c, subject, sizeof(subject));
	outcome_text(c, outcome, sizeof(outcome));
	explain_because(c, because, sizeof(because));
	explain_advice(c, advice, sizeof(advice));
	return json_sprintf("At %s %s %s: %s%s%s", c->at, subject, outcome, because,
			    because[strlen(because) - 1] == '.' ? "" : ".", advice);
}
