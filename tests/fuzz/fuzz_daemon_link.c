// SPDX-License-Identifier: BSD-3-Clause
//
// Fuzz target: op25bd's end of the link. This file plays an op25b-dp that answers HELLO and offers
// as the input says, with descriptors of every kind. What op25bd's other parts are told must be
// sound, each offer must end exactly once, and no descriptor may be kept.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/daemon/link.h"
#include "dataplane/core/image_check.h"
#include "fuzz.h"
#include "link_step.h"

#define MOST_STEPS 12u

// struct link_step.what
enum step {
	STEP_ANSWER_LAST = 10, // up to here: a message
	STEP_OFFER = 11,       // op25bd offers an image
	STEP_HANG_UP = 12,
	STEP_COUNT = 13,
};

static struct {
	struct event_base *base;
	struct link *link;
	int listen_fd;
	int fd;       // op25bd's connection; -1: none
	uint64_t seq; // of op25bd's last request
	bool is_up, is_offered;
	char dir[64];
	struct sockaddr_un address;
} peer;

static void remove_dir(void)
{
	unlink(peer.address.sun_path);
	rmdir(peer.dir);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	link_step_init(TABLE_POLICY);
	snprintf(peer.dir, sizeof(peer.dir), "/tmp/op25b-fuzz.XXXXXX");
	fuzz_must(mkdtemp(peer.dir), "there is a folder");
	peer.address.sun_family = AF_UNIX;
	snprintf(peer.address.sun_path, sizeof(peer.address.sun_path), "%s/dp.sock", peer.dir);
	peer.listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	fuzz_must(!bind(peer.listen_fd, (struct sockaddr *)&peer.address, sizeof(peer.address)) &&
			  !listen(peer.listen_fd, 1),
		  "op25b-dp's socket listens");
	atexit(remove_dir);
	peer.base = event_base_new();
	fuzz_must(peer.base, "there is an event loop");
	return 0;
}

static void see_up(void *arg, const struct link_hello *hello)
{
	(void)arg;
	fuzz_must(!peer.is_up && link_is_up(peer.link), "a link comes up once");
	fuzz_must(hello->stats_fd >= 0, "the statistics come with HELLO");
	close(hello->stats_fd);
	fuzz_must(!hello->image || image_check(hello->image, hello->image_bytes).code == IMAGE_OK,
		  "an image that is told of is good");
	fuzz_must(!hello->image || hello->generation, "an image is in force by a generation");
	peer.is_up = true;
}

static void see_down(void *arg, const char *why)
{
	(void)arg;
	fuzz_must(why && *why && !link_is_up(peer.link), "a link goes down for a reason");
	peer.is_up = false;
}

static void see_done(void *arg, const struct link_answer *answer, const char *why)
{
	(void)arg;
	fuzz_must(peer.is_offered, "an offer ends once");
	fuzz_must(!answer == !!why, "an offer ends with an answer or a reason for none");
	fuzz_must(!answer || answer->outcome < OUTCOME_COUNT, "an outcome is one of the list");
	fuzz_must(answer || !peer.is_up, "without an answer the link is down before");
	peer.is_offered = false;
}

static void turn(void)
{
	event_base_loop(peer.base, EVLOOP_NONBLOCK);
}

// Takes what op25bd has sent.
static void read_requests(void)
{
	struct op25b_link_msg msg;

	while (peer.fd >= 0 && recv(peer.fd, &msg, sizeof(msg), MSG_DONTWAIT) == sizeof(msg)) {
		fuzz_must(msg.magic == OP25B_LINK_MAGIC && msg.abi == OP25B_LINK_ABI,
			  "op25bd sends requests");
		fuzz_must(msg.seq == peer.seq + 1, "requests are numbered");
		peer.seq = msg.seq;
	}
}

static void hang_up(void)
{
	if (peer.fd >= 0)
		close(peer.fd);
	peer.fd = -1;
}

static void offer(const struct link_step *s)
{
	char why[LINK_REASON_BYTES] = "";
	bool was_offered = peer.is_offered;

	if (link_offer(peer.link, s->message, s->message_bytes, see_done, NULL, why)) {
		fuzz_must(peer.is_up && !was_offered,
			  "offers are sent one at a time, to a link that is up");
		peer.is_offered = true;
	} else {
		fuzz_must(*why, "an offer that is not sent has a reason");
		fuzz_must(peer.is_offered == was_offered, "and has not ended another");
	}
}

static void do_step(const struct link_step *s)
{
	uint32_t what = s->what % STEP_COUNT, bytes;
	union link_message m;

	if (what == STEP_HANG_UP) {
		hang_up();
	} else if (what == STEP_OFFER) {
		offer(s);
	} else if (peer.fd >= 0) {
		bytes = link_step_message(s, peer.seq, &m);
		link_step_send(s, peer.fd, &m, bytes);
	}
	turn();
	fuzz_must(peer.is_up == link_is_up(peer.link),
		  "op25bd's parts know whether the link is up");
	read_requests();
}

// Connects; op25bd says HELLO.
static void start(void)
{
	const struct link_events events = {see_up, see_down, NULL};
	int stale;

	// On a slow machine an earlier link has tried again before it was closed.
	while ((stale = accept4(peer.listen_fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		close(stale);
	peer.is_up = peer.is_offered = false;
	peer.seq = 0;
	peer.link = link_open(peer.base, peer.address.sun_path, &events);
	fuzz_must(peer.link, "there is a link");
	turn();
	peer.fd = accept4(peer.listen_fd, NULL, NULL, SOCK_CLOEXEC);
	fuzz_must(peer.fd >= 0, "op25bd connects at once");
	read_requests();
	fuzz_must(peer.seq == 1, "op25bd says HELLO");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_input in = {data, bytes};
	uint32_t fds_before = fuzz_open_fds(), i;
	struct link_step s;

	start();
	for (i = 0; i < MOST_STEPS && link_step_read(&in, &s); i++)
		do_step(&s);
	hang_up();
	turn();
	fuzz_must(!peer.is_up && !peer.is_offered, "when op25b-dp has gone, all has ended");
	link_close(peer.link);
	fuzz_must(fuzz_open_fds() == fds_before, "no descriptor is kept");
	return 0;
}
