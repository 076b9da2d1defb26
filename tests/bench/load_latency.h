// SPDX-License-Identifier: BSD-3-Clause
//
// A histogram of times in ticks of the TSC: 64 steps an octave, so that a percentile is right
// within 1.6 %. The one core of loadgen.
#pragma once

#include <stdint.h>

#define LATENCY_STEP_BITS 6u
#define LATENCY_STEPS (1u << LATENCY_STEP_BITS)
#define LATENCY_BUCKETS ((64u - LATENCY_STEP_BITS + 1u) * LATENCY_STEPS)

struct latency {
	uint64_t count[LATENCY_BUCKETS];
	uint64_t total;
	uint64_t min_ticks, max_ticks;
};

static inline uint32_t latency_bucket(uint64_t ticks)
{
	uint32_t octave;

	if (ticks < LATENCY_STEPS)
		return (uint32_t)ticks;
	octave = 63u - (uint32_t)__builtin_clzll(ticks) - LATENCY_STEP_BITS;
	return (octave << LATENCY_STEP_BITS) + (uint32_t)(ticks >> octave);
}

// The middle of what falls into the bucket.
static inline uint64_t latency_bucket_ticks(uint32_t bucket)
{
	uint32_t octave = bucket >> LATENCY_STEP_BITS;
	uint64_t low;

	if (octave <= 1)
		return bucket;
	octave--;
	low = (uint64_t)(bucket - (octave << LATENCY_STEP_BITS)) << octave;
	return low + (1ull << octave) / 2;
}

static inline void latency_add(struct latency *l, uint64_t ticks)
{
	l->count[latency_bucket(ticks)]++;
	if (!l->total || ticks < l->min_ticks)
		l->min_ticks = ticks;
	if (ticks > l->max_ticks)
		l->max_ticks = ticks;
	l->total++;
}

// The time within which permille/1000 of all were; 0 if there are none.
static inline uint64_t latency_percentile(const struct latency *l, uint32_t permille)
{
	uint64_t wanted = (l->total * permille + 999) / 1000, seen = 0;
	uint32_t i;

	for (i = 0; i < LATENCY_BUCKETS; i++) {
		seen += l->count[i];
		if (seen && seen >= wanted)
			return latency_bucket_ticks(i);
	}
	return 0;
}
