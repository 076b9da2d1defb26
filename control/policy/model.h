// SPDX-License-Identifier: BSD-3-Clause
//
// A policy in memory: what parse.c makes of the text, check.c judges, and compile.c, print.c,
// schedule.c and explain.c read. Names point into the JSON document, which lives as long as the
// policy. Private to this folder. Read-only after policy_parse().
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../dataplane/abi/image_abi.h"
#include "../reader/diag.h"
#include "policy.h"
#include "prefix.h"

#define POLICY_FORMAT 1 // value of the key "op25b"
#define POLICY_MAX_POOLS (OP25B_MAX_CLASSES - 2)
#define POLICY_MAX_STAGES 4096u
#define POLICY_MAX_CLAUSE_SETS (OP25B_MAX_SETS - 1) // all 64 bits would read as OP25B_ANY_SET
#define POLICY_MAX_PAIRS 16u                        // pairs of ports of one box
#define POLICY_ALWAYS INT64_MIN                     // "from": "always"
#define POLICY_UNREADABLE INT64_MAX                 // a "from" that was refused

enum pool_kind {
	POOL_DYNAMIC,
	POOL_FIXED,
	POOL_SIMPLE_FIXED,
	POOL_SEMI_FIXED,
	POOL_DIALUP,
	POOL_MOBILE,
	POOL_SHARED,
	POOL_HOSTING,
};

struct set {
	const char *name;
	struct prefix *prefixes; // in the file's order; both families
	size_t count;
};

struct pool {
	const char *name;
	enum pool_kind kind;
	struct prefix *prefixes; // "v4", then "v6", each in the file's order
	size_t count;
	size_t count4;  // of these, IPv4
	uint8_t v4_key; // address bits that tell one subscriber from another: 1 to 32
	uint8_t v6_key; // 1 to 64
	uint8_t knobs;  // enum op25b_knob
	uint8_t pairs[POLICY_MAX_PAIRS]; // it lives behind: indexes in policy.pairs, in the file's
					 // order
	size_t pair_count;               // 0: behind every pair
	bool uses_slots; // a stage of it has a limit clause, now or later: its subscribers have
			 // slots
};

struct limit {
	const char *name;
	uint32_t max;      // new connections of one subscriber ...
	uint32_t window_s; // ... in this time, on average
	uint32_t burst;    // of these at once
	uint32_t hold_s;   // how long an offender stays cut off, 0: not at all
	uint8_t over;      // ACTION_DROP, ACTION_RST or ACTION_ICMP_ADMIN
	bool confidential; // figures are not told to customers
};

struct clause {
	uint64_t sets;             // bit i: sets[i]; OP25B_ANY_SET: any destination
	const struct limit *limit; // ACTION_LIMIT only
	uint8_t action;            // enum op25b_action
	uint8_t as;                // ACTION_MONITOR only: ACTION_DROP, _RST or _ICMP_ADMIN
};

struct stage {
	const char *id;
	const char *place; // "stages.<id>", or "stages[i]" if the id cannot be used
	uint32_t *pools;   // indexes, in the file's order
	size_t pool_count;
	int64_t from_s; // Unix time, or POLICY_ALWAYS
	struct clause *clauses;
	size_t clause_count;
};

struct policy {
	json_t *doc; // the text as parsed
	const char *name;
	const char *tz;
	uint8_t default_action; // of addresses in no pool: ACTION_PERMIT or ACTION_DROP
	struct set *sets;
	size_t set_count;
	struct prefix *softwires; // in the file's order, IPv6
	size_t softwire_count;
	const char *pairs[POLICY_MAX_PAIRS]; // names that pools mention, in order of first mention
	size_t pair_count;
	struct pool *pools;
	size_t pool_count;
	struct limit *limits;
	size_t limit_count;
	struct stage *stages;
	size_t stage_count;
};

// Zeroed memory. Out of it, the process ends: it cannot even say what is wrong, and forwarding does
// not need it.
void *policy_alloc(size_t count, size_t elem_bytes);

// Index of the pool of that name, or -1.
int policy_find_pool(const struct policy *p, const char *name);

// The stage in force on a pool at a moment: the latest `from` that is not after it. NULL if none.
const struct stage *policy_stage_at(const struct policy *p, uint32_t pool, int64_t at_s);

// The number of each of p->pairs in the box that r is for. Returns false with errors in d.
bool policy_pairs(const struct policy *p, const struct compile_request *r,
		  uint8_t numbers[POLICY_MAX_PAIRS], struct diag *d);
// The number of the pair of that name, or -1: the box has none of that name. Of no box, one that
// the policy does not mention has the number after those that it does.
int policy_pair_number(const struct policy *p, const struct compile_request *r, const char *name);
// The name of pair `number`; NULL: unknown.
const char *policy_pair_name(const struct policy *p, const struct compile_request *r,
			     uint32_t number);

// The word for an action, as in a policy file.
const char *action_word(uint8_t action);

// Whether an IANA name can be used: UTC, or a file of the system's zone information.
bool time_zone_is_known(const char *tz);

// Day of the week of a moment in tz: 0 (Sunday) to 6.
uint32_t time_weekday(int64_t time_s, const char *tz);

// What no single key can show: overlaps, ambiguous stages, sizes. Then, if there is no error, what
// is allowed but surely not meant.
void policy_check(struct policy *p, struct diag *d);
void policy_check_overlaps(const struct policy *p, struct diag *d);
void policy_check_softwires(const struct policy *p, struct diag *d);
void policy_check_lint(const struct policy *p, struct diag *d);

// The place of a pool's prefix, such as "pools.flets.v4[2]". Returns buf.
const char *pool_prefix_place(char *buf, size_t bytes, const struct pool *pool,
			      const struct prefix *prefix);
