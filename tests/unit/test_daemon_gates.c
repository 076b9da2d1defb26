// SPDX-License-Identifier: BSD-3-Clause
//
// Gates: a stage whose date has come begins when all of its gates were found open, not before, and
// op25bd does not forget that it did. Servers are real ones on 127.0.0.1; counters are memory as
// op25b-dp's workers would write it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "control/daemon/api_explain.h"
#include "daemon_run.h"
#include "time_life.h"

#define DAY_S 86400
#define MIDNIGHT (NOON + 43200) // 2008-03-31
#define DROP "\"port25\":[{\"to\":\"any\",\"do\":\"drop\"}]"
#define WATCH "\"port25\":[{\"to\":\"any\",\"do\":\"monitor\",\"as\":\"drop\"}]"
#define POOLS                                                                                      \
	"\"pools\":{\"flets\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.100.0/25\"]},"                \
	"\"dsl\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.100.128/25\"]}},"

// A round of gates at wall_s, as if a minute had passed, and what it opens.
static void ask_gates(int64_t wall_s)
{
	run.life.gates.next_round_s = 0;
	time_life_turn(&run.life, wall_s);
	time_life_wait_gates(&run.life);
	time_life_turn(&run.life, wall_s + 1);
	time_life_turn(&run.life, wall_s + 2);
}

// A mail server that a test can have.
struct server {
	struct evconnlistener *listener;
	const char *greeting;
	uint16_t port;
	unsigned asked;
};

static void on_sent(struct bufferevent *conn, void *arg)
{
	(void)arg;
	bufferevent_free(conn);
}

static void on_connection(struct evconnlistener *listener, evutil_socket_t fd,
			  struct sockaddr *from, int bytes, void *arg)
{
	struct bufferevent *conn = bufferevent_socket_new(evconnlistener_get_base(listener), fd,
							  BEV_OPT_CLOSE_ON_FREE);
	struct server *s = arg;

	(void)from;
	(void)bytes;
	s->asked++;
	if (!s->greeting[0]) {
		bufferevent_free(conn);
		return;
	}
	bufferevent_setcb(conn, NULL, on_sent, NULL, NULL);
	bufferevent_enable(conn, EV_WRITE);
	bufferevent_write(conn, s->greeting, strlen(s->greeting));
}

// port 0: any.
static void server_start(struct server *s, uint16_t port, const char *greeting)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	socklen_t bytes = sizeof(to);

	*s = (struct server){.greeting = greeting};
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->listener = evconnlistener_new_bind(run.life.base, on_connection, s,
					      LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, 8,
					      (struct sockaddr *)&to, sizeof(to));
	assert_non_null(s->listener);
	assert_int_equal(
		getsockname(evconnlistener_get_fd(s->listener), (struct sockaddr *)&to, &bytes), 0);
	s->port = ntohs(to.sin_port);
}

static void server_stop(struct server *s)
{
	evconnlistener_free(s->listener);
}

// "closed" from midnight on, if the server on port says "220". more: further keys.
static const char *tcp_policy(uint16_t port, const char *more)
{
	static char text[2048];

	snprintf(text, sizeof(text),
		 "{\"op25b\":1,\"name\":\"gated\",\"tz\":\"Asia/Tokyo\",%s" POOLS
		 "\"gates\":{\"relay_587\":{\"check\":\"tcp\",\"addresses\":[\"127.0.0.1\"],"
		 "\"port\":%u,\"greeting\":\"220\"}},"
		 "\"stages\":[{\"id\":\"closed\",\"pools\":[\"flets\"],\"from\":\"2008-03-31\","
		 "\"gate\":\"relay_587\"," DROP "}]}",
		 more, port);
	return text;
}

static const json_t *held(json_t *status, size_t index)
{
	return json_array_get(json_object_get(status, "held"), index);
}

static void assert_gate_text(const char *want)
{
	json_t *status = time_life_status(&run.life);
	const json_t *gate = json_array_get(json_object_get(held(status, 0), "gates"), 0);
	const char *text = json_string_value(json_object_get(gate, "text"));

	assert_non_null(text);
	if (!strstr(text, want))
		print_error("%s\n", text);
	assert_non_null(strstr(text, want));
	json_decref(status);
}

static void nothing_is_asked_before_the_date(void **state)
{
	struct server s;

	(void)state;
	server_start(&s, 0, "220 relay\r\n");
	time_load(tcp_policy(s.port, ""));
	ask_gates(MIDNIGHT - 60);
	assert_int_equal(s.asked, 0);
	assert_gate_text("not due");
	server_stop(&s);
}

static void an_open_gate_costs_no_time(void **state)
{
	struct server s;
	char *events;

	(void)state;
	server_start(&s, 0, "220 relay\r\n");
	time_load(tcp_policy(s.port, ""));
	time_life_turn(&run.life, MIDNIGHT);
	time_life_wait_gates(&run.life);
	time_life_turn(&run.life, MIDNIGHT);
	time_assert_stage("flets", "closed");
	events = time_events(run.dir);
	assert_string_equal(events, "policy_loaded stage_begins:closed");
	free(events);
	server_stop(&s);
}

static void a_gate_that_fails_holds_until_it_passes(void **state)
{
	static const struct {
		const char *greeting; // NULL: nobody listens
		const char *text;
	} rows[] = {
		{NULL, "Connection refused"},
		{"554 no\r\n", "greets with \"554 no\", not \"220\""},
		{"5\x1b[1m\xff\r\n", "greets with \"5?[1m?\""},
		// Cut within a character.
		{"55 "
		 "\u3042\u3042\u3042\u3042\u3042\u3042\u3042\u3042\u3042\u3042"
		 "\u3042\u3042\u3042\u3042\r\n",
		 "greets with \"55 ???"},
		{"", "hung up before its greeting"},
		{"no line", "hung up before its greeting"},
	};
	struct server s;
	json_t *status;
	size_t i;

	(void)state;
	server_start(&s, 0, "220 relay\r\n");
	time_load(tcp_policy(s.port, ""));
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint16_t port = s.port;

		s.greeting = rows[i].greeting;
		if (!s.greeting)
			server_stop(&s);
		ask_gates(MIDNIGHT + 60 * (int64_t)i);
		time_assert_stage("flets", "");
		assert_gate_text(rows[i].text);
		if (!s.greeting)
			server_start(&s, port, "");
	}
	status = time_life_status(&run.life);
	assert_true(json_is_true(json_object_get(held(status, 0), "overdue")));
	json_decref(status);
	s.greeting = "220-relay\r\n220 and more\r\n";
	ask_gates(MIDNIGHT + 600);
	time_assert_stage("flets", "closed");
	server_stop(&s);
}

// Once it was let through, a stage stays in force whatever becomes of the server.
static void what_was_opened_stays_open(void **state)
{
	struct server s;
	uint16_t port;
	char *events;

	(void)state;
	server_start(&s, 0, "220 relay\r\n");
	port = s.port;
	time_load(tcp_policy(port, ""));
	ask_gates(MIDNIGHT);
	time_assert_stage("flets", "closed");
	server_stop(&s);
	time_restart(false);
	time_assert_stage("flets", "closed");
	ask_gates(MIDNIGHT + 60);
	time_assert_stage("flets", "closed");
	// Another text, but the stage has the same name and date.
	time_load(tcp_policy((uint16_t)(port + 1), "\"revision\":2,"));
	time_assert_stage("flets", "closed");
	time_restart(true);
	time_assert_stage("flets", "closed");
	events = time_events(run.dir);
	assert_string_equal(events, "policy_loaded stage_begins:closed policy_loaded");
	free(events);
	// The operator takes the clock back to before it was opened: it has not been.
	run.box.wall_s = MIDNIGHT - 60;
	time_life_accept(&run.life);
	assert_int_equal(run.life.outcome, PUBLISH_IN_FORCE);
	time_assert_stage("flets", "");
	time_restart(false);
	ask_gates(MIDNIGHT + 60);
	time_assert_stage("flets", "");
}

// A policy for which the disk has no room takes nothing from the one that is saved.
static void what_was_opened_survives_a_load_that_is_not_saved(void **state)
{
	struct server s;
	char path[128];

	(void)state;
	server_start(&s, 0, "220 relay\r\n");
	time_load(tcp_policy(s.port, ""));
	ask_gates(MIDNIGHT);
	time_assert_stage("flets", "closed");
	server_stop(&s);
	snprintf(path, sizeof(path), "%s/.policy.json.new", run.dir);
	assert_int_equal(mkdir(path, 0700), 0);
	time_load(daemon_policy_a);
	assert_non_null(strstr(run.life.answer, "\"saved\":false"));
	time_restart(false);
	assert_int_equal(rmdir(path), 0);
	time_assert_stage("flets", "closed");
}

// What op25bd answers of a connection to another server; at NULL: now.
static void assert_explained(const char *at, const char *want)
{
	struct evkeyvalq query;
	json_t *answer;
	struct diag d;

	TAILQ_INIT(&query);
	evhttp_add_header(&query, "from", "198.51.100.7");
	evhttp_add_header(&query, "to", "192.0.2.25");
	if (at)
		evhttp_add_header(&query, "at", at);
	diag_init(&d, "test");
	answer = api_explain(&run.life.publish, &query, &d);
	assert_non_null(answer);
	assert_string_equal(json_string_value(json_object_get(answer, "verdict")), want);
	json_decref(answer);
	diag_free(&d);
	evhttp_clear_headers(&query);
}

static void explain_knows_the_gates_of_now(void **state)
{
	struct server s;

	(void)state;
	server_start(&s, 0, "554 no\r\n");
	time_load(tcp_policy(s.port, ""));
	ask_gates(MIDNIGHT);
	assert_explained(NULL, "permit");
	assert_explained("2008-03-31", "drop"); // as on paper
	s.greeting = "220 relay\r\n";
	ask_gates(MIDNIGHT + 60);
	assert_explained(NULL, "drop");
	server_stop(&s);
}

static void an_unsynchronised_clock_opens_no_gate(void **state)
{
	struct server s;

	(void)state;
	server_start(&s, 0, "220 relay\r\n");
	time_load(tcp_policy(s.port, ""));
	run.box.synchronised = false;
	ask_gates(MIDNIGHT);
	assert_int_equal(s.asked, 0);
	time_assert_stage("flets", "");
	server_stop(&s);
}

static void a_load_ends_questions_under_way(void **state)
{
	struct server s;

	(void)state;
	server_start(&s, 0, "220 relay\r\n");
	time_load(tcp_policy(s.port, ""));
	time_life_turn(&run.life, MIDNIGHT); // asks
	time_load(tcp_policy(s.port, ""));   // the same text, read again
	assert_int_equal(run.life.gates.pending, 0);
	ask_gates(MIDNIGHT + 1);
	time_assert_stage("flets", "closed");
	server_stop(&s);
}

// The answer belongs to a moment that has not been.
static void an_accepted_clock_ends_questions_under_way(void **state)
{
	struct server s;

	(void)state;
	server_start(&s, 0, "220 relay\r\n");
	time_load(tcp_policy(s.port, ""));
	time_life_turn(&run.life, MIDNIGHT + DAY_S); // asks
	run.box.wall_s = MIDNIGHT - 60;
	time_life_accept(&run.life);
	assert_int_equal(run.life.outcome, PUBLISH_IN_FORCE);
	time_life_wait_gates(&run.life);
	time_life_turn(&run.life, MIDNIGHT); // asks at once, for its date has come
	time_life_wait_gates(&run.life);
	time_life_turn(&run.life, MIDNIGHT + 1);
	time_assert_stage("flets", "closed");
	server_stop(&s);
}

#define RAN_POLICY(days)                                                                           \
	"{\"op25b\":1,\"name\":\"ran\",\"tz\":\"Asia/Tokyo\"," POOLS                               \
	"\"gates\":{\"watched\":{\"check\":\"monitor_ran\",\"stage\":\"watch\",\"days\":" days     \
	"}},"                                                                                      \
	"\"stages\":[{\"id\":\"watch\",\"pools\":[\"flets\",\"dsl\"],\"from\":\"always\"," WATCH   \
	"},{\"id\":\"first\",\"pools\":[\"dsl\"],\"from\":\"2008-04-20\"," DROP                    \
	"},{\"id\":\"closed\",\"pools\":[\"flets\"],\"from\":\"2008-03-31\",\"gate\":"             \
	"\"watched\"," DROP "}]}"

static void a_monitor_must_have_run_on_this_box(void **state)
{
	(void)state;
	time_load(RAN_POLICY("14"));
	ask_gates(MIDNIGHT);
	time_assert_stage("flets", "watch");
	assert_gate_text("0.5 of 14 days");
	time_restart(false);
	run.box.wall_s = NOON + 7 * DAY_S;
	time_load(RAN_POLICY("15")); // the stage has the same name
	ask_gates(NOON + 13 * DAY_S);
	assert_gate_text("13.0 of 15 days");
	time_restart(true);
	ask_gates(NOON + 15 * DAY_S - 1);
	time_assert_stage("flets", "watch");
	ask_gates(NOON + 15 * DAY_S);
	time_assert_stage("flets", "closed");
}

// On one pool it gave way to another stage; it has been in force there all the same.
static void what_has_run_has_run(void **state)
{
	(void)state;
	time_load(RAN_POLICY("20"));
	time_life_turn(&run.life, MIDNIGHT + 21 * DAY_S - 43200); // "first" has begun on dsl
	time_assert_stage("dsl", "first");
	ask_gates(NOON + 30 * DAY_S);
	time_assert_stage("flets", "closed");
}

#define WOULD_POLICY(from)                                                                         \
	"{\"op25b\":1,\"name\":\"would\",\"tz\":\"Asia/Tokyo\"," POOLS                             \
	"\"gates\":{\"few\":{\"check\":\"would_drop_below\",\"stage\":\"watch\",\"percent\":5}},"  \
	"\"stages\":[{\"id\":\"watch\",\"pools\":[\"flets\",\"dsl\"],\"from\":\"" from "\"," WATCH \
	"},{\"id\":\"closed\",\"pools\":[\"flets\"],\"from\":\"2008-03-31\",\"gate\":"             \
	"\"few\"," DROP "}]}"

// Memory of an op25b-dp with the pools flets and dsl.
static struct op25b_stats_hdr *dataplane_life(uint64_t boot_id)
{
	struct op25b_stats_hdr *m = calloc(1, sizeof(*m) + sizeof(struct op25b_stats_block));

	m->boot_id = boot_id;
	m->worker_count = 1;
	m->blocks_offset_bytes = sizeof(*m);
	m->block_bytes = sizeof(struct op25b_stats_block);
	m->total_bytes = sizeof(*m) + m->block_bytes;
	m->pool_count = 3;
	snprintf(m->pool_name[1], OP25B_MAX_NAME_BYTES, "flets");
	snprintf(m->pool_name[2], OP25B_MAX_NAME_BYTES, "dsl");
	return m;
}

static void count(struct op25b_stats_hdr *m, uint32_t pool, enum op25b_reason reason,
		  uint64_t packets)
{
	struct op25b_stats_block *b = (void *)(m + 1);

	b->cell[OP25B_CELL_INDEX(pool, reason, FAMILY_IP4)].packets += packets;
}

static void few_packets_would_be_refused(void **state)
{
	struct op25b_stats_hdr *first = dataplane_life(1), *second = dataplane_life(2);

	(void)state;
	count(first, 1, REASON_PASS_MONITOR_DROP, 1000); // before the stage: not its own
	count(first, 1, REASON_PASS_NOT_PORT25, 1000);
	run.life.stats.memory = first;
	time_load(WOULD_POLICY("2008-03-30T12:00:01"));
	time_life_turn(&run.life, NOON + 1);
	ask_gates(MIDNIGHT);
	assert_gate_text("no packet to TCP port 25 since stage \"watch\" began");
	count(first, 1, REASON_PASS_MONITOR_DROP, 10);
	count(first, 2, REASON_PASS_PERMIT, 90);
	count(first, 1, REASON_PASS_NOT_PORT25, 10000);
	ask_gates(MIDNIGHT + 60);
	assert_gate_text("would have refused 10.00 % of 100 packets; below 5 % is wanted");
	// op25bd is killed and comes back, to the same op25b-dp.
	count(first, 2, REASON_PASS_PERMIT, 50);
	time_restart(false);
	run.life.stats.memory = first;
	count(first, 2, REASON_PASS_PERMIT, 40);
	ask_gates(MIDNIGHT + 120);
	assert_gate_text("5.26 % of 190 packets");
	// Both are started again.
	time_restart(true);
	run.life.stats.memory = second;
	count(second, 2, REASON_PASS_WITHIN_LIMIT, 9);
	ask_gates(MIDNIGHT + 180);
	assert_gate_text("5.03 % of 199 packets");
	count(second, 2, REASON_PASS_UNRESTRICTED, 1);
	ask_gates(MIDNIGHT + 240);
	time_assert_stage("flets", "watch"); // exactly 5 % is not below
	count(second, 2, REASON_PASS_UNRESTRICTED, 1);
	ask_gates(MIDNIGHT + 300);
	time_assert_stage("flets", "closed");
	run.life.stats.memory = NULL;
	free(first);
	free(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TIME_TEST(nothing_is_asked_before_the_date),
		TIME_TEST(an_open_gate_costs_no_time),
		TIME_TEST(a_gate_that_fails_holds_until_it_passes),
		TIME_TEST(what_was_opened_stays_open),
		TIME_TEST(what_was_opened_survives_a_load_that_is_not_saved),
		TIME_TEST(explain_knows_the_gates_of_now),
		TIME_TEST(an_unsynchronised_clock_opens_no_gate),
		TIME_TEST(a_load_ends_questions_under_way),
		TIME_TEST(an_accepted_clock_ends_questions_under_way),
		TIME_TEST(a_monitor_must_have_run_on_this_box),
		TIME_TEST(what_has_run_has_run),
		TIME_TEST(few_packets_would_be_refused),
	};

	setvbuf(stdout, NULL, _IONBF, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
