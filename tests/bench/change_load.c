// SPDX-License-Identifier: BSD-3-Clause
//
// Load at a given rate on both sides of the box while its policy changes, and the judge of what
// comes out: every single frame is accounted for (change_judge.h). One process, one thread, two
// net_memif ports, which the box connects to. It sleeps between bursts, so that the box's main
// thread may share its core.
//
// usage: change_load FRAMES RATE EAL OPTIONS with two --vdev: the subscriber side's port, the
// network's
//   FRAMES  a file of lines "SIDE FATE HEX": the frame, which SIDE (0 subscriber, 1 network) sends
//           in turn with the others. Its last eight octets are replaced by its number.
//   RATE    frames a second on each side
// It begins with the first line on standard input. Each line is answered by a line with a JSON
// object; the end of input is the end, when all is judged that was sent.
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>

#include "change_judge.h"

#define SIDES 2u
#define DESCRIPTORS 1024u // memif takes its own, rsize
#define BUFFERS 16383u
#define CACHE 256u
#define BURST 32u
#define MAX_FRAMES 4096u
#define MAX_FRAME_BYTES 512u
#define NUMBER_BYTES 8u
#define NUMBER_MARK 0x25f0000000000000ull // in front of the number
#define NUMBER_MASK 0x000fffffffffffffull
#define CONNECT_S 60u
#define QUIET_MS 200u
#define NAP_NS 20000
#define LOOK_EVERY_MS 1u

struct frame {
	uint8_t bytes[MAX_FRAME_BYTES];
	uint32_t length;
};

struct side {
	struct frame *frame;
	uint8_t fate[MAX_FRAMES];
	uint32_t count;
	uint64_t sent;      // number of the next frame
	uint64_t refused;   // frames for which the box left no room in the ring
	uint64_t late;      // frames that were due while this program did not run: never sent
	uint64_t due_tsc;   // of the next burst
	struct judge judge; // of what this side sent
};

static struct {
	struct rte_mempool *pool;
	struct side side[SIDES];
	uint64_t burst_ticks; // from one burst of a side to the next
	uint64_t last_receive_tsc;
	uint64_t began_tsc;
} load;

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "change_load: %s: %s\n", what, why);
	exit(1);
}

static bool read_frame(struct side *s, const char *hex, uint8_t fate)
{
	struct frame *f = &s->frame[s->count];
	unsigned int byte;

	if (s->count == MAX_FRAMES || !strchr("xnab", fate))
		return false;
	for (f->length = 0; sscanf(hex, "%2x", &byte) == 1; hex += 2) {
		if (f->length == MAX_FRAME_BYTES)
			return false;
		f->bytes[f->length++] = (uint8_t)byte;
	}
	s->fate[s->count++] = fate;
	return f->length > NUMBER_BYTES;
}

static void read_frames(const char *path)
{
	char line[2 * MAX_FRAME_BYTES + 8];
	FILE *in = fopen(path, "re");
	uint32_t i;

	if (!in)
		fail(path, "cannot be opened");
	for (i = 0; i < SIDES; i++) {
		load.side[i].frame = calloc(MAX_FRAMES, sizeof(*load.side[i].frame));
		if (!load.side[i].frame)
			fail("frames", "no memory");
	}
	while (fgets(line, sizeof(line), in)) {
		uint32_t side = (uint32_t)(line[0] - '0');

		if (strlen(line) < 5 || side >= SIDES ||
		    !read_frame(&load.side[side], line + 4, (uint8_t)line[2]))
			fail(path, "a line is no frame");
	}
	fclose(in);
	for (i = 0; i < SIDES; i++) {
		struct side *s = &load.side[i];

		if (!s->count)
			fail(path, "a side has no frames");
		s->judge = (struct judge){.fates = s->fate, .fate_count = s->count};
	}
}

static void start_port(uint16_t port)
{
	static const struct rte_eth_conf conf;

	if (rte_eth_dev_configure(port, 1, 1, &conf) ||
	    rte_eth_rx_queue_setup(port, 0, DESCRIPTORS, SOCKET_ID_ANY, NULL, load.pool) ||
	    rte_eth_tx_queue_setup(port, 0, DESCRIPTORS, SOCKET_ID_ANY, NULL) ||
	    rte_eth_dev_start(port))
		fail("port", "does not start");
}

static void wait_for_links(void)
{
	struct rte_eth_link link[SIDES];
	uint32_t ms;

	for (ms = 0; ms < CONNECT_S * 1000; ms++) {
		if (!rte_eth_link_get_nowait(0, &link[0]) &&
		    !rte_eth_link_get_nowait(1, &link[1]) && link[0].link_status &&
		    link[1].link_status)
			return;
		rte_delay_us_sleep(1000);
	}
	fail("links", "no box has connected to both ports");
}

// Returns the number of frames received.
static uint32_t receive(uint16_t port)
{
	struct judge *j = &load.side[!port].judge;
	struct rte_mbuf *frames[BURST];
	uint32_t count = rte_eth_rx_burst(port, 0, frames, BURST), i;

	for (i = 0; i < count; i++) {
		uint64_t number = 0;

		if (frames[i]->data_len > NUMBER_BYTES)
			memcpy(&number,
			       rte_pktmbuf_mtod_offset(frames[i], const uint8_t *,
						       frames[i]->data_len - NUMBER_BYTES),
			       sizeof(number));
		if ((number & ~NUMBER_MASK) == NUMBER_MARK &&
		    (number & NUMBER_MASK) < load.side[!port].sent)
			judge_take(j, number & NUMBER_MASK);
		else
			j->strays++;
	}
	rte_pktmbuf_free_bulk(frames, count);
	if (count)
		load.last_receive_tsc = rte_rdtsc();
	return count;
}

static void receive_all(void)
{
	uint16_t port;

	for (port = 0; port < SIDES; port++) {
		while (receive(port) == BURST)
			;
	}
}

// What the box does not take is not sent later: its number goes to the next frame.
static void send_burst(uint16_t port)
{
	struct side *s = &load.side[port];
	struct rte_mbuf *frames[BURST];
	uint32_t i, sent;

	if (rte_pktmbuf_alloc_bulk(load.pool, frames, BURST))
		fail("buffers", "there are none left");
	for (i = 0; i < BURST; i++) {
		const struct frame *f = &s->frame[(s->sent + i) % s->count];
		uint64_t number = NUMBER_MARK | (s->sent + i);
		uint8_t *to = (uint8_t *)rte_pktmbuf_append(frames[i], (uint16_t)f->length);

		memcpy(to, f->bytes, f->length - NUMBER_BYTES);
		memcpy(to + f->length - NUMBER_BYTES, &number, NUMBER_BYTES);
	}
	sent = rte_eth_tx_burst(port, 0, frames, BURST);
	s->sent += sent;
	s->refused += BURST - sent;
	rte_pktmbuf_free_bulk(frames + sent, BURST - sent);
}

// Sends what is due. A burst that is late by more than its time is not made up for: then this
// program stood still, and the box is not to pay for it.
static void send_due(void)
{
	uint64_t now_tsc = rte_rdtsc();
	uint16_t port;

	for (port = 0; port < SIDES; port++) {
		struct side *s = &load.side[port];

		if (now_tsc < s->due_tsc)
			continue;
		send_burst(port);
		s->due_tsc += load.burst_ticks;
		while (s->due_tsc + load.burst_ticks < now_tsc) {
			s->due_tsc += load.burst_ticks;
			s->late += BURST;
		}
	}
}

static void print_side(const struct side *s)
{
	const struct judge *j = &s->judge;

	printf("{\"sent\": %" PRIu64 ", \"came\": %" PRIu64 ", \"refused\": %" PRIu64
	       ", \"late\": %" PRIu64 ", \"lost\": %" PRIu64 ", \"wrong\": %" PRIu64
	       ", \"first_wrong\": %" PRIu64 ", \"strays\": %" PRIu64 ", \"changes\": %" PRIu64 "}",
	       s->sent, j->came, s->refused, s->late, j->lost, j->wrong, j->first_wrong, j->strays,
	       j->changes);
}

static void print_state(void)
{
	printf("{\"seconds\": %.6f, \"sides\": [",
	       (double)(rte_rdtsc() - load.began_tsc) / (double)rte_get_tsc_hz());
	print_side(&load.side[0]);
	printf(", ");
	print_side(&load.side[1]);
	printf("]}\n");
	fflush(stdout);
}

// Answers what was asked. Returns false at the end of standard input.
static bool serve_input(void)
{
	char text[256];
	ssize_t n = read(STDIN_FILENO, text, sizeof(text)), i;

	for (i = 0; i < n; i++) {
		if (text[i] == '\n')
			print_state();
	}
	return n != 0;
}

static void wait_for_start(void)
{
	char byte = 0;

	while (byte != '\n') {
		if (read(STDIN_FILENO, &byte, 1) != 1)
			fail("standard input", "ended before it began");
	}
	load.began_tsc = rte_rdtsc();
	print_state();
	fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
}

static void run(void)
{
	uint64_t look_ticks = rte_get_tsc_hz() / 1000 * LOOK_EVERY_MS, look_tsc = 0;
	const struct timespec nap = {0, NAP_NS};

	wait_for_start();
	load.side[0].due_tsc = load.began_tsc;
	load.side[1].due_tsc = load.began_tsc + load.burst_ticks / 2;
	for (;;) {
		receive_all();
		send_due();
		if (rte_rdtsc() >= look_tsc) {
			look_tsc = rte_rdtsc() + look_ticks;
			if (!serve_input())
				return;
		}
		nanosleep(&nap, NULL);
	}
}

static void end(void)
{
	uint64_t quiet_ticks = rte_get_tsc_hz() / 1000 * QUIET_MS;
	uint32_t i;

	load.last_receive_tsc = rte_rdtsc();
	while (rte_rdtsc() - load.last_receive_tsc < quiet_ticks)
		receive_all();
	for (i = 0; i < SIDES; i++)
		judge_end(&load.side[i].judge, load.side[i].sent);
	print_state();
}

int main(int argc, char **argv)
{
	double rate = argc > 3 ? strtod(argv[2], NULL) : 0;
	uint16_t port;

	if (rate < 1) {
		fprintf(stderr, "usage: change_load FRAMES RATE EAL OPTIONS\n");
		return 2;
	}
	read_frames(argv[1]);
	argv[2] = argv[0];
	if (rte_eal_init(argc - 2, argv + 2) < 0)
		return 1;
	if (rte_eth_dev_count_avail() != SIDES)
		fail("ports", "two are wanted");
	load.pool = rte_pktmbuf_pool_create("frames", BUFFERS, CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
					    SOCKET_ID_ANY);
	if (!load.pool)
		fail("buffers", "-m does not hold them");
	load.burst_ticks = (uint64_t)((double)rte_get_tsc_hz() / rate * BURST);
	for (port = 0; port < SIDES; port++)
		start_port(port);
	wait_for_links();
	prctl(PR_SET_TIMERSLACK, 1ul, 0ul, 0ul, 0ul);
	run();
	end();
	return 0;
}
