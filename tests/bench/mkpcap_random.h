// SPDX-License-Identifier: BSD-3-Clause
//
// The random numbers of mkpcap: splitmix64, the same on every machine for the same seed. One draw a
// statement: C does not say which of two in one expression comes first. Single thread.
#pragma once

#include <stdint.h>

struct random {
	uint64_t state;
};

static inline uint64_t random_u64(struct random *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

// 0 to bound - 1. The bias of at most bound / 2^32 is nothing to a mix of traffic.
static inline uint32_t random_below(struct random *r, uint32_t bound)
{
	return ((random_u64(r) >> 32) * bound) >> 32;
}
