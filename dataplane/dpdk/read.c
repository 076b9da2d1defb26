// SPDX-License-Identifier: BSD-3-Clause
//
// Reading the headers of a burst: see burst.h. First the frames that have the port's usual shapes,
// several at a time; then the quick test, one by one; from its results new shapes are learnt. What
// is left is for parse(). A worker's thread.
#include "read.h"

#include "burst.h"

#define WORTH_A_SHAPE 8u // frames in a burst: fewer cost less one by one

static void settle(struct burst *b, enum quick_kind kind, uint32_t packets, uint64_t bytes)
{
	b->settled[kind].packets += packets;
	b->settled[kind].bytes += (uint32_t)bytes;
}

// Returns the frames that are not of a shape.
static uint64_t read_shapes(struct burst *b, const struct reader *r, uint32_t count)
{
	uint64_t left = ~0ull >> (64 - count);
	uint32_t i;

	for (i = 0; i < SHAPE_FAMILIES; i++) {
		const struct shape *s = &r->shape[i ^ r->first];
		struct shape_match found;

		if (!s->is_set || __builtin_popcountll(left) < WORTH_A_SHAPE)
			continue;
		found = shape_match(s, b->rx, count);
		left &= ~(found.tcp | found.udp);
		settle(b, s->kind, (uint32_t)__builtin_popcountll(found.tcp),
		       shape_sum(b->length, found.tcp));
		settle(b, s->kind + 1, (uint32_t)__builtin_popcountll(found.udp),
		       shape_sum(b->length, found.udp));
	}
	return left;
}

static enum quick_kind kind_of(const struct rte_mbuf *m)
{
	uint32_t readable = m->data_len < WINDOW_BYTES ? m->data_len : WINDOW_BYTES;

	if (readable < QUICK_MIN_BYTES)
		return QUICK_NONE;
	return quick_kind_of(rte_pktmbuf_mtod(m, const struct window *), readable, m->pkt_len);
}

// Where many had to be asked one by one, the last of them shows what the next will look like.
static void learn(struct reader *r, const struct burst *b, enum quick_kind kind, uint32_t frame)
{
	uint32_t family = kind >= QUICK_IP6_TCP;

	if (shape_learn(&r->shape[family], rte_pktmbuf_mtod(b->rx[frame], const struct window *)))
		r->first = family;
}

void burst_read(struct burst *b, struct reader *r, uint32_t count)
{
	uint64_t left = ~0ull >> (64 - count);
	enum quick_kind kind, learnt_kind = QUICK_NONE;
	uint32_t i, asked = 0, learnt_from = 0;

	memset(b->settled, 0, sizeof(b->settled));
	for (i = 0; i < count; i++)
		b->length[i] = b->rx[i]->pkt_len;
	if (r->has_shapes)
		left = read_shapes(b, r, count);
	b->rest_count = 0;
	for (; left; left &= left - 1) {
		i = (uint32_t)__builtin_ctzll(left);
		kind = kind_of(b->rx[i]);
		settle(b, kind, 1, b->length[i]);
		if (kind == QUICK_NONE) {
			b->rest[b->rest_count++] = (uint8_t)i;
			continue;
		}
		asked++;
		learnt_kind = kind;
		learnt_from = i;
	}
	b->bytes = 0;
	for (kind = 0; kind < QUICK_COUNT; kind++)
		b->bytes += b->settled[kind].bytes;
	if (r->has_shapes && asked >= WORTH_A_SHAPE)
		learn(r, b, learnt_kind, learnt_from);
}
