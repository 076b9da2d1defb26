// SPDX-License-Identifier: BSD-3-Clause
//
// See table_image.h.
#include "table_image.h"

#include <stdlib.h>

#include "control/policy/policy.h"
#include "dataplane/core/image_check.h"

#define TABLE_TIME_S 1207000000 // NOW of table.py: some stages drain then, some grants have ended

static void *image_read(const char *path, uint64_t generation, const void *previous, size_t *bytes)
{
	static const char *const pair_names[TABLE_PAIRS] = {"east", "west"};
	struct compile_request request = {
		.moment = {.at_s = TABLE_TIME_S},
		.generation = generation,
		.slots_capacity = TABLE_SLOTS,
		.previous = previous,
		.pair_names = pair_names,
		.pair_count = TABLE_PAIRS,
	};
	struct policy *policy;
	void *image = NULL;
	struct diag d;

	diag_init(&d, path);
	policy = policy_read(path, &d);
	if (policy && policy_compile(policy, &request, &image, bytes, &d) &&
	    image_check(image, *bytes).code == IMAGE_OK) {
		diag_print(&d, stderr);
		policy_free(policy);
		diag_free(&d);
		return image;
	}
	diag_print(&d, stderr);
	fprintf(stderr, "%s: the packet table's policy does not compile to a good image\n", path);
	exit(1);
}

void *table_image_read(const char *path, uint64_t generation, size_t *bytes)
{
	return image_read(path, generation, NULL, bytes);
}

void table_images_read(struct table_images *t, char *const paths[TABLE_POLICIES])
{
	uint32_t i;

	*t = (struct table_images){0};
	for (i = 0; i < TABLE_POLICIES; i++)
		t->image[i] = image_read(paths[i], i + 1, i ? t->image[i - 1] : NULL, &t->bytes[i]);
}

void table_images_free(struct table_images *t)
{
	uint32_t i;

	for (i = 0; i < TABLE_POLICIES; i++)
		free(t->image[i]);
}

const void *table_images_next(struct table_images *t, uint32_t policy, size_t *bytes)
{
	struct op25b_image_hdr *hdr = t->image[policy];

	// The generation is no part of the checksum.
	hdr->generation = ++t->generation;
	t->in_force = policy;
	*bytes = t->bytes[policy];
	return hdr;
}

const char *reason_text(uint32_t reason)
{
	static const char *const texts[] = {
#define REASON_TEXT(id, verdict, name, help) name,
		OP25B_REASONS(REASON_TEXT)
#undef REASON_TEXT
	};

	return reason < REASON_COUNT ? texts[reason] : "no reason";
}
