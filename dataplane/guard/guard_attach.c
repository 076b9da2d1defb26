// SPDX-License-Identifier: BSD-3-Clause
//
// One interface: adopt the program that is pinned on it, or load an instance, attach it by a
// bpf_link and pin that. A pinned link cannot be taken off by `ip link` or by a driver, and
// outlives every process. Part of the guard's loader.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard_state.h"

#define MAX_PROGRAM_MAPS 32u

static bool link_info(int link_fd, struct bpf_link_info *info)
{
	uint32_t bytes = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return bpf_obj_get_info_by_fd(link_fd, info, &bytes) == 0;
}

// Whether the link holds its program on this very interface. It does not if the interface was
// deleted, even if a new one has got its name or its index, or is in another network namespace.
static bool link_is_on(int link_fd, unsigned int ifindex)
{
	struct bpf_link_info info;
	uint32_t attached = 0;

	if (!link_info(link_fd, &info) || info.type != BPF_LINK_TYPE_XDP)
		return false;
	if (info.xdp.ifindex != ifindex || bpf_xdp_query_id(ifindex, 0, &attached))
		return false;
	return attached == info.prog_id;
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

// The value of the program's read-only data, if this is that map. Returns false if it is not.
static bool rodata_read(int map_fd, const struct bpf_map_info *info, void *rodata, size_t bytes)
{
	uint32_t zero = 0;

	return strstr(info->name, ".rodata") && info->value_size == bytes &&
	       bpf_map_lookup_elem(map_fd, &zero, rodata) == 0;
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

// All shared maps but `pools`, which the program does not read, must be the ones beside the link.
static bool program_uses_maps(const struct guard *g, const uint32_t *ids, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < GUARD_MAP_COUNT; i++) {
		struct bpf_map_info info = {0};
		uint32_t bytes = sizeof(info);

		if (i == GUARD_MAP_pools)
			continue;
		if (bpf_obj_get_info_by_fd(g->map_fd[i], &info, &bytes))
			return false;
		if (!is_one_of(info.id, ids, count))
			return false;
	}
	return true;
}

// Whether the program was loaded for this side and port.
static bool program_is_for(const struct guard *g, uint32_t index, const uint32_t *ids,
			   uint32_t count)
{
	struct guard_bpf *skel = guard_bpf__open();
	size_t bytes = 0;
	uint32_t i;
	bool fits = false;

	if (!skel)
		return false;
	bpf_map__initial_value(skel->maps.rodata, &bytes);
	for (i = 0; i < count; i++) {
		struct bpf_map_info info;
		int fd;

		if (!map_info_by_id(ids[i], &info, &fd))
			continue;
		if (rodata_read(fd, &info, skel->rodata, bytes))
			fits = skel->rodata->guard_side == (uint32_t)g->iface[index].side &&
			       skel->rodata->guard_port == index;
		close(fd);
	}
	guard_bpf__destroy(skel);
	return fits;
}

// The ids of the maps that the link's program uses. Returns their number, 0 on failure.
static uint32_t link_program_maps(int link_fd, uint32_t ids[MAX_PROGRAM_MAPS])
{
	struct bpf_prog_info info = {.nr_map_ids = MAX_PROGRAM_MAPS,
				     .map_ids = (uint64_t)(uintptr_t)ids};
	uint32_t bytes = sizeof(info);
	struct bpf_link_info link;
	int fd, err;

	if (!link_info(link_fd, &link))
		return 0;
	fd = bpf_prog_get_fd_by_id(link.prog_id);
	if (fd < 0)
		return 0;
	err = bpf_obj_get_info_by_fd(fd, &info, &bytes);
	close(fd);
	if (err || info.nr_map_ids > MAX_PROGRAM_MAPS)
		return 0;
	return info.nr_map_ids;
}

static bool adopt(const struct guard *g, uint32_t index, int link_fd, char error[GUARD_ERROR_BYTES])
{
	const char *name = g->iface[index].name;
	uint32_t ids[MAX_PROGRAM_MAPS];
	uint32_t count = link_program_maps(link_fd, ids);

	if (!program_uses_maps(g, ids, count))
		return guard_refuse(
			error,
			"%s: the guard attached to it does not use the maps in %s: take "
			"it off by removing the folder, then start again",
			name, g->dir);
	if (!program_is_for(g, index, ids, count))
		return guard_refuse(error,
				    "%s: the guard attached to it is for another side or place in "
				    "dataplane.json: take it off by removing %s/%s%s, then start "
				    "again",
				    name, g->dir, OP25B_PIN_LINK_PREFIX, name);
	return true;
}

static struct guard_bpf *instance_load(const struct guard *g, uint32_t index,
				       char error[GUARD_ERROR_BYTES])
{
	struct guard_bpf *skel = guard_bpf__open();
	int err = skel ? 0 : -errno;

	if (!err) {
		skel->rodata->guard_side = g->iface[index].side;
		skel->rodata->guard_port = index;
		err = guard_maps_lend(g, skel);
	}
	if (!err)
		err = guard_bpf__load(skel);
	// libbpf goes on without the type information (BTF) if the kernel refuses it, but the
	// driver of op25b-dp knows our program by it.
	if (!err && bpf_object__btf_fd(skel->obj) < 0)
		err = -EOPNOTSUPP;
	if (!err)
		return skel;
	guard_bpf__destroy(skel);
	guard_refuse(error, "%s: the kernel does not take the guard's program: %s%s",
		     g->iface[index].name, strerror(-err),
		     err == -EPERM ? " (needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON)"
				   : " (Linux 6.1 or later is needed)");
	return NULL;
}

static bool refuse_attach(const struct guard_iface *iface, int err, char error[GUARD_ERROR_BYTES])
{
	uint32_t other = 0;

	bpf_xdp_query_id(iface->ifindex, 0, &other);
	if (other)
		return guard_refuse(error,
				    "%s: another XDP program (id %u) is attached: remove it, for "
				    "instance with: ip link set dev %s xdp off",
				    iface->name, other, iface->name);
	if (err == -EPERM)
		return guard_refuse(error,
				    "%s: the guard may not be attached: needs CAP_BPF, "
				    "CAP_NET_ADMIN and CAP_PERFMON",
				    iface->name);
	return guard_refuse(
		error,
		"%s: its driver does not take an XDP program: %s; often the MTU is too "
		"large (AF_XDP needs at most 3498) or a receive offload such as LRO is on",
		iface->name, strerror(-err));
}

static bool attach(struct guard *g, uint32_t index, char error[GUARD_ERROR_BYTES])
{
	struct guard_iface *iface = &g->iface[index];
	struct guard_bpf *skel = instance_load(g, index, error);
	char path[PIN_PATH_BYTES];
	struct bpf_link *link;
	int err;

	if (!skel)
		return false;
	link = bpf_program__attach_xdp(skel->progs.xsk_def_prog, (int)iface->ifindex);
	err = link ? 0 : -errno;
	if (err) {
		refuse_attach(iface, err, error);
		guard_bpf__destroy(skel);
		return false;
	}
	pin_path(path, g->dir, OP25B_PIN_LINK_PREFIX, iface->name);
	err = bpf_link__pin(link, path);
	if (err)
		guard_refuse(error, "%s: the guard cannot be pinned to %s: %s%s", iface->name, path,
			     strerror(-err),
			     strchr(iface->name, '.') ? " (no dots in names there: rename it)"
						      : "");
	iface->attached_now = err == 0;
	bpf_link__destroy(link); // pinned: only the descriptor; not pinned: the program comes off
	guard_bpf__destroy(skel);
	return err == 0;
}

static const char *mode_words(unsigned int ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	if (bpf_xdp_query((int)ifindex, 0, &query))
		return "mode unknown";
	if (query.attach_mode == XDP_ATTACHED_SKB)
		return "generic mode: its driver has no XDP, so both guard and AF_XDP are slow";
	return "driver mode";
}

bool guard_attach_iface(struct guard *g, uint32_t index, char error[GUARD_ERROR_BYTES])
{
	struct guard_iface *iface = &g->iface[index];
	int link_fd = pin_open(g->dir, OP25B_PIN_LINK_PREFIX, iface->name);
	bool ok, adopted;

	iface->ifindex = if_nametoindex(iface->name);
	adopted = link_fd >= 0 && iface->ifindex && link_is_on(link_fd, iface->ifindex);
	if (iface->ifindex == 0) {
		ok = guard_refuse(error, "%s: no such interface", iface->name);
	} else if (adopted) {
		ok = adopt(g, index, link_fd, error);
	} else {
		// A pin of an interface that has been deleted since stands in the way of a new one.
		pin_remove(g->dir, OP25B_PIN_LINK_PREFIX, iface->name);
		ok = attach(g, index, error);
	}
	if (link_fd >= 0)
		close(link_fd);
	if (!ok)
		return false;
	snprintf(iface->note, sizeof(iface->note), "guard %s, %s; %s",
		 adopted ? "found in force and adopted" : "attached", mode_words(iface->ifindex),
		 vlan_strip_off(iface->name));
	return true;
}

bool guard_detach_iface(const char *dir, const char *iface, char error[GUARD_ERROR_BYTES])
{
	int err, link_fd = pin_open(dir, OP25B_PIN_LINK_PREFIX, iface);

	// Detached by hand first, as the kernel lets go of an unpinned link only some time later. A
	// link whose interface is gone has nothing to be detached from.
	if (link_fd >= 0) {
		bpf_link_detach(link_fd);
		close(link_fd);
	}
	err = pin_remove(dir, OP25B_PIN_LINK_PREFIX, iface);
	if (err)
		return guard_refuse(error, "%s: the guard's pin %s/%s%s cannot be removed: %s",
				    iface, dir, OP25B_PIN_LINK_PREFIX, iface, strerror(-err));
	return true;
}
