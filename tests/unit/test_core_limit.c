// SPDX-License-Identifier: BSD-3-Clause
//
// The connection limit (core/limit.h): GCRA, hold, and several threads on one slot.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <pthread.h>

#include "dataplane/core/limit.h"

#define START_NS 5000000000000ull
#define INTERVAL_NS 1000000000ull
#define BURST 10u
#define HOLD_NS 60000000000ull

static const struct limit_profile without_hold = {INTERVAL_NS, (BURST - 1) * INTERVAL_NS, 0};
static const struct limit_profile with_hold = {INTERVAL_NS, (BURST - 1) * INTERVAL_NS, HOLD_NS};

static uint32_t charge_times(uint64_t *slot, const struct limit_profile *p, uint64_t now_ns,
			     uint32_t times)
{
	uint32_t i, within = 0;

	for (i = 0; i < times; i++)
		within += limit_charge(slot, p, now_ns) == LIMIT_WITHIN;
	return within;
}

static void burst_passes_then_one_per_interval(void **state)
{
	uint64_t slot = 0, now_ns = START_NS;
	uint32_t i;

	(void)state;
	assert_int_equal(charge_times(&slot, &without_hold, now_ns, 100), BURST);
	assert_int_equal(limit_charge(&slot, &without_hold, now_ns + INTERVAL_NS - 1), LIMIT_OVER);
	for (i = 0; i < 1000; i++) {
		now_ns += INTERVAL_NS;
		assert_int_equal(charge_times(&slot, &without_hold, now_ns, 3), 1);
	}
}

static void silence_gives_back_the_burst_and_no_more(void **state)
{
	uint64_t slot = 0;

	(void)state;
	assert_int_equal(charge_times(&slot, &without_hold, START_NS, 100), BURST);
	// Four intervals of silence are worth four connections, a year no more than the burst.
	assert_int_equal(charge_times(&slot, &without_hold, START_NS + 4 * INTERVAL_NS, 100), 4);
	assert_int_equal(charge_times(&slot, &without_hold, START_NS + 31536000 * INTERVAL_NS, 100),
			 BURST);
}

static void rate_over_a_long_time_is_the_rate_asked_for(void **state)
{
	uint64_t slot = 0, now_ns = START_NS;
	uint32_t i, within = 0;

	(void)state;
	// 100,000 attempts, seven per interval.
	for (i = 0; i < 100000; i++) {
		within += limit_charge(&slot, &without_hold, now_ns) == LIMIT_WITHIN;
		now_ns += INTERVAL_NS / 7;
	}
	assert_in_range(within, 100000 / 7, 100000 / 7 + BURST + 1);
}

static void offender_is_held_until_the_hold_ends(void **state)
{
	uint64_t slot = 0;

	(void)state;
	assert_int_equal(charge_times(&slot, &with_hold, START_NS, BURST), BURST);
	assert_false(limit_is_held(&slot, START_NS));
	assert_int_equal(limit_charge(&slot, &with_hold, START_NS), LIMIT_OVER);
	assert_true(limit_is_held(&slot, START_NS));
	assert_int_equal(limit_charge(&slot, &with_hold, START_NS), LIMIT_HELD);
	assert_true(limit_is_held(&slot, START_NS + HOLD_NS - 1));
	assert_int_equal(limit_charge(&slot, &with_hold, START_NS + HOLD_NS - 1), LIMIT_HELD);
	assert_false(limit_is_held(&slot, START_NS + HOLD_NS));
}

static void attempts_on_hold_do_not_prolong_it(void **state)
{
	uint64_t slot = 0, t;

	(void)state;
	charge_times(&slot, &with_hold, START_NS, BURST + 1);
	for (t = 0; t < HOLD_NS; t += HOLD_NS / 100)
		assert_int_equal(limit_charge(&slot, &with_hold, START_NS + t), LIMIT_HELD);
	assert_int_equal(charge_times(&slot, &with_hold, START_NS + HOLD_NS, BURST), BURST);
}

static void offender_is_not_held_without_a_hold_time(void **state)
{
	uint64_t slot = 0;

	(void)state;
	charge_times(&slot, &without_hold, START_NS, BURST + 1);
	assert_int_equal(limit_charge(&slot, &without_hold, START_NS), LIMIT_OVER);
	assert_false(limit_is_held(&slot, START_NS));
}

static void looking_at_a_hold_changes_nothing(void **state)
{
	uint64_t slot = 0, before;

	(void)state;
	charge_times(&slot, &with_hold, START_NS, BURST + 1);
	before = slot;
	assert_true(limit_is_held(&slot, START_NS));
	assert_false(limit_is_held(&slot, START_NS + 2 * HOLD_NS));
	assert_int_equal(slot, before);
}

static void clock_of_another_host_may_be_behind(void **state)
{
	uint64_t slot = 0;

	(void)state;
	// The guard and a worker read the clock at slightly different moments.
	assert_int_equal(limit_charge(&slot, &without_hold, START_NS), LIMIT_WITHIN);
	assert_int_equal(limit_charge(&slot, &without_hold, START_NS - 1000), LIMIT_WITHIN);
	assert_int_equal(slot, START_NS + 2 * INTERVAL_NS);
}

static void largest_allowed_figures_do_not_overflow(void **state)
{
	const uint64_t most_ns = (1ull << 60) - 1; // image_check's bound
	const struct limit_profile huge = {most_ns, most_ns, most_ns};
	const uint64_t century_ns = 100ull * 366 * 86400 * 1000000000;
	uint64_t slot = 0;

	(void)state;
	assert_int_equal(charge_times(&slot, &huge, century_ns, 2), 2);
	assert_false(limit_is_held(&slot, century_ns));
	assert_int_equal(limit_charge(&slot, &huge, century_ns), LIMIT_OVER);
	assert_true(limit_is_held(&slot, century_ns + most_ns - 1));
	assert_false(limit_is_held(&slot, century_ns + most_ns));
}

#define THREADS 4u
#define ATTEMPTS 200000u
#define SHARED_BURST 1000u

struct crowd {
	uint64_t slot;
	pthread_barrier_t start;
	const struct limit_profile *profile;
};

struct crowd_member {
	struct crowd *crowd;
	uint32_t count[4]; // by enum limit_result
};

static void *crowd_charge(void *arg)
{
	struct crowd_member *m = arg;
	uint32_t i;

	pthread_barrier_wait(&m->crowd->start);
	for (i = 0; i < ATTEMPTS; i++)
		m->count[limit_charge(&m->crowd->slot, m->crowd->profile, START_NS)]++;
	return NULL;
}

// Charges one slot from THREADS threads at one moment. Adds up what they got in count.
static void crowd_run(const struct limit_profile *profile, uint32_t count[4])
{
	struct crowd crowd = {.profile = profile};
	struct crowd_member member[THREADS] = {0};
	pthread_t thread[THREADS];
	uint32_t i, r;

	assert_int_equal(pthread_barrier_init(&crowd.start, NULL, THREADS), 0);
	for (i = 0; i < THREADS; i++) {
		member[i].crowd = &crowd;
		assert_int_equal(pthread_create(&thread[i], NULL, crowd_charge, &member[i]), 0);
	}
	for (i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(thread[i], NULL), 0);
		for (r = 0; r < 4; r++)
			count[r] += member[i].count[r];
	}
	pthread_barrier_destroy(&crowd.start);
}

static void threads_on_one_slot_admit_exactly_the_burst(void **state)
{
	const struct limit_profile p = {INTERVAL_NS, (SHARED_BURST - 1) * INTERVAL_NS, 0};
	uint32_t count[4] = {0};

	(void)state;
	crowd_run(&p, count);
	assert_int_equal(count[LIMIT_WITHIN], SHARED_BURST);
	assert_int_equal(count[LIMIT_HELD], 0);
	assert_int_equal(count[LIMIT_OVER] + count[LIMIT_BUSY] + SHARED_BURST, THREADS * ATTEMPTS);
}

static void threads_on_one_slot_start_one_hold(void **state)
{
	const struct limit_profile p = {INTERVAL_NS, (SHARED_BURST - 1) * INTERVAL_NS, HOLD_NS};
	uint32_t count[4] = {0};

	(void)state;
	crowd_run(&p, count);
	assert_int_equal(count[LIMIT_WITHIN], SHARED_BURST);
	assert_int_equal(count[LIMIT_OVER], 1);
	assert_int_equal(count[LIMIT_HELD] + count[LIMIT_BUSY] + SHARED_BURST + 1,
			 THREADS * ATTEMPTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(burst_passes_then_one_per_interval),
		cmocka_unit_test(silence_gives_back_the_burst_and_no_more),
		cmocka_unit_test(rate_over_a_long_time_is_the_rate_asked_for),
		cmocka_unit_test(offender_is_held_until_the_hold_ends),
		cmocka_unit_test(attempts_on_hold_do_not_prolong_it),
		cmocka_unit_test(offender_is_not_held_without_a_hold_time),
		cmocka_unit_test(looking_at_a_hold_changes_nothing),
		cmocka_unit_test(clock_of_another_host_may_be_behind),
		cmocka_unit_test(largest_allowed_figures_do_not_overflow),
		cmocka_unit_test(threads_on_one_slot_admit_exactly_the_burst),
		cmocka_unit_test(threads_on_one_slot_start_one_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
