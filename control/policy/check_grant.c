// SPDX-License-Identifier: BSD-3-Clause
//
// Exceptions and quarantines: whose addresses they name, and whether those of one moment fit
// together. Moments are gone through in order, each once.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_internal.h"
#include "parse_internal.h"

// A grant may stand for a list of prefixes or for one; so may its place.
static const char *prefix_place(char buf[READER_PLACE_BYTES], const struct grant *g,
				const struct prefix *prefix)
{
	const json_t *given = json_object_get(json_object_get(g->doc, "match"), "prefix");
	char match[READER_PLACE_BYTES], at[READER_PLACE_BYTES];

	reader_place(match, g->place, "match");
	if (g->subscriber)
		return reader_place(buf, match, "subscriber");
	if (!json_is_array(given))
		return reader_place(buf, match, "prefix");
	return reader_place_index(buf, reader_place(at, match, "prefix"), prefix->index);
}

// Says so if prefix, which stands at place, is no part of a pool.
static void check_owner(const struct policy *p, const struct owners *owners,
			const struct prefix *prefix, const char *place, struct diag *d)
{
	const struct owned *owner = owners_find(owners, prefix);
	char text[PREFIX_TEXT_BYTES], at[READER_PLACE_BYTES];

	prefix_print(text, prefix);
	if (!owner)
		diag_error(d, place, "\"%s\" lies in no prefix of a pool", text);
	else if (owner->is_infra)
		diag_error(d, place, "\"%s\" lies in infrastructure, %s, which is never filtered",
			   text, owned_place(at, p, owner));
}

static int index_compare(const void *a, const void *b)
{
	const struct prefix *x = a, *y = b;
	int order = prefix_compare(x, y);

	return order ? order : (x->index > y->index) - (x->index < y->index);
}

// The second of two equal prefixes, or NULL.
static const struct prefix *find_twice(const struct prefix *prefixes, size_t count)
{
	struct prefix *sorted;
	uint32_t index = UINT32_MAX;
	size_t i;

	if (count < 2)
		return NULL;
	sorted = policy_alloc(count, sizeof(*sorted));
	memcpy(sorted, prefixes, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), index_compare);
	for (i = 1; i < count && index == UINT32_MAX; i++) {
		if (!prefix_compare(&sorted[i - 1], &sorted[i]))
			index = sorted[i].index;
	}
	free(sorted);
	for (i = 0; i < count; i++) {
		if (prefixes[i].index == index)
			return &prefixes[i];
	}
	return NULL;
}

static void refuse_twice(const struct prefix *prefix, const char *place, struct diag *d)
{
	char text[PREFIX_TEXT_BYTES];

	diag_error(d, place, "\"%s\" stands twice", prefix_print(text, prefix));
}

static void check_subscribers(const struct policy *p, const struct owners *owners, struct diag *d)
{
	char place[READER_PLACE_BYTES], at[READER_PLACE_BYTES];
	const struct prefix *twice;
	size_t i, j;

	for (i = 0; i < p->subscriber_count; i++) {
		const struct subscriber *s = &p->subscribers[i];

		reader_place(place, "subscribers", s->id);
		for (j = 0; j < s->count; j++)
			check_owner(p, owners, &s->prefixes[j],
				    reader_place_index(at, place, s->prefixes[j].index), d);
		twice = find_twice(s->prefixes, s->count);
		if (twice)
			refuse_twice(twice, reader_place_index(at, place, twice->index), d);
	}
}

// Those of subscribers were checked with them.
static void check_grant(const struct policy *p, const struct owners *owners, const struct grant *g,
			struct diag *d)
{
	const struct prefix *twice;
	char at[READER_PLACE_BYTES];
	size_t i;

	if (g->subscriber)
		return;
	for (i = 0; i < g->count; i++)
		check_owner(p, owners, &g->prefixes[i], prefix_place(at, g, &g->prefixes[i]), d);
	twice = find_twice(g->prefixes, g->count);
	if (twice)
		refuse_twice(twice, prefix_place(at, g, twice), d);
}

// One prefix of one exception or quarantine.
struct granted {
	struct prefix prefix; // first: prefix_compare() looks at it
	const struct grant *grant;
};

static int granted_compare(const void *a, const void *b)
{
	const struct granted *x = a, *y = b;
	int order = prefix_compare(x, y);

	if (order)
		return order;
	if (x->grant->when.from_s != y->grant->when.from_s)
		return x->grant->when.from_s < y->grant->when.from_s ? -1 : 1;
	return (x->grant > y->grant) - (x->grant < y->grant);
}

static void add_granted(struct granted *all, size_t *count, const struct grant *g)
{
	size_t i;

	for (i = 0; i < g->count; i++)
		all[(*count)++] = (struct granted){g->prefixes[i], g};
}

// For each pool the first grant that touches it, or NULL: one for a part of a prefix of the pool,
// or one for a pool around it. Sorted, what covers comes before what is covered, so that of those
// open the outermost is enough to know. all: sorted.
static const struct grant **find_touched(const struct policy *p, const struct owners *owners,
					 const struct granted *all, size_t count)
{
	const struct grant **touched = policy_alloc(p->pool_count, sizeof(struct grant *));
	const struct granted *open = NULL;
	const struct owned *owner;
	size_t i, next = 0;

	for (i = 0; i < count; i++) {
		owner = owners_find(owners, &all[i].prefix);
		if (owner && !owner->is_infra && !touched[owner->owner])
			touched[owner->owner] = all[i].grant;
	}
	for (i = 0; i < owners->count; i++) {
		owner = &owners->items[i];
		for (; next < count && prefix_compare(&all[next], &owner->prefix) <= 0; next++) {
			if (!open || !prefix_covers(&open->prefix, &all[next].prefix))
				open = &all[next];
		}
		if (open && !owner->is_infra && !touched[owner->owner] &&
		    prefix_covers(&open->prefix, &owner->prefix))
			touched[owner->owner] = open->grant;
	}
	return touched;
}

// The stage's clauses and the one that an exception adds must fit into a class.
static void check_room(const struct policy *p, const struct owners *owners, struct diag *d)
{
	const struct grant **touched;
	char at[READER_PLACE_BYTES];
	struct granted *all;
	size_t i, j, count = 0;

	for (i = 0; i < p->exception_count; i++)
		count += p->exceptions[i].grant.count;
	all = policy_alloc(count, sizeof(*all));
	for (i = 0, count = 0; i < p->exception_count; i++)
		add_granted(all, &count, &p->exceptions[i].grant);
	qsort(all, count, sizeof(*all), granted_compare);
	touched = find_touched(p, owners, all, count);
	for (i = 0; i < p->stage_count; i++) {
		const struct stage *s = &p->stages[i];

		for (j = 0; s->clause_count == OP25B_MAX_CLAUSES && j < s->pool_count; j++) {
			if (touched[s->pools[j]])
				diag_error(
					d, reader_place(at, s->body_place, "port25"),
					"has %u clauses, at most %u are allowed: pool \"%s\" has "
					"exceptions, such as %s",
					OP25B_MAX_CLAUSES, OP25B_MAX_CLAUSES - 1,
					p->pools[s->pools[j]].name, touched[s->pools[j]]->place);
		}
	}
	free(touched);
	free(all);
}

// Who keeps the own relay of a pool asks what that is.
static void check_keep(const struct policy *p, const struct owners *owners, struct diag *d)
{
	const struct grant **touched;
	char at[READER_PLACE_BYTES];
	struct granted *all;
	size_t i, count = 0;

	for (i = 0; i < p->quarantine_count; i++)
		count += p->quarantines[i].grant.count;
	all = policy_alloc(count, sizeof(*all));
	for (i = 0, count = 0; i < p->quarantine_count; i++) {
		if (p->quarantines[i].keep & POLICY_OWN_RELAY)
			add_granted(all, &count, &p->quarantines[i].grant);
	}
	qsort(all, count, sizeof(*all), granted_compare);
	touched = find_touched(p, owners, all, count);
	for (i = 0; i < p->pool_count; i++) {
		if (touched[i] && !p->pools[i].has_relay)
			diag_error(d, reader_place(at, touched[i]->place, "keep"),
				   "\"own_relay\" needs the key \"relay\" ([] if there is none) in "
				   "pool \"%s\"",
				   p->pools[i].name);
	}
	free(touched);
	free(all);
}

// Sorted by begin, a quarantine overlaps an earlier one of its prefix if it begins before the
// latest end of those.
static void check_quarantines(const struct policy *p, struct diag *d)
{
	const struct grant *latest = NULL;
	char text[PREFIX_TEXT_BYTES], at[READER_PLACE_BYTES];
	struct granted *all;
	size_t i, count = 0;

	for (i = 0; i < p->quarantine_count; i++)
		count += p->quarantines[i].grant.count;
	all = policy_alloc(count, sizeof(*all));
	for (i = 0, count = 0; i < p->quarantine_count; i++)
		add_granted(all, &count, &p->quarantines[i].grant);
	qsort(all, count, sizeof(*all), granted_compare);
	for (i = 0; i < count; i++) {
		const struct grant *g = all[i].grant;

		if (i && prefix_compare(&all[i - 1], &all[i]))
			latest = NULL;
		if (latest && latest != g && g->when.from_s < latest->when.until_s)
			diag_error(d, prefix_place(at, g, &all[i].prefix),
				   "\"%s\" is in %s as well, at the same time: end one before the "
				   "other begins",
				   prefix_print(text, &all[i].prefix), latest->place);
		if (!latest || g->when.until_s > latest->when.until_s)
			latest = g;
	}
	free(all);
}

// A list of destinations comes into force, or goes out of it.
struct list_event {
	int64_t at_s;
	int64_t step; // 1 or -1
	uint32_t list;
};

static int event_compare(const void *a, const void *b)
{
	const struct list_event *x = a, *y = b;

	if (x->at_s != y->at_s)
		return x->at_s < y->at_s ? -1 : 1;
	return (x->step > y->step) - (x->step < y->step); // ends first
}

// Every list in force needs a bit of its own beside the named sets.
static void check_lists(const struct policy *p, struct diag *d)
{
	struct list_event *events = policy_alloc(2 * p->exception_count, sizeof(*events));
	uint32_t *users = policy_alloc(p->list_count, sizeof(*users));
	size_t i, count = 0, now = 0, most = 0;
	int64_t most_at_s = 0;
	char text[64];

	for (i = 0; i < p->exception_count; i++) {
		const struct exception *e = &p->exceptions[i];

		if (!e->has_list || e->grant.when.from_s >= e->grant.when.until_s)
			continue;
		events[count++] = (struct list_event){e->grant.when.from_s, 1, e->list};
		events[count++] = (struct list_event){e->grant.when.until_s, -1, e->list};
	}
	qsort(events, count, sizeof(*events), event_compare);
	for (i = 0; i < count; i++) {
		if (events[i].step > 0)
			now += users[events[i].list]++ == 0;
		else
			now -= --users[events[i].list] == 0;
		if (now > most) {
			most = now;
			most_at_s = events[i].at_s;
		}
	}
	time_print(text, sizeof(text), most_at_s, p->tz);
	if (most && p->set_count + most > OP25B_MAX_SETS)
		diag_error(d, "exceptions",
			   "have %zu different lists of prefixes in \"to\" at %s; with the %zu "
			   "named sets at most %zu are allowed at one moment",
			   most, text, p->set_count, OP25B_MAX_SETS - p->set_count);
	free(events);
	free(users);
}

void check_grants(const struct policy *p, const struct owners *owners, struct diag *d)
{
	size_t i;

	check_subscribers(p, owners, d);
	for (i = 0; i < p->exception_count; i++)
		check_grant(p, owners, &p->exceptions[i].grant, d);
	for (i = 0; i < p->quarantine_count; i++)
		check_grant(p, owners, &p->quarantines[i].grant, d);
	check_keep(p, owners, d);
	check_quarantines(p, d);
	check_lists(p, d);
	check_room(p, owners, d);
}
