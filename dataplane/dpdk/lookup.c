// SPDX-License-Identifier: BSD-3-Clause
//
// See lookup.h. Tables are built once in the image's order, in which a prefix comes after all that
// cover it: then each insertion only overwrites, and the accounting faults that rte_fib has when
// tables are edited cannot show. Main thread.
#include "lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define NEXT_HOP_MAX_2B 32767u // rte_fib keeps one bit of a next hop, and of a group's index
#define FLAT_DEPTH 24u         // both tables are flat to here, then go on in 8-bit groups
#define GROUP_SPARE 2u         // dir24_8 wants two free groups for any range
#define IP6_GROUP_LEVELS 16u

// 256-entry groups that dir24_8 needs: one for each /24 with a longer prefix in it.
static uint32_t groups4(const struct image_view *v)
{
	uint32_t i, count = 0, last = 0;

	for (i = 0; i < image_view_count(v, SECTION_PREFIX4); i++) {
		const struct op25b_prefix4 *p = &v->prefix4[i];

		if (p->depth <= FLAT_DEPTH || (count && p->addr >> 8 == last))
			continue;
		last = p->addr >> 8;
		count++;
	}
	return count + GROUP_SPARE;
}

static bool is_same_block(const struct op25b_prefix6 *a, const struct op25b_prefix6 *b,
			  uint32_t bytes)
{
	return !memcmp(a->addr_be, b->addr_be, bytes);
}

// Groups that the trie really takes: one for each distinct run of k >= 3 leading bytes under which
// a prefix goes on. Such prefixes lie together in the image's order.
static uint64_t groups6_taken(const struct image_view *v)
{
	const struct op25b_prefix6 *last[IP6_GROUP_LEVELS] = {NULL};
	uint64_t count = 0;
	uint32_t i, k;

	for (i = 0; i < image_view_count(v, SECTION_PREFIX6); i++) {
		const struct op25b_prefix6 *p = &v->prefix6[i];

		for (k = FLAT_DEPTH / 8; k * 8 < p->depth; k++) {
			if (!last[k] || !is_same_block(last[k], p, k))
				count++;
			last[k] = p;
		}
	}
	return count;
}

static uint32_t depth_bytes(uint32_t depth)
{
	return (depth + 7) / 8;
}

// Groups that rte_fib6 books, which is more than it takes where siblings share levels: it refuses a
// prefix when its book is full. `open` is the chain of prefixes that cover the one at hand.
static uint64_t groups6_booked(const struct image_view *v)
{
	const struct op25b_prefix6 *open[128];
	uint32_t i, depth = 0;
	uint64_t count = 0;

	for (i = 0; i < image_view_count(v, SECTION_PREFIX6); i++) {
		const struct op25b_prefix6 *p = &v->prefix6[i];
		uint32_t above = FLAT_DEPTH, block = (p->depth & ~7u) / 8;

		while (depth > 0 && !prefix6_covers(open[depth - 1], p->addr_be))
			depth--;
		if (depth > 0 && open[depth - 1]->depth > FLAT_DEPTH)
			above = open[depth - 1]->depth;
		open[depth++] = p;
		if (p->depth <= FLAT_DEPTH)
			continue;
		if (i > 0 && p[-1].depth > block * 8 && is_same_block(&p[-1], p, block))
			continue;
		count += depth_bytes(p->depth) - depth_bytes(above);
	}
	return count;
}

static uint64_t groups6(const struct image_view *v)
{
	uint64_t taken = groups6_taken(v), booked = groups6_booked(v);

	return (taken > booked ? taken : booked) + GROUP_SPARE;
}

static bool build4(struct tables *t, uint32_t seq)
{
	uint32_t count = image_view_count(&t->view, SECTION_PREFIX4), i;
	uint32_t addrs = image_view_count(&t->view, SECTION_ADDRS);
	uint32_t groups = groups4(&t->view);
	bool is_small = addrs <= NEXT_HOP_MAX_2B && groups <= NEXT_HOP_MAX_2B;
	struct rte_fib_conf conf = {0};
	char name[16];

	if (count == 0)
		return true;
	conf.type = RTE_FIB_DIR24_8;
	conf.max_routes = (int)count;
	conf.dir24_8.nh_sz = is_small ? RTE_FIB_DIR24_8_2B : RTE_FIB_DIR24_8_4B;
	conf.dir24_8.num_tbl8 = groups;
	snprintf(name, sizeof(name), "o4_%u", seq);
	t->fib4 = rte_fib_create(name, -1, &conf);
	for (i = 0; t->fib4 && i < count; i++) {
		const struct op25b_prefix4 *p = &t->view.prefix4[i];

		if (rte_fib_add(t->fib4, p->addr, p->depth, p->addr_id))
			return false;
	}
	return t->fib4 != NULL;
}

static bool build6(struct tables *t, uint32_t seq)
{
	uint32_t count = image_view_count(&t->view, SECTION_PREFIX6), i;
	uint32_t addrs = image_view_count(&t->view, SECTION_ADDRS);
	uint64_t groups = groups6(&t->view);
	bool is_small = addrs <= NEXT_HOP_MAX_2B && groups <= NEXT_HOP_MAX_2B;
	struct rte_fib6_conf conf = {0};
	char name[16];

	if (count == 0)
		return true;
	conf.type = RTE_FIB6_TRIE;
	conf.max_routes = (int)count;
	conf.trie.nh_sz = is_small ? RTE_FIB6_TRIE_2B : RTE_FIB6_TRIE_4B;
	conf.trie.num_tbl8 = (uint32_t)groups;
	snprintf(name, sizeof(name), "o6_%u", seq);
	t->fib6 = rte_fib6_create(name, -1, &conf);
	for (i = 0; t->fib6 && i < count; i++) {
		const struct op25b_prefix6 *p = &t->view.prefix6[i];

		if (compat_fib6_add(t->fib6, (const struct ip6_key *)p->addr_be, p->depth,
				    p->addr_id))
			return false;
	}
	return t->fib6 != NULL;
}

bool tables_build(struct tables *t, uint32_t seq)
{
	uint32_t count = image_view_count(&t->view, SECTION_CLASSES);

	t->addrs = t->view.addrs;
	t->generation = t->view.hdr->generation;
	t->checksum = t->view.hdr->checksum;
	t->classes = malloc(count * sizeof(*t->classes));
	if (!t->classes)
		return false;
	memcpy(t->classes, t->view.classes, count * sizeof(*t->classes));
	return build4(t, seq) && build6(t, seq);
}

void tables_free(struct tables *t)
{
	if (!t)
		return;
	rte_fib_free(t->fib4);
	rte_fib6_free(t->fib6);
	free(t->classes);
	if (t->image)
		munmap(t->image, t->image_bytes);
	if (t->fd >= 0)
		close(t->fd);
	free(t);
}
