// SPDX-License-Identifier: BSD-3-Clause
//
// The part of a snapshot (see snapshot.h) that is about time: the clock, what changes next, what is
// held and why, and what ends soon.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "snapshot.h"

#define TIME_TEXT_BYTES 64u
#define SOON_S (7 * 86400)
#define LATE_S 3         // until then a change is on its way
#define NEXT_ROWS 16u    // of one moment
#define ENDING_ROWS 100u // the rest is only counted
#define WARNING_ROWS 20u // about stages

static json_t *time_json(const struct policy *p, int64_t time_s)
{
	char text[TIME_TEXT_BYTES];

	if (time_s == POLICY_ALWAYS || time_s == POLICY_NEVER)
		return json_null();
	time_print(text, sizeof(text), time_s, policy_tz(p));
	return json_string(text);
}

static void warn(struct snapshot *s, const char *text)
{
	json_array_append_new(s->warnings, json_string(text));
}

static void take_clock(struct snapshot *s, const struct snapshot_sources *from)
{
	struct policy_clock *clock = from->publish->clock;
	const struct policy *p = from->publish->now.policy;
	char text[256], at[TIME_TEXT_BYTES];

	s->clock_good = clock_is_good(clock);
	s->clock_synchronised = clock_is_synchronised(clock);
	s->clock_frozen = clock->frozen_at;
	s->clock_wall_s = clock_wall(clock);
	// Without a policy nobody needs a moment, and the clock may still be set right before.
	if (p)
		s->clock_s = clock_now(clock, policy_tz(p));
	s->clock_lag_s = p ? clock_lag(clock) : 0;
	if (!s->clock_good) {
		time_print(at, sizeof(at), p ? s->clock_s : s->clock_wall_s,
			   p ? policy_tz(p) : "UTC");
		snprintf(text, sizeof(text),
			 "the kernel says that the clock is not synchronised: nothing begins or "
			 "ends until it is; %s %s",
			 p ? "the policy clock stands at" : "the wall clock says", at);
		warn(s, text);
	}
	if (s->clock_lag_s < 0) {
		snprintf(text, sizeof(text),
			 "the wall clock is %" PRId64
			 " s behind the latest moment seen: stages stay as they were then (if the "
			 "wall clock is right: op25bctl clock accept)",
			 -s->clock_lag_s);
		warn(s, text);
	}
}

static void warn_late(struct snapshot *s, const struct policy *p, int64_t due_s)
{
	char text[256], at[TIME_TEXT_BYTES];

	if (s->clock_s - due_s < LATE_S)
		return;
	time_print(at, sizeof(at), due_s, policy_tz(p));
	snprintf(text, sizeof(text),
		 "what changes at %s is not in force: a host did not take it, and it is tried "
		 "again every 10 seconds; the log says why",
		 at);
	warn(s, text);
}

static void take_next(struct snapshot *s, const struct schedule *schedule)
{
	const struct candidate *now = &schedule->publish->now;
	const struct policy_event *next = schedule_next(schedule), *e;

	s->next_events = json_array();
	if (!next)
		return;
	warn_late(s, schedule->publish->now.policy, next->at_s);
	s->has_next_change = true;
	s->next_change_s = next->at_s;
	for (e = next; e < now->events + now->event_count && e->at_s == next->at_s; e++) {
		if (json_array_size(s->next_events) == NEXT_ROWS)
			break;
		json_array_append_new(s->next_events,
				      json_pack("{s:s, s:s}", "kind", policy_event_word(e->kind),
						"name", e->name));
	}
}

static json_t *gates_json(const struct snapshot *s, const struct policy *p, const struct gates *g,
			  const struct stage_facts *stage)
{
	bool due = !stage->held && stage->from_s <= s->clock_s;
	json_t *rows = json_array();
	size_t i;

	for (i = 0; i < policy_gate_count(p); i++) {
		const struct gate_result *r = &g->result[i];
		bool known = due && r->known;

		if (!(stage->gates >> i & 1))
			continue;
		json_array_append_new(
			rows,
			json_pack("{s:s, s:o, s:o, s:s}", "gate", policy_gate(p, i)->name, "good",
				  known ? json_boolean(r->open) : json_null(), "checked_at",
				  known ? time_json(p, r->at_s) : json_null(), "text",
				  known ? r->text
				  : due ? "not asked yet"
					: "not due"));
	}
	return rows;
}

static json_t *announced_json(const struct policy *p, const struct stage_facts *stage)
{
	if (stage->announced_not_before_s == POLICY_ALWAYS &&
	    stage->announced_not_after_s == POLICY_NEVER)
		return json_null();
	return json_pack("{s:o, s:o}", "not_before", time_json(p, stage->announced_not_before_s),
			 "not_after", time_json(p, stage->announced_not_after_s));
}

// Whether its date, or all that was announced, has passed.
static bool is_overdue(const struct snapshot *s, const struct stage_facts *stage)
{
	int64_t grace_s = stage->held ? 0 : GATES_ROUND_S;

	return s->clock_s >= stage->announced_not_after_s ||
	       (stage->from_s != POLICY_NEVER && stage->from_s <= s->clock_s - grace_s);
}

static void warn_stage(struct snapshot *s, const struct policy *p, const struct stage_facts *stage)
{
	bool by_window = s->clock_s >= stage->announced_not_after_s;
	int64_t passed_s = by_window ? stage->announced_not_after_s : stage->from_s;
	char text[384], at[TIME_TEXT_BYTES] = "ever";

	if (++s->overdue_count > WARNING_ROWS)
		return;
	if (passed_s != POLICY_ALWAYS)
		time_print(at, sizeof(at), passed_s, policy_tz(p));
	if (stage->held && by_window)
		snprintf(text, sizeof(text),
			 "stage \"%s\" is held, and the time that was announced for it ended at "
			 "%s: set its date, or announce anew",
			 stage->name, at);
	else
		snprintf(text, sizeof(text), "stage \"%s\" %s: it should have begun %s %s",
			 stage->name, stage->held ? "is held" : "waits for its gates",
			 by_window                   ? "before"
			 : passed_s == POLICY_ALWAYS ? "since"
						     : "at",
			 at);
	warn(s, text);
}

static void take_held(struct snapshot *s, const struct candidate *now, const struct gates *g)
{
	const struct policy *p = now->policy;
	size_t i;

	for (i = 0; i < policy_stage_count(p); i++) {
		struct stage_facts stage = policy_stage(p, i);
		bool closed = stage.gates && now->opened_s && now->opened_s[i] == POLICY_NEVER;
		bool overdue = is_overdue(s, &stage);

		if ((!stage.held && !closed) || stage.until_s <= s->clock_s)
			continue;
		json_array_append_new(s->held,
				      json_pack("{s:s, s:s, s:o, s:o, s:b, s:o}", "stage",
						stage.name, "why", stage.held ? "hold" : "gate",
						"from", time_json(p, stage.from_s), "announced",
						announced_json(p, &stage), "overdue", overdue,
						"gates", gates_json(s, p, g, &stage)));
		if (overdue)
			warn_stage(s, p, &stage);
	}
	if (s->overdue_count > WARNING_ROWS)
		warn(s, "further stages are held although their time has passed: see \"held\"");
}

static size_t first_quarantine(const struct policy *p)
{
	size_t i = 0;

	while (i < policy_grant_count(p) && !policy_grant(p, i).is_quarantine)
		i++;
	return i;
}

static void take_ending(struct snapshot *s, const struct candidate *now)
{
	size_t quarantines = first_quarantine(now->policy);
	size_t i;

	for (i = candidate_next_event(now, s->clock_s); i < now->event_count; i++) {
		const struct policy_event *e = &now->events[i];
		bool is_quarantine = e->kind == EVENT_QUARANTINE_ENDS;
		struct grant_facts grant;

		if (e->at_s > s->clock_s + SOON_S)
			break;
		if (!is_quarantine && e->kind != EVENT_EXCEPTION_ENDS)
			continue;
		if (s->ending_count++ >= ENDING_ROWS)
			continue;
		grant = policy_grant(now->policy, e->index + (is_quarantine ? quarantines : 0));
		json_array_append_new(
			s->ending,
			json_pack("{s:s, s:s, s:o, s:s?, s:s?, s:s?}", "kind",
				  is_quarantine ? "quarantine" : "exception", "id", grant.id,
				  "until", time_json(now->policy, grant.until_s), "reason",
				  grant.reason, "by", grant.by, "ticket", grant.ticket));
	}
}

void snapshot_take_time(struct snapshot *s, const struct snapshot_sources *from)
{
	const struct candidate *now = &from->publish->now;

	s->held = json_array();
	s->ending = json_array();
	take_clock(s, from);
	take_next(s, from->schedule);
	if (!now->policy)
		return;
	take_held(s, now, from->gates);
	take_ending(s, now);
}

void snapshot_free_time(struct snapshot *s)
{
	json_decref(s->held);
	json_decref(s->ending);
	json_decref(s->next_events);
}

static json_t *clock_json(const struct snapshot *s, const char *tz)
{
	char now[TIME_TEXT_BYTES], wall[TIME_TEXT_BYTES];
	int64_t lag_s = s->clock_lag_s;

	time_print(now, sizeof(now), s->clock_s, tz);
	time_print(wall, sizeof(wall), s->clock_wall_s, tz);
	return json_pack("{s:s?, s:s, s:b, s:b, s:b, s:I, s:I}", "policy_time",
			 s->clock_s ? now : NULL, "wall", wall, "synchronised",
			 s->clock_synchronised, "trusted", s->clock_good, "frozen", s->clock_frozen,
			 "lag_s", (json_int_t)(lag_s < 0 ? -lag_s : 0), "behind_s",
			 (json_int_t)(lag_s > 0 ? lag_s : 0));
}

static json_t *next_json(const struct snapshot *s, const char *tz)
{
	char at[TIME_TEXT_BYTES];

	if (!s->has_next_change)
		return json_null();
	time_print(at, sizeof(at), s->next_change_s, tz);
	return json_pack("{s:s, s:O}", "at", at, "events", s->next_events);
}

void snapshot_add_time(const struct snapshot *s, json_t *status)
{
	const char *tz = s->policy_tz ? s->policy_tz : "UTC";

	json_object_set_new(status, "next_change", next_json(s, tz));
	json_object_set(status, "held", s->held);
	json_object_set(status, "ending", s->ending);
	json_object_set_new(status, "ending_count", json_integer((json_int_t)s->ending_count));
	json_object_set_new(status, "clock", clock_json(s, tz));
}
