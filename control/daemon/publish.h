// SPDX-License-Identifier: BSD-3-Clause
//
// The policy in force, and the only way to change it: parse -> check -> compile -> op25b-dp ->
// guard -> in force -> disk. Nothing changes unless every host that can be reached has taken the
// new policy; a host that comes later gets the policy in force at once. One attempt at a time.
// Event loop thread only.
#pragma once

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../dataplane/config/config.h"
#include "../../dataplane/guard/guard.h"
#include "candidate.h"
#include "clock.h"
#include "journal.h"
#include "link.h"
#include "memory.h"
#include "store.h"

#define PUBLISH_TEXT_BYTES 384u

enum publish_outcome {
	PUBLISH_IN_FORCE,  // answer tells where
	PUBLISH_REFUSED,   // answer is {"errors": [diag rows]}; the policy in force stays
	PUBLISH_BUSY,      // another one is under way; answer is {"reason": text}
	PUBLISH_UNREACHED, // a host did not do its part; answer is {"reason": text}
};

// answer is borrowed.
typedef void (*publish_done)(void *arg, enum publish_outcome outcome, json_t *answer);

enum publish_kind {
	PUBLISH_START,    // the last good policy, at start
	PUBLISH_LOAD,     // the operator's
	PUBLISH_BOUNDARY, // the policy in force, at a moment that changes it
	PUBLISH_CLOCK,    // the policy in force, at the wall clock that the operator accepted
	PUBLISH_REOFFER,  // the policy in force, to a dataplane that has another or none
};

// What is known of op25b-dp.
struct publish_dataplane {
	bool up;
	uint64_t generation;
	uint64_t checksum;
	uint64_t slots_capacity;
	void *image; // in force there when it connected, until the start; NULL: none
	size_t image_bytes;
	char refusal[PUBLISH_TEXT_BYTES]; // why it would not take the policy in force; "": it did
	char misfit[PUBLISH_TEXT_BYTES];  // why it must not be given any policy; "": it may
};

struct publish_attempt {
	bool under_way;
	bool rolling_back;
	bool to_dataplane, to_guard; // hosts that need it
	bool dataplane_applied;
	enum publish_kind kind;
	struct candidate next;
	struct diag diag;
	publish_done done; // or NULL
	void *arg;
	void *back_image;     // sent to op25b-dp to undo
	int64_t clock_from_s; // PUBLISH_CLOCK: the policy clock before
	char reason[PUBLISH_TEXT_BYTES];
};

// A load that came while op25bd was busy with its own affairs.
struct publish_waiting {
	char *text; // NULL: none
	size_t bytes;
	char *source;
	publish_done done;
	void *arg;
};

struct publish_reload {
	bool tried;
	bool good;
	int64_t at_s;
	json_t *errors; // array of diag rows or {"reason"}
};

struct publish {
	const struct dataplane_config *config;
	struct link *link;
	struct guard *guard; // NULL: none
	struct policy_clock *clock;
	const char *policy_file;    // --policy, or NULL
	void (*changed)(void *arg); // another policy is in force, or an attempt failed
	void *changed_arg;

	const char *pair_names[CONFIG_MAX_PAIRS]; // of config
	bool started;
	struct event *start_timer; // how long the start waits for op25b-dp
	struct event *retry_timer;
	struct candidate now; // in force; policy NULL: none
	struct publish_dataplane dataplane;
	struct publish_attempt try;
	struct publish_waiting waiting;
	struct publish_reload reload;
	uint64_t known_generation;          // highest seen or offered
	bool text_saved;                    // the text in force is on disk
	char save_error[STORE_ERROR_BYTES]; // "": the policy in force is on disk
	struct memory memory;
	struct journal journal;
};

// Fields above started are set by the caller first. Returns false: out of memory.
bool publish_init(struct publish *p, struct event_base *base);
void publish_free(struct publish *p);

// Loads a policy text that came from source. done is called once, perhaps at once.
void publish_load(struct publish *p, const char *text, size_t bytes, const char *source,
		  publish_done done, void *arg);
// Reads --policy again (SIGHUP). What is wrong goes to the log.
void publish_reload(struct publish *p);
// The policy in force, for now: something has begun or ended. Nothing is parsed again. Nothing
// happens if another attempt is under way.
void publish_boundary(struct publish *p);
// Takes the wall clock for the policy clock, also if it is behind: the operator says so. done is
// called once, perhaps at once.
void publish_accept_clock(struct publish *p, publish_done done, void *arg);
// What is remembered of the policy in force, and the moment, to disk.
void publish_remember(struct publish *p);

// The stage at index in the policy in force was found open at now_s. To be remembered.
void publish_open_stage(struct publish *p, size_t index, int64_t now_s);

// What this box asks of the compiler, but for the generation.
struct compile_request publish_request(const struct publish *p, struct moment moment,
				       const void *previous);

// What becomes of frames while now.policy is NULL, for the operator.
const char *publish_no_policy_text(const struct publish *p);

// From the link. misfit: why this op25b-dp must not be given a policy; "": it may.
void publish_dataplane_up(struct publish *p, const struct link_hello *hello, const char *misfit);
void publish_dataplane_down(struct publish *p, const char *why);
