// SPDX-License-Identifier: BSD-3-Clause
//
// Offers policies to a running op25b-dp, one after the other and round and round, as op25bd would
// but without it, and says of each how long it took to be in force and how long the workers stood
// still meanwhile. One JSON object a line. Two threads: one that offers, one that watches the
// workers' heartbeats in the statistics memory.
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "control/policy/policy.h"
#include "dataplane/abi/image_abi.h"
#include "dataplane/abi/link_abi.h"
#include "offer_totals.h"
#include "watch.h"

#define MAX_POLICIES 8u
#define FRAMES_WAIT_NS 30000000000ull
#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static struct {
	const char *socket_path;
	uint32_t count;
	uint32_t pause_ms;
	uint32_t frames; // that must have met a policy before the next is offered
	bool with_totals;
	uint32_t policy_count;
	char *const *policy_path;
} args = {.count = 10};

struct image {
	struct op25b_image_hdr *hdr;
	size_t bytes;
};

struct session {
	int socket;
	pid_t peer; // op25b-dp
	uint64_t seq;
	uint64_t generation; // in force
	uint64_t slots_capacity;
	const struct op25b_stats_hdr *stats;
	struct image image[MAX_POLICIES];
};

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "offer: %s: %s\n", what, why);
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

// CPU time that the main thread of op25b-dp has used, which is the one that serves us. 0: unknown.
static uint64_t peer_cpu_ns(const struct session *s)
{
	unsigned long long ns = 0;
	char path[64];
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", s->peer, s->peer);
	in = fopen(path, "re");
	if (!in)
		return 0;
	if (fscanf(in, "%llu", &ns) != 1)
		ns = 0;
	fclose(in);
	return ns;
}

static void connect_to(struct session *s)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct ucred peer;
	socklen_t bytes = sizeof(peer);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", args.socket_path);
	s->socket = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (s->socket < 0 || connect(s->socket, (const struct sockaddr *)&address, sizeof(address)))
		fail(args.socket_path, strerror(errno));
	if (getsockopt(s->socket, SOL_SOCKET, SO_PEERCRED, &peer, &bytes))
		fail("the peer's credentials", strerror(errno));
	s->peer = peer.pid;
}

union fd_space {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(2 * sizeof(int))];
};

static void ask(struct session *s, enum op25b_link_type type, int fd)
{
	struct op25b_link_msg msg = {
		.magic = OP25B_LINK_MAGIC,
		.abi = OP25B_LINK_ABI,
		.type = (uint16_t)type,
		.seq = ++s->seq,
	};
	struct iovec iov = {&msg, sizeof(msg)};
	union fd_space space = {.bytes = {0}};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd >= 0) {
		mh.msg_control = space.bytes;
		mh.msg_controllen = CMSG_SPACE(sizeof(int));
		*CMSG_FIRSTHDR(&mh) = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(sizeof(int)),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
		};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&mh)), &fd, sizeof(fd));
	}
	if (sendmsg(s->socket, &mh, MSG_NOSIGNAL) != (ssize_t)sizeof(msg))
		fail("the request cannot be sent", strerror(errno));
}

// The first descriptor of the answer, or -1; any other is closed.
static int take_first_fd(struct msghdr *mh)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(mh);
	int fd[2] = {-1, -1};

	if (c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len <= CMSG_LEN(sizeof(fd)))
		memcpy(fd, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
	if (fd[1] >= 0)
		close(fd[1]);
	return fd[0];
}

static struct op25b_link_msg hear(const struct session *s, int *fd)
{
	struct op25b_link_msg msg;
	struct iovec iov = {&msg, sizeof(msg)};
	union fd_space space;
	struct msghdr mh = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = space.bytes,
		.msg_controllen = sizeof(space.bytes),
	};
	ssize_t n = recvmsg(s->socket, &mh, MSG_CMSG_CLOEXEC);

	if (n != (ssize_t)sizeof(msg) || msg.seq != s->seq || msg.outcome >= OUTCOME_COUNT)
		fail("op25b-dp", "hung up, or gave no answer to what was asked");
	*fd = take_first_fd(&mh);
	return msg;
}

static void say_hello(struct session *s)
{
	struct op25b_link_msg msg;
	void *memory;
	int fd;

	ask(s, LINK_HELLO, -1);
	msg = hear(s, &fd);
	s->generation = msg.generation;
	s->slots_capacity = msg.slots_capacity;
	memory = mmap(NULL, sizeof(*s->stats), PROT_READ, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		fail("the statistics memory cannot be mapped", strerror(errno));
	s->stats = memory;
	memory = mmap(NULL, s->stats->total_bytes, PROT_READ, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		fail("the statistics memory cannot be mapped", strerror(errno));
	s->stats = memory;
	close(fd);
}

// Each keeps the slots of the one before it, as op25bd has it.
static void compile(struct session *s, uint32_t index)
{
	const char *pair = "pair0";
	struct compile_request request = {
		.moment = {.at_s = time(NULL)},
		.generation = 1,
		.slots_capacity = s->slots_capacity,
		.previous = index ? s->image[index - 1].hdr : NULL,
		.pair_names = &pair,
		.pair_count = 1,
	};
	struct policy *policy;
	void *image = NULL;
	struct diag d;

	diag_init(&d, args.policy_path[index]);
	policy = policy_read(args.policy_path[index], &d);
	if (!policy || !policy_compile(policy, &request, &image, &s->image[index].bytes, &d)) {
		diag_print(&d, stderr);
		fail(args.policy_path[index], "does not compile");
	}
	s->image[index].hdr = image;
	policy_free(policy);
	diag_free(&d);
}

static int seal(const struct image *image)
{
	int fd = memfd_create("op25b-policy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t done = 0;

	while (fd >= 0 && done < image->bytes) {
		ssize_t n = write(fd, (const char *)image->hdr + done, image->bytes - done);

		if (n <= 0)
			fail("the image cannot be written", strerror(errno));
		done += (size_t)n;
	}
	if (fd < 0 || fcntl(fd, F_ADD_SEALS, ALL_SEALS))
		fail("the image cannot be sealed", strerror(errno));
	return fd;
}

static const char *outcome_name(uint32_t outcome)
{
	static const char *const names[] = {
#define OUTCOME_NAME(id, name, help) name,
		OP25B_OUTCOMES(OUTCOME_NAME)
#undef OUTCOME_NAME
	};

	return names[outcome];
}

// The clock runs from the offer to the answer: sealing is op25bd's time. Returns whether the policy
// is in force.
static bool offer(struct session *s, uint32_t index, uint32_t number)
{
	struct image *image = &s->image[index];
	struct op25b_link_msg msg;
	uint64_t from_ns, till_ns, cpu_ns, frames;
	struct watch_gap gap;
	int fd, none;

	image->hdr->generation = s->generation + 1; // no part of the checksum
	fd = seal(image);
	watch_take();
	cpu_ns = peer_cpu_ns(s);
	frames = totals_received(s->stats);
	from_ns = now_ns();
	ask(s, LINK_OFFER, fd);
	msg = hear(s, &none);
	till_ns = now_ns();
	frames = totals_received(s->stats) - frames;
	cpu_ns = peer_cpu_ns(s) - cpu_ns;
	gap = watch_take();
	close(fd);
	s->generation = msg.generation;
	printf("{\"offer\": %u, \"policy\": %u, \"outcome\": \"%s\", \"generation\": %llu, "
	       "\"ms\": %.3f, \"cpu_ms\": %.3f, \"frames\": %llu, \"blocked_us\": %.1f, \"looks\": "
	       "%llu}\n",
	       number, index, outcome_name(msg.outcome), (unsigned long long)msg.generation,
	       (double)(till_ns - from_ns) / 1e6, (double)cpu_ns / 1e6, (unsigned long long)frames,
	       (double)gap.longest_ns / 1e3, (unsigned long long)gap.looks);
	fflush(stdout);
	return msg.outcome == OUTCOME_APPLIED;
}

// However slowly they come on a busy machine: a policy that no frame has met was never seen.
static void wait_for_frames(const struct session *s, uint64_t received)
{
	const struct timespec nap = {0, 1000000};
	uint64_t from_ns = now_ns();

	while (totals_received(s->stats) < received) {
		if (now_ns() - from_ns > FRAMES_WAIT_NS)
			fail("op25b-dp", "no frames come that could meet the policy");
		nanosleep(&nap, NULL);
	}
}

// What the workers do when nobody offers anything, which the other figures are to be compared with.
static void rest(const struct session *s, uint32_t number)
{
	const struct timespec nap = {args.pause_ms / 1000, args.pause_ms % 1000 * 1000000L};
	uint64_t from_ns, till_ns, frames;
	struct watch_gap gap;

	if (!args.pause_ms)
		return;
	watch_take();
	frames = totals_received(s->stats);
	from_ns = now_ns();
	nanosleep(&nap, NULL);
	wait_for_frames(s, frames + args.frames);
	till_ns = now_ns();
	frames = totals_received(s->stats) - frames;
	gap = watch_take();
	printf("{\"pause\": %u, \"ms\": %.3f, \"frames\": %llu, \"blocked_us\": %.1f, \"looks\": "
	       "%llu}\n",
	       number, (double)(till_ns - from_ns) / 1e6, (unsigned long long)frames,
	       (double)gap.longest_ns / 1e3, (unsigned long long)gap.looks);
}

static uint32_t read_count(const char *text, const char *what)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*end || end == text || value > 1000000)
		fail(what, "a number up to 1000000 is expected");
	return (uint32_t)value;
}

static void read_args(int argc, char **argv)
{
	static const struct option options[] = {
		{"socket", required_argument, NULL, 's'},
		{"count", required_argument, NULL, 'c'},
		{"pause-ms", required_argument, NULL, 'p'},
		{"frames", required_argument, NULL, 'f'},
		{"totals", no_argument, NULL, 't'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "s:c:p:f:t", options, NULL)) != -1) {
		if (option == 's')
			args.socket_path = optarg;
		else if (option == 'c')
			args.count = read_count(optarg, "--count");
		else if (option == 'p')
			args.pause_ms = read_count(optarg, "--pause-ms");
		else if (option == 'f')
			args.frames = read_count(optarg, "--frames");
		else if (option == 't')
			args.with_totals = true;
		else
			exit(2);
	}
	args.policy_count = (uint32_t)(argc - optind);
	args.policy_path = argv + optind;
	if (args.socket_path && (args.policy_count >= 1 || !args.count) &&
	    args.policy_count <= MAX_POLICIES)
		return;
	fprintf(stderr,
		"usage: offer --socket DP.SOCK [--count N] [--pause-ms MS [--frames N]] [--totals] "
		"POLICY.json...\n");
	exit(2);
}

int main(int argc, char **argv)
{
	struct session s = {.socket = -1};
	bool is_good = true;
	uint32_t i;

	read_args(argc, argv);
	connect_to(&s);
	say_hello(&s);
	for (i = 0; i < args.policy_count; i++)
		compile(&s, i);
	if (!watch_start(s.stats))
		fail("the watching thread does not start", strerror(errno));
	for (i = 0; i < args.count && is_good; i++) {
		rest(&s, i);
		is_good = offer(&s, i % args.policy_count, i);
	}
	watch_stop();
	if (args.with_totals)
		totals_print(s.stats);
	for (i = 0; i < args.policy_count; i++)
		free(s.image[i].hdr);
	return is_good ? 0 : 1;
}
