// SPDX-License-Identifier: BSD-3-Clause
//
// The statistics JSON of a snapshot (see snapshot.h). received = forwarded + dropped + answered +
// tx_full at rest: each part is counted by itself, nothing is computed to fit. What a driver lost
// before op25b-dp received it (rx_missed, rx_error, rx_nobuf of a port) is in none of them.
#include "snapshot.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

static json_t *count_json(uint64_t count)
{
	return json_integer((json_int_t)count);
}

// {reason: packets} of one verdict, without zeros.
static json_t *reasons_json(const struct stats_totals *t, enum op25b_verdict verdict)
{
	json_t *reasons = json_object();
	uint32_t reason;

	for (reason = 0; reason < REASON_COUNT; reason++) {
		uint64_t packets = stats_reason_packets(t, reason);

		if (packets && reason_says(reason) == verdict)
			json_object_set_new(reasons, reason_name(reason), count_json(packets));
	}
	return reasons;
}

static json_t *pool_json(const struct stats_pool *pool)
{
	json_t *reasons = json_object();
	uint32_t reason, family;

	for (reason = 0; reason < REASON_COUNT; reason++) {
		uint64_t packets = 0;

		for (family = 0; family < FAMILY_COUNT; family++)
			packets += pool->cell[reason][family].packets;
		if (packets)
			json_object_set_new(reasons, reason_name(reason), count_json(packets));
	}
	return reasons;
}

static void add_pools(json_t *pools, const char *host, const struct stats_totals *t)
{
	json_t *both;
	size_t i;

	for (i = 0; i < t->pool_count; i++) {
		const struct stats_pool *pool = &t->pools[i];

		if (!pool->name[0])
			continue; // frames of no pool are in the hosts' totals
		both = json_object_get(pools, pool->name);
		if (!both) {
			both = json_pack("{s:{}, s:{}}", "dataplane", "guard");
			json_object_set_new(pools, pool->name, both);
		}
		json_object_set_new(both, host, pool_json(pool));
	}
}

// A clause that a frame has met in one of the hosts.
struct clause_met {
	const struct stats_list *list;
	uint32_t index;
	const char *host;
};

static int compare_clauses(const struct clause_met *a, const struct clause_met *b)
{
	int order = strcmp(a->list->pool, b->list->pool);

	if (!order)
		order = (int)a->list->origin - (int)b->list->origin;
	if (!order)
		order = strcmp(a->list->stage, b->list->stage);
	return order ? order : (int)a->index - (int)b->index;
}

static int compare_met(const void *left, const void *right)
{
	const struct clause_met *a = left, *b = right;
	int order = compare_clauses(a, b);

	return order ? order : strcmp(a->host, b->host);
}

// Writes the clauses of t behind the `count` that are there. Returns how many there are then; met
// NULL: only counts.
static size_t find_met(struct clause_met *met, size_t count, const char *host,
		       const struct stats_totals *t)
{
	uint32_t index;
	size_t i;

	for (i = 0; i < t->list_count; i++) {
		for (index = 0; index < OP25B_MAX_CLAUSES; index++) {
			if (!t->lists[i].cell[index].packets)
				continue;
			if (met)
				met[count] = (struct clause_met){&t->lists[i], index, host};
			count++;
		}
	}
	return count;
}

static json_t *clause_json(const struct clause_met *met)
{
	return json_pack("{s:s, s:s, s:s, s:I}", "pool", met->list->pool, "origin",
			 origin_name(met->list->origin), "stage", met->list->stage, "clause",
			 (json_int_t)met->index);
}

static json_t *cell_json(const struct clause_met *met)
{
	const struct op25b_cell *cell = &met->list->cell[met->index];

	return json_pack("{s:I, s:I}", "packets", (json_int_t)cell->packets, "bytes",
			 (json_int_t)cell->bytes);
}

// Clauses that a frame has met, each once, with what either host has counted.
static json_t *clauses_json(const struct snapshot *s)
{
	size_t i, count = find_met(NULL, find_met(NULL, 0, "", &s->dataplane), "", &s->guard);
	struct clause_met *met = calloc(count + 1, sizeof(*met));
	json_t *clauses = json_array(), *clause = NULL;

	if (!met)
		err(1, "statistics");
	find_met(met, find_met(met, 0, "dataplane", &s->dataplane), "guard", &s->guard);
	qsort(met, count, sizeof(*met), compare_met);
	for (i = 0; i < count; i++) {
		if (i == 0 || compare_clauses(&met[i - 1], &met[i])) {
			clause = clause_json(&met[i]);
			json_array_append_new(clauses, clause);
		}
		json_object_set_new(clause, met[i].host, cell_json(&met[i]));
	}
	free(met);
	return clauses;
}

static const char *side_text(uint32_t side)
{
	return side == SIDE_NETWORK ? "network" : "subscriber";
}

static json_t *dataplane_ports(const struct stats_totals *t)
{
	json_t *ports = json_array();
	size_t i;

	for (i = 0; i < t->port_count; i++) {
		const struct stats_port *p = &t->ports[i];
		const struct op25b_port_counters *c = &p->count;

		json_array_append_new(
			ports,
			json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "name",
				  p->name, "side", side_text(p->side), "rx_packets",
				  (json_int_t)c->rx_packets, "rx_bytes", (json_int_t)c->rx_bytes,
				  "tx_packets", (json_int_t)c->tx_packets, "tx_bytes",
				  (json_int_t)c->tx_bytes, "tx_full_packets",
				  (json_int_t)c->tx_full_packets, "answer_packets",
				  (json_int_t)c->answer_packets, "rx_missed_packets",
				  (json_int_t)p->rx_missed_packets, "rx_error_packets",
				  (json_int_t)p->rx_error_packets, "rx_nobuf_packets",
				  (json_int_t)p->rx_nobuf_packets));
	}
	return ports;
}

static json_t *guard_ports(const struct stats_totals *t)
{
	json_t *ports = json_array();
	size_t i;

	for (i = 0; i < t->port_count; i++)
		json_array_append_new(ports,
				      json_pack("{s:s, s:s, s:I, s:I}", "name", t->ports[i].name,
						"side", side_text(t->ports[i].side), "rx_packets",
						(json_int_t)t->ports[i].count.rx_packets,
						"to_dataplane_packets",
						(json_int_t)t->ports[i].to_dataplane_packets));
	return ports;
}

static json_t *work_json(const struct stats_work *w)
{
	json_t *cycles = json_object();
	uint32_t step;

	for (step = 0; step < BURST_STEP_COUNT; step++)
		json_object_set_new(cycles, step_name(step), count_json(w->step_cycles[step]));
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o}", "rx_packets", (json_int_t)w->rx_packets,
			 "busy_polls", (json_int_t)w->busy_polls, "idle_polls",
			 (json_int_t)w->idle_polls, "sampled_bursts", (json_int_t)w->sampled_bursts,
			 "sampled_packets", (json_int_t)w->sampled_packets, "step_cycles", cycles);
}

static json_t *workers_json(const struct stats_totals *t)
{
	json_t *workers = json_array();
	uint32_t i;

	for (i = 0; i < t->work_count; i++)
		json_array_append_new(workers, work_json(&t->work[i]));
	return workers;
}

static json_t *dataplane_json(const struct snapshot *s)
{
	const struct stats_totals *t = &s->dataplane;
	uint64_t passed = stats_verdict_packets(t, VERDICT_PASS);
	uint64_t received = 0, tx_full = 0;
	size_t i;

	for (i = 0; i < t->port_count; i++) {
		received += t->ports[i].count.rx_packets;
		tx_full += t->ports[i].count.tx_full_packets;
	}
	return json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:I, s:o}", "up",
			 s->dataplane_up, "generation", (json_int_t)s->dataplane_generation,
			 "received", (json_int_t)received, "forwarded",
			 (json_int_t)(passed < tx_full ? 0 : passed - tx_full), "answered",
			 (json_int_t)stats_verdict_packets(t, VERDICT_ANSWER), "tx_full",
			 (json_int_t)tx_full, "dropped", reasons_json(t, VERDICT_DROP), "passed",
			 reasons_json(t, VERDICT_PASS), "answers", reasons_json(t, VERDICT_ANSWER),
			 "ports", dataplane_ports(t), "tsc_hz", (json_int_t)s->dataplane_tsc_hz,
			 "workers", workers_json(t));
}

static json_t *guard_json(const struct snapshot *s)
{
	const struct stats_totals *t = &s->guard;
	uint64_t received = 0, to_dataplane = 0;
	size_t i;

	for (i = 0; i < t->port_count; i++) {
		received += t->ports[i].count.rx_packets;
		to_dataplane += t->ports[i].to_dataplane_packets;
	}
	return json_pack("{s:b, s:I, s:I, s:I, s:I, s:o, s:o, s:b, s:o}", "attached",
			 s->guard_attached, "generation", (json_int_t)s->guard_generation,
			 "received", (json_int_t)received, "to_dataplane", (json_int_t)to_dataplane,
			 "forwarded", (json_int_t)stats_verdict_packets(t, VERDICT_PASS), "dropped",
			 reasons_json(t, VERDICT_DROP), "passed", reasons_json(t, VERDICT_PASS),
			 "active", s->guard_watch.active, "ports", guard_ports(t));
}

json_t *snapshot_stats(const struct snapshot *s)
{
	json_t *pools = json_object();

	add_pools(pools, "dataplane", &s->dataplane);
	add_pools(pools, "guard", &s->guard);
	return json_pack("{s:o, s:o, s:o, s:o}", "dataplane", dataplane_json(s), "guard",
			 guard_json(s), "pools", pools, "clauses", clauses_json(s));
}
