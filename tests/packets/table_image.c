// SPDX-License-Identifier: BSD-3-Clause
//
// See table_image.h.
#include "table_image.h"

#include <stdlib.h>

#include "control/policy/policy.h"
#include "dataplane/core/image_check.h"

// No stage of the table's policy is dated: any moment will do.
#define TABLE_TIME_S 1207000000

void *table_image_read(const char *path, uint64_t generation, size_t *bytes)
{
	struct compile_request request = {
		.at_s = TABLE_TIME_S,
		.generation = generation,
		.slots_capacity = UINT64_MAX,
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

const char *reason_text(uint32_t reason)
{
	static const char *const texts[] = {
#define REASON_TEXT(id, verdict, name, help) name,
		OP25B_REASONS(REASON_TEXT)
#undef REASON_TEXT
	};

	return reason < REASON_COUNT ? texts[reason] : "no reason";
}
