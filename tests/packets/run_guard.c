// SPDX-License-Identifier: BSD-3-Clause
//
// The packet table on the guard: the loaded BPF program, run by the kernel frame by frame
// (BPF_PROG_TEST_RUN), no op25b-dp alive. Needs root. Usage: run_guard POLICY.json
// POLICY_NEXT.json
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/bpf.h>

#include <cmocka.h>

#include "core_judge.h"
#include "dataplane/core/decide.h"
#include "row.h"
#include "table_image.h"
#include "tests/unit/guard_run.h"

// The guard sends nothing: where an answer is due, it drops and says so.
static uint8_t expected_reason(const struct packet_row *row)
{
	if (reason_verdict(row->reason) == VERDICT_ANSWER)
		return REASON_DROP_UNANSWERED;
	return row->reason;
}

struct table_run {
	struct guard_run *guard;
	struct core_judge core; // for the pool and the family that a row is counted under
	struct table_images images;
};

// Puts the policy into force that the row wants.
static bool publish(struct table_run *t, const struct packet_row *row)
{
	char error[GUARD_ERROR_BYTES];
	size_t bytes;
	const void *image = table_images_next(&t->images, row->policy, &bytes);

	core_judge_publish(&t->core, image);
	if (guard_run_publish(t->guard, image, bytes, error))
		return true;
	print_error("%s: %s\n", row->name, error);
	return false;
}

static bool is_counted_right(const struct table_run *t, const struct packet_row *row,
			     const struct guard_run_result *got)
{
	struct parse_work k;

	parse((const struct window *)row->frame, &k, row->frame_bytes, t->core.view.softwires,
	      row->in.side);
	if (got->family == k.flow.family &&
	    !strcmp(got->pool, core_judge_pool(&t->core, &k.flow, row->in)))
		return true;
	print_error("%s: counted for pool \"%s\", family %u\n", row->name, got->pool, got->family);
	return false;
}

static bool row_is_right(const struct table_run *t, const struct packet_row *row)
{
	uint8_t reason = expected_reason(row);
	uint32_t action = reason_verdict(reason) == VERDICT_PASS ? XDP_PASS : XDP_DROP;
	char error[GUARD_ERROR_BYTES];
	struct guard_run_result got;

	if (!guard_run(t->guard, row->frame, row->frame_bytes,
		       GUARD_RUN_PORT(row->in.pair, row->in.side), &got, error)) {
		print_error("%s: %s\n", row->name, error);
		return false;
	}
	if (got.judged && got.reason == reason && got.xdp_action == action)
		return is_counted_right(t, row, &got);
	print_error("%s: %s, XDP action %u; expected %s, %u\n", row->name,
		    got.judged ? reason_text(got.reason) : "not judged", got.xdp_action,
		    reason_text(reason), action);
	return false;
}

static void rows_get_their_reason(void **state)
{
	struct table_run *t = *state;
	size_t i, wrong = 0, run = 0;

	for (i = 0; i < packet_row_count; i++) {
		const struct packet_row *row = &packet_rows[i];

		if (!(row->hosts & HOST_GUARD))
			continue;
		if (!run || row->policy != t->images.in_force)
			assert_true(publish(t, row));
		run++;
		if (!row_is_right(t, row))
			wrong++;
	}
	print_message("%zu of %zu rows\n", run, packet_row_count);
	assert_int_equal(wrong, 0);
	assert_true(run > 0);
}

int main(int argc, char **argv)
{
	static const struct guard_run_config box = {.pair_count = TABLE_PAIRS,
						    .l2_doubt_drop = TABLE_L2_DOUBT_DROP,
						    .slots = TABLE_SLOTS};
	char error[GUARD_ERROR_BYTES];
	struct table_run t;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(rows_get_their_reason, &t),
	};
	int failed = 1;

	if (argc != 1 + TABLE_POLICIES || geteuid() != 0) {
		fprintf(stderr, "usage: run_guard POLICY.json POLICY_NEXT.json, as root: it loads "
				"a BPF program\n");
		return 2;
	}
	table_images_read(&t.images, argv + 1);
	core_judge_start(&t.core, t.images.image[0]);
	t.guard = guard_run_start_pairs(&box, error);
	if (t.guard)
		failed = cmocka_run_group_tests(tests, NULL, NULL);
	else
		fprintf(stderr, "run_guard: %s\n", error);
	guard_run_stop(t.guard);
	core_judge_stop(&t.core);
	table_images_free(&t.images);
	return failed ? 1 : 0;
}
