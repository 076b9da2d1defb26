// SPDX-License-Identifier: BSD-3-Clause
//
// See gate_tcp.h.
#include "gate_tcp.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../reader/diag.h"

#define GREETING_MAX_BYTES 512u // RFC 5321 section 4.5.3.1.5: a reply line

struct gate_try {
	struct gate_tcp *owner;
	const char *address;
	struct bufferevent *conn; // NULL: it has its answer
	bool good;
	char why[96];
};

struct gate_tcp {
	const struct policy_gate *gate;
	gate_tcp_done done;
	void *arg;
	struct event *end; // after the last answer, or the time that is given for all
	size_t pending;
	size_t count;
	struct gate_try tries[];
};

static void settle(struct gate_try *y, bool good, const char *why)
{
	y->good = good;
	snprintf(y->why, sizeof(y->why), "%s", why);
	if (y->conn)
		bufferevent_free(y->conn);
	y->conn = NULL;
	// The owner is told from the event loop, for it may free all this.
	if (--y->owner->pending == 0)
		event_active(y->owner->end, EV_TIMEOUT, 0);
}

static void judge_line(struct gate_try *y, const char *line)
{
	const char *greeting = y->owner->gate->greeting;
	char why[sizeof(y->why)], *clean;

	if (!strncmp(line, greeting, strlen(greeting))) {
		settle(y, true, "");
		return;
	}
	snprintf(why, sizeof(why), "greets with \"%.40s\", not \"%.24s\"", line, greeting);
	clean = diag_text(why); // after it was cut, perhaps within a character
	settle(y, false, clean);
	free(clean);
}

static void on_read(struct bufferevent *conn, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(conn);
	char *line = evbuffer_readln(in, NULL, EVBUFFER_EOL_CRLF);

	if (line)
		judge_line(arg, line);
	else if (evbuffer_get_length(in) > GREETING_MAX_BYTES)
		settle(arg, false, "its first line has no end");
	free(line);
}

static void on_event(struct bufferevent *conn, short what, void *arg)
{
	struct gate_try *y = arg;

	(void)conn;
	if (what & BEV_EVENT_CONNECTED) {
		if (!y->owner->gate->greeting)
			settle(y, true, "");
	} else if (what & BEV_EVENT_EOF) {
		settle(y, false, "hung up before its greeting");
	} else {
		settle(y, false, evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
	}
}

static socklen_t read_address(const char *text, uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		return sizeof(*v6);
	}
	return 0;
}

static void ask(struct gate_try *y, struct event_base *base)
{
	struct sockaddr_storage to;
	socklen_t bytes = read_address(y->address, y->owner->gate->port, &to);

	y->conn = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (!y->conn || !bytes) {
		settle(y, false, bytes ? "out of memory" : "is no address");
		return;
	}
	bufferevent_setcb(y->conn, on_read, NULL, on_event, y);
	// Without a greeting to compare nothing is read.
	if (y->owner->gate->greeting)
		bufferevent_enable(y->conn, EV_READ);
	// A failure at once comes as an event, before this returns or after.
	if (bufferevent_socket_connect(y->conn, (struct sockaddr *)&to, (int)bytes) && y->conn)
		settle(y, false, evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	const struct gate_try *first = NULL;
	struct gate_tcp *t = arg;
	char text[GATE_TEXT_BYTES];
	size_t i, bad = 0;

	(void)fd;
	(void)what;
	for (i = 0; i < t->count; i++) {
		struct gate_try *y = &t->tries[i];

		if (y->conn)
			settle(y, false, "no answer within 5 s");
		if (!y->good && !bad++)
			first = y;
	}
	event_del(t->end);
	if (!first)
		snprintf(text, sizeof(text), "port %u answers at all %zu addresses", t->gate->port,
			 t->count);
	else if (bad == 1)
		snprintf(text, sizeof(text), "%s port %u: %s", first->address, t->gate->port,
			 first->why);
	else
		snprintf(text, sizeof(text), "%s port %u: %s, and %zu more addresses",
			 first->address, t->gate->port, first->why, bad - 1);
	t->done(t->arg, !first, text);
}

_Static_assert(GATE_TCP_TIMEOUT_S == 5, "on_end() says it in words");

struct gate_tcp *gate_tcp_start(struct event_base *base, const struct policy_gate *gate,
				gate_tcp_done done, void *arg)
{
	struct gate_tcp *t = calloc(1, sizeof(*t) + gate->address_count * sizeof(t->tries[0]));
	struct timeval tv = {GATE_TCP_TIMEOUT_S, 0};
	size_t i;

	if (!t)
		return NULL;
	t->gate = gate;
	t->done = done;
	t->arg = arg;
	t->end = evtimer_new(base, on_end, t);
	if (!t->end || event_add(t->end, &tv)) {
		gate_tcp_close(t);
		return NULL;
	}
	t->count = gate->address_count;
	t->pending = t->count + 1; // not done before all were asked
	for (i = 0; i < t->count; i++) {
		t->tries[i].owner = t;
		t->tries[i].address = gate->addresses[i];
		ask(&t->tries[i], base);
	}
	if (--t->pending == 0)
		event_active(t->end, EV_TIMEOUT, 0);
	return t;
}

void gate_tcp_close(struct gate_tcp *t)
{
	size_t i;

	if (!t)
		return;
	for (i = 0; i < t->count; i++) {
		if (t->tries[i].conn)
			bufferevent_free(t->tries[i].conn);
	}
	if (t->end)
		event_free(t->end);
	free(t);
}
