// SPDX-License-Identifier: BSD-3-Clause
//
// image_check(): the good image passes, each damage is refused with its own fault, and whatever
// passes can be used without harm. Images lie in heap blocks of exactly their size, so that
// AddressSanitizer sees every read beyond them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/core/decide.h"
#include "dataplane/core/image_check.h"
#include "dataplane/core/image_view.h"
#include "image_build.h"
#include "image_damage.h"

#define RANDOM_IMAGES 20000u

struct subject {
	uint8_t *image; // good, in a block of its own
	size_t bytes;
};

static uint8_t *image_copy(const struct subject *s, size_t bytes)
{
	// Never 0 bytes: malloc(0) may be NULL, which image_check() need not take.
	uint8_t *copy = malloc(bytes ? bytes : 1);

	assert_non_null(copy);
	memcpy(copy, s->image, bytes < s->bytes ? bytes : s->bytes);
	return copy;
}

static void image_seal(void *image, size_t bytes)
{
	((struct op25b_image_hdr *)image)->checksum = image_checksum(image, bytes);
}

static int start_subject(void **state)
{
	static struct subject s;
	struct image_build *b = image_build_start();
	uint64_t relay = image_build_set(b);
	uint32_t dynamic = image_build_class(b, "dynamic", "block");
	uint32_t limited = image_build_class(b, "limited", "limit");
	uint32_t exempt = image_build_class(b, "", "");
	uint32_t infra = image_build_class(b, "mx", "");
	void *image;

	image_build_pairs(b, dynamic, 1);
	image_build_knobs(b, limited, KNOB_PASS_EH_LIMIT | KNOB_DROP_INBOUND);
	image_build_pairs(b, infra, 0);
	image_build_knobs(b, infra, KNOB_INFRA);
	image_build_softwire(b, "2001:db8:aff::1/128");
	image_build_softwire(b, "2001:db8:b00::/40");
	image_build_clause(b, dynamic,
			   (struct op25b_clause){.sets = relay, .action = ACTION_PERMIT});
	image_build_clause(b, dynamic,
			   (struct op25b_clause){.sets = OP25B_ANY_SET, .action = ACTION_DROP});
	image_build_clause(b, limited,
			   (struct op25b_clause){.sets = OP25B_ANY_SET,
						 .action = ACTION_LIMIT,
						 .interval_ns = 1000000000,
						 .tolerance_ns = 9000000000,
						 .hold_ns = 60000000000,
						 .over = ACTION_DROP});
	image_build_prefix(b, "198.51.100.0/25", dynamic, 0, 0);
	image_build_prefix(b, "198.51.100.128/25", limited, 0, 32);
	image_build_prefix(b, "203.0.113.25/32", exempt, relay, 0);
	image_build_prefix(b, "2001:db8:1000::/48", dynamic, 0, 0);
	image_build_prefix(b, "203.0.113.26/32", infra, OP25B_INFRA_SET, 0);
	image_build_prefix(b, "2001:db8:3000::/48", limited, 0, 56);
	image_build_port_sets(b, "192.0.2.64/28", limited, 8, 2);
	image = image_build_finish(b, 7, &s.bytes);
	image_build_free(b);
	// A copy, so that the block has exactly the image's size.
	s.image = image;
	s.image = image_copy(&s, s.bytes);
	free(image);
	*state = &s;
	return 0;
}

static int stop_subject(void **state)
{
	struct subject *s = *state;

	free(s->image);
	return 0;
}

static void good_image_passes(void **state)
{
	const struct subject *s = *state;

	assert_int_equal(image_check(s->image, s->bytes).code, IMAGE_OK);
}

static void each_flipped_bit_is_refused(void **state)
{
	const struct subject *s = *state;
	uint8_t *image = image_copy(s, s->bytes);
	size_t bit;

	for (bit = 0; bit < s->bytes * 8; bit++) {
		size_t at = bit / 8;

		// The generation is not part of the content: the checksum leaves it out.
		if (at >= offsetof(struct op25b_image_hdr, generation) &&
		    at < offsetof(struct op25b_image_hdr, generation) + sizeof(uint64_t))
			continue;
		image[at] ^= 1u << bit % 8;
		if (image_check(image, s->bytes).code == IMAGE_OK)
			fail_msg("bit %zu flipped, and accepted", bit);
		image[at] ^= 1u << bit % 8;
	}
	assert_int_equal(image_check(image, s->bytes).code, IMAGE_OK);
	free(image);
}

static void each_other_length_is_refused(void **state)
{
	const struct subject *s = *state;
	size_t bytes;

	for (bytes = 0; bytes < s->bytes + 64; bytes++) {
		uint8_t *image = image_copy(s, bytes);

		if (bytes > s->bytes)
			memset(image + s->bytes, 0, bytes - s->bytes);
		if (bytes != s->bytes && image_check(image, bytes).code == IMAGE_OK)
			fail_msg("%zu bytes of %zu accepted", bytes, s->bytes);
		free(image);
	}
}

static void use_addr(const struct image_view *view, struct flow *f, uint32_t id)
{
	const struct op25b_addr *addr = &view->addrs[id];
	struct judgement j;
	uint64_t slot = 0;
	struct ingress in = {0};

	assert_true(id < image_view_count(view, SECTION_ADDRS));
	assert_true(addr->class_id < image_view_count(view, SECTION_CLASSES));
	for (in.side = SIDE_SUBSCRIBER; in.side <= SIDE_NETWORK; in.side++) {
		uint32_t n = flow_slot(f, in.side, addr);

		assert_true(n == OP25B_NO_SLOT || n < view->hdr->slot_count);
		decide(f, &in, &view->addrs[0], &view->classes[addr->class_id], &slot,
		       5000000000000ull, &j);
		assert_true(j.reason < REASON_COUNT);
		assert_true(j.clause < OP25B_MAX_CLAUSES || j.clause == JUDGEMENT_NO_CLAUSE);
	}
}

// Does with an accepted image what its readers do.
static void use_image(const void *image)
{
	static const uint32_t addrs[] = {0,          0xc6336400, 0xc6336440, 0xc63364ff,
					 0xcb007119, 0xe0000001, 0xffffffff};
	static const uint8_t heads[][4] = {{0}, {0x20, 0x01, 0x0d, 0xb8}, {0xff, 0xff, 0xff, 0xff}};
	struct image_view view;
	uint32_t i;

	image_view_init(&view, image);
	for (i = 0; i < image_view_count(&view, SECTION_CLASSES); i++) {
		assert_true(strlen(view.names + view.classes[i].name) < OP25B_MAX_NAME_BYTES);
		assert_true(strlen(view.names + view.classes[i].stage) < OP25B_MAX_NAME_BYTES);
	}
	assert_true(strlen(view.names + view.hdr->policy_name) < OP25B_MAX_NAME_BYTES);
	for (i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++) {
		struct flow f = {.kind = FLOW_TCP,
				 .family = FAMILY_IP4,
				 .tcp_flags = TCP_FLAG_SYN,
				 .src4 = addrs[i],
				 .dst4 = ~addrs[i]};

		use_addr(&view, &f, image_view_find4(&view, addrs[i]));
	}
	for (i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		struct flow f = {.kind = FLOW_TCP, .family = FAMILY_IP6, .tcp_flags = TCP_FLAG_SYN};
		uint8_t addr_be[16] = {0, 0, 0, 0, 0x30, 0, 0x25};

		memcpy(addr_be, heads[i], sizeof(heads[i]));
		memcpy(f.src6_be, addr_be, sizeof(addr_be));
		use_addr(&view, &f, image_view_find6(&view, addr_be));
	}
}

static void check_and_use(uint8_t *image, size_t bytes)
{
	image_seal(image, bytes);
	if (image_check(image, bytes).code == IMAGE_OK)
		use_image(image);
}

static void truncations_with_right_checksum_are_harmless(void **state)
{
	const struct subject *s = *state;
	size_t bytes;

	for (bytes = sizeof(struct op25b_image_hdr); bytes < s->bytes; bytes++) {
		uint8_t *image = image_copy(s, bytes);

		((struct op25b_image_hdr *)image)->total_bytes = bytes;
		check_and_use(image, bytes);
		free(image);
	}
}

// Each field in turn gets values from the edges, with the checksum made right again.
static void hostile_fields_are_harmless(void **state)
{
	static const uint64_t values[] = {0,        1,          5,          32,         33,
					  64,       127,        129,        255,        0xffff,
					  1u << 26, 0x80000000, 0xffffffff, 1ull << 60, ~0ull};
	const struct subject *s = *state;
	uint8_t *image = image_copy(s, s->bytes);
	size_t at, width, i;

	for (width = 1; width <= 8; width *= 2) {
		for (at = 0; at + width <= s->bytes; at += width) {
			for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
				if (width < 8 && values[i] >> (8 * width))
					continue;
				memcpy(image + at, &values[i], width);
				check_and_use(image, s->bytes);
			}
			memcpy(image, s->image, s->bytes);
		}
	}
	free(image);
}

static void random_images_are_harmless(void **state)
{
	const struct subject *s = *state;
	uint8_t *image = image_copy(s, s->bytes);
	uint32_t i, k;

	srand(2525);
	for (i = 0; i < RANDOM_IMAGES; i++) {
		for (k = rand() % 4 + 1u; k > 0; k--)
			image[(size_t)rand() % s->bytes] = rand() % 2 ? rand() : rand() % 4;
		check_and_use(image, s->bytes);
		memcpy(image, s->image, s->bytes);
	}
	free(image);
}

static struct parts parts_of(uint8_t *image)
{
	struct parts p = {.hdr = (void *)image};
	const struct op25b_section_ref *s = p.hdr->section;

	p.classes = (void *)(image + s[SECTION_CLASSES].offset_bytes);
	p.drop = &p.classes[1].clause[1];
	p.limit = &p.classes[2].clause[0];
	p.infra = &p.classes[4];
	p.addrs = (void *)(image + s[SECTION_ADDRS].offset_bytes);
	p.counted = p.addrs;
	while (p.counted->slot_base == OP25B_NO_SLOT)
		p.counted++;
	p.shared = p.addrs;
	while (!p.shared->psid_bits)
		p.shared++;
	p.prefix4 = (void *)(image + s[SECTION_PREFIX4].offset_bytes);
	p.prefix6 = (void *)(image + s[SECTION_PREFIX6].offset_bytes);
	p.names = (char *)(image + s[SECTION_NAMES].offset_bytes);
	p.softwires = (void *)(image + s[SECTION_SOFTWIRES].offset_bytes);
	return p;
}

#define DAMAGE_FUNCTION(name, code, what)                                                          \
	static void damage_##name(struct parts *p)                                                 \
	{                                                                                          \
		what;                                                                              \
	}
DAMAGES(DAMAGE_FUNCTION)
#undef DAMAGE_FUNCTION

static const struct damage {
	const char *name;
	uint32_t code;
	void (*apply)(struct parts *p);
} damages[] = {
#define DAMAGE_ROW(name, code, what) {#name, IMAGE_##code, damage_##name},
	DAMAGES(DAMAGE_ROW)
#undef DAMAGE_ROW
};

static void each_damage_is_refused_with_its_fault(void **state)
{
	const struct subject *s = *state;
	size_t i;

	for (i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		uint8_t *image = image_copy(s, s->bytes);
		struct parts p = parts_of(image);
		uint32_t code;

		damages[i].apply(&p);
		image_seal(image, s->bytes);
		code = image_check(image, s->bytes).code;
		if (code != damages[i].code)
			fail_msg("%s: %s, expected %s", damages[i].name, image_fault_text(code),
				 image_fault_text(damages[i].code));
		free(image);
	}
}

static void each_fault_is_reached(void **state)
{
	const struct subject *s = *state;
	bool seen[IMAGE_FAULT_COUNT] = {false};
	uint8_t *image = image_copy(s, s->bytes);
	size_t i;

	for (i = 0; i < sizeof(damages) / sizeof(damages[0]); i++)
		seen[damages[i].code] = true;
	seen[image_check(image, s->bytes).code] = true;
	seen[image_check(image, sizeof(struct op25b_image_hdr) - 1).code] = true;
	image[s->bytes - 1] ^= 1;
	seen[image_check(image, s->bytes).code] = true;
	for (i = 0; i < IMAGE_FAULT_COUNT; i++) {
		if (!seen[i])
			fail_msg("no case reaches: %s", image_fault_text(i));
	}
	assert_string_equal(image_fault_text(IMAGE_FAULT_COUNT), "unknown fault");
	free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_image_passes),
		cmocka_unit_test(each_flipped_bit_is_refused),
		cmocka_unit_test(each_other_length_is_refused),
		cmocka_unit_test(truncations_with_right_checksum_are_harmless),
		cmocka_unit_test(hostile_fields_are_harmless),
		cmocka_unit_test(random_images_are_harmless),
		cmocka_unit_test(each_damage_is_refused_with_its_fault),
		cmocka_unit_test(each_fault_is_reached),
	};

	return cmocka_run_group_tests(tests, start_subject, stop_subject) ? 1 : 0;
}
