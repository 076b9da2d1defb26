// SPDX-License-Identifier: BSD-3-Clause
//
// See link.h. States: no connection (timer runs) -> connected, HELLO sent -> up. At most one OFFER
// is under way. The peer is trusted to be op25b-dp, not to be right: each answer is checked.
#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../dataplane/core/image_check.h"

#define LINK_MAX_FDS 2
#define SEALS_ALL (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

struct link {
	struct event_base *base;
	struct link_events events;
	struct sockaddr_un address;
	int fd; // -1: no connection
	bool up;
	bool told_down; // the listener knows that there is no connection
	uint64_t seq;   // of the last request
	struct event *readable;
	struct event *retry;        // next attempt to connect
	struct event *deadline;     // of the request under way
	link_offer_done offer_done; // not NULL: an offer is under way
	void *offer_arg;
};

const char *link_outcome_name(uint32_t outcome)
{
	static const char *const names[] = {
#define OUTCOME_NAME(id, name, help) name,
		OP25B_OUTCOMES(OUTCOME_NAME)
#undef OUTCOME_NAME
	};

	return outcome < OUTCOME_COUNT ? names[outcome] : "unknown";
}

const char *link_outcome_help(uint32_t outcome)
{
	static const char *const helps[] = {
#define OUTCOME_HELP(id, name, help) help,
		OP25B_OUTCOMES(OUTCOME_HELP)
#undef OUTCOME_HELP
	};

	return outcome < OUTCOME_COUNT ? helps[outcome] : "an outcome this op25bd does not know";
}

static void arm(struct event *timer, long ms)
{
	struct timeval tv = {ms / 1000, ms % 1000 * 1000};

	event_add(timer, &tv);
}

// Ends the offer under way, if any. The callback may start the next.
static void end_offer(struct link *l, const struct link_answer *answer, const char *why)
{
	link_offer_done done = l->offer_done;

	l->offer_done = NULL;
	event_del(l->deadline);
	if (done)
		done(l->offer_arg, answer, why);
}

static void drop(struct link *l, const char *why)
{
	bool tell = l->up || !l->told_down;

	if (l->readable)
		event_free(l->readable);
	l->readable = NULL;
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	l->up = false;
	event_del(l->deadline);
	arm(l->retry, LINK_RETRY_MS);
	l->told_down = true;
	// Down before the end of the offer: whoever hears of the end must see the host as gone.
	if (tell)
		l->events.down(l->events.arg, why);
	end_offer(l, NULL, why);
}

static bool send_request(struct link *l, enum op25b_link_type type, int attached_fd)
{
	struct op25b_link_msg msg = {
		.magic = OP25B_LINK_MAGIC,
		.abi = OP25B_LINK_ABI,
		.type = (uint16_t)type,
		.seq = ++l->seq,
	};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec iov = {&msg, sizeof(msg)};
	struct msghdr hdr = {.msg_iov = &iov, .msg_iovlen = 1};

	if (attached_fd >= 0) {
		struct cmsghdr *c;

		hdr.msg_control = control.bytes;
		hdr.msg_controllen = sizeof(control.bytes);
		c = CMSG_FIRSTHDR(&hdr);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &attached_fd, sizeof(int));
	}
	return sendmsg(l->fd, &hdr, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof(msg);
}

struct received {
	struct op25b_link_msg msg;
	int fd[LINK_MAX_FDS];
	int fd_count;
};

static void received_close(struct received *r)
{
	while (r->fd_count > 0)
		close(r->fd[--r->fd_count]);
}

static void take_fds(struct msghdr *hdr, struct received *r)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(hdr); c; c = CMSG_NXTHDR(hdr, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		size_t i;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (r->fd_count < LINK_MAX_FDS)
				r->fd[r->fd_count++] = fd;
			else
				close(fd);
		}
	}
}

// Returns 1 with a message, 0 if there is none yet, -1 if the connection is of no more use.
static int receive(struct link *l, struct received *r)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * LINK_MAX_FDS)];
	} control;
	struct iovec iov = {&r->msg, sizeof(r->msg)};
	struct msghdr hdr = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof(control.bytes)};
	ssize_t n = recvmsg(l->fd, &hdr, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	r->fd_count = 0;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	take_fds(&hdr, r);
	if (n == (ssize_t)sizeof(r->msg) && r->msg.magic == OP25B_LINK_MAGIC &&
	    r->msg.abi == OP25B_LINK_ABI && r->msg.outcome < OUTCOME_COUNT)
		return 1;
	received_close(r);
	return -1;
}

// A private copy of the image in fd, or NULL if it is none.
static void *read_image(int fd, size_t *bytes)
{
	struct stat st;
	char *image;
	size_t have = 0;

	if (fstat(fd, &st) || st.st_size <= 0 || st.st_size > (off_t)OP25B_MAX_IMAGE_BYTES)
		return NULL;
	image = malloc((size_t)st.st_size);
	while (image && have < (size_t)st.st_size) {
		ssize_t n = pread(fd, image + have, (size_t)st.st_size - have, (off_t)have);

		if (n <= 0)
			break;
		have += (size_t)n;
	}
	*bytes = have;
	if (image && have == (size_t)st.st_size && image_check(image, have).code == IMAGE_OK)
		return image;
	free(image);
	return NULL;
}

static void on_hello(struct link *l, struct received *r)
{
	struct link_hello hello = {
		.generation = r->msg.generation,
		.checksum = r->msg.checksum,
		.slots_capacity = r->msg.slots_capacity,
		.stats_fd = -1,
	};
	void *image = NULL;

	if (r->fd_count < 1 || (hello.generation && r->fd_count < 2)) {
		received_close(r);
		drop(l, "its HELLO lacks a descriptor");
		return;
	}
	if (hello.generation)
		image = read_image(r->fd[1], &hello.image_bytes);
	hello.image = image;
	hello.stats_fd = dup(r->fd[0]);
	received_close(r);
	event_del(l->deadline);
	l->up = true;
	l->told_down = false;
	l->events.up(l->events.arg, &hello);
	free(image);
}

static void on_offer(struct link *l, struct received *r)
{
	struct link_answer answer = {
		.outcome = r->msg.outcome,
		.generation = r->msg.generation,
		.checksum = r->msg.checksum,
	};

	memcpy(answer.detail, r->msg.detail, sizeof(answer.detail));
	received_close(r);
	end_offer(l, &answer, NULL);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct link *l = arg;
	struct received r;
	int got = receive(l, &r);

	(void)fd;
	(void)what;
	if (got < 0) {
		drop(l, "it closed the connection, or sent what is no answer");
	} else if (got > 0 && r.msg.seq != l->seq) {
		received_close(&r);
		drop(l, "it answered what was not asked");
	} else if (got > 0 && r.msg.type == LINK_HELLO && !l->up) {
		on_hello(l, &r);
	} else if (got > 0 && r.msg.type == LINK_OFFER && l->offer_done) {
		on_offer(l, &r);
	} else if (got > 0) {
		received_close(&r);
		drop(l, "it answered what was not asked");
	}
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct link *l = arg;

	(void)fd;
	(void)what;
	drop(l, l->offer_done ? "it did not answer within 5 s" : "it does not answer HELLO");
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct link *l = arg;

	(void)fd;
	(void)what;
	l->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0 || connect(l->fd, (struct sockaddr *)&l->address, sizeof(l->address))) {
		drop(l, "it cannot be connected to");
		return;
	}
	l->readable = event_new(l->base, l->fd, EV_READ | EV_PERSIST, on_readable, l);
	if (!l->readable || event_add(l->readable, NULL) || !send_request(l, LINK_HELLO, -1)) {
		drop(l, "HELLO cannot be sent");
		return;
	}
	arm(l->deadline, LINK_HELLO_TIMEOUT_S * 1000);
}

struct link *link_open(struct event_base *base, const char *path, const struct link_events *events)
{
	struct link *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->base = base;
	l->events = *events;
	l->fd = -1;
	l->address.sun_family = AF_UNIX;
	snprintf(l->address.sun_path, sizeof(l->address.sun_path), "%s", path);
	l->retry = evtimer_new(base, on_retry, l);
	l->deadline = evtimer_new(base, on_deadline, l);
	if (!l->retry || !l->deadline) {
		link_close(l);
		return NULL;
	}
	arm(l->retry, 0);
	return l;
}

void link_close(struct link *l)
{
	if (!l)
		return;
	if (l->readable)
		event_free(l->readable);
	if (l->retry)
		event_free(l->retry);
	if (l->deadline)
		event_free(l->deadline);
	if (l->fd >= 0)
		close(l->fd);
	free(l);
}

bool link_is_up(const struct link *l)
{
	return l->up;
}

// A memfd with the image that nobody can change any more, or -1.
static int seal(const void *image, size_t bytes)
{
	int fd = memfd_create("op25b-policy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t done = 0;

	while (fd >= 0 && done < bytes) {
		ssize_t n = write(fd, (const char *)image + done, bytes - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (fd >= 0 && done == bytes && !fcntl(fd, F_ADD_SEALS, SEALS_ALL))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

bool link_offer(struct link *l, const void *image, size_t bytes, link_offer_done done, void *arg,
		char why[LINK_REASON_BYTES])
{
	bool sent;
	int fd;

	if (!l->up || l->offer_done) {
		snprintf(why, LINK_REASON_BYTES, "%s",
			 l->up ? "an earlier policy is still under way" : "no connection");
		return false;
	}
	fd = seal(image, bytes);
	if (fd < 0) {
		snprintf(why, LINK_REASON_BYTES, "the image cannot be sealed: %s", strerror(errno));
		return false;
	}
	sent = send_request(l, LINK_OFFER, fd);
	if (!sent)
		snprintf(why, LINK_REASON_BYTES, "the image cannot be sent: %s", strerror(errno));
	close(fd);
	if (!sent)
		return false;
	l->offer_done = done;
	l->offer_arg = arg;
	arm(l->deadline, LINK_OFFER_TIMEOUT_S * 1000);
	return true;
}
