// SPDX-License-Identifier: BSD-3-Clause
//
// Taking policies into force: what is refused and that nothing changes then, what happens to
// subscriber slots, and that nothing is lost over many generations or while a worker runs.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "dataplane/core/image_check.h"
#include "dp_rings.h"
#include "frame_build.h"
#include "image_build.h"
#include <rte_malloc.h>

#define SLOTS 4096u
#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define MANY_PUBLISHES 1000u
#define MANY_HOSTS 400000u // prefixes that share little and lie deep

// Pool "flets" with action on every destination, and what prefixes are given (NULL: none).
static void *make_image_of(uint64_t generation, uint8_t action, const char *prefix4,
			   const char *prefix6, size_t *bytes)
{
	struct image_build *b = image_build_start();
	uint32_t pool = image_build_class(b, "flets", "block");
	void *image;

	image_build_clause(b, pool, (struct op25b_clause){.sets = OP25B_ANY_SET, .action = action});
	if (prefix4)
		image_build_prefix(b, prefix4, pool, 0, 32);
	if (prefix6)
		image_build_prefix(b, prefix6, pool, 0, 56);
	image = image_build_finish(b, generation, bytes);
	image_build_free(b);
	return image;
}

static void *make_image(uint64_t generation, uint8_t action, size_t *bytes)
{
	return make_image_of(generation, action, "198.51.100.0/24", "2001:db8:1000::/48", bytes);
}

static enum op25b_outcome publish(uint64_t generation, uint8_t action)
{
	size_t bytes;
	void *image = make_image(generation, action, &bytes);
	enum op25b_outcome outcome = dp_rings_publish(image, bytes).outcome;

	free(image);
	return outcome;
}

static int start(void **state)
{
	struct dp_rings_config c = {.slots = SLOTS};

	(void)state;
	dp_rings_start(&c);
	assert_int_equal(publish(10, ACTION_DROP), OUTCOME_APPLIED);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	dp_rings_stop();
	return 0;
}

// A frame to port 25 from 198.51.100.<host>: whether it leaves.
static bool passes(uint8_t host)
{
	uint8_t got[256];
	struct frame f;
	char src[32];

	snprintf(src, sizeof(src), "198.51.100.%u", host);
	frame_start(&f);
	frame_tcp(&f, 1024, 25, 0x02);
	frame_ip4(&f, src, "192.0.2.1", 6, 0, 0);
	frame_eth(&f, 0x0800);
	dp_rings_send(SIDE_SUBSCRIBER, f.bytes_be, (uint32_t)f.bytes);
	assert_int_equal(dp_rings_turn(), 1);
	return dp_rings_receive(SIDE_NETWORK, got, sizeof(got)) > 0;
}

// Nothing of the policy in force has changed.
static void expect_untouched(void)
{
	const struct op25b_stats_hdr *hdr = dp_rings_stats_header();

	assert_false(passes(1));
	assert_int_equal(hdr->generation, 10);
	assert_int_equal(dp_rings_counters()->generation, 10);
	assert_int_equal(hdr->pool_count, 2);
	assert_int_equal(atomic_load(&dp_rings_publisher()->current)->generation, 10);
}

static void puts_the_next_generation_into_force(void **state)
{
	(void)state;
	assert_false(passes(1));
	assert_int_equal(publish(11, ACTION_PERMIT), OUTCOME_APPLIED);
	assert_true(passes(1));
	assert_int_equal(dp_rings_stats_header()->generation, 11);
	assert_int_equal(dp_rings_stats_header()->image_checksum,
			 atomic_load(&dp_rings_publisher()->current)->checksum);
}

static void refuses_what_is_not_sealed_against_all_change(void **state)
{
	static const int seals[] = {
		0,
		ALL_SEALS & ~F_SEAL_WRITE,
		ALL_SEALS & ~F_SEAL_GROW,
		ALL_SEALS & ~F_SEAL_SHRINK,
		ALL_SEALS & ~F_SEAL_SEAL,
	};
	size_t bytes, i;
	void *image = make_image(11, ACTION_PERMIT, &bytes);
	int fd;

	(void)state;
	for (i = 0; i < sizeof(seals) / sizeof(seals[0]); i++) {
		fd = dp_rings_memfd(image, bytes, seals[i]);
		assert_int_equal(publish_offer(dp_rings_publisher(), fd).outcome,
				 OUTCOME_NOT_SEALED);
		close(fd);
	}
	fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	assert_int_equal(publish_offer(dp_rings_publisher(), fd).outcome, OUTCOME_NOT_SEALED);
	close(fd);
	assert_int_equal(publish_offer(dp_rings_publisher(), -1).outcome, OUTCOME_NOT_SEALED);
	expect_untouched();
	free(image);
}

static void refuses_truncated_images(void **state)
{
	size_t bytes, n;
	void *image = make_image(11, ACTION_PERMIT, &bytes);

	(void)state;
	for (n = 0; n < bytes; n += n < 300 ? 1 : 41)
		assert_int_equal(dp_rings_publish(image, n).outcome, OUTCOME_BAD_IMAGE);
	expect_untouched();
	free(image);
}

static void refuses_flipped_bytes(void **state)
{
	struct publish_answer answer;
	size_t bytes, n;
	uint8_t *image = make_image(11, ACTION_PERMIT, &bytes);

	(void)state;
	for (n = 0; n < bytes; n += n < 300 ? 1 : 13) {
		if (n >= offsetof(struct op25b_image_hdr, generation) &&
		    n < offsetof(struct op25b_image_hdr, generation) + 8)
			continue; // any number is a generation
		image[n] ^= 0x40;
		answer = dp_rings_publish(image, bytes);
		assert_int_equal(answer.outcome, OUTCOME_BAD_IMAGE);
		assert_true(answer.detail[0] != IMAGE_OK && answer.detail[0] < IMAGE_FAULT_COUNT);
		image[n] ^= 0x40;
	}
	expect_untouched();
	free(image);
}

static void refuses_old_generations(void **state)
{
	(void)state;
	assert_int_equal(publish(10, ACTION_PERMIT), OUTCOME_OLD_GENERATION);
	assert_int_equal(publish(1, ACTION_PERMIT), OUTCOME_OLD_GENERATION);
	expect_untouched();
}

static void refuses_more_slots_than_the_box_has(void **state)
{
	struct image_build *b = image_build_start();
	uint32_t pool = image_build_class(b, "large", "block");
	struct publish_answer answer;
	size_t bytes;
	void *image;

	(void)state;
	image_build_prefix(b, "10.0.0.0/19", pool, 0, 32);
	image = image_build_finish(b, 11, &bytes);
	image_build_free(b);
	answer = dp_rings_publish(image, bytes);
	assert_int_equal(answer.outcome, OUTCOME_TOO_MANY_SLOTS);
	assert_int_equal(answer.detail[0], 8192);
	assert_int_equal(answer.detail[1], SLOTS);
	expect_untouched();
	free(image);
}

// Names are kept for ever, so that counters keep their meaning: 511 besides "no pool".
static void refuses_more_pool_names_than_counters(void **state)
{
	struct publish_answer answer = {.outcome = OUTCOME_APPLIED};
	uint64_t generation;
	char name[32];

	(void)state;
	for (generation = 11; generation < 30 && answer.outcome == OUTCOME_APPLIED; generation++) {
		struct image_build *b = image_build_start();
		uint32_t i;
		size_t bytes;
		void *image;

		for (i = 0; i < 100; i++) {
			snprintf(name, sizeof(name), "pool%u-%u", (uint32_t)generation, i);
			image_build_class(b, name, "");
		}
		image = image_build_finish(b, generation, &bytes);
		image_build_free(b);
		answer = dp_rings_publish(image, bytes);
		free(image);
	}
	assert_int_equal(answer.outcome, OUTCOME_TOO_MANY_POOLS);
	assert_int_equal(generation, 17); // 1 + 1 + 5 * 100 names fit, the sixth hundred does not
	assert_int_equal(dp_rings_stats_header()->pool_count, 502);
	assert_int_equal(dp_rings_stats_header()->generation, 15);
	assert_string_equal(dp_rings_stats_header()->pool_name[1], "flets");
}

// More address space than memory.mib holds: refused with the figures, and the old one stays.
static void refuses_tables_that_do_not_fit(void **state)
{
	struct image_build *b = image_build_start();
	uint32_t pool = image_build_class(b, "flets", "block"), i;
	struct publish_answer answer;
	char prefix[64];
	size_t bytes;
	void *image;

	(void)state;
	for (i = 0; i < MANY_HOSTS; i++) {
		uint32_t low = i & 0xffff;

		snprintf(prefix, sizeof(prefix), "2001:%x:%x:%x:%x:%x:%x:%x/128", low,
			 low * 7919 & 0xffff, i >> 16, low, low * 31 & 0xffff, low, low);
		image_build_prefix(b, prefix, pool, 0, 0);
	}
	image = image_build_finish(b, 11, &bytes);
	image_build_free(b);
	answer = dp_rings_publish(image, bytes);
	assert_int_equal(answer.outcome, OUTCOME_NO_MEMORY);
	assert_int_equal(answer.detail[0], 0);
	assert_int_equal(answer.detail[1], MANY_HOSTS);
	expect_untouched();
	free(image);
	assert_int_equal(publish(11, ACTION_PERMIT), OUTCOME_APPLIED);
}

// A worker that never comes to rest: said so, nothing is freed under it, later offers wait.
static void tells_of_a_stuck_worker(void **state)
{
	struct publish *p = dp_rings_publisher();

	(void)state;
	p->deadline_ms = 50;
	rte_rcu_qsbr_thread_register(p->qsbr, 0);
	rte_rcu_qsbr_thread_online(p->qsbr, 0);
	assert_int_equal(publish(11, ACTION_PERMIT), OUTCOME_WORKER_STUCK);
	assert_true(passes(1)); // in force in whoever takes it up
	assert_non_null(p->retired);
	assert_int_equal(dp_rings_stats_header()->generation, 10);
	assert_int_equal(publish(12, ACTION_DROP), OUTCOME_BUSY);
	rte_rcu_qsbr_quiescent(p->qsbr, 0);
	publish_turn(p);
	assert_null(p->retired);
	assert_int_equal(dp_rings_stats_header()->generation, 11);
	rte_rcu_qsbr_thread_offline(p->qsbr, 0);
	rte_rcu_qsbr_thread_unregister(p->qsbr, 0);
	assert_int_equal(publish(12, ACTION_DROP), OUTCOME_APPLIED);
}

static struct op25b_image_hdr *make_layout(uint64_t generation, const char *const *prefixes,
					   uint32_t skip, uint32_t slots[3], size_t *bytes)
{
	struct image_build *b = image_build_start();
	uint32_t pool = image_build_class(b, "flets", "block"), i;
	void *image;

	image_build_skip_slots(b, skip);
	for (i = 0; prefixes[i]; i++)
		slots[i] = image_build_prefix(b, prefixes[i], pool, 0,
					      strchr(prefixes[i], ':') ? 56 : 32);
	image = image_build_finish(b, generation, bytes);
	image_build_free(b);
	return image;
}

static enum op25b_outcome publish_layout(uint64_t generation, const char *const *prefixes,
					 uint32_t skip, uint32_t slots[3])
{
	size_t bytes;
	void *image = make_layout(generation, prefixes, skip, slots, &bytes);
	enum op25b_outcome outcome;

	outcome = dp_rings_publish(image, bytes).outcome;
	free(image);
	return outcome;
}

static void zeroes_slots_that_change_hands_and_no_others(void **state)
{
	static const char *const before[] = {"10.0.0.0/24", "10.0.1.0/24", "2001:db8::/48", NULL};
	static const char *const after[] = {"10.0.0.0/24", "10.0.9.0/24", "2001:db8::/48", NULL};
	uint64_t *slots = dp_rings_slots();
	uint32_t old_slot[3], slot[3], i;

	(void)state;
	assert_int_equal(publish_layout(11, before, 0, old_slot), OUTCOME_APPLIED);
	for (i = 0; i < SLOTS; i++)
		slots[i] = 1000 + i;
	assert_int_equal(publish_layout(12, after, 0, slot), OUTCOME_APPLIED);
	for (i = 0; i < SLOTS; i++)
		assert_int_equal(slots[i], i >= slot[1] && i < slot[1] + 256 ? 0 : 1000 + i);
	// The same prefixes with other slots: every one of them has a new owner.
	for (i = 0; i < SLOTS; i++)
		slots[i] = 1000 + i;
	assert_int_equal(publish_layout(13, after, 2048, slot), OUTCOME_APPLIED);
	for (i = 0; i < SLOTS; i++)
		assert_int_equal(slots[i], i >= slot[0] && i < slot[0] + 768 ? 0 : 1000 + i);
	// A refused policy touches none.
	slots[slot[0]] = 77;
	assert_int_equal(publish_layout(13, before, 0, slot), OUTCOME_OLD_GENERATION);
	assert_int_equal(slots[2048], 77);
}

// The guard got the policy alone, while this process hung: its loader cleared the slots then, and
// what is in them now is the new owners'.
static void leaves_slots_that_the_guard_has_handed_over(void **state)
{
	static const char *const before[] = {"10.0.0.0/24", NULL}, *const after[] = {"10.0.9.0/24",
										     NULL};
	struct op25b_guard_control guard = {.active = 12 * 2};
	uint64_t *slots = dp_rings_slots();
	struct op25b_image_hdr *image;
	uint32_t slot[3];
	size_t bytes;

	(void)state;
	assert_int_equal(publish_layout(11, before, 0, slot), OUTCOME_APPLIED);
	image = make_layout(12, after, 0, slot, &bytes);
	guard.image_checksum = image->checksum;
	dp_rings_publisher()->guard = &guard;
	slots[slot[0] + 5] = 77;
	assert_int_equal(dp_rings_publish(image, bytes).outcome, OUTCOME_APPLIED);
	assert_int_equal(slots[slot[0] + 5], 77);
	// Back, as op25bd does when the guard fails: the guard has had no part in it.
	assert_int_equal(publish_layout(13, before, 0, slot), OUTCOME_APPLIED);
	assert_int_equal(slots[slot[0] + 5], 0);
	free(image);
}

static uint32_t open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	uint32_t count = 0;

	while (readdir(d))
		count++;
	closedir(d);
	return count;
}

// Tables of either family cost tens of MiB each to make: not every generation has them.
static void loses_nothing_over_many_generations(void **state)
{
	struct rte_malloc_socket_stats before, after;
	uint32_t fds = open_fds(), i;
	size_t bytes;

	(void)state;
	rte_malloc_get_socket_stats(0, &before);
	for (i = 0; i < MANY_PUBLISHES; i++) {
		void *image = make_image_of(11 + i, i % 2 ? ACTION_PERMIT : ACTION_DROP,
					    i % 4 == 3 ? "198.51.100.0/24" : NULL,
					    i % 8 == 7 ? "2001:db8:1000::/48" : NULL, &bytes);

		assert_int_equal(dp_rings_publish(image, bytes).outcome, OUTCOME_APPLIED);
		assert_int_equal(dp_rings_publish(image, bytes).outcome, OUTCOME_OLD_GENERATION);
		free(image);
	}
	rte_malloc_get_socket_stats(0, &after);
	assert_int_equal(after.alloc_count, before.alloc_count);
	assert_int_equal(after.heap_allocsz_bytes, before.heap_allocsz_bytes);
	assert_int_equal(open_fds(), fds);
	assert_true(passes(1));
}

// The real loop on its own core, with traffic, while policies change: every frame is judged by one
// of them, and every change is taken up in time.
static void changes_policy_under_a_running_worker(void **state)
{
	uint64_t judged, generation;
	uint32_t i, sent = 0;
	uint8_t got[256];
	struct frame f;

	(void)state;
	frame_start(&f);
	frame_tcp(&f, 1024, 25, 0x02);
	frame_ip4(&f, "198.51.100.1", "192.0.2.1", 6, 0, 0);
	frame_eth(&f, 0x0800);
	dp_rings_run();
	while (dp_rings_counters()->generation == 0) // its loop has not begun
		usleep(100);
	for (generation = 11; generation < 60; generation++) {
		for (i = 0; i < 200; i++, sent++)
			dp_rings_send(SIDE_SUBSCRIBER, f.bytes_be, (uint32_t)f.bytes);
		assert_int_equal(publish(generation, generation % 2 ? ACTION_PERMIT : ACTION_DROP),
				 OUTCOME_APPLIED);
		// The worker has let go of the old tables; that it took up the new ones it says at
		// the beginning of its next turn.
		while (dp_rings_counters()->generation == generation - 1)
			usleep(100);
		assert_int_equal(dp_rings_counters()->generation, generation);
		while (dp_rings_receive(SIDE_NETWORK, got, sizeof(got)))
			;
	}
	dp_rings_halt();
	judged = dp_rings_reason_count(REASON_PASS_PERMIT) +
		 dp_rings_reason_count(REASON_DROP_BLOCKED);
	assert_int_equal(judged, sent);
	assert_int_equal(dp_rings_counters()->port[SIDE_SUBSCRIBER].rx_packets, sent);
	assert_true(dp_rings_reason_count(REASON_PASS_PERMIT) > 0);
	assert_true(dp_rings_reason_count(REASON_DROP_BLOCKED) > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(puts_the_next_generation_into_force),
		TEST(refuses_what_is_not_sealed_against_all_change),
		TEST(refuses_truncated_images),
		TEST(refuses_flipped_bytes),
		TEST(refuses_old_generations),
		TEST(refuses_more_slots_than_the_box_has),
		TEST(refuses_more_pool_names_than_counters),
		TEST(refuses_tables_that_do_not_fit),
		TEST(tells_of_a_stuck_worker),
		TEST(zeroes_slots_that_change_hands_and_no_others),
		TEST(leaves_slots_that_the_guard_has_handed_over),
		TEST(loses_nothing_over_many_generations),
		TEST(changes_policy_under_a_running_worker),
	};

	return cmocka_run_group_tests_name("dp_publish", tests, NULL, NULL);
}
