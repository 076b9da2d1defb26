// SPDX-License-Identifier: BSD-3-Clause
//
// The look-up tables of one generation: tries that give an index in the image's address entries,
// and the classes with their places in the counters filled in. Built and freed by the main thread,
// never changed after they are published, read by every worker.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "../core/image_view.h"
#include "lpm.h"

// An IPv6 address in network order as a look-up key.
struct ip6_key {
	uint8_t be[16];
};

_Static_assert(sizeof(struct ip6_key) == 16, "keys lie packed in look-up arrays");

struct tables {
	const struct op25b_addr *addrs; // of the image; [0]: addresses in no prefix
	struct op25b_class *classes;    // copies of the image's, with stats_slot and stats_cell set
	uint32_t *lpm4;                 // NULL: the policy has no IPv4 prefix
	uint32_t *lpm6;                 // NULL: the policy has no IPv6 prefix
	uint64_t generation;
	uint64_t checksum;
	struct image_view view;
	void *image; // mapping that the tables own
	size_t image_bytes;
	int fd; // the sealed image, handed to a restarted op25bd
};

// Builds the tries and the copy of the classes (as in the image) from t->view, which is set.
// Returns false if memory does not suffice; tables_free() then cleans up.
bool tables_build(struct tables *t);

// Frees the tables with their image and its descriptor. NULL is allowed.
void tables_free(struct tables *t);

// Indices in t->addrs of `count` addresses in host order.
static inline void tables_find4(const struct tables *t, const uint32_t *addrs, uint64_t *found,
				uint32_t count)
{
	if (t->lpm4)
		lpm_find4(t->lpm4, addrs, found, count);
	else
		memset(found, 0, count * sizeof(*found));
}

static inline void tables_find6(const struct tables *t, const struct ip6_key *keys, uint64_t *found,
				uint32_t count)
{
	if (t->lpm6)
		lpm_find6(t->lpm6, keys->be, found, count);
	else
		memset(found, 0, count * sizeof(*found));
}
