// SPDX-License-Identifier: BSD-3-Clause
//
// See stats.h. Main thread.
#include "stats.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "../core/decide.h"
#include "clock.h"
#include "log.h"
#include <rte_cycles.h>

static uint64_t header_bytes(void)
{
	return (sizeof(struct op25b_stats_hdr) + 4095u) & ~4095ull;
}

// A descriptor through which the memory can only be read, whoever holds it.
static int reopen_read_only(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static bool make_memory(struct stats *s, uint64_t bytes)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;
	void *memory;

	s->fd = memfd_create("op25b-stats", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (s->fd < 0 || ftruncate(s->fd, (off_t)bytes))
		return false;
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	if (memory == MAP_FAILED)
		return false;
	s->hdr = memory;
	s->hdr->total_bytes = bytes;
	s->reader_fd = reopen_read_only(s->fd);
	return s->reader_fd >= 0 && fcntl(s->fd, F_ADD_SEALS, seals) == 0;
}

bool stats_init(struct stats *s, uint32_t worker_count, uint64_t slots_capacity, bool start_pass)
{
	uint64_t bytes = header_bytes() + worker_count * sizeof(struct op25b_stats_block);
	struct directory directory;

	*s = (struct stats){.fd = -1, .reader_fd = -1};
	if (!make_memory(s, bytes) ||
	    getrandom(&s->hdr->boot_id, sizeof(s->hdr->boot_id), 0) != sizeof(s->hdr->boot_id)) {
		log_line("cannot make the statistics memory of %llu bytes: %m",
			 (unsigned long long)bytes);
		stats_fini(s);
		return false;
	}
	s->hdr->abi_major = OP25B_STATS_ABI_MAJOR;
	s->hdr->start_ns = clock_now_ns();
	s->hdr->slots_capacity = slots_capacity;
	s->hdr->worker_count = worker_count;
	s->hdr->tsc_hz = rte_get_tsc_hz();
	directory = stats_directory(s);
	directory_init(&directory);
	s->hdr->start_pass = start_pass;
	s->hdr->blocks_offset_bytes = header_bytes();
	s->hdr->block_bytes = sizeof(struct op25b_stats_block);
	s->hdr->magic = OP25B_STATS_MAGIC;
	return true;
}

void stats_fini(struct stats *s)
{
	if (s->hdr)
		munmap(s->hdr, s->hdr->total_bytes);
	if (s->reader_fd >= 0)
		close(s->reader_fd);
	if (s->fd >= 0)
		close(s->fd);
	*s = (struct stats){.fd = -1, .reader_fd = -1};
}

uint32_t stats_add_port(struct stats *s, const char *name, enum op25b_side side, uint32_t pair)
{
	uint32_t index = s->hdr->port_count++;
	struct op25b_stats_port *port = &s->hdr->port[index];

	snprintf(port->name, sizeof(port->name), "%s", name);
	port->side = side;
	port->pair = pair;
	return index;
}

struct op25b_stats_block *stats_block(const struct stats *s, uint32_t worker)
{
	return (void *)((char *)s->hdr + s->hdr->blocks_offset_bytes +
			worker * s->hdr->block_bytes);
}

struct directory stats_directory(const struct stats *s)
{
	return (struct directory){
		.pool_name = s->hdr->pool_name,
		.pool_count = &s->hdr->pool_count,
		.stage = s->hdr->stage,
		.stage_count = &s->hdr->stage_count,
	};
}

void stats_set_policy(struct stats *s, uint64_t generation, uint64_t checksum)
{
	__atomic_store_n(&s->hdr->image_checksum, checksum, __ATOMIC_RELAXED);
	__atomic_store_n(&s->hdr->generation, generation, __ATOMIC_RELEASE);
}

static void sum_block(const struct op25b_stats_block *block, struct stats_totals *sum)
{
	uint32_t i;

	for (i = 0; i < OP25B_MAX_PORTS; i++) {
		sum->received += block->port[i].rx_packets;
		sum->tx_full += block->port[i].tx_full_packets;
	}
	for (i = 0; i < OP25B_CELL_COUNT; i++) {
		uint32_t reason = i / FAMILY_COUNT % OP25B_REASON_SLOTS;

		if (reason < REASON_COUNT)
			sum->verdict[reason_verdict((uint8_t)reason)] += block->cell[i].packets;
	}
}

void stats_sum(const struct stats *s, struct stats_totals *sum)
{
	uint32_t i;

	*sum = (struct stats_totals){0};
	for (i = 0; i < s->hdr->port_count; i++)
		sum->lost += s->hdr->port[i].rx_missed_packets + s->hdr->port[i].rx_error_packets +
			     s->hdr->port[i].rx_nobuf_packets;
	for (i = 0; i < s->hdr->worker_count; i++)
		sum_block(stats_block(s, i), sum);
}
