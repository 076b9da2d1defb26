// SPDX-License-Identifier: BSD-3-Clause
//
// A life of op25bd's objects in the test's own process, without hosts, on a clock that the test
// turns: born from state_dir, and gone with a clean end or like kill -9.
#pragma once

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/daemon/gates.h"
#include "control/daemon/publish.h"
#include "control/daemon/schedule.h"
#include "control/daemon/snapshot.h"
#include "control/daemon/stats.h"

#define NOON 1206846000 // 2008-03-30T12:00:00+09:00

// The clock of all lives.
struct time_clock {
	int64_t wall_s;
	bool synchronised;
};

struct time_life {
	struct time_clock *box;
	struct dataplane_config config;
	struct policy_clock clock;
	struct publish publish;
	struct schedule schedule;
	struct gates gates;
	struct stats stats;
	struct snapshot_sources sources;
	struct event_base *base;
	enum publish_outcome outcome; // of the last load or accepted clock
	char answer[512];             // its answer
};

// A folder for state_dir, and its end with all that op25bd leaves there.
void time_dir_make(char dir[64]);
void time_dir_clean(const char *dir);

// Starts: reads state_dir, and publishes what is saved there.
void time_life_begin(struct time_life *l, struct time_clock *box, const char *dir);
void time_life_end(struct time_life *l, bool clean);

void time_life_load(struct time_life *l, const char *text);
void time_life_accept(struct time_life *l);
// Sets the clock and lets a second's turn happen.
void time_life_turn(struct time_life *l, int64_t wall_s);
// The stage in force on pool, by the policy in force at its moment; "": none.
const char *time_life_stage(const struct time_life *l, const char *pool);
// Lets the event loop run until the round of gates that is under way has ended.
void time_life_wait_gates(struct time_life *l);
// "policy_loaded stage_begins:block ..." of events.1.jsonl and events.jsonl together. free() it.
char *time_events(const char *dir);
// GET /v1/status; a new reference.
json_t *time_life_status(const struct time_life *l);

// What a test of cmocka.h works with, from noon on, on a clock that is synchronised.
extern struct time_run {
	char dir[64];
	struct time_clock box;
	struct time_life life;
} run;

#define TIME_TEST(name) cmocka_unit_test_setup_teardown(name, time_set_up, time_tear_down)
int time_set_up(void **state);
int time_tear_down(void **state);

void time_restart(bool clean);
// These end the test if it is not so.
void time_load(const char *text);
void time_assert_stage(const char *pool, const char *want);
void time_assert_events(const char *want);
