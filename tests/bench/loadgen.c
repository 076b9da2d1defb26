// SPDX-License-Identifier: BSD-3-Clause
//
// Load generator and sink of scripts/capacity, row "memif": one process and one core on both sides
// of the box, over two net_memif ports. Frames of a capture are sent at a given rate, or as fast as
// the rings take them; what comes out is counted and timed. dpdk-testpmd has neither a rate, nor
// latencies between two processes, nor a capture as its source: that is why this exists.
//
// usage: loadgen --frames N EAL OPTIONS with two --vdev: the subscriber side's port, the network's
//
// Commands are lines on standard input, each answered by a line with a JSON object:
//   links SECONDS                            waits until both ports are connected
//   load SIDE CAPTURE                        what SIDE (0 subscriber, 1 network) sends; "-":
//   nothing rows FILE                                the packet table (load_rows.h) learn what the
//   box does with each frame of the captures trial RATE RATE SECONDS [EVERY ANSWERS]  rates of the
//   sides, frames a second or "max". With
//                                            EVERY, each so many-th frame is a row of the table,
//                                            and the different answers to rows are written to
//                                            ANSWERS
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>

#include "load_trial.h"

#define DESCRIPTORS 1024u // memif takes its own, rsize
#define RECEIVE_BUFFERS 16383u
#define JUMBO_BUFFERS 63u
#define JUMBO_BYTES 16384u
#define CACHE 256u

struct loadgen {
	struct rte_mempool *pool, *jumbo_pool, *receive_pool;
	struct trial trial;
};

static struct rte_mempool *make_pool(const char *name, uint32_t buffers, uint32_t bytes)
{
	struct rte_mempool *pool =
		rte_pktmbuf_pool_create(name, buffers, CACHE < buffers ? CACHE : 0, 0,
					(uint16_t)(RTE_PKTMBUF_HEADROOM + bytes), SOCKET_ID_ANY);

	if (!pool) {
		fprintf(stderr, "loadgen: -m does not hold %u buffers of %u bytes\n", buffers,
			bytes);
		exit(1);
	}
	return pool;
}

static void start_port(uint16_t port, struct rte_mempool *pool)
{
	static const struct rte_eth_conf conf;

	if (rte_eth_dev_configure(port, 1, 1, &conf) ||
	    rte_eth_rx_queue_setup(port, 0, DESCRIPTORS, SOCKET_ID_ANY, NULL, pool) ||
	    rte_eth_tx_queue_setup(port, 0, DESCRIPTORS, SOCKET_ID_ANY, NULL) ||
	    rte_eth_dev_start(port)) {
		fprintf(stderr, "loadgen: port %u does not start\n", port);
		exit(1);
	}
}

static const char *do_links(const char *args)
{
	uint64_t end_tsc = rte_rdtsc() + (uint64_t)(strtod(args, NULL) * (double)rte_get_tsc_hz());
	struct rte_eth_link link[TRIAL_SIDES];

	do {
		if (!rte_eth_link_get_nowait(0, &link[0]) &&
		    !rte_eth_link_get_nowait(1, &link[1]) && link[0].link_status &&
		    link[1].link_status)
			return NULL;
		rte_delay_us_sleep(1000);
	} while (rte_rdtsc() < end_tsc);
	return "no box has connected to both ports";
}

static const char *do_load(struct loadgen *g, char *args)
{
	uint32_t side = (uint32_t)(args[0] - '0');

	if (side >= TRIAL_SIDES || args[1] != ' ' || !args[2])
		return "usage: load SIDE CAPTURE";
	if (!strcmp(args + 2, "-")) {
		stream_unload(&g->trial.stream[side]);
		return NULL;
	}
	return stream_load(&g->trial.stream[side], args + 2, g->pool);
}

// Returns false if the text is no rate.
static bool read_rate(const char *text, double *rate)
{
	char *end;

	*rate = strcmp(text, "max") ? strtod(text, &end) : INFINITY;
	return isinf(*rate) || (end != text && !*end && *rate >= 0);
}

static const char *do_trial(struct loadgen *g, char *args)
{
	char rate[TRIAL_SIDES][32] = {"", ""}, answers[256] = "";
	struct trial_plan plan = {.rows_every = 0};
	int read = sscanf(args, "%31s %31s %lf %u %255s", rate[0], rate[1], &plan.seconds,
			  &plan.rows_every, answers);

	if (read < 3 || read == 4 || !read_rate(rate[0], &plan.rate[0]) ||
	    !read_rate(rate[1], &plan.rate[1]))
		return "usage: trial RATE RATE SECONDS [EVERY ANSWERS]";
	trial_run(&g->trial, &plan);
	return answers[0] && !rows_write_answers(&g->trial.rows, answers)
		       ? "the answers cannot be written"
		       : NULL;
}

static void print_fates(const struct stream *s)
{
	uint32_t count[3] = {0, 0, 0}, i;

	for (i = 0; i < s->count; i++)
		count[s->fate[i]]++;
	printf("{\"frames\": %u, \"pass\": %u, \"answer\": %u, \"drop\": %u}", s->count,
	       count[FATE_PASS], count[FATE_ANSWER], count[FATE_DROP]);
}

static const char *obey(struct loadgen *g, const char *command, char *args)
{
	if (!strcmp(command, "links"))
		return do_links(args);
	if (!strcmp(command, "load"))
		return do_load(g, args);
	if (!strcmp(command, "rows"))
		return rows_load(&g->trial.rows, args, g->pool, g->jumbo_pool);
	if (!strcmp(command, "trial"))
		return do_trial(g, args);
	if (strcmp(command, "learn"))
		return "there is no such command";
	return trial_learn(&g->trial) ? NULL : "the box takes no frames";
}

static void serve(struct loadgen *g)
{
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, stdin) > 0) {
		char *args = line + strcspn(line, " \n");
		const char *fault;

		if (*args)
			*args++ = '\0';
		args[strcspn(args, "\n")] = '\0';
		fault = obey(g, line, args);
		printf("{\"error\": \"%s\", \"streams\": [", fault ? fault : "");
		print_fates(&g->trial.stream[0]);
		printf(", ");
		print_fates(&g->trial.stream[1]);
		printf("], \"table\": {");
		rows_print(&g->trial.rows, stdout);
		printf("}, ");
		trial_print(&g->trial, stdout);
		printf("}\n");
		fflush(stdout);
	}
	free(line);
}

int main(int argc, char **argv)
{
	static struct loadgen g;
	uint32_t frames;
	uint16_t port;

	if (argc < 3 || strcmp(argv[1], "--frames") || !(frames = (uint32_t)atoi(argv[2]))) {
		fprintf(stderr, "usage: loadgen --frames N EAL OPTIONS\n");
		return 2;
	}
	argv[2] = argv[0];
	if (rte_eal_init(argc - 2, argv + 2) < 0)
		return 1;
	if (rte_eth_dev_count_avail() != TRIAL_SIDES) {
		fprintf(stderr, "loadgen: two ports are wanted\n");
		return 1;
	}
	g.pool = make_pool("frames", frames, RTE_MBUF_DEFAULT_DATAROOM);
	g.jumbo_pool = make_pool("jumbo", JUMBO_BUFFERS, JUMBO_BYTES);
	g.receive_pool = make_pool("receive", RECEIVE_BUFFERS, RTE_MBUF_DEFAULT_DATAROOM);
	for (port = 0; port < TRIAL_SIDES; port++)
		start_port(port, g.receive_pool);
	serve(&g);
	return 0;
}
