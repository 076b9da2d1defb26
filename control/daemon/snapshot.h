// SPDX-License-Identifier: BSD-3-Clause
//
// All that op25bd can say of itself and its hosts at one moment, gathered once per question: status
// JSON, statistics JSON and metrics are written from it and from nothing else. Event loop thread.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "publish.h"
#include "schedule.h"
#include "stats.h"

// Whether the guard is judging, and since when: watched, so that the moment is known.
struct guard_watch {
	bool active;
	int64_t since_s; // wall clock of the last change; 0: none seen
};

// The parts that a snapshot is taken of. The caller owns them.
struct snapshot_sources {
	const struct dataplane_config *config;
	const struct publish *publish;
	const struct schedule *schedule;
	const struct gates *gates;
	const struct stats *stats;
	struct guard *guard; // NULL: none
	struct guard_watch watch;
	bool guard_refused; // --no-guard
};

struct snapshot {
	const char *version;
	// Policy in force; name NULL: none. Strings are borrowed from the sources.
	const char *policy_name;
	const char *policy_source;
	const char *policy_tz;
	const char *policy_hash;
	uint64_t policy_revision; // 0: none
	uint64_t policy_generation;
	uint64_t policy_checksum;
	int64_t policy_loaded_at_s;
	const void *policy_image;
	// Time. The policy clock is 0 if there is no policy.
	bool clock_good;         // the policy clock may follow the wall clock
	bool clock_synchronised; // the kernel says so
	bool clock_frozen;
	int64_t clock_s;
	int64_t clock_wall_s;
	int64_t clock_lag_s; // of the policy clock behind the wall clock; negative: ahead
	bool has_next_change;
	int64_t next_change_s;
	json_t *next_events;  // of that moment; array, owned, as the next two
	json_t *held;         // stages
	json_t *ending;       // exceptions and quarantines that end soon
	size_t ending_count;  // of these, also those left off
	size_t overdue_count; // of held stages
	// op25b-dp
	bool dataplane_up;
	uint64_t dataplane_generation;
	uint64_t dataplane_boot_id;
	uint64_t dataplane_slots_capacity;
	uint64_t dataplane_tsc_hz; // 0: op25b-dp has not been seen
	uint32_t worker_count;
	struct stats_worker worker[OP25B_MAX_WORKERS];
	struct stats_totals dataplane;
	// Guard
	bool guard_attached;
	uint64_t guard_generation;
	struct guard_watch guard_watch;
	struct stats_totals guard;
	// Last load or reload
	bool reload_tried;
	bool reload_good;
	int64_t reload_at_s;
	json_t *reload_errors; // borrowed; NULL: none
	json_t *warnings;      // array of texts, owned
};

void snapshot_take(struct snapshot *s, const struct snapshot_sources *from);
void snapshot_free(struct snapshot *s);

// Bodies of GET /v1/status and GET /v1/stats; new references.
json_t *snapshot_status(const struct snapshot *s);
json_t *snapshot_stats(const struct snapshot *s);

// snapshot_time.c, for snapshot.c.
void snapshot_take_time(struct snapshot *s, const struct snapshot_sources *from);
void snapshot_free_time(struct snapshot *s);
void snapshot_add_time(const struct snapshot *s, json_t *status);

// Whether the guard is judging at this moment: there is one, and no worker of op25b-dp is alive to
// take the frames.
bool guard_is_active(const struct snapshot_sources *from);
