// SPDX-License-Identifier: BSD-3-Clause
//
// Fuzz target: op25b-dp's end of the link. Up to four clients send what the input says, with
// descriptors of every kind; each answer is the one that this file expects, nobody's descriptor is
// kept, and at the end the server serves on. DPDK is started once.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "dataplane/core/image_check.h"
#include "dataplane/dpdk/eal.h"
#include "dataplane/dpdk/link.h"
#include "fuzz.h"
#include "link_step.h"

#define MEMORY_MIB 512u
#define SLOTS 65536u
#define CLIENTS 4u
#define MOST_STEPS 12u
#define MOST_FDS 8u
#define NO_SIGNAL_FD (-1)

// struct link_step.what
enum step {
	STEP_SEND_LAST = 12, // up to here: a message
	STEP_CONNECT = 13,   // anew; the client's earlier connection is closed
	STEP_HANG_UP = 14,
	STEP_SEND_BLIND = 15, // a message whose answer is not read, then the client hangs up
	STEP_COUNT = 16,
};

static struct {
	struct link_server server;
	struct publish publish;
	struct stats stats;
	char dir[64];
	int client[CLIENTS]; // -1: none
} box;

// Words to the operator: their arguments are looked at, but a fuzzer's log is no place for them.
void __wrap_log_line(const char *fmt, ...);
void __wrap_log_line(const char *fmt, ...)
{
	char line[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
}

static void remove_dir(void)
{
	link_fini(&box.server);
	rmdir(box.dir);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct dataplane_config c = {
		.cores = {0},
		.core_count = 1,
		.hugepages = HUGEPAGES_NO,
		.memory_mib = MEMORY_MIB,
	};

	(void)argc;
	(void)argv;
	link_step_init(TABLE_POLICY);
	fuzz_must(eal_start(&c, true), "DPDK starts");
	snprintf(box.dir, sizeof(box.dir), "/tmp/op25b-fuzz.XXXXXX");
	fuzz_must(mkdtemp(box.dir) && link_init(&box.server, box.dir, &box.publish, &box.stats),
		  "the server listens");
	atexit(remove_dir);
	return 0;
}

static void serve(void)
{
	fuzz_must(link_turn(&box.server, NO_SIGNAL_FD, 0), "no signal came");
}

static void hang_up(uint32_t i)
{
	if (box.client[i] >= 0)
		close(box.client[i]);
	box.client[i] = -1;
	serve();
}

static void connect_client(uint32_t i)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	hang_up(i);
	box.client[i] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/dp.sock", box.dir);
	fuzz_must(!connect(box.client[i], (struct sockaddr *)&addr, sizeof(addr)),
		  "a client can connect");
	serve();
}

// Returns the octets received, 0 if the connection is over, -1 if there is nothing.
static ssize_t receive(int fd, struct op25b_link_msg *msg, uint32_t *fd_count)
{
	struct iovec iov = {msg, sizeof(*msg)};
	char space[CMSG_SPACE(MOST_FDS * sizeof(int))] __attribute__((aligned(8)));
	struct msghdr mh = {.msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = space,
			    .msg_controllen = sizeof(space)};
	ssize_t bytes = recvmsg(fd, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = bytes < 0 ? NULL : CMSG_FIRSTHDR(&mh);
	uint32_t i;
	int taken;

	*fd_count = c ? (uint32_t)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int)) : 0;
	for (i = 0; i < *fd_count; i++) {
		memcpy(&taken, CMSG_DATA(c) + i * sizeof(int), sizeof(taken));
		close(taken);
	}
	return bytes;
}

// Whether link_abi.h allows such a request.
static bool is_request(const struct link_step *s, const struct op25b_link_msg *m, uint32_t bytes)
{
	if (bytes != sizeof(*m) || m->magic != OP25B_LINK_MAGIC || m->abi != OP25B_LINK_ABI)
		return false;
	if (m->type == LINK_HELLO)
		return s->fd_count == 0;
	return m->type == LINK_OFFER && s->fd_count == 1;
}

static void check_offer(const struct link_step *s, const struct op25b_link_msg *a)
{
	uint32_t kind = s->fd_kind % LINK_FD_COUNT;
	bool is_memfd = kind <= LINK_FD_HUGE;
	bool is_whole = kind <= LINK_FD_TABLE_IMAGE || (kind < LINK_FD_HUGE && !s->patch_at);
	bool is_sealed = kind == LINK_FD_HUGE || s->fix & LINK_FIX_SEALS || !(s->seals_left & 15);

	if (!is_memfd || !is_sealed)
		fuzz_must(a->outcome == OUTCOME_NOT_SEALED, "what can change is not taken");
	else if (!s->patch && (!is_whole || !s->generation))
		fuzz_must(a->outcome == OUTCOME_BAD_IMAGE, "what is no image is not taken");
	else if (!s->patch)
		fuzz_must(a->outcome == OUTCOME_APPLIED || a->outcome == OUTCOME_OLD_GENERATION,
			  "a good image is taken, unless there is a later one");
	if (a->outcome == OUTCOME_APPLIED)
		fuzz_must(a->generation == s->generation, "the answer tells what is in force");
}

static void check_answer(const struct link_step *s, const struct op25b_link_msg *m, uint32_t bytes,
			 const struct op25b_link_msg *a, uint32_t fd_count)
{
	uint32_t fds_due = 0;

	fuzz_must(a->magic == OP25B_LINK_MAGIC && a->abi == OP25B_LINK_ABI, "an answer is one");
	fuzz_must(a->outcome < OUTCOME_COUNT && !a->pad, "an outcome is one of the list");
	fuzz_must(a->slots_capacity == SLOTS, "the box says what it was given");
	fuzz_must(!box.publish.is_pending, "without workers nothing is pending");
	fuzz_must((a->outcome == OUTCOME_BAD_MESSAGE) == !is_request(s, m, bytes),
		  "what is no request is refused as such, and nothing else is");
	if (a->outcome == OUTCOME_BAD_MESSAGE) {
		fuzz_must(fd_count == 0, "a refusal brings no descriptor");
		return;
	}
	fuzz_must(a->type == m->type && a->seq == m->seq, "an answer says what it answers");
	if (m->type == LINK_HELLO)
		fds_due = a->generation ? 2 : 1;
	else
		check_offer(s, a);
	fuzz_must(fd_count == fds_due, "HELLO brings statistics, and the image if there is one");
}

static void send_step(const struct link_step *s, uint32_t i, bool reads)
{
	struct op25b_link_msg answer;
	union link_message m;
	uint32_t bytes = link_step_message(s, s->generation, &m), fd_count;
	ssize_t got;

	if (box.client[i] < 0)
		connect_client(i);
	fuzz_must(link_step_send(s, box.client[i], &m, bytes), "a client can send");
	if (!reads) {
		hang_up(i);
		return;
	}
	serve();
	got = receive(box.client[i], &answer, &fd_count);
	if (bytes == 0) {
		fuzz_must(got == 0, "an empty message ends the connection");
		hang_up(i);
		return;
	}
	fuzz_must(got == (ssize_t)sizeof(answer), "each request is answered at once");
	check_answer(s, &m.msg, bytes, &answer, fd_count);
}

static void do_step(const struct link_step *s)
{
	uint32_t client = s->what / STEP_COUNT % CLIENTS, what = s->what % STEP_COUNT;

	if (what == STEP_CONNECT)
		connect_client(client);
	else if (what == STEP_HANG_UP)
		hang_up(client);
	else
		send_step(s, client, what <= STEP_SEND_LAST);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static uint64_t slots[SLOTS];
	struct fuzz_input in = {data, bytes};
	uint32_t fds_before = fuzz_open_fds(), i;
	struct link_step s;

	memset(box.client, 0xff, sizeof(box.client));
	fuzz_must(stats_init(&box.stats, 1, SLOTS, false) &&
			  publish_init(&box.publish, 1, &box.stats, slots, SLOTS),
		  "the box starts");
	for (i = 0; i < MOST_STEPS && link_step_read(&in, &s); i++)
		do_step(&s);
	for (i = 0; i < CLIENTS; i++)
		hang_up(i);
	for (i = 0; i < LINK_MAX_CLIENTS; i++)
		fuzz_must(box.server.client_fd[i] < 0, "who has hung up is let go");
	publish_fini(&box.publish);
	stats_fini(&box.stats);
	fuzz_must(fuzz_open_fds() == fds_before, "nobody's descriptor is kept");
	return 0;
}
