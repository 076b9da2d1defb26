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

// Parts of an image, for those who damage it.
struct parts {
	struct op25b_image_hdr *hdr;
	struct op25b_class *classes;
	struct op25b_clause *drop;  // clause 1 of class 1
	struct op25b_clause *limit; // clause 0 of class 2
	struct op25b_class *infra;
	struct op25b_addr *addrs;
	struct op25b_addr *counted; // the first entry with slots
	struct op25b_addr *shared;  // the entry whose addresses are shared by port sets
	struct op25b_prefix4 *prefix4;
	struct op25b_prefix6 *prefix6;
	char *names;
	struct op25b_softwires *softwires; // two
};

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

static void swap_prefix6(struct parts *p)
{
	struct op25b_prefix6 first = p->prefix6[0];

	p->prefix6[0] = p->prefix6[1];
	p->prefix6[1] = first;
}

static void unterminate_names(struct parts *p)
{
	memset(p->names + 1, 'x', p->hdr->section[SECTION_NAMES].count - 1);
}

// One damage each: X(name, the fault that must be found, what is done to the parts p).
#define DAMAGES(X)                                                                                 \
	X(magic, MAGIC, p->hdr->magic = __builtin_bswap32(p->hdr->magic))                          \
	X(abi_of_tomorrow, ABI, p->hdr->abi_major = OP25B_IMAGE_ABI_MAJOR + 1)                     \
	X(total_one_more, SIZE, p->hdr->total_bytes++)                                             \
	X(generation_0, GENERATION, p->hdr->generation = 0)                                        \
	X(generation_beyond_guard, GENERATION, p->hdr->generation = 1ull << 63)                    \
	X(header_zero_field, HEADER_FIELD, p->hdr->zero = 1)                                       \
	X(too_many_sets, HEADER_FIELD, p->hdr->set_count = OP25B_MAX_SETS + 1)                     \
	X(too_many_slots, HEADER_FIELD, p->hdr->slot_count = OP25B_MAX_SLOTS + 1ull)               \
	X(section_misaligned, SECTION, p->hdr->section[SECTION_ADDRS].offset_bytes += 4)           \
	X(section_elem_bytes, SECTION, p->hdr->section[SECTION_PREFIX4].elem_bytes = 8)            \
	X(section_in_header, SECTION, p->hdr->section[SECTION_CLASSES].offset_bytes = 0)           \
	X(section_overlaps, SECTION,                                                               \
	  p->hdr->section[SECTION_ADDRS].offset_bytes =                                            \
		  p->hdr->section[SECTION_CLASSES].offset_bytes)                                   \
	X(section_offset_wraps, SECTION,                                                           \
	  p->hdr->section[SECTION_NAMES].offset_bytes = 0xfffffffffffffff8ull)                     \
	X(section_beyond_end, SECTION, p->hdr->section[SECTION_NAMES].count += 8)                  \
	X(no_class, COUNT, p->hdr->section[SECTION_CLASSES].count = 0)                             \
	X(too_many_classes, COUNT, p->hdr->section[SECTION_CLASSES].count = OP25B_MAX_CLASSES + 1) \
	X(too_many_prefixes, COUNT,                                                                \
	  p->hdr->section[SECTION_PREFIX6].count = OP25B_MAX_PREFIXES + 1)                         \
	X(no_names, COUNT, p->hdr->section[SECTION_NAMES].count = 0)                               \
	X(policy_name_outside, NAME, p->hdr->policy_name = 0xffffffff)                             \
	X(pool_name_outside, NAME, p->classes[1].name = p->hdr->section[SECTION_NAMES].count)      \
	X(stage_name_outside, NAME, p->classes[2].stage = 0x7fffffff)                              \
	X(names_unterminated, NAME, unterminate_names(p))                                          \
	X(empty_name_elsewhere, NAME, p->classes[1].name += strlen("dynamic"))                     \
	X(pool_without_name, CLASS_FIELD, p->classes[1].name = 0)                                  \
	X(class_0_with_name, CLASS_FIELD, p->classes[0].name = p->classes[1].name)                 \
	X(stats_slot_set, CLASS_FIELD, p->classes[1].stats_slot = 1)                               \
	X(class_pad, CLASS_FIELD, p->classes[1].pad[1] = 1)                                        \
	X(too_many_clauses, CLASS_FIELD, p->classes[1].clause_count = OP25B_MAX_CLAUSES + 1)       \
	X(pool_believed_nowhere, CLASS_FIELD, p->classes[1].pairs = 0)                             \
	X(class_0_on_one_pair, CLASS_FIELD, p->classes[0].pairs = 1)                               \
	X(class_0_with_knob, CLASS_FIELD, p->classes[0].knobs = KNOB_DROP_UNKNOWN)                 \
	X(class_0_with_clause, CLASS_FIELD, p->classes[0].clause_count = 1)                        \
	X(class_0_with_detour, CLASS_FIELD, p->classes[0].detour_clause = 0)                       \
	X(exempt_on_a_pair, CLASS_FIELD, p->classes[3].pairs = 1)                                  \
	X(exempt_everywhere, CLASS_FIELD, p->classes[3].pairs = OP25B_ANY_PAIR)                    \
	X(exempt_with_knob, CLASS_FIELD, p->classes[3].knobs = KNOB_DROP_INBOUND)                  \
	X(exempt_with_clause, CLASS_FIELD, p->classes[3].clause_count = 1)                         \
	X(unknown_knob, CLASS_FIELD, p->classes[1].knobs = KNOB_ALL + 1)                           \
	X(drain_without_clause, CLASS_FIELD, p->infra->knobs = KNOB_DRAIN)                         \
	X(infra_with_knob, CLASS_FIELD, p->infra->knobs |= KNOB_DROP_UNKNOWN)                      \
	X(infra_with_clause, CLASS_FIELD, p->classes[1].knobs = KNOB_INFRA)                        \
	X(infra_without_name, CLASS_FIELD, p->infra->name = 0)                                     \
	X(infra_as_class_0, CLASS_FIELD, p->classes[0].knobs = KNOB_INFRA)                         \
	X(detour_too_mild, CLASS_FIELD, p->classes[1].detour_clause = 0)                           \
	X(detour_behind_the_last, CLASS_FIELD, p->classes[1].detour_clause = 2)                    \
	X(detour_beyond_the_room, CLASS_FIELD, p->classes[1].detour_clause = OP25B_MAX_CLAUSES)    \
	X(detour_of_none, CLASS_FIELD, p->classes[2].detour_clause = OP25B_NO_CLAUSE)              \
	X(clause_of_unknown_set, CLAUSE_FIELD, p->drop->sets = 1ull << 40)                         \
	X(clause_action, CLAUSE_FIELD, p->drop->action = ACTION_COUNT)                             \
	X(clause_origin, CLAUSE_FIELD, p->drop->origin = ORIGIN_COUNT)                             \
	X(clause_stats_cell, CLAUSE_FIELD, p->drop->stats_cell = 1)                                \
	X(exception_behind_stage, CLAUSE_FIELD, p->drop->origin = ORIGIN_EXCEPTION)                \
	X(quarantine_behind_exception, CLAUSE_FIELD,                                               \
	  (p->classes[1].clause[0].origin = ORIGIN_EXCEPTION,                                      \
	   p->drop->origin = ORIGIN_QUARANTINE))                                                   \
	X(clause_of_infra_set, CLAUSE_FIELD, p->drop->sets = OP25B_INFRA_SET)                      \
	X(drop_with_as, CLAUSE_FIELD, p->drop->as = ACTION_DROP)                                   \
	X(drop_with_hold, CLAUSE_FIELD, p->drop->hold_ns = 1)                                      \
	X(drop_with_over, CLAUSE_FIELD, p->drop->over = ACTION_RST)                                \
	X(monitor_without_as, CLAUSE_FIELD, p->drop->action = ACTION_MONITOR)                      \
	X(monitor_as_limit, CLAUSE_FIELD,                                                          \
	  (p->drop->action = ACTION_MONITOR, p->drop->as = ACTION_LIMIT))                          \
	X(limit_over_monitor, CLAUSE_FIELD, p->limit->over = ACTION_MONITOR)                       \
	X(limit_without_interval, CLAUSE_FIELD, p->limit->interval_ns = 0)                         \
	X(limit_interval_huge, CLAUSE_FIELD, p->limit->interval_ns = 1ull << 60)                   \
	X(limit_tolerance_huge, CLAUSE_FIELD, p->limit->tolerance_ns = ~0ull)                      \
	X(limit_hold_huge, CLAUSE_FIELD, p->limit->hold_ns = 1ull << 63)                           \
	X(limit_over_permit, CLAUSE_FIELD, p->limit->over = ACTION_PERMIT)                         \
	X(clause_behind_the_last, CLAUSE_FIELD, p->classes[1].clause[2].sets = 1)                  \
	X(addr_class_outside, ADDR_FIELD, p->addrs[1].class_id = 5)                                \
	X(addr_in_unknown_set, ADDR_FIELD, p->addrs[1].sets = 2)                                   \
	X(addr_in_all_sets, ADDR_FIELD, p->addrs[1].sets = ~0ull)                                  \
	X(addr_shift_64, ADDR_FIELD, p->counted->key_shift = 64)                                   \
	X(addr_psid_shift_16, ADDR_FIELD, (p->shared->psid_shift = 16, p->shared->psid_bits = 0))  \
	X(addr_psid_bits_17, ADDR_FIELD, (p->shared->psid_shift = 0, p->shared->psid_bits = 17))   \
	X(addr_psid_beyond_port, ADDR_FIELD, p->shared->psid_shift = 15)                           \
	X(addr_0_in_infra, ADDR_FIELD, p->addrs[0].sets = OP25B_INFRA_SET)                         \
	X(addr_mask_with_hole, ADDR_FIELD, p->counted->host_mask = 0x5)                            \
	X(addr_pad, ADDR_FIELD, p->addrs[1].pad[4] = 1)                                            \
	X(addr_0_in_a_pool, ADDR_FIELD, p->addrs[0].class_id = 1)                                  \
	X(addr_0_in_a_set, ADDR_FIELD, p->addrs[0].sets = 1)                                       \
	X(slot_base_outside, SLOT, p->counted->slot_base = p->hdr->slot_count)                     \
	X(slot_range_outside, SLOT, p->hdr->slot_count -= 1)                                       \
	X(slot_port_sets_outside, SLOT, p->shared->slot_base++)                                    \
	X(slot_mask_too_wide, SLOT, p->counted->host_mask = ~0ull)                                 \
	X(prefix4_depth_0, PREFIX, p->prefix4[0].depth = 0)                                        \
	X(prefix4_depth_33, PREFIX, p->prefix4[0].depth = 33)                                      \
	X(prefix4_host_bits, PREFIX, p->prefix4[0].addr |= 1)                                      \
	X(prefix4_pad, PREFIX, p->prefix4[0].pad[0] = 1)                                           \
	X(prefix4_of_nobody, PREFIX, p->prefix4[0].addr_id = 0)                                    \
	X(prefix4_addr_outside, PREFIX,                                                            \
	  p->prefix4[0].addr_id = p->hdr->section[SECTION_ADDRS].count)                            \
	X(prefix6_depth_0, PREFIX, p->prefix6[0].depth = 0)                                        \
	X(prefix6_depth_129, PREFIX, p->prefix6[0].depth = 129)                                    \
	X(prefix6_host_bits, PREFIX, p->prefix6[0].addr_be[15] = 1)                                \
	X(prefix6_addr_outside, PREFIX, p->prefix6[1].addr_id = 0xffffffff)                        \
	X(prefix6_of_port_sets, PREFIX, p->prefix6[0].addr_id = (uint32_t)(p->shared - p->addrs))  \
	X(prefix4_twice, ORDER, p->prefix4[1] = p->prefix4[0])                                     \
	X(prefix4_unsorted, ORDER, p->prefix4[2].addr = 0)                                         \
	X(prefix6_twice, ORDER, p->prefix6[1] = p->prefix6[0])                                     \
	X(prefix6_unsorted, ORDER, swap_prefix6(p))                                                \
	X(no_softwires, COUNT, p->hdr->section[SECTION_SOFTWIRES].count = 0)                       \
	X(two_softwire_tables, COUNT, p->hdr->section[SECTION_SOFTWIRES].count = 2)                \
	X(softwires_elem_bytes, SECTION, p->hdr->section[SECTION_SOFTWIRES].elem_bytes = 8)        \
	X(softwire_count, SOFTWIRE, p->softwires->count = OP25B_MAX_SOFTWIRES + 1)                 \
	X(softwire_count_one_less, SOFTWIRE, p->softwires->count = 1)                              \
	X(softwire_count_one_more, SOFTWIRE, p->softwires->count = 3)                              \
	X(softwire_pad, SOFTWIRE, p->softwires->pad = 1)                                           \
	X(softwire_of_everything, SOFTWIRE, p->softwires->item[0] = (struct op25b_softwire){0})    \
	X(softwire_host_bits, SOFTWIRE, p->softwires->item[1].addr_be[3] = 1)                      \
	X(softwire_host_bits_in_word, SOFTWIRE,                                                    \
	  p->softwires->item[1].addr_be[1] |= __builtin_bswap32(1))                                \
	X(softwire_mask_with_hole, SOFTWIRE,                                                       \
	  p->softwires->item[0].mask_be[1] = __builtin_bswap32(0xff00ffff))                        \
	X(softwire_mask_goes_on, SOFTWIRE, p->softwires->item[1].mask_be[2] = 0xffffffff)          \
	X(softwire_mask_starts_late, SOFTWIRE, p->softwires->item[0].mask_be[0] = 0)               \
	X(softwire_behind_the_last, SOFTWIRE, p->softwires->item[15].mask_be[0] = 0xff)

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
