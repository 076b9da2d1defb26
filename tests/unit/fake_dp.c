// SPDX-License-Identifier: BSD-3-Clause
//
// See fake_dp.h.
#include "fake_dp.h"

#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/core/image_check.h"
#include "dataplane/core/image_view.h"

#define TURN_MS 5
#define BLOCKS_OFFSET ((sizeof(struct op25b_stats_hdr) + 63) / 64 * 64)
#define SEALS_ALL (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

struct fake_dp {
	pthread_t thread;
	pthread_mutex_t lock; // all below
	char path[108];
	int listen_fd, fd, image_fd, stats_fd;
	bool ends, silent, hangs_up;
	enum op25b_outcome outcome;
	unsigned offers, hellos;
	void *image; // in force
	size_t image_bytes;
	void *stats;
	size_t stats_bytes;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static const struct op25b_image_hdr *in_force(const struct fake_dp *f)
{
	static const struct op25b_image_hdr none;

	return f->image ? f->image : &none;
}

static void answer(struct fake_dp *f, const struct op25b_link_msg *request, uint32_t outcome)
{
	struct op25b_link_msg msg = {
		.magic = OP25B_LINK_MAGIC,
		.abi = OP25B_LINK_ABI,
		.type = request->type,
		.seq = request->seq,
		.outcome = outcome,
		.generation = in_force(f)->generation,
		.checksum = in_force(f)->checksum,
		.slots_capacity = 1 << 20,
		.detail = {7, 8, 9},
	};
	int fds[2] = {f->stats_fd, f->image_fd};
	int count = request->type != LINK_HELLO ? 0 : f->image ? 2 : 1;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(fds))];
	} control = {0};
	struct iovec iov = {&msg, sizeof(msg)};
	struct msghdr hdr = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (count) {
		hdr.msg_control = control.bytes;
		hdr.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count);
		c = CMSG_FIRSTHDR(&hdr);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * (size_t)count);
	}
	if (sendmsg(f->fd, &hdr, MSG_NOSIGNAL) < 0)
		f->hangs_up = true;
}

static void *map_image(int fd, size_t *bytes)
{
	struct stat st;
	void *image;

	if (fstat(fd, &st) || st.st_size < (off_t)sizeof(struct op25b_image_hdr))
		return NULL;
	*bytes = (size_t)st.st_size;
	image = mmap(NULL, *bytes, PROT_READ, MAP_SHARED, fd, 0);
	return image == MAP_FAILED ? NULL : image;
}

// What op25b-dp would say of the image, up to its look-up tables.
static uint32_t take_offer(struct fake_dp *f, int fd)
{
	size_t bytes;
	void *image;

	if (fcntl(fd, F_GET_SEALS) != SEALS_ALL)
		return OUTCOME_NOT_SEALED;
	image = map_image(fd, &bytes);
	if (!image || image_check(image, bytes).code != IMAGE_OK)
		return OUTCOME_BAD_IMAGE;
	if (((struct op25b_image_hdr *)image)->generation <= in_force(f)->generation) {
		munmap(image, bytes);
		return OUTCOME_OLD_GENERATION;
	}
	f->offers++;
	if (f->outcome != OUTCOME_APPLIED && f->outcome != OUTCOME_WORKER_STUCK) {
		munmap(image, bytes);
		return f->outcome;
	}
	if (f->image) {
		munmap(f->image, f->image_bytes);
		close(f->image_fd);
	}
	f->image = image;
	f->image_bytes = bytes;
	f->image_fd = dup(fd);
	return f->outcome;
}

static void serve(struct fake_dp *f)
{
	struct op25b_link_msg msg;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = {&msg, sizeof(msg)};
	struct msghdr hdr = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *c;
	uint32_t outcome;
	int fd = -1;

	if (recvmsg(f->fd, &hdr, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof(msg)) {
		f->hangs_up = true;
		return;
	}
	c = CMSG_FIRSTHDR(&hdr);
	if (c)
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	if (msg.type == LINK_HELLO) {
		f->hellos++;
		answer(f, &msg, OUTCOME_APPLIED);
	} else if (fd < 0) {
		answer(f, &msg, OUTCOME_BAD_MESSAGE);
	} else if (!f->silent) {
		outcome = take_offer(f, fd);
		answer(f, &msg, outcome);
	}
	if (fd >= 0)
		close(fd);
}

static void turn(struct fake_dp *f, const struct pollfd *p)
{
	uint32_t i;

	for (i = 0; i < FAKE_DP_WORKERS; i++) {
		fake_dp_block(f, i)->heartbeat_ns = now_ns();
		fake_dp_block(f, i)->generation = in_force(f)->generation;
	}
	if (f->fd < 0 && p[0].revents)
		f->fd = accept4(f->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	else if (f->fd >= 0 && p[1].revents)
		serve(f);
	if (f->hangs_up && f->fd >= 0) {
		close(f->fd);
		f->fd = -1;
	}
	f->hangs_up = false;
}

static void *run(void *arg)
{
	struct fake_dp *f = arg;
	bool ends = false;

	while (!ends) {
		struct pollfd p[2] = {{f->fd < 0 ? f->listen_fd : -1, POLLIN, 0},
				      {f->fd, POLLIN, 0}};

		poll(p, 2, TURN_MS);
		pthread_mutex_lock(&f->lock);
		turn(f, p);
		ends = f->ends;
		pthread_mutex_unlock(&f->lock);
	}
	return NULL;
}

static void make_stats(struct fake_dp *f, uint64_t boot_id)
{
	static const char *const ports[] = {"net_null0", "net_null1"};
	struct op25b_stats_hdr *m;

	f->stats_bytes = BLOCKS_OFFSET + FAKE_DP_WORKERS * sizeof(struct op25b_stats_block);
	f->stats_fd = memfd_create("fake-dp-stats", MFD_CLOEXEC);
	if (f->stats_fd < 0 || ftruncate(f->stats_fd, (off_t)f->stats_bytes))
		err(1, "memfd");
	f->stats = mmap(NULL, f->stats_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, f->stats_fd, 0);
	if (f->stats == MAP_FAILED)
		err(1, "mmap");
	m = f->stats;
	m->magic = OP25B_STATS_MAGIC;
	m->abi_major = OP25B_STATS_ABI_MAJOR;
	m->total_bytes = f->stats_bytes;
	m->boot_id = boot_id;
	m->worker_count = FAKE_DP_WORKERS;
	m->tsc_hz = FAKE_DP_TSC_HZ;
	m->pool_count = 2;
	m->stage_count = 1;
	m->blocks_offset_bytes = BLOCKS_OFFSET;
	m->block_bytes = sizeof(struct op25b_stats_block);
	snprintf(m->pool_name[1], sizeof(m->pool_name[1]), "flets");
	fake_dp_ports(f, ports, 2);
}

struct fake_dp *fake_dp_start(const char *dir, uint64_t boot_id)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct fake_dp *f = calloc(1, sizeof(*f));

	if (!f)
		err(1, "fake_dp");
	f->fd = -1;
	f->image_fd = -1;
	snprintf(f->path, sizeof(f->path), "%s/dp.sock", dir);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", f->path);
	make_stats(f, boot_id);
	pthread_mutex_init(&f->lock, NULL);
	f->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	unlink(f->path);
	if (bind(f->listen_fd, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(f->listen_fd, 4))
		err(1, "%s", f->path);
	if (pthread_create(&f->thread, NULL, run, f))
		errx(1, "pthread_create");
	return f;
}

void fake_dp_stop(struct fake_dp *f)
{
	pthread_mutex_lock(&f->lock);
	f->ends = true;
	pthread_mutex_unlock(&f->lock);
	pthread_join(f->thread, NULL);
	unlink(f->path);
	close(f->listen_fd);
	if (f->fd >= 0)
		close(f->fd);
	if (f->image) {
		munmap(f->image, f->image_bytes);
		close(f->image_fd);
	}
	munmap(f->stats, f->stats_bytes);
	close(f->stats_fd);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

void fake_dp_answer(struct fake_dp *f, enum op25b_outcome outcome)
{
	pthread_mutex_lock(&f->lock);
	f->outcome = outcome;
	pthread_mutex_unlock(&f->lock);
}

void fake_dp_silence(struct fake_dp *f, bool silent)
{
	pthread_mutex_lock(&f->lock);
	f->silent = silent;
	pthread_mutex_unlock(&f->lock);
}

void fake_dp_hang_up(struct fake_dp *f)
{
	pthread_mutex_lock(&f->lock);
	f->hangs_up = true;
	pthread_mutex_unlock(&f->lock);
}

void fake_dp_forget(struct fake_dp *f)
{
	pthread_mutex_lock(&f->lock);
	if (f->image) {
		munmap(f->image, f->image_bytes);
		close(f->image_fd);
	}
	f->image = NULL;
	f->image_fd = -1;
	f->hangs_up = true;
	pthread_mutex_unlock(&f->lock);
}

unsigned fake_dp_offers(struct fake_dp *f)
{
	unsigned count;

	pthread_mutex_lock(&f->lock);
	count = f->offers;
	pthread_mutex_unlock(&f->lock);
	return count;
}

unsigned fake_dp_hellos(struct fake_dp *f)
{
	unsigned count;

	pthread_mutex_lock(&f->lock);
	count = f->hellos;
	pthread_mutex_unlock(&f->lock);
	return count;
}

uint64_t fake_dp_generation(struct fake_dp *f)
{
	uint64_t generation;

	pthread_mutex_lock(&f->lock);
	generation = in_force(f)->generation;
	pthread_mutex_unlock(&f->lock);
	return generation;
}

uint64_t fake_dp_checksum(struct fake_dp *f)
{
	uint64_t checksum;

	pthread_mutex_lock(&f->lock);
	checksum = in_force(f)->checksum;
	pthread_mutex_unlock(&f->lock);
	return checksum;
}

bool fake_dp_has_policy(struct fake_dp *f, const char *name)
{
	struct image_view view;
	bool same = false;

	pthread_mutex_lock(&f->lock);
	if (f->image) {
		image_view_init(&view, f->image);
		same = !strcmp(view.names + view.hdr->policy_name, name);
	}
	pthread_mutex_unlock(&f->lock);
	return same;
}

uint32_t fake_dp_pairs(struct fake_dp *f, const char *pool)
{
	struct image_view view;
	uint32_t i, pairs = 0;

	pthread_mutex_lock(&f->lock);
	if (f->image)
		image_view_init(&view, f->image);
	for (i = 0; f->image && i < image_view_count(&view, SECTION_CLASSES); i++) {
		if (!strcmp(view.names + view.classes[i].name, pool))
			pairs = view.classes[i].pairs;
	}
	pthread_mutex_unlock(&f->lock);
	return pairs;
}

void fake_dp_ports(struct fake_dp *f, const char *const *ports, uint32_t count)
{
	struct op25b_stats_hdr *m = f->stats;
	uint32_t i;

	m->port_count = count;
	for (i = 0; i < count; i++) {
		m->port[i] = (struct op25b_stats_port){
			.side = i % 2 ? SIDE_NETWORK : SIDE_SUBSCRIBER, .pair = i / 2};
		snprintf(m->port[i].name, sizeof(m->port[i].name), "%s", ports[i]);
	}
}

struct op25b_stats_hdr *fake_dp_stats(struct fake_dp *f)
{
	return f->stats;
}

struct op25b_stats_block *fake_dp_block(struct fake_dp *f, uint32_t worker)
{
	return (void *)((char *)f->stats + BLOCKS_OFFSET +
			worker * sizeof(struct op25b_stats_block));
}
