// SPDX-License-Identifier: BSD-3-Clause
//
// See snapshot.h. Gathering, the warnings, and the status JSON.
#include "snapshot.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../../dataplane/core/image_view.h"
#include "clock.h"

#define NS_PER_MS 1000000u
#define TIME_TEXT_BYTES 64u

static void warn(struct snapshot *s, const char *text)
{
	json_array_append_new(s->warnings, json_string(text));
}

static void warn_policy(struct snapshot *s, const struct publish *p)
{
	char text[PUBLISH_TEXT_BYTES + 128];

	if (!p->now.policy)
		warn(s, publish_no_policy_text(p));
	if (p->dataplane.misfit[0])
		warn(s, p->dataplane.misfit);
	if (p->dataplane.up && p->dataplane.refusal[0])
		warn(s, p->dataplane.refusal);
	if (p->now.policy && p->save_error[0]) {
		snprintf(text, sizeof(text),
			 "the policy is live but not saved, a restart brings back the one before: "
			 "%s",
			 p->save_error);
		warn(s, text);
	}
	if (p->journal.error[0]) {
		snprintf(text, sizeof(text), "what begins and ends is in the log only: %s",
			 p->journal.error);
		warn(s, text);
	}
}

static void warn_ports(struct snapshot *s, const struct snapshot_sources *from)
{
	char text[160];
	uint32_t i;

	for (i = 0; i < from->config->pair_count; i++) {
		const struct config_pair *pair = &from->config->pairs[i];

		if (config_port_has_guard(&pair->subscriber) &&
		    config_port_has_guard(&pair->network))
			continue;
		snprintf(text, sizeof(text),
			 "dataplane loss on pair %u is a loss of link: no guard on a port that is "
			 "no kernel interface",
			 i);
		warn(s, text);
	}
	if (from->guard_refused)
		warn(s, "--no-guard: nothing judges when op25b-dp is down");
}

static void take_policy(struct snapshot *s, const struct publish *p)
{
	if (!p->now.policy)
		return;
	s->policy_name = policy_name(p->now.policy);
	s->policy_source = p->now.source;
	s->policy_tz = policy_tz(p->now.policy);
	s->policy_generation = candidate_generation(&p->now);
	s->policy_checksum = candidate_checksum(&p->now);
	s->policy_loaded_at_s = p->now.loaded_at_s;
	s->policy_image = p->now.image;
	s->policy_hash = p->now.hash;
	s->policy_revision = policy_revision(p->now.policy);
}

static void take_guard(struct snapshot *s, const struct snapshot_sources *from)
{
	char error[GUARD_ERROR_BYTES];

	s->guard_watch = from->watch;
	if (!from->guard)
		return;
	s->guard_attached = true;
	s->guard_generation = guard_generation(from->guard);
	if (!stats_read_guard(from->guard, &s->guard, error))
		warn(s, error);
}

void snapshot_take(struct snapshot *s, const struct snapshot_sources *from)
{
	const struct publish *p = from->publish;

	*s = (struct snapshot){.version = OP25B_VERSION, .warnings = json_array()};
	take_policy(s, p);
	s->dataplane_up = p->dataplane.up;
	s->dataplane_generation = p->dataplane.generation;
	s->dataplane_slots_capacity = p->dataplane.slots_capacity;
	s->dataplane_boot_id = from->stats->memory ? from->stats->memory->boot_id : 0;
	s->dataplane_tsc_hz = from->stats->memory ? from->stats->memory->tsc_hz : 0;
	s->worker_count = stats_workers(from->stats, s->worker);
	stats_read(from->stats, &s->dataplane);
	take_guard(s, from);
	s->reload_tried = p->reload.tried;
	s->reload_good = p->reload.good;
	s->reload_at_s = p->reload.at_s;
	s->reload_errors = p->reload.errors;
	if (!s->dataplane_up)
		warn(s, from->guard ? "op25b-dp is down: the guard judges"
				    : "op25b-dp is down: nothing is forwarded or judged by it");
	else if (from->watch.active)
		warn(s, "op25b-dp is up but takes no frames: the guard judges");
	warn_policy(s, p);
	snapshot_take_time(s, from);
	warn_ports(s, from);
}

void snapshot_free(struct snapshot *s)
{
	stats_totals_free(&s->dataplane);
	stats_totals_free(&s->guard);
	snapshot_free_time(s);
	json_decref(s->warnings);
}

bool guard_is_active(const struct snapshot_sources *from)
{
	struct stats_worker worker[OP25B_MAX_WORKERS];
	uint32_t count = stats_workers(from->stats, worker);
	uint32_t i;

	if (!from->guard)
		return false;
	for (i = 0; i < count; i++) {
		// A worker without a policy turns, but takes no frames, unless it passes all.
		if (!worker[i].generation && !from->stats->memory->start_pass)
			return true;
		if (worker[i].heartbeat_age_ns >
		    (uint64_t)from->config->heartbeat_max_age_ms * NS_PER_MS)
			return true;
	}
	return count == 0;
}

static json_t *time_json(const struct snapshot *s, bool known, int64_t time_s)
{
	char text[TIME_TEXT_BYTES];

	if (!known)
		return json_null();
	time_print(text, sizeof(text), time_s, s->policy_tz ? s->policy_tz : "UTC");
	return json_string(text);
}

static json_t *hex_json(uint64_t value)
{
	char text[17];

	snprintf(text, sizeof(text), "%016" PRIx64, value);
	return json_string(text);
}

static json_t *policy_json(const struct snapshot *s)
{
	if (!s->policy_name)
		return json_null();
	return json_pack(
		"{s:s, s:I, s:o, s:s, s:o, s:o, s:s}", "name", s->policy_name, "generation",
		(json_int_t)s->policy_generation, "checksum", hex_json(s->policy_checksum), "hash",
		s->policy_hash, "revision",
		s->policy_revision ? json_integer((json_int_t)s->policy_revision) : json_null(),
		"loaded_at", time_json(s, true, s->policy_loaded_at_s), "source", s->policy_source);
}

static json_t *dataplane_json(const struct snapshot *s)
{
	json_t *ages = json_array();
	uint32_t i;

	for (i = 0; i < s->worker_count; i++) {
		uint64_t age_ns = s->worker[i].heartbeat_age_ns;

		json_array_append_new(ages,
				      age_ns == UINT64_MAX
					      ? json_null()
					      : json_integer((json_int_t)(age_ns / NS_PER_MS)));
	}
	return json_pack("{s:b, s:I, s:o, s:o, s:i, s:I}", "up", s->dataplane_up, "generation",
			 (json_int_t)s->dataplane_generation, "boot_id",
			 hex_json(s->dataplane_boot_id), "heartbeat_age_ms", ages, "workers",
			 (int)s->worker_count, "slots_capacity",
			 (json_int_t)s->dataplane_slots_capacity);
}

static json_t *guard_json(const struct snapshot *s)
{
	json_t *ifaces = json_array();
	size_t i;

	for (i = 0; i < s->guard.port_count; i++)
		json_array_append_new(ifaces, json_string(s->guard.ports[i].name));
	return json_pack("{s:b, s:o, s:I, s:b, s:o}", "attached", s->guard_attached, "ifaces",
			 ifaces, "generation", (json_int_t)s->guard_generation, "active",
			 s->guard_watch.active, "since",
			 time_json(s, s->guard_watch.since_s, s->guard_watch.since_s));
}

static json_t *pools_json(const struct snapshot *s)
{
	json_t *pools = json_array();
	struct image_view view;
	uint32_t i;

	if (!s->policy_image)
		return pools;
	image_view_init(&view, s->policy_image);
	for (i = 1; i < image_view_count(&view, SECTION_CLASSES); i++) {
		const char *stage = view.names + view.classes[i].stage;

		// Pools come first. After the class of exempt addresses: infrastructure, and parts
		// of pools.
		if (!view.classes[i].name)
			break;
		json_array_append_new(pools, json_pack("{s:s, s:s?}", "name",
						       view.names + view.classes[i].name, "stage",
						       stage[0] ? stage : NULL));
	}
	return pools;
}

json_t *snapshot_status(const struct snapshot *s)
{
	json_t *reload = json_null(), *status;

	if (s->reload_tried)
		reload = json_pack("{s:b, s:o, s:O}", "ok", s->reload_good, "at",
				   time_json(s, true, s->reload_at_s), "errors", s->reload_errors);
	status = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:O}", "version", s->version, "policy",
			   policy_json(s), "dataplane", dataplane_json(s), "guard", guard_json(s),
			   "pools", pools_json(s), "last_reload", reload, "warnings", s->warnings);
	snapshot_add_time(s, status);
	return status;
}
