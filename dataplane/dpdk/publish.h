// SPDX-License-Identifier: BSD-3-Clause
//
// Taking a policy into force: check, build off the packet path, flip one pointer, wait until every
// worker has let go of the old tables. All that can fail comes before the flip. Main thread;
// workers only load `current` and report quiescent states.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "../abi/guard_abi.h"
#include "../abi/link_abi.h"
#include "lookup.h"
#include "stats.h"
#include <rte_rcu_qsbr.h>

#define PUBLISH_DEADLINE_MS 2000u

// Subscriber slots [base, base + count) go to other subscribers.
struct publish_change {
	uint32_t base;
	uint32_t count;
};

// All slots that do so from the retired tables to the current ones: found once, zeroed twice.
struct publish_changes {
	struct publish_change *items;
	uint32_t count;
	uint32_t room;
	bool is_known;
	bool is_cut; // memory did not suffice for all of them
};

struct publish {
	_Atomic(struct tables *) current; // what workers judge by; NULL: no policy yet
	struct tables *retired;           // let go of, but a worker may still read it
	struct tables *spent;             // no worker reads it any more: to be freed
	bool is_pending;                  // the grace period after the last flip is not over
	uint64_t token;                   // of that grace period
	struct publish_changes changes;   // of that flip
	struct rte_rcu_qsbr *qsbr;        // thread id: worker index
	struct stats *stats;
	uint64_t *slots; // subscriber slots
	uint64_t slots_capacity;
	const struct op25b_guard_control *guard; // the guard's own word, only read; NULL: no guard
	uint32_t deadline_ms;
};

// What came of an offer, in the terms of abi/link_abi.h.
struct publish_answer {
	enum op25b_outcome outcome;
	uint64_t detail[3];
};

bool publish_init(struct publish *p, uint32_t worker_count, struct stats *stats, uint64_t *slots,
		  uint64_t slots_capacity);
// Workers have ended.
void publish_fini(struct publish *p);

// Whether the guard judges by a policy that t is too old for: op25bd gives it to the guard alone
// while op25b-dp hangs. The loader of the guard writes the checksum last.
static inline bool publish_is_behind_guard(const struct publish *p, const struct tables *t)
{
	return p->guard &&
	       __atomic_load_n(&p->guard->active, __ATOMIC_ACQUIRE) >> 1 > t->generation &&
	       __atomic_load_n(&p->guard->image_checksum, __ATOMIC_RELAXED) != t->checksum;
}

// Takes the sealed image behind fd into force. fd stays the caller's.
struct publish_answer publish_offer(struct publish *p, int fd);

// Ends a grace period that outlasted its deadline, when it is over, and frees what is spent, for
// which nobody is to wait. Call now and then.
void publish_turn(struct publish *p);
