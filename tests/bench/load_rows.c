// SPDX-License-Identifier: BSD-3-Clause
//
// See load_rows.h. What was wrong is told of the first rows only; all are counted.
#include "load_rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "load_mark.h"

#define MAX_ROW_BYTES 16384u
#define ROWS_TOLD 20u

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Returns the bytes read, 0 if the text is no frame.
static uint32_t read_hex(const char *text, uint8_t bytes[MAX_ROW_BYTES])
{
	uint32_t count = 0;

	while (*text && *text != '\n') {
		int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);

		if (low < 0 || count == MAX_ROW_BYTES)
			return 0;
		bytes[count++] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	return count;
}

static int read_fate(char letter)
{
	switch (letter) {
	case 'P':
		return FATE_PASS;
	case 'A':
		return FATE_ANSWER;
	case 'D':
		return FATE_DROP;
	default:
		return -1;
	}
}

static bool read_row(struct rows *rows, const char *line, struct rte_mempool *pool,
		     struct rte_mempool *jumbo_pool)
{
	static uint8_t frame[MAX_ROW_BYTES];
	struct row *row = &rows->row[rows->count];
	int side = line[0] - '0', fate = strlen(line) > 4 ? read_fate(line[2]) : -1;
	uint32_t bytes = fate < 0 ? 0 : read_hex(line + 4, frame);
	bool is_jumbo = bytes + RTE_PKTMBUF_HEADROOM > rte_pktmbuf_data_room_size(pool);

	if ((side != 0 && side != 1) || bytes == 0)
		return false;
	// Only what is dropped needs not be known again.
	if (bytes < MARK_MIN_FRAME_BYTES && fate != FATE_DROP)
		return false;
	*row = (struct row){.side = (uint8_t)side, .fate = (uint8_t)fate};
	row->frame = stream_buffer(is_jumbo ? jumbo_pool : pool, frame, bytes);
	if (!row->frame)
		return false;
	rows->of_side[side][rows->side_count[side]++] = rows->count++;
	return true;
}

static void *grow(void *old, size_t bytes)
{
	void *now = realloc(old, bytes);

	if (!now)
		abort();
	return now;
}

const char *rows_load(struct rows *rows, const char *path, struct rte_mempool *pool,
		      struct rte_mempool *jumbo_pool)
{
	static char fault[64];
	FILE *in = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;

	rows_unload(rows);
	if (!in)
		return "it cannot be opened";
	fault[0] = '\0';
	while (!fault[0] && getline(&line, &room, in) > 0) {
		size_t count = rows->count + 1;

		rows->row = grow(rows->row, count * sizeof(rows->row[0]));
		rows->of_side[0] = grow(rows->of_side[0], count * sizeof(uint32_t));
		rows->of_side[1] = grow(rows->of_side[1], count * sizeof(uint32_t));
		if (!read_row(rows, line, pool, jumbo_pool))
			snprintf(fault, sizeof(fault), "line %zu is no row", count);
	}
	free(line);
	fclose(in);
	if (!fault[0] && rows->count == 0)
		snprintf(fault, sizeof(fault), "it has no rows");
	if (!fault[0])
		return NULL;
	rows_unload(rows);
	return fault;
}

static void forget_answers(struct row *row)
{
	while (row->answers > 0)
		rte_pktmbuf_free(row->answer[--row->answers]);
}

void rows_unload(struct rows *rows)
{
	uint32_t i;

	for (i = 0; i < rows->count; i++) {
		forget_answers(&rows->row[i]);
		rte_pktmbuf_free(rows->row[i].frame);
	}
	free(rows->row);
	free(rows->of_side[0]);
	free(rows->of_side[1]);
	*rows = (struct rows){.count = 0};
}

void rows_begin(struct rows *rows, uint8_t epoch)
{
	uint32_t i;

	for (i = 0; i < rows->count; i++) {
		struct row *row = &rows->row[i];

		forget_answers(row);
		*row = (struct row){.frame = row->frame, .side = row->side, .fate = row->fate};
		if (row->frame->pkt_len >= MARK_MIN_FRAME_BYTES)
			mark_write(rte_pktmbuf_mtod(row->frame, uint8_t *),
				   (struct mark){MARK_ROW, epoch, i});
	}
}

// Jumbo frames come in several buffers.
static bool is_same(const struct rte_mbuf *a, const struct rte_mbuf *b)
{
	static uint8_t copy[2][MAX_ROW_BYTES];
	const void *x, *y;

	if (a->pkt_len != b->pkt_len || a->pkt_len > MAX_ROW_BYTES)
		return false;
	x = rte_pktmbuf_read(a, 0, a->pkt_len, copy[0]);
	y = rte_pktmbuf_read(b, 0, b->pkt_len, copy[1]);
	return x && y && !memcmp(x, y, a->pkt_len);
}

bool rows_take(struct rows *rows, uint32_t number, uint32_t port, const struct rte_mbuf *frame)
{
	struct row *row;

	if (number >= rows->count)
		return false;
	row = &rows->row[number];
	if (port == row->side)
		row->astray++;
	else if (!is_same(row->frame, frame))
		row->changed++;
	else
		row->forwarded++;
	return true;
}

bool rows_take_answer(struct rows *rows, uint32_t number, uint32_t port, struct rte_mbuf *frame)
{
	struct row *row;
	uint32_t i;

	if (number >= rows->count)
		return false;
	row = &rows->row[number];
	if (port != row->side) {
		row->astray++;
		return true;
	}
	row->answered++;
	for (i = 0; i < row->answers && !is_same(row->answer[i], frame); i++)
		;
	if (i == row->answers && i < ROW_ANSWERS) {
		rte_mbuf_refcnt_update(frame, 1);
		row->answer[row->answers++] = frame;
	}
	return true;
}

static bool is_right(const struct row *row)
{
	return row->forwarded == (row->fate == FATE_PASS ? row->sent : 0) &&
	       row->answered == (row->fate == FATE_ANSWER ? row->sent : 0) && !row->changed &&
	       !row->astray;
}

// Frames of which something came out, wherever.
static uint64_t row_came(const struct row *row)
{
	return row->forwarded + row->answered + row->changed + row->astray;
}

static void print_wrong_row(const struct row *row, uint32_t number, FILE *out)
{
	fprintf(out,
		"{\"row\": %u, \"sent\": %" PRIu64 ", \"forwarded\": %" PRIu64
		", \"answered\": %" PRIu64 ", \"changed\": %" PRIu64 ", \"astray\": %" PRIu64 "}",
		number, row->sent, row->forwarded, row->answered, row->changed, row->astray);
}

uint64_t rows_missing(const struct rows *rows)
{
	uint64_t missing = 0;
	uint32_t i;

	for (i = 0; i < rows->count; i++) {
		const struct row *row = &rows->row[i];

		if (row->fate != FATE_DROP && row_came(row) < row->sent)
			missing += row->sent - row_came(row);
	}
	return missing;
}

void rows_print(const struct rows *rows, FILE *out)
{
	uint64_t forwarded = 0, answered = 0;
	uint32_t i, wrong = 0;

	fprintf(out, "\"wrong\": [");
	for (i = 0; i < rows->count; i++) {
		const struct row *row = &rows->row[i];

		forwarded += row_came(row) - row->answered;
		answered += row->answered;
		if (is_right(row) || wrong++ >= ROWS_TOLD)
			continue;
		fputs(wrong > 1 ? ", " : "", out);
		print_wrong_row(row, i, out);
	}
	fprintf(out,
		"], \"wrong_rows\": %u, \"forwarded\": %" PRIu64 ", \"answered\": %" PRIu64
		", \"missing\": %" PRIu64 ", \"sent\": [",
		wrong, forwarded, answered, rows_missing(rows));
	for (i = 0; i < rows->count; i++)
		fprintf(out, "%s%" PRIu64, i ? ", " : "", rows->row[i].sent);
	fprintf(out, "]");
}

static void write_hex(const struct rte_mbuf *frame, FILE *out)
{
	static uint8_t copy[MAX_ROW_BYTES];
	const uint8_t *at = rte_pktmbuf_read(frame, 0, frame->pkt_len, copy);
	uint32_t i;

	for (i = 0; at && i < frame->pkt_len; i++)
		fprintf(out, "%02x", at[i]);
}

bool rows_write_answers(const struct rows *rows, const char *path)
{
	FILE *out = fopen(path, "we");
	uint32_t i, j;

	if (!out)
		return false;
	for (i = 0; i < rows->count; i++) {
		for (j = 0; j < rows->row[i].answers; j++) {
			fprintf(out, "%u ", i);
			write_hex(rows->row[i].frame, out);
			fputc(' ', out);
			write_hex(rows->row[i].answer[j], out);
			fputc('\n', out);
		}
	}
	return fclose(out) == 0;
}
