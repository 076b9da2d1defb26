// SPDX-License-Identifier: BSD-3-Clause
//
// The policy of the packet table (policy.json), compiled by the policy library to an image. One
// thread at a time.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "row.h"

// Compiles the policy at path. Returns an image that image_check() accepts, to be freed. Stops the
// program with the errors of the policy.
void *table_image_read(const char *path, uint64_t generation, size_t *bytes);

// "blocked" for REASON_DROP_BLOCKED.
const char *reason_text(uint32_t reason);
