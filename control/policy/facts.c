// SPDX-License-Identifier: BSD-3-Clause
//
// A policy as those see it who do not know its model: answers out of what was read, judging
// nothing.
#include <sha2.h>
#include <stdlib.h>
#include <string.h>

#include "check_internal.h"
#include "keys.h"

_Static_assert(POLICY_HASH_BYTES == SHA256_DIGEST_STRING_LENGTH, "SHA-256 in hex");

const char *policy_name(const struct policy *p)
{
	return p->name;
}

const char *policy_tz(const struct policy *p)
{
	return p->tz;
}

uint64_t policy_revision(const struct policy *p)
{
	return p->revision;
}

void policy_hash(const struct policy *p, char hash[POLICY_HASH_BYTES])
{
	char *text = policy_print(p);

	SHA256Data((const uint8_t *)text, strlen(text), hash);
	free(text);
}

struct policy_size policy_size(const struct policy *p)
{
	struct policy_size size = {.pools = p->pool_count};
	size_t i;

	size.stages = json_array_size(json_object_get(p->doc, "stages"));
	for (i = 0; i < p->pool_count; i++)
		size.prefixes += p->pools[i].count;
	return size;
}

size_t policy_vector_count(const struct policy *p)
{
	return p->vector_count;
}

const char *action_word(uint8_t action)
{
	return action < ACTION_COUNT ? words_action[action] : "?";
}

size_t policy_gate_count(const struct policy *p)
{
	return p->gate_count;
}

const struct policy_gate *policy_gate(const struct policy *p, size_t index)
{
	return &p->gates[index];
}

size_t policy_stage_count(const struct policy *p)
{
	return p->stage_count;
}

struct stage_facts policy_stage(const struct policy *p, size_t index)
{
	const struct stage *s = &p->stages[index];

	return (struct stage_facts){
		.name = s->name,
		.id = s->id,
		.from_s = s->when.from_s,
		.until_s = s->when.until_s,
		.held = s->held,
		.announced_not_before_s =
			s->announced.given ? s->announced.not_before_s : POLICY_ALWAYS,
		.announced_not_after_s =
			s->announced.given ? s->announced.not_after_s : POLICY_NEVER,
		.gates = s->gates,
		.monitors = stage_monitors(s),
		.pool_count = s->pool_count,
	};
}

const char *policy_stage_pool(const struct policy *p, size_t stage, size_t index)
{
	return p->pools[p->stages[stage].pools[index]].name;
}

size_t policy_grant_count(const struct policy *p)
{
	return p->exception_count + p->quarantine_count;
}

struct grant_facts policy_grant(const struct policy *p, size_t index)
{
	bool is_quarantine = index >= p->exception_count;
	const struct grant *g = is_quarantine ? &p->quarantines[index - p->exception_count].grant
					      : &p->exceptions[index].grant;

	return (struct grant_facts){
		.id = g->id,
		.is_quarantine = is_quarantine,
		.from_s = g->when.from_s,
		.until_s = g->when.until_s,
		.reason = g->reason,
		.by = g->by,
		.ticket = g->ticket,
	};
}
