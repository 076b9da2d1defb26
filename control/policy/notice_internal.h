// SPDX-License-Identifier: BSD-3-Clause
//
// The customer notice, in the making: notice_facts.c asks the policy, notice.c, notice_stage.c and
// notice_chart.c say it in blocks, notice_page.c writes the blocks as text or HTML. Private to this
// folder.
#pragma once

#include "model.h"
#include "notice_text.h"

// What comes of a connection to port 25 of some servers, as far as a customer can tell.
enum reach {
	REACH_OPEN,
	REACH_MONITORED,
	REACH_LIMITED,
	REACH_REFUSED,
	REACH_MIXED, // not the same for all of these servers
};

struct outcome {
	enum reach reach;
	const struct limit *limit; // REACH_LIMITED only; NULL: not the same for all servers
	// REACH_REFUSED only: the program is told, or waits; or one here and the other there.
	bool at_once, silent;
};

// Destinations that a notice tells apart. From 0 on: the set of that index.
enum dest {
	DEST_OTHER = -2, // addresses in no set
	DEST_OWN = -1,   // the pool's own relay
};

// From from_s until until_s this stage is in force. NULL: none.
struct segment {
	int64_t from_s, until_s;
	const struct stage *stage;
};

// Pools to which the same happens at the same time.
struct group {
	uint32_t *pools; // indexes, in the file's order
	size_t pool_count;
	struct segment *segments; // since ever, without gaps
	size_t segment_count;
	const struct stage **held; // without a moment; in the file's order
	size_t held_count;
	const char *label; // how customers know it
	bool is_touched;   // some stage of it does more than permit
};

enum block_kind {
	BLOCK_TITLE,
	BLOCK_HEADING,
	BLOCK_SUBHEADING,
	BLOCK_PARAGRAPH,
	BLOCK_ITEM,
	BLOCK_QUOTE,    // the provider's own words
	BLOCK_LINK,     // a URL
	BLOCK_QUESTION, // of the chart; its items are the answers
};

struct block {
	enum block_kind kind;
	const char *text;
};

struct notice {
	const struct policy *policy;
	struct moment at;
	enum notice_lang lang;
	const char *provider;
	uint64_t *places; // combinations of sets that an address can be in: bit i is set i
	size_t place_count;
	struct group *groups;
	const char **pool_labels; // of each pool by itself
	size_t group_count;
	bool tells_kinds; // pools are of several kinds, so that the reader needs to know his
	struct block *blocks;
	size_t block_count;
	char **owned; // texts made here
	size_t owned_count;
};

// notice_facts.c. First of all: where addresses can be.
void notice_find_places(struct notice *n);
// s may be NULL: nothing is in force. What comes of connections of a pool, IPv4 or
// IPv6, to dest. DEST_OWN only if the pool has a relay.
struct outcome notice_outcome(const struct notice *n, uint32_t pool, const struct stage *s,
			      int dest);
bool notice_outcome_is_same(const struct outcome *a, const struct outcome *b);
// Whether the pool's own relay is known and stands anywhere.
bool notice_has_relay(const struct pool *pool);
// Whether what becomes of a set ever differs from what becomes of other addresses, so that the
// notice has to name it. False for the own relay.
bool notice_names_set(const struct notice *n, uint32_t pool, const struct stage *s, size_t set);
// Whether a stage does more than permit, or even refuses or limits somebody, of that pool.
bool notice_stage_touches(const struct policy *p, uint32_t pool, const struct stage *s);
bool notice_stage_enforces(const struct policy *p, uint32_t pool, const struct stage *s);
void notice_find_groups(struct notice *n);
void notice_free_groups(struct notice *n);
// The segment of the moment of the notice.
const struct segment *notice_segment_now(const struct notice *n, const struct group *g);

// notice.c. Text id in the notice's language, each {name} in it replaced by the value that follows
// the name; the pairs end with NULL. Lives as long as the notice.
const char *notice_say(struct notice *n, enum notice_text id, ...) __attribute__((sentinel));
void notice_add(struct notice *n, enum block_kind kind, const char *text);
// The provider's words under key of an object, if there are any.
const char *notice_words(const struct notice *n, const json_t *object, const char *key);
// Both joined as a list of the language. a may be "".
const char *notice_join(struct notice *n, const char *a, const char *b);

// notice_label.c. Names the groups.
void notice_name_groups(struct notice *n);
// How a pool of a group is called to customers, so that none of another group is meant.
const char *notice_pool_label(struct notice *n, const struct group *g, uint32_t pool);
bool notice_is_listed(const char *const *items, size_t count, const char *item);

// notice_who.c
void notice_add_who(struct notice *n);

// notice_date.c. Days and times as customers read them; a moment at midnight has no time of day.
const char *notice_date(struct notice *n, int64_t at_s);
// The same of the end of something: at midnight it is the day before.
const char *notice_end(struct notice *n, int64_t until_s);
// The begin of a segment, as exactly as it was announced.
const char *notice_begin(struct notice *n, const struct segment *segment);
bool notice_is_rolling(const struct segment *segment);
const char *notice_duration(struct notice *n, uint32_t seconds);
const char *notice_number(struct notice *n, uint32_t number);

// notice_stage.c
void notice_add_stages(struct notice *n);
const char *notice_set_name(struct notice *n, size_t set);

// notice_chart.c
void notice_add_open(struct notice *n);
void notice_add_chart(struct notice *n);
void notice_add_servers(struct notice *n);
// Whether all who are affected and have a relay keep it on port 25, and somebody does.
bool notice_keeps_relays(const struct notice *n);

// notice_page.c. free() the result.
char *notice_page(const struct notice *n, bool is_html);
