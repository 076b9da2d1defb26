// SPDX-License-Identifier: BSD-3-Clause
//
// See gate_runs.h.
#include "gate_runs.h"

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400

// Of a packet to TCP port 25 from a subscriber: nothing else gets one of these reasons.
static const enum op25b_reason port25_reasons[] = {
	REASON_PASS_UNRESTRICTED, REASON_PASS_PERMIT,      REASON_PASS_WITHIN_LIMIT,
	REASON_PASS_MONITOR_DROP, REASON_PASS_MONITOR_RST, REASON_PASS_MONITOR_ICMP,
	REASON_PASS_DRAINING,     REASON_DROP_BLOCKED,     REASON_DROP_LIMIT_OVER,
	REASON_DROP_LIMIT_HELD,   REASON_DROP_LIMIT_BUSY,  REASON_DROP_UNANSWERED,
	REASON_ANSWER_RST,        REASON_ANSWER_LIMIT,     REASON_ANSWER_ICMP,
	REASON_ANSWER_LIMIT_ICMP,
};

static bool is_monitored(enum op25b_reason reason)
{
	return reason == REASON_PASS_MONITOR_DROP || reason == REASON_PASS_MONITOR_RST ||
	       reason == REASON_PASS_MONITOR_ICMP;
}

static struct memory_count count_pool(const struct stats_totals *t, const char *pool)
{
	struct memory_count sum = {0};
	uint32_t family;
	size_t i, k;

	for (i = 0; i < t->pool_count && strcmp(t->pools[i].name, pool); i++)
		;
	if (i == t->pool_count)
		return sum;
	for (k = 0; k < sizeof(port25_reasons) / sizeof(port25_reasons[0]); k++) {
		for (family = 0; family < FAMILY_COUNT; family++) {
			uint64_t packets = t->pools[i].cell[port25_reasons[k]][family].packets;

			sum.all += packets;
			if (is_monitored(port25_reasons[k]))
				sum.would += packets;
		}
	}
	return sum;
}

// What a host has counted since it was seen. One that has counted less has started anew.
static void add_since(struct memory_count *to, const struct memory_count *seen,
		      const struct memory_count *now)
{
	bool anew = now->all < seen->all || now->would < seen->would;

	to->would += anew ? now->would : now->would - seen->would;
	to->all += anew ? now->all : now->all - seen->all;
}

// base: of earlier lives of the host, which t includes; NULL: none. first_look: what was counted
// before is not its own.
static void count_host(struct memory *m, enum memory_host host, const struct stats_totals *t,
		       const struct stats_totals *base, bool first_look)
{
	size_t i;

	for (i = 0; i < m->run_count; i++) {
		struct memory_run *r = &m->runs[i];
		struct memory_count now = count_pool(t, r->pool);

		if (base) {
			struct memory_count before = count_pool(base, r->pool);

			now.would -= before.would;
			now.all -= before.all;
		}
		if (r->since_s != POLICY_NEVER && !first_look)
			add_since(&r->count, &r->seen[host], &now);
		r->seen[host] = now;
	}
}

static void count_dataplane(struct memory *m, const struct stats *stats)
{
	uint64_t boot_id = stats->memory->boot_id;
	bool first_look = !m->boot_id;
	struct stats_totals t = {0};
	size_t i;

	// Another life of it, whose counters began at 0.
	for (i = 0; i < m->run_count && boot_id != m->boot_id; i++)
		m->runs[i].seen[MEMORY_DATAPLANE] = (struct memory_count){0};
	m->boot_id = boot_id;
	stats_read(stats, &t);
	count_host(m, MEMORY_DATAPLANE, &t, &stats->base, first_look);
	stats_totals_free(&t);
}

void runs_count(struct memory *m, const struct stats *stats, struct guard *guard)
{
	char error[GUARD_ERROR_BYTES];
	struct stats_totals t = {0};

	if (!m->run_count)
		return;
	if (stats->memory)
		count_dataplane(m, stats);
	if (guard && stats_read_guard(guard, &t, error)) {
		count_host(m, MEMORY_GUARD, &t, NULL, false);
		stats_totals_free(&t);
	}
}

static struct memory_run *find(const struct memory *m, const char *stage, const char *pool)
{
	size_t i;

	for (i = 0; i < m->run_count; i++) {
		if (!strcmp(m->runs[i].stage, stage) && !strcmp(m->runs[i].pool, pool))
			return &m->runs[i];
	}
	return NULL;
}

static struct memory_run *add(struct memory *m, const char *stage, const char *pool)
{
	struct memory_run *r = reallocarray(m->runs, m->run_count + 1, sizeof(*m->runs));

	if (!r)
		err(1, "memory");
	m->runs = r;
	r += m->run_count++;
	*r = (struct memory_run){.since_s = POLICY_NEVER};
	snprintf(r->stage, sizeof(r->stage), "%s", stage);
	snprintf(r->pool, sizeof(r->pool), "%s", pool);
	return r;
}

static bool is_in_force(const struct candidate *c, const struct stage_facts *stage,
			const char *pool)
{
	const struct moment moment = candidate_moment(c, candidate_time(c));
	const char *active = policy_active_stage(c->policy, pool, &moment);

	return stage->monitors && active && !strcmp(active, stage->name);
}

static bool is_asked_about(const struct policy *p, const char *id)
{
	size_t i;

	for (i = 0; i < policy_gate_count(p); i++) {
		const struct policy_gate *gate = policy_gate(p, i);

		if (gate->check != GATE_TCP && !strcmp(gate->stage, id))
			return true;
	}
	return false;
}

// Those of stages and pools that the policy does not have any more.
static bool forget_others(struct memory *m, const bool *kept)
{
	size_t i, count = 0, before = m->run_count;

	for (i = 0; i < m->run_count; i++) {
		if (kept[i])
			m->runs[count++] = m->runs[i];
	}
	m->run_count = count;
	return count != before;
}

// Returns whether it changed something. kept: bit of each run.
typedef bool (*run_fn)(struct memory *m, const struct candidate *c, const struct stage_facts *stage,
		       const char *pool, bool *kept);

static bool each_asked_about(struct memory *m, const struct candidate *c, run_fn fn, bool *kept)
{
	bool changed = false;
	size_t i, k;

	for (i = 0; policy_gate_count(c->policy) && i < policy_stage_count(c->policy); i++) {
		struct stage_facts stage = policy_stage(c->policy, i);

		for (k = 0; is_asked_about(c->policy, stage.id) && k < stage.pool_count; k++)
			changed |= fn(m, c, &stage, policy_stage_pool(c->policy, i, k), kept);
	}
	return changed;
}

static bool add_missing(struct memory *m, const struct candidate *c,
			const struct stage_facts *stage, const char *pool, bool *kept)
{
	(void)kept;
	if (find(m, stage->name, pool) || !is_in_force(c, stage, pool))
		return false;
	add(m, stage->name, pool);
	return true;
}

static bool begin_or_end(struct memory *m, const struct candidate *c,
			 const struct stage_facts *stage, const char *pool, bool *kept)
{
	struct memory_run *r = find(m, stage->name, pool);
	bool in_force = is_in_force(c, stage, pool);
	int64_t at_s = candidate_time(c);

	if (!r)
		return false;
	kept[r - m->runs] = true;
	if (in_force == (r->since_s != POLICY_NEVER))
		return false;
	if (in_force) {
		r->since_s = at_s;
	} else {
		r->longest_s = at_s - r->since_s > r->longest_s ? at_s - r->since_s : r->longest_s;
		r->since_s = POLICY_NEVER;
	}
	return true;
}

bool runs_update(struct memory *m, const struct candidate *c, const struct stats *stats,
		 struct guard *guard)
{
	bool *kept, changed;

	// Those that are added have not begun yet: counting takes the counters as they are.
	each_asked_about(m, c, add_missing, NULL);
	if (!m->run_count)
		return false;
	runs_count(m, stats, guard);
	kept = calloc(m->run_count, sizeof(*kept));
	if (!kept)
		err(1, "memory");
	changed = each_asked_about(m, c, begin_or_end, kept);
	changed |= forget_others(m, kept);
	free(kept);
	return changed;
}

struct run_sum {
	size_t pools; // of the stage and all its waves
	size_t ran;   // of these, those it has been in force on
	int64_t least_s;
	const char *least_pool;
	struct memory_count count;
};

static void add_run(struct run_sum *sum, const struct memory_run *r, const char *pool,
		    int64_t now_s)
{
	int64_t ran_s = 0;

	if (r) {
		ran_s = r->since_s == POLICY_NEVER ? 0 : now_s - r->since_s;
		ran_s = ran_s > r->longest_s ? ran_s : r->longest_s;
		sum->ran++;
		sum->count.would += r->count.would;
		sum->count.all += r->count.all;
	}
	if (!sum->pools || ran_s < sum->least_s) {
		sum->least_s = ran_s;
		sum->least_pool = pool;
	}
	sum->pools++;
}

static struct run_sum sum_up(const struct memory *m, const struct policy *p, const char *id,
			     int64_t now_s)
{
	struct run_sum sum = {0};
	size_t i, k;

	for (i = 0; i < policy_stage_count(p); i++) {
		struct stage_facts stage = policy_stage(p, i);

		for (k = 0; !strcmp(stage.id, id) && k < stage.pool_count; k++) {
			const char *pool = policy_stage_pool(p, i, k);

			add_run(&sum, find(m, stage.name, pool), pool, now_s);
		}
	}
	return sum;
}

static bool ask_ran(const struct run_sum *sum, const struct policy_gate *gate,
		    char text[GATE_TEXT_BYTES])
{
	snprintf(text, GATE_TEXT_BYTES,
		 "%.1f of %u days: stage \"%.40s\" on pool \"%.40s\", the shortest of %zu",
		 (double)sum->least_s / DAY_S, gate->days, gate->stage, sum->least_pool,
		 sum->pools);
	return sum->least_s >= (int64_t)gate->days * DAY_S;
}

static bool ask_would(const struct run_sum *sum, const struct policy_gate *gate,
		      char text[GATE_TEXT_BYTES])
{
	double percent;

	if (!sum->count.all) {
		snprintf(text, GATE_TEXT_BYTES,
			 "no packet to TCP port 25 since stage \"%.63s\" began: nothing to go by",
			 gate->stage);
		return false;
	}
	percent = 100.0 * (double)sum->count.would / (double)sum->count.all;
	snprintf(text, GATE_TEXT_BYTES,
		 "stage \"%.63s\" would have refused %.2f %% of %" PRIu64
		 " packets; below %g %% is "
		 "wanted",
		 gate->stage, percent, sum->count.all, gate->percent);
	return percent < gate->percent;
}

bool runs_ask(const struct memory *m, const struct policy *p, const struct policy_gate *gate,
	      int64_t now_s, char text[GATE_TEXT_BYTES])
{
	struct run_sum sum = sum_up(m, p, gate->stage, now_s);

	if (!sum.pools || sum.ran < sum.pools) {
		snprintf(text, GATE_TEXT_BYTES,
			 "stage \"%.63s\" has been in force on %zu of its %zu pools", gate->stage,
			 sum.ran, sum.pools);
		return false;
	}
	return gate->check == GATE_MONITOR_RAN ? ask_ran(&sum, gate, text)
					       : ask_would(&sum, gate, text);
}
