// SPDX-License-Identifier: BSD-3-Clause
//
// Each address is named by at most one softwire.
#include <stdio.h>
#include <stdlib.h>

#include "check_internal.h"

static void refuse_softwire(const struct prefix *outer, const struct prefix *inner, struct diag *d)
{
	char inner_text[PREFIX_TEXT_BYTES], outer_text[PREFIX_TEXT_BYTES], at[READER_PLACE_BYTES];

	prefix_print(inner_text, inner);
	prefix_print(outer_text, outer);
	reader_place_index(at, "softwires", inner->index);
	if (outer->depth == inner->depth)
		diag_error(d, at, "\"%s\" is softwires[%u] already", inner_text, outer->index);
	else
		diag_error(d, at, "\"%s\" lies in \"%s\" of softwires[%u]", inner_text, outer_text,
			   outer->index);
}

static int softwire_compare(const void *a, const void *b)
{
	const struct prefix *x = a, *y = b;
	int order = prefix_compare(x, y);

	return order ? order : (int)x->index - (int)y->index;
}

void check_softwires(const struct policy *p, struct diag *d)
{
	struct prefix sorted[OP25B_MAX_SOFTWIRES];
	const struct prefix *outer = NULL;
	size_t i;

	for (i = 0; i < p->softwire_count; i++)
		sorted[i] = p->softwires[i];
	qsort(sorted, p->softwire_count, sizeof(sorted[0]), softwire_compare);
	for (i = 0; i < p->softwire_count; i++) {
		if (outer && prefix_covers(outer, &sorted[i]))
			refuse_softwire(outer, &sorted[i], d);
		else
			outer = &sorted[i];
	}
}
