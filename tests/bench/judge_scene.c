// SPDX-License-Identifier: BSD-3-Clause
//
// See judge_scene.h.
#include "judge_scene.h"

#include <string.h>

#include "dataplane/dpdk/clock.h"
#include "judge_stop.h"
#include <rte_cycles.h>
#include <rte_prefetch.h>

#define CHOICE_MS 5u // that an algorithm of rte_acl is tried for, more than once

static const char *const contender_names[CONTENDER_COUNT] = {"op25b", "rte_acl", "scan", "touch"};
static const char *const ruling_names[RULING_COUNT] = {"pass", "drop", "limited"};

struct choice {
	struct judge *judge;
	uint64_t timer_cycles;
};

const char *contender_name(enum contender which)
{
	return contender_names[which];
}

// As serve_port() in worker.c.
static void fetch_ahead(const struct box *b, uint32_t count)
{
	uint32_t i;

	for (i = 0; b->in.is_far && i < count; i++)
		rte_prefetch0(rte_pktmbuf_mtod(b->worker.burst->rx[i], const void *));
}

static void decide_op25b(void *ctx, uint32_t count, uint64_t now_ns)
{
	struct box *b = ctx;

	fetch_ahead(b, count);
	burst_decide(&b->worker, box_tables(b), &b->in, count, now_ns);
}

// The same with the worker's own measurement of its steps, which op25b-dp has in a burst now and
// then.
static void decide_in_steps(void *ctx, uint32_t count, uint64_t now_ns)
{
	struct box *b = ctx;

	b->worker.is_sampled = true;
	b->worker.lap_tsc = rte_rdtsc();
	b->worker.block->sampled_packets += count;
	fetch_ahead(b, count);
	burst_decide(&b->worker, box_tables(b), &b->in, count, now_ns);
	b->worker.is_sampled = false;
}

static void decide_acl(void *ctx, uint32_t count, uint64_t now_ns)
{
	(void)now_ns;
	rivals_acl(ctx, count);
}

static void decide_scan(void *ctx, uint32_t count, uint64_t now_ns)
{
	(void)now_ns;
	rivals_scan(ctx, count);
}

static void decide_touch(void *ctx, uint32_t count, uint64_t now_ns)
{
	(void)now_ns;
	rivals_touch(ctx, count);
}

static double choice_cost(void *ctx)
{
	const struct choice *c = ctx;
	struct judge_windows w = {0};

	judge_measure(c->judge, CHOICE_MS, c->timer_cycles, &w);
	return judge_sum_up(&w).least_cycles;
}

static void ready(struct scene *s, enum contender which, void *ctx, struct rte_mbuf **rx,
		  void (*function)(void *ctx, uint32_t count, uint64_t now_ns))
{
	s->judge[which] = (struct judge){
		.name = contender_names[which],
		.rx = rx,
		.decide = function,
		.ctx = ctx,
		.frames = s->frames,
		.now_ns = clock_now_ns(),
		.pace_ns = box_pace_ns(&s->box, s->frames->count),
	};
}

void scene_open(struct scene *s, uint32_t index, uint64_t timer_cycles)
{
	struct choice choice = {&s->judge[CONTENDER_ACL], timer_cycles};
	uint64_t before;

	box_open(&s->box);
	ready(s, CONTENDER_OP25B, &s->box, s->box.worker.burst->rx, decide_op25b);
	ready(s, CONTENDER_ACL, &s->rivals, s->rivals.rx, decide_acl);
	ready(s, CONTENDER_SCAN, &s->rivals, s->rivals.rx, decide_scan);
	ready(s, CONTENDER_TOUCH, &s->rivals, s->rivals.rx, decide_touch);
	if (!s->is_wanted[CONTENDER_ACL] && !s->is_wanted[CONTENDER_SCAN])
		return;
	rivals_open(&s->rivals, &box_tables(&s->box)->view);
	if (!s->is_wanted[CONTENDER_ACL])
		return;
	before = box_dpdk_bytes();
	rivals_build_acl(&s->rivals, index, choice_cost, &choice);
	s->rivals.acl_bytes = box_dpdk_bytes() - before;
}

void scene_close(struct scene *s)
{
	rivals_close(&s->rivals);
	box_close(&s->box);
}

// What the quick test settles has no place in the arrays of the burst: it passes.
static void rulings_of_burst(const struct burst *b, uint32_t count, uint8_t ruling[WORKER_BURST])
{
	uint32_t i;

	memset(ruling, RULING_PASS, count);
	for (i = 0; i < b->rest_count; i++)
		ruling[b->rest[i]] = (uint8_t)rules_of_reason(b->reason[i]);
}

static void rule(struct scene *s, enum contender which, uint32_t count,
		 uint8_t ruling[WORKER_BURST])
{
	struct judge *j = &s->judge[which];

	judge_receive(j, count);
	j->decide(j->ctx, count, j->now_ns);
	if (which == CONTENDER_OP25B)
		rulings_of_burst(s->box.worker.burst, count, ruling);
	else
		rivals_rulings(&s->rivals, count, ruling);
}

static void compare(const struct scene *s, enum contender which, uint32_t first, uint32_t count,
		    const uint8_t *ours, const uint8_t *theirs)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		if (ours[i] != theirs[i])
			stop("%s: %s says %s of frame %u of %s, and op25b says %s: only captures "
			     "and policies on which both agree can be compared",
			     s->name, contender_names[which], ruling_names[theirs[i]],
			     first + i + 1, s->frames->path, ruling_names[ours[i]]);
	}
}

void scene_check(struct scene *s)
{
	uint8_t ours[WORKER_BURST], theirs[WORKER_BURST];
	uint32_t at, count, i;
	enum contender which;

	for (which = 0; which < CONTENDER_COUNT; which++)
		s->judge[which].next = 0;
	memset(s->ruled, 0, sizeof(s->ruled));
	for (at = 0; at < s->frames->count; at += count) {
		count = RTE_MIN(s->frames->count - at, WORKER_BURST);
		rule(s, CONTENDER_OP25B, count, ours);
		for (i = 0; i < count; i++)
			s->ruled[ours[i]]++;
		for (which = CONTENDER_ACL; which <= CONTENDER_SCAN; which++) {
			if (!s->is_wanted[which])
				continue;
			rule(s, which, count, theirs);
			compare(s, which, at, count, ours, theirs);
		}
	}
	box_forget(&s->box);
}

void scene_steps(struct scene *s, uint32_t window_ms, double cycles[BURST_STEP_COUNT])
{
	uint64_t end_ns = clock_now_ns() + (uint64_t)window_ms * CLOCK_MS_NS;
	struct op25b_stats_block *b = s->box.worker.block;
	struct judge j = s->judge[CONTENDER_OP25B];
	double least = 0;
	uint32_t i;

	j.decide = decide_in_steps;
	while (least == 0 || clock_now_ns() < end_ns) {
		double all;

		b->sampled_packets = 0;
		memset(b->step_cycles, 0, sizeof(b->step_cycles));
		all = judge_window(&j, 0);
		if (least != 0 && all >= least)
			continue;
		least = all;
		for (i = 0; i < BURST_STEP_COUNT; i++)
			cycles[i] = (double)b->step_cycles[i] / (double)b->sampled_packets;
	}
}
