// SPDX-License-Identifier: BSD-3-Clause
//
// All keys and words of the policy language, and what values of it look like: for what makes
// policies up. Constant tables; each ends with NULL.
#pragma once

#include "control/policy/keys.h"

static const struct reader_key *const policy_keys[] = {
	keys_top,       keys_infra,      keys_pool,      keys_psid,        keys_limit,
	keys_stage,     keys_wave,       keys_announced, keys_acknowledge, keys_clause,
	keys_exception, keys_quarantine, keys_match,     keys_expect,      NULL,
};

static const char *const policy_values[] = {
	"any",
	"own_relay",
	"other",
	"always",
	"address",
	"tcp_syn",
	"pass",
	"east",
	"en",
	"ja",
	"198.51.100.0/24",
	"198.51.100.64/28",
	"2001:db8::/48",
	"192.0.2.1/32",
	"192.0.2.1",
	"UTC",
	"Asia/Tokyo",
	"2008-03-31",
	"2009-02-28T23:59:59",
	"2008-03-31T00:00:00+09:00",
	"https://example.net/",
	NULL,
};

static const char *const *const policy_words[] = {
	words_kind,      words_limit_key, words_check, words_action,  words_refusal,
	words_precision, words_weekday,   words_side,  policy_values, NULL,
};
