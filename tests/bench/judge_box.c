// SPDX-License-Identifier: BSD-3-Clause
//
// See judge_box.h.
#include "judge_box.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "control/policy/policy.h"
#include "dataplane/core/image_check.h"
#include "judge_stop.h"
#include <rte_lcore.h>
#include <rte_malloc.h>

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

void box_compile(struct box *b, const char *policy_path)
{
	struct compile_request request = {
		.moment = {.at_s = time(NULL)},
		.generation = 1,
		.slots_capacity = OP25B_MAX_SLOTS,
	};
	struct policy *policy;
	struct diag d;
	bool is_good;

	memset(b, 0, sizeof(*b));
	diag_init(&d, policy_path);
	policy = policy_read(policy_path, &d);
	is_good = policy && policy_compile(policy, &request, &b->image, &b->image_bytes, &d) &&
		  image_check(b->image, b->image_bytes).code == IMAGE_OK;
	if (!is_good) {
		diag_print(&d, stderr);
		stop("%s does not compile", policy_path);
	}
	policy_free(policy);
	diag_free(&d);
}

uint64_t box_dpdk_bytes(void)
{
	struct rte_malloc_socket_stats stats;
	uint64_t bytes = 0;
	unsigned int i;

	for (i = 0; i < rte_socket_count(); i++) {
		if (rte_malloc_get_socket_stats(rte_socket_id_by_idx(i), &stats) == 0)
			bytes += stats.heap_allocsz_bytes;
	}
	return bytes;
}

static void offer(struct box *b)
{
	int fd = memfd_create("image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct publish_answer answer;
	size_t done = 0;

	while (fd >= 0 && done < b->image_bytes) {
		ssize_t part = write(fd, (char *)b->image + done, b->image_bytes - done);

		if (part <= 0)
			stop("no memory for the policy's image: %m");
		done += (size_t)part;
	}
	if (fd < 0 || fcntl(fd, F_ADD_SEALS, ALL_SEALS))
		stop("cannot seal the policy's image: %m");
	answer = publish_offer(&b->publish, fd);
	if (answer.outcome != OUTCOME_APPLIED)
		stop("the policy is refused with outcome %u (see link_abi.h), memory may not "
		     "suffice",
		     (unsigned int)answer.outcome);
	close(fd);
}

void box_open(struct box *b)
{
	const struct op25b_image_hdr *hdr = b->image;
	struct dataplane_config c = {.slots = hdr->slot_count ? (uint32_t)hdr->slot_count : 1};
	struct worker_setup setup = {.publish = &b->publish, .stats = &b->stats};
	uint64_t before;

	if (!shared_init(&b->shared, &c) || !stats_init(&b->stats, 1, c.slots, false) ||
	    !publish_init(&b->publish, 1, &b->stats, b->shared.slots, c.slots))
		stop("no memory for a worker and %u subscriber slots", c.slots);
	setup.slots = b->shared.slots;
	if (!worker_init(&b->worker, 0, &setup))
		stop("no memory for a worker");
	b->in = (struct worker_port){.ingress = {.side = SIDE_SUBSCRIBER}, .is_far = true};
	before = box_dpdk_bytes();
	offer(b);
	b->table_bytes = box_dpdk_bytes() - before;
}

void box_close(struct box *b)
{
	worker_fini(&b->worker);
	publish_fini(&b->publish);
	stats_fini(&b->stats);
	shared_fini(&b->shared);
	free(b->image);
}

const struct tables *box_tables(const struct box *b)
{
	return atomic_load_explicit(&b->publish.current, memory_order_acquire);
}

struct box_memory box_memory(const struct box *b)
{
	const struct tables *t = box_tables(b);

	return (struct box_memory){
		.slots = t->view.hdr->slot_count,
		.slot_bytes = t->view.hdr->slot_count ? b->shared.slots_bytes : 0,
		.table_bytes = b->table_bytes,
		.image_bytes = t->image_bytes,
		.class_bytes =
			image_view_count(&t->view, SECTION_CLASSES) * sizeof(struct op25b_class),
	};
}

uint64_t box_pace_ns(const struct box *b, uint32_t frames)
{
	const struct tables *t = box_tables(b);
	uint64_t turn = t->view.hdr->slot_count, interval_ns = 0;
	uint32_t i, j;

	for (i = 0; i < image_view_count(&t->view, SECTION_CLASSES); i++) {
		for (j = 0; j < t->classes[i].clause_count; j++) {
			if (t->classes[i].clause[j].interval_ns > interval_ns)
				interval_ns = t->classes[i].clause[j].interval_ns;
		}
	}
	if (turn > frames)
		turn = frames;
	// Twice as slow as they may: who sends at random does not send in turn.
	return turn ? 2 * interval_ns / turn : 0;
}

void box_forget(struct box *b)
{
	memset(b->shared.slots, 0, box_tables(b)->view.hdr->slot_count * sizeof(uint64_t));
}
