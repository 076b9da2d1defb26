// SPDX-License-Identifier: BSD-3-Clause
//
// See guard_run.h. Everything lives in a network and a mount namespace of this process, so that
// nothing is left behind, however the test ends.
#include "guard_run.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_PORTS (2u * GUARD_RUN_MAX_PAIRS)

struct guard_run {
	struct dataplane_config config;
	char dir[32]; // where the bpffs is mounted
	struct guard *guard;
	int program_fd[MAX_PORTS]; // [GUARD_RUN_PORT]; -1: none
	struct guard_counters *before;
	struct guard_counters *after;
};

static bool refuse(char error[GUARD_ERROR_BYTES], const char *what)
{
	snprintf(error, GUARD_ERROR_BYTES, "%s: %s", what, strerror(errno));
	return false;
}

// Down they stay: no neighbour discovery disturbs the counters.
static bool interfaces_make(uint32_t pairs, char error[GUARD_ERROR_BYTES])
{
	char command[160];
	uint32_t i;

	for (i = 0; i < pairs; i++) {
		snprintf(command, sizeof(command),
			 "ip link add sub%u type veth peer name sub%up && "
			 "ip link add net%u type veth peer name net%up",
			 i, i, i, i);
		if (system(command))
			return refuse(error, "ip link add");
	}
	return true;
}

static bool namespaces_make(struct guard_run *r, char error[GUARD_ERROR_BYTES])
{
	if (geteuid() != 0) {
		snprintf(error, GUARD_ERROR_BYTES, "the guard can only be run by root");
		return false;
	}
	if (unshare(CLONE_NEWNS | CLONE_NEWNET))
		return refuse(error, "unshare");
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return refuse(error, "mount --make-rprivate /");
	snprintf(r->dir, sizeof(r->dir), "/tmp/guard_run.XXXXXX");
	if (!mkdtemp(r->dir))
		return refuse(error, "mkdtemp");
	if (mount("bpf", r->dir, "bpf", 0, NULL))
		return refuse(error, "mount -t bpf");
	return true;
}

static void config_make(struct guard_run *r, const struct guard_run_config *wanted)
{
	struct dataplane_config *c = &r->config;
	uint32_t i;

	c->pair_count = wanted->pair_count;
	for (i = 0; i < c->pair_count; i++) {
		struct config_pair *p = &c->pairs[i];

		snprintf(p->subscriber.iface, CONFIG_MAX_IFACE_BYTES, "sub%u", i);
		snprintf(p->network.iface, CONFIG_MAX_IFACE_BYTES, "net%u", i);
		p->drop_l2_doubt = wanted->l2_doubt_drop >> i & 1;
	}
	c->slots = wanted->slots;
	c->heartbeat_max_age_ms = 500;
	snprintf(c->bpffs_dir, sizeof(c->bpffs_dir), "%s/guard", r->dir);
}

static int program_of(const char *dir, const char *iface)
{
	struct bpf_link_info info = {0};
	uint32_t bytes = sizeof(info);
	char path[160];
	int link_fd;

	snprintf(path, sizeof(path), "%s/%s%s", dir, OP25B_PIN_LINK_PREFIX, iface);
	link_fd = bpf_obj_get(path);
	if (link_fd < 0 || bpf_obj_get_info_by_fd(link_fd, &info, &bytes))
		return -1;
	close(link_fd);
	return bpf_prog_get_fd_by_id(info.prog_id);
}

static void programs_close(struct guard_run *r)
{
	uint32_t i;

	for (i = 0; i < MAX_PORTS; i++) {
		if (r->program_fd[i] >= 0)
			close(r->program_fd[i]);
		r->program_fd[i] = -1;
	}
}

bool guard_run_look(struct guard_run *r)
{
	const char *dir = r->config.bpffs_dir;
	bool found = true;
	uint32_t i;

	programs_close(r);
	for (i = 0; i < r->config.pair_count; i++) {
		int *fd = &r->program_fd[GUARD_RUN_PORT(i, 0)];

		fd[SIDE_SUBSCRIBER] = program_of(dir, r->config.pairs[i].subscriber.iface);
		fd[SIDE_NETWORK] = program_of(dir, r->config.pairs[i].network.iface);
		found = found && fd[SIDE_SUBSCRIBER] >= 0 && fd[SIDE_NETWORK] >= 0;
	}
	return found;
}

static bool bring_up(struct guard_run *r, const struct guard_run_config *c,
		     char error[GUARD_ERROR_BYTES])
{
	if (!namespaces_make(r, error) || !interfaces_make(c->pair_count, error))
		return false;
	config_make(r, c);
	r->guard = guard_open(&r->config, error);
	if (!r->guard)
		return false;
	if (!guard_run_look(r))
		return refuse(error, "the guard's pinned links give no program");
	r->before = calloc(1, sizeof(*r->before));
	r->after = calloc(1, sizeof(*r->after));
	if (!r->before || !r->after)
		return refuse(error, "calloc");
	return true;
}

struct guard_run *guard_run_start_pairs(const struct guard_run_config *c,
					char error[GUARD_ERROR_BYTES])
{
	struct guard_run *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	memset(r->program_fd, -1, sizeof(r->program_fd));
	if (bring_up(r, c, error))
		return r;
	guard_run_stop(r);
	return NULL;
}

struct guard_run *guard_run_start(uint32_t slots, char error[GUARD_ERROR_BYTES])
{
	const struct guard_run_config c = {.pair_count = 1, .slots = slots};

	return guard_run_start_pairs(&c, error);
}

void guard_run_stop(struct guard_run *r)
{
	char ignored[GUARD_ERROR_BYTES];

	if (!r)
		return;
	programs_close(r);
	if (r->guard)
		guard_detach(&r->config, ignored);
	guard_close(r->guard);
	if (r->dir[0]) {
		umount2(r->dir, MNT_DETACH);
		rmdir(r->dir);
	}
	free(r->before);
	free(r->after);
	free(r);
}

bool guard_run_publish(struct guard_run *r, const void *image, size_t bytes,
		       char error[GUARD_ERROR_BYTES])
{
	return guard_publish(r->guard, image, bytes, error);
}

// Finds the one cell that grew, by one frame of `bytes`.
static bool find_cell(const struct guard_run *r, size_t bytes, struct guard_run_result *out,
		      char error[GUARD_ERROR_BYTES])
{
	uint32_t i, grown = 0, at = 0;

	for (i = 0; i < r->after->pool_count * OP25B_REASON_SLOTS * FAMILY_COUNT; i++) {
		uint64_t packets = r->after->cell[i].packets - r->before->cell[i].packets;

		grown += packets;
		at = packets ? i : at;
	}
	if (grown != 1 || r->after->cell[at].bytes - r->before->cell[at].bytes != bytes) {
		snprintf(error, GUARD_ERROR_BYTES,
			 "a frame of %zu bytes was counted %u times, "
			 "or by another length",
			 bytes, grown);
		return false;
	}
	out->judged = true;
	out->family = at % FAMILY_COUNT;
	out->reason = at / FAMILY_COUNT % OP25B_REASON_SLOTS;
	snprintf(out->pool, sizeof(out->pool), "%s",
		 r->after->pool_name[at / FAMILY_COUNT / OP25B_REASON_SLOTS]);
	return true;
}

bool guard_run(struct guard_run *r, const void *frame, size_t bytes, uint32_t port,
	       struct guard_run_result *out, char error[GUARD_ERROR_BYTES])
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = bytes, .repeat = 1);
	uint64_t received, handed;

	memset(out, 0, sizeof(*out));
	if (!guard_read_counters(r->guard, r->before, error))
		return false;
	if (bpf_prog_test_run_opts(r->program_fd[port], &opts))
		return refuse(error, "BPF_PROG_TEST_RUN");
	out->xdp_action = opts.retval;
	if (!guard_read_counters(r->guard, r->after, error))
		return false;
	received = r->after->port[port].rx_packets - r->before->port[port].rx_packets;
	handed = r->after->port[port].to_dataplane_packets -
		 r->before->port[port].to_dataplane_packets;
	if (received != 1) {
		snprintf(error, GUARD_ERROR_BYTES, "the port counted %llu frames instead of 1",
			 (unsigned long long)received);
		return false;
	}
	return handed ? true : find_cell(r, bytes, out, error);
}

struct guard *guard_run_guard(struct guard_run *r)
{
	return r->guard;
}

const struct dataplane_config *guard_run_config(const struct guard_run *r)
{
	return &r->config;
}

int guard_run_program_fd(const struct guard_run *r, uint32_t port)
{
	return r->program_fd[port];
}

void *guard_run_map(const struct guard_run *r, const char *pin, size_t bytes)
{
	char path[160];
	void *at;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", r->config.bpffs_dir, pin);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return NULL;
	at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return at == MAP_FAILED ? NULL : at;
}

int guard_run_xsks_map(const struct guard_run *r, uint32_t port)
{
	uint32_t ids[32], i, bytes = sizeof(struct bpf_prog_info);
	struct bpf_prog_info program = {.nr_map_ids = 32, .map_ids = (uintptr_t)ids};

	if (bpf_obj_get_info_by_fd(r->program_fd[port], &program, &bytes))
		return -1;
	for (i = 0; i < program.nr_map_ids; i++) {
		struct bpf_map_info map = {0};
		uint32_t map_bytes = sizeof(map);
		int fd = bpf_map_get_fd_by_id(ids[i]);

		if (!bpf_obj_get_info_by_fd(fd, &map, &map_bytes) && !strcmp(map.name, "xsks_map"))
			return fd;
		close(fd);
	}
	return -1;
}

static int xsk_open(const char *iface, void *umem, size_t umem_bytes)
{
	struct xdp_umem_reg reg = {.addr = (uintptr_t)umem, .len = umem_bytes, .chunk_size = 2048};
	struct sockaddr_xdp at = {.sxdp_family = AF_XDP,
				  .sxdp_ifindex = if_nametoindex(iface),
				  .sxdp_flags = XDP_COPY};
	int fd = socket(AF_XDP, SOCK_RAW, 0), entries = 64;

	if (fd < 0 || setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg)) ||
	    setsockopt(fd, SOL_XDP, XDP_UMEM_FILL_RING, &entries, sizeof(entries)) ||
	    setsockopt(fd, SOL_XDP, XDP_UMEM_COMPLETION_RING, &entries, sizeof(entries)) ||
	    setsockopt(fd, SOL_XDP, XDP_RX_RING, &entries, sizeof(entries)) ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)))
		return -1;
	return fd;
}

int guard_run_socket(const struct guard_run *r, enum op25b_side side)
{
	static uint8_t umem[64 * 2048] __attribute__((aligned(4096)));
	int xsks = guard_run_xsks_map(r, side), queue = 0;
	int fd = xsk_open(side == SIDE_SUBSCRIBER ? "sub0" : "net0", umem, sizeof(umem));

	if (xsks < 0 || fd < 0 || bpf_map_update_elem(xsks, &queue, &fd, BPF_ANY))
		return -1;
	close(xsks);
	return fd;
}
