// SPDX-License-Identifier: BSD-3-Clause
//
// The look-up tables of one generation: rte_fib and rte_fib6 that give an index in the image's
// address entries, and the classes with their places in the counters filled in. Built and freed by
// the main thread, never changed after they are published, read by every worker.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "../core/image_view.h"
#include "compat.h"
#include <rte_fib.h>

struct tables {
	const struct op25b_addr *addrs; // of the image; [0]: addresses in no prefix
	struct op25b_class *classes;    // copies of the image's, with stats_slot and stats_cell set
	struct rte_fib *fib4;           // NULL: the policy has no IPv4 prefix
	struct rte_fib6 *fib6;          // NULL: the policy has no IPv6 prefix
	uint64_t generation;
	uint64_t checksum;
	struct image_view view;
	void *image; // mapping that the tables own
	size_t image_bytes;
	int fd; // the sealed image, handed to a restarted op25bd
};

// Builds fib4, fib6 and the copy of the classes (as in the image) from t->view, which is set. seq
// makes table names unique. Returns false if memory does not suffice; tables_free() then cleans up.
bool tables_build(struct tables *t, uint32_t seq);

// Frees the tables with their image and its descriptor. NULL is allowed.
void tables_free(struct tables *t);

// Indices in t->addrs of `count` addresses in host order.
static inline void tables_find4(const struct tables *t, uint32_t *addrs, uint64_t *found,
				uint32_t count)
{
	if (t->fib4)
		rte_fib_lookup_bulk(t->fib4, addrs, found, (int)count);
	else
		memset(found, 0, count * sizeof(*found));
}

static inline void tables_find6(const struct tables *t, struct ip6_key *keys, uint64_t *found,
				uint32_t count)
{
	if (t->fib6)
		compat_fib6_lookup_bulk(t->fib6, keys, found, (int)count);
	else
		memset(found, 0, count * sizeof(*found));
}
