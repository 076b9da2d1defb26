// SPDX-License-Identifier: BSD-3-Clause
//
// The customer notice that a policy makes of itself: what is announced is what is enforced, because
// every sentence is the answer to a question to the policy. Here: the order of the notice, what to
// change, whom to ask. No sentence is worded here (notice_text.c).
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "notice_internal.h"

const char *const policy_notice_languages[] = {[LANG_JA] = "ja", [LANG_EN] = "en", NULL};

// The value that a name stands for, in the pairs of notice_say().
static const char *value_of(va_list pairs, const char *name, size_t bytes)
{
	const char *key, *value, *found = "";
	va_list rest;

	va_copy(rest, pairs);
	while ((key = va_arg(rest, const char *)) != NULL) {
		value = va_arg(rest, const char *);
		if (strlen(key) == bytes && !memcmp(key, name, bytes))
			found = value;
	}
	va_end(rest);
	return found;
}

// Room for one more behind count items: doubled when all is used.
static void *grown(void *items, size_t count, size_t item_bytes)
{
	if (count & (count - 1))
		return items;
	items = realloc(items, (count ? 2 * count : 1) * item_bytes);
	if (!items)
		abort();
	return items;
}

static const char *keep(struct notice *n, char *text)
{
	if (!text)
		abort();
	n->owned = grown(n->owned, n->owned_count, sizeof(char *));
	n->owned[n->owned_count++] = text;
	return text;
}

const char *notice_say(struct notice *n, enum notice_text id, ...)
{
	const char *from = notice_text(id, n->lang), *open, *close;
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);
	va_list pairs;

	if (!out)
		abort();
	va_start(pairs, id);
	while ((open = strchr(from, '{')) && (close = strchr(open, '}'))) {
		fwrite(from, 1, (size_t)(open - from), out);
		fputs(value_of(pairs, open + 1, (size_t)(close - open) - 1), out);
		from = close + 1;
	}
	va_end(pairs);
	fputs(from, out);
	fclose(out);
	return keep(n, text);
}

void notice_add(struct notice *n, enum block_kind kind, const char *text)
{
	n->blocks = grown(n->blocks, n->block_count, sizeof(*n->blocks));
	n->blocks[n->block_count++] = (struct block){kind, text};
}

const char *notice_words(const struct notice *n, const json_t *object, const char *key)
{
	return text_in(json_object_get(object, key), policy_notice_languages[n->lang]);
}

const char *notice_join(struct notice *n, const char *a, const char *b)
{
	return *a ? notice_say(n, TEXT_LIST, "a", a, "b", b, NULL) : b;
}

static void add_change(struct notice *n)
{
	static const enum notice_text steps[] = {
		TEXT_CHANGE_PORT,  TEXT_CHANGE_AUTH,   TEXT_CHANGE_RECEIVE, TEXT_CHANGE_RELAY,
		TEXT_CHANGE_EARLY, TEXT_CHANGE_OTHERS, TEXT_CHANGE_PROGRAM,
	};
	size_t i;

	notice_add(n, BLOCK_HEADING, notice_text(TEXT_HEAD_CHANGE, n->lang));
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (steps[i] != TEXT_CHANGE_RELAY || notice_keeps_relays(n))
			notice_add(n, BLOCK_ITEM, notice_text(steps[i], n->lang));
	}
}

static void add_basis(struct notice *n)
{
	const char *basis = notice_words(n, n->policy->doc, "legal_basis");
	const char *url = json_string_value(json_object_get(n->policy->doc, "notice_url"));

	if (basis || url)
		notice_add(n, BLOCK_HEADING, notice_text(TEXT_HEAD_BASIS, n->lang));
	if (basis)
		notice_add(n, BLOCK_PARAGRAPH, basis);
	if (url)
		notice_add(n, BLOCK_LINK, url);
}

static void add_contact(struct notice *n)
{
	const char *contact = notice_words(n, n->policy->doc, "contact");

	if (!contact)
		return;
	notice_add(n, BLOCK_HEADING, notice_text(TEXT_HEAD_CONTACT, n->lang));
	notice_add(n, BLOCK_PARAGRAPH, contact);
}

static void add_all(struct notice *n)
{
	const char *words = notice_words(n, n->policy->doc, "notice");
	bool is_touched = false;
	size_t i;

	notice_add(n, BLOCK_TITLE, notice_say(n, TEXT_TITLE, "provider", n->provider, NULL));
	notice_add(n, BLOCK_PARAGRAPH,
		   notice_say(n, TEXT_AS_OF, "date", notice_date(n, n->at.at_s), NULL));
	notice_add(n, BLOCK_PARAGRAPH, notice_text(TEXT_INTRO, n->lang));
	if (words)
		notice_add(n, BLOCK_QUOTE, words);
	for (i = 0; i < n->group_count; i++)
		is_touched |= n->groups[i].is_touched;
	if (!is_touched)
		notice_add(n, BLOCK_PARAGRAPH, notice_text(TEXT_NOTHING, n->lang));
	notice_add_who(n);
	notice_add_stages(n);
	notice_add_open(n);
	if (is_touched) {
		add_change(n);
		notice_add_chart(n);
	}
	notice_add_servers(n);
	add_basis(n);
	add_contact(n);
}

static int find_language(const struct policy *p, const char *tag)
{
	const char *wanted = tag ? tag : !strcmp(p->tz, "Asia/Tokyo") ? "ja" : "en";
	int i;

	for (i = 0; i < LANG_COUNT; i++) {
		if (!strcmp(policy_notice_languages[i], wanted))
			return i;
	}
	return -1;
}

const char *policy_notice_language(const struct policy *p, const char *lang)
{
	const int found = find_language(p, lang);

	return found < 0 ? NULL : policy_notice_languages[found];
}

char *policy_notice(const struct policy *p, const struct notice_request *r)
{
	const int lang = find_language(p, r->lang);
	struct notice n = {.policy = p, .at = {.at_s = r->at_s}};
	char *page, *zone;
	size_t i;

	if (lang < 0)
		return NULL;
	zone = zone_enter(p->tz); // once for all dates
	n.lang = (enum notice_lang)lang;
	n.provider = notice_words(&n, p->doc, "provider");
	if (!n.provider)
		n.provider = p->name;
	for (i = 1; i < p->pool_count; i++)
		n.tells_kinds |= p->pools[i].kind != p->pools[0].kind;
	notice_find_places(&n);
	notice_find_groups(&n);
	notice_name_groups(&n);
	add_all(&n);
	zone_leave(zone);
	page = notice_page(&n, r->is_html);
	for (i = 0; i < n.owned_count; i++)
		free(n.owned[i]);
	free(n.owned);
	free(n.blocks);
	free(n.places);
	free(n.pool_labels);
	notice_free_groups(&n);
	return page;
}
