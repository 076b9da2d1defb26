// SPDX-License-Identifier: BSD-3-Clause
//
// See dp_rings.h.
#include "dp_rings.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dataplane/dpdk/burst.h"
#include "dataplane/dpdk/eal.h"
#include "dataplane/dpdk/port.h"
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_ring.h>

#define BUFFERS 4096u
#define RX_FRAMES 1024u
#define MAX_PORTS (2u * DP_RINGS_MAX_PAIRS)
#define SEGMENT_BYTES 2000u // a buffer has room for a little more
#define MEMORY_MIB 512u
#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static struct {
	bool is_dpdk_started;
	struct rte_mempool *pool;
	struct rte_ring *rx[MAX_PORTS][DP_RINGS_MAX_WORKERS]; // [DP_RINGS_PORT][queue]
	struct rte_ring *tx[MAX_PORTS][DP_RINGS_MAX_WORKERS];
	struct port port[MAX_PORTS];
	uint32_t port_count;
	struct stats stats;
	struct publish publish;
	struct worker worker[DP_RINGS_MAX_WORKERS];
	uint32_t worker_count;
	atomic_bool stop;
	uint64_t *slots;
	uint32_t start_count; // names of rings and ports are used once
} rings;

static void must(bool is_ok, const char *what)
{
	if (is_ok)
		return;
	fprintf(stderr, "dp_rings: %s\n", what);
	exit(1);
}

// Workers are on CPUs of their own, if there are so many.
static void choose_cores(struct dataplane_config *c)
{
	uint32_t cpu, count = 0, i;
	cpu_set_t allowed;

	must(sched_getaffinity(0, sizeof(allowed), &allowed) == 0, "no CPUs");
	for (cpu = 0; cpu < CPU_SETSIZE && count < DP_RINGS_MAX_WORKERS; cpu++) {
		if (CPU_ISSET(cpu, &allowed))
			c->cores[count++] = cpu;
	}
	for (i = count; i < DP_RINGS_MAX_WORKERS; i++)
		c->cores[i] = c->cores[i % count];
	c->core_count = DP_RINGS_MAX_WORKERS;
}

static void start_dpdk(void)
{
	struct dataplane_config c = {
		.hugepages = HUGEPAGES_NO,
		.memory_mib = MEMORY_MIB,
	};

	if (rings.is_dpdk_started)
		return;
	choose_cores(&c);
	must(eal_start(&c, true), "DPDK does not start");
	rings.pool = port_pool_create(BUFFERS);
	must(rings.pool, "no packet buffers");
	rings.is_dpdk_started = true;
}

static struct rte_ring *make_ring(const char *kind, uint32_t port, uint32_t queue, uint32_t frames)
{
	char name[RTE_RING_NAMESIZE];
	struct rte_ring *ring;

	snprintf(name, sizeof(name), "%s%u_%u_%u", kind, port, queue, rings.start_count);
	ring = rte_ring_create(name, frames, SOCKET_ID_ANY, 0);
	must(ring, "no memory for a ring");
	return ring;
}

static void make_port(uint32_t pair, enum op25b_side side, const struct dp_rings_config *c)
{
	uint32_t tx_frames = c->tx_frames ? c->tx_frames : RX_FRAMES;
	uint32_t n = DP_RINGS_PORT(pair, side), queue;
	struct port *p = &rings.port[n];
	int eth, stats;

	for (queue = 0; queue < rings.worker_count; queue++) {
		rings.rx[n][queue] = make_ring("rx", n, queue, RX_FRAMES);
		rings.tx[n][queue] = make_ring("tx", n, queue, tx_frames);
	}
	snprintf(p->name, sizeof(p->name), "ring%u_%u", n, rings.start_count);
	eth = rte_eth_from_rings(p->name, rings.rx[n], rings.worker_count, rings.tx[n],
				 rings.worker_count, 0);
	must(eth >= 0 && port_start(p, (uint16_t)eth, rings.worker_count, rings.pool),
	     "no ring port");
	stats = (int)stats_add_port(&rings.stats, p->name, side, pair);
	must(stats == (int)n, "a port is not in its place in the counters");
}

static struct worker_port port_of_worker(uint32_t pair, enum op25b_side side, uint32_t worker,
					 const struct dp_rings_config *c)
{
	uint32_t n = DP_RINGS_PORT(pair, side);

	return (struct worker_port){
		.eth = port_eth(&rings.port[n], worker),
		.queue = port_queue(&rings.port[n], worker),
		.stats = (uint8_t)n,
		.ingress = {.side = side,
			    .pair = (uint8_t)pair,
			    .drop_l2_doubt = c->l2_doubt_drop >> pair & 1},
		.has_guard = c->guard != NULL,
	};
}

static void make_pairs(const struct dp_rings_config *c)
{
	uint32_t pair, worker, count = c->pair_count ? c->pair_count : 1;

	must(count <= DP_RINGS_MAX_PAIRS, "too many pairs");
	rings.port_count = 2 * count;
	for (pair = 0; pair < count; pair++) {
		make_port(pair, SIDE_SUBSCRIBER, c);
		make_port(pair, SIDE_NETWORK, c);
		for (worker = 0; worker < rings.worker_count; worker++)
			worker_add_pair(&rings.worker[worker],
					port_of_worker(pair, SIDE_SUBSCRIBER, worker, c),
					port_of_worker(pair, SIDE_NETWORK, worker, c));
	}
}

void dp_rings_start(const struct dp_rings_config *c)
{
	struct worker_setup setup = {
		.publish = &rings.publish,
		.stats = &rings.stats,
		.answers_per_s = c->answers_per_s,
		.start_pass = c->start_pass,
		.heartbeat = c->heartbeat,
		.stop = &rings.stop,
	};

	uint32_t i;

	start_dpdk();
	rings.start_count++;
	rings.worker_count = c->worker_count ? c->worker_count : 1;
	must(rings.worker_count <= DP_RINGS_MAX_WORKERS, "too many workers");
	rings.slots = calloc(c->slots + 1u, sizeof(*rings.slots));
	must(rings.slots && stats_init(&rings.stats, rings.worker_count, c->slots, c->start_pass) &&
		     publish_init(&rings.publish, rings.worker_count, &rings.stats, rings.slots,
				  c->slots),
	     "does not start");
	rings.publish.guard = c->guard;
	setup.slots = rings.slots;
	setup.pool = rings.pool;
	for (i = 0; i < rings.worker_count; i++)
		must(worker_init(&rings.worker[i], i, &setup), "no memory for a worker");
	make_pairs(c);
}

static void empty_port(uint32_t n)
{
	struct rte_mbuf *m;
	uint32_t queue;

	for (queue = 0; queue < rings.worker_count; queue++) {
		while (rte_ring_dequeue(rings.rx[n][queue], (void **)&m) == 0 ||
		       rte_ring_dequeue(rings.tx[n][queue], (void **)&m) == 0)
			rte_pktmbuf_free(m);
	}
}

void dp_rings_stop(void)
{
	uint32_t n, i;

	dp_rings_halt(); // a test that failed leaves the workers running
	atomic_store(&rings.stop, false);
	for (n = 0; n < rings.port_count; n++) {
		empty_port(n);
		port_stop(&rings.port[n]);
		for (i = 0; i < rings.worker_count; i++) {
			rte_ring_free(rings.rx[n][i]);
			rte_ring_free(rings.tx[n][i]);
		}
	}
	for (i = 0; i < rings.worker_count; i++)
		worker_fini(&rings.worker[i]);
	publish_fini(&rings.publish);
	stats_fini(&rings.stats);
	free(rings.slots);
}

int dp_rings_memfd(const void *image, size_t bytes, int seals)
{
	int fd = memfd_create("image", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	must(fd >= 0 && write(fd, image, bytes) == (ssize_t)bytes, "no memfd");
	must(fcntl(fd, F_ADD_SEALS, seals) == 0, "no seals");
	return fd;
}

struct publish_answer dp_rings_publish(const void *image, size_t bytes)
{
	int fd = dp_rings_memfd(image, bytes, ALL_SEALS);
	struct publish_answer answer = publish_offer(&rings.publish, fd);

	close(fd);
	return answer;
}

static struct rte_mbuf *make_segment(const void *bytes, uint32_t count)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(rings.pool);
	char *room = m ? rte_pktmbuf_append(m, (uint16_t)count) : NULL;

	must(room, "no buffer");
	memcpy(room, bytes, count);
	return m;
}

// A frame in buffers that end at these places.
static struct rte_mbuf *make_frame(const void *frame, uint32_t bytes, const uint32_t *ends,
				   uint32_t end_count)
{
	struct rte_mbuf *head = NULL;
	uint32_t at = 0, i = 0;

	do {
		uint32_t end = at + SEGMENT_BYTES < bytes ? at + SEGMENT_BYTES : bytes;
		struct rte_mbuf *m;

		while (i < end_count && ends[i] <= at)
			i++;
		if (i < end_count && ends[i] < end)
			end = ends[i];
		m = make_segment((const char *)frame + at, end - at);
		must(!head || !rte_pktmbuf_chain(head, m), "too many segments");
		head = head ? head : m;
		at = end;
	} while (at < bytes);
	return head;
}

void dp_rings_send_split(uint32_t port, const void *frame, uint32_t bytes, const uint32_t *ends,
			 uint32_t end_count)
{
	struct rte_mbuf *m = make_frame(frame, bytes, ends, end_count);

	must(rte_ring_enqueue(rings.rx[port][0], m) == 0, "receive ring is full");
}

void dp_rings_send_queue(uint32_t port, uint32_t queue, const void *frame, uint32_t bytes)
{
	struct rte_mbuf *m = make_frame(frame, bytes, NULL, 0);

	must(rte_ring_enqueue(rings.rx[port][queue], m) == 0, "receive ring is full");
}

void dp_rings_send(uint32_t port, const void *frame, uint32_t bytes)
{
	dp_rings_send_queue(port, 0, frame, bytes);
}

uint32_t dp_rings_turn(void)
{
	uint32_t count, i, all = 0;

	for (i = 0; i < rings.worker_count; i++) {
		while ((count = worker_turn(&rings.worker[i])) > 0)
			all += count;
	}
	return all;
}

void dp_rings_run(void)
{
	uint32_t i;

	atomic_store(&rings.stop, false);
	for (i = 0; i < rings.worker_count; i++)
		must(!rte_eal_remote_launch(worker_run, &rings.worker[i], eal_worker_lcore(i)),
		     "a worker does not start");
}

void dp_rings_halt(void)
{
	uint32_t i;

	atomic_store(&rings.stop, true);
	for (i = 0; i < rings.worker_count; i++)
		rte_eal_wait_lcore(eal_worker_lcore(i));
}

uint32_t dp_rings_receive(uint32_t port, void *frame, uint32_t room_bytes)
{
	struct rte_mbuf *m;
	uint32_t bytes, queue = 0;
	const void *at;

	while (rte_ring_dequeue(rings.tx[port][queue], (void **)&m)) {
		if (++queue == rings.worker_count)
			return 0;
	}
	bytes = m->pkt_len;
	must(bytes <= room_bytes, "frame is longer than the room given");
	at = rte_pktmbuf_read(m, 0, bytes, frame);
	if (at != frame)
		memcpy(frame, at, bytes);
	rte_pktmbuf_free(m);
	return bytes;
}

const struct op25b_stats_block *dp_rings_counters(void)
{
	return rings.worker[0].block;
}

const struct op25b_stats_hdr *dp_rings_stats_header(void)
{
	return rings.stats.hdr;
}

uint64_t dp_rings_reason_count(enum op25b_reason reason)
{
	uint32_t i, pool, family;
	uint64_t packets = 0;

	for (i = 0; i < rings.worker_count; i++) {
		const struct op25b_cell *cell = rings.worker[i].block->cell;

		for (pool = 0; pool < OP25B_POOL_SLOTS; pool++) {
			for (family = 0; family < FAMILY_COUNT; family++)
				packets += cell[OP25B_CELL_INDEX(pool, reason, family)].packets;
		}
	}
	return packets;
}

uint64_t *dp_rings_slots(void)
{
	return rings.slots;
}

struct publish *dp_rings_publisher(void)
{
	return &rings.publish;
}

const struct stats *dp_rings_stats(void)
{
	return &rings.stats;
}

struct worker *dp_rings_worker(void)
{
	return dp_rings_worker_at(0);
}

struct worker *dp_rings_worker_at(uint32_t queue)
{
	return &rings.worker[queue];
}

uint32_t dp_rings_buffers_in_use(void)
{
	return rte_mempool_in_use_count(rings.pool);
}
