// SPDX-License-Identifier: BSD-3-Clause
//
// See metrics.h. Every family gets HELP and TYPE, also when it has no sample yet.
#include "metrics.h"

#include <inttypes.h>
#include <string.h>

static void head(struct evbuffer *out, const char *name, const char *type, const char *help)
{
	evbuffer_add_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

// A label's value may hold anything: a port is a device string.
static void label(struct evbuffer *out, const char *name, const char *value, const char *before)
{
	evbuffer_add_printf(out, "%s%s=\"", before, name);
	for (; *value; value++) {
		if (*value == '\n')
			evbuffer_add_printf(out, "\\n");
		else
			evbuffer_add_printf(out, "%s%c",
					    *value == '"' || *value == '\\' ? "\\" : "", *value);
	}
	evbuffer_add_printf(out, "\"");
}

static const char *const verdict_text[VERDICT_COUNT] = {"pass", "drop", "answer"};
static const char *const family_text[FAMILY_COUNT] = {"none", "ipv4", "ipv6"};

static void cell(struct evbuffer *out, const char *name, const char *host,
		 const struct stats_pool *pool, uint32_t reason, uint32_t family, uint64_t value)
{
	evbuffer_add_printf(out, "%s{host=\"%s\",verdict=\"%s\",reason=\"%s\",family=\"%s\"", name,
			    host, verdict_text[reason_says(reason)], reason_name(reason),
			    family_text[family]);
	label(out, "pool", pool->name, ",");
	evbuffer_add_printf(out, "} %" PRIu64 "\n", value);
}

static void cells(struct evbuffer *out, const char *name, const char *host,
		  const struct stats_totals *t, bool is_bytes)
{
	uint32_t reason, family;
	size_t i;

	for (i = 0; i < t->pool_count; i++) {
		for (reason = 0; reason < REASON_COUNT; reason++) {
			for (family = 0; family < FAMILY_COUNT; family++) {
				const struct op25b_cell *c = &t->pools[i].cell[reason][family];

				if (c->packets)
					cell(out, name, host, &t->pools[i], reason, family,
					     is_bytes ? c->bytes : c->packets);
			}
		}
	}
}

static void write_cells(struct evbuffer *out, const struct snapshot *s)
{
	head(out, "op25b_packets_total", "counter",
	     "Frames judged, by verdict and reason. The empty pool: addresses in no pool.");
	cells(out, "op25b_packets_total", "dataplane", &s->dataplane, false);
	cells(out, "op25b_packets_total", "guard", &s->guard, false);
	head(out, "op25b_bytes_total", "counter", "Bytes of the frames judged, without FCS.");
	cells(out, "op25b_bytes_total", "dataplane", &s->dataplane, true);
	cells(out, "op25b_bytes_total", "guard", &s->guard, true);
}

static void clauses(struct evbuffer *out, const char *name, const char *host,
		    const struct stats_totals *t, bool is_bytes)
{
	uint32_t k;
	size_t i;

	for (i = 0; i < t->list_count; i++) {
		const struct stats_list *list = &t->lists[i];

		for (k = 0; k < OP25B_MAX_CLAUSES; k++) {
			const struct op25b_cell *c = &list->cell[k];

			if (!c->packets)
				continue;
			evbuffer_add_printf(out, "%s{host=\"%s\"", name, host);
			label(out, "pool", list->pool, ",");
			label(out, "stage", list->stage, ",");
			evbuffer_add_printf(out, ",origin=\"%s\",clause=\"%u\"} %" PRIu64 "\n",
					    origin_name(list->origin), k,
					    is_bytes ? c->bytes : c->packets);
		}
	}
}

static void write_clauses(struct evbuffer *out, const struct snapshot *s)
{
	head(out, "op25b_clause_packets_total", "counter",
	     "Frames that met a clause, by its index in the stage, or among the pool's exceptions "
	     "or quarantines. The empty pool: clauses for which a host had no more counters.");
	clauses(out, "op25b_clause_packets_total", "dataplane", &s->dataplane, false);
	clauses(out, "op25b_clause_packets_total", "guard", &s->guard, false);
	head(out, "op25b_clause_bytes_total", "counter",
	     "Bytes of the frames that met a clause, without FCS.");
	clauses(out, "op25b_clause_bytes_total", "dataplane", &s->dataplane, true);
	clauses(out, "op25b_clause_bytes_total", "guard", &s->guard, true);
}

struct port_metric {
	const char *name;
	size_t offset; // in struct stats_port
	const char *help;
};

static void write_ports(struct evbuffer *out, const struct stats_totals *t,
			const struct port_metric *metric)
{
	uint64_t value;
	size_t i;

	for (; metric->name; metric++) {
		head(out, metric->name, "counter", metric->help);
		for (i = 0; i < t->port_count; i++) {
			memcpy(&value, (const char *)&t->ports[i] + metric->offset, sizeof(value));
			evbuffer_add_printf(out, "%s", metric->name);
			label(out, "port", t->ports[i].name, "{");
			label(out, "side",
			      t->ports[i].side == SIDE_NETWORK ? "network" : "subscriber", ",");
			evbuffer_add_printf(out, "} %" PRIu64 "\n", value);
		}
	}
}

static const struct port_metric dataplane_ports[] = {
	{"op25b_port_rx_packets_total", offsetof(struct stats_port, count.rx_packets),
	 "Frames that op25b-dp received."},
	{"op25b_port_rx_bytes_total", offsetof(struct stats_port, count.rx_bytes),
	 "Bytes that op25b-dp received, without FCS."},
	{"op25b_port_tx_packets_total", offsetof(struct stats_port, count.tx_packets),
	 "Frames that op25b-dp sent, answers included."},
	{"op25b_port_tx_bytes_total", offsetof(struct stats_port, count.tx_bytes),
	 "Bytes that op25b-dp sent, without FCS."},
	{"op25b_port_tx_full_packets_total", offsetof(struct stats_port, count.tx_full_packets),
	 "Frames to be passed on for which the driver had no room."},
	{"op25b_port_answer_packets_total", offsetof(struct stats_port, count.answer_packets),
	 "Resets and ICMP errors that op25b-dp sent out of this port."},
	{"op25b_port_rx_missed_total", offsetof(struct stats_port, rx_missed_packets),
	 "Frames that the NIC or its driver lost before op25b-dp received them: queue full."},
	{"op25b_port_rx_errors_total", offsetof(struct stats_port, rx_error_packets),
	 "Frames that the NIC or its driver threw away as damaged; op25b-dp never received them."},
	{"op25b_port_rx_nobuf_total", offsetof(struct stats_port, rx_nobuf_packets),
	 "Frames that the driver lost because no packet buffer was free."},
	{NULL, 0, NULL},
};
static const struct port_metric guard_ports[] = {
	{"op25b_guard_port_rx_packets_total", offsetof(struct stats_port, count.rx_packets),
	 "Frames that the guard saw."},
	{"op25b_guard_port_to_dataplane_packets_total",
	 offsetof(struct stats_port, to_dataplane_packets),
	 "Frames that the guard handed to op25b-dp; it judged all others."},
	{NULL, 0, NULL},
};

struct work_metric {
	const char *name;
	size_t offset; // in struct stats_work
	const char *help;
};

static const struct work_metric work_metrics[] = {
	{"op25b_worker_rx_packets_total", offsetof(struct stats_work, rx_packets),
	 "Frames that a worker of op25b-dp received."},
	{"op25b_worker_busy_polls_total", offsetof(struct stats_work, busy_polls),
	 "Turns of a worker that received frames."},
	{"op25b_worker_idle_polls_total", offsetof(struct stats_work, idle_polls),
	 "Turns of a worker that did not."},
	{"op25b_worker_sampled_bursts_total", offsetof(struct stats_work, sampled_bursts),
	 "Bursts whose steps were measured, a few of all."},
	{"op25b_worker_sampled_packets_total", offsetof(struct stats_work, sampled_packets),
	 "Frames in the bursts whose steps were measured."},
	{NULL, 0, NULL},
};

static void write_steps(struct evbuffer *out, const struct snapshot *s)
{
	uint32_t i, step;

	head(out, "op25b_worker_step_cycles_total", "counter",
	     "Ticks of the time-stamp counter that the steps of the measured bursts took.");
	for (i = 0; i < s->dataplane.work_count; i++) {
		for (step = 0; step < BURST_STEP_COUNT; step++)
			evbuffer_add_printf(out,
					    "op25b_worker_step_cycles_total{worker=\"%u\","
					    "step=\"%s\"} %" PRIu64 "\n",
					    i, step_name(step),
					    s->dataplane.work[i].step_cycles[step]);
	}
	head(out, "op25b_tsc_hertz", "gauge",
	     "Ticks of the time-stamp counter in a second; 0: op25b-dp has not been seen.");
	evbuffer_add_printf(out, "op25b_tsc_hertz %" PRIu64 "\n", s->dataplane_tsc_hz);
}

static void write_work(struct evbuffer *out, const struct snapshot *s)
{
	const struct work_metric *metric;
	uint64_t value;
	uint32_t i;

	for (metric = work_metrics; metric->name; metric++) {
		head(out, metric->name, "counter", metric->help);
		for (i = 0; i < s->dataplane.work_count; i++) {
			memcpy(&value, (const char *)&s->dataplane.work[i] + metric->offset,
			       sizeof(value));
			evbuffer_add_printf(out, "%s{worker=\"%u\"} %" PRIu64 "\n", metric->name, i,
					    value);
		}
	}
	write_steps(out, s);
}

static void write_policy(struct evbuffer *out, const struct snapshot *s)
{
	head(out, "op25b_policy_info", "gauge", "The policy in force; always 1.");
	if (s->policy_name) {
		evbuffer_add_printf(out, "op25b_policy_info");
		label(out, "name", s->policy_name, "{");
		evbuffer_add_printf(out,
				    ",checksum=\"%016" PRIx64 "\",hash=\"%s\",revision=\"%" PRIu64
				    "\"} 1\n",
				    s->policy_checksum, s->policy_hash, s->policy_revision);
	}
	head(out, "op25b_policy_generation", "gauge",
	     "Generation of the policy in force in a host; 0: none.");
	evbuffer_add_printf(out, "op25b_policy_generation{host=\"dataplane\"} %" PRIu64 "\n",
			    s->dataplane_generation);
	evbuffer_add_printf(out, "op25b_policy_generation{host=\"guard\"} %" PRIu64 "\n",
			    s->guard_generation);
	head(out, "op25b_policy_load_timestamp_seconds", "gauge",
	     "Unix time at which the policy in force was loaded; 0: none is.");
	evbuffer_add_printf(out, "op25b_policy_load_timestamp_seconds %" PRId64 "\n",
			    s->policy_name ? s->policy_loaded_at_s : 0);
	head(out, "op25b_policy_last_reload_successful", "gauge",
	     "1: the last load or reload came into force.");
	evbuffer_add_printf(out, "op25b_policy_last_reload_successful %d\n",
			    s->reload_tried && s->reload_good);
}

static void write_held(struct evbuffer *out, const struct snapshot *s)
{
	const json_t *row;
	size_t i;

	head(out, "op25b_stage_held", "gauge",
	     "1: the stage is held, by hold or by gates that are not open.");
	json_array_foreach(s->held, i, row)
	{
		evbuffer_add_printf(out, "op25b_stage_held");
		label(out, "stage", json_string_value(json_object_get(row, "stage")), "{");
		label(out, "why", json_string_value(json_object_get(row, "why")), ",");
		evbuffer_add_printf(out, "} 1\n");
	}
	head(out, "op25b_stage_overdue", "gauge",
	     "Held stages whose date, or all that was announced for them, has passed.");
	evbuffer_add_printf(out, "op25b_stage_overdue %zu\n", s->overdue_count);
	head(out, "op25b_exceptions_expiring", "gauge",
	     "Exceptions and quarantines that end within 7 days.");
	evbuffer_add_printf(out, "op25b_exceptions_expiring %zu\n", s->ending_count);
}

static void write_time(struct evbuffer *out, const struct snapshot *s)
{
	head(out, "op25b_next_change_timestamp_seconds", "gauge",
	     "Unix time at which the policy in force changes by itself; 0: it does not.");
	evbuffer_add_printf(out, "op25b_next_change_timestamp_seconds %" PRId64 "\n",
			    s->has_next_change ? s->next_change_s : 0);
	write_held(out, s);
	head(out, "op25b_clock_synchronised", "gauge",
	     "1: the policy clock follows the wall clock. 0: the kernel calls that "
	     "unsynchronised.");
	evbuffer_add_printf(out, "op25b_clock_synchronised %d\n", s->clock_good);
	head(out, "op25b_policy_clock_lag_seconds", "gauge",
	     "How far the policy clock is behind the wall clock; negative: ahead of it.");
	evbuffer_add_printf(out, "op25b_policy_clock_lag_seconds %" PRId64 "\n", s->clock_lag_s);
}

static void write_hosts(struct evbuffer *out, const struct snapshot *s)
{
	uint32_t i;

	head(out, "op25b_dataplane_up", "gauge", "1: op25b-dp answers.");
	evbuffer_add_printf(out, "op25b_dataplane_up %d\n", s->dataplane_up);
	head(out, "op25b_heartbeat_age_seconds", "gauge",
	     "Time since the last turn of a worker of op25b-dp.");
	for (i = 0; i < s->worker_count; i++) {
		if (s->worker[i].heartbeat_age_ns != UINT64_MAX)
			evbuffer_add_printf(out,
					    "op25b_heartbeat_age_seconds{worker=\"%u\"} %.6f\n", i,
					    (double)s->worker[i].heartbeat_age_ns / 1e9);
	}
	head(out, "op25b_guard_attached", "gauge", "1: the guard is on the kernel interfaces.");
	evbuffer_add_printf(out, "op25b_guard_attached %d\n", s->guard_attached);
	head(out, "op25b_guard_active", "gauge",
	     "1: the guard judges, because op25b-dp is down or hangs.");
	evbuffer_add_printf(out, "op25b_guard_active %d\n", s->guard_watch.active);
}

void metrics_write(struct evbuffer *out, const struct snapshot *s)
{
	head(out, "op25b_build_info", "gauge", "Version of op25bd; always 1.");
	evbuffer_add_printf(out, "op25b_build_info{version=\"%s\"} 1\n", s->version);
	write_policy(out, s);
	write_time(out, s);
	write_hosts(out, s);
	write_cells(out, s);
	write_clauses(out, s);
	write_ports(out, &s->dataplane, dataplane_ports);
	write_ports(out, &s->guard, guard_ports);
	write_work(out, s);
}
