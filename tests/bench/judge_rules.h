// SPDX-License-Identifier: BSD-3-Clause
//
// A policy image as a list of rules, for judges that know addresses and ports of IPv4 and nothing
// else: source prefix, destination prefix, TCP to port 25, in order of precedence. What the list
// cannot say (tags, tunnels, doubt, ports in sets) no rule stands for; bench_judge finds out by
// comparing. One thread.
#pragma once

#include <stdint.h>

#include "dataplane/core/image_view.h"

// What becomes of a frame, as far as a rule can say it.
enum ruling {
	RULING_PASS = 0,
	RULING_DROP = 1, // answers included
	RULING_LIMITED = 2,
	RULING_COUNT = 3,
};

struct rule {
	uint32_t src, src_mask; // host order
	uint32_t dst, dst_mask; // host order
	uint32_t precedence;    // the greatest that matches wins
	uint16_t dport;
	uint8_t proto;
	uint8_t ruling; // enum ruling
};

struct rules {
	struct rule *rule; // the greatest precedence first
	uint32_t count;
	uint32_t room;
};

void rules_make(struct rules *r, const struct image_view *v);
void rules_free(struct rules *r);

// The rule that a reason of op25b's is the ruling of.
enum ruling rules_of_reason(uint8_t reason);
