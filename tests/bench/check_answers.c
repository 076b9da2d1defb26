// SPDX-License-Identifier: BSD-3-Clause
//
// Checks answers that op25b-dp gave to rows of the packet table under load, by the same code that
// checks those of the table's own run (tests/packets/answer_check.c).
//
// usage: check_answers POLICY.json <LINES; a line is "REASON ROW QUERY ANSWER", the frames in
// hexadecimal, reasons as in counters ("rst"). Prints the lines of wrong answers, and why; exit 1
// if there are any.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer_check.h"
#include "dataplane/abi/verdict_abi.h"
#include "dataplane/core/image_view.h"
#include "table_image.h"

#define MAX_FRAME_BYTES 16384u

// Padded, because the judge reads a window of a frame at once.
struct frame {
	uint8_t bytes[MAX_FRAME_BYTES + 256];
	uint32_t count;
};

static void read_frame(struct frame *to, const char *hex)
{
	unsigned int octet;

	memset(to, 0, sizeof(*to));
	while (to->count < MAX_FRAME_BYTES && sscanf(hex, "%2x", &octet) == 1) {
		to->bytes[to->count++] = (uint8_t)octet;
		hex += 2;
	}
}

static uint32_t find_reason(const char *text)
{
	uint32_t reason;

	for (reason = 0; reason < REASON_COUNT; reason++) {
		if (reason_verdict((uint8_t)reason) == VERDICT_ANSWER &&
		    !strcmp(reason_text(reason), text))
			return reason;
	}
	fprintf(stderr, "check_answers: \"%s\" is no reason to answer\n", text);
	exit(2);
}

int main(int argc, char **argv)
{
	static char line[5 * MAX_FRAME_BYTES];
	static struct frame query, answer;
	struct image_view view;
	int wrong = 0, checked = 0;
	size_t bytes;
	void *image;

	if (argc != 2) {
		fprintf(stderr, "usage: check_answers POLICY.json <LINES\n");
		return 2;
	}
	image = table_image_read(argv[1], 1, &bytes);
	image_view_init(&view, image);
	while (fgets(line, sizeof(line), stdin)) {
		char *rest = line, *reason = strsep(&rest, " "), *row = strsep(&rest, " ");
		char *text = strsep(&rest, " ");
		const char *fault = "is no line";

		if (rest) {
			read_frame(&query, text);
			read_frame(&answer, rest);
			fault = answer_fault(query.bytes, query.count, view.softwires,
					     (uint8_t)find_reason(reason), answer.bytes,
					     answer.count);
		}
		if (fault) {
			printf("%s %s: %s\n", row ? row : "?", reason, fault);
			wrong++;
		}
		checked++;
	}
	printf("%d answers, %d wrong\n", checked, wrong);
	free(image);
	return wrong ? 1 : 0;
}
