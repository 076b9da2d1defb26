// SPDX-License-Identifier: BSD-3-Clause
//
// The packet table on the guard: the loaded BPF program, run by the kernel frame by frame
// (BPF_PROG_TEST_RUN), no op25b-dp alive. Needs root. Usage: run_guard POLICY.json
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

#define SLOTS (1u << 18)

// The guard sends nothing: where a reset is due, it drops and says so.
static uint8_t expected_reason(const struct packet_row *row)
{
	if (row->reason == REASON_ANSWER_RST || row->reason == REASON_ANSWER_LIMIT)
		return REASON_DROP_UNANSWERED;
	return row->reason;
}

struct table_run {
	struct guard_run *guard;
	struct core_judge core; // for the pool and the family that a row is counted under
};

static bool is_counted_right(const struct table_run *t, const struct packet_row *row,
			     const struct guard_run_result *got)
{
	struct parse_work k;

	parse((const struct window *)row->frame, &k, row->frame_bytes);
	if (got->family == k.flow.family &&
	    !strcmp(got->pool, core_judge_pool(&t->core, &k.flow, row->side)))
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

	if (!guard_run(t->guard, row->frame, row->frame_bytes, row->side, &got, error)) {
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
	size_t i, wrong = 0, run = 0;

	for (i = 0; i < packet_row_count; i++) {
		if (!(packet_rows[i].hosts & HOST_GUARD))
			continue;
		run++;
		if (!row_is_right(*state, &packet_rows[i]))
			wrong++;
	}
	print_message("%zu of %zu rows\n", run, packet_row_count);
	assert_int_equal(wrong, 0);
	assert_true(run > 0);
}

int main(int argc, char **argv)
{
	char error[GUARD_ERROR_BYTES];
	struct table_run t;
	int failed = 1;
	size_t bytes;
	void *image;

	if (argc != 2 || geteuid() != 0) {
		fprintf(stderr, "usage: run_guard POLICY.json, as root: it loads a BPF program\n");
		return 2;
	}
	image = table_image_read(argv[1], 1, &bytes);
	core_judge_start(&t.core, image);
	t.guard = guard_run_start(SLOTS, error);
	if (t.guard && guard_run_publish(t.guard, image, bytes, error)) {
		const struct CMUnitTest tests[] = {
			cmocka_unit_test_prestate(rows_get_their_reason, &t),
		};

		failed = cmocka_run_group_tests(tests, NULL, NULL);
	} else {
		fprintf(stderr, "run_guard: %s\n", error);
	}
	guard_run_stop(t.guard);
	core_judge_stop(&t.core);
	free(image);
	return failed ? 1 : 0;
}
