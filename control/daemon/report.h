// SPDX-License-Identifier: BSD-3-Clause
//
// What op25bd says of an attempt to publish: the answer, the log, and what status remembers.
#pragma once

#include "publish.h"

// The answer to whoever asked for the attempt that is about to end; a new reference. errors: the
// attempt's diag rows.
json_t *report_answer(const struct publish *p, enum publish_outcome outcome, json_t *errors);
json_t *report_reason(const char *reason);

void report_log(const struct publish *p, enum publish_outcome outcome);

// For last_reload.
void report_remember(struct publish *p, bool good, json_t *errors);
