// SPDX-License-Identifier: BSD-3-Clause
//
// A guard for op25bd that is no BPF program but two files: $FAKE_GUARD/pins holds what is pinned
// ("generation checksum publications"), and while $FAKE_GUARD/fail exists it takes no policy. For
// the failures that the real guard has only when the kernel is out of memory.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/guard/guard.h"

struct guard {
	char dir[200];
	uint64_t generation, checksum;
	unsigned publications;
};

static FILE *state(const struct guard *g, const char *mode)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/pins", g->dir);
	return fopen(path, mode);
}

struct guard *guard_open(const struct dataplane_config *c, char error[GUARD_ERROR_BYTES])
{
	struct guard *g = calloc(1, sizeof(*g));
	const char *dir = getenv("FAKE_GUARD");
	FILE *in;

	(void)c;
	if (!g || !dir) {
		snprintf(error, GUARD_ERROR_BYTES, "FAKE_GUARD is not set");
		free(g);
		return NULL;
	}
	snprintf(g->dir, sizeof(g->dir), "%s", dir);
	in = state(g, "r");
	if (!in)
		return g;
	if (fscanf(in, "%" SCNu64 " %" SCNu64 " %u", &g->generation, &g->checksum,
		   &g->publications) != 3)
		abort();
	fclose(in);
	return g;
}

void guard_close(struct guard *g)
{
	free(g);
}

void guard_prepare(struct guard *g, const void *image)
{
	(void)g;
	(void)image;
}

void guard_discard(struct guard *g)
{
	(void)g;
}

bool guard_publish(struct guard *g, const void *image, size_t bytes, char error[GUARD_ERROR_BYTES])
{
	const struct op25b_image_hdr *hdr = image;
	char path[256];
	FILE *out;

	(void)bytes;
	snprintf(path, sizeof(path), "%s/fail", g->dir);
	if (access(path, F_OK) == 0) {
		snprintf(error, GUARD_ERROR_BYTES, "no room in the kernel");
		return false;
	}
	g->generation = hdr->generation;
	g->checksum = hdr->checksum;
	g->publications++;
	out = state(g, "w");
	if (!out)
		abort();
	fprintf(out, "%" PRIu64 " %" PRIu64 " %u\n", g->generation, g->checksum, g->publications);
	fclose(out);
	return true;
}

uint64_t guard_generation(const struct guard *g)
{
	return g->generation;
}

uint64_t guard_image_checksum(const struct guard *g)
{
	return g->checksum;
}

const char *guard_iface(const struct guard *g, uint32_t index)
{
	(void)g;
	return index == 0 ? "sub0" : index == 1 ? "net0" : NULL;
}

const char *guard_iface_note(const struct guard *g, uint32_t index)
{
	return guard_iface(g, index) ? "fake guard attached" : NULL;
}

bool guard_read_counters(struct guard *g, struct guard_counters *out, char error[GUARD_ERROR_BYTES])
{
	(void)g;
	(void)error;
	memset(out, 0, sizeof(*out));
	out->pool_count = 2;
	snprintf(out->pool_name[1], sizeof(out->pool_name[1]), "flets");
	out->port[0] = (struct op25b_guard_port){.rx_packets = 12, .to_dataplane_packets = 5};
	out->cell[OP25B_CELL_INDEX(1, REASON_DROP_BLOCKED, FAMILY_IP4)].packets = 4;
	out->cell[OP25B_CELL_INDEX(0, REASON_PASS_NOT_IP, FAMILY_NONE)].packets = 3;
	out->stage_count = 2;
	out->stage[1] = (struct op25b_stats_stage){"", 1, ORIGIN_QUARANTINE, 32, 1};
	out->clause_cell[32] = (struct op25b_cell){4, 240};
	return true;
}
