// SPDX-License-Identifier: BSD-3-Clause
//
// The tables that op25b-dp builds say what the image says, for large policies whose prefixes are
// nested at every depth: against the linear match of core/image_view.h.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "dp_rings.h"
#include "image_build.h"

#define BIG_PREFIXES 10000u
#define BIG_PROBES 1000u
#define BIG_ROUNDS 4u

static uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

typedef char prefix_text[64];

static void make_random4(uint64_t *seed, prefix_text text)
{
	static const uint8_t depths[] = {8, 16, 20, 23, 24, 25, 28, 31, 32};
	uint64_t r = random_next(seed);
	uint32_t depth = depths[r % sizeof(depths)];
	struct in_addr a = {htonl((0x0a000000 | ((uint32_t)(r >> 32) & 0x003fffff)) &
				  (0xffffffffu << (32 - depth)))};
	char addr[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &a, addr, sizeof(addr));
	snprintf(text, sizeof(prefix_text), "%s/%u", addr, depth);
}

static void random6(uint64_t *seed, uint8_t be[16])
{
	uint64_t r = random_next(seed), s = random_next(seed);
	uint32_t i;

	memcpy(be, "\x20\x01\x0d\xb8", 4);
	for (i = 4; i < 16; i++)
		be[i] = (uint8_t)((i < 8 ? r >> i : s >> i) & 0x13);
}

static void make_random6(uint64_t *seed, prefix_text text)
{
	uint32_t depth = 20 + (uint32_t)(random_next(seed) % 109), i;
	char addr[INET6_ADDRSTRLEN];
	uint8_t be[16];

	random6(seed, be);
	for (i = depth; i < 128; i++)
		be[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	inet_ntop(AF_INET6, be, addr, sizeof(addr));
	snprintf(text, sizeof(prefix_text), "%s/%u", addr, depth);
}

static int compare_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

// Adds BIG_PREFIXES random prefixes, nested in many ways; what was drawn twice stands once.
static void add_random(struct image_build *b, uint32_t pool, uint64_t *seed)
{
	prefix_text *texts = calloc(BIG_PREFIXES, sizeof(*texts));
	uint32_t i;

	assert_non_null(texts);
	for (i = 0; i < BIG_PREFIXES; i++)
		i % 2 ? make_random4(seed, texts[i]) : make_random6(seed, texts[i]);
	qsort(texts, BIG_PREFIXES, sizeof(*texts), compare_text);
	for (i = 0; i < BIG_PREFIXES; i++) {
		if (i == 0 || strcmp(texts[i], texts[i - 1]))
			image_build_prefix(b, texts[i], pool, 0, 0);
	}
	free(texts);
}

static void expect_same4(const struct tables *t, uint32_t addr)
{
	uint64_t found;

	tables_find4(t, &addr, &found, 1);
	assert_int_equal(found, image_view_find4(&t->view, addr));
}

static void expect_same6(const struct tables *t, const uint8_t be[16])
{
	struct ip6_key key;
	uint64_t found;

	memcpy(key.be, be, sizeof(key.be));
	tables_find6(t, &key, &found, 1);
	assert_int_equal(found, image_view_find6(&t->view, be));
}

// First and last address of a prefix, and their outer neighbours.
static void probe_prefix4(const struct tables *t, const struct op25b_prefix4 *p)
{
	uint32_t last = p->addr | (p->depth < 32 ? 0xffffffffu >> p->depth : 0);

	expect_same4(t, p->addr);
	expect_same4(t, p->addr - 1);
	expect_same4(t, last);
	expect_same4(t, last + 1);
}

static void probe_prefix6(const struct tables *t, const struct op25b_prefix6 *p)
{
	uint8_t be[16];
	uint32_t i;

	memcpy(be, p->addr_be, sizeof(be));
	expect_same6(t, be);
	be[15] ^= 1;
	expect_same6(t, be);
	memcpy(be, p->addr_be, sizeof(be));
	for (i = p->depth; i < 128; i++)
		be[i / 8] |= (uint8_t)(0x80 >> i % 8);
	expect_same6(t, be);
	be[(p->depth - 1) / 8] ^= (uint8_t)(0x80 >> (p->depth - 1) % 8);
	expect_same6(t, be);
}

static void find_what_the_image_says(uint64_t generation, uint64_t seed)
{
	struct image_build *b = image_build_start();
	uint32_t pool = image_build_class(b, "flets", "block"), i;
	const struct tables *t;
	uint8_t be[16];
	size_t bytes;
	void *image;

	add_random(b, pool, &seed);
	image = image_build_finish(b, generation, &bytes);
	image_build_free(b);
	assert_int_equal(dp_rings_publish(image, bytes).outcome, OUTCOME_APPLIED);
	free(image);
	t = atomic_load(&dp_rings_publisher()->current);
	assert_true(image_view_count(&t->view, SECTION_PREFIX4) > 2000);
	assert_true(image_view_count(&t->view, SECTION_PREFIX6) > 2000);
	for (i = 0; i < BIG_PROBES; i++) {
		uint64_t r = random_next(&seed);

		expect_same4(t, 0x0a000000 | ((uint32_t)r & 0x003fffff));
		random6(&seed, be);
		expect_same6(t, be);
		probe_prefix4(t, &t->view.prefix4[r % image_view_count(&t->view, SECTION_PREFIX4)]);
		probe_prefix6(t, &t->view.prefix6[r % image_view_count(&t->view, SECTION_PREFIX6)]);
	}
}

static void finds_what_the_image_says(void **state)
{
	struct dp_rings_config c = {.slots = 0};
	uint64_t i;

	(void)state;
	dp_rings_start(&c);
	for (i = 0; i < BIG_ROUNDS; i++)
		find_what_the_image_says(1 + i, 0x9e3779b97f4a7c15 + i * i);
	dp_rings_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_the_image_says),
	};

	return cmocka_run_group_tests_name("dp_tables", tests, NULL, NULL);
}
