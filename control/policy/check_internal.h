// SPDX-License-Identifier: BSD-3-Clause
//
// Between the files that judge what no single key can show. Each adds its errors to the diag; all
// bear a policy of which parts were refused already. Private to this folder.
#pragma once

#include "../reader/reader.h"
#include "model.h"

#define OWNED_NONE SIZE_MAX

// One prefix of a pool or an infrastructure.
struct owned {
	struct prefix prefix; // first: prefix_compare() looks at it
	uint32_t owner;       // index of the pool or infrastructure
	bool is_infra;
	size_t around; // index of the innermost one that covers this, or OWNED_NONE
};

// All of them, sorted by prefix_compare().
struct owners {
	struct owned *items;
	size_t count;
};

void owners_open(struct owners *o, const struct policy *p);
void owners_close(struct owners *o);
// The innermost that covers prefix, or NULL.
const struct owned *owners_find(const struct owners *o, const struct prefix *prefix);
// "pools.flets.v4[2]"
const char *owned_place(char buf[READER_PLACE_BYTES], const struct policy *p,
			const struct owned *o);

void check_owners(const struct policy *p, const struct owners *o, struct diag *d);
void check_within(const struct policy *p, struct diag *d);
void check_softwires(const struct policy *p, struct diag *d);
// Whether any clause refuses; monitors.
bool stage_refuses(const struct stage *s);
bool stage_monitors(const struct stage *s);
void check_stages(const struct policy *p, struct diag *d);
void check_gates(const struct policy *p, struct diag *d);
void check_grants(const struct policy *p, const struct owners *o, struct diag *d);
// Warnings of what is named, but used by nothing.
void lint_unused(const struct policy *p, struct diag *d);
