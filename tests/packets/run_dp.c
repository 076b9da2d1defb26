// SPDX-License-Identifier: BSD-3-Clause
//
// The packet table through op25b-dp: the real worker on net_ring ports. The reason is the one
// counter that moved; what passes leaves byte for byte on the other side, what is answered is a
// correct reset on its own side, what is dropped leaves nowhere. Usage: run_dp POLICY.json
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "answer_check.h"
#include "core_judge.h"
#include "dataplane/core/decide.h"
#include "row.h"
#include "table_image.h"
#include "tests/unit/dp_rings.h"

#define MAX_FRAME_BYTES 2048u

static const struct dp_rings_config config = {.slots = 1u << 18, .answers_per_s = 1000};

struct table_policy {
	void *image;
	size_t bytes;
	struct core_judge core; // for the pool and the family that a row is counted under
};

static uint32_t pool_slot(const char *name)
{
	const struct op25b_stats_hdr *hdr = dp_rings_stats_header();
	uint32_t i;

	for (i = 0; i < hdr->pool_count; i++) {
		if (!strcmp(hdr->pool_name[i], name))
			return i;
	}
	fail_msg("the statistics have no pool \"%s\"", name);
	return 0;
}

// Frames in the cell that the row has to be counted in.
static uint64_t cell_packets(const struct table_policy *policy, const struct packet_row *row)
{
	struct parse_work k;
	uint32_t slot;

	parse((const struct window *)row->frame, &k, row->frame_bytes);
	slot = pool_slot(core_judge_pool(&policy->core, &k.flow, row->side));
	return dp_rings_counters()
		->cell[OP25B_CELL_INDEX(slot, row->reason, k.flow.family)]
		.packets;
}

// The counts by reason, so that a row can say which one moved.
static void read_reasons(uint64_t counts[REASON_COUNT])
{
	uint32_t i;

	for (i = 0; i < REASON_COUNT; i++)
		counts[i] = dp_rings_reason_count(i);
}

// The one reason that was counted once more, or REASON_COUNT if it was not exactly one.
static uint32_t reason_moved(const uint64_t before[REASON_COUNT])
{
	uint64_t now[REASON_COUNT];
	uint32_t i, moved = REASON_COUNT, total = 0;

	read_reasons(now);
	for (i = 0; i < REASON_COUNT; i++) {
		if (now[i] != before[i])
			moved = i;
		total += now[i] - before[i];
	}
	return total == 1 ? moved : REASON_COUNT;
}

// What is wrong with what left the box for the row, or NULL.
static const char *output_fault(const struct packet_row *row)
{
	enum op25b_side other = row->side == SIDE_SUBSCRIBER ? SIDE_NETWORK : SIDE_SUBSCRIBER;
	uint8_t there[MAX_FRAME_BYTES], back[MAX_FRAME_BYTES], extra[MAX_FRAME_BYTES];
	uint32_t there_bytes = dp_rings_receive(other, there, sizeof(there));
	uint32_t back_bytes = dp_rings_receive(row->side, back, sizeof(back));

	if (dp_rings_receive(other, extra, sizeof(extra)) ||
	    dp_rings_receive(row->side, extra, sizeof(extra)))
		return "more than one frame left";
	switch (reason_verdict(row->reason)) {
	case VERDICT_PASS:
		if (back_bytes)
			return "a frame came back";
		if (there_bytes != row->frame_bytes || memcmp(there, row->frame, there_bytes))
			return "it was not forwarded byte for byte";
		return NULL;
	case VERDICT_ANSWER:
		if (there_bytes)
			return "a frame was forwarded";
		if (!back_bytes)
			return "no answer came back";
		return answer_fault(row->frame, row->frame_bytes, back, back_bytes);
	default:
		return there_bytes || back_bytes ? "a frame left" : NULL;
	}
}

static bool row_is_right(const struct table_policy *policy, const struct packet_row *row,
			 uint32_t first_bytes)
{
	uint64_t before[REASON_COUNT], in_cell = cell_packets(policy, row);
	const char *fault;
	uint32_t reason;

	read_reasons(before);
	if (first_bytes && row->frame_bytes > first_bytes)
		dp_rings_send_split(row->side, row->frame, row->frame_bytes, first_bytes);
	else
		dp_rings_send(row->side, row->frame, row->frame_bytes);
	if (dp_rings_turn() != 1) {
		print_error("%s: not received\n", row->name);
		return false;
	}
	reason = reason_moved(before);
	fault = output_fault(row);
	if (!fault && cell_packets(policy, row) != in_cell + 1)
		fault = "it was counted for another pool or family";
	if (reason == row->reason && !fault)
		return true;
	print_error("%s: %s, expected %s; %s\n", row->name, reason_text(reason),
		    reason_text(row->reason), fault ? fault : "the output is right");
	return false;
}

// Runs the table on a fresh worker. first_bytes: how much of a frame lies in its first buffer; 0:
// all of it.
static void run_table(const struct table_policy *policy, uint32_t first_bytes)
{
	uint32_t in_use;
	size_t i, wrong = 0, run = 0;

	dp_rings_start(&config);
	assert_int_equal(dp_rings_publish(policy->image, policy->bytes).outcome, OUTCOME_APPLIED);
	in_use = dp_rings_buffers_in_use();
	for (i = 0; i < packet_row_count; i++) {
		if (!(packet_rows[i].hosts & HOST_DP))
			continue;
		run++;
		if (!row_is_right(policy, &packet_rows[i], first_bytes))
			wrong++;
	}
	assert_int_equal(dp_rings_buffers_in_use(), in_use);
	dp_rings_stop();
	print_message("%zu of %zu rows\n", run, packet_row_count);
	assert_int_equal(wrong, 0);
	assert_true(run > 0);
}

static void rows_get_their_reason(void **state)
{
	run_table(*state, 0);
}

// As of drivers that scatter: the headers' window then has to be put together first.
static void rows_in_two_buffers_get_their_reason(void **state)
{
	static const uint32_t cuts[] = {1, 13, 14, 20, 34, 47, 60, 128, 255, 256};
	size_t i;

	for (i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++)
		run_table(*state, cuts[i]);
}

int main(int argc, char **argv)
{
	struct table_policy policy;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(rows_get_their_reason, &policy),
		cmocka_unit_test_prestate(rows_in_two_buffers_get_their_reason, &policy),
	};
	int failed;

	if (argc != 2) {
		fprintf(stderr, "usage: run_dp POLICY.json\n");
		return 2;
	}
	policy.image = table_image_read(argv[1], 1, &policy.bytes);
	core_judge_start(&policy.core, policy.image);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	core_judge_stop(&policy.core);
	free(policy.image);
	return failed ? 1 : 0;
}
