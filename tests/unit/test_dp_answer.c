// SPDX-License-Identifier: BSD-3-Clause
//
// The resets that op25b-dp sends: every byte of them, in each encapsulation, and when none is sent.
// Checksums are computed here by the plain sum of RFC 1071, not by DPDK.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "answer_case.h"
#include "image_build.h"

static int start(void **state)
{
	struct image_build *b = image_build_start();
	uint32_t pool = image_build_class(b, "flets", "block");

	(void)state;
	image_build_clause(b, pool,
			   (struct op25b_clause){.sets = OP25B_ANY_SET, .action = ACTION_RST});
	image_build_prefix(b, "198.51.100.0/24", pool, 0, 32);
	image_build_prefix(b, "2001:db8:1000::/48", pool, 0, 56);
	return box_start(b);
}

static void expect_tcp(const uint8_t *t, uint8_t flags, uint32_t seq, uint32_t ack)
{
	assert_int_equal(load16(t), 25);
	assert_int_equal(load16(t + 2), 40001);
	assert_int_equal(load32(t + 4), seq);
	assert_int_equal(load32(t + 8), ack);
	assert_int_equal(t[12], 0x50);
	assert_int_equal(t[13], flags);
	assert_int_equal(load16(t + 14), 0); // window
	assert_int_equal(load16(t + 18), 0); // urgent pointer
}

// The IPv4 packet at ip: header, checksums, and the TCP header as told.
static void expect_ip4(const uint8_t *ip, uint8_t flags, uint32_t seq, uint32_t ack)
{
	assert_int_equal(ip[0], 0x45);
	assert_int_equal(load16(ip + 2), 20 + TCP_BYTES);
	assert_int_equal(load16(ip + 4), 0);
	assert_int_equal(load16(ip + 6), 0x4000); // DF
	assert_int_equal(ip[8], 64);
	assert_int_equal(ip[9], 6);
	assert_int_equal(fold(sum16(0, ip, 20)), 0xffff);
	assert_int_equal(load32(ip + 12), 0xc0000201);
	assert_int_equal(load32(ip + 16), 0xc6336407);
	assert_int_equal(fold(sum16(6 + TCP_BYTES, ip + 12, 8 + TCP_BYTES)), 0xffff);
	expect_tcp(ip + 20, flags, seq, ack);
}

static void answers_a_syn(void **state)
{
	uint8_t a[ANSWER_ROOM_BYTES] = {0};
	struct frame f;

	(void)state;
	tcp4(&f, SYN, 0);
	eth(&f, 0x0800);
	assert_int_equal(ask(&f, a), 60);
	expect_macs(a);
	assert_int_equal(load16(a + 12), 0x0800);
	expect_ip4(a + ETH_BYTES, RST | ACK, 0, SEQ + 1);
	assert_memory_equal(a + 54, "\0\0\0\0\0\0", 6);
	assert_int_equal(dp_rings_reason_count(REASON_ANSWER_RST), 1);
	assert_int_equal(dp_rings_counters()->port[SIDE_SUBSCRIBER].answer_packets, 1);
	assert_int_equal(dp_rings_counters()->port[SIDE_SUBSCRIBER].tx_bytes, 60);
}

// Flags, payload -> flags, seq, ack of the reset, as RFC 9293 section 3.10.7.1 has it.
static void takes_sequence_numbers_from_the_segment(void **state)
{
	static const struct {
		uint8_t flags;
		size_t payload_bytes;
		uint8_t want_flags;
		uint32_t want_seq;
		uint32_t want_ack;
	} rows[] = {
		{SYN, 0, RST | ACK, 0, SEQ + 1},       {SYN, 100, RST | ACK, 0, SEQ + 101},
		{SYN | FIN, 3, RST | ACK, 0, SEQ + 5}, {FIN, 0, RST | ACK, 0, SEQ + 1},
		{PSH, 1000, RST | ACK, 0, SEQ + 1000}, {0, 0, RST | ACK, 0, SEQ},
		{ACK, 0, RST, ACK_NUMBER, 0},          {SYN | ACK, 0, RST, ACK_NUMBER, 0},
		{PSH | ACK, 500, RST, ACK_NUMBER, 0},
	};
	uint8_t a[ANSWER_ROOM_BYTES];
	struct frame f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		tcp4(&f, rows[i].flags, rows[i].payload_bytes);
		eth(&f, 0x0800);
		ask(&f, a);
		expect_ip4(a + ETH_BYTES, rows[i].want_flags, rows[i].want_seq, rows[i].want_ack);
	}
}

// Ethernet padding is no payload, and IPv4 options are not repeated.
static void counts_payload_by_the_ip_length(void **state)
{
	uint8_t a[ANSWER_ROOM_BYTES];
	struct frame f;

	(void)state;
	tcp(&f, SYN, 7);
	frame_ip4(&f, "198.51.100.7", "192.0.2.1", 6, 24, 0);
	eth(&f, 0x0800);
	f.bytes += 30; // trailer
	ask(&f, a);
	expect_ip4(a + ETH_BYTES, RST | ACK, 0, SEQ + 8);
}

static void keeps_one_vlan_tag(void **state)
{
	uint8_t a[ANSWER_ROOM_BYTES];
	struct frame f;

	(void)state;
	tcp4(&f, SYN, 0);
	frame_vlan(&f, 0x0800);
	memcpy(f.bytes_be, "\x6f\xa5", 2); // priority 3, identifier 4005
	eth(&f, 0x8100);
	assert_int_equal(ask(&f, a), 60);
	expect_macs(a);
	assert_memory_equal(a + 12, "\x81\x00\x6f\xa5\x08\x00", 6);
	expect_ip4(a + ETH_BYTES + 4, RST | ACK, 0, SEQ + 1);
}

static void keeps_both_tags_of_qinq(void **state)
{
	uint8_t a[ANSWER_ROOM_BYTES];
	struct frame f;

	(void)state;
	tcp4(&f, SYN, 0);
	frame_vlan(&f, 0x0800);
	memcpy(f.bytes_be, "\x00\x64", 2);
	frame_vlan(&f, 0x8100);
	memcpy(f.bytes_be, "\x02\x58", 2);
	eth(&f, 0x88a8);
	assert_int_equal(ask(&f, a), 14 + 8 + 40);
	expect_macs(a);
	assert_memory_equal(a + 12, "\x88\xa8\x02\x58\x81\x00\x00\x64\x08\x00", 10);
	expect_ip4(a + ETH_BYTES + 8, RST | ACK, 0, SEQ + 1);
}

static void keeps_the_pppoe_session_and_sets_its_length(void **state)
{
	uint8_t a[ANSWER_ROOM_BYTES], session[4];
	struct frame f;

	(void)state;
	tcp4(&f, SYN, 333);
	frame_pppoe(&f, 0x0021);
	memcpy(f.bytes_be + 2, "\x4b\x1d", 2);
	memcpy(session, f.bytes_be, sizeof(session));
	frame_vlan(&f, 0x8864);
	eth(&f, 0x8100);
	assert_int_equal(ask(&f, a), 14 + 4 + 8 + 40);
	assert_int_equal(load16(a + 16), 0x8864);
	assert_memory_equal(a + 18, session, sizeof(session));
	assert_int_equal(load16(a + 22), 2 + 40);
	assert_int_equal(load16(a + 24), 0x0021);
	expect_ip4(a + 26, RST | ACK, 0, SEQ + 334);
}

// RFC 1661 section 6.5 lets a peer send the protocol in one byte: the packet is then at an odd
// address.
static void answers_in_compressed_ppp(void **state)
{
	uint8_t a[ANSWER_ROOM_BYTES];
	struct frame f;

	(void)state;
	tcp4(&f, SYN, 0);
	frame_pppoe(&f, 0x0021);
	memmove(f.bytes_be + 6, f.bytes_be + 7, f.bytes - 7);
	f.bytes--;
	f.bytes_be[5]--; // PPPoE length
	eth(&f, 0x8864);
	assert_int_equal(ask(&f, a), 14 + 7 + 40);
	assert_int_equal(load16(a + 18), 1 + 40);
	assert_int_equal(a[20], 0x21);
	expect_ip4(a + 21, RST | ACK, 0, SEQ + 1);
}

static void answers_ipv6_without_its_extension_headers(void **state)
{
	uint8_t src[16], dst[16], a[ANSWER_ROOM_BYTES];
	const uint8_t *ip = a + ETH_BYTES;
	struct frame f;

	(void)state;
	tcp(&f, SYN, 11);
	frame_ext(&f, 6, 1);
	frame_ip6(&f, "2001:db8:1000:42::9", "2001:db8:77::1", 60);
	eth(&f, 0x86dd);
	assert_int_equal(ask(&f, a), 14 + 40 + 20);
	inet_pton(AF_INET6, "2001:db8:1000:42::9", src);
	inet_pton(AF_INET6, "2001:db8:77::1", dst);
	assert_int_equal(load32(ip), 0x60000000);
	assert_int_equal(load16(ip + 4), TCP_BYTES);
	assert_int_equal(ip[6], 6);
	assert_int_equal(ip[7], 64);
	assert_memory_equal(ip + 8, dst, 16);
	assert_memory_equal(ip + 24, src, 16);
	assert_int_equal(fold(sum16(6 + TCP_BYTES, ip + 8, 32 + TCP_BYTES)), 0xffff);
	expect_tcp(ip + 40, RST | ACK, 0, SEQ + 12);
}

static void never_answers_a_reset(void **state)
{
	struct frame f;

	(void)state;
	tcp4(&f, RST, 0);
	eth(&f, 0x0800);
	expect_silence(SIDE_SUBSCRIBER, &f, REASON_DROP_UNANSWERED);
	tcp4(&f, RST | ACK, 0);
	eth(&f, 0x0800);
	expect_silence(SIDE_SUBSCRIBER, &f, REASON_DROP_UNANSWERED);
}

static void never_answers_the_network(void **state)
{
	struct frame f;

	(void)state;
	frame_start(&f);
	frame_tcp(&f, 25, 40001, SYN | ACK);
	frame_ip4(&f, "192.0.2.1", "198.51.100.7", 6, 0, 0);
	eth(&f, 0x0800);
	expect_silence(SIDE_NETWORK, &f, REASON_DROP_MIRROR);
}

// 1000 a second with a tenth of a second's worth at once: 101 of 900 at one moment, and a few more
// for the time that the test takes.
static void limits_the_rate_of_answers(void **state)
{
	uint32_t i, answered = 0;
	uint8_t a[ANSWER_ROOM_BYTES];
	struct frame f;

	(void)state;
	tcp4(&f, SYN, 0);
	eth(&f, 0x0800);
	for (i = 0; i < 900; i++)
		dp_rings_send(SIDE_SUBSCRIBER, f.bytes_be, (uint32_t)f.bytes);
	assert_int_equal(dp_rings_turn(), 900);
	while (dp_rings_receive(SIDE_SUBSCRIBER, a, sizeof(a)))
		answered++;
	assert_in_range(answered, 101, 600);
	assert_int_equal(dp_rings_reason_count(REASON_ANSWER_RST), answered);
	assert_int_equal(dp_rings_reason_count(REASON_DROP_UNANSWERED), 900 - answered);
}

// An answer that the driver does not take was not sent, and is not counted as sent.
static void counts_only_answers_that_left(void **state)
{
	uint32_t i, answered = 0;
	uint8_t a[ANSWER_ROOM_BYTES];
	struct frame f;

	(void)state;
	tcp4(&f, SYN, 0);
	eth(&f, 0x0800);
	dp_rings_worker()->answer_profile.tolerance_ns = 1ull << 40;
	for (i = 0; i < 1023; i++)
		dp_rings_send(SIDE_SUBSCRIBER, f.bytes_be, (uint32_t)f.bytes);
	assert_int_equal(dp_rings_turn(), 1023);
	for (i = 0; i < 10; i++) // the ring of answers is full now
		dp_rings_send(SIDE_SUBSCRIBER, f.bytes_be, (uint32_t)f.bytes);
	assert_int_equal(dp_rings_turn(), 10);
	while (dp_rings_receive(SIDE_SUBSCRIBER, a, sizeof(a)))
		answered++;
	assert_int_equal(answered, 1023);
	assert_int_equal(dp_rings_reason_count(REASON_ANSWER_RST), 1023);
	assert_int_equal(dp_rings_reason_count(REASON_DROP_UNANSWERED), 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(answers_a_syn, start, box_stop),
		cmocka_unit_test_setup_teardown(takes_sequence_numbers_from_the_segment, start,
						box_stop),
		cmocka_unit_test_setup_teardown(counts_payload_by_the_ip_length, start, box_stop),
		cmocka_unit_test_setup_teardown(keeps_one_vlan_tag, start, box_stop),
		cmocka_unit_test_setup_teardown(keeps_both_tags_of_qinq, start, box_stop),
		cmocka_unit_test_setup_teardown(keeps_the_pppoe_session_and_sets_its_length, start,
						box_stop),
		cmocka_unit_test_setup_teardown(answers_in_compressed_ppp, start, box_stop),
		cmocka_unit_test_setup_teardown(answers_ipv6_without_its_extension_headers, start,
						box_stop),
		cmocka_unit_test_setup_teardown(never_answers_a_reset, start, box_stop),
		cmocka_unit_test_setup_teardown(never_answers_the_network, start, box_stop),
		cmocka_unit_test_setup_teardown(limits_the_rate_of_answers, start, box_stop),
		cmocka_unit_test_setup_teardown(counts_only_answers_that_left, start, box_stop),
	};

	return cmocka_run_group_tests_name("dp_answer", tests, NULL, NULL);
}
