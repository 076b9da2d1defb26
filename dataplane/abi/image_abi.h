// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
//
// The policy image: what op25bd compiles, seals and hands to op25b-dp, and what the guard's maps
// are filled from. Position independent, all integers in host byte order unless the name says _be:
// an image never leaves its machine. Written once by control/policy/compile.c, checked by
// core/image_check.c, then only read.
//
//   +--------+---------+-------+---------+---------+-------+-----------+
//   | header | classes | addrs | prefix4 | prefix6 | names | softwires |
//   +--------+---------+-------+---------+---------+-------+-----------+
#pragma once

#include <stdint.h>

#include "verdict_abi.h"

#define OP25B_IMAGE_MAGIC 0x4f503235u // "OP25"; another byte order means another machine
#define OP25B_IMAGE_ABI_MAJOR 3u

#define OP25B_MAX_CLASSES 4096u       // class 0 included
#define OP25B_MAX_CLAUSES 32u         // clauses of one class
#define OP25B_MAX_SETS 63u            // destination sets: one bit each, from bit 0 on
#define OP25B_INFRA_SET (1ull << 63)  // bit of addresses that are the provider's infrastructure
#define OP25B_MAX_PREFIXES (1u << 20) // of one family
#define OP25B_MAX_SLOTS (1u << 26)    // subscriber slots of one image
#define OP25B_MAX_NAME_BYTES 64u      // a name with its terminating NUL
#define OP25B_MAX_IMAGE_BYTES (1u << 28)
#define OP25B_NO_SLOT 0xffffffffu           // the address belongs to no counted subscriber
#define OP25B_ANY_SET 0xffffffffffffffffull // clause target: every destination
#define OP25B_ANY_PAIR 0xffffffffu          // class: lives behind every pair of ports
#define OP25B_NO_CLAUSE 0xffu               // class: no clause; judgement: none matched
#define OP25B_MAX_SOFTWIRES 16u

// Sections, in the order in which they lie in the image.
enum op25b_section {
	SECTION_CLASSES = 0,   // struct op25b_class; [0] is the class of addresses in no pool
	SECTION_ADDRS = 1,     // struct op25b_addr; [0] is the entry of addresses in no prefix
	SECTION_PREFIX4 = 2,   // struct op25b_prefix4, sorted by (addr, depth), no duplicates
	SECTION_PREFIX6 = 3,   // struct op25b_prefix6, sorted likewise
	SECTION_NAMES = 4,     // bytes: NUL-terminated strings; offset 0 is the empty string
	SECTION_SOFTWIRES = 5, // exactly one struct op25b_softwires
	SECTION_COUNT = 6,
};

struct op25b_section_ref {
	uint64_t offset_bytes; // from the start of the image, a multiple of 8
	uint32_t count;        // elements (SECTION_NAMES: bytes)
	uint32_t elem_bytes;   // size of one element, must equal the reader's sizeof
};

struct op25b_image_hdr {
	uint32_t magic;       // OP25B_IMAGE_MAGIC
	uint16_t abi_major;   // OP25B_IMAGE_ABI_MAJOR; a reader refuses any other
	uint16_t zero;        // must be 0
	uint64_t total_bytes; // the whole image, header included
	// FNV-1a 64 over the image with this field and generation taken as 0: names the content.
	uint64_t checksum;
	uint64_t generation; // grows by one with each publish; 0 is never valid
	// Start of the period the image is for: the latest stage start that is not after the moment
	// of compiling, seconds of Unix time; 0: none. Compiled again in the same period, a policy
	// has the same checksum.
	int64_t policy_time_s;
	uint64_t slot_count;  // highest subscriber slot used, plus one
	uint32_t policy_name; // offset in SECTION_NAMES
	uint32_t set_count;   // destination sets in use, at most OP25B_MAX_SETS
	struct op25b_section_ref section[SECTION_COUNT];
};

// One clause: if the far side's sets meet `sets`, do `action`. First match wins.
struct op25b_clause {
	uint64_t sets; // set bits the clause is for, or OP25B_ANY_SET; 0: it keeps its place in
		       // the list, and meets nothing (own relays of a pool that has none)
	uint64_t interval_ns;  // limit: time that one new connection uses up (GCRA emission
			       // interval), > 0
	uint64_t tolerance_ns; // limit: how far ahead of time a subscriber may be (GCRA tau)
	uint64_t hold_ns;      // limit: how long an offender stays cut off; 0: not at all
	uint8_t action;        // enum op25b_action
	uint8_t as;            // monitor: the action counted instead; else 0
	uint8_t over;   // limit: ACTION_DROP, _RST or _ICMP_ADMIN for one over the limit; else 0
	uint8_t origin; // enum op25b_origin
	uint32_t stats_cell; // 0 in the file; set by each host to the clause's cell in its counters
};

// Where a clause comes from. In a class those of a quarantine stand first, then those of
// exceptions, then those of the stage: that is their precedence.
enum op25b_origin {
	ORIGIN_STAGE = 0,
	ORIGIN_EXCEPTION = 1,
	ORIGIN_QUARANTINE = 2,
	ORIGIN_COUNT = 3,
};

// What a pool wants done where the field's practice differs. Bits of op25b_class.knobs.
enum op25b_knob {
	KNOB_PASS_EH_LIMIT = 1,   // more extension headers than are read: pass (RFC 7113 wants so)
	KNOB_PASS_FRAG_CHAIN = 2, // header chain split over fragments: pass
	KNOB_DROP_UNKNOWN = 4,    // unassigned IP protocol numbers: drop
	KNOB_DROP_INBOUND = 8,    // from the network to port 25 here: drop
	// The stage has just begun and spares connections that stand: TCP without a SYN passes.
	KNOB_DRAIN = 16,
	KNOB_INFRA =
		32, // infrastructure: no clauses; may live on the network's side alone (pairs 0)
	KNOB_ALL = 63,
};

// All that is decided for an address: a pool with the stage that is active on it; or a part of a
// pool with an exception or a quarantine as well, which is a class of the same name; or one of the
// provider's infrastructures. Besides these there are two nameless kinds of class: [0], of
// addresses in no prefix, and the exempt addresses that lie in no pool (relays): they live on the
// network's side.
struct op25b_class {
	uint32_t name;       // pool name, offset in SECTION_NAMES; nameless: the empty string
	uint32_t stage;      // stage id, offset in SECTION_NAMES; the empty string: no active stage
	uint32_t stats_slot; // 0 in the file; set by each host to the pool's slot in its counters
	// Bit i: as a source it is believed on the subscriber port of pair i. Class 0: all or none
	// (the policy's default); exempt addresses: none.
	uint32_t pairs;
	uint8_t clause_count; // at most OP25B_MAX_CLAUSES; nameless: 0
	// The strictest clause that some destination can reach: judges frames from the subscriber
	// whose destination cannot be believed. OP25B_NO_CLAUSE if there is none. See
	// image_strictest() in core/image_check.h.
	uint8_t detour_clause;
	uint8_t knobs;                                 // enum op25b_knob
	uint8_t pad[5];                                // 0
	struct op25b_clause clause[OP25B_MAX_CLAUSES]; // [clause_count..] are 0
};

// All that one look-up says of an address. An address's subscriber slot is
//   slot_base + (((bits & host_mask) >> key_shift) << psid_bits | psid)
// where bits is the IPv4 address, or the upper 64 bits of the IPv6 address, in host order, and psid
// are psid_bits bits of the subscriber's own TCP port (MAP-E, RFC 7597 section 5.1):
//   psid = port >> psid_shift & ((1 << psid_bits) - 1)
// With psid_bits 0 an address, or a prefix, is one subscriber.
struct op25b_addr {
	uint64_t sets;      // bit i: the address is in destination set i; or OP25B_INFRA_SET
	uint64_t host_mask; // bits of the address below its prefix
	uint32_t class_id;  // index in SECTION_CLASSES
	uint32_t slot_base; // slot of the prefix's first subscriber, or OP25B_NO_SLOT
	uint8_t key_shift;  // bits that belong to one subscriber: 0 to 63
	uint8_t psid_shift; // 0 to 15; with psid_bits at most 16
	uint8_t psid_bits;  // 0 to 16; IPv4 only
	uint8_t pad[5];     // 0
};

struct op25b_prefix4 {
	uint32_t addr;    // host order, bits beyond depth are 0
	uint8_t depth;    // 1 to 32
	uint8_t pad[3];   // 0
	uint32_t addr_id; // index in SECTION_ADDRS, at least 1
};

struct op25b_prefix6 {
	uint8_t addr_be[16]; // network order, bits beyond depth are 0
	uint8_t depth;       // 1 to 128
	uint8_t pad[3];      // 0
	uint32_t addr_id;    // index in SECTION_ADDRS, at least 1
};

// Tunnel endpoints (AFTR of DS-Lite, BR of MAP-E) whose IPv4-in-IPv6 is opened: the outer address
// on the network's side lies in one of these prefixes.
struct op25b_softwire {
	uint32_t addr_be[4]; // network order, bits beyond the mask are 0
	uint32_t mask_be[4]; // network order, at least one bit
};

struct op25b_softwires {
	uint32_t count;                                  // at most OP25B_MAX_SOFTWIRES
	uint32_t pad;                                    // 0
	struct op25b_softwire item[OP25B_MAX_SOFTWIRES]; // [count..] are 0
};

_Static_assert(sizeof(struct op25b_section_ref) == 16, "image ABI");
_Static_assert(sizeof(struct op25b_image_hdr) == 56 + 16 * SECTION_COUNT, "image ABI");
_Static_assert(sizeof(struct op25b_clause) == 40, "image ABI");
_Static_assert(sizeof(struct op25b_class) == 24 + 40 * OP25B_MAX_CLAUSES, "image ABI");
_Static_assert(sizeof(struct op25b_addr) == 32, "image ABI");
_Static_assert(sizeof(struct op25b_prefix4) == 12, "image ABI");
_Static_assert(sizeof(struct op25b_prefix6) == 24, "image ABI");
_Static_assert(sizeof(struct op25b_softwires) == 8 + 32 * OP25B_MAX_SOFTWIRES, "image ABI");
