// SPDX-License-Identifier: BSD-3-Clause
//
// See shape.h: shapes compared by AVX2, eight frames at a time. Built for any x86-64 and called
// only where the CPU has it. Of each frame three or four times 16 octets are loaded, frame k beside
// frame k + 4; what matters of them is brought together, so that each number of a header stands in
// a register of its own (a column) with that of seven other frames. From there on eight frames cost
// what one does.
//
// What is loaded may lie behind the end of a frame, never behind the end of its buffer; it is not
// believed then (`readable`).
#include "shape.h"

#include <string.h>

#include <immintrin.h>
#include <rte_cpuflags.h>

#define VECTOR __attribute__((target("avx2")))
#define VECTOR_INLINE static inline __attribute__((always_inline)) VECTOR

#define LENGTHS_OFF offsetof(struct rte_mbuf, pkt_len)
#define FIRST_OF_FOUR _MM_SHUFFLE(2, 0, 2, 0)
#define SECOND_OF_FOUR _MM_SHUFFLE(3, 1, 3, 1)
#define OUTER_OF_FOUR _MM_SHUFFLE(3, 0, 3, 0)
#define HIGH_HALVES 0xcc
#define PROTO_SHIFT 16                      // where a protocol stands in a number
#define BUFFER_MIN_BYTES 128u               // what may be loaded of a frame ends before
#define PPPOE_MIN_BYTES (2 + IP4_MIN_BYTES) // with less in it nothing is believed

_Static_assert(offsetof(struct rte_mbuf, data_len) == LENGTHS_OFF + 4, "they are loaded together");
_Static_assert(LENGTHS_OFF >= 8 && LENGTHS_OFF + 16 <= sizeof(struct rte_mbuf), "16 octets each");

// What a shape has: known when this is compiled, so that nothing is asked for each frame.
struct traits {
	bool has_below, is_pppoe, has_options;
};

// A number of each of eight frames; what their headers say.
struct headers {
	__m256i frame_bytes, readable, ip_bytes, proto, session_bytes, ports, tcp_bytes,
		options_bytes;
	__m256i is_alike; // full masks: what has to be equal is
};

// The frames that fit, as full masks.
struct group {
	__m256i tcp, other, frame_bytes;
};

struct pair {
	__m256i first, second;
};

// Where eight frames begin.
struct starts {
	const uint8_t *at[SHAPE_GROUP];
};

// It has no octets, so that it is of no shape.
static uint8_t no_octets[BUFFER_MIN_BYTES];
static struct rte_mbuf no_frame = {.buf_addr = no_octets};

VECTOR_INLINE __m256i load_two(const void *a, const void *b)
{
	return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(a)),
				       _mm_loadu_si128(b), 1);
}

VECTOR_INLINE __m256i load_frames(const struct starts *s, uint32_t k, uint32_t off)
{
	return load_two(s->at[k] + off, s->at[k + 4] + off);
}

VECTOR_INLINE __m256i dwords(uint32_t value)
{
	return _mm256_set1_epi32((int)value);
}

VECTOR_INLINE __m256i octets4(const uint8_t *octets)
{
	int value;

	memcpy(&value, octets, sizeof(value));
	return _mm256_set1_epi32(value);
}

VECTOR_INLINE __m256i octets16(const uint8_t *octets)
{
	return _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)octets));
}

// In each lane, two numbers of a and then two of b.
#define CHOOSE(a, b, order)                                                                        \
	_mm256_castps_si256(                                                                       \
		_mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), order))

// Of two registers with two numbers of two frames in each lane, the first and the second numbers.
#define COLUMNS(a, b) ((struct pair){CHOOSE(a, b, FIRST_OF_FOUR), CHOOSE(a, b, SECOND_OF_FOUR)})

VECTOR_INLINE __m256i is_like(__m256i column, const uint8_t *mask, const uint8_t *want)
{
	return _mm256_cmpeq_epi32(_mm256_and_si256(column, octets4(mask)), octets4(want));
}

VECTOR_INLINE struct pair eight_octets(const struct starts *s, uint32_t off,
				       const uint8_t to[2][16])
{
	__m256i low = octets16(to[0]), high = octets16(to[1]);
	__m256i a = _mm256_or_si256(_mm256_shuffle_epi8(load_frames(s, 0, off), low),
				    _mm256_shuffle_epi8(load_frames(s, 1, off), high));
	__m256i b = _mm256_or_si256(_mm256_shuffle_epi8(load_frames(s, 2, off), low),
				    _mm256_shuffle_epi8(load_frames(s, 3, off), high));

	return COLUMNS(a, b);
}

// The lengths of two frames, with DPDK's two numbers in the low or in the high half of a lane.
VECTOR_INLINE __m256i lengths(struct rte_mbuf *const *frames, uint32_t k, uint32_t off)
{
	return load_two((const uint8_t *)frames[k] + off, (const uint8_t *)frames[k + 4] + off);
}

VECTOR_INLINE void start_two(struct starts *s, struct rte_mbuf *const *frames, uint32_t k)
{
	s->at[k] = rte_pktmbuf_mtod(frames[k], const uint8_t *);
	s->at[k + 4] = rte_pktmbuf_mtod(frames[k + 4], const uint8_t *);
}

VECTOR_INLINE void read_lengths(struct headers *h, struct starts *s, struct rte_mbuf *const *frames)
{
	const uint32_t low = LENGTHS_OFF, high = LENGTHS_OFF - 8;
	__m256i a, b;
	struct pair c;

	start_two(s, frames, 0);
	a = lengths(frames, 0, low);
	start_two(s, frames, 1);
	a = _mm256_blend_epi32(a, lengths(frames, 1, high), HIGH_HALVES);
	start_two(s, frames, 2);
	b = lengths(frames, 2, low);
	start_two(s, frames, 3);
	b = _mm256_blend_epi32(b, lengths(frames, 3, high), HIGH_HALVES);
	c = COLUMNS(a, b);
	h->frame_bytes = c.first;
	h->readable = _mm256_and_si256(c.second, dwords(UINT16_MAX));
}

VECTOR_INLINE void read_head(struct headers *h, const struct shape *s, const struct starts *f)
{
	struct pair c = eight_octets(f, s->head_off, s->head_to);

	h->is_alike = _mm256_and_si256(is_like(c.first, s->head_mask, s->head),
				       is_like(c.second, s->head_mask + 4, s->head + 4));
	h->ip_bytes = _mm256_and_si256(c.first, dwords(UINT16_MAX));
	h->proto = _mm256_and_si256(c.first, dwords(UINT8_MAX << PROTO_SHIFT));
}

VECTOR_INLINE void read_below(struct headers *h, const struct shape *s, const struct starts *f)
{
	struct pair c = eight_octets(f, ETH_TYPE_OFF, s->below_to);

	h->is_alike = _mm256_and_si256(h->is_alike, is_like(c.first, s->below_mask, s->below));
	h->is_alike =
		_mm256_and_si256(h->is_alike, is_like(c.second, s->below_mask + 4, s->below + 4));
	h->session_bytes = _mm256_srli_epi32(c.second, 16);
}

VECTOR_INLINE __m256i are_options(__m256i proto)
{
	return _mm256_or_si256(_mm256_cmpeq_epi32(proto, dwords(PROTO_HOPOPTS << PROTO_SHIFT)),
			       _mm256_cmpeq_epi32(proto, dwords(PROTO_DSTOPTS << PROTO_SHIFT)));
}

// Up to two headers with options, each of which has 8 octets: what follows it, and a length of 0.
VECTOR_INLINE void read_options(struct headers *h, const struct shape *s, const struct starts *f)
{
	// Both octets of either header, the length in front, as the high half of a number.
	static const uint8_t to[2][16] = {
		{0x80, 0x80, 0, 1, 0x80, 0x80, 8, 9, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
		 0x80},
		{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 1, 0x80, 0x80, 8,
		 9},
	};
	struct pair c = eight_octets(f, s->upper_off, to);
	__m256i one = are_options(h->proto), two;

	// With a length in it, it is no protocol.
	h->proto = _mm256_blendv_epi8(h->proto, c.first, one);
	two = _mm256_and_si256(one, are_options(h->proto));
	h->proto = _mm256_blendv_epi8(h->proto, c.second, two);
	h->options_bytes = _mm256_slli_epi32(_mm256_abs_epi32(_mm256_add_epi32(one, two)), 3);
}

// TCP's or UDP's ports, and the length of a TCP header by its data offset.
VECTOR_INLINE void read_upper(struct headers *h, const struct shape *s, const struct starts *f)
{
	__m256i a = CHOOSE(load_frames(f, 0, s->upper_off), load_frames(f, 1, s->upper_off),
			   OUTER_OF_FOUR);
	__m256i b = CHOOSE(load_frames(f, 2, s->upper_off), load_frames(f, 3, s->upper_off),
			   OUTER_OF_FOUR);
	struct pair c = COLUMNS(a, b);

	h->ports = c.first;
	h->tcp_bytes = _mm256_and_si256(_mm256_srli_epi32(c.second, 2), dwords(0x3c));
}

// A mask, without those whose number is less than 0.
VECTOR_INLINE __m256i unless_negative(__m256i numbers, __m256i mask)
{
	return _mm256_andnot_si256(_mm256_srai_epi32(numbers, 31), mask);
}

// Less than 0: something is shorter than it has to be, whatever the protocol.
VECTOR_INLINE __m256i shortage(const struct headers *h, const struct shape *s, struct traits t)
{
	__m256i least = dwords(s->least), counted, less;

	if (t.has_options)
		least = _mm256_add_epi32(least, h->options_bytes);
	counted = t.is_pppoe ? _mm256_add_epi32(h->session_bytes, dwords(s->before_session))
			     : _mm256_add_epi32(h->ip_bytes, dwords(s->before_length));
	less = _mm256_or_si256(_mm256_sub_epi32(h->frame_bytes, counted),
			       _mm256_sub_epi32(h->readable, least));
	if (t.is_pppoe) {
		__m256i inner = _mm256_add_epi32(h->ip_bytes, dwords(s->in_session));

		less = _mm256_or_si256(less, _mm256_sub_epi32(h->session_bytes, inner));
		less = _mm256_or_si256(less,
				       _mm256_sub_epi32(h->session_bytes, dwords(PPPOE_MIN_BYTES)));
	}
	if (t.has_options)
		less = _mm256_or_si256(less, _mm256_sub_epi32(h->ip_bytes, h->options_bytes));
	return less;
}

// Less than 0: the TCP header is shorter than it can be, or longer than the packet, or cannot be
// read.
VECTOR_INLINE __m256i cut(const struct headers *h, const struct shape *s, struct traits t)
{
	__m256i room = h->ip_bytes, readable = h->readable, less;

	if (t.has_options) {
		room = _mm256_sub_epi32(room, h->options_bytes);
		readable = _mm256_sub_epi32(readable, h->options_bytes);
	}
	room = _mm256_sub_epi32(room, dwords(s->outside));
	less = _mm256_or_si256(_mm256_sub_epi32(h->tcp_bytes, dwords(TCP_MIN_BYTES)),
			       _mm256_sub_epi32(room, h->tcp_bytes));
	return _mm256_or_si256(less,
			       _mm256_sub_epi32(readable, dwords(s->upper_off + TCP_MIN_BYTES)));
}

// Either port in either protocol: the few that this leaves too many are asked again.
VECTOR_INLINE __m256i has_no_marked_port(const struct headers *h)
{
	const __m256i smtp = _mm256_set1_epi16((short)PORT_BE(SMTP_PORT));
	const __m256i l2tp = _mm256_set1_epi16((short)PORT_BE(L2TP_PORT));

	return _mm256_cmpeq_epi32(_mm256_or_si256(_mm256_cmpeq_epi16(h->ports, smtp),
						  _mm256_cmpeq_epi16(h->ports, l2tp)),
				  _mm256_setzero_si256());
}

VECTOR_INLINE __m256i is_proto(const struct headers *h, uint32_t proto)
{
	return _mm256_cmpeq_epi32(h->proto, dwords(proto << PROTO_SHIFT));
}

VECTOR_INLINE struct group match_eight(const struct shape *s, struct traits t,
				       struct rte_mbuf *const *frames)
{
	struct headers h;
	struct starts f;
	__m256i fits;

	read_lengths(&h, &f, frames);
	read_head(&h, s, &f);
	if (t.has_below)
		read_below(&h, s, &f);
	if (t.has_options) {
		// Volatile: added as vectors, the sums would have to be taken apart one by one.
		volatile uint32_t options_bytes[SHAPE_GROUP] __attribute__((aligned(32)));
		uint32_t k;

		read_options(&h, s, &f);
		_mm256_store_si256((void *)(uintptr_t)options_bytes, h.options_bytes);
#pragma GCC unroll 8
		for (k = 0; k < SHAPE_GROUP; k++)
			f.at[k] += options_bytes[k];
	}
	read_upper(&h, s, &f);
	fits = _mm256_and_si256(h.is_alike, has_no_marked_port(&h));
	fits = unless_negative(shortage(&h, s, t), fits);
	return (struct group){
		.tcp = unless_negative(cut(&h, s, t),
				       _mm256_and_si256(fits, is_proto(&h, PROTO_TCP))),
		.other = _mm256_and_si256(
			fits, _mm256_or_si256(is_proto(&h, PROTO_UDP), is_proto(&h, s->icmp))),
		.frame_bytes = h.frame_bytes,
	};
}

VECTOR_INLINE uint8_t bits(__m256i mask)
{
	return (uint8_t)_mm256_movemask_ps(_mm256_castsi256_ps(mask));
}

VECTOR_INLINE uint32_t sum(__m256i parts)
{
	__m128i four =
		_mm_add_epi32(_mm256_castsi256_si128(parts), _mm256_extracti128_si256(parts, 1));

	four = _mm_add_epi32(four, _mm_shuffle_epi32(four, _MM_SHUFFLE(1, 0, 3, 2)));
	four = _mm_add_epi32(four, _mm_shuffle_epi32(four, _MM_SHUFFLE(2, 3, 0, 1)));
	return (uint32_t)_mm_cvtsi128_si32(four);
}

// `frames` is filled up to whole groups.
VECTOR_INLINE struct shape_match match_all(const struct shape *s, struct traits t,
					   struct rte_mbuf *const *frames, uint32_t count)
{
	__m256i tcp_bytes = _mm256_setzero_si256(), other_bytes = tcp_bytes;
	uint8_t tcp[64 / SHAPE_GROUP] = {0}, other[64 / SHAPE_GROUP] = {0};
	struct shape_match found;
	uint32_t i;

	for (i = 0; i < count; i += SHAPE_GROUP) {
		struct group g = match_eight(s, t, frames + i);

		tcp[i / SHAPE_GROUP] = bits(g.tcp);
		other[i / SHAPE_GROUP] = bits(g.other);
		tcp_bytes = _mm256_add_epi32(tcp_bytes, _mm256_and_si256(g.frame_bytes, g.tcp));
		other_bytes =
			_mm256_add_epi32(other_bytes, _mm256_and_si256(g.frame_bytes, g.other));
	}
	memcpy(&found.tcp, tcp, sizeof(tcp));
	memcpy(&found.other, other, sizeof(other));
	found.tcp_bytes = sum(tcp_bytes);
	found.other_bytes = sum(other_bytes);
	return found;
}

VECTOR struct shape_match shape_match(const struct shape *s, struct rte_mbuf *frames[64],
				      uint32_t count)
{
	uint32_t i;

	for (i = count; i % SHAPE_GROUP; i++)
		frames[i] = &no_frame;
	if (s->has_options)
		return s->is_pppoe ? match_all(s, (struct traits){true, true, true}, frames, count)
		       : s->has_below
			       ? match_all(s, (struct traits){true, false, true}, frames, count)
			       : match_all(s, (struct traits){false, false, true}, frames, count);
	return s->is_pppoe    ? match_all(s, (struct traits){true, true, false}, frames, count)
	       : s->has_below ? match_all(s, (struct traits){true, false, false}, frames, count)
			      : match_all(s, (struct traits){false, false, false}, frames, count);
}

bool shape_is_available(void)
{
	return rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX2) > 0;
}
