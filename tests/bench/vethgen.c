// SPDX-License-Identifier: BSD-3-Clause
//
// vethgen CAPTURE.pcap: a generator for veths that costs little and sends at a fixed rate. Frames
// enter the veth as from a NIC's driver (BPF_PROG_RUN with live frames, Linux 5.18 or later),
// because a frame of a packet socket has to be copied before XDP may see it, which no NIC's has.
// One thread. Reads one line per trial, "INTERFACE FRAMES_PER_S MILLISECONDS" (rate 0: as fast as
// it goes), and answers each with a line of JSON.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <linux/types.h>

#include "vethgen_frame.h"

#include "vethgen.bpf.skel.h"

struct pcap_file_header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy, snap_bytes, link;
};

struct pcap_record_header {
	uint32_t seconds, fraction, kept_bytes, wire_bytes;
};

struct generator {
	struct vethgen_bpf *bpf;
	struct vethgen_frame *frames;
	uint32_t count;
	struct vethgen_frame first; // what the kernel makes its frames of
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static bool read_record(FILE *in, struct vethgen_frame *frame, const char *path, uint32_t number)
{
	struct pcap_record_header h;

	if (fread(&h, sizeof(h), 1, in) != 1)
		return false;
	if (h.kept_bytes < 14 || h.kept_bytes > VETHGEN_FRAME_BYTES ||
	    h.kept_bytes != h.wire_bytes) {
		fprintf(stderr,
			"vethgen: %s: frame %u has %u bytes, %u of them kept: 14 to %u are "
			"allowed, all kept\n",
			path, number, h.wire_bytes, h.kept_bytes, VETHGEN_FRAME_BYTES);
		exit(1);
	}
	memset(frame, 0, sizeof(*frame));
	frame->bytes = h.kept_bytes;
	if (fread(frame->data, frame->bytes, 1, in) != 1) {
		fprintf(stderr, "vethgen: %s: ends within frame %u\n", path, number);
		exit(1);
	}
	return true;
}

// Leaves the file behind its header.
static FILE *open_capture(const char *path)
{
	struct pcap_file_header h;
	FILE *in = fopen(path, "rb");

	if (!in) {
		fprintf(stderr, "vethgen: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	if (fread(&h, sizeof(h), 1, in) != 1 ||
	    (h.magic != 0xa1b2c3d4u && h.magic != 0xa1b23c4du) || h.link != 1) {
		fprintf(stderr,
			"vethgen: %s: not a pcap file of Ethernet frames in this machine's byte "
			"order\n",
			path);
		exit(1);
	}
	return in;
}

static uint32_t count_frames(FILE *in, const char *path)
{
	struct vethgen_frame frame;
	uint32_t count = 0;

	while (read_record(in, &frame, path, count + 1))
		count++;
	if (count == 0) {
		fprintf(stderr, "vethgen: %s: no frame in it\n", path);
		exit(1);
	}
	return count;
}

static void load(struct generator *g, const char *path)
{
	FILE *in = open_capture(path);
	size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes;
	uint32_t i;

	g->count = count_frames(in, path);
	fclose(in);
	g->bpf = vethgen_bpf__open();
	if (!g->bpf || bpf_map__set_max_entries(g->bpf->maps.frames, g->count)) {
		fprintf(stderr, "vethgen: the BPF object cannot be opened: %s\n", strerror(errno));
		exit(1);
	}
	g->bpf->rodata->vethgen_count = g->count;
	if (vethgen_bpf__load(g->bpf)) {
		fprintf(stderr, "vethgen: the kernel does not take the programs: %s\n",
			strerror(errno));
		exit(1);
	}
	bytes = (g->count * sizeof(*g->frames) + page - 1) / page * page;
	g->frames = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			 bpf_map__fd(g->bpf->maps.frames), 0);
	if (g->frames == MAP_FAILED) {
		fprintf(stderr, "vethgen: %zu bytes of frames cannot be mapped: %s\n", bytes,
			strerror(errno));
		exit(1);
	}
	in = open_capture(path);
	for (i = 0; i < g->count && read_record(in, &g->frames[i], path, i + 1);)
		i++;
	fclose(in);
	g->first = g->frames[0];
}

static void on_alarm(int number)
{
	(void)number; // it is enough that the system call ends
}

// Has the kernel send until it has sent so many frames or the alarm comes.
static void send_frames(const struct generator *g, uint32_t count)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = g->first.data,
		    .data_size_in = g->first.bytes, .repeat = (int)count,
		    .batch_size = VETHGEN_BATCH, .flags = BPF_F_TEST_XDP_LIVE_FRAMES);

	if (bpf_prog_test_run_opts(bpf_program__fd(g->bpf->progs.vethgen_send), &opts) &&
	    errno != EINTR) {
		fprintf(stderr,
			"vethgen: the kernel does not send live frames (Linux 5.18 does): %s\n",
			strerror(errno));
		exit(1);
	}
}

// The alarm comes again and again: one that comes before the system call ends nothing.
static void set_alarm(uint64_t ms)
{
	const struct itimerval alarm = {.it_value = {.tv_sec = (time_t)(ms / 1000),
						     .tv_usec = (suseconds_t)(ms % 1000 * 1000)},
					.it_interval = {.tv_usec = ms ? 10000 : 0}};

	setitimer(ITIMER_REAL, &alarm, NULL);
}

static void trial(struct generator *g, unsigned int ifindex, uint64_t rate_pps, uint64_t ms)
{
	struct vethgen_trial *t = &g->bpf->bss->vethgen_trial;
	uint64_t batches = INT32_MAX / VETHGEN_BATCH, cpu_ns;
	uint32_t first = t->next;

	*t = (struct vethgen_trial){.ifindex = ifindex, .next = first};
	if (rate_pps) {
		t->batch_ns = VETHGEN_BATCH * UINT64_C(1000000000) / rate_pps;
		batches = rate_pps * ms / 1000 / VETHGEN_BATCH + 1;
	}
	cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	do { // a single batch takes no time that could be told
		set_alarm(rate_pps ? 0 : ms);
		send_frames(g, (uint32_t)batches * VETHGEN_BATCH);
		set_alarm(0);
	} while (t->first_ns == t->last_ns);
	cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_ns;
	printf("{\"first\": %u, \"sent\": %llu, \"failed\": %llu, \"ns\": %llu, "
	       "\"waited_ns\": %llu, \"cpu_ns\": %" PRIu64 "}\n",
	       first, t->sent, t->failed, t->last_ns - t->first_ns, t->waited_ns, cpu_ns);
}

static void obey(struct generator *g, const char *line)
{
	char name[IF_NAMESIZE];
	uint64_t rate_pps, ms;

	if (sscanf(line, "%15s %" SCNu64 " %" SCNu64, name, &rate_pps, &ms) != 3 ||
	    !if_nametoindex(name)) {
		fprintf(stderr,
			"vethgen: no such interface, or not \"INTERFACE FRAMES_PER_S "
			"MILLISECONDS\": %s",
			line);
		exit(1);
	}
	trial(g, if_nametoindex(name), rate_pps, ms);
}

int main(int argc, char **argv)
{
	const struct sigaction on = {.sa_handler = on_alarm};
	struct generator g = {0};
	char line[256];

	if (argc != 2) {
		fprintf(stderr, "Usage: vethgen CAPTURE.pcap\n");
		return 2;
	}
	sigaction(SIGALRM, &on, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	load(&g, argv[1]);
	printf("{\"frames\": %u}\n", g.count);
	while (fgets(line, sizeof(line), stdin))
		obey(&g, line);
	munmap(g.frames, g.count * sizeof(*g.frames));
	vethgen_bpf__destroy(g.bpf);
	return 0;
}
