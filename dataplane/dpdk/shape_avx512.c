// SPDX-License-Identifier: BSD-3-Clause
//
// See shape.h: shapes compared by AVX-512's instructions in registers of 256 bits, two frames at a
// time, 16 octets of each in a lane. Built for any x86-64 and called only where the CPU has them.
// Not in registers of 512 bits: comparing four at a time is quicker by itself, but CPUs lower their
// clock for it, and the driver's part of the work, which is most of it, lost a seventh. Octets are
// loaded lane by lane: gathering them is slower than not using vectors at all where the microcode
// guards against Gather Data Sampling.
//
// What is loaded may lie behind the end of a frame, never behind the end of its buffer; it is not
// believed then (shape.room[3]).
#include "shape.h"

#include <immintrin.h>
#include <rte_cpuflags.h>

#define VECTOR __attribute__((target("avx2,avx512f,avx512bw,avx512vl")))
#define VECTOR_INLINE static inline __attribute__((always_inline)) VECTOR
#define PAIR_BITS 8u    // two lanes of four dwords, each with a bit in a mask
#define LENGTHS_OFF 28u // from here 16 octets of an mbuf end with pkt_len and data_len
#define DATA_LEN_MASK 0xffff
#define LANE_0 0x0f
#define LANE_1 0xf0
#define PORT_WORDS 0x0303 // the two ports of each lane, as bits of 16-bit words

_Static_assert(offsetof(struct rte_mbuf, pkt_len) == LENGTHS_OFF + 8, "dword 2 is pkt_len");
_Static_assert(offsetof(struct rte_mbuf, data_len) == LENGTHS_OFF + 12, "dword 3 has data_len");

VECTOR_INLINE __m256i load_two(const uint8_t *a, const uint8_t *b)
{
	return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const void *)a)),
				       _mm_loadu_si128((const void *)b), 1);
}

VECTOR_INLINE __m256i both_lanes(const void *octets16)
{
	return _mm256_broadcastsi128_si256(_mm_loadu_si128(octets16));
}

// Of 16 lanes' bits, one for each lane all of whose bits are set.
static inline uint64_t whole_lanes(uint64_t bits)
{
	bits &= bits >> 1;
	bits &= bits >> 2;
	bits &= 0x1111111111111111ull;
	bits = (bits | bits >> 3) & 0x0303030303030303ull;
	bits = (bits | bits >> 6) & 0x000f000f000f000full;
	bits = (bits | bits >> 12) & 0x000000ff000000ffull;
	return (bits | bits >> 24) & 0xffffu;
}

// The constants of a shape, in registers for as long as a burst is compared.
struct loaded {
	__m256i head_mask, head_tcp, head_udp, below_mask, below;
	__m256i ip_length_2, ip_length_3, room_length, room, outside, in_session, least;
};

VECTOR_INLINE struct loaded load_shape(const struct shape *s)
{
	return (struct loaded){
		.head_mask = both_lanes(s->head_mask),
		.head_tcp = both_lanes(s->head_tcp),
		.head_udp = both_lanes(s->head_udp),
		.below_mask = both_lanes(s->below_mask),
		.below = both_lanes(s->below),
		.ip_length_2 = both_lanes(s->ip_length_2),
		.ip_length_3 = both_lanes(s->ip_length_3),
		.room_length = both_lanes(s->room_length),
		.room = both_lanes(s->room),
		.outside = both_lanes(s->outside),
		.in_session = both_lanes(s->in_session),
		.least = both_lanes(s->least),
	};
}

// Compares two frames: the bits of the dwords that are as they should be for TCP, and for UDP.
VECTOR_INLINE void match_two(const struct shape *s, const struct loaded *c,
			     struct rte_mbuf *const *frames, bool has_below, bool is_pppoe,
			     uint64_t *tcp, uint64_t *udp)
{
	const __m256i lengths_mask =
		_mm256_broadcastsi128_si256(_mm_setr_epi32(0, 0, -1, DATA_LEN_MASK));
	const __m256i offset_mask = _mm256_broadcastsi128_si256(_mm_setr_epi32(0, 0, 0, 0x3c));
	const __m256i tcp_min = _mm256_broadcastsi128_si256(_mm_setr_epi32(0, 0, 0, TCP_MIN_BYTES));
	const __m256i smtp = _mm256_set1_epi16((short)PORT_BE(SMTP_PORT));
	const __m256i l2tp = _mm256_set1_epi16((short)PORT_BE(L2TP_PORT));
	const uint8_t *a = rte_pktmbuf_mtod(frames[0], const uint8_t *);
	const uint8_t *b = rte_pktmbuf_mtod(frames[1], const uint8_t *);
	__m256i head = load_two(a + s->head_off, b + s->head_off);
	__m256i upper = load_two(a + s->upper_off, b + s->upper_off);
	__m256i length = _mm256_and_si256(load_two((const uint8_t *)frames[0] + LENGTHS_OFF,
						   (const uint8_t *)frames[1] + LENGTHS_OFF),
					  lengths_mask);
	__m256i room = _mm256_shuffle_epi8(head, c->room_length);
	__m256i marked = _mm256_and_si256(head, c->head_mask);
	// The TCP header's length, by its data offset.
	__m256i header = _mm256_and_si256(_mm256_srli_epi32(upper, 2), offset_mask);
	__mmask8 fits = _mm256_cmpge_epu32_mask(length, _mm256_add_epi32(room, c->room));
	__mmask16 ports = _mm256_mask_cmpeq_epi16_mask(PORT_WORDS, upper, smtp) |
			  _mm256_mask_cmpeq_epi16_mask(PORT_WORDS, upper, l2tp);

	if (has_below)
		fits = _mm256_mask_cmpeq_epi32_mask(
			fits,
			_mm256_and_si256(load_two(a + ETH_TYPE_OFF, b + ETH_TYPE_OFF),
					 c->below_mask),
			c->below);
	if (is_pppoe)
		fits = _mm256_mask_cmpge_epu32_mask(
			fits, room,
			_mm256_add_epi32(_mm256_max_epu32(_mm256_shuffle_epi8(head, c->ip_length_2),
							  c->least),
					 c->in_session));
	// Either port in either protocol: the few that this leaves too many are asked again.
	if (unlikely(ports)) {
		fits &= (__mmask8) ~(ports & 0x00ff ? LANE_0 : 0);
		fits &= (__mmask8) ~(ports & 0xff00 ? LANE_1 : 0);
	}
	*udp = _mm256_mask_cmpeq_epi32_mask(fits, marked, c->head_udp);
	fits = _mm256_mask_cmpeq_epi32_mask(fits, marked, c->head_tcp);
	fits = _mm256_mask_cmpge_epu32_mask(fits, header, tcp_min);
	*tcp = _mm256_mask_cmpge_epu32_mask(fits, _mm256_shuffle_epi8(head, c->ip_length_3),
					    _mm256_add_epi32(header, c->outside));
}

// Sixteen frames at a time are a word of mask bits. `frames` is filled up to an even number.
VECTOR_INLINE struct shape_match match_all(const struct shape *s, struct rte_mbuf *const *frames,
					   uint32_t count, bool has_below, bool is_pppoe)
{
	const struct loaded c = load_shape(s);
	struct shape_match found = {0, 0};
	uint32_t i, j;

	for (i = 0; i < count; i += 16) {
		uint64_t tcp_bits = 0, udp_bits = 0;

		for (j = 0; j < 16 && i + j < count; j += 2) {
			uint64_t tcp, udp;

			match_two(s, &c, frames + i + j, has_below, is_pppoe, &tcp, &udp);
			tcp_bits |= tcp << j / 2 * PAIR_BITS;
			udp_bits |= udp << j / 2 * PAIR_BITS;
		}
		found.tcp |= whole_lanes(tcp_bits) << i;
		found.udp |= whole_lanes(udp_bits) << i;
	}
	return found;
}

VECTOR struct shape_match shape_match(const struct shape *s, struct rte_mbuf *frames[64],
				      uint32_t count)
{
	uint64_t all = ~0ull >> (64 - count);
	struct shape_match found;

	if (count % 2)
		frames[count] = frames[count - 1];
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

VECTOR uint64_t shape_sum(const uint32_t lengths[64], uint64_t bits)
{
	__m256i sum = _mm256_setzero_si256();
	uint32_t parts[8], i;

	for (i = 0; i < 64; i += 8)
		sum = _mm256_mask_add_epi32(sum, (__mmask8)(bits >> i), sum,
					    _mm256_loadu_si256((const void *)(lengths + i)));
	_mm256_storeu_si256((void *)parts, sum);
	return (uint64_t)parts[0] + parts[1] + parts[2] + parts[3] + parts[4] + parts[5] +
	       parts[6] + parts[7];
}

bool shape_is_available(void)
{
	return rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512F) > 0 &&
	       rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512BW) > 0 &&
	       rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512VL) > 0;
}
