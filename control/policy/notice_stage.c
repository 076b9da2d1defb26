// SPDX-License-Identifier: BSD-3-Clause
//
// "What applies, and from when": each group's stages one after the other, past, present, future and
// held ones, and what comes of a connection in each.
#include <stdio.h>

#include "notice_internal.h"

#define PERCENT_BYTES 32

const char *notice_set_name(struct notice *n, size_t set)
{
	const char *name = n->policy->sets[set].name;
	const char *words = notice_words(n, json_object_get(n->policy->doc, "access_names"), name);

	return words ? words : name;
}

static enum notice_text text_at(enum notice_text id, uint32_t step)
{
	return (enum notice_text)(id + step);
}

static void add_limit(struct notice *n, const struct limit *l)
{
	const bool is_line = l->key != LIMIT_KEY_ADDRESS;

	if (l->confidential) {
		notice_add(n, BLOCK_ITEM, notice_text(TEXT_LIMIT_SECRET, n->lang));
	} else {
		notice_add(n, BLOCK_ITEM,
			   notice_say(n, is_line ? TEXT_LIMIT_LINE : TEXT_LIMIT_ADDRESS, "time",
				      notice_duration(n, l->window_s), "max",
				      notice_number(n, l->max), NULL));
		if (l->burst < l->max)
			notice_add(n, BLOCK_ITEM,
				   notice_say(n, TEXT_LIMIT_BURST, "burst",
					      notice_number(n, l->burst), NULL));
	}
	if (!l->hold_s)
		notice_add(n, BLOCK_ITEM, notice_text(TEXT_LIMIT_OVER, n->lang));
	else if (l->confidential)
		notice_add(n, BLOCK_ITEM, notice_text(TEXT_LIMIT_HOLD_SECRET, n->lang));
	else
		notice_add(n, BLOCK_ITEM,
			   notice_say(n, TEXT_LIMIT_HOLD, "time", notice_duration(n, l->hold_s),
				      NULL));
}

// What comes of connections to dest; and how that feels, unless it is over.
static void add_outcome(struct notice *n, const struct outcome *o, const char *dest,
			enum tense tense)
{
	notice_add(n, BLOCK_ITEM,
		   notice_say(n, text_at(TEXT_OUTCOME, 3 * (uint32_t)o->reach + tense), "dest",
			      dest, NULL));
	if (tense == TENSE_PAST)
		return;
	if (o->reach == REACH_LIMITED && o->limit)
		add_limit(n, o->limit);
	if (o->at_once != o->silent)
		notice_add(n, BLOCK_ITEM,
			   notice_text(o->at_once ? TEXT_HOW_AT_ONCE : TEXT_HOW_SILENT, n->lang));
	if (o->reach == REACH_MONITORED)
		notice_add(n, BLOCK_ITEM, notice_text(TEXT_MONITOR_CHANGE, n->lang));
}

// What a stage means to a pool: named sets first, then the own relay, then all the rest.
static void add_outcomes(struct notice *n, uint32_t pool, const struct stage *s, enum tense tense)
{
	const struct policy *p = n->policy;
	const struct outcome other = notice_outcome(n, pool, s, DEST_OTHER);
	const struct outcome own = notice_outcome(n, pool, s, DEST_OWN);
	const bool has_relay = notice_has_relay(&p->pools[pool]);
	const bool is_alike = notice_outcome_is_same(&own, &other);
	enum notice_text dest = !has_relay ? TEXT_DEST_ANY
				: is_alike ? TEXT_DEST_ALL
					   : TEXT_DEST_NOT_OURS;
	size_t i;

	for (i = 0; i < p->set_count; i++) {
		const struct outcome o = notice_outcome(n, pool, s, (int)i);

		if (!notice_names_set(n, pool, s, i))
			continue;
		add_outcome(n, &o, notice_say(n, TEXT_DEST_SET, "set", notice_set_name(n, i), NULL),
			    tense);
		dest = has_relay && is_alike ? TEXT_DEST_REST_ALL : TEXT_DEST_REST;
	}
	add_outcome(n, &other, notice_text(dest, n->lang), tense);
	if (has_relay && !is_alike)
		add_outcome(n, &own, notice_text(TEXT_DEST_OWN, n->lang), tense);
}

static void add_gates(struct notice *n, const struct stage *s)
{
	char percent[PERCENT_BYTES];
	const struct policy_gate *g;
	const char *text = NULL;
	size_t i;

	for (i = 0; i < n->policy->gate_count; i++) {
		g = &n->policy->gates[i];
		if (!(s->gates >> i & 1))
			continue;
		switch (g->check) {
		case GATE_TCP:
			text = notice_say(n, TEXT_GATE_TCP, "port", notice_number(n, g->port),
					  NULL);
			break;
		case GATE_MONITOR_RAN:
			text = notice_say(n, TEXT_GATE_MONITOR, "days",
					  notice_say(n, g->days == 1 ? TEXT_DAY : TEXT_DAYS, "n",
						     notice_number(n, g->days), NULL),
					  NULL);
			break;
		case GATE_WOULD_DROP_BELOW:
			snprintf(percent, sizeof(percent), "%g", g->percent);
			text = notice_say(n, TEXT_GATE_SHARE, "percent", percent, NULL);
			break;
		}
		notice_add(n, BLOCK_ITEM, text);
	}
}

// What its author says of a stage, and of the wave.
static void add_words(struct notice *n, const struct stage *s)
{
	static const char *const keys[] = {"notice", "legal_basis"};
	const char *url = json_string_value(json_object_get(s->doc, "notice_url"));
	const char *words;
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		words = notice_words(n, s->doc, keys[i]);
		if (words)
			notice_add(n, BLOCK_QUOTE, words);
	}
	words = s->wave ? notice_words(n, s->wave_doc, "notice") : NULL;
	if (words)
		notice_add(n, BLOCK_QUOTE, words);
	if (url)
		notice_add(n, BLOCK_LINK, url);
}

static const char *say_when(struct notice *n, const struct segment *segment, enum tense tense)
{
	const enum notice_text first =
		notice_is_rolling(segment) ? TEXT_WHEN_ROLLING_PAST : TEXT_WHEN_PAST;
	const char *end = "", *text;

	if (segment->until_s != POLICY_NEVER)
		end = notice_end(n, segment->until_s);
	if (segment->from_s == POLICY_ALWAYS)
		text = notice_say(n, text_at(TEXT_WHEN_ALREADY_PAST, tense), "end", end, NULL);
	else
		text = notice_say(n, text_at(first, tense), "date", notice_begin(n, segment), "end",
				  end, NULL);
	// The end of its own, and not the begin of what follows.
	if (tense != TENSE_PAST && *end && segment->until_s == segment->stage->when.until_s)
		text = notice_say(n, TEXT_SENTENCES, "a", text, "b",
				  notice_say(n, TEXT_WHEN_UNTIL, "end", end, NULL), NULL);
	return text;
}

static void add_head(struct notice *n, const char *when, uint32_t number, bool is_only)
{
	if (!is_only)
		when = notice_say(n, TEXT_STAGE_NUMBER, "n", notice_number(n, number), "when", when,
				  NULL);
	notice_add(n, BLOCK_PARAGRAPH, when);
}

static void add_segment(struct notice *n, const struct group *g, const struct segment *segment,
			uint32_t number, bool is_only)
{
	const struct segment *now = notice_segment_now(n, g);
	const enum tense tense = segment < now    ? TENSE_PAST
				 : segment == now ? TENSE_NOW
						  : TENSE_LATER;
	const struct stage *s = segment->stage;

	add_head(n, say_when(n, segment, tense), number, is_only);
	if (tense == TENSE_LATER && s->when.from_s == segment->from_s) {
		add_gates(n, s);
		if (s->drain_s)
			notice_add(n, BLOCK_ITEM,
				   notice_say(n, TEXT_DRAIN, "time", notice_duration(n, s->drain_s),
					      NULL));
	}
	add_outcomes(n, g->pools[0], s, tense);
	add_words(n, s);
}

// The window in the words in which it was announced; its dates may be a reading of these, and are
// told only if there are none.
static void add_announced(struct notice *n, const struct stage *s)
{
	const struct announced *a = &s->announced;
	const char *from = "", *to = "", *words;
	enum notice_text text = TEXT_WINDOW_BETWEEN;

	if (!a->given)
		return;
	if (a->not_before_s == POLICY_ALWAYS)
		text = TEXT_WINDOW_BY;
	else
		from = notice_date(n, a->not_before_s);
	if (a->not_after_s == POLICY_NEVER)
		text = TEXT_WINDOW_FROM;
	else
		to = notice_end(n, a->not_after_s);
	words = text_in(a->text, policy_notice_languages[n->lang]);
	if (words)
		notice_add(n, BLOCK_ITEM, notice_say(n, TEXT_WINDOW_WORDS, "words", words, NULL));
	else
		notice_add(n, BLOCK_ITEM, notice_say(n, text, "from", from, "to", to, NULL));
	if (a->not_after_s <= n->at.at_s)
		notice_add(n, BLOCK_ITEM, notice_text(TEXT_WINDOW_PASSED, n->lang));
}

// When a stage is held; pool: -1 if it has none yet.
static void add_held(struct notice *n, const struct stage *s, int pool, uint32_t number,
		     bool is_only)
{
	const char *when = notice_text(TEXT_WHEN_HELD, n->lang);

	if (s->when.from_s != POLICY_NEVER)
		when = notice_say(n, TEXT_WHEN_PUT_OFF, "date", notice_date(n, s->when.from_s),
				  NULL);
	add_head(n, when, number, is_only);
	add_announced(n, s);
	if (pool >= 0)
		add_outcomes(n, (uint32_t)pool, s, TENSE_LATER);
	add_words(n, s);
}

static const char *say_families(const struct notice *n, const struct pool *pool)
{
	if (!pool->count4)
		return notice_text(
			n->policy->softwire_count ? TEXT_FAMILY_CARRIED : TEXT_FAMILY_IP6, n->lang);
	return notice_text(pool->count4 == pool->count ? TEXT_FAMILY_IP4 : TEXT_FAMILY_BOTH,
			   n->lang);
}

static void add_group(struct notice *n, const struct group *g)
{
	size_t i, count = g->held_count;
	uint32_t number = 1;

	for (i = 0; i < g->segment_count; i++)
		count += g->segments[i].stage != NULL;
	notice_add(n, BLOCK_SUBHEADING, g->label);
	notice_add(n, BLOCK_ITEM, say_families(n, &n->policy->pools[g->pools[0]]));
	for (i = 0; i < g->segment_count; i++) {
		if (g->segments[i].stage)
			add_segment(n, g, &g->segments[i], number++, count == 1);
	}
	for (i = 0; i < g->held_count; i++)
		add_held(n, g->held[i], (int)g->pools[0], number++, count == 1);
}

// Waves whose pools are not known yet.
static void add_open_waves(struct notice *n)
{
	bool has_head = false;
	size_t i;

	for (i = 0; i < n->policy->stage_count; i++) {
		const struct stage *s = &n->policy->stages[i];
		const struct segment segment = {s->when.from_s, s->when.until_s, s};

		if (s->pool_count)
			continue;
		if (!has_head)
			notice_add(n, BLOCK_SUBHEADING, notice_text(TEXT_WAVE_OPEN, n->lang));
		has_head = true;
		if (s->held || s->when.from_s == POLICY_NEVER)
			add_held(n, s, -1, 0, true);
		else if (n->at.at_s < s->when.from_s)
			add_head(n, say_when(n, &segment, TENSE_LATER), 0, true);
		if (!s->held && n->at.at_s < s->when.from_s)
			add_words(n, s);
	}
}

void notice_add_stages(struct notice *n)
{
	size_t i, before;

	notice_add(n, BLOCK_HEADING, notice_text(TEXT_HEAD_STAGES, n->lang));
	before = n->block_count;
	for (i = 0; i < n->group_count; i++) {
		if (n->groups[i].is_touched)
			add_group(n, &n->groups[i]);
	}
	add_open_waves(n);
	// No heading over nothing.
	if (n->block_count == before)
		n->block_count--;
}
