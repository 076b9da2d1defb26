// SPDX-License-Identifier: BSD-3-Clause
//
// See core_judge.h.
#include "core_judge.h"

#include <stdlib.h>
#include <string.h>

void core_judge_start(struct core_judge *c, const void *image)
{
	c->image = image;
	image_view_init(&c->view, image);
	// At least one, so that calloc's result for no slots does not matter.
	c->slots = calloc(c->view.hdr->slot_count + 1, sizeof(*c->slots));
	if (!c->slots)
		abort();
}

void core_judge_stop(struct core_judge *c)
{
	free(c->slots);
	c->slots = NULL;
}

static const struct op25b_addr *look_up(const struct core_judge *c, const struct flow *f,
					bool source)
{
	uint32_t id;

	if (f->family == FAMILY_IP4)
		id = image_view_find4(&c->view, source ? f->src4 : f->dst4);
	else
		id = image_view_find6(&c->view,
				      (const uint8_t *)(source ? f->src6_be : f->dst6_be));
	return &c->view.addrs[id];
}

struct judgement core_judge_frame(struct core_judge *c, const uint8_t *window, uint32_t frame_bytes,
				  enum op25b_side side, uint64_t now_ns, struct parse_work *work)
{
	struct judgement j = {.clause = JUDGEMENT_NO_CLAUSE};
	const struct op25b_addr *sub, *far;
	struct parse_work own;
	struct parse_work *k = work ? work : &own;
	uint32_t slot;

	parse((const struct window *)window, k, frame_bytes);
	if (decide_early(&k->flow, side, &j.reason))
		return j;
	sub = look_up(c, &k->flow, side == SIDE_SUBSCRIBER);
	far = look_up(c, &k->flow, side != SIDE_SUBSCRIBER);
	slot = addr_slot(sub, flow_subscriber_bits(&k->flow, side));
	decide(&k->flow, side, sub, far, &c->view.classes[sub->class_id],
	       slot == OP25B_NO_SLOT ? NULL : &c->slots[slot], now_ns, &j);
	return j;
}

struct judgement core_judge_exact(struct core_judge *c, const uint8_t *frame, uint32_t frame_bytes,
				  enum op25b_side side, uint64_t now_ns, struct parse_work *work)
{
	uint32_t window_bytes = frame_bytes < WINDOW_BYTES ? frame_bytes : WINDOW_BYTES;
	uint8_t *window = malloc(window_bytes);
	struct judgement j;

	if (window_bytes)
		memcpy(window, frame, window_bytes);
	j = core_judge_frame(c, window, frame_bytes, side, now_ns, work);
	free(window);
	return j;
}

const char *core_judge_pool(const struct core_judge *c, const struct flow *f, enum op25b_side side)
{
	uint8_t reason;

	if (decide_early(f, side, &reason))
		return "";
	return c->view.names +
	       c->view.classes[look_up(c, f, side == SIDE_SUBSCRIBER)->class_id].name;
}
