// SPDX-License-Identifier: BSD-3-Clause
//
// See diff_row.h.
#include "diff_row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"

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

// What one subscriber has of IPv6 there: bits of the prefix.
static uint8_t place_key(const struct view views[2], const struct owner owner[2])
{
	if (owner[1].pool >= 0)
		return views[1].p->pools[owner[1].pool].v6_key;
	if (owner[0].pool >= 0)
		return views[0].p->pools[owner[0].pool].v6_key;
	return 64;
}

static bool place_stays(const struct view views[2], const struct owner owner[2])
{
	char before[PLACE_TEXT_BYTES], after[PLACE_TEXT_BYTES];

	return !strcmp(place_text(before, &views[0], &owner[0]),
		       place_text(after, &views[1], &owner[1]));
}

bool diff_part_stays(const struct view views[2], const struct diff_part *part)
{
	return place_stays(views, part->owner);
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
	uint8_t key = place_key(views, part->owner);
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
			 "limit %s (%u per %s in %u s, burst %u, hold %u s, over %s)", l->name,
			 l->max, words_limit_key[l->key], l->window_s, l->burst, l->hold_s,
			 action_word(l->over));
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

// The grants that decide, if any: " (by exception X-104)".
static char *cause_text(const struct diff_row *r)
{
	const char *kind[2], *id[2];
	char *text;
	size_t i;
	int made;

	for (i = 0; i < 2; i++) {
		kind[i] = r->effect[i].is_by_quarantine ? "quarantine" : "exception";
		id[i] = r->effect[i].grant ? r->effect[i].grant->id : NULL;
	}
	if (id[0] && id[1] && strcmp(id[0], id[1]) != 0)
		made = asprintf(&text, " (by %s %s, no more by %s %s)", kind[1], id[1], kind[0],
				id[0]);
	else if (id[1])
		made = asprintf(&text, " (by %s %s)", kind[1], id[1]);
	else if (id[0])
		made = asprintf(&text, " (no more by %s %s)", kind[0], id[0]);
	else
		made = asprintf(&text, "%s", "");
	if (made < 0)
		abort();
	return text;
}

bool diff_row_is_alike(const struct diff_row *a, const struct diff_row *b, size_t target_count)
{
	size_t i;

	for (i = 0; i < 2; i++) {
		if (a->effect[i].grant != b->effect[i].grant ||
		    a->owner[i].infra != b->owner[i].infra ||
		    a->owner[i].pool != b->owner[i].pool ||
		    !effect_is_equal(&a->effect[i], &b->effect[i]))
			return false;
	}
	return a->is_rest == b->is_rest && a->from_s == b->from_s && a->until_s == b->until_s &&
	       !memcmp(a->is_of_target, b->is_of_target, target_count * sizeof(bool));
}

// The labels of a row's destinations; *is_all if there are no others for its addresses.
static json_t *row_targets(const struct targets *targets, const struct diff_row *r, bool *is_all)
{
	json_t *list = json_array();
	size_t i;

	*is_all = true;
	for (i = 0; i < targets->count; i++) {
		if (r->is_of_target[i])
			json_array_append_new(list, json_string(targets->items[i].label));
		else if (targets->items[i].families & r->families)
			*is_all = false;
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
	char *cause = cause_text(r), *time = time_text(views, r);
	bool stays = place_stays(views, r->owner);
	json_t *text;

	place_text(before, &views[0], &r->owner[0]);
	place_text(after, &views[1], &r->owner[1]);
	side_text(was, r, 0);
	side_text(is, r, 1);
	text = json_sprintf("%s%s%s: %s on 25: %s → %s%s, %s%s", before, stays ? "" : " → ",
			    stays ? "" : after, targets, was, is, time, amount, cause);
	free(time);
	free(cause);
	return text;
}

json_t *diff_row_json(const struct view views[2], const struct targets *targets,
		      const struct diff_row *r)
{
	const char *tz = views[1].p->tz;
	char was[EFFECT_TEXT_BYTES], is[EFFECT_TEXT_BYTES], told[AMOUNT_TEXT_BYTES];
	uint8_t key = place_key(views, r->owner);
	json_t *names, *row;
	char *labels;
	bool is_all;

	names = row_targets(targets, r, &is_all);
	labels = is_all ? strdup("all destinations") : join(names);
	if (!labels)
		abort();
	if (r->is_rest)
		snprintf(told, sizeof(told), "all other addresses");
	else
		amount_text(told, &r->amount, key);
	row = json_pack("{s:s, s:o, s:o, s:o, s:s, s:s, s:o, s:o, s:o}", "kind", "verdict",
			"pool_before", place_json(&views[0], &r->owner[0]), "pool_after",
			place_json(&views[1], &r->owner[1]), "destinations", names, "before",
			effect_text(was, &r->effect[0]), "after", effect_text(is, &r->effect[1]),
			"from", moment_json(r->from_s, tz), "until", moment_json(r->until_s, tz),
			"text", row_text(views, r, labels, told));
	if (!r->is_rest)
		amount_json(row, &r->amount, key);
	free(labels);
	return row;
}
