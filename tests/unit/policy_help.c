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

struct policy *example(const char *name)
{
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "%s/%s.json", POLICIES_DIR, name);
	return must_read(path);
}
