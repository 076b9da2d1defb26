// SPDX-License-Identifier: BSD-3-Clause
//
// A new op25bd finds the guard of an earlier build in force: it replaces the program, and nothing
// else changes; the link, the maps, the policy and op25b-dp's sockets stay. Needs root; everything
// happens in namespaces of this process.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "dataplane/core/parse.h"
#include "frame_build.h"
#include "guard_run.h"
#include "image_build.h"
#include "older_guard.bpf.skel.h"

#define SLOTS 1000u
#define GENERATION 7u
#define SENT 50u
#define SETTLE_US 100000u // frames are received in the kernel's own time
#define SWAPS 5u
#define MISREAD "198.51.100.66" // the subscriber of the older guard's mistake
#define OTHER "198.51.100.1"

struct interface_state {
	uint32_t link_id;
	uint32_t program_id;
	uint8_t tag[BPF_TAG_SIZE];
};

static void publish_drop_all(struct guard_run *r)
{
	char error[GUARD_ERROR_BYTES] = "";
	struct image_build *b = image_build_start();
	uint32_t class_id = image_build_class(b, "pool", "block");
	size_t bytes;
	void *image;

	image_build_clause(b, class_id,
			   (struct op25b_clause){.sets = OP25B_ANY_SET, .action = ACTION_DROP});
	image_build_prefix(b, "198.51.100.0/24", class_id, 0, 32);
	image = image_build_finish(b, GENERATION, &bytes);
	if (!guard_run_publish(r, image, bytes, error))
		fail_msg("%s", error);
	image_build_free(b);
	free(image);
}

static struct guard_run *start(void)
{
	char error[GUARD_ERROR_BYTES] = "";
	struct guard_run *r = guard_run_start(SLOTS, error);

	if (!r)
		fail_msg("%s", error);
	publish_drop_all(r);
	return r;
}

static int pinned(const struct guard_run *r, const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", guard_run_config(r)->bpffs_dir, name);
	return bpf_obj_get(path);
}

static struct interface_state look(const struct guard_run *r, const char *iface)
{
	struct interface_state s = {0};
	struct bpf_link_info link = {0};
	struct bpf_prog_info program = {0};
	uint32_t link_bytes = sizeof(link), program_bytes = sizeof(program);
	char pin[64];
	int link_fd, fd;

	snprintf(pin, sizeof(pin), OP25B_PIN_LINK_PREFIX "%s", iface);
	link_fd = pinned(r, pin);
	assert_int_equal(bpf_obj_get_info_by_fd(link_fd, &link, &link_bytes), 0);
	fd = bpf_prog_get_fd_by_id(link.prog_id);
	assert_int_equal(bpf_obj_get_info_by_fd(fd, &program, &program_bytes), 0);
	s.link_id = link.id;
	assert_int_equal(bpf_xdp_query_id((int)if_nametoindex(iface), 0, &s.program_id), 0);
	assert_int_equal(s.program_id, link.prog_id);
	memcpy(s.tag, program.tag, sizeof(s.tag));
	close(link_fd);
	close(fd);
	return s;
}

// Gives the older program the maps that are in use.
static void lend_maps(const struct guard_run *r, const struct older_guard *old)
{
	static const char *const pins[] = {OP25B_PIN_CONTROL,
					   OP25B_PIN_HEARTBEAT,
					   OP25B_PIN_SLOTS,
					   OP25B_PIN_CELLS,
					   OP25B_PIN_CLAUSES,
					   OP25B_PIN_POOLS,
					   OP25B_PIN_STAGES,
					   OP25B_PIN_PORTS,
					   "classes",
					   "lpm4",
					   "lpm6",
					   "softwires"};
	size_t i;

	for (i = 0; i < sizeof(pins) / sizeof(pins[0]); i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(old->obj, pins[i]);
		int fd = pinned(r, pins[i]);

		assert_int_equal(bpf_map__reuse_fd(map, fd), 0);
		close(fd);
	}
}

// Has sub0's link hold the older program, on the same maps and sockets: as it would be if the
// earlier build had attached it. max_sockets: of an xsks_map of its own; 0: the one in use.
static void make_older(struct guard_run *r, uint32_t max_sockets)
{
	struct older_guard *old = older_guard__open();
	int link_fd = pinned(r, OP25B_PIN_LINK_PREFIX "sub0");
	int xsks_fd = guard_run_xsks_map(r, SIDE_SUBSCRIBER);

	assert_true(old && link_fd >= 0 && xsks_fd >= 0);
	old->rodata->guard_side = SIDE_SUBSCRIBER;
	lend_maps(r, old);
	assert_int_equal(max_sockets ? bpf_map__set_max_entries(old->maps.xsks_map, max_sockets)
				     : bpf_map__reuse_fd(old->maps.xsks_map, xsks_fd),
			 0);
	assert_int_equal(older_guard__load(old), 0);
	assert_int_equal(bpf_link_update(link_fd, bpf_program__fd(old->progs.xsk_def_prog), NULL),
			 0);
	close(xsks_fd);
	close(link_fd);
	older_guard__destroy(old);
	assert_true(guard_run_look(r));
}

static void mail_frame(struct frame *f, const char *src)
{
	frame_start(f);
	frame_tcp(f, 40000, 25, TCP_FLAG_SYN);
	frame_ip4(f, src, "192.0.2.1", PROTO_TCP, 0, 0);
	frame_eth(f, ETH_TYPE_IP4);
}

static void assert_mail(struct guard_run *r, const char *src, enum op25b_reason reason)
{
	char error[GUARD_ERROR_BYTES] = "";
	struct guard_run_result got;
	struct frame f;

	mail_frame(&f, src);
	if (!guard_run(r, f.bytes_be, f.bytes, SIDE_SUBSCRIBER, &got, error))
		fail_msg("%s", error);
	assert_true(got.judged);
	assert_int_equal(got.reason, reason);
}

// Opens as the next op25bd does, and looks for `words` in what it says of sub0.
static void reopen(struct guard_run *r, const char *words)
{
	char error[GUARD_ERROR_BYTES] = "";
	struct guard *g = guard_open(guard_run_config(r), error);

	if (!g)
		fail_msg("%s", error);
	print_message("sub0: %s\n", guard_iface_note(g, 0));
	assert_non_null(strstr(guard_iface_note(g, 0), words));
	assert_non_null(strstr(guard_iface_note(g, 1), "adopted"));
	assert_int_equal(guard_generation(g), GENERATION);
	guard_close(g);
	assert_true(guard_run_look(r));
}

static void an_older_program_is_replaced(void **state)
{
	struct guard_run *r = start();
	struct interface_state first = look(r, "sub0"), net = look(r, "net0"), older, now, again;

	(void)state;
	make_older(r, 0);
	older = look(r, "sub0");
	assert_memory_not_equal(older.tag, first.tag, sizeof(first.tag));
	assert_mail(r, MISREAD, REASON_PASS_NOT_IP);
	assert_mail(r, OTHER, REASON_DROP_BLOCKED);
	reopen(r, "replaced");
	now = look(r, "sub0");
	assert_int_not_equal(now.program_id, older.program_id);
	assert_memory_equal(now.tag, first.tag, sizeof(first.tag));
	assert_int_equal(now.link_id, first.link_id);
	assert_mail(r, MISREAD, REASON_DROP_BLOCKED);
	assert_mail(r, OTHER, REASON_DROP_BLOCKED);
	// What is up to date stays as it is: the other interface, and this one from now on.
	assert_int_equal(look(r, "net0").program_id, net.program_id);
	reopen(r, "adopted");
	again = look(r, "sub0");
	assert_int_equal(again.program_id, now.program_id);
	assert_int_equal(again.link_id, first.link_id);
	guard_run_stop(r);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

// No IPv6 on the wire: nothing but the test's frames is under way.
static void set_up(void)
{
	if (system("sysctl -qw net.ipv6.conf.sub0.disable_ipv6=1 "
		   "net.ipv6.conf.sub0p.disable_ipv6=1 && "
		   "ip link set sub0 up && ip link set sub0p up"))
		fail_msg("sub0 cannot be set up");
}

// Sends a frame over the wire to sub0, through a packet socket. Any thread.
static bool send_mail(int fd)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET,
				 .sll_ifindex = (int)if_nametoindex("sub0p")};
	struct frame f;

	mail_frame(&f, OTHER);
	return sendto(fd, f.bytes_be, f.bytes, 0, (struct sockaddr *)&to, sizeof(to)) ==
	       (ssize_t)f.bytes;
}

static uint64_t socket_dropped(int socket_fd)
{
	struct xdp_statistics s;
	socklen_t bytes = sizeof(s);

	assert_int_equal(getsockopt(socket_fd, SOL_XDP, XDP_STATISTICS, &s, &bytes), 0);
	return s.rx_dropped;
}

// Sends SENT frames to sub0 and returns how many frames have reached the socket.
static uint64_t reach_socket(int socket_fd, uint64_t *beat)
{
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	uint64_t before = socket_dropped(socket_fd);
	uint32_t i;

	assert_true(fd >= 0);
	for (i = 0; i < SENT; i++) {
		*beat = now_ns();
		assert_true(send_mail(fd));
	}
	usleep(SETTLE_US);
	close(fd);
	return socket_dropped(socket_fd) - before;
}

static void the_dataplane_keeps_its_sockets(void **state)
{
	struct guard_run *r = start();
	uint64_t *beat = guard_run_map(r, OP25B_PIN_HEARTBEAT, 4096);
	int socket_fd;

	(void)state;
	assert_non_null(beat);
	set_up();
	make_older(r, 0);
	socket_fd = guard_run_socket(r, SIDE_SUBSCRIBER);
	assert_true(socket_fd >= 0);
	assert_int_equal(reach_socket(socket_fd, beat), SENT);
	reopen(r, "replaced");
	assert_int_equal(reach_socket(socket_fd, beat), SENT);
	// And judged by the new program as soon as op25b-dp is gone, with a heartbeat still fresh.
	close(socket_fd);
	*beat = now_ns();
	assert_mail(r, MISREAD, REASON_DROP_BLOCKED);
	munmap(beat, 4096);
	guard_run_stop(r);
}

// Five VLAN tags, of which four are read.
static uint32_t reason_of_too_many_tags(struct guard_run *r)
{
	char error[GUARD_ERROR_BYTES] = "";
	struct guard_run_result got;
	struct frame f;
	uint32_t i;

	frame_start(&f);
	frame_zeros(&f, 40);
	for (i = 0; i < 5; i++)
		frame_vlan(&f, ETH_TYPE_VLAN);
	frame_eth(&f, ETH_TYPE_VLAN);
	if (!guard_run(r, f.bytes_be, f.bytes, SIDE_SUBSCRIBER, &got, error))
		fail_msg("%s", error);
	return got.reason;
}

// The program knows its pair's setting as a constant: with another one it is another program.
static void another_l2_doubt_takes_effect(void **state)
{
	struct guard_run *r = start();
	struct dataplane_config c = *guard_run_config(r);
	char error[GUARD_ERROR_BYTES] = "";
	struct guard *g;

	(void)state;
	assert_int_equal(reason_of_too_many_tags(r), REASON_PASS_UNREADABLE);
	c.pairs[0].drop_l2_doubt = true;
	g = guard_open(&c, error);
	if (!g)
		fail_msg("%s", error);
	assert_non_null(strstr(guard_iface_note(g, 0), "replaced"));
	guard_close(g);
	assert_true(guard_run_look(r));
	assert_int_equal(reason_of_too_many_tags(r), REASON_DROP_L2_DEPTH);
	assert_mail(r, OTHER, REASON_DROP_BLOCKED);
	guard_run_stop(r);
}

struct sender {
	pthread_t thread;
	int fd;
	atomic_bool stop;
	uint32_t sent;
	uint32_t failed;
};

static void *keep_sending(void *arg)
{
	struct sender *s = arg;

	while (!atomic_load(&s->stop)) {
		if (send_mail(s->fd))
			s->sent++;
		else
			s->failed++;
		usleep(200);
	}
	return NULL;
}

// Each frame of a steady stream is seen and dropped by one program or the other.
static void no_frame_goes_by_meanwhile(void **state)
{
	static struct guard_counters before, after;
	static struct sender s; // outlives a failing test, as its thread does
	char error[GUARD_ERROR_BYTES] = "";
	struct guard_run *r = start();
	uint64_t dropped = 0;
	uint32_t i;

	(void)state;
	set_up();
	s.fd = socket(AF_PACKET, SOCK_RAW, 0);
	assert_true(guard_read_counters(guard_run_guard(r), &before, error));
	assert_int_equal(pthread_create(&s.thread, NULL, keep_sending, &s), 0);
	for (i = 0; i < SWAPS; i++) {
		make_older(r, 0);
		reopen(r, "replaced");
	}
	atomic_store(&s.stop, true);
	pthread_join(s.thread, NULL);
	usleep(SETTLE_US);
	assert_true(guard_read_counters(guard_run_guard(r), &after, error));
	for (i = 0; i < OP25B_POOL_SLOTS; i++) {
		uint32_t cell = OP25B_CELL_INDEX(i, REASON_DROP_BLOCKED, FAMILY_IP4);

		dropped += after.cell[cell].packets - before.cell[cell].packets;
	}
	print_message("%u frames sent while the program was replaced\n", s.sent);
	assert_true(s.sent > SENT && s.failed == 0);
	assert_int_equal(after.port[0].rx_packets - before.port[0].rx_packets, s.sent);
	assert_int_equal(dropped, s.sent);
	close(s.fd);
	guard_run_stop(r);
}

static void a_failing_open_puts_the_older_program_back(void **state)
{
	char error[GUARD_ERROR_BYTES] = "";
	struct guard_run *r = start();
	struct dataplane_config c = *guard_run_config(r);
	struct interface_state older;

	(void)state;
	make_older(r, 0);
	older = look(r, "sub0");
	c.pair_count = 2;
	strcpy(c.pairs[1].subscriber.iface, "nosuch0");
	strcpy(c.pairs[1].network.iface, "nosuch1");
	assert_null(guard_open(&c, error));
	print_message("sentence: %s\n", error);
	assert_int_equal(look(r, "sub0").program_id, older.program_id);
	assert_int_equal(look(r, "sub0").link_id, older.link_id);
	assert_mail(r, OTHER, REASON_DROP_BLOCKED);
	guard_run_stop(r);
}

// Expects a sentence with `words`, and the older program to be in force on as before.
static void assert_refused(struct guard_run *r, const char *words)
{
	char error[GUARD_ERROR_BYTES] = "";
	uint32_t program_id = look(r, "sub0").program_id;

	assert_null(guard_open(guard_run_config(r), error));
	print_message("sentence: %s\n", error);
	assert_non_null(strstr(error, words));
	assert_int_equal(look(r, "sub0").program_id, program_id);
	assert_mail(r, MISREAD, REASON_PASS_NOT_IP);
	assert_mail(r, OTHER, REASON_DROP_BLOCKED);
}

static void another_abi_is_refused(void **state)
{
	struct guard_run *r = start();
	struct op25b_guard_control *control = guard_run_map(r, OP25B_PIN_CONTROL, 4096);

	(void)state;
	assert_non_null(control);
	make_older(r, 0);
	control->abi = OP25B_GUARD_ABI + 1;
	assert_refused(r, "take that one off by removing the folder");
	munmap(control, 4096);
	guard_run_stop(r);
}

static void another_shape_is_refused(void **state)
{
	struct guard_run *r = start();
	char path[160];
	int fd = bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "ports", sizeof(uint32_t),
				sizeof(struct op25b_guard_port), OP25B_MAX_PORTS + 1, NULL);

	(void)state;
	assert_true(fd >= 0);
	make_older(r, 1);
	assert_refused(r, "other places for op25b-dp's sockets: take it off by");
	make_older(r, OP25B_MAX_WORKERS);
	snprintf(path, sizeof(path), "%s/%s", guard_run_config(r)->bpffs_dir, OP25B_PIN_PORTS);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(bpf_obj_pin(fd, path), 0);
	assert_refused(r, "made by another version of the guard: take that one off by");
	close(fd);
	guard_run_stop(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_older_program_is_replaced),
		cmocka_unit_test(the_dataplane_keeps_its_sockets),
		cmocka_unit_test(another_l2_doubt_takes_effect),
		cmocka_unit_test(no_frame_goes_by_meanwhile),
		cmocka_unit_test(a_failing_open_puts_the_older_program_back),
		cmocka_unit_test(another_abi_is_refused),
		cmocka_unit_test(another_shape_is_refused),
	};

	return cmocka_run_group_tests_name("guard upgrade", tests, NULL, NULL);
}
