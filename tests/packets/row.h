// SPDX-License-Identifier: BSD-3-Clause
//
// The packet table: one frame a row, and the one reason that every host of the judge must give for
// it. generate.py makes packet_rows.c from rows.py; each runner walks the rows in order, because
// the rows of a limit build on each other.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "../../dataplane/core/decide.h"

enum packet_host {
	HOST_CORE = 1,  // the core, called directly, on a clock of its own
	HOST_GUARD = 2, // the guard under BPF_PROG_TEST_RUN, which refuses frames below 14 bytes
	HOST_DP = 4,    // op25b-dp on net_ring ports
};

struct packet_row {
	const char *name;
	const uint8_t *frame;
	uint32_t frame_bytes;
	struct ingress in; // pair 1 drops what ends in doubt before any address
	uint8_t reason;    // enum op25b_reason
	uint8_t hosts;     // enum packet_host bits: who can run the row
	uint8_t policy;    // 0: policy.json, 1: policy_next.json, pushed before the first such row
	uint64_t at_ns;    // HOST_CORE: the moment, after the start of the table
};

extern const struct packet_row packet_rows[];
extern const size_t packet_row_count;
