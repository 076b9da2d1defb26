// SPDX-License-Identifier: BSD-3-Clause
//
// Reads the guard's per-CPU counters and sums them. Part of the guard's loader.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard_state.h"

#define CELLS_PER_POOL (OP25B_REASON_SLOTS * FAMILY_COUNT)
#define CLAUSE_CHUNK 256u
#define COUNTER_BYTES 16u // of struct op25b_cell and struct op25b_guard_port: two 64-bit counters

_Static_assert(sizeof(struct op25b_cell) == COUNTER_BYTES, "summed as two 64-bit counters");
_Static_assert(OP25B_CLAUSE_CELLS % CLAUSE_CHUNK == 0, "a chunk does not reach beyond the map");
_Static_assert(sizeof(struct op25b_guard_port) == COUNTER_BYTES, "summed as two 64-bit counters");

// Entries [0, count) of a per-CPU array of counter pairs, `chunk` at a time, the last chunk whole.
struct counter_read {
	int fd;
	uint32_t chunk;
	uint32_t cpus;
	uint32_t *keys;
	uint64_t *values; // [chunk][cpus][2]
};

static bool counter_read_init(struct counter_read *r, int fd, uint32_t chunk)
{
	int cpus = libbpf_num_possible_cpus();

	*r = (struct counter_read){.fd = fd, .chunk = chunk, .cpus = cpus > 0 ? (uint32_t)cpus : 0};
	if (!r->cpus)
		return false;
	r->keys = calloc(chunk, sizeof(*r->keys));
	r->values = calloc((size_t)chunk * r->cpus, COUNTER_BYTES);
	return r->keys && r->values;
}

static void counter_read_end(struct counter_read *r)
{
	free(r->keys);
	free(r->values);
}

static void sum_cpus(const struct counter_read *r, uint32_t entries, uint64_t *sums)
{
	uint32_t i, cpu;

	memset(sums, 0, (size_t)entries * COUNTER_BYTES);
	for (i = 0; i < entries; i++) {
		for (cpu = 0; cpu < r->cpus; cpu++) {
			const uint64_t *pair = &r->values[((size_t)i * r->cpus + cpu) * 2];

			sums[2 * i] += pair[0];
			sums[2 * i + 1] += pair[1];
		}
	}
}

static int counter_read_all(struct counter_read *r, uint32_t count, uint64_t *sums)
{
	uint32_t done, position = 0;

	for (done = 0; done < count; done += r->chunk) {
		uint32_t n = r->chunk;

		// ENOENT says that the array's last entry was reached.
		if (bpf_map_lookup_batch(r->fd, done ? &position : NULL, &position, r->keys,
					 r->values, &n, NULL) &&
		    errno != ENOENT)
			return -errno;
		if (n != r->chunk)
			return -EIO;
		sum_cpus(r, n, sums + 2 * (size_t)done);
	}
	return 0;
}

static int read_counters(int fd, uint32_t chunk, uint32_t count, void *sums)
{
	struct counter_read r;
	int err = counter_read_init(&r, fd, chunk) ? counter_read_all(&r, count, sums) : -ENOMEM;

	counter_read_end(&r);
	return err;
}

// Behind the last pool name, and behind the last list of clauses, all cells are 0.
static int read_all(const struct guard *g, struct guard_counters *out)
{
	const struct op25b_stats_stage *last = &g->stage[g->stage_count - 1];
	int err = read_counters(g->map_fd[GUARD_MAP_cells], CELLS_PER_POOL,
				g->pool_count * CELLS_PER_POOL, out->cell);

	if (!err)
		err = read_counters(g->map_fd[GUARD_MAP_clauses], CLAUSE_CHUNK,
				    last->first_cell + last->clause_count, out->clause_cell);
	if (!err)
		err = read_counters(g->map_fd[GUARD_MAP_ports], OP25B_MAX_PORTS, OP25B_MAX_PORTS,
				    out->port);
	return err;
}

bool guard_read_counters(struct guard *g, struct guard_counters *out, char error[GUARD_ERROR_BYTES])
{
	int err;

	memset(out, 0, sizeof(*out));
	err = read_all(g, out);
	if (err)
		return guard_refuse(error, "the guard's counters in %s cannot be read: %s", g->dir,
				    strerror(-err));
	memcpy(out->pool_name, g->pool_name, sizeof(out->pool_name));
	out->pool_count = g->pool_count;
	memcpy(out->stage, g->stage, sizeof(out->stage));
	out->stage_count = g->stage_count;
	return true;
}
