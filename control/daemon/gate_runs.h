// SPDX-License-Identifier: BSD-3-Clause
//
// Stages that gates ask about: how long each has been in force on each of its pools, and what share
// of the pools' port 25 packets its monitor clauses would have refused meanwhile. The account is in
// struct memory, and so outlives op25bd; the packets are those of op25b-dp and of the guard.
#pragma once

#include <stdbool.h>

#include "gate_tcp.h"
#include "publish.h"
#include "stats.h"

// Adds what the hosts have counted since the last look to the stages in force. To be called from
// time to time, and before another life of op25b-dp is attached to.
void runs_count(struct memory *m, const struct stats *stats, struct guard *guard);

// c has come into force at its moment: sees which of the stages that its gates ask about are in
// force now. Counts first. Returns whether one began, ended or is forgotten.
bool runs_update(struct memory *m, const struct candidate *c, const struct stats *stats,
		 struct guard *guard);

// A gate of check GATE_MONITOR_RAN or GATE_WOULD_DROP_BELOW. Returns whether it is open, and in
// text why.
bool runs_ask(const struct memory *m, const struct policy *p, const struct policy_gate *gate,
	      int64_t now_s, char text[GATE_TEXT_BYTES]);
