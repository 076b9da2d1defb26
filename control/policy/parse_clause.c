// SPDX-License-Identifier: BSD-3-Clause
//
// Reads "port25" of a stage: destination sets -> action.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "parse_internal.h"

static uint64_t parse_set_name(const struct policy *p, const json_t *value, const char *place,
			       struct diag *d)
{
	char quote[READER_PLACE_BYTES], list[PARSE_LIST_BYTES] = "";
	const char *name = json_string_value(value);
	size_t i;

	for (i = 0; name && i < p->set_count; i++) {
		if (!strcmp(p->sets[i].name, name))
			return 1ull << i;
	}
	for (i = 0; i < p->set_count; i++)
		parse_list_add(list, p->sets[i].name);
	if (name && !strcmp(name, "any"))
		diag_error(d, place, "\"any\" must stand alone: \"to\": \"any\"");
	else
		diag_error(d, place, "%s is not a set; %s%s", reader_quote(quote, value),
			   list[0] ? "sets are " : "there are none", list);
	return 0;
}

static uint64_t parse_to(const struct policy *p, const json_t *object, const char *place,
			 struct diag *d)
{
	const json_t *to = json_object_get(object, "to");
	char at[READER_PLACE_BYTES], item[READER_PLACE_BYTES];
	uint64_t sets = 0;
	size_t i;

	reader_place(at, place, "to");
	if (!to)
		return 0;
	if (json_is_string(to) && !strcmp(json_string_value(to), "any"))
		return OP25B_ANY_SET;
	if (!json_is_array(to))
		return parse_set_name(p, to, at, d);
	if (!json_array_size(to))
		diag_error(d, at, "is empty: name a set, several, or \"any\"");
	if (json_array_size(to) > POLICY_MAX_CLAUSE_SETS) {
		diag_error(d, at, "has %zu members, at most %u are allowed", json_array_size(to),
			   POLICY_MAX_CLAUSE_SETS);
		return 0;
	}
	for (i = 0; i < json_array_size(to); i++)
		sets |= parse_set_name(p, json_array_get(to, i), reader_place_index(item, at, i),
				       d);
	return sets;
}

static void parse_limit_name(const struct policy *p, const json_t *object, const char *place,
			     struct clause *clause, struct diag *d)
{
	const json_t *value = json_object_get(object, "limit");
	char at[READER_PLACE_BYTES], quote[READER_PLACE_BYTES], list[PARSE_LIST_BYTES] = "";
	size_t i;

	reader_place(at, place, "limit");
	if (clause->action == ACTION_COUNT)
		return;
	if (clause->action != ACTION_LIMIT) {
		if (value)
			diag_error(d, at, "%s has no meaning here: it goes with \"do\": \"limit\"",
				   reader_quote(quote, value));
		return;
	}
	if (!value) {
		diag_error(d, at, "is missing: \"do\": \"limit\" needs the name of a limit");
		return;
	}
	for (i = 0; i < p->limit_count; i++) {
		if (json_is_string(value) && !strcmp(p->limits[i].name, json_string_value(value)))
			clause->limit = &p->limits[i];
		parse_list_add(list, p->limits[i].name);
	}
	if (!clause->limit)
		diag_error(d, at, "%s is not a limit; %s%s", reader_quote(quote, value),
			   list[0] ? "limits are " : "there are none", list);
}

static void parse_as(const json_t *object, const char *place, struct clause *clause, struct diag *d)
{
	const json_t *value = json_object_get(object, "as");
	char at[READER_PLACE_BYTES], quote[READER_PLACE_BYTES];

	reader_place(at, place, "as");
	if (clause->action == ACTION_COUNT)
		return;
	if (clause->action == ACTION_MONITOR && !value)
		diag_error(d, at,
			   "is missing: \"do\": \"monitor\" needs the action to count, "
			   "\"drop\", \"rst\" or \"icmp_admin\"");
	else if (clause->action == ACTION_MONITOR)
		clause->as = refusal_action[reader_word(object, place, "as", words_refusal, 0, d)];
	else if (value)
		diag_error(d, at, "%s has no meaning here: it goes with \"do\": \"monitor\"",
			   reader_quote(quote, value));
}

static void parse_clause(const struct policy *p, const json_t *object, const char *place,
			 struct clause *clause, struct diag *d)
{
	clause->action = ACTION_COUNT;
	if (!reader_keys(object, place, keys_clause, d))
		return;
	reader_string(object, place, "note", NULL, d);
	clause->sets = parse_to(p, object, place, d);
	clause->action = (uint8_t)reader_word(object, place, "do", words_action, ACTION_COUNT, d);
	parse_limit_name(p, object, place, clause, d);
	parse_as(object, place, clause, d);
}

void parse_clauses(const struct policy *p, const json_t *object, struct stage *stage,
		   struct diag *d)
{
	const json_t *list = reader_array(object, stage->place, "port25", d);
	char at[READER_PLACE_BYTES], item[READER_PLACE_BYTES];
	size_t i, count = json_array_size(list);

	reader_place(at, stage->place, "port25");
	if (list && !count)
		diag_error(d, at, "is empty: a stage needs at least one clause");
	if (count > OP25B_MAX_CLAUSES) {
		diag_error(d, at, "has %zu members, at most %u are allowed", count,
			   OP25B_MAX_CLAUSES);
		count = OP25B_MAX_CLAUSES;
	}
	stage->clauses = policy_alloc(count, sizeof(*stage->clauses));
	stage->clause_count = count;
	for (i = 0; i < count; i++)
		parse_clause(p, json_array_get(list, i), reader_place_index(item, at, i),
			     &stage->clauses[i], d);
}
