// SPDX-License-Identifier: BSD-3-Clause
//
// The keys of a policy, in canonical order, for parse.c and print.c; and those of the rest of the
// language, which are refused by name. Private to this folder.
#pragma once

#include "../../dataplane/abi/verdict_abi.h"
#include "../reader/reader.h"

extern const struct reader_key keys_top[];
extern const struct reader_key keys_pool[];
extern const struct reader_key keys_limit[];
extern const struct reader_key keys_stage[];
extern const struct reader_key keys_clause[];

// Words of a pool's "kind", in the order of enum pool_kind; ends with NULL.
extern const char *const words_kind[];
// Words of "do", in the order of enum op25b_action; ends with NULL.
extern const char *const words_action[];
// Words of "as" and "over", and the action that each stands for; the words end with NULL.
extern const char *const words_refusal[];
extern const uint8_t refusal_action[];

// How exactly a stage's date was announced: the order of words_precision.
enum stage_precision {
	PRECISION_INSTANT,
	PRECISION_DAY,
	PRECISION_MONTH,
	PRECISION_YEAR,
	PRECISION_START_NOT_STATED,
};
extern const char *const words_precision[]; // ends with NULL
// Words of "weekday", from Sunday on, as struct tm counts; ends with NULL.
extern const char *const words_weekday[];
