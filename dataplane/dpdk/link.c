// SPDX-License-Identifier: BSD-3-Clause
//
// See link.h.
#include "link.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../core/image_check.h"
#include "clock.h"
#include "log.h"

#define MAX_FDS 4u // of one message; the protocol uses at most 2
#define ACCEPT_PAUSE_NS 1000000000ull

struct request {
	struct op25b_link_msg msg;
	ssize_t bytes;
	bool is_cut;
	int fd[MAX_FDS]; // owned; request_close()
	uint32_t fd_count;
};

union fd_space {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(MAX_FDS * sizeof(int))];
};

bool link_init(struct link_server *l, const char *run_dir, struct publish *publish,
	       const struct stats *stats)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	uint32_t i;

	*l = (struct link_server){.publish = publish, .stats = stats};
	for (i = 0; i < LINK_MAX_CLIENTS; i++)
		l->client_fd[i] = -1;
	snprintf(l->path, sizeof(l->path), "%s/dp.sock", run_dir);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%.*s", (int)sizeof(addr.sun_path) - 1,
		 l->path);
	l->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	unlink(l->path);
	if (l->listen_fd >= 0 &&
	    !bind(l->listen_fd, (const struct sockaddr *)&addr, sizeof(addr)) &&
	    !chmod(l->path, 0660) && !listen(l->listen_fd, LINK_MAX_CLIENTS))
		return true;
	log_line("cannot listen on %s: %m", l->path);
	link_fini(l);
	return false;
}

static void client_drop(struct link_server *l, uint32_t i)
{
	if (l->client_fd[i] >= 0)
		close(l->client_fd[i]);
	l->client_fd[i] = -1;
}

void link_fini(struct link_server *l)
{
	uint32_t i;

	for (i = 0; i < LINK_MAX_CLIENTS; i++)
		client_drop(l, i);
	if (l->listen_fd >= 0) {
		unlink(l->path);
		close(l->listen_fd);
	}
	l->listen_fd = -1;
}

static bool is_trusted_peer(int fd)
{
	struct ucred peer;
	socklen_t bytes = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes))
		return false;
	return peer.uid == 0 || peer.uid == geteuid();
}

// A free place; if there is none, that of the client that has been silent longest, which is let go:
// op25bd connects again by itself, whereas an idle connection would keep it out for ever.
static uint32_t client_place(struct link_server *l)
{
	uint32_t i, silent = 0;

	for (i = 0; i < LINK_MAX_CLIENTS; i++) {
		if (l->client_fd[i] < 0)
			return i;
		if (l->heard[i] < l->heard[silent])
			silent = i;
	}
	client_drop(l, silent);
	return silent;
}

// The connection stays in the queue and poll() would report it again at once: without the pause
// this thread would do nothing else, until a descriptor is free.
static void accept_pause(struct link_server *l)
{
	if (!l->accept_from_ns)
		log_line("cannot take a connection on %s: %m; trying again each second", l->path);
	l->accept_from_ns = clock_now_ns() + ACCEPT_PAUSE_NS;
}

static void client_accept(struct link_server *l)
{
	int fd = accept4(l->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	uint32_t i;

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			accept_pause(l);
		return;
	}
	l->accept_from_ns = 0;
	if (!is_trusted_peer(fd)) {
		close(fd);
		return;
	}
	i = client_place(l);
	l->client_fd[i] = fd;
	l->heard[i] = ++l->heard_count;
}

static void take_fds(struct request *r, struct msghdr *mh)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(mh); c; c = CMSG_NXTHDR(mh, c)) {
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int), i;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (i = 0; i < count && r->fd_count < MAX_FDS; i++)
			memcpy(&r->fd[r->fd_count++], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
	}
}

// Returns false if the connection is over.
static bool request_read(struct request *r, int fd)
{
	struct iovec iov = {&r->msg, sizeof(r->msg)};
	union fd_space space;
	struct msghdr mh = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = space.bytes,
		.msg_controllen = sizeof(space.bytes),
	};

	memset(r, 0, sizeof(*r));
	r->bytes = recvmsg(fd, &mh, MSG_CMSG_CLOEXEC);
	if (r->bytes < 0)
		return errno == EAGAIN || errno == EINTR;
	r->is_cut = mh.msg_flags & (MSG_TRUNC | MSG_CTRUNC);
	// An empty message looks like the end of the connection, but may bring descriptors.
	take_fds(r, &mh);
	return r->bytes > 0;
}

static void request_close(struct request *r)
{
	while (r->fd_count > 0)
		close(r->fd[--r->fd_count]);
}

static bool is_good(const struct request *r)
{
	uint32_t fds_wanted = r->msg.type == LINK_OFFER ? 1 : 0;

	return !r->is_cut && r->bytes == sizeof(r->msg) && r->msg.magic == OP25B_LINK_MAGIC &&
	       r->msg.abi == OP25B_LINK_ABI &&
	       (r->msg.type == LINK_HELLO || r->msg.type == LINK_OFFER) &&
	       r->fd_count == fds_wanted;
}

// Returns false if the client does not take its answer: then it is not worth a buffer.
static bool reply(const struct link_server *l, int fd, const struct request *r,
		  const struct publish_answer *answer)
{
	const struct tables *t = atomic_load(&l->publish->current);
	struct op25b_link_msg msg = {
		.magic = OP25B_LINK_MAGIC,
		.abi = OP25B_LINK_ABI,
		.type = r->msg.type,
		.seq = r->msg.seq,
		.outcome = answer->outcome,
		.generation = t ? t->generation : 0,
		.checksum = t ? t->checksum : 0,
		.slots_capacity = l->publish->slots_capacity,
	};
	int fds[2] = {l->stats->reader_fd, t ? t->fd : -1};
	size_t fds_bytes = (t ? 2 : 1) * sizeof(int);
	struct iovec iov = {&msg, sizeof(msg)};
	union fd_space space = {.bytes = {0}};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};

	memcpy(msg.detail, answer->detail, sizeof(msg.detail));
	if (r->msg.type == LINK_HELLO && answer->outcome == OUTCOME_APPLIED) {
		mh.msg_control = space.bytes;
		mh.msg_controllen = CMSG_SPACE(fds_bytes);
		*CMSG_FIRSTHDR(&mh) = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(fds_bytes),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
		};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&mh)), fds, fds_bytes);
	}
	return sendmsg(fd, &mh, MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(msg);
}

static const char *outcome_text(enum op25b_outcome outcome)
{
	static const char *const texts[] = {
#define OUTCOME_TEXT(id, name, help) help,
		OP25B_OUTCOMES(OUTCOME_TEXT)
#undef OUTCOME_TEXT
	};

	return texts[outcome];
}

static void log_offer(const struct publish *p, const struct publish_answer *a)
{
	const struct tables *t = atomic_load(&p->current);
	unsigned long long detail[3] = {a->detail[0], a->detail[1], a->detail[2]};

	if (a->outcome == OUTCOME_APPLIED || a->outcome == OUTCOME_WORKER_STUCK)
		log_line("policy \"%s\" generation %llu: %s",
			 t->view.names + t->view.hdr->policy_name,
			 (unsigned long long)t->generation, outcome_text(a->outcome));
	else if (a->outcome == OUTCOME_BAD_IMAGE)
		log_line("policy refused: %s (section %llu, index %llu)",
			 image_fault_text((uint32_t)detail[0]), detail[1], detail[2]);
	else
		log_line("policy refused: %s (%llu, %llu, %llu)", outcome_text(a->outcome),
			 detail[0], detail[1], detail[2]);
}

static struct publish_answer serve(struct link_server *l, const struct request *r)
{
	struct publish_answer answer = {.outcome = OUTCOME_APPLIED};

	if (!is_good(r)) {
		answer.outcome = OUTCOME_BAD_MESSAGE;
	} else if (r->msg.type == LINK_OFFER) {
		answer = publish_offer(l->publish, r->fd[0]);
		log_offer(l->publish, &answer);
	}
	return answer;
}

static void client_serve(struct link_server *l, uint32_t i)
{
	struct publish_answer answer;
	struct request r;
	bool is_alive = request_read(&r, l->client_fd[i]);

	l->heard[i] = ++l->heard_count;
	if (is_alive && r.bytes > 0) {
		answer = serve(l, &r);
		is_alive = reply(l, l->client_fd[i], &r, &answer);
	}
	request_close(&r);
	if (!is_alive)
		client_drop(l, i);
}

bool link_turn(struct link_server *l, int signal_fd, int wait_ms)
{
	struct pollfd fds[LINK_MAX_CLIENTS + 2];
	bool accepts = !l->accept_from_ns || clock_now_ns() >= l->accept_from_ns;
	uint32_t i;

	// poll() passes over descriptors below 0.
	for (i = 0; i < LINK_MAX_CLIENTS; i++)
		fds[i] = (struct pollfd){.fd = l->client_fd[i], .events = POLLIN};
	fds[i++] = (struct pollfd){.fd = accepts ? l->listen_fd : -1, .events = POLLIN};
	fds[i++] = (struct pollfd){.fd = signal_fd, .events = POLLIN};
	if (poll(fds, i, wait_ms) <= 0)
		return true;
	for (i = 0; i < LINK_MAX_CLIENTS; i++) {
		// What a client asked before it hung up, it has given up: above all a policy that
		// waited here while this process was stopped, and was refused to the operator
		// meanwhile.
		if (fds[i].revents & POLLHUP)
			client_drop(l, i);
		else if (fds[i].revents)
			client_serve(l, i);
	}
	if (fds[LINK_MAX_CLIENTS].revents)
		client_accept(l);
	return !fds[LINK_MAX_CLIENTS + 1].revents;
}
