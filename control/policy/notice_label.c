// SPDX-License-Identifier: BSD-3-Clause
//
// How customers know their connections: by the access lines of the pools, the kind of address, and
// the pools' names where that is not enough.
#include <stdlib.h>
#include <string.h>

#include "notice_internal.h"

bool notice_is_listed(const char *const *items, size_t count, const char *item)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (!strcmp(items[i], item))
			return true;
	}
	return false;
}

// The names of these pools' access lines, each once. "": they have none.
static const char *access_names(struct notice *n, const uint32_t *pools, size_t count)
{
	const json_t *names = json_object_get(n->policy->doc, "access_names");
	const char **items = NULL, *list = "", *label, *name;
	size_t i, j, item_count = 0;

	for (i = 0; i < count; i++) {
		const json_t *access = json_object_get(n->policy->pools[pools[i]].doc, "access");

		items = realloc(items, (item_count + json_array_size(access) + 1) * sizeof(*items));
		if (!items)
			abort();
		for (j = 0; j < json_array_size(access); j++) {
			label = json_string_value(json_array_get(access, j));
			name = notice_words(n, names, label);
			name = name ? name : label;
			if (notice_is_listed((const char *const *)items, item_count, name))
				continue;
			items[item_count++] = name;
			list = notice_join(n, list, name);
		}
	}
	free(items);
	return list;
}

// The kinds of these pools, each once. obvious: leave out what access names say anyway.
static const char *kind_names(struct notice *n, const uint32_t *pools, size_t count, bool obvious)
{
	const char *list = "";
	uint32_t seen = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		enum pool_kind kind = n->policy->pools[pools[i]].kind;
		bool is_access = kind == POOL_DIALUP || kind == POOL_MOBILE || kind == POOL_HOSTING;

		if (seen & 1u << kind || (obvious && is_access))
			continue;
		seen |= 1u << kind;
		list = notice_join(n, list,
				   notice_text((enum notice_text)(TEXT_KIND + kind), n->lang));
	}
	return list;
}

static const char *add_pool_names(struct notice *n, const char *label, const uint32_t *pools,
				  size_t count)
{
	const char *list = "";
	size_t i;

	for (i = 0; i < count; i++)
		list = notice_join(n, list, n->policy->pools[pools[i]].name);
	return notice_say(n, TEXT_LABEL_POOLS, "label", label, "names", list, NULL);
}

static const char *label_of(struct notice *n, const uint32_t *pools, size_t count)
{
	const char *names = access_names(n, pools, count);
	const char *kinds = kind_names(n, pools, count, *names);

	if (*names && (!n->tells_kinds || !*kinds))
		return names;
	if (*names)
		return notice_say(n, TEXT_LABEL, "names", names, "kinds", kinds, NULL);
	// Without access lines there is only what the operator calls the pools.
	return add_pool_names(n, kinds, pools, count);
}

// Whether pools of other groups, to whom something else happens, go by the same name.
static bool is_ambiguous(const struct notice *n, const struct group *g, uint32_t pool)
{
	size_t i, j;

	for (i = 0; i < n->group_count; i++) {
		const struct group *other = &n->groups[i];

		for (j = 0; other != g && j < other->pool_count; j++) {
			if (!strcmp(n->pool_labels[other->pools[j]], n->pool_labels[pool]))
				return true;
		}
	}
	return false;
}

const char *notice_pool_label(struct notice *n, const struct group *g, uint32_t pool)
{
	if (!is_ambiguous(n, g, pool))
		return n->pool_labels[pool];
	return add_pool_names(n, n->pool_labels[pool], &pool, 1);
}

void notice_name_groups(struct notice *n)
{
	const size_t count = n->policy->pool_count;
	uint32_t pool;
	size_t i, j;

	n->pool_labels = policy_alloc(count, sizeof(*n->pool_labels));
	for (pool = 0; pool < count; pool++)
		n->pool_labels[pool] = label_of(n, &pool, 1);
	for (i = 0; i < n->group_count; i++) {
		struct group *g = &n->groups[i];

		g->label = label_of(n, g->pools, g->pool_count);
		for (j = 0; j < g->pool_count; j++) {
			if (is_ambiguous(n, g, g->pools[j]))
				break;
		}
		if (j < g->pool_count)
			g->label = add_pool_names(n, g->label, g->pools, g->pool_count);
	}
}
