// SPDX-License-Identifier: BSD-3-Clause
//
// See offer_totals.h.
#include "offer_totals.h"

#include <inttypes.h>
#include <stdio.h>

static const struct op25b_stats_block *block(const struct op25b_stats_hdr *stats, uint32_t worker)
{
	return (const void *)((const char *)stats + stats->blocks_offset_bytes +
			      worker * stats->block_bytes);
}

static uint64_t read_counter(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

uint64_t totals_received(const struct op25b_stats_hdr *stats)
{
	uint64_t sum = 0;
	uint32_t i, j;

	for (i = 0; i < stats->worker_count; i++) {
		for (j = 0; j < stats->port_count; j++)
			sum += read_counter(&block(stats, i)->port[j].rx_packets);
	}
	return sum;
}

static uint64_t tx_full(const struct op25b_stats_hdr *stats)
{
	uint64_t sum = 0;
	uint32_t i, j;

	for (i = 0; i < stats->worker_count; i++) {
		for (j = 0; j < stats->port_count; j++)
			sum += read_counter(&block(stats, i)->port[j].tx_full_packets);
	}
	return sum;
}

static uint64_t cell(const struct op25b_stats_hdr *stats, uint32_t pool, uint32_t reason)
{
	uint64_t sum = 0;
	uint32_t i, family;

	for (i = 0; i < stats->worker_count; i++) {
		for (family = 0; family < FAMILY_COUNT; family++)
			sum += read_counter(&block(stats, i)
						     ->cell[OP25B_CELL_INDEX(pool, reason, family)]
						     .packets);
	}
	return sum;
}

static const struct {
	const char *name;
	uint32_t verdict;
} reasons[] = {
#define REASON_ROW(id, verdict, name, help) {name, VERDICT_##verdict},
	OP25B_REASONS(REASON_ROW)
#undef REASON_ROW
};

// Adds the pool's frames to the sums of their verdicts.
static void print_pool(const struct op25b_stats_hdr *stats, uint32_t pool, uint64_t *verdicts)
{
	const char *comma = "";
	uint32_t reason;

	printf("%s\"%s\": {", pool ? ", " : "", stats->pool_name[pool]);
	for (reason = 0; reason < REASON_COUNT; reason++) {
		uint64_t count = cell(stats, pool, reason);

		verdicts[reasons[reason].verdict] += count;
		if (!count)
			continue;
		printf("%s\"%s\": %" PRIu64, comma, reasons[reason].name, count);
		comma = ", ";
	}
	printf("}");
}

void totals_print(const struct op25b_stats_hdr *stats)
{
	uint64_t verdicts[VERDICT_COUNT] = {0}, full = tx_full(stats);
	uint32_t i;

	printf("{\"received\": %" PRIu64 ", \"pools\": {", totals_received(stats));
	for (i = 0; i < stats->pool_count; i++)
		print_pool(stats, i, verdicts);
	printf("}, \"forwarded\": %" PRIu64 ", \"dropped\": %" PRIu64 ", \"answered\": %" PRIu64
	       ", \"tx_full\": %" PRIu64 "}\n",
	       verdicts[VERDICT_PASS] - full, verdicts[VERDICT_DROP], verdicts[VERDICT_ANSWER],
	       full);
	fflush(stdout);
}
