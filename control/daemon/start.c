// SPDX-License-Identifier: BSD-3-Clause
//
// See start.h.
#include "start.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "../../dataplane/abi/image_abi.h"
#include "../reader/reader.h"
#include "boundary.h"

// Decides which hosts need the candidate and under which generation.
static void choose_hosts(struct publish *p, uint64_t fresh)
{
	struct publish_attempt *t = &p->try;
	uint64_t checksum = candidate_checksum(&t->next);
	bool dp_takes = publish_dataplane_is_usable(p);
	uint64_t dp = dp_takes ? p->dataplane.generation : 0;
	uint64_t guard = p->guard ? guard_generation(p->guard) : 0;
	bool dp_has = dp && p->dataplane.checksum == checksum;
	bool guard_has = guard && guard_image_checksum(p->guard) == checksum;
	uint64_t adopted = dp_has && dp > guard ? dp : guard_has ? guard : dp_has ? dp : 0;

	// A host takes only what is newer than its own. If the adopted generation is not, all get
	// a fresh one.
	if (adopted && (dp_has || !dp_takes || dp < adopted) &&
	    (guard_has || !p->guard || guard < adopted)) {
		t->to_dataplane = !dp_has;
		t->to_guard = !guard_has;
		fresh = adopted;
	}
	image_set_generation(t->next.image, fresh);
}

static bool start_text(struct publish *p, const struct stored *s, const char *text, size_t bytes,
		       const char *source)
{
	struct publish_attempt *t = &p->try;
	const void *previous = p->dataplane.image ? p->dataplane.image : s->image;
	struct compile_request r;
	int64_t now_s;

	if (!candidate_parse(&t->next, text, bytes, source, &t->diag))
		return false;
	publish_know(p, &t->next);
	// Within one period the image is the same whatever the moment: if nothing has changed since
	// the one in force was compiled, a restart of op25bd changes nothing.
	now_s = clock_now(p->clock, policy_tz(t->next.policy));
	r = publish_request(p, candidate_moment(&t->next, now_s), previous);
	r.generation = publish_next_generation(p);
	if (!candidate_compile(&t->next, &r, &t->diag))
		return false;
	choose_hosts(p, r.generation);
	return true;
}

static bool start_file(struct publish *p, const struct stored *s)
{
	size_t bytes;
	char *text = reader_file(p->policy_file, &bytes, &p->try.diag);
	bool good = text && start_text(p, s, text, bytes, p->policy_file);

	free(text);
	return good;
}

static bool start_saved(struct publish *p, const struct stored *s)
{
	const char *source = s->source && s->source[0] ? s->source : "policy.json";
	bool good = start_text(p, s, s->text, s->text_bytes, source);

	if (good && s->loaded_at_s)
		p->try.next.loaded_at_s = s->loaded_at_s;
	return good;
}

static int64_t max_s(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

// The moment from which on an image was in force; 0: none, or it names none.
static int64_t image_moment_s(const struct op25b_image_hdr *hdr)
{
	return hdr && memory_is_moment(hdr->policy_time_s) ? hdr->policy_time_s : 0;
}

// Reads what earlier lives left behind.
static void read_store(struct publish *p, struct stored *s)
{
	struct diag d;
	int64_t latest_s;

	diag_init(&d, p->config->state_dir);
	store_read(p->config->state_dir, s, &d);
	diag_print(&d, stderr);
	diag_free(&d);
	if (s->generation > p->known_generation)
		p->known_generation = s->generation;
	p->memory = s->memory;
	s->memory = (struct memory){0};
	journal_open(&p->journal, p->config->state_dir, &p->memory);
	// A power cut may come after an event was told, before state.json was written; and if that
	// is lost and the clock is no good, the images still say what was in force.
	latest_s = max_s(max_s(s->at_s, p->memory.through_s), p->journal.known_s);
	if (!clock_is_good(p->clock)) {
		latest_s = max_s(latest_s, image_moment_s(p->dataplane.image));
		latest_s = max_s(latest_s, image_moment_s(s->image));
	}
	if (latest_s > p->clock->latest_s)
		p->clock->latest_s = latest_s;
}

static bool start_any(struct publish *p, const struct stored *s)
{
	if (s->text && start_saved(p, s))
		return true;
	if (!p->policy_file)
		return false;
	if (s->text) {
		diag_print(&p->try.diag, stderr);
		warnx("the last good policy cannot be used, %s is read instead", p->policy_file);
		candidate_free(&p->try.next);
		diag_free(&p->try.diag);
		diag_init(&p->try.diag, p->policy_file);
	}
	return start_file(p, s);
}

void publish_start(struct publish *p)
{
	struct stored s;

	if (p->started)
		return;
	p->started = true;
	event_del(p->start_timer);
	read_store(p, &s);
	if (s.text || p->policy_file) {
		publish_attempt_begin(p, PUBLISH_START,
				      s.text ? "last good policy" : p->policy_file);
		publish_attempt_go(p, start_any(p, &s));
	} else {
		warnx("%s", publish_no_policy_text(p));
		publish_settle(p, true);
	}
	stored_free(&s);
	free(p->dataplane.image);
	p->dataplane.image = NULL;
}

void publish_reconcile(struct publish *p)
{
	struct publish_attempt *t = &p->try;
	bool good;

	if (!p->started || t->under_way || !p->now.policy || !publish_dataplane_is_usable(p))
		return;
	if (p->dataplane.generation && p->dataplane.checksum == candidate_checksum(&p->now))
		return;
	// What it refused for good it would refuse again.
	if (p->dataplane.refusal[0])
		return;
	publish_attempt_begin(p, PUBLISH_REOFFER, p->now.source);
	t->to_guard = false;
	good = candidate_copy(&t->next, &p->now, true, &t->diag);
	if (good && candidate_generation(&t->next) <= p->dataplane.generation) {
		image_set_generation(t->next.image, publish_next_generation(p));
		t->to_guard = true; // so that the hosts tell one generation
	}
	publish_attempt_go(p, good);
}
