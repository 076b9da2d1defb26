// SPDX-License-Identifier: BSD-3-Clause
//
// The one judge of policy images: op25bd calls it before sealing, op25b-dp and the guard's loader
// before use. It trusts nothing, reads sizes before fields, and bounds each offset, index and
// number. After it, code trusts.
#pragma once

#include <stdint.h>

#include "../abi/image_abi.h"

// What can be wrong with an image: id, text.
#define IMAGE_FAULTS(X)                                                                            \
	X(OK, "image is good")                                                                     \
	X(TOO_SHORT, "shorter than its header")                                                    \
	X(MAGIC, "wrong magic: no policy image, or from a machine of another byte order")          \
	X(ABI, "made for another ABI version")                                                     \
	X(SIZE, "total_bytes is not the size of the memory")                                       \
	X(CHECKSUM, "checksum does not fit the content")                                           \
	X(GENERATION,                                                                              \
	  "generation 0, or so large that the guard cannot tell it from its table set")            \
	X(HEADER_FIELD, "a header field is out of range")                                          \
	X(SECTION,                                                                                 \
	  "a section lies outside the image, is misaligned, overlaps, or has the wrong size")      \
	X(COUNT, "a section has too few or too many elements")                                     \
	X(NAME, "a name is not inside the names section, not terminated or too long")              \
	X(CLASS_FIELD, "a class field is out of range")                                            \
	X(CLAUSE_FIELD, "a clause field is out of range")                                          \
	X(ADDR_FIELD, "an address entry's field is out of range")                                  \
	X(SLOT, "an address entry reaches a slot beyond slot_count")                               \
	X(PREFIX, "a prefix is too deep, has host bits, or refers to no fitting address entry")    \
	X(ORDER, "prefixes are not sorted, or one stands twice")                                   \
	X(SOFTWIRE, "a softwire's prefix is everything, has host bits, or is beyond the count")

enum image_fault_code {
#define IMAGE_FAULT_ENUM(id, text) IMAGE_##id,
	IMAGE_FAULTS(IMAGE_FAULT_ENUM)
#undef IMAGE_FAULT_ENUM
		IMAGE_FAULT_COUNT
};

struct image_fault {
	uint32_t code;    // enum image_fault_code
	uint32_t section; // enum op25b_section it was found in, or SECTION_COUNT for the header
	uint32_t index;   // of the element in the section
};

// Size of one element of each section, in bytes.
extern const uint32_t image_elem_bytes[SECTION_COUNT];

// Checks the image of `bytes` bytes at `image` (8-byte aligned). Returns IMAGE_OK or the first
// fault.
struct image_fault image_check(const void *image, uint64_t bytes);

// The checksum that belongs into the header of the image: FNV-1a 64 with its own field and
// generation as 0. bytes must be at least the size of the header.
uint64_t image_checksum(const void *image, uint64_t bytes);

// What belongs into c->detour_clause: the strictest of the clauses that some destination can reach,
// the first of these, or OP25B_NO_CLAUSE. Refusing is stricter than a limit, a limit than counting.
uint8_t image_strictest(const struct op25b_class *c);

// The text of a fault code; never NULL.
const char *image_fault_text(uint32_t code);
