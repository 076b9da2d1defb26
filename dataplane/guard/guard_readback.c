// SPDX-License-Identifier: BSD-3-Clause
//
// Reads the prefixes of a table set back from the kernel. What was in force before a publication is
// known by this even if another process, long gone, has put it there. Part of the guard's loader.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard_state.h"

struct trie {
	uint32_t count;
	void *keys;
	struct op25b_addr *values;
};

static bool trie_read_all(int fd, size_t key_bytes, struct trie *t)
{
	uint8_t position[sizeof(struct guard_key6)];
	struct bpf_map_info info = {0};
	uint32_t bytes = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &bytes))
		return false;
	t->count = info.max_entries;
	t->keys = calloc(t->count, key_bytes);
	t->values = calloc(t->count, sizeof(*t->values));
	if (!t->keys || !t->values)
		return false;
	// ENOENT says that the last entry was reached; count is then what there was.
	return !bpf_map_lookup_batch(fd, NULL, position, t->keys, t->values, &t->count, NULL) ||
	       errno == ENOENT;
}

static bool trie_read(int tries_fd, uint32_t set, size_t key_bytes, struct trie *t)
{
	uint32_t id;
	bool ok;
	int fd;

	if (bpf_map_lookup_elem(tries_fd, &set, &id))
		return false;
	fd = bpf_map_get_fd_by_id(id);
	if (fd < 0)
		return false;
	ok = trie_read_all(fd, key_bytes, t);
	close(fd);
	return ok;
}

static void trie_end(struct trie *t)
{
	free(t->keys);
	free(t->values);
}

// Entry i of t becomes address entry first + i.
static void take4(struct guard_readback *r, const struct trie *t, uint32_t first)
{
	const struct guard_key4 *key = t->keys;
	uint32_t i, be;

	for (i = 0; i < t->count; i++) {
		memcpy(&be, key[i].addr_be, sizeof(be));
		r->prefix4[i] = (struct op25b_prefix4){
			.addr = __builtin_bswap32(be),
			.depth = (uint8_t)key[i].depth,
			.addr_id = first + i,
		};
		r->addrs[first + i] = t->values[i];
	}
}

static void take6(struct guard_readback *r, const struct trie *t, uint32_t first)
{
	const struct guard_key6 *key = t->keys;
	uint32_t i;

	for (i = 0; i < t->count; i++) {
		r->prefix6[i] = (struct op25b_prefix6){
			.depth = (uint8_t)key[i].depth,
			.addr_id = first + i,
		};
		memcpy(r->prefix6[i].addr_be, key[i].addr_be, sizeof(key[i].addr_be));
		r->addrs[first + i] = t->values[i];
	}
}

static bool take_both(struct guard_readback *r, const struct trie *four, const struct trie *six)
{
	r->prefix4 = calloc(four->count + 1u, sizeof(*r->prefix4));
	r->prefix6 = calloc(six->count + 1u, sizeof(*r->prefix6));
	r->addrs = calloc(four->count + six->count + 1u, sizeof(*r->addrs));
	if (!r->prefix4 || !r->prefix6 || !r->addrs)
		return false;
	take4(r, four, 0);
	take6(r, six, four->count);
	r->hdr.section[SECTION_PREFIX4].count = four->count;
	r->hdr.section[SECTION_PREFIX6].count = six->count;
	r->view = (struct image_view){
		.hdr = &r->hdr,
		.addrs = r->addrs,
		.prefix4 = r->prefix4,
		.prefix6 = r->prefix6,
	};
	return true;
}

bool guard_readback_init(struct guard_readback *r, const struct guard *g, uint32_t set)
{
	struct trie four = {0}, six = {0};
	bool ok;

	*r = (struct guard_readback){0};
	ok = trie_read(g->map_fd[GUARD_MAP_lpm4], set, sizeof(struct guard_key4), &four) &&
	     trie_read(g->map_fd[GUARD_MAP_lpm6], set, sizeof(struct guard_key6), &six) &&
	     take_both(r, &four, &six);
	trie_end(&four);
	trie_end(&six);
	return ok;
}

void guard_readback_end(struct guard_readback *r)
{
	free(r->addrs);
	free(r->prefix4);
	free(r->prefix6);
}
