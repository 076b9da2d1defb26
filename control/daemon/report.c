// SPDX-License-Identifier: BSD-3-Clause
//
// See report.h.
#include "report.h"

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define TIME_TEXT_BYTES 64u

static const char *kind_text(enum publish_kind kind)
{
	switch (kind) {
	case PUBLISH_START:
		return "at start";
	case PUBLISH_LOAD:
		return "loaded";
	case PUBLISH_BOUNDARY:
		return "at its change";
	case PUBLISH_CLOCK:
		return "at the accepted clock";
	default:
		return "offered again";
	}
}

static const char *dataplane_word(const struct publish *p)
{
	if (!p->dataplane.up)
		return "down";
	if (p->dataplane.misfit[0])
		return "unusable";
	return p->dataplane.checksum == candidate_checksum(&p->now) ? "applied" : "refused";
}

json_t *report_reason(const char *reason)
{
	return json_pack("{s:s}", "reason", reason);
}

// Where the policy is in force, for the operator.
static json_t *answer_in_force(const struct publish *p, const struct diag *d)
{
	uint64_t revision = policy_revision(p->now.policy);
	char checksum[17];

	snprintf(checksum, sizeof(checksum), "%016" PRIx64, candidate_checksum(&p->now));
	return json_pack("{s:s, s:I, s:s, s:s, s:o, s:s, s:s, s:b, s:s*, s:o}", "name",
			 policy_name(p->now.policy), "generation",
			 (json_int_t)candidate_generation(&p->now), "checksum", checksum, "hash",
			 p->now.hash, "revision",
			 revision ? json_integer((json_int_t)revision) : json_null(), "dataplane",
			 dataplane_word(p), "guard", p->guard ? "applied" : "none", "saved",
			 p->save_error[0] == '\0', "save_error",
			 p->save_error[0] ? p->save_error : NULL, "warnings", diag_json(d));
}

// The policy clock before and after, for the operator who set it.
static json_t *answer_clock(const struct publish *p)
{
	const char *tz = policy_tz(p->now.policy);
	char from[TIME_TEXT_BYTES], to[TIME_TEXT_BYTES];
	json_t *answer = answer_in_force(p, &p->try.diag);

	time_print(from, sizeof(from), p->try.clock_from_s, tz);
	time_print(to, sizeof(to), candidate_time(&p->now), tz);
	json_object_set_new(answer, "clock", json_pack("{s:s, s:s}", "from", from, "to", to));
	return answer;
}

json_t *report_answer(const struct publish *p, enum publish_outcome outcome, json_t *errors)
{
	if (outcome == PUBLISH_IN_FORCE && p->try.kind == PUBLISH_CLOCK)
		return answer_clock(p);
	if (outcome == PUBLISH_IN_FORCE)
		return answer_in_force(p, &p->try.diag);
	if (outcome == PUBLISH_REFUSED)
		return json_pack("{s:O}", "errors", errors);
	return report_reason(p->try.reason);
}

void report_remember(struct publish *p, bool good, json_t *errors)
{
	json_decref(p->reload.errors);
	p->reload = (struct publish_reload){
		.tried = true, .good = good, .at_s = time(NULL), .errors = json_incref(errors)};
}

void report_log(const struct publish *p, enum publish_outcome outcome)
{
	const struct publish_attempt *t = &p->try;

	// The warnings of a policy were said when it was loaded.
	if (t->kind == PUBLISH_LOAD || t->kind == PUBLISH_START || diag_is_refused(&t->diag))
		diag_print(&t->diag, stderr);
	if (outcome == PUBLISH_IN_FORCE)
		warnx("policy \"%s\" %s: generation %" PRIu64 " in force, dataplane %s, guard %s",
		      policy_name(p->now.policy), kind_text(t->kind), candidate_generation(&p->now),
		      dataplane_word(p), p->guard ? "applied" : "none");
	else
		warnx("policy %s: %s; %s", kind_text(t->kind),
		      outcome == PUBLISH_REFUSED ? "refused" : t->reason,
		      p->now.policy ? "the policy in force stays" : "none is in force");
	if (outcome == PUBLISH_IN_FORCE && p->save_error[0])
		warnx("policy is live but not saved: %s", p->save_error);
}
