// SPDX-License-Identifier: BSD-3-Clause
//
// One frame of mkpcap as bytes: what it is to be, and the building of it with lengths and checksums
// that are right. Single thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// In the file there is no FCS, so that 64 bytes on the wire are 60 here.
enum {
	FRAME_FCS_BYTES = 4,
	FRAME_MIN_BYTES = 60,
	FRAME_MAX_BYTES = 1514,
	FRAME_BUFFER_BYTES = 2048
};

enum frame_link { LINK_PLAIN, LINK_QINQ_PPPOE };
enum frame_extension { EXTENSION_HOP_BY_HOP = 1, EXTENSION_DESTINATION = 2 };
enum frame_transport { TRANSPORT_TCP, TRANSPORT_UDP, TRANSPORT_ICMP };
enum frame_tcp_flag { TCP_SYN = 0x02, TCP_PSH = 0x08, TCP_ACK = 0x10 };

struct frame_end {
	uint8_t address[16]; // as on the wire, 4 or 16 bytes
	uint16_t port; // of ICMP: the identifier (source) and the sequence number (destination)
};

struct frame_spec {
	uint8_t family; // 4 or 6
	enum frame_link link;
	uint8_t extensions; // a set of enum frame_extension, IPv6 only
	enum frame_transport transport;
	uint8_t tcp_flags;
	bool from_subscriber;
	uint32_t subscriber; // names the tags and the PPPoE session
	uint16_t ip_id;
	struct frame_end source, destination;
	uint32_t bytes; // asked for, before tags and PPPoE are added
};

// Writes the frame into FRAME_BUFFER_BYTES and returns its length. It is longer than asked if the
// headers do not fit.
uint32_t frame_build(const struct frame_spec *spec, uint8_t *frame);
