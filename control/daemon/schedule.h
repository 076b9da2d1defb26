// SPDX-License-Identifier: BSD-3-Clause
//
// When the policy in force changes by itself: a timer on the next moment at which something begins
// or ends, the questions to gates, and what is said of the clock. Event loop thread only.
#pragma once

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "gates.h"
#include "publish.h"

struct schedule {
	struct publish *publish;
	struct gates *gates;
	struct event *timer;
	int64_t tried_s;      // the change that was tried last, and is not in force yet
	int64_t not_before_s; // CLOCK_MONOTONIC of the next try of it
	int64_t remember_s;   // CLOCK_MONOTONIC at which the moment goes to disk again
	bool clock_was_bad;
};

// Returns false: out of memory.
bool schedule_init(struct schedule *s, struct event_base *base, struct publish *publish,
		   struct gates *gates);
void schedule_free(struct schedule *s);

// To be called whenever the policy in force has changed, or an attempt to change it has failed.
void schedule_arm(struct schedule *s);

// What the timer does: fires what is due, asks gates.
void schedule_turn(struct schedule *s);

// The next event of the policy in force after the moment it was compiled for. NULL: there is none,
// or the clock is frozen.
const struct policy_event *schedule_next(const struct schedule *s);
