// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
//
// The seam for the guard. The window is a copy of the frame's first bytes in a map value; offsets
// are masked into it, which satisfies the verifier and makes a forgotten bounds test harmless there
// (and silent: only the host build with AddressSanitizer finds it).
#pragma once

struct window {
	uint8_t b[WINDOW_BYTES + 16]; // the last 16 take the tail of a masked wide load
};

#define STAGE static inline __attribute__((always_inline))
// Global functions are verified once, with unknown arguments: that halves the verifier's work.
#define ENTRY __attribute__((noinline))
// Joins paths: without it the verifier walks each combination of tags, options and headers by
// itself.
#define FORGET() __asm__ volatile("" ::: "memory")
// A global function's pointers may be null, says the verifier.
#define ENTRY_ARGS_OK(w, k)                                                                        \
	do {                                                                                       \
		if (!(w) || !(k))                                                                  \
			return 0;                                                                  \
	} while (0)

STAGE uint8_t win_ld8(const struct window *w, uint32_t off)
{
	return w->b[off & (WINDOW_BYTES - 1)];
}

STAGE uint16_t win_ld16(const struct window *w, uint32_t off)
{
	return __builtin_bswap16(*(const uint16_t *)&w->b[off & (WINDOW_BYTES - 1)]);
}

STAGE uint32_t win_ld32_be(const struct window *w, uint32_t off)
{
	return *(const uint32_t *)&w->b[off & (WINDOW_BYTES - 1)];
}

STAGE uint64_t win_ld64_le(const struct window *w, uint32_t off)
{
	return *(const uint64_t *)&w->b[off & (WINDOW_BYTES - 1)];
}

// Sets *cell, which lies in a map value, to v, and loads it back: a value loaded from a map is
// unknown to the verifier, so that states which differ only in the cursor become one.
STAGE uint32_t opaque(uint32_t *cell, uint32_t v)
{
	*cell = v;
	FORGET();
	return *(volatile uint32_t *)cell;
}

STAGE void clear(void *at, uint32_t bytes)
{
	__builtin_memset(at, 0, bytes);
}
