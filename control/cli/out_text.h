// SPDX-License-Identifier: BSD-3-Clause
//
// The parts of output_text, one file each, and what they share.
#pragma once

#include "output.h"

#define TEXT_MOMENT_BYTES 40u

// Members of an object: the text, or "-"; the number, or 0; whether it is true.
const char *text_of(const json_t *object, const char *key);
long long int_of(const json_t *object, const char *key);
bool is_set(const json_t *object, const char *key);

// A copy without control characters in its texts, which a policy can bring before a terminal; a new
// reference.
json_t *text_clean(const json_t *value);
// A time of JSON for people: "2008-03-31 00:00 +09:00", with seconds only if there are any. Of
// null: "-".
const char *text_moment(char buf[TEXT_MOMENT_BYTES], const json_t *time);
// The texts of an array, with commas between.
void text_print_list(const json_t *list);

void text_refused(const json_t *errors);                           // out_text.c
void text_checked(const struct checked_file *files, size_t count); // out_check.c
void text_planned(const json_t *raw);                              // out_plan.c
void text_status(const json_t *raw);                               // out_status.c
