// SPDX-License-Identifier: BSD-3-Clause
//
// See fuzz.h.
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

void fuzz_must(bool is_so, const char *sentence)
{
	if (is_so)
		return;
	fprintf(stderr, "\nThis is not so: %s\n", sentence);
	abort();
}

uint32_t fuzz_open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	uint32_t count = 0;

	fuzz_must(d, "the open descriptors can be listed");
	while (readdir(d))
		count++;
	closedir(d);
	return count - 3; // ".", "..", and the one that lists
}

uint32_t fuzz_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u; // Numerical Recipes
	return *state >> 8;
}

uint8_t fuzz_byte(struct fuzz_input *in)
{
	if (!in->bytes)
		return 0;
	in->bytes--;
	return *in->at++;
}

uint16_t fuzz_two_bytes(struct fuzz_input *in)
{
	uint16_t high = fuzz_byte(in);

	return (uint16_t)(high << 8 | fuzz_byte(in));
}

const uint8_t *fuzz_bytes(struct fuzz_input *in, size_t bytes, size_t *given)
{
	const uint8_t *at = in->at;

	*given = bytes < in->bytes ? bytes : in->bytes;
	in->at += *given;
	in->bytes -= *given;
	return at;
}
