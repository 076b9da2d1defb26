// SPDX-License-Identifier: BSD-3-Clause
//
// See watch.h. The thread runs above the others of its core if it may: they would hide what it is
// to see.
#include "watch.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#define LOOK_EVERY_NS 100000

static struct {
	const struct op25b_stats_hdr *stats;
	pthread_t thread;
	atomic_bool stop;
	_Atomic uint64_t longest_ns;
	_Atomic uint64_t looks;
} watch;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t heartbeat_ns(uint32_t worker)
{
	const struct op25b_stats_hdr *hdr = watch.stats;
	const struct op25b_stats_block *block =
		(const void *)((const char *)hdr + hdr->blocks_offset_bytes +
			       worker * hdr->block_bytes);

	return __atomic_load_n(&block->heartbeat_ns, __ATOMIC_ACQUIRE);
}

// The clock is read first: if this thread is held up before it reads the heartbeat, that one is
// younger, and nothing is seen that was not there.
static void look(void)
{
	uint32_t i;

	for (i = 0; i < watch.stats->worker_count; i++) {
		uint64_t now = now_ns(), beat = heartbeat_ns(i);

		if (beat && now > beat && now - beat > atomic_load(&watch.longest_ns))
			atomic_store(&watch.longest_ns, now - beat);
	}
	atomic_fetch_add(&watch.looks, 1);
}

static void *run(void *unused)
{
	const struct timespec nap = {0, LOOK_EVERY_NS};

	(void)unused;
	while (!atomic_load(&watch.stop)) {
		look();
		nanosleep(&nap, NULL);
	}
	return NULL;
}

bool watch_start(const struct op25b_stats_hdr *stats)
{
	const struct sched_param above = {.sched_priority = 1};

	watch.stats = stats;
	if (pthread_create(&watch.thread, NULL, run, NULL))
		return false;
	// Without the right to, looks are fewer under load, and the count of them says so.
	pthread_setschedparam(watch.thread, SCHED_FIFO, &above);
	return true;
}

void watch_stop(void)
{
	atomic_store(&watch.stop, true);
	pthread_join(watch.thread, NULL);
}

struct watch_gap watch_take(void)
{
	return (struct watch_gap){
		.longest_ns = atomic_exchange(&watch.longest_ns, 0),
		.looks = atomic_exchange(&watch.looks, 0),
	};
}
