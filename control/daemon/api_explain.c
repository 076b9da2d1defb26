// SPDX-License-Identifier: BSD-3-Clause
//
// See api_explain.h.
#include "api_explain.h"

#include <event2/http.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/frame_hex.h"

// The whole number at key, or the fallback if it is not given; -1 with an error in d.
static long read_number(const struct evkeyvalq *query, const char *key, const char *what, long min,
			long max, long fallback, struct diag *d)
{
	const char *text = evhttp_find_header(query, key);
	char *end;
	long number;

	if (!text)
		return fallback;
	number = strtol(text, &end, 10);
	if (*text && !*end && number >= min && number <= max)
		return number;
	diag_error(d, key, "\"%s\" is not %s, %ld to %ld", text, what, min, max);
	return -1;
}

// Whether the second of the two words is at key.
static bool read_word(const struct evkeyvalq *query, const char *key, const char *fallback,
		      const char *other, struct diag *d)
{
	const char *text = evhttp_find_header(query, key);

	if (!text || !strcmp(text, fallback))
		return false;
	if (strcmp(text, other))
		diag_error(d, key, "\"%s\" is not \"%s\" or \"%s\"", text, fallback, other);
	return true;
}

static void read_connection(const struct evkeyvalq *query, struct explain_request *q,
			    struct diag *d)
{
	q->from = evhttp_find_header(query, "from");
	q->to = evhttp_find_header(query, "to");
	if (!q->from || !q->to)
		diag_error(d, q->from ? "to" : "from", "is missing: an address is expected");
	q->port = (int)read_number(query, "port", "a port", 0, UINT16_MAX, -1, d);
	q->source_port = (uint16_t)read_number(query, "source_port", "a port", 1, UINT16_MAX, 0, d);
}

// A client may leave out what is not looked at: frame_bytes then says how long the frame is.
static void read_frame(const struct evkeyvalq *query, const char *text, uint8_t *frame,
		       struct explain_request *q, struct diag *d)
{
	long bytes;

	q->frame = frame;
	if (!frame_read_hex(text, 1, 1, frame, &q->frame_bytes, d))
		return;
	bytes = read_number(query, "frame_bytes", "a length", q->frame_bytes, FRAME_MAX_BYTES,
			    q->frame_bytes, d);
	if (q->frame_bytes < EXPLAIN_WINDOW_BYTES && bytes > (long)q->frame_bytes)
		diag_error(d, "frame", "has %u bytes, not %ld nor the first %u of them",
			   q->frame_bytes, bytes, EXPLAIN_WINDOW_BYTES);
	q->frame_bytes = (uint32_t)bytes;
}

// The pairs' own setting, unless the query says another.
static uint32_t read_l2_doubt(const struct publish *p, const struct evkeyvalq *query,
			      struct diag *d)
{
	uint32_t i, pairs = 0;

	if (evhttp_find_header(query, "l2_doubt"))
		return read_word(query, "l2_doubt", "pass", "drop", d) ? UINT32_MAX : 0;
	for (i = 0; i < p->config->pair_count; i++) {
		if (p->config->pairs[i].drop_l2_doubt)
			pairs |= 1u << i;
	}
	return pairs;
}

// At another moment than now nobody can say which gates are open: they are taken to be.
static struct moment read_moment(struct publish *p, const struct evkeyvalq *query, struct diag *d)
{
	const char *at = evhttp_find_header(query, "at");
	const char *tz = policy_tz(p->now.policy);
	struct moment moment = {0};

	if (!at)
		return candidate_moment(&p->now, clock_now(p->clock, tz));
	policy_time_read(at, tz, "at", &moment.at_s, d);
	return moment;
}

static json_t *ask(struct publish *p, const struct explain_request *q, struct moment moment,
		   struct diag *d)
{
	struct compile_request r = publish_request(p, moment, NULL);
	struct explainer *explainer;
	json_t *answer = NULL;

	// Like a fresh box, whose slots are not the point.
	r.generation = 1;
	r.slots_capacity = UINT64_MAX;
	explainer = explainer_open(p->now.policy, &r, d);
	if (explainer)
		answer = explainer_ask(explainer, q, d);
	explainer_close(explainer);
	return answer;
}

json_t *api_explain(struct publish *p, const struct evkeyvalq *query, struct diag *d)
{
	static uint8_t frame[FRAME_MAX_BYTES];
	const char *text = evhttp_find_header(query, "frame");
	struct explain_request q = {.pair = evhttp_find_header(query, "pair")};
	struct moment moment = read_moment(p, query, d);

	if (text)
		read_frame(query, text, frame, &q, d);
	else
		read_connection(query, &q, d);
	q.side = read_word(query, "side", "subscriber", "network", d) ? SIDE_NETWORK
								      : SIDE_SUBSCRIBER;
	q.l2_doubt_drop = read_l2_doubt(p, query, d);
	return diag_is_refused(d) ? NULL : ask(p, &q, moment, d);
}
