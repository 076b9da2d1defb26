// SPDX-License-Identifier: BSD-3-Clause
//
// What can be wrong with an image, as a table: for test_core_image.c, whose image it is.
#pragma once

#include <string.h>

#include "dataplane/abi/image_abi.h"

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
	X(drain_without_clause, CLASS_FIELD, (p->infra->knobs = KNOB_DRAIN, p->infra->pairs = 1))  \
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
