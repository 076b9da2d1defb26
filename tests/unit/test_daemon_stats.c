// SPDX-License-Identifier: BSD-3-Clause
//
// What op25bd makes of counters: sums over workers, lives of op25b-dp folded together, and metrics
// that are word for word what tests/golden/metrics.txt says and that promtool accepts.
// argv: op25bd, golden file, promtool.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/daemon/metrics.h"
#include "control/daemon/snapshot.h"
#include "control/daemon/stats.h"
#include "daemon_run.h"
#include "fake_dp.h"

static const char *op25bd, *golden, *promtool;

static void count(struct fake_dp *dp, uint32_t worker, uint32_t pool, uint32_t reason,
		  uint64_t packets)
{
	struct op25b_stats_block *b = fake_dp_block(dp, worker);

	b->cell[OP25B_CELL_INDEX(pool, reason, FAMILY_IP4)].packets += packets;
	b->cell[OP25B_CELL_INDEX(pool, reason, FAMILY_IP4)].bytes += packets * 60;
	b->port[0].rx_packets += packets;
}

static json_int_t dataplane_figure(const struct daemon_run *r, const char *key)
{
	struct reply reply = daemon_ask(r, "/v1/stats", NULL);
	json_t *value = json_object_get(json_object_get(reply.json, "dataplane"), key);
	json_int_t figure = json_integer_value(value);

	reply_free(&reply);
	return figure;
}

static void lives_and_workers_are_summed(void **state)
{
	struct daemon_run run;
	struct fake_dp *dp;
	struct reply reply;
	const json_t *flets;

	(void)state;
	daemon_prepare(&run, op25bd);
	dp = fake_dp_start(run.dir, 11);
	count(dp, 0, 1, REASON_DROP_BLOCKED, 10);
	count(dp, 1, 1, REASON_DROP_BLOCKED, 5);
	count(dp, 1, 1, REASON_ANSWER_RST, 2);
	count(dp, 0, 0, REASON_PASS_NOT_TCP, 100);
	fake_dp_block(dp, 0)->port[1].tx_full_packets = 3;
	assert_true(daemon_start(&run));
	assert_true(daemon_wait_status(&run, "dataplane.up", "true"));
	assert_int_equal(dataplane_figure(&run, "received"), 117);
	assert_int_equal(dataplane_figure(&run, "forwarded"), 97);
	assert_int_equal(dataplane_figure(&run, "answered"), 2);
	assert_int_equal(dataplane_figure(&run, "tx_full"), 3);
	// The same life again: nothing is counted twice.
	fake_dp_hang_up(dp);
	while (fake_dp_hellos(dp) < 2)
		usleep(1000);
	assert_true(daemon_wait_status(&run, "dataplane.up", "true"));
	assert_int_equal(dataplane_figure(&run, "received"), 117);
	// It dies: what it counted is not lost.
	fake_dp_stop(dp);
	assert_true(daemon_wait_status(&run, "dataplane.up", "false"));
	assert_int_equal(dataplane_figure(&run, "received"), 117);
	// Another life, in which the pools stand in another order.
	dp = fake_dp_start(run.dir, 12);
	snprintf(fake_dp_stats(dp)->pool_name[1], OP25B_MAX_NAME_BYTES, "other");
	snprintf(fake_dp_stats(dp)->pool_name[2], OP25B_MAX_NAME_BYTES, "flets");
	fake_dp_stats(dp)->pool_count = 3;
	count(dp, 0, 2, REASON_DROP_BLOCKED, 1000);
	assert_true(daemon_wait_status(&run, "dataplane.up", "true"));
	assert_int_equal(dataplane_figure(&run, "received"), 1117);
	reply = daemon_ask(&run, "/v1/stats", NULL);
	flets = json_object_get(json_object_get(reply.json, "pools"), "flets");
	flets = json_object_get(flets, "dataplane");
	assert_int_equal(json_integer_value(json_object_get(flets, "blocked")), 1015);
	assert_int_equal(json_integer_value(json_object_get(flets, "rst")), 2);
	reply_free(&reply);
	fake_dp_stop(dp);
	assert_int_equal(daemon_stop(&run), 0);
	daemon_clean(&run);
}

static json_int_t port_figure(const struct reply *stats, size_t port, const char *key)
{
	const json_t *ports = json_object_get(json_object_get(stats->json, "dataplane"), "ports");

	return json_integer_value(json_object_get(json_array_get(ports, port), key));
}

static void lose(struct fake_dp *dp, uint32_t port, uint64_t missed, uint64_t error, uint64_t nobuf)
{
	fake_dp_stats(dp)->port[port].rx_missed_packets = missed;
	fake_dp_stats(dp)->port[port].rx_error_packets = error;
	fake_dp_stats(dp)->port[port].rx_nobuf_packets = nobuf;
}

// What drivers lost is no frame received, is not counted once per worker, and outlives op25b-dp.
static void losses_are_kept_over_lives(void **state)
{
	struct daemon_run run;
	struct fake_dp *dp;
	struct reply reply;

	(void)state;
	daemon_prepare(&run, op25bd);
	dp = fake_dp_start(run.dir, 11);
	count(dp, 0, 0, REASON_PASS_NOT_TCP, 7);
	lose(dp, 0, 1000, 200, 30);
	lose(dp, 1, 5, 0, 0);
	assert_true(daemon_start(&run));
	assert_true(daemon_wait_status(&run, "dataplane.up", "true"));
	reply = daemon_ask(&run, "/v1/stats", NULL);
	assert_int_equal(port_figure(&reply, 0, "rx_missed_packets"), 1000);
	assert_int_equal(port_figure(&reply, 0, "rx_error_packets"), 200);
	assert_int_equal(port_figure(&reply, 0, "rx_nobuf_packets"), 30);
	assert_int_equal(port_figure(&reply, 1, "rx_missed_packets"), 5);
	reply_free(&reply);
	lose(dp, 0, 1001, 202, 33); // as at its exit
	fake_dp_stop(dp);
	assert_true(daemon_wait_status(&run, "dataplane.up", "false"));
	dp = fake_dp_start(run.dir, 12);
	lose(dp, 0, 10, 20, 40);
	assert_true(daemon_wait_status(&run, "dataplane.up", "true"));
	reply = daemon_ask(&run, "/v1/stats", NULL);
	assert_int_equal(port_figure(&reply, 0, "rx_missed_packets"), 1011);
	assert_int_equal(port_figure(&reply, 0, "rx_error_packets"), 222);
	assert_int_equal(port_figure(&reply, 0, "rx_nobuf_packets"), 73);
	assert_int_equal(port_figure(&reply, 1, "rx_missed_packets"), 5);
	reply_free(&reply);
	assert_int_equal(dataplane_figure(&run, "received"), 7);
	fake_dp_stop(dp);
	assert_int_equal(daemon_stop(&run), 0);
	daemon_clean(&run);
}

static void work(struct fake_dp *dp, uint32_t worker, uint64_t packets)
{
	struct op25b_stats_block *b = fake_dp_block(dp, worker);
	uint32_t step;

	b->port[0].rx_packets = packets;
	b->port[1].rx_packets = 1;
	b->busy_polls = packets + 2;
	b->idle_polls = packets + 3;
	b->sampled_bursts = packets + 4;
	b->sampled_packets = packets + 5;
	for (step = 0; step < BURST_STEP_COUNT; step++)
		b->step_cycles[step] = 10 * packets + step;
}

static void assert_work(const struct daemon_run *r, size_t worker, const char *want)
{
	struct reply reply = daemon_ask(r, "/v1/stats", NULL);
	const json_t *dataplane = json_object_get(reply.json, "dataplane");
	char *have = json_dumps(json_array_get(json_object_get(dataplane, "workers"), worker),
				JSON_COMPACT);

	assert_non_null(have);
	assert_string_equal(have, want);
	assert_int_equal(json_integer_value(json_object_get(dataplane, "tsc_hz")), FAKE_DP_TSC_HZ);
	free(have);
	reply_free(&reply);
}

// Each worker by itself; those of op25b-dp's lives are one by their index.
static void workers_are_told_apart_over_lives(void **state)
{
	struct daemon_run run;
	struct fake_dp *dp;

	(void)state;
	daemon_prepare(&run, op25bd);
	dp = fake_dp_start(run.dir, 11);
	work(dp, 0, 100);
	work(dp, 1, 200);
	assert_true(daemon_start(&run));
	assert_true(daemon_wait_status(&run, "dataplane.up", "true"));
	assert_work(&run, 0,
		    "{\"rx_packets\":101,\"busy_polls\":102,\"idle_polls\":103,"
		    "\"sampled_bursts\":104,\"sampled_packets\":105,\"step_cycles\":{"
		    "\"receive\":1000,\"read\":1001,\"look_up\":1002,\"decide\":1003,"
		    "\"settle\":1004,\"transmit\":1005}}");
	fake_dp_stop(dp);
	assert_true(daemon_wait_status(&run, "dataplane.up", "false"));
	dp = fake_dp_start(run.dir, 12);
	work(dp, 1, 1000);
	assert_true(daemon_wait_status(&run, "dataplane.up", "true"));
	assert_work(&run, 1,
		    "{\"rx_packets\":1202,\"busy_polls\":1204,\"idle_polls\":1206,"
		    "\"sampled_bursts\":1208,\"sampled_packets\":1210,\"step_cycles\":{"
		    "\"receive\":12000,\"read\":12002,\"look_up\":12004,\"decide\":12006,"
		    "\"settle\":12008,\"transmit\":12010}}");
	fake_dp_stop(dp);
	assert_int_equal(daemon_stop(&run), 0);
	daemon_clean(&run);
}

// A list in the directory, whose first clause is met by so many packets.
static void met(struct fake_dp *dp, uint32_t at, struct op25b_stats_stage list, uint64_t packets)
{
	fake_dp_stats(dp)->stage[at] = list;
	fake_dp_stats(dp)->stage_count = at + 1;
	if (list.first_cell < OP25B_CLAUSE_CELLS)
		fake_dp_block(dp, at % FAKE_DP_WORKERS)->clause_cell[list.first_cell] =
			(struct op25b_cell){packets, 60 * packets};
}

static void assert_clause(const struct reply *stats, size_t at, const char *want)
{
	const json_t *clauses = json_object_get(stats->json, "clauses");
	char *have = json_dumps(json_array_get(clauses, at), JSON_COMPACT);

	assert_non_null(have);
	assert_string_equal(have, want);
	free(have);
}

// Lists are told apart by pool, origin and stage; a life in which they stand elsewhere is added.
static void clauses_are_summed_by_pool_origin_and_stage(void **state)
{
	struct op25b_stats_stage block = {"block", 1, ORIGIN_STAGE, 32, 3};
	struct op25b_stats_stage excepted = {"", 1, ORIGIN_EXCEPTION, 35, 1};
	struct daemon_run run;
	struct fake_dp *dp;
	struct reply reply;

	(void)state;
	daemon_prepare(&run, op25bd);
	dp = fake_dp_start(run.dir, 11);
	met(dp, 1, block, 10);
	met(dp, 2, excepted, 20);
	fake_dp_block(dp, 0)->clause_cell[32].packets = 5; // the other worker
	fake_dp_block(dp, 0)->clause_cell[34] = (struct op25b_cell){1, 70};
	assert_true(daemon_start(&run));
	assert_true(daemon_wait_status(&run, "dataplane.up", "true"));
	fake_dp_stop(dp);
	assert_true(daemon_wait_status(&run, "dataplane.up", "false"));
	dp = fake_dp_start(run.dir, 12);
	excepted.first_cell = 32;
	block.first_cell = 33;
	met(dp, 1, excepted, 200);
	met(dp, 2, block, 100);
	assert_true(daemon_wait_status(&run, "dataplane.up", "true"));
	reply = daemon_ask(&run, "/v1/stats", NULL);
	assert_int_equal(json_array_size(json_object_get(reply.json, "clauses")), 3);
	assert_clause(&reply, 0,
		      "{\"pool\":\"flets\",\"origin\":\"stage\",\"stage\":\"block\",\"clause\":0,"
		      "\"dataplane\":{\"packets\":115,\"bytes\":6600}}");
	assert_clause(&reply, 1,
		      "{\"pool\":\"flets\",\"origin\":\"stage\",\"stage\":\"block\",\"clause\":2,"
		      "\"dataplane\":{\"packets\":1,\"bytes\":70}}");
	assert_clause(&reply, 2,
		      "{\"pool\":\"flets\",\"origin\":\"exception\",\"stage\":\"\",\"clause\":0,"
		      "\"dataplane\":{\"packets\":220,\"bytes\":13200}}");
	reply_free(&reply);
	fake_dp_stop(dp);
	assert_int_equal(daemon_stop(&run), 0);
	daemon_clean(&run);
}

// Entries that name cells, pools or origins that there are not are left out; a name that is no text
// is made one.
static void a_damaged_directory_is_read_within_bounds(void **state)
{
	static const struct op25b_stats_stage lists[] = {
		{"cells", 1, ORIGIN_STAGE, OP25B_CLAUSE_CELLS - 1, 2},
		{"first", 1, ORIGIN_STAGE, UINT32_MAX, 1},
		{"many", 1, ORIGIN_STAGE, 64, OP25B_MAX_CLAUSES + 1},
		{"more", 1, ORIGIN_STAGE, 64, UINT32_MAX},
		{"pool", 2, ORIGIN_STAGE, 64, 1},
		{"pool", OP25B_POOL_SLOTS, ORIGIN_STAGE, 64, 1},
		{"origin", 1, ORIGIN_COUNT, 64, 1},
		{"\xff\xfe\n", 1, ORIGIN_STAGE, 128, 1},
	};
	struct daemon_run run;
	struct fake_dp *dp;
	struct reply reply;
	uint32_t i;

	(void)state;
	daemon_prepare(&run, op25bd);
	dp = fake_dp_start(run.dir, 11);
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		met(dp, i + 1, lists[i], i + 1);
	memset(&fake_dp_stats(dp)->stage[i + 1], 'x', sizeof(struct op25b_stats_stage));
	memset(fake_dp_stats(dp)->pool_name[1], 0xff, OP25B_MAX_NAME_BYTES);
	fake_dp_stats(dp)->stage_count = UINT32_MAX;
	assert_true(daemon_start(&run));
	assert_true(daemon_wait_status(&run, "dataplane.up", "true"));
	reply = daemon_ask(&run, "/v1/stats", NULL);
	assert_int_equal(json_array_size(json_object_get(reply.json, "clauses")), 1);
	assert_string_equal(
		json_string_value(json_object_get(
			json_array_get(json_object_get(reply.json, "clauses"), 0), "stage")),
		"???");
	reply_free(&reply);
	fake_dp_stop(dp);
	assert_int_equal(daemon_stop(&run), 0);
	daemon_clean(&run);
}

static void damaged_memory_is_not_mapped(void **state)
{
	struct daemon_run run;
	struct fake_dp *dp;

	(void)state;
	daemon_prepare(&run, op25bd);
	dp = fake_dp_start(run.dir, 11);
	fake_dp_stats(dp)->worker_count = 60; // blocks beyond the end of the memory
	assert_true(daemon_start(&run));
	assert_true(daemon_wait_status(&run, "dataplane.up", "true"));
	assert_true(daemon_wait_status(&run, "dataplane.workers", "0"));
	// Which ports it has is not known either, and so not whether a policy's pairs are its own.
	daemon_assert_load(&run, daemon_policy_a, 503);
	assert_int_equal(fake_dp_offers(dp), 0);
	fake_dp_stats(dp)->worker_count = FAKE_DP_WORKERS;
	fake_dp_hang_up(dp);
	assert_true(daemon_wait_status(&run, "dataplane.workers", "2"));
	daemon_assert_load(&run, daemon_policy_a, 200);
	// A damaged one after a good one: what was mapped before says nothing about it.
	fake_dp_stats(dp)->abi_major++;
	fake_dp_hang_up(dp);
	while (fake_dp_hellos(dp) < 3)
		usleep(1000);
	assert_true(daemon_wait_status(&run, "dataplane.up", "true"));
	daemon_assert_load(&run, daemon_policy_b, 503);
	assert_int_equal(fake_dp_offers(dp), 1);
	fake_dp_stop(dp);
	assert_int_equal(daemon_stop(&run), 0);
	daemon_clean(&run);
}

static struct stats_list lists[2] = {
	{"flets", "block.east", ORIGIN_STAGE, {[0] = {2, 120}, [31] = {8, 480}}},
	{"flets", "", ORIGIN_QUARANTINE, {[1] = {1, 60}}},
};
static struct stats_list guard_list = {"", "", ORIGIN_STAGE, {[2] = {4, 240}}};

#define GOLDEN_HASH "0011223344556677889900112233445566778899001122334455667788990011"

static void fill(struct snapshot *s, struct stats_pool pools[2], struct stats_port ports[2],
		 struct stats_pool *guard_pool, struct stats_port *guard_port)
{
	*s = (struct snapshot){
		.version = "1.2.3",
		.policy_name = "tokyo \"two\"",
		.policy_checksum = 0x0123456789abcdef,
		.policy_hash = GOLDEN_HASH,
		.policy_revision = 7,
		.policy_loaded_at_s = 1206889200,
		.has_next_change = true,
		.next_change_s = 1206975600,
		.held = json_pack("[{s:s,s:s}]", "stage", "block.east", "why", "gate"),
		.overdue_count = 1,
		.ending_count = 2,
		.clock_lag_s = -5,
		.dataplane_up = true,
		.dataplane_generation = 7,
		.dataplane_tsc_hz = 2400000000,
		.guard_attached = true,
		.guard_generation = 7,
		.worker_count = 2,
		.reload_tried = true,
		.reload_good = true};
	s->worker[0].heartbeat_age_ns = 1500000;
	s->worker[1].heartbeat_age_ns = UINT64_MAX;
	snprintf(pools[1].name, sizeof(pools[1].name), "flets");
	pools[0].cell[REASON_PASS_NOT_IP][FAMILY_NONE] = (struct op25b_cell){3, 180};
	pools[0].cell[REASON_DROP_SRC_SPOOFED][FAMILY_IP6] = (struct op25b_cell){5, 300};
	pools[1].cell[REASON_PASS_MONITOR_ICMP][FAMILY_IP4] = (struct op25b_cell){6, 360};
	pools[1].cell[REASON_ANSWER_LIMIT_ICMP][FAMILY_IP4] = (struct op25b_cell){7, 420};
	pools[1].cell[REASON_DROP_BLOCKED][FAMILY_IP4] = (struct op25b_cell){10, 600};
	pools[1].cell[REASON_ANSWER_RST][FAMILY_IP6] = (struct op25b_cell){1, 80};
	snprintf(ports[0].name, sizeof(ports[0].name), "net_pcap0,rx_pcap=a\\b.pcap");
	ports[0].count.rx_packets = 14;
	ports[0].count.rx_bytes = 860;
	ports[0].rx_missed_packets = 4;
	ports[0].rx_error_packets = 5;
	ports[0].rx_nobuf_packets = 6;
	ports[1].side = SIDE_NETWORK;
	snprintf(ports[1].name, sizeof(ports[1].name), "net_pcap1");
	ports[1].count.tx_packets = 3;
	s->dataplane = (struct stats_totals){
		pools, 2, ports, 2, lists, 2, {{14, 5, 900, 1, 10, {100, 80, 30, 20, 25, 150}}}, 2};
	snprintf(guard_pool->name, sizeof(guard_pool->name), "flets");
	guard_pool->cell[REASON_DROP_BLOCKED][FAMILY_IP4] = (struct op25b_cell){4, 240};
	snprintf(guard_port->name, sizeof(guard_port->name), "sub0");
	guard_port->count.rx_packets = 9;
	guard_port->to_dataplane_packets = 5;
	s->guard = (struct stats_totals){guard_pool, 1, guard_port, 1, &guard_list, 1, {{0}}, 0};
}

static void check_with_promtool(const char *path)
{
	char command[256];

	snprintf(command, sizeof(command), "%s check metrics < %s", promtool, path);
	assert_int_equal(system(command), 0);
}

static void metrics_are_as_in_the_golden_file(void **state)
{
	struct stats_pool pools[2] = {0}, guard_pool = {0};
	struct stats_port ports[2] = {0}, guard_port = {0};
	struct evbuffer *out = evbuffer_new();
	char *want = file_read(golden), *have;
	struct snapshot s;

	(void)state;
	fill(&s, pools, ports, &guard_pool, &guard_port);
	metrics_write(out, &s);
	evbuffer_add(out, "", 1);
	have = (char *)evbuffer_pullup(out, -1);
	if (!want || strcmp(have, want))
		fprintf(stderr, "metrics are now:\n%s", have); // cmocka cuts long texts
	assert_non_null(want);
	assert_string_equal(have, want);
	free(want);
	json_decref(s.held);
	evbuffer_free(out);
	check_with_promtool(golden);
}

static void live_metrics_please_promtool(void **state)
{
	char path[96];
	struct daemon_run run;
	struct fake_dp *dp;
	struct reply reply;

	(void)state;
	daemon_prepare(&run, op25bd);
	snprintf(path, sizeof(path), "%s/pins", run.dir);
	assert_true(daemon_start(&run));
	reply = daemon_ask(&run, "/metrics", NULL); // with nothing to tell
	file_write(path, reply.text);
	reply_free(&reply);
	check_with_promtool(path);
	dp = fake_dp_start(run.dir, 11);
	count(dp, 0, 1, REASON_DROP_BLOCKED, 10);
	met(dp, 1, (struct op25b_stats_stage){"block", 1, ORIGIN_STAGE, 32, 3}, 10);
	assert_true(daemon_wait_status(&run, "dataplane.up", "true"));
	reply = daemon_ask(&run, "/metrics", NULL);
	assert_non_null(strstr(reply.text, "op25b_clause_packets_total{host=\"dataplane\","
					   "pool=\"flets\",stage=\"block\",origin=\"stage\","
					   "clause=\"0\"} 10\n"));
	assert_non_null(strstr(reply.text,
			       "op25b_packets_total{host=\"dataplane\",verdict=\"drop\","
			       "reason=\"blocked\",family=\"ipv4\",pool=\"flets\"} 10\n"));
	file_write(path, reply.text);
	reply_free(&reply);
	check_with_promtool(path);
	fake_dp_stop(dp);
	assert_int_equal(daemon_stop(&run), 0);
	daemon_clean(&run);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lives_and_workers_are_summed),
		cmocka_unit_test(losses_are_kept_over_lives),
		cmocka_unit_test(workers_are_told_apart_over_lives),
		cmocka_unit_test(clauses_are_summed_by_pool_origin_and_stage),
		cmocka_unit_test(a_damaged_directory_is_read_within_bounds),
		cmocka_unit_test(damaged_memory_is_not_mapped),
		cmocka_unit_test(metrics_are_as_in_the_golden_file),
		cmocka_unit_test(live_metrics_please_promtool),
	};

	if (argc != 4)
		return 2;
	op25bd = argv[1];
	golden = argv[2];
	promtool = argv[3];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
