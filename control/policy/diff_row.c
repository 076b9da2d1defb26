// SPDX-License-Identifier: BSD-3-Clause
//
// See diff_row.h.
#include "diff_row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLACE_TEXT_BYTES 96u

// Where addresses are: "flets", "infra mta", "no pool".
static const char *place_text(char buf[PLACE_TEXT_BYTES], const struct view *v,
			      const struct owner *o)
{
	if (o->infra >= 0)
		snprintf(buf, PLACE_TEXT_BYTES, "infra %s", v->p->infra[o->infra].name);
	else
		snprintf(buf, PLACE_TEXT_BYTES, "%s",
			 o->pool >= 0 ? v->p->pools[o->pool].name : "no pool");
	return buf;
}

static uint8_t part_key(const struct view views[2], const struct diff_part *part)
{
	if (part->owner[1].pool >= 0)
		return views[1].p->pools[part->owner[1].pool].v6_key;
	if (part->owner[0].pool >= 0)
		return views[0].p->pools[part->owner[0].pool].v6_key;
	return 64;
}

bool diff_part_stays(const struct view views[2], const struct diff_part *part)
{
	char before[PLACE_TEXT_BYTES], after[PLACE_TEXT_BYTES];

	return !strcmp(place_text(before, &views[0], &part->owner[0]),
		       place_text(after, &views[1], &part->owner[1]));
}

static bool is_nowhere(const struct owner *o)
{
	return o->pool < 0 && o->infra < 0;
}

static json_t *place_json(const struct view *v, const struct owner *o)
{
	char text[PLACE_TEXT_BYTES];

	return is_nowhere(o) ? json_null() : json_string(place_text(text, v, o));
}

json_t *diff_place_json(const struct view views[2], const struct diff_part *part)
{
	char before[PLACE_TEXT_BYTES], after[PLACE_TEXT_BYTES], amount[AMOUNT_TEXT_BYTES];
	uint8_t key = part_key(views, part);
	const char *how = "moved";
	json_t *row, *text;

	place_text(before, &views[0], &part->owner[0]);
	place_text(after, &views[1], &part->owner[1]);
	amount_text(amount, &part->amount, key);
	if (is_nowhere(&part->owner[0])) {
		how = "added";
		text = json_sprintf("%s: %s added", after, amount);
	} else if (is_nowhere(&part->owner[1])) {
		how = "removed";
		text = json_sprintf("%s: %s removed", before, amount);
	} else {
		text = json_sprintf("%s → %s: %s moved", before, after, amount);
	}
	row = json_pack("{s:s, s:s, s:o, s:o, s:o}", "kind", "addresses", "change", how,
			"pool_before", place_json(&views[0], &part->owner[0]), "pool_after",
			place_json(&views[1], &part->owner[1]), "text", text);
	amount_json(row, &part->amount, key);
	return row;
}

// One side of a change: limits by their names, and if those are the same by their figures.
static void side_text(char buf[EFFECT_TEXT_BYTES], const struct diff_row *r, size_t side)
{
	const struct limit *l = r->effect[side].limit, *other = r->effect[!side].limit;

	if (!l || (other && strcmp(l->name, other->name) != 0))
		effect_text(buf, &r->effect[side]);
	else if (!other)
		snprintf(buf, EFFECT_TEXT_BYTES, "limit");
	else
		snprintf(buf, EFFECT_TEXT_BYTES,
			 "limit %s (%u in %u s, burst %u, hold %u s, over %s)", l->name, l->max,
			 l->window_s, l->burst, l->hold_s, action_word(l->over));
}

// " from ... until ...", of what is not at one moment alone.
static char *time_text(const struct view views[2], const struct diff_row *r)
{
	const char *tz = views[1].p->tz;
	char *from = r->from_s == POLICY_ALWAYS ? NULL : moment_text(r->from_s, tz);
	char *until = r->until_s == POLICY_NEVER ? NULL : moment_text(r->until_s, tz);
	char *text;

	if (asprintf(&text, "%s%s%s%s%s", from ? " from " : "", from ? from : "",
		     until ? " until " : "", until ? until : "",
		     from || until || views[0].m ? "" : " at all times") < 0)
		abort();
	free(from);
	free(until);
	return text;
}

static bool grant_of(const struct policy *p, const struct owner *o, const char **kind,
		     const char **id)
{
	if (o->quarantine >= 0) {
		*kind = "quarantine";
		*id = p->quarantines[o->quarantine].grant.id;
	} else if (o->exception >= 0) {
		*kind = "exception";
		*id = p->exceptions[o->exception].grant.id;
	}
	return o->quarantine >= 0 || o->exception >= 0;
}

// The grants that are behind a row, if any: " (by exception X-104)".
static char *cause_text(const struct view views[2], const struct diff_part *part)
{
	const char *kind[2] = {"", ""}, *id[2] = {"", ""};
	bool before = grant_of(views[0].p, &part->owner[0], &kind[0], &id[0]);
	bool after = grant_of(views[1].p, &part->owner[1], &kind[1], &id[1]);
	char *text;
	int made;

	if (before && after && strcmp(id[0], id[1]) != 0)
		made = asprintf(&text, " (by %s %s, no more by %s %s)", kind[1], id[1], kind[0],
				id[0]);
	else if (after)
		made = asprintf(&text, " (by %s %s)", kind[1], id[1]);
	else if (before)
		made = asprintf(&text, " (no more by %s %s)", kind[0], id[0]);
	else
		made = asprintf(&text, "%s", "");
	if (made < 0)
		abort();
	return text;
}

// The labels of a row's destinations, and in *families those that they have.
static json_t *row_targets(const struct diff_row *r, uint8_t *families, bool *is_all)
{
	json_t *list = json_array();
	size_t i;

	*families = 0;
	*is_all = true;
	for (i = 0; i < r->targets->count; i++) {
		const struct target *t = &r->targets->items[i];

		if (r->is_of_target[i]) {
			*families |= t->families & r->part->families;
			json_array_append_new(list, json_string(t->label));
		} else if (t->families & r->part->families) {
			*is_all = false;
		}
	}
	return list;
}

static char *join(const json_t *list)
{
	char *text;
	size_t bytes, i;
	FILE *out = open_memstream(&text, &bytes);
	json_t *element;

	if (!out)
		abort();
	json_array_foreach((json_t *)list, i, element)
	{
		fprintf(out, "%s%s", i ? ", " : "", json_string_value(element));
	}
	if (fclose(out))
		abort();
	return text;
}

static json_t *row_text(const struct view views[2], const struct diff_row *r, const char *targets,
			const char *amount)
{
	char before[PLACE_TEXT_BYTES], after[PLACE_TEXT_BYTES];
	char was[EFFECT_TEXT_BYTES], is[EFFECT_TEXT_BYTES];
	char *cause = cause_text(views, r->part), *time = time_text(views, r);
	bool stays = diff_part_stays(views, r->part);
	json_t *text;

	place_text(before, &views[0], &r->part->owner[0]);
	place_text(after, &views[1], &r->part->owner[1]);
	side_text(was, r, 0);
	side_text(is, r, 1);
	text = json_sprintf("%s%s%s: %s on 25: %s → %s%s, %s%s", before, stays ? "" : " → ",
			    stays ? "" : after, targets, was, is, time, amount, cause);
	free(time);
	free(cause);
	return text;
}

json_t *diff_row_json(const struct view views[2], const struct diff_row *r)
{
	const char *tz = views[1].p->tz;
	char was[EFFECT_TEXT_BYTES], is[EFFECT_TEXT_BYTES], told[AMOUNT_TEXT_BYTES];
	uint8_t families, key = part_key(views, r->part);
	struct amount amount = r->part->amount;
	json_t *targets, *row;
	char *labels;
	bool is_all;
	size_t f;

	targets = row_targets(r, &families, &is_all);
	for (f = 0; f < FAMILY_COUNT; f++) {
		if (!(families >> f & 1))
			amount.addresses[f] = 0;
	}
	labels = is_all ? strdup("all destinations") : join(targets);
	if (!labels)
		abort();
	if (r->part->is_rest)
		snprintf(told, sizeof(told), "all other addresses");
	else
		amount_text(told, &amount, key);
	row = json_pack("{s:s, s:o, s:o, s:o, s:s, s:s, s:o, s:o, s:o}", "kind", "verdict",
			"pool_before", place_json(&views[0], &r->part->owner[0]), "pool_after",
			place_json(&views[1], &r->part->owner[1]), "destinations", targets,
			"before", effect_text(was, &r->effect[0]), "after",
			effect_text(is, &r->effect[1]), "from", moment_json(r->from_s, tz), "until",
			moment_json(r->until_s, tz), "text", row_text(views, r, labels, told));
	if (!r->part->is_rest)
		amount_json(row, &amount, key);
	free(labels);
	return row;
}
