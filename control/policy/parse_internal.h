// SPDX-License-Identifier: BSD-3-Clause
//
// Between the files that read a policy's text. Each reads one part of the document into the model
// and goes on after a fault, so that all faults come out of one run. Private to this folder.
#pragma once

#include "../reader/reader.h"
#include "model.h"

#define PARSE_LIST_BYTES 256u // names in a message; longer lists are cut

// Reads one member of a part of the policy: item `index` of it, called name, from value at place.
typedef void parse_member_fn(struct policy *p, size_t index, const char *name, const json_t *value,
			     const char *place, struct diag *d);

// How many members of the object at doc[key] are no notes, or `most` with an error.
size_t parse_count(const json_t *doc, const char *key, size_t most, struct diag *d);
// Calls fn for the first `count` of them, in the file's order.
void parse_each(struct policy *p, const char *key, size_t count, parse_member_fn *fn,
		struct diag *d);

// The length of the array at object[key], or `most` with an error.
size_t parse_length(const json_t *object, const char *place, const char *key, size_t most,
		    struct diag *d);

// Adds `"<word>"` to a list for a message. Returns false if it is full, and cut.
bool parse_list_add(char list[PARSE_LIST_BYTES], const char *word);

// What a list of prefixes may hold.
struct prefix_want {
	uint8_t family;        // FAMILY_NONE: both
	const char *otherwise; // what to do with one of the other family
};

extern const struct prefix_want parse_want_any;

// Reads the prefixes of array (may be NULL) at place, appending the good ones to items. Returns the
// new count.
size_t parse_prefixes(const json_t *array, const char *place, const struct prefix_want *want,
		      struct prefix *items, size_t count, struct diag *d);
// Reads one, with the index 0.
bool parse_prefix(const json_t *value, const char *place, const struct prefix_want *want,
		  struct prefix *p, struct diag *d);
// Reads "v4" and "v6" of object into *prefixes (owned by the caller). Returns the count, and that
// of IPv4 in *count4. None at all is an error that calls object `what`.
size_t parse_v4_v6(const json_t *object, const char *place, const char *what,
		   struct prefix **prefixes, size_t *count4, struct diag *d);

// A text: a string, or an object of language tags and strings. NULL: absent or refused.
const json_t *parse_text(const json_t *object, const char *place, const char *key, struct diag *d);
// A string of at least one character; required keys are reader_keys()'s matter.
const char *parse_filled(const json_t *object, const char *place, const char *key, struct diag *d);
// "http://..." or "https://...".
void parse_url(const json_t *object, const char *place, const char *key, struct diag *d);

// Reads the time `value` at place. `also` says what else is allowed there, or is "".
bool parse_time(const json_t *value, const char *tz, const char *place, const char *also,
		struct time_text *out, struct diag *d);
// Reads "until" of object at place into *when, whose from_s is that of "from".
void parse_period(const struct policy *p, const json_t *object, const char *place,
		  struct period *when, struct diag *d);
// Reads from when a stage or wave is in force, and what was announced of that.
void parse_when(const struct policy *p, const json_t *object, struct stage *stage, struct diag *d);

// The bit of the set that value names, or 0 with an error. `or_own` allows "own_relay".
uint64_t parse_set_name(const struct policy *p, const json_t *value, const char *place, bool or_own,
			struct diag *d);
// A set or a list of sets at object[key].
uint64_t parse_set_names(const struct policy *p, const json_t *object, const char *place,
			 const char *key, bool or_own, struct diag *d);

// The index of the pool that value names, or -1 with an error.
int parse_pool_name(const struct policy *p, const json_t *value, const char *place, struct diag *d);

// "pairs" of a pool or infrastructure.
void parse_pairs(struct policy *p, struct homes *homes, const json_t *object, const char *place,
		 struct diag *d);

void parse_sets(struct policy *p, struct diag *d);
void parse_softwires(struct policy *p, struct diag *d);
void parse_infra(struct policy *p, struct diag *d);
void parse_pools(struct policy *p, struct diag *d);
void parse_subscribers(struct policy *p, struct diag *d);
void parse_limits(struct policy *p, struct diag *d);
void parse_gates(struct policy *p, struct diag *d);
void parse_stages(struct policy *p, struct diag *d);
// The clauses of "port25" of one stage.
void parse_clauses(const struct policy *p, const json_t *object, struct stage *stage,
		   struct diag *d);
void parse_grants(struct policy *p, struct diag *d);
