// SPDX-License-Identifier: BSD-3-Clause
//
// What changes by itself, and when: stages, their draining, exceptions and quarantines. Pure
// questions to a policy.
#include <stdlib.h>

#include "model.h"

#define EVENTS_OF_STAGE 3 // it begins, its draining ends, it ends
#define EVENTS_OF_GRANT 2 // it begins, it ends

typedef void (*event_fn)(void *ctx, const struct policy_event *event);

static void tell(event_fn fn, void *ctx, int64_t at_s, enum policy_event_kind kind, size_t index,
		 const char *name)
{
	struct policy_event event = {at_s, kind, (uint32_t)index, name};

	if (at_s != POLICY_ALWAYS && at_s != POLICY_NEVER)
		fn(ctx, &event);
}

static void stage_events(const struct policy *p, size_t index, const struct moment *m, event_fn fn,
			 void *ctx)
{
	const struct stage *s = &p->stages[index];
	int64_t begin_s = stage_begin(p, s, m), until_s = s->when.until_s;

	// One whose gate opened after its end never is in force.
	if (begin_s == POLICY_NEVER || begin_s >= until_s)
		return;
	tell(fn, ctx, begin_s, EVENT_STAGE_BEGINS, index, s->name);
	if (s->drain_s && begin_s != POLICY_ALWAYS && until_s - begin_s > s->drain_s)
		tell(fn, ctx, begin_s + s->drain_s, EVENT_DRAIN_ENDS, index, s->name);
	tell(fn, ctx, until_s, EVENT_STAGE_ENDS, index, s->name);
}

static void grant_events(const struct grant *g, size_t index, enum policy_event_kind begins,
			 event_fn fn, void *ctx)
{
	tell(fn, ctx, g->when.from_s, begins, index, g->id);
	tell(fn, ctx, g->when.until_s, begins + 1, index, g->id);
}

static void each_event(const struct policy *p, const int64_t *opened_s, event_fn fn, void *ctx)
{
	const struct moment m = {.opened_s = opened_s};
	size_t i;

	for (i = 0; i < p->stage_count; i++)
		stage_events(p, i, &m, fn, ctx);
	for (i = 0; i < p->exception_count; i++)
		grant_events(&p->exceptions[i].grant, i, EVENT_EXCEPTION_BEGINS, fn, ctx);
	for (i = 0; i < p->quarantine_count; i++)
		grant_events(&p->quarantines[i].grant, i, EVENT_QUARANTINE_BEGINS, fn, ctx);
}

_Static_assert(EVENT_EXCEPTION_ENDS == EVENT_EXCEPTION_BEGINS + 1 &&
		       EVENT_QUARANTINE_ENDS == EVENT_QUARANTINE_BEGINS + 1,
	       "grant_events() counts on");

struct event_list {
	struct policy_event *items;
	size_t count;
};

static void list_add(void *ctx, const struct policy_event *event)
{
	struct event_list *list = ctx;

	list->items[list->count++] = *event;
}

static int event_compare(const void *a, const void *b)
{
	const struct policy_event *x = a, *y = b;

	if (x->at_s != y->at_s)
		return x->at_s < y->at_s ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

struct policy_event *policy_events(const struct policy *p, const int64_t *opened_s, size_t *count)
{
	size_t most = EVENTS_OF_STAGE * p->stage_count +
		      EVENTS_OF_GRANT * (p->exception_count + p->quarantine_count);
	struct event_list list = {policy_alloc(most, sizeof(*list.items)), 0};

	each_event(p, opened_s, list_add, &list);
	qsort(list.items, list.count, sizeof(*list.items), event_compare);
	*count = list.count;
	return list.items;
}

const char *policy_event_word(enum policy_event_kind kind)
{
	static const char *const words[EVENT_KIND_COUNT] = {
		[EVENT_STAGE_BEGINS] = "stage_begins",
		[EVENT_DRAIN_ENDS] = "drain_ends",
		[EVENT_STAGE_ENDS] = "stage_ends",
		[EVENT_EXCEPTION_BEGINS] = "exception_begins",
		[EVENT_EXCEPTION_ENDS] = "exception_ends",
		[EVENT_QUARANTINE_BEGINS] = "quarantine_begins",
		[EVENT_QUARANTINE_ENDS] = "quarantine_ends",
	};

	return words[kind];
}

// The events next to a moment.
struct neighbours {
	int64_t at_s;
	int64_t last_s; // latest that is not after it; POLICY_ALWAYS: none
	int64_t next_s; // earliest after it; POLICY_NEVER: none
};

static void neighbours_look(void *ctx, const struct policy_event *event)
{
	struct neighbours *n = ctx;

	if (event->at_s > n->at_s && event->at_s < n->next_s)
		n->next_s = event->at_s;
	if (event->at_s <= n->at_s && event->at_s > n->last_s)
		n->last_s = event->at_s;
}

bool policy_next_change(const struct policy *p, const struct moment *m, int64_t *when_s)
{
	struct neighbours n = {m->at_s, POLICY_ALWAYS, POLICY_NEVER};

	each_event(p, m->opened_s, neighbours_look, &n);
	*when_s = n.next_s;
	return n.next_s != POLICY_NEVER;
}

int64_t policy_period_start(const struct policy *p, const struct moment *m)
{
	struct neighbours n = {m->at_s, POLICY_ALWAYS, POLICY_NEVER};

	each_event(p, m->opened_s, neighbours_look, &n);
	return n.last_s;
}
