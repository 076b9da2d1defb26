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

// A new object with the known keys of object in canonical order, then its notes. The values are
// shared.
static json_t *object_copy(const json_t *object, const struct reader_key *keys)
{
	json_t *out = json_object();

	for (; keys->name; keys++) {
		json_t *value = json_object_get(object, keys->name);

		if (value)
			json_object_set(out, keys->name, value);
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

// The members of the policy's object at key, each copied by its table, then notes.
static json_t *members_copy(const struct policy *p, const char *key, const struct reader_key *keys)
{
	const json_t *members = json_object_get(p->doc, key);
	json_t *out = json_object();
	void *iter = json_object_iter((json_t *)members);

	for (; iter; iter = json_object_iter_next((json_t *)members, iter)) {
		const char *name = json_object_iter_key(iter);

		if (!reader_is_note(name))
			json_object_set_new(out, name,
					    object_copy(json_object_iter_value(iter), keys));
	}
	add_sorted(out, members, true);
	return out;
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

static json_t *subscribers_copy(const struct policy *p)
{
	json_t *out = json_object();
	size_t i;

	for (i = 0; i < p->subscriber_count; i++)
		json_object_set_new(
			out, p->subscribers[i].id,
			prefixes_copy(p->subscribers[i].prefixes, p->subscribers[i].count));
	add_sorted(out, json_object_get(p->doc, "subscribers"), true);
	return out;
}

// "v4" and "v6" of the member of that name.
static void replace_prefixes(json_t *members, const char *name, const struct prefix *prefixes,
			     size_t count, size_t count4)
{
	json_t *member = json_object_get(members, name);

	replace(member, "v4", prefixes_copy(prefixes, count4));
	replace(member, "v6", prefixes_copy(prefixes + count4, count - count4));
}

static json_t *infra_copy(const struct policy *p)
{
	json_t *out = members_copy(p, "infra", keys_infra);
	size_t i;

	for (i = 0; i < p->infra_count; i++)
		replace_prefixes(out, p->infra[i].name, p->infra[i].prefixes, p->infra[i].count,
				 p->infra[i].count4);
	return out;
}

static json_t *pools_copy(const struct policy *p)
{
	json_t *out = members_copy(p, "pools", keys_pool);
	size_t i;

	for (i = 0; i < p->pool_count; i++) {
		const struct pool *pool = &p->pools[i];
		json_t *copy = json_object_get(out, pool->name);

		replace_prefixes(out, pool->name, pool->prefixes, pool->count, pool->count4);
		replace(copy, "psid", object_copy(json_object_get(pool->doc, "psid"), keys_psid));
		replace(copy, "notice", note_copy(json_object_get(pool->doc, "notice")));
	}
	return out;
}

static json_t *gates_copy(const struct policy *p)
{
	const json_t *gates = json_object_get(p->doc, "gates");
	json_t *out = json_object();
	size_t i, k;

	for (i = 0; i < p->gate_count; i++) {
		const struct policy_gate *g = &p->gates[i];
		json_t *copy = object_copy(json_object_get(gates, g->name), keys_gate[g->check]);
		json_t *addresses = json_array();
		struct prefix address;
		char text[PREFIX_TEXT_BYTES];

		for (k = 0; k < g->address_count; k++) {
			prefix_read_address(g->addresses[k], &address);
			json_array_append_new(addresses,
					      json_string(prefix_print_address(text, &address)));
		}
		replace(copy, "addresses", addresses);
		json_object_set_new(out, g->name, copy);
	}
	add_sorted(out, gates, true);
	return out;
}

// The moment that stands at object[key], if it is one.
static void replace_time(const struct policy *p, json_t *object, const char *key, int64_t time_s)
{
	char text[TIME_BYTES];

	if (!json_is_string(json_object_get(object, key)) || time_s == POLICY_ALWAYS ||
	    time_s == POLICY_NEVER)
		return;
	time_print(text, sizeof(text), time_s, p->tz);
	json_object_set_new(object, key, json_string(text));
}

// A date stays a date: at the end of what was announced it means the whole day.
static void replace_announced(const struct policy *p, json_t *object, const char *key)
{
	struct time_text t;

	if (time_judge(json_string_value(json_object_get(object, key)), p->tz, &t) == TIME_OK &&
	    !t.is_date)
		replace_time(p, object, key, t.time_s);
}

static json_t *announced_copy(const struct policy *p, const json_t *announced)
{
	json_t *out = object_copy(announced, keys_announced);

	if (json_object_get(out, "not_before"))
		replace_announced(p, out, "not_before");
	if (json_object_get(out, "not_after"))
		replace_announced(p, out, "not_after");
	replace(out, "text", note_copy(json_object_get(announced, "text")));
	return out;
}

static void replace_period(const struct policy *p, json_t *object, const struct period *when)
{
	replace_time(p, object, "from", when->from_s);
	replace_time(p, object, "until", when->until_s);
}

// Who and when: of a stage without waves, or of a wave.
static void replace_when(const struct policy *p, json_t *out, const struct stage *s)
{
	replace_period(p, out, &s->when);
	replace(out, "announced", announced_copy(p, json_object_get(s->wave_doc, "announced")));
	replace(out, "notice", note_copy(json_object_get(s->wave_doc, "notice")));
}

static json_t *clauses_copy(const json_t *clauses)
{
	json_t *out = json_array();
	size_t i;

	for (i = 0; i < json_array_size(clauses); i++)
		json_array_append_new(out, object_copy(json_array_get(clauses, i), keys_clause));
	return out;
}

// A stage, whose waves are s[0] to s[count - 1].
static json_t *stage_copy(const struct policy *p, const struct stage *s, size_t count)
{
	json_t *out = object_copy(s->doc, keys_stage), *waves = json_array();
	size_t i;

	for (i = 0; s->wave && i < count; i++) {
		json_t *wave = object_copy(s[i].wave_doc, keys_wave);

		replace_when(p, wave, &s[i]);
		json_array_append_new(waves, wave);
	}
	replace(out, "waves", waves);
	if (!s->wave)
		replace_when(p, out, s);
	replace(out, "notice", note_copy(json_object_get(s->doc, "notice")));
	replace(out, "legal_basis", note_copy(json_object_get(s->doc, "legal_basis")));
	replace(out, "acknowledge",
		object_copy(json_object_get(s->doc, "acknowledge"), keys_acknowledge));
	replace(out, "port25", clauses_copy(json_object_get(s->doc, "port25")));
	return out;
}

static json_t *stages_copy(const struct policy *p)
{
	json_t *out = json_array();
	size_t i, count;

	for (i = 0; i < p->stage_count; i += count) {
		for (count = 1; i + count < p->stage_count &&
				p->stages[i + count].index == p->stages[i].index;)
			count++;
		json_array_append_new(out, stage_copy(p, &p->stages[i], count));
	}
	return out;
}

// A value that is one prefix or name, or a list of them: prefixes in one spelling.
static json_t *prefix_or_list_copy(const json_t *value)
{
	const char *text = json_string_value(value);
	char spelling[PREFIX_TEXT_BYTES];
	struct prefix prefix;
	json_t *out;
	size_t i;

	if (!json_is_array(value)) {
		if (text && prefix_read(text, &prefix) == PREFIX_OK)
			return json_string(prefix_print(spelling, &prefix));
		return json_deep_copy(value);
	}
	out = json_array();
	for (i = 0; i < json_array_size(value); i++)
		json_array_append_new(out, prefix_or_list_copy(json_array_get(value, i)));
	return out;
}

static json_t *grant_copy(const struct policy *p, const struct grant *g,
			  const struct reader_key *keys)
{
	const json_t *given = json_object_get(g->doc, "match");
	json_t *out = object_copy(g->doc, keys), *match = object_copy(given, keys_match);

	replace(match, "prefix", prefix_or_list_copy(json_object_get(given, "prefix")));
	json_object_set_new(out, "match", match);
	replace(out, "to", prefix_or_list_copy(json_object_get(g->doc, "to")));
	replace_period(p, out, &g->when);
	return out;
}

static json_t *exceptions_copy(const struct policy *p)
{
	json_t *out = json_array();
	size_t i;

	for (i = 0; i < p->exception_count; i++)
		json_array_append_new(out, grant_copy(p, &p->exceptions[i].grant, keys_exception));
	return out;
}

static json_t *quarantines_copy(const struct policy *p)
{
	json_t *out = json_array();
	size_t i;

	for (i = 0; i < p->quarantine_count; i++)
		json_array_append_new(out,
				      grant_copy(p, &p->quarantines[i].grant, keys_quarantine));
	return out;
}

// An address in one spelling; a name as it is.
static void replace_address(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	char spelling[PREFIX_TEXT_BYTES];
	struct prefix address;

	if (text && prefix_read_address(text, &address))
		json_object_set_new(object, key,
				    json_string(prefix_print_address(spelling, &address)));
}

static json_t *expect_copy(const struct policy *p)
{
	const json_t *vectors = json_object_get(p->doc, "expect");
	json_t *out = json_array();
	struct time_text t;
	size_t i;

	for (i = 0; i < json_array_size(vectors); i++) {
		json_t *copy = object_copy(json_array_get(vectors, i), keys_expect);

		if (time_judge(json_string_value(json_object_get(copy, "at")), p->tz, &t) ==
		    TIME_OK)
			replace_time(p, copy, "at", t.time_s);
		replace_address(copy, "from");
		replace_address(copy, "to");
		json_array_append_new(out, copy);
	}
	return out;
}

static void replace_parts(const struct policy *p, json_t *out)
{
	static const char *const texts[] = {"provider", "contact", "notice", "legal_basis",
					    "access_names"};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		replace(out, texts[i], note_copy(json_object_get(p->doc, texts[i])));
	replace(out, "sets", sets_copy(p));
	replace(out, "softwires", prefixes_copy(p->softwires, p->softwire_count));
	replace(out, "infra", infra_copy(p));
	replace(out, "pools", pools_copy(p));
	replace(out, "subscribers", subscribers_copy(p));
	replace(out, "limits", members_copy(p, "limits", keys_limit));
	replace(out, "gates", gates_copy(p));
	replace(out, "stages", stages_copy(p));
	replace(out, "exceptions", exceptions_copy(p));
	replace(out, "quarantines", quarantines_copy(p));
	replace(out, "expect", expect_copy(p));
}

char *policy_print(const struct policy *p)
{
	char *zone = zone_enter(p->tz), *text, *line;
	json_t *out = object_copy(p->doc, keys_top);
	size_t bytes;

	replace_parts(p, out);
	zone_leave(zone);
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
