// SPDX-License-Identifier: BSD-3-Clause
//
// The policy's own test vectors ("expect"): reads them, puts an address where a name stands, and
// asks the explainer, and so the judge, about each at its moment.
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain_internal.h"
#include "keys.h"
#include "parse_internal.h"
#include "represent.h"

#define MAX_VECTORS 65536u
#define NOBODY_NAME "other"
#define ADDRESS_BYTES INET6_ADDRSTRLEN

// One end of a connection, as the vector names it.
struct end {
	const char *text;
	bool is_address;
	struct prefix address;
	enum owner_kind kind; // else
	uint32_t index;
};

struct vector {
	size_t index; // in the file
	const json_t *doc;
	int64_t at_s;
	struct end from, to;
	int port; // -1: not given
	uint16_t source_port;
	uint8_t side;
	const char *pair, *verdict, *reason, *stage; // NULL: not given; verdict always is
	char *faults[FAMILY_COUNT]; // what did not hold; [FAMILY_NONE]: not asked at all
};

// All vectors of a policy, and what they are asked with.
struct bench {
	const struct policy *policy;
	struct vector *vectors;
	size_t count;
	struct represent represent;
	json_t *told; // what was asked, for policy_vectors(); NULL: nobody wants to know
	size_t asked;
};

// How many things the text is a name of; *end is the last of them.
static uint32_t end_meanings(const struct policy *p, struct end *end)
{
	int pool = policy_find_pool(p, end->text), infra = policy_find_infra(p, end->text);
	int set = policy_find_set(p, end->text);

	end->is_address = prefix_read_address(end->text, &end->address);
	end->kind = OWNER_NOBODY;
	if (pool >= 0) {
		end->kind = OWNER_POOL;
		end->index = (uint32_t)pool;
	}
	if (infra >= 0) {
		end->kind = OWNER_INFRA;
		end->index = (uint32_t)infra;
	}
	if (set >= 0) {
		end->kind = OWNER_SET;
		end->index = (uint32_t)set;
	}
	return end->is_address + (pool >= 0) + (infra >= 0) + (set >= 0) +
	       !strcmp(end->text, NOBODY_NAME);
}

static void read_end(const struct policy *p, const struct vector *v, const char *place,
		     const char *key, struct end *end, struct diag *d)
{
	const json_t *value = json_object_get(v->doc, key);
	char at[READER_PLACE_BYTES], quote[READER_PLACE_BYTES];
	uint32_t meanings;

	end->text = reader_string(v->doc, place, key, NULL, d);
	if (!end->text)
		return;
	meanings = end_meanings(p, end);
	if (meanings == 0)
		diag_error(d, reader_place(at, place, key),
			   "%s is no address, and no name of a pool, an infrastructure or a set; "
			   "\"" NOBODY_NAME "\" stands for an address in none of them",
			   reader_quote(quote, value));
	else if (meanings > 1)
		diag_error(d, reader_place(at, place, key),
			   "%s stands for more than one thing (a pool or infrastructure, a set, an "
			   "address, \"" NOBODY_NAME "\"): give an address",
			   reader_quote(quote, value));
}

static void read_words(const struct policy *p, struct vector *v, const char *place, struct diag *d)
{
	char at[READER_PLACE_BYTES], quote[READER_PLACE_BYTES];
	bool is_home = v->from.kind == OWNER_INFRA && !v->from.is_address && v->from.text &&
		       p->infra[v->from.index].on_network_side;
	bool is_known = false;
	size_t i;

	v->side = (uint8_t)reader_word(v->doc, place, "side", words_side,
				       is_home ? SIDE_NETWORK : SIDE_SUBSCRIBER, d);
	v->pair = reader_string(v->doc, place, "pair", NULL, d);
	if (v->pair)
		reader_name(v->pair, reader_place(at, place, "pair"), d);
	v->verdict = words_action[reader_word(v->doc, place, "verdict", words_action, 0, d)];
	v->reason = reader_string(v->doc, place, "reason", NULL, d);
	for (i = 0; v->reason && !is_known && i < REASON_COUNT; i++)
		is_known = !strcmp(v->reason, explain_reason((uint8_t)i));
	if (v->reason && !is_known)
		diag_error(d, reader_place(at, place, "reason"),
			   "%s is not a reason; op25b-policy(5) lists them",
			   reader_quote(quote, json_object_get(v->doc, "reason")));
	v->stage = reader_string(v->doc, place, "stage", NULL, d);
	for (i = 0, is_known = false; v->stage && !is_known && i < p->stage_count; i++)
		is_known = p->stages[i].name && !strcmp(v->stage, p->stages[i].name);
	if (v->stage && !is_known)
		diag_error(d, reader_place(at, place, "stage"),
			   "%s is not a stage, or a wave as \"stage.wave\"",
			   reader_quote(quote, json_object_get(v->doc, "stage")));
}

static void read_vector(const struct policy *p, struct vector *v, struct diag *d)
{
	char place[READER_PLACE_BYTES], at[READER_PLACE_BYTES];
	const json_t *when = json_object_get(v->doc, "at");
	struct time_text t = {0};

	reader_place_index(place, "expect", v->index);
	if (!reader_keys(v->doc, place, keys_expect, d))
		return;
	reader_string(v->doc, place, "note", NULL, d);
	if (when && parse_time(when, p->tz, reader_place(at, place, "at"), "", &t, d))
		v->at_s = t.time_s;
	read_end(p, v, place, "from", &v->from, d);
	read_end(p, v, place, "to", &v->to, d);
	v->port = (int)reader_int(v->doc, place, "port", 1, UINT16_MAX, -1, d);
	v->source_port = (uint16_t)reader_int(v->doc, place, "source_port", 1, UINT16_MAX, 0, d);
	read_words(p, v, place, d);
}

// The end's address of that family as text. Returns false if it has none.
static bool end_address(const struct bench *b, const struct end *end, uint8_t family,
			char text[ADDRESS_BYTES])
{
	struct prefix address = end->address;
	uint8_t be[16];

	if (end->is_address
		    ? address.family != family
		    : !represent_find(&b->represent, end->kind, end->index, family, &address))
		return false;
	prefix_bytes(&address, be);
	return inet_ntop(family == FAMILY_IP4 ? AF_INET : AF_INET6, be, text, ADDRESS_BYTES);
}

static const char *answer_text(const json_t *answer, const char *key)
{
	const char *text = json_string_value(json_object_get(answer, key));

	return text ? text : "none";
}

static char *text_of(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static char *text_of(const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		abort();
	va_end(args);
	return text;
}

// What is wrong if the answer's member is not what was expected; else NULL.
static char *compare(const char *key, const char *want, const json_t *answer)
{
	const char *got = answer_text(answer, key);

	if (!want || !strcmp(want, got))
		return NULL;
	return text_of(
		"expected %s \"%s\", got \"%s\": %s to port %d of %s at %s (stage %s, clause "
		"%s, reason %s)",
		key, want, got, answer_text(answer, "from"),
		(int)json_integer_value(json_object_get(answer, "port")), answer_text(answer, "to"),
		answer_text(answer, "at"), answer_text(answer, "stage"),
		answer_text(answer, "clause"), answer_text(answer, "reason"));
}

static void tell(struct bench *b, const struct vector *v, const json_t *answer)
{
	static const char *const keys[] = {"at",   "side",        "pair",    "from",   "to",
					   "port", "source_port", "verdict", "reason", "stage"};
	json_t *row = json_pack("{s:i}", "index", (int)v->index);
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		json_object_set(row, keys[i], json_object_get(answer, keys[i]));
	json_array_append_new(b->told, row);
}

// Returns what is wrong with the answer, or NULL.
static char *ask_vector(struct bench *b, const struct vector *v, struct explainer *e,
			const char *from, const char *to, struct diag *d)
{
	const struct explain_request r = {.from = from,
					  .to = to,
					  .port = v->port,
					  .source_port = v->source_port,
					  .side = v->side,
					  .pair = v->pair};
	json_t *answer = explainer_try(e, &r, d);
	char *fault;

	b->asked++;
	if (!answer)
		return NULL;
	fault = compare("verdict", v->verdict, answer);
	if (!fault)
		fault = compare("reason", v->reason, answer);
	if (!fault)
		fault = compare("stage", v->stage, answer);
	if (b->told)
		tell(b, v, answer);
	json_decref(answer);
	return fault;
}

// In every family that both ends have.
static void ask_families(struct bench *b, struct vector *v, struct explainer *e, struct diag *d)
{
	char from[ADDRESS_BYTES], to[ADDRESS_BYTES];
	bool is_asked = false;
	uint32_t i;

	for (i = FAMILY_IP4; i < FAMILY_COUNT; i++) {
		const uint8_t family = (uint8_t)i;

		if (!end_address(b, &v->from, family, from) || !end_address(b, &v->to, family, to))
			continue;
		v->faults[family] = ask_vector(b, v, e, from, to, d);
		is_asked = true;
	}
	if (!is_asked)
		v->faults[FAMILY_NONE] = text_of(
			"\"%s\" and \"%s\" have no addresses of one family: both ends must have "
			"IPv4, or IPv6, that is theirs alone",
			v->from.text, v->to.text);
}

static int index_compare(const void *a, const void *b)
{
	const struct vector *x = a, *y = b;

	return x->index < y->index ? -1 : x->index > y->index;
}

static int moment_compare(const void *a, const void *b)
{
	const struct vector *x = a, *y = b;

	if (x->at_s != y->at_s)
		return x->at_s < y->at_s ? -1 : 1;
	return index_compare(a, b);
}

// Asks all vectors in the order of time: as long as nothing changes, one compilation does.
static void ask_all(struct bench *b, struct diag *d)
{
	struct explainer *e = NULL;
	int64_t until_s = POLICY_NEVER;
	size_t i;

	qsort(b->vectors, b->count, sizeof(*b->vectors), moment_compare);
	represent_init(&b->represent, b->policy);
	for (i = 0; i < b->count; i++) {
		struct vector *v = &b->vectors[i];
		struct compile_request r = {
			.moment = {.at_s = v->at_s}, .generation = 1, .slots_capacity = UINT64_MAX};

		if (!e || v->at_s >= until_s) {
			explainer_close(e);
			e = explainer_open(b->policy, &r, d);
			policy_next_change(b->policy, &r.moment, &until_s);
		} else {
			explainer_at(e, v->at_s);
		}
		if (!e)
			break;
		ask_families(b, v, e, d);
	}
	explainer_close(e);
	represent_free(&b->represent);
}

// In the order of the file.
static void tell_faults(struct bench *b, struct diag *d)
{
	char place[READER_PLACE_BYTES];
	size_t i, family;

	qsort(b->vectors, b->count, sizeof(*b->vectors), index_compare);
	for (i = 0; i < b->count; i++) {
		reader_place_index(place, "expect", i);
		for (family = FAMILY_NONE; family < FAMILY_COUNT; family++) {
			if (b->vectors[i].faults[family])
				diag_error(d, place, "%s", b->vectors[i].faults[family]);
			free(b->vectors[i].faults[family]);
		}
	}
}

// Reads the vectors, and asks them if nothing at all is wrong.
static void bench_run(struct bench *b, bool is_good, struct diag *d)
{
	const json_t *list = json_object_get(b->policy->doc, "expect");
	size_t i, errors_before = d->error_count;

	b->count = parse_length(b->policy->doc, "", "expect", MAX_VECTORS, d);
	b->vectors = policy_alloc(b->count, sizeof(*b->vectors));
	for (i = 0; i < b->count; i++) {
		b->vectors[i].index = i;
		b->vectors[i].doc = json_array_get(list, i);
		read_vector(b->policy, &b->vectors[i], d);
	}
	if (is_good && d->error_count == errors_before && b->count) {
		ask_all(b, d);
		tell_faults(b, d);
	}
	free(b->vectors);
}

void policy_expect(struct policy *p, bool is_good, struct diag *d)
{
	struct bench b = {.policy = p};

	bench_run(&b, is_good, d);
	p->vector_count = b.asked;
}

json_t *policy_vectors(const struct policy *p)
{
	struct bench b = {.policy = p, .told = json_array()};
	struct diag d;

	diag_init(&d, "");
	bench_run(&b, true, &d);
	diag_free(&d);
	return b.told;
}
