// SPDX-License-Identifier: BSD-3-Clause
//
// The ICMP errors that op25b-dp sends where a policy says icmp_admin: every byte of them, in IPv4,
// IPv6 and a softwire, and when neither error nor reset is sent.
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

#define HOUR_NS (3600ull * 1000000000ull)
#define ICMP_BYTES 8u
#define IP4_BYTES 20u
#define IP6_BYTES 40u
#define SUB6 "2001:db8:1000:42::9" // a subscriber, also the near end of a softwire
#define FAR6 "2001:db8:77::1"
#define AFTR "2001:db8:aff::1"

static const struct op25b_clause refuse = {.sets = OP25B_ANY_SET, .action = ACTION_ICMP_ADMIN};
static const struct op25b_clause reset = {.sets = OP25B_ANY_SET, .action = ACTION_RST};
static const struct op25b_clause one_an_hour = {.sets = OP25B_ANY_SET,
						.action = ACTION_LIMIT,
						.interval_ns = HOUR_NS,
						.over = ACTION_ICMP_ADMIN};

static int start(void **state)
{
	struct image_build *b = image_build_start();
	uint32_t refused = image_build_class(b, "refused", "block");
	uint32_t limited = image_build_class(b, "limited", "limit");
	uint32_t was_reset = image_build_class(b, "reset", "block");

	(void)state;
	image_build_clause(b, refused, refuse);
	image_build_clause(b, limited, one_an_hour);
	image_build_clause(b, was_reset, reset);
	image_build_prefix(b, "198.51.100.0/24", refused, 0, 0);
	image_build_prefix(b, "2001:db8:1000::/48", refused, 0, 0);
	image_build_prefix(b, "198.51.101.0/24", limited, 0, 32);
	image_build_prefix(b, "198.51.102.0/24", was_reset, 0, 0);
	image_build_softwire(b, AFTR "/128");
	return box_start(b);
}

static void expect_addr6(const uint8_t *at, const char *text)
{
	uint8_t want[16];

	inet_pton(AF_INET6, text, want);
	assert_memory_equal(at, want, sizeof(want));
}

// The IPv4 header at ip, back to 198.51.100.7, with an ICMP error that quotes those bytes of f.
static void expect_icmp4(const uint8_t *ip, const uint8_t *quoted, uint32_t quoted_bytes)
{
	uint32_t total = IP4_BYTES + ICMP_BYTES + quoted_bytes;

	assert_int_equal(ip[0], 0x45);
	assert_int_equal(ip[1], 0xc0); // internetwork control
	assert_int_equal(load16(ip + 2), total);
	assert_int_equal(load16(ip + 6), 0x4000); // DF
	assert_int_equal(ip[8], 64);
	assert_int_equal(ip[9], 1);
	assert_int_equal(fold(sum16(0, ip, IP4_BYTES)), 0xffff);
	assert_int_equal(load32(ip + 12), 0xc0000201);
	assert_int_equal(load32(ip + 16), 0xc6336407);
	assert_int_equal(load16(ip + 20), 0x030d); // unreachable, administratively prohibited
	assert_int_equal(load32(ip + 24), 0);
	assert_int_equal(fold(sum16(0, ip + IP4_BYTES, ICMP_BYTES + quoted_bytes)), 0xffff);
	assert_memory_equal(ip + 28, quoted, quoted_bytes);
}

// The same in IPv6, back to SUB6.
static void expect_icmp6(const uint8_t *ip, const uint8_t *quoted, uint32_t quoted_bytes)
{
	uint32_t bytes = ICMP_BYTES + quoted_bytes;

	assert_int_equal(load32(ip), 0x60000000);
	assert_int_equal(load16(ip + 4), bytes);
	assert_int_equal(ip[6], 58);
	assert_int_equal(ip[7], 64);
	expect_addr6(ip + 8, FAR6);
	expect_addr6(ip + 24, SUB6);
	assert_int_equal(load16(ip + 40), 0x0101);
	assert_int_equal(load32(ip + 44), 0);
	assert_int_equal(fold(sum16(58 + bytes, ip + 8, 32 + bytes)), 0xffff);
	assert_memory_equal(ip + 48, quoted, quoted_bytes);
}

static void refuses_in_ipv4(void **state)
{
	uint8_t a[ANSWER_ROOM_BYTES] = {0};
	struct frame f;

	(void)state;
	tcp4(&f, SYN, 0);
	eth(&f, 0x0800);
	assert_int_equal(ask(&f, a), ETH_BYTES + IP4_BYTES + ICMP_BYTES + 40);
	expect_macs(a);
	assert_int_equal(load16(a + 12), 0x0800);
	expect_icmp4(a + ETH_BYTES, f.bytes_be + ETH_BYTES, 40);
	assert_int_equal(dp_rings_reason_count(REASON_ANSWER_ICMP), 1);
	assert_int_equal(dp_rings_counters()->port[SIDE_SUBSCRIBER].answer_packets, 1);
}

// What the subscriber wrote is his; the error quotes headers only. Data is refused like a SYN.
static void quotes_no_payload(void **state)
{
	uint8_t a[ANSWER_ROOM_BYTES];
	struct frame f;

	(void)state;
	tcp4(&f, PSH | ACK, 1000);
	memset(f.bytes_be + 40, 0x5a, 1000);
	eth(&f, 0x0800);
	assert_int_equal(ask(&f, a), ETH_BYTES + IP4_BYTES + ICMP_BYTES + 40);
	expect_icmp4(a + ETH_BYTES, f.bytes_be + ETH_BYTES, 40);
}

static void quotes_ipv4_options(void **state)
{
	uint8_t a[ANSWER_ROOM_BYTES];
	struct frame f;

	(void)state;
	tcp(&f, SYN, 3);
	frame_ip4(&f, "198.51.100.7", "192.0.2.1", 6, 40, 0);
	eth(&f, 0x0800);
	assert_int_equal(ask(&f, a), ETH_BYTES + IP4_BYTES + ICMP_BYTES + 80);
	expect_icmp4(a + ETH_BYTES, f.bytes_be + ETH_BYTES, 80);
}

static void refuses_in_ipv6(void **state)
{
	uint8_t a[ANSWER_ROOM_BYTES];
	struct frame f;

	(void)state;
	tcp(&f, SYN, 9);
	frame_ip6(&f, SUB6, FAR6, 6);
	eth(&f, 0x86dd);
	assert_int_equal(ask(&f, a), ETH_BYTES + IP6_BYTES + ICMP_BYTES + 60);
	expect_icmp6(a + ETH_BYTES, f.bytes_be + ETH_BYTES, 60);
}

// The longest quote there is: a chain that fills the window.
static void quotes_a_chain_of_extension_headers(void **state)
{
	uint8_t a[ANSWER_ROOM_BYTES];
	struct frame f;
	uint32_t i;

	(void)state;
	tcp(&f, SYN, 100);
	frame_ext(&f, 6, 5);
	for (i = 0; i < 16 - 1; i++)
		frame_ext(&f, 60, 0);
	frame_ip6(&f, SUB6, FAR6, 60);
	eth(&f, 0x86dd);
	assert_int_equal(ask(&f, a), ETH_BYTES + IP6_BYTES + ICMP_BYTES + 40 + 168 + 20);
	expect_icmp6(a + ETH_BYTES, f.bytes_be + ETH_BYTES, 40 + 168 + 20);
}

static void keeps_tags_and_session(void **state)
{
	uint8_t a[ANSWER_ROOM_BYTES];
	struct frame f;

	(void)state;
	tcp4(&f, SYN, 0);
	frame_pppoe(&f, 0x0021);
	frame_vlan(&f, 0x8864);
	eth(&f, 0x88a8);
	assert_int_equal(ask(&f, a), 26 + IP4_BYTES + ICMP_BYTES + 40);
	expect_macs(a);
	assert_memory_equal(a + 12, f.bytes_be + 12, 10);
	assert_int_equal(load16(a + 22), 2 + IP4_BYTES + ICMP_BYTES + 40);
	assert_int_equal(load16(a + 24), 0x0021);
	expect_icmp4(a + 26, f.bytes_be + 26, 40);
}

// Back through the tunnel it came by: the inner error in an outer header from the AFTR.
static void wraps_the_answer_in_the_softwire(void **state)
{
	const uint8_t *inner;
	uint8_t a[ANSWER_ROOM_BYTES];
	struct frame f;

	(void)state;
	tcp4(&f, SYN, 77);
	frame_ip6(&f, SUB6, AFTR, 4);
	eth(&f, 0x86dd);
	assert_int_equal(ask(&f, a), ETH_BYTES + IP6_BYTES + IP4_BYTES + ICMP_BYTES + 40);
	assert_int_equal(load32(a + 14), 0x60000000);
	assert_int_equal(load16(a + 18), IP4_BYTES + ICMP_BYTES + 40);
	assert_int_equal(a[20], 4);
	assert_int_equal(a[21], 64);
	expect_addr6(a + 22, AFTR);
	expect_addr6(a + 38, SUB6);
	inner = f.bytes_be + ETH_BYTES + IP6_BYTES;
	expect_icmp4(a + ETH_BYTES + IP6_BYTES, inner, 40);
}

static void limited_syn(struct frame *f)
{
	tcp(f, SYN, 0);
	frame_ip4(f, "198.51.101.7", "192.0.2.1", 6, 0, 0);
	eth(f, 0x0800);
}

static void refuses_what_is_over_the_limit(void **state)
{
	uint8_t a[ANSWER_ROOM_BYTES];
	struct frame f;

	(void)state;
	limited_syn(&f);
	dp_rings_send(SIDE_SUBSCRIBER, f.bytes_be, (uint32_t)f.bytes);
	assert_int_equal(dp_rings_turn(), 1);
	assert_int_equal(dp_rings_receive(SIDE_NETWORK, a, sizeof(a)), f.bytes);
	assert_int_equal(ask(&f, a), ETH_BYTES + IP4_BYTES + ICMP_BYTES + 40);
	assert_int_equal(load16(a + 34), 0x030d);
	assert_memory_equal(a + 42, f.bytes_be + ETH_BYTES, 40);
	assert_int_equal(dp_rings_reason_count(REASON_ANSWER_LIMIT_ICMP), 1);
}

static void never_answers_a_reset_or_the_network(void **state)
{
	struct frame f;

	(void)state;
	tcp4(&f, RST, 0);
	eth(&f, 0x0800);
	expect_silence(SIDE_SUBSCRIBER, &f, REASON_DROP_UNANSWERED);
	frame_start(&f);
	frame_tcp(&f, 25, 40001, SYN | ACK);
	frame_ip4(&f, "192.0.2.1", "198.51.100.7", 6, 0, 0);
	eth(&f, 0x0800);
	expect_silence(SIDE_NETWORK, &f, REASON_DROP_MIRROR);
}

static void never_answers_what_went_to_many(void **state)
{
	static const char *const to_many[] = {"224.0.0.1", "239.255.255.250", "255.255.255.255"};
	struct frame f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(to_many) / sizeof(to_many[0]); i++) {
		tcp(&f, SYN, 0);
		frame_ip4(&f, "198.51.100.7", to_many[i], 6, 0, 0);
		eth(&f, 0x0800);
		expect_silence(SIDE_SUBSCRIBER, &f, REASON_DROP_UNANSWERED);
	}
	tcp(&f, SYN, 0);
	frame_ip6(&f, SUB6, "ff0e::25", 6);
	eth(&f, 0x86dd);
	expect_silence(SIDE_SUBSCRIBER, &f, REASON_DROP_UNANSWERED);
	// Of a softwire the inner destination counts.
	tcp(&f, SYN, 0);
	frame_ip4(&f, "198.51.100.7", "224.0.0.1", 6, 0, 0);
	frame_ip6(&f, SUB6, AFTR, 4);
	eth(&f, 0x86dd);
	expect_silence(SIDE_SUBSCRIBER, &f, REASON_DROP_UNANSWERED);
}

// The group bit, of the destination as of the source.
static void never_answers_a_group_of_stations(void **state)
{
	static const size_t first_octets[] = {0, 6};
	struct frame f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(first_octets) / sizeof(first_octets[0]); i++) {
		tcp4(&f, SYN, 0);
		eth(&f, 0x0800);
		f.bytes_be[first_octets[i]] |= 1;
		expect_silence(SIDE_SUBSCRIBER, &f, REASON_DROP_UNANSWERED);
	}
}

static void drops_detours_by_their_own_reason(void **state)
{
	struct frame f;

	(void)state;
	tcp(&f, SYN, 0);
	frame_ip4(&f, "198.51.100.7", "192.0.2.1", 6, 8, 0);
	memcpy(f.bytes_be + 20, "\x83\x07\x04\xc0\x00\x02\x19\x00", 8); // loose source route
	eth(&f, 0x0800);
	expect_silence(SIDE_SUBSCRIBER, &f, REASON_DROP_SOURCE_ROUTE);
	tcp(&f, SYN, 0);
	frame_ext(&f, 6, 2);
	memcpy(f.bytes_be + 2, "\x04\x01", 2); // segment routing, one left
	frame_ip6(&f, SUB6, FAR6, 43);
	eth(&f, 0x86dd);
	expect_silence(SIDE_SUBSCRIBER, &f, REASON_DROP_SEGMENTS_LEFT);
}

// A label is the next router's: only an explicit null can be sent back.
static void answers_behind_an_explicit_null_only(void **state)
{
	uint8_t a[ANSWER_ROOM_BYTES];
	struct frame f;

	(void)state;
	tcp4(&f, SYN, 0);
	frame_mpls(&f, 0, 1);
	eth(&f, 0x8847);
	assert_int_equal(ask(&f, a), 18 + IP4_BYTES + ICMP_BYTES + 40);
	assert_memory_equal(a + 12, "\x88\x47\x00\x00\x01", 5);
	assert_int_equal(a[17], 64);
	expect_icmp4(a + 18, f.bytes_be + 18, 40);
	tcp4(&f, SYN, 0);
	frame_mpls(&f, 1000, 1);
	eth(&f, 0x8847);
	expect_silence(SIDE_SUBSCRIBER, &f, REASON_DROP_UNANSWERED);
	tcp4(&f, SYN, 0);
	frame_mpls(&f, 0, 1);
	frame_mpls(&f, 1000, 0);
	eth(&f, 0x8847);
	expect_silence(SIDE_SUBSCRIBER, &f, REASON_DROP_UNANSWERED);
}

// Resets and errors are taken from one allowance: 101 at one moment, and a few more for the time
// that the test takes.
static void shares_one_rate_with_resets(void **state)
{
	struct frame f[2];
	uint8_t a[ANSWER_ROOM_BYTES];
	uint32_t i, answered = 0;
	uint64_t icmp, rst;

	(void)state;
	tcp4(&f[0], SYN, 0);
	eth(&f[0], 0x0800);
	tcp(&f[1], SYN, 0);
	frame_ip4(&f[1], "198.51.102.7", "192.0.2.1", 6, 0, 0);
	eth(&f[1], 0x0800);
	for (i = 0; i < 900; i++)
		dp_rings_send(SIDE_SUBSCRIBER, f[i % 2].bytes_be, (uint32_t)f[i % 2].bytes);
	assert_int_equal(dp_rings_turn(), 900);
	while (dp_rings_receive(SIDE_SUBSCRIBER, a, sizeof(a)))
		answered++;
	icmp = dp_rings_reason_count(REASON_ANSWER_ICMP);
	rst = dp_rings_reason_count(REASON_ANSWER_RST);
	assert_in_range(answered, 101, 600);
	assert_int_equal(icmp + rst, answered);
	assert_true(icmp >= 50 && rst >= 50);
	assert_int_equal(dp_rings_reason_count(REASON_DROP_UNANSWERED), 900 - answered);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, box_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(refuses_in_ipv4),
		TEST(quotes_no_payload),
		TEST(quotes_ipv4_options),
		TEST(refuses_in_ipv6),
		TEST(quotes_a_chain_of_extension_headers),
		TEST(keeps_tags_and_session),
		TEST(wraps_the_answer_in_the_softwire),
		TEST(refuses_what_is_over_the_limit),
		TEST(never_answers_a_reset_or_the_network),
		TEST(never_answers_what_went_to_many),
		TEST(never_answers_a_group_of_stations),
		TEST(drops_detours_by_their_own_reason),
		TEST(answers_behind_an_explicit_null_only),
		TEST(shares_one_rate_with_resets),
	};

	return cmocka_run_group_tests_name("dp_icmp", tests, NULL, NULL);
}
