// SPDX-License-Identifier: BSD-3-Clause
//
// Reading a checked policy image: typed pointers into it, and a plain linear longest-prefix match,
// which is what `op25bctl policy explain` uses and, in the tests, the oracle for the tries of
// op25b-dp and of the guard. Host only.
#pragma once

#include <string.h>

#include "../abi/image_abi.h"

struct image_view {
	const struct op25b_image_hdr *hdr;
	const struct op25b_class *classes;
	const struct op25b_addr *addrs;
	const struct op25b_prefix4 *prefix4;
	const struct op25b_prefix6 *prefix6;
	const char *names;
	const struct op25b_softwires *softwires;
};

// Points view into an image that image_check() has accepted and that outlives the view.
static inline void image_view_init(struct image_view *view, const void *image)
{
	const char *base = image;

	view->hdr = image;
	view->classes = (const void *)(base + view->hdr->section[SECTION_CLASSES].offset_bytes);
	view->addrs = (const void *)(base + view->hdr->section[SECTION_ADDRS].offset_bytes);
	view->prefix4 = (const void *)(base + view->hdr->section[SECTION_PREFIX4].offset_bytes);
	view->prefix6 = (const void *)(base + view->hdr->section[SECTION_PREFIX6].offset_bytes);
	view->names = base + view->hdr->section[SECTION_NAMES].offset_bytes;
	view->softwires = (const void *)(base + view->hdr->section[SECTION_SOFTWIRES].offset_bytes);
}

static inline uint32_t image_view_count(const struct image_view *view, enum op25b_section section)
{
	return view->hdr->section[section].count;
}

// The longest prefix that covers addr (host order): an index in SECTION_ADDRS, 0 if there is none.
static inline uint32_t image_view_find4(const struct image_view *view, uint32_t addr)
{
	uint32_t i, best = 0, best_depth = 0;

	for (i = 0; i < image_view_count(view, SECTION_PREFIX4); i++) {
		const struct op25b_prefix4 *p = &view->prefix4[i];

		if (p->depth > best_depth && (addr ^ p->addr) >> (32 - p->depth) == 0) {
			best = p->addr_id;
			best_depth = p->depth;
		}
	}
	return best;
}

static inline int prefix6_covers(const struct op25b_prefix6 *p, const uint8_t addr_be[16])
{
	uint32_t whole = p->depth / 8, rest = p->depth % 8;

	if (memcmp(p->addr_be, addr_be, whole))
		return 0;
	return !rest || (p->addr_be[whole] ^ addr_be[whole]) >> (8 - rest) == 0;
}

// The same for an IPv6 address in network order.
static inline uint32_t image_view_find6(const struct image_view *view, const uint8_t addr_be[16])
{
	uint32_t i, best = 0, best_depth = 0;

	for (i = 0; i < image_view_count(view, SECTION_PREFIX6); i++) {
		const struct op25b_prefix6 *p = &view->prefix6[i];

		if (p->depth > best_depth && prefix6_covers(p, addr_be)) {
			best = p->addr_id;
			best_depth = p->depth;
		}
	}
	return best;
}
