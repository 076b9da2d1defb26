// SPDX-License-Identifier: BSD-3-Clause
//
// The attempts that op25bd makes by itself, on top of publish.c's state machine: the first policy
// after a start, and the policy in force for a dataplane that has another. Internal to publish.
#pragma once

#include "publish.h"

// Publishes the last good policy, or --policy if there is none. Adopts, without an offer, what the
// hosts have in force already.
void publish_start(struct publish *p);

// Offers the policy in force to op25b-dp if it is up and has another one.
void publish_reconcile(struct publish *p);

// publish.c, for start.c.
bool publish_dataplane_is_usable(const struct publish *p); // up, and may be given a policy
uint64_t publish_next_generation(struct publish *p);
void publish_attempt_begin(struct publish *p, enum publish_kind kind, const char *source);
// Offers try.next, or, if !good, refuses it by the errors in try.diag.
void publish_attempt_go(struct publish *p, bool good);
// After an attempt, or instead of one.
void publish_settle(struct publish *p, bool good);
