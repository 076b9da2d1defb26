// SPDX-License-Identifier: BSD-3-Clause
//
// The packet table through op25b-dp: the real worker on net_ring ports. The reason is the one
// counter that moved; what passes leaves byte for byte on the other side, what is answered is a
// correct answer on its own side, what is dropped leaves nowhere. Then the same with each frame in
// several buffers. Usage: run_dp POLICY.json POLICY_NEXT.json
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
#include "payload.h"
#include "row.h"
#include "table_image.h"
#include "tests/unit/dp_rings.h"

#define MAX_FRAME_BYTES 16384u
#define JUMBO_BYTES 9014u
#define NOW_NS 5000000000000ull // the core's, where the time does not matter

static const struct dp_rings_config config = {.pair_count = TABLE_PAIRS,
					      .l2_doubt_drop = TABLE_L2_DOUBT_DROP,
					      .slots = TABLE_SLOTS,
					      .answers_per_s = 1000};

struct table_run {
	struct table_images images;
	struct core_judge core; // for the pool and the family that a row is counted under
};

// Puts the policy into force that the row wants.
static void publish(struct table_run *t, const struct packet_row *row)
{
	size_t bytes;
	const void *image = table_images_next(&t->images, row->policy, &bytes);

	core_judge_publish(&t->core, image);
	assert_int_equal(dp_rings_publish(image, bytes).outcome, OUTCOME_APPLIED);
}

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

// One that was sent, on its way through the box.
struct sent {
	const uint8_t *frame;
	uint32_t frame_bytes;
	struct ingress in;
	uint8_t reason; // what it has to get
};

// Frames in the cell that the frame has to be counted in.
static uint64_t cell_packets(const struct table_run *t, const struct sent *s)
{
	struct parse_work k;
	uint32_t slot;

	parse((const struct window *)s->frame, &k, s->frame_bytes, t->core.view.softwires,
	      s->in.side);
	slot = pool_slot(core_judge_pool(&t->core, &k.flow, s->in));
	return dp_rings_counters()->cell[OP25B_CELL_INDEX(slot, s->reason, k.flow.family)].packets;
}

// The counts by reason, so that a row can say which one moved. Behind the last pool all are 0.
static void read_reasons(uint64_t counts[REASON_COUNT])
{
	const struct op25b_cell *cell = dp_rings_counters()->cell;
	uint32_t i, count = dp_rings_stats_header()->pool_count * OP25B_REASON_SLOTS * FAMILY_COUNT;

	memset(counts, 0, REASON_COUNT * sizeof(*counts));
	for (i = 0; i < count; i++) {
		uint32_t reason = i / FAMILY_COUNT % OP25B_REASON_SLOTS;

		if (reason < REASON_COUNT)
			counts[reason] += cell[i].packets;
	}
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

// Takes what left by the port. Returns its length, 0 if nothing did, UINT32_MAX if more than one.
static uint32_t take(uint32_t port, uint8_t frame[MAX_FRAME_BYTES])
{
	static uint8_t extra[MAX_FRAME_BYTES];
	uint32_t bytes = dp_rings_receive(port, frame, MAX_FRAME_BYTES);

	return dp_rings_receive(port, extra, sizeof(extra)) ? UINT32_MAX : bytes;
}

// What is wrong with what left the box, or NULL.
static const char *output_fault(const struct table_run *t, const struct sent *s)
{
	static uint8_t out[2 * TABLE_PAIRS][MAX_FRAME_BYTES];
	enum op25b_side other = s->in.side == SIDE_SUBSCRIBER ? SIDE_NETWORK : SIDE_SUBSCRIBER;
	uint32_t there = DP_RINGS_PORT(s->in.pair, other);
	uint32_t back = DP_RINGS_PORT(s->in.pair, s->in.side);
	enum op25b_verdict verdict = reason_verdict(s->reason);
	uint32_t bytes[2 * TABLE_PAIRS], port;

	for (port = 0; port < 2 * TABLE_PAIRS; port++) {
		uint32_t want = (port == there && verdict == VERDICT_PASS) ||
				(port == back && verdict == VERDICT_ANSWER);

		bytes[port] = take(port, out[port]);
		if (bytes[port] == UINT32_MAX)
			return "more than one frame left by a port";
		if (want != (bytes[port] > 0))
			return want ? "nothing left where it should" : "a frame left elsewhere";
	}
	if (verdict == VERDICT_PASS &&
	    (bytes[there] != s->frame_bytes || memcmp(out[there], s->frame, s->frame_bytes)))
		return "it was not forwarded byte for byte";
	if (verdict == VERDICT_ANSWER)
		return answer_fault(s->frame, s->frame_bytes, t->core.view.softwires, s->reason,
				    out[back], bytes[back]);
	return NULL;
}

// How a frame lies in buffers: the first `until` bytes in pieces, the rest in large ones.
struct split {
	uint32_t piece_bytes;
	uint32_t until;
};

static void send_frame(const struct sent *s, struct split split)
{
	uint32_t port = DP_RINGS_PORT(s->in.pair, s->in.side), ends[2 * WINDOW_BYTES], n = 0;

	while (split.piece_bytes && (n + 1) * split.piece_bytes <= split.until) {
		ends[n] = (n + 1) * split.piece_bytes;
		n++;
	}
	dp_rings_send_split(port, s->frame, s->frame_bytes, ends, n);
}

// Sends the frame through the box. Returns whether it got its reason, in the right cell, and left
// as it must.
static bool is_right(const struct table_run *t, const char *name, const struct sent *s,
		     struct split split)
{
	uint64_t before[REASON_COUNT], in_cell = cell_packets(t, s);
	const char *fault;
	uint32_t reason;

	read_reasons(before);
	send_frame(s, split);
	if (dp_rings_turn() != 1) {
		print_error("%s: not received\n", name);
		return false;
	}
	reason = reason_moved(before);
	fault = output_fault(t, s);
	if (!fault && cell_packets(t, s) != in_cell + 1)
		fault = "it was counted for another pool or family";
	if (reason == s->reason && !fault)
		return true;
	print_error("%s: %s, expected %s; %s\n", name, reason_text(reason), reason_text(s->reason),
		    fault ? fault : "the output is right");
	return false;
}

// Runs the table on a fresh worker.
static void run_table(struct table_run *t, struct split split)
{
	size_t i, wrong = 0, run = 0;
	uint32_t in_use;

	dp_rings_start(&config);
	in_use = dp_rings_buffers_in_use();
	for (i = 0; i < packet_row_count; i++) {
		const struct packet_row *row = &packet_rows[i];
		const struct sent s = {row->frame, row->frame_bytes, row->in, row->reason};

		if (!(row->hosts & HOST_DP))
			continue;
		if (!run || row->policy != t->images.in_force)
			publish(t, row);
		run++;
		if (!is_right(t, row->name, &s, split))
			wrong++;
	}
	assert_int_equal(dp_rings_buffers_in_use(), in_use);
	dp_rings_stop();
	print_message("pieces of %u up to %u: %zu of %zu rows\n", split.piece_bytes, split.until,
		      run, packet_row_count);
	assert_int_equal(wrong, 0);
	assert_true(run > 0);
}

static void rows_get_their_reason(void **state)
{
	run_table(*state, (struct split){0, 0});
}

// As of drivers that scatter: the headers' window then has to be put together first. Pieces of one
// byte cut each header everywhere.
static void rows_in_several_buffers_get_their_reason(void **state)
{
	static const struct split splits[] = {
		{1, 1},     {13, 13},   {14, 14}, {20, 20}, {34, 34},  {47, 47},  {60, 60},
		{255, 255}, {256, 256}, {1, 300}, {3, 300}, {20, 300}, {64, 300},
	};
	size_t i;

	for (i = 0; i < sizeof(splits) / sizeof(splits[0]); i++)
		run_table(*state, splits[i]);
}

// The row's frame, made long: by its payload if it can have one, else by a trailer.
static void make_jumbo(const struct table_run *t, const struct packet_row *row,
		       uint8_t frame[JUMBO_BYTES])
{
	const struct flow *f;
	struct parse_work k;

	memset(frame, 0x25, JUMBO_BYTES);
	memcpy(frame, row->frame, row->frame_bytes);
	parse((const struct window *)frame, &k, row->frame_bytes, t->core.view.softwires,
	      row->in.side);
	f = &k.flow;
	// An IEEE 802.3 length cannot say as much.
	if (f->kind == FLOW_TCP && !f->snap)
		payload_resize(frame, f, JUMBO_BYTES - f->l4_off - f->tcp_bytes);
}

// Lengths that lie may be true in a longer frame: the core says what is right. Limits are
// rows_get_their_reason()'s.
static void rows_in_jumbo_frames_are_judged_like_the_core_does(void **state)
{
	static const struct split split = {11, 99};
	static uint8_t frame[JUMBO_BYTES];
	struct table_run *t = *state;
	size_t i, wrong = 0;

	dp_rings_start(&config);
	for (i = 0; i < packet_row_count; i++) {
		const struct packet_row *row = &packet_rows[i];
		struct sent s = {frame, JUMBO_BYTES, row->in, 0};

		if (i == 0 || row->policy != t->images.in_force)
			publish(t, row);
		make_jumbo(t, row, frame);
		memset(t->core.slots, 0, t->core.slot_count * sizeof(*t->core.slots));
		memset(dp_rings_slots(), 0, t->core.slot_count * sizeof(*dp_rings_slots()));
		dp_rings_worker()->answer_state = 0;
		s.reason = core_judge_exact(&t->core, frame, JUMBO_BYTES, row->in, NOW_NS, NULL)
				   .reason;
		if (!is_right(t, row->name, &s, split))
			wrong++;
	}
	dp_rings_stop();
	assert_int_equal(wrong, 0);
}

int main(int argc, char **argv)
{
	struct table_run t;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(rows_get_their_reason, &t),
		cmocka_unit_test_prestate(rows_in_several_buffers_get_their_reason, &t),
		cmocka_unit_test_prestate(rows_in_jumbo_frames_are_judged_like_the_core_does, &t),
	};
	int failed;

	if (argc != 1 + TABLE_POLICIES) {
		fprintf(stderr, "usage: run_dp POLICY.json POLICY_NEXT.json\n");
		return 2;
	}
	table_images_read(&t.images, argv + 1);
	core_judge_start(&t.core, t.images.image[0]);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	core_judge_stop(&t.core);
	table_images_free(&t.images);
	return failed ? 1 : 0;
}
