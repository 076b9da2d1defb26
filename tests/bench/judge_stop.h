// SPDX-License-Identifier: BSD-3-Clause
//
// How bench_judge ends when it cannot go on: with one sentence on stderr that says what is wrong.
// Any thread.
#pragma once

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((format(printf, 1, 2))) static inline _Noreturn void stop(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("bench_judge: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(EXIT_FAILURE);
}
