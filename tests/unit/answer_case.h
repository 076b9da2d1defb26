// SPDX-License-Identifier: BSD-3-Clause
//
// What the tests of answers share: segments to port 25 whose bytes are all known, asking op25b-dp
// (dp_rings.h), and sums by the plain rule of RFC 1071, not by DPDK. One thread.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dp_rings.h"
#include "frame_build.h"
#include "image_build.h"

#define FIN 0x01u
#define SYN 0x02u
#define RST 0x04u
#define PSH 0x08u
#define ACK 0x10u
#define SEQ 0xfffffff0u // wraps in the sums
#define ACK_NUMBER 0x12345678u
#define ETH_BYTES 14u
#define TCP_BYTES 20u
#define ANSWER_ROOM_BYTES 512u
#define ANSWERS_PER_S 1000u

// Starts op25b-dp, with the policy of b in force; frees b. Then the end of it, for cmocka.
int box_start(struct image_build *b);
int box_stop(void **state);

uint32_t load16(const uint8_t *at);
uint32_t load32(const uint8_t *at);
// Adds to a sum of 16-bit words; fold() then gives 0xffff if the right checksum was among them.
uint32_t sum16(uint32_t sum, const uint8_t *at, size_t bytes);
uint32_t fold(uint32_t sum);

// A segment from port 40001 to port 25; then one in IPv4 from 198.51.100.7 to 192.0.2.1.
void tcp(struct frame *f, uint8_t flags, size_t payload_bytes);
void tcp4(struct frame *f, uint8_t flags, size_t payload_bytes);
// Ethernet, whose two addresses differ.
void eth(struct frame *f, uint16_t type);

// Sends f and takes the one answer to it. Returns its length.
uint32_t ask(const struct frame *f, uint8_t answer[ANSWER_ROOM_BYTES]);
// The MAC addresses of eth(), turned round.
void expect_macs(const uint8_t *frame);
// Sends f, expects that nothing leaves, and that it is counted by that reason.
void expect_silence(enum op25b_side side, const struct frame *f, enum op25b_reason reason);
