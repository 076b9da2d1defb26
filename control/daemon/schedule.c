// SPDX-License-Identifier: BSD-3-Clause
//
// See schedule.h. The timer runs on the monotonic clock, stages on the wall clock: it sleeps until
// the boundary by the wall clock of now, and at most a second, so that a wall clock that was set is
// noticed.
#include "schedule.h"

#include <err.h>
#include <time.h>

#define SCHEDULE_TURN_NS 1000000000 // a second
#define SCHEDULE_NEAREST_NS 1000000 // a timer may come a little early
#define SCHEDULE_RETRY_S 10         // after a host did not take the change
// The moment is written when something changes, and after this at the latest: an op25bd that starts
// on an unsynchronised clock has it to go by.
#define SCHEDULE_REMEMBER_S 600

const struct policy_event *schedule_next(const struct schedule *s)
{
	const struct candidate *now = &s->publish->now;
	size_t next;

	if (!now->policy || s->publish->clock->frozen_at)
		return NULL;
	// From the moment of the image, not from now: a boundary that failed is still ahead.
	next = candidate_next_event(now, candidate_time(now));
	return next < now->event_count ? &now->events[next] : NULL;
}

static void watch_clock(struct schedule *s)
{
	bool bad = !clock_is_good(s->publish->clock);

	if (bad && !s->clock_was_bad)
		warnx("the kernel says that the clock is not synchronised: the policy clock stands "
		      "still, and nothing begins or ends, until it is (see TIME in op25bd(8))");
	else if (!bad && s->clock_was_bad)
		warnx("the clock is synchronised: the policy clock goes on");
	s->clock_was_bad = bad;
}

static void fire(struct schedule *s, int64_t now_s, int64_t mono_s)
{
	const struct policy_event *next = schedule_next(s);

	// An attempt that is under way calls schedule_arm() when it ends.
	if (!next || next->at_s > now_s || s->publish->try.under_way ||
	    (next->at_s == s->tried_s && mono_s < s->not_before_s))
		return;
	s->tried_s = next->at_s;
	s->not_before_s = mono_s + SCHEDULE_RETRY_S;
	publish_boundary(s->publish);
}

void schedule_turn(struct schedule *s)
{
	struct publish *p = s->publish;
	struct timespec mono;
	int64_t now_s;

	watch_clock(s);
	if (p->now.policy && !p->clock->frozen_at) {
		clock_gettime(CLOCK_MONOTONIC, &mono);
		now_s = clock_now(p->clock, policy_tz(p->now.policy));
		fire(s, now_s, mono.tv_sec);
		gates_turn(s->gates, now_s);
		if (mono.tv_sec >= s->remember_s) {
			s->remember_s = mono.tv_sec + SCHEDULE_REMEMBER_S;
			gates_count(s->gates);
			publish_remember(p);
		}
	}
	schedule_arm(s);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	schedule_turn(arg);
}

bool schedule_init(struct schedule *s, struct event_base *base, struct publish *publish,
		   struct gates *gates)
{
	struct timespec mono;

	clock_gettime(CLOCK_MONOTONIC, &mono);
	*s = (struct schedule){.publish = publish,
			       .gates = gates,
			       .remember_s = mono.tv_sec + SCHEDULE_REMEMBER_S};
	s->timer = evtimer_new(base, on_timer, s);
	if (!s->timer)
		return false;
	schedule_arm(s);
	return true;
}

void schedule_free(struct schedule *s)
{
	if (s->timer)
		event_free(s->timer);
}

static int64_t sleep_ns(const struct schedule *s)
{
	const struct policy_clock *clock = s->publish->clock;
	const struct policy_event *next = schedule_next(s);
	int64_t left_ns;

	// What cannot fire yet, whatever its moment, is not waited for closely.
	if (!next || next->at_s == s->tried_s || s->publish->try.under_way || !clock_is_good(clock))
		return SCHEDULE_TURN_NS;
	// Compared in seconds first: a date may lie beyond what 64 bits of nanoseconds hold.
	if (next->at_s - clock_wall(clock) > 1)
		return SCHEDULE_TURN_NS;
	left_ns = next->at_s * SCHEDULE_TURN_NS - clock->wall_ns(clock->arg);
	if (left_ns > SCHEDULE_TURN_NS)
		return SCHEDULE_TURN_NS;
	return left_ns > SCHEDULE_NEAREST_NS ? left_ns : SCHEDULE_NEAREST_NS;
}

void schedule_arm(struct schedule *s)
{
	int64_t ns = sleep_ns(s);
	struct timeval tv = {ns / SCHEDULE_TURN_NS, ns % SCHEDULE_TURN_NS / 1000};

	event_add(s->timer, &tv);
}
