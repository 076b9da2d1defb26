// SPDX-License-Identifier: BSD-3-Clause
//
// See boundary.h.
#include "boundary.h"

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../reader/reader.h"
#include "report.h"
#include "start.h"

void publish_know(const struct publish *p, struct candidate *c)
{
	// A rehearsal at a frozen moment asks nobody: gates are open when their stage's date is
	// there.
	candidate_know(c, p->clock->frozen_at ? NULL : memory_opened(&p->memory, c->policy));
}

bool publish_compile(struct publish *p, int64_t at_s)
{
	struct candidate *next = &p->try.next;
	struct compile_request r;

	r = publish_request(p, candidate_moment(next, at_s), p->now.image);
	r.generation = publish_next_generation(p);
	return candidate_compile(next, &r, &p->try.diag);
}

bool publish_is_newer(const struct publish *p, struct candidate *next, struct diag *d)
{
	uint64_t now, then;

	if (!p->now.policy || strcmp(policy_name(p->now.policy), policy_name(next->policy)))
		return true;
	then = policy_revision(p->now.policy);
	now = policy_revision(next->policy);
	if (!then || now > then)
		return true;
	if (now == then && !strcmp(p->now.hash, candidate_hash(next)))
		return true;
	if (!now)
		diag_error(d, "revision",
			   "is missing: of \"%s\" revision %" PRIu64 " is in force; %" PRIu64
			   " or more is expected",
			   policy_name(next->policy), then, then + 1);
	else if (now < then)
		diag_error(d, "revision",
			   "%" PRIu64 " is older than revision %" PRIu64
			   " of \"%s\", which is in force; %" PRIu64 " or more is expected",
			   now, then, policy_name(next->policy), then + 1);
	else
		diag_error(d, "revision",
			   "revision %" PRIu64
			   " of \"%s\" is in force with another content (%.12s, "
			   "not %.12s): count it up, to %" PRIu64 " or more",
			   now, policy_name(next->policy), p->now.hash, next->hash, then + 1);
	return false;
}

static void save(struct publish *p, bool image)
{
	struct stored s = {
		.text = p->text_saved ? NULL : p->now.text,
		.text_bytes = p->now.text_bytes,
		.source = p->now.source,
		.loaded_at_s = p->now.loaded_at_s,
		.at_s = p->clock->latest_s,
		.generation = candidate_generation(&p->now),
		.image = image || p->save_error[0] ? p->now.image : NULL,
		.image_bytes = p->now.image_bytes,
		.memory = p->memory,
	};

	p->save_error[0] = '\0';
	if (store_write(p->config->state_dir, &s, p->save_error))
		p->text_saved = true;
}

void publish_remember(struct publish *p)
{
	bool failed = p->save_error[0];

	if (!p->now.policy)
		return;
	journal_retry(&p->journal);
	save(p, false);
	if (p->save_error[0] && !failed)
		warnx("what op25bd knows of time cannot be saved: %s", p->save_error);
}

void publish_pass(struct publish *p, const struct candidate *before)
{
	enum publish_kind kind = p->try.kind;
	int64_t at_s = candidate_time(&p->now);
	bool same = p->now.hash[0] && !strcmp(p->memory.hash, p->now.hash);

	if (kind == PUBLISH_LOAD || kind == PUBLISH_START)
		p->text_saved = false;
	if (p->clock->frozen_at) {
		// A rehearsal leaves no trace in what was.
	} else if (kind == PUBLISH_LOAD || !same) {
		journal_loaded(&p->journal, &p->memory, before, &p->now, at_s);
		memory_take_policy(&p->memory, p->now.policy, p->now.hash);
	} else if (kind == PUBLISH_CLOCK) {
		journal_pass(&p->journal, &p->memory, &p->now, at_s);
		memory_set_back(&p->memory, at_s);
		p->memory.through_s = at_s;
		clock_accept(p->clock, at_s);
		journal_accepted(&p->journal, &p->now, p->try.clock_from_s, at_s);
	} else {
		journal_pass(&p->journal, &p->memory, &p->now, at_s);
	}
	save(p, true);
}

void publish_reload(struct publish *p)
{
	struct diag d;
	size_t bytes;
	char *text;
	json_t *errors;

	if (!p->policy_file) {
		warnx("SIGHUP: there is no --policy FILE to read again");
		return;
	}
	diag_init(&d, p->policy_file);
	text = reader_file(p->policy_file, &bytes, &d);
	if (text) {
		publish_load(p, text, bytes, p->policy_file, NULL, NULL);
	} else {
		diag_print(&d, stderr);
		errors = diag_json(&d);
		report_remember(p, false, errors);
		json_decref(errors);
	}
	diag_free(&d);
	free(text);
}

// The candidate keeps the time at which the operator loaded it.
void publish_boundary(struct publish *p)
{
	struct publish_attempt *t = &p->try;
	bool good;

	if (t->under_way || !p->now.policy)
		return;
	publish_attempt_begin(p, PUBLISH_BOUNDARY, p->now.source);
	good = candidate_copy(&t->next, &p->now, false, &t->diag) &&
	       publish_compile(p, clock_now(p->clock, policy_tz(p->now.policy)));
	publish_attempt_go(p, good);
}

static void refuse_clock(publish_done done, void *arg, const char *reason)
{
	json_t *answer = report_reason(reason);

	done(arg, PUBLISH_BUSY, answer);
	json_decref(answer);
}

// What was found open after the moment that is accepted has not happened yet.
static void close_gates(struct candidate *c, int64_t at_s)
{
	size_t i;

	for (i = 0; c->opened_s && i < policy_stage_count(c->policy); i++) {
		if (c->opened_s[i] > at_s)
			c->opened_s[i] = POLICY_NEVER;
	}
	candidate_know(c, c->opened_s);
}

void publish_accept_clock(struct publish *p, publish_done done, void *arg)
{
	struct publish_attempt *t = &p->try;
	int64_t wall_s = clock_wall(p->clock);
	bool good;

	if (p->clock->frozen_at) {
		refuse_clock(done, arg,
			     "--at freezes the policy clock: op25bd must be started without it");
	} else if (!p->started || t->under_way) {
		refuse_clock(done, arg,
			     "a policy is being published at this moment; try again when it is "
			     "done");
	} else if (!p->now.policy) {
		refuse_clock(done, arg,
			     "no policy is in force, and so no moment to be set right: load one");
	} else {
		publish_attempt_begin(p, PUBLISH_CLOCK, p->now.source);
		t->done = done;
		t->arg = arg;
		t->clock_from_s = clock_now(p->clock, policy_tz(p->now.policy));
		good = candidate_copy(&t->next, &p->now, false, &t->diag);
		if (good) {
			close_gates(&t->next, wall_s);
			good = publish_compile(p, wall_s);
		}
		publish_attempt_go(p, good);
	}
}

void publish_open_stage(struct publish *p, size_t index, int64_t now_s)
{
	struct stage_facts stage = policy_stage(p->now.policy, index);
	// Not at a moment that was journalled already: its begin would be passed over.
	int64_t first_s = p->memory.through_s + 1;
	int64_t opened_s = now_s > first_s ? now_s : first_s;

	memory_open(&p->memory, &stage, opened_s);
	p->now.opened_s[index] = opened_s;
	candidate_know(&p->now, p->now.opened_s);
}
