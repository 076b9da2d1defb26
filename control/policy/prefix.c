// SPDX-License-Identifier: BSD-3-Clause
//
// See prefix.h. Any thread, no state; no JSON here.
#include "prefix.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The uppermost `depth` bits of a 64-bit half.
static uint64_t upper_mask(unsigned int depth)
{
	if (depth == 0)
		return 0;
	return depth >= 64 ? UINT64_MAX : ~(UINT64_MAX >> depth);
}

static uint64_t mask_hi(unsigned int depth)
{
	return upper_mask(depth);
}

static uint64_t mask_lo(unsigned int depth)
{
	return depth > 64 ? upper_mask(depth - 64) : 0;
}

bool prefix_read_address(const char *text, struct prefix *p)
{
	uint64_t halves_be[2];
	uint32_t addr_be;

	*p = (struct prefix){0};
	if (inet_pton(AF_INET, text, &addr_be) == 1) {
		p->family = FAMILY_IP4;
		p->hi = (uint64_t)be32toh(addr_be) << 32;
	} else if (inet_pton(AF_INET6, text, halves_be) == 1) {
		p->family = FAMILY_IP6;
		p->hi = be64toh(halves_be[0]);
		p->lo = be64toh(halves_be[1]);
	} else {
		return false;
	}
	p->depth = prefix_family_bits(p->family);
	return true;
}

// A decimal number without sign or leading zeros, or -1.
static int length_read(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 3 || text[digits] || (digits > 1 && text[0] == '0'))
		return -1;
	return atoi(text);
}

enum prefix_fault prefix_read(const char *text, struct prefix *p)
{
	const char *slash = strchr(text, '/');
	char address[INET6_ADDRSTRLEN];
	size_t bytes = slash ? (size_t)(slash - text) : strlen(text);
	bool has_host_bits;
	int depth;

	*p = (struct prefix){0};
	if (bytes >= sizeof(address))
		return PREFIX_NOT_ONE;
	memcpy(address, text, bytes);
	address[bytes] = '\0';
	if (!prefix_read_address(address, p))
		return PREFIX_NOT_ONE;
	if (p->family == FAMILY_IP6 && p->hi == 0 && p->lo >> 32 == 0xffff)
		return PREFIX_MAPPED;
	if (!slash)
		return PREFIX_NO_LENGTH;
	depth = length_read(slash + 1);
	if (depth < 0 || depth > prefix_family_bits(p->family))
		return PREFIX_BAD_LENGTH;
	p->depth = (uint8_t)depth;
	if (depth == 0)
		return PREFIX_EVERYTHING;
	has_host_bits = (p->hi & ~mask_hi(p->depth)) || (p->lo & ~mask_lo(p->depth));
	p->hi &= mask_hi(p->depth);
	p->lo &= mask_lo(p->depth);
	return has_host_bits ? PREFIX_HOST_BITS : PREFIX_OK;
}

void prefix_bytes(const struct prefix *p, uint8_t out_be[16])
{
	uint64_t halves_be[2] = {htobe64(p->hi), htobe64(p->lo)};

	memcpy(out_be, halves_be, sizeof(halves_be));
}

const char *prefix_print_address(char buf[PREFIX_TEXT_BYTES], const struct prefix *p)
{
	uint8_t be[16];

	prefix_bytes(p, be);
	inet_ntop(p->family == FAMILY_IP4 ? AF_INET : AF_INET6, be, buf, PREFIX_TEXT_BYTES);
	return buf;
}

const char *prefix_print(char buf[PREFIX_TEXT_BYTES], const struct prefix *p)
{
	size_t bytes = strlen(prefix_print_address(buf, p));

	snprintf(buf + bytes, PREFIX_TEXT_BYTES - bytes, "/%u", p->depth);
	return buf;
}

bool prefix_covers(const struct prefix *outer, const struct prefix *inner)
{
	return outer->family == inner->family && outer->depth <= inner->depth &&
	       !((outer->hi ^ inner->hi) & mask_hi(outer->depth)) &&
	       !((outer->lo ^ inner->lo) & mask_lo(outer->depth));
}

struct prefix prefix_cut(const struct prefix *p, uint8_t depth)
{
	struct prefix cut = *p;

	cut.hi &= mask_hi(depth);
	cut.lo &= mask_lo(depth);
	cut.depth = depth;
	return cut;
}

int prefix_compare(const void *a, const void *b)
{
	const struct prefix *x = a, *y = b;

	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	if (x->hi != y->hi)
		return x->hi < y->hi ? -1 : 1;
	if (x->lo != y->lo)
		return x->lo < y->lo ? -1 : 1;
	return (int)x->depth - (int)y->depth;
}
