// SPDX-License-Identifier: BSD-3-Clause
//
// See lookup.h. Main thread.
#include "lookup.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_malloc.h>

static struct lpm_prefix read4(const void *prefixes, uint32_t index)
{
	const struct op25b_prefix4 *p = (const struct op25b_prefix4 *)prefixes + index;

	return (struct lpm_prefix){{(uint64_t)p->addr << 32, 0}, p->depth, p->addr_id};
}

static struct lpm_prefix read6(const void *prefixes, uint32_t index)
{
	const struct op25b_prefix6 *p = (const struct op25b_prefix6 *)prefixes + index;
	uint64_t half_be[2];

	memcpy(half_be, p->addr_be, sizeof(half_be));
	return (struct lpm_prefix){{__builtin_bswap64(half_be[0]), __builtin_bswap64(half_be[1])},
				   p->depth,
				   p->addr_id};
}

// Returns false without memory.
static bool build(const struct lpm_source *from, uint32_t **lpm)
{
	if (from->count > 0)
		*lpm = lpm_build(from);
	return from->count == 0 || *lpm;
}

bool tables_build(struct tables *t)
{
	uint32_t count = image_view_count(&t->view, SECTION_CLASSES);
	const struct lpm_source from4 = {
		.read = read4,
		.prefixes = t->view.prefix4,
		.count = image_view_count(&t->view, SECTION_PREFIX4),
		.level = lpm_level4,
		.level_count = LPM_LEVELS4,
	};
	const struct lpm_source from6 = {
		.read = read6,
		.prefixes = t->view.prefix6,
		.count = image_view_count(&t->view, SECTION_PREFIX6),
		.level = lpm_level6,
		.level_count = LPM_LEVELS6,
	};

	t->addrs = t->view.addrs;
	t->generation = t->view.hdr->generation;
	t->checksum = t->view.hdr->checksum;
	t->classes = malloc(count * sizeof(*t->classes));
	if (!t->classes)
		return false;
	memcpy(t->classes, t->view.classes, count * sizeof(*t->classes));
	return build(&from4, &t->lpm4) && build(&from6, &t->lpm6);
}

void tables_free(struct tables *t)
{
	if (!t)
		return;
	rte_free(t->lpm4);
	rte_free(t->lpm6);
	free(t->classes);
	if (t->image)
		munmap(t->image, t->image_bytes);
	if (t->fd >= 0)
		close(t->fd);
	free(t);
}
