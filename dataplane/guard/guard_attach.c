// SPDX-License-Identifier: BSD-3-Clause
//
// One interface: have the program that is pinned on it adopted, or load an instance, attach it by a
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

struct guard_bpf *guard_instance_load(const struct guard *g, uint32_t index, int xsks_fd,
				      char error[GUARD_ERROR_BYTES])
{
	struct guard_bpf *skel = guard_bpf__open();
	int err = skel ? 0 : -errno;

	if (!err) {
		skel->rodata->guard_side = g->iface[index].side;
		skel->rodata->guard_pair = g->iface[index].pair;
		skel->rodata->guard_drop_l2_doubt = g->iface[index].drop_l2_doubt;
		skel->rodata->guard_port = index;
		err = guard_maps_lend(g, skel);
	}
	if (!err && xsks_fd >= 0)
		err = bpf_map__reuse_fd(skel->maps.xsks_map, xsks_fd);
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
	struct guard_bpf *skel = guard_instance_load(g, index, -1, error);
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

static const char *how_words(const struct guard_iface *iface)
{
	if (iface->attached_now)
		return "attached";
	if (iface->replaced_fd >= 0)
		return "of another build found in force and replaced by this build's";
	return "found in force and adopted";
}

bool guard_attach_iface(struct guard *g, uint32_t index, char error[GUARD_ERROR_BYTES])
{
	struct guard_iface *iface = &g->iface[index];
	int link_fd = pin_open(g->dir, OP25B_PIN_LINK_PREFIX, iface->name);
	bool ok, adopted;

	iface->ifindex = if_nametoindex(iface->name);
	adopted = link_fd >= 0 && iface->ifindex && guard_link_is_on(link_fd, iface->ifindex);
	if (iface->ifindex == 0) {
		ok = guard_refuse(error, "%s: no such interface", iface->name);
	} else if (adopted) {
		ok = guard_adopt(g, index, link_fd, error);
	} else {
		// A pin of an interface that has been deleted since stands in the way of a new one.
		pin_remove(g->dir, OP25B_PIN_LINK_PREFIX, iface->name);
		ok = attach(g, index, error);
	}
	if (link_fd >= 0)
		close(link_fd);
	if (!ok)
		return false;
	snprintf(iface->note, sizeof(iface->note), "guard %s, %s; %s", how_words(iface),
		 mode_words(iface->ifindex), vlan_strip_off(iface->name));
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
