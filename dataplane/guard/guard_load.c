// SPDX-License-Identifier: BSD-3-Clause
//
// guard_open(), guard_close(), guard_detach(): the loader from the outside. All or nothing: what a
// failing guard_open() has attached, replaced, made or pinned it takes back. See guard.h for
// threads.
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard_state.h"

static void iface_add(struct guard *g, const struct dataplane_config *c, uint32_t pair,
		      enum op25b_side side)
{
	struct guard_iface *iface = &g->iface[g->iface_count];
	const struct config_pair *p = &c->pairs[pair];
	const struct config_port *port = side == SIDE_SUBSCRIBER ? &p->subscriber : &p->network;

	if (!config_port_has_guard(port))
		return;
	snprintf(iface->name, sizeof(iface->name), "%s", port->iface);
	iface->side = side;
	iface->pair = pair;
	iface->drop_l2_doubt = p->drop_l2_doubt;
	iface->replaced_fd = -1;
	g->iface_count++;
}

_Static_assert(2 * CONFIG_MAX_PAIRS <= OP25B_MAX_PORTS, "each port has a place in the counters");

static struct guard *guard_new(const struct dataplane_config *c)
{
	struct guard *g = calloc(1, sizeof(*g));
	uint32_t i;

	if (!g)
		return NULL;
	for (i = 0; i < GUARD_MAP_COUNT; i++)
		g->map_fd[i] = -1;
	snprintf(g->dir, sizeof(g->dir), "%s", c->bpffs_dir);
	for (i = 0; i < c->pair_count; i++) {
		iface_add(g, c, i, SIDE_SUBSCRIBER);
		iface_add(g, c, i, SIDE_NETWORK);
	}
	return g;
}

// What the guard does is dataplane.json's to say, also of a guard that was found in force. abi
// comes last: it says that the rest has been written once.
static void control_write(struct guard *g, const struct dataplane_config *c)
{
	struct op25b_guard_control *ctl = g->control;

	ctl->on_loss = c->on_loss;
	ctl->start_pass = c->start_pass;
	ctl->heartbeat_max_age_ns = (uint64_t)c->heartbeat_max_age_ms * 1000000u;
	__atomic_store_n(&ctl->abi, OP25B_GUARD_ABI, __ATOMIC_RELEASE);
}

static bool guard_bring_up(struct guard *g, const struct dataplane_config *c,
			   char error[GUARD_ERROR_BYTES])
{
	uint32_t i;

	if (!pin_dir_prepare(g->dir, &g->made_dir, error))
		return false;
	if (!guard_maps_open(g, c->slots ? c->slots : 1, error) || !guard_directory_read(g, error))
		return false;
	control_write(g, c);
	for (i = 0; i < g->iface_count; i++) {
		if (!guard_attach_iface(g, i, error))
			return false;
	}
	return true;
}

static void guard_take_back(struct guard *g)
{
	char ignored[GUARD_ERROR_BYTES];
	uint32_t i;

	for (i = 0; i < g->iface_count; i++) {
		if (g->iface[i].attached_now)
			guard_detach_iface(g->dir, g->iface[i].name, ignored);
		if (g->iface[i].replaced_fd >= 0)
			guard_replaced_put_back(g, i);
	}
	if (g->made_maps)
		guard_maps_unpin(g->dir, ignored);
	if (g->made_dir)
		rmdir(g->dir);
}

// Until here a replaced program can be put back; from now on the kernel may forget it.
static void replaced_forget(struct guard *g)
{
	uint32_t i;

	for (i = 0; i < g->iface_count; i++) {
		if (g->iface[i].replaced_fd >= 0)
			close(g->iface[i].replaced_fd);
		g->iface[i].replaced_fd = -1;
	}
}

struct guard *guard_open(const struct dataplane_config *c, char error[GUARD_ERROR_BYTES])
{
	struct guard *g = guard_new(c);

	error[0] = '\0';
	if (!g) {
		guard_refuse(error, "no memory for the guard's loader");
		return NULL;
	}
	// Its warnings are for programmers; the operator gets sentences from here.
	libbpf_set_print(NULL);
	if (g->iface_count > 0 && guard_bring_up(g, c, error)) {
		replaced_forget(g);
		return g;
	}
	guard_take_back(g);
	replaced_forget(g);
	guard_close(g);
	return NULL;
}

void guard_close(struct guard *g)
{
	if (!g)
		return;
	guard_discard(g);
	guard_maps_close(g);
	free(g);
}

bool guard_detach(const struct dataplane_config *c, char error[GUARD_ERROR_BYTES])
{
	struct guard *g = guard_new(c);
	bool ok = g != NULL;
	uint32_t i;

	error[0] = '\0';
	if (!g)
		return guard_refuse(error, "no memory for the guard's loader");
	for (i = 0; i < g->iface_count && ok; i++)
		ok = guard_detach_iface(g->dir, g->iface[i].name, error);
	// The maps stay as long as the guard is on an interface of another configuration.
	if (ok && !pin_dir_has_links(g->dir)) {
		ok = guard_maps_unpin(g->dir, error);
		if (ok && rmdir(g->dir) && errno != ENOENT && errno != EBUSY && errno != ENOTEMPTY)
			ok = guard_refuse(error, "%s cannot be removed: %s", g->dir,
					  strerror(errno));
	}
	guard_close(g);
	return ok;
}

uint64_t guard_generation(const struct guard *g)
{
	return __atomic_load_n(&g->control->active, __ATOMIC_ACQUIRE) >> 1;
}

uint64_t guard_image_checksum(const struct guard *g)
{
	return g->control->image_checksum;
}

const char *guard_iface(const struct guard *g, uint32_t index)
{
	return index < g->iface_count ? g->iface[index].name : NULL;
}

const char *guard_iface_note(const struct guard *g, uint32_t index)
{
	return index < g->iface_count ? g->iface[index].note : NULL;
}
