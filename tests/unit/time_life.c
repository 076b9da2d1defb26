// SPDX-License-Identifier: BSD-3-Clause
//
// See time_life.h.
#include "time_life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/daemon/start.h"
#include "daemon_run.h"

#define NS_PER_S 1000000000

static int64_t box_wall_ns(void *arg)
{
	return ((struct time_clock *)arg)->wall_s * NS_PER_S;
}

static bool box_synchronised(void *arg)
{
	return ((struct time_clock *)arg)->synchronised;
}

static void on_changed(void *arg)
{
	struct time_life *l = arg;

	gates_policy_changed(&l->gates);
	schedule_arm(&l->schedule);
}

static void on_done(void *arg, enum publish_outcome outcome, json_t *answer)
{
	struct time_life *l = arg;
	char *text = json_dumps(answer, JSON_COMPACT);

	l->outcome = outcome;
	snprintf(l->answer, sizeof(l->answer), "%s", text);
	free(text);
}

void time_dir_make(char dir[64])
{
	// A year has thousands of fsync(): where memory takes them, if there is such a place.
	snprintf(dir, 64, "%s/op25bd-time-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(dir))
		err(1, "mkdtemp");
}

void time_dir_clean(const char *dir)
{
	static const char *const files[] = {"policy.json", "state.json", "image", JOURNAL_FILE,
					    JOURNAL_OLD_FILE};
	char path[128];
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	if (rmdir(dir))
		warn("%s is left", dir);
}

void time_life_begin(struct time_life *l, struct time_clock *box, const char *dir)
{
	*l = (struct time_life){.box = box, .base = event_base_new()};
	l->clock = (struct policy_clock){
		.wall_ns = box_wall_ns, .synchronised = box_synchronised, .arg = box};
	l->config.slots = 65536;
	snprintf(l->config.state_dir, sizeof(l->config.state_dir), "%s", dir);
	l->publish.config = &l->config;
	l->publish.clock = &l->clock;
	l->publish.changed = on_changed;
	l->publish.changed_arg = l;
	l->sources = (struct snapshot_sources){.config = &l->config,
					       .publish = &l->publish,
					       .schedule = &l->schedule,
					       .gates = &l->gates,
					       .stats = &l->stats};
	gates_init(&l->gates, l->base, &l->publish, &l->stats);
	if (!publish_init(&l->publish, l->base) ||
	    !schedule_init(&l->schedule, l->base, &l->publish, &l->gates))
		errx(1, "out of memory");
	publish_start(&l->publish);
}

void time_life_end(struct time_life *l, bool clean)
{
	if (clean) {
		gates_count(&l->gates);
		publish_remember(&l->publish);
	}
	gates_free(&l->gates);
	schedule_free(&l->schedule);
	publish_free(&l->publish);
	event_base_free(l->base);
}

void time_life_load(struct time_life *l, const char *text)
{
	publish_load(&l->publish, text, strlen(text), "test", on_done, l);
}

void time_life_accept(struct time_life *l)
{
	publish_accept_clock(&l->publish, on_done, l);
}

void time_life_turn(struct time_life *l, int64_t wall_s)
{
	l->box->wall_s = wall_s;
	schedule_turn(&l->schedule);
}

const char *time_life_stage(const struct time_life *l, const char *pool)
{
	const struct candidate *now = &l->publish.now;
	struct moment m = candidate_moment(now, candidate_time(now));
	const char *stage = now->policy ? policy_active_stage(now->policy, pool, &m) : NULL;

	return stage ? stage : "";
}

void time_life_wait_gates(struct time_life *l)
{
	int i;

	for (i = 0; i < 100 && l->gates.pending; i++)
		event_base_loop(l->base, EVLOOP_ONCE);
}

static void add_file(const char *dir, const char *name, char **out, size_t *bytes)
{
	char path[128], *text, *line, *rest;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	text = file_read(path);
	if (!text)
		return;
	for (rest = text; (line = strsep(&rest, "\n")) && *line;) {
		json_t *row = json_loads(line, 0, NULL);
		const char *event = json_string_value(json_object_get(row, "event"));
		const char *of = json_string_value(json_object_get(row, "name"));
		size_t room = strlen(line) + 8;

		if (!row || !event)
			errx(1, "%s: %s", path, line);
		*out = realloc(*out, *bytes + room);
		*bytes += (size_t)snprintf(*out + *bytes, room, "%s%s%s%s", *bytes ? " " : "",
					   event, of ? ":" : "", of ? of : "");
		json_decref(row);
	}
	free(text);
}

char *time_events(const char *dir)
{
	char *out = calloc(1, 1);
	size_t bytes = 0;

	add_file(dir, JOURNAL_OLD_FILE, &out, &bytes);
	add_file(dir, JOURNAL_FILE, &out, &bytes);
	return out;
}

json_t *time_life_status(const struct time_life *l)
{
	struct snapshot s;
	json_t *status;

	snapshot_take(&s, &l->sources);
	status = snapshot_status(&s);
	snapshot_free(&s);
	return status;
}

struct time_run run;

int time_set_up(void **state)
{
	(void)state;
	run.box = (struct time_clock){NOON, true};
	time_dir_make(run.dir);
	time_life_begin(&run.life, &run.box, run.dir);
	return 0;
}

int time_tear_down(void **state)
{
	(void)state;
	time_life_end(&run.life, true);
	time_dir_clean(run.dir);
	return 0;
}

void time_restart(bool clean)
{
	time_life_end(&run.life, clean);
	time_life_begin(&run.life, &run.box, run.dir);
}

void time_load(const char *text)
{
	time_life_load(&run.life, text);
	if (run.life.outcome != PUBLISH_IN_FORCE)
		print_error("%s\n", run.life.answer);
	assert_int_equal(run.life.outcome, PUBLISH_IN_FORCE);
}

void time_assert_stage(const char *pool, const char *want)
{
	assert_string_equal(time_life_stage(&run.life, pool), want);
}

void time_assert_events(const char *want)
{
	char *have = time_events(run.dir);

	assert_string_equal(have, want);
	free(have);
}
