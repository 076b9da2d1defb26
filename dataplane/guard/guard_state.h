// SPDX-License-Identifier: BSD-3-Clause
//
// What the files of the guard's loader share among themselves: struct guard, its maps and the parts
// of guard_open(). Nobody else includes it.
#pragma once

#include "../core/directory.h"
#include "guard.bpf.skel.h"
#include "guard.h"
#include "guard_tables.h"
#include "pin.h"

// Maps shared by the program's instances: name in guard.bpf.c, pin. `pools` and `stages` are the
// loader's only.
#define GUARD_MAPS(X)                                                                              \
	X(control, OP25B_PIN_CONTROL)                                                              \
	X(heartbeat, OP25B_PIN_HEARTBEAT)                                                          \
	X(slots, OP25B_PIN_SLOTS)                                                                  \
	X(cells, OP25B_PIN_CELLS)                                                                  \
	X(clauses, OP25B_PIN_CLAUSES)                                                              \
	X(pools, OP25B_PIN_POOLS)                                                                  \
	X(stages, OP25B_PIN_STAGES)                                                                \
	X(ports, OP25B_PIN_PORTS)                                                                  \
	X(classes, "classes")                                                                      \
	X(lpm4, "lpm4")                                                                            \
	X(lpm6, "lpm6")                                                                            \
	X(softwires, "softwires")

enum guard_map {
#define GUARD_MAP_ENUM(name, pin) GUARD_MAP_##name,
	GUARD_MAPS(GUARD_MAP_ENUM)
#undef GUARD_MAP_ENUM
		GUARD_MAP_COUNT
};

struct guard_iface {
	char name[CONFIG_MAX_IFACE_BYTES];
	enum op25b_side side;
	uint32_t pair;
	bool drop_l2_doubt;
	unsigned int ifindex;
	bool attached_now; // by this guard_open(), not found pinned
	int replaced_fd;   // other build's program that this guard_open() took the place of; -1
	char note[GUARD_ERROR_BYTES];
};

// Look-up tables that guard_prepare() made ahead.
struct guard_tries {
	uint64_t generation; // of the image they are for; 0: there are none
	uint64_t checksum;
	int fd[2]; // IPv4, IPv6
};

struct guard {
	char dir[CONFIG_MAX_PATH_BYTES];
	struct guard_iface iface[OP25B_MAX_PORTS];
	uint32_t iface_count;
	int map_fd[GUARD_MAP_COUNT];         // -1: not open
	bool made_dir;                       // by this guard_open()
	bool made_maps;                      // by this guard_open()
	struct op25b_guard_control *control; // the pinned map itself, mapped
	uint64_t *slots;                     // likewise
	uint32_t slots_capacity;
	char pool_name[OP25B_POOL_SLOTS][OP25B_MAX_NAME_BYTES]; // copy of the pinned table
	uint32_t pool_count;
	struct op25b_stats_stage stage[OP25B_STAGE_SLOTS]; // likewise
	uint32_t stage_count;
	struct guard_tries ready;
};

// guard_maps.c: opens the pinned maps, or makes and pins them, and maps control and slots.
bool guard_maps_open(struct guard *g, uint32_t slots_capacity, char error[GUARD_ERROR_BYTES]);
void guard_maps_close(struct guard *g);
// Removes the pins of the maps in dir.
bool guard_maps_unpin(const char *dir, char error[GUARD_ERROR_BYTES]);
// Gives the pinned maps to a skeleton that is not loaded yet. Returns 0 or -errno.
int guard_maps_lend(const struct guard *g, struct guard_bpf *skel);

// guard_adopt.c: whether the link holds its program on this very interface. It does not if the
// interface was deleted, even if a new one has got its name or its index, or is in another network
// namespace.
bool guard_link_is_on(int link_fd, unsigned int ifindex);
// Takes over the guard that the link holds on the interface, and replaces its program if that is
// not this build's. Only then does the kernel see a change.
bool guard_adopt(struct guard *g, uint32_t index, int link_fd, char error[GUARD_ERROR_BYTES]);
// Gives the interface back the program that was replaced.
void guard_replaced_put_back(const struct guard *g, uint32_t index);

// guard_attach.c: loads this build's program for the interface, with the pinned maps and, if not
// -1, the sockets of xsks_fd. Returns NULL with a sentence in error.
struct guard_bpf *guard_instance_load(const struct guard *g, uint32_t index, int xsks_fd,
				      char error[GUARD_ERROR_BYTES]);
// Adopts the interface's pinned link, or attaches the program and pins its link.
bool guard_attach_iface(struct guard *g, uint32_t index, char error[GUARD_ERROR_BYTES]);
// Takes the program off the interface and removes the pin.
bool guard_detach_iface(const char *dir, const char *iface, char error[GUARD_ERROR_BYTES]);

// vlan_strip.c: makes the interface leave the outer VLAN tag in the frame, where the guard and
// op25b-dp can see it. Returns a few words on how it stands now.
const char *vlan_strip_off(const char *iface);

// guard_directory.c: reads the pinned directory of the counters into g.
bool guard_directory_read(struct guard *g, char error[GUARD_ERROR_BYTES]);
// Takes up the image: finds or adds, here and in the pinned tables, what its classes are counted
// under, and writes that into classes, a copy of the image's.
bool guard_directory_take_up(struct guard *g, const struct image_view *view,
			     struct op25b_class *classes, char error[GUARD_ERROR_BYTES]);

// Prefixes of a table set and what is said of their addresses.
struct guard_readback {
	struct image_view view; // without classes and names; the prefixes are in no order
	struct op25b_image_hdr hdr;
	struct op25b_addr *addrs;
	struct op25b_prefix4 *prefix4;
	struct op25b_prefix6 *prefix6;
};

// guard_readback.c: reads a table set that was in force. Returns false if it cannot be read;
// guard_readback_end() either way.
bool guard_readback_init(struct guard_readback *r, const struct guard *g, uint32_t set);
void guard_readback_end(struct guard_readback *r);
