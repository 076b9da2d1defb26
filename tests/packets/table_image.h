// SPDX-License-Identifier: BSD-3-Clause
//
// The policies of the packet table (policy.json, policy_next.json), compiled by the policy library
// for the table's box: two pairs of ports, of which the second drops what ends in doubt below IP.
// One thread at a time.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "row.h"

#define TABLE_POLICIES 2u
#define TABLE_PAIRS 2u         // named "east" and "west"
#define TABLE_L2_DOUBT_DROP 2u // bit i: pair i drops it
#define TABLE_SLOTS (1u << 18) // subscriber slots of the box

struct table_images {
	void *image[TABLE_POLICIES]; // by row.policy
	size_t bytes[TABLE_POLICIES];
	uint64_t generation; // of the image handed out last
	uint32_t in_force;   // index of it
};

// Compiles the policy at path. Returns an image that image_check() accepts, to be freed. Stops the
// program with the errors of the policy.
void *table_image_read(const char *path, uint64_t generation, size_t *bytes);

// The same for the policies at both paths. The second keeps the slots of the first's subscribers,
// as op25bd has it. Pair with table_images_free().
void table_images_read(struct table_images *t, char *const paths[TABLE_POLICIES]);
void table_images_free(struct table_images *t);

// The image of the policy, as the next generation. It is in force from now on.
const void *table_images_next(struct table_images *t, uint32_t policy, size_t *bytes);

// "blocked" for REASON_DROP_BLOCKED.
const char *reason_text(uint32_t reason);
