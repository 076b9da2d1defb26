// SPDX-License-Identifier: BSD-3-Clause
//
// One interface that has a guard already: is that ours, and is it this build's? If it is another
// build's, its program is replaced under the pinned link: each frame meets the old program or the
// new one, never none, and op25b-dp keeps its sockets. Part of the guard's loader.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <string.h>
#include <unistd.h>

#include "guard_state.h"

#define MAX_PROGRAM_MAPS 32u

// A program in the kernel.
struct program {
	int fd;
	uint8_t tag[BPF_TAG_SIZE]; // the kernel's hash of its instructions, whatever maps they use
	uint32_t map_ids[MAX_PROGRAM_MAPS];
	uint32_t map_count;
};

static bool link_info(int link_fd, struct bpf_link_info *info)
{
	uint32_t bytes = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return bpf_obj_get_info_by_fd(link_fd, info, &bytes) == 0;
}

bool guard_link_is_on(int link_fd, unsigned int ifindex)
{
	struct bpf_link_info info;
	uint32_t attached = 0;

	if (!link_info(link_fd, &info) || info.type != BPF_LINK_TYPE_XDP)
		return false;
	if (info.xdp.ifindex != ifindex || bpf_xdp_query_id((int)ifindex, 0, &attached))
		return false;
	return attached == info.prog_id;
}

static bool program_look(int fd, struct program *p)
{
	struct bpf_prog_info info = {.nr_map_ids = MAX_PROGRAM_MAPS,
				     .map_ids = (uint64_t)(uintptr_t)p->map_ids};
	uint32_t bytes = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &bytes) || info.nr_map_ids > MAX_PROGRAM_MAPS)
		return false;
	p->fd = fd;
	p->map_count = info.nr_map_ids;
	memcpy(p->tag, info.tag, sizeof(p->tag));
	return true;
}

// The program that the link holds; the caller closes its descriptor.
static bool program_of_link(int link_fd, struct program *p)
{
	struct bpf_link_info link;
	int fd;

	if (!link_info(link_fd, &link))
		return false;
	fd = bpf_prog_get_fd_by_id(link.prog_id);
	if (fd < 0)
		return false;
	if (program_look(fd, p))
		return true;
	close(fd);
	return false;
}

static bool map_info_by_id(uint32_t id, struct bpf_map_info *info, int *fd)
{
	uint32_t bytes = sizeof(*info);

	memset(info, 0, sizeof(*info));
	*fd = bpf_map_get_fd_by_id(id);
	if (*fd < 0)
		return false;
	if (bpf_obj_get_info_by_fd(*fd, info, &bytes) == 0)
		return true;
	close(*fd);
	return false;
}

// The program's map whose name ends so (libbpf puts the object's name in front of .rodata). Returns
// a descriptor that the caller closes, or -1.
static int program_map(const struct program *p, const char *ending, struct bpf_map_info *info)
{
	uint32_t i;

	for (i = 0; i < p->map_count; i++) {
		size_t name_bytes, ending_bytes = strlen(ending);
		int fd;

		if (!map_info_by_id(p->map_ids[i], info, &fd))
			continue;
		name_bytes = strnlen(info->name, sizeof(info->name));
		if (name_bytes >= ending_bytes &&
		    !memcmp(info->name + name_bytes - ending_bytes, ending, ending_bytes))
			return fd;
		close(fd);
	}
	return -1;
}

// The constants that the program was loaded with. Returns false if they are not laid out as ours.
static bool program_rodata(const struct program *p, struct guard_bpf__rodata *rodata)
{
	struct bpf_map_info info;
	uint32_t zero = 0;
	int fd = program_map(p, ".rodata", &info);
	bool ok;

	if (fd < 0)
		return false;
	ok = info.value_size == sizeof(*rodata) && bpf_map_lookup_elem(fd, &zero, rodata) == 0;
	close(fd);
	return ok;
}

static bool is_one_of(uint32_t id, const uint32_t *ids, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		if (ids[i] == id)
			return true;
	}
	return false;
}

// All shared maps but those that the program does not read must be the ones beside the link.
static bool program_uses_maps(const struct guard *g, const struct program *p)
{
	uint32_t i;

	for (i = 0; i < GUARD_MAP_COUNT; i++) {
		struct bpf_map_info info = {0};
		uint32_t bytes = sizeof(info);

		if (i == GUARD_MAP_pools || i == GUARD_MAP_stages)
			continue;
		if (bpf_obj_get_info_by_fd(g->map_fd[i], &info, &bytes))
			return false;
		if (!is_one_of(info.id, p->map_ids, p->map_count))
			return false;
	}
	return true;
}

// Whether the attached program is a guard that this configuration may take over. Where another
// build keeps side and place elsewhere, that program gives way to one that has them right.
static bool program_fits(const struct guard *g, uint32_t index, const struct program *p,
			 char error[GUARD_ERROR_BYTES])
{
	const struct guard_iface *iface = &g->iface[index];
	struct guard_bpf__rodata rodata;

	if (!program_uses_maps(g, p))
		return guard_refuse(
			error,
			"%s: the guard attached to it does not use the maps in %s: take "
			"it off by removing the folder, then start again",
			iface->name, g->dir);
	if (program_rodata(p, &rodata) &&
	    (rodata.guard_side != (uint32_t)iface->side || rodata.guard_port != index))
		return guard_refuse(error,
				    "%s: the guard attached to it is for another side or place in "
				    "dataplane.json: take it off by removing %s/%s%s, then start "
				    "again",
				    iface->name, g->dir, OP25B_PIN_LINK_PREFIX, iface->name);
	return true;
}

// The map that holds op25b-dp's sockets on this interface. Returns -1 with a sentence in error.
static int sockets_open(const struct guard *g, uint32_t index, const struct program *p,
			char error[GUARD_ERROR_BYTES])
{
	const char *name = g->iface[index].name;
	struct bpf_map_info info;
	int fd = program_map(p, "xsks_map", &info);

	if (fd >= 0 && info.type == BPF_MAP_TYPE_XSKMAP && info.max_entries == OP25B_MAX_WORKERS)
		return fd;
	if (fd >= 0)
		close(fd);
	guard_refuse(error,
		     "%s: the guard attached to it was made by another version, with other places "
		     "for op25b-dp's sockets: take it off by removing %s/%s%s, then start again",
		     name, g->dir, OP25B_PIN_LINK_PREFIX, name);
	return -1;
}

static bool programs_are_equal(const struct program *a, const struct program *b)
{
	struct guard_bpf__rodata of_a, of_b;

	return !memcmp(a->tag, b->tag, sizeof(a->tag)) && program_rodata(a, &of_a) &&
	       program_rodata(b, &of_b) && !memcmp(&of_a, &of_b, sizeof(of_a));
}

// Puts program `to` in the place of `from`, which must still be there.
static int link_swap(int link_fd, int from, int to)
{
	LIBBPF_OPTS(bpf_link_update_opts, update, .flags = BPF_F_REPLACE,
		    .old_prog_fd = (uint32_t)from);

	return bpf_link_update(link_fd, to, &update);
}

static bool bring_up_to_date(struct guard *g, uint32_t index, int link_fd,
			     const struct program *old, char error[GUARD_ERROR_BYTES])
{
	struct guard_iface *iface = &g->iface[index];
	int err = 0, sockets_fd = sockets_open(g, index, old, error);
	struct program new;
	struct guard_bpf *skel;

	if (sockets_fd < 0)
		return false;
	skel = guard_instance_load(g, index, sockets_fd, error);
	close(sockets_fd);
	if (!skel)
		return false;
	if (!program_look(bpf_program__fd(skel->progs.xsk_def_prog), &new))
		err = -errno;
	if (!err && !programs_are_equal(old, &new)) {
		err = link_swap(link_fd, old->fd, new.fd);
		iface->replaced_fd = err ? -1 : old->fd;
	}
	guard_bpf__destroy(skel);
	if (err)
		guard_refuse(error,
			     "%s: the guard attached to it cannot be brought up to date: %s: take "
			     "it off by removing %s/%s%s, then start again",
			     iface->name, strerror(-err), g->dir, OP25B_PIN_LINK_PREFIX,
			     iface->name);
	return err == 0;
}

bool guard_adopt(struct guard *g, uint32_t index, int link_fd, char error[GUARD_ERROR_BYTES])
{
	struct program old;
	bool ok;

	if (!program_of_link(link_fd, &old))
		return guard_refuse(error, "%s: the guard attached to it cannot be looked at: %s",
				    g->iface[index].name, strerror(errno));
	ok = program_fits(g, index, &old, error) &&
	     bring_up_to_date(g, index, link_fd, &old, error);
	if (g->iface[index].replaced_fd < 0)
		close(old.fd);
	return ok;
}

void guard_replaced_put_back(const struct guard *g, uint32_t index)
{
	const struct guard_iface *iface = &g->iface[index];
	int link_fd = pin_open(g->dir, OP25B_PIN_LINK_PREFIX, iface->name);

	if (link_fd < 0)
		return;
	bpf_link_update(link_fd, iface->replaced_fd, NULL);
	close(link_fd);
}
