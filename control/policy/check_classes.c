// SPDX-License-Identifier: BSD-3-Clause
//
// Whether the classes that exceptions and quarantines make fit into an image at every moment: goes
// from event to event, and at each looks only at the prefixes that it touches.
#include <stdlib.h>

#include "classes.h"

#define NOBODY UINT32_MAX

// One prefix of pools, exceptions or quarantines.
struct node {
	struct prefix prefix; // first: prefix_compare() looks at it
	uint32_t pool;        // NOBODY: that of the node around it
	uint32_t parent;      // node around it, or NOBODY
	uint32_t end;         // first node behind those that lie in it
	uint32_t first_grant; // of its exceptions and quarantines, index in grants; or NOBODY
	uint32_t class_id;
	uint64_t permits; // with those of its parents
	const struct quarantine *quarantine;
};

// An exception or a quarantine at one of its prefixes.
struct node_grant {
	const struct exception *exception;   // NULL: it is a quarantine
	const struct quarantine *quarantine; // NULL: it is an exception
	uint32_t next;                       // of the same node, or NOBODY
};

struct peak {
	const struct policy *policy;
	struct node *nodes; // sorted
	size_t count;
	struct node_grant *grants;
	size_t grant_count;
	struct class_parts parts; // all that ever were
	uint32_t *members;        // per part: nodes that are of it now
	size_t member_room;
	size_t in_use;        // parts with members
	struct in_force now;  // of this, list_sets
	uint64_t list_bits;   // in use
	uint32_t *list_users; // per policy.lists: exceptions in force that name it
};

static size_t grants_count(const struct policy *p)
{
	size_t i, count = 0;

	for (i = 0; i < p->exception_count; i++)
		count += p->exceptions[i].grant.count;
	for (i = 0; i < p->quarantine_count; i++)
		count += p->quarantines[i].grant.count;
	return count;
}

static void add_nodes(struct peak *k, const struct prefix *prefixes, size_t count, uint32_t pool)
{
	size_t i;

	for (i = 0; i < count; i++)
		k->nodes[k->count++] = (struct node){.prefix = prefixes[i],
						     .pool = pool,
						     .parent = NOBODY,
						     .first_grant = NOBODY};
}

// Joins equal prefixes; then who lies in whom.
static void link_nodes(struct peak *k)
{
	size_t i, last = 0;
	uint32_t around = NOBODY;

	qsort(k->nodes, k->count, sizeof(*k->nodes), prefix_compare);
	for (i = 1; i < k->count; i++) {
		if (prefix_compare(&k->nodes[last].prefix, &k->nodes[i].prefix))
			k->nodes[++last] = k->nodes[i];
		else if (k->nodes[i].pool != NOBODY)
			k->nodes[last].pool = k->nodes[i].pool;
	}
	k->count = k->count ? last + 1 : 0;
	for (i = 0; i < k->count; i++) {
		struct node *node = &k->nodes[i];

		while (around != NOBODY &&
		       !prefix_covers(&k->nodes[around].prefix, &node->prefix)) {
			k->nodes[around].end = (uint32_t)i;
			around = k->nodes[around].parent;
		}
		node->parent = around;
		if (node->pool == NOBODY && around != NOBODY)
			node->pool = k->nodes[around].pool;
		node->class_id = policy_pool_class(node->pool);
		around = (uint32_t)i;
	}
	for (; around != NOBODY; around = k->nodes[around].parent)
		k->nodes[around].end = (uint32_t)k->count;
}

static struct node *find_node(const struct peak *k, const struct prefix *prefix)
{
	return bsearch(prefix, k->nodes, k->count, sizeof(*k->nodes), prefix_compare);
}

static void link_grant(struct peak *k, const struct grant *g, const struct exception *e,
		       const struct quarantine *q)
{
	size_t i;

	for (i = 0; i < g->count; i++) {
		struct node *node = find_node(k, &g->prefixes[i]);

		k->grants[k->grant_count] = (struct node_grant){e, q, node->first_grant};
		node->first_grant = (uint32_t)k->grant_count++;
	}
}

static void peak_open(struct peak *k, const struct policy *p)
{
	size_t i, most = grants_count(p);

	*k = (struct peak){.policy = p, .now = {.policy = p}};
	k->grants = policy_alloc(most, sizeof(*k->grants));
	k->now.list_sets = policy_alloc(p->list_count, sizeof(*k->now.list_sets));
	k->list_users = policy_alloc(p->list_count, sizeof(*k->list_users));
	for (i = 0; i < p->pool_count; i++)
		most += p->pools[i].count;
	k->nodes = policy_alloc(most, sizeof(*k->nodes));
	for (i = 0; i < p->pool_count; i++)
		add_nodes(k, p->pools[i].prefixes, p->pools[i].count, (uint32_t)i);
	for (i = 0; i < p->exception_count; i++)
		add_nodes(k, p->exceptions[i].grant.prefixes, p->exceptions[i].grant.count, NOBODY);
	for (i = 0; i < p->quarantine_count; i++)
		add_nodes(k, p->quarantines[i].grant.prefixes, p->quarantines[i].grant.count,
			  NOBODY);
	link_nodes(k);
	for (i = 0; i < p->exception_count; i++)
		link_grant(k, &p->exceptions[i].grant, &p->exceptions[i], NULL);
	for (i = 0; i < p->quarantine_count; i++)
		link_grant(k, &p->quarantines[i].grant, NULL, &p->quarantines[i]);
	class_parts_init(&k->parts, p);
}

static void peak_close(struct peak *k)
{
	free(k->nodes);
	free(k->grants);
	free(k->now.list_sets);
	free(k->list_users);
	free(k->members);
	class_parts_free(&k->parts);
}

// Notes that one node more, or less, is of a class.
static void count_member(struct peak *k, uint32_t class_id, bool more)
{
	uint32_t first = policy_infra_class(k->policy, (uint32_t)k->policy->infra_count);
	uint32_t *members;

	if (class_id < first)
		return;
	if (k->member_room < k->parts.room) {
		k->members = realloc(k->members, k->parts.room * sizeof(*k->members));
		if (!k->members)
			abort();
		for (; k->member_room < k->parts.room; k->member_room++)
			k->members[k->member_room] = 0;
	}
	members = &k->members[class_id - first];
	if (more)
		k->in_use += (*members)++ == 0;
	else
		k->in_use -= --*members == 0;
}

// What holds at the node now, with what it inherits.
static void judge_node(struct peak *k, struct node *node, int64_t at_s)
{
	const struct node *parent = node->parent == NOBODY ? NULL : &k->nodes[node->parent];
	uint32_t i, class_id;

	node->permits = parent ? parent->permits : 0;
	node->quarantine = parent ? parent->quarantine : NULL;
	for (i = node->first_grant; i != NOBODY; i = k->grants[i].next) {
		const struct node_grant *g = &k->grants[i];

		if (g->exception && period_holds(&g->exception->grant.when, at_s))
			node->permits |= exception_sets(&k->now, g->exception);
		if (g->quarantine && period_holds(&g->quarantine->grant.when, at_s))
			node->quarantine = g->quarantine;
	}
	class_id = class_parts_class(&k->parts, node->pool, node->permits, node->quarantine);
	if (class_id == node->class_id)
		return;
	count_member(k, node->class_id, false);
	count_member(k, class_id, true);
	node->class_id = class_id;
}

static void judge_grant(struct peak *k, const struct grant *g, int64_t at_s)
{
	size_t i;
	uint32_t j;

	for (i = 0; i < g->count; i++) {
		const struct node *top = find_node(k, &g->prefixes[i]);

		for (j = (uint32_t)(top - k->nodes); j < top->end; j++)
			judge_node(k, &k->nodes[j], at_s);
	}
}

// A list has a bit as long as an exception in force names it.
static void count_list(struct peak *k, const struct exception *e, bool begins)
{
	const uint64_t taken = k->list_bits | ((1ull << k->policy->set_count) - 1);
	uint64_t *bit = &k->now.list_sets[e->list];

	if (!e->has_list)
		return;
	if (begins && k->list_users[e->list]++ == 0) {
		*bit = ~taken & (taken + 1);
		k->list_bits |= *bit;
	}
	if (!begins && --k->list_users[e->list] == 0)
		k->list_bits &= ~*bit;
}

// What the events of one moment do: bits are given back before others are taken.
static void take_events(struct peak *k, const struct policy_event *events, size_t count)
{
	const struct policy *p = k->policy;
	size_t i;

	for (i = 0; i < count; i++) {
		if (events[i].kind == EVENT_EXCEPTION_ENDS)
			count_list(k, &p->exceptions[events[i].index], false);
	}
	for (i = 0; i < count; i++) {
		if (events[i].kind == EVENT_EXCEPTION_BEGINS)
			count_list(k, &p->exceptions[events[i].index], true);
	}
	for (i = 0; i < count; i++) {
		if (events[i].kind == EVENT_EXCEPTION_BEGINS ||
		    events[i].kind == EVENT_EXCEPTION_ENDS)
			judge_grant(k, &p->exceptions[events[i].index].grant, events[i].at_s);
		else if (events[i].kind == EVENT_QUARANTINE_BEGINS ||
			 events[i].kind == EVENT_QUARANTINE_ENDS)
			judge_grant(k, &p->quarantines[events[i].index].grant, events[i].at_s);
	}
}

void policy_check_classes(const struct policy *p, struct diag *d)
{
	const size_t plain = policy_infra_class(p, (uint32_t)p->infra_count);
	size_t i, next, count;
	struct policy_event *events;
	struct peak k;

	if (!p->exception_count && !p->quarantine_count)
		return;
	// Mostly they would fit if all were in force at once.
	peak_open(&k, p);
	if (plain + k.count <= OP25B_MAX_CLASSES) {
		peak_close(&k);
		return;
	}
	events = policy_events(p, NULL, &count);
	for (i = 0; i < count; i = next) {
		for (next = i; next < count && events[next].at_s == events[i].at_s;)
			next++;
		take_events(&k, &events[i], next - i);
		if (plain + k.in_use <= OP25B_MAX_CLASSES)
			continue;
		classes_refuse(p, plain + k.in_use, events[i].at_s, d);
		break;
	}
	free(events);
	peak_close(&k);
}
