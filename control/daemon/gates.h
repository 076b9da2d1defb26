// SPDX-License-Identifier: BSD-3-Clause
//
// Gates of stages whose date has come: asked at once and then each minute, until all gates of a
// stage were found open in one round; then the stage begins, and op25bd remembers it. Before its
// date nothing is asked. Event loop thread only.
#pragma once

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "gate_runs.h"
#include "gate_tcp.h"
#include "publish.h"
#include "stats.h"

#define GATES_MAX 64u // of a policy: bits of stage_facts.gates
#define GATES_ROUND_S 60

struct gate_result {
	bool known; // it was asked since the policy was loaded
	bool open;
	int64_t at_s; // policy clock of the last answer
	char text[GATE_TEXT_BYTES];
};

struct gate_question {
	struct gates *gates;
	size_t index;
};

struct gates {
	struct publish *publish;
	const struct stats *stats;
	struct event_base *base;
	const struct policy *policy;  // in force when it was looked at last, to tell it from others
	char hash[POLICY_HASH_BYTES]; // of the policy that the results are of
	struct gate_result result[GATES_MAX];
	struct gate_tcp *tcp[GATES_MAX]; // questions under way
	struct gate_question question[GATES_MAX];
	uint64_t asked;       // bit i: gate i is asked in this round
	uint64_t pending;     // of these, those that have not answered yet
	int64_t round_at_s;   // policy clock of this round or the last one
	int64_t next_round_s; // CLOCK_MONOTONIC
};

void gates_init(struct gates *g, struct event_base *base, struct publish *publish,
		const struct stats *stats);
void gates_free(struct gates *g);

// To be called each second, with the policy clock: begins and ends rounds.
void gates_turn(struct gates *g, int64_t now_s);
// To be called whenever another policy or moment is in force.
void gates_policy_changed(struct gates *g);
// To be called before another life of op25b-dp is attached to, and before the end.
void gates_count(struct gates *g);

// Whether a stage waits for its gates at a moment: its date has come, and they were not found open.
bool gates_hold(const struct candidate *c, size_t stage, int64_t now_s);
