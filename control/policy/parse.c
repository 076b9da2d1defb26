// SPDX-License-Identifier: BSD-3-Clause
//
// Policy text -> struct policy: the document's top, and what its parts share. Must not judge what
// needs more than one part: that is check.c.
#include "parse_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"

#define DEFAULT_TZ "UTC"

_Static_assert(READER_NAME_MAX == OP25B_MAX_NAME_BYTES - 1, "a name fits into the image");

void *policy_alloc(size_t count, size_t elem_bytes)
{
	void *memory = calloc(count ? count : 1, elem_bytes);

	if (!memory)
		abort();
	return memory;
}

void *parse_member(const json_t *object, void *iter)
{
	while (iter && reader_is_note(json_object_iter_key(iter)))
		iter = json_object_iter_next((json_t *)object, iter);
	return iter;
}

size_t parse_members(const json_t *doc, const char *key, size_t most, size_t elem_bytes,
		     void **items, struct diag *d)
{
	const json_t *object = reader_object(doc, "", key, d);
	void *iter = object ? json_object_iter((json_t *)object) : NULL;
	size_t count = 0;

	for (iter = parse_member(object, iter); iter; count++)
		iter = parse_member(object, json_object_iter_next((json_t *)object, iter));
	if (count > most) {
		diag_error(d, key, "has %zu members, at most %zu are allowed", count, most);
		count = most;
	}
	*items = policy_alloc(count, elem_bytes);
	return count;
}

void parse_list_add(char list[PARSE_LIST_BYTES], const char *word)
{
	size_t used = strlen(list);
	const size_t room = sizeof(", \"\"") + OP25B_MAX_NAME_BYTES + sizeof(", ...");

	if (used + room < PARSE_LIST_BYTES)
		snprintf(list + used, PARSE_LIST_BYTES - used, "%s\"%.*s\"", used ? ", " : "",
			 (int)OP25B_MAX_NAME_BYTES, word);
	else if (used < 3 || strcmp(list + used - 3, "..."))
		snprintf(list + used, PARSE_LIST_BYTES - used, ", ...");
}

static void parse_format(const json_t *doc, struct diag *d)
{
	const json_t *value = json_object_get(doc, "op25b");
	char quote[READER_PLACE_BYTES];

	if (value && (!json_is_integer(value) || json_integer_value(value) != POLICY_FORMAT))
		diag_error(d, "op25b", "%s is not a policy format of this version: it must be %d",
			   reader_quote(quote, value), POLICY_FORMAT);
}

static void parse_top(struct policy *p, struct diag *d)
{
	static const char *const defaults[] = {"permit", "drop", NULL};
	const json_t *value;
	char quote[READER_PLACE_BYTES];

	reader_keys(p->doc, "", keys_top, d);
	parse_format(p->doc, d);
	reader_string(p->doc, "", "note", NULL, d);
	p->name = reader_string(p->doc, "", "name", "", d);
	if (json_is_string(json_object_get(p->doc, "name")))
		reader_name(p->name, "name", d);
	p->tz = reader_string(p->doc, "", "tz", DEFAULT_TZ, d);
	if (!time_zone_is_known(p->tz)) {
		value = json_object_get(p->doc, "tz");
		diag_error(d, "tz",
			   "%s is not a time zone; allowed are names of the system's zone "
			   "information, such as \"Asia/Tokyo\" or \"UTC\"",
			   reader_quote(quote, value));
		p->tz = DEFAULT_TZ;
	}
	p->default_action = reader_word(p->doc, "", "default", defaults, 0, d) == 0 ? ACTION_PERMIT
										    : ACTION_DROP;
}

static void parse_limit(struct limit *limit, const json_t *object, const char *place,
			struct diag *d)
{
	static const char *const keys[] = {"address", NULL};
	static const char *const counts[] = {"tcp_syn", NULL};
	const int64_t most = 1000000, month_s = 31 * 86400;

	limit->max = limit->window_s = limit->burst = 1;
	if (!reader_keys(object, place, keys_limit, d))
		return;
	reader_word(object, place, "key", keys, 0, d);
	reader_word(object, place, "count", counts, 0, d);
	limit->max = (uint32_t)reader_int(object, place, "max", 1, most, 1, d);
	limit->window_s = (uint32_t)reader_int(object, place, "window_s", 1, month_s, 1, d);
	limit->burst = (uint32_t)reader_int(object, place, "burst", 1, most, limit->max, d);
	limit->hold_s = (uint32_t)reader_int(object, place, "hold_s", 0, month_s, 0, d);
	limit->over = refusal_action[reader_word(object, place, "over", words_refusal, 0, d)];
	limit->confidential = reader_bool(object, place, "confidential", false, d);
	reader_string(object, place, "note", NULL, d);
}

void parse_limits(struct policy *p, struct diag *d)
{
	const json_t *object = json_object_get(p->doc, "limits");
	char place[READER_PLACE_BYTES];
	void *items, *iter;
	size_t i;

	p->limit_count =
		parse_members(p->doc, "limits", POLICY_MAX_STAGES, sizeof(*p->limits), &items, d);
	p->limits = items;
	iter = parse_member(object, json_object_iter((json_t *)object));
	for (i = 0; i < p->limit_count; i++) {
		p->limits[i].name = json_object_iter_key(iter);
		reader_place(place, "limits", p->limits[i].name);
		reader_name(p->limits[i].name, place, d);
		parse_limit(&p->limits[i], json_object_iter_value(iter), place, d);
		iter = parse_member(object, json_object_iter_next((json_t *)object, iter));
	}
}

struct policy *policy_parse(const char *text, size_t bytes, struct diag *d)
{
	size_t errors_before = d->error_count;
	json_t *doc = reader_parse(text, bytes, d);
	struct policy *p;

	if (!doc)
		return NULL;
	p = policy_alloc(1, sizeof(*p));
	p->doc = doc;
	parse_top(p, d);
	parse_sets(p, d);
	parse_softwires(p, d);
	parse_pools(p, d);
	parse_limits(p, d);
	parse_stages(p, d);
	policy_check(p, d);
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

void policy_free(struct policy *p)
{
	size_t i;

	if (!p)
		return;
	for (i = 0; i < p->set_count; i++)
		free(p->sets[i].prefixes);
	for (i = 0; i < p->pool_count; i++)
		free(p->pools[i].prefixes);
	for (i = 0; i < p->stage_count; i++) {
		free((char *)p->stages[i].place);
		free(p->stages[i].pools);
		free(p->stages[i].clauses);
	}
	free(p->sets);
	free(p->softwires);
	free(p->pools);
	free(p->limits);
	free(p->stages);
	json_decref(p->doc);
	free(p);
}

const char *policy_name(const struct policy *p)
{
	return p->name;
}

const char *policy_tz(const struct policy *p)
{
	return p->tz;
}

const char *action_word(uint8_t action)
{
	return action < ACTION_COUNT ? words_action[action] : "?";
}

int policy_find_pool(const struct policy *p, const char *name)
{
	size_t i;

	for (i = 0; i < p->pool_count; i++) {
		if (!strcmp(p->pools[i].name, name))
			return (int)i;
	}
	return -1;
}
