// SPDX-License-Identifier: BSD-3-Clause
//
// The address space cut at the borders of prefixes: every part with what covers it and how many
// addresses it has. Private to this folder.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "prefix.h"

// A number of addresses of either family.
typedef unsigned __int128 address_count;

struct nest_entry {
	struct prefix prefix;
	uint32_t index; // these three are the caller's
	uint8_t kind;
	uint8_t side;
};

// The addresses of a prefix that no longer prefix has: one part of the cut.
struct nest_node {
	const struct nest_node *parent; // NULL: the rest of a family, outside of all prefixes
	const struct nest_entry *entries;
	size_t count; // of entries with just this prefix
	uint8_t family;
	address_count addresses; // 0 if the parent is NULL: all others
};

typedef void nest_visit(void *context, const struct nest_node *node);

// Visits every part, of both families; those within a prefix before those around it. Sorts
// entries.
void nest_walk(struct nest_entry *entries, size_t count, nest_visit *visit, void *context);

// A growing array of entries.
struct nest {
	struct nest_entry *entries;
	size_t count, room;
};

void nest_add(struct nest *n, const struct prefix *prefix, uint8_t side, uint8_t kind,
	      uint32_t index);
void nest_free(struct nest *n);
