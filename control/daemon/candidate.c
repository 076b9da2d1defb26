// SPDX-License-Identifier: BSD-3-Clause
//
// See candidate.h.
#include "candidate.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../dataplane/core/image_check.h"

bool candidate_parse(struct candidate *c, const char *text, size_t bytes, const char *source,
		     struct diag *d)
{
	*c = (struct candidate){.text_bytes = bytes, .loaded_at_s = time(NULL)};
	c->policy = policy_parse(text, bytes, d);
	if (!c->policy)
		return false;
	c->text = malloc(bytes + 1);
	c->source = diag_text(source);
	if (!c->text) {
		diag_error(d, "", "out of memory");
		return false;
	}
	memcpy(c->text, text, bytes);
	c->text[bytes] = '\0';
	return true;
}

bool candidate_compile(struct candidate *c, const struct compile_request *r, struct diag *d)
{
	struct image_fault fault;

	free(c->image);
	c->image = NULL;
	if (!policy_compile(c->policy, r, &c->image, &c->image_bytes, d))
		return false;
	fault = image_check(c->image, c->image_bytes);
	if (fault.code == IMAGE_OK)
		return true;
	diag_error(d, "", "internal error: the compiled image is refused: %s (section %u, %u)",
		   image_fault_text(fault.code), fault.section, fault.index);
	return false;
}

void candidate_free(struct candidate *c)
{
	policy_free(c->policy);
	free(c->text);
	free(c->source);
	free(c->image);
	*c = (struct candidate){0};
}

uint64_t candidate_generation(const struct candidate *c)
{
	return c->image ? ((const struct op25b_image_hdr *)c->image)->generation : 0;
}

uint64_t candidate_checksum(const struct candidate *c)
{
	return c->image ? ((const struct op25b_image_hdr *)c->image)->checksum : 0;
}

int64_t candidate_time(const struct candidate *c)
{
	return c->image ? ((const struct op25b_image_hdr *)c->image)->policy_time_s : 0;
}

void image_set_generation(void *image, uint64_t generation)
{
	((struct op25b_image_hdr *)image)->generation = generation;
}
