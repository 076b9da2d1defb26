// SPDX-License-Identifier: BSD-3-Clause
//
// What a policy amounts to, for people and programs: what is in force at a moment, what changes
// when, how two policies differ, and a policy to begin with. Answers are JSON; nothing is compiled.
// One thread at a time, as policy.h.
#pragma once

#include <jansson.h>

#include "policy.h"

// What every pool's subscribers get for every destination at m. An object: "at", "default",
// "pools" (an array of "pool", "kind", "stage", "addresses", "ip6_subscribers", "v6_key" and "to":
// "destinations", "verdict", "limit", "as"), "infra", "exceptions" and "quarantines" in force.
json_t *policy_table(const struct policy *p, const struct moment *m);

// How b differs from a. Without moments over all time, exceptions and quarantines told one by one;
// with them what is in force in a at at_a against what is in force in b at at_b, to the address. An
// object: "equal" and "changes", each of which has at least "kind" ("verdict", "addresses" or
// "text") and "text", the line for people.
json_t *policy_diff(const struct policy *a, const struct moment *at_a, const struct policy *b,
		    const struct moment *at_b);

// The timeline, seen from m: "events" (what changes when, for whom), "standing" (since ever),
// "held" (what has no moment of its own, or waits for gates), "ending" (exceptions and quarantines
// in force or to come, by their end) and "unassigned" (waves without pools).
json_t *policy_plan(const struct policy *p, const struct moment *m);

// A commented policy to begin with, of that name and time zone. It still goes through
// policy_parse(), which judges both. free() it.
char *policy_starter(const char *name, const char *tz);
