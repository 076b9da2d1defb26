// SPDX-License-Identifier: BSD-3-Clause
//
// Reads "stages": who, from when, and the list of clauses.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "parse_internal.h"

#define TIME_EXAMPLE "\"2008-03-31T00:00:00+09:00\" or \"2008-03-31\""

// The id's place, or the index's if there is no usable id: stages.block, stages[2].
static void parse_id(const struct policy *p, const json_t *object, size_t index,
		     struct stage *stage, struct diag *d)
{
	char place[READER_PLACE_BYTES], at[READER_PLACE_BYTES];
	bool usable;
	size_t i;

	reader_place_index(place, "stages", index);
	stage->id = reader_string(object, place, "id", "", d);
	reader_place(at, place, "id");
	usable = json_is_string(json_object_get(object, "id")) && reader_name(stage->id, at, d);
	for (i = 0; usable && i < index; i++) {
		if (strcmp(p->stages[i].id, stage->id))
			continue;
		diag_error(d, at, "\"%s\" is the id of stages[%zu] already", stage->id, i);
		usable = false;
	}
	if (usable)
		reader_place(place, "stages", stage->id);
	stage->place = strdup(place);
	if (!stage->place)
		abort();
}

static void parse_stage_pool(const struct policy *p, const json_t *value, const char *place,
			     struct stage *stage, struct diag *d)
{
	char quote[READER_PLACE_BYTES], list[PARSE_LIST_BYTES] = "";
	int pool = json_is_string(value) ? policy_find_pool(p, json_string_value(value)) : -1;
	size_t i;

	if (pool < 0) {
		for (i = 0; i < p->pool_count; i++)
			parse_list_add(list, p->pools[i].name);
		diag_error(d, place, "%s is not a pool; %s%s", reader_quote(quote, value),
			   list[0] ? "pools are " : "there are none", list);
		return;
	}
	for (i = 0; i < stage->pool_count; i++) {
		if (stage->pools[i] == (uint32_t)pool) {
			diag_error(d, place, "%s stands twice", reader_quote(quote, value));
			return;
		}
	}
	stage->pools[stage->pool_count++] = (uint32_t)pool;
}

static void parse_stage_pools(const struct policy *p, const json_t *object, struct stage *stage,
			      struct diag *d)
{
	const json_t *list = reader_array(object, stage->place, "pools", d);
	char at[READER_PLACE_BYTES], item[READER_PLACE_BYTES];
	size_t i;

	stage->pools = policy_alloc(p->pool_count, sizeof(*stage->pools));
	reader_place(at, stage->place, "pools");
	if (list && !json_array_size(list))
		diag_error(d, at, "is empty: name the pools that the stage is for");
	if (json_array_size(list) > POLICY_MAX_POOLS) {
		diag_error(d, at, "has %zu members, at most %u are allowed", json_array_size(list),
			   POLICY_MAX_POOLS);
		return;
	}
	for (i = 0; i < json_array_size(list); i++)
		parse_stage_pool(p, json_array_get(list, i), reader_place_index(item, at, i), stage,
				 d);
}

static void parse_from(const struct policy *p, const json_t *object, struct stage *stage,
		       struct diag *d)
{
	const json_t *value = json_object_get(object, "from");
	char at[READER_PLACE_BYTES], quote[READER_PLACE_BYTES];
	const char *text = json_string_value(value);

	reader_place(at, stage->place, "from");
	if (!value || (text && time_read(text, p->tz, &stage->from_s)))
		return;
	if (text && !strcmp(text, "always"))
		stage->from_s = POLICY_ALWAYS;
	else if (json_is_null(value))
		diag_error(d, at,
			   "null (a stage without a date) is not supported by this version; "
			   "allowed are \"always\" and a time such as " TIME_EXAMPLE);
	else
		diag_error(d, at,
			   "%s is not a time that exists in %s; allowed are \"always\" and a "
			   "time such as " TIME_EXAMPLE,
			   reader_quote(quote, value), p->tz);
}

// How exactly the date was announced. It changes nothing in what is enforced: the stage begins at
// `from`, and the operator is told when the announcement was vaguer than that.
static void parse_precision(const json_t *object, const struct stage *stage, struct diag *d)
{
	int precision = reader_word(object, stage->place, "precision", words_precision, -1, d);
	char at[READER_PLACE_BYTES];

	reader_place(at, stage->place, "precision");
	if (precision < 0 || stage->from_s == POLICY_UNREADABLE)
		return;
	if ((precision == PRECISION_START_NOT_STATED) != (stage->from_s == POLICY_ALWAYS))
		diag_error(d, at,
			   "\"%s\" does not go with this \"from\"; \"start_not_stated\" goes "
			   "with \"always\", the others with a time",
			   words_precision[precision]);
	else if (precision == PRECISION_MONTH || precision == PRECISION_YEAR)
		diag_warning(d, at, "was announced to the %s only; the stage begins at \"from\"",
			     words_precision[precision]);
}

// The weekday that the announcement gave: a typing mistake in the date shows.
static void parse_weekday(const struct policy *p, const json_t *object, const struct stage *stage,
			  struct diag *d)
{
	int given = reader_word(object, stage->place, "weekday", words_weekday, -1, d);
	char at[READER_PLACE_BYTES];
	uint32_t is;

	reader_place(at, stage->place, "weekday");
	if (given < 0 || stage->from_s == POLICY_UNREADABLE)
		return;
	if (stage->from_s == POLICY_ALWAYS) {
		diag_error(d, at, "goes with a time, not with \"always\"");
		return;
	}
	is = time_weekday(stage->from_s, p->tz);
	if (is != (uint32_t)given)
		diag_error(d, at, "is \"%s\", but \"from\" is a \"%s\" in %s", words_weekday[given],
			   words_weekday[is], p->tz);
}

static void parse_stage(const struct policy *p, const json_t *object, size_t index,
			struct stage *stage, struct diag *d)
{
	stage->id = "";
	stage->from_s = POLICY_UNREADABLE;
	parse_id(p, object, index, stage, d);
	if (!reader_keys(object, stage->place, keys_stage, d))
		return;
	reader_string(object, stage->place, "note", NULL, d);
	parse_stage_pools(p, object, stage, d);
	parse_from(p, object, stage, d);
	parse_precision(object, stage, d);
	parse_weekday(p, object, stage, d);
	parse_clauses(p, object, stage, d);
}

void parse_stages(struct policy *p, struct diag *d)
{
	const json_t *list = reader_array(p->doc, "", "stages", d);
	size_t i, count = json_array_size(list);

	if (count > POLICY_MAX_STAGES) {
		diag_error(d, "stages", "has %zu members, at most %u are allowed", count,
			   POLICY_MAX_STAGES);
		count = POLICY_MAX_STAGES;
	}
	p->stages = policy_alloc(count, sizeof(*p->stages));
	p->stage_count = count;
	for (i = 0; i < count; i++)
		parse_stage(p, json_array_get(list, i), i, &p->stages[i], d);
}
