// SPDX-License-Identifier: BSD-3-Clause
//
// The maps that all instances of the guard's program share through pins: made once, by the first
// op25bd, then found again by every later one. Part of the guard's loader.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guard_state.h"

static const char *const pin_names[GUARD_MAP_COUNT] = {
#define GUARD_MAP_PIN(name, pin) pin,
	GUARD_MAPS(GUARD_MAP_PIN)
#undef GUARD_MAP_PIN
};

static void skeleton_maps(const struct guard_bpf *skel, struct bpf_map *maps[GUARD_MAP_COUNT])
{
#define GUARD_MAP_OF_SKELETON(name, pin) maps[GUARD_MAP_##name] = skel->maps.name;
	GUARD_MAPS(GUARD_MAP_OF_SKELETON)
#undef GUARD_MAP_OF_SKELETON
}

bool guard_maps_unpin(const char *dir, char error[GUARD_ERROR_BYTES])
{
	uint32_t i;

	for (i = 0; i < GUARD_MAP_COUNT; i++) {
		int err = pin_remove(dir, "", pin_names[i]);

		if (err)
			return guard_refuse(error, "%s/%s cannot be removed: %s", dir, pin_names[i],
					    strerror(-err));
	}
	return true;
}

static uint32_t maps_find(struct guard *g)
{
	uint32_t i, found = 0;

	for (i = 0; i < GUARD_MAP_COUNT; i++) {
		g->map_fd[i] = pin_open(g->dir, "", pin_names[i]);
		found += g->map_fd[i] >= 0;
	}
	return found;
}

// Whether a pinned map is what this version of the guard would make.
static bool map_fits(const struct guard *g, enum guard_map m, const struct bpf_map *want,
		     uint32_t slots_capacity, char error[GUARD_ERROR_BYTES])
{
	struct bpf_map_info info = {0};
	uint32_t info_bytes = sizeof(info);

	if (bpf_obj_get_info_by_fd(g->map_fd[m], &info, &info_bytes))
		return guard_refuse(error, "%s/%s cannot be looked at: %s", g->dir, pin_names[m],
				    strerror(errno));
	if (info.type != (uint32_t)bpf_map__type(want) ||
	    info.key_size != bpf_map__key_size(want) ||
	    info.value_size != bpf_map__value_size(want) ||
	    (m != GUARD_MAP_slots && info.max_entries != bpf_map__max_entries(want)))
		return guard_refuse(error,
				    "%s/%s was made by another version of the guard: take that one "
				    "off by removing the folder %s, then start again",
				    g->dir, pin_names[m], g->dir);
	if (m == GUARD_MAP_slots && info.max_entries != slots_capacity)
		return guard_refuse(error,
				    "the guard in force has %u subscriber slots, dataplane.json "
				    "wants %u: take the guard off by removing the folder %s, then "
				    "start again, or set slots back",
				    info.max_entries, slots_capacity, g->dir);
	return true;
}

static bool maps_fit(const struct guard *g, const struct guard_bpf *skel, uint32_t slots_capacity,
		     char error[GUARD_ERROR_BYTES])
{
	struct bpf_map *want[GUARD_MAP_COUNT];
	uint32_t i;

	skeleton_maps(skel, want);
	for (i = 0; i < GUARD_MAP_COUNT; i++) {
		if (!map_fits(g, i, want[i], slots_capacity, error))
			return false;
	}
	return true;
}

// Loads the maps without the program and pins them.
static bool maps_make(struct guard *g, struct guard_bpf *skel, uint32_t slots_capacity,
		      char error[GUARD_ERROR_BYTES])
{
	struct bpf_map *maps[GUARD_MAP_COUNT];
	char path[PIN_PATH_BYTES];
	uint32_t i;
	int err;

	skeleton_maps(skel, maps);
	err = bpf_map__set_max_entries(skel->maps.slots, slots_capacity);
	if (!err)
		err = bpf_program__set_autoload(skel->progs.xsk_def_prog, false);
	for (i = 0; i < GUARD_MAP_COUNT && !err; i++)
		err = bpf_map__set_pin_path(maps[i], pin_path(path, g->dir, "", pin_names[i]));
	if (!err)
		err = guard_bpf__load(skel);
	if (!err && maps_find(g) == GUARD_MAP_COUNT)
		return true;
	return guard_refuse(error,
			    "the guard's maps for %u subscriber slots cannot be made in %s: %s%s",
			    slots_capacity, g->dir, err ? strerror(-err) : "pins are missing",
			    err == -EPERM ? " (needs CAP_BPF and CAP_NET_ADMIN)" : "");
}

static bool maps_find_or_make(struct guard *g, struct guard_bpf *skel, uint32_t slots_capacity,
			      char error[GUARD_ERROR_BYTES])
{
	uint32_t found = maps_find(g);

	if (found == GUARD_MAP_COUNT)
		return maps_fit(g, skel, slots_capacity, error);
	if (found > 0 && pin_dir_has_links(g->dir))
		return guard_refuse(error,
				    "%s holds a guard with only %u of its %u maps: take it off by "
				    "removing the folder, then start again",
				    g->dir, found, GUARD_MAP_COUNT);
	// What is left of a start that was interrupted is in nobody's use.
	guard_maps_close(g);
	if (!guard_maps_unpin(g->dir, error))
		return false;
	g->made_maps = true;
	return maps_make(g, skel, slots_capacity, error);
}

// Maps a pinned array; NULL on failure. The kernel rounds its size up to whole pages.
static void *array_mmap(int fd, size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return at == MAP_FAILED ? NULL : at;
}

static bool maps_mmap(struct guard *g, char error[GUARD_ERROR_BYTES])
{
	g->control = array_mmap(g->map_fd[GUARD_MAP_control], sizeof(*g->control));
	g->slots = array_mmap(g->map_fd[GUARD_MAP_slots], g->slots_capacity * sizeof(*g->slots));
	if (!g->control || !g->slots)
		return guard_refuse(error, "the maps in %s cannot be mapped: %s", g->dir,
				    strerror(errno));
	// 0: just made.
	if (g->control->abi && g->control->abi != OP25B_GUARD_ABI)
		return guard_refuse(error,
				    "%s holds a guard of ABI %u, this is ABI %u: take that one off "
				    "by removing the folder, then start again",
				    g->dir, g->control->abi, OP25B_GUARD_ABI);
	return true;
}

bool guard_maps_open(struct guard *g, uint32_t slots_capacity, char error[GUARD_ERROR_BYTES])
{
	struct guard_bpf *skel = guard_bpf__open();
	bool ok;

	if (!skel)
		return guard_refuse(error, "the guard's BPF object cannot be read: %s",
				    strerror(errno));
	g->slots_capacity = slots_capacity;
	ok = maps_find_or_make(g, skel, slots_capacity, error) && maps_mmap(g, error);
	guard_bpf__destroy(skel);
	return ok;
}

void guard_maps_close(struct guard *g)
{
	uint32_t i;

	if (g->control)
		munmap(g->control, sizeof(*g->control));
	if (g->slots)
		munmap(g->slots, g->slots_capacity * sizeof(*g->slots));
	g->control = NULL;
	g->slots = NULL;
	for (i = 0; i < GUARD_MAP_COUNT; i++) {
		if (g->map_fd[i] >= 0)
			close(g->map_fd[i]);
		g->map_fd[i] = -1;
	}
}

int guard_maps_lend(const struct guard *g, struct guard_bpf *skel)
{
	struct bpf_map *maps[GUARD_MAP_COUNT];
	uint32_t i;
	int err = 0;

	skeleton_maps(skel, maps);
	for (i = 0; i < GUARD_MAP_COUNT && !err; i++)
		err = bpf_map__reuse_fd(maps[i], g->map_fd[i]);
	return err;
}
