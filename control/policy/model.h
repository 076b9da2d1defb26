// SPDX-License-Identifier: BSD-3-Clause
//
// A policy in memory: what parse*.c make of the text, check*.c judge, and the rest of this folder
// reads. Names and texts point into the JSON document, which lives as long as the policy. Private
// to this folder. Read-only after policy_parse().
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../dataplane/abi/stats_abi.h"
#include "../reader/diag.h"
#include "policy.h"
#include "prefix.h"

#define POLICY_FORMAT 1                          // value of the key "op25b"
#define POLICY_MAX_POOLS (OP25B_POOL_SLOTS - 2u) // and infrastructures, together
#define POLICY_MAX_STAGES 4096u                  // waves counted one by one
#define POLICY_MAX_EXCEPTIONS 65536u             // and quarantines, each
#define POLICY_MAX_SETS (OP25B_MAX_SETS - 1u)
#define POLICY_MAX_PAIRS 16u // pairs of ports of one box
#define POLICY_MAX_GATES 64u
#define POLICY_OWN_RELAY (1ull << 63) // bit of clause.sets: each pool's own relay

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

// When something is in force: from_s <= t < until_s, in Unix time. POLICY_ALWAYS as from_s: since
// ever. POLICY_NEVER as from_s: not at all (no date, or one that was refused); as until_s: no end.
struct period {
	int64_t from_s;
	int64_t until_s;
};

static inline bool period_holds(const struct period *p, int64_t at_s)
{
	return p->from_s <= at_s && at_s < p->until_s;
}

struct set {
	const char *name;
	struct prefix *prefixes; // in the file's order; both families
	size_t count;
};

// Where addresses live: behind these pairs of ports.
struct homes {
	uint8_t pairs[POLICY_MAX_PAIRS]; // indexes in policy.pairs, in the file's order
	size_t pair_count;               // 0: behind every pair
};

struct infra {
	const char *name;
	struct prefix *prefixes; // "v4", then "v6", each in the file's order
	size_t count;
	size_t count4;
	bool on_network_side; // and then homes are of no meaning
	struct homes homes;
};

struct pool {
	const char *name;
	enum pool_kind kind;
	struct prefix *prefixes; // "v4", then "v6", each in the file's order
	size_t count;
	size_t count4;  // of these, IPv4
	uint8_t v4_key; // address bits that tell one subscriber from another: 1 to 32
	uint8_t v6_key; // 1 to 64
	uint8_t psid_offset, psid_bits; // RFC 7597 section 5.1: a and k; psid_bits 0: none
	uint8_t knobs;                  // enum op25b_knob, of the file
	struct homes homes;
	uint32_t *within; // indexes of pools whose prefixes this one may lie in
	size_t within_count;
	bool has_relay;  // the key is there
	uint64_t relay;  // bit i: sets[i]; what "own_relay" means; 0: nothing
	bool uses_slots; // a stage of it has a limit clause, now or later: its subscribers have
			 // slots
	const json_t *doc;
};

enum limit_key {
	LIMIT_KEY_ADDRESS,
	LIMIT_KEY_PREFIX,
	LIMIT_KEY_PSID,
};

struct limit {
	const char *name;
	enum limit_key key;
	uint32_t max;      // new connections of one subscriber ...
	uint32_t window_s; // ... in this time, on average
	uint32_t burst;    // of these at once
	uint32_t hold_s;   // how long an offender stays cut off, 0: not at all
	uint8_t over;      // ACTION_DROP, ACTION_RST or ACTION_ICMP_ADMIN
	bool confidential; // figures are not told to customers
};

struct clause {
	uint64_t sets;             // bit i: sets[i], POLICY_OWN_RELAY; OP25B_ANY_SET: any
	const struct limit *limit; // ACTION_LIMIT only
	uint8_t action;            // enum op25b_action
	uint8_t as;                // ACTION_MONITOR only: ACTION_DROP, _RST or _ICMP_ADMIN
};

// What was announced of a date that is not fixed. POLICY_ALWAYS, POLICY_NEVER: not given.
struct announced {
	bool given;
	int64_t not_before_s;
	int64_t not_after_s; // the last second that was announced, plus one
	const json_t *text;  // NULL: none
};

enum stage_precision {
	PRECISION_NOT_GIVEN = -1,
	PRECISION_INSTANT,
	PRECISION_DAY,
	PRECISION_MONTH,
	PRECISION_YEAR,
	PRECISION_START_NOT_STATED,
};

// One stage, or one wave of one: who and when, and what then applies. Waves of a stage stand side
// by side and share its clauses.
struct stage {
	const char *id;    // of the stage
	const char *wave;  // id of the wave; NULL: the stage has no waves
	const char *name;  // "block", or "block.east": in images, counters and status; owned
	const char *place; // of who and when: "stages.block", "stages.block.waves.east", or with
			   // indexes if the ids cannot be used; owned
	const char *body_place; // of the rest: "stages.block"; owned
	const json_t *doc;      // the stage
	const json_t *wave_doc; // who and when: the wave, or the stage
	uint32_t index;         // of the stage in the file: the same in all its waves
	uint32_t *pools;        // indexes, in the file's order
	size_t pool_count;
	struct period when; // as written; the begin also waits for hold and gates: stage_begin()
	bool held;
	bool rolling;
	enum stage_precision precision;
	struct announced announced;
	uint64_t gates;         // bit i: gates[i]
	uint32_t drain_s;       // 0: cut
	struct clause *clauses; // owned by the first wave
	size_t clause_count;
};

// Whom an exception or a quarantine is for, why and by whom.
struct grant {
	const char *id;
	char *place; // "exceptions.X-104"; owned
	const json_t *doc;
	const char *subscriber; // id; NULL: prefixes were given
	const struct prefix *prefixes;
	size_t count;
	struct prefix *own_prefixes; // NULL: they are the subscriber's
	struct period when;
	const char *reason, *by;
	const char *ticket; // NULL: none
};

struct exception {
	struct grant grant; // first
	uint64_t sets;      // named ones; OP25B_ANY_SET: any destination
	uint32_t list;      // index in policy.lists of the prefixes among its destinations
	bool has_list;
};

struct quarantine {
	struct grant grant; // first
	uint8_t action;     // ACTION_DROP, _RST, _ICMP_ADMIN
	uint64_t keep;      // sets that stay reachable; POLICY_OWN_RELAY allowed
};

struct subscriber {
	const char *id;
	struct prefix *prefixes;
	size_t count;
};

struct policy {
	json_t *doc;   // the text as parsed
	json_t *names; // of pools -> index; of infra -> -1 - index
	uint32_t references;
	const char *name;
	const char *tz;
	uint64_t revision;      // 0: none
	uint8_t default_action; // of addresses in no pool: ACTION_PERMIT or ACTION_DROP
	struct set *sets;
	size_t set_count;
	struct prefix *softwires; // in the file's order, IPv6
	size_t softwire_count;
	const char *pairs[POLICY_MAX_PAIRS]; // names that pools and infra mention, in order of
					     // first mention
	size_t pair_count;
	struct infra *infra;
	size_t infra_count;
	struct pool *pools;
	size_t pool_count;
	struct subscriber *subscribers;
	size_t subscriber_count;
	struct limit *limits;
	size_t limit_count;
	struct policy_gate *gates;
	size_t gate_count;
	struct stage *stages; // waves one by one
	size_t stage_count;
	struct exception *exceptions;
	size_t exception_count;
	struct quarantine *quarantines;
	size_t quarantine_count;
	struct set *lists; // destinations of exceptions that are no named sets; no two are equal
	size_t list_count;
	size_t vector_count; // of "expect", each family counted: that were run and held
};

// Zeroed memory. Out of it, the process ends: it cannot even say what is wrong, and forwarding does
// not need it.
void *policy_alloc(size_t count, size_t elem_bytes);

// Index of the one of that name, or -1.
int policy_find_pool(const struct policy *p, const char *name);
int policy_find_infra(const struct policy *p, const char *name);
int policy_find_set(const struct policy *p, const char *name);

// Classes of an image: [0]; pools in the order of the file; that of exempt addresses; infra in the
// order of the file; then parts of pools with exceptions or quarantines.
static inline uint32_t policy_pool_class(uint32_t pool)
{
	return pool + 1;
}

static inline uint32_t policy_exempt_class(const struct policy *p)
{
	return (uint32_t)p->pool_count + 1;
}

static inline uint32_t policy_infra_class(const struct policy *p, uint32_t infra)
{
	return (uint32_t)p->pool_count + 2 + infra;
}

// The moment a stage begins or began: that of its date, or later, when the last of its gates was
// found open. POLICY_NEVER: it is held, or waits for a gate.
int64_t stage_begin(const struct policy *p, const struct stage *s, const struct moment *m);
bool stage_is_active(const struct policy *p, const struct stage *s, const struct moment *m);
// Of the stages active on a pool, that with the latest date. NULL: none.
const struct stage *policy_stage_at(const struct policy *p, uint32_t pool, const struct moment *m);
bool stage_names_pool(const struct stage *s, uint32_t pool);
// Whether it refuses or limits anybody, so that the law and the customers care about its date.
bool stage_enforces(const struct stage *s);

// The same of all pools: policy.pool_count of them.
void policy_stages_at(const struct policy *p, const struct moment *m, const struct stage **stages);
// Whether it has begun so lately that it spares the connections that stood.
bool stage_is_draining(const struct policy *p, const struct stage *s, const struct moment *m);
// When the latest of policy_events() was that is not after the moment. POLICY_ALWAYS: none.
int64_t policy_period_start(const struct policy *p, const struct moment *m);

// Sets on one pool: POLICY_OWN_RELAY resolved.
uint64_t sets_on_pool(uint64_t sets, const struct pool *pool);
// The same of a clause. 0: it matches nothing there.
uint64_t clause_sets(const struct clause *clause, const struct pool *pool);

// The text of a value that is a string or an object of languages: in lang, else in English, else in
// any. NULL: value is NULL.
const char *text_in(const json_t *value, const char *lang);

// The number of each of p->pairs in the box that r is for. Returns false with errors in d.
bool policy_pairs(const struct policy *p, const struct compile_request *r,
		  uint8_t numbers[POLICY_MAX_PAIRS], struct diag *d);
// The number of the pair of that name, or -1: the box has none of that name. Of no box, one that
// the policy does not mention has the number after those that it does.
int policy_pair_number(const struct policy *p, const struct compile_request *r, const char *name);
// Adds an error at place: there is no pair of that name in the box that r is for.
void policy_refuse_pair(const struct compile_request *r, const char *name, const char *place,
			struct diag *d);
// The name of pair `number`; NULL: unknown.
const char *policy_pair_name(const struct policy *p, const struct compile_request *r,
			     uint32_t number);

// The word for an action, as in a policy file.
const char *action_word(uint8_t action);

// Whether an IANA name can be used: UTC, or a file of the system's zone information.
bool time_zone_is_known(const char *tz);

// Day of the week of a moment in tz: 0 (Sunday) to 6.
uint32_t time_weekday(int64_t time_s, const char *tz);

// Makes tz the process's zone; returns what was, for zone_leave(). Many times in a row are cheap in
// between: each is asked for in the zone that stands already.
char *zone_enter(const char *tz);
void zone_leave(char *saved);

// What is wrong with the text of a time.
enum time_fault {
	TIME_OK,
	TIME_NOT_ONE,   // no time at all
	TIME_TOO_EARLY, // before 1970 in any zone
	TIME_NO_MONTH,  // month 13
	TIME_NO_DAY,    // 30 February
	TIME_NO_CLOCK,  // 24:00:00
	TIME_NO_OFFSET, // +15:00
	TIME_LEFT_OUT,  // the zone's clocks are put forward over it
};

struct time_text {
	int64_t time_s;
	bool is_date; // no time of day was given
	uint32_t year, month, month_days;
};

// Reads a time as time_read() does, and says what it is, or what is wrong with it.
enum time_fault time_judge(const char *text, const char *tz, struct time_text *out);
// The end of a day ("2008-03-31") that time_judge() took: its last second in tz, plus one.
int64_t time_day_end(const char *date, const char *tz);

// What no single key can show: overlaps, ambiguous stages, sizes.
void policy_check(struct policy *p, struct diag *d);
// Whether all classes fit into an image at every moment. Only of a policy without errors.
void policy_check_classes(const struct policy *p, struct diag *d);
// Warns of what is allowed but surely not meant. Only of a policy without errors.
void policy_lint(const struct policy *p, struct diag *d);

// Reads the policy's own test vectors and, if it is good so far and they are, asks them; each that
// fails is an error.
void policy_expect(struct policy *p, bool is_good, struct diag *d);

// The place of a pool's prefix, such as "pools.flets.v4[2]". Returns buf.
const char *pool_prefix_place(char *buf, size_t bytes, const struct pool *pool,
			      const struct prefix *prefix);
