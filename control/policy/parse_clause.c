// SPDX-License-Identifier: BSD-3-Clause
//
// Reads "port25" of a stage: destination sets -> action.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "parse_internal.h"

static uint64_t parse_to(const struct policy *p, const json_t *object, const char *place,
			 struct diag *d)
{
	const json_t *to = json_object_get(object, "to");
	char at[READER_PLACE_BYTES];

	if (json_is_string(to) && !strcmp(json_string_value(to), "any"))
		return OP25B_ANY_SET;
	if (json_is_array(to) && !json_array_size(to))
		diag_error(d, reader_place(at, place, "to"),
			   "is empty: name a set, several, or \"any\"");
	return parse_set_names(p, object, place, "to", true, d);
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
	for (i = 0; json_is_string(value) && i < p->limit_count; i++) {
		if (!strcmp(p->limits[i].name, json_string_value(value))) {
			clause->limit = &p->limits[i];
			return;
		}
	}
	for (i = 0; i < p->limit_count && parse_list_add(list, p->limits[i].name);)
		i++;
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
	size_t i, count = parse_length(object, stage->body_place, "port25", OP25B_MAX_CLAUSES, d);
	const json_t *list = json_object_get(object, "port25");
	char at[READER_PLACE_BYTES], item[READER_PLACE_BYTES];

	reader_place(at, stage->body_place, "port25");
	if (json_is_array(list) && !count)
		diag_error(d, at, "is empty: a stage needs at least one clause");
	stage->clauses = policy_alloc(count, sizeof(*stage->clauses));
	stage->clause_count = count;
	for (i = 0; i < count; i++)
		parse_clause(p, json_array_get(list, i), reader_place_index(item, at, i),
			     &stage->clauses[i], d);
}
