// SPDX-License-Identifier: BSD-3-Clause
//
// The packet table on the core, called directly: each frame in a heap block of exactly its size, on
// a clock that the rows move. Shows too that no verdict depends on a byte behind the TCP header.
// Usage: run_core POLICY.json POLICY_NEXT.json
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core_judge.h"
#include "payload.h"
#include "row.h"
#include "table_image.h"

// The table starts a while after boot, like every box.
#define TABLE_START_NS 1000000000000ull

// The core on the table's box, from the first row on.
struct table_run {
	struct core_judge judge;
	struct table_images *images;
};

static void run_start(struct table_run *t, struct table_images *images)
{
	size_t bytes;

	t->images = images;
	core_judge_start(&t->judge, table_images_next(images, packet_rows[0].policy, &bytes));
}

static void run_stop(struct table_run *t)
{
	core_judge_stop(&t->judge);
}

// The policy that the row wants.
static void run_policy(struct table_run *t, const struct packet_row *row)
{
	size_t bytes;

	if (row->policy != t->images->in_force)
		core_judge_publish(&t->judge, table_images_next(t->images, row->policy, &bytes));
}

static uint64_t row_now_ns(const struct packet_row *row)
{
	return TABLE_START_NS + row->at_ns;
}

// The verdict of a reason, by the table of them and not by the judge's bits.
static const char *verdict_text(uint8_t reason)
{
	switch (reason) {
#define REASON_CASE(id, verdict, name, help)                                                       \
	case REASON_##id:                                                                          \
		return #verdict;
		OP25B_REASONS(REASON_CASE)
#undef REASON_CASE
	default:
		return "none";
	}
}

static const char *judged_text(uint8_t reason)
{
	static const char *const texts[] = {"PASS", "DROP", "ANSWER"};
	enum op25b_verdict verdict = core_judge_verdict(reason);

	return (uint32_t)verdict < VERDICT_COUNT ? texts[verdict] : "none";
}

// An octet of the frame; none of those that the walk below asks for is missing in a frame that
// parse() is right about.
static uint32_t octet(const struct packet_row *row, uint32_t off)
{
	return off < row->frame_bytes ? row->frame[off] : 0;
}

static uint32_t two(const struct packet_row *row, uint32_t off)
{
	return octet(row, off) << 8 | octet(row, off + 1);
}

// What is below IP, said again without a bound or a doubt.
static void walk_l2(const struct packet_row *row, struct flow *f)
{
	uint32_t off = 12;

	for (; two(row, off) == 0x8100 || two(row, off) == 0x88a8 || two(row, off) == 0x9100;
	     off += 4)
		f->tag_count++;
	f->snap = two(row, off) < 1536;
	off += f->snap ? 10 : 2;
	f->pppoe = two(row, off - 2) == 0x8864;
	if (f->pppoe) {
		off += 6;
		off += two(row, off) == 0xff03 ? 2 : 0;
		off += octet(row, off) & 1 ? 1 : 2;
	} else if (two(row, off - 2) == 0x8847 || two(row, off - 2) == 0x8848) {
		do {
			off += 4;
			f->label_count++;
		} while (!(octet(row, off - 2) & 1) && off < row->frame_bytes);
	}
	f->l3_off = off;
	f->family = octet(row, off) >> 4 == 6 ? FAMILY_IP6 : FAMILY_IP4;
}

// Over the headers in front of TCP or IPv4, whatever the family: IPv4 has only AH of them.
static uint32_t walk_chain(const struct packet_row *row, uint32_t off, uint32_t *next)
{
	while (off < row->frame_bytes) {
		uint32_t units = octet(row, off + 1), this = *next;

		if (this == 51)
			units = (units + 2) * 4;
		else if (this == 44)
			units = 8;
		else if (this == 0 || this == 43 || this == 60 || this == 135 || this == 139 ||
			 this == 140)
			units = (units + 1) * 8;
		else
			break;
		*next = octet(row, off);
		off += units;
	}
	return off;
}

static void walk_l3(const struct packet_row *row, struct flow *f)
{
	uint32_t off = f->l3_off, end = row->frame_bytes, next = 4;

	if (f->family == FAMILY_IP6) {
		next = octet(row, off + 6);
		end = off + 40 + two(row, off + 4);
		off = walk_chain(row, off + 40, &next);
	}
	f->softwire = next == 4 && f->family == FAMILY_IP6;
	f->ip_off = f->softwire ? off : f->l3_off;
	if (next == 4) {
		// The outer packet may be the first fragment of a larger inner one.
		if (off + two(row, off + 2) < end)
			end = off + two(row, off + 2);
		next = octet(row, off + 9);
		off = walk_chain(row, off + (octet(row, off) & 15) * 4, &next);
	}
	f->proto = next;
	f->ip_end = end;
	f->l4_off = off;
	f->tcp_bytes = (octet(row, off + 12) >> 4) * 4;
	f->tcp_flags = octet(row, off + 13);
	f->sport = two(row, off);
	f->dport = two(row, off + 2);
}

#define SAME(field)                                                                                \
	do {                                                                                       \
		if (is->field != want.field) {                                                     \
			print_error("%s: " #field " %u, expected %u\n", row->name,                 \
				    (unsigned)is->field, (unsigned)want.field);                    \
			return false;                                                              \
		}                                                                                  \
	} while (0)

// What answers and counters are made from, of a frame that is read to its TCP header.
static bool flow_is_right(const struct packet_row *row, const struct flow *is)
{
	struct flow want = {0};

	if (is->kind != FLOW_TCP)
		return true;
	walk_l2(row, &want);
	walk_l3(row, &want);
	SAME(tag_count);
	SAME(snap);
	SAME(pppoe);
	SAME(label_count);
	SAME(family);
	SAME(l3_off);
	SAME(softwire);
	SAME(ip_off);
	SAME(proto);
	SAME(l4_off);
	SAME(tcp_bytes);
	SAME(tcp_flags);
	SAME(sport);
	SAME(dport);
	SAME(ip_end);
	return true;
}

// The reason, the verdict that follows from it, and what of the flow no reason shows.
// scripts/mutate reads the lines.
static bool row_is_right(const struct packet_row *row, const struct judgement *j,
			 const struct flow *f)
{
	if (j->reason != row->reason) {
		print_error("%s: %s, expected %s\n", row->name, reason_text(j->reason),
			    reason_text(row->reason));
		return false;
	}
	if (strcmp(judged_text(j->reason), verdict_text(row->reason))) {
		print_error("%s: verdict %s, expected %s\n", row->name, judged_text(j->reason),
			    verdict_text(row->reason));
		return false;
	}
	return flow_is_right(row, f);
}

static void rows_get_their_reason(void **state)
{
	struct table_run t;
	size_t i, wrong = 0;

	run_start(&t, *state);
	for (i = 0; i < packet_row_count; i++) {
		const struct packet_row *row = &packet_rows[i];
		struct parse_work k;
		struct judgement j;

		if (!(row->hosts & HOST_CORE))
			continue;
		run_policy(&t, row);
		j = core_judge_exact(&t.judge, row->frame, row->frame_bytes, row->in,
				     row_now_ns(row), &k);
		wrong += !row_is_right(row, &j, &k.flow);
	}
	run_stop(&t);
	print_message("%zu rows\n", packet_row_count);
	assert_int_equal(wrong, 0);
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
	parse((const struct window *)frame, &before, row->frame_bytes, c->view.softwires,
	      row->in.side);
	from = payload_start(frame, row->frame_bytes, &before);
	if (from < row->frame_bytes) {
		memset(frame + from, poison, row->frame_bytes - from);
		*poisoned_bytes += row->frame_bytes - from;
	}
	j = core_judge_exact(c, frame, row->frame_bytes, row->in, row_now_ns(row), &after);
	if (memcmp(&before.flow, &after.flow, sizeof(before.flow)))
		j.reason = REASON_COUNT;
	free(frame);
	return j;
}

static void bytes_behind_the_headers_do_not_matter(void **state)
{
	static const uint8_t poisons[] = {0x00, 0x19, 0x5a, 0xff};
	uint32_t poisoned_bytes = 0;
	struct table_run t;
	size_t i, p;

	for (p = 0; p < sizeof(poisons); p++) {
		run_start(&t, *state);
		for (i = 0; i < packet_row_count; i++) {
			const struct packet_row *row = &packet_rows[i];
			struct judgement j;

			run_policy(&t, row);
			j = judge_poisoned(&t.judge, row, poisons[p], &poisoned_bytes);
			if (j.reason != row->reason)
				fail_msg("%s: with 0x%02x behind its headers: %s", row->name,
					 poisons[p], reason_text(j.reason));
		}
		run_stop(&t);
	}
	assert_true(poisoned_bytes > 0);
}

// The same verdict without the payload as with it, for every frame with a TCP header.
static void the_payload_need_not_be_there(void **state)
{
	struct table_run t;
	size_t i, cut = 0;

	run_start(&t, *state);
	for (i = 0; i < packet_row_count; i++) {
		const struct packet_row *row = &packet_rows[i];
		uint32_t bytes = row->frame_bytes;
		uint8_t *frame = malloc(bytes ? bytes : 1);
		struct parse_work before, after;
		struct judgement j;

		run_policy(&t, row);
		memcpy(frame, row->frame, bytes);
		parse((const struct window *)frame, &before, bytes, t.judge.view.softwires,
		      row->in.side);
		if (before.flow.kind == FLOW_TCP)
			bytes = payload_resize(frame, &before.flow, 0);
		cut += row->frame_bytes - bytes;
		j = core_judge_exact(&t.judge, frame, bytes, row->in, row_now_ns(row), &after);
		after.flow.ip_end = before.flow.ip_end;
		if (j.reason != row->reason ||
		    memcmp(&before.flow, &after.flow, sizeof(after.flow)))
			fail_msg("%s: without its payload: %s", row->name, reason_text(j.reason));
		free(frame);
	}
	run_stop(&t);
	assert_true(cut > 0);
}

// Bounds come from the IP length: what the frame has beyond it can be cut off.
static void padding_behind_the_packet_does_not_matter(void **state)
{
	struct table_run t;
	size_t i, cut = 0;

	run_start(&t, *state);
	for (i = 0; i < packet_row_count; i++) {
		const struct packet_row *row = &packet_rows[i];
		uint32_t bytes = row->frame_bytes;
		struct parse_work k;
		struct judgement j;

		run_policy(&t, row);
		parse((const struct window *)row->frame, &k, bytes, t.judge.view.softwires,
		      row->in.side);
		// The lengths around the packet say how much of the frame is theirs.
		if (k.flow.kind == FLOW_TCP && !k.flow.pppoe && !k.flow.snap && !k.flow.softwire &&
		    k.flow.ip_end < bytes) {
			bytes = k.flow.ip_end;
			cut++;
		}
		j = core_judge_exact(&t.judge, row->frame, bytes, row->in, row_now_ns(row), NULL);
		if (j.reason != row->reason)
			fail_msg("%s: without its padding: %s", row->name, reason_text(j.reason));
	}
	run_stop(&t);
	assert_true(cut > 0);
}

// What depends on a host's state or on another default than this policy's, not on the frame:
// tests/unit has it.
static bool is_host_reason(uint32_t reason)
{
	return reason == REASON_PASS_NO_POLICY || reason == REASON_PASS_OPEN ||
	       reason == REASON_DROP_LIMIT_BUSY || reason == REASON_DROP_NO_POLICY ||
	       reason == REASON_DROP_CLOSED;
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
	struct table_images images;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(rows_get_their_reason, &images),
		cmocka_unit_test_prestate(bytes_behind_the_headers_do_not_matter, &images),
		cmocka_unit_test_prestate(the_payload_need_not_be_there, &images),
		cmocka_unit_test_prestate(padding_behind_the_packet_does_not_matter, &images),
		cmocka_unit_test(each_reason_has_a_row),
	};
	int failed;

	if (argc != 1 + TABLE_POLICIES) {
		fprintf(stderr, "usage: run_core POLICY.json POLICY_NEXT.json\n");
		return 2;
	}
	table_images_read(&images, argv + 1);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	table_images_free(&images);
	return failed ? 1 : 0;
}
