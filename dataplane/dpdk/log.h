// SPDX-License-Identifier: BSD-3-Clause
//
// op25b-dp's few words to the operator: one line each on stderr. Main thread only; workers never
// log. Includes nothing of the project.
#pragma once

// Writes "op25b-dp: " and the text, fmt as printf without the newline.
void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
