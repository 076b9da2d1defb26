// SPDX-License-Identifier: BSD-3-Clause
//
// When the policy in force changes by itself: a timer on the next moment at which another stage
// becomes active. Event loop thread only.
#pragma once

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "publish.h"

struct schedule {
	struct publish *publish;
	struct event *timer;
	int64_t tried_s;      // the change that was tried last, and is not in force yet
	int64_t not_before_s; // CLOCK_MONOTONIC of the next try of it
};

// Returns false: out of memory.
bool schedule_init(struct schedule *s, struct event_base *base, struct publish *publish);
void schedule_free(struct schedule *s);

// To be called whenever the policy in force has changed, or an attempt to change it has failed.
void schedule_arm(struct schedule *s);

// The next moment after the policy in force was compiled at which it changes. Returns false if
// there is none, or the clock is frozen.
bool schedule_next(const struct schedule *s, int64_t *when_s);
