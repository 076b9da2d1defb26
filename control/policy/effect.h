// SPDX-License-Identifier: BSD-3-Clause
//
// What the rules of a policy come to for a source and a destination, by the model: for tables,
// timelines and differences. What a box does is compile.c's and the core's matter; tests compare
// the two. Private to this folder.
#pragma once

#include "model.h"
#include "nest.h"

#define EFFECT_TEXT_BYTES 256u

// A policy as it is asked: at a moment with the exceptions and quarantines then in force, or (m
// NULL) without any.
struct view {
	const struct policy *p;
	const struct moment *m;
	uint8_t *list_bit; // of each of p->lists in use at m; owned
};

void view_open(struct view *v, const struct policy *p, const struct moment *m);
void view_close(struct view *v);

// Destinations that every view treats alike.
struct target {
	uint64_t sets[2]; // in each view: the sets and lists that they are in
	uint8_t families; // bit FAMILY_*: of their addresses
	char *label;      // "relay", "others"; owned
};

struct targets {
	struct target *items;
	size_t count; // "others" come last
};

// views: one or two. Two that differ in a set's prefixes have a target for the difference.
void targets_make(struct targets *t, const struct view *views, size_t view_count);
void targets_free(struct targets *t);

#define OWNER_EXCEPTIONS 4u // that can be told by name; all count

// Whose an address is, in one view. -1: no such.
struct owner {
	int infra, pool, quarantine;
	int exceptions[OWNER_EXCEPTIONS]; // from the inside: each permits what none before does
	uint64_t excepted;                // where any exception permits to
};

struct owner owner_of_pool(int pool);

struct owner owner_of(const struct view *v, const struct nest_node *node, uint8_t side);

// Enters what owns addresses in a view.
void view_nest(const struct view *v, struct nest *n, uint8_t side);

struct effect {
	uint8_t action;
	uint8_t as;                // ACTION_MONITOR
	bool is_by_quarantine;     // of the grant
	const struct limit *limit; // ACTION_LIMIT
	const struct grant *grant; // the exception or quarantine that decides; NULL: none
};

struct effect effect_of(const struct view *v, const struct owner *o, const struct stage *stage,
			uint64_t sets);
// Whether the two do the same, whatever decides.
bool effect_is_equal(const struct effect *a, const struct effect *b);
// "drop", "limit mass", "monitor as drop"
const char *effect_text(char buf[EFFECT_TEXT_BYTES], const struct effect *e);

// A number of addresses for people: IPv4 addresses, and IPv6 in units of a subscriber.
struct amount {
	address_count addresses[FAMILY_COUNT];
};

#define AMOUNT_TEXT_BYTES 160u

// IPv6 subscribers of prefixes of key_bits; a part of one is one.
uint64_t amount_subscribers(const struct amount *a, uint8_t key_bits);
// "128 addresses", "1 address and 256 IPv6 subscribers (/56)"
const char *amount_text(char buf[AMOUNT_TEXT_BYTES], const struct amount *a, uint8_t key_bits);
// Adds "addresses", "ip6_subscribers", "v6_key" and, as amount_text(), "amount" to object.
void amount_json(json_t *object, const struct amount *a, uint8_t key_bits);

// The addresses of every pool by itself, without infra and pools nested in it. free() it.
struct amount *pool_amounts(const struct policy *p);

// A moment for people, "2008-03-31 00:00 +09:00", seconds only if there are any; free() it.
char *moment_text(int64_t at_s, const char *tz);
// As time_print(); null without a date.
json_t *moment_json(int64_t at_s, const char *tz);

// The families that a pool has prefixes of: bits FAMILY_*.
uint8_t pool_families(const struct pool *pool);
// An array of texts.
json_t *prefixes_json(const struct prefix *prefixes, size_t count);
