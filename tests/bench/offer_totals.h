// SPDX-License-Identifier: BSD-3-Clause
//
// What became of the frames, read from the statistics memory of a running op25b-dp. Any thread.
#pragma once

#include <stdint.h>

#include "dataplane/abi/stats_abi.h"

// Frames received so far, by all workers on all ports.
uint64_t totals_received(const struct op25b_stats_hdr *stats);

// Prints an object of received, forwarded, dropped, answered, tx_full, and of pools, which has for
// each pool its frames by reason. It adds up when no frame is on its way.
void totals_print(const struct op25b_stats_hdr *stats);
