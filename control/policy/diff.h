// SPDX-License-Identifier: BSD-3-Clause
//
// What the parts of policy_diff() share. Private to this folder.
#pragma once

#include "effect.h"
#include "views.h"

// What becomes other for whom: rows of "kind" "verdict", and "addresses" for addresses that are in
// another pool, appended to rows. Views with a moment: at it; without: over all time.
void diff_effects(const struct view views[2], json_t *rows);

// What the canonical texts say differently, key by key: rows of "kind" "text".
void diff_texts(const struct policy *a, const struct policy *b, json_t *rows);
