// SPDX-License-Identifier: BSD-3-Clause
//
// Policy text -> struct policy: the document's top, and what its parts share. Must not judge what
// needs more than one part: that is check*.c's.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "parse_internal.h"

#define DEFAULT_TZ "UTC"
#define MAX_REVISION ((1ll << 53) - 1) // every JSON reader can hold these

_Static_assert(READER_NAME_MAX == OP25B_MAX_NAME_BYTES - 1, "a name fits into the image");

void *policy_alloc(size_t count, size_t elem_bytes)
{
	void *memory = calloc(count ? count : 1, elem_bytes);

	if (!memory)
		abort();
	return memory;
}

// The next member from iter on that is no note, or NULL.
static void *skip_notes(const json_t *object, void *iter)
{
	while (iter && reader_is_note(json_object_iter_key(iter)))
		iter = json_object_iter_next((json_t *)object, iter);
	return iter;
}

size_t parse_count(const json_t *doc, const char *key, size_t most, struct diag *d)
{
	const json_t *object = reader_object(doc, "", key, d);
	void *iter = object ? json_object_iter((json_t *)object) : NULL;
	size_t count = 0;

	for (iter = skip_notes(object, iter); iter; count++)
		iter = skip_notes(object, json_object_iter_next((json_t *)object, iter));
	if (count <= most)
		return count;
	diag_error(d, key, "has %zu members, at most %zu are allowed", count, most);
	return most;
}

void parse_each(struct policy *p, const char *key, size_t count, parse_member_fn *fn,
		struct diag *d)
{
	const json_t *object = json_object_get(p->doc, key);
	void *iter = skip_notes(object, json_object_iter((json_t *)object));
	char place[READER_PLACE_BYTES];
	size_t i;

	for (i = 0; i < count; i++) {
		const char *name = json_object_iter_key(iter);

		fn(p, i, name, json_object_iter_value(iter), reader_place(place, key, name), d);
		iter = skip_notes(object, json_object_iter_next((json_t *)object, iter));
	}
}

size_t parse_length(const json_t *object, const char *place, const char *key, size_t most,
		    struct diag *d)
{
	size_t count = json_array_size(reader_array(object, place, key, d));
	char at[READER_PLACE_BYTES];

	if (count <= most)
		return count;
	diag_error(d, reader_place(at, place, key), "has %zu members, at most %zu are allowed",
		   count, most);
	return most;
}

bool parse_list_add(char list[PARSE_LIST_BYTES], const char *word)
{
	size_t used = strlen(list);
	const size_t room = sizeof(", \"\"") + OP25B_MAX_NAME_BYTES + sizeof(", ...");

	if (used + room < PARSE_LIST_BYTES) {
		snprintf(list + used, PARSE_LIST_BYTES - used, "%s\"%.*s\"", used ? ", " : "",
			 (int)OP25B_MAX_NAME_BYTES, word);
		return true;
	}
	if (used < 3 || strcmp(list + used - 3, "..."))
		snprintf(list + used, PARSE_LIST_BYTES - used, ", ...");
	return false;
}

static void parse_format(const json_t *doc, struct diag *d)
{
	const json_t *value = json_object_get(doc, "op25b");
	char quote[READER_PLACE_BYTES];

	if (value && (!json_is_integer(value) || json_integer_value(value) != POLICY_FORMAT))
		diag_error(d, "op25b", "%s is not a policy format of this version: it must be %d",
			   reader_quote(quote, value), POLICY_FORMAT);
}

static void parse_tz(struct policy *p, struct diag *d)
{
	char quote[READER_PLACE_BYTES];

	p->tz = reader_string(p->doc, "", "tz", DEFAULT_TZ, d);
	if (time_zone_is_known(p->tz))
		return;
	diag_error(d, "tz",
		   "%s is not a time zone; allowed are names of the system's zone "
		   "information, such as \"Asia/Tokyo\" or \"UTC\"",
		   reader_quote_text(quote, p->tz));
	p->tz = DEFAULT_TZ;
}

static void parse_access_name(struct policy *p, size_t index, const char *name, const json_t *value,
			      const char *place, struct diag *d)
{
	(void)index;
	(void)value;
	(void)place;
	parse_text(json_object_get(p->doc, "access_names"), "access_names", name, d);
}

static void parse_access_names(struct policy *p, struct diag *d)
{
	size_t count = parse_count(p->doc, "access_names", SIZE_MAX, d);

	parse_each(p, "access_names", count, parse_access_name, d);
}

static void parse_top(struct policy *p, struct diag *d)
{
	static const char *const defaults[] = {"permit", "drop", NULL};
	static const char *const texts[] = {"provider", "contact", "notice", "legal_basis"};
	size_t i;

	reader_keys(p->doc, "", keys_top, d);
	parse_format(p->doc, d);
	p->name = reader_string(p->doc, "", "name", "", d);
	if (json_is_string(json_object_get(p->doc, "name")))
		reader_name(p->name, "name", d);
	p->revision = (uint64_t)reader_int(p->doc, "", "revision", 1, MAX_REVISION, 0, d);
	parse_tz(p, d);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		parse_text(p->doc, "", texts[i], d);
	parse_url(p->doc, "", "notice_url", d);
	reader_string(p->doc, "", "note", NULL, d);
	parse_access_names(p, d);
	p->default_action = reader_word(p->doc, "", "default", defaults, 0, d) == 0 ? ACTION_PERMIT
										    : ACTION_DROP;
}

struct policy *policy_parse(const char *text, size_t bytes, struct diag *d)
{
	size_t errors_before = d->error_count;
	json_t *doc = reader_parse(text, bytes, d);
	struct policy *p;
	char *zone;

	if (!doc)
		return NULL;
	p = policy_alloc(1, sizeof(*p));
	p->doc = doc;
	p->references = 1;
	p->names = json_object();
	if (!p->names)
		abort();
	parse_top(p, d);
	zone = zone_enter(p->tz);
	parse_sets(p, d);
	parse_softwires(p, d);
	parse_infra(p, d);
	parse_pools(p, d);
	parse_subscribers(p, d);
	parse_limits(p, d);
	parse_gates(p, d);
	parse_stages(p, d);
	parse_grants(p, d);
	policy_check(p, d);
	if (d->error_count == errors_before)
		policy_check_classes(p, d);
	policy_expect(p, d->error_count == errors_before, d);
	if (d->error_count == errors_before)
		policy_lint(p, d);
	zone_leave(zone);
	if (d->error_count == errors_before)
		return p;
	policy_free(p);
	return NULL;
}

struct policy *policy_read(const char *path, struct diag *d)
{
	size_t bytes;
	char *text = reader_file(path, &bytes, d);
	struct policy *p = text ? policy_parse(text, bytes, d) : NULL;

	free(text);
	return p;
}

struct policy *policy_share(struct policy *p)
{
	p->references++;
	return p;
}

static void free_parts(struct policy *p)
{
	size_t i;

	for (i = 0; i < p->set_count; i++)
		free(p->sets[i].prefixes);
	for (i = 0; i < p->list_count; i++)
		free(p->lists[i].prefixes);
	for (i = 0; i < p->infra_count; i++)
		free(p->infra[i].prefixes);
	for (i = 0; i < p->subscriber_count; i++)
		free(p->subscribers[i].prefixes);
	for (i = 0; i < p->gate_count; i++)
		free(p->gates[i].addresses);
	for (i = 0; i < p->pool_count; i++) {
		free(p->pools[i].prefixes);
		free(p->pools[i].within);
	}
}

static void free_stages(struct policy *p)
{
	size_t i;

	for (i = 0; i < p->stage_count; i++) {
		struct stage *s = &p->stages[i];

		if (i == 0 || s->index != s[-1].index)
			free(s->clauses);
		free((char *)s->name);
		free((char *)s->place);
		free((char *)s->body_place);
		free(s->pools);
	}
	free(p->stages);
}

static void free_grant(struct grant *g)
{
	free(g->place);
	free(g->own_prefixes);
}

void policy_free(struct policy *p)
{
	size_t i;

	if (!p || --p->references)
		return;
	free_parts(p);
	free_stages(p);
	for (i = 0; i < p->exception_count; i++)
		free_grant(&p->exceptions[i].grant);
	for (i = 0; i < p->quarantine_count; i++)
		free_grant(&p->quarantines[i].grant);
	free(p->sets);
	free(p->lists);
	free(p->softwires);
	free(p->infra);
	free(p->pools);
	free(p->subscribers);
	free(p->limits);
	free(p->gates);
	free(p->exceptions);
	free(p->quarantines);
	json_decref(p->names);
	json_decref(p->doc);
	free(p);
}
