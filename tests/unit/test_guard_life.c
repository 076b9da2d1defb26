// SPDX-License-Identifier: BSD-3-Clause
//
// The guard's life on interfaces: attached, adopted, grown, refused, taken off; each time all or
// nothing; and what the kernel and the driver make of its program. Needs root; everything happens
// in namespaces of this process.
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "guard.bpf.skel.h"
#include "guard_run.h"
#include "image_build.h"

#define SLOTS 1000u
#define MOST_INSTRUCTIONS 100000u // processed by the verifier; the kernel gives up at 1000000
#define LOG_STATISTICS 4u         // BPF_LOG_STATS of the kernel's verifier

static struct guard_run *start(void)
{
	char error[GUARD_ERROR_BYTES] = "";
	struct guard_run *r = guard_run_start(SLOTS, error);

	if (!r)
		fail_msg("%s", error);
	return r;
}

static void the_verifier_works_little(void **state)
{
	static char log[65536];
	struct guard_run *r = start(); // for namespaces and root
	struct guard_bpf *skel = guard_bpf__open();
	unsigned int processed = 0;
	const char *line;

	(void)state;
	assert_non_null(skel);
	bpf_program__set_log_buf(skel->progs.xsk_def_prog, log, sizeof(log));
	bpf_program__set_log_level(skel->progs.xsk_def_prog, LOG_STATISTICS);
	assert_int_equal(guard_bpf__load(skel), 0);
	line = strstr(log, "processed ");
	assert_non_null(line);
	assert_int_equal(sscanf(line, "processed %u insns", &processed), 1);
	print_message("the verifier processed %u instructions, at most %u are allowed\n", processed,
		      MOST_INSTRUCTIONS);
	assert_in_range(processed, 1, MOST_INSTRUCTIONS);
	guard_bpf__destroy(skel);
	guard_run_stop(r);
}

// What libxdp asks before it lets a driver's socket join: the name, the version, the map.
static void the_driver_can_adopt_it(void **state)
{
	struct guard_run *r = start();
	uint32_t bytes = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info = {0};
	struct btf *btf;

	(void)state;
	assert_int_equal(
		bpf_obj_get_info_by_fd(guard_run_program_fd(r, SIDE_SUBSCRIBER), &info, &bytes), 0);
	assert_string_equal(info.name, "xsk_def_prog");
	assert_int_not_equal(info.btf_id, 0);
	btf = btf__load_from_kernel_by_id(info.btf_id);
	assert_non_null(btf);
	assert_true(btf__find_by_name_kind(btf, "xdp_metadata", BTF_KIND_DATASEC) > 0);
	assert_true(btf__find_by_name_kind(btf, "xsk_prog_version", BTF_KIND_VAR) > 0);
	btf__free(btf);
	guard_run_stop(r);
}

static uint32_t attached_program(const char *iface)
{
	uint32_t id = 0;

	bpf_xdp_query_id((int)if_nametoindex(iface), 0, &id);
	return id;
}

static void run(const char *command)
{
	if (system(command))
		fail_msg("failed: %s", command);
}

// Opens with c and expects a sentence that has `words` in it.
static void assert_refused(const struct dataplane_config *c, const char *words)
{
	char error[GUARD_ERROR_BYTES] = "";
	struct guard *g = guard_open(c, error);

	print_message("sentence: %s\n", error);
	assert_null(g);
	assert_non_null(strstr(error, words));
}

static void *drop_all_image(uint64_t generation, size_t *bytes)
{
	struct image_build *b = image_build_start();
	uint32_t class_id = image_build_class(b, "pool", "block");
	void *image;

	image_build_clause(b, class_id,
			   (struct op25b_clause){.sets = OP25B_ANY_SET, .action = ACTION_DROP});
	image_build_prefix(b, "198.51.100.0/24", class_id, 0, 32);
	image = image_build_finish(b, generation, bytes);
	image_build_free(b);
	return image;
}

static void a_second_loader_adopts(void **state)
{
	char error[GUARD_ERROR_BYTES] = "";
	struct guard_run *r = start();
	uint32_t sub = attached_program("sub0"), net = attached_program("net0");
	size_t bytes;
	void *image = drop_all_image(7, &bytes);
	uint64_t checksum = ((struct op25b_image_hdr *)image)->checksum;
	struct guard *second;

	(void)state;
	assert_true(sub && net && sub != net);
	assert_true(guard_run_publish(r, image, bytes, error));
	second = guard_open(guard_run_config(r), error);
	if (!second)
		fail_msg("%s", error);
	print_message("%s: %s\n", guard_iface(second, 0), guard_iface_note(second, 0));
	assert_int_equal(attached_program("sub0"), sub);
	assert_int_equal(attached_program("net0"), net);
	assert_int_equal(guard_generation(second), 7);
	assert_int_equal(guard_image_checksum(second), checksum);
	assert_string_equal(guard_iface(second, 0), "sub0");
	assert_string_equal(guard_iface(second, 1), "net0");
	assert_null(guard_iface(second, 2));
	assert_non_null(strstr(guard_iface_note(second, 0), "adopted"));
	guard_close(second);
	assert_int_equal(attached_program("sub0"), sub);
	free(image);
	guard_run_stop(r);
}

static void detach_removes_everything(void **state)
{
	char error[GUARD_ERROR_BYTES] = "";
	struct guard_run *r = start();

	(void)state;
	assert_int_equal(access(guard_run_config(r)->bpffs_dir, F_OK), 0);
	assert_true(guard_detach(guard_run_config(r), error));
	assert_int_equal(attached_program("sub0"), 0);
	assert_int_equal(attached_program("net0"), 0);
	assert_int_equal(access(guard_run_config(r)->bpffs_dir, F_OK), -1);
	// Once more changes nothing and is no error.
	assert_true(guard_detach(guard_run_config(r), error));
	guard_run_stop(r);
}

static void a_recreated_interface_is_guarded_again(void **state)
{
	char error[GUARD_ERROR_BYTES] = "";
	struct guard_run *r = start();
	uint32_t sub = attached_program("sub0"), net = attached_program("net0");
	struct guard *g;

	(void)state;
	run("ip link del sub0 && ip link add sub0 type veth peer name sub0p");
	assert_int_equal(attached_program("sub0"), 0);
	g = guard_open(guard_run_config(r), error);
	if (!g)
		fail_msg("%s", error);
	assert_true(attached_program("sub0") && attached_program("sub0") != sub);
	assert_int_equal(attached_program("net0"), net);
	guard_close(g);
	guard_run_stop(r);
}

static void a_second_pair_joins_later(void **state)
{
	char error[GUARD_ERROR_BYTES] = "";
	struct guard_run *r = start();
	struct dataplane_config grown = *guard_run_config(r);
	uint32_t sub = attached_program("sub0");
	struct guard *g;
	size_t bytes;
	void *image = drop_all_image(3, &bytes);

	(void)state;
	assert_true(guard_run_publish(r, image, bytes, error));
	run("ip link add sub1 type veth peer name sub1p && ip link add net1 type veth peer name "
	    "n1");
	grown.pair_count = 2;
	strcpy(grown.pairs[1].subscriber.iface, "sub1");
	strcpy(grown.pairs[1].network.iface, "net1");
	g = guard_open(&grown, error);
	if (!g)
		fail_msg("%s", error);
	assert_int_equal(attached_program("sub0"), sub);
	assert_true(attached_program("sub1") && attached_program("net1"));
	// One policy for all: the new ports judge by the policy that was in force.
	assert_int_equal(guard_generation(g), 3);
	assert_string_equal(guard_iface(g, 3), "net1");
	guard_close(g);
	// The smaller configuration does not take the maps from under the other interfaces.
	assert_true(guard_detach(guard_run_config(r), error));
	assert_int_equal(access(grown.bpffs_dir, F_OK), 0);
	assert_true(attached_program("sub1") && !attached_program("sub0"));
	assert_true(guard_detach(&grown, error));
	assert_int_equal(access(grown.bpffs_dir, F_OK), -1);
	free(image);
	guard_run_stop(r);
}

static void a_failing_open_takes_all_back(void **state)
{
	char error[GUARD_ERROR_BYTES] = "";
	struct guard_run *r = start();
	struct dataplane_config c = *guard_run_config(r);

	(void)state;
	assert_true(guard_detach(&c, error));
	strcpy(c.pairs[0].network.iface, "nosuch0");
	assert_refused(&c, "nosuch0: no such interface");
	assert_int_equal(attached_program("sub0"), 0);
	assert_int_equal(access(c.bpffs_dir, F_OK), -1);
	guard_run_stop(r);
}

static void a_failing_open_leaves_what_was_there(void **state)
{
	struct guard_run *r = start();
	struct dataplane_config c = *guard_run_config(r);
	uint32_t sub = attached_program("sub0"), net = attached_program("net0");

	(void)state;
	run("ip link add sub1 type veth peer name sub1p");
	c.pair_count = 2;
	strcpy(c.pairs[1].subscriber.iface, "sub1");
	strcpy(c.pairs[1].network.iface, "nosuch0");
	assert_refused(&c, "nosuch0: no such interface");
	assert_int_equal(attached_program("sub0"), sub);
	assert_int_equal(attached_program("net0"), net);
	assert_int_equal(attached_program("sub1"), 0);
	guard_run_stop(r);
}

static void refusals_say_what_to_do(void **state)
{
	struct guard_run *r = start();
	struct dataplane_config c = *guard_run_config(r);

	(void)state;
	c.slots = SLOTS + 1;
	assert_refused(&c, "has 1000 subscriber slots, dataplane.json wants 1001");
	c = *guard_run_config(r);
	strcpy(c.pairs[0].subscriber.iface, "net0");
	strcpy(c.pairs[0].network.iface, "sub0");
	assert_refused(&c, "for another side or place");
	c = *guard_run_config(r);
	strcpy(c.bpffs_dir, "/tmp/op25b-no-bpffs");
	assert_refused(&c, "not on a BPF file system");
	assert_int_equal(access(c.bpffs_dir, F_OK), -1);
	strcpy(c.bpffs_dir, "/nosuch/dir");
	assert_refused(&c, "mount -t bpf bpf");
	guard_run_stop(r);
}

static void no_kernel_port_is_no_error(void **state)
{
	char error[GUARD_ERROR_BYTES] = "x";
	struct guard_run *r = start();
	struct dataplane_config c = *guard_run_config(r);

	(void)state;
	c.pairs[0].subscriber.iface[0] = '\0';
	c.pairs[0].network.iface[0] = '\0';
	assert_null(guard_open(&c, error));
	assert_string_equal(error, "");
	guard_run_stop(r);
}

static void a_foreign_program_is_named(void **state)
{
	struct guard_run *r = start();
	struct dataplane_config c = *guard_run_config(r);
	int fd = guard_run_program_fd(r, SIDE_SUBSCRIBER);

	(void)state;
	run("ip link add sub1 type veth peer name sub1p && ip link add net1 type veth peer name "
	    "n1");
	assert_int_equal(bpf_xdp_attach((int)if_nametoindex("net1"), fd, 0, NULL), 0);
	c.pair_count = 2;
	strcpy(c.pairs[1].subscriber.iface, "sub1");
	strcpy(c.pairs[1].network.iface, "net1");
	assert_refused(&c, "ip link set dev net1 xdp off");
	assert_int_equal(attached_program("sub1"), 0);
	guard_run_stop(r);
}

// What an interrupted start leaves behind: some maps, no link.
static void leftovers_are_swept_up(void **state)
{
	char error[GUARD_ERROR_BYTES] = "", path[160];
	struct guard_run *r = start();
	const struct dataplane_config *c = guard_run_config(r);
	static const char *const gone[] = {"link_sub0", "link_net0", "cells", "lpm6"};
	struct guard *g;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", c->bpffs_dir, gone[i]);
		assert_int_equal(unlink(path), 0);
		// A link that is still there means a guard in force: nothing may be swept up.
		if (i == 0) {
			snprintf(path, sizeof(path), "%s/classes", c->bpffs_dir);
			assert_int_equal(unlink(path), 0);
			assert_refused(c, "holds a guard with only 11 of its 12 maps");
		}
	}
	usleep(200000); // the kernel takes an unpinned link off a little later
	g = guard_open(c, error);
	if (!g)
		fail_msg("%s", error);
	assert_true(attached_program("sub0") && attached_program("net0"));
	guard_close(g);
	guard_run_stop(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_verifier_works_little),
		cmocka_unit_test(the_driver_can_adopt_it),
		cmocka_unit_test(a_second_loader_adopts),
		cmocka_unit_test(detach_removes_everything),
		cmocka_unit_test(a_recreated_interface_is_guarded_again),
		cmocka_unit_test(a_second_pair_joins_later),
		cmocka_unit_test(a_failing_open_takes_all_back),
		cmocka_unit_test(a_failing_open_leaves_what_was_there),
		cmocka_unit_test(refusals_say_what_to_do),
		cmocka_unit_test(no_kernel_port_is_no_error),
		cmocka_unit_test(a_foreign_program_is_named),
		cmocka_unit_test(leftovers_are_swept_up),
	};

	return cmocka_run_group_tests_name("guard life", tests, NULL, NULL);
}
