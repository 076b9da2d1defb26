// SPDX-License-Identifier: BSD-3-Clause
//
// op25b-dp: the dataplane. Reads dataplane.json, starts what it needs in the order below, serves
// dp.sock until it is told to stop, and undoes everything in reverse.
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "eal.h"
#include "link.h"
#include "log.h"
#include "port.h"
#include "shared.h"
#include "stats.h"
#include "worker.h"
#include <rte_eal.h>
#include <rte_launch.h>
#include <rte_version.h>

#define EXIT_USAGE 2
#define LINK_WAIT_MS 200
#define STUCK_NS 2000000000ull
#define LOSSES_EVERY_NS 1000000000ull

static struct {
	struct dataplane_config config;
	const char *config_path;
	bool no_huge;
	int signal_fd;
	int lock_fd;
	struct shared shared;
	struct stats stats;
	struct rte_mempool *pool;
	struct ports ports;
	struct publish publish;
	struct worker worker[CONFIG_MAX_CORES];
	bool is_stuck[CONFIG_MAX_CORES]; // said so in the log
	bool is_behind;                  // likewise, of the guard's policy
	uint64_t losses_read_ns;         // when the drivers were last asked
	uint32_t running_count;          // workers launched
	atomic_bool stop;
	struct link_server link;
} dp;

static void print_usage(FILE *out)
{
	fprintf(out, "usage: op25b-dp --config dataplane.json [--no-huge] [--version] [--help]\n");
}

// Returns an exit status, or -1 to go on.
static int read_args(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"no-huge", no_argument, NULL, 'n'},
		{"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "c:nvh", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			dp.config_path = optarg;
			break;
		case 'n':
			dp.no_huge = true;
			break;
		case 'v':
			printf("op25b-dp %s (%s)\n", OP25B_VERSION, rte_version());
			return 0;
		case 'h':
			print_usage(stdout);
			return 0;
		default:
			print_usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (dp.config_path && optind == argc)
		return -1;
	print_usage(stderr);
	return EXIT_USAGE;
}

static bool read_config(void)
{
	struct diag d;
	bool is_ok;

	diag_init(&d, dp.config_path);
	is_ok = config_read(dp.config_path, &dp.config, &d);
	diag_print(&d, stderr);
	diag_free(&d);
	return is_ok;
}

// Signals are read from a descriptor, so that nothing is ever interrupted.
static bool catch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return false;
	dp.signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return dp.signal_fd >= 0;
}

// One op25b-dp a run_dir.
static bool take_lock(void)
{
	char path[CONFIG_MAX_PATH_BYTES + 16];

	if (mkdir(dp.config.run_dir, 0755) && errno != EEXIST) {
		log_line("cannot make run_dir %s: %m", dp.config.run_dir);
		return false;
	}
	snprintf(path, sizeof(path), "%s/dp.lock", dp.config.run_dir);
	dp.lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (dp.lock_fd >= 0 && !flock(dp.lock_fd, LOCK_EX | LOCK_NB))
		return true;
	if (dp.lock_fd >= 0 && errno == EWOULDBLOCK)
		log_line("another op25b-dp is running: it holds %s", path);
	else
		log_line("cannot lock %s: %m", path);
	return false;
}

static enum op25b_side side_of_port(uint32_t index)
{
	return index % 2 ? SIDE_NETWORK : SIDE_SUBSCRIBER;
}

// Ports stand in the statistics in their own order.
static void add_ports_to_stats(void)
{
	uint32_t i;

	for (i = 0; i < dp.ports.count; i++)
		stats_add_port(&dp.stats, dp.ports.port[i].name, side_of_port(i), i / 2);
}

static struct worker_port port_of_worker(uint32_t index, uint32_t worker)
{
	const struct config_pair *pair = &dp.config.pairs[index / 2];
	const struct port *p = &dp.ports.port[index];
	enum op25b_side side = side_of_port(index);
	const struct config_port *config =
		side == SIDE_SUBSCRIBER ? &pair->subscriber : &pair->network;
	char unused[OP25B_MAX_NAME_BYTES];

	return (struct worker_port){
		.eth = port_eth(p, worker),
		.queue = port_queue(p, worker),
		.stats = (uint8_t)index,
		.ingress = {.side = (uint8_t)side,
			    .pair = (uint8_t)(index / 2),
			    .drop_l2_doubt = pair->drop_l2_doubt},
		.has_guard = config_port_has_guard(config),
		// Drivers of software devices copy; what they have copied is in the cache.
		.is_far = config_port_has_guard(config) ||
			  eal_is_pci(config->devargs, unused, sizeof(unused)),
	};
}

static bool init_workers(void)
{
	const struct worker_setup setup = {
		.publish = &dp.publish,
		.stats = &dp.stats,
		.slots = dp.shared.slots,
		.heartbeat = dp.shared.heartbeat,
		.answers_per_s = dp.config.answers_per_s,
		.idle_us = dp.config.idle_us,
		.start_pass = dp.config.start_pass,
		.pool = dp.pool,
		.stop = &dp.stop,
	};
	uint32_t i, j;

	add_ports_to_stats();
	for (i = 0; i < dp.config.core_count; i++) {
		if (!worker_init(&dp.worker[i], i, &setup))
			return false;
		for (j = 0; j < dp.ports.count; j += 2)
			worker_add_pair(&dp.worker[i], port_of_worker(j, i),
					port_of_worker(j + 1, i));
	}
	return true;
}

static bool launch_workers(void)
{
	uint32_t i;

	for (i = 0; i < dp.config.core_count; i++) {
		int error = rte_eal_remote_launch(worker_run, &dp.worker[i], eal_worker_lcore(i));

		if (error) {
			log_line("worker %u does not start: %s", i, strerror(-error));
			return false;
		}
		dp.running_count++;
	}
	return true;
}

static bool start(void)
{
	if (!shared_wait_for_guard(&dp.config, dp.signal_fd) ||
	    !shared_init(&dp.shared, &dp.config))
		return false;
	if (!stats_init(&dp.stats, dp.config.core_count, dp.shared.slots_capacity,
			dp.config.start_pass))
		return false;
	if (!publish_init(&dp.publish, dp.config.core_count, &dp.stats, dp.shared.slots,
			  dp.shared.slots_capacity))
		return false;
	dp.publish.guard = dp.shared.guard;
	dp.pool = port_pool_create(dp.config.buffers);
	if (!dp.pool || !ports_start(&dp.ports, &dp.config, dp.pool) || !init_workers())
		return false;
	if (!link_init(&dp.link, dp.config.run_dir, &dp.publish, &dp.stats))
		return false;
	return launch_workers();
}

// A worker that does not turn any more cannot be helped from here, but it must not go unsaid.
static void watch_workers(void)
{
	uint64_t now = clock_now_ns();
	uint32_t i;

	for (i = 0; i < dp.running_count; i++) {
		uint64_t beat =
			__atomic_load_n(&dp.worker[i].block->heartbeat_ns, __ATOMIC_RELAXED);
		bool is_stuck = beat && now > beat && now - beat > STUCK_NS;

		if (is_stuck != dp.is_stuck[i])
			log_line(is_stuck ? "worker %u is stuck" : "worker %u runs again", i);
		dp.is_stuck[i] = is_stuck;
	}
}

// The worker's side of it is in worker_turn().
static void watch_guard(void)
{
	const struct tables *t = atomic_load(&dp.publish.current);
	bool is_behind = t && publish_is_behind_guard(&dp.publish, t);

	if (is_behind != dp.is_behind)
		log_line(is_behind ? "the guard has a newer policy: frames are left to it until "
				     "op25bd offers that one here"
				   : "the guard's policy is in force here too");
	dp.is_behind = is_behind;
}

static void read_losses(void)
{
	uint32_t i;

	for (i = 0; i < dp.ports.count; i++)
		port_read_losses(&dp.ports.port[i], &dp.stats.hdr->port[i]);
}

// Asking a driver may take it a while, and offers come in any number: not at each turn.
static void watch_losses(void)
{
	uint64_t now = clock_now_ns();

	if (now - dp.losses_read_ns < LOSSES_EVERY_NS)
		return;
	dp.losses_read_ns = now;
	read_losses();
}

static void serve(void)
{
	log_line("%s: %u worker%s, %s", rte_version(), dp.running_count,
		 dp.running_count == 1 ? "" : "s",
		 dp.config.start_pass ? "PASSING everything until a policy comes"
				      : "holding all traffic until a policy comes");
	while (link_turn(&dp.link, dp.signal_fd, LINK_WAIT_MS)) {
		publish_turn(&dp.publish);
		watch_workers();
		watch_guard();
		watch_losses();
	}
}

static void log_totals(void)
{
	struct stats_totals sum;

	stats_sum(&dp.stats, &sum);
	log_line("stopped: received %llu, forwarded %llu, dropped %llu, answered %llu, transmit "
		 "queue full %llu; lost before they were received: %llu",
		 (unsigned long long)sum.received,
		 (unsigned long long)(sum.verdict[VERDICT_PASS] - sum.tx_full),
		 (unsigned long long)sum.verdict[VERDICT_DROP],
		 (unsigned long long)sum.verdict[VERDICT_ANSWER], (unsigned long long)sum.tx_full,
		 (unsigned long long)sum.lost);
}

// Undoes start(), however far it came.
static void undo(void)
{
	uint32_t i;

	atomic_store(&dp.stop, true);
	for (i = 0; i < dp.running_count; i++)
		rte_eal_wait_lcore(eal_worker_lcore(i));
	if (dp.running_count) {
		read_losses();
		log_totals();
	}
	link_fini(&dp.link);
	for (i = 0; i < dp.config.core_count; i++)
		worker_fini(&dp.worker[i]);
	ports_stop(&dp.ports);
	rte_mempool_free(dp.pool);
	publish_fini(&dp.publish);
	stats_fini(&dp.stats);
	shared_fini(&dp.shared);
}

static bool is_told_to_stop(void)
{
	struct pollfd fd = {.fd = dp.signal_fd, .events = POLLIN};

	return poll(&fd, 1, 0) > 0;
}

int main(int argc, char **argv)
{
	int status = read_args(argc, argv);
	bool is_started;

	if (status >= 0)
		return status;
	dp.stats.fd = dp.stats.reader_fd = dp.link.listen_fd = -1;
	if (!read_config() || !catch_signals() || !take_lock() ||
	    !eal_start(&dp.config, dp.no_huge))
		return EXIT_FAILURE;
	is_started = start();
	if (is_started)
		serve();
	// Told to stop before it was ready is no failure either.
	status = is_started || is_told_to_stop() ? EXIT_SUCCESS : EXIT_FAILURE;
	undo();
	rte_eal_cleanup();
	return status;
}
