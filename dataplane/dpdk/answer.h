// SPDX-License-Identifier: BSD-3-Clause
//
// The TCP reset that refuses a subscriber's connection, built from the refused frame. Pure
// function: any thread.
#pragma once

#include <stdint.h>

#include "../core/flow.h"

// Ethernet with four tags, PPPoE and PPP in full, IPv6, TCP.
#define ANSWER_MAX_BYTES 128u

// Builds the reset for the TCP frame whose headers are at `frame` and were parsed to f (FLOW_TCP).
// Returns its length, padded to the Ethernet minimum.
uint32_t answer_build(const uint8_t *frame, const struct flow *f, uint8_t out[ANSWER_MAX_BYTES]);
