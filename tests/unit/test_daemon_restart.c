// SPDX-License-Identifier: BSD-3-Clause
//
// op25bd and its hosts that go and come back, in any order and at any moment, and time that goes on
// meanwhile: one policy is in force, it is the one that op25bd says, and it is not published again
// where it is in force already. argv: op25bd, and op25bd with the fake guard.
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon_run.h"
#include "fake_dp.h"

static void restart_adopts_what_is_in_force(void **state)
{
	struct daemon_fixture *f = *state;
	char generation[32];

	assert_true(daemon_start(&f->run));
	daemon_assert_load(&f->run, daemon_policy_b, 200);
	daemon_assert_load(&f->run, daemon_policy_a, 200);
	snprintf(generation, sizeof(generation), "%" PRIu64, fake_dp_generation(f->dp));
	daemon_kill(&f->run);
	sleep(1); // another moment, which the image knows
	assert_true(daemon_start(&f->run));
	assert_true(daemon_wait_status(&f->run, "policy.generation", generation));
	assert_true(daemon_wait_status(&f->run, "dataplane.up", "true"));
	assert_true(daemon_wait_status(&f->run, "policy.source", "\"here.json\""));
	assert_int_equal(fake_dp_offers(f->dp), 2);
	daemon_assert_load(&f->run, daemon_policy_b, 200);
	assert_true(fake_dp_generation(f->dp) > strtoull(generation, NULL, 10));
}

static void without_its_state_it_leaves_what_is_in_force(void **state)
{
	struct daemon_fixture *f = *state;
	json_t *root, *warnings;
	char path[160], *text;

	assert_true(daemon_start(&f->run));
	daemon_assert_load(&f->run, daemon_policy_a, 200);
	assert_int_equal(daemon_stop(&f->run), 0);
	snprintf(path, sizeof(path), "%s/state/policy.json", f->run.dir);
	assert_int_equal(unlink(path), 0);
	assert_true(daemon_start(&f->run));
	assert_true(daemon_wait_status(&f->run, "dataplane.up", "true"));
	warnings = daemon_status(&f->run, "warnings", &root);
	text = json_dumps(warnings, JSON_COMPACT);
	assert_non_null(strstr(text, "stays in force until one is loaded"));
	assert_null(strstr(text, "frames are held"));
	free(text);
	json_decref(root);
	assert_true(fake_dp_has_policy(f->dp, "a"));
	assert_int_equal(fake_dp_offers(f->dp), 1);
}

static void dataplane_that_comes_back_empty_gets_the_policy(void **state)
{
	struct daemon_fixture *f = *state;

	assert_true(daemon_start(&f->run));
	daemon_assert_load(&f->run, daemon_policy_a, 200);
	fake_dp_forget(f->dp);
	assert_true(daemon_wait_status(&f->run, "dataplane.generation", "0") ||
		    fake_dp_offers(f->dp) == 2);
	assert_true(daemon_wait_status(&f->run, "dataplane.up", "true"));
	assert_true(fake_dp_has_policy(f->dp, "a"));
	assert_int_equal(fake_dp_offers(f->dp), 2);
	// One that only lost the connection has it already.
	fake_dp_hang_up(f->dp);
	while (fake_dp_hellos(f->dp) < 3)
		usleep(1000);
	assert_true(daemon_wait_status(&f->run, "dataplane.up", "true"));
	assert_int_equal(fake_dp_offers(f->dp), 2);
}

static void dataplane_with_another_policy_gets_the_one_in_force(void **state)
{
	char its_socket[128], other_socket[128];
	struct daemon_fixture *f = *state;
	struct daemon_run other;
	uint64_t generation;

	// An op25bd has put "b" into this dataplane, under a high number, and is gone.
	assert_true(daemon_start(&f->run));
	daemon_assert_load(&f->run, daemon_policy_a, 200);
	daemon_assert_load(&f->run, daemon_policy_a, 200);
	daemon_assert_load(&f->run, daemon_policy_b, 200);
	assert_int_equal(daemon_stop(&f->run), 0);
	generation = fake_dp_generation(f->dp);
	// Another one, with "a" in force, comes to this dataplane.
	daemon_prepare(&other, f->run.program);
	assert_true(daemon_start(&other));
	daemon_assert_load(&other, daemon_policy_a, 200);
	snprintf(its_socket, sizeof(its_socket), "%s/dp.sock", f->run.dir);
	snprintf(other_socket, sizeof(other_socket), "%s/dp.sock", other.dir);
	assert_int_equal(symlink(its_socket, other_socket), 0);
	assert_true(daemon_wait_status(&other, "dataplane.up", "true"));
	daemon_assert_policy(&other, "a");
	assert_true(fake_dp_has_policy(f->dp, "a"));
	assert_int_equal(fake_dp_generation(f->dp), generation + 1);
	assert_int_equal(daemon_stop(&other), 0);
	daemon_clean(&other);
}

static void killed_at_any_moment_one_policy_is_in_force(void **state)
{
	struct daemon_fixture *f = *state;
	struct daemon_loading loading;
	char checksum[24];
	int i;

	srand(25);
	assert_true(daemon_start(&f->run));
	daemon_assert_load(&f->run, daemon_policy_a, 200);
	for (i = 0; i < 10; i++) {
		daemon_load_begin(&loading, &f->run, daemon_policy_b);
		usleep((useconds_t)(rand() % 20000));
		daemon_kill(&f->run);
		daemon_load_end(&loading);
		assert_true(fake_dp_has_policy(f->dp, "a") || fake_dp_has_policy(f->dp, "b"));
		assert_true(daemon_start(&f->run));
		assert_true(daemon_wait_status(&f->run, "dataplane.up", "true"));
		assert_true(daemon_wait_status(&f->run, "last_reload.ok", "true"));
		snprintf(checksum, sizeof(checksum), "\"%016" PRIx64 "\"", fake_dp_checksum(f->dp));
		assert_true(daemon_wait_status(&f->run, "policy.checksum", checksum));
		daemon_assert_load(&f->run, daemon_policy_a, 200);
	}
}

static void second_instance_refuses(void **state)
{
	struct daemon_fixture *f = *state;
	struct daemon_run second;

	assert_true(daemon_start(&f->run));
	second = f->run;
	snprintf(second.socket, sizeof(second.socket), "%s/nothing.sock", f->run.dir);
	assert_false(daemon_start(&second));
	daemon_assert_load(&f->run, daemon_policy_a, 200);
}

static void stage_begins_by_itself(void **state)
{
	struct daemon_fixture *f = *state;
	char text[1024];

	daemon_print_dated(text);
	assert_true(daemon_start(&f->run));
	daemon_assert_load(&f->run, text, 200);
	assert_true(
		daemon_wait_status(&f->run, "pools", "[{\"name\":\"flets\",\"stage\":\"watch\"}]"));
	assert_true(
		daemon_wait_status(&f->run, "pools", "[{\"name\":\"flets\",\"stage\":\"block\"}]"));
	assert_int_equal(fake_dp_offers(f->dp), 2);
	assert_true(daemon_wait_status(&f->run, "next_change", "null"));
	// The restart compiles for a moment on the same side of the boundary, and adopts.
	daemon_kill(&f->run);
	assert_true(daemon_start(&f->run));
	assert_true(daemon_wait_status(&f->run, "dataplane.up", "true"));
	assert_int_equal(fake_dp_offers(f->dp), 2);
}

static void frozen_clock_chooses_the_stage(void **state)
{
	struct daemon_fixture *f = *state;
	const char text[] =
		"{\"op25b\":1,\"name\":\"dated\",\"tz\":\"Asia/Tokyo\",\"pools\":{\"flets\":{"
		"\"kind\":\"dynamic\",\"v4\":[\"198.51.100.0/25\"]}},\"default\":\"permit\","
		"\"stages\":[{\"id\":\"block\",\"pools\":[\"flets\"],\"from\":\"2008-03-31\","
		"\"port25\":[{\"to\":\"any\",\"do\":\"drop\"}]}]}";

	f->run.extra[0] = "--at";
	f->run.extra[1] = "2008-03-30T23:59:59"; // in the policy's zone
	f->run.extra[2] = "--metrics=none";
	assert_true(daemon_start(&f->run));
	daemon_assert_load(&f->run, text, 200);
	assert_true(daemon_wait_status(&f->run, "pools", "[{\"name\":\"flets\",\"stage\":null}]"));
	assert_int_equal(daemon_stop(&f->run), 0);
	f->run.extra[1] = "2008-03-31T00:00:00";
	assert_true(daemon_start(&f->run));
	assert_true(
		daemon_wait_status(&f->run, "pools", "[{\"name\":\"flets\",\"stage\":\"block\"}]"));
	assert_true(daemon_wait_status(&f->run, "next_change", "null"));
}

static void guard_is_adopted_and_serves_without_a_dataplane(void **state)
{
	struct daemon_fixture *f = *state;
	uint64_t generation;
	struct reply reply;

	assert_true(daemon_start(&f->run));
	daemon_assert_load(&f->run, daemon_policy_a, 200);
	daemon_kill(&f->run);
	sleep(1);
	assert_true(daemon_start(&f->run));
	assert_true(daemon_wait_status(&f->run, "last_reload.ok", "true"));
	assert_int_equal(daemon_guard_publications(&f->run, &generation), 1);
	assert_int_equal(fake_dp_offers(f->dp), 1);
	// With nothing but the image on disk to go by, too.
	daemon_kill(&f->run);
	fake_dp_stop(f->dp);
	f->dp = NULL;
	assert_true(daemon_start(&f->run));
	assert_true(daemon_wait_status(&f->run, "last_reload.ok", "true"));
	assert_int_equal(daemon_guard_publications(&f->run, &generation), 1);
	assert_true(daemon_wait_status(&f->run, "guard.active", "true"));
	reply = daemon_ask(&f->run, "/v1/policy", daemon_policy_b);
	assert_int_equal(reply.status, 200);
	assert_string_equal(json_string_value(json_object_get(reply.json, "dataplane")), "down");
	assert_string_equal(json_string_value(json_object_get(reply.json, "guard")), "applied");
	reply_free(&reply);
	assert_int_equal(daemon_guard_publications(&f->run, &generation), 2);
	f->dp = fake_dp_start(f->run.dir, 2);
	assert_true(daemon_wait_status(&f->run, "guard.active", "false"));
	assert_true(daemon_wait_status(&f->run, "dataplane.up", "true"));
	assert_true(fake_dp_has_policy(f->dp, "b"));
}

// The policy of the start is the last good one: the guard gets it even from a dataplane's refusal.
static void refusal_at_start_leaves_the_guard_enforcing(void **state)
{
	struct daemon_fixture *f = *state;
	uint64_t generation;

	file_write(f->run.file, daemon_policy_a);
	fake_dp_answer(f->dp, OUTCOME_TOO_MANY_SLOTS);
	assert_true(daemon_start(&f->run));
	assert_true(daemon_wait_status(&f->run, "policy.name", "\"a\""));
	assert_int_equal(daemon_guard_publications(&f->run, &generation), 1);
	assert_int_equal(fake_dp_generation(f->dp), 0);
	sleep(2); // no second try of what would be refused again
	assert_int_equal(fake_dp_offers(f->dp), 1);
}

static void assert_begins_in_the_guard(const struct daemon_fixture *f)
{
	uint64_t generation, old = fake_dp_generation(f->dp);

	assert_true(
		daemon_wait_status(&f->run, "pools", "[{\"name\":\"flets\",\"stage\":\"watch\"}]"));
	assert_int_equal(daemon_guard_publications(&f->run, &generation), 1);
	assert_true(
		daemon_wait_status(&f->run, "pools", "[{\"name\":\"flets\",\"stage\":\"block\"}]"));
	assert_int_equal(daemon_guard_publications(&f->run, &generation), 2);
	assert_int_equal(fake_dp_generation(f->dp), old);
}

// Time does not wait for an op25b-dp that has refused the policy.
static void stage_begins_although_the_policy_was_refused(void **state)
{
	struct daemon_fixture *f = *state;
	char text[1024];

	daemon_print_dated(text);
	file_write(f->run.file, text);
	fake_dp_answer(f->dp, OUTCOME_TOO_MANY_SLOTS);
	assert_true(daemon_start(&f->run));
	assert_begins_in_the_guard(f);
}

// Nor for one whose worker hangs, which is when the guard judges; that one gets it later.
static void stage_begins_although_a_worker_hangs(void **state)
{
	struct daemon_fixture *f = *state;
	char text[1024], generation[32];

	assert_true(daemon_start(&f->run));
	daemon_print_dated(text);
	daemon_assert_load(&f->run, text, 200);
	fake_dp_answer(f->dp, OUTCOME_BUSY);
	assert_begins_in_the_guard(f);
	fake_dp_answer(f->dp, OUTCOME_APPLIED);
	assert_true(daemon_wait_status(&f->run, "dataplane.generation", "2"));
	snprintf(generation, sizeof(generation), "%" PRIu64, fake_dp_generation(f->dp));
	assert_true(daemon_wait_status(&f->run, "policy.generation", generation));
}

// How an op25b-dp can differ from daemon_run.h's dataplane.json, and what is said of it.
static const struct other_ports {
	const char *name[4];
	uint32_t count;
	uint32_t side0, pair0; // of port 0
	const char *text;
} other_ports[] = {
	{{"net_null0", "net_null7"},
	 2,
	 SIDE_SUBSCRIBER,
	 0,
	 "port 1 is net_null7 (network of pair 0) there, net_null1 (network of pair 0) here"},
	{{"net_null1", "net_null0"},
	 2,
	 SIDE_SUBSCRIBER,
	 0,
	 "port 0 is net_null1 (subscriber of pair 0) there, net_null0 (subscriber of pair 0) here"},
	{{"net_null\x1b\xff", "net_null1"},
	 2,
	 SIDE_SUBSCRIBER,
	 0,
	 "port 0 is net_null?? (subscriber of pair 0) there, net_null0 (subscriber of pair 0) "
	 "here"},
	{{"net_null0", "net_null1"},
	 2,
	 SIDE_NETWORK,
	 0,
	 "port 0 is net_null0 (network of pair 0) there, net_null0 (subscriber of pair 0) here"},
	{{"net_null0", "net_null1"},
	 2,
	 SIDE_SUBSCRIBER,
	 1,
	 "port 0 is net_null0 (subscriber of pair 1) there, net_null0 (subscriber of pair 0) here"},
	{{"net_null0", "net_null1", "net_null2", "net_null3"},
	 4,
	 SIDE_SUBSCRIBER,
	 0,
	 "4 there, 2 here"},
};
static const char *const same_ports[] = {"net_null0", "net_null1"};

static void other_ports_text(const struct other_ports *row, char text[384])
{
	snprintf(text, 384,
		 "op25b-dp runs with other ports than the dataplane.json that op25bd has read: %s; "
		 "restart the one that runs with the old file",
		 row->text);
}

static void set_other_ports(struct fake_dp *dp, const struct other_ports *row)
{
	fake_dp_ports(dp, row->name, row->count);
	fake_dp_stats(dp)->port[0].side = row->side0;
	fake_dp_stats(dp)->port[0].pair = row->pair0;
}

// Whether op25bd warns of text within 5 s.
static bool is_warned_of(const struct daemon_run *r, const char *text)
{
	bool found = false;
	int turns;

	for (turns = 0; turns < 500 && !found; turns++) {
		json_t *root, *warnings = daemon_status(r, "warnings", &root);
		size_t i;

		for (i = 0; i < json_array_size(warnings) && !found; i++)
			found = !strcmp(json_string_value(json_array_get(warnings, i)), text);
		json_decref(root);
		if (!found)
			usleep(10000);
	}
	return found;
}

// Images tell pairs by number: a dataplane that numbers its ports otherwise must not get one.
static void dataplane_with_other_ports_gets_no_policy(void **state)
{
	struct daemon_fixture *f = *state;
	struct reply reply;
	unsigned offers;
	char text[384];
	size_t i;

	assert_true(daemon_start(&f->run));
	daemon_assert_load(&f->run, daemon_policy_a, 200);
	for (i = 0; i < sizeof(other_ports) / sizeof(other_ports[0]); i++) {
		offers = fake_dp_offers(f->dp);
		other_ports_text(&other_ports[i], text);
		set_other_ports(f->dp, &other_ports[i]);
		fake_dp_forget(f->dp);
		assert_true(is_warned_of(&f->run, text));
		assert_true(daemon_wait_status(&f->run, "dataplane.up", "true"));
		reply = daemon_ask(&f->run, "/v1/policy", daemon_policy_b);
		assert_int_equal(reply.status, 503);
		assert_string_equal(json_string_value(json_object_get(reply.json, "reason")), text);
		reply_free(&reply);
		daemon_assert_policy(&f->run, "a");
		usleep(1200000); // a load that failed is followed by another look
		assert_int_equal(fake_dp_offers(f->dp), offers);
		assert_int_equal(fake_dp_generation(f->dp), 0);
		// It is started again, and has read the same file now.
		fake_dp_ports(f->dp, same_ports, 2);
		fake_dp_hang_up(f->dp);
		while (fake_dp_offers(f->dp) == offers)
			usleep(1000);
		daemon_assert_load(&f->run, daemon_policy_a, 200);
		assert_int_equal(fake_dp_offers(f->dp), offers + 2);
		assert_true(fake_dp_has_policy(f->dp, "a"));
	}
}

static void other_ports_at_start_leave_the_guard_enforcing(void **state)
{
	struct daemon_fixture *f = *state;
	uint64_t generation;
	char text[384];

	file_write(f->run.file, daemon_policy_a);
	other_ports_text(&other_ports[0], text);
	set_other_ports(f->dp, &other_ports[0]);
	assert_true(daemon_start(&f->run));
	assert_true(daemon_wait_status(&f->run, "policy.name", "\"a\""));
	assert_true(is_warned_of(&f->run, text));
	assert_int_equal(daemon_guard_publications(&f->run, &generation), 1);
	daemon_assert_load(&f->run, daemon_policy_b, 503);
	assert_int_equal(daemon_guard_publications(&f->run, &generation), 1);
	assert_int_equal(fake_dp_offers(f->dp), 0);
	// Without it a load goes to the guard alone, as ever.
	fake_dp_stop(f->dp);
	f->dp = NULL;
	assert_true(daemon_wait_status(&f->run, "dataplane.up", "false"));
	assert_false(is_warned_of(&f->run, text));
	daemon_assert_load(&f->run, daemon_policy_b, 200);
	f->dp = fake_dp_start(f->run.dir, 2);
	while (!fake_dp_offers(f->dp))
		usleep(1000);
	assert_true(fake_dp_has_policy(f->dp, "b"));
}

// The DPDK spells a PCI address in one way, dataplane.json may in others.
static void pci_devices_are_known_however_they_are_spelled(void **state)
{
	static const char *const ports[] = {"0000:af:00.0", "0000:03:00.1", "net_pcap0",
					    "0001:0a:1f.7"};
	struct daemon_fixture *f = *state;
	char path[128], text[512];

	snprintf(path, sizeof(path), "%s/dataplane.json", f->run.dir);
	snprintf(text, sizeof(text),
		 "{\"op25b-dp\":1,\"cores\":[0],\"pairs\":["
		 "{\"subscriber\":\"0000:AF:00.0,opt=1\",\"network\":\"3:0.1\"},"
		 "{\"subscriber\":\"net_pcap0,rx_pcap=a:b.c\",\"network\":\"1:0A:1f.7\"}],"
		 "\"run_dir\":\"%s\",\"state_dir\":\"%s/state\"}",
		 f->run.dir, f->run.dir);
	file_write(path, text);
	fake_dp_ports(f->dp, ports, 4);
	assert_true(daemon_start(&f->run));
	daemon_assert_load(&f->run, daemon_policy_a, 200);
	assert_int_equal(fake_dp_offers(f->dp), 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		DAEMON_TEST(restart_adopts_what_is_in_force, argv[1]),
		DAEMON_TEST(without_its_state_it_leaves_what_is_in_force, argv[1]),
		DAEMON_TEST(dataplane_that_comes_back_empty_gets_the_policy, argv[1]),
		DAEMON_TEST(dataplane_with_another_policy_gets_the_one_in_force, argv[1]),
		DAEMON_TEST(killed_at_any_moment_one_policy_is_in_force, argv[1]),
		DAEMON_TEST(second_instance_refuses, argv[1]),
		DAEMON_TEST(stage_begins_by_itself, argv[1]),
		DAEMON_TEST(frozen_clock_chooses_the_stage, argv[1]),
		DAEMON_TEST(guard_is_adopted_and_serves_without_a_dataplane, argv[2]),
		DAEMON_TEST(refusal_at_start_leaves_the_guard_enforcing, argv[2]),
		DAEMON_TEST(stage_begins_although_the_policy_was_refused, argv[2]),
		DAEMON_TEST(stage_begins_although_a_worker_hangs, argv[2]),
		DAEMON_TEST(dataplane_with_other_ports_gets_no_policy, argv[1]),
		DAEMON_TEST(other_ports_at_start_leave_the_guard_enforcing, argv[2]),
		DAEMON_TEST(pci_devices_are_known_however_they_are_spelled, argv[1]),
	};

	if (argc != 3)
		return 2;
	setvbuf(stdout, NULL, _IONBF, 0);
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
