// SPDX-License-Identifier: BSD-3-Clause
//
// See link_step.h.
#include "link_step.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/core/image_check.h"
#include "tests/packets/table_image.h"
#include "tests/unit/image_build.h"

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

struct image {
	uint8_t *bytes;
	size_t count;
};

static struct image small_image, table_image;

void link_step_init(const char *policy_path)
{
	struct image_build *b = image_build_start();

	image_build_class(b, "flets", "block");
	small_image.bytes = image_build_finish(b, 1, &small_image.count);
	image_build_free(b);
	table_image.bytes = table_image_read(policy_path, 1, &table_image.count);
}

bool link_step_read(struct fuzz_input *in, struct link_step *s)
{
	size_t given;

	if (in->bytes < LINK_STEP_BYTES)
		return false;
	s->what = fuzz_byte(in);
	s->fd_count = fuzz_byte(in) % (LINK_FDS_MOST + 1);
	s->fd_kind = fuzz_byte(in);
	s->seals_left = fuzz_byte(in);
	s->fix = fuzz_byte(in);
	s->generation = fuzz_byte(in);
	s->patch_at = fuzz_two_bytes(in);
	s->patch = fuzz_byte(in);
	s->message_bytes = fuzz_byte(in);
	s->message = fuzz_bytes(in, s->message_bytes, &given);
	s->message_bytes = (uint8_t)given;
	return true;
}

uint32_t link_step_message(const struct link_step *s, uint64_t seq, union link_message *m)
{
	memset(m, 0, sizeof(*m));
	memcpy(m->bytes, s->message, s->message_bytes);
	if (s->fix & LINK_FIX_HEAD) {
		m->msg.magic = OP25B_LINK_MAGIC;
		m->msg.abi = OP25B_LINK_ABI;
	}
	if (s->fix & LINK_FIX_HELLO)
		m->msg.type = LINK_HELLO;
	if (s->fix & LINK_FIX_OFFER)
		m->msg.type = LINK_OFFER;
	if (s->fix & LINK_FIX_SEQ)
		m->msg.seq = seq;
	return s->fix & LINK_FIX_BYTES ? sizeof(m->msg) : s->message_bytes;
}

// A memfd with the first of the image's octets, or with zeros behind them, and the step's change.
static int make_image_fd(const struct link_step *s, const struct image *from, size_t bytes)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int seals = s->fix & LINK_FIX_SEALS ? ALL_SEALS : ALL_SEALS & ~s->seals_left;
	uint8_t *image = calloc(1, bytes + 1);

	fuzz_must(fd >= 0 && image, "there is memory for an image");
	memcpy(image, from->bytes, bytes < from->count ? bytes : from->count);
	if (bytes)
		image[s->patch_at % bytes] ^= s->patch;
	if (bytes >= sizeof(struct op25b_image_hdr)) {
		struct op25b_image_hdr *hdr = (struct op25b_image_hdr *)image;

		hdr->generation = s->generation;
		if (s->fix & LINK_FIX_SUM)
			hdr->checksum = image_checksum(image, bytes);
	}
	fuzz_must(write(fd, image, bytes) == (ssize_t)bytes && !fcntl(fd, F_ADD_SEALS, seals),
		  "an image can be written and sealed");
	free(image);
	return fd;
}

static int make_huge_fd(void)
{
	int fd = memfd_create("huge", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	fuzz_must(fd >= 0 && !ftruncate(fd, (off_t)OP25B_MAX_IMAGE_BYTES + 1) &&
			  !fcntl(fd, F_ADD_SEALS, ALL_SEALS),
		  "a sparse file can be made");
	return fd;
}

static int make_pipe_fd(void)
{
	int fds[2];

	fuzz_must(!pipe2(fds, O_CLOEXEC), "there is a pipe");
	close(fds[1]);
	return fds[0];
}

static int make_fd(const struct link_step *s, uint32_t kind)
{
	size_t small = small_image.count, cut = s->patch_at < small ? small - s->patch_at : 0;

	switch (kind % LINK_FD_COUNT) {
	case LINK_FD_SMALL_IMAGE:
		return make_image_fd(s, &small_image, small);
	case LINK_FD_TABLE_IMAGE:
		return make_image_fd(s, &table_image, table_image.count);
	case LINK_FD_CUT_IMAGE:
		return make_image_fd(s, &small_image, cut);
	case LINK_FD_LONG_IMAGE:
		return make_image_fd(s, &small_image, small + s->patch_at);
	case LINK_FD_HUGE:
		return make_huge_fd();
	case LINK_FD_PIPE:
		return make_pipe_fd();
	case LINK_FD_FOLDER:
		return open("/", O_RDONLY | O_CLOEXEC);
	default:
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	}
}

bool link_step_send(const struct link_step *s, int fd, const union link_message *m, uint32_t bytes)
{
	struct iovec iov = {(void *)m->bytes, bytes};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(LINK_FDS_MOST * sizeof(int))];
	} space = {.bytes = {0}};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};
	int fds[LINK_FDS_MOST];
	ssize_t sent;
	uint32_t i;

	for (i = 0; i < s->fd_count; i++)
		fds[i] = make_fd(s, s->fd_kind + i);
	if (s->fd_count) {
		mh.msg_control = space.bytes;
		mh.msg_controllen = CMSG_SPACE(s->fd_count * sizeof(int));
		*CMSG_FIRSTHDR(&mh) = (struct cmsghdr){CMSG_LEN(s->fd_count * sizeof(int)),
						       SOL_SOCKET, SCM_RIGHTS};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&mh)), fds, s->fd_count * sizeof(int));
	}
	sent = sendmsg(fd, &mh, MSG_NOSIGNAL | MSG_DONTWAIT);
	for (i = 0; i < s->fd_count; i++)
		close(fds[i]);
	return sent == (ssize_t)bytes;
}
