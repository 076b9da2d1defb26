// SPDX-License-Identifier: BSD-3-Clause
//
// The one place that knows DPDK versions: 22.11 (Debian 12) up to 24.11 (Debian 13). Callers see
// one shape. Any thread.
#pragma once

#include <rte_fib6.h>
#include <rte_version.h>
#include <stdint.h>

// An IPv6 address in network order as a look-up key.
struct ip6_key {
	uint8_t be[16];
};

// 24.11 gave IPv6 addresses a type of their own.
#if RTE_VERSION >= RTE_VERSION_NUM(24, 11, 0, 0)
static inline int compat_fib6_add(struct rte_fib6 *fib, const struct ip6_key *key, uint8_t depth,
				  uint64_t next_hop)
{
	return rte_fib6_add(fib, (const struct rte_ipv6_addr *)key, depth, next_hop);
}

static inline int compat_fib6_lookup_bulk(struct rte_fib6 *fib, struct ip6_key *keys,
					  uint64_t *next_hops, int count)
{
	return rte_fib6_lookup_bulk(fib, (const struct rte_ipv6_addr *)keys, next_hops, count);
}
#else
static inline int compat_fib6_add(struct rte_fib6 *fib, const struct ip6_key *key, uint8_t depth,
				  uint64_t next_hop)
{
	return rte_fib6_add(fib, key->be, depth, next_hop);
}

static inline int compat_fib6_lookup_bulk(struct rte_fib6 *fib, struct ip6_key *keys,
					  uint64_t *next_hops, int count)
{
	return rte_fib6_lookup_bulk(fib, (uint8_t(*)[16])keys, next_hops, count);
}
#endif

_Static_assert(sizeof(struct ip6_key) == 16, "keys lie packed in look-up arrays");
