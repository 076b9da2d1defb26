// SPDX-License-Identifier: BSD-3-Clause
//
// What op25bd knows of a policy beyond its text, and may not forget over a restart: how far its
// changes have come, which stages were let through their gates, how long stages have been watched
// and what they met. Kept in state.json (store.h). Event loop thread only.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../dataplane/abi/image_abi.h"
#include "../policy/policy.h"

// A stage whose gates were found open. Of a later policy, the stage of the same name and date is
// the same one.
struct memory_opening {
	char stage[OP25B_MAX_NAME_BYTES];
	int64_t from_s;
	int64_t opened_s;
};

struct memory_count {
	uint64_t would; // packets that a monitor clause would have refused
	uint64_t all;   // packets to TCP port 25 from the pool
};

enum memory_host {
	MEMORY_DATAPLANE,
	MEMORY_GUARD,
	MEMORY_HOST_COUNT,
};

// A stage that a gate asks about, on one pool.
struct memory_run {
	char stage[OP25B_MAX_NAME_BYTES];
	char pool[OP25B_MAX_NAME_BYTES];
	int64_t since_s;           // in force without a break since; POLICY_NEVER: it is not
	int64_t longest_s;         // of the times before, the longest without a break
	struct memory_count count; // while it was in force
	struct memory_count seen[MEMORY_HOST_COUNT]; // the hosts' counters at the last look
};

struct memory {
	char policy[OP25B_MAX_NAME_BYTES]; // name; "": nothing is known
	char hash[POLICY_HASH_BYTES];      // of the policy that through_s is of
	int64_t through_s;                 // its changes up to here are journalled
	uint64_t boot_id;                  // of the op25b-dp whose counters were seen
	struct memory_opening *openings;
	size_t opening_count;
	struct memory_run *runs;
	size_t run_count;
};

void memory_free(struct memory *m);

// Whether a policy clock may have shown it: not before 1970, nor after the year 9999.
bool memory_is_moment(int64_t at_s);

// From and to the keys of state.json. What is missing or not as it was written is left out.
void memory_read(struct memory *m, const json_t *state);
void memory_write(const struct memory *m, json_t *state);

// struct moment's opened_s for a policy, and one POLICY_NEVER more. free() it.
int64_t *memory_opened(const struct memory *m, const struct policy *p);
void memory_open(struct memory *m, const struct stage_facts *stage, int64_t opened_s);
// The clock was set back: what was found open or begun after at_s has not happened yet.
void memory_set_back(struct memory *m, int64_t at_s);

// Another policy is in force: forgets the openings of stages that it does not have, and all of a
// policy of another name.
void memory_take_policy(struct memory *m, const struct policy *p, const char *hash);
