// SPDX-License-Identifier: BSD-3-Clause
//
// What time does to the policy in force, on top of publish.c's state machine: boundaries, a clock
// that the operator accepts, and what is remembered and journalled when another moment or policy is
// in force. Internal to publish.
#pragma once

#include "publish.h"

// What is known of the gates of a candidate that was parsed just now.
void publish_know(const struct publish *p, struct candidate *c);
// Compiles try.next for at_s, with the slots of the policy in force. Returns false with errors in
// try.diag.
bool publish_compile(struct publish *p, int64_t at_s);
// Whether its revision lets it take the place of the policy in force. Returns false with an error.
bool publish_is_newer(const struct publish *p, struct candidate *next, struct diag *d);
// try has come into force in place of `before`: journal, memory, disk.
void publish_pass(struct publish *p, const struct candidate *before);
