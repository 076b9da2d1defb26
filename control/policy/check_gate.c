// SPDX-License-Identifier: BSD-3-Clause
//
// Gates that could not open: of stages that there are not, that watch nothing, or that wait for
// them.
#include <string.h>

#include "check_internal.h"
#include "parse_internal.h"

// The first wave of the stage of that id, or NULL.
static const struct stage *find_stage(const struct policy *p, const char *id)
{
	size_t i;

	for (i = 0; i < p->stage_count; i++) {
		if (!strcmp(p->stages[i].id, id))
			return &p->stages[i];
	}
	return NULL;
}

// The gate's stage, or NULL: it has none, or one that is refused here.
static const struct stage *check_stage(const struct policy *p, const struct policy_gate *g,
				       const char *place, struct diag *d)
{
	char quote[READER_PLACE_BYTES], list[PARSE_LIST_BYTES] = "";
	const struct stage *s = g->stage ? find_stage(p, g->stage) : NULL;
	size_t i;

	if (!g->stage)
		return NULL;
	if (!s) {
		for (i = 0; i < p->stage_count; i++) {
			if (!i || p->stages[i].index != p->stages[i - 1].index)
				parse_list_add(list, p->stages[i].id);
		}
		diag_error(d, place, "%s is not a stage; %s%s", reader_quote_text(quote, g->stage),
			   list[0] ? "stages are " : "there are none", list);
	} else if (!stage_monitors(s)) {
		diag_error(d, place,
			   "%s has no clause with \"do\": \"monitor\": it watches nothing",
			   s->body_place);
	}
	return s;
}

void check_gates(const struct policy *p, struct diag *d)
{
	uint64_t waits[POLICY_MAX_GATES] = {0}; // gates that the gate's stage waits for
	char place[READER_PLACE_BYTES], at[READER_PLACE_BYTES];
	const struct stage *s;
	size_t i, k;

	for (i = 0; i < p->gate_count; i++) {
		reader_place(at, reader_place(place, "gates", p->gates[i].name), "stage");
		s = check_stage(p, &p->gates[i], at, d);
		waits[i] = s ? s->gates : 0;
	}
	for (k = 0; k < p->gate_count; k++) {
		for (i = 0; i < p->gate_count; i++) {
			if (waits[i] >> k & 1)
				waits[i] |= waits[k];
		}
	}
	for (i = 0; i < p->gate_count; i++) {
		reader_place(at, reader_place(place, "gates", p->gates[i].name), "stage");
		if (waits[i] >> i & 1)
			diag_error(d, at,
				   "\"%s\" waits for this gate itself, perhaps by way of other "
				   "gates: neither could ever begin",
				   p->gates[i].stage);
	}
}
