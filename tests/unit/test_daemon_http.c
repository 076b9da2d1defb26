// SPDX-License-Identifier: BSD-3-Clause
//
// op25bd's HTTP against clients that are wrong, slow or hostile, and every route's good answer.
// argv: op25bd.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "daemon_run.h"

#define METRICS_PORT 29625

static const char policy[] =
	"{\"op25b\":1,\"name\":\"http\",\"sets\":{\"relay\":[\"203.0.113.25/32\"]},"
	"\"pools\":{\"flets\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.100.0/25\"]}},"
	"\"default\":\"permit\",\"stages\":[{\"id\":\"block\",\"pools\":[\"flets\"],"
	"\"from\":\"always\",\"port25\":[{\"to\":\"relay\",\"do\":\"permit\"},"
	"{\"to\":\"any\",\"do\":\"drop\"}]}]}";

static const char *op25bd;
static struct daemon_run run;

static int set_up(void **state)
{
	(void)state;
	daemon_prepare(&run, op25bd);
	run.extra[0] = "--metrics";
	run.extra[1] = "127.0.0.1:29625";
	return daemon_start(&run) ? 0 : -1;
}

static int tear_down(void **state)
{
	int code = daemon_stop(&run);

	(void)state;
	daemon_clean(&run);
	return code;
}

static void answers_have_their_status(void **state)
{
	static const struct {
		const char *method, *path, *body;
		long status;
	} rows[] = {
		{"GET", "/v1/policy", NULL, 404}, // none yet
		{"GET", "/v1/policy/explain?from=198.51.100.7&to=203.0.113.25", NULL, 404},
		{"POST", "/v1/policy?source=a%20b.json", policy, 200},
		{"GET", "/v1/policy", NULL, 200},
		{"GET", "/v1/status", NULL, 200},
		{"GET", "/v1/stats", NULL, 200},
		{"GET", "/metrics", NULL, 200},
		{"GET", "/v1/policy/explain?from=198.51.100.7&to=192.0.2.1", NULL, 200},
		{"GET", "/v1/policy/explain?from=198.51.100.7&to=192.0.2.1&at=2030-01-01", NULL,
		 200},
		{"GET", "/v1/policy/explain", NULL, 422},
		{"GET", "/v1/policy/explain?from=nobody&to=192.0.2.1", NULL, 422},
		{"GET", "/v1/policy/explain?from=198.51.100.7&to=192.0.2.1&port=x", NULL, 422},
		{"GET", "/v1/policy/explain?from=198.51.100.7&to=192.0.2.1&port=65536", NULL, 422},
		{"GET", "/v1/policy/explain?from=198.51.100.7&to=192.0.2.1&at=later", NULL, 422},
		{"GET", "/v1/policy/explain?from=198.51.100.7&to=192.0.2.1&port=", NULL, 422},
		{"GET", "/v1/policy/explain?from=198.51.100.7&to=192.0.2.1&source_port=0", NULL,
		 422},
		{"GET", "/v1/policy/explain?from=198.51.100.7&to=192.0.2.1&side=north", NULL, 422},
		{"GET", "/v1/policy/explain?from=198.51.100.7&to=192.0.2.1&pair=north", NULL, 422},
		{"GET", "/v1/policy/explain?from=198.51.100.7&to=192.0.2.1&pair=pair0", NULL, 200},
		{"GET", "/v1/policy/explain?frame=00", NULL, 200},
		{"GET", "/v1/policy/explain?frame=0g", NULL, 422},
		{"GET", "/v1/policy/explain?frame=00&frame_bytes=2", NULL, 422},
		{"GET", "/v1/policy/explain?frame=0000&frame_bytes=1", NULL, 422},
		{"GET", "/v1/policy/explain?frame=00&l2_doubt=maybe", NULL, 422},
		{"GET", "/v1/nothing", NULL, 404},
		{"GET", "/", NULL, 404},
		{"DELETE", "/v1/policy", NULL, 405},
		{"PUT", "/v1/policy", policy, 405},
		{"POST", "/v1/status", "{}", 405},
		{"POST", "/v1/policy", "not json", 422},
		{"GET", "/v1/policy?%zz=%", NULL, 200},
		{"POST", "/v1/policy?source=%ff%1b", policy, 200},
		{"GET", "/v1/status", NULL, 200},
		{"POST", "/v1/policy?source=a%20b.json", policy, 200},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reply reply =
			daemon_ask_method(&run, rows[i].method, rows[i].path, rows[i].body);

		if (reply.status != rows[i].status)
			print_error("%s %s: %ld: %s\n", rows[i].method, rows[i].path, reply.status,
				    reply.text ? reply.text : "");
		assert_int_equal(reply.status, rows[i].status);
		if (strcmp(rows[i].path, "/metrics"))
			assert_non_null(reply.json);
		reply_free(&reply);
	}
	assert_true(daemon_wait_status(&run, "policy.source", "\"a b.json\""));
}

static void explain_judges_like_the_policy(void **state)
{
#define FRAME                                                                                      \
	"frame=0200000000010200000000020800450000280000000040060000c6336407c0000201c00000190000"   \
	"0000000000005002ffff00000000"
	static const struct {
		const char *query, *reason;
	} rows[] = {
		{"from=198.51.100.7&to=192.0.2.1", "blocked"},
		{"from=198.51.100.7&to=203.0.113.25", "permit"},
		{"from=198.51.100.7&to=192.0.2.1&port=587", "not_port25"},
		{"from=203.0.113.25&to=192.0.2.1", "src_spoofed"},
		{"from=192.0.2.1&to=198.51.100.7&side=network", "inbound"},
		{"from=192.0.2.1&to=198.51.100.7&side=network&source_port=25", "mirror"},
		{FRAME, "blocked"},
		{FRAME "&side=network", "inbound"},
		{"frame=0200000000010200000000028100", "unreadable"},
		{"frame=0200000000010200000000028100&l2_doubt=drop", "l2_malformed"},
	};
	struct reply reply = daemon_ask(&run, "/v1/policy", policy);
	char path[512];
	size_t i;

	(void)state;
	assert_int_equal(reply.status, 200);
	reply_free(&reply);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(path, sizeof(path), "/v1/policy/explain?%s", rows[i].query);
		reply = daemon_ask(&run, path, NULL);
		if (reply.status != 200 ||
		    strcmp(json_string_value(json_object_get(reply.json, "reason")),
			   rows[i].reason))
			fail_msg("%s: %ld %s", rows[i].query, reply.status, reply.text);
		reply_free(&reply);
	}
}

static int connect_to(const struct sockaddr *address, socklen_t bytes)
{
	struct timeval tv = {10, 0};
	int fd = socket(address->sa_family, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, address, bytes), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	return fd;
}

static int connect_api(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	memcpy(address.sun_path, run.socket, strlen(run.socket));
	return connect_to((struct sockaddr *)&address, sizeof(address));
}

static int connect_metrics(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(METRICS_PORT),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	return connect_to((struct sockaddr *)&address, sizeof(address));
}

// Sends text and returns the status of the answer; 0: the connection was closed without one.
static int raw(int fd, const char *text)
{
	char answer[4096];
	size_t used = 0;
	ssize_t n;
	int status = 0;

	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	while (used < sizeof(answer) - 1 &&
	       (n = recv(fd, answer + used, sizeof(answer) - 1 - used, 0)) > 0) {
		used += (size_t)n;
		answer[used] = '\0';
		if (strstr(answer, "\r\n"))
			break;
	}
	if (used)
		sscanf(answer, "HTTP/1.%*d %d", &status);
	close(fd);
	return status;
}

static void hostile_requests_are_turned_away(void **state)
{
	char large[40000];

	(void)state;
	assert_int_equal(raw(connect_api(), "POST /v1/policy HTTP/1.1\r\nHost: x\r\n"
					    "Content-Length: 99999999999\r\n\r\n"),
			 413);
	assert_int_equal(raw(connect_api(), "rubbish\r\n\r\n"), 400);
	memset(large, 'x', sizeof(large));
	memcpy(large, "GET /v1/status HTTP/1.1\r\nX: ", 28);
	memcpy(large + sizeof(large) - 5, "\r\n\r\n", 5);
	assert_int_not_equal(raw(connect_api(), large), 200);
	assert_int_equal(raw(connect_api(), "GET http://[::1 HTTP/1.1\r\n\r\n"), 400);
	assert_true(daemon_wait_status(&run, "dataplane.up", "false"));
}

static void metrics_listener_knows_nothing_else(void **state)
{
	(void)state;
	assert_int_equal(raw(connect_metrics(), "GET /metrics HTTP/1.1\r\n\r\n"), 200);
	assert_int_equal(raw(connect_metrics(), "POST /metrics HTTP/1.1\r\n"
						"Content-Length: 0\r\n\r\n"),
			 405);
	assert_int_equal(raw(connect_metrics(), "GET /v1/status HTTP/1.1\r\n\r\n"), 404);
	assert_int_equal(raw(connect_metrics(), "GET /v1/policy HTTP/1.1\r\n\r\n"), 404);
	assert_int_equal(raw(connect_metrics(), "POST /v1/policy HTTP/1.1\r\n"
						"Content-Length: 2\r\n\r\n{}"),
			 413);
}

static void slow_clients_hold_nobody_up(void **state)
{
	struct timespec from, to;
	int fds[30];
	size_t i;

	(void)state;
	for (i = 0; i < 30; i++) {
		fds[i] = connect_api();
		assert_true(send(fds[i], "POST /v1/policy HTTP/1.1\r\nContent-Length: 50\r\n\r\n{",
				 50, MSG_NOSIGNAL) > 0);
	}
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (i = 0; i < 10; i++) {
		struct reply reply = daemon_ask(&run, "/v1/status", NULL);

		assert_int_equal(reply.status, 200);
		reply_free(&reply);
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	assert_true(to.tv_sec - from.tv_sec < 2);
	for (i = 0; i < 30; i++)
		close(fds[i]);
}

static void socket_is_for_owner_and_group(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat(run.socket, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_have_their_status),
		cmocka_unit_test(explain_judges_like_the_policy),
		cmocka_unit_test(hostile_requests_are_turned_away),
		cmocka_unit_test(metrics_listener_knows_nothing_else),
		cmocka_unit_test(slow_clients_hold_nobody_up),
		cmocka_unit_test(socket_is_for_owner_and_group),
	};

	if (argc != 2)
		return 2;
	op25bd = argv[1];
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
