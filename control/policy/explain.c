// SPDX-License-Identifier: BSD-3-Clause
//
// What the box would do with the first SYN of a connection: compiles the policy for the moment and
// asks the very code that judges frames.
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../dataplane/core/decide.h"
#include "../../dataplane/core/image_view.h"
#include "../reader/reader.h"
#include "model.h"

#define EPHEMERAL_PORT 49152u // any source port but 25 would do
#define TEXT_BYTES 512u
#define TIME_BYTES 64u

// One question, worked out.
struct case_file {
	const struct policy *policy;
	const struct explain_request *request;
	struct prefix from;
	struct prefix to;
	const struct pool *pool;   // NULL: none
	const struct stage *stage; // active on it; NULL: none
	struct judgement judged;
	char at[TIME_BYTES];
};

static struct flow flow_make(const struct case_file *c)
{
	struct flow f = {.kind = FLOW_TCP,
			 .family = c->from.family,
			 .proto = PROTO_TCP,
			 .tcp_flags = TCP_FLAG_SYN,
			 .sport = EPHEMERAL_PORT,
			 .dport = c->request->port};

	if (f.family == FAMILY_IP4) {
		f.src4 = (uint32_t)(c->from.hi >> 32);
		f.dst4 = (uint32_t)(c->to.hi >> 32);
	} else {
		prefix_bytes(&c->from, (uint8_t *)f.src6_be);
		prefix_bytes(&c->to, (uint8_t *)f.dst6_be);
	}
	return f;
}

static const struct op25b_addr *find_addr(const struct image_view *view, const struct prefix *p)
{
	uint8_t be[16];

	if (p->family == FAMILY_IP4)
		return &view->addrs[image_view_find4(view, (uint32_t)(p->hi >> 32))];
	prefix_bytes(p, be);
	return &view->addrs[image_view_find6(view, be)];
}

static void judge(struct case_file *c, const void *image)
{
	const struct op25b_addr *sub, *far;
	struct flow f = flow_make(c);
	struct image_view view;
	uint64_t slot = 0; // a subscriber never seen before
	bool counted;

	image_view_init(&view, image);
	sub = find_addr(&view, &c->from);
	far = find_addr(&view, &c->to);
	if (sub->class_id) {
		c->pool = &c->policy->pools[sub->class_id - 1];
		c->stage = policy_stage_at(c->policy, sub->class_id - 1, c->request->at_s);
	}
	c->judged = (struct judgement){.action = ACTION_PERMIT, .clause = JUDGEMENT_NO_CLAUSE};
	if (decide_early(&f, SIDE_SUBSCRIBER, &c->judged.reason))
		return;
	counted = addr_slot(sub, flow_subscriber_bits(&f, SIDE_SUBSCRIBER)) != OP25B_NO_SLOT;
	decide(&f, SIDE_SUBSCRIBER, sub, far, &view.classes[sub->class_id], counted ? &slot : NULL,
	       0, &c->judged);
}

static const char *reason_name(uint8_t reason)
{
	static const char *const names[] = {
#define REASON_NAME(id, verdict, name, help) name,
		OP25B_REASONS(REASON_NAME)
#undef REASON_NAME
	};

	return names[reason];
}

static const struct clause *case_clause(const struct case_file *c)
{
	if (!c->stage || c->judged.clause == JUDGEMENT_NO_CLAUSE)
		return NULL;
	return &c->stage->clauses[c->judged.clause];
}

// What a customer can do about it. Never the relay: a policy may close it too.
static const char *advice(const struct case_file *c)
{
	switch (c->judged.action) {
	case ACTION_DROP:
	case ACTION_RST:
		return " Send mail on port 587 with authentication.";
	case ACTION_MONITOR:
		return " To be prepared for a block, send mail on port 587 with authentication.";
	default:
		return "";
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

static void outcome_text(const struct case_file *c, char *text, size_t bytes)
{
	const struct clause *clause = case_clause(c);

	if (clause && clause->action == ACTION_LIMIT)
		limit_text(clause, text, bytes);
	else if (clause && clause->action == ACTION_MONITOR)
		snprintf(text, bytes, "is let through, and counted as one that would be %s",
			 clause->as == ACTION_RST ? "refused" : "blocked");
	else if (c->judged.action == ACTION_RST)
		snprintf(text, bytes, "is refused at once with a reset");
	else if (c->judged.action == ACTION_DROP)
		snprintf(text, bytes,
			 "is blocked without an answer, so the program waits until it "
			 "gives up");
	else
		snprintf(text, bytes, "is let through");
}

// Why: the other half of the sentence.
static void because_text(const struct case_file *c, char *text, size_t bytes)
{
	if (c->request->port != SMTP_PORT)
		snprintf(text, bytes, "only port 25 is ever restricted");
	else if (!c->pool)
		snprintf(text, bytes, "the sender's address is in no pool");
	else if (!c->stage)
		snprintf(text, bytes, "no stage is active on the sender's pool \"%s\"",
			 c->pool->name);
	else if (!case_clause(c))
		snprintf(text, bytes, "no clause of stage \"%s\" is for this destination",
			 c->stage->id);
	else
		snprintf(text, bytes,
			 "the sender's address is in pool \"%s\", on which stage \"%s\" "
			 "is active",
			 c->pool->name, c->stage->id);
}

static json_t *sentence(const struct case_file *c)
{
	char outcome[TEXT_BYTES], because[TEXT_BYTES];

	outcome_text(c, outcome, sizeof(outcome));
	because_text(c, because, sizeof(because));
	return json_sprintf("At %s a connection from %s to port %u of %s %s: %s.%s", c->at,
			    c->request->from, c->request->port, c->request->to, outcome, because,
			    advice(c));
}

static json_t *clause_text(const struct case_file *c)
{
	if (!case_clause(c))
		return json_null();
	return json_sprintf("%s.port25[%u]", c->stage->place, c->judged.clause);
}

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *case_json(const struct case_file *c)
{
	json_t *out =
		json_pack("{s:s, s:s, s:o, s:o, s:o, s:s, s:s, s:s, s:i, s:o}", "verdict",
			  action_word(c->judged.action), "reason", reason_name(c->judged.reason),
			  "pool", text_or_null(c->pool ? c->pool->name : NULL), "stage",
			  text_or_null(c->stage ? c->stage->id : NULL), "clause", clause_text(c),
			  "at", c->at, "from", c->request->from, "to", c->request->to, "port",
			  (int)c->request->port, "sentence", sentence(c));

	if (!out)
		abort();
	return out;
}

static void refuse_address(const char *text, const char *place, struct diag *d)
{
	char quote[READER_PLACE_BYTES];
	json_t *value = json_string(text);

	diag_error(d, place, "%s is not an IPv4 or IPv6 address",
		   value ? reader_quote(quote, value) : "the text");
	json_decref(value);
}

json_t *policy_explain(const struct policy *p, const struct explain_request *r, struct diag *d)
{
	const struct compile_request request = {
		.at_s = r->at_s, .generation = 1, .slots_capacity = UINT64_MAX};
	struct case_file c = {.policy = p, .request = r};
	size_t errors_before = d->error_count, bytes;
	void *image;

	if (!prefix_read_address(r->from, &c.from))
		refuse_address(r->from, "from", d);
	if (!prefix_read_address(r->to, &c.to))
		refuse_address(r->to, "to", d);
	if (d->error_count == errors_before && c.from.family != c.to.family)
		diag_error(d, "to",
			   "%s and %s are not of one family: both must be IPv4 or both "
			   "IPv6",
			   r->from, r->to);
	if (d->error_count != errors_before || !policy_compile(p, &request, &image, &bytes, d))
		return NULL;
	time_print(c.at, sizeof(c.at), r->at_s, p->tz);
	judge(&c, image);
	free(image);
	return case_json(&c);
}
