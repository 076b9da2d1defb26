// SPDX-License-Identifier: BSD-3-Clause
//
// Whether op25b-dp runs with the ports of the dataplane.json that op25bd has read. Policies tell
// pairs by name, images by number: its place in the file. Were the files not the same, a pool
// would be believed on another pair than its policy says.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "../../dataplane/abi/stats_abi.h"
#include "../../dataplane/config/config.h"

// Compares number, names, sides and pairs of the ports in m, whose counts were checked
// (stats_attach()). Returns false with a sentence in why about the first that differs.
bool ports_are_those_of(const struct dataplane_config *c, const struct op25b_stats_hdr *m,
			char *why, size_t why_bytes);
