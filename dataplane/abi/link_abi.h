// SPDX-License-Identifier: BSD-3-Clause
//
// The link between op25bd (client) and op25b-dp (server): a SOCK_SEQPACKET Unix socket, one
// fixed-size message a packet, descriptors by SCM_RIGHTS. The client asks, the server answers each
// request with one message of the same type and seq. Peers of another uid than root or the server's
// own are disconnected.
//
//   HELLO  ->  HELLO  {generation, checksum, capacity}  fds: statistics memory, and, if generation
//   > 0, the
//                     image in force (sealed)
//   OFFER  ->  OFFER  {outcome, detail}                 fd of the request: the sealed image
#pragma once

#include <stdint.h>

#define OP25B_LINK_MAGIC 0x4f50324cu // "OP2L"
#define OP25B_LINK_ABI 1u

enum op25b_link_type {
	LINK_HELLO = 1,
	LINK_OFFER = 2,
};

// What came of a request: id, name, meaning. The order is ABI: append only.
#define OP25B_OUTCOMES(X)                                                                          \
	X(APPLIED, "applied", "in force in every worker")                                          \
	X(BAD_MESSAGE, "bad_message",                                                              \
	  "magic, ABI, type or size of the message, or a missing descriptor")                      \
	X(NOT_SEALED, "not_sealed",                                                                \
	  "the image's descriptor is not a memfd sealed against all change")                       \
	X(BAD_IMAGE, "bad_image", "image_check refused it: detail is fault, section, index")       \
	X(OLD_GENERATION, "old_generation", "generation is not above the one in force")            \
	X(TOO_MANY_SLOTS, "too_many_slots", "detail is subscriber slots needed, slots given")      \
	X(TOO_MANY_POOLS, "too_many_pools",                                                        \
	  "more pool names since start than the statistics can keep")                              \
	X(NO_MEMORY, "no_memory", "the look-up tables do not fit; detail is prefixes4, prefixes6") \
	X(BUSY, "busy", "an earlier policy is still being taken up by a worker")                   \
	X(WORKER_STUCK, "worker_stuck",                                                            \
	  "in force, but a worker did not take it up before the deadline")

enum op25b_outcome {
#define OP25B_OUTCOME_ENUM(id, name, help) OUTCOME_##id,
	OP25B_OUTCOMES(OP25B_OUTCOME_ENUM)
#undef OP25B_OUTCOME_ENUM
		OUTCOME_COUNT
};

struct op25b_link_msg {
	uint32_t magic;          // OP25B_LINK_MAGIC
	uint16_t abi;            // OP25B_LINK_ABI
	uint16_t type;           // enum op25b_link_type
	uint64_t seq;            // chosen by the client, given back by the server
	uint32_t outcome;        // enum op25b_outcome; 0 in requests
	uint32_t pad;            // 0
	uint64_t generation;     // answers: the generation in force, 0 for none
	uint64_t checksum;       // answers: checksum of the image in force
	uint64_t slots_capacity; // answers: subscriber slots this box was given
	uint64_t detail[3];      // answers: figures of the outcome, as told in OP25B_OUTCOMES
};

_Static_assert(sizeof(struct op25b_link_msg) == 72, "link ABI");
