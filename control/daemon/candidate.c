// SPDX-License-Identifier: BSD-3-Clause
//
// See candidate.h.
#include "candidate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../dataplane/abi/image_abi.h"

static bool set_text(struct candidate *c, const char *text, size_t bytes, const char *source,
		     struct diag *d)
{
	c->text = malloc(bytes + 1);
	c->text_bytes = bytes;
	c->source = diag_text(source);
	if (!c->text) {
		diag_error(d, "", "out of memory");
		return false;
	}
	memcpy(c->text, text, bytes);
	c->text[bytes] = '\0';
	return true;
}

bool candidate_parse(struct candidate *c, const char *text, size_t bytes, const char *source,
		     struct diag *d)
{
	*c = (struct candidate){.loaded_at_s = time(NULL)};
	c->policy = policy_parse(text, bytes, d);
	if (!c->policy)
		return false;
	return set_text(c, text, bytes, source, d);
}

const char *candidate_hash(struct candidate *c)
{
	if (!c->hash[0])
		policy_hash(c->policy, c->hash);
	return c->hash;
}

static void *copy_bytes(const void *from, size_t bytes, struct diag *d)
{
	void *to = malloc(bytes);

	if (to)
		memcpy(to, from, bytes);
	else
		diag_error(d, "", "out of memory");
	return to;
}

bool candidate_copy(struct candidate *c, const struct candidate *from, bool image, struct diag *d)
{
	// memory_opened() leaves room for one more, and malloc(0) may be NULL.
	size_t stages_bytes = (policy_stage_count(from->policy) + 1) * sizeof(*c->opened_s);
	int64_t *opened_s = NULL;

	*c = (struct candidate){.loaded_at_s = from->loaded_at_s};
	c->policy = policy_share(from->policy);
	snprintf(c->hash, sizeof(c->hash), "%s", from->hash);
	if (!set_text(c, from->text, from->text_bytes, from->source, d))
		return false;
	if (from->opened_s) {
		opened_s = copy_bytes(from->opened_s, stages_bytes, d);
		if (!opened_s)
			return false;
	}
	candidate_know(c, opened_s);
	if (!image)
		return true;
	c->image = copy_bytes(from->image, from->image_bytes, d);
	c->image_bytes = from->image_bytes;
	c->moment_s = from->moment_s;
	return c->image;
}

void candidate_know(struct candidate *c, int64_t *opened_s)
{
	if (opened_s != c->opened_s)
		free(c->opened_s);
	c->opened_s = opened_s;
	free(c->events);
	c->events = policy_events(c->policy, opened_s, &c->event_count);
}

bool candidate_compile(struct candidate *c, const struct compile_request *r, struct diag *d)
{
	free(c->image);
	c->image = NULL;
	if (!policy_compile(c->policy, r, &c->image, &c->image_bytes, d))
		return false;
	c->moment_s = r->moment.at_s;
	return true;
}

void candidate_free(struct candidate *c)
{
	policy_free(c->policy);
	free(c->text);
	free(c->source);
	free(c->opened_s);
	free(c->events);
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
	return c->image ? c->moment_s : 0;
}

struct moment candidate_moment(const struct candidate *c, int64_t at_s)
{
	return (struct moment){.at_s = at_s, .opened_s = c->opened_s};
}

size_t candidate_next_event(const struct candidate *c, int64_t at_s)
{
	size_t low = 0, high = c->event_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (c->events[middle].at_s <= at_s)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void image_set_generation(void *image, uint64_t generation)
{
	((struct op25b_image_hdr *)image)->generation = generation;
}
