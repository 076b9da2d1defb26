// SPDX-License-Identifier: BSD-3-Clause
//
// The directory of the guard's counters: pinned beside them, with a copy in the loader. Part of the
// guard's loader.
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "guard_state.h"

static struct directory directory_of(struct guard *g)
{
	return (struct directory){
		.pool_name = g->pool_name,
		.pool_count = &g->pool_count,
		.stage = g->stage,
		.stage_count = &g->stage_count,
	};
}

// Names are appended without gaps.
static bool pools_read(struct guard *g, char error[GUARD_ERROR_BYTES])
{
	uint32_t i;

	for (i = g->pool_count; i < OP25B_POOL_SLOTS; i++) {
		if (bpf_map_lookup_elem(g->map_fd[GUARD_MAP_pools], &i, g->pool_name[i]))
			return guard_refuse(error, "%s/%s cannot be read: %s", g->dir,
					    OP25B_PIN_POOLS, strerror(errno));
		g->pool_name[i][OP25B_MAX_NAME_BYTES - 1] = '\0';
		if (!g->pool_name[i][0])
			break;
		g->pool_count = i + 1;
	}
	return true;
}

// Whether the entry is a list that follows the one before it.
static bool is_next_list(const struct op25b_stats_stage *list)
{
	return list->clause_count && list->clause_count <= OP25B_MAX_CLAUSES &&
	       list->first_cell == list[-1].first_cell + list[-1].clause_count &&
	       list->first_cell <= OP25B_CLAUSE_CELLS - list->clause_count;
}

static bool stages_read(struct guard *g, char error[GUARD_ERROR_BYTES])
{
	uint32_t i;

	for (i = g->stage_count; i < OP25B_STAGE_SLOTS; i++) {
		struct op25b_stats_stage *list = &g->stage[i];

		if (bpf_map_lookup_elem(g->map_fd[GUARD_MAP_stages], &i, list))
			return guard_refuse(error, "%s/%s cannot be read: %s", g->dir,
					    OP25B_PIN_STAGES, strerror(errno));
		list->stage[OP25B_MAX_NAME_BYTES - 1] = '\0';
		if (!is_next_list(list))
			break;
		g->stage_count = i + 1;
	}
	return true;
}

bool guard_directory_read(struct guard *g, char error[GUARD_ERROR_BYTES])
{
	struct directory directory = directory_of(g);

	directory_init(&directory);
	return pools_read(g, error) && stages_read(g, error);
}

// Writes what was added behind these counts into the pinned tables.
static int write_added(const struct guard *g, uint32_t pool, uint32_t stage)
{
	for (; pool < g->pool_count; pool++) {
		if (bpf_map_update_elem(g->map_fd[GUARD_MAP_pools], &pool, g->pool_name[pool],
					BPF_ANY))
			return -errno;
	}
	for (; stage < g->stage_count; stage++) {
		if (bpf_map_update_elem(g->map_fd[GUARD_MAP_stages], &stage, &g->stage[stage],
					BPF_ANY))
			return -errno;
	}
	return 0;
}

bool guard_directory_take_up(struct guard *g, const struct image_view *view,
			     struct op25b_class *classes, char error[GUARD_ERROR_BYTES])
{
	struct directory directory = directory_of(g);
	const char *misfit = directory_misfit(&directory, view);
	uint32_t pools = g->pool_count, stages = g->stage_count;
	int err;

	if (misfit)
		return guard_refuse(error,
				    "pool %s: the guard has counted for %u pool names since it was "
				    "attached and has no place for more: keep names, or take the "
				    "guard off and on again",
				    misfit, OP25B_POOL_SLOTS - 1);
	directory_take_up(&directory, view, classes);
	err = write_added(g, pools, stages);
	if (!err)
		return true;
	g->pool_count = pools;
	g->stage_count = stages;
	return guard_refuse(error, "the tables %s and %s in %s cannot be written: %s",
			    OP25B_PIN_POOLS, OP25B_PIN_STAGES, g->dir, strerror(-err));
}
