// SPDX-License-Identifier: BSD-3-Clause
//
// What judging costs: reading, looking up and deciding bursts of frames, without any port. Several
// cases (a policy and a capture) are measured in turn, round by round, and each with its rivals if
// any are named. Prints a line of JSON for what it runs on, for each case, and for each
// measurement. tests/bench/judge.py makes the report of it. One thread, on one CPU.
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "dataplane/dpdk/eal.h"
#include "judge_print.h"
#include "judge_scene.h"
#include "judge_stop.h"
#include <rte_eal.h>

#define MOST_SCENES 32u
#define MOST_ROUNDS 1000u
#define MOST_WINDOW_MS 60000u
#define VISITS 5u // of a round to each judge in each case
#define MIB (1ull << 20)
// DPDK's memory beyond the frames, generously: for itself; for the flat tables of both families, if
// an index in them needs 2 bytes or 4; for each longer prefix and its groups; for rte_acl.
#define BASE_MIB 128u
#define FLAT_MIB 72u
#define MOST_SHORT 32767u
#define PREFIX4_BYTES 1536u
#define PREFIX6_BYTES 4096u
#define ACL_MIB 64u
#define ACL_RULE_BYTES 16384u

static struct {
	struct scene scene[MOST_SCENES];
	uint32_t scene_count;
	struct frames frames[MOST_SCENES]; // each capture once
	uint32_t frames_count;
	uint32_t rounds;
	uint32_t window_ms;
	uint32_t core;
	bool no_huge;
	bool shows_steps;
	uint64_t timer_cycles;
} bench = {.rounds = 5, .window_ms = 50};

static void print_usage(FILE *out)
{
	fprintf(out, "usage: bench_judge --case NAME:POLICY:CAPTURE[:PEER]... [--case ...]\n"
		     "         [--rounds N] [--window-ms N] [--core CPU] [--no-huge] [--steps]\n"
		     "Measures the judge of op25b-dp on a capture under a policy, and its peers:\n"
		     "rte_acl, scan (of the rules), touch (which only reads a word of a frame).\n"
		     "--steps: also cycles of a frame by the steps of the judge, at the end.\n");
}

static uint32_t read_number(const char *option, const char *text, uint32_t least, uint32_t most)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || value < least || value > most)
		stop("--%s %s: a number from %u to %u is wanted", option, text, least, most);
	return (uint32_t)value;
}

static const struct frames *find_frames(const char *path)
{
	uint32_t i;

	for (i = 0; i < bench.frames_count; i++) {
		if (!strcmp(bench.frames[i].path, path))
			return &bench.frames[i];
	}
	frames_scan(&bench.frames[bench.frames_count], path);
	return &bench.frames[bench.frames_count++];
}

// text is cut up and kept.
static void add_scene(char *text)
{
	struct scene *s = &bench.scene[bench.scene_count];
	char *word;
	uint32_t i;

	if (bench.scene_count++ == MOST_SCENES)
		stop("at most %u cases can be given", MOST_SCENES);
	s->name = strtok(text, ":");
	s->policy = strtok(NULL, ":");
	word = strtok(NULL, ":");
	if (!s->name || !s->policy || !word)
		stop("--case wants NAME:POLICY:CAPTURE");
	if (strpbrk(s->name, "\"\\"))
		stop("--case %s: a name without quotes and backslashes is wanted", s->name);
	s->frames = find_frames(word);
	s->is_wanted[CONTENDER_OP25B] = true;
	while ((word = strtok(NULL, ":"))) {
		for (i = CONTENDER_ACL; i < CONTENDER_COUNT && strcmp(word, contender_name(i)); i++)
			;
		if (i == CONTENDER_COUNT)
			stop("--case %s: \"%s\" is none of rte_acl, scan, touch", s->name, word);
		s->is_wanted[i] = true;
	}
	box_compile(&s->box, s->policy);
}

static void read_args(int argc, char **argv)
{
	static const struct option options[] = {
		{"case", required_argument, NULL, 'c'},
		{"rounds", required_argument, NULL, 'r'},
		{"window-ms", required_argument, NULL, 'w'},
		{"core", required_argument, NULL, 'p'},
		{"no-huge", no_argument, NULL, 'n'},
		{"steps", no_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			add_scene(optarg);
			break;
		case 'r':
			bench.rounds = read_number("rounds", optarg, 1, MOST_ROUNDS);
			break;
		case 'w':
			bench.window_ms = read_number("window-ms", optarg, 1, MOST_WINDOW_MS);
			break;
		case 'p':
			bench.core = read_number("core", optarg, 0, CPU_SETSIZE - 1);
			break;
		case 'n':
			bench.no_huge = true;
			break;
		case 's':
			bench.shows_steps = true;
			break;
		case 'h':
			print_usage(stdout);
			exit(EXIT_SUCCESS);
		default:
			print_usage(stderr);
			exit(EXIT_FAILURE);
		}
	}
	if (optind < argc || !bench.scene_count) {
		print_usage(stderr);
		exit(EXIT_FAILURE);
	}
}

// Of the tables of a scene, whose policy is compiled.
static uint64_t table_bytes(const struct scene *s)
{
	const struct op25b_image_hdr *hdr = s->box.image;
	uint64_t prefixes4 = hdr->section[SECTION_PREFIX4].count;
	uint64_t bytes = FLAT_MIB * MIB;

	if (hdr->section[SECTION_ADDRS].count > MOST_SHORT)
		bytes *= 2;
	bytes += prefixes4 * PREFIX4_BYTES;
	bytes += (uint64_t)hdr->section[SECTION_PREFIX6].count * PREFIX6_BYTES;
	if (s->is_wanted[CONTENDER_ACL])
		bytes += ACL_MIB * MIB + prefixes4 * ACL_RULE_BYTES;
	return bytes;
}

static uint32_t memory_mib(void)
{
	uint64_t bytes = BASE_MIB * MIB;
	uint32_t i;

	for (i = 0; i < bench.frames_count; i++)
		bytes += frames_memory_bytes(&bench.frames[i]);
	for (i = 0; i < bench.scene_count; i++)
		bytes += table_bytes(&bench.scene[i]);
	return (uint32_t)(bytes / MIB);
}

// DPDK is started as op25b-dp starts it; the main thread, which measures, then keeps to its CPU.
static void start_dpdk(void)
{
	struct dataplane_config c = {
		.cores = {bench.core},
		.core_count = 1,
		.hugepages = HUGEPAGES_AUTO,
		.memory_mib = memory_mib(),
	};
	cpu_set_t cpu;

	if (!eal_start(&c, bench.no_huge))
		stop("DPDK does not start with %u MiB of memory", c.memory_mib);
	CPU_ZERO(&cpu);
	CPU_SET(bench.core, &cpu);
	if (pthread_setaffinity_np(pthread_self(), sizeof(cpu), &cpu))
		stop("CPU %u does not exist, or this process may not use it", bench.core);
}

// One visit to each, in this order or backwards.
static void visit_all(bool is_forward)
{
	uint32_t count = bench.scene_count * CONTENDER_COUNT, i;

	for (i = 0; i < count; i++) {
		uint32_t at = is_forward ? i : count - 1 - i;
		struct scene *s = &bench.scene[at / CONTENDER_COUNT];
		uint32_t which = at % CONTENDER_COUNT;

		if (s->is_wanted[which])
			judge_measure(&s->judge[which], bench.window_ms / VISITS,
				      bench.timer_cycles, &s->windows[which]);
	}
}

// A round goes to everybody several times, so that none is unlucky in its moment; the order
// alternates, so that nobody always comes after the same.
static void measure_round(uint32_t round)
{
	uint32_t i, which;

	for (i = 0; i < VISITS; i++)
		visit_all((round * VISITS + i) % 2 == 0);
	for (i = 0; i < bench.scene_count; i++) {
		struct scene *s = &bench.scene[i];

		for (which = 0; which < CONTENDER_COUNT; which++) {
			struct judge_cost cost;

			if (!s->is_wanted[which])
				continue;
			cost = judge_sum_up(&s->windows[which]);
			print_cost(s, round, &s->judge[which], &cost);
		}
	}
}

int main(int argc, char **argv)
{
	uint32_t i;

	read_args(argc, argv);
	start_dpdk();
	bench.timer_cycles = judge_timer_cycles();
	print_machine(bench.core, bench.timer_cycles);
	for (i = 0; i < bench.frames_count; i++)
		frames_load(&bench.frames[i], i);
	for (i = 0; i < bench.scene_count; i++) {
		scene_open(&bench.scene[i], i, bench.timer_cycles);
		scene_check(&bench.scene[i]);
		print_scene(&bench.scene[i]);
	}
	for (i = 0; i < bench.rounds; i++)
		measure_round(i);
	for (i = 0; bench.shows_steps && i < bench.scene_count; i++)
		print_steps(&bench.scene[i], bench.window_ms);
	for (i = 0; i < bench.scene_count; i++)
		scene_close(&bench.scene[i]);
	for (i = 0; i < bench.frames_count; i++)
		frames_free(&bench.frames[i]);
	rte_eal_cleanup();
	return EXIT_SUCCESS;
}
