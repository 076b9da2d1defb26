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
// The same the other way round, in the policy's zone, with its offset.
void time_print(char *buf, size_t bytes, int64_t time_s, const char *tz);
const char *policy_tz(const struct policy *p);

// The next moment after after_s at which another stage becomes active. Returns false if there is
// none.
bool policy_next_change(const struct policy *p, int64_t after_s, int64_t *when_s);

// The stage active on a pool at a moment, for status: NULL if none.
const char *policy_active_stage(const struct policy *p, const char *pool, int64_t at_s);

struct compile_request {
	int64_t at_s;            // compile what is in force at this moment
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
void explainer_close(struct explainer *e);

// What the box would do, judged by the same core code over the compiled image. A connection is
// judged by its first segment. Limits count from one question to the next. A new object with at
// least: verdict ("permit", "drop", "rst", "icmp_admin", "limit", "monitor"), reason, pool, stage,
// clause (text such as "stages.block.port25[1]"), at, side, pair, from, to, port, source_port and
// sentence (for a support desk); of a frame also layers and frame_bytes. Null where there is none.
// NULL with errors in d (for instance an address that is none).
json_t *explainer_ask(struct explainer *e, const struct explain_request *r, struct diag *d);
