// SPDX-License-Identifier: BSD-3-Clause
//
// Addresses and prefixes of both families in one shape, so that what is done with them (overlap,
// nesting, slots) is written once. Pure functions.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../../dataplane/abi/verdict_abi.h"

#define PREFIX_TEXT_BYTES 64u // an IPv6 address, "/128" and the NUL fit

struct prefix {
	uint64_t hi;    // upper half of the address in host order; IPv4: in the upper 32 bits of it
	uint64_t lo;    // lower half; IPv4: 0
	uint32_t index; // place in the array of the file it was read from
	uint8_t family; // FAMILY_IP4 or FAMILY_IP6
	uint8_t depth;  // 1 to 32 or 128
};

enum prefix_fault {
	PREFIX_OK,
	PREFIX_NOT_ONE,    // no prefix at all
	PREFIX_NO_LENGTH,  // an address alone
	PREFIX_BAD_LENGTH, // longer than the family's addresses, or no number
	PREFIX_EVERYTHING, // length 0
	PREFIX_HOST_BITS,  // bits beyond the length are set; *p is the prefix it should be
	PREFIX_MAPPED,     // IPv4 in IPv6's clothes: never on the wire
};

// Reads "198.51.100.0/24" or "2001:db8::/32". The index is left at 0. The family is set whenever
// an address could be read.
enum prefix_fault prefix_read(const char *text, struct prefix *p);
// Reads an address as the prefix of full length. Returns false if text is none.
bool prefix_read_address(const char *text, struct prefix *p);

// The canonical text: lower case, compressed. Returns buf.
const char *prefix_print(char buf[PREFIX_TEXT_BYTES], const struct prefix *p);
// The same without the length: the address alone, or the prefix's first. Returns buf.
const char *prefix_print_address(char buf[PREFIX_TEXT_BYTES], const struct prefix *p);

// Bits of an address of the family.
static inline uint8_t prefix_family_bits(uint8_t family)
{
	return family == FAMILY_IP4 ? 32 : 128;
}

// Whether inner lies in outer or is the same.
bool prefix_covers(const struct prefix *outer, const struct prefix *inner);

// The prefix of that depth, at most p's own, that p lies in.
struct prefix prefix_cut(const struct prefix *p, uint8_t depth);

// Order for qsort: family, address, then the shorter first, so that what covers comes before what
// is covered.
int prefix_compare(const void *a, const void *b);

// The address in network order: 4 or 16 bytes.
void prefix_bytes(const struct prefix *p, uint8_t out_be[16]);
