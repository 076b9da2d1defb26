// SPDX-License-Identifier: BSD-3-Clause
//
// Policy -> image: the figures of limits, what the checksum names, how many slots there are and
// where new ranges go, nesting, sizes at the edge, and how long 100,000 prefixes take.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "dataplane/core/decide.h"
#include "dataplane/core/image_check.h"
#include "dataplane/core/image_view.h"
#include "policy_help.h"

#define LIMITS                                                                                     \
	"\"limits\":{\"l\":{\"key\":\"prefix\",\"count\":\"tcp_syn\",\"max\":3,\"window_s\":60}}"  \
	","
#define LIMIT_STAGE                                                                                \
	"\"stages\":[{\"id\":\"s\",\"pools\":[\"p\"],\"from\":\"always\",\"port25\":[{\"to\":"     \
	"\"any\","                                                                                 \
	"\"do\":\"limit\",\"limit\":\"l\"}]}]"

static bool compile(const struct policy *p, const struct compile_request *r, struct image *image,
		    char *error, size_t error_bytes)
{
	struct diag d;
	bool done;

	diag_init(&d, "compile");
	done = policy_compile(p, r, &image->bytes, &image->size, &d);
	snprintf(error, error_bytes, "%s", d.count ? d.rows[0].text : "");
	assert_int_equal(done, !diag_is_refused(&d));
	diag_free(&d);
	if (!done)
		return false;
	assert_int_equal(image_check(image->bytes, image->size).code, IMAGE_OK);
	image_view_init(&image->view, image->bytes);
	return true;
}

static struct image must_compile(const struct policy *p, int64_t at_s, const void *previous,
				 uint64_t capacity)
{
	struct compile_request r = {.moment = {.at_s = at_s},
				    .generation = 1,
				    .slots_capacity = capacity,
				    .previous = previous};
	struct image image = {0};
	char error[256];

	if (!compile(p, &r, &image, error, sizeof(error)))
		fail_msg("%s", error);
	return image;
}

// One limited pool "p" with these IPv4 prefixes, given as JSON strings with commas between.
static struct policy *limited(const char *prefixes)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "{\"op25b\":1,\"name\":\"n\",\"pools\":{\"p\":{\"kind\":\"dynamic\",\"v4\":[%s]}}"
		 "," LIMITS LIMIT_STAGE "}",
		 prefixes);
	return must_parse(text);
}

static struct image limited_image(const char *prefixes, const struct image *previous,
				  uint64_t capacity)
{
	struct policy *p = limited(prefixes);
	struct image image = must_compile(p, 0, previous ? previous->bytes : NULL, capacity);

	policy_free(p);
	return image;
}

static uint32_t slot4(const struct image *image, uint32_t addr)
{
	return addr_slot(&image->view.addrs[image_view_find4(&image->view, addr)], addr, 0);
}

static void limit_figures_are_gcra(void **state)
{
	struct policy *p = example("lab");
	struct image image = must_compile(p, 0, NULL, UINT64_MAX);
	const struct op25b_clause *cl = &image.view.classes[3].clause[1];

	(void)state;
	assert_string_equal(image.view.names + image.view.classes[3].name, "limited");
	assert_string_equal(image.view.names + image.view.classes[3].stage, "limit");
	assert_string_equal(image.view.names + image.view.hdr->policy_name, "lab");
	assert_int_equal(cl->action, ACTION_LIMIT);
	assert_int_equal(cl->over, ACTION_RST);
	assert_int_equal(cl->interval_ns, 20000000000ull);
	assert_int_equal(cl->tolerance_ns, 40000000000ull);
	assert_int_equal(cl->hold_ns, 60000000000ull);
	assert_int_equal(image.view.hdr->slot_count, 64);
	free(image.bytes);
	policy_free(p);
}

static void checksum_names_the_period(void **state)
{
	const int64_t limit_s = 1141138800, block_s = 1206889200;
	struct policy *p = example("asama");
	struct image before = must_compile(p, block_s - 1, NULL, UINT64_MAX);
	struct image first = must_compile(p, block_s, before.bytes, UINT64_MAX);
	struct image later = must_compile(p, block_s + 86400, first.bytes, UINT64_MAX);
	struct image alone = must_compile(p, block_s + 86400, NULL, UINT64_MAX);

	(void)state;
	assert_int_equal(before.view.hdr->policy_time_s, limit_s);
	assert_int_equal(first.view.hdr->policy_time_s, block_s);
	assert_true(before.view.hdr->checksum != first.view.hdr->checksum);
	assert_int_equal(first.size, later.size);
	assert_memory_equal(first.bytes, later.bytes, first.size);
	assert_memory_equal(first.bytes, alone.bytes, first.size);
	// Slots of pools that have a limit in any stage are there in each.
	assert_int_equal(first.view.hdr->slot_count, 128 + 64);
	free(before.bytes);
	free(first.bytes);
	free(later.bytes);
	free(alone.bytes);
	policy_free(p);
}

static void too_few_slots_are_refused_with_figures(void **state)
{
	struct policy *p = limited("\"198.51.100.0/25\",\"192.0.2.0/26\"");
	struct compile_request r = {.generation = 1, .slots_capacity = 191};
	struct image image;
	char error[256];

	(void)state;
	assert_false(compile(p, &r, &image, error, sizeof(error)));
	assert_null(image.bytes);
	assert_string_equal(error, "need 192 subscriber slots for their limits, this box was given "
				   "191");
	r.slots_capacity = 192;
	assert_true(compile(p, &r, &image, error, sizeof(error)));
	free(image.bytes);
	policy_free(p);
}

static void a_bad_generation_never_leaves_the_compiler(void **state)
{
	struct policy *p = example("lab");
	struct compile_request r = {.generation = 0, .slots_capacity = UINT64_MAX};
	struct image image;
	char error[256];

	(void)state;
	assert_false(compile(p, &r, &image, error, sizeof(error)));
	assert_null(image.bytes);
	assert_non_null(strstr(error, "internal"));
	policy_free(p);
}

#define A "\"10.0.0.0/26\""
#define B "\"10.0.1.0/26\""
#define C "\"10.0.2.0/26\""
#define D "\"10.0.3.0/26\""
#define BIG "\"10.0.4.0/25\""
#define A_ADDR 0x0a000005u
#define B_ADDR 0x0a000105u
#define C_ADDR 0x0a000205u
#define D_ADDR 0x0a000305u
#define BIG_ADDR 0x0a000405u

static void unchanged_prefixes_keep_their_slots(void **state)
{
	struct image one = limited_image(A "," B "," C, NULL, UINT64_MAX);
	struct image two = limited_image(D "," C "," A, &one, UINT64_MAX);
	struct image three = limited_image(D "," B "," C, &two, UINT64_MAX);

	(void)state;
	assert_int_equal(slot4(&one, A_ADDR), 5);
	assert_int_equal(slot4(&one, B_ADDR), 64 + 5);
	assert_int_equal(slot4(&one, C_ADDR), 128 + 5);
	assert_int_equal(slot4(&two, A_ADDR), 5);
	assert_int_equal(slot4(&two, C_ADDR), 128 + 5);
	// Not into the gap that B just left: its subscribers' holds are still there.
	assert_int_equal(slot4(&two, D_ADDR), 192 + 5);
	assert_int_equal(slot4(&two, B_ADDR), OP25B_NO_SLOT);
	// Now that gap is free in both, and A's is not.
	assert_int_equal(slot4(&three, B_ADDR), 64 + 5);
	assert_int_equal(slot4(&three, D_ADDR), 192 + 5);
	free(one.bytes);
	free(two.bytes);
	free(three.bytes);
}

static void a_full_box_reuses_slots_that_were_just_left(void **state)
{
	struct image one = limited_image(A "," B, NULL, 128);
	struct image two = limited_image(A "," C, &one, 128);

	(void)state;
	assert_int_equal(slot4(&two, A_ADDR), 5);
	assert_int_equal(slot4(&two, C_ADDR), 64 + 5);
	free(one.bytes);
	free(two.bytes);
}

static void slots_in_pieces_are_put_together(void **state)
{
	struct image one = limited_image(A "," B "," C "," D, NULL, 256);
	struct image two = limited_image(BIG "," A "," C, &one, 256);

	(void)state;
	assert_int_equal(slot4(&two, BIG_ADDR), 5);
	assert_true(slot4(&two, A_ADDR) == 128 + 5 || slot4(&two, A_ADDR) == 192 + 5);
	assert_true(slot4(&two, A_ADDR) != slot4(&two, C_ADDR));
	free(one.bytes);
	free(two.bytes);
}

// Room for each, but the small one only in a gap before the large one's: nobody has to move.
static void small_ranges_go_into_small_gaps(void **state)
{
	struct image one = limited_image(A "," B "," C, NULL, 320);
	struct image two = limited_image(A "," B "," C ",\"10.0.5.0/25\"", &one, 320);
	struct image three = limited_image(A "," D "," C "," BIG, &two, 320);

	(void)state;
	assert_int_equal(slot4(&three, A_ADDR), 5);
	assert_int_equal(slot4(&three, C_ADDR), 128 + 5);
	assert_int_equal(slot4(&three, D_ADDR), 64 + 5);
	assert_int_equal(slot4(&three, BIG_ADDR), 192 + 5);
	free(one.bytes);
	free(two.bytes);
	free(three.bytes);
}

static void another_key_means_other_slots(void **state)
{
	struct image one = limited_image(A, NULL, UINT64_MAX), two;
	struct policy *p = must_parse(
		"{\"op25b\":1,\"name\":\"n\",\"pools\":{\"p\":{\"kind\":\"dynamic\",\"v4_key\":30,"
		"\"v4\":[" A "]}}," LIMITS LIMIT_STAGE "}");

	(void)state;
	two = must_compile(p, 0, one.bytes, UINT64_MAX);
	assert_int_equal(slot4(&two, A_ADDR), 64 + 5 / 4);
	assert_int_equal(two.view.hdr->slot_count, 64 + 16);
	free(one.bytes);
	free(two.bytes);
	policy_free(p);
}

// Prefixes that shared a subscriber because the pool's key was shorter must not share a slot once
// they are pools of their own.
static void subscribers_are_told_apart_when_a_pool_is_split(void **state)
{
	static const char head[] =
		"{\"op25b\":1,\"name\":\"n\",\"sets\":{\"a\":[\"10.0.0.0/25\","
		"\"10.0.0.128/25\"],\"b\":[\"10.0.0.128/25\"]},\"pools\":{\"p\":{"
		"\"kind\":\"dynamic\",\"v4_key\":24,\"v4\":[";
	char text[1024];
	struct image one, two;
	struct policy *p;

	(void)state;
	snprintf(text, sizeof(text), "%s\"10.0.0.0/20\"]}}," LIMITS LIMIT_STAGE "}", head);
	p = must_parse(text);
	one = must_compile(p, 0, NULL, UINT64_MAX);
	policy_free(p);
	snprintf(text, sizeof(text),
		 "%s\"10.0.0.0/25\",\"10.0.0.128/25\"]}}," LIMITS LIMIT_STAGE "}", head);
	p = must_parse(text);
	two = must_compile(p, 0, one.bytes, UINT64_MAX);
	policy_free(p);
	assert_int_equal(slot4(&one, 0x0a000001u), slot4(&one, 0x0a000081u));
	assert_true(slot4(&two, 0x0a000001u) != slot4(&two, 0x0a000081u));
	free(one.bytes);
	free(two.bytes);
}

static void prefixes_that_say_nothing_new_are_left_out(void **state)
{
	struct policy *p = must_parse(
		"{\"op25b\":1,\"name\":\"n\",\"sets\":{\"a\":[\"10.0.0.0/8\",\"10.1.0.0/16\","
		"\"10.1.1.0/24\"],\"b\":[\"10.1.0.0/16\"]},\"pools\":{\"p\":{\"kind\":\"fixed\","
		"\"v4\":[\"10.1.2.0/24\"]}},\"stages\":[]}");
	struct image image = must_compile(p, 0, NULL, UINT64_MAX);
	const struct op25b_addr *pool =
		&image.view.addrs[image_view_find4(&image.view, 0x0a010203)];

	(void)state;
	// 10/8 {a}, 10.1/16 {a, b}, 10.1.2/24 {p, a, b}; 10.1.1/24 is 10.1/16 over again.
	assert_int_equal(image_view_count(&image.view, SECTION_PREFIX4), 3);
	assert_int_equal(pool->sets, 3);
	assert_int_equal(pool->class_id, 1);
	assert_int_equal(pool->slot_base, OP25B_NO_SLOT);
	free(image.bytes);
	policy_free(p);
}

// 510 pools, 62 sets, 32 clauses, names of 63 characters.
static void the_largest_policy_compiles(void **state)
{
	char *text;
	size_t bytes;
	struct policy *p;
	struct image image;
	FILE *out = open_memstream(&text, &bytes);
	int i;

	(void)state;
	fprintf(out, "{\"op25b\":1,\"name\":\"%063d\",\"sets\":{", 1);
	for (i = 0; i < 62; i++)
		fprintf(out, "%s\"%063d\":[\"192.0.%d.0/24\"]", i ? "," : "", i, i);
	fputs("},\"pools\":{", out);
	for (i = 0; i < 510; i++)
		fprintf(out, "%s\"%063d\":{\"kind\":\"dynamic\",\"v4\":[\"10.%d.%d.0/24\"]}",
			i ? "," : "", i, i / 256, i % 256);
	fputs("},\"stages\":[", out);
	for (i = 0; i < 510; i++) {
		int j;

		fprintf(out,
			"%s{\"id\":\"%063d\",\"pools\":[\"%063d\"],\"from\":\"always\",\"port25\":"
			"[",
			i ? "," : "", i, i);
		for (j = 0; j < 31; j++)
			fprintf(out, "{\"to\":\"%063d\",\"do\":\"permit\"},", j + 31);
		fputs("{\"to\":\"any\",\"do\":\"drop\"}]}", out);
	}
	fputs("]}", out);
	fclose(out);
	p = must_parse(text);
	image = must_compile(p, 0, NULL, UINT64_MAX);
	assert_int_equal(image_view_count(&image.view, SECTION_CLASSES), 512);
	assert_int_equal(image.view.hdr->set_count, 62);
	assert_int_equal(image.view.classes[510].clause[30].sets, 1ull << 61);
	assert_true(image.view.classes[510].clause[31].sets == OP25B_ANY_SET);
	assert_int_equal(image.view.classes[511].name, 0);
	free(image.bytes);
	free(text);
	policy_free(p);
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

// `count` prefixes in a limited pool, half of each family, and as many destinations of the same
// ranges, so that all are nested.
static char *large_text(size_t count, size_t *bytes)
{
	char *text;
	FILE *out = open_memstream(&text, bytes);
	size_t i;

	fputs("{\"op25b\":1,\"name\":\"n\",\"pools\":{\"p\":{\"kind\":\"dynamic\",\"v4\":[", out);
	for (i = 0; i < count / 2; i++)
		fprintf(out, "%s\"%zu.%zu.%zu.0/28\"", i ? "," : "", 10 + i / 65536, i / 256 % 256,
			i % 256);
	fputs("],\"v6\":[", out);
	for (i = 0; i < count / 2; i++)
		fprintf(out, "%s\"2001:%zx:%zx00::/56\"", i ? "," : "", 0xdb8 + i / 256, i % 256);
	fputs("]}}," LIMITS LIMIT_STAGE "}", out);
	fclose(out);
	return text;
}

static void large_policy(size_t count)
{
	size_t bytes;
	char *text = large_text(count, &bytes);
	double start_ms = now_ms(), parsed_ms, compiled_ms;
	struct policy *p = must_parse(text);
	struct image image, again;

	parsed_ms = now_ms();
	image = must_compile(p, 0, NULL, UINT64_MAX);
	compiled_ms = now_ms();
	again = must_compile(p, 0, image.bytes, UINT64_MAX);
	print_message(
		"%zu prefixes: parse and check %.0f ms, compile %.0f ms, again with the slots of "
		"before %.0f ms, image %zu bytes\n",
		count, parsed_ms - start_ms, compiled_ms - parsed_ms, now_ms() - compiled_ms,
		image.size);
	assert_int_equal(image_view_count(&image.view, SECTION_PREFIX4) +
				 image_view_count(&image.view, SECTION_PREFIX6),
			 count);
	assert_int_equal(image.view.hdr->slot_count, count / 2 * 16 + count / 2);
	assert_memory_equal(image.bytes, again.bytes, image.size);
	free(image.bytes);
	free(again.bytes);
	free(text);
	policy_free(p);
}

static void large_policies_take_this_long(void **state)
{
	(void)state;
	large_policy(10000);
	large_policy(100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limit_figures_are_gcra),
		cmocka_unit_test(checksum_names_the_period),
		cmocka_unit_test(too_few_slots_are_refused_with_figures),
		cmocka_unit_test(a_bad_generation_never_leaves_the_compiler),
		cmocka_unit_test(unchanged_prefixes_keep_their_slots),
		cmocka_unit_test(a_full_box_reuses_slots_that_were_just_left),
		cmocka_unit_test(slots_in_pieces_are_put_together),
		cmocka_unit_test(small_ranges_go_into_small_gaps),
		cmocka_unit_test(another_key_means_other_slots),
		cmocka_unit_test(subscribers_are_told_apart_when_a_pool_is_split),
		cmocka_unit_test(prefixes_that_say_nothing_new_are_left_out),
		cmocka_unit_test(the_largest_policy_compiles),
		cmocka_unit_test(large_policies_take_this_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
