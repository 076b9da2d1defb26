// SPDX-License-Identifier: BSD-3-Clause
//
// Reads "subscribers", "exceptions" and "quarantines": what is granted to, or kept from, single
// customers.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "parse_internal.h"

// While grants are read: what is known already, by text.
struct grant_reader {
	struct policy *p;
	json_t *ids;         // -> place
	json_t *subscribers; // id -> index
	json_t *lists;       // canonical text of a list of prefixes -> index in p->lists
};

static void parse_subscriber(struct policy *p, size_t index, const char *name, const json_t *value,
			     const char *place, struct diag *d)
{
	struct subscriber *s = &p->subscribers[index];
	char quote[READER_PLACE_BYTES];

	s->id = name;
	reader_name(name, place, d);
	if (!json_is_array(value)) {
		diag_error(d, place, "%s is not an array of prefixes", reader_quote(quote, value));
		return;
	}
	if (!json_array_size(value))
		diag_error(d, place, "is empty: a subscriber needs at least one prefix");
	s->prefixes = policy_alloc(json_array_size(value), sizeof(*s->prefixes));
	s->count = parse_prefixes(value, place, &parse_want_any, s->prefixes, 0, d);
}

void parse_subscribers(struct policy *p, struct diag *d)
{
	p->subscriber_count = parse_count(p->doc, "subscribers", SIZE_MAX, d);
	p->subscribers = policy_alloc(p->subscriber_count, sizeof(*p->subscribers));
	parse_each(p, "subscribers", p->subscriber_count, parse_subscriber, d);
}

static void parse_id(struct grant_reader *r, struct grant *g, const json_t *object,
		     const char *list, size_t index, struct diag *d)
{
	const char *id = json_string_value(json_object_get(object, "id")), *first;
	char place[READER_PLACE_BYTES], at[READER_PLACE_BYTES];

	reader_place_index(place, list, index);
	reader_place(at, place, "id");
	g->id = id ? id : "";
	if (!id) {
		reader_string(object, place, "id", NULL, d);
	} else if (reader_name(id, at, d)) {
		first = json_string_value(json_object_get(r->ids, id));
		if (first)
			diag_error(d, at, "\"%s\" is the id of %s already", id, first);
		else if (json_object_set_new(r->ids, id, json_string(place)))
			abort();
		else
			reader_place(place, list, id);
	}
	g->place = strdup(place);
	if (!g->place)
		abort();
}

static void match_prefixes(struct grant *g, const json_t *value, const char *place, struct diag *d)
{
	size_t count = json_is_array(value) ? json_array_size(value) : 1;

	g->own_prefixes = policy_alloc(count, sizeof(*g->own_prefixes));
	if (!count)
		diag_error(d, place, "is empty: name at least one prefix");
	if (json_is_array(value))
		g->count = parse_prefixes(value, place, &parse_want_any, g->own_prefixes, 0, d);
	else
		g->count = parse_prefix(value, place, &parse_want_any, g->own_prefixes, d);
	g->prefixes = g->own_prefixes;
}

static void match_subscriber(struct grant_reader *r, struct grant *g, const json_t *value,
			     const char *place, struct diag *d)
{
	const char *id = json_string_value(value);
	const json_t *index = id ? json_object_get(r->subscribers, id) : NULL;
	char quote[READER_PLACE_BYTES], list[PARSE_LIST_BYTES] = "";
	const struct subscriber *s;
	size_t i;

	if (index) {
		s = &r->p->subscribers[json_integer_value(index)];
		g->subscriber = s->id;
		g->prefixes = s->prefixes;
		g->count = s->count;
		return;
	}
	for (i = 0; i < r->p->subscriber_count && parse_list_add(list, r->p->subscribers[i].id);)
		i++;
	diag_error(d, place, "%s is not a subscriber; %s%s", reader_quote(quote, value),
		   list[0] ? "subscribers are " : "there are none", list);
}

static void parse_match(struct grant_reader *r, struct grant *g, const json_t *object,
			struct diag *d)
{
	const json_t *match = json_object_get(object, "match"), *prefix, *subscriber;
	char place[READER_PLACE_BYTES], at[READER_PLACE_BYTES];

	reader_place(place, g->place, "match");
	if (!match || !reader_keys(match, place, keys_match, d))
		return;
	prefix = json_object_get(match, "prefix");
	subscriber = json_object_get(match, "subscriber");
	if (prefix && subscriber)
		diag_error(d, place, "names \"prefix\" and \"subscriber\": only one is allowed");
	else if (prefix)
		match_prefixes(g, prefix, reader_place(at, place, "prefix"), d);
	else if (subscriber)
		match_subscriber(r, g, subscriber, reader_place(at, place, "subscriber"), d);
	else if (!json_object_get(match, "session"))
		diag_error(d, place, "names nobody: \"prefix\" or \"subscriber\" is needed");
}

// What both kinds have but for "do" and the destinations. Returns false if object is none.
static bool parse_grant(struct grant_reader *r, struct grant *g, const struct reader_key *keys,
			const json_t *object, const char *list, size_t index, struct diag *d)
{
	const json_t *from = json_object_get(object, "from");
	char at[READER_PLACE_BYTES];
	struct time_text t;

	g->when = (struct period){POLICY_NEVER, POLICY_NEVER};
	g->doc = object;
	parse_id(r, g, object, list, index, d);
	if (!reader_keys(object, g->place, keys, d))
		return false;
	parse_match(r, g, object, d);
	if (from && parse_time(from, r->p->tz, reader_place(at, g->place, "from"), "", &t, d))
		g->when.from_s = t.time_s;
	parse_period(r->p, object, g->place, &g->when, d);
	g->reason = parse_filled(object, g->place, "reason", d);
	g->ticket = parse_filled(object, g->place, "ticket", d);
	g->by = parse_filled(object, g->place, "by", d);
	reader_string(object, g->place, "note", NULL, d);
	return true;
}

// Index in p->lists of the list of these prefixes, in whatever order they stand.
static uint32_t list_find(struct grant_reader *r, struct prefix *prefixes, size_t count)
{
	char *text = policy_alloc(count, PREFIX_TEXT_BYTES), *end = text;
	struct policy *p = r->p;
	const json_t *index;
	size_t i, kept = 0;

	qsort(prefixes, count, sizeof(*prefixes), prefix_compare);
	for (i = 0; i < count; i++) {
		if (!i || prefix_compare(&prefixes[i], &prefixes[i - 1]))
			prefixes[kept++] = prefixes[i];
	}
	for (i = 0; i < kept; i++)
		end = stpcpy(end, prefix_print((char[PREFIX_TEXT_BYTES]){0}, &prefixes[i]));
	index = json_object_get(r->lists, text);
	if (index) {
		free(prefixes);
	} else {
		index = json_integer((json_int_t)p->list_count);
		if (json_object_set_new(r->lists, text, (json_t *)index))
			abort();
		p->lists[p->list_count++] = (struct set){.prefixes = prefixes, .count = kept};
	}
	free(text);
	return (uint32_t)json_integer_value(index);
}

// A prefix has a length, an IPv6 address at least colons; a set's name can have neither.
static bool is_prefix_text(const json_t *value)
{
	const char *text = json_string_value(value);
	struct prefix p;

	return text && (strpbrk(text, "/:") || prefix_read_address(text, &p));
}

static void parse_to_item(struct grant_reader *r, struct exception *e, const json_t *value,
			  const char *place, size_t index, struct prefix *prefixes, size_t *count,
			  struct diag *d)
{
	if (!is_prefix_text(value)) {
		e->sets |= parse_set_name(r->p, value, place, false, d);
	} else if (parse_prefix(value, place, &parse_want_any, &prefixes[*count], d)) {
		prefixes[*count].index = (uint32_t)index;
		(*count)++;
	}
}

static void parse_to(struct grant_reader *r, struct exception *e, const json_t *object,
		     struct diag *d)
{
	const json_t *to = json_object_get(object, "to");
	char at[READER_PLACE_BYTES], item[READER_PLACE_BYTES];
	size_t i, count = 0, most = json_is_array(to) ? json_array_size(to) : 1;
	struct prefix *prefixes;

	if (!to || (json_is_string(to) && !strcmp(json_string_value(to), "any"))) {
		e->sets = OP25B_ANY_SET;
		return;
	}
	reader_place(at, e->grant.place, "to");
	if (!most)
		diag_error(d, at, "is empty: name sets, prefixes, or \"any\"");
	prefixes = policy_alloc(most, sizeof(*prefixes));
	for (i = 0; i < json_array_size(to); i++)
		parse_to_item(r, e, json_array_get(to, i), reader_place_index(item, at, i), i,
			      prefixes, &count, d);
	if (!json_is_array(to))
		parse_to_item(r, e, to, at, 0, prefixes, &count, d);
	e->has_list = count > 0;
	if (e->has_list)
		e->list = list_find(r, prefixes, count);
	else
		free(prefixes);
}

static void parse_exception(struct grant_reader *r, struct exception *e, const json_t *object,
			    size_t index, struct diag *d)
{
	static const char *const actions[] = {"permit", NULL};

	if (!parse_grant(r, &e->grant, keys_exception, object, "exceptions", index, d))
		return;
	reader_word(object, e->grant.place, "do", actions, 0, d);
	parse_to(r, e, object, d);
}

static void parse_quarantine(struct grant_reader *r, struct quarantine *q, const json_t *object,
			     size_t index, struct diag *d)
{
	int action;

	if (!parse_grant(r, &q->grant, keys_quarantine, object, "quarantines", index, d))
		return;
	action = reader_word(object, q->grant.place, "do", words_refusal, 0, d);
	q->action = refusal_action[action];
	q->keep = parse_set_names(r->p, object, q->grant.place, "keep", true, d);
}

static void reader_open(struct grant_reader *r, struct policy *p)
{
	size_t i;

	*r = (struct grant_reader){p, json_object(), json_object(), json_object()};
	if (!r->ids || !r->subscribers || !r->lists)
		abort();
	for (i = 0; i < p->subscriber_count; i++) {
		if (json_object_set_new(r->subscribers, p->subscribers[i].id,
					json_integer((json_int_t)i)))
			abort();
	}
}

void parse_grants(struct policy *p, struct diag *d)
{
	const json_t *exceptions = json_object_get(p->doc, "exceptions");
	const json_t *quarantines = json_object_get(p->doc, "quarantines");
	struct grant_reader r;
	size_t i;

	reader_open(&r, p);
	p->exception_count = parse_length(p->doc, "", "exceptions", POLICY_MAX_EXCEPTIONS, d);
	p->exceptions = policy_alloc(p->exception_count, sizeof(*p->exceptions));
	p->lists = policy_alloc(p->exception_count, sizeof(*p->lists));
	for (i = 0; i < p->exception_count; i++)
		parse_exception(&r, &p->exceptions[i], json_array_get(exceptions, i), i, d);
	p->quarantine_count = parse_length(p->doc, "", "quarantines", POLICY_MAX_EXCEPTIONS, d);
	p->quarantines = policy_alloc(p->quarantine_count, sizeof(*p->quarantines));
	for (i = 0; i < p->quarantine_count; i++)
		parse_quarantine(&r, &p->quarantines[i], json_array_get(quarantines, i), i, d);
	json_decref(r.ids);
	json_decref(r.subscribers);
	json_decref(r.lists);
}
