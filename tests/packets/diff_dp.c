// SPDX-License-Identifier: BSD-3-Clause
//
// See diff_host.h. op25b-dp's worker on ring ports, one turn a frame. Besides the counters it is
// looked at what left: what passes byte for byte, what is answered by a correct answer.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer_check.h"
#include "diff_host.h"
#include "table_image.h"
#include "tests/unit/dp_rings.h"

#define MAX_FRAME_BYTES 16384u
#define ANSWERS_PER_S 1000000000u // none is left out for being too many

static struct {
	struct image_view view;
	uint32_t pool_of_class[OP25B_MAX_CLASSES];
	struct op25b_cell cell[OP25B_CELL_COUNT]; // as they were after the last frame
} dp;

static void must(bool is_ok, const char *what)
{
	if (is_ok)
		return;
	fprintf(stderr, "diff_dp: %s\n", what);
	exit(1);
}

static uint32_t pool_find(const char *name)
{
	const struct op25b_stats_hdr *hdr = dp_rings_stats_header();
	uint32_t i;

	for (i = 0; i < hdr->pool_count; i++) {
		if (!strcmp(hdr->pool_name[i], name))
			return i;
	}
	must(false, "a pool has no place in the counters");
	return 0;
}

static void dp_clear_slots(uint64_t count)
{
	memset(dp_rings_slots(), 0, count * sizeof(*dp_rings_slots()));
}

static void dp_publish(const void *image, size_t bytes)
{
	uint32_t i;

	must(dp_rings_publish(image, bytes).outcome == OUTCOME_APPLIED, "the policy is refused");
	image_view_init(&dp.view, image);
	for (i = 0; i < image_view_count(&dp.view, SECTION_CLASSES); i++)
		dp.pool_of_class[i] = pool_find(dp.view.names + dp.view.classes[i].name);
	memcpy(dp.cell, dp_rings_counters()->cell, sizeof(dp.cell));
	dp_clear_slots(TABLE_SLOTS);
}

static bool dp_takes(uint32_t frame_bytes)
{
	return frame_bytes <= MAX_FRAME_BYTES;
}

static uint64_t cell_grown(uint32_t index)
{
	const struct op25b_cell *now = &dp_rings_counters()->cell[index];
	uint64_t packets = now->packets - dp.cell[index].packets;

	dp.cell[index] = *now;
	return packets;
}

static struct counted cell_name(uint32_t index)
{
	return (struct counted){
		.reason = index / FAMILY_COUNT % OP25B_REASON_SLOTS,
		.family = index % FAMILY_COUNT,
		.pool = dp_rings_stats_header()
				->pool_name[index / FAMILY_COUNT / OP25B_REASON_SLOTS],
	};
}

static void find_cell(struct counted *got)
{
	uint32_t i, grown = 0;

	*got = (struct counted){.reason = COUNTED_NOTHING, .pool = ""};
	for (i = 0; i < OP25B_CELL_COUNT; i++) {
		if (!cell_grown(i))
			continue;
		*got = cell_name(i);
		grown++;
	}
	if (grown != 1)
		got->reason = COUNTED_NOTHING;
}

// Takes the frames that left, and says what is wrong with them.
static const char *output_fault(const uint8_t *frame, uint32_t frame_bytes, struct ingress in,
				uint8_t reason)
{
	static uint8_t out[MAX_FRAME_BYTES];
	uint32_t back = DP_RINGS_PORT(in.pair, in.side), there = back ^ 1u, port, bytes, left = 0;
	enum op25b_verdict verdict = reason_verdict(reason);
	const char *fault = NULL;

	for (port = 0; port < 2 * TABLE_PAIRS; port++) {
		while ((bytes = dp_rings_receive(port, out, sizeof(out))) > 0) {
			left++;
			if (verdict == VERDICT_PASS && port == there) {
				if (bytes != frame_bytes || memcmp(out, frame, bytes))
					fault = "it was not forwarded byte for byte";
			} else if (verdict == VERDICT_ANSWER && port == back) {
				fault = answer_fault(frame, frame_bytes, dp.view.softwires, reason,
						     out, bytes);
			} else {
				fault = "a frame left by a wrong port";
			}
		}
	}
	if (!fault && left != (verdict == VERDICT_DROP ? 0 : 1))
		fault = "other than one frame left";
	return fault;
}

static const char *dp_judge(const uint8_t *frame, uint32_t frame_bytes, struct ingress in,
			    const struct counted *want, uint32_t class_id, struct counted *got)
{
	uint32_t cell = OP25B_CELL_INDEX(dp.pool_of_class[class_id], want->reason, want->family);
	const char *fault;

	dp_rings_send(DP_RINGS_PORT(in.pair, in.side), frame, frame_bytes);
	must(dp_rings_turn() == 1, "a frame was not received");
	fault = output_fault(frame, frame_bytes, in, (uint8_t)want->reason);
	if (cell_grown(cell) != 1) {
		find_cell(got);
		return "it was counted otherwise";
	}
	*got = cell_name(cell);
	return fault;
}

static struct clause_counts dp_clauses(void)
{
	const struct op25b_stats_hdr *hdr = dp_rings_stats_header();

	return (struct clause_counts){hdr->stage, hdr->stage_count, hdr->pool_name,
				      dp_rings_counters()->clause_cell};
}

const struct diff_host *diff_dp_start(void)
{
	static const struct diff_host host = {"op25b-dp", dp_publish, dp_clear_slots, dp_takes,
					      dp_judge,   dp_clauses, dp_rings_stop};
	static const struct dp_rings_config box = {.pair_count = TABLE_PAIRS,
						   .l2_doubt_drop = TABLE_L2_DOUBT_DROP,
						   .slots = TABLE_SLOTS,
						   .answers_per_s = ANSWERS_PER_S};

	dp_rings_start(&box);
	return &host;
}
