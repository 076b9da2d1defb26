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

static char *put_decimal(char *at, uint32_t value)
{
	if (value >= 100)
		*at++ = (char)('0' + value / 100);
	if (value >= 10)
		*at++ = (char)('0' + value / 10 % 10);
	*at++ = (char)('0' + value % 10);
	return at;
}

static char *put_hex(char *at, uint32_t word)
{
	int shift = 12;

	while (shift && !(word >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		*at++ = "0123456789abcdef"[word >> shift & 15];
	return at;
}

static char *put_address4(char *at, uint32_t address)
{
	int shift;

	for (shift = 24; shift >= 0; shift -= 8) {
		at = put_decimal(at, address >> shift & 255);
		if (shift)
			*at++ = '.';
	}
	return at;
}

static uint32_t word6(const struct prefix *p, uint32_t i)
{
	return (uint32_t)((i < 4 ? p->hi : p->lo) >> (48 - 16 * (i & 3)) & 0xffff);
}

// The spelling of RFC 5952. An address that begins with four zero words is for inet_ntop(), which
// knows when its end is written as IPv4.
static char *put_address6(char *at, const struct prefix *p)
{
	uint32_t i, zeros, first = 8, longest = 1;

	for (i = 0; i < 8; i += zeros + 1) {
		for (zeros = 0; i + zeros < 8 && !word6(p, i + zeros); zeros++)
			;
		if (zeros > longest) {
			longest = zeros;
			first = i;
		}
	}
	for (i = 0; i < 8; i++) {
		if (i == first) {
			*at++ = ':';
			i += longest - 1;
			if (i == 7)
				*at++ = ':';
			continue;
		}
		if (i)
			*at++ = ':';
		at = put_hex(at, word6(p, i));
	}
	return at;
}

// A policy of a hundred thousand prefixes is printed whenever it is loaded, for its hash: the C
// library takes several times as long.
static char *put_address(char *at, const struct prefix *p)
{
	uint8_t be[16];

	if (p->family == FAMILY_IP4)
		return put_address4(at, (uint32_t)(p->hi >> 32));
	if (p->hi)
		return put_address6(at, p);
	prefix_bytes(p, be);
	inet_ntop(AF_INET6, be, at, INET6_ADDRSTRLEN);
	return at + strlen(at);
}

const char *prefix_print_address(char buf[PREFIX_TEXT_BYTES], const struct prefix *p)
{
	*put_address(buf, p) = '\0';
	return buf;
}

const char *prefix_print(char buf[PREFIX_TEXT_BYTES], const struct prefix *p)
{
	char *at = put_address(buf, p);

	*at++ = '/';
	*put_decimal(at, p->depth) = '\0';
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
