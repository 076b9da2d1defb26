// SPDX-License-Identifier: BSD-3-Clause
//
// op25b-dp counts which clause a frame met: once, in the cell that the directory of its statistics
// memory names, whatever then becomes of the frame.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dataplane/core/parse.h"
#include "dp_rings.h"
#include "frame_build.h"
#include "image_build.h"

// Places of the lists in the directory.
#define FLETS_BLOCK 1u      // to the relay permit, to the rst set rst, else drop
#define METERED_LIMIT 2u    // 1 connection, then over
#define FLETS_QUARANTINE 3u // part of flets: drop

static const struct dp_rings_config usual = {.slots = 65536, .answers_per_s = 1000};

static void *make_image(uint64_t generation, size_t *bytes)
{
	struct image_build *b = image_build_start();
	uint32_t flets = image_build_class(b, "flets", "block");
	uint32_t metered = image_build_class(b, "metered", "limit");
	uint32_t quarantine = image_build_class(b, "flets", "block");
	uint64_t relay = image_build_set(b), refused = image_build_set(b);
	struct op25b_clause drop = {.sets = OP25B_ANY_SET, .action = ACTION_DROP};
	void *image;

	image_build_clause(b, flets, (struct op25b_clause){.sets = relay});
	image_build_clause(b, flets, (struct op25b_clause){.sets = refused, .action = ACTION_RST});
	image_build_clause(b, flets, drop);
	image_build_clause(b, metered,
			   (struct op25b_clause){.sets = OP25B_ANY_SET,
						 .action = ACTION_LIMIT,
						 .interval_ns = 1ull << 50,
						 .over = ACTION_DROP});
	drop.origin = ORIGIN_QUARANTINE;
	image_build_clause(b, quarantine, drop);
	image_build_prefix(b, "198.51.100.0/24", flets, 0, 32);
	image_build_prefix(b, "198.51.100.66/32", quarantine, 0, 32);
	image_build_prefix(b, "100.64.0.0/24", metered, 0, 32);
	image_build_prefix(b, "203.0.113.25/32", 0, relay, 0);
	image_build_prefix(b, "203.0.113.66/32", 0, refused, 0);
	image = image_build_finish(b, generation, bytes);
	image_build_free(b);
	return image;
}

static int start(void **state)
{
	size_t bytes;
	void *image = make_image(1, &bytes);

	(void)state;
	dp_rings_start(&usual);
	assert_int_equal(dp_rings_publish(image, bytes).outcome, OUTCOME_APPLIED);
	free(image);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	dp_rings_stop();
	return 0;
}

// Cell of clause `index` of the list.
static const struct op25b_cell *cell(uint32_t list, uint32_t index)
{
	const struct op25b_stats_hdr *hdr = dp_rings_stats_header();

	assert_true(list < hdr->stage_count && index < hdr->stage[list].clause_count);
	return &dp_rings_counters()->clause_cell[hdr->stage[list].first_cell + index];
}

static uint64_t packets_of_all_clauses(void)
{
	uint64_t packets = 0;
	uint32_t i;

	for (i = 0; i < OP25B_CLAUSE_CELLS; i++)
		packets += dp_rings_counters()->clause_cell[i].packets;
	return packets;
}

#define NO_LIST 0u

struct row {
	const char *src, *dst;
	uint16_t sport, dport;
	uint8_t tcp_flags;
	enum op25b_side side;
	uint32_t list, clause; // NO_LIST: no clause decides
	enum op25b_reason reason;
};

#define SUBSCRIBER "198.51.100.7"
#define ELSEWHERE "192.0.2.1"
#define SYN TCP_FLAG_SYN

static const struct row rows[] = {
	{SUBSCRIBER, "203.0.113.25", 1024, 25, SYN, SIDE_SUBSCRIBER, FLETS_BLOCK, 0,
	 REASON_PASS_PERMIT},
	{SUBSCRIBER, "203.0.113.66", 1024, 25, SYN, SIDE_SUBSCRIBER, FLETS_BLOCK, 1,
	 REASON_ANSWER_RST},
	{SUBSCRIBER, "203.0.113.66", 1024, 25, TCP_FLAG_RST, SIDE_SUBSCRIBER, FLETS_BLOCK, 1,
	 REASON_DROP_UNANSWERED},
	{SUBSCRIBER, ELSEWHERE, 1024, 25, SYN, SIDE_SUBSCRIBER, FLETS_BLOCK, 2,
	 REASON_DROP_BLOCKED},
	{ELSEWHERE, SUBSCRIBER, 25, 1024, SYN | TCP_FLAG_ACK, SIDE_NETWORK, FLETS_BLOCK, 2,
	 REASON_DROP_MIRROR},
	{"100.64.0.9", ELSEWHERE, 1024, 25, SYN, SIDE_SUBSCRIBER, METERED_LIMIT, 0,
	 REASON_PASS_WITHIN_LIMIT},
	{"100.64.0.9", ELSEWHERE, 1024, 25, SYN, SIDE_SUBSCRIBER, METERED_LIMIT, 0,
	 REASON_DROP_LIMIT_OVER},
	{"198.51.100.66", ELSEWHERE, 1024, 25, SYN, SIDE_SUBSCRIBER, FLETS_QUARANTINE, 0,
	 REASON_DROP_BLOCKED},
	{SUBSCRIBER, ELSEWHERE, 1024, 587, SYN, SIDE_SUBSCRIBER, NO_LIST, 0,
	 REASON_PASS_NOT_PORT25},
	{ELSEWHERE, ELSEWHERE, 1024, 25, SYN, SIDE_SUBSCRIBER, NO_LIST, 0, REASON_PASS_NO_POOL},
	{ELSEWHERE, SUBSCRIBER, 1024, 25, SYN, SIDE_NETWORK, NO_LIST, 0, REASON_PASS_INBOUND},
};

static void run_row(const struct row *row)
{
	uint64_t all = packets_of_all_clauses(), reason = dp_rings_reason_count(row->reason);
	const struct op25b_cell *met = cell(row->list, row->clause);
	struct op25b_cell before = *met;
	uint32_t counts = row->list != NO_LIST;
	struct frame f;

	frame_start(&f);
	frame_zeros(&f, 100);
	frame_tcp(&f, row->sport, row->dport, row->tcp_flags);
	frame_ip4(&f, row->src, row->dst, PROTO_TCP, 0, 0);
	frame_eth(&f, ETH_TYPE_IP4);
	dp_rings_send(row->side, f.bytes_be, (uint32_t)f.bytes);
	assert_int_equal(dp_rings_turn(), 1);
	assert_int_equal(dp_rings_reason_count(row->reason), reason + 1);
	assert_int_equal(met->packets, before.packets + counts);
	assert_int_equal(met->bytes, before.bytes + counts * f.bytes);
	assert_int_equal(packets_of_all_clauses(), all + counts);
}

static void each_frame_is_counted_under_the_clause_it_met(void **state)
{
	const struct op25b_stats_hdr *hdr = dp_rings_stats_header();
	size_t i;

	(void)state;
	assert_int_equal(hdr->stage_count, 4);
	assert_string_equal(hdr->stage[FLETS_BLOCK].stage, "block");
	assert_string_equal(hdr->pool_name[hdr->stage[METERED_LIMIT].pool_slot], "metered");
	assert_int_equal(hdr->stage[FLETS_QUARANTINE].origin, ORIGIN_QUARANTINE);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("row %zu\n", i);
		run_row(&rows[i]);
	}
}

// The same policy once more: the same cells.
static void counts_go_on_after_a_reload(void **state)
{
	size_t bytes;
	void *image = make_image(2, &bytes);

	(void)state;
	run_row(&rows[0]);
	assert_int_equal(dp_rings_publish(image, bytes).outcome, OUTCOME_APPLIED);
	run_row(&rows[0]);
	assert_int_equal(cell(FLETS_BLOCK, 0)->packets, 2);
	assert_int_equal(dp_rings_stats_header()->stage_count, 4);
	free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_frame_is_counted_under_the_clause_it_met,
						start, stop),
		cmocka_unit_test_setup_teardown(counts_go_on_after_a_reload, start, stop),
	};

	return cmocka_run_group_tests_name("dp clauses", tests, NULL, NULL);
}
