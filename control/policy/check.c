// SPDX-License-Identifier: BSD-3-Clause
//
// Judges what no single key can show: here, figures that do not fit the image. Other parts have
// files of their own; well-formed nonsense is check_lint.c's.
#include <stdio.h>
#include <stdlib.h>

#include "check_internal.h"
#include "slots.h"

#define MAX_TOLERANCE_S (366 * 86400)

static void check_limits(const struct policy *p, struct diag *d)
{
	char place[READER_PLACE_BYTES], at[READER_PLACE_BYTES];
	size_t i;

	for (i = 0; i < p->limit_count; i++) {
		const struct limit *l = &p->limits[i];
		uint64_t ahead_s = (uint64_t)(l->burst - 1) * l->window_s / l->max;

		if (ahead_s <= MAX_TOLERANCE_S)
			continue;
		reader_place(place, "limits", l->name);
		diag_error(d, reader_place(at, place, "burst"),
			   "%u takes %llu days to earn back at %u per %u seconds; at most 366 days "
			   "are allowed",
			   l->burst, (unsigned long long)ahead_s / 86400, l->max, l->window_s);
	}
}

static void count_prefixes(const struct prefix *prefixes, size_t more, size_t count[FAMILY_COUNT])
{
	size_t i;

	for (i = 0; i < more; i++)
		count[prefixes[i].family]++;
}

static void check_prefix_counts(const struct policy *p, struct diag *d)
{
	static const char *const names[FAMILY_COUNT] = {"", "IPv4", "IPv6"};
	size_t count[FAMILY_COUNT] = {0};
	size_t i;

	for (i = 0; i < p->pool_count; i++)
		count_prefixes(p->pools[i].prefixes, p->pools[i].count, count);
	for (i = 0; i < p->infra_count; i++)
		count_prefixes(p->infra[i].prefixes, p->infra[i].count, count);
	for (i = 0; i < p->set_count; i++)
		count_prefixes(p->sets[i].prefixes, p->sets[i].count, count);
	for (i = 0; i < p->list_count; i++)
		count_prefixes(p->lists[i].prefixes, p->lists[i].count, count);
	for (i = 0; i < p->exception_count; i++)
		count_prefixes(p->exceptions[i].grant.prefixes, p->exceptions[i].grant.count,
			       count);
	for (i = 0; i < p->quarantine_count; i++)
		count_prefixes(p->quarantines[i].grant.prefixes, p->quarantines[i].grant.count,
			       count);
	for (i = FAMILY_IP4; i < FAMILY_COUNT; i++) {
		if (count[i] > OP25B_MAX_PREFIXES)
			diag_error(d, "", "has %zu %s prefixes, at most %u are allowed", count[i],
				   names[i], OP25B_MAX_PREFIXES);
	}
}

// Stages to come count too: a policy that does not fit is refused when it is loaded, not at
// midnight.
static void mark_slot_users(struct policy *p)
{
	size_t i, j, k;

	for (i = 0; i < p->stage_count; i++) {
		const struct stage *s = &p->stages[i];
		bool limits = false;

		for (j = 0; j < s->clause_count; j++)
			limits = limits || s->clauses[j].action == ACTION_LIMIT;
		for (k = 0; limits && k < s->pool_count; k++)
			p->pools[s->pools[k]].uses_slots = true;
	}
}

static void check_slots(const struct policy *p, struct diag *d)
{
	uint64_t need = slots_needed(p);

	if (need > OP25B_MAX_SLOTS)
		diag_error(
			d, "pools",
			"need %llu subscriber slots for their limits, at most %u are allowed: use "
			"shorter keys (\"v4_key\", \"v6_key\") or limit smaller pools",
			(unsigned long long)need, OP25B_MAX_SLOTS);
}

void policy_check(struct policy *p, struct diag *d)
{
	struct owners owners;

	check_prefix_counts(p, d);
	owners_open(&owners, p);
	check_owners(p, &owners, d);
	check_within(p, d);
	check_softwires(p, d);
	check_limits(p, d);
	mark_slot_users(p);
	check_slots(p, d);
	check_gates(p, d);
	check_stages(p, d);
	check_grants(p, &owners, d);
	owners_close(&owners);
}
