// SPDX-License-Identifier: BSD-3-Clause
//
// The difference of two policies, or of one at two moments: first what it means for whom, then what
// the files say. See views.h.
#include "diff.h"

#include <stdlib.h>
#include <string.h>

static json_t *side_json(const struct policy *p, const struct moment *m)
{
	char hash[POLICY_HASH_BYTES];

	policy_hash(p, hash);
	return json_pack("{s:s, s:I, s:s, s:o}", "name", p->name, "revision",
			 (json_int_t)p->revision, "hash", hash, "at",
			 m ? moment_json(m->at_s, p->tz) : json_null());
}

static bool is_same_text(const struct policy *a, const struct policy *b)
{
	char hash_a[POLICY_HASH_BYTES], hash_b[POLICY_HASH_BYTES];

	policy_hash(a, hash_a);
	policy_hash(b, hash_b);
	return !strcmp(hash_a, hash_b);
}

json_t *policy_diff(const struct policy *a, const struct moment *at_a, const struct policy *b,
		    const struct moment *at_b)
{
	json_t *rows = json_array();
	char *zone = zone_enter(b->tz);
	struct view views[2];

	view_open(&views[0], a, at_a);
	view_open(&views[1], b, at_b);
	diff_effects(views, rows);
	zone_leave(zone);
	// At a moment, only what is in force counts.
	if (!at_a)
		diff_texts(a, b, rows);
	view_close(&views[0]);
	view_close(&views[1]);
	return json_pack("{s:b, s:o, s:o, s:o}", "equal",
			 json_array_size(rows) == 0 && (at_a || is_same_text(a, b)), "a",
			 side_json(a, at_a), "b", side_json(b, at_b), "changes", rows);
}
