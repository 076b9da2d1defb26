// SPDX-License-Identifier: BSD-3-Clause
//
// The addresses of mkpcap's frames: subscribers, drawn from prefixes, and hosts far away. The plan
// that plan.py has, too. Single thread.
#pragma once

#include "mkpcap_random.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WHO_SUBSCRIBERS_MAX = 1 << 24 };

struct who_prefix {
	uint64_t base;      // the address, of IPv6 its upper half, host order
	uint64_t keys;      // subscribers in it: addresses of IPv4, /56 of IPv6
	uint32_t free_bits; // of IPv6: the lowest bits of base that a subscriber may choose
};

struct who_list {
	struct who_prefix *prefixes;
	size_t count, room;
};

struct who {
	struct who_list ip4, ip6;
};

// Those of the file, or without one 10.0.0.0/8 and 3fff::/32. Returns false after it has said on
// stderr what is wrong. Pair with who_free().
bool who_read(struct who *who, const char *path);
void who_free(struct who *who);

// Whether there are prefixes of the family, 4 or 6.
bool who_has(const struct who *who, uint8_t family);

// Writes an address of this subscriber, 4 or 16 bytes.
void who_subscriber(const struct who *who, uint8_t family, uint32_t subscriber, struct random *r,
		    uint8_t *address);

// Writes an address out there, which is neither a subscriber's, nor the relay's, nor reserved.
void who_far(uint8_t family, struct random *r, uint8_t *address);

// Writes the address of the provider's own relay.
void who_relay(uint8_t family, uint8_t *address);
