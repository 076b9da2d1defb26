// SPDX-License-Identifier: BSD-3-Clause
//
// The judge on frames that nobody wrote: random mutants and cuts of the packet table's rows, each
// in a heap block of exactly its size (AddressSanitizer sees every read beyond it), and what must
// be true of any verdict. Usage: test_core_parse POLICY.json [MUTANTS [SEED]]
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/packets/core_judge.h"
#include "tests/packets/row.h"
#include "tests/packets/table_image.h"

#define DEFAULT_MUTANTS 200000u
#define MAX_FRAME_BYTES 16384u // more than any row has
#define NOW_NS 5000000000000ull

struct fuzz {
	struct core_judge judge;
	uint64_t random; // state of xorshift64*, never 0
	uint32_t mutants;
};

static uint32_t fuzz_random(struct fuzz *z, uint32_t below)
{
	z->random ^= z->random >> 12;
	z->random ^= z->random << 25;
	z->random ^= z->random >> 27;
	return (uint32_t)((z->random * 0x2545f4914f6cdd1dull) >> 33) % below;
}

// Values that stand at the borders of the judge's cases.
static uint8_t fuzz_byte(struct fuzz *z)
{
	static const uint8_t telling[] = {0,  1,  2,  4,    5,    6,    17,   19,   25,  43,  44,
					  50, 51, 59, 60,   63,   64,   127,  128,  135, 139, 140,
					  20, 21, 33, 0x45, 0x4f, 0x60, 0x81, 0x88, 254, 255};

	return fuzz_random(z, 2) ? telling[fuzz_random(z, sizeof(telling))] : fuzz_random(z, 256);
}

// A random row with some bytes changed, and often with its end cut off or something appended.
static uint32_t fuzz_frame(struct fuzz *z, uint8_t frame[MAX_FRAME_BYTES], struct ingress *in)
{
	const struct packet_row *row = &packet_rows[fuzz_random(z, packet_row_count)];
	uint32_t bytes = row->frame_bytes, changes = fuzz_random(z, 5), i;

	*in = row->in;
	memcpy(frame, row->frame, bytes);
	for (i = 0; i < changes && bytes > 12; i++) {
		uint32_t headers = bytes < 320 ? bytes : 320;

		frame[12 + fuzz_random(z, headers - 12)] = fuzz_byte(z);
	}
	if (bytes && fuzz_random(z, 4) == 0)
		return fuzz_random(z, bytes + 1);
	if (bytes + 64 <= MAX_FRAME_BYTES && fuzz_random(z, 8) == 0) {
		for (i = 0; i < 64; i++)
			frame[bytes + i] = fuzz_byte(z);
		bytes += fuzz_random(z, 65);
	}
	return bytes;
}

// What a flow must be, whatever the frame.
static bool flow_is_sound(const struct parse_work *k, uint32_t frame_bytes)
{
	const struct flow *f = &k->flow;
	bool is_doubt = f->kind == FLOW_DOUBT || f->kind == FLOW_UNREADABLE;

	if (f->kind > FLOW_DOUBT || k->end > frame_bytes || k->cap > WINDOW_BYTES)
		return false;
	if (reason_verdict(f->reason) != (is_doubt ? VERDICT_DROP : VERDICT_PASS))
		return false;
	if (f->kind == FLOW_UNREADABLE ? f->family != FAMILY_NONE
				       : f->kind >= FLOW_UNKNOWN && f->family == FAMILY_NONE)
		return false;
	if (f->detour && reason_verdict(f->detour) != VERDICT_DROP)
		return false;
	if (f->softwire && f->family != FAMILY_IP6)
		return false;
	if (f->kind != FLOW_TCP)
		return true;
	return f->l3_off >= ETH_HEADER_BYTES && f->ip_off >= f->l3_off &&
	       f->l4_off >= f->ip_off + IP4_MIN_BYTES && f->l4_off + TCP_MIN_BYTES <= k->cap &&
	       f->tcp_bytes >= TCP_MIN_BYTES && f->l4_off + f->tcp_bytes <= f->ip_end &&
	       f->ip_end <= frame_bytes;
}

static void mutants_stay_in_bounds_and_get_a_sound_verdict(void **state)
{
	struct fuzz *z = *state;
	uint32_t kinds[FLOW_DOUBT + 1] = {0};
	uint8_t frame[MAX_FRAME_BYTES];
	uint32_t i;

	for (i = 0; i < z->mutants; i++) {
		struct ingress in = {0};
		uint32_t bytes = fuzz_frame(z, frame, &in);
		struct parse_work k;
		struct judgement j = core_judge_exact(&z->judge, frame, bytes, in, NOW_NS + i, &k);

		if (!flow_is_sound(&k, bytes) || j.reason >= REASON_COUNT)
			fail_msg("mutant %u: kind %u, reason %u", i, k.flow.kind, j.reason);
		// From the network nothing is answered.
		if (in.side == SIDE_NETWORK && reason_verdict(j.reason) == VERDICT_ANSWER)
			fail_msg("mutant %u: answered towards the network", i);
		kinds[k.flow.kind]++;
	}
	for (i = 0; i <= FLOW_DOUBT; i++) {
		print_message("kind %u: %u mutants\n", i, kinds[i]);
		assert_true(z->mutants < 1000 || kinds[i] > 0);
	}
}

// Only the first WINDOW_BYTES and the length may matter: what lies behind them is another world.
static void mutants_do_not_depend_on_bytes_behind_the_window(void **state)
{
	struct fuzz *z = *state;
	uint8_t frame[MAX_FRAME_BYTES];
	uint32_t i, longer = 0;

	for (i = 0; i < z->mutants / 10; i++) {
		struct ingress in = {0};
		uint32_t bytes = fuzz_frame(z, frame, &in);
		struct parse_work exact, with_tail;

		core_judge_exact(&z->judge, frame, bytes, in, NOW_NS, &exact);
		memset(frame + bytes, 0x19, bytes < WINDOW_BYTES ? WINDOW_BYTES - bytes : 0);
		if (bytes > WINDOW_BYTES) {
			memset(frame + WINDOW_BYTES, 0x19, bytes - WINDOW_BYTES);
			longer++;
		}
		parse((const struct window *)frame, &with_tail, bytes, z->judge.view.softwires,
		      in.side);
		assert_memory_equal(&exact, &with_tail, sizeof(exact));
	}
	assert_true(z->mutants < 10000 || longer > 0);
}

// Every row, cut to every length: no cut of a frame may turn a block into a pass of port 25.
static void cut_rows_are_never_read_as_another_port(void **state)
{
	struct fuzz *z = *state;
	size_t i;

	for (i = 0; i < packet_row_count; i++) {
		const struct packet_row *row = &packet_rows[i];
		struct parse_work whole, cut;
		uint32_t bytes;

		core_judge_exact(&z->judge, row->frame, row->frame_bytes, row->in, NOW_NS, &whole);
		for (bytes = 0; bytes < row->frame_bytes && bytes <= WINDOW_BYTES; bytes++) {
			core_judge_exact(&z->judge, row->frame, bytes, row->in, NOW_NS, &cut);
			if (cut.flow.kind != FLOW_TCP)
				continue;
			if (whole.flow.kind != FLOW_TCP || whole.flow.dport != cut.flow.dport ||
			    whole.flow.sport != cut.flow.sport)
				fail_msg("%s cut to %u bytes", row->name, bytes);
		}
	}
}

int main(int argc, char **argv)
{
	struct fuzz z = {.random = 2525, .mutants = DEFAULT_MUTANTS};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(mutants_stay_in_bounds_and_get_a_sound_verdict, &z),
		cmocka_unit_test_prestate(mutants_do_not_depend_on_bytes_behind_the_window, &z),
		cmocka_unit_test_prestate(cut_rows_are_never_read_as_another_port, &z),
	};
	size_t bytes;
	void *image;
	int failed;

	if (argc < 2) {
		fprintf(stderr, "usage: test_core_parse POLICY.json [MUTANTS [SEED]]\n");
		return 2;
	}
	if (argc > 2)
		z.mutants = strtoul(argv[2], NULL, 10);
	if (argc > 3)
		z.random = strtoull(argv[3], NULL, 10) | 1;
	image = table_image_read(argv[1], 1, &bytes);
	core_judge_start(&z.judge, image);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	core_judge_stop(&z.judge);
	free(image);
	return failed ? 1 : 0;
}
