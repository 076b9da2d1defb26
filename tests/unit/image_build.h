// SPDX-License-Identifier: BSD-3-Clause
//
// Builds policy images for tests by hand: names, classes, clauses, address entries, prefixes ->
// one valid image, without the policy compiler. Any wrong use stops the test program with a
// sentence. One thread at a time.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dataplane/abi/image_abi.h"

struct image_build;

struct image_build *image_build_start(void);
// Frees the builder, not the images made with it. NULL is allowed.
void image_build_free(struct image_build *b);

// Offset of the name in SECTION_NAMES; the same text gives the same offset.
uint32_t image_build_name(struct image_build *b, const char *text);
// A new class of the pool, believed behind every pair; with the name "" that of exempt addresses,
// believed behind none. Returns its index, 1 and up.
uint32_t image_build_class(struct image_build *b, const char *pool, const char *stage);
// Where the class is believed, one bit a pair: OP25B_ANY_PAIR, or for class 0 (addresses in no
// pool) also 0.
void image_build_pairs(struct image_build *b, uint32_t class_id, uint32_t pairs);
// enum op25b_knob bits; 0 if never called.
void image_build_knobs(struct image_build *b, uint32_t class_id, uint8_t knobs);
// Appends a clause. The set bits must be below 64 bits given by image_build_set().
void image_build_clause(struct image_build *b, uint32_t class_id, struct op25b_clause clause);
// A new destination set. Returns its mask (one bit).
uint64_t image_build_set(struct image_build *b);

// Adds "198.51.100.0/25" or "2001:db8::/40" as an address entry of its own. key_bits: prefix length
// of one subscriber, which gives the prefix the next free range of slots; 0: nobody is counted.
// Returns the first slot, or OP25B_NO_SLOT.
uint32_t image_build_prefix(struct image_build *b, const char *prefix, uint32_t class_id,
			    uint64_t sets, uint32_t key_bits);
// The same for "198.51.100.0/25" whose addresses are shared: 2^psid_bits subscribers each, told
// apart by the bits of their ports from psid_shift on.
uint32_t image_build_port_sets(struct image_build *b, const char *prefix4, uint32_t class_id,
			       uint8_t psid_shift, uint8_t psid_bits);
// Opens the IPv4-in-IPv6 tunnels whose end on the network's side is in the prefix.
void image_build_softwire(struct image_build *b, const char *prefix6);
// Leaves `count` slots unused, so that the next prefix begins behind them.
void image_build_skip_slots(struct image_build *b, uint32_t count);

// The order of a section's prefixes, for qsort().
int image_compare_prefix4(const void *left, const void *right);
int image_compare_prefix6(const void *left, const void *right);

// A finished image that image_check() accepts; free() it. The builder can go on being used.
void *image_build_finish(const struct image_build *b, uint64_t generation, size_t *bytes);
