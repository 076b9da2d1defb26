// SPDX-License-Identifier: BSD-3-Clause
//
// What refuses a subscriber's connection: a TCP reset, or ICMP "communication administratively
// prohibited", built from the refused frame. Pure function: any thread.
#pragma once

#include <stdint.h>

#include "../core/flow.h"
#include "../core/seam.h"

// An ICMP error quotes the headers of the refused packet, which end inside the window; what it puts
// in front of them (outer IPv6, IPv4, ICMP, and what PPP and Ethernet add) is less than this.
#define ANSWER_MAX_BYTES (WINDOW_BYTES + 128u)

// Builds the answer that `reason` (ANSWER_...) asks for to the TCP frame whose headers are at
// `frame` and were parsed to f (FLOW_TCP, not no_answer). Returns its length, padded to the
// Ethernet minimum.
uint32_t answer_build(const uint8_t *frame, const struct flow *f, uint8_t reason,
		      uint8_t out[ANSWER_MAX_BYTES]);
