// SPDX-License-Identifier: BSD-3-Clause
//
// Two workers in threads of their own: what each serves, what they write without getting in each
// other's way, and a limit that is exact although one subscriber's connections meet both of them at
// once.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "dp_rings.h"
#include "frame_build.h"
#include "image_build.h"

#define WORKERS 2u
#define QUEUE_FRAMES 1000u           // by round and queue
#define ROUNDS 40u                   // each with subscribers that nobody has met
#define INTERVAL_NS (1ull << 40)     // a quarter of an hour: nothing is given back during a round
#define SUBSCRIBERS_BASE 0x64400000u // 100.64.0.0/16
#define SOURCE_AT 26u                // of the address in a frame
#define PATIENCE_US 20000000u        // for a broken run

static struct op25b_guard_control guard;
static struct op25b_guard_beat beats[WORKERS];

static const struct dp_rings_config two_workers = {
	.worker_count = WORKERS, .slots = 65536, .guard = &guard, .heartbeat = beats};

// A pool of subscribers with so many connections each, then drops.
static void publish_limit(uint32_t most)
{
	struct image_build *b = image_build_start();
	uint32_t class_id = image_build_class(b, "pool", "limit");
	size_t bytes;
	void *image;

	// Half an interval more, as the workers' clocks differ by some microseconds.
	image_build_clause(
		b, class_id,
		(struct op25b_clause){.sets = OP25B_ANY_SET,
				      .action = ACTION_LIMIT,
				      .interval_ns = INTERVAL_NS,
				      .tolerance_ns = (most - 1) * INTERVAL_NS + INTERVAL_NS / 2,
				      .over = ACTION_DROP});
	image_build_prefix(b, "100.64.0.0/16", class_id, 0, 32);
	image = image_build_finish(b, 1, &bytes);
	assert_int_equal(dp_rings_publish(image, bytes).outcome, OUTCOME_APPLIED);
	image_build_free(b);
	free(image);
}

static void start(uint32_t most)
{
	guard = (struct op25b_guard_control){.active = 0};
	dp_rings_start(&two_workers);
	publish_limit(most);
}

static int stop(void **state)
{
	(void)state;
	dp_rings_stop();
	return 0;
}

static void make_syn(struct frame *f, uint32_t subscriber)
{
	uint32_t addr = __builtin_bswap32(SUBSCRIBERS_BASE + subscriber);

	frame_start(f);
	frame_tcp(f, 40000, 25, TCP_FLAG_SYN);
	frame_ip4(f, "100.64.0.0", "192.0.2.1", PROTO_TCP, 0, 0);
	frame_eth(f, ETH_TYPE_IP4);
	memcpy(f->bytes_be + SOURCE_AT, &addr, sizeof(addr));
}

static uint64_t worker_received(uint32_t queue)
{
	return __atomic_load_n(&dp_rings_worker_at(queue)->block->port[SIDE_SUBSCRIBER].rx_packets,
			       __ATOMIC_RELAXED);
}

static bool all_hold(uint64_t unused)
{
	(void)unused;
	return !__atomic_load_n(&beats[0].turn_ns, __ATOMIC_RELAXED) &&
	       !__atomic_load_n(&beats[1].turn_ns, __ATOMIC_RELAXED);
}

static bool all_received(uint64_t each)
{
	return worker_received(0) == each && worker_received(1) == each;
}

static void wait_until(bool (*is_so)(uint64_t), uint64_t figure)
{
	uint32_t us;

	for (us = 0; !is_so(figure); us += 20) {
		assert_true(us < PATIENCE_US);
		usleep(20);
	}
}

// Workers leave frames alone as long as the guard has a newer policy than they: so both begin at
// one moment, with their queues full.
static void hold(bool is_held)
{
	__atomic_store_n(&guard.active, is_held ? UINT64_MAX : 0, __ATOMIC_RELEASE);
	if (is_held)
		wait_until(all_hold, 0);
}

// Both queues get QUEUE_FRAMES attempts of these subscribers in turn, in the same order. Counts in
// passed[] what is let through of each.
static void race(uint32_t first, uint32_t count, uint32_t *passed)
{
	static uint8_t got[2048];
	uint64_t before = worker_received(0);
	uint32_t i, queue, addr;
	struct frame f;

	hold(true);
	for (i = 0; i < QUEUE_FRAMES; i++) {
		make_syn(&f, first + i % count);
		for (queue = 0; queue < WORKERS; queue++)
			dp_rings_send_queue(SIDE_SUBSCRIBER, queue, f.bytes_be, (uint32_t)f.bytes);
	}
	hold(false);
	wait_until(all_received, before + QUEUE_FRAMES);
	hold(true);
	memset(passed, 0, count * sizeof(*passed));
	while (dp_rings_receive(SIDE_NETWORK, got, sizeof(got))) {
		memcpy(&addr, got + SOURCE_AT, sizeof(addr));
		i = __builtin_bswap32(addr) - SUBSCRIBERS_BASE - first;
		assert_true(i < count);
		passed[i]++;
	}
}

// Rounds of `count` subscribers, of whose attempts exactly `most` pass.
static void assert_exact(uint32_t count, uint32_t most)
{
	uint32_t passed[QUEUE_FRAMES], round, i;
	uint64_t within, over, busy;

	start(most);
	dp_rings_run();
	for (round = 0; round < ROUNDS; round++) {
		race(round * count, count, passed);
		for (i = 0; i < count; i++)
			assert_int_equal(passed[i], most);
	}
	dp_rings_halt();
	within = dp_rings_reason_count(REASON_PASS_WITHIN_LIMIT);
	over = dp_rings_reason_count(REASON_DROP_LIMIT_OVER);
	busy = dp_rings_reason_count(REASON_DROP_LIMIT_BUSY);
	print_message("%u subscribers a round: %lu within, %lu over, %lu busy\n", count, within,
		      over, busy);
	assert_int_equal(within, ROUNDS * count * most);
	assert_int_equal(within + over + busy, ROUNDS * WORKERS * QUEUE_FRAMES);
}

static void one_subscriber_at_both_workers_gets_exactly_its_limit(void **state)
{
	(void)state;
	assert_exact(1, 500);
}

static void a_hundred_subscribers_at_both_workers_get_exactly_theirs(void **state)
{
	(void)state;
	assert_exact(100, 8);
}

static void each_worker_serves_its_own_queue(void **state)
{
	uint8_t got[2048];
	uint32_t i, count = 0;
	struct frame f;

	(void)state;
	start(100);
	for (i = 0; i < 10; i++) {
		make_syn(&f, i);
		dp_rings_send_queue(SIDE_SUBSCRIBER, i < 3 ? 0 : 1, f.bytes_be, (uint32_t)f.bytes);
	}
	assert_int_equal(dp_rings_turn(), 10);
	assert_int_equal(worker_received(0), 3);
	assert_int_equal(worker_received(1), 7);
	for (i = 0; i < WORKERS; i++)
		assert_int_equal(dp_rings_worker_at(i)->block->port[SIDE_NETWORK].tx_packets,
				 worker_received(i));
	while (dp_rings_receive(SIDE_NETWORK, got, sizeof(got)))
		count++;
	assert_int_equal(count, 10);
	assert_true(beats[0].turn_ns > 0 && beats[1].turn_ns > 0);
}

static void assert_apart(const volatile void *one, const volatile void *other)
{
	assert_int_equal((uintptr_t)one % WORKER_ALIGN_BYTES, 0);
	assert_int_equal((uintptr_t)other % WORKER_ALIGN_BYTES, 0);
	assert_true(one != other);
}

// Each begins at a boundary and has a size that ends at one, or is followed by memory of malloc.
static void no_cache_line_is_written_by_two(void **state)
{
	const struct worker *one, *other;

	(void)state;
	start(1);
	one = dp_rings_worker_at(0);
	other = dp_rings_worker_at(1);
	assert_apart(one, other);
	assert_apart(one->burst, other->burst);
	assert_apart(one->block, other->block);
	assert_int_equal(sizeof(*one) % WORKER_ALIGN_BYTES, 0);
	assert_int_equal(sizeof(*one->block) % WORKER_ALIGN_BYTES, 0);
	assert_int_equal(sizeof(struct op25b_guard_beat) % WORKER_ALIGN_BYTES, 0);
	assert_int_equal((const volatile char *)other->heartbeat -
				 (const volatile char *)one->heartbeat,
			 sizeof(struct op25b_guard_beat));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(each_worker_serves_its_own_queue, stop),
		cmocka_unit_test_teardown(no_cache_line_is_written_by_two, stop),
		cmocka_unit_test_teardown(one_subscriber_at_both_workers_gets_exactly_its_limit,
					  stop),
		cmocka_unit_test_teardown(a_hundred_subscribers_at_both_workers_get_exactly_theirs,
					  stop),
	};

	return cmocka_run_group_tests_name("dp workers", tests, NULL, NULL);
}
