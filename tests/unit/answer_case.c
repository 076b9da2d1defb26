// SPDX-License-Identifier: BSD-3-Clause
//
// See answer_case.h.
#include "answer_case.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

int box_start(struct image_build *b)
{
	struct dp_rings_config c = {.slots = 1024, .answers_per_s = ANSWERS_PER_S};
	size_t bytes;
	void *image = image_build_finish(b, 1, &bytes);

	image_build_free(b);
	dp_rings_start(&c);
	assert_int_equal(dp_rings_publish(image, bytes).outcome, OUTCOME_APPLIED);
	free(image);
	return 0;
}

int box_stop(void **state)
{
	(void)state;
	assert_int_equal(dp_rings_buffers_in_use(), 0);
	dp_rings_stop();
	return 0;
}

uint32_t load16(const uint8_t *at)
{
	return (uint32_t)(at[0] << 8 | at[1]);
}

uint32_t load32(const uint8_t *at)
{
	return load16(at) << 16 | load16(at + 2);
}

uint32_t sum16(uint32_t sum, const uint8_t *at, size_t bytes)
{
	size_t i;

	for (i = 0; i < bytes; i++)
		sum += i % 2 ? at[i] : (uint32_t)at[i] << 8;
	return sum;
}

uint32_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

void tcp(struct frame *f, uint8_t flags, size_t payload_bytes)
{
	uint32_t seq_be = htonl(SEQ), ack_be = htonl(ACK_NUMBER);

	frame_start(f);
	frame_zeros(f, payload_bytes);
	frame_tcp(f, 40001, 25, flags);
	memcpy(f->bytes_be + 4, &seq_be, 4);
	memcpy(f->bytes_be + 8, &ack_be, 4);
	memset(f->bytes_be + 18, 0x25, 2); // urgent pointer: a sum that stops early is wrong
}

void tcp4(struct frame *f, uint8_t flags, size_t payload_bytes)
{
	tcp(f, flags, payload_bytes);
	frame_ip4(f, "198.51.100.7", "192.0.2.1", 6, 0, 0);
}

void eth(struct frame *f, uint16_t type)
{
	frame_eth(f, type);
	memcpy(f->bytes_be, "\x02\x00\x00\x00\x00\x0a\x02\x00\x00\x00\x00\x0b", 12);
}

uint32_t ask(const struct frame *f, uint8_t answer[ANSWER_ROOM_BYTES])
{
	uint32_t bytes;

	dp_rings_send(SIDE_SUBSCRIBER, f->bytes_be, (uint32_t)f->bytes);
	assert_int_equal(dp_rings_turn(), 1);
	bytes = dp_rings_receive(SIDE_SUBSCRIBER, answer, ANSWER_ROOM_BYTES);
	assert_true(bytes >= 60);
	assert_int_equal(
		dp_rings_receive(SIDE_SUBSCRIBER, answer + bytes, ANSWER_ROOM_BYTES - bytes), 0);
	assert_int_equal(dp_rings_receive(SIDE_NETWORK, answer + bytes, ANSWER_ROOM_BYTES - bytes),
			 0);
	return bytes;
}

void expect_macs(const uint8_t *frame)
{
	assert_memory_equal(frame, "\x02\x00\x00\x00\x00\x0b\x02\x00\x00\x00\x00\x0a", 12);
}

void expect_silence(enum op25b_side side, const struct frame *f, enum op25b_reason reason)
{
	uint64_t before = dp_rings_reason_count(reason);
	uint8_t a[ANSWER_ROOM_BYTES];

	dp_rings_send(side, f->bytes_be, (uint32_t)f->bytes);
	assert_int_equal(dp_rings_turn(), 1);
	assert_int_equal(dp_rings_receive(SIDE_SUBSCRIBER, a, sizeof(a)), 0);
	assert_int_equal(dp_rings_receive(SIDE_NETWORK, a, sizeof(a)), 0);
	assert_int_equal(dp_rings_reason_count(reason), before + 1);
}
