// SPDX-License-Identifier: BSD-3-Clause
//
// See slots_diff.h. What both images say alike has not changed hands. What else the new one says
// becomes a sorted list of slot ranges in which slot and owner differ by a constant, and so does
// what the old one says of such owners; the answer is the difference of the two lists. No state,
// any thread.
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

// Which owners a list has, by a hash: it may take another for one of them.
struct owner_filter {
	uint64_t *words;
	uint32_t shift; // 64 minus the number of bits of the hash
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

static uint64_t owner_hash(const struct slot_range *r, uint32_t shift)
{
	return (r->shift_by + r->kind * 0x9e3779b97f4a7c15ull) * 0xd6e8feb86659fd93ull >> shift;
}

// Returns false without memory.
static bool owner_filter_init(struct owner_filter *f, const struct slot_ranges *r)
{
	uint64_t bits = 64;
	size_t i;

	for (f->shift = 64 - 6; bits < r->count * 8; bits *= 2)
		f->shift--;
	f->words = calloc(bits / 64, sizeof(*f->words));
	for (i = 0; f->words && i < r->count; i++) {
		uint64_t bit = owner_hash(&r->items[i], f->shift);

		f->words[bit / 64] |= 1ull << bit % 64;
	}
	return f->words != NULL;
}

static bool owner_filter_has(const struct owner_filter *f, const struct slot_range *r)
{
	uint64_t bit = owner_hash(r, f->shift);

	return f->words[bit / 64] >> bit % 64 & 1;
}

static uint64_t prefix6_upper_bits(const struct op25b_prefix6 *p)
{
	uint64_t bits_be;

	memcpy(&bits_be, p->addr_be, sizeof(bits_be));
	return __builtin_bswap64(bits_be);
}

static int compare_prefix4(const struct op25b_prefix4 *a, const struct op25b_prefix4 *b)
{
	if (a->addr != b->addr)
		return a->addr < b->addr ? -1 : 1;
	return (int)a->depth - (int)b->depth;
}

static int compare_prefix6(const struct op25b_prefix6 *a, const struct op25b_prefix6 *b)
{
	int order = memcmp(a->addr_be, b->addr_be, sizeof(a->addr_be));

	return order ? order : (int)a->depth - (int)b->depth;
}

// A prefix that is in both images has the same range by both.
static bool is_same_range(const struct op25b_addr *a, const struct op25b_addr *b)
{
	return a->slot_base == b->slot_base && a->host_mask == b->host_mask &&
	       a->key_shift == b->key_shift && a->psid_shift == b->psid_shift &&
	       a->psid_bits == b->psid_bits;
}

// Adds the range of each prefix of `view` that `other` does not have alike. Both are sorted.
static void ranges_add4(struct slot_ranges *r, const struct image_view *view,
			const struct image_view *other)
{
	uint32_t others = other ? image_view_count(other, SECTION_PREFIX4) : 0, i, j = 0;

	for (i = 0; i < image_view_count(view, SECTION_PREFIX4); i++) {
		const struct op25b_prefix4 *p = &view->prefix4[i];
		const struct op25b_addr *a = &view->addrs[p->addr_id];

		while (j < others && compare_prefix4(&other->prefix4[j], p) < 0)
			j++;
		if (j < others && !compare_prefix4(&other->prefix4[j], p) &&
		    is_same_range(&other->addrs[other->prefix4[j].addr_id], a))
			continue;
		if (a->slot_base != OP25B_NO_SLOT)
			r->items[r->count++] = range_make(FAMILY_IP4, a, p->addr);
	}
}

static void ranges_add6(struct slot_ranges *r, const struct image_view *view,
			const struct image_view *other)
{
	uint32_t others = other ? image_view_count(other, SECTION_PREFIX6) : 0, i, j = 0;

	for (i = 0; i < image_view_count(view, SECTION_PREFIX6); i++) {
		const struct op25b_prefix6 *p = &view->prefix6[i];
		const struct op25b_addr *a = &view->addrs[p->addr_id];

		while (j < others && compare_prefix6(&other->prefix6[j], p) < 0)
			j++;
		if (j < others && !compare_prefix6(&other->prefix6[j], p) &&
		    is_same_range(&other->addrs[other->prefix6[j].addr_id], a))
			continue;
		if (a->slot_base != OP25B_NO_SLOT)
			r->items[r->count++] = range_make(FAMILY_IP6, a, prefix6_upper_bits(p));
	}
}

// The ranges of the image that the other, if there is one, does not have alike. Returns false
// without memory.
static bool ranges_init(struct slot_ranges *r, const struct image_view *view,
			const struct image_view *other)
{
	size_t most = (size_t)image_view_count(view, SECTION_PREFIX4) +
		      image_view_count(view, SECTION_PREFIX6);

	*r = (struct slot_ranges){.items = calloc(most + 1, sizeof(*r->items))};
	if (!r->items)
		return false;
	ranges_add4(r, view, other);
	ranges_add6(r, view, other);
	return true;
}

static void ranges_keep(struct slot_ranges *r, const struct owner_filter *wanted)
{
	size_t i, kept = 0;

	for (i = 0; i < r->count; i++) {
		if (owner_filter_has(wanted, &r->items[i]))
			r->items[kept++] = r->items[i];
	}
	r->count = kept;
}

static void ranges_sort(struct slot_ranges *r)
{
	qsort(r->items, r->count, sizeof(*r->items), compare_ranges);
	ranges_merge(r);
}

// The ranges of the image whose owners are among those of `now`. Without memory it is empty.
static void ranges_init_old(struct slot_ranges *r, const struct image_view *view,
			    const struct slot_ranges *now)
{
	struct owner_filter wanted;

	*r = (struct slot_ranges){.items = NULL};
	if (!owner_filter_init(&wanted, now))
		return;
	if (ranges_init(r, view, NULL)) {
		ranges_keep(r, &wanted);
		ranges_sort(r);
	}
	free(wanted.words);
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

	if (!ranges_init(&now, new_, old_or_null)) {
		if (new_->hdr->slot_count)
			changed(ctx, 0, new_->hdr->slot_count);
		return;
	}
	if (now.count > 0 && old_or_null)
		ranges_init_old(&old, old_or_null, &now);
	ranges_sort(&now);
	for (i = 0; i < now.count; i++)
		report_uncovered(now.items[i], &old, &next, changed, ctx);
	free(old.items);
	free(now.items);
}
