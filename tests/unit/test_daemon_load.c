// SPDX-License-Identifier: BSD-3-Clause
//
// op25bd between an operator who loads policies and an op25b-dp (fake_dp.h) or a guard that takes,
// refuses or ignores them: a load is all or nothing, and its answer says which.
// argv: op25bd, and op25bd with the fake guard.
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "daemon_run.h"
#include "fake_dp.h"

static const char policy_bad[] = "{\"op25b\":1,\"name\":\"bad\",\"wrong\":1,\"alsowrong\":2}";

static void load_comes_into_force_and_to_disk(void **state)
{
	struct daemon_fixture *f = *state;
	struct reply reply;

	assert_true(daemon_start(&f->run));
	reply = daemon_ask(&f->run, "/v1/policy?source=here.json", daemon_policy_a);
	assert_int_equal(reply.status, 200);
	assert_string_equal(json_string_value(json_object_get(reply.json, "dataplane")), "applied");
	assert_string_equal(json_string_value(json_object_get(reply.json, "guard")), "none");
	assert_true(json_is_true(json_object_get(reply.json, "saved")));
	assert_int_equal(json_integer_value(json_object_get(reply.json, "generation")),
			 fake_dp_generation(f->dp));
	reply_free(&reply);
	assert_int_equal(fake_dp_offers(f->dp), 1);
	assert_true(fake_dp_has_policy(f->dp, "a"));
	daemon_assert_policy(&f->run, "a");
	daemon_assert_saved(&f->run, daemon_policy_a);
	assert_true(daemon_wait_status(&f->run, "policy.source", "\"here.json\""));
}

static void every_error_is_told_and_nothing_changes(void **state)
{
	struct daemon_fixture *f = *state;
	struct reply reply;
	uint64_t generation;

	assert_true(daemon_start(&f->run));
	daemon_assert_load(&f->run, daemon_policy_a, 200);
	generation = fake_dp_generation(f->dp);
	reply = daemon_ask(&f->run, "/v1/policy?source=bad.json", policy_bad);
	assert_int_equal(reply.status, 422);
	assert_true(json_array_size(json_object_get(reply.json, "errors")) >= 2);
	reply_free(&reply);
	daemon_assert_load(&f->run, "", 422);
	daemon_assert_load(&f->run, "[]", 422);
	assert_int_equal(fake_dp_offers(f->dp), 1);
	assert_int_equal(fake_dp_generation(f->dp), generation);
	daemon_assert_policy(&f->run, "a");
	daemon_assert_saved(&f->run, daemon_policy_a);
	assert_true(daemon_wait_status(&f->run, "last_reload.ok", "false"));
}

#define PAIR_POLICY(pair)                                                                          \
	"{\"op25b\":1,\"name\":\"" pair                                                            \
	"\",\"sets\":{\"relay\":[\"203.0.113.25/32\"]},\"pools\":{"                                \
	"\"flets\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.100.0/25\"],\"v6\":[\"2001:db8:1::/"     \
	"48\"],"                                                                                   \
	"\"pairs\":[\"" pair "\"]}},"                                                              \
	"\"stages\":[{\"id\":\"block\",\"pools\":[\"flets\"],\"from\":\"always\",\"port25\":[{"    \
	"\"to\":\"relay\",\"do\":\"permit\"},{\"to\":\"any\",\"do\":\"drop\"}]}]}"

// dataplane.json with two pairs: "east", and "west", which drops what ends in doubt early.
static void name_pairs(const struct daemon_run *r)
{
	char path[128], text[768];

	snprintf(path, sizeof(path), "%s/dataplane.json", r->dir);
	snprintf(text, sizeof(text),
		 "{\"op25b-dp\":1,\"cores\":[0],\"pairs\":["
		 "{\"subscriber\":\"net_null0\",\"network\":\"net_null1\",\"name\":\"east\"},"
		 "{\"subscriber\":\"net_null2\",\"network\":\"net_null3\",\"name\":\"west\","
		 "\"l2_doubt\":\"drop\"}],\"run_dir\":\"%s\",\"state_dir\":\"%s/state\"}",
		 r->dir, r->dir);
	file_write(path, text);
}

static void assert_reason(const struct daemon_run *r, const char *path, const char *want)
{
	struct reply reply = daemon_ask(r, path, NULL);

	assert_int_equal(reply.status, 200);
	assert_string_equal(json_string_value(json_object_get(reply.json, "reason")), want);
	reply_free(&reply);
}

static void pairs_are_those_of_the_box(void **state)
{
	static const char *const ports[] = {"net_null0", "net_null1", "net_null2", "net_null3"};
	struct daemon_fixture *f = *state;
	struct reply reply;
	const json_t *error;

	name_pairs(&f->run);
	fake_dp_ports(f->dp, ports, 4);
	assert_true(daemon_start(&f->run));
	daemon_assert_load(&f->run, PAIR_POLICY("west"), 200);
	assert_int_equal(fake_dp_pairs(f->dp, "flets"), 2);
	reply = daemon_ask(&f->run, "/v1/policy?source=north.json", PAIR_POLICY("north"));
	assert_int_equal(reply.status, 422);
	error = json_array_get(json_object_get(reply.json, "errors"), 0);
	assert_string_equal(json_string_value(json_object_get(error, "place")),
			    "pools.flets.pairs[0]");
	assert_string_equal(
		json_string_value(json_object_get(error, "text")),
		"\"north\" is not a pair of this box; its pairs are \"east\", \"west\"");
	reply_free(&reply);
	assert_true(fake_dp_has_policy(f->dp, "west"));
	// A relay's class has no name and is no pool.
	assert_true(
		daemon_wait_status(&f->run, "pools", "[{\"name\":\"flets\",\"stage\":\"block\"}]"));
	assert_reason(&f->run, "/v1/policy/explain?from=198.51.100.7&to=203.0.113.25", "permit");
	assert_reason(&f->run, "/v1/policy/explain?from=198.51.100.7&to=203.0.113.25&pair=east",
		      "src_spoofed");
	assert_reason(&f->run, "/v1/policy/explain?frame=0200000000010200000000028100",
		      "unreadable");
	assert_reason(&f->run, "/v1/policy/explain?frame=0200000000010200000000028100&pair=west",
		      "l2_malformed");
}

static void refusal_by_the_dataplane_keeps_the_old(void **state)
{
	static const struct {
		enum op25b_outcome outcome;
		long status;
	} rows[] = {{OUTCOME_TOO_MANY_SLOTS, 422},
		    {OUTCOME_NO_MEMORY, 422},
		    {OUTCOME_BAD_IMAGE, 422},
		    {OUTCOME_TOO_MANY_POOLS, 422},
		    {OUTCOME_BUSY, 503}};
	struct daemon_fixture *f = *state;
	size_t i;

	assert_true(daemon_start(&f->run));
	daemon_assert_load(&f->run, daemon_policy_a, 200);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fake_dp_answer(f->dp, rows[i].outcome);
		daemon_assert_load(&f->run, daemon_policy_b, rows[i].status);
		daemon_assert_policy(&f->run, "a");
	}
	daemon_assert_saved(&f->run, daemon_policy_a);
	assert_true(fake_dp_has_policy(f->dp, "a"));
	fake_dp_answer(f->dp, OUTCOME_WORKER_STUCK);
	daemon_assert_load(&f->run, daemon_policy_b, 200);
	daemon_assert_policy(&f->run, "b");
}

// What begins is no load, but all or nothing as well; and status says that it has not begun.
static void refusal_of_a_change_is_said(void **state)
{
	struct daemon_fixture *f = *state;
	struct reply reply;
	char text[1024];

	assert_true(daemon_start(&f->run));
	daemon_print_dated(text);
	daemon_assert_load(&f->run, text, 200);
	fake_dp_answer(f->dp, OUTCOME_NO_MEMORY);
	sleep(6);
	reply = daemon_ask(&f->run, "/v1/status", NULL);
	assert_non_null(strstr(reply.text, "is not in force: a host did not take it"));
	reply_free(&reply);
	fake_dp_answer(f->dp, OUTCOME_APPLIED);
	sleep(5);
	assert_true(
		daemon_wait_status(&f->run, "pools", "[{\"name\":\"flets\",\"stage\":\"block\"}]"));
}

static void load_without_any_host_is_kept_for_later(void **state)
{
	struct daemon_fixture *f = *state;
	struct reply reply;

	fake_dp_stop(f->dp);
	assert_true(daemon_start(&f->run));
	reply = daemon_ask(&f->run, "/v1/policy", daemon_policy_a);
	assert_int_equal(reply.status, 200);
	assert_string_equal(json_string_value(json_object_get(reply.json, "dataplane")), "down");
	assert_string_equal(json_string_value(json_object_get(reply.json, "guard")), "none");
	reply_free(&reply);
	daemon_assert_saved(&f->run, daemon_policy_a);
	f->dp = fake_dp_start(f->run.dir, 2);
	assert_true(daemon_wait_status(&f->run, "dataplane.up", "true"));
	assert_true(fake_dp_has_policy(f->dp, "a"));
}

static void hangup_signal_reads_the_file_again(void **state)
{
	struct daemon_fixture *f = *state;

	file_write(f->run.file, daemon_policy_a);
	assert_true(daemon_start(&f->run));
	assert_true(daemon_wait_status(&f->run, "policy.name", "\"a\""));
	file_write(f->run.file, daemon_policy_b);
	kill(f->run.pid, SIGHUP);
	assert_true(daemon_wait_status(&f->run, "policy.name", "\"b\""));
	file_write(f->run.file, policy_bad);
	kill(f->run.pid, SIGHUP);
	assert_true(daemon_wait_status(&f->run, "last_reload.ok", "false"));
	daemon_assert_policy(&f->run, "b");
	unlink(f->run.file);
	kill(f->run.pid, SIGHUP);
	daemon_assert_load(&f->run, daemon_policy_a, 200);
	kill(f->run.pid, SIGHUP);
	assert_true(daemon_wait_status(&f->run, "last_reload.ok", "false"));
	daemon_assert_policy(&f->run, "a");
}

static void silent_dataplane_holds_nobody_up(void **state)
{
	struct daemon_fixture *f = *state;
	struct daemon_loading loading;
	struct timespec from, to;

	assert_true(daemon_start(&f->run));
	daemon_assert_load(&f->run, daemon_policy_a, 200);
	fake_dp_silence(f->dp, true);
	daemon_load_begin(&loading, &f->run, daemon_policy_b);
	usleep(300000);
	clock_gettime(CLOCK_MONOTONIC, &from);
	daemon_assert_load(&f->run, daemon_policy_b, 409);
	daemon_assert_policy(&f->run, "a");
	clock_gettime(CLOCK_MONOTONIC, &to);
	assert_true(to.tv_sec - from.tv_sec < 2);
	assert_int_equal(daemon_load_end(&loading), 503);
	daemon_assert_policy(&f->run, "a");
	fake_dp_silence(f->dp, false);
	assert_true(daemon_wait_status(&f->run, "dataplane.up", "true"));
	daemon_assert_load(&f->run, daemon_policy_b, 200);
}

// What op25bd does of itself refuses nobody's load; it keeps one, and says so to the next.
static void load_during_a_reoffer_waits_its_turn(void **state)
{
	struct daemon_fixture *f = *state;
	struct daemon_loading loading;

	assert_true(daemon_start(&f->run));
	daemon_assert_load(&f->run, daemon_policy_a, 200);
	fake_dp_silence(f->dp, true);
	fake_dp_forget(f->dp);
	while (fake_dp_hellos(f->dp) < 2)
		usleep(1000);
	daemon_load_begin(&loading, &f->run, daemon_policy_b);
	usleep(300000);
	daemon_assert_load(&f->run, daemon_policy_a, 409);
	daemon_assert_policy(&f->run, "a");
	fake_dp_silence(f->dp, false);
	fake_dp_hang_up(f->dp);
	assert_int_equal(daemon_load_end(&loading), 200);
	daemon_assert_policy(&f->run, "b");
	assert_true(daemon_wait_status(&f->run, "dataplane.up", "true"));
	assert_true(fake_dp_has_policy(f->dp, "b"));
}

// Its load goes on without it, and its connection's memory is not used again.
static void client_that_leaves_loses_only_its_answer(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct daemon_fixture *f = *state;
	char request[2048];
	int fd;

	assert_true(daemon_start(&f->run));
	daemon_assert_load(&f->run, daemon_policy_a, 200);
	fake_dp_silence(f->dp, true);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	memcpy(address.sun_path, f->run.socket, strlen(f->run.socket));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	snprintf(request, sizeof(request),
		 "POST /v1/policy HTTP/1.1\r\nContent-Length: %zu\r\n\r\n%s",
		 strlen(daemon_policy_b), daemon_policy_b);
	assert_true(send(fd, request, strlen(request), MSG_NOSIGNAL) > 0);
	usleep(300000);
	close(fd);
	daemon_assert_load(&f->run, daemon_policy_b, 409);
	fake_dp_silence(f->dp, false);
	fake_dp_hang_up(f->dp);
	assert_true(daemon_wait_status(&f->run, "last_reload.ok", "false"));
	assert_true(daemon_wait_status(&f->run, "dataplane.up", "true"));
	daemon_assert_load(&f->run, daemon_policy_b, 200);
}

// Peak resident memory of op25bd in MiB.
static long peak_mib(pid_t pid)
{
	char path[64], *text, *line;
	long kib = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	text = file_read(path);
	line = text ? strstr(text, "VmHWM:") : NULL;
	if (line)
		kib = strtol(line + 6, NULL, 10);
	free(text);
	return kib / 1024;
}

// In 200 pools, limited now and blocked later.
static char *large_policy(const char *name)
{
	char *text = malloc(16 << 20);
	size_t used = (size_t)sprintf(text,
				      "{\"op25b\":1,\"name\":\"%s\",\"sets\":{\"relay\":["
				      "\"203.0.113.25/32\"]},\"pools\":{",
				      name);
	int pool, i;

	for (pool = 0; pool < 200; pool++) {
		used += (size_t)sprintf(text + used, "%s\"p%d\":{\"kind\":\"dynamic\",\"v4\":[",
					pool ? "," : "", pool);
		for (i = 0; i < 500; i++)
			used += (size_t)sprintf(text + used, "%s\"10.%d.%d.%d/29\"", i ? "," : "",
						pool, i / 2, i % 2 * 128);
		used += (size_t)sprintf(text + used, "]}");
	}
	used += (size_t)sprintf(
		text + used,
		"},\"limits\":{\"l\":{\"key\":\"address\",\"count\":"
		"\"tcp_syn\",\"max\":30,\"window_s\":600,\"over\":\"rst\"}},\"stages\":["
		"{\"id\":\"now\",\"from\":\"always\",\"pools\":[");
	for (pool = 0; pool < 200; pool++)
		used += (size_t)sprintf(text + used, "%s\"p%d\"", pool ? "," : "", pool);
	used += (size_t)sprintf(text + used,
				"],\"port25\":[{\"to\":\"relay\",\"do\":\"permit\"},"
				"{\"to\":\"any\",\"do\":\"limit\",\"limit\":\"l\"}]}]}");
	return text;
}

static void hundred_thousand_prefixes_load_at_once(void **state)
{
	struct daemon_fixture *f = *state;
	struct timespec from, to;
	char *text;
	int i;

	assert_true(daemon_start(&f->run));
	for (i = 0; i < 2; i++) {
		text = large_policy(i ? "other" : "large");
		clock_gettime(CLOCK_MONOTONIC, &from);
		daemon_assert_load(&f->run, text, 200);
		clock_gettime(CLOCK_MONOTONIC, &to);
		free(text);
		print_message("100,000 prefixes in 200 pools: %.0f ms, op25bd at most %ld MiB\n",
			      (double)(to.tv_sec - from.tv_sec) * 1e3 +
				      (double)(to.tv_nsec - from.tv_nsec) / 1e6,
			      peak_mib(f->run.pid));
	}
}

static void *accept_in_background(void *arg)
{
	struct daemon_loading *l = arg;
	struct reply reply = daemon_ask(l->run, "/v1/clock/accept", "");

	l->status = reply.status;
	reply_free(&reply);
	return NULL;
}

// An operator's clock goes the way of an operator's policy.
static void accepted_clock_is_published(void **state)
{
	struct daemon_fixture *f = *state;
	struct daemon_loading accepting = {.run = &f->run};
	struct reply reply = {0};

	assert_true(daemon_start(&f->run));
	reply = daemon_ask(&f->run, "/v1/clock/accept", "");
	assert_int_equal(reply.status, 409); // no policy
	reply_free(&reply);
	daemon_assert_load(&f->run, daemon_policy_a, 200);
	fake_dp_silence(f->dp, true);
	assert_int_equal(pthread_create(&accepting.thread, NULL, accept_in_background, &accepting),
			 0);
	usleep(300000);
	daemon_assert_load(&f->run, daemon_policy_b, 409);
	assert_int_equal(daemon_load_end(&accepting), 503);
	fake_dp_silence(f->dp, false);
	assert_true(daemon_wait_status(&f->run, "dataplane.up", "true"));
	reply = daemon_ask(&f->run, "/v1/clock/accept", "");
	assert_int_equal(reply.status, 200);
	assert_non_null(json_object_get(json_object_get(reply.json, "clock"), "to"));
	reply_free(&reply);
	daemon_assert_policy(&f->run, "a");
	assert_true(fake_dp_has_policy(f->dp, "a"));
}

static void guard_failure_puts_the_dataplane_back(void **state)
{
	struct daemon_fixture *f = *state;
	uint64_t generation, guard_generation;
	char path[128];

	snprintf(path, sizeof(path), "%s/fail", f->run.dir);
	assert_true(daemon_start(&f->run));
	daemon_assert_load(&f->run, daemon_policy_a, 200);
	assert_int_equal(daemon_guard_publications(&f->run, &guard_generation), 1);
	assert_int_equal(guard_generation, fake_dp_generation(f->dp));
	generation = fake_dp_generation(f->dp);
	file_write(path, "");
	daemon_assert_load(&f->run, daemon_policy_b, 503);
	daemon_assert_policy(&f->run, "a");
	daemon_assert_saved(&f->run, daemon_policy_a);
	assert_true(fake_dp_has_policy(f->dp, "a"));
	assert_true(fake_dp_generation(f->dp) >= generation + 2);
	unlink(path);
	daemon_assert_load(&f->run, daemon_policy_b, 200);
	assert_true(fake_dp_has_policy(f->dp, "b"));
	assert_int_equal(daemon_guard_publications(&f->run, &guard_generation), 2);
	assert_int_equal(guard_generation, fake_dp_generation(f->dp));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		DAEMON_TEST(load_comes_into_force_and_to_disk, argv[1]),
		DAEMON_TEST(every_error_is_told_and_nothing_changes, argv[1]),
		DAEMON_TEST(pairs_are_those_of_the_box, argv[1]),
		DAEMON_TEST(refusal_by_the_dataplane_keeps_the_old, argv[1]),
		DAEMON_TEST(refusal_of_a_change_is_said, argv[1]),
		DAEMON_TEST(load_without_any_host_is_kept_for_later, argv[1]),
		DAEMON_TEST(hangup_signal_reads_the_file_again, argv[1]),
		DAEMON_TEST(silent_dataplane_holds_nobody_up, argv[1]),
		DAEMON_TEST(load_during_a_reoffer_waits_its_turn, argv[1]),
		DAEMON_TEST(client_that_leaves_loses_only_its_answer, argv[1]),
		DAEMON_TEST(hundred_thousand_prefixes_load_at_once, argv[1]),
		DAEMON_TEST(accepted_clock_is_published, argv[1]),
		DAEMON_TEST(guard_failure_puts_the_dataplane_back, argv[2]),
	};

	if (argc != 3)
		return 2;
	setvbuf(stdout, NULL, _IONBF, 0);
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
