// SPDX-License-Identifier: BSD-3-Clause
//
// See shape.h: shapes compared by AVX-512, four frames at a time, 16 octets of each in a lane.
// Built for any x86-64 and called only where the CPU has what it needs. Octets are loaded lane by
// lane: gathering them would be slower than not using vectors at all where the microcode guards
// against Gather Data Sampling.
//
// What is loaded may lie behind the end of a frame, never behind the end of its buffer; it is not
// believed then (room[3]).
#include "shape.h"

#include <immintrin.h>
#include <rte_cpuflags.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,bmi2,popcnt")))
#define LANE_BITS 4u    // a lane is four dwords, each with a bit in a mask
#define LENGTHS_OFF 28u // from here 16 octets of an mbuf end with pkt_len and data_len
#define DATA_LEN_MASK 0xffffu
#define PORT_WORDS 0x03030303u // the two ports of each lane, as bits of 16-bit words

_Static_assert(offsetof(struct rte_mbuf, pkt_len) == LENGTHS_OFF + 8, "dword 2 is pkt_len");
_Static_assert(offsetof(struct rte_mbuf, data_len) == LENGTHS_OFF + 12, "dword 3 has data_len");

struct four {
	const struct rte_mbuf *m[4];
	const uint8_t *data[4];
};

static inline AVX512 __m512i load_four(const void *a, const void *b, const void *c, const void *d)
{
	__m512i v = _mm512_castsi128_si512(_mm_loadu_si128(a));

	v = _mm512_inserti32x4(v, _mm_loadu_si128(b), 1);
	v = _mm512_inserti32x4(v, _mm_loadu_si128(c), 2);
	return _mm512_inserti32x4(v, _mm_loadu_si128(d), 3);
}

static inline AVX512 __m512i load_data(const struct four *f, uint32_t off)
{
	return load_four(f->data[0] + off, f->data[1] + off, f->data[2] + off, f->data[3] + off);
}

static inline AVX512 __m512i load_lengths(const struct four *f)
{
	return load_four((const char *)f->m[0] + LENGTHS_OFF, (const char *)f->m[1] + LENGTHS_OFF,
			 (const char *)f->m[2] + LENGTHS_OFF, (const char *)f->m[3] + LENGTHS_OFF);
}

static inline AVX512 __m512i every_lane(const void *octets16)
{
	return _mm512_broadcast_i32x4(_mm_loadu_si128(octets16));
}

// One bit for each lane all of whose bits are set, of 16 lanes.
static inline AVX512 uint64_t whole_lanes(uint64_t bits)
{
	bits &= bits >> 1;
	bits &= bits >> 2;
	return _pext_u64(bits, 0x1111111111111111ull);
}

// Lanes with a marked port: all their bits.
static inline AVX512 __mmask16 marked_lanes(__mmask32 words)
{
	return (__mmask16)(_pdep_u32(_pext_u32(words | words >> 1, 0x01010101u), 0x1111u) * 15u);
}

// The constants of a shape, in registers for as long as a burst is compared.
struct loaded {
	__m512i head_mask, head_tcp, head_udp, below_mask, below;
	__m512i ip_length_2, ip_length_3, room_length, room, outside, in_session, least;
};

static inline AVX512 struct loaded load_shape(const struct shape *s)
{
	return (struct loaded){
		.head_mask = every_lane(s->head_mask),
		.head_tcp = every_lane(s->head_tcp),
		.head_udp = every_lane(s->head_udp),
		.below_mask = every_lane(s->below_mask),
		.below = every_lane(s->below),
		.ip_length_2 = every_lane(s->ip_length_2),
		.ip_length_3 = every_lane(s->ip_length_3),
		.room_length = every_lane(s->room_length),
		.room = every_lane(s->room),
		.outside = every_lane(s->outside),
		.in_session = every_lane(s->in_session),
		.least = every_lane(s->least),
	};
}

static inline AVX512 void match_four(const struct shape *s, const struct loaded *c,
				     const struct four *f, bool has_below, bool is_pppoe,
				     __mmask16 *tcp, __mmask16 *udp)
{
	const __m512i lengths_mask =
		_mm512_broadcast_i32x4(_mm_setr_epi32(0, 0, -1, DATA_LEN_MASK));
	const __m512i offset_mask = _mm512_broadcast_i32x4(_mm_setr_epi32(0, 0, 0, 0x3c));
	const __m512i tcp_min = _mm512_broadcast_i32x4(_mm_setr_epi32(0, 0, 0, TCP_MIN_BYTES));
	const __m512i smtp = _mm512_set1_epi16((short)PORT_BE(SMTP_PORT));
	const __m512i l2tp = _mm512_set1_epi16((short)PORT_BE(L2TP_PORT));
	__m512i head = load_data(f, s->head_off), upper = load_data(f, s->upper_off);
	__m512i lengths = _mm512_and_si512(load_lengths(f), lengths_mask);
	__m512i room = _mm512_shuffle_epi8(head, c->room_length);
	__m512i marked = _mm512_and_si512(head, c->head_mask);
	// The TCP header's length, by its data offset.
	__m512i header = _mm512_and_si512(_mm512_srli_epi32(upper, 2), offset_mask);
	__mmask16 fits = _mm512_cmpge_epu32_mask(lengths, _mm512_add_epi32(room, c->room));
	__mmask32 ports;

	if (has_below)
		fits = _mm512_mask_cmpeq_epi32_mask(
			fits, _mm512_and_si512(load_data(f, ETH_TYPE_OFF), c->below_mask),
			c->below);
	if (is_pppoe)
		fits = _mm512_mask_cmpge_epu32_mask(
			fits, room,
			_mm512_add_epi32(_mm512_max_epu32(_mm512_shuffle_epi8(head, c->ip_length_2),
							  c->least),
					 c->in_session));
	*udp = _mm512_mask_cmpeq_epi32_mask(fits, marked, c->head_udp);
	*tcp = _mm512_mask_cmpeq_epi32_mask(fits, marked, c->head_tcp);
	*tcp = _mm512_mask_cmpge_epu32_mask(*tcp, header, tcp_min);
	*tcp = _mm512_mask_cmpge_epu32_mask(*tcp, _mm512_shuffle_epi8(head, c->ip_length_3),
					    _mm512_add_epi32(header, c->outside));
	// Either port in either protocol: the few that this leaves too many are asked again.
	ports = _mm512_mask_cmpeq_epi16_mask(PORT_WORDS, upper, smtp) |
		_mm512_mask_cmpeq_epi16_mask(PORT_WORDS, upper, l2tp);
	if (unlikely(ports)) {
		*tcp &= (__mmask16)~marked_lanes(ports);
		*udp &= (__mmask16)~marked_lanes(ports);
	}
}

static inline AVX512 struct shape_match match_all(const struct shape *s,
						  struct rte_mbuf *const *frames, uint32_t count,
						  bool has_below, bool is_pppoe)
{
	const struct loaded c = load_shape(s);
	struct shape_match found = {0, 0};
	uint64_t tcp_bits = 0, udp_bits = 0;
	uint32_t i, lane;

	for (i = 0; i < count; i += 4) {
		__mmask16 tcp, udp;
		struct four f;

		// The last frame stands for those that are missing.
		for (lane = 0; lane < 4; lane++) {
			f.m[lane] = frames[RTE_MIN(i + lane, count - 1)];
			f.data[lane] = rte_pktmbuf_mtod(f.m[lane], const uint8_t *);
		}
		match_four(s, &c, &f, has_below, is_pppoe, &tcp, &udp);
		tcp_bits |= (uint64_t)tcp << (i % 16 * LANE_BITS);
		udp_bits |= (uint64_t)udp << (i % 16 * LANE_BITS);
		if (i % 16 == 12 || i + 4 >= count) {
			found.tcp |= whole_lanes(tcp_bits) << (i / 16 * 16);
			found.udp |= whole_lanes(udp_bits) << (i / 16 * 16);
			tcp_bits = 0;
			udp_bits = 0;
		}
	}
	return found;
}

AVX512 struct shape_match shape_match(const struct shape *s, struct rte_mbuf *const *frames,
				      uint32_t count)
{
	uint64_t all = ~0ull >> (64 - count);
	struct shape_match found;

	if (s->is_pppoe)
		found = match_all(s, frames, count, true, true);
	else if (s->has_below)
		found = match_all(s, frames, count, true, false);
	else
		found = match_all(s, frames, count, false, false);
	found.tcp &= all;
	found.udp &= all;
	return found;
}

AVX512 uint64_t shape_sum(const uint32_t lengths[64], uint64_t bits)
{
	__m512i sum = _mm512_setzero_si512();
	uint32_t i;

	for (i = 0; i < 64; i += 16)
		sum = _mm512_mask_add_epi32(sum, (__mmask16)(bits >> i), sum,
					    _mm512_loadu_si512(lengths + i));
	return (uint32_t)_mm512_reduce_add_epi32(sum);
}

bool shape_is_available(void)
{
	return rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512F) > 0 &&
	       rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512BW) > 0 &&
	       rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512VL) > 0 &&
	       rte_cpu_get_flag_enabled(RTE_CPUFLAG_BMI2) > 0;
}
