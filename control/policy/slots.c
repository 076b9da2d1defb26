// SPDX-License-Identifier: BSD-3-Clause
//
// See slots.h. A subscriber's limit and hold live in its slot, so a slot that moved would forget an
// offender, and one that is given to somebody else at once would punish the wrong customer.
#include "slots.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "../../dataplane/core/image_view.h"

#define PORT_BITS 16

// Slots from `from` up to, not including, `to`.
struct span {
	uint64_t from;
	uint64_t to;
};

// Spans in use; sorted and joined by spans_join().
struct spans {
	struct span *items;
	size_t count;
};

static struct slot_range range_of(const struct pool *pool, const struct prefix *p)
{
	struct slot_range r = {.prefix = *p, .key_bits = pool->v6_key};

	if (p->family == FAMILY_IP4) {
		r.key_bits = pool->v4_key;
		r.psid_bits = pool->psid_bits;
		// RFC 7597 section 5.1: the offset, the PSID, the rest.
		r.psid_shift =
			pool->psid_bits ? PORT_BITS - pool->psid_offset - pool->psid_bits : 0;
	}
	r.count = (p->depth >= r.key_bits ? 1 : 1ull << (r.key_bits - p->depth)) << r.psid_bits;
	return r;
}

uint64_t slots_needed(const struct policy *p)
{
	uint64_t need = 0;
	size_t i, j;

	for (i = 0; i < p->pool_count; i++) {
		const struct pool *pool = &p->pools[i];

		for (j = 0; pool->uses_slots && j < pool->count; j++) {
			uint64_t more = range_of(pool, &pool->prefixes[j]).count;

			need = need > UINT64_MAX - more ? UINT64_MAX : need + more;
		}
	}
	return need;
}

static void plan_ranges(const struct policy *p, struct slot_plan *plan)
{
	size_t i, j, count = 0;

	for (i = 0; i < p->pool_count; i++)
		count += p->pools[i].uses_slots ? p->pools[i].count : 0;
	plan->ranges = policy_alloc(count, sizeof(*plan->ranges));
	plan->first = policy_alloc(p->pool_count, sizeof(*plan->first));
	for (i = 0; i < p->pool_count; i++) {
		const struct pool *pool = &p->pools[i];

		plan->first[i] = (uint32_t)plan->count;
		for (j = 0; pool->uses_slots && j < pool->count; j++)
			plan->ranges[plan->count++] = range_of(pool, &pool->prefixes[j]);
	}
}

static struct prefix old_prefix4(const struct op25b_prefix4 *p)
{
	return (struct prefix){
		.hi = (uint64_t)p->addr << 32, .family = FAMILY_IP4, .depth = p->depth};
}

static struct prefix old_prefix6(const struct op25b_prefix6 *p)
{
	uint64_t halves_be[2];

	memcpy(halves_be, p->addr_be, sizeof(halves_be));
	return (struct prefix){.hi = be64toh(halves_be[0]),
			       .lo = be64toh(halves_be[1]),
			       .family = FAMILY_IP6,
			       .depth = p->depth};
}

// The previous image's entry of exactly this prefix, or NULL.
static const struct op25b_addr *old_addr(const struct image_view *old, const struct prefix *want)
{
	enum op25b_section section = want->family == FAMILY_IP4 ? SECTION_PREFIX4 : SECTION_PREFIX6;
	size_t low = 0, high = image_view_count(old, section);

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		struct prefix have = section == SECTION_PREFIX4 ? old_prefix4(&old->prefix4[mid])
								: old_prefix6(&old->prefix6[mid]);
		int order = prefix_compare(&have, want);

		if (order == 0)
			return &old->addrs[section == SECTION_PREFIX4 ? old->prefix4[mid].addr_id
								      : old->prefix6[mid].addr_id];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static int base_compare(const void *a, const void *b)
{
	const struct slot_range *x = *(struct slot_range *const *)a;
	const struct slot_range *y = *(struct slot_range *const *)b;

	return x->base < y->base ? -1 : x->base > y->base;
}

// Two prefixes that shared one subscriber in the old policy (a key shorter than both) would keep
// the same slot: only the first may.
static void unplace_collisions(struct slot_range **kept, size_t count)
{
	uint64_t free_from = 0;
	size_t i;

	qsort(kept, count, sizeof(struct slot_range *), base_compare);
	for (i = 0; i < count; i++) {
		if (kept[i]->base < free_from)
			kept[i]->placed = false;
		else
			free_from = kept[i]->base + kept[i]->count;
	}
}

static void keep_ranges(struct slot_plan *plan, const struct image_view *old, uint64_t capacity)
{
	struct slot_range **kept = policy_alloc(plan->count, sizeof(struct slot_range *));
	size_t i, count = 0;

	for (i = 0; i < plan->count; i++) {
		struct slot_range *range = &plan->ranges[i];
		const struct op25b_addr *a = old_addr(old, &range->prefix);
		uint32_t word_bits = slot_word_bits(range->prefix.family);

		if (!a || a->slot_base == OP25B_NO_SLOT ||
		    a->key_shift != word_bits - range->key_bits ||
		    a->psid_shift != range->psid_shift || a->psid_bits != range->psid_bits ||
		    a->slot_base + range->count > capacity)
			continue;
		range->base = a->slot_base;
		range->placed = true;
		kept[count++] = range;
	}
	unplace_collisions(kept, count);
	free(kept);
}

static int span_compare(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return x->from < y->from ? -1 : x->from > y->from;
}

static void spans_join(struct spans *spans)
{
	size_t i, last = 0;

	qsort(spans->items, spans->count, sizeof(*spans->items), span_compare);
	for (i = 1; i < spans->count; i++) {
		struct span *have = &spans->items[last], *next = &spans->items[i];

		if (next->from > have->to)
			spans->items[++last] = *next;
		else if (next->to > have->to)
			have->to = next->to;
	}
	spans->count = spans->count ? last + 1 : 0;
}

// What is in use: by placed ranges, and by the old image (may be NULL).
static struct spans spans_make(const struct slot_plan *plan, const struct image_view *old)
{
	size_t old_count = old ? image_view_count(old, SECTION_ADDRS) : 0;
	struct spans spans = {policy_alloc(plan->count + old_count, sizeof(struct span)), 0};
	size_t i;

	for (i = 0; i < plan->count; i++) {
		const struct slot_range *r = &plan->ranges[i];

		if (r->placed)
			spans.items[spans.count++] = (struct span){r->base, r->base + r->count};
	}
	for (i = 0; i < old_count; i++) {
		const struct op25b_addr *a = &old->addrs[i];

		if (a->slot_base != OP25B_NO_SLOT)
			spans.items[spans.count++] = (struct span){
				a->slot_base, a->slot_base + (((a->host_mask >> a->key_shift) + 1)
							      << a->psid_bits)};
	}
	spans_join(&spans);
	return spans;
}

// The gaps between spans, below capacity.
static struct spans spans_gaps(const struct spans *used, uint64_t capacity)
{
	struct spans gaps = {policy_alloc(used->count + 1, sizeof(struct span)), 0};
	uint64_t free_from = 0;
	size_t i;

	for (i = 0; i < used->count && used->items[i].from < capacity; i++) {
		if (used->items[i].from > free_from)
			gaps.items[gaps.count++] = (struct span){free_from, used->items[i].from};
		free_from = used->items[i].to;
	}
	if (free_from < capacity)
		gaps.items[gaps.count++] = (struct span){free_from, capacity};
	return gaps;
}

static int size_compare(const void *a, const void *b)
{
	const struct slot_range *x = *(struct slot_range *const *)a;
	const struct slot_range *y = *(struct slot_range *const *)b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return x < y ? -1 : x > y;
}

// First fit, the largest first. All sizes are powers of two, so there are few of them, and ranges
// of one size can go on in the gap where the last one went: those before it are too small.
static void place_ranges(struct slot_plan *plan, const struct image_view *old, uint64_t capacity)
{
	struct slot_range **todo = policy_alloc(plan->count, sizeof(struct slot_range *));
	struct spans used = spans_make(plan, old), gaps = spans_gaps(&used, capacity);
	size_t i, gap = 0, count = 0;

	for (i = 0; i < plan->count; i++) {
		if (!plan->ranges[i].placed)
			todo[count++] = &plan->ranges[i];
	}
	qsort(todo, count, sizeof(struct slot_range *), size_compare);
	for (i = 0; i < count; i++) {
		struct slot_range *r = todo[i];

		if (i == 0 || r->count != todo[i - 1]->count)
			gap = 0;
		while (gap < gaps.count && gaps.items[gap].to - gaps.items[gap].from < r->count)
			gap++;
		if (gap == gaps.count)
			continue;
		r->base = (uint32_t)gaps.items[gap].from;
		r->placed = true;
		gaps.items[gap].from += r->count;
	}
	free(used.items);
	free(gaps.items);
	free(todo);
}

static bool all_placed(const struct slot_plan *plan)
{
	size_t i;

	for (i = 0; i < plan->count; i++) {
		if (!plan->ranges[i].placed)
			return false;
	}
	return true;
}

static void place_all(struct slot_plan *plan, const void *previous, uint64_t capacity)
{
	struct image_view old;
	size_t i;

	if (previous) {
		image_view_init(&old, previous);
		keep_ranges(plan, &old, capacity);
		place_ranges(plan, &old, capacity);
	}
	if (!all_placed(plan))
		place_ranges(plan, NULL, capacity);
	if (all_placed(plan))
		return;
	// Enough slots in all, but in pieces: then all move. From one gap, largest first, powers of
	// two always fit.
	for (i = 0; i < plan->count; i++)
		plan->ranges[i].placed = false;
	place_ranges(plan, NULL, capacity);
}

bool slots_plan(const struct policy *p, const struct compile_request *r, struct slot_plan *plan,
		struct diag *d)
{
	uint64_t need = slots_needed(p);
	uint64_t capacity =
		r->slots_capacity < OP25B_MAX_SLOTS ? r->slots_capacity : OP25B_MAX_SLOTS;
	size_t i;

	*plan = (struct slot_plan){0};
	if (need > capacity) {
		diag_error(d, "pools",
			   "need %llu subscriber slots for their limits, this box was given %llu",
			   (unsigned long long)need, (unsigned long long)capacity);
		return false;
	}
	plan_ranges(p, plan);
	place_all(plan, r->previous, capacity);
	for (i = 0; i < plan->count; i++) {
		const struct slot_range *range = &plan->ranges[i];

		if (range->base + range->count > plan->slot_count)
			plan->slot_count = range->base + range->count;
	}
	return true;
}

void slots_free(struct slot_plan *plan)
{
	free(plan->ranges);
	free(plan->first);
	*plan = (struct slot_plan){0};
}
