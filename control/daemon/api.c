// SPDX-License-Identifier: BSD-3-Clause
//
// See api.h.
#include "api.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../reader/reader.h"
#include "api_explain.h"
#include "metrics.h"

#define API_TIMEOUT_S 30
#define API_MAX_HEADER_BYTES 16384
#define ALL_METHODS                                                                                \
	(EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | \
	 EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE | EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH)

struct api {
	struct publish *publish;
	const struct snapshot_sources *sources;
	struct evhttp *unix_http;
	struct evhttp *metrics_http;    // NULL: none
	struct evhttp_request *loading; // the load that waits for its outcome; NULL: none, or its
					// client has gone
	char socket_path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

static void send_bytes(struct evhttp_request *req, int status, const char *type, const char *text,
		       size_t bytes)
{
	struct evbuffer *body = evbuffer_new();

	if (!body) {
		evhttp_send_error(req, HTTP_INTERNAL, NULL);
		return;
	}
	evbuffer_add(body, text, bytes);
	evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Type", type);
	evhttp_add_header(evhttp_request_get_output_headers(req), "Cache-Control", "no-store");
	evhttp_send_reply(req, status, NULL, body);
	evbuffer_free(body);
}

static void send_json(struct evhttp_request *req, int status, const json_t *answer)
{
	char *text = json_dumps(answer, JSON_COMPACT);

	if (text)
		send_bytes(req, status, "application/json", text, strlen(text));
	else
		evhttp_send_error(req, HTTP_INTERNAL, NULL);
	free(text);
}

static void send_reason(struct evhttp_request *req, int status, const char *reason)
{
	json_t *answer = json_pack("{s:s}", "reason", reason);

	send_json(req, status, answer);
	json_decref(answer);
}

// Parameters of the request's query. Pair with evhttp_clear_headers().
static bool read_query(struct evhttp_request *req, struct evkeyvalq *query)
{
	const char *text = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(req));

	TAILQ_INIT(query);
	return !text || !evhttp_parse_query_str(text, query);
}

static void send_snapshot(struct api *a, struct evhttp_request *req,
			  json_t *(*make)(const struct snapshot *s))
{
	struct snapshot s;
	json_t *answer;

	snapshot_take(&s, a->sources);
	answer = make(&s);
	send_json(req, HTTP_OK, answer);
	json_decref(answer);
	snapshot_free(&s);
}

static void get_status(struct api *a, struct evhttp_request *req)
{
	send_snapshot(a, req, snapshot_status);
}

static void get_stats(struct api *a, struct evhttp_request *req)
{
	send_snapshot(a, req, snapshot_stats);
}

static void get_metrics(struct api *a, struct evhttp_request *req)
{
	struct evbuffer *body = evbuffer_new();
	struct snapshot s;

	if (!body) {
		evhttp_send_error(req, HTTP_INTERNAL, NULL);
		return;
	}
	snapshot_take(&s, a->sources);
	metrics_write(body, &s);
	snapshot_free(&s);
	evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Type",
			  METRICS_CONTENT_TYPE);
	evhttp_send_reply(req, HTTP_OK, NULL, body);
	evbuffer_free(body);
}

static void get_policy(struct api *a, struct evhttp_request *req)
{
	char *text;

	if (!a->publish->now.policy) {
		send_reason(req, HTTP_NOTFOUND, "no policy is in force");
		return;
	}
	text = policy_print(a->publish->now.policy);
	if (text)
		send_bytes(req, HTTP_OK, "application/json", text, strlen(text));
	else
		evhttp_send_error(req, HTTP_INTERNAL, NULL);
	free(text);
}

static int outcome_status(enum publish_outcome outcome)
{
	switch (outcome) {
	case PUBLISH_IN_FORCE:
		return HTTP_OK;
	case PUBLISH_REFUSED:
		return 422;
	case PUBLISH_BUSY:
		return 409;
	default:
		return HTTP_SERVUNAVAIL;
	}
}

static void on_busy(void *arg, enum publish_outcome outcome, json_t *answer)
{
	send_json(arg, outcome_status(outcome), answer);
}

static void on_client_gone(struct evhttp_connection *conn, void *arg)
{
	struct api *a = arg;

	(void)conn;
	a->loading = NULL; // libevent frees it; the load itself goes on
}

static void on_loaded(void *arg, enum publish_outcome outcome, json_t *answer)
{
	struct api *a = arg;
	struct evhttp_request *req = a->loading;

	a->loading = NULL;
	if (!req)
		return;
	evhttp_connection_set_closecb(evhttp_request_get_connection(req), NULL, NULL);
	send_json(req, outcome_status(outcome), answer);
}

// Whom to tell what becomes of an attempt: one client can wait for it.
static publish_done wait_for_outcome(struct api *a, struct evhttp_request *req, void **arg)
{
	if (a->loading) {
		*arg = req;
		return on_busy;
	}
	*arg = a;
	a->loading = req;
	evhttp_connection_set_closecb(evhttp_request_get_connection(req), on_client_gone, a);
	return on_loaded;
}

static void post_clock_accept(struct api *a, struct evhttp_request *req)
{
	void *arg;
	publish_done done = wait_for_outcome(a, req, &arg);

	publish_accept_clock(a->publish, done, arg);
}

static void post_policy(struct api *a, struct evhttp_request *req)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(req);
	size_t bytes = evbuffer_get_length(body);
	struct evkeyvalq query;
	const char *text, *source;
	publish_done done;
	void *arg;

	if (!read_query(req, &query)) {
		send_reason(req, HTTP_BADREQUEST, "the query cannot be read");
		return;
	}
	source = evhttp_find_header(&query, "source");
	// The whole body in one piece; an empty one has no piece.
	text = bytes ? (const char *)evbuffer_pullup(body, -1) : "";
	if (!text) {
		evhttp_send_error(req, HTTP_INTERNAL, NULL);
	} else {
		done = wait_for_outcome(a, req, &arg);
		publish_load(a->publish, text, bytes, source ? source : "policy", done, arg);
	}
	evhttp_clear_headers(&query);
}

static void get_explain(struct api *a, struct evhttp_request *req)
{
	struct evkeyvalq query;
	json_t *answer = NULL;
	struct diag d;

	if (!a->publish->now.policy) {
		send_reason(req, HTTP_NOTFOUND, "no policy is in force");
		return;
	}
	if (!read_query(req, &query)) {
		send_reason(req, HTTP_BADREQUEST, "the query cannot be read");
		return;
	}
	diag_init(&d, "explain");
	answer = api_explain(a->publish, &query, &d);
	if (answer) {
		send_json(req, HTTP_OK, answer);
	} else {
		answer = json_pack("{s:o}", "errors", diag_json(&d));
		send_json(req, 422, answer);
	}
	json_decref(answer);
	diag_free(&d);
	evhttp_clear_headers(&query);
}

struct route {
	const char *path;
	enum evhttp_cmd_type method;
	bool on_metrics; // also on the TCP listener
	void (*handle)(struct api *a, struct evhttp_request *req);
};

static const struct route routes[] = {
	{"/v1/status", EVHTTP_REQ_GET, false, get_status},
	{"/v1/stats", EVHTTP_REQ_GET, false, get_stats},
	{"/v1/policy", EVHTTP_REQ_GET, false, get_policy},
	{"/v1/policy", EVHTTP_REQ_POST, false, post_policy},
	{"/v1/policy/explain", EVHTTP_REQ_GET, false, get_explain},
	{"/v1/clock/accept", EVHTTP_REQ_POST, false, post_clock_accept},
	{"/metrics", EVHTTP_REQ_GET, true, get_metrics},
};

static void dispatch(struct api *a, struct evhttp_request *req, bool is_metrics)
{
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));
	enum evhttp_cmd_type method = evhttp_request_get_command(req);
	char allow[32] = "";
	size_t i;

	for (i = 0; path && i < sizeof(routes) / sizeof(routes[0]); i++) {
		const struct route *r = &routes[i];

		if (strcmp(r->path, path) || (is_metrics && !r->on_metrics))
			continue;
		if (r->method == method) {
			r->handle(a, req);
			return;
		}
		snprintf(allow + strlen(allow), sizeof(allow) - strlen(allow), "%s%s",
			 allow[0] ? ", " : "", r->method == EVHTTP_REQ_GET ? "GET" : "POST");
	}
	if (allow[0]) {
		evhttp_add_header(evhttp_request_get_output_headers(req), "Allow", allow);
		send_reason(req, HTTP_BADMETHOD, "this path does not know this method");
	} else {
		send_reason(req, HTTP_NOTFOUND, "there is no such path");
	}
}

static void on_unix_request(struct evhttp_request *req, void *arg)
{
	dispatch(arg, req, false);
}

static void on_metrics_request(struct evhttp_request *req, void *arg)
{
	dispatch(arg, req, true);
}

static struct evhttp *new_http(struct event_base *base, struct api *a,
			       void (*on_request)(struct evhttp_request *, void *))
{
	struct evhttp *http = evhttp_new(base);

	if (!http)
		return NULL;
	evhttp_set_allowed_methods(http, ALL_METHODS);
	evhttp_set_max_headers_size(http, API_MAX_HEADER_BYTES);
	evhttp_set_timeout(http, API_TIMEOUT_S);
	evhttp_set_gencb(http, on_request, a);
	return http;
}

static bool listen_unix(struct api *a, struct event_base *base)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct evconnlistener *listener;
	mode_t mask;
	int fd, failed;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", a->socket_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	unlink(a->socket_path);
	mask = umask(0117); // 0660 from the first moment
	failed = bind(fd, (struct sockaddr *)&address, sizeof(address));
	umask(mask);
	listener =
		failed ? NULL : evconnlistener_new(base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE, 64, fd);
	if (!listener) {
		close(fd);
		return false;
	}
	if (evhttp_bind_listener(a->unix_http, listener))
		return true;
	evconnlistener_free(listener);
	return false;
}

struct api *api_open(struct event_base *base, const struct api_listen *where,
		     struct publish *publish, const struct snapshot_sources *sources,
		     char error[API_ERROR_BYTES])
{
	struct api *a = calloc(1, sizeof(*a));

	if (!a) {
		snprintf(error, API_ERROR_BYTES, "out of memory");
		return NULL;
	}
	a->publish = publish;
	a->sources = sources;
	snprintf(a->socket_path, sizeof(a->socket_path), "%s", where->socket_path);
	a->unix_http = new_http(base, a, on_unix_request);
	if (a->unix_http)
		evhttp_set_max_body_size(a->unix_http, READER_MAX_BYTES);
	if (!a->unix_http || !listen_unix(a, base)) {
		snprintf(error, API_ERROR_BYTES, "%s: %s", a->socket_path, strerror(errno));
		api_close(a);
		return NULL;
	}
	if (!where->metrics_host[0])
		return a;
	a->metrics_http = new_http(base, a, on_metrics_request);
	if (a->metrics_http)
		evhttp_set_max_body_size(a->metrics_http, 0);
	if (!a->metrics_http ||
	    evhttp_bind_socket(a->metrics_http, where->metrics_host, where->metrics_port)) {
		snprintf(error, API_ERROR_BYTES, "metrics on %s, port %u: %s", where->metrics_host,
			 where->metrics_port, strerror(errno));
		api_close(a);
		return NULL;
	}
	return a;
}

void api_close(struct api *a)
{
	if (!a)
		return;
	if (a->loading) // its client hears that the connection ends
		evhttp_connection_set_closecb(evhttp_request_get_connection(a->loading), NULL,
					      NULL);
	if (a->metrics_http)
		evhttp_free(a->metrics_http);
	if (a->unix_http)
		evhttp_free(a->unix_http);
	unlink(a->socket_path);
	free(a);
}

bool api_listen_read(const char *text, struct api_listen *out)
{
	const char *colon = strrchr(text, ':');
	size_t n;
	char *end;
	long port;

	out->metrics_host[0] = '\0';
	if (!strcmp(text, "none"))
		return true;
	if (!colon || colon == text)
		return false;
	port = strtol(colon + 1, &end, 10);
	n = (size_t)(colon - text);
	if (text[0] == '[' && text[n - 1] == ']') {
		text++;
		n -= 2;
	}
	if (!colon[1] || *end || port < 1 || port > UINT16_MAX || n < 1 ||
	    n >= sizeof(out->metrics_host))
		return false;
	memcpy(out->metrics_host, text, n);
	out->metrics_host[n] = '\0';
	out->metrics_port = (uint16_t)port;
	return true;
}
