// SPDX-License-Identifier: BSD-3-Clause
//
// Which slots change hands between two images (core/slots_diff.h). No root needed.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/core/slots_diff.h"
#include "image_build.h"

// Ranges as text, "base+count ...", in the order in which they were reported.
struct report {
	char text[256];
};

static void note(void *ctx, uint32_t base, uint32_t count)
{
	struct report *r = ctx;
	size_t used = strlen(r->text);

	snprintf(r->text + used, sizeof(r->text) - used, "%s%u+%u", used ? " " : "", base, count);
}

struct prefix {
	const char *text; // NULL ends the list
	uint32_t first_slot;
	uint32_t key_bits; // 0: no slots; or PORT_SETS
};

// Each IPv4 address is shared by 2^bits subscribers, told apart by these bits of the port.
#define PORT_SETS(shift, bits) ((shift) << 16 | (bits) << 8 | 32)

struct row {
	const char *sentence;
	struct prefix before[4];
	struct prefix after[4];
	const char *changed;
};

static const struct row rows[] = {
	{"the same", {{"10.0.0.0/24", 0, 32}}, {{"10.0.0.0/24", 0, 32}}, ""},
	{"a new prefix behind",
	 {{"10.0.0.0/24", 0, 32}},
	 {{"10.0.0.0/24", 0, 32}, {"10.0.1.0/24", 256, 32}},
	 "256+256"},
	{"another prefix in its place",
	 {{"10.0.0.0/24", 0, 32}},
	 {{"10.0.1.0/24", 0, 32}},
	 "0+256"},
	{"moved to other slots", {{"10.0.0.0/24", 0, 32}}, {{"10.0.0.0/24", 256, 32}}, "256+256"},
	{"one is gone",
	 {{"10.0.0.0/24", 0, 32}, {"10.0.1.0/24", 256, 32}},
	 {{"10.0.1.0/24", 256, 32}},
	 ""},
	{"another key", {{"10.0.0.0/24", 0, 32}}, {{"10.0.0.0/24", 0, 28}}, "0+16"},
	{"another family", {{"10.0.0.0/24", 0, 32}}, {{"2001:db8::/48", 0, 56}}, "0+256"},
	{"grown to its shorter prefix",
	 {{"10.0.0.0/25", 0, 32}},
	 {{"10.0.0.0/24", 0, 32}},
	 "128+128"},
	{"grown in front", {{"10.0.0.128/25", 128, 32}}, {{"10.0.0.0/24", 0, 32}}, "0+128"},
	{"split in two that keep their slots",
	 {{"10.0.0.0/24", 0, 32}},
	 {{"10.0.0.0/25", 0, 32}, {"10.0.0.128/25", 128, 32}},
	 ""},
	{"joined of two",
	 {{"10.0.0.0/25", 0, 32}, {"10.0.0.128/25", 128, 32}},
	 {{"10.0.0.0/24", 0, 32}},
	 ""},
	{"the middle was not there",
	 {{"10.0.0.0/26", 0, 32}, {"10.0.0.192/26", 192, 32}},
	 {{"10.0.0.0/24", 0, 32}},
	 "64+128"},
	{"a /48 by /56", {{"2001:db8::/48", 0, 56}}, {{"2001:db8::/47", 0, 56}}, "256+256"},
	{"deeper than the key's 64 bits",
	 {{"2001:db8::1/128", 0, 64}},
	 {{"2001:db8::2/128", 0, 64}},
	 ""},
	{"one inside another, with slots in common",
	 {{"10.0.0.0/24", 0, 32}},
	 {{"10.0.0.0/25", 0, 32}, {"10.0.0.0/24", 0, 32}},
	 ""},
	{"moved to the slots in front of its own",
	 {{"10.0.0.128/25", 128, 32}},
	 {{"10.0.0.0/25", 0, 32}},
	 "0+128"},
	{"moved to the slots behind its own",
	 {{"10.0.0.0/25", 0, 32}},
	 {{"10.0.0.128/25", 128, 32}},
	 "128+128"},
	{"the other family, the other way round",
	 {{"2001:db8::/48", 0, 56}},
	 {{"10.0.0.0/24", 0, 32}},
	 "0+256"},
	{"the other family is gone",
	 {{"10.0.0.0/24", 0, 32}, {"2001:db8::/48", 256, 56}},
	 {{"2001:db8::/48", 256, 56}},
	 ""},
	{"IPv6 prefixes without slots", {{"2001:db8::/48", 0, 0}}, {{"2001:db8:1::/48", 0, 0}}, ""},
	{"prefixes without slots", {{"10.0.0.0/24", 0, 0}}, {{"10.0.2.0/24", 0, 0}}, ""},
	{"port sets: the same",
	 {{"10.0.0.0/24", 0, PORT_SETS(8, 2)}},
	 {{"10.0.0.0/24", 0, PORT_SETS(8, 2)}},
	 ""},
	{"port sets: a part of the prefix keeps its slots",
	 {{"10.0.0.0/24", 0, PORT_SETS(8, 2)}},
	 {{"10.0.0.128/25", 512, PORT_SETS(8, 2)}, {"10.0.1.0/25", 1024, PORT_SETS(8, 2)}},
	 "1024+512"},
	{"port sets: grown in front",
	 {{"10.0.0.128/25", 512, PORT_SETS(8, 2)}},
	 {{"10.0.0.0/24", 0, PORT_SETS(8, 2)}},
	 "0+512"},
	{"port sets: other bits of the port",
	 {{"10.0.0.0/24", 0, PORT_SETS(8, 2)}},
	 {{"10.0.0.0/24", 0, PORT_SETS(10, 2)}},
	 "0+1024"},
	{"port sets: more of them",
	 {{"10.0.0.0/24", 0, PORT_SETS(8, 2)}},
	 {{"10.0.0.0/24", 0, PORT_SETS(8, 3)}},
	 "0+2048"},
	{"port sets: no longer shared",
	 {{"10.0.0.0/24", 0, PORT_SETS(8, 2)}},
	 {{"10.0.0.0/24", 0, 32}},
	 "0+256"},
};

// Adds the prefix. Returns how many slots it took.
static uint32_t add(struct image_build *b, const struct prefix *p, uint32_t class_id)
{
	uint32_t depth = strtoul(strchr(p->text, '/') + 1, NULL, 10), key_bits = p->key_bits & 0xff;
	uint32_t psid_bits = p->key_bits >> 8 & 0xff;

	if (!key_bits) {
		image_build_prefix(b, p->text, class_id, 0, 0);
		return 0;
	}
	if (psid_bits)
		image_build_port_sets(b, p->text, class_id, p->key_bits >> 16, psid_bits);
	else
		image_build_prefix(b, p->text, class_id, 0, key_bits);
	return (depth < key_bits ? 1u << (key_bits - depth) : 1) << psid_bits;
}

static void *image_of(const struct prefix *prefixes)
{
	struct image_build *b = image_build_start();
	uint32_t class_id = image_build_class(b, "pool", ""), at = 0, taken;
	const struct prefix *p;
	size_t bytes;
	void *image;

	for (p = prefixes; p < prefixes + 4 && p->text; p++) {
		image_build_skip_slots(b, p->key_bits ? p->first_slot - at : 0);
		taken = add(b, p, class_id);
		if (taken)
			at = p->first_slot + taken;
	}
	image = image_build_finish(b, 1, &bytes);
	image_build_free(b);
	return image;
}

static void each_row(void **state)
{
	size_t i, failed = 0;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		void *before = image_of(rows[i].before), *after = image_of(rows[i].after);
		struct image_view old, now;
		struct report got = {""};

		image_view_init(&old, before);
		image_view_init(&now, after);
		image_changed_slots(&old, &now, note, &got);
		if (strcmp(got.text, rows[i].changed)) {
			print_error("%s: got \"%s\", want \"%s\"\n", rows[i].sentence, got.text,
				    rows[i].changed);
			failed++;
		}
		free(before);
		free(after);
	}
	print_message("%zu rows, %zu wrong\n", i, failed);
	assert_int_equal(failed, 0);
}

static void without_an_old_image_all_is_new(void **state)
{
	static const struct prefix prefixes[4] = {{"10.0.0.0/24", 10, 32}};
	void *image = image_of(prefixes);
	struct image_view now;
	struct report got = {""};

	(void)state;
	image_view_init(&now, image);
	image_changed_slots(NULL, &now, note, &got);
	assert_string_equal(got.text, "10+256");
	free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row),
		cmocka_unit_test(without_an_old_image_all_is_new),
	};

	return cmocka_run_group_tests_name("slots diff", tests, NULL, NULL);
}
