// SPDX-License-Identifier: BSD-3-Clause
//
// Reading the headers of a burst: see burst.h. First the frames that have the port's usual shapes,
// eight at a time; then the quick test, one by one; from its results new shapes are learnt. What
// is left is for parse(). A worker's thread.
#include "read.h"

#include "burst.h"

#define WORTH_A_SHAPE 8u // frames in a burst: fewer cost less one by one
#define PATIENCE 64u     // bursts until what was in vain is tried again

static uint32_t count_bits(uint64_t bits)
{
	return (uint32_t)__builtin_popcountll(bits);
}

// Returns the frames that are not of a shape. One that hardly fits any is forgotten.
static uint64_t read_shapes(struct burst *b, struct reader *r, uint64_t left, uint32_t count)
{
	uint32_t i, fits;

	for (i = 0; i < READER_SHAPES; i++) {
		struct shape *s = &r->shape[(r->first + i) % READER_SHAPES];
		struct shape_match found;

		if (!s->is_set || count_bits(left) < WORTH_A_SHAPE)
			continue;
		found = shape_match(s, b->rx, count);
		fits = count_bits(found.tcp | found.other);
		s->is_set = fits >= WORTH_A_SHAPE;
		left &= ~(found.tcp | found.other);
		b->settled[s->kind] += burst_sum(count_bits(found.tcp), found.tcp_bytes);
		b->settled[s->kind + 1] += burst_sum(count_bits(found.other), found.other_bytes);
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

// Asks the quick test about each of these frames. Returns one that it has settled, or WORKER_BURST.
static uint32_t read_singly(struct burst *b, uint64_t left, uint32_t *settled_count)
{
	uint32_t i, last = WORKER_BURST, rest_count = 0, asked = count_bits(left);
	enum quick_kind kind;

	for (; left; left &= left - 1) {
		i = (uint32_t)__builtin_ctzll(left);
		kind = kind_of(b->rx[i]);
		b->settled[kind] += burst_sum(1, b->rx[i]->pkt_len);
		b->rest[rest_count] = (uint8_t)i;
		rest_count += kind == QUICK_NONE;
		last = kind == QUICK_NONE ? last : i;
	}
	b->rest_count = rest_count;
	*settled_count = asked - rest_count;
	return last;
}

// Where a shape goes: in place of one like it, or of none, or of the one after the last learnt.
// So no two that are set are alike, and no frame is counted by both.
static uint32_t place_for(const struct reader *r, const struct shape *learnt)
{
	uint32_t i, place = (r->first + 1) % READER_SHAPES;

	for (i = 0; i < READER_SHAPES; i++) {
		if (r->shape[i].is_set && shape_is_alike(&r->shape[i], learnt))
			return i;
		if (!r->shape[i].is_set)
			place = i;
	}
	return place;
}

// Where many had to be asked one by one, one of them shows what the next will look like.
static void learn(struct reader *r, const struct rte_mbuf *m)
{
	struct shape learnt;

	if (r->patience) {
		r->patience--;
		return;
	}
	if (!shape_learn(&learnt, rte_pktmbuf_mtod(m, const struct window *))) {
		r->patience = PATIENCE;
		return;
	}
	r->first = place_for(r, &learnt);
	r->shape[r->first] = learnt;
}

// All of them are for parse().
static void leave_all(struct burst *b, uint32_t count)
{
	uint32_t i;

	b->bytes = 0;
	for (i = 0; i < count; i++) {
		b->rest[i] = (uint8_t)i;
		b->bytes += b->rx[i]->pkt_len;
	}
	b->rest_count = count;
}

void burst_read(struct burst *b, struct reader *r, uint32_t count)
{
	uint64_t left = ~0ull >> (64 - count);
	uint64_t sum = 0;
	uint32_t i, kind, settled_count;

	memset(b->settled, 0, sizeof(b->settled));
	if (r->barren) {
		r->barren--;
		leave_all(b, count);
		return;
	}
	if (r->has_shapes)
		left = read_shapes(b, r, left, count);
	i = read_singly(b, left, &settled_count);
	for (kind = 0; kind < QUICK_COUNT; kind++)
		sum += b->settled[kind];
	b->bytes = sum >> 32;
	if (r->has_shapes && settled_count >= WORTH_A_SHAPE)
		learn(r, b->rx[i]);
	// A flood: it would be asked for nothing.
	if (b->rest_count == count && count >= WORTH_A_SHAPE)
		r->barren = PATIENCE;
}
