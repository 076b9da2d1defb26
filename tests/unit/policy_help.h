// SPDX-License-Identifier: BSD-3-Clause
//
// What the tests of control/policy share: a policy or a failed test.
#pragma once

#include "control/policy/policy.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

// Each fails the test with what the operator would see. policy_free() the result.
struct policy *must_read(const char *path);
struct policy *must_parse(const char *text);
// policies/<name>.json
struct policy *example(const char *name);
