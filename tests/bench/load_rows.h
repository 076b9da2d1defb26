// SPDX-License-Identifier: BSD-3-Clause
//
// The packet table, as it is mixed into the load: each row's frame, what has to become of it, and
// what did. The one core of loadgen.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "load_stream.h"

#define ROW_ANSWERS 4u // different answers to a row that are kept: there should be one

struct row {
	struct rte_mbuf *frame;
	uint8_t side; // that it is sent from
	uint8_t fate; // enum fate: what has to become of it
	uint64_t sent, forwarded, answered;
	uint64_t changed; // forwarded, but not byte for byte
	uint64_t astray;  // came out where it must not
	struct rte_mbuf *answer[ROW_ANSWERS];
	uint32_t answers;
};

struct rows {
	struct row *row;
	uint32_t count;
	uint32_t *of_side[2]; // indices of the rows of a side
	uint32_t side_count[2];
	uint32_t next[2]; // to be sent, in of_side
};

// Reads a line a row: side (0 subscriber, 1 network), fate (P, A, D) and the frame in hexadecimal.
// Returns NULL or what is wrong with the file, and with which line.
const char *rows_load(struct rows *rows, const char *path, struct rte_mempool *pool,
		      struct rte_mempool *jumbo_pool);
void rows_unload(struct rows *rows);

// Forgets what became of the rows, and marks their frames as those of a trial.
void rows_begin(struct rows *rows, uint8_t epoch);

// Frames that have to come out and have not.
uint64_t rows_missing(const struct rows *rows);

// A frame with the mark of a row was received, forwarded or as an answer. `port` is the side that
// it came out of. Returns false if there is no such row.
bool rows_take(struct rows *rows, uint32_t number, uint32_t port, const struct rte_mbuf *frame);
bool rows_take_answer(struct rows *rows, uint32_t number, uint32_t port, struct rte_mbuf *frame);

// Writes members of a JSON object: how often the rows were judged, and which of them wrongly.
void rows_print(const struct rows *rows, FILE *out);

// Writes each different answer: the row's number, its frame and the answer in hexadecimal.
bool rows_write_answers(const struct rows *rows, const char *path);
