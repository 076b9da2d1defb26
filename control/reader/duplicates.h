// SPDX-License-Identifier: BSD-3-Clause
//
// Finds keys that stand more than once in one object, which the JSON parser can only refuse one at
// a time, or not see. One thread at a time.
#pragma once

#include <stddef.h>

#include "diag.h"

// Adds an error for each key of an object that has it already. text must have been parsed before,
// duplicates allowed: it is not checked again.
void duplicates_find(const char *text, size_t bytes, struct diag *d);
