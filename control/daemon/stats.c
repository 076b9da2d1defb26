// SPDX-License-Identifier: BSD-3-Clause
//
// See stats.h. The memory is written by another process while it is read: its header is checked
// once, names and counts are bounded at each use. Counters are single 64-bit words, read relaxed.
#include "stats.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static uint64_t load(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

const char *reason_name(enum op25b_reason reason)
{
	static const char *const names[] = {
#define REASON_NAME(id, verdict, name, help) name,
		OP25B_REASONS(REASON_NAME)
#undef REASON_NAME
	};

	return names[reason];
}

enum op25b_verdict reason_says(enum op25b_reason reason)
{
	static const uint8_t verdicts[] = {
#define REASON_VERDICT(id, verdict, name, help) VERDICT_##verdict,
		OP25B_REASONS(REASON_VERDICT)
#undef REASON_VERDICT
	};

	return verdicts[reason];
}

const char *origin_name(enum op25b_origin origin)
{
	static const char *const names[] = {
		[ORIGIN_STAGE] = "stage",
		[ORIGIN_EXCEPTION] = "exception",
		[ORIGIN_QUARANTINE] = "quarantine",
	};

	return names[origin];
}

const char *step_name(enum op25b_burst_step step)
{
	static const char *const names[] = {
#define STEP_NAME(id, name, help) name,
		OP25B_BURST_STEPS(STEP_NAME)
#undef STEP_NAME
	};

	return names[step];
}

// Returns array with room for one element more than count. Without memory op25bd ends, rather than
// serve counters with something left out; both hosts go on without it.
static void *grow(void *array, size_t count, size_t elem_bytes)
{
	void *grown = reallocarray(array, count + 1, elem_bytes);

	if (!grown) {
		free(array);
		err(1, "statistics");
	}
	return grown;
}

// Copies a name out of memory that another process writes. Names are printable ASCII; anything else
// would not be text that JSON can hold.
static void take_name(char to[OP25B_MAX_NAME_BYTES], const char *from)
{
	size_t i;

	memset(to, 0, OP25B_MAX_NAME_BYTES);
	memcpy(to, from, strnlen(from, OP25B_MAX_NAME_BYTES - 1));
	for (i = 0; to[i]; i++) {
		if (to[i] < ' ' || to[i] > '~')
			to[i] = '?';
	}
	memset(to + i, 0, OP25B_MAX_NAME_BYTES - i);
}

static struct stats_pool *find_pool(struct stats_totals *t, const char *name)
{
	char own[OP25B_MAX_NAME_BYTES];
	struct stats_pool *pool;
	size_t i;

	take_name(own, name);
	for (i = 0; i < t->pool_count; i++) {
		if (!strcmp(t->pools[i].name, own))
			return &t->pools[i];
	}
	t->pools = grow(t->pools, t->pool_count, sizeof(*t->pools));
	pool = &t->pools[t->pool_count++];
	memset(pool, 0, sizeof(*pool));
	memcpy(pool->name, own, sizeof(pool->name));
	return pool;
}

static struct stats_port *find_port(struct stats_totals *t, const char *name, uint32_t side)
{
	char own[OP25B_MAX_NAME_BYTES];
	struct stats_port *port;
	size_t i;

	take_name(own, name);
	for (i = 0; i < t->port_count; i++) {
		if (t->ports[i].side == side && !strcmp(t->ports[i].name, own))
			return &t->ports[i];
	}
	t->ports = grow(t->ports, t->port_count, sizeof(*t->ports));
	port = &t->ports[t->port_count++];
	memset(port, 0, sizeof(*port));
	memcpy(port->name, own, sizeof(port->name));
	port->side = side;
	return port;
}

static struct stats_list *find_list(struct stats_totals *t, const char *pool,
				    const struct op25b_stats_stage *list)
{
	char own[OP25B_MAX_NAME_BYTES];
	struct stats_list *found;
	size_t i;

	take_name(own, pool);
	for (i = 0; i < t->list_count; i++) {
		found = &t->lists[i];
		if (found->origin == list->origin && !strcmp(found->stage, list->stage) &&
		    !strcmp(found->pool, own))
			return found;
	}
	t->lists = grow(t->lists, t->list_count, sizeof(*t->lists));
	found = &t->lists[t->list_count++];
	memset(found, 0, sizeof(*found));
	memcpy(found->pool, own, sizeof(found->pool));
	memcpy(found->stage, list->stage, sizeof(found->stage));
	found->origin = list->origin;
	return found;
}

static void add_cell(struct op25b_cell *to, const struct op25b_cell *from)
{
	to->packets += load(&from->packets);
	to->bytes += load(&from->bytes);
}

// Adds the row of one pool: REASON_SLOTS x FAMILY_COUNT cells.
static void add_cells(struct stats_pool *pool, const struct op25b_cell *cells)
{
	uint32_t reason, family;

	for (reason = 0; reason < REASON_COUNT; reason++) {
		for (family = 0; family < FAMILY_COUNT; family++)
			add_cell(&pool->cell[reason][family],
				 &cells[reason * FAMILY_COUNT + family]);
	}
}

// Copies an entry of a host's directory, which may change meanwhile. Returns false if it is no list
// of cells that there are.
static bool take_list(const struct op25b_stats_stage *entry, uint32_t pools,
		      struct op25b_stats_stage *list)
{
	memcpy(list, entry, sizeof(*list));
	take_name(list->stage, entry->stage);
	return list->pool_slot < pools && list->origin < ORIGIN_COUNT &&
	       list->clause_count <= OP25B_MAX_CLAUSES &&
	       list->first_cell <= OP25B_CLAUSE_CELLS - list->clause_count;
}

// Adds the cells of a list, if a frame has met any of its clauses.
static void add_list(struct stats_totals *t, const char *pool, const struct op25b_stats_stage *list,
		     const struct op25b_cell *cells)
{
	struct stats_list *to = NULL;
	uint32_t i;

	for (i = 0; i < list->clause_count; i++) {
		if (!cells[i].packets)
			continue;
		if (!to)
			to = find_list(t, pool, list);
		add_cell(&to->cell[i], &cells[i]);
	}
}

static void add_port(struct op25b_port_counters *to, const struct op25b_port_counters *from)
{
	to->rx_packets += load(&from->rx_packets);
	to->rx_bytes += load(&from->rx_bytes);
	to->tx_packets += load(&from->tx_packets);
	to->tx_bytes += load(&from->tx_bytes);
	to->tx_full_packets += load(&from->tx_full_packets);
	to->answer_packets += load(&from->answer_packets);
}

// What drivers lost is in no worker's block: once for the whole memory.
static void add_losses(struct stats_port *to, const struct op25b_stats_port *from)
{
	to->rx_missed_packets += load(&from->rx_missed_packets);
	to->rx_error_packets += load(&from->rx_error_packets);
	to->rx_nobuf_packets += load(&from->rx_nobuf_packets);
}

static const struct op25b_stats_block *block(const struct op25b_stats_hdr *m, uint32_t worker)
{
	return (const void *)((const char *)m + m->blocks_offset_bytes + worker * m->block_bytes);
}

static uint32_t pool_count(const struct op25b_stats_hdr *m)
{
	uint32_t count = __atomic_load_n(&m->pool_count, __ATOMIC_ACQUIRE);

	return count < OP25B_POOL_SLOTS ? count : OP25B_POOL_SLOTS;
}

static void add_lists(struct stats_totals *t, const struct op25b_stats_hdr *m)
{
	uint32_t count = __atomic_load_n(&m->stage_count, __ATOMIC_ACQUIRE);
	uint32_t pools = pool_count(m), i, w, k;

	for (i = 0; i < count && i < OP25B_STAGE_SLOTS; i++) {
		struct op25b_cell sum[OP25B_MAX_CLAUSES] = {0};
		struct op25b_stats_stage list;

		if (!take_list(&m->stage[i], pools, &list))
			continue;
		for (w = 0; w < m->worker_count; w++) {
			for (k = 0; k < list.clause_count; k++)
				add_cell(&sum[k], &block(m, w)->clause_cell[list.first_cell + k]);
		}
		add_list(t, m->pool_name[list.pool_slot], &list, sum);
	}
}

static void add_work(struct stats_work *to, const struct op25b_stats_block *from, uint32_t ports)
{
	uint32_t i;

	for (i = 0; i < ports; i++)
		to->rx_packets += load(&from->port[i].rx_packets);
	to->busy_polls += load(&from->busy_polls);
	to->idle_polls += load(&from->idle_polls);
	to->sampled_bursts += load(&from->sampled_bursts);
	to->sampled_packets += load(&from->sampled_packets);
	for (i = 0; i < BURST_STEP_COUNT; i++)
		to->step_cycles[i] += load(&from->step_cycles[i]);
}

static void add_memory(struct stats_totals *t, const struct op25b_stats_hdr *m)
{
	uint32_t pools = pool_count(m);
	uint32_t w, i;

	for (w = 0; w < m->worker_count; w++) {
		const struct op25b_stats_block *b = block(m, w);

		for (i = 0; i < pools; i++)
			add_cells(find_pool(t, m->pool_name[i]),
				  &b->cell[OP25B_CELL_INDEX(i, 0, 0)]);
		for (i = 0; i < m->port_count; i++)
			add_port(&find_port(t, m->port[i].name, m->port[i].side)->count,
				 &b->port[i]);
		add_work(&t->work[w], b, m->port_count);
	}
	if (t->work_count < m->worker_count)
		t->work_count = m->worker_count;
	for (i = 0; i < m->port_count; i++)
		add_losses(find_port(t, m->port[i].name, m->port[i].side), &m->port[i]);
	add_lists(t, m);
}

// Sizes before fields, and every count bounded: after this the header's constants are trusted.
static bool is_stats_memory(const struct op25b_stats_hdr *m, size_t bytes)
{
	if (m->magic != OP25B_STATS_MAGIC || m->abi_major != OP25B_STATS_ABI_MAJOR)
		return false;
	if (m->total_bytes > bytes || m->worker_count > OP25B_MAX_WORKERS ||
	    m->port_count > OP25B_MAX_PORTS)
		return false;
	if (m->block_bytes != sizeof(struct op25b_stats_block) || m->blocks_offset_bytes % 8 ||
	    m->blocks_offset_bytes < sizeof(*m) || m->blocks_offset_bytes > m->total_bytes)
		return false;
	return m->worker_count * m->block_bytes <= m->total_bytes - m->blocks_offset_bytes;
}

bool stats_attach(struct stats *s, int fd)
{
	const struct op25b_stats_hdr *m;
	struct stat st;
	void *map = MAP_FAILED;
	size_t bytes = 0;

	if (!fstat(fd, &st) && st.st_size >= (off_t)sizeof(*m)) {
		bytes = (size_t)st.st_size;
		map = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
	}
	close(fd);
	if (map == MAP_FAILED)
		return false;
	m = map;
	if (!is_stats_memory(m, bytes)) {
		munmap(map, bytes);
		return false;
	}
	if (s->memory && s->memory->boot_id != m->boot_id)
		add_memory(&s->base, s->memory);
	if (s->memory)
		munmap((void *)s->memory, s->memory_bytes);
	s->memory = m;
	s->memory_bytes = bytes;
	return true;
}

void stats_free(struct stats *s)
{
	if (s->memory)
		munmap((void *)s->memory, s->memory_bytes);
	stats_totals_free(&s->base);
	*s = (struct stats){0};
}

void stats_totals_free(struct stats_totals *t)
{
	free(t->pools);
	free(t->ports);
	free(t->lists);
	*t = (struct stats_totals){0};
}

static void *copy(const void *from, size_t bytes)
{
	void *to = malloc(bytes ? bytes : 1);

	if (!to)
		err(1, "statistics");
	if (bytes)
		memcpy(to, from, bytes);
	return to;
}

void stats_read(const struct stats *s, struct stats_totals *out)
{
	*out = s->base;
	out->pools = copy(s->base.pools, out->pool_count * sizeof(*out->pools));
	out->ports = copy(s->base.ports, out->port_count * sizeof(*out->ports));
	out->lists = copy(s->base.lists, out->list_count * sizeof(*out->lists));
	if (s->memory)
		add_memory(out, s->memory);
}

static void add_guard(struct stats_totals *t, struct guard *g, const struct guard_counters *c)
{
	struct op25b_stats_stage list;
	struct stats_port *port;
	uint32_t i;

	for (i = 0; i < c->pool_count && i < OP25B_POOL_SLOTS; i++)
		add_cells(find_pool(t, c->pool_name[i]), &c->cell[OP25B_CELL_INDEX(i, 0, 0)]);
	for (i = 0; i < c->stage_count && i < OP25B_STAGE_SLOTS; i++) {
		if (take_list(&c->stage[i], c->pool_count, &list))
			add_list(t, c->pool_name[list.pool_slot], &list,
				 &c->clause_cell[list.first_cell]);
	}
	for (i = 0; i < OP25B_MAX_PORTS && guard_iface(g, i); i++) {
		port = find_port(t, guard_iface(g, i), i % 2 ? SIDE_NETWORK : SIDE_SUBSCRIBER);
		port->count.rx_packets += c->port[i].rx_packets;
		port->to_dataplane_packets += c->port[i].to_dataplane_packets;
	}
}

bool stats_read_guard(struct guard *g, struct stats_totals *out, char error[GUARD_ERROR_BYTES])
{
	struct guard_counters *c = malloc(sizeof(*c));
	bool good = c && guard_read_counters(g, c, error);

	*out = (struct stats_totals){0};
	if (!c)
		err(1, "statistics");
	if (good)
		add_guard(out, g, c);
	free(c);
	return good;
}

uint32_t stats_workers(const struct stats *s, struct stats_worker worker[OP25B_MAX_WORKERS])
{
	struct timespec now;
	uint64_t now_ns;
	uint32_t i;

	if (!s->memory)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	now_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	for (i = 0; i < s->memory->worker_count; i++) {
		const struct op25b_stats_block *b = block(s->memory, i);
		uint64_t beat_ns = load(&b->heartbeat_ns);

		worker[i].generation = load(&b->generation);
		if (!beat_ns)
			worker[i].heartbeat_age_ns = UINT64_MAX;
		else
			// A beat after our look at the clock is no age.
			worker[i].heartbeat_age_ns = beat_ns < now_ns ? now_ns - beat_ns : 0;
	}
	return i;
}

uint64_t stats_reason_packets(const struct stats_totals *t, enum op25b_reason reason)
{
	uint64_t sum = 0;
	uint32_t family;
	size_t i;

	for (i = 0; i < t->pool_count; i++) {
		for (family = 0; family < FAMILY_COUNT; family++)
			sum += t->pools[i].cell[reason][family].packets;
	}
	return sum;
}

uint64_t stats_verdict_packets(const struct stats_totals *t, enum op25b_verdict verdict)
{
	uint64_t sum = 0;
	uint32_t reason;

	for (reason = 0; reason < REASON_COUNT; reason++) {
		if (reason_says(reason) == verdict)
			sum += stats_reason_packets(t, reason);
	}
	return sum;
}
