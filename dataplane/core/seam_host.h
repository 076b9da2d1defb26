// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
//
// The seam for gcc and clang on the host: plain loads from the frame's own bytes. A caller of the
// loaders has tested off + size against the window; AddressSanitizer on exact-size buffers proves
// it.
#pragma once

#include <string.h>

struct window {
	uint8_t b[1]; // the frame; as many bytes as the length given to parse(), at least up to
		      // WINDOW_BYTES
};

#define STAGE static inline __attribute__((always_inline)) // a part of parse()
#define ENTRY static inline                                // parse() itself
#define FORGET() ((void)0)
#define ENTRY_ARGS_OK(w, k) ((void)0)

STAGE uint8_t win_ld8(const struct window *w, uint32_t off)
{
	return *((const uint8_t *)w + off);
}

STAGE uint16_t win_ld16(const struct window *w, uint32_t off)
{
	uint16_t be;

	memcpy(&be, (const uint8_t *)w + off, sizeof(be));
	return __builtin_bswap16(be);
}

STAGE uint32_t win_ld32_be(const struct window *w, uint32_t off)
{
	uint32_t be;

	memcpy(&be, (const uint8_t *)w + off, sizeof(be));
	return be;
}

// Eight octets, the first of them in the lowest byte of the value.
STAGE uint64_t win_ld64_le(const struct window *w, uint32_t off)
{
	uint64_t le;

	memcpy(&le, (const uint8_t *)w + off, sizeof(le));
	return le;
}

// Sets *cell to v. The value comes back unchanged; only the BPF side forgets what it knew of it.
STAGE uint32_t opaque(uint32_t *cell, uint32_t v)
{
	*cell = v;
	return v;
}

// Zeroes `bytes` octets, a constant and a multiple of 16. gcc takes "rep stos" for such a size,
// whose start alone costs more than the rest of parse().
STAGE void clear(void *at, uint32_t bytes)
{
	typedef uint64_t two_words __attribute__((vector_size(16), aligned(4), may_alias));
	two_words *word = at;
	uint32_t i;

#pragma GCC unroll 16
	for (i = 0; i < bytes / sizeof(*word); i++)
		word[i] = (two_words){0, 0};
}
