// SPDX-License-Identifier: BSD-3-Clause
//
// Whether a frame is the right reset to another: RFC 9293 section 3.10.7.1, checked field by field
// and without the code that builds resets. Any thread.
#pragma once

#include <stdint.h>

// NULL if the frame `answer` is a correct TCP reset to the frame `query`, else what is wrong.
const char *answer_fault(const uint8_t *query, uint32_t query_bytes, const uint8_t *answer,
			 uint32_t answer_bytes);
