// SPDX-License-Identifier: BSD-3-Clause
//
// The named mixes of mkpcap, and the drawing of frames from one. Single thread.
#pragma once

#include "mkpcap_frame.h"
#include "mkpcap_random.h"
#include "mkpcap_who.h"

#include <stdbool.h>
#include <stdint.h>

enum { MIX_PARTS_MAX = 3, PORT25_ALL_PERMILLE = 1000, SIZE_IMIX = 0, IMIX_FRAMES = 12 };

// Frames of one kind, of which a mix has one or more.
struct mix_part {
	uint32_t share; // of the shares of all parts of the mix
	uint8_t family; // 4 or 6
	enum frame_link link;
	bool extended;                     // with one or two extension headers
	uint32_t tcp_percent, udp_percent; // the rest is ICMP
};

struct mix {
	const char *name, *about;
	struct mix_part parts[MIX_PARTS_MAX];
	uint32_t part_count;
	bool port25_only;
	uint32_t syn_percent;   // of frames of port 25
	uint32_t relay_percent; // of frames of port 25: to the own relay
};

// All mixes; the last has no name.
extern const struct mix mixes[];

const struct mix *mix_find(const char *name);

// What was asked for, and what has been drawn so far.
struct draw {
	const struct mix *mix;
	const struct who *who;
	struct random random;
	uint32_t wire_bytes; // with FCS, or SIZE_IMIX
	uint32_t subscribers;
	bool from_subscriber;
	uint64_t frames_left, port25_left;
	uint32_t deck[IMIX_FRAMES], deck_left; // sizes that are still to be dealt
};

// The next frame. While frames_left counts down to 0, exactly port25_left of them are of port 25.
struct frame_spec draw_frame(struct draw *d);
