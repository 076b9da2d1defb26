// SPDX-License-Identifier: BSD-3-Clause
//
// See shared.h.
#include "shared.h"

#include <bpf/bpf.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include <rte_common.h>

#define GUARD_WAIT_S 10ull
#define GUARD_POLL_MS 20
#define HUGE_PAGE_BYTES (1ul << 21)
#define PIN_PATH_BYTES (CONFIG_MAX_PATH_BYTES + 64u)

static const struct config_port *port_at(const struct dataplane_config *c, uint32_t index)
{
	const struct config_pair *pair = &c->pairs[index / 2];

	return index % 2 ? &pair->network : &pair->subscriber;
}

static bool has_guard(const struct dataplane_config *c)
{
	uint32_t i;

	for (i = 0; i < 2 * c->pair_count; i++) {
		if (config_port_has_guard(port_at(c, i)))
			return true;
	}
	return false;
}

// The first interface that has no guard yet, or NULL.
static const char *unguarded(const struct dataplane_config *c)
{
	char path[PIN_PATH_BYTES];
	uint32_t i;

	for (i = 0; i < 2 * c->pair_count; i++) {
		const char *iface = port_at(c, i)->iface;

		snprintf(path, sizeof(path), "%s/%s%s", c->bpffs_dir, OP25B_PIN_LINK_PREFIX, iface);
		if (iface[0] && access(path, F_OK))
			return iface;
	}
	return NULL;
}

bool shared_wait_for_guard(const struct dataplane_config *c, int signal_fd)
{
	struct pollfd stop = {.fd = signal_fd, .events = POLLIN};
	const char *iface = unguarded(c);
	uint64_t from_ns = clock_now_ns();

	if (!iface)
		return true;
	log_line("waiting for the guard on %s: op25bd puts it there", iface);
	do {
		if (poll(&stop, 1, GUARD_POLL_MS) > 0) {
			log_line("told to stop while waiting for the guard");
			return false;
		}
		iface = unguarded(c);
	} while (iface && clock_now_ns() - from_ns < GUARD_WAIT_S * CLOCK_SECOND_NS);
	if (iface)
		log_line("%s has no guard: %s/%s%s does not exist. Start op25bd with the same "
			 "dataplane.json, without --no-guard",
			 iface, c->bpffs_dir, OP25B_PIN_LINK_PREFIX, iface);
	return !iface;
}

// Whether the array's elements are of elem_bytes, as in this version of the guard. Logs it if not.
static bool has_shape(int fd, const char *path, uint32_t elem_bytes, struct bpf_map_info *info)
{
	uint32_t info_bytes = sizeof(*info);

	if (bpf_obj_get_info_by_fd(fd, info, &info_bytes)) {
		log_line("cannot look at the guard's %s: %m", path);
		return false;
	}
	if (info->value_size == elem_bytes)
		return true;
	log_line("%s has elements of %u bytes, not %u: it is of another version of the guard. "
		 "op25bd of this version says how that one is taken off",
		 path, info->value_size, elem_bytes);
	return false;
}

// Maps a pinned array of elements of elem_bytes, a multiple of 8. Returns NULL with the reason
// logged.
static void *map_pin(const struct dataplane_config *c, const char *pin, uint32_t elem_bytes,
		     int protection, uint64_t *count, size_t *bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct bpf_map_info info = {0};
	char path[PIN_PATH_BYTES];
	void *memory;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", c->bpffs_dir, pin);
	fd = bpf_obj_get(path);
	if (fd < 0) {
		log_line("cannot open the guard's %s: %m", path);
		return NULL;
	}
	if (!has_shape(fd, path, elem_bytes, &info)) {
		close(fd);
		return NULL;
	}
	*count = info.max_entries;
	*bytes = ((size_t)info.max_entries * elem_bytes + page - 1) / page * page;
	memory = mmap(NULL, *bytes, protection, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		log_line("cannot map the guard's %s: %m", path);
	close(fd);
	return memory == MAP_FAILED ? NULL : memory;
}

// Subscribers come in any order, so that nearly each connection means another page: with pages of
// 4 KiB a miss of the TLB on top of that of the cache. Written to now, because the first to touch a
// page waits until the kernel has zeroed it, and that would be a worker. Where the kernel gives no
// such pages, it goes on with its own.
static bool map_own_slots(struct shared *s, const struct dataplane_config *c)
{
	size_t bytes = RTE_ALIGN_CEIL((c->slots + 1u) * sizeof(uint64_t), HUGE_PAGE_BYTES);
	char *memory = mmap(NULL, bytes + HUGE_PAGE_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before;

	s->slots_capacity = c->slots;
	if (memory == MAP_FAILED) {
		log_line("no memory for %u subscriber slots: %m", c->slots);
		return false;
	}
	before = RTE_ALIGN_CEIL((uintptr_t)memory, HUGE_PAGE_BYTES) - (uintptr_t)memory;
	if (before)
		munmap(memory, before);
	munmap(memory + before + bytes, HUGE_PAGE_BYTES - before);
	s->slots = (void *)(memory + before);
	s->slots_bytes = bytes;
	madvise(s->slots, bytes, MADV_HUGEPAGE);
	madvise(s->slots, bytes, MADV_POPULATE_WRITE);
	return true;
}

bool shared_init(struct shared *s, const struct dataplane_config *c)
{
	const int write = PROT_READ | PROT_WRITE;
	uint64_t queues = 0, one, i;

	*s = (struct shared){0};
	if (!has_guard(c))
		return map_own_slots(s, c);
	s->slots = map_pin(c, OP25B_PIN_SLOTS, sizeof(*s->slots), write, &s->slots_capacity,
			   &s->slots_bytes);
	s->heartbeat = map_pin(c, OP25B_PIN_HEARTBEAT, sizeof(*s->heartbeat), write, &queues,
			       &s->heartbeat_bytes);
	s->guard =
		map_pin(c, OP25B_PIN_CONTROL, sizeof(*s->guard), PROT_READ, &one, &s->guard_bytes);
	if (!s->slots || !s->heartbeat || !s->guard)
		return false;
	// The last beats of a process that was killed may still be fresh: the guard would hand
	// frames to our sockets before a worker serves them.
	for (i = 0; i < queues; i++)
		__atomic_store_n(&s->heartbeat[i].turn_ns, 0, __ATOMIC_RELAXED);
	if (queues < c->core_count) {
		log_line("the guard knows %llu receive queues, but there are %u cores",
			 (unsigned long long)queues, c->core_count);
		return false;
	}
	if (s->slots_capacity > c->slots)
		s->slots_capacity = c->slots;
	return true;
}

void shared_fini(struct shared *s)
{
	if (s->slots)
		munmap(s->slots, s->slots_bytes);
	if (s->heartbeat)
		munmap(s->heartbeat, s->heartbeat_bytes);
	if (s->guard)
		munmap((void *)s->guard, s->guard_bytes);
	*s = (struct shared){0};
}
