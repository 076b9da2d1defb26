// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
//
// The connection limit of one subscriber: GCRA (ITU-T I.371, virtual scheduling) in one 64-bit word
// that op25b-dp's workers and the guard change by compare-and-swap, so that one subscriber's frames
// may meet any of them. The word is the theoretical arrival time (TAT) in ns of CLOCK_MONOTONIC,
// or, with the top bit set, the moment at which the subscriber's hold ends. 0: never seen.
#pragma once

#include "seam.h"

#define LIMIT_HELD_BIT (1ull << 63)
#define LIMIT_MAX_TRIES 4

struct limit_profile {
	uint64_t interval_ns;  // one connection's worth of time, > 0
	uint64_t tolerance_ns; // how far TAT may run ahead of now
	uint64_t hold_ns;      // 0: an offender is not held
};

enum limit_result {
	LIMIT_WITHIN = 0,
	LIMIT_OVER = 1, // this connection is one too many
	LIMIT_HELD = 2, // on hold: nothing passes
	LIMIT_BUSY = 3, // lost LIMIT_MAX_TRIES races for the slot: treat as over
};

// Whether the slot's subscriber is on hold at now_ns. Changes nothing.
STAGE bool limit_is_held(const uint64_t *slot, uint64_t now_ns)
{
	uint64_t state = *(const volatile uint64_t *)slot;

	return (state & LIMIT_HELD_BIT) && now_ns < (state & ~LIMIT_HELD_BIT);
}

// Charges one new connection at now_ns to the slot.
STAGE enum limit_result limit_charge(uint64_t *slot, const struct limit_profile *p, uint64_t now_ns)
{
	uint32_t i;

	for (i = 0; i < LIMIT_MAX_TRIES; i++) {
		uint64_t state = *(volatile uint64_t *)slot;
		uint64_t tat = state & LIMIT_HELD_BIT ? 0 : state;
		uint64_t want;
		bool over;

		if ((state & LIMIT_HELD_BIT) && now_ns < (state & ~LIMIT_HELD_BIT))
			return LIMIT_HELD;
		if (tat < now_ns)
			tat = now_ns;
		over = tat - now_ns > p->tolerance_ns;
		if (over && !p->hold_ns)
			return LIMIT_OVER;
		want = over ? LIMIT_HELD_BIT | (now_ns + p->hold_ns) : tat + p->interval_ns;
		if (__sync_val_compare_and_swap(slot, state, want) == state)
			return over ? LIMIT_OVER : LIMIT_WITHIN;
	}
	return LIMIT_BUSY;
}
