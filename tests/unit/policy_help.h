// SPDX-License-Identifier: BSD-3-Clause
//
// What the tests of control/policy share: a policy or a failed test.
#pragma once

#include "control/policy/policy.h"
#include "dataplane/core/image_view.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

// Each fails the test with what the operator would see. policy_free() the result.
struct policy *must_read(const char *path);
struct policy *must_parse(const char *text);

struct image {
	void *bytes;
	size_t size;
	struct image_view view;
};

// What the policy compiles to; free() its bytes.
struct image image_of(const struct policy *p, const struct compile_request *r);
// The answer to a question about the moment `at` on a box of these pairs (0: of none); NULL: it was
// refused.
json_t *explain_question(const struct policy *p, const struct explain_request *q, const char *at,
			 const char *const *pair_names, uint32_t pair_count);
// The text at key, which must be there; NULL if it is null.
const char *text_of(const json_t *answer, const char *key);
// policies/<name>.json
struct policy *example(const char *name);
