// SPDX-License-Identifier: BSD-3-Clause
//
// See core_judge.h.
#include "core_judge.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/core/quick.h"
#include "dataplane/core/slots_diff.h"

static void slots_grow(struct core_judge *c, uint64_t count)
{
	if (count <= c->slot_count)
		return;
	c->slots = realloc(c->slots, count * sizeof(*c->slots));
	if (!c->slots)
		abort();
	memset(c->slots + c->slot_count, 0, (count - c->slot_count) * sizeof(*c->slots));
	c->slot_count = count;
}

void core_judge_start(struct core_judge *c, const void *image)
{
	*c = (struct core_judge){0};
	image_view_init(&c->view, image);
	slots_grow(c, c->view.hdr->slot_count);
}

static void slots_clear(void *ctx, uint32_t base, uint32_t count)
{
	struct core_judge *c = ctx;

	memset(c->slots + base, 0, count * sizeof(*c->slots));
}

void core_judge_publish(struct core_judge *c, const void *image)
{
	const struct image_view old = c->view;

	image_view_init(&c->view, image);
	slots_grow(c, c->view.hdr->slot_count);
	image_changed_slots(&old, &c->view, slots_clear, c);
}

void core_judge_stop(struct core_judge *c)
{
	free(c->slots);
	c->slots = NULL;
}

static const struct op25b_addr *look_up(const struct core_judge *c, const struct flow *f,
					uint8_t family, bool source)
{
	uint32_t id;

	if (family == FAMILY_IP4)
		id = image_view_find4(&c->view, source ? f->src4 : f->dst4);
	else
		id = image_view_find6(&c->view,
				      (const uint8_t *)(source ? f->src6_be : f->dst6_be));
	return &c->view.addrs[id];
}

static const struct op25b_addr *subscriber(const struct core_judge *c, const struct flow *f,
					   struct ingress in)
{
	return look_up(c, f, f->family, in.side == SIDE_SUBSCRIBER);
}

// Whether the quick test says of the frame, on either side, what parse() and decide_early() say, or
// nothing; and whether its flow of the frame, if it has one, is parse()'s.
static bool quick_is_right(const uint8_t *window, uint32_t frame_bytes, const struct flow *f)
{
	uint32_t readable = frame_bytes < WINDOW_BYTES ? frame_bytes : WINDOW_BYTES;
	struct ingress in = {0};
	enum quick_kind kind;
	struct flow quick;
	uint8_t reason;

	if (quick_flow4((const struct window *)window, readable, frame_bytes, &quick) &&
	    memcmp(&quick, f, sizeof(quick)))
		return false;
	if (readable < QUICK_MIN_BYTES)
		return true;
	kind = quick_kind_of((const struct window *)window, readable, frame_bytes);
	if (kind == QUICK_NONE)
		return true;
	for (in.side = SIDE_SUBSCRIBER; in.side <= SIDE_NETWORK; in.side++)
		if (!decide_early(f, &in, &reason) || reason != quick_reason(kind))
			return false;
	return f->family == quick_family(kind);
}

struct judgement core_judge_frame(struct core_judge *c, const uint8_t *window, uint32_t frame_bytes,
				  struct ingress in, uint64_t now_ns, struct parse_work *work)
{
	struct judgement j = {.clause = JUDGEMENT_NO_CLAUSE};
	const struct op25b_addr *sub, *far;
	struct parse_work own;
	struct parse_work *k = work ? work : &own;
	uint32_t slot;

	parse((const struct window *)window, k, frame_bytes, c->view.softwires, in.side);
	c->class_id = 0;
	if (!quick_is_right(window, frame_bytes, &k->flow)) {
		j.reason = REASON_COUNT;
		return j;
	}
	if (decide_early(&k->flow, &in, &j.reason))
		return j;
	sub = subscriber(c, &k->flow, in);
	far = look_up(c, &k->flow, flow_far_family(&k->flow), in.side != SIDE_SUBSCRIBER);
	c->class_id = sub->class_id;
	slot = flow_slot(&k->flow, in.side, sub);
	decide(&k->flow, &in, far, &c->view.classes[sub->class_id],
	       slot == OP25B_NO_SLOT ? NULL : &c->slots[slot], now_ns, &j);
	return j;
}

struct judgement core_judge_exact(struct core_judge *c, const uint8_t *frame, uint32_t frame_bytes,
				  struct ingress in, uint64_t now_ns, struct parse_work *work)
{
	uint32_t window_bytes = frame_bytes < WINDOW_BYTES ? frame_bytes : WINDOW_BYTES;
	uint8_t *window = malloc(window_bytes);
	struct judgement j;

	if (window_bytes)
		memcpy(window, frame, window_bytes);
	j = core_judge_frame(c, window, frame_bytes, in, now_ns, work);
	free(window);
	return j;
}

enum op25b_verdict core_judge_verdict(uint8_t reason)
{
	return reason_verdict(reason);
}

const char *core_judge_pool(const struct core_judge *c, const struct flow *f, struct ingress in)
{
	uint8_t reason;

	if (decide_early(f, &in, &reason))
		return "";
	return c->view.names + c->view.classes[subscriber(c, f, in)->class_id].name;
}
