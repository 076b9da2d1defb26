// SPDX-License-Identifier: BSD-3-Clause
//
// The keys of a policy, in canonical order, for parse*.c and print.c; and those that are refused by
// name. Private to this folder.
#pragma once

#include "../../dataplane/abi/verdict_abi.h"
#include "../reader/reader.h"

extern const struct reader_key keys_top[];
extern const struct reader_key keys_infra[];
extern const struct reader_key keys_pool[];
extern const struct reader_key keys_psid[];
extern const struct reader_key keys_limit[];
extern const struct reader_key *const keys_gate[3]; // by enum gate_check
extern const struct reader_key keys_stage[];
extern const struct reader_key keys_wave[];
extern const struct reader_key keys_announced[];
extern const struct reader_key keys_acknowledge[];
extern const struct reader_key keys_clause[];
extern const struct reader_key keys_exception[];
extern const struct reader_key keys_quarantine[];
extern const struct reader_key keys_match[];
extern const struct reader_key keys_expect[];

// Words of a pool's "kind", in the order of enum pool_kind; ends with NULL.
extern const char *const words_kind[];
// Words of a limit's "key", in the order of enum limit_key; ends with NULL.
extern const char *const words_limit_key[];
// Words of a gate's "check", in the order of enum gate_check; ends with NULL.
extern const char *const words_check[];
// Words of "do", in the order of enum op25b_action; ends with NULL.
extern const char *const words_action[];
// Words of "as" and "over", and the action that each stands for; the words end with NULL.
extern const char *const words_refusal[];
extern const uint8_t refusal_action[];

// How exactly a stage's date was announced: the order of enum stage_precision from
// PRECISION_INSTANT on; ends with NULL.
extern const char *const words_precision[];
// Words of "weekday", from Sunday on, as struct tm counts; ends with NULL.
extern const char *const words_weekday[];
// Words of "side", in the order of enum op25b_side; ends with NULL.
extern const char *const words_side[];
