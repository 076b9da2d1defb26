// SPDX-License-Identifier: BSD-3-Clause
//
// See judge_print.h. Names are those given with --case, which hold no quotes or backslashes:
// bench_judge.c sees to it.
#include "judge_print.h"

#include <inttypes.h>
#include <stdio.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_version.h>

#define NS_PER_SECOND 1e9

void print_machine(uint32_t core, uint64_t timer_cycles)
{
	printf("{\"line\": \"machine\", \"dpdk\": \"%s\", \"tsc_hz\": %" PRIu64
	       ", \"hugepages\": %s, \"cpu\": %u, \"timer_cycles\": %" PRIu64 "}\n",
	       rte_version(), rte_get_tsc_hz(), rte_eal_has_hugepages() ? "true" : "false", core,
	       timer_cycles);
}

static void print_acl(const struct rivals *r)
{
	uint32_t i;

	printf(", \"acl_bytes\": %" PRIu64 ", \"acl_algorithm\": \"%s\", \"acl_cycles\": {",
	       r->acl_bytes, rivals_acl_name(r->acl_algorithm));
	for (i = 0; i < RIVALS_ACL_COUNT; i++)
		printf("%s\"%s\": %.3f", i ? ", " : "", rivals_acl_name(i), r->acl_cycles[i]);
	printf("}");
}

static void print_memory(const struct box *b)
{
	struct box_memory m = box_memory(b);

	printf(", \"slots\": %" PRIu64 ", \"slot_bytes\": %" PRIu64 ", \"table_bytes\": %" PRIu64
	       ", \"image_bytes\": %" PRIu64 ", \"class_bytes\": %" PRIu64,
	       m.slots, m.slot_bytes, m.table_bytes, m.image_bytes, m.class_bytes);
}

void print_scene(const struct scene *s)
{
	const struct image_view *v = &box_tables(&s->box)->view;

	printf("{\"line\": \"case\", \"case\": \"%s\", \"frames\": %u, \"pass\": %" PRIu64
	       ", \"drop\": %" PRIu64 ", \"limited\": %" PRIu64
	       ", \"prefixes4\": %u, \"prefixes6\": %u",
	       s->name, s->frames->count, s->ruled[RULING_PASS], s->ruled[RULING_DROP],
	       s->ruled[RULING_LIMITED], image_view_count(v, SECTION_PREFIX4),
	       image_view_count(v, SECTION_PREFIX6));
	print_memory(&s->box);
	if (s->rivals.rules.count)
		printf(", \"rules\": %u", s->rivals.rules.count);
	if (s->is_wanted[CONTENDER_ACL])
		print_acl(&s->rivals);
	printf("}\n");
}

void print_cost(const struct scene *s, uint32_t round, const struct judge *j,
		const struct judge_cost *cost)
{
	double ns = NS_PER_SECOND / (double)rte_get_tsc_hz();

	printf("{\"line\": \"cost\", \"case\": \"%s\", \"judge\": \"%s\", \"round\": %u, "
	       "\"windows\": %u, \"frames\": %" PRIu64 ", \"least_cycles\": %.3f, "
	       "\"median_cycles\": %.3f, \"least_ns\": %.4f, \"median_ns\": %.4f}\n",
	       s->name, j->name, round, cost->windows, cost->frames, cost->least_cycles,
	       cost->median_cycles, cost->least_cycles * ns, cost->median_cycles * ns);
	fflush(stdout);
}

void print_steps(struct scene *s, uint32_t window_ms)
{
	static const char *const names[] = {
#define STEP_NAME(id, name, help) name,
		OP25B_BURST_STEPS(STEP_NAME)
#undef STEP_NAME
	};
	double cycles[BURST_STEP_COUNT];
	uint32_t i;

	scene_steps(s, window_ms, cycles);
	printf("{\"line\": \"steps\", \"case\": \"%s\"", s->name);
	for (i = BURST_STEP_READ; i <= BURST_STEP_DECIDE; i++)
		printf(", \"%s_cycles\": %.3f", names[i], cycles[i]);
	printf("}\n");
}
