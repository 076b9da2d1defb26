// SPDX-License-Identifier: BSD-3-Clause
//
// Reads "stages": who and what, wave by wave. From when is parse_when.c's.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "parse_internal.h"

#define MAX_DRAIN_MIN 1440

// What is known already of stages: names -> places, and ids -> places.
struct known {
	json_t *names;
	json_t *ids;
};

static char *copy(const char *text)
{
	char *text_copy = strdup(text);

	if (!text_copy)
		abort();
	return text_copy;
}

// Enters text, which stands at `at`, into known. Returns false with an error if it is there.
static bool enter(json_t *known, const char *text, const char *what, const char *at,
		  const char *place, struct diag *d)
{
	const char *first = json_string_value(json_object_get(known, text));

	if (first) {
		diag_error(d, at, "\"%s\" is the %s of %s already", text, what, first);
		return false;
	}
	if (json_object_set_new(known, text, json_string(place)))
		abort();
	return true;
}

// The id of a stage or wave at place[index], and the place by which it is called from now on:
// stages.block, or stages[2] if there is no usable id.
static const char *parse_id(const json_t *object, const char *list_place, size_t index,
			    json_t *known, char place[READER_PLACE_BYTES], struct diag *d)
{
	const char *id = json_string_value(json_object_get(object, "id"));
	char at[READER_PLACE_BYTES];

	reader_place_index(place, list_place, index);
	if (!id) {
		reader_string(object, place, "id", "", d);
		return "";
	}
	reader_place(at, place, "id");
	if (reader_name(id, at, d) && enter(known, id, "id", at, place, d))
		reader_place(place, list_place, id);
	return id;
}

// The name of a stage or wave, which no other has.
static void name_stage(struct stage *s, json_t *names, struct diag *d)
{
	char name[2 * OP25B_MAX_NAME_BYTES + 2], at[READER_PLACE_BYTES];

	snprintf(name, sizeof(name), "%.*s%s%.*s", OP25B_MAX_NAME_BYTES, s->id, s->wave ? "." : "",
		 OP25B_MAX_NAME_BYTES, s->wave ? s->wave : "");
	s->name = copy(name);
	// An id that is none, or that stands twice, was told.
	if (!s->id[0] || strchr(s->place, '['))
		return;
	reader_place(at, s->place, "id");
	if (strlen(name) > READER_NAME_MAX)
		diag_error(d, at, "makes the name \"%s\" of %zu bytes, at most %u are allowed",
			   name, strlen(name), READER_NAME_MAX);
	else
		enter(names, name, "name", at, s->place, d);
}

static void parse_stage_pools(const struct policy *p, const json_t *object, struct stage *stage,
			      struct diag *d)
{
	const json_t *list = json_object_get(object, "pools");
	size_t i, count = parse_length(object, stage->place, "pools", POLICY_MAX_POOLS, d);
	char at[READER_PLACE_BYTES], item[READER_PLACE_BYTES], quote[READER_PLACE_BYTES];
	bool seen[POLICY_MAX_POOLS] = {false};

	stage->pools = policy_alloc(count, sizeof(*stage->pools));
	reader_place(at, stage->place, "pools");
	if (json_is_array(list) && !json_array_size(list) && !stage->wave)
		diag_error(d, at, "is empty: name the pools that the stage is for");
	for (i = 0; i < count; i++) {
		const json_t *value = json_array_get(list, i);
		int pool = parse_pool_name(p, value, reader_place_index(item, at, i), d);

		if (pool < 0)
			continue;
		if (seen[pool])
			diag_error(d, item, "%s stands twice", reader_quote(quote, value));
		else
			stage->pools[stage->pool_count++] = (uint32_t)pool;
		seen[pool] = true;
	}
}

static void parse_gate_name(const struct policy *p, const json_t *value, const char *place,
			    struct stage *stage, struct diag *d)
{
	char quote[READER_PLACE_BYTES], list[PARSE_LIST_BYTES] = "";
	size_t i;

	for (i = 0; i < p->gate_count; i++) {
		parse_list_add(list, p->gates[i].name);
		if (!json_is_string(value) || strcmp(p->gates[i].name, json_string_value(value)))
			continue;
		stage->gates |= 1ull << i;
		return;
	}
	diag_error(d, place, "%s is not a gate; %s%s", reader_quote(quote, value),
		   list[0] ? "gates are " : "there are none", list);
}

static void parse_gate_names(const struct policy *p, const json_t *object, struct stage *stage,
			     struct diag *d)
{
	const json_t *value = json_object_get(object, "gate");
	char at[READER_PLACE_BYTES], item[READER_PLACE_BYTES];
	size_t i;

	reader_place(at, stage->body_place, "gate");
	if (json_is_array(value) && json_array_size(value) > POLICY_MAX_GATES) {
		diag_error(d, at, "has %zu members, at most %u are allowed", json_array_size(value),
			   POLICY_MAX_GATES);
		return;
	}
	for (i = 0; i < json_array_size(value); i++)
		parse_gate_name(p, json_array_get(value, i), reader_place_index(item, at, i), stage,
				d);
	if (value && !json_is_array(value))
		parse_gate_name(p, value, at, stage, d);
}

static void parse_acknowledge(const json_t *object, const char *stage_place, struct diag *d)
{
	const json_t *value = json_object_get(object, "acknowledge");
	char place[READER_PLACE_BYTES];

	reader_place(place, stage_place, "acknowledge");
	if (!value || !reader_keys(value, place, keys_acknowledge, d))
		return;
	parse_filled(value, place, "precision", d);
	parse_filled(value, place, "fixed", d);
}

// What all waves share, but for the clauses.
static void parse_body(const struct policy *p, const json_t *object, struct stage *stage,
		       struct diag *d)
{
	const char *place = stage->body_place;

	reader_string(object, place, "note", NULL, d);
	parse_text(object, place, "notice", d);
	parse_text(object, place, "legal_basis", d);
	parse_url(object, place, "notice_url", d);
	stage->rolling =
		reader_bool(object, place, "rolling", json_object_get(object, "waves") != NULL, d);
	parse_gate_names(p, object, stage, d);
	stage->drain_s =
		60 * (uint32_t)reader_int(object, place, "drain_min", 1, MAX_DRAIN_MIN, 0, d);
	parse_acknowledge(object, place, d);
}

// Who and when stands either in the stage or in each of its waves.
static void check_who(const json_t *object, const char *place, struct diag *d)
{
	static const struct {
		const char *key;
		bool is_needed;
	} who[] = {
		{"pools", true},      {"from", true},       {"until", false},   {"hold", false},
		{"announced", false}, {"precision", false}, {"weekday", false},
	};
	bool has_waves = json_object_get(object, "waves");
	char at[READER_PLACE_BYTES];
	size_t i;

	for (i = 0; i < sizeof(who) / sizeof(who[0]); i++) {
		bool is_there = json_object_get(object, who[i].key);

		reader_place(at, place, who[i].key);
		if (has_waves && is_there)
			diag_error(d, at, "belongs into each of the \"waves\"");
		else if (!has_waves && !is_there && who[i].is_needed)
			diag_error(d, at, "is missing");
	}
}

static void parse_wave(const struct policy *p, struct stage *s, size_t index, json_t *ids,
		       const json_t *object, struct diag *d)
{
	char waves[READER_PLACE_BYTES], place[READER_PLACE_BYTES];

	reader_place(waves, s->body_place, "waves");
	s->wave = parse_id(object, waves, index, ids, place, d);
	s->place = copy(place);
	s->wave_doc = object;
	if (!reader_keys(object, place, keys_wave, d))
		return;
	reader_string(object, place, "note", NULL, d);
	parse_text(object, place, "notice", d);
	parse_stage_pools(p, object, s, d);
	parse_when(p, object, s, d);
}

static void parse_waves(const struct policy *p, struct stage *first, size_t count,
			struct known *known, struct diag *d)
{
	const json_t *waves = json_object_get(first->doc, "waves");
	const struct stage body = *first;
	json_t *ids = json_object();
	size_t i;

	if (!ids)
		abort();
	for (i = 0; i < count; i++) {
		struct stage *s = &first[i];

		if (i) {
			*s = body;
			s->body_place = copy(body.body_place);
		}
		parse_wave(p, s, i, ids, json_array_get(waves, i), d);
		name_stage(s, known->names, d);
	}
	json_decref(ids);
}

// Waves of a stage; 1 for a stage without.
static size_t wave_count(const json_t *object)
{
	size_t count = json_array_size(json_object_get(object, "waves"));

	return count ? count : 1;
}

static void parse_stage(struct policy *p, const json_t *object, size_t index, size_t rows,
			struct known *known, struct diag *d)
{
	struct stage *first = &p->stages[p->stage_count];
	char place[READER_PLACE_BYTES], at[READER_PLACE_BYTES];
	const json_t *waves;
	size_t i;

	first->id = parse_id(object, "stages", index, known->ids, place, d);
	first->body_place = copy(place);
	first->doc = first->wave_doc = object;
	first->index = (uint32_t)index;
	first->when = (struct period){POLICY_NEVER, POLICY_NEVER};
	first->precision = PRECISION_NOT_GIVEN;
	p->stage_count += rows;
	waves = json_is_object(object) ? reader_array(object, place, "waves", d) : NULL;
	if (reader_keys(object, place, keys_stage, d)) {
		check_who(object, place, d);
		parse_body(p, object, first, d);
	}
	if (json_array_size(waves)) {
		parse_waves(p, first, rows, known, d);
	} else {
		if (waves)
			diag_error(d, reader_place(at, place, "waves"),
				   "is empty: name at least one wave");
		first->place = copy(first->body_place);
		name_stage(first, known->names, d);
		parse_stage_pools(p, object, first, d);
		parse_when(p, object, first, d);
	}
	parse_clauses(p, object, first, d);
	for (i = 1; i < rows; i++) {
		first[i].clauses = first->clauses;
		first[i].clause_count = first->clause_count;
	}
}

void parse_stages(struct policy *p, struct diag *d)
{
	size_t i, rows = 0, count = parse_length(p->doc, "", "stages", POLICY_MAX_STAGES, d);
	const json_t *list = json_object_get(p->doc, "stages");
	struct known known = {json_object(), json_object()};

	if (!known.names || !known.ids)
		abort();
	for (i = 0; i < count; i++)
		rows += wave_count(json_array_get(list, i));
	if (rows > POLICY_MAX_STAGES) {
		diag_error(d, "stages", "have %zu waves, at most %u are allowed", rows,
			   POLICY_MAX_STAGES);
		count = 0;
	}
	p->stages = policy_alloc(count ? rows : 0, sizeof(*p->stages));
	for (i = 0; i < count; i++)
		parse_stage(p, json_array_get(list, i), i, wave_count(json_array_get(list, i)),
			    &known, d);
	json_decref(known.names);
	json_decref(known.ids);
}
