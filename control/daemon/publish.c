// SPDX-License-Identifier: BSD-3-Clause
//
// See publish.h. The states of an attempt: offered to op25b-dp -> put into the guard -> committed;
// or, if the guard fails after op25b-dp has applied it, rolled back by offering the old policy
// under a newer generation. start.c prepares the first attempt, boundary.c those that time asks
// for.
#include "publish.h"

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../dataplane/abi/image_abi.h"
#include "boundary.h"
#include "report.h"
#include "start.h"

#define START_WAIT_S 1 // for op25b-dp, whose image keeps the subscribers' slots where they are
#define RETRY_S 1

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

bool publish_dataplane_is_usable(const struct publish *p)
{
	return p->dataplane.up && !p->dataplane.misfit[0];
}

uint64_t publish_next_generation(struct publish *p)
{
	p->known_generation = max_u64(p->known_generation, p->dataplane.generation);
	if (p->guard)
		p->known_generation = max_u64(p->known_generation, guard_generation(p->guard));
	return ++p->known_generation;
}

struct compile_request publish_request(const struct publish *p, struct moment moment,
				       const void *previous)
{
	uint64_t slots = p->config->slots;

	// A load must fit into op25b-dp. What is in force already must not fail because a restarted
	// one has less room: that one says so by itself.
	if (p->dataplane.up && (p->try.kind == PUBLISH_LOAD || p->dataplane.slots_capacity > slots))
		slots = p->dataplane.slots_capacity;
	return (struct compile_request){
		.moment = moment,
		.slots_capacity = slots,
		.previous = previous,
		.pair_names = p->pair_names,
		.pair_count = p->config->pair_count,
	};
}

const char *publish_no_policy_text(const struct publish *p)
{
	// state_dir was lost.
	if (p->dataplane.generation || (p->guard && guard_generation(p->guard)))
		return "no policy is saved or given: what op25b-dp and the guard have stays in "
		       "force until one is loaded";
	return p->config->start_pass ? "no policy is in force: frames pass unjudged"
				     : "no policy is in force: frames are held";
}

static void retry_later(struct publish *p)
{
	struct timeval tv = {RETRY_S, 0};

	event_add(p->retry_timer, &tv);
}

// Loads that waited, and dataplanes that came meanwhile, get their turn. What failed is not tried
// again at once: it would fail again.
void publish_settle(struct publish *p, bool good)
{
	struct publish_waiting w = p->waiting;

	p->changed(p->changed_arg);
	p->waiting = (struct publish_waiting){0};
	if (w.text)
		publish_load(p, w.text, w.bytes, w.source, w.done, w.arg);
	else if (good)
		publish_reconcile(p);
	else
		retry_later(p);
	free(w.text);
	free(w.source);
}

static void finish(struct publish *p, enum publish_outcome outcome)
{
	struct publish_attempt *t = &p->try;
	json_t *answer, *errors = diag_json(&t->diag);
	publish_done done = t->done;
	void *arg = t->arg;

	answer = report_answer(p, outcome, errors);
	if (outcome == PUBLISH_UNREACHED)
		json_array_append_new(errors, report_reason(t->reason));
	report_log(p, outcome);
	// Re-offers and boundaries speak of a policy that was accepted before.
	if (t->kind == PUBLISH_LOAD || t->kind == PUBLISH_START)
		report_remember(p, outcome == PUBLISH_IN_FORCE, errors);
	if (p->guard)
		guard_discard(p->guard);
	candidate_free(&t->next);
	diag_free(&t->diag);
	free(t->back_image);
	*t = (struct publish_attempt){0};
	if (done)
		done(arg, outcome, answer);
	json_decref(answer);
	json_decref(errors);
	publish_settle(p, outcome == PUBLISH_IN_FORCE);
}

static void finish_unreached(struct publish *p, const char *reason)
{
	snprintf(p->try.reason, sizeof(p->try.reason), "%s", reason);
	finish(p, PUBLISH_UNREACHED);
}

static void commit(struct publish *p)
{
	struct candidate before = p->now;

	candidate_hash(&p->try.next);
	p->now = p->try.next;
	p->try.next = (struct candidate){0};
	p->known_generation = max_u64(p->known_generation, candidate_generation(&p->now));
	if (p->try.dataplane_applied)
		p->dataplane.refusal[0] = '\0';
	publish_pass(p, &before);
	candidate_free(&before);
	finish(p, PUBLISH_IN_FORCE);
}

static void on_back_offer(void *arg, const struct link_answer *answer, const char *why)
{
	struct publish *p = arg;
	size_t used = strlen(p->try.reason);

	if (answer && answer->outcome == OUTCOME_APPLIED) {
		p->dataplane.generation = answer->generation;
		p->dataplane.checksum = answer->checksum;
		image_set_generation(p->now.image, answer->generation);
		snprintf(p->try.reason + used, sizeof(p->try.reason) - used,
			 "; op25b-dp was given the old policy again, as generation %" PRIu64,
			 answer->generation);
	} else {
		snprintf(p->try.reason + used, sizeof(p->try.reason) - used,
			 "; op25b-dp did not take the old policy back (%s) and has the new one",
			 answer ? link_outcome_name(answer->outcome) : why);
	}
	finish(p, PUBLISH_UNREACHED);
}

// The guard failed after op25b-dp applied: puts op25b-dp back to the old policy.
static void roll_back(struct publish *p, const char *guard_error)
{
	struct publish_attempt *t = &p->try;
	char why[LINK_REASON_BYTES];

	snprintf(t->reason, sizeof(t->reason), "the guard did not take it: %s", guard_error);
	if (!t->dataplane_applied) {
		finish(p, PUBLISH_UNREACHED);
		return;
	}
	if (!p->now.image) {
		finish_unreached(p, "the guard did not take it, and there is no old policy to go "
				    "back to: op25b-dp has the new one, the guard has none");
		return;
	}
	t->rolling_back = true;
	t->back_image = malloc(p->now.image_bytes);
	if (!t->back_image) {
		on_back_offer(p, NULL, "out of memory");
		return;
	}
	memcpy(t->back_image, p->now.image, p->now.image_bytes);
	image_set_generation(t->back_image, publish_next_generation(p));
	if (!link_offer(p->link, t->back_image, p->now.image_bytes, on_back_offer, p, why))
		on_back_offer(p, NULL, why);
}

static void attempt_guard(struct publish *p)
{
	char error[GUARD_ERROR_BYTES];

	if (p->guard && p->try.to_guard &&
	    !guard_publish(p->guard, p->try.next.image, p->try.next.image_bytes, error))
		roll_back(p, error);
	else
		commit(p);
}

// Whether the candidate is in force whatever op25b-dp says: the policy of the start, and what time
// does to one that op25b-dp has refused, or cannot take because a worker hangs, which is when the
// guard judges.
static bool is_by_right(const struct publish *p, bool busy)
{
	return p->try.kind == PUBLISH_START ||
	       (p->try.kind == PUBLISH_BOUNDARY && p->guard && (busy || p->dataplane.refusal[0]));
}

// op25b-dp did not take it; t->reason says why. It must not keep from the guard what is in force by
// right.
static void dataplane_failed(struct publish *p, enum publish_outcome outcome, bool busy)
{
	struct publish_attempt *t = &p->try;

	if (is_by_right(p, busy)) {
		diag_warning(&t->diag, "", "%s", t->reason);
		attempt_guard(p);
		return;
	}
	if (outcome == PUBLISH_REFUSED)
		diag_error(&t->diag, "", "%s", t->reason);
	finish(p, outcome);
}

static void on_refusal(struct publish *p, const struct link_answer *answer)
{
	struct publish_attempt *t = &p->try;

	snprintf(t->reason, sizeof(t->reason),
		 "op25b-dp refused the policy: %s: %s (%" PRIu64 ", %" PRIu64 ", %" PRIu64 ")",
		 link_outcome_name(answer->outcome), link_outcome_help(answer->outcome),
		 answer->detail[0], answer->detail[1], answer->detail[2]);
	if (answer->outcome == OUTCOME_BUSY) {
		dataplane_failed(p, PUBLISH_UNREACHED, true);
		return;
	}
	if (t->kind == PUBLISH_REOFFER || t->kind == PUBLISH_START)
		snprintf(p->dataplane.refusal, sizeof(p->dataplane.refusal), "%s", t->reason);
	dataplane_failed(p, PUBLISH_REFUSED, false);
}

static void on_offer(void *arg, const struct link_answer *answer, const char *why)
{
	struct publish *p = arg;
	struct publish_attempt *t = &p->try;

	if (!answer) {
		snprintf(t->reason, sizeof(t->reason),
			 "op25b-dp did not say what became of the policy: %s. Its connection was "
			 "dropped; until it answers again, a load goes to the guard alone",
			 why);
		dataplane_failed(p, PUBLISH_UNREACHED, false);
		return;
	}
	if (answer->outcome != OUTCOME_APPLIED && answer->outcome != OUTCOME_WORKER_STUCK) {
		on_refusal(p, answer);
		return;
	}
	if (answer->outcome == OUTCOME_WORKER_STUCK)
		diag_warning(&t->diag, "", "op25b-dp: %s", link_outcome_help(answer->outcome));
	p->dataplane.generation = answer->generation;
	p->dataplane.checksum = answer->checksum;
	t->dataplane_applied = true;
	attempt_guard(p);
}

static void attempt_run(struct publish *p)
{
	struct publish_attempt *t = &p->try;
	char why[LINK_REASON_BYTES];

	if (t->kind == PUBLISH_LOAD && p->dataplane.misfit[0]) {
		finish_unreached(p, p->dataplane.misfit);
	} else if (!publish_dataplane_is_usable(p) || !t->to_dataplane) {
		attempt_guard(p);
	} else if (link_offer(p->link, t->next.image, t->next.image_bytes, on_offer, p, why)) {
		// While op25b-dp builds its tables.
		candidate_hash(&t->next);
		if (p->guard && t->to_guard)
			guard_prepare(p->guard, t->next.image);
	} else {
		snprintf(t->reason, sizeof(t->reason), "op25b-dp: %s", why);
		dataplane_failed(p, PUBLISH_UNREACHED, false);
	}
}

void publish_attempt_begin(struct publish *p, enum publish_kind kind, const char *source)
{
	p->try = (struct publish_attempt){
		.under_way = true, .kind = kind, .to_dataplane = true, .to_guard = true};
	diag_init(&p->try.diag, source);
}

void publish_attempt_go(struct publish *p, bool good)
{
	if (good)
		attempt_run(p);
	else
		finish(p, PUBLISH_REFUSED);
}

static void attempt_text(struct publish *p, enum publish_kind kind, const char *text, size_t bytes,
			 const char *source, publish_done done, void *arg)
{
	struct publish_attempt *t = &p->try;
	bool good;

	publish_attempt_begin(p, kind, source);
	t->done = done;
	t->arg = arg;
	good = candidate_parse(&t->next, text, bytes, source, &t->diag) &&
	       publish_is_newer(p, &t->next, &t->diag);
	if (good) {
		publish_know(p, &t->next);
		good = publish_compile(p, clock_now(p->clock, policy_tz(t->next.policy)));
	}
	publish_attempt_go(p, good);
}

static void wait_for_turn(struct publish *p, const char *text, size_t bytes, const char *source,
			  publish_done done, void *arg)
{
	struct publish_waiting *w = &p->waiting;

	*w = (struct publish_waiting){
		.text = malloc(bytes + 1), .bytes = bytes, .source = strdup(source), .done = done};
	if (!w->text || !w->source)
		err(1, "load");
	memcpy(w->text, text, bytes);
	w->text[bytes] = '\0';
	w->arg = arg;
}

void publish_load(struct publish *p, const char *text, size_t bytes, const char *source,
		  publish_done done, void *arg)
{
	bool by_operator = p->try.kind == PUBLISH_LOAD || p->try.kind == PUBLISH_CLOCK;
	bool own_affairs = !p->started || (p->try.under_way && !by_operator);
	json_t *answer;

	if (own_affairs && !p->waiting.text) {
		wait_for_turn(p, text, bytes, source, done, arg);
	} else if (own_affairs || p->try.under_way) {
		answer = report_reason("another policy is being loaded at this moment, or a clock "
				       "accepted; try again when it is done");
		if (done)
			done(arg, PUBLISH_BUSY, answer);
		else
			warnx("reload of %s: another policy is being loaded", source);
		json_decref(answer);
	} else {
		attempt_text(p, PUBLISH_LOAD, text, bytes, source, done, arg);
	}
}

static void on_start_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	publish_start(arg);
}

static void on_retry_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	publish_reconcile(arg);
}

void publish_dataplane_up(struct publish *p, const struct link_hello *hello, const char *misfit)
{
	struct publish_dataplane *dp = &p->dataplane;

	dp->up = true;
	dp->generation = hello->generation;
	dp->checksum = hello->checksum;
	dp->slots_capacity = hello->slots_capacity;
	dp->refusal[0] = '\0';
	snprintf(dp->misfit, sizeof(dp->misfit), "%s", misfit);
	warnx("op25b-dp is up, generation %" PRIu64, hello->generation);
	if (misfit[0])
		warnx("%s", misfit);
	if (p->started) {
		publish_reconcile(p);
		return;
	}
	free(dp->image);
	dp->image = hello->image ? malloc(hello->image_bytes) : NULL;
	if (dp->image)
		memcpy(dp->image, hello->image, hello->image_bytes);
	dp->image_bytes = hello->image_bytes;
	publish_start(p);
}

void publish_dataplane_down(struct publish *p, const char *why)
{
	warnx("op25b-dp is down: %s", why);
	p->dataplane.up = false;
	p->dataplane.generation = 0;
	p->dataplane.checksum = 0;
	p->dataplane.misfit[0] = '\0';
	if (!p->started)
		publish_start(p);
}

bool publish_init(struct publish *p, struct event_base *base)
{
	struct timeval tv = {START_WAIT_S, 0};
	uint32_t i;

	for (i = 0; i < p->config->pair_count; i++)
		p->pair_names[i] = p->config->pairs[i].name;
	p->start_timer = evtimer_new(base, on_start_timer, p);
	p->retry_timer = evtimer_new(base, on_retry_timer, p);
	return p->start_timer && p->retry_timer && !event_add(p->start_timer, &tv);
}

void publish_free(struct publish *p)
{
	if (p->start_timer)
		event_free(p->start_timer);
	if (p->retry_timer)
		event_free(p->retry_timer);
	candidate_free(&p->now);
	candidate_free(&p->try.next);
	if (p->try.under_way)
		diag_free(&p->try.diag);
	free(p->try.back_image);
	free(p->dataplane.image);
	free(p->waiting.text);
	free(p->waiting.source);
	memory_free(&p->memory);
	journal_close(&p->journal);
	json_decref(p->reload.errors);
}
