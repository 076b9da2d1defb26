// SPDX-License-Identifier: BSD-3-Clause
//
// Whether a frame is the right answer to another: a TCP reset (RFC 9293 section 3.10.7.1) or an
// ICMP error (RFC 1812 section 5.2.7.1, RFC 4443 section 3.1), checked field by field in the
// frame's own bytes and without the code that builds answers. Any thread.
#pragma once

#include <stdint.h>

#include "dataplane/abi/image_abi.h"

// NULL if the frame `answer` is what reason (REASON_ANSWER_...) promises for the frame `query`,
// else what is wrong. softwires: of the policy in force.
const char *answer_fault(const uint8_t *query, uint32_t query_bytes,
			 const struct op25b_softwires *softwires, uint8_t reason,
			 const uint8_t *answer, uint32_t answer_bytes);
