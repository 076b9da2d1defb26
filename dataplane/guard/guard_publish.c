// SPDX-License-Identifier: BSD-3-Clause
//
// Puts a policy image into force in the guard: fills the idle table set, then flips one word. All
// that can fail comes before the flip. Part of the guard's loader.
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../core/image_check.h"
#include "../core/image_view.h"
#include "../core/slots_diff.h"
#include "guard_state.h"

#define BATCH_ENTRIES 16384u // keys and values of one system call: below 1 MiB

// One publication: what goes where.
struct publication {
	struct guard *g;
	struct image_view view;
	uint32_t set;                // the idle table set
	int trie_fd[2];              // its new tries: IPv4, IPv6; -1: not made
	struct op25b_class *classes; // copies of the image's, with their places in the counters
};

static bool take_up(struct publication *p, char error[GUARD_ERROR_BYTES])
{
	size_t bytes = image_view_count(&p->view, SECTION_CLASSES) * sizeof(*p->classes);

	p->classes = malloc(bytes);
	if (!p->classes)
		return guard_refuse(error, "no memory to publish in the guard");
	memcpy(p->classes, p->view.classes, bytes);
	return guard_directory_take_up(p->g, &p->view, p->classes, error);
}

static bool check_image(const struct guard *g, const void *image, size_t bytes,
			char error[GUARD_ERROR_BYTES])
{
	struct image_fault f = image_check(image, bytes);
	const struct op25b_image_hdr *hdr = image;

	if (f.code != IMAGE_OK)
		return guard_refuse(error,
				    "the guard refuses the policy image: %s (section %u, "
				    "element %u)",
				    image_fault_text(f.code), f.section, f.index);
	if (hdr->slot_count > g->slots_capacity)
		return guard_refuse(
			error,
			"the policy needs %llu subscriber slots, the guard was given %u: "
			"raise slots in dataplane.json",
			(unsigned long long)hdr->slot_count, g->slots_capacity);
	return true;
}

// Writes entries [first, first + count) of the image's prefixes as keys and values.
typedef void (*fill_fn)(const struct image_view *view, uint32_t first, uint32_t count, void *keys,
			struct op25b_addr *values);

static void fill4(const struct image_view *view, uint32_t first, uint32_t count, void *keys,
		  struct op25b_addr *values)
{
	struct guard_key4 *key = keys;
	uint32_t i;

	for (i = 0; i < count; i++) {
		const struct op25b_prefix4 *prefix = &view->prefix4[first + i];
		uint32_t be = __builtin_bswap32(prefix->addr);

		key[i].depth = prefix->depth;
		memcpy(key[i].addr_be, &be, sizeof(be));
		values[i] = view->addrs[prefix->addr_id];
	}
}

static void fill6(const struct image_view *view, uint32_t first, uint32_t count, void *keys,
		  struct op25b_addr *values)
{
	struct guard_key6 *key = keys;
	uint32_t i;

	for (i = 0; i < count; i++) {
		const struct op25b_prefix6 *prefix = &view->prefix6[first + i];

		key[i].depth = prefix->depth;
		memcpy(key[i].addr_be, prefix->addr_be, sizeof(key[i].addr_be));
		values[i] = view->addrs[prefix->addr_id];
	}
}

static int trie_fill(int fd, const struct image_view *view, uint32_t count, size_t key_bytes,
		     fill_fn fill)
{
	struct op25b_addr *values = malloc(BATCH_ENTRIES * sizeof(*values));
	void *keys = malloc(BATCH_ENTRIES * key_bytes);
	int err = values && keys ? 0 : -ENOMEM;
	uint32_t done;

	for (done = 0; done < count && !err; done += BATCH_ENTRIES) {
		uint32_t n = count - done < BATCH_ENTRIES ? count - done : BATCH_ENTRIES;

		fill(view, done, n, keys, values);
		if (bpf_map_update_batch(fd, keys, values, &n, NULL))
			err = -errno;
	}
	free(keys);
	free(values);
	return err;
}

// A new trie with all prefixes of one family. Returns its descriptor or -errno.
static int trie_make(const struct image_view *view, enum op25b_section section, size_t key_bytes,
		     fill_fn fill)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);
	uint32_t count = image_view_count(view, section);
	int err, fd;

	fd = bpf_map_create(BPF_MAP_TYPE_LPM_TRIE, "op25b_trie", key_bytes,
			    sizeof(struct op25b_addr), count ? count : 1, &opts);
	if (fd < 0)
		return -errno;
	err = trie_fill(fd, view, count, key_bytes, fill);
	if (!err)
		return fd;
	close(fd);
	return err;
}

static bool make_tries(struct publication *p, char error[GUARD_ERROR_BYTES])
{
	p->trie_fd[0] = trie_make(&p->view, SECTION_PREFIX4, sizeof(struct guard_key4), fill4);
	if (p->trie_fd[0] >= 0)
		p->trie_fd[1] =
			trie_make(&p->view, SECTION_PREFIX6, sizeof(struct guard_key6), fill6);
	if (p->trie_fd[0] >= 0 && p->trie_fd[1] >= 0)
		return true;
	return guard_refuse(error,
			    "the guard's look-up tables for %u IPv4 and %u IPv6 prefixes cannot be "
			    "made: %s",
			    image_view_count(&p->view, SECTION_PREFIX4),
			    image_view_count(&p->view, SECTION_PREFIX6),
			    strerror(p->trie_fd[0] < 0 ? -p->trie_fd[0] : -p->trie_fd[1]));
}

// The tables that were made ahead, if they are for this very image.
static bool take_ready(struct publication *p)
{
	struct guard_tries *ready = &p->g->ready;

	if (ready->generation != p->view.hdr->generation ||
	    ready->checksum != p->view.hdr->checksum)
		return false;
	memcpy(p->trie_fd, ready->fd, sizeof(p->trie_fd));
	ready->generation = 0;
	return true;
}

static bool write_idle_set(struct publication *p, char error[GUARD_ERROR_BYTES])
{
	const int *fd = p->g->map_fd;
	uint32_t i;
	int err = 0;

	if (bpf_map_update_elem(fd[GUARD_MAP_lpm4], &p->set, &p->trie_fd[0], BPF_ANY) ||
	    bpf_map_update_elem(fd[GUARD_MAP_lpm6], &p->set, &p->trie_fd[1], BPF_ANY) ||
	    bpf_map_update_elem(fd[GUARD_MAP_softwires], &p->set, p->view.softwires, BPF_ANY))
		err = errno;
	for (i = 0; i < image_view_count(&p->view, SECTION_CLASSES) && !err; i++) {
		uint32_t key = p->set * OP25B_MAX_CLASSES + i;

		if (bpf_map_update_elem(fd[GUARD_MAP_classes], &key, &p->classes[i], BPF_ANY))
			err = errno;
	}
	if (!err)
		return true;
	return guard_refuse(error, "the guard's idle tables in %s cannot be written: %s", p->g->dir,
			    strerror(err));
}

static bool prepare(struct publication *p, const void *image, size_t bytes,
		    char error[GUARD_ERROR_BYTES])
{
	if (!check_image(p->g, image, bytes, error))
		return false;
	image_view_init(&p->view, image);
	return take_up(p, error) && (take_ready(p) || make_tries(p, error)) &&
	       write_idle_set(p, error);
}

// From here on every frame that comes in is judged by the new policy. No checksum fits in between:
// whatever moment op25bd is killed at, the next one does not take an old policy for the new one.
static void flip(struct publication *p)
{
	struct op25b_guard_control *ctl = p->g->control;

	__atomic_store_n(&ctl->image_checksum, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&ctl->active, p->view.hdr->generation * 2 + p->set, __ATOMIC_RELEASE);
	// Putting the same trie in its place once more changes nothing, but the kernel then waits
	// for every run of the program that has begun: after this, nothing judges by the old
	// policy, and the next publication may fill its tables.
	bpf_map_update_elem(p->g->map_fd[GUARD_MAP_lpm4], &p->set, &p->trie_fd[0], BPF_ANY);
}

static void clear_slots(void *ctx, uint32_t base, uint32_t count)
{
	struct guard *g = ctx;
	uint32_t i;

	for (i = 0; i < count; i++)
		__atomic_store_n(&g->slots[base + i], 0, __ATOMIC_RELAXED);
}

// Slots with a new owner start empty. The old owners are read from the tables that were in force
// until now. Where those cannot be read, every slot in use is cleared: better a hold that ends
// early than one that an innocent inherits.
static void clear_changed_slots(struct publication *p, uint64_t old_active)
{
	struct guard_readback old;
	bool is_known = old_active && guard_readback_init(&old, p->g, old_active & 1);

	image_changed_slots(is_known ? &old.view : NULL, &p->view, clear_slots, p->g);
	if (old_active)
		guard_readback_end(&old);
}

static void publication_end(struct publication *p)
{
	uint32_t i;

	for (i = 0; i < 2; i++) {
		if (p->trie_fd[i] >= 0)
			close(p->trie_fd[i]);
	}
	free(p->classes);
}

void guard_discard(struct guard *g)
{
	if (!g->ready.generation)
		return;
	close(g->ready.fd[0]);
	close(g->ready.fd[1]);
	g->ready.generation = 0;
}

void guard_prepare(struct guard *g, const void *image)
{
	struct publication p = {.g = g, .trie_fd = {-1, -1}};
	char untold[GUARD_ERROR_BYTES];

	guard_discard(g);
	image_view_init(&p.view, image);
	if (!make_tries(&p, untold)) {
		publication_end(&p);
		return;
	}
	g->ready = (struct guard_tries){.generation = p.view.hdr->generation,
					.checksum = p.view.hdr->checksum};
	memcpy(g->ready.fd, p.trie_fd, sizeof(g->ready.fd));
}

bool guard_publish(struct guard *g, const void *image, size_t bytes, char error[GUARD_ERROR_BYTES])
{
	uint64_t old_active = __atomic_load_n(&g->control->active, __ATOMIC_ACQUIRE);
	struct publication p = {.g = g, .set = old_active & 1 ? 0 : 1, .trie_fd = {-1, -1}};
	bool ok = prepare(&p, image, bytes, error);

	if (ok) {
		flip(&p);
		clear_changed_slots(&p, old_active);
		__atomic_store_n(&g->control->image_checksum, p.view.hdr->checksum,
				 __ATOMIC_RELEASE);
	}
	publication_end(&p);
	guard_discard(g); // made for another image, which did not come
	return ok;
}
