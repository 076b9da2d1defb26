// SPDX-License-Identifier: BSD-3-Clause
//
// Between explain.c, which judges, explain_chain.c, which says who decided, and explain_text.c and
// explain_why.c, which word it. Private to this folder.
#pragma once

#include <netinet/in.h>

#include "../../dataplane/core/decide.h"
#include "../../dataplane/core/image_view.h"
#include "model.h"

#define EXPLAIN_TEXT_BYTES 1024u
#define EXPLAIN_TIME_BYTES 64u

// What is asked in turn: the first that has something to say decides.
enum explain_level {
	LEVEL_INFRA,
	LEVEL_QUARANTINE,
	LEVEL_EXCEPTION,
	LEVEL_STAGE, // as a whole: it spares connections that stand
	LEVEL_CLAUSE,
	LEVEL_DEFAULT,
	LEVEL_COUNT,
	LEVEL_NONE = LEVEL_COUNT, // the frame itself, or where it came in
};

// One question, worked out.
struct case_file {
	const struct policy *policy;
	const struct compile_request *compiled; // what the image was made for
	const struct explain_request *request;
	bool is_trial; // limits are left as they are
	struct flow flow;
	bool has_addresses;
	struct prefix subscriber, far; // the addresses; far: of the network's side
	bool is_exempt;                // the subscriber's address: a relay of the policy
	const struct pool *pool;       // NULL: none
	const struct infra *infra;     // the subscriber's address, or else the other; NULL: none
	const struct quarantine *quarantine; // of the subscriber; NULL: none
	const struct exception *exception;   // of the subscriber: one for this destination, or any
	bool exception_reaches;              // this destination
	const struct stage *stage;           // active on the pool; NULL: none
	struct ingress in;
	const char *pair; // its name; NULL: unknown
	bool is_believed; // a source there: the subscriber's address lives behind that pair
	struct judgement judged;
	uint8_t origin;           // of the clause that was met, if any
	uint32_t clause;          // its index in the stage, if it is a stage's
	enum explain_level level; // what decided
	char at[EXPLAIN_TIME_BYTES];
	char from[INET6_ADDRSTRLEN]; // "": unknown
	char to[INET6_ADDRSTRLEN];
};

static inline bool is_outbound(const struct case_file *c)
{
	return c->request->side == SIDE_SUBSCRIBER;
}

// explainer_ask() that leaves the limits as it found them.
json_t *explainer_try(struct explainer *e, const struct explain_request *r, struct diag *d);

// Whom the subscriber's address belongs to, by its class; far: of the other address.
void explain_owner(struct case_file *c, const struct image_view *view, const struct op25b_addr *sub,
		   const struct op25b_addr *far);
// Which clause of what decided, once it is judged by that class.
void explain_decider(struct case_file *c, const struct op25b_class *class);
// The answer's members about who and why.
void explain_parts(const struct case_file *c, json_t *answer);

// The stage's clause that decided, or NULL.
const struct clause *explain_clause(const struct case_file *c);
// The clause word that a reason comes down to, or "permit" or "drop".
const char *explain_verdict(uint8_t reason);
const char *explain_reason(uint8_t reason);
const char *explain_reason_help(uint8_t reason);

// Appends; what does not fit is cut.
void explain_add(char *text, size_t bytes, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

// What stands around the packet, such as "Ethernet, 2 VLAN tags, PPPoE, IPv6".
void explain_layers(const struct flow *f, char *text, size_t bytes);
// Why: the second half of the sentence.
void explain_because(const struct case_file *c, char *text, size_t bytes);
// What else the desk should know, in sentences that begin with a space; may be empty.
void explain_advice(const struct case_file *c, char *text, size_t bytes);

// For a support desk, in one line.
json_t *explain_sentence(const struct case_file *c);
