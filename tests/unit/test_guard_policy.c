// SPDX-License-Identifier: BSD-3-Clause
//
// Policies in the guard: what it does before the first one, how one follows another, what a refused
// one changes (nothing), who owns a limit's slot; and when frames go to op25b-dp instead. Needs
// root.
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "dataplane/core/decide.h"
#include "frame_build.h"
#include "guard_run.h"
#include "image_build.h"

#define SLOTS 1000u
#define HOUR_NS (3600ull * 1000000000ull)

static const struct op25b_clause drop = {.sets = OP25B_ANY_SET, .action = ACTION_DROP};
static const struct op25b_clause permit = {.sets = OP25B_ANY_SET, .action = ACTION_PERMIT};
static const struct op25b_clause limit = {.sets = OP25B_ANY_SET,
					  .action = ACTION_LIMIT,
					  .interval_ns = HOUR_NS,
					  .hold_ns = HOUR_NS,
					  .over = ACTION_DROP};

static struct guard_run *start(void)
{
	char error[GUARD_ERROR_BYTES] = "";
	struct guard_run *r = guard_run_start(SLOTS, error);

	if (!r)
		fail_msg("%s", error);
	return r;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

// A policy of one pool, "pool", with one clause and one prefix.
static void *make_image(uint64_t generation, struct op25b_clause clause, const char *prefix,
			uint32_t first_slot, size_t *bytes)
{
	struct image_build *b = image_build_start();
	uint32_t class_id = image_build_class(b, "pool", "stage");
	void *image;

	image_build_clause(b, class_id, clause);
	image_build_skip_slots(b, first_slot);
	image_build_prefix(b, prefix, class_id, 0, strchr(prefix, ':') ? 56 : 32);
	image = image_build_finish(b, generation, bytes);
	image_build_free(b);
	return image;
}

static bool publish(struct guard_run *r, uint64_t generation, struct op25b_clause clause,
		    const char *prefix, uint32_t first_slot, char error[GUARD_ERROR_BYTES])
{
	size_t bytes;
	void *image = make_image(generation, clause, prefix, first_slot, &bytes);
	bool ok = guard_run_publish(r, image, bytes, error);

	free(image);
	return ok;
}

static void must_publish(struct guard_run *r, uint64_t generation, struct op25b_clause clause,
			 const char *prefix, uint32_t first_slot)
{
	char error[GUARD_ERROR_BYTES] = "";

	if (!publish(r, generation, clause, prefix, first_slot, error))
		fail_msg("%s", error);
}

// Sends a connection request to port 25 from src.
static struct guard_run_result mail_from(struct guard_run *r, const char *src)
{
	char error[GUARD_ERROR_BYTES] = "";
	struct guard_run_result got;
	struct frame f;

	frame_start(&f);
	frame_tcp(&f, 40000, 25, TCP_FLAG_SYN);
	frame_ip4(&f, src, "192.0.2.1", PROTO_TCP, 0, 0);
	frame_eth(&f, ETH_TYPE_IP4);
	if (!guard_run(r, f.bytes_be, f.bytes, SIDE_SUBSCRIBER, &got, error))
		fail_msg("%s", error);
	return got;
}

static void assert_mail(struct guard_run *r, const char *src, enum op25b_reason reason)
{
	struct guard_run_result got = mail_from(r, src);

	assert_true(got.judged);
	assert_int_equal(got.reason, reason);
	assert_int_equal(got.xdp_action,
			 reason_verdict(reason) == VERDICT_PASS ? XDP_PASS : XDP_DROP);
}

static void reconfigure(struct guard_run *r, uint32_t on_loss, bool start_pass)
{
	char error[GUARD_ERROR_BYTES] = "";
	struct dataplane_config c = *guard_run_config(r);
	struct guard *g;

	c.on_loss = on_loss;
	c.start_pass = start_pass;
	g = guard_open(&c, error);
	if (!g)
		fail_msg("%s", error);
	guard_close(g);
}

static void before_the_first_policy(void **state)
{
	struct guard_run *r = start();

	(void)state;
	assert_mail(r, "198.51.100.1", REASON_DROP_NO_POLICY);
	reconfigure(r, ON_LOSS_CLOSED, true);
	assert_mail(r, "198.51.100.1", REASON_PASS_NO_POLICY);
	guard_run_stop(r);
}

static void loss_open_and_closed(void **state)
{
	struct guard_run *r = start();

	(void)state;
	must_publish(r, 1, drop, "198.51.100.0/24", 0);
	assert_mail(r, "198.51.100.1", REASON_DROP_BLOCKED);
	reconfigure(r, ON_LOSS_OPEN, false);
	assert_mail(r, "198.51.100.1", REASON_PASS_OPEN);
	reconfigure(r, ON_LOSS_CLOSED, false);
	assert_mail(r, "192.0.2.9", REASON_DROP_CLOSED);
	reconfigure(r, ON_LOSS_ENFORCE, false);
	assert_mail(r, "198.51.100.1", REASON_DROP_BLOCKED);
	guard_run_stop(r);
}

static void policies_follow_each_other(void **state)
{
	struct guard_run *r = start();
	uint64_t generation;

	(void)state;
	for (generation = 1; generation < 9; generation += 2) {
		must_publish(r, generation, drop, "198.51.100.0/24", 0);
		assert_mail(r, "198.51.100.1", REASON_DROP_BLOCKED);
		assert_mail(r, "198.51.101.1", REASON_PASS_NO_POOL);
		must_publish(r, generation + 1, permit, "198.51.101.0/24", 0);
		assert_mail(r, "198.51.100.1", REASON_PASS_NO_POOL);
		assert_mail(r, "198.51.101.1", REASON_PASS_PERMIT);
		assert_int_equal(guard_generation(guard_run_guard(r)), generation + 1);
	}
	guard_run_stop(r);
}

// What was made ahead serves the image that it was made for, and no other.
static void tables_made_ahead_are_for_one_image(void **state)
{
	struct guard_run *r = start();
	char error[GUARD_ERROR_BYTES] = "";
	size_t bytes;
	void *first = make_image(1, drop, "198.51.100.0/24", 0, &bytes);
	void *second = make_image(2, permit, "198.51.101.0/24", 0, &bytes);

	(void)state;
	guard_prepare(guard_run_guard(r), first);
	assert_int_equal(guard_generation(guard_run_guard(r)), 0);
	assert_true(guard_run_publish(r, second, bytes, error));
	assert_mail(r, "198.51.100.1", REASON_PASS_NO_POOL);
	assert_mail(r, "198.51.101.1", REASON_PASS_PERMIT);
	((struct op25b_image_hdr *)first)->generation = 3;
	guard_prepare(guard_run_guard(r), second);
	guard_prepare(guard_run_guard(r), first);
	assert_mail(r, "198.51.101.1", REASON_PASS_PERMIT);
	assert_true(guard_run_publish(r, first, bytes, error));
	assert_mail(r, "198.51.100.1", REASON_DROP_BLOCKED);
	assert_mail(r, "198.51.101.1", REASON_PASS_NO_POOL);
	// Given back, it must not be missed.
	((struct op25b_image_hdr *)second)->generation = 4;
	guard_prepare(guard_run_guard(r), second);
	guard_discard(guard_run_guard(r));
	guard_discard(guard_run_guard(r));
	assert_true(guard_run_publish(r, second, bytes, error));
	assert_mail(r, "198.51.101.1", REASON_PASS_PERMIT);
	guard_prepare(guard_run_guard(r), first);
	guard_run_stop(r);
	free(first);
	free(second);
}

static void a_refused_policy_changes_nothing(void **state)
{
	char error[GUARD_ERROR_BYTES] = "";
	struct guard_run *r = start();
	struct image_build *b = image_build_start();
	size_t bytes;
	char *image = image_build_finish(b, 2, &bytes);
	uint64_t checksum;

	(void)state;
	must_publish(r, 1, drop, "198.51.100.0/24", 0);
	checksum = guard_image_checksum(guard_run_guard(r));
	assert_false(publish(r, 2, permit, "198.51.96.0/22", 0, error));
	print_message("sentence: %s\n", error);
	assert_non_null(strstr(error, "needs 1024 subscriber slots, the guard was given 1000"));
	image[bytes - 1] ^= 1;
	assert_false(guard_run_publish(r, image, bytes, error));
	print_message("sentence: %s\n", error);
	assert_non_null(strstr(error, "checksum"));
	assert_mail(r, "198.51.100.1", REASON_DROP_BLOCKED);
	assert_int_equal(guard_generation(guard_run_guard(r)), 1);
	assert_int_equal(guard_image_checksum(guard_run_guard(r)), checksum);
	image_build_free(b);
	free(image);
	guard_run_stop(r);
}

// 511 names fit; the next is refused and the policy in force stays.
static void pool_names_run_out(void **state)
{
	char error[GUARD_ERROR_BYTES] = "", name[16];
	struct guard_run *r = start();
	struct image_build *b = image_build_start();
	size_t bytes;
	void *image;
	uint32_t i;

	(void)state;
	for (i = 1; i < OP25B_POOL_SLOTS; i++) {
		snprintf(name, sizeof(name), "pool%u", i);
		image_build_class(b, name, "");
	}
	image = image_build_finish(b, 1, &bytes);
	if (!guard_run_publish(r, image, bytes, error))
		fail_msg("%s", error);
	assert_false(publish(r, 2, drop, "198.51.100.0/24", 0, error));
	print_message("sentence: %s\n", error);
	assert_non_null(strstr(error, "pool pool: "));
	assert_mail(r, "198.51.100.1", REASON_PASS_NO_POOL);
	image_build_free(b);
	free(image);
	guard_run_stop(r);
}

// Packets that have met clause 0 of the list, and expects the list to be of pool "pool".
static uint64_t met(struct guard *g, uint32_t list, const char *stage)
{
	static struct guard_counters c;
	char error[GUARD_ERROR_BYTES] = "";

	if (!guard_read_counters(g, &c, error))
		fail_msg("%s", error);
	assert_true(list < c.stage_count);
	assert_string_equal(c.stage[list].stage, stage);
	assert_string_equal(c.pool_name[c.stage[list].pool_slot], "pool");
	assert_int_equal(c.stage[list].clause_count, 1);
	return c.clause_cell[c.stage[list].first_cell].packets;
}

static void clauses_met_are_counted_over_lives_of_op25bd(void **state)
{
	const struct op25b_clause quarantine = {
		.sets = OP25B_ANY_SET, .action = ACTION_DROP, .origin = ORIGIN_QUARANTINE};
	char error[GUARD_ERROR_BYTES] = "";
	struct guard_run *r = start();
	struct guard *next;

	(void)state;
	must_publish(r, 1, drop, "198.51.100.0/24", 0);
	assert_mail(r, "198.51.100.1", REASON_DROP_BLOCKED);
	assert_mail(r, "203.0.113.1", REASON_PASS_NO_POOL);
	must_publish(r, 2, quarantine, "198.51.100.0/24", 0);
	assert_mail(r, "198.51.100.1", REASON_DROP_BLOCKED);
	assert_mail(r, "198.51.100.2", REASON_DROP_BLOCKED);
	assert_int_equal(met(guard_run_guard(r), 2, ""), 2);
	next = guard_open(guard_run_config(r), error);
	if (!next)
		fail_msg("%s", error);
	assert_int_equal(met(next, 1, "stage"), 1);
	assert_int_equal(met(next, 2, ""), 2);
	guard_close(next);
	must_publish(r, 3, drop, "198.51.100.0/24", 0);
	assert_mail(r, "198.51.100.1", REASON_DROP_BLOCKED);
	assert_int_equal(met(guard_run_guard(r), 1, "stage"), 2);
	guard_run_stop(r);
}

static void slots_are_shared_with_the_dataplane(void **state)
{
	struct limit_profile profile = {.interval_ns = HOUR_NS, .hold_ns = HOUR_NS};
	struct guard_run *r = start();
	uint64_t *slots = guard_run_map(r, OP25B_PIN_SLOTS, SLOTS * sizeof(*slots));

	(void)state;
	assert_non_null(slots);
	must_publish(r, 1, limit, "198.51.100.0/24", 100);
	// The dataplane's charge counts in the guard, and the other way about.
	assert_int_equal(limit_charge(&slots[101], &profile, now_ns()), LIMIT_WITHIN);
	assert_mail(r, "198.51.100.1", REASON_DROP_LIMIT_OVER);
	assert_true(limit_is_held(&slots[101], now_ns()));
	assert_mail(r, "198.51.100.2", REASON_PASS_WITHIN_LIMIT);
	assert_int_equal(limit_charge(&slots[102], &profile, now_ns()), LIMIT_OVER);
	assert_mail(r, "198.51.100.2", REASON_DROP_LIMIT_HELD);
	munmap(slots, SLOTS * sizeof(*slots));
	guard_run_stop(r);
}

static void holds_follow_the_subscriber(void **state)
{
	struct guard_run *r = start();

	(void)state;
	must_publish(r, 1, limit, "198.51.100.0/24", 0);
	assert_mail(r, "198.51.100.7", REASON_PASS_WITHIN_LIMIT);
	assert_mail(r, "198.51.100.7", REASON_DROP_LIMIT_OVER);
	assert_mail(r, "198.51.100.7", REASON_DROP_LIMIT_HELD);
	// The same range again: the hold stays. Another prefix on its slots: it is gone.
	must_publish(r, 2, limit, "198.51.100.0/24", 0);
	assert_mail(r, "198.51.100.7", REASON_DROP_LIMIT_HELD);
	must_publish(r, 3, limit, "198.51.101.0/24", 0);
	assert_mail(r, "198.51.101.7", REASON_PASS_WITHIN_LIMIT);
	guard_run_stop(r);
}

// Publishes as an op25bd does that was started anew: it has not put the policy in force there.
static void publish_anew(struct guard_run *r, uint64_t generation, const char *prefix)
{
	char error[GUARD_ERROR_BYTES] = "";
	struct guard *g = guard_open(guard_run_config(r), error);
	size_t bytes;
	void *image = make_image(generation, limit, prefix, 0, &bytes);

	if (!g || !guard_publish(g, image, bytes, error))
		fail_msg("%s", error);
	guard_close(g);
	free(image);
}

static void holds_follow_the_subscriber_over_a_restart(void **state)
{
	struct guard_run *r = start();
	uint64_t *slots = guard_run_map(r, OP25B_PIN_SLOTS, SLOTS * sizeof(*slots));

	(void)state;
	assert_non_null(slots);
	must_publish(r, 1, limit, "198.51.100.0/24", 0);
	assert_mail(r, "198.51.100.7", REASON_PASS_WITHIN_LIMIT);
	assert_mail(r, "198.51.100.7", REASON_DROP_LIMIT_OVER);
	publish_anew(r, 2, "198.51.100.0/24");
	assert_mail(r, "198.51.100.7", REASON_DROP_LIMIT_HELD);
	publish_anew(r, 3, "198.51.101.0/24");
	assert_mail(r, "198.51.101.7", REASON_PASS_WITHIN_LIMIT);
	publish_anew(r, 4, "2001:db8::/48");
	assert_int_equal(slots[7], 0);
	slots[7] = 77;
	publish_anew(r, 5, "2001:db8::/48");
	assert_int_equal(slots[7], 77);
	publish_anew(r, 6, "2001:db8:1::/48");
	assert_int_equal(slots[7], 0);
	munmap(slots, SLOTS * sizeof(*slots));
	guard_run_stop(r);
}

static void frames_go_to_a_living_dataplane_only(void **state)
{
	struct guard_run *r = start();
	uint64_t *beat = guard_run_map(r, OP25B_PIN_HEARTBEAT, 4096);
	int socket_fd;

	(void)state;
	assert_non_null(beat);
	must_publish(r, 1, drop, "198.51.100.0/24", 0);
	// Alive, but no socket in the map.
	*beat = now_ns();
	assert_mail(r, "198.51.100.1", REASON_DROP_BLOCKED);
	// A socket, and alive.
	socket_fd = guard_run_socket(r, SIDE_SUBSCRIBER);
	assert_true(socket_fd >= 0);
	*beat = now_ns();
	assert_int_equal(mail_from(r, "198.51.100.1").xdp_action, XDP_REDIRECT);
	// A clock a little ahead is as good; one far ahead is not.
	*beat = now_ns() + 100000000u;
	assert_int_equal(mail_from(r, "198.51.100.1").xdp_action, XDP_REDIRECT);
	*beat = now_ns() + HOUR_NS;
	assert_mail(r, "198.51.100.1", REASON_DROP_BLOCKED);
	// A socket, but hung for longer than 500 ms, or not serving.
	*beat = now_ns() - 501000000u;
	assert_mail(r, "198.51.100.1", REASON_DROP_BLOCKED);
	*beat = 0;
	assert_mail(r, "198.51.100.1", REASON_DROP_BLOCKED);
	// The socket dies with its process: the heartbeat is still fresh.
	*beat = now_ns();
	assert_int_equal(mail_from(r, "198.51.100.1").xdp_action, XDP_REDIRECT);
	close(socket_fd);
	*beat = now_ns();
	assert_mail(r, "198.51.100.1", REASON_DROP_BLOCKED);
	munmap(beat, 4096);
	guard_run_stop(r);
}

static void *big_image(uint64_t generation, uint32_t prefixes, size_t *bytes)
{
	struct image_build *b = image_build_start();
	uint32_t i, class_id = image_build_class(b, "pool", "stage");
	char text[64];
	void *image;

	image_build_clause(b, class_id, drop);
	for (i = 0; i < prefixes / 2; i++) {
		snprintf(text, sizeof(text), "10.%u.%u.%u/30", i >> 14 & 255, i >> 6 & 255,
			 (i & 63) * 4);
		image_build_prefix(b, text, class_id, 0, 0);
		snprintf(text, sizeof(text), "2001:db8:%x:%x::/64", i >> 8, (i & 255) * 256);
		image_build_prefix(b, text, class_id, 0, 0);
	}
	image = image_build_finish(b, generation, bytes);
	image_build_free(b);
	return image;
}

static void large_policies_go_in_quickly(void **state)
{
	static const uint32_t counts[] = {2, 10000, 100000};
	char error[GUARD_ERROR_BYTES] = "";
	struct guard_run *r = start();
	uint32_t i;

	(void)state;
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		size_t bytes;
		void *image = big_image(i + 1, counts[i], &bytes);
		uint64_t began_ns = now_ns(), took_ms;

		if (!guard_run_publish(r, image, bytes, error))
			fail_msg("%s", error);
		took_ms = (now_ns() - began_ns) / 1000000u;
		print_message("%u prefixes took %llu ms\n", counts[i], (unsigned long long)took_ms);
		assert_in_range(took_ms, 0, 5000);
		assert_mail(r, "10.0.0.1", REASON_DROP_BLOCKED);
		assert_mail(r, "10.255.0.1", REASON_PASS_NO_POOL);
		free(image);
	}
	assert_mail(r, "10.3.13.63", REASON_DROP_BLOCKED);
	assert_mail(r, "10.3.13.64", REASON_PASS_NO_POOL);
	guard_run_stop(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_the_first_policy),
		cmocka_unit_test(loss_open_and_closed),
		cmocka_unit_test(policies_follow_each_other),
		cmocka_unit_test(tables_made_ahead_are_for_one_image),
		cmocka_unit_test(a_refused_policy_changes_nothing),
		cmocka_unit_test(pool_names_run_out),
		cmocka_unit_test(clauses_met_are_counted_over_lives_of_op25bd),
		cmocka_unit_test(slots_are_shared_with_the_dataplane),
		cmocka_unit_test(holds_follow_the_subscriber),
		cmocka_unit_test(holds_follow_the_subscriber_over_a_restart),
		cmocka_unit_test(frames_go_to_a_living_dataplane_only),
		cmocka_unit_test(large_policies_go_in_quickly),
	};

	return cmocka_run_group_tests_name("guard policy", tests, NULL, NULL);
}
