// SPDX-License-Identifier: BSD-3-Clause
//
// A frame as a person writes it: hex digits, with blanks and colons wherever they like. Pure
// functions.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../reader/diag.h"

#define FRAME_MAX_BYTES 65535u // no Ethernet frame is longer

// Reads the frame in text into frame[FRAME_MAX_BYTES]. Spaces, tabs, colons and ends of line count
// for nothing. line and column: where text begins, for places, which are line:column. Returns false
// with an error in d.
bool frame_read_hex(const char *text, uint32_t line, uint32_t column, uint8_t *frame,
		    uint32_t *frame_bytes, struct diag *d);
