// SPDX-License-Identifier: BSD-3-Clause
//
// See policy_help.h.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/core/image_check.h"
#include "policy_help.h"

#define PATH_BYTES 1024

// Fails with what the operator would see.
struct policy *must_read(const char *path)
{
	struct policy *p;
	struct diag d;

	diag_init(&d, path);
	p = policy_read(path, &d);
	if (!p)
		diag_print(&d, stderr);
	diag_free(&d);
	assert_non_null(p);
	return p;
}

struct policy *must_parse(const char *text)
{
	struct policy *p;
	struct diag d;

	diag_init(&d, "text");
	p = policy_parse(text, strlen(text), &d);
	if (!p)
		diag_print(&d, stderr);
	diag_free(&d);
	assert_non_null(p);
	return p;
}

struct image image_of(const struct policy *p, const struct compile_request *r)
{
	struct image image = {0};
	struct diag d;

	diag_init(&d, "compile");
	if (!policy_compile(p, r, &image.bytes, &image.size, &d))
		diag_print(&d, stderr);
	assert_false(diag_is_refused(&d));
	diag_free(&d);
	assert_int_equal(image_check(image.bytes, image.size).code, IMAGE_OK);
	image_view_init(&image.view, image.bytes);
	return image;
}

json_t *explain_question(const struct policy *p, const struct explain_request *q, const char *at,
			 const char *const *pair_names, uint32_t pair_count)
{
	struct compile_request r = {.generation = 1,
				    .slots_capacity = UINT64_MAX,
				    .pair_names = pair_names,
				    .pair_count = pair_count};
	struct explainer *e;
	json_t *answer;
	struct diag d;

	assert_true(time_read(at, policy_tz(p), &r.moment.at_s));
	diag_init(&d, "explain");
	e = explainer_open(p, &r, &d);
	if (!e)
		diag_print(&d, stderr);
	assert_non_null(e);
	answer = explainer_ask(e, q, &d);
	assert_int_equal(!answer, diag_is_refused(&d));
	explainer_close(e);
	diag_free(&d);
	return answer;
}

const char *text_of(const json_t *answer, const char *key)
{
	const json_t *value = json_object_get(answer, key);

	assert_non_null(value);
	return json_is_null(value) ? NULL : json_string_value(value);
}

struct policy *example(const char *name)
{
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "%s/%s.json", POLICIES_DIR, name);
	return must_read(path);
}
