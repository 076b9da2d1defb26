// SPDX-License-Identifier: BSD-3-Clause
//
// Frames in hex digits: how they are read, with the place of what is wrong, and what is explained
// of them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/policy/frame_hex.h"
#include "policy_help.h"

static uint8_t frame[FRAME_MAX_BYTES];

static void hex_is_read_and_placed(void **state)
{
	static const struct {
		const char *text;
		uint32_t bytes;
		const char *fault; // NULL: good
	} rows[] = {
		{"0123456789abCDef", 8, NULL},
		{"01:23 45\t67\r\n 89:ab\nCD\nef\n", 8, NULL},
		{"0 1 2 3 4 5 6 7 8 9 a b C D e f", 8, NULL},
		{"", 0, NULL},
		{" \n", 0, NULL},
		{"012g", 0, "f:3:10: \"g\" is not a hex digit\n"},
		{"01\n:2\nx", 0, "f:5:1: \"x\" is not a hex digit\n"},
		{"01\x1b", 0, "f:3:9: \"?\" is not a hex digit\n"},
		{"0x01", 0, "f:3:8: \"x\" is not a hex digit\n"},
		{"012 \n\n", 0, "f:3:9: the last byte has one hex digit only\n"},
	};
	static const uint8_t want[] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		uint32_t bytes = 0;
		size_t told_bytes;
		struct diag d;
		char *told;
		FILE *out = open_memstream(&told, &told_bytes);
		bool good;

		diag_init(&d, "f");
		good = frame_read_hex(rows[i].text, 3, 7, frame, &bytes, &d);
		diag_print(&d, out);
		fclose(out);
		diag_free(&d);
		if (good != !rows[i].fault || strcmp(told, good ? "" : rows[i].fault))
			fail_msg("row %zu: %s", i, told);
		if (good) {
			assert_int_equal(bytes, rows[i].bytes);
			assert_memory_equal(frame, want, bytes);
		}
		free(told);
	}
}

static void the_longest_frame_is_the_longest(void **state)
{
	char *text = malloc(2 * FRAME_MAX_BYTES + 3);
	uint32_t bytes;
	struct diag d;

	(void)state;
	memset(text, 'f', 2 * FRAME_MAX_BYTES + 2);
	text[2 * FRAME_MAX_BYTES + 2] = '\0';
	diag_init(&d, "f");
	assert_false(frame_read_hex(text, 1, 1, frame, &bytes, &d));
	assert_string_equal(d.rows[0].place, "1:131071");
	diag_free(&d);
	text[2 * FRAME_MAX_BYTES] = '\0';
	diag_init(&d, "f");
	assert_true(frame_read_hex(text, 1, 1, frame, &bytes, &d));
	assert_int_equal(bytes, FRAME_MAX_BYTES);
	diag_free(&d);
	free(text);
}

static const char policy_text[] =
	"{\"op25b\":1,\"name\":\"n\",\"tz\":\"UTC\",\"sets\":{\"relay\":[\"203.0.113.25/32\"]},"
	"\"softwires\":[\"2001:db8:aff::/64\"],\"pools\":{"
	"\"dyn\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.100.0/26\"],\"v6\":[\"2001:db8:1::/48\"]},"
	"\"few\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.100.64/26\"],\"pairs\":[\"east\"]}},"
	"\"limits\":{\"l\":{\"key\":\"address\",\"count\":\"tcp_syn\",\"max\":1,\"window_s\":60,"
	"\"over\":\"icmp_admin\"}},"
	"\"stages\":[{\"id\":\"s\",\"pools\":[\"dyn\"],\"from\":\"always\",\"port25\":["
	"{\"to\":\"relay\",\"do\":\"permit\"},{\"to\":\"any\",\"do\":\"drop\"}]},"
	"{\"id\":\"t\",\"pools\":[\"few\"],\"from\":\"always\",\"port25\":["
	"{\"to\":\"any\",\"do\":\"limit\",\"limit\":\"l\"}]}]}";

#define MACS "0200 0000 0001 0200 0000 0002"
#define IP4(total, frag, proto, src, dst)                                                          \
	"4500 " total " 0000 " frag " 40 " proto " 0000 " src " " dst
#define SUB "c6336401" // 198.51.100.1, pool dyn
#define FEW "c6336441" // 198.51.100.65, pool few
#define MX "c0000201"  // 192.0.2.1
#define RELAY "cb007119"
#define TCP(sport, dport) sport dport "00000000 00000000 5002 ffff 0000 0000"

static const struct {
	const char *hex;
	uint8_t side;
	uint32_t l2_doubt_drop;
	const char *pair;
	const char *verdict, *reason, *pool, *clause, *layers, *from, *to;
	int port, source_port; // -1: null
	const char *says;
} frame_rows[] = {
	{MACS "8100 0001 8100 0002 8864 1100 0000 002a 0021" IP4("0028", "0000", "06", SUB, MX)
		 TCP("c000", "0019"),
	 SIDE_SUBSCRIBER, 0, NULL, "drop", "blocked", "dyn", "stages.s.port25[1]",
	 "Ethernet, 2 VLAN tags, PPPoE, IPv4, TCP", "198.51.100.1", "192.0.2.1", 25, 49152,
	 "At 2026-01-01T00:00:00+00:00 this frame of 70 bytes (Ethernet, 2 VLAN tags, "
	 "PPPoE, "
	 "IPv4, TCP) from port 49152 of 198.51.100.1 to port 25 of 192.0.2.1 is dropped "
	 "without an answer: the sender's address is in pool \"dyn\", on which stage \"s\" "
	 "is active."},
	{MACS "0800" IP4("0028", "0000", "06", SUB, RELAY) TCP("c000", "0019"), SIDE_SUBSCRIBER, 0,
	 NULL, "permit", "permit", "dyn", "stages.s.port25[0]", "Ethernet, IPv4, TCP",
	 "198.51.100.1", "203.0.113.25", 25, 49152, "is let through"},
	{MACS "8847 000001ff" IP4("0028", "0000", "06", SUB, MX) TCP("c000", "01bb"),
	 SIDE_SUBSCRIBER, 0, NULL, "permit", "not_port25", "dyn", NULL,
	 "Ethernet, 1 MPLS label, IPv4, TCP", "198.51.100.1", "192.0.2.1", 443, 49152,
	 "only port 25"},
	{MACS "0800" IP4("0028", "0000", "2f", SUB, MX) TCP("c000", "0019"), SIDE_SUBSCRIBER, 0,
	 NULL, "permit", "tunnel_gre", "dyn", NULL, "Ethernet, IPv4, protocol 47", "198.51.100.1",
	 "192.0.2.1", -1, -1, ": GRE."},
	{MACS "0800" IP4("001c", "2000", "06", SUB, MX) "c000 0019 0000 0000", SIDE_SUBSCRIBER, 0,
	 NULL, "drop", "tiny_frag", "dyn", "stages.s.port25[1]",
	 "Ethernet, IPv4, first fragment, protocol 6", "198.51.100.1", "192.0.2.1", -1, -1,
	 "first fragment too short for a TCP header (RFC 1858); the sender's address is in "
	 "pool \"dyn\", on which stage \"s\" is active."},
	{MACS "0800" IP4("001c", "2000", "06", RELAY, MX) "c000 0019 0000 0000", SIDE_SUBSCRIBER, 0,
	 NULL, "drop", "tiny_frag", NULL, NULL, "Ethernet, IPv4, first fragment, protocol 6",
	 "203.0.113.25", "192.0.2.1", -1, -1, "203.0.113.25 is a relay of the policy"},
	{MACS "0800" IP4("0028", "0000", "06", FEW, MX) TCP("c000", "0019"), SIDE_SUBSCRIBER, 0,
	 "west", "drop", "src_spoofed", "few", NULL, "Ethernet, IPv4, TCP", "198.51.100.65",
	 "192.0.2.1", 25, 49152,
	 "which lives behind \"east\"; behind another pair it is not believed."},
	{MACS "0800" IP4("0028", "0000", "06", MX, SUB) TCP("0019", "c000"), SIDE_NETWORK, 0, NULL,
	 "drop", "mirror", "dyn", "stages.s.port25[1]", "Ethernet, IPv4, TCP", "192.0.2.1",
	 "198.51.100.1", 49152, 25, "the receiver's address is in pool"},
	{MACS "86dd 6000 0000 0028 0440 20010db8000100000000000000000005 "
	      "20010db80aff00000000000000000001" IP4("0028", "0000", "06", "c0000001", MX)
		      TCP("c000", "0019"),
	 SIDE_SUBSCRIBER, 0, NULL, "drop", "blocked", "dyn", "stages.s.port25[1]",
	 "Ethernet, IPv6, IPv4 of a softwire, TCP", "2001:db8:1::5", "192.0.2.1", 25, 49152,
	 "from port 49152 of 2001:db8:1::5 to port 25 of 192.0.2.1"},
	{MACS "86dd 6000 0000 0028 0440 20010db8000100000000000000000005 "
	      "20010db80bff00000000000000000001" IP4("0028", "0000", "06", "c0000001", MX)
		      TCP("c000", "0019"),
	 SIDE_SUBSCRIBER, 0, NULL, "permit", "tunnel_ip4", "dyn", NULL,
	 "Ethernet, IPv6, protocol 4", "2001:db8:1::5", "2001:db8:bff::1", -1, -1,
	 "no configured softwire"},
	{MACS "86dd 6000 0000 0004 0440 20010db8000100000000000000000005 "
	      "20010db80aff00000000000000000001 45000028",
	 SIDE_SUBSCRIBER, 0, NULL, "drop", "malformed", "dyn", "stages.s.port25[1]",
	 "Ethernet, IPv6, IPv4 of a softwire, protocol 4", "2001:db8:1::5", NULL, -1, -1,
	 "protocol 4) from 2001:db8:1::5 is dropped without an answer"},
	{MACS "8100 0001 8100", SIDE_SUBSCRIBER, 0, NULL, "permit", "unreadable", NULL, NULL,
	 "Ethernet, 1 VLAN tag", NULL, NULL, -1, -1, "cannot be read"},
	{MACS "8100 0001 8100", SIDE_SUBSCRIBER, 1, NULL, "drop", "l2_malformed", NULL, NULL,
	 "Ethernet, 1 VLAN tag", NULL, NULL, -1, -1, "this frame of 18 bytes ("},
	{"00", SIDE_NETWORK, 0, NULL, "drop", "runt", NULL, NULL, "Ethernet", NULL, NULL, -1, -1,
	 "this frame of 1 byte (Ethernet) is dropped"},
	{MACS "0806 0001", SIDE_NETWORK, 0, NULL, "permit", "not_ip", NULL, NULL, "Ethernet", NULL,
	 NULL, -1, -1, "ARP"},
};

static void frames_are_explained(void **state)
{
	struct policy *p = must_parse(policy_text);
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(frame_rows); i++) {
		struct explain_request q = {.frame = frame,
					    .side = frame_rows[i].side,
					    .pair = frame_rows[i].pair,
					    .l2_doubt_drop = frame_rows[i].l2_doubt_drop};
		const struct {
			const char *key, *want;
		} texts[] = {
			{"verdict", frame_rows[i].verdict}, {"reason", frame_rows[i].reason},
			{"pool", frame_rows[i].pool},       {"clause", frame_rows[i].clause},
			{"layers", frame_rows[i].layers},   {"from", frame_rows[i].from},
			{"to", frame_rows[i].to},
		};
		const json_t *port, *source_port;
		json_t *answer;
		struct diag d;
		size_t j;

		diag_init(&d, "hex");
		if (!frame_read_hex(frame_rows[i].hex, 1, 1, frame, &q.frame_bytes, &d))
			fail_msg("row %zu: %s: %s", i, d.rows[0].place, d.rows[0].text);
		diag_free(&d);
		answer = explain_question(p, &q, "2026-01-01", NULL, 0);
		for (j = 0; j < COUNT(texts); j++) {
			const char *have = text_of(answer, texts[j].key);

			if (strcmp(have ? have : "-", texts[j].want ? texts[j].want : "-"))
				fail_msg("row %zu: %s is %s", i, texts[j].key, have);
		}
		port = json_object_get(answer, "port");
		source_port = json_object_get(answer, "source_port");
		assert_int_equal(json_is_null(port) ? -1 : json_integer_value(port),
				 frame_rows[i].port);
		assert_int_equal(json_is_null(source_port) ? -1 : json_integer_value(source_port),
				 frame_rows[i].source_port);
		if (!strstr(text_of(answer, "sentence"), frame_rows[i].says))
			fail_msg("row %zu says: %s", i, text_of(answer, "sentence"));
		json_decref(answer);
	}
	policy_free(p);
}

// Questions to one explainer are one subscriber's traffic.
static void limits_count_from_question_to_question(void **state)
{
	static const struct {
		const char *from;
		uint64_t now_s;
		const char *verdict, *reason;
	} rows[] = {
		{"198.51.100.65", 0, "limit", "within_limit"},
		{"198.51.100.65", 1, "icmp_admin", "limit_icmp"},
		{"198.51.100.66", 1, "limit", "within_limit"},
		{"198.51.100.65", 61, "limit", "within_limit"},
	};
	struct compile_request r = {.generation = 1, .slots_capacity = UINT64_MAX};
	struct policy *p = must_parse(policy_text);
	struct explainer *e;
	struct diag d;
	size_t i;

	(void)state;
	diag_init(&d, "f");
	e = explainer_open(p, &r, &d);
	for (i = 0; i < COUNT(rows); i++) {
		struct explain_request q = {.from = rows[i].from,
					    .to = "192.0.2.1",
					    .port = 25,
					    .now_ns = rows[i].now_s * 1000000000};
		json_t *answer = explainer_ask(e, &q, &d);

		assert_string_equal(text_of(answer, "verdict"), rows[i].verdict);
		assert_string_equal(text_of(answer, "reason"), rows[i].reason);
		json_decref(answer);
	}
	explainer_close(e);
	policy_free(p);
	diag_free(&d);
}

// One subscriber's first or second connection, judged by a policy that limits this prefix to one.
static void ask_limited(struct explainer **e, struct policy **p, const char *prefix,
			const char *from, const char *reason)
{
	struct explain_request q = {.from = from, .to = "192.0.2.1", .port = 25};
	struct compile_request r = {.generation = 1, .slots_capacity = UINT64_MAX};
	struct policy *before = *p;
	char text[512];
	json_t *answer;
	struct diag d;

	snprintf(
		text, sizeof(text),
		"{\"op25b\":1,\"name\":\"n\",\"pools\":{\"a\":{\"kind\":\"dynamic\",\"v4\":[\"%s\"]"
		"}},"
		"\"limits\":{\"l\":{\"key\":\"address\",\"count\":\"tcp_syn\",\"max\":1,\"window_"
		"s\":"
		"60}},\"stages\":[{\"id\":\"s\",\"pools\":[\"a\"],\"from\":\"always\",\"port25\":[{"
		"\"to\":\"any\",\"do\":\"limit\",\"limit\":\"l\"}]}]}",
		prefix);
	*p = must_parse(text);
	diag_init(&d, "f");
	if (*e)
		assert_true(explainer_next(*e, *p, &d));
	else
		*e = explainer_open(*p, &r, &d);
	policy_free(before);
	answer = explainer_ask(*e, &q, &d);
	assert_string_equal(text_of(answer, "reason"), reason);
	json_decref(answer);
	diag_free(&d);
}

static void another_policy_keeps_limits_of_the_same_subscribers(void **state)
{
	struct explainer *e = NULL;
	struct policy *p = NULL;

	(void)state;
	ask_limited(&e, &p, "10.0.0.0/26", "10.0.0.1", "within_limit");
	ask_limited(&e, &p, "10.0.0.0/26", "10.0.0.1", "limit_over");
	ask_limited(&e, &p, "10.0.1.0/26", "10.0.1.1", "within_limit");
	// Where 10.0.0.1 was, before there was nobody.
	ask_limited(&e, &p, "10.0.2.0/26", "10.0.2.1", "within_limit");
	ask_limited(&e, &p, "10.0.2.0/26", "10.0.2.1", "limit_over");
	explainer_close(e);
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hex_is_read_and_placed),
		cmocka_unit_test(the_longest_frame_is_the_longest),
		cmocka_unit_test(frames_are_explained),
		cmocka_unit_test(limits_count_from_question_to_question),
		cmocka_unit_test(another_policy_keeps_limits_of_the_same_subscribers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
