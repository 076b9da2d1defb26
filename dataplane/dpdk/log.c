// SPDX-License-Identifier: BSD-3-Clause
//
// See log.h.
#include "log.h"

#include <stdarg.h>
#include <stdio.h>

void log_line(const char *fmt, ...)
{
	char line[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	// One call a line: the lines of several processes may go to the same journal.
	fprintf(stderr, "op25b-dp: %s\n", line);
}
