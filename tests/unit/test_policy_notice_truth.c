// SPDX-License-Identifier: BSD-3-Clause
//
// What is announced is what is enforced: for every policy of policies/, before and after each
// moment at which anything changes, from every pool to every kind of destination that a notice
// tells apart, in both families, the notice's answer is the judge's.
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "control/policy/notice_internal.h"
#include "control/policy/represent.h"
#include "policy_help.h"

#define MIN_POLICIES 9
#define MIN_QUESTIONS 500
#define PATH_BYTES 1024

// One policy on its way through its moments.
struct walk {
	const struct policy *policy;
	struct represent addresses;
	struct notice notice;
	struct explainer *explainer;
	size_t questions;
};

static const char *verdict_of(const struct outcome *o, const char *asked)
{
	switch (o->reach) {
	case REACH_OPEN:
		return "permit";
	case REACH_MONITORED:
		return "monitor";
	case REACH_LIMITED:
		return "limit";
	case REACH_REFUSED:
		if (!o->at_once)
			return "drop";
		return strcmp(asked, "icmp_admin") ? "rst" : "icmp_admin";
	default:
		return asked; // not the same for all of them
	}
}

static const struct group *group_of(const struct notice *n, uint32_t pool)
{
	size_t i, j;

	for (i = 0; i < n->group_count; i++) {
		for (j = 0; j < n->groups[i].pool_count; j++) {
			if (n->groups[i].pools[j] == pool)
				return &n->groups[i];
		}
	}
	fail_msg("pool %u is in no group", pool);
	return NULL;
}

static void print_address(char text[INET6_ADDRSTRLEN], const struct prefix *address)
{
	uint8_t be[16];

	prefix_bytes(address, be);
	assert_non_null(inet_ntop(address->family == FAMILY_IP4 ? AF_INET : AF_INET6, be, text,
				  INET6_ADDRSTRLEN));
}

// dest as of notice_outcome(); the address is one of these.
static void ask(struct walk *w, uint32_t pool, int dest, enum owner_kind kind, uint32_t index,
		uint8_t family)
{
	char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];
	struct explain_request r = {.from = from, .to = to, .port = 25};
	const struct segment *now = notice_segment_now(&w->notice, group_of(&w->notice, pool));
	const struct outcome o = notice_outcome(&w->notice, pool, now->stage, dest);
	struct prefix source, target;
	const char *verdict;
	json_t *answer;
	struct diag d;

	if (!represent_find(&w->addresses, OWNER_POOL, pool, family, &source) ||
	    !represent_find(&w->addresses, kind, index, family, &target))
		return;
	print_address(from, &source);
	print_address(to, &target);
	diag_init(&d, "ask");
	answer = explainer_ask(w->explainer, &r, &d);
	assert_non_null(answer);
	verdict = text_of(answer, "verdict");
	if (strcmp(verdict, verdict_of(&o, verdict)))
		fprintf(stderr, "%s at %lld, %s to %s: judged \"%s\", announced \"%s\"\n",
			policy_name(w->policy), (long long)w->notice.at.at_s, from, to, verdict,
			verdict_of(&o, verdict));
	assert_string_equal(verdict, verdict_of(&o, verdict));
	w->questions++;
	json_decref(answer);
	diag_free(&d);
}

static void ask_all(struct walk *w, uint8_t family)
{
	const struct policy *p = w->policy;
	uint32_t pool, set;

	for (pool = 0; pool < p->pool_count; pool++) {
		ask(w, pool, DEST_OTHER, OWNER_NOBODY, 0, family);
		for (set = 0; set < p->set_count; set++) {
			ask(w, pool, (int)set, OWNER_SET, set, family);
			if (p->pools[pool].relay >> set & 1)
				ask(w, pool, DEST_OWN, OWNER_SET, set, family);
		}
	}
}

static void ask_at(struct walk *w, int64_t at_s)
{
	struct compile_request r = {
		.moment = {.at_s = at_s}, .generation = 1, .slots_capacity = UINT64_MAX};
	struct diag d;

	diag_init(&d, "open");
	w->notice.at.at_s = at_s;
	w->explainer = explainer_open(w->policy, &r, &d);
	assert_non_null(w->explainer);
	ask_all(w, FAMILY_IP4);
	ask_all(w, FAMILY_IP6);
	explainer_close(w->explainer);
	diag_free(&d);
}

static size_t walk_policy(const char *path)
{
	struct policy *p = must_read(path);
	struct walk w = {.policy = p, .notice = {.policy = p}};
	struct policy_event *events;
	size_t i, count;

	represent_init(&w.addresses, p);
	notice_find_places(&w.notice);
	notice_find_groups(&w.notice);
	events = policy_events(p, NULL, &count);
	ask_at(&w, 0);
	for (i = 0; i < count; i++) {
		ask_at(&w, events[i].at_s - 1);
		ask_at(&w, events[i].at_s);
	}
	free(events);
	free(w.notice.places);
	notice_free_groups(&w.notice);
	represent_free(&w.addresses);
	policy_free(p);
	return w.questions;
}

static void what_is_announced_is_enforced(void **state)
{
	size_t policies = 0, questions = 0;
	DIR *dir = opendir(POLICIES_DIR);
	struct dirent *entry;
	char path[PATH_BYTES];

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		const char *end = strstr(entry->d_name, ".json");

		if (!end || strcmp(end, ".json") || strstr(entry->d_name, ".schema."))
			continue;
		snprintf(path, sizeof(path), "%s/%s", POLICIES_DIR, entry->d_name);
		questions += walk_policy(path);
		policies++;
	}
	closedir(dir);
	assert_true(policies >= MIN_POLICIES);
	assert_true(questions >= MIN_QUESTIONS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_announced_is_enforced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
