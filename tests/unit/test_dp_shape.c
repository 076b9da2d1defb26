// SPDX-License-Identifier: BSD-3-Clause
//
// Several frames compared at once (shape.h) find what the quick test settles, as the same kind, and
// miss none that is of the shape: the packet table and its mutants in real buffers, with the rest
// of a longer frame or random octets behind their end. And burst_read() sorts every frame of a
// burst into one place, with shapes and without.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/dpdk/burst.h"
#include "dp_rings.h"
#include "tests/packets/mutants.h"
#include "tests/packets/row.h"
#include <rte_mempool.h>

#define BUFFER_BYTES 2048u
#define BEHIND_BYTES 128u // a shape looks at fewer
#define MAX_SHAPES 512u
#define BURSTS 16384u
#define ALIKE_BURSTS 128u // before other frames become the usual ones
#define MANY_BURSTS 1000u // until whatever was in vain is tried again

static struct {
	struct rte_mbuf *frame[WORKER_BURST];
	uint64_t random;
	uint32_t found;    // frames that a shape found
	uint32_t compared; // frames that were compared with a shape
} lab = {.random = 2525};

static uint32_t random_below(uint32_t limit)
{
	lab.random ^= lab.random << 13;
	lab.random ^= lab.random >> 7;
	lab.random ^= lab.random << 17;
	return (uint32_t)(lab.random >> 32) % limit;
}

static int start(void **state)
{
	static const struct dp_rings_config box = {.slots = 1};
	struct rte_mempool *pool;
	uint32_t i;

	(void)state;
	dp_rings_start(&box);
	pool = rte_pktmbuf_pool_create("shapes", WORKER_BURST, 0, 0,
				       BUFFER_BYTES + RTE_PKTMBUF_HEADROOM, SOCKET_ID_ANY);
	for (i = 0; pool && i < WORKER_BURST; i++)
		lab.frame[i] = rte_pktmbuf_alloc(pool);
	return pool && lab.frame[WORKER_BURST - 1] ? 0 : 1;
}

static int stop(void **state)
{
	(void)state;
	rte_pktmbuf_free_bulk(lab.frame, WORKER_BURST);
	dp_rings_stop();
	return 0;
}

// Octets behind the end of a frame: they must not matter.
static void lay_garbage(uint8_t *at)
{
	uint32_t i;

	for (i = 0; i < BEHIND_BYTES; i += sizeof(lab.random)) {
		random_below(1);
		memcpy(at + i, &lab.random, sizeof(lab.random));
	}
}

// Puts a frame into a buffer, or its beginning if it has not enough room for all. whole: what the
// frame was cut from, if it was, in whole_bytes.
static void lay(struct rte_mbuf *m, const uint8_t *frame, uint32_t bytes, const uint8_t *whole,
		uint32_t whole_bytes)
{
	uint32_t here = bytes < BUFFER_BYTES - BEHIND_BYTES ? bytes : BUFFER_BYTES - BEHIND_BYTES;
	uint8_t *at;

	rte_pktmbuf_reset(m);
	m->data_off = (uint16_t)(RTE_PKTMBUF_HEADROOM - random_below(8));
	at = rte_pktmbuf_mtod(m, uint8_t *);
	memcpy(at, frame, here);
	lay_garbage(at + here);
	if (whole_bytes > here && random_below(2)) {
		uint32_t behind = whole_bytes - here;

		memcpy(at + here, whole + here, behind < BEHIND_BYTES ? behind : BEHIND_BYTES);
	}
	m->vlan_tci = (uint16_t)random_below(UINT16_MAX + 1); // stands beside the length
	// Sometimes the rest of it is in another buffer, which neither test asks for.
	m->pkt_len = bytes;
	m->data_len = (uint16_t)(here && !random_below(8) ? random_below(here) + 1 : here);
}

static enum quick_kind kind_of(const struct rte_mbuf *m)
{
	uint32_t readable = m->data_len < WINDOW_BYTES ? m->data_len : WINDOW_BYTES;

	if (readable < QUICK_MIN_BYTES)
		return QUICK_NONE;
	return quick_kind_of(rte_pktmbuf_mtod(m, const struct window *), readable, m->pkt_len);
}

static bool learn(struct shape *s, const struct rte_mbuf *m)
{
	return kind_of(m) != QUICK_NONE &&
	       shape_learn(s, rte_pktmbuf_mtod(m, const struct window *));
}

static bool is_same(const struct shape *a, const struct shape *b)
{
	return a->kind == b->kind && a->head_off == b->head_off && a->is_pppoe == b->is_pppoe &&
	       a->has_options == b->has_options &&
	       !memcmp(a->below_mask, b->below_mask, sizeof(a->below_mask)) &&
	       !memcmp(a->below, b->below, sizeof(a->below)) &&
	       !memcmp(a->head, b->head, sizeof(a->head));
}

// A port that is not looked up in one protocol is left over in the others, too.
static bool has_marked_port(const struct rte_mbuf *m, const struct shape *s)
{
	const struct window *w = rte_pktmbuf_mtod(m, const struct window *);
	uint32_t off = s->upper_off, i, port;

	for (i = s->has_options ? win_ld8(w, off - IP6_HEADER_BYTES + 6) : PROTO_TCP;
	     quick_is_options(i); off += IP6_MIN_EXT_BYTES)
		i = win_ld8(w, off);
	for (i = 0; i < 4; i += 2) {
		port = win_ld16(w, off + i);
		if (port == SMTP_PORT || port == L2TP_PORT)
			return true;
	}
	return false;
}

// Compares the first frames with a shape, and each with what the quick test says of it.
static void compare(const struct shape *s, uint32_t count, const char *what)
{
	struct rte_mbuf *frames[WORKER_BURST]; // shape_match() writes into them
	struct shape_match found;
	uint32_t tcp_bytes = 0, other_bytes = 0, i;
	struct shape own;

	memcpy(frames, lab.frame, sizeof(frames));
	found = shape_match(s, frames, count);
	assert_false(found.tcp & found.other);
	if (count < WORKER_BURST)
		assert_false((found.tcp | found.other) >> count);
	for (i = 0; i < count; i++) {
		const struct rte_mbuf *m = lab.frame[i];
		bool is_tcp = found.tcp >> i & 1, is_other = found.other >> i & 1;
		enum quick_kind kind = kind_of(m);

		if ((is_tcp && kind != s->kind) || (is_other && kind != s->kind + 1))
			fail_msg("%s: frame %u of %u is found as %s, the quick test says %u", what,
				 i, count, is_tcp ? "TCP" : "not TCP", kind);
		if (!is_tcp && !is_other && learn(&own, m) && is_same(&own, s) &&
		    !has_marked_port(m, s))
			fail_msg("%s: frame %u of %u is not found", what, i, count);
		tcp_bytes += is_tcp ? m->pkt_len : 0;
		other_bytes += is_other ? m->pkt_len : 0;
		lab.found += is_tcp || is_other;
	}
	assert_int_equal(found.tcp_bytes, tcp_bytes);
	assert_int_equal(found.other_bytes, other_bytes);
	lab.compared += count;
}

// The next number of frames to be compared at once: few, odd ones, and all that there can be.
static uint32_t next_count(void)
{
	static const uint32_t counts[] = {1, 3, 4, 5, 15, 16, 17, 63, 64};
	static uint32_t next;

	return counts[next++ % (sizeof(counts) / sizeof(counts[0]))];
}

static bool learn_row(struct shape *s, const struct packet_row *row)
{
	uint32_t readable = row->frame_bytes < WINDOW_BYTES ? row->frame_bytes : WINDOW_BYTES;
	const struct window *w = (const struct window *)row->frame;

	return readable >= QUICK_MIN_BYTES &&
	       quick_kind_of(w, readable, row->frame_bytes) != QUICK_NONE && shape_learn(s, w);
}

// Of every row that a shape can be learnt from.
static void mutants_of_a_row_are_compared_as_the_quick_test_says(void **state)
{
	uint32_t shapes = 0, i;
	struct shape s;

	(void)state;
	for (i = 0; i < packet_row_count; i++) {
		const struct packet_row *row = &packet_rows[i];
		uint32_t header, laid = 0, count = next_count();
		struct mutants m;

		if (!learn_row(&s, row))
			continue;
		shapes++;
		header = s.upper_off + (s.has_options ? SHAPE_MAX_OPTIONS * IP6_MIN_EXT_BYTES : 0) +
			 TCP_MIN_BYTES;
		header = header < row->frame_bytes ? header : row->frame_bytes;
		mutants_start(&m, row->frame, row->frame_bytes, header);
		while (mutants_next(&m)) {
			lay(lab.frame[laid++], m.mutant, m.mutant_bytes, row->frame,
			    row->frame_bytes);
			if (laid < count)
				continue;
			compare(&s, count, row->name);
			count = next_count();
			laid = 0;
		}
		if (laid)
			compare(&s, laid, row->name);
		mutants_stop(&m);
	}
	print_message("# %u rows, %u of %u frames found\n", shapes, lab.found, lab.compared);
	assert_true(shapes > 50 && lab.found > 20 * shapes);
}

// Learns all shapes of the table, each once. Returns how many.
static uint32_t learn_all(struct shape *shapes, const char **names)
{
	uint32_t count = 0, i, k;

	for (i = 0; i < packet_row_count; i++) {
		struct shape *s = &shapes[count];

		if (!learn_row(s, &packet_rows[i]))
			continue;
		for (k = 0; k < count && !is_same(&shapes[k], s); k++)
			;
		if (k < count)
			continue;
		assert_true(count + 1 < MAX_SHAPES);
		names[count++] = packet_rows[i].name;
	}
	return count;
}

static void every_row_is_compared_with_every_shape(void **state)
{
	static struct shape shapes[MAX_SHAPES];
	static const char *names[MAX_SHAPES];
	uint32_t count = learn_all(shapes, names), i, k, laid;

	(void)state;
	lab.found = lab.compared = 0;
	for (i = 0; i < packet_row_count; i += laid) {
		uint32_t want = next_count();

		for (laid = 0; laid < want && i + laid < packet_row_count; laid++)
			lay(lab.frame[laid], packet_rows[i + laid].frame,
			    packet_rows[i + laid].frame_bytes, NULL, 0);
		for (k = 0; k < count; k++)
			compare(&shapes[k], laid, names[k]);
	}
	print_message("# %u shapes, %u of %u frames found\n", count, lab.found, lab.compared);
	assert_true(count >= 8 && lab.found > count);
}

static struct burst burst;

// Lets a burst be read, and looks whether every frame is in its place. Returns how many are
// settled.
static uint32_t read_burst(struct reader *r, uint32_t count)
{
	uint64_t want[QUICK_COUNT] = {0};
	uint32_t i, place = 0, kind, settled = 0;
	bool is_barren = r->barren;
	uint64_t bytes = 0;

	memcpy(burst.rx, lab.frame, sizeof(burst.rx));
	burst_read(&burst, r, count);
	for (i = 0; i < count; i++) {
		kind = is_barren ? QUICK_NONE : kind_of(lab.frame[i]);
		want[kind] += burst_sum(1, lab.frame[i]->pkt_len);
		bytes += lab.frame[i]->pkt_len;
		if (kind == QUICK_NONE) {
			assert_true(place < burst.rest_count);
			assert_int_equal(burst.rest[place++], i);
		}
	}
	assert_int_equal(burst.rest_count, place);
	assert_int_equal(burst.bytes, bytes);
	for (kind = 0; kind < QUICK_NONE; kind++) {
		assert_true(burst.settled[kind] == want[kind]);
		settled += (uint32_t)want[kind];
	}
	return settled;
}

// Rows that the quick test settles, or does not, at random from one place on.
static const struct packet_row *random_row(bool is_settled)
{
	uint32_t at = random_below((uint32_t)packet_row_count);

	for (;; at = (at + 1) % (uint32_t)packet_row_count) {
		const struct packet_row *row = &packet_rows[at];
		uint32_t readable =
			row->frame_bytes < WINDOW_BYTES ? row->frame_bytes : WINDOW_BYTES;
		bool is = readable >= QUICK_MIN_BYTES &&
			  quick_kind_of((const struct window *)row->frame, readable,
					row->frame_bytes) != QUICK_NONE;

		if (is == is_settled)
			return row;
	}
}

static void lay_row(uint32_t i, const struct packet_row *row)
{
	lay(lab.frame[i], row->frame, row->frame_bytes, NULL, 0);
}

static uint32_t known_count(const struct reader *r)
{
	uint32_t i, count = 0;

	for (i = 0; i < READER_SHAPES; i++)
		count += r->shape[i].is_set;
	return count;
}

// Most of the frames look alike, as on a real port, for some bursts on end.
static void every_frame_of_a_burst_is_counted_once(void **state)
{
	struct reader with = {.has_shapes = shape_is_available()}, without = {0};
	const struct packet_row *usual[2] = {NULL};
	uint32_t i, k, count, learnt = 0, settled = 0;

	(void)state;
	for (i = 0; i < BURSTS; i++) {
		uint32_t others = i % 16 < 8 ? 8 : 2;

		if (i % ALIKE_BURSTS == 0) {
			usual[0] = random_row(random_below(16) != 0);
			usual[1] = random_below(2) ? usual[0] : random_row(true);
		}
		count = i % 3 ? random_below(WORKER_BURST) + 1 : WORKER_BURST;
		for (k = 0; k < count; k++)
			lay_row(k, random_below(others) ? usual[random_below(2)]
							: random_row(random_below(2)));
		settled += read_burst(&with, count);
		learnt += known_count(&with) > 0;
		read_burst(&without, count);
		assert_int_equal(with.barren, without.barren);
		assert_int_equal(known_count(&without), 0);
	}
	print_message("# %u bursts, a shape was known in %u, %u frames settled\n", BURSTS, learnt,
		      settled);
	assert_true(settled > BURSTS);
	assert_true(!with.has_shapes || learnt > BURSTS / 64);
}

// The row of that name.
static const struct packet_row *row_named(const char *name)
{
	uint32_t i;

	for (i = 0; i < packet_row_count; i++) {
		if (!strcmp(packet_rows[i].name, name))
			return &packet_rows[i];
	}
	fail_msg("there is no row %s", name);
	return NULL;
}

// All in one buffer.
static void lay_whole(uint32_t i, const struct packet_row *row)
{
	lay_row(i, row);
	lab.frame[i]->data_len = (uint16_t)row->frame_bytes;
}

static void lay_all(const char *name)
{
	const struct packet_row *row = row_named(name);
	uint32_t i;

	for (i = 0; i < WORKER_BURST; i++)
		lay_whole(i, row);
}

#define PLAIN4 "pass_submission_587_from_dynamic_pool_v4"
#define PLAIN6 "pass_submission_587_from_dynamic_pool_v6"
#define FLOOD "block_direct_smtp_from_dynamic_pool_v4"
#define BEHIND_OPTIONS "pass_587_behind_two_options_of_8_octets"
#define BEHIND_LONG_OPTIONS "pass_587_behind_options_of_16_octets"

static void a_flood_is_not_read_twice_and_ends(void **state)
{
	struct reader r = {.has_shapes = shape_is_available()};
	uint32_t i;

	(void)state;
	lay_all(FLOOD);
	assert_int_equal(read_burst(&r, 1), 0);
	lay_all(PLAIN4);
	assert_int_equal(read_burst(&r, WORKER_BURST), WORKER_BURST); // one frame is no flood
	lay_all(FLOOD);
	assert_int_equal(read_burst(&r, WORKER_BURST), 0);
	lay_all(PLAIN4);
	assert_int_equal(read_burst(&r, WORKER_BURST), 0);
	for (i = 0; i < MANY_BURSTS && !read_burst(&r, WORKER_BURST); i++)
		;
	assert_true(i < MANY_BURSTS);
	assert_int_equal(read_burst(&r, WORKER_BURST), WORKER_BURST);
}

static void shapes_are_learnt_and_forgotten(void **state)
{
	struct reader r = {.has_shapes = true};
	uint32_t i;

	(void)state;
	lay_all(PLAIN4);
	read_burst(&r, WORKER_BURST);
	assert_int_equal(known_count(&r), 1);
	assert_int_equal(r.shape[r.first].kind, QUICK_IP4_TCP);
	lay_all(PLAIN6);
	for (i = 0; i < 2; i++)
		assert_int_equal(read_burst(&r, WORKER_BURST), WORKER_BURST);
	assert_int_equal(known_count(&r), 1);
	assert_int_equal(r.shape[r.first].kind, QUICK_IP6_TCP);
	// With options in front it is another shape, which fits those without, too.
	lay_all(BEHIND_OPTIONS);
	for (i = 0; i < 2; i++)
		assert_int_equal(read_burst(&r, WORKER_BURST), WORKER_BURST);
	assert_true(r.shape[r.first].is_set && r.shape[r.first].has_options);
	lay_all(PLAIN6);
	assert_int_equal(read_burst(&r, WORKER_BURST), WORKER_BURST);
	assert_true(r.shape[r.first].is_set && r.shape[r.first].has_options);
	assert_int_equal(known_count(&r), 1);
	// Nothing can be learnt from these, but what is known is forgotten; then it is learnt anew.
	lay_all(BEHIND_LONG_OPTIONS);
	assert_int_equal(read_burst(&r, WORKER_BURST), WORKER_BURST);
	assert_int_equal(known_count(&r), 0);
	lay_all(PLAIN4);
	for (i = 0; i < MANY_BURSTS && !known_count(&r); i++)
		assert_int_equal(read_burst(&r, WORKER_BURST), WORKER_BURST);
	assert_true(i > 1 && i < MANY_BURSTS);
}

// A trunk: several encapsulations, and more of them than a reader has places for.
static void a_port_has_shapes_for_its_encapsulations(void **state)
{
	static const char *const rows[] = {
		PLAIN4, "pass_ip4_in_pppoe_in_qinq", "pass_ip4_in_pppoe_in_2_c_tags",
		"pass_ip6_in_pppoe_in_qinq", "pass_587_in_tag_with_vid_0"};
	const struct packet_row *row[RTE_DIM(rows)];
	struct reader r = {.has_shapes = true};
	uint32_t kinds, turn, i;

	(void)state;
	for (i = 0; i < RTE_DIM(rows); i++)
		row[i] = row_named(rows[i]);
	for (kinds = 1; kinds <= RTE_DIM(rows); kinds++) {
		for (turn = 0; turn < 8; turn++) {
			for (i = 0; i < WORKER_BURST; i++)
				lay_whole(i, row[i % kinds]);
			assert_int_equal(read_burst(&r, WORKER_BURST), WORKER_BURST);
		}
		assert_int_equal(known_count(&r), RTE_MIN(kinds, READER_SHAPES));
	}
}

int main(void)
{
	const struct CMUnitTest shape_tests[] = {
		cmocka_unit_test(mutants_of_a_row_are_compared_as_the_quick_test_says),
		cmocka_unit_test(every_row_is_compared_with_every_shape),
		cmocka_unit_test(every_frame_of_a_burst_is_counted_once),
		cmocka_unit_test(a_flood_is_not_read_twice_and_ends),
		cmocka_unit_test(shapes_are_learnt_and_forgotten),
		cmocka_unit_test(a_port_has_shapes_for_its_encapsulations),
	};
	const struct CMUnitTest plain_tests[] = {
		cmocka_unit_test(every_frame_of_a_burst_is_counted_once),
		cmocka_unit_test(a_flood_is_not_read_twice_and_ends),
	};

	if (shape_is_available())
		return cmocka_run_group_tests(shape_tests, start, stop);
	printf("# This CPU has no AVX2: frames are read one by one, and shapes are not "
	       "tested.\n");
	return cmocka_run_group_tests(plain_tests, start, stop);
}
