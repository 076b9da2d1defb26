// SPDX-License-Identifier: BSD-3-Clause
//
// Every row of the packet table, every mutant of it (mutants.h), and it with other bytes for its
// payload and with none (payload.h), through all three hosts of the judge: core, guard and op25b-dp
// must come to the same verdict, reason, pool and family. Only where the core answers, the guard
// says that it does not. In the end, each clause must have been met as often as the core says.
// Needs root.
// Usage: run_differential POLICY.json POLICY_NEXT.json
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "diff_host.h"
#include "mutants.h"
#include "payload.h"
#include "row.h"
#include "table_image.h"

#define HOSTS 2u
#define MOST_SHOWN 20u
#define MOST_DIFFERENCES 1000u // then it is no use to go on

#define MOST_LISTS 64u

// Clauses of one origin, of a stage on a pool, and how often the core met them in frames that a
// host was given.
struct met_list {
	char pool[OP25B_MAX_NAME_BYTES];
	char stage[OP25B_MAX_NAME_BYTES];
	uint32_t origin;
	uint32_t clause_count;
	uint64_t packets[HOSTS][OP25B_MAX_CLAUSES];
};

struct differential {
	struct table_images images;
	struct core_judge core;
	const struct diff_host *host[HOSTS];
	uint64_t judged[HOSTS];
	uint64_t mutants; // frames, the rows themselves included
	uint64_t differences;
	uint64_t now_ns; // of the core
	struct met_list met[MOST_LISTS];
	uint32_t met_count;
};

static void publish(struct differential *d, uint32_t policy)
{
	size_t bytes;
	const void *image = table_images_next(&d->images, policy, &bytes);
	uint32_t i;

	core_judge_publish(&d->core, image);
	for (i = 0; i < HOSTS; i++)
		d->host[i]->publish(image, bytes);
}

// Limits begin anew with each row, on all hosts, and no row takes as long as a connection is worth:
// so their clocks do not matter.
static void start_row(struct differential *d)
{
	struct timespec t;
	uint32_t i;

	clock_gettime(CLOCK_MONOTONIC, &t);
	d->now_ns = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
	memset(d->core.slots, 0, d->core.slot_count * sizeof(*d->core.slots));
	for (i = 0; i < HOSTS; i++)
		d->host[i]->clear_slots(d->core.slot_count);
}

static void show(const char *host, const struct counted *c)
{
	print_error("  %s: %s, pool \"%s\", family %u\n", host, reason_text(c->reason), c->pool,
		    c->family);
}

static bool is_same_list(const struct met_list *a, const struct met_list *b)
{
	return !strcmp(a->pool, b->pool) && !strcmp(a->stage, b->stage) && a->origin == b->origin &&
	       a->clause_count == b->clause_count;
}

static struct met_list *find_list(struct differential *d, const char *pool,
				  const struct op25b_stats_stage *list)
{
	struct met_list want = {.origin = list->origin, .clause_count = list->clause_count};
	uint32_t i;

	snprintf(want.pool, sizeof(want.pool), "%s", pool);
	snprintf(want.stage, sizeof(want.stage), "%s", list->stage);
	for (i = 0; i < d->met_count; i++) {
		if (is_same_list(&d->met[i], &want))
			return &d->met[i];
	}
	assert_true(d->met_count < MOST_LISTS);
	d->met[d->met_count] = want;
	return &d->met[d->met_count++];
}

// Where to note the clause that the core met, by its place among those of its origin; NULL: none.
static uint64_t *find_met(struct differential *d, const struct judgement *j)
{
	const struct op25b_class *c = &d->core.view.classes[d->core.class_id];
	const char *names = d->core.view.names;
	struct op25b_stats_stage list = {0};
	uint32_t i, index = 0;

	if (j->clause == JUDGEMENT_NO_CLAUSE)
		return NULL;
	list.origin = c->clause[j->clause].origin;
	for (i = 0; i < c->clause_count; i++) {
		if (c->clause[i].origin != list.origin)
			continue;
		list.clause_count++;
		index += i < j->clause;
	}
	if (list.origin == ORIGIN_STAGE)
		snprintf(list.stage, sizeof(list.stage), "%s", names + c->stage);
	return &find_list(d, names + c->name, &list)->packets[0][index];
}

// One frame through all hosts.
static void compare(struct differential *d, const struct packet_row *row, const char *how,
		    const uint8_t *frame, uint32_t frame_bytes)
{
	struct parse_work k;
	struct judgement j = core_judge_frame(&d->core, frame, frame_bytes, row->in, d->now_ns, &k);
	const uint32_t class_id = d->core.class_id;
	const struct counted want = {j.reason, k.flow.family,
				     d->core.view.names + d->core.view.classes[class_id].name};
	const char *fault[HOSTS] = {NULL};
	struct counted got[HOSTS] = {{0}};
	uint64_t *met = find_met(d, &j); // of host 0
	bool differs = false;
	uint32_t i;

	d->mutants++;
	for (i = 0; i < HOSTS; i++) {
		if (!d->host[i]->takes(frame_bytes))
			continue;
		fault[i] = d->host[i]->judge(frame, frame_bytes, row->in, &want, class_id, &got[i]);
		differs = differs || fault[i];
		if (met)
			met[i * OP25B_MAX_CLAUSES]++;
		d->judged[i]++;
	}
	if (!differs)
		return;
	if (d->differences++ >= MOST_SHOWN)
		return;
	print_error("%s, %s:\n", row->name, how);
	show("core", &want);
	for (i = 0; i < HOSTS; i++) {
		if (!d->host[i]->takes(frame_bytes))
			continue;
		show(d->host[i]->name, &got[i]);
		if (fault[i])
			print_error("    %s\n", fault[i]);
	}
}

static uint32_t header_bytes(const struct differential *d, const struct packet_row *row)
{
	uint32_t most = row->frame_bytes < WINDOW_BYTES ? row->frame_bytes : WINDOW_BYTES;
	struct parse_work k;

	parse((const struct window *)row->frame, &k, row->frame_bytes, d->core.view.softwires,
	      row->in.side);
	if (k.flow.kind == FLOW_TCP && k.flow.l4_off + k.flow.tcp_bytes < most)
		return k.flow.l4_off + k.flow.tcp_bytes;
	return most;
}

// Runs the frame in a heap block of exactly its size.
static void compare_exact(struct differential *d, const struct packet_row *row, const char *how,
			  const uint8_t *frame, uint32_t frame_bytes)
{
	uint8_t *exact = malloc(frame_bytes ? frame_bytes : 1);

	memcpy(exact, frame, frame_bytes);
	compare(d, row, how, exact, frame_bytes);
	free(exact);
}

static void run_payloads(struct differential *d, const struct packet_row *row)
{
	uint8_t *frame = malloc(row->frame_bytes ? row->frame_bytes : 1);
	struct parse_work k;
	uint32_t from;

	memcpy(frame, row->frame, row->frame_bytes);
	parse((const struct window *)frame, &k, row->frame_bytes, d->core.view.softwires,
	      row->in.side);
	from = payload_start(frame, row->frame_bytes, &k);
	memset(frame + from, 0x19, row->frame_bytes - from);
	compare_exact(d, row, "with another payload", frame, row->frame_bytes);
	if (k.flow.kind == FLOW_TCP)
		compare_exact(d, row, "without payload", frame, payload_resize(frame, &k.flow, 0));
	free(frame);
}

static void run_row(struct differential *d, const struct packet_row *row)
{
	struct mutants m;

	if (row->policy != d->images.in_force)
		publish(d, row->policy);
	start_row(d);
	mutants_start(&m, row->frame, row->frame_bytes, header_bytes(d, row));
	while (mutants_next(&m) && d->differences < MOST_DIFFERENCES)
		compare(d, row, mutants_text(&m), m.mutant, m.mutant_bytes);
	mutants_stop(&m);
	run_payloads(d, row);
}

static void compare_list(const struct diff_host *host, const struct clause_counts *counts,
			 const struct op25b_stats_stage *has, const uint64_t *packets)
{
	uint32_t i;

	for (i = 0; i < has->clause_count; i++) {
		uint64_t counted = counts->cell[has->first_cell + i].packets;

		if (counted != packets[i])
			fail_msg("%s: clause %u of pool %s, stage \"%s\", origin %u: met %llu "
				 "times, counted %llu",
				 host->name, i, counts->pool_name[has->pool_slot], has->stage,
				 has->origin, (unsigned long long)packets[i],
				 (unsigned long long)counted);
	}
}

// What a host has counted under its lists of clauses, and nothing elsewhere.
static void compare_clauses(struct differential *d, uint32_t host)
{
	struct clause_counts counts = d->host[host]->clauses();
	const struct op25b_stats_stage *last = &counts.stage[counts.stage_count - 1];
	uint32_t i, lists = 0;

	for (i = 1; i < counts.stage_count; i++) {
		const struct op25b_stats_stage *has = &counts.stage[i];
		const struct met_list *list = find_list(d, counts.pool_name[has->pool_slot], has);

		compare_list(d->host[host], &counts, has, list->packets[host]);
		lists += list->packets[host][0] > 0;
	}
	for (i = 0; i < OP25B_CLAUSE_CELLS; i++) {
		if (i < OP25B_MAX_CLAUSES || i >= last->first_cell + last->clause_count)
			assert_int_equal(counts.cell[i].packets, 0);
	}
	assert_int_equal(d->met_count, counts.stage_count - 1);
	assert_true(lists > 0);
}

static void all_hosts_say_the_same(void **state)
{
	struct differential *d = *state;
	size_t i;

	publish(d, packet_rows[0].policy);
	for (i = 0; i < packet_row_count && d->differences < MOST_DIFFERENCES; i++)
		run_row(d, &packet_rows[i]);
	print_message("# %zu rows, %llu frames with their mutants; judged by %s: %llu, by %s: "
		      "%llu; differences: %llu\n",
		      i, (unsigned long long)d->mutants, d->host[0]->name,
		      (unsigned long long)d->judged[0], d->host[1]->name,
		      (unsigned long long)d->judged[1], (unsigned long long)d->differences);
	assert_int_equal(d->differences, 0);
	compare_clauses(d, 0);
	compare_clauses(d, 1);
	assert_true(d->judged[0] > packet_row_count && d->judged[1] > d->judged[0]);
}

int main(int argc, char **argv)
{
	static struct differential d;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(all_hosts_say_the_same, &d),
	};
	int failed;
	uint32_t i;

	if (argc != 1 + TABLE_POLICIES || geteuid() != 0) {
		fprintf(stderr, "usage: run_differential POLICY.json POLICY_NEXT.json, as root: it "
				"loads a BPF program\n");
		return 2;
	}
	table_images_read(&d.images, argv + 1);
	core_judge_start(&d.core, d.images.image[0]);
	d.host[0] = diff_guard_start();
	d.host[1] = diff_dp_start();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	for (i = 0; i < HOSTS; i++)
		d.host[i]->stop();
	core_judge_stop(&d.core);
	table_images_free(&d.images);
	return failed ? 1 : 0;
}
