// SPDX-License-Identifier: BSD-3-Clause
//
// A look at text before the JSON parser gets it: what the parser would answer with riddles, or with
// much memory. One thread at a time.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "diag.h"

#define BOUNDS_STRING_BYTES 65536u // a longer string means nothing here

// Returns false with an error if text is not UTF-8 by its first bytes, or has a string too long.
bool bounds_check(const char *text, size_t bytes, struct diag *d);
