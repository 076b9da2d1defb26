// SPDX-License-Identifier: BSD-3-Clause
//
// What libFuzzer asks of a target and what the targets share. A target never prints and goes on:
// what must not be ends the program, so that libFuzzer keeps the input. One thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// libFuzzer's names. Each target has the second; replay.c calls both on files.
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);
// Optional: changes data in place, at most to most_bytes. Returns the new length.
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t most_bytes, unsigned int seed);
// libFuzzer's own mutations, for a mutator of ours to call.
size_t LLVMFuzzerMutate(uint8_t *data, size_t bytes, size_t most_bytes);

// Ends the program with the sentence, which says what should have been, if it is not.
void fuzz_must(bool is_so, const char *sentence);

// Descriptors that this process has open.
uint32_t fuzz_open_fds(void);

// The next of a row of numbers below 2^24 that *state begins, for mutators.
uint32_t fuzz_random(uint32_t *state);

// Takes an input apart from the front. Behind its end everything is 0.
struct fuzz_input {
	const uint8_t *at;
	size_t bytes;
};

// The next byte.
uint8_t fuzz_byte(struct fuzz_input *in);
// The next two, most significant first.
uint16_t fuzz_two_bytes(struct fuzz_input *in);
// At most `bytes` of what comes next; *given is how many there are.
const uint8_t *fuzz_bytes(struct fuzz_input *in, size_t bytes, size_t *given);
