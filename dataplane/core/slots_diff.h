// SPDX-License-Identifier: BSD-3-Clause
//
// Which subscriber slots change hands from one policy image to the next. A slot that does must be
// zeroed, or the new owner would inherit the old one's limit state, holds included. Used by
// op25b-dp and by the guard's loader. Host only; one call is one thread's.
#pragma once

#include <stdint.h>

#include "image_view.h"

// Told of `count` slots from `base` on whose owner is another than before. Ranges do not overlap.
typedef void (*slots_changed_fn)(void *ctx, uint32_t base, uint32_t count);

// Compares the owner of each slot in the checked images old_or_null and new_, and reports the slots
// of new_ whose owner is not the one they had. An owner is a block of addresses (family, key_shift,
// the bits above it), not a prefix: a prefix that is split, or that gets a more specific one inside
// it, keeps its subscribers' state as long as their slots stay. Without an old image, or without
// memory for the comparison, every slot in use is reported.
void image_changed_slots(const struct image_view *old_or_null, const struct image_view *new_,
			 slots_changed_fn changed, void *ctx);
