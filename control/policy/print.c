// SPDX-License-Identifier: BSD-3-Clause
//
// The canonical text of a policy: keys in the order of keys.c, then notes by name; prefixes and
// times in one spelling; nothing added that was not given. Works on a copy of the document.
#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "model.h"

#define TIME_BYTES 64u

static json_t *note_copy(const json_t *value);

static int name_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// Adds the members of object that are notes (or all), sorted, to out.
static void add_sorted(json_t *out, const json_t *object, bool only_notes)
{
	const char **names = policy_alloc(json_object_size(object), sizeof(*names));
	void *iter = json_object_iter((json_t *)object);
	size_t i, count = 0;

	for (; iter; iter = json_object_iter_next((json_t *)object, iter)) {
		if (!only_notes || reader_is_note(json_object_iter_key(iter)))
			names[count++] = json_object_iter_key(iter);
	}
	qsort(names, count, sizeof(*names), name_compare);
	for (i = 0; i < count; i++)
		json_object_set_new(out, names[i], note_copy(json_object_get(object, names[i])));
	free(names);
}

// A copy with the members of all objects in it sorted.
static json_t *note_copy(const json_t *value)
{
	json_t *out;
	size_t i;

	if (json_is_object(value)) {
		out = json_object();
		add_sorted(out, value, false);
		return out;
	}
	if (!json_is_array(value))
		return json_deep_copy(value);
	out = json_array();
	for (i = 0; i < json_array_size(value); i++)
		json_array_append_new(out, note_copy(json_array_get(value, i)));
	return out;
}

// A new object with the known keys of object in canonical order, then its notes.
static json_t *object_copy(const json_t *object, const struct reader_key *keys)
{
	json_t *out = json_object();

	for (; keys->name; keys++) {
		json_t *value = json_object_get(object, keys->name);

		if (value)
			json_object_set_new(out, keys->name, json_deep_copy(value));
	}
	add_sorted(out, object, true);
	return out;
}

static json_t *prefixes_copy(const struct prefix *prefixes, size_t count)
{
	char text[PREFIX_TEXT_BYTES];
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < count; i++)
		json_array_append_new(list, json_string(prefix_print(text, &prefixes[i])));
	return list;
}

static void replace(json_t *object, const char *key, json_t *value)
{
	if (json_object_get(object, key))
		json_object_set_new(object, key, value);
	else
		json_decref(value);
}

static json_t *sets_copy(const struct policy *p)
{
	json_t *out = json_object();
	size_t i;

	for (i = 0; i < p->set_count; i++)
		json_object_set_new(out, p->sets[i].name,
				    prefixes_copy(p->sets[i].prefixes, p->sets[i].count));
	add_sorted(out, json_object_get(p->doc, "sets"), true);
	return out;
}

static json_t *pools_copy(const struct policy *p)
{
	const json_t *pools = json_object_get(p->doc, "pools");
	json_t *out = json_object();
	size_t i;

	for (i = 0; i < p->pool_count; i++) {
		const struct pool *pool = &p->pools[i];
		json_t *copy = object_copy(json_object_get(pools, pool->name), keys_pool);

		replace(copy, "v4", prefixes_copy(pool->prefixes, pool->count4));
		replace(copy, "v6",
			prefixes_copy(pool->prefixes + pool->count4, pool->count - pool->count4));
		json_object_set_new(out, pool->name, copy);
	}
	add_sorted(out, pools, true);
	return out;
}

static json_t *limits_copy(const struct policy *p)
{
	const json_t *limits = json_object_get(p->doc, "limits");
	json_t *out = json_object();
	size_t i;

	for (i = 0; i < p->limit_count; i++)
		json_object_set_new(
			out, p->limits[i].name,
			object_copy(json_object_get(limits, p->limits[i].name), keys_limit));
	add_sorted(out, limits, true);
	return out;
}

static json_t *stage_copy(const struct policy *p, const struct stage *s, const json_t *object)
{
	json_t *out = object_copy(object, keys_stage), *clauses = json_array();
	const json_t *given = json_object_get(object, "port25");
	char text[TIME_BYTES];
	size_t i;

	for (i = 0; i < s->clause_count; i++)
		json_array_append_new(clauses, object_copy(json_array_get(given, i), keys_clause));
	replace(out, "port25", clauses);
	if (s->from_s != POLICY_ALWAYS) {
		time_print(text, sizeof(text), s->from_s, p->tz);
		replace(out, "from", json_string(text));
	}
	return out;
}

static json_t *stages_copy(const struct policy *p)
{
	const json_t *stages = json_object_get(p->doc, "stages");
	json_t *out = json_array();
	size_t i;

	for (i = 0; i < p->stage_count; i++)
		json_array_append_new(out, stage_copy(p, &p->stages[i], json_array_get(stages, i)));
	return out;
}

char *policy_print(const struct policy *p)
{
	json_t *out = object_copy(p->doc, keys_top);
	char *text, *line;
	size_t bytes;

	replace(out, "sets", sets_copy(p));
	replace(out, "softwires", prefixes_copy(p->softwires, p->softwire_count));
	replace(out, "pools", pools_copy(p));
	replace(out, "limits", limits_copy(p));
	replace(out, "stages", stages_copy(p));
	text = json_dumps(out, JSON_INDENT(2));
	json_decref(out);
	if (!text)
		abort();
	bytes = strlen(text);
	line = policy_alloc(bytes + 2, 1);
	memcpy(line, text, bytes);
	line[bytes] = '\n';
	free(text);
	return line;
}
