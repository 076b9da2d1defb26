// SPDX-License-Identifier: BSD-3-Clause
//
// Between the files that read a policy's text. Each reads one part of the document into the model
// and goes on after a fault, so that all faults come out of one run. Private to this folder.
#pragma once

#include "../reader/reader.h"
#include "model.h"

#define PARSE_LIST_BYTES 256u // names in a message; longer lists are cut

// The members of the object at doc[key] that are no notes, at most `most`: returns their number and
// an array of that many zeroed elements in *items. Says so when there are more.
size_t parse_members(const json_t *doc, const char *key, size_t most, size_t elem_bytes,
		     void **items, struct diag *d);

// The next member from iter on that is no note, or NULL.
void *parse_member(const json_t *object, void *iter);

// Adds `"<word>"` to a list for a message, cut when it is full.
void parse_list_add(char list[PARSE_LIST_BYTES], const char *word);

// What a list of prefixes may hold.
struct prefix_want {
	uint8_t family;        // FAMILY_NONE: both
	const char *otherwise; // what to do with one of the other family
};

// Reads the prefixes of array (may be NULL) at place, appending the good ones to items. Returns the
// new count.
size_t parse_prefixes(const json_t *array, const char *place, const struct prefix_want *want,
		      struct prefix *items, size_t count, struct diag *d);

void parse_sets(struct policy *p, struct diag *d);
void parse_softwires(struct policy *p, struct diag *d);
void parse_pools(struct policy *p, struct diag *d);
void parse_limits(struct policy *p, struct diag *d);
void parse_stages(struct policy *p, struct diag *d);
// The clauses of "port25" of one stage.
void parse_clauses(const struct policy *p, const json_t *object, struct stage *stage,
		   struct diag *d);
