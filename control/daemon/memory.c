// SPDX-License-Identifier: BSD-3-Clause
//
// See memory.h.
#include "memory.h"

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOMENT_END_S 253402300800 // 10000-01-01T00:00:00Z

bool memory_is_moment(int64_t at_s)
{
	return at_s >= 0 && at_s < MOMENT_END_S;
}

static void *grow(void *array, size_t count, size_t elem_bytes)
{
	void *grown = reallocarray(array, count + 1, elem_bytes);

	// To go on would be to forget what lets a stage be in force.
	if (!grown)
		err(1, "memory");
	return grown;
}

void memory_free(struct memory *m)
{
	free(m->openings);
	free(m->runs);
	*m = (struct memory){0};
}

static void read_openings(struct memory *m, const json_t *rows)
{
	struct memory_opening *o;
	json_int_t from, opened;
	const char *stage;
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		if (json_unpack((json_t *)row, "{s:s, s:I, s:I}", "stage", &stage, "from", &from,
				"opened", &opened) ||
		    !memory_is_moment(opened))
			continue;
		m->openings = grow(m->openings, m->opening_count, sizeof(*m->openings));
		o = &m->openings[m->opening_count++];
		*o = (struct memory_opening){.from_s = from, .opened_s = opened};
		snprintf(o->stage, sizeof(o->stage), "%s", stage);
	}
}

static struct memory_count count_of(json_int_t would, json_int_t all)
{
	return (struct memory_count){(uint64_t)would, (uint64_t)all};
}

static void read_runs(struct memory *m, const json_t *rows)
{
	json_int_t since, longest, c[6];
	const char *stage, *pool;
	struct memory_run *r;
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		if (json_unpack((json_t *)row, "{s:s, s:s, s:I, s:I, s:[I,I], s:[I,I], s:[I,I]}",
				"stage", &stage, "pool", &pool, "since", &since, "longest",
				&longest, "count", &c[0], &c[1], "dataplane", &c[2], &c[3], "guard",
				&c[4], &c[5]) ||
		    !memory_is_moment(longest) ||
		    (since != POLICY_NEVER && !memory_is_moment(since)))
			continue;
		m->runs = grow(m->runs, m->run_count, sizeof(*m->runs));
		r = &m->runs[m->run_count++];
		*r = (struct memory_run){.since_s = since,
					 .longest_s = longest,
					 .count = count_of(c[0], c[1]),
					 .seen = {count_of(c[2], c[3]), count_of(c[4], c[5])}};
		snprintf(r->stage, sizeof(r->stage), "%s", stage);
		snprintf(r->pool, sizeof(r->pool), "%s", pool);
	}
}

void memory_read(struct memory *m, const json_t *state)
{
	const char *policy, *hash, *boot_id;
	json_int_t through;

	*m = (struct memory){0};
	if (json_unpack((json_t *)state, "{s:s, s:s, s:I, s:s}", "policy", &policy, "hash", &hash,
			"through", &through, "boot_id", &boot_id) ||
	    !memory_is_moment(through))
		return;
	snprintf(m->policy, sizeof(m->policy), "%s", policy);
	snprintf(m->hash, sizeof(m->hash), "%s", hash);
	m->through_s = through;
	m->boot_id = strtoull(boot_id, NULL, 16);
	read_openings(m, json_object_get(state, "opened"));
	read_runs(m, json_object_get(state, "runs"));
}

void memory_write(const struct memory *m, json_t *state)
{
	json_t *openings = json_array(), *runs = json_array();
	char boot_id[17];
	size_t i;

	for (i = 0; i < m->opening_count; i++) {
		const struct memory_opening *o = &m->openings[i];

		json_array_append_new(openings, json_pack("{s:s, s:I, s:I}", "stage", o->stage,
							  "from", (json_int_t)o->from_s, "opened",
							  (json_int_t)o->opened_s));
	}
	for (i = 0; i < m->run_count; i++) {
		const struct memory_run *r = &m->runs[i];
		const struct memory_count *dp = &r->seen[MEMORY_DATAPLANE];
		const struct memory_count *guard = &r->seen[MEMORY_GUARD];

		json_array_append_new(
			runs, json_pack("{s:s, s:s, s:I, s:I, s:[I,I], s:[I,I], s:[I,I]}", "stage",
					r->stage, "pool", r->pool, "since", (json_int_t)r->since_s,
					"longest", (json_int_t)r->longest_s, "count",
					(json_int_t)r->count.would, (json_int_t)r->count.all,
					"dataplane", (json_int_t)dp->would, (json_int_t)dp->all,
					"guard", (json_int_t)guard->would, (json_int_t)guard->all));
	}
	snprintf(boot_id, sizeof(boot_id), "%016" PRIx64, m->boot_id);
	json_object_set_new(state, "policy", json_string(m->policy));
	json_object_set_new(state, "hash", json_string(m->hash));
	json_object_set_new(state, "through", json_integer(m->through_s));
	json_object_set_new(state, "boot_id", json_string(boot_id));
	json_object_set_new(state, "opened", openings);
	json_object_set_new(state, "runs", runs);
}

static struct memory_opening *find(const struct memory *m, const struct stage_facts *stage)
{
	size_t i;

	for (i = 0; i < m->opening_count; i++) {
		struct memory_opening *o = &m->openings[i];

		if (o->from_s == stage->from_s && !strcmp(o->stage, stage->name))
			return o;
	}
	return NULL;
}

int64_t *memory_opened(const struct memory *m, const struct policy *p)
{
	size_t count = policy_stage_count(p), i;
	int64_t *opened_s = grow(NULL, count, sizeof(*opened_s));

	for (i = 0; i < count; i++) {
		struct stage_facts stage = policy_stage(p, i);
		const struct memory_opening *o = NULL;

		if (stage.gates && !strcmp(m->policy, policy_name(p)))
			o = find(m, &stage);
		opened_s[i] = o ? o->opened_s : POLICY_NEVER;
	}
	opened_s[count] = POLICY_NEVER;
	return opened_s;
}

void memory_open(struct memory *m, const struct stage_facts *stage, int64_t opened_s)
{
	struct memory_opening *o = find(m, stage);

	if (!o) {
		m->openings = grow(m->openings, m->opening_count, sizeof(*m->openings));
		o = &m->openings[m->opening_count++];
		*o = (struct memory_opening){.from_s = stage->from_s};
		snprintf(o->stage, sizeof(o->stage), "%s", stage->name);
	}
	o->opened_s = opened_s;
}

void memory_set_back(struct memory *m, int64_t at_s)
{
	size_t i, kept = 0;

	for (i = 0; i < m->opening_count; i++) {
		if (m->openings[i].opened_s <= at_s)
			m->openings[kept++] = m->openings[i];
	}
	m->opening_count = kept;
	for (i = 0; i < m->run_count; i++) {
		struct memory_run *r = &m->runs[i];

		if (r->since_s != POLICY_NEVER && r->since_s > at_s)
			r->since_s = at_s;
	}
}

static bool has_stage(const struct policy *p, const struct memory_opening *o)
{
	size_t i;

	for (i = 0; i < policy_stage_count(p); i++) {
		struct stage_facts stage = policy_stage(p, i);

		if (stage.gates && stage.from_s == o->from_s && !strcmp(stage.name, o->stage))
			return true;
	}
	return false;
}

void memory_take_policy(struct memory *m, const struct policy *p, const char *hash)
{
	size_t i, kept = 0;

	if (strcmp(m->policy, policy_name(p)))
		m->opening_count = m->run_count = 0;
	for (i = 0; i < m->opening_count; i++) {
		if (has_stage(p, &m->openings[i]))
			m->openings[kept++] = m->openings[i];
	}
	m->opening_count = kept;
	snprintf(m->policy, sizeof(m->policy), "%s", policy_name(p));
	snprintf(m->hash, sizeof(m->hash), "%s", hash);
}
