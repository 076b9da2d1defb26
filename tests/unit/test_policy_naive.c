// SPDX-License-Identifier: BSD-3-Clause
//
// Random policies with all that can apply to an address at once, asked at random moments: what the
// compiled image says against an evaluation of the policy's own words, part by part, that knows
// neither images nor prefix trees.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy_help.h"

#define ROUNDS 40
#define MOMENTS 8
#define PROBES 120
#define MOST 10  // of each part
#define OWN MOST // bit of a destination: the pool's own relay
#define ANY 31
#define FIRST_DAY 1767225600 // 2026-01-01, UTC

// IPv4 only, in 10.0.0.0/22: a small world, so that all meet.
struct net {
	uint32_t addr;
	int depth;
};

struct part {
	struct net net;
	int from, until; // days
	uint32_t to;     // bit i: set i, OWN, ANY
	const char *what;
};

struct stage {
	int from, until;
	int clause_count;
	uint32_t to[4];
	const char *what[4];
};

struct world {
	int pool_count, set_count, infra_count, exception_count, quarantine_count;
	struct net pools[MOST], sets[MOST], infra[MOST];
	bool on_network_side[MOST];
	uint32_t relay[MOST];         // of pools: sets
	struct stage stages[MOST][2]; // of pools
	struct part exceptions[MOST], quarantines[MOST];
};

static uint32_t pick(uint32_t below)
{
	return (uint32_t)random() % below;
}

static uint32_t random_addr(void)
{
	return 0x0a000000u | pick(1u << 10);
}

static struct net random_net(int shortest)
{
	struct net net = {random_addr(), shortest + (int)pick(33 - (uint32_t)shortest)};

	net.addr &= ~0u << (32 - net.depth);
	return net;
}

static bool covers(const struct net *net, uint32_t addr)
{
	return !((addr ^ net->addr) & ~0u << (32 - net->depth));
}

static bool lies_in(const struct net *inner, const struct net *outer)
{
	return inner->depth >= outer->depth && covers(outer, inner->addr);
}

// Index of the longest that covers the address, or -1.
static int longest(const struct net *nets, int count, uint32_t addr)
{
	int i, best = -1;

	for (i = 0; i < count; i++) {
		if (covers(&nets[i], addr) && (best < 0 || nets[i].depth > nets[best].depth))
			best = i;
	}
	return best;
}

static uint32_t random_to(const struct world *w, bool own)
{
	uint32_t to = pick(1u << w->set_count);

	if (own && pick(3) == 0)
		to |= 1u << OWN;
	return to ? to : 1u << ANY;
}

// Any earlier pool may lie around a later one, none inside it.
static void random_pools(struct world *w)
{
	static const char *const what[] = {"permit", "drop", "rst", "icmp_admin", "monitor"};
	int tries, i, j;

	for (tries = 0; tries < 20 && w->pool_count < MOST; tries++) {
		struct net net = random_net(23);

		for (i = 0; i < w->pool_count && !lies_in(&w->pools[i], &net); i++)
			;
		if (i == w->pool_count)
			w->pools[w->pool_count++] = net;
	}
	for (i = 0; i < w->pool_count; i++) {
		w->relay[i] = pick(1u << w->set_count);
		for (j = 0; j < 2; j++) {
			struct stage *s = &w->stages[i][j];
			int k;

			s->from = 1 + 4 * j + (int)pick(4);
			s->until = s->from + 1 + (int)pick(6);
			s->clause_count = 1 + (int)pick(4);
			for (k = 0; k < s->clause_count; k++) {
				// Nothing may stand behind "any".
				do {
					s->to[k] = random_to(w, true);
				} while (k + 1 < s->clause_count && s->to[k] == 1u << ANY);
				s->what[k] = what[pick(COUNT(what))];
			}
		}
	}
}

static void random_infra(struct world *w)
{
	int tries, i, j;

	for (tries = 0; tries < 5; tries++) {
		struct net net = random_net(28);

		for (i = 0; i < w->pool_count && !lies_in(&w->pools[i], &net); i++)
			;
		for (j = 0; j < w->infra_count && !lies_in(&w->infra[j], &net) &&
			    !lies_in(&net, &w->infra[j]);
		     j++)
			;
		if (i < w->pool_count || j < w->infra_count)
			continue;
		w->on_network_side[w->infra_count] = pick(2);
		w->infra[w->infra_count++] = net;
	}
}

static bool random_grant(const struct world *w, const struct part *parts, int count,
			 struct part *part)
{
	int i;

	*part = (struct part){.net = random_net(24), .from = (int)pick(8)};
	part->until = part->from + 1 + (int)pick(6);
	if (longest(w->infra, w->infra_count, part->net.addr) >= 0)
		return false;
	for (i = 0; i < count; i++) {
		if (lies_in(&part->net, &parts[i].net) && lies_in(&parts[i].net, &part->net))
			return false;
	}
	for (i = 0; i < w->pool_count; i++) {
		if (lies_in(&part->net, &w->pools[i]))
			return true;
	}
	return false;
}

static void random_grants(struct world *w)
{
	static const char *const what[] = {"drop", "rst", "icmp_admin"};
	struct part part;
	int tries;

	for (tries = 0; tries < 30; tries++) {
		if (w->exception_count < MOST && random_grant(w, w->exceptions, 0, &part)) {
			part.to = random_to(w, false);
			w->exceptions[w->exception_count++] = part;
		}
		if (w->quarantine_count < MOST &&
		    random_grant(w, w->quarantines, w->quarantine_count, &part)) {
			part.to = random_to(w, true) & ~(1u << ANY);
			part.what = what[pick(COUNT(what))];
			w->quarantines[w->quarantine_count++] = part;
		}
	}
}

static void random_world(struct world *w)
{
	*w = (struct world){.set_count = 1 + (int)pick(5)};
	for (int i = 0; i < w->set_count; i++)
		w->sets[i] = random_net(26);
	do {
		w->pool_count = 0;
		random_pools(w);
	} while (!w->pool_count);
	random_infra(w);
	random_grants(w);
}

static void put_net(FILE *out, const struct net *net)
{
	fprintf(out, "\"%u.%u.%u.%u/%d\"", net->addr >> 24, net->addr >> 16 & 255,
		net->addr >> 8 & 255, net->addr & 255, net->depth);
}

static void put_time(FILE *out, const char *key, int day)
{
	fprintf(out, ",\"%s\":\"2026-01-%02d\"", key, 1 + day);
}

// Exceptions may name prefixes as well: every second set is written out.
static void put_to(FILE *out, const struct world *w, const char *key, uint32_t to, bool spelled)
{
	const char *comma = "";
	int i;

	if (to == 1u << ANY) {
		fprintf(out, ",\"%s\":\"any\"", key);
		return;
	}
	fprintf(out, ",\"%s\":[", key);
	for (i = 0; i < w->set_count; i++) {
		if (!(to >> i & 1))
			continue;
		fputs(comma, out);
		if (spelled && i % 2)
			put_net(out, &w->sets[i]);
		else
			fprintf(out, "\"s%d\"", i);
		comma = ",";
	}
	if (to >> OWN & 1)
		fprintf(out, "%s\"own_relay\"", comma);
	fputc(']', out);
}

static void put_pools(FILE *out, const struct world *w)
{
	int i, j;

	for (i = 0; i < w->pool_count; i++) {
		const char *comma = "";

		fprintf(out, "%s\"p%d\":{\"kind\":\"dynamic\",\"v4\":[", i ? "," : "", i);
		put_net(out, &w->pools[i]);
		fputs("],\"within\":[", out);
		for (j = 0; j < i; j++) {
			if (!lies_in(&w->pools[i], &w->pools[j]))
				continue;
			fprintf(out, "%s\"p%d\"", comma, j);
			comma = ",";
		}
		fputc(']', out);
		put_to(out, w, "relay", w->relay[i], false);
		fputc('}', out);
	}
}

static void put_stages(FILE *out, const struct world *w)
{
	int i, j, k;

	for (i = 0; i < w->pool_count; i++) {
		for (j = 0; j < 2; j++) {
			const struct stage *s = &w->stages[i][j];

			fprintf(out, "%s{\"id\":\"t%d-%d\",\"pools\":[\"p%d\"]", i || j ? "," : "",
				i, j, i);
			put_time(out, "from", s->from);
			put_time(out, "until", s->until);
			fputs(",\"port25\":[", out);
			for (k = 0; k < s->clause_count; k++) {
				fprintf(out, "%s{\"do\":\"%s\"%s", k ? "," : "", s->what[k],
					strcmp(s->what[k], "monitor") ? "" : ",\"as\":\"drop\"");
				put_to(out, w, "to", s->to[k], false);
				fputc('}', out);
			}
			fputs("]}", out);
		}
	}
}

static void put_grants(FILE *out, const struct world *w, const char *id, const struct part *parts,
		       int count)
{
	int i;

	for (i = 0; i < count; i++) {
		const struct part *part = &parts[i];

		fprintf(out, "%s{\"id\":\"%s%d\",\"match\":{\"prefix\":", i ? "," : "", id, i);
		put_net(out, &part->net);
		fprintf(out, "},\"do\":\"%s\",\"reason\":\"r\",\"by\":\"b\"",
			part->what ? part->what : "permit");
		put_time(out, "from", part->from);
		put_time(out, "until", part->until);
		put_to(out, w, part->what ? "keep" : "to", part->to, !part->what);
		fputc('}', out);
	}
}

static struct policy *world_policy(const struct world *w)
{
	struct policy *p;
	size_t bytes;
	char *text;
	FILE *out = open_memstream(&text, &bytes);
	int i;

	fputs("{\"op25b\":1,\"name\":\"n\",\"sets\":{", out);
	for (i = 0; i < w->set_count; i++) {
		fprintf(out, "%s\"s%d\":[", i ? "," : "", i);
		put_net(out, &w->sets[i]);
		fputc(']', out);
	}
	fputs("},\"infra\":{", out);
	for (i = 0; i < w->infra_count; i++) {
		fprintf(out, "%s\"i%d\":{\"side\":\"%s\",\"v4\":[", i ? "," : "", i,
			w->on_network_side[i] ? "network" : "subscriber");
		put_net(out, &w->infra[i]);
		fputs("]}", out);
	}
	fputs("},\"pools\":{", out);
	put_pools(out, w);
	fputs("},\"stages\":[", out);
	put_stages(out, w);
	fputs("],\"exceptions\":[", out);
	put_grants(out, w, "x", w->exceptions, w->exception_count);
	fputs("],\"quarantines\":[", out);
	put_grants(out, w, "q", w->quarantines, w->quarantine_count);
	fputs("]}", out);
	fclose(out);
	p = must_parse(text);
	free(text);
	return p;
}

static bool reaches(const struct world *w, uint32_t to, uint32_t relay, uint32_t dst)
{
	int i;

	if (to >> OWN & 1)
		to |= relay;
	for (i = 0; i < w->set_count; i++) {
		if (to >> i & 1 && covers(&w->sets[i], dst))
			return true;
	}
	return to == 1u << ANY;
}

static bool holds(int from, int until, int day)
{
	return from <= day && day < until;
}

static const char *by_stage(const struct world *w, int pool, uint32_t dst, int day)
{
	const struct stage *s = NULL;
	int i;

	for (i = 0; i < 2; i++) {
		if (holds(w->stages[pool][i].from, w->stages[pool][i].until, day))
			s = &w->stages[pool][i];
	}
	for (i = 0; s && i < s->clause_count; i++) {
		if (reaches(w, s->to[i], w->relay[pool], dst))
			return s->what[i];
	}
	return "permit";
}

// What the policy's words say of a connection from a subscriber port.
static const char *evaluate(const struct world *w, uint32_t src, uint32_t dst, int day)
{
	const struct part *q = NULL;
	int i, infra = longest(w->infra, w->infra_count, src);
	int pool = longest(w->pools, w->pool_count, src);

	if (infra >= 0)
		return w->on_network_side[infra] ? "drop" : "permit";
	for (i = 0; i < w->quarantine_count; i++) {
		const struct part *next = &w->quarantines[i];

		if (holds(next->from, next->until, day) && covers(&next->net, src) &&
		    (!q || next->net.depth > q->net.depth))
			q = next;
	}
	if (q)
		return reaches(w, q->to, w->relay[pool], dst) ? "permit" : q->what;
	for (i = 0; i < w->exception_count; i++) {
		const struct part *x = &w->exceptions[i];

		if (holds(x->from, x->until, day) && covers(&x->net, src) &&
		    reaches(w, x->to, 0, dst))
			return "permit";
	}
	return by_stage(w, pool, dst, day);
}

static void probe(const struct world *w, struct explainer *e, int day)
{
	uint32_t src = random_addr(), dst = random_addr();
	char from[16], to[16];
	const struct explain_request q = {.from = from, .to = to, .port = 25};
	const char *want;
	json_t *answer;
	struct diag d;

	// Of those who live nowhere only the network's side is known.
	if (longest(w->infra, w->infra_count, src) < 0 && longest(w->pools, w->pool_count, src) < 0)
		return;
	snprintf(from, sizeof(from), "10.0.%u.%u", src >> 8 & 255, src & 255);
	snprintf(to, sizeof(to), "10.0.%u.%u", dst >> 8 & 255, dst & 255);
	want = evaluate(w, src, dst, day);
	diag_init(&d, "probe");
	answer = explainer_ask(e, &q, &d);
	diag_free(&d);
	assert_non_null(answer);
	if (strcmp(text_of(answer, "verdict"), want))
		fail_msg("day %d: %s to %s: %s, not %s: %s", day, from, to,
			 text_of(answer, "verdict"), want, text_of(answer, "sentence"));
	json_decref(answer);
}

static void images_say_what_the_words_say(void **state)
{
	struct compile_request r = {.generation = 1, .slots_capacity = UINT64_MAX};
	struct world *w = malloc(sizeof(*w));
	int round, i, j;

	(void)state;
	srandom(4);
	for (round = 0; round < ROUNDS; round++) {
		struct policy *p;

		random_world(w);
		p = world_policy(w);
		for (i = 0; i < MOMENTS; i++) {
			int day = (int)pick(18);
			struct explainer *e;
			struct diag d;

			r.moment.at_s = FIRST_DAY + day * 86400 - (int)pick(2);
			diag_init(&d, "compile");
			e = explainer_open(p, &r, &d);
			if (!e)
				diag_print(&d, stderr);
			assert_non_null(e);
			day = (int)((r.moment.at_s - FIRST_DAY + 86400) / 86400) - 1;
			for (j = 0; j < PROBES; j++)
				probe(w, e, day);
			explainer_close(e);
			diag_free(&d);
		}
		policy_free(p);
	}
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(images_say_what_the_words_say),
	};

	return cmocka_run_group_tests_name("policy, naively", tests, NULL, NULL);
}
