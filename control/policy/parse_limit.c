// SPDX-License-Identifier: BSD-3-Clause
//
// Reads "limits".
#include <string.h>

#include "keys.h"
#include "parse_internal.h"

#define MAX_CONNECTIONS 1000000
#define MONTH_S (31 * 86400)

static enum limit_key parse_limit_key(const json_t *object, const char *place, struct diag *d)
{
	const char *word = json_string_value(json_object_get(object, "key"));
	char at[READER_PLACE_BYTES];

	if (!word || strcmp(word, "session"))
		return (enum limit_key)reader_word(object, place, "key", words_limit_key, 0, d);
	diag_error(d, reader_place(at, place, "key"),
		   "a session is known only to a RADIUS feed, which this version does not have: "
		   "use \"address\", \"prefix\" or \"psid\"");
	return LIMIT_KEY_ADDRESS;
}

static void parse_limit(struct policy *p, size_t index, const char *name, const json_t *object,
			const char *place, struct diag *d)
{
	static const char *const counts[] = {"tcp_syn", NULL};
	struct limit *l = &p->limits[index];

	l->name = name;
	l->max = l->window_s = l->burst = 1;
	reader_name(name, place, d);
	if (!reader_keys(object, place, keys_limit, d))
		return;
	l->key = parse_limit_key(object, place, d);
	reader_word(object, place, "count", counts, 0, d);
	l->max = (uint32_t)reader_int(object, place, "max", 1, MAX_CONNECTIONS, 1, d);
	l->window_s = (uint32_t)reader_int(object, place, "window_s", 1, MONTH_S, 1, d);
	l->burst = (uint32_t)reader_int(object, place, "burst", 1, MAX_CONNECTIONS, l->max, d);
	l->hold_s = (uint32_t)reader_int(object, place, "hold_s", 0, MONTH_S, 0, d);
	l->over = refusal_action[reader_word(object, place, "over", words_refusal, 0, d)];
	l->confidential = reader_bool(object, place, "confidential", false, d);
	reader_string(object, place, "note", NULL, d);
}

void parse_limits(struct policy *p, struct diag *d)
{
	p->limit_count = parse_count(p->doc, "limits", POLICY_MAX_STAGES, d);
	p->limits = policy_alloc(p->limit_count, sizeof(*p->limits));
	parse_each(p, "limits", p->limit_count, parse_limit, d);
}
