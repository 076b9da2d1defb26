// SPDX-License-Identifier: BSD-3-Clause
//
// dp.sock as a client sees it: the two requests, and that nothing a client sends does harm or keeps
// a descriptor.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/core/image_check.h"
#include "dataplane/dpdk/link.h"
#include "dp_rings.h"
#include "image_build.h"

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define MAX_FDS 8u
#define NO_SIGNAL_FD (-1)
#define TURN_MS 100

static struct {
	char dir[64];
	struct link_server server;
	int client;
} fixture;

struct answer {
	struct op25b_link_msg msg;
	int fd[MAX_FDS];
	uint32_t fd_count;
};

static int connect_client(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/dp.sock", fixture.dir);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_true(link_turn(&fixture.server, NO_SIGNAL_FD, TURN_MS));
	return fd;
}

static int start(void **state)
{
	struct dp_rings_config c = {.slots = 4096};

	(void)state;
	dp_rings_start(&c);
	snprintf(fixture.dir, sizeof(fixture.dir), "/tmp/op25b-test.XXXXXX");
	assert_non_null(mkdtemp(fixture.dir));
	assert_true(
		link_init(&fixture.server, fixture.dir, dp_rings_publisher(), dp_rings_stats()));
	fixture.client = connect_client();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	close(fixture.client);
	link_fini(&fixture.server);
	assert_int_equal(rmdir(fixture.dir), 0); // the socket is gone
	dp_rings_stop();
	return 0;
}

static void send_bytes(const void *bytes, size_t count, const int *fds, uint32_t fd_count)
{
	struct iovec iov = {(void *)bytes, count};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(MAX_FDS * sizeof(int))];
	} space = {.bytes = {0}};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd_count) {
		mh.msg_control = space.bytes;
		mh.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		*CMSG_FIRSTHDR(&mh) =
			(struct cmsghdr){CMSG_LEN(fd_count * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&mh)), fds, fd_count * sizeof(int));
	}
	assert_int_equal(sendmsg(fixture.client, &mh, 0), count);
	assert_true(link_turn(&fixture.server, NO_SIGNAL_FD, TURN_MS));
}

static struct answer receive(void)
{
	struct answer a = {.fd_count = 0};
	struct iovec iov = {&a.msg, sizeof(a.msg)};
	char space[CMSG_SPACE(MAX_FDS * sizeof(int))] __attribute__((aligned(8)));
	struct msghdr mh = {.msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = space,
			    .msg_controllen = sizeof(space)};

	assert_int_equal(recvmsg(fixture.client, &mh, MSG_DONTWAIT), sizeof(a.msg));
	if (CMSG_FIRSTHDR(&mh)) {
		a.fd_count = (uint32_t)((CMSG_FIRSTHDR(&mh)->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(a.fd, CMSG_DATA(CMSG_FIRSTHDR(&mh)), a.fd_count * sizeof(int));
	}
	assert_int_equal(a.msg.magic, OP25B_LINK_MAGIC);
	assert_int_equal(a.msg.abi, OP25B_LINK_ABI);
	return a;
}

static void close_fds(struct answer *a)
{
	while (a->fd_count)
		close(a->fd[--a->fd_count]);
}

static struct op25b_link_msg request(uint16_t type, uint64_t seq)
{
	return (struct op25b_link_msg){
		.magic = OP25B_LINK_MAGIC, .abi = OP25B_LINK_ABI, .type = type, .seq = seq};
}

static struct answer ask(struct op25b_link_msg msg, const int *fds, uint32_t fd_count)
{
	send_bytes(&msg, sizeof(msg), fds, fd_count);
	return receive();
}

static int make_image_fd(uint64_t generation)
{
	struct image_build *b = image_build_start();
	uint32_t pool = image_build_class(b, "flets", "block");
	size_t bytes;
	void *image;
	int fd;

	image_build_prefix(b, "198.51.100.0/24", pool, 0, 32);
	image = image_build_finish(b, generation, &bytes);
	image_build_free(b);
	fd = dp_rings_memfd(image, bytes, ALL_SEALS);
	free(image);
	return fd;
}

static uint32_t open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	uint32_t count = 0;

	while (readdir(d))
		count++;
	closedir(d);
	return count;
}

static void greets_with_the_statistics(void **state)
{
	struct answer a = ask(request(LINK_HELLO, 77), NULL, 0);
	struct op25b_stats_hdr *hdr;

	(void)state;
	assert_int_equal(a.msg.type, LINK_HELLO);
	assert_int_equal(a.msg.seq, 77);
	assert_int_equal(a.msg.outcome, OUTCOME_APPLIED);
	assert_int_equal(a.msg.generation, 0);
	assert_int_equal(a.msg.slots_capacity, 4096);
	assert_int_equal(a.fd_count, 1);
	hdr = mmap(NULL, sizeof(*hdr), PROT_READ, MAP_SHARED, a.fd[0], 0);
	assert_true(hdr != MAP_FAILED);
	assert_int_equal(hdr->magic, OP25B_STATS_MAGIC);
	assert_true(hdr->boot_id != 0);
	munmap(hdr, sizeof(*hdr));
	close_fds(&a);
}

// A reader can neither write the counters nor change their size, whatever it tries.
static void gives_statistics_that_cannot_be_changed(void **state)
{
	struct answer a = ask(request(LINK_HELLO, 1), NULL, 0);
	char path[64];
	int fd;

	(void)state;
	assert_true(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, a.fd[0], 0) == MAP_FAILED);
	assert_int_equal(ftruncate(a.fd[0], 0), -1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", a.fd[0]);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		assert_true(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) ==
			    MAP_FAILED);
		assert_int_equal(pwrite(fd, "x", 1, 0), -1);
		assert_int_equal(ftruncate(fd, 0), -1);
		close(fd);
	}
	close_fds(&a);
}

static void takes_an_offer_and_hands_the_image_back(void **state)
{
	int image = make_image_fd(5);
	struct stat sent, kept;
	struct answer a = ask(request(LINK_OFFER, 2), &image, 1);

	(void)state;
	assert_int_equal(a.msg.type, LINK_OFFER);
	assert_int_equal(a.msg.outcome, OUTCOME_APPLIED);
	assert_int_equal(a.msg.generation, 5);
	assert_int_equal(a.fd_count, 0);
	a = ask(request(LINK_HELLO, 3), NULL, 0);
	assert_int_equal(a.msg.generation, 5);
	assert_int_equal(a.fd_count, 2);
	assert_int_equal(fstat(image, &sent), 0);
	assert_int_equal(fstat(a.fd[1], &kept), 0);
	assert_int_equal(sent.st_ino, kept.st_ino);
	close_fds(&a);
	a = ask(request(LINK_OFFER, 4), &image, 1);
	assert_int_equal(a.msg.outcome, OUTCOME_OLD_GENERATION);
	assert_int_equal(a.msg.detail[0], 5);
	assert_int_equal(a.msg.detail[1], 5);
	close(image);
}

static void refuses_bad_messages_and_goes_on(void **state)
{
	struct op25b_link_msg bad[5];
	int image = make_image_fd(5), two[2] = {image, image};
	uint8_t junk[200] = {1, 2, 3};
	struct answer a;
	size_t i;

	(void)state;
	for (i = 0; i < 5; i++)
		bad[i] = request(LINK_OFFER, i);
	bad[0].magic++;
	bad[1].abi++;
	bad[2].type = 0;
	bad[3].type = 3;
	for (i = 0; i < 4; i++)
		assert_int_equal(ask(bad[i], &image, 1).msg.outcome, OUTCOME_BAD_MESSAGE);
	assert_int_equal(ask(bad[4], NULL, 0).msg.outcome, OUTCOME_BAD_MESSAGE);
	assert_int_equal(ask(bad[4], two, 2).msg.outcome, OUTCOME_BAD_MESSAGE);
	assert_int_equal(ask(request(LINK_HELLO, 9), &image, 1).msg.outcome, OUTCOME_BAD_MESSAGE);
	for (i = 1; i <= sizeof(junk); i += 7) {
		send_bytes(junk, i, i % 2 ? &image : NULL, i % 2);
		assert_int_equal(receive().msg.outcome, OUTCOME_BAD_MESSAGE);
	}
	a = ask(request(LINK_HELLO, 10), NULL, 0);
	assert_int_equal(a.msg.outcome, OUTCOME_APPLIED);
	assert_int_equal(a.msg.generation, 0);
	close_fds(&a);
	close(image);
}

static void keeps_no_descriptor_of_anybody(void **state)
{
	int image = make_image_fd(5), many[MAX_FDS];
	struct op25b_link_msg junk = request(99, 0);
	uint32_t before = open_fds(), i;
	struct answer a;

	(void)state;
	for (i = 0; i < MAX_FDS; i++)
		many[i] = image;
	for (i = 0; i < 50; i++) {
		send_bytes(&junk, i + 1, many, 1 + i % MAX_FDS);
		receive();
	}
	a = ask(request(LINK_OFFER, 1), &image, 1); // keeps exactly one
	assert_int_equal(a.msg.outcome, OUTCOME_APPLIED);
	assert_int_equal(open_fds(), before + 1);
	a = ask(request(LINK_OFFER, 1), &image, 1); // refused: keeps none
	assert_int_equal(a.msg.outcome, OUTCOME_OLD_GENERATION);
	assert_int_equal(open_fds(), before + 1);
	close(image);
}

// An empty message looks like the end of the connection.
static void keeps_no_descriptor_that_comes_with_nothing(void **state)
{
	int image = make_image_fd(5), many[MAX_FDS];
	uint32_t before = open_fds(), i;

	(void)state;
	for (i = 0; i < MAX_FDS; i++)
		many[i] = image;
	for (i = 1; i <= MAX_FDS; i++) {
		send_bytes("", 0, many, i);
		close(fixture.client);
		fixture.client = connect_client();
	}
	assert_int_equal(open_fds(), before);
	close(image);
}

// It waited here while op25b-dp was stopped; op25bd has given up and told the operator so.
static void an_offer_whose_client_has_gone_is_not_taken(void **state)
{
	struct op25b_link_msg msg = request(LINK_OFFER, 1);
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} space = {.bytes = {0}};
	struct iovec iov = {&msg, sizeof(msg)};
	struct msghdr mh = {.msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = space.bytes,
			    .msg_controllen = sizeof(space.bytes)};
	int image = make_image_fd(5), other = connect_client();
	struct answer a;

	(void)state;
	*CMSG_FIRSTHDR(&mh) = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&mh)), &image, sizeof(int));
	assert_int_equal(sendmsg(other, &mh, 0), sizeof(msg));
	close(other);
	assert_true(link_turn(&fixture.server, NO_SIGNAL_FD, TURN_MS));
	a = ask(request(LINK_HELLO, 2), NULL, 0);
	assert_int_equal(a.msg.generation, 0);
	close_fds(&a);
	close(image);
}

static void serves_others_when_clients_vanish_or_do_not_read(void **state)
{
	struct op25b_link_msg msg = request(LINK_HELLO, 1);
	struct answer a;
	uint32_t i;
	int other;

	(void)state;
	for (i = 0; i < 3 * LINK_MAX_CLIENTS; i++) {
		other = connect_client();
		if (i % 2)
			assert_int_equal(send(other, &msg, sizeof(msg), 0), sizeof(msg));
		close(other);
		assert_true(link_turn(&fixture.server, NO_SIGNAL_FD, TURN_MS));
		assert_true(link_turn(&fixture.server, NO_SIGNAL_FD, 0));
	}
	// Asks without ever reading until its answers have no room: it is let go, the server goes
	// on.
	other = connect_client();
	for (i = 0; i < 10000; i++) {
		if (send(other, &msg, sizeof(msg), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			break;
		assert_true(link_turn(&fixture.server, NO_SIGNAL_FD, TURN_MS));
	}
	assert_true(i < 10000);
	close(other);
	a = ask(request(LINK_HELLO, 2), NULL, 0);
	assert_int_equal(a.msg.seq, 2);
	close_fds(&a);
}

// Whether the server has closed the connection.
static bool is_over(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

// Connections that never say a word keep nobody out, and who has spoken lately is not let go.
static void makes_room_by_closing_who_was_silent_longest(void **state)
{
	int idle[LINK_MAX_CLIENTS - 1], speaker = fixture.client, late;
	struct answer a;
	uint32_t i;

	(void)state;
	for (i = 0; i < LINK_MAX_CLIENTS - 1; i++)
		idle[i] = connect_client();
	a = ask(request(LINK_HELLO, 1), NULL, 0); // the oldest connection, but not the most silent
	close_fds(&a);
	for (i = 0; i < 3; i++) {
		late = connect_client();
		assert_false(is_over(late));
		fixture.client = late;
		a = ask(request(LINK_HELLO, 2 + i), NULL, 0);
		assert_int_equal(a.msg.outcome, OUTCOME_APPLIED);
		close_fds(&a);
		assert_true(is_over(idle[i]));
		assert_false(is_over(idle[i + 1]));
		close(idle[i]);
		idle[i] = late;
	}
	fixture.client = speaker;
	a = ask(request(LINK_HELLO, 9), NULL, 0);
	assert_int_equal(a.msg.seq, 9);
	close_fds(&a);
	for (i = 0; i < LINK_MAX_CLIENTS - 1; i++)
		close(idle[i]);
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000u + (uint64_t)ts.tv_nsec / 1000000u;
}

// Returns how many turns of at most turn_ms it took to get there.
static uint32_t turns_until(uint64_t then_ms, int turn_ms)
{
	uint32_t turns = 0;

	while (now_ms() < then_ms) {
		assert_true(link_turn(&fixture.server, NO_SIGNAL_FD, turn_ms));
		turns++;
	}
	return turns;
}

// A connection that waits for a descriptor must not turn the main thread into a busy loop, nor keep
// it from those it has.
static void rests_while_no_descriptor_is_free(void **state)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int waiting = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), speaker = fixture.client;
	int lowest = dup(waiting);
	struct rlimit usual_limit, none_free;
	uint32_t turns;
	struct answer a;

	(void)state;
	close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual_limit), 0);
	none_free = usual_limit;
	none_free.rlim_cur = (rlim_t)lowest;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/dp.sock", fixture.dir);
	assert_int_equal(connect(waiting, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none_free), 0);
	turns = turns_until(now_ms() + 400, 50);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual_limit), 0);
	assert_in_range(turns, 1, 20);
	a = ask(request(LINK_HELLO, 1), NULL, 0);
	assert_int_equal(a.msg.outcome, OUTCOME_APPLIED);
	close_fds(&a);
	turns_until(now_ms() + 1200, 50);
	fixture.client = waiting;
	a = ask(request(LINK_HELLO, 2), NULL, 0);
	assert_int_equal(a.msg.seq, 2);
	close_fds(&a);
	fixture.client = speaker;
	close(waiting);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(greets_with_the_statistics),
		TEST(gives_statistics_that_cannot_be_changed),
		TEST(takes_an_offer_and_hands_the_image_back),
		TEST(refuses_bad_messages_and_goes_on),
		TEST(keeps_no_descriptor_of_anybody),
		TEST(keeps_no_descriptor_that_comes_with_nothing),
		TEST(an_offer_whose_client_has_gone_is_not_taken),
		TEST(serves_others_when_clients_vanish_or_do_not_read),
		TEST(makes_room_by_closing_who_was_silent_longest),
		TEST(rests_while_no_descriptor_is_free),
	};

	return cmocka_run_group_tests_name("dp_link", tests, NULL, NULL);
}
