// SPDX-License-Identifier: BSD-3-Clause
//
// Between explain.c, which judges, and explain_text.c, which words it. Private to this folder.
#pragma once

#include <netinet/in.h>

#include "../../dataplane/core/decide.h"
#include "model.h"

#define EXPLAIN_TEXT_BYTES 1024u
#define EXPLAIN_TIME_BYTES 64u

// One question, worked out.
struct case_file {
	const struct policy *policy;
	const struct compile_request *compiled; // what the image was made for
	const struct explain_request *request;
	struct flow flow;
	bool has_addresses;
	bool is_exempt;            // the subscriber's address: a relay of the policy
	const struct pool *pool;   // NULL: none
	const struct stage *stage; // active on it; NULL: none
	struct ingress in;
	const char *pair; // its name; NULL: unknown
	bool is_believed; // a source there: the subscriber's address lives behind that pair
	struct judgement judged;
	char at[EXPLAIN_TIME_BYTES];
	char from[INET6_ADDRSTRLEN]; // "": unknown
	char to[INET6_ADDRSTRLEN];
};

// The clause that decided, or NULL.
const struct clause *explain_clause(const struct case_file *c);
// The clause word that a reason comes down to, or "permit" or "drop".
const char *explain_verdict(uint8_t reason);
const char *explain_reason(uint8_t reason);

// What stands around the packet, such as "Ethernet, 2 VLAN tags, PPPoE, IPv6".
void explain_layers(const struct flow *f, char *text, size_t bytes);

// For a support desk, in one line.
json_t *explain_sentence(const struct case_file *c);
