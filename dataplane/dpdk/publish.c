// SPDX-License-Identifier: BSD-3-Clause
//
// See publish.h. Main thread.
#include "publish.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../core/image_check.h"
#include "../core/slots_diff.h"
#include "clock.h"
#include "log.h"
#include <rte_malloc.h>

#define GRACE_POLL_US 50

static const struct publish_answer applied = {.outcome = OUTCOME_APPLIED};

static struct publish_answer refuse(enum op25b_outcome outcome, uint64_t a, uint64_t b, uint64_t c)
{
	return (struct publish_answer){outcome, {a, b, c}};
}

bool publish_init(struct publish *p, uint32_t worker_count, struct stats *stats, uint64_t *slots,
		  uint64_t slots_capacity)
{
	size_t bytes = rte_rcu_qsbr_get_memsize(worker_count);

	*p = (struct publish){
		.stats = stats,
		.slots = slots,
		.slots_capacity = slots_capacity,
		.deadline_ms = PUBLISH_DEADLINE_MS,
	};
	p->qsbr = rte_zmalloc("op25b_qsbr", bytes, RTE_CACHE_LINE_SIZE);
	if (!p->qsbr || rte_rcu_qsbr_init(p->qsbr, worker_count)) {
		log_line("no memory for the policy's hand-over");
		return false;
	}
	return true;
}

static void forget_changes(struct publish *p)
{
	free(p->changes.items);
	p->changes = (struct publish_changes){.items = NULL};
}

void publish_fini(struct publish *p)
{
	tables_free(p->spent);
	tables_free(p->retired);
	tables_free(atomic_load(&p->current));
	forget_changes(p);
	rte_free(p->qsbr);
}

// The memory must not change under the workers, whoever made it: that is what seals are for.
static bool is_sealed(int fd)
{
	const int wanted = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & wanted) == wanted;
}

// Maps the image and checks it, into t.
static struct publish_answer map_image(struct tables *t, int fd)
{
	struct image_fault fault;
	struct stat st;

	if (!is_sealed(fd) || fstat(fd, &st))
		return refuse(OUTCOME_NOT_SEALED, 0, 0, 0);
	if (st.st_size < (off_t)sizeof(struct op25b_image_hdr))
		return refuse(OUTCOME_BAD_IMAGE, IMAGE_TOO_SHORT, SECTION_COUNT, 0);
	if (st.st_size > (off_t)OP25B_MAX_IMAGE_BYTES)
		return refuse(OUTCOME_BAD_IMAGE, IMAGE_SIZE, SECTION_COUNT, 0);
	t->image_bytes = (size_t)st.st_size;
	t->image = mmap(NULL, t->image_bytes, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (t->image == MAP_FAILED) {
		t->image = NULL;
		return refuse(OUTCOME_NO_MEMORY, 0, 0, 0);
	}
	fault = image_check(t->image, t->image_bytes);
	if (fault.code != IMAGE_OK)
		return refuse(OUTCOME_BAD_IMAGE, fault.code, fault.section, fault.index);
	image_view_init(&t->view, t->image);
	t->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return t->fd < 0 ? refuse(OUTCOME_NO_MEMORY, 0, 0, 0) : applied;
}

// Whether the box can take the image: this needs nothing but figures.
static struct publish_answer check_room(const struct publish *p, const struct tables *t)
{
	const struct tables *old = atomic_load(&p->current);
	const struct op25b_image_hdr *hdr = t->view.hdr;
	struct directory directory = stats_directory(p->stats);

	if (old && hdr->generation <= old->generation)
		return refuse(OUTCOME_OLD_GENERATION, hdr->generation, old->generation, 0);
	if (hdr->slot_count > p->slots_capacity)
		return refuse(OUTCOME_TOO_MANY_SLOTS, hdr->slot_count, p->slots_capacity, 0);
	if (directory_misfit(&directory, &t->view))
		return refuse(OUTCOME_TOO_MANY_POOLS, OP25B_POOL_SLOTS, 0, 0);
	return applied;
}

static struct publish_answer prepare(struct publish *p, struct tables *t, int fd)
{
	struct publish_answer answer = map_image(t, fd);
	struct directory directory = stats_directory(p->stats);

	if (answer.outcome == OUTCOME_APPLIED)
		answer = check_room(p, t);
	if (answer.outcome != OUTCOME_APPLIED)
		return answer;
	if (!tables_build(t))
		return refuse(OUTCOME_NO_MEMORY, image_view_count(&t->view, SECTION_PREFIX4),
			      image_view_count(&t->view, SECTION_PREFIX6), 0);
	directory_take_up(&directory, &t->view, t->classes);
	return applied;
}

static void slots_change(void *ctx, uint32_t base, uint32_t count)
{
	struct publish_changes *c = ctx;

	if (c->count == c->room) {
		uint32_t room = c->room ? 2 * c->room : 64;
		struct publish_change *items = realloc(c->items, room * sizeof(*items));

		if (!items) {
			c->is_cut = true;
			return;
		}
		c->items = items;
		c->room = room;
	}
	c->items[c->count++] = (struct publish_change){base, count};
}

static void zero_slots(struct publish *p, uint32_t base, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		__atomic_store_n(&p->slots[base + i], 0, __ATOMIC_RELAXED);
}

// A slot that goes to another subscriber starts at 0. Without an older policy slots are new, or
// they are the guard's, which outlived a crash and still belong to their subscribers. A policy that
// the guard has had for a while has new owners' state in its slots already: no worker has served a
// guarded port by the old one since.
static void zero_changed(struct publish *p, const struct tables *t, const struct tables *old)
{
	struct publish_changes *c = &p->changes;
	uint32_t i;

	if (!old || (publish_is_behind_guard(p, old) && !publish_is_behind_guard(p, t)))
		return;
	if (!c->is_known)
		image_changed_slots(&old->view, &t->view, slots_change, c);
	c->is_known = true;
	for (i = 0; i < c->count; i++)
		zero_slots(p, c->items[i].base, c->items[i].count);
	if (c->is_cut)
		zero_slots(p, 0, (uint32_t)t->view.hdr->slot_count);
}

// Every worker judges by the new tables now. A worker may have charged a slot by the old ones after
// it was zeroed, hence once more.
static void end_grace(struct publish *p)
{
	struct tables *t = atomic_load(&p->current);

	zero_changed(p, t, p->retired);
	forget_changes(p);
	p->spent = p->retired;
	p->retired = NULL;
	p->is_pending = false;
	stats_set_policy(p->stats, t->generation, t->checksum);
}

static bool wait_for_workers(struct publish *p)
{
	const struct timespec nap = {0, GRACE_POLL_US * 1000};
	uint64_t from_ns = clock_now_ns();

	while (rte_rcu_qsbr_check(p->qsbr, p->token, false) != 1) {
		if (clock_now_ns() - from_ns >= (uint64_t)p->deadline_ms * CLOCK_MS_NS)
			return false;
		nanosleep(&nap, NULL);
	}
	return true;
}

struct publish_answer publish_offer(struct publish *p, int fd)
{
	struct publish_answer answer;
	struct tables *t;

	publish_turn(p);
	if (p->is_pending)
		return refuse(OUTCOME_BUSY, 0, 0, 0);
	t = calloc(1, sizeof(*t));
	if (!t)
		return refuse(OUTCOME_NO_MEMORY, 0, 0, 0);
	t->fd = -1;
	answer = prepare(p, t, fd);
	if (answer.outcome != OUTCOME_APPLIED) {
		tables_free(t);
		return answer;
	}
	zero_changed(p, t, atomic_load(&p->current));
	p->retired = atomic_exchange_explicit(&p->current, t, memory_order_acq_rel);
	p->token = rte_rcu_qsbr_start(p->qsbr);
	p->is_pending = true;
	if (!wait_for_workers(p))
		return refuse(OUTCOME_WORKER_STUCK, 0, 0, 0);
	end_grace(p);
	return applied;
}

void publish_turn(struct publish *p)
{
	if (p->is_pending && rte_rcu_qsbr_check(p->qsbr, p->token, false) == 1)
		end_grace(p);
	tables_free(p->spent);
	p->spent = NULL;
}
