// SPDX-License-Identifier: BSD-3-Clause
//
// The policy library: JSON text -> model -> image, and the questions one can ask of a policy
// without a daemon. Shared by op25bd, op25bctl and the tests. Nothing here prints, logs or touches
// a socket; faults go to a diag. One thread at a time (time zones are resolved through the
// process's TZ).
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../dataplane/abi/verdict_abi.h"
#include "../reader/diag.h"

struct policy; // model.h

// Reads and checks a policy. Returns NULL with errors in d; all errors of the text in one run.
// A policy without errors may still have warnings in d. d->source should be the file's name. Pair
// with policy_free().
struct policy *policy_parse(const char *text, size_t bytes, struct diag *d);
struct policy *policy_read(const char *path, struct diag *d); // the same from a file
void policy_free(struct policy *p);

const char *policy_name(const struct policy *p);

// The canonical text: parsing it gives an equal policy, and printing that gives the same text.
// free() it.
char *policy_print(const struct policy *p);

// "2008-03-31T00:00:00+09:00", or a local "2008-03-31" or "2008-03-31T12:00:00" in time zone tz
// (IANA name). Seconds of Unix time to *out. A local time that a change of clocks repeats is its
// first pass. Returns false if text is no such time, or one that a change of clocks leaves out.
bool time_read(const char *text, const char *tz, int64_t *out_s);
// The same for a moment that an operator asks about: what is wrong with the text goes to d, at
// place.
bool policy_time_read(const char *text, const char *tz, const char *place, int64_t *out_s,
		      struct diag *d);
// The same the other way round, in the policy's zone, with its offset.
void time_print(char *buf, size_t bytes, int64_t time_s, const char *tz);
const char *policy_tz(const struct policy *p);

// Another owner of the same policy: pair each with a policy_free(). Returns p.
struct policy *policy_share(struct policy *p);

uint64_t policy_revision(const struct policy *p); // 0: none
// SHA-256 of the canonical text in hex: the same on every box that has the same policy.
#define POLICY_HASH_BYTES 65u
void policy_hash(const struct policy *p, char hash[POLICY_HASH_BYTES]);
// How much there is of it in the file.
struct policy_size {
	size_t pools, stages, prefixes; // waves not counted one by one; prefixes of pools
};

struct policy_size policy_size(const struct policy *p);
// How many of its own test vectors it has passed, each family counted.
size_t policy_vector_count(const struct policy *p);
// These vectors with addresses put where names stood: objects of index (in "expect"), at, side,
// pair, from, to, port, source_port, verdict, reason and stage, in order of time. A new reference.
json_t *policy_vectors(const struct policy *p);

#define POLICY_ALWAYS INT64_MIN // since ever
#define POLICY_NEVER INT64_MAX  // no date

// A moment, and what is known of it beyond the file.
struct moment {
	int64_t at_s;
	// Per stage (policy_stage_count()): when the last of its gates was found open, POLICY_NEVER
	// as long as one is not. Stages without gates do not look at theirs. NULL: offline, all
	// gates are open when the stage's date comes.
	const int64_t *opened_s;
};

enum policy_event_kind {
	EVENT_STAGE_BEGINS,
	EVENT_DRAIN_ENDS, // of a stage that spared standing connections
	EVENT_STAGE_ENDS,
	EVENT_EXCEPTION_BEGINS,
	EVENT_EXCEPTION_ENDS,
	EVENT_QUARANTINE_BEGINS,
	EVENT_QUARANTINE_ENDS,
	EVENT_KIND_COUNT,
};

struct policy_event {
	int64_t at_s;
	enum policy_event_kind kind;
	uint32_t index;   // of the stage, exception or quarantine
	const char *name; // of it; borrowed from the policy
};

// All that changes by itself, in order of time (then of kind, then of the file). What has no moment
// (held, or behind a gate that is not open) is left out, and so is "always". free() it.
struct policy_event *policy_events(const struct policy *p, const int64_t *opened_s, size_t *count);
const char *policy_event_word(enum policy_event_kind kind); // "stage_begins", ...

// The next moment after m->at_s at which what is in force changes. Returns false if there is none.
bool policy_next_change(const struct policy *p, const struct moment *m, int64_t *when_s);

// The stage active on a pool at a moment, for status: NULL if none.
const char *policy_active_stage(const struct policy *p, const char *pool, const struct moment *m);

enum gate_check {
	GATE_TCP,              // every address accepts a connection
	GATE_MONITOR_RAN,      // a stage has been in force long enough
	GATE_WOULD_DROP_BELOW, // little of what it watches would be refused
};

struct policy_gate {
	const char *name;
	enum gate_check check;
	const char **addresses; // GATE_TCP: texts; owned by the policy
	size_t address_count;
	uint16_t port;
	const char *greeting; // what the server's first line begins with; NULL: none is waited for
	const char *stage;    // the others: id of the stage
	uint32_t days;
	double percent;
};

size_t policy_gate_count(const struct policy *p);
const struct policy_gate *policy_gate(const struct policy *p, size_t index);

// A stage (each wave is one), for those who live by it.
struct stage_facts {
	const char *name; // "block", "block.east"
	const char *id;   // of the stage without the wave
	int64_t from_s;   // as written; POLICY_ALWAYS, POLICY_NEVER: without a date
	int64_t until_s;  // POLICY_NEVER: no end
	bool held;
	int64_t announced_not_before_s; // POLICY_ALWAYS: not given
	int64_t announced_not_after_s;  // exclusive; POLICY_NEVER: not given
	uint64_t gates;                 // bit i: policy_gate(p, i)
	bool monitors;                  // has a monitor clause
	size_t pool_count;
};

size_t policy_stage_count(const struct policy *p);
struct stage_facts policy_stage(const struct policy *p, size_t index);
const char *policy_stage_pool(const struct policy *p, size_t stage, size_t index); // name

// An exception or a quarantine.
struct grant_facts {
	const char *id;
	bool is_quarantine;
	int64_t from_s, until_s;
	const char *reason, *by;
	const char *ticket; // NULL: none
};

size_t policy_grant_count(const struct policy *p);
struct grant_facts policy_grant(const struct policy *p, size_t index);

struct compile_request {
	struct moment moment;    // compile what is in force at this one
	uint64_t generation;     // goes into the header; at least 1
	uint64_t slots_capacity; // of the box; UINT64_MAX if unknown (offline)
	const void *previous;    // checked image in force, whose slot ranges are kept for unchanged
				 // prefixes; or NULL
	// The box's pairs of ports, in order. A policy that names another is refused. None: of no
	// box, and the pairs are numbered in the order in which the policy first names them.
	const char *const *pair_names;
	uint32_t pair_count;
};

// Compiles to an image that passes image_check(). Returns false with an error in d (for instance
// too many subscriber slots, with the number needed). free(*image).
bool policy_compile(const struct policy *p, const struct compile_request *r, void **image,
		    size_t *bytes, struct diag *d);

// What is asked of a policy: a packet of a TCP connection, by its addresses and ports, or a frame.
struct explain_request {
	const char *from;     // source address, text
	const char *to;       // destination address, text
	int port;             // destination port; -1: 25, or any if source_port is 25
	uint16_t source_port; // 0: any but 25
	// Instead of all these, if not NULL: the frame's first min(frame_bytes,
	// EXPLAIN_WINDOW_BYTES).
	const uint8_t *frame;
	uint32_t frame_bytes;
	uint8_t side;           // enum op25b_side it comes in on
	const char *pair;       // name of the pair it comes in on; NULL: one that the subscriber
				// lives behind
	uint32_t l2_doubt_drop; // bit i: pair i drops what ends in doubt before any address
	uint64_t now_ns;        // the moment, on the clock of the limits
};

#define EXPLAIN_WINDOW_BYTES 256u // more of a frame is not looked at

struct explainer;

// Compiles the policy for questions; p and r->pair_names must outlive it. NULL with errors in d.
// Pair with explainer_close().
struct explainer *explainer_open(const struct policy *p, const struct compile_request *r,
				 struct diag *d);
// Puts another policy in its place as a box would: subscribers that both have keep their limits.
// Returns false with errors in d, and then nothing has changed.
bool explainer_next(struct explainer *e, const struct policy *p, struct diag *d);
// Asks at another moment, before which nothing changes (policy_next_change()).
void explainer_at(struct explainer *e, int64_t at_s);
void explainer_close(struct explainer *e);

// What the box would do, judged by the same core code over the compiled image. A connection is
// judged by its first segment. Limits count from one question to the next. A new object with at
// least: verdict ("permit", "drop", "rst", "icmp_admin", "limit", "monitor"), reason, pool, stage,
// clause (text such as "stages.block.port25[1]" or "exceptions.X-104"), infra (its name),
// quarantine and exception (objects of id, until, reason and ticket), chain (what was asked in
// turn: objects of level "infra", "quarantine", "exception", "stage", "clause", "default", with
// "found": name or null, and "decides": at most one does), notice_url, at, side, pair, from, to,
// port, source_port and sentence (for a support desk); of a frame also layers and frame_bytes. Null
// where there is none. NULL with errors in d (for instance an address that is none).
json_t *explainer_ask(struct explainer *e, const struct explain_request *r, struct diag *d);

// What is to be written: the notice of the moment at_s.
struct notice_request {
	int64_t at_s;
	const char *lang; // one of policy_notice_languages; NULL: "ja" in Asia/Tokyo, else "en"
	bool is_html;     // a page of HTML; or else plain text
};

extern const char *const policy_notice_languages[]; // ends with NULL
// The language that a notice would be in: lang, or if that is NULL the policy's own. NULL: it is
// none that notices can be written in.
const char *policy_notice_language(const struct policy *p, const char *lang);

// The notice to customers that follows from the policy: who is affected, from when, by what, what
// stays open and what to change. UTF-8 text; free() it. Gates count as open when the date of their
// stage comes. NULL: the language is not one that notices can be written in.
char *policy_notice(const struct policy *p, const struct notice_request *r);
