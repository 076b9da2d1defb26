// SPDX-License-Identifier: BSD-3-Clause
//
// Policy -> image: who is believed where, what a pool wants done with doubt, which softwires are
// opened, and icmp_admin wherever a refusal can stand.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/core/image_view.h"
#include "policy_help.h"

static struct policy *parse_parts(const char *top, const char *pools, const char *clauses)
{
	char text[8192];

	snprintf(
		text, sizeof(text),
		"{\"op25b\":1,\"name\":\"n\",%s\"pools\":{%s},\"stages\":[{\"id\":\"s\",\"pools\":["
		"\"a\"],\"from\":\"always\",\"port25\":[%s]}]}",
		top, pools, clauses);
	return must_parse(text);
}

// Compiles for a box with these pairs, ended by NULL; NULL: for no box. *error is the first error,
// with its place; free() it. Returns false if it is refused.
static bool compile(const struct policy *p, const char *const *pair_names, struct image *image,
		    char **error)
{
	struct compile_request r = {
		.generation = 1, .slots_capacity = UINT64_MAX, .pair_names = pair_names};
	size_t bytes;
	struct diag d;
	bool good;
	FILE *out;

	while (pair_names && pair_names[r.pair_count])
		r.pair_count++;
	diag_init(&d, "f");
	good = policy_compile(p, &r, &image->bytes, &bytes, &d);
	out = open_memstream(error, &bytes);
	assert_non_null(out);
	diag_print(&d, out);
	fclose(out);
	diag_free(&d);
	if (good)
		image_view_init(&image->view, image->bytes);
	return good;
}

static struct image must_compile(const struct policy *p, const char *const *pair_names)
{
	struct image image;
	char *error;

	if (!compile(p, pair_names, &image, &error))
		fail_msg("%s", error);
	free(error);
	return image;
}

#define POOL(name, net, more)                                                                      \
	"\"" name "\":{\"kind\":\"dynamic\",\"v4\":[\"10.0." net                                   \
	".0/24\"],\"v6\":[\"2001:db8:" net "::/48\"]" more "}"
#define DROP "{\"to\":\"any\",\"do\":\"drop\"}"

static void knobs_are_one_bit_each(void **state)
{
	static const struct {
		const char *more;
		uint8_t knobs;
	} rows[] = {
		{"", 0},
		{",\"eh_limit\":\"drop\",\"frag_chain\":\"drop\",\"unknown_proto\":\"pass\","
		 "\"inbound\":\"pass\"",
		 0},
		{",\"eh_limit\":\"pass\"", KNOB_PASS_EH_LIMIT},
		{",\"frag_chain\":\"pass\"", KNOB_PASS_FRAG_CHAIN},
		{",\"unknown_proto\":\"drop\"", KNOB_DROP_UNKNOWN},
		{",\"inbound\":\"drop\"", KNOB_DROP_INBOUND},
		{",\"eh_limit\":\"pass\",\"frag_chain\":\"pass\",\"unknown_proto\":\"drop\","
		 "\"inbound\":\"drop\"",
		 KNOB_PASS_EH_LIMIT | KNOB_PASS_FRAG_CHAIN | KNOB_DROP_UNKNOWN | KNOB_DROP_INBOUND},
	};
	char pools[1024];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct policy *p;
		struct image image;

		snprintf(pools, sizeof(pools), POOL("a", "1", "%s") "," POOL("b", "2", ""),
			 rows[i].more);
		p = parse_parts("", pools, DROP);
		image = must_compile(p, NULL);
		assert_int_equal(image.view.classes[1].knobs, rows[i].knobs);
		assert_int_equal(image.view.classes[2].knobs, 0);
		free(image.bytes);
		policy_free(p);
	}
}

#define PAIRED_POOLS                                                                               \
	POOL("a", "1", ",\"pairs\":[\"west\",\"east\"]")                                           \
	"," POOL("b", "2", "") "," POOL("c", "3", ",\"pairs\":[\"south\",\"west\"]")

static void pairs_are_numbered_by_the_box_or_by_first_mention(void **state)
{
	static const char *const box[] = {"north", "east", "south", "west", NULL};
	struct policy *p = parse_parts("", PAIRED_POOLS, DROP);
	struct image image = must_compile(p, NULL);

	(void)state;
	assert_int_equal(image.view.classes[0].pairs, OP25B_ANY_PAIR);
	assert_int_equal(image.view.classes[1].pairs, 3);
	assert_int_equal(image.view.classes[2].pairs, OP25B_ANY_PAIR);
	assert_int_equal(image.view.classes[3].pairs, 5);
	assert_int_equal(image.view.classes[4].pairs, 0);
	free(image.bytes);
	image = must_compile(p, box);
	assert_int_equal(image.view.classes[1].pairs, 1 << 3 | 1 << 1);
	assert_int_equal(image.view.classes[2].pairs, OP25B_ANY_PAIR);
	assert_int_equal(image.view.classes[3].pairs, 1 << 2 | 1 << 3);
	free(image.bytes);
	policy_free(p);
}

static void a_pair_that_the_box_lacks_is_refused(void **state)
{
	static const char *const box[] = {"north", "east", NULL};
	struct policy *p = parse_parts("", PAIRED_POOLS, DROP);
	struct image image;
	char *error;

	(void)state;
	assert_false(compile(p, box, &image, &error));
	assert_null(image.bytes);
	assert_string_equal(error,
			    "f: pools.a.pairs[0]: \"west\" is not a pair of this box; its pairs "
			    "are \"north\", \"east\"\n"
			    "f: pools.c.pairs[0]: \"south\" is not a pair of this box; its pairs "
			    "are \"north\", \"east\"\n"
			    "f: pools.c.pairs[1]: \"west\" is not a pair of this box; its pairs "
			    "are \"north\", \"east\"\n");
	free(error);
	policy_free(p);
}

static void sixteen_pairs_are_the_most(void **state)
{
	char pairs[512] = "", pools[1024], name[16];
	struct policy *p;
	struct image image;
	int i;

	(void)state;
	for (i = 0; i < 16; i++) {
		snprintf(name, sizeof(name), "%s\"p%d\"", i ? "," : "", i);
		strcat(pairs, name);
	}
	snprintf(pools, sizeof(pools), POOL("a", "1", ",\"pairs\":[%s]"), pairs);
	p = parse_parts("", pools, DROP);
	image = must_compile(p, NULL);
	assert_int_equal(image.view.classes[1].pairs, 0xffff);
	free(image.bytes);
	policy_free(p);
}

static void softwires_become_address_and_mask(void **state)
{
	static const struct op25b_softwires want = {
		.count = 3,
		.item = {{{0x20, 0, 0, 0}, {0xe0, 0, 0, 0}},
			 {{0xb80d0120, 0x0100ff0a, 0, 0}, {0xffffffff, 0xffffffff, 0x80, 0}},
			 {{0xb80d0140, 0, 0, 0x01000000},
			  {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}}},
	};
	struct policy *p = parse_parts("\"softwires\":[\"2000::/3\",\"4001:0db8::1/128\"],",
				       POOL("a", "1", ""), DROP);
	struct image image = must_compile(p, NULL);
	struct op25b_softwires two = {.count = 2, .item = {want.item[0], want.item[2]}};

	(void)state;
	assert_int_equal(image_view_count(&image.view, SECTION_SOFTWIRES), 1);
	assert_memory_equal(image.view.softwires, &two, sizeof(two));
	free(image.bytes);
	policy_free(p);
	p = parse_parts("\"softwires\":[\"2001:db8:aff:1::/65\"],", POOL("a", "1", ""), DROP);
	image = must_compile(p, NULL);
	assert_int_equal(image.view.softwires->count, 1);
	assert_memory_equal(&image.view.softwires->item[0], &want.item[1], sizeof(want.item[1]));
	free(image.bytes);
	policy_free(p);
	p = parse_parts("", POOL("a", "1", ""), DROP);
	image = must_compile(p, NULL);
	assert_int_equal(image.view.softwires->count, 0);
	free(image.bytes);
	policy_free(p);
}

static const struct op25b_class *class4(const struct image *image, uint32_t addr)
{
	return &image->view
			.classes[image->view.addrs[image_view_find4(&image->view, addr)].class_id];
}

// Who is permitted as a destination and lies in no pool.
static void exempt_addresses_are_believed_nowhere(void **state)
{
	static const char sets[] =
		"\"sets\":{\"relay\":[\"192.0.2.0/24\"],\"inside\":[\"10.0.1.0/28\"],\"watched\":["
		"\"203.0.113.0/24\"],\"wide\":[\"10.0.0.0/8\"]},";
	struct policy *p = parse_parts(sets, POOL("a", "1", ""),
				       "{\"to\":[\"relay\",\"inside\"],\"do\":\"permit\"},"
				       "{\"to\":\"watched\",\"do\":\"monitor\",\"as\":\"drop\"},"
				       "{\"to\":\"wide\",\"do\":\"drop\"}," DROP);
	struct image image = must_compile(p, NULL);

	(void)state;
	assert_ptr_equal(class4(&image, 0xc0000205), &image.view.classes[2]); // relay
	assert_int_equal(image.view.classes[2].pairs, 0);
	assert_int_equal(image.view.classes[2].name, 0);
	assert_ptr_equal(class4(&image, 0x0a000105), &image.view.classes[1]); // inside, in a pool
	assert_ptr_equal(class4(&image, 0xcb007105), &image.view.classes[0]); // watched
	assert_ptr_equal(class4(&image, 0x0a090105), &image.view.classes[0]); // wide
	free(image.bytes);
	policy_free(p);
	// A permitted network that holds a pool holds subscribers: the others in it may be some,
	// too.
	p = parse_parts(sets, POOL("a", "1", ""), "{\"to\":\"wide\",\"do\":\"permit\"}," DROP);
	image = must_compile(p, NULL);
	assert_ptr_equal(class4(&image, 0x0a090105), &image.view.classes[0]);
	assert_int_equal(image.view.classes[0].pairs, OP25B_ANY_PAIR);
	free(image.bytes);
	policy_free(p);
	// Nor does a stage that has not begun.
	p = must_parse(
		"{\"op25b\":1,\"name\":\"n\",\"sets\":{\"relay\":[\"192.0.2.0/24\"]},"
		"\"pools\":{" POOL("a", "1",
				   "") "},\"stages\":[{\"id\":\"s\","
				       "\"pools\":[\"a\"],\"from\":\"2090-01-01\",\"port25\":["
				       "{\"to\":\"relay\",\"do\":\"permit\"}," DROP "]}]}");
	image = must_compile(p, NULL);
	assert_ptr_equal(class4(&image, 0xc0000205), &image.view.classes[0]);
	free(image.bytes);
	policy_free(p);
	// Permitting any exempts nobody in particular.
	p = parse_parts(sets, POOL("a", "1", ""), "{\"to\":\"any\",\"do\":\"permit\"}");
	image = must_compile(p, NULL);
	assert_ptr_equal(class4(&image, 0xc0000205), &image.view.classes[0]);
	free(image.bytes);
	policy_free(p);
}

static void default_drop_believes_nobody_without_a_pool(void **state)
{
	struct policy *p = parse_parts("\"default\":\"drop\",", POOL("a", "1", ""), DROP);
	struct image image = must_compile(p, NULL);

	(void)state;
	assert_int_equal(image.view.classes[0].pairs, 0);
	assert_int_equal(image.view.classes[1].pairs, OP25B_ANY_PAIR);
	free(image.bytes);
	policy_free(p);
}

static void icmp_admin_stands_where_rst_does(void **state)
{
	struct policy *p = parse_parts(
		"\"sets\":{\"one\":[\"192.0.2.1/32\"],\"two\":[\"192.0.2.2/"
		"32\"]},\"limits\":{\"l\":{"
		"\"key\":\"address\",\"count\":\"tcp_syn\",\"max\":1,\"window_s\":1,\"over\":"
		"\"icmp_admin\"}},",
		POOL("a", "1", ""),
		"{\"to\":\"one\",\"do\":\"monitor\",\"as\":\"icmp_admin\"},"
		"{\"to\":\"two\",\"do\":\"limit\",\"limit\":\"l\"},"
		"{\"to\":\"any\",\"do\":\"icmp_admin\"}");
	struct image image = must_compile(p, NULL);
	const struct op25b_class *c = &image.view.classes[1];

	(void)state;
	assert_int_equal(c->clause[0].action, ACTION_MONITOR);
	assert_int_equal(c->clause[0].as, ACTION_ICMP_ADMIN);
	assert_int_equal(c->clause[1].action, ACTION_LIMIT);
	assert_int_equal(c->clause[1].over, ACTION_ICMP_ADMIN);
	assert_int_equal(c->clause[2].action, ACTION_ICMP_ADMIN);
	assert_int_equal(c->detour_clause, 2);
	free(image.bytes);
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knobs_are_one_bit_each),
		cmocka_unit_test(pairs_are_numbered_by_the_box_or_by_first_mention),
		cmocka_unit_test(a_pair_that_the_box_lacks_is_refused),
		cmocka_unit_test(sixteen_pairs_are_the_most),
		cmocka_unit_test(softwires_become_address_and_mask),
		cmocka_unit_test(exempt_addresses_are_believed_nowhere),
		cmocka_unit_test(default_drop_believes_nobody_without_a_pool),
		cmocka_unit_test(icmp_admin_stands_where_rst_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
