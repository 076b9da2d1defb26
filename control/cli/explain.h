// SPDX-License-Identifier: BSD-3-Clause
//
// What the two forms of op25bctl policy explain share.
#pragma once

#include "../policy/policy.h"
#include "command.h"

// The question that the command line asks, without addresses and frame.
struct explain_request explain_question(const struct command_args *a);

// Reads the policy of the first file and compiles it for the moment that is asked about. Returns
// false with errors in d. *policy is to be freed in both cases.
bool explain_open(const struct command_args *a, struct policy **policy, struct compile_request *r,
		  struct explainer **explainer, struct diag *d);
