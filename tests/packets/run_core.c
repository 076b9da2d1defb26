// SPDX-License-Identifier: BSD-3-Clause
//
// The packet table on the core, called directly: each frame in a heap block of exactly its size, on
// a clock that the rows move. Shows too that no verdict depends on a byte behind the TCP header.
// Usage: run_core POLICY.json
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core_judge.h"
#include "row.h"
#include "table_image.h"

// The table starts a while after boot, like every box.
#define TABLE_START_NS 1000000000000ull

static uint64_t row_now_ns(const struct packet_row *row)
{
	return TABLE_START_NS + row->at_ns;
}

static void rows_get_their_reason(void **state)
{
	struct core_judge c;
	size_t i, wrong = 0;

	core_judge_start(&c, *state);
	for (i = 0; i < packet_row_count; i++) {
		const struct packet_row *row = &packet_rows[i];
		struct judgement j;

		if (!(row->hosts & HOST_CORE))
			continue;
		j = core_judge_exact(&c, row->frame, row->frame_bytes, row->side, row_now_ns(row),
				     NULL);
		if (j.reason == row->reason)
			continue;
		print_error("%s: %s, expected %s\n", row->name, reason_text(j.reason),
			    reason_text(row->reason));
		wrong++;
	}
	core_judge_stop(&c);
	print_message("%zu rows\n", packet_row_count);
	assert_int_equal(wrong, 0);
}

// First byte of the frame that no verdict may depend on.
static uint32_t readable_bytes(const struct parse_work *k, uint32_t frame_bytes)
{
	uint32_t fixed = k->flow.family == FAMILY_IP4 ? IP4_MIN_BYTES : IP6_HEADER_BYTES;

	switch (k->flow.kind) {
	case FLOW_TCP:
		return k->flow.l4_off + TCP_MIN_BYTES;
	case FLOW_LATER_FRAG:
		return k->off;
	case FLOW_NOT_TCP:
		return k->off > k->flow.l3_off ? k->off : k->flow.l3_off + fixed;
	default:
		return frame_bytes;
	}
}

static struct judgement judge_poisoned(struct core_judge *c, const struct packet_row *row,
				       uint8_t poison, uint32_t *poisoned_bytes)
{
	uint8_t *frame = malloc(row->frame_bytes);
	struct parse_work before, after;
	struct judgement j;
	uint32_t from;

	// Parsing alone changes no slot.
	memcpy(frame, row->frame, row->frame_bytes);
	parse((const struct window *)frame, &before, row->frame_bytes);
	from = readable_bytes(&before, row->frame_bytes);
	if (from < row->frame_bytes) {
		memset(frame + from, poison, row->frame_bytes - from);
		*poisoned_bytes += row->frame_bytes - from;
	}
	j = core_judge_exact(c, frame, row->frame_bytes, row->side, row_now_ns(row), &after);
	if (memcmp(&before.flow, &after.flow, sizeof(before.flow)))
		j.reason = REASON_COUNT;
	free(frame);
	return j;
}

static void bytes_behind_the_headers_do_not_matter(void **state)
{
	static const uint8_t poisons[] = {0x00, 0x19, 0x5a, 0xff};
	struct core_judge c;
	uint32_t poisoned_bytes = 0;
	size_t i, p;

	for (p = 0; p < sizeof(poisons); p++) {
		core_judge_start(&c, *state);
		for (i = 0; i < packet_row_count; i++) {
			struct judgement j =
				judge_poisoned(&c, &packet_rows[i], poisons[p], &poisoned_bytes);

			if (j.reason != packet_rows[i].reason)
				fail_msg("%s: with 0x%02x behind its headers: %s",
					 packet_rows[i].name, poisons[p], reason_text(j.reason));
		}
		core_judge_stop(&c);
	}
	assert_true(poisoned_bytes > 0);
}

// Bounds come from the IP length: what the frame has beyond it can be cut off.
static void padding_behind_the_packet_does_not_matter(void **state)
{
	struct core_judge c;
	size_t i, cut = 0;

	core_judge_start(&c, *state);
	for (i = 0; i < packet_row_count; i++) {
		const struct packet_row *row = &packet_rows[i];
		uint32_t bytes = row->frame_bytes;
		struct parse_work k;
		struct judgement j;

		parse((const struct window *)row->frame, &k, bytes);
		if (k.flow.kind == FLOW_TCP && !k.flow.pppoe && k.flow.ip_end < bytes) {
			bytes = k.flow.ip_end;
			cut++;
		}
		j = core_judge_exact(&c, row->frame, bytes, row->side, row_now_ns(row), NULL);
		if (j.reason != row->reason)
			fail_msg("%s: without its padding: %s", row->name, reason_text(j.reason));
	}
	core_judge_stop(&c);
	assert_true(cut > 0);
}

// What depends on a host's state or on another default than this policy's, not on the frame:
// tests/unit has it.
static bool is_host_reason(uint32_t reason)
{
	return reason == REASON_PASS_NO_POLICY || reason == REASON_PASS_OPEN ||
	       reason == REASON_DROP_LIMIT_BUSY || reason == REASON_DROP_NO_POOL ||
	       reason == REASON_DROP_NO_POLICY || reason == REASON_DROP_CLOSED;
}

static void each_reason_has_a_row(void **state)
{
	bool seen[REASON_COUNT] = {false};
	size_t i;

	(void)state;
	for (i = 0; i < packet_row_count; i++)
		seen[packet_rows[i].reason] = true;
	for (i = 0; i < REASON_COUNT; i++) {
		if (seen[i] == is_host_reason(i))
			fail_msg("reason %s: %s", reason_text(i),
				 seen[i] ? "has a row, against is_host_reason()" : "has no row");
	}
}

int main(int argc, char **argv)
{
	size_t bytes;
	void *image = argc == 2 ? table_image_read(argv[1], 1, &bytes) : NULL;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(rows_get_their_reason, image),
		cmocka_unit_test_prestate(bytes_behind_the_headers_do_not_matter, image),
		cmocka_unit_test_prestate(padding_behind_the_packet_does_not_matter, image),
		cmocka_unit_test(each_reason_has_a_row),
	};
	int failed;

	if (!image) {
		fprintf(stderr, "usage: run_core POLICY.json\n");
		return 2;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(image);
	return failed ? 1 : 0;
}
