// SPDX-License-Identifier: BSD-3-Clause
//
// See frame_hex.h.
#include "frame_hex.h"

#include <stdio.h>
#include <string.h>

#define PLACE_BYTES 32u

static int digit_value(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)((at - digits) & 15) : -1;
}

bool frame_read_hex(const char *text, uint32_t line, uint32_t column, uint8_t *frame,
		    uint32_t *frame_bytes, struct diag *d)
{
	char place[PLACE_BYTES], last_digit[PLACE_BYTES] = "";
	uint32_t digits = 0;

	for (; *text; text++, column++) {
		int value = digit_value(*text);

		snprintf(place, sizeof(place), "%u:%u", line, column);
		if (value < 0 && !strchr(" \t\r\n:", *text)) {
			diag_error(d, place, "\"%c\" is not a hex digit",
				   *text > ' ' && *text < 127 ? *text : '?');
			return false;
		}
		if (*text == '\n') {
			line++;
			column = 0;
		}
		if (value < 0)
			continue;
		if (digits == 2 * FRAME_MAX_BYTES) {
			diag_error(d, place, "a frame has at most %u bytes", FRAME_MAX_BYTES);
			return false;
		}
		if (digits % 2)
			frame[digits / 2] |= (uint8_t)value;
		else
			frame[digits / 2] = (uint8_t)(value << 4);
		memcpy(last_digit, place, sizeof(place));
		digits++;
	}
	*frame_bytes = digits / 2;
	if (!(digits % 2))
		return true;
	diag_error(d, last_digit, "the last byte has one hex digit only");
	return false;
}
