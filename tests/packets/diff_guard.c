// SPDX-License-Identifier: BSD-3-Clause
//
// See diff_host.h. The loaded BPF program under BPF_PROG_TEST_RUN. Its counters are copied here, so
// that one system call after a frame says whether the right cell moved.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diff_host.h"
#include "table_image.h"
#include "tests/unit/guard_run.h"

#define MAX_FRAME_BYTES 3072u // the kernel's test run wants all of it in one page
#define MAX_CPUS 256

static struct {
	struct guard_run *run;
	int cells_fd;
	uint64_t *slots;
	struct image_view view;
	uint32_t pool_of_class[OP25B_MAX_CLASSES];
	char pool_name[OP25B_POOL_SLOTS][OP25B_MAX_NAME_BYTES];
	uint32_t pool_count;
	struct op25b_cell cell[OP25B_CELL_COUNT]; // as they were after the last frame
} guard;

static void must(bool is_ok, const char *what)
{
	if (is_ok)
		return;
	fprintf(stderr, "diff_guard: %s\n", what);
	exit(1);
}

static struct op25b_cell cell_read(uint32_t index)
{
	static struct op25b_cell cpu[MAX_CPUS];
	struct op25b_cell sum = {0};
	int i, cpus = libbpf_num_possible_cpus();

	must(cpus > 0 && cpus <= MAX_CPUS, "too many CPUs");
	must(!bpf_map_lookup_elem(guard.cells_fd, &index, cpu), "a counter cannot be read");
	for (i = 0; i < cpus; i++) {
		sum.packets += cpu[i].packets;
		sum.bytes += cpu[i].bytes;
	}
	return sum;
}

static uint32_t pool_find(const char *name)
{
	uint32_t i;

	for (i = 0; i < guard.pool_count; i++) {
		if (!strcmp(guard.pool_name[i], name))
			return i;
	}
	must(false, "a pool has no place in the counters");
	return 0;
}

static void guard_clear_slots(uint64_t count)
{
	memset(guard.slots, 0, count * sizeof(*guard.slots));
}

static void guard_publish_image(const void *image, size_t bytes)
{
	static struct guard_counters counters;
	char error[GUARD_ERROR_BYTES];
	uint32_t i;

	must(guard_run_publish(guard.run, image, bytes, error), error);
	must(guard_read_counters(guard_run_guard(guard.run), &counters, error), error);
	memcpy(guard.cell, counters.cell, sizeof(guard.cell));
	memcpy(guard.pool_name, counters.pool_name, sizeof(guard.pool_name));
	guard.pool_count = counters.pool_count;
	image_view_init(&guard.view, image);
	for (i = 0; i < image_view_count(&guard.view, SECTION_CLASSES); i++)
		guard.pool_of_class[i] = pool_find(guard.view.names + guard.view.classes[i].name);
	guard_clear_slots(TABLE_SLOTS);
}

static bool guard_takes(uint32_t frame_bytes)
{
	return frame_bytes >= GUARD_RUN_MIN_FRAME_BYTES && frame_bytes <= MAX_FRAME_BYTES;
}

// Takes in what the cell has become. Returns by how many frames, and *bytes more.
static uint64_t cell_grown(uint32_t index, uint64_t *bytes)
{
	struct op25b_cell now = cell_read(index);
	uint64_t packets = now.packets - guard.cell[index].packets;

	*bytes = now.bytes - guard.cell[index].bytes;
	guard.cell[index] = now;
	return packets;
}

static struct counted cell_name(uint32_t index)
{
	return (struct counted){
		.reason = index / FAMILY_COUNT % OP25B_REASON_SLOTS,
		.family = index % FAMILY_COUNT,
		.pool = guard.pool_name[index / FAMILY_COUNT / OP25B_REASON_SLOTS],
	};
}

// Looks for the one cell that moved instead of the one that should have.
static void find_cell(struct counted *got)
{
	uint32_t i, grown = 0;
	uint64_t bytes;

	*got = (struct counted){.reason = COUNTED_NOTHING, .pool = ""};
	for (i = 0; i < guard.pool_count * OP25B_REASON_SLOTS * FAMILY_COUNT; i++) {
		if (!cell_grown(i, &bytes))
			continue;
		*got = cell_name(i);
		grown++;
	}
	if (grown != 1)
		got->reason = COUNTED_NOTHING;
}

static const char *guard_judge(const uint8_t *frame, uint32_t frame_bytes, struct ingress in,
			       const struct counted *want, uint32_t class_id, struct counted *got)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = frame_bytes,
		    .repeat = 1);
	uint32_t reason = reason_verdict(want->reason) == VERDICT_ANSWER ? REASON_DROP_UNANSWERED
									 : want->reason;
	uint32_t cell = OP25B_CELL_INDEX(guard.pool_of_class[class_id], reason, want->family);
	uint32_t action = reason_verdict(reason) == VERDICT_PASS ? XDP_PASS : XDP_DROP;
	uint64_t bytes;

	if (bpf_prog_test_run_opts(
		    guard_run_program_fd(guard.run, GUARD_RUN_PORT(in.pair, in.side)), &opts)) {
		*got = (struct counted){.reason = COUNTED_NOTHING, .pool = ""};
		return "the kernel did not run it";
	}
	if (cell_grown(cell, &bytes) != 1) {
		find_cell(got);
		return "it was counted otherwise";
	}
	*got = cell_name(cell);
	if (bytes != frame_bytes)
		return "it was counted by another length";
	return opts.retval == action ? NULL : "the XDP action is not that of its reason";
}

static struct clause_counts guard_clauses(void)
{
	static struct guard_counters counters;
	char error[GUARD_ERROR_BYTES];

	must(guard_read_counters(guard_run_guard(guard.run), &counters, error), error);
	return (struct clause_counts){counters.stage, counters.stage_count, counters.pool_name,
				      counters.clause_cell};
}

static void guard_stop(void)
{
	guard_run_stop(guard.run);
}

const struct diff_host *diff_guard_start(void)
{
	static const struct diff_host host = {"guard",     guard_publish_image, guard_clear_slots,
					      guard_takes, guard_judge,         guard_clauses,
					      guard_stop};
	static const struct guard_run_config box = {.pair_count = TABLE_PAIRS,
						    .l2_doubt_drop = TABLE_L2_DOUBT_DROP,
						    .slots = TABLE_SLOTS};
	char error[GUARD_ERROR_BYTES], path[160];

	guard.run = guard_run_start_pairs(&box, error);
	must(guard.run, error);
	snprintf(path, sizeof(path), "%s/%s", guard_run_config(guard.run)->bpffs_dir,
		 OP25B_PIN_CELLS);
	guard.cells_fd = bpf_obj_get(path);
	guard.slots = guard_run_map(guard.run, OP25B_PIN_SLOTS, TABLE_SLOTS * sizeof(uint64_t));
	must(guard.cells_fd >= 0 && guard.slots, "the guard's maps cannot be opened");
	return &host;
}
