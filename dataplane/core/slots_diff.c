// SPDX-License-Identifier: BSD-3-Clause
//
// See slots_diff.h. Each image becomes a sorted list of slot ranges in which slot and owner differ
// by a constant; the answer is the difference of the two lists. No state, any thread.
#include "slots_diff.h"

#include <stdbool.h>
#include <stdlib.h>

// Slots [first, end) belong to the address blocks, or port sets of addresses,
// [first + shift_by, ...) of this kind.
struct slot_range {
	uint32_t kind;     // family, key_shift, psid: blocks of another kind are other owners
	uint64_t shift_by; // number of the owner's block minus its slot, modulo 2^64
	uint64_t first;
	uint64_t end;
};

struct slot_ranges {
	struct slot_range *items;
	size_t count;
};

static struct slot_range range_make(enum op25b_family family, const struct op25b_addr *a,
				    uint64_t bits)
{
	uint64_t block = (bits & ~a->host_mask) >> a->key_shift << a->psid_bits;

	return (struct slot_range){
		.kind = (uint32_t)a->psid_shift << 24 | (uint32_t)a->psid_bits << 16 |
			(uint32_t)family << 8 | a->key_shift,
		.shift_by = block - a->slot_base,
		.first = a->slot_base,
		.end = a->slot_base + (((a->host_mask >> a->key_shift) + 1) << a->psid_bits),
	};
}

static int compare_same_owners(const struct slot_range *a, const struct slot_range *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->shift_by != b->shift_by)
		return a->shift_by < b->shift_by ? -1 : 1;
	return 0;
}

static int compare_ranges(const void *left, const void *right)
{
	const struct slot_range *a = left, *b = right;
	int order = compare_same_owners(a, b);

	if (order)
		return order;
	return a->first < b->first ? -1 : a->first > b->first;
}

// Joins ranges that touch, so that each slot and owner stands in the list once.
static void ranges_merge(struct slot_ranges *r)
{
	size_t i, kept = 0;

	for (i = 0; i < r->count; i++) {
		struct slot_range *last = kept ? &r->items[kept - 1] : NULL;

		if (last && !compare_same_owners(last, &r->items[i]) &&
		    r->items[i].first <= last->end) {
			if (r->items[i].end > last->end)
				last->end = r->items[i].end;
			continue;
		}
		r->items[kept++] = r->items[i];
	}
	r->count = kept;
}

static void ranges_add4(struct slot_ranges *r, const struct image_view *view)
{
	uint32_t i;

	for (i = 0; i < image_view_count(view, SECTION_PREFIX4); i++) {
		const struct op25b_prefix4 *p = &view->prefix4[i];
		const struct op25b_addr *a = &view->addrs[p->addr_id];

		if (a->slot_base != OP25B_NO_SLOT)
			r->items[r->count++] = range_make(FAMILY_IP4, a, p->addr);
	}
}

static uint64_t prefix6_upper_bits(const struct op25b_prefix6 *p)
{
	uint64_t bits = 0;
	uint32_t i;

	for (i = 0; i < 8; i++)
		bits = bits << 8 | p->addr_be[i];
	return bits;
}

static void ranges_add6(struct slot_ranges *r, const struct image_view *view)
{
	uint32_t i;

	for (i = 0; i < image_view_count(view, SECTION_PREFIX6); i++) {
		const struct op25b_prefix6 *p = &view->prefix6[i];
		const struct op25b_addr *a = &view->addrs[p->addr_id];

		if (a->slot_base != OP25B_NO_SLOT)
			r->items[r->count++] = range_make(FAMILY_IP6, a, prefix6_upper_bits(p));
	}
}

// The image's ranges, sorted and merged. Returns false without memory.
static bool ranges_init(struct slot_ranges *r, const struct image_view *view)
{
	size_t most = (size_t)image_view_count(view, SECTION_PREFIX4) +
		      image_view_count(view, SECTION_PREFIX6);

	*r = (struct slot_ranges){.items = calloc(most + 1, sizeof(*r->items))};
	if (!r->items)
		return false;
	ranges_add4(r, view);
	ranges_add6(r, view);
	qsort(r->items, r->count, sizeof(*r->items), compare_ranges);
	ranges_merge(r);
	return true;
}

// Reports what of `range` no range in old covers. *next is the first of old that may still matter;
// it only moves forward, as both lists are sorted alike.
static void report_uncovered(struct slot_range range, const struct slot_ranges *old, size_t *next,
			     slots_changed_fn changed, void *ctx)
{
	for (; *next < old->count; ++*next) {
		const struct slot_range *o = &old->items[*next];
		int order = compare_same_owners(o, &range);

		if (order < 0 || (order == 0 && o->end <= range.first))
			continue;
		if (order > 0 || o->first >= range.end)
			break;
		if (o->first > range.first)
			changed(ctx, range.first, o->first - range.first);
		range.first = o->end;
		if (range.first >= range.end)
			return;
	}
	changed(ctx, range.first, range.end - range.first);
}

void image_changed_slots(const struct image_view *old_or_null, const struct image_view *new_,
			 slots_changed_fn changed, void *ctx)
{
	struct slot_ranges old = {0}, now;
	size_t i, next = 0;

	if (!ranges_init(&now, new_)) {
		if (new_->hdr->slot_count)
			changed(ctx, 0, new_->hdr->slot_count);
		return;
	}
	if (old_or_null && !ranges_init(&old, old_or_null))
		old = (struct slot_ranges){0};
	for (i = 0; i < now.count; i++)
		report_uncovered(now.items[i], &old, &next, changed, ctx);
	free(old.items);
	free(now.items);
}
