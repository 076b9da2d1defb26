// SPDX-License-Identifier: BSD-3-Clause
//
// See represent.h. Looks for gaps between the prefixes that lie inside one of the owner's.
#include "represent.h"

#include <stdlib.h>

#define BIT(kind) (1u << OWNER_##kind)
#define TRIES 3

typedef unsigned __int128 wide;

// Whose addresses are avoided: at first all these, and when nothing is left, fewer. 0 in later
// tries: it was the last.
static const uint32_t avoided[][TRIES] = {
	[OWNER_NOBODY] = {BIT(POOL) | BIT(INFRA) | BIT(SET) | BIT(LIST) | BIT(SOFTWIRE)},
	[OWNER_POOL] = {BIT(POOL) | BIT(INFRA) | BIT(GRANT) | BIT(SET) | BIT(LIST),
			BIT(POOL) | BIT(INFRA) | BIT(GRANT), BIT(POOL) | BIT(INFRA)},
	[OWNER_INFRA] = {BIT(SET) | BIT(LIST), BIT(INFRA)},
	[OWNER_SET] = {BIT(POOL) | BIT(INFRA) | BIT(SET) | BIT(LIST), BIT(SET), BIT(NOBODY)},
};

static void add_all(struct represent *r, enum owner_kind kind, size_t index,
		    const struct prefix *prefixes, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		r->items[r->count++] = (struct owned_prefix){prefixes[i], kind, (uint32_t)index};
}

static size_t prefixes_of(const struct policy *p)
{
	size_t i, count = p->softwire_count;

	for (i = 0; i < p->pool_count; i++)
		count += p->pools[i].count;
	for (i = 0; i < p->infra_count; i++)
		count += p->infra[i].count;
	for (i = 0; i < p->set_count; i++)
		count += p->sets[i].count;
	for (i = 0; i < p->list_count; i++)
		count += p->lists[i].count;
	for (i = 0; i < p->exception_count; i++)
		count += p->exceptions[i].grant.count;
	for (i = 0; i < p->quarantine_count; i++)
		count += p->quarantines[i].grant.count;
	return count;
}

void represent_init(struct represent *r, const struct policy *p)
{
	size_t i;

	*r = (struct represent){.policy = p};
	r->items = policy_alloc(prefixes_of(p), sizeof(*r->items));
	for (i = 0; i < p->pool_count; i++)
		add_all(r, OWNER_POOL, i, p->pools[i].prefixes, p->pools[i].count);
	for (i = 0; i < p->infra_count; i++)
		add_all(r, OWNER_INFRA, i, p->infra[i].prefixes, p->infra[i].count);
	for (i = 0; i < p->set_count; i++)
		add_all(r, OWNER_SET, i, p->sets[i].prefixes, p->sets[i].count);
	for (i = 0; i < p->list_count; i++)
		add_all(r, OWNER_LIST, i, p->lists[i].prefixes, p->lists[i].count);
	for (i = 0; i < p->exception_count; i++)
		add_all(r, OWNER_GRANT, i, p->exceptions[i].grant.prefixes,
			p->exceptions[i].grant.count);
	for (i = 0; i < p->quarantine_count; i++)
		add_all(r, OWNER_GRANT, i, p->quarantines[i].grant.prefixes,
			p->quarantines[i].grant.count);
	add_all(r, OWNER_SOFTWIRE, 0, p->softwires, p->softwire_count);
	qsort(r->items, r->count, sizeof(*r->items), prefix_compare);
}

void represent_free(struct represent *r)
{
	free(r->items);
	*r = (struct represent){0};
}

static wide first_address(const struct prefix *p)
{
	wide bits = (wide)p->hi << 64 | p->lo;

	return p->family == FAMILY_IP4 ? bits >> 96 : bits;
}

static wide last_address(const struct prefix *p)
{
	uint32_t host_bits = prefix_family_bits(p->family) - p->depth;

	return first_address(p) | (((wide)1 << host_bits) - 1);
}

static struct prefix address_prefix(uint8_t family, wide address)
{
	if (family == FAMILY_IP4)
		address <<= 96;
	return (struct prefix){.hi = (uint64_t)(address >> 64),
			       .lo = (uint64_t)address,
			       .family = family,
			       .depth = prefix_family_bits(family)};
}

// Index of the first item that is not before p.
static size_t first_item(const struct represent *r, const struct prefix *p)
{
	size_t low = 0, high = r->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (prefix_compare(&r->items[mid].prefix, p) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

// What a search is for.
struct search {
	enum owner_kind kind;
	uint32_t index;
	uint32_t avoid; // bits of kinds
};

static bool is_avoided(const struct search *s, const struct owned_prefix *item)
{
	bool is_own = item->kind == s->kind && item->index == s->index;

	return !is_own && s->avoid >> item->kind & 1;
}

// Whether a shorter prefix of an avoided kind covers all of p. Not what pools and sets lie in: of
// these only the longest prefix counts, or they cannot be left anyway.
static bool is_inside_avoided(const struct represent *r, const struct search *s,
			      const struct prefix *p)
{
	struct search outer = *s;
	struct prefix shorter;
	uint8_t depth;
	size_t i;

	if (s->kind != OWNER_NOBODY)
		outer.avoid &= BIT(GRANT);
	for (depth = 1; outer.avoid && depth < p->depth; depth++) {
		shorter = prefix_cut(p, depth);
		i = first_item(r, &shorter);
		for (; i < r->count && !prefix_compare(&r->items[i].prefix, &shorter); i++) {
			if (is_avoided(&outer, &r->items[i]))
				return true;
		}
	}
	return false;
}

// The first address of p from `address` on that is in nothing avoided.
static bool find_gap(const struct represent *r, const struct search *s, const struct prefix *p,
		     wide address, struct prefix *found)
{
	size_t i;

	for (i = first_item(r, p); i < r->count; i++) {
		const struct prefix *item = &r->items[i].prefix;

		if (!prefix_covers(p, item) || first_address(item) > address)
			break;
		if (!is_avoided(s, &r->items[i]) || last_address(item) < address)
			continue;
		if (last_address(item) == last_address(p))
			return false;
		address = last_address(item) + 1;
	}
	*found = address_prefix(p->family, address);
	return true;
}

// The address of the network itself is nobody's where it is more than one: only if need be.
static bool find_in(const struct represent *r, const struct search *s, const struct prefix *p,
		    struct prefix *found)
{
	wide first = first_address(p);

	if (is_inside_avoided(r, s, p))
		return false;
	if (first != last_address(p) && find_gap(r, s, p, first + 1, found))
		return true;
	return find_gap(r, s, p, first, found);
}

// Where addresses of nobody are looked for: those kept for documentation (RFC 5737, RFC 3849), then
// any that a host can have.
static const struct prefix *nobody_prefixes(size_t *count)
{
	static const struct prefix prefixes[] = {
		{.hi = 0xc0000200ull << 32, .family = FAMILY_IP4, .depth = 24},
		{.hi = 0xc6336400ull << 32, .family = FAMILY_IP4, .depth = 24},
		{.hi = 0xcb007100ull << 32, .family = FAMILY_IP4, .depth = 24},
		{.hi = 0x80000000ull << 32, .family = FAMILY_IP4, .depth = 2},
		{.hi = 0x40000000ull << 32, .family = FAMILY_IP4, .depth = 3},
		{.hi = 0xc0000000ull << 32, .family = FAMILY_IP4, .depth = 4},
		{.hi = 0xd0000000ull << 32, .family = FAMILY_IP4, .depth = 4},
		{.hi = 0x20010db8ull << 32, .family = FAMILY_IP6, .depth = 32},
		{.hi = 0x20000000ull << 32, .family = FAMILY_IP6, .depth = 3},
	};

	*count = sizeof(prefixes) / sizeof(prefixes[0]);
	return prefixes;
}

static const struct prefix *owner_prefixes(const struct policy *p, enum owner_kind kind,
					   uint32_t index, size_t *count)
{
	switch (kind) {
	case OWNER_POOL:
		*count = p->pools[index].count;
		return p->pools[index].prefixes;
	case OWNER_INFRA:
		*count = p->infra[index].count;
		return p->infra[index].prefixes;
	case OWNER_SET:
		*count = p->sets[index].count;
		return p->sets[index].prefixes;
	default:
		return nobody_prefixes(count);
	}
}

bool represent_find(const struct represent *r, enum owner_kind kind, uint32_t index, uint8_t family,
		    struct prefix *address)
{
	const struct prefix *prefixes;
	size_t i, j, count;

	prefixes = owner_prefixes(r->policy, kind, index, &count);
	for (i = 0; i < TRIES && avoided[kind][i]; i++) {
		const struct search s = {kind, index, avoided[kind][i]};

		for (j = 0; j < count; j++) {
			if (prefixes[j].family == family && find_in(r, &s, &prefixes[j], address))
				return true;
		}
	}
	return false;
}
