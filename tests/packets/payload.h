// SPDX-License-Identifier: BSD-3-Clause
//
// "The payload is never read", as frames: with other bytes behind the headers, with none, with very
// many. Any thread.
#pragma once

#include <stdint.h>

#include "dataplane/core/parse.h"

// First byte of the frame that no verdict may depend on; frame_bytes if there is none. k: what
// parse() found out about it.
uint32_t payload_start(const uint8_t *frame, uint32_t frame_bytes, const struct parse_work *k);

// For a frame with a TCP header (FLOW_TCP): has every length in front of that header say that
// payload_bytes are behind it, and nothing behind these. Without this the lengths would lie when
// the payload is cut off, and a lie has a verdict of its own; so what must hold is: the same
// verdict for any payload that the lengths tell of. Writes into the frame's headers only. Returns
// how long the frame is then.
uint32_t payload_resize(uint8_t *frame, const struct flow *f, uint32_t payload_bytes);
