// SPDX-License-Identifier: BSD-3-Clause
//
// Fuzz target: the text of a policy through all that the policy library does with it: errors in
// every form, canonical print and back, images of several moments, explain, and what is told of a
// policy: table, timeline, differences.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/policy/model.h"
#include "control/policy/views.h"
#include "dataplane/core/image_check.h"
#include "fuzz.h"

#define MOST_MOMENTS 4
#define MOST_EXPLAINED 3u
#define BOX_SLOTS 4096u

static FILE *nowhere;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	nowhere = fopen("/dev/null", "we");
	fuzz_must(nowhere, "/dev/null can be written");
	return 0;
}

// Whatever stands in the text, its errors can be printed and sent.
static void check_diag(const struct diag *d)
{
	json_t *rows = diag_json(d);
	char *text = json_dumps(rows, 0);

	fuzz_must(text, "errors can be sent as JSON");
	free(text);
	json_decref(rows);
	diag_print(d, nowhere);
}

// NULL if the text is refused. It need not end with a NUL.
static struct policy *parse_text(const char *text, size_t bytes)
{
	struct policy *p;
	struct diag d;

	diag_init(&d, "fuzz");
	p = policy_parse(text, bytes, &d);
	fuzz_must(!p == diag_is_refused(&d), "a policy is refused if and only if it has errors");
	check_diag(&d);
	diag_free(&d);
	return p;
}

// The image, or NULL if the box is too small for it.
static struct op25b_image_hdr *compile(const struct policy *p, int64_t at_s, uint64_t slots,
				       const void *previous)
{
	struct compile_request r = {
		.moment = {.at_s = at_s},
		.generation = 1,
		.slots_capacity = slots,
		.previous = previous,
	};
	void *image = NULL;
	struct diag d;
	size_t bytes;
	bool is_done;

	diag_init(&d, "fuzz");
	is_done = policy_compile(p, &r, &image, &bytes, &d);
	fuzz_must(is_done == !diag_is_refused(&d), "an image is refused with an error");
	check_diag(&d);
	diag_free(&d);
	if (!is_done)
		return NULL;
	fuzz_must(image_check(image, bytes).code == IMAGE_OK, "a compiled image is good");
	fuzz_must(((struct op25b_image_hdr *)image)->slot_count <= slots, "it fits into the box");
	return image;
}

static void ask(struct explainer *e, const struct explain_request *r)
{
	json_t *answer;
	struct diag d;

	diag_init(&d, "fuzz");
	answer = explainer_ask(e, r, &d);
	fuzz_must(!answer == diag_is_refused(&d), "an answer or an error");
	fuzz_must(!answer || json_is_string(json_object_get(answer, "sentence")),
		  "an answer is a sentence");
	check_diag(&d);
	json_decref(answer);
	diag_free(&d);
}

static void ask_address(struct explainer *e, const char *from, const char *to)
{
	struct explain_request there = {.from = from, .to = to, .port = 25};
	struct explain_request back = {
		.from = to, .to = from, .port = -1, .source_port = 25, .side = SIDE_NETWORK};

	ask(e, &there);
	ask(e, &back);
}

// The first address of the prefix.
static const char *address_text(char buf[PREFIX_TEXT_BYTES], struct prefix prefix)
{
	prefix.depth = prefix_family_bits(prefix.family);
	prefix_print(buf, &prefix);
	buf[strcspn(buf, "/")] = '\0';
	return buf;
}

static void explain_some(const struct policy *p, int64_t at_s)
{
	struct compile_request r = {
		.moment = {.at_s = at_s}, .generation = 1, .slots_capacity = UINT64_MAX};
	char from[PREFIX_TEXT_BYTES], to[PREFIX_TEXT_BYTES];
	struct explainer *e;
	struct diag d;
	size_t i, k;

	diag_init(&d, "fuzz");
	e = explainer_open(p, &r, &d);
	fuzz_must(!e == diag_is_refused(&d), "a policy is explained or refused");
	diag_free(&d);
	if (!e)
		return;
	ask_address(e, "100.64.0.1", "192.0.2.1");
	for (i = 0; i < p->pool_count && i < MOST_EXPLAINED; i++) {
		if (!p->pools[i].count)
			continue;
		address_text(from, p->pools[i].prefixes[p->pools[i].count - 1]);
		ask_address(e, from, "2001:db8::1");
		for (k = 0; k < p->set_count && k < MOST_EXPLAINED; k++) {
			if (p->sets[k].count)
				ask_address(e, from, address_text(to, p->sets[k].prefixes[0]));
		}
	}
	explainer_close(e);
}

// The notice of this moment, in every language and form: the same whether the policy is as written
// or as printed, and nothing in it that steers a terminal.
static void check_notices(const struct policy *p, const struct policy *printed, int64_t at_s)
{
	size_t i;

	for (i = 0; i < 4; i++) {
		const struct notice_request r = {
			.at_s = at_s, .lang = policy_notice_languages[i % 2], .is_html = i / 2};
		char *text = policy_notice(p, &r), *again = policy_notice(printed, &r);
		const char *c;

		fuzz_must(text && again && !strcmp(text, again),
			  "a printed policy announces what the original did");
		for (c = text; *c; c++)
			fuzz_must((unsigned char)*c >= 0x20 || *c == '\n',
				  "a notice has no control characters");
		free(text);
		free(again);
	}
}

// Images of this moment: the same whether the policy is as written or as printed, and whether the
// box had it before.
static void check_moment(const struct policy *p, const struct policy *printed, int64_t at_s,
			 struct op25b_image_hdr **image)
{
	struct op25b_image_hdr *before = *image, *small, *again;

	*image = compile(p, at_s, UINT64_MAX, before);
	small = compile(p, at_s, BOX_SLOTS, before);
	fuzz_must(!small || *image, "what fits into a small box fits into a large one");
	free(small);
	again = compile(printed, at_s, UINT64_MAX, before);
	fuzz_must(!again == !*image && (!again || again->checksum == (*image)->checksum),
		  "a printed policy means what the original did");
	free(again);
	again = *image ? compile(p, at_s, UINT64_MAX, *image) : NULL;
	fuzz_must(!again == !*image && (!again || again->checksum == (*image)->checksum),
		  "a policy that is in force compiles to the image that is in force");
	free(again);
	free(before);
	explain_some(p, at_s);
	check_notices(p, printed, at_s);
}

static void check_moments(const struct policy *p, const struct policy *printed)
{
	struct op25b_image_hdr *image = NULL;
	struct moment m = {0};
	int64_t next_s;
	int i;

	check_moment(p, printed, m.at_s, &image);
	for (i = 0; i < MOST_MOMENTS && policy_next_change(p, &m, &next_s); i++) {
		fuzz_must(next_s > m.at_s, "the next moment is later");
		m.at_s = next_s;
		check_moment(p, printed, m.at_s, &image);
	}
	free(image);
}

// What others are told of the policy is there, and the hash is that of the text.
static void check_facts(const struct policy *p, const struct policy *printed)
{
	char hash[POLICY_HASH_BYTES], printed_hash[POLICY_HASH_BYTES];
	size_t i, k;

	policy_hash(p, hash);
	policy_hash(printed, printed_hash);
	fuzz_must(!strcmp(hash, printed_hash), "a printed policy has the same hash");
	fuzz_must(policy_vector_count(p) == policy_vector_count(printed), "and as many vectors");
	for (i = 0; i < policy_stage_count(p); i++) {
		struct stage_facts s = policy_stage(p, i);

		fuzz_must(s.name[0] && strlen(s.name) < OP25B_MAX_NAME_BYTES && s.id[0],
			  "a stage has a name that fits");
		fuzz_must(s.until_s > s.from_s || s.from_s == POLICY_NEVER,
			  "it ends after it begins");
		for (k = 0; k < s.pool_count; k++)
			fuzz_must(policy_find_pool(p, policy_stage_pool(p, i, k)) >= 0,
				  "its pools are known");
	}
	for (i = 0; i < policy_grant_count(p); i++) {
		struct grant_facts g = policy_grant(p, i);

		fuzz_must(g.id[0] && g.reason && g.by && g.from_s < g.until_s,
			  "an exception or quarantine is whole");
	}
}

static void check_view(json_t *view)
{
	char *text = json_dumps(view, 0);

	fuzz_must(text, "what is told can be sent as JSON");
	free(text);
	json_decref(view);
}

static void check_equal(json_t *diff)
{
	fuzz_must(json_is_true(json_object_get(diff, "equal")) &&
			  !json_array_size(json_object_get(diff, "changes")),
		  "a policy does not differ from itself");
	check_view(diff);
}

static void check_views(const struct policy *p, const struct policy *printed)
{
	struct moment then = {.at_s = 0}, next = then;

	check_equal(policy_diff(p, NULL, printed, NULL));
	check_equal(policy_diff(p, &then, printed, &then));
	check_view(policy_table(p, &then));
	if (!policy_next_change(p, &then, &next.at_s))
		next = then;
	check_view(policy_plan(p, &next));
	check_view(policy_diff(p, &then, p, &next));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct policy *p = parse_text((const char *)data, bytes), *printed;
	char *text, *again;

	if (!p)
		return 0;
	text = policy_print(p);
	fuzz_must(text, "a policy can be printed");
	printed = parse_text(text, strlen(text));
	fuzz_must(printed, "a printed policy is a policy");
	again = policy_print(printed);
	fuzz_must(again && !strcmp(text, again), "the canonical text stays the same");
	check_facts(p, printed);
	check_moments(p, printed);
	check_views(p, printed);
	free(again);
	free(text);
	policy_free(printed);
	policy_free(p);
	return 0;
}
