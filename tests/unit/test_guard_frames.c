// SPDX-License-Identifier: BSD-3-Clause
//
// What the guard does with frames: a table of shapes and addresses, run through the loaded program
// by BPF_PROG_TEST_RUN. Needs root. The whole packet table is tests/packets'; this one shows that
// the program in the kernel reads each encapsulation and knows each decision.
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/core/decide.h"
#include "frame_build.h"
#include "guard_run.h"
#include "image_build.h"

#define SYN TCP_FLAG_SYN
#define HOUR_NS (3600ull * 1000000000ull)

// Builds the frame around (src, dst, sport, dport, flags).
struct ends {
	const char *src, *dst;
	uint16_t sport, dport;
	uint8_t flags;
};

static int is_v6(const struct ends *e)
{
	return strchr(e->src, ':') != NULL;
}

// Puts the IP header in front of an upper layer of protocol `next`. Returns the Ethernet type.
static uint16_t put_ip(struct frame *f, const struct ends *e, uint8_t next, uint16_t frag)
{
	if (is_v6(e))
		frame_ip6(f, e->src, e->dst, next);
	else
		frame_ip4(f, e->src, e->dst, next, 0, frag);
	return is_v6(e) ? ETH_TYPE_IP6 : ETH_TYPE_IP4;
}

static void put_tcp(struct frame *f, const struct ends *e)
{
	frame_tcp(f, e->sport, e->dport, e->flags);
}

static void shape_plain(struct frame *f, const struct ends *e)
{
	put_tcp(f, e);
	frame_eth(f, put_ip(f, e, PROTO_TCP, 0));
}

static void shape_vlan(struct frame *f, const struct ends *e)
{
	put_tcp(f, e);
	frame_vlan(f, put_ip(f, e, PROTO_TCP, 0));
	frame_eth(f, ETH_TYPE_VLAN);
}

static void shape_qinq_pppoe(struct frame *f, const struct ends *e)
{
	put_tcp(f, e);
	frame_pppoe(f, put_ip(f, e, PROTO_TCP, 0) == ETH_TYPE_IP6 ? PPP_IP6 : PPP_IP4);
	frame_vlan(f, ETH_TYPE_PPPOE);
	frame_vlan(f, ETH_TYPE_VLAN);
	frame_eth(f, ETH_TYPE_SVLAN);
}

static void shape_five_tags(struct frame *f, const struct ends *e)
{
	uint32_t i;

	put_tcp(f, e);
	frame_vlan(f, put_ip(f, e, PROTO_TCP, 0));
	for (i = 0; i < 4; i++)
		frame_vlan(f, ETH_TYPE_VLAN);
	frame_eth(f, ETH_TYPE_VLAN);
}

static void shape_options(struct frame *f, const struct ends *e)
{
	put_tcp(f, e);
	frame_ip4(f, e->src, e->dst, PROTO_TCP, 40, 0);
	frame_eth(f, ETH_TYPE_IP4);
}

static void shape_ah(struct frame *f, const struct ends *e)
{
	put_tcp(f, e);
	frame_ah(f, PROTO_TCP);
	frame_eth(f, put_ip(f, e, PROTO_AH, 0));
}

static void chain(struct frame *f, const struct ends *e, uint32_t headers, uint8_t extra8)
{
	uint32_t i;

	put_tcp(f, e);
	frame_ext(f, PROTO_TCP, extra8);
	for (i = 1; i < headers; i++)
		frame_ext(f, PROTO_DSTOPTS, extra8);
	frame_eth(f, put_ip(f, e, PROTO_DSTOPTS, 0));
}

static void shape_8_headers(struct frame *f, const struct ends *e)
{
	chain(f, e, 8, 0);
}

static void shape_16_headers(struct frame *f, const struct ends *e)
{
	chain(f, e, 16, 0);
}

static void shape_17_headers(struct frame *f, const struct ends *e)
{
	chain(f, e, 17, 0);
}

static void shape_beyond_window(struct frame *f, const struct ends *e)
{
	chain(f, e, 2, 15);
}

static void shape_atomic_frag6(struct frame *f, const struct ends *e)
{
	put_tcp(f, e);
	frame_frag6(f, PROTO_TCP, 0, 0);
	frame_eth(f, put_ip(f, e, PROTO_FRAGMENT, 0));
}

static void shape_chain_cut6(struct frame *f, const struct ends *e)
{
	frame_frag6(f, PROTO_DSTOPTS, 0, 1);
	frame_eth(f, put_ip(f, e, PROTO_FRAGMENT, 0));
}

static void shape_later_frag6(struct frame *f, const struct ends *e)
{
	frame_zeros(f, 40);
	frame_frag6(f, PROTO_TCP, 100, 1);
	frame_eth(f, put_ip(f, e, PROTO_FRAGMENT, 0));
}

static void shape_later_frag4(struct frame *f, const struct ends *e)
{
	frame_zeros(f, 40);
	frame_eth(f, put_ip(f, e, PROTO_TCP, 100));
}

static void shape_frag_fo1(struct frame *f, const struct ends *e)
{
	frame_zeros(f, 40);
	frame_eth(f, put_ip(f, e, PROTO_TCP, 1));
}

static void shape_tiny_frag(struct frame *f, const struct ends *e)
{
	frame_zeros(f, 8);
	frame_eth(f, put_ip(f, e, PROTO_TCP, IP4_MORE_FRAGMENTS));
}

static void shape_udp(struct frame *f, const struct ends *e)
{
	put_tcp(f, e);
	frame_eth(f, put_ip(f, e, 17, 0));
}

// The IP length says more than the frame holds.
static void shape_cut_short(struct frame *f, const struct ends *e)
{
	shape_plain(f, e);
	f->bytes -= 10;
}

static void shape_long(struct frame *f, const struct ends *e)
{
	frame_zeros(f, 1400);
	shape_plain(f, e);
}

static void shape_arp(struct frame *f, const struct ends *e)
{
	(void)e;
	frame_zeros(f, 46);
	frame_eth(f, 0x0806);
}

static void shape_14_bytes(struct frame *f, const struct ends *e)
{
	(void)e;
	frame_eth(f, ETH_TYPE_IP4);
}

#define POOL4 "198.51.100.9"
#define MASS4 "198.51.101.9"
#define RST4 "198.51.102.9"
#define MON4 "198.51.103.9"
#define FREE4 "198.51.104.9"
#define POOL6 "2001:db8:1000::9"
#define RELAY4 "203.0.113.25"
#define RELAY6 "2001:db8:25::25"
#define FAR4 "192.0.2.1"
#define FAR6 "2001:db8:ffff::1"

struct row {
	const char *sentence;
	void (*shape)(struct frame *f, const struct ends *e);
	struct ends ends;
	enum op25b_side side;
	enum op25b_reason reason;
	enum op25b_family family;
	const char *pool;
};

#define OUT4(src, dst)                                                                             \
	{                                                                                          \
		src, dst, 40000, 25, SYN                                                           \
	}
#define BACK(src, dst)                                                                             \
	{                                                                                          \
		src, dst, 25, 40000, SYN | TCP_FLAG_ACK                                            \
	}

static const struct row rows[] = {
	{"direct mail from a blocked pool", shape_plain, OUT4(POOL4, FAR4), SIDE_SUBSCRIBER,
	 REASON_DROP_BLOCKED, FAMILY_IP4, "flets"},
	{"mail to the relay", shape_plain, OUT4(POOL4, RELAY4), SIDE_SUBSCRIBER, REASON_PASS_PERMIT,
	 FAMILY_IP4, "flets"},
	{"the same in IPv6", shape_plain, OUT4(POOL6, RELAY6), SIDE_SUBSCRIBER, REASON_PASS_PERMIT,
	 FAMILY_IP6, "flets"},
	{"direct mail in IPv6", shape_plain, OUT4(POOL6, FAR6), SIDE_SUBSCRIBER,
	 REASON_DROP_BLOCKED, FAMILY_IP6, "flets"},
	{"submission",
	 shape_plain,
	 {POOL4, FAR4, 40000, 587, SYN},
	 SIDE_SUBSCRIBER,
	 REASON_PASS_NOT_PORT25,
	 FAMILY_IP4,
	 ""},
	{"mail from an address in no pool", shape_plain, OUT4(FAR4, RELAY4), SIDE_SUBSCRIBER,
	 REASON_PASS_NO_POOL, FAMILY_IP4, ""},
	{"mail from a pool without clauses", shape_plain, OUT4(FREE4, FAR4), SIDE_SUBSCRIBER,
	 REASON_PASS_UNRESTRICTED, FAMILY_IP4, "free"},
	{"monitored mail", shape_plain, OUT4(MON4, FAR4), SIDE_SUBSCRIBER, REASON_PASS_MONITOR_DROP,
	 FAMILY_IP4, "watched"},
	{"mail that a reset would refuse", shape_plain, OUT4(RST4, FAR4), SIDE_SUBSCRIBER,
	 REASON_DROP_UNANSWERED, FAMILY_IP4, "refused"},
	{"a mail server's answer to a blocked pool", shape_plain, BACK(FAR4, POOL4), SIDE_NETWORK,
	 REASON_DROP_MIRROR, FAMILY_IP4, "flets"},
	{"the relay's answer", shape_plain, BACK(RELAY6, POOL6), SIDE_NETWORK, REASON_PASS_PERMIT,
	 FAMILY_IP6, "flets"},
	{"incoming mail to a subscriber's server", shape_plain, OUT4(FAR4, POOL4), SIDE_NETWORK,
	 REASON_PASS_INBOUND, FAMILY_IP4, "flets"},
	{"first connection of a limited subscriber", shape_plain, OUT4(MASS4, FAR4),
	 SIDE_SUBSCRIBER, REASON_PASS_WITHIN_LIMIT, FAMILY_IP4, "mass"},
	{"the second, behind a tag", shape_vlan, OUT4(MASS4, FAR4), SIDE_SUBSCRIBER,
	 REASON_PASS_WITHIN_LIMIT, FAMILY_IP4, "mass"},
	{"the third is over", shape_plain, OUT4(MASS4, FAR4), SIDE_SUBSCRIBER,
	 REASON_DROP_LIMIT_OVER, FAMILY_IP4, "mass"},
	{"the fourth is held", shape_plain, OUT4(MASS4, FAR4), SIDE_SUBSCRIBER,
	 REASON_DROP_LIMIT_HELD, FAMILY_IP4, "mass"},
	{"what is in flight is held",
	 shape_plain,
	 {MASS4, FAR4, 40000, 25, TCP_FLAG_ACK},
	 SIDE_SUBSCRIBER,
	 REASON_DROP_LIMIT_HELD,
	 FAMILY_IP4,
	 "mass"},
	{"answers to the held one", shape_plain, BACK(FAR4, MASS4), SIDE_NETWORK,
	 REASON_DROP_MIRROR, FAMILY_IP4, "mass"},
	{"his neighbour is not held", shape_plain, OUT4("198.51.101.10", FAR4), SIDE_SUBSCRIBER,
	 REASON_PASS_WITHIN_LIMIT, FAMILY_IP4, "mass"},
	{"one VLAN tag", shape_vlan, OUT4(POOL4, FAR4), SIDE_SUBSCRIBER, REASON_DROP_BLOCKED,
	 FAMILY_IP4, "flets"},
	{"QinQ and PPPoE", shape_qinq_pppoe, OUT4(POOL4, FAR4), SIDE_SUBSCRIBER,
	 REASON_DROP_BLOCKED, FAMILY_IP4, "flets"},
	{"QinQ and PPPoE in IPv6", shape_qinq_pppoe, OUT4(POOL6, FAR6), SIDE_SUBSCRIBER,
	 REASON_DROP_BLOCKED, FAMILY_IP6, "flets"},
	{"five tags", shape_five_tags, OUT4(POOL4, FAR4), SIDE_SUBSCRIBER, REASON_PASS_UNREADABLE,
	 FAMILY_NONE, ""},
	{"40 bytes of options", shape_options, OUT4(POOL4, FAR4), SIDE_SUBSCRIBER,
	 REASON_DROP_BLOCKED, FAMILY_IP4, "flets"},
	{"AH in IPv4", shape_ah, OUT4(POOL4, FAR4), SIDE_SUBSCRIBER, REASON_DROP_BLOCKED,
	 FAMILY_IP4, "flets"},
	{"AH in IPv6", shape_ah, OUT4(POOL6, FAR6), SIDE_SUBSCRIBER, REASON_DROP_BLOCKED,
	 FAMILY_IP6, "flets"},
	{"8 extension headers", shape_8_headers, OUT4(POOL6, FAR6), SIDE_SUBSCRIBER,
	 REASON_DROP_BLOCKED, FAMILY_IP6, "flets"},
	{"16 extension headers", shape_16_headers, OUT4(POOL6, FAR6), SIDE_SUBSCRIBER,
	 REASON_DROP_BLOCKED, FAMILY_IP6, "flets"},
	{"17 extension headers", shape_17_headers, OUT4(POOL6, FAR6), SIDE_SUBSCRIBER,
	 REASON_DROP_EH_LIMIT, FAMILY_IP6, "flets"},
	{"TCP beyond the window", shape_beyond_window, OUT4(POOL6, FAR6), SIDE_SUBSCRIBER,
	 REASON_DROP_WINDOW, FAMILY_IP6, "flets"},
	{"TCP beyond the window, from nobody's pool", shape_beyond_window, OUT4(FAR6, FAR6),
	 SIDE_SUBSCRIBER, REASON_PASS_UNREADABLE, FAMILY_IP6, ""},
	{"atomic fragment", shape_atomic_frag6, OUT4(POOL6, FAR6), SIDE_SUBSCRIBER,
	 REASON_DROP_BLOCKED, FAMILY_IP6, "flets"},
	{"header chain cut by fragmentation", shape_chain_cut6, OUT4(POOL6, FAR6), SIDE_SUBSCRIBER,
	 REASON_DROP_FRAG_CHAIN, FAMILY_IP6, "flets"},
	{"later fragment in IPv6", shape_later_frag6, OUT4(POOL6, FAR6), SIDE_SUBSCRIBER,
	 REASON_PASS_LATER_FRAG, FAMILY_IP6, ""},
	{"later fragment in IPv4", shape_later_frag4, OUT4(POOL4, FAR4), SIDE_SUBSCRIBER,
	 REASON_PASS_LATER_FRAG, FAMILY_IP4, ""},
	{"fragment at offset 1", shape_frag_fo1, OUT4(POOL4, FAR4), SIDE_SUBSCRIBER,
	 REASON_DROP_FRAG_FO1, FAMILY_IP4, "flets"},
	{"tiny first fragment", shape_tiny_frag, OUT4(POOL4, FAR4), SIDE_SUBSCRIBER,
	 REASON_DROP_TINY_FRAG, FAMILY_IP4, "flets"},
	{"tiny first fragment from the network", shape_tiny_frag, OUT4(FAR4, POOL4), SIDE_NETWORK,
	 REASON_PASS_UNREADABLE, FAMILY_IP4, ""},
	{"not TCP", shape_udp, OUT4(POOL4, FAR4), SIDE_SUBSCRIBER, REASON_PASS_NOT_TCP, FAMILY_IP4,
	 ""},
	{"frame shorter than its packet", shape_cut_short, OUT4(POOL4, FAR4), SIDE_SUBSCRIBER,
	 REASON_DROP_MALFORMED, FAMILY_IP4, "flets"},
	{"frame longer than the window", shape_long, OUT4(POOL4, FAR4), SIDE_SUBSCRIBER,
	 REASON_DROP_BLOCKED, FAMILY_IP4, "flets"},
	{"ARP", shape_arp, OUT4(POOL4, FAR4), SIDE_SUBSCRIBER, REASON_PASS_NOT_IP, FAMILY_NONE, ""},
	{"nothing but an Ethernet header", shape_14_bytes, OUT4(POOL4, FAR4), SIDE_SUBSCRIBER,
	 REASON_PASS_UNREADABLE, FAMILY_NONE, ""},
};

static void *policy_image(size_t *bytes)
{
	struct image_build *b = image_build_start();
	uint64_t relay = image_build_set(b);
	uint32_t flets = image_build_class(b, "flets", "block");
	uint32_t mass = image_build_class(b, "mass", "limit");
	uint32_t refused = image_build_class(b, "refused", "rst");
	uint32_t watched = image_build_class(b, "watched", "watch");
	uint32_t free_pool = image_build_class(b, "free", "");
	void *image;

	image_build_clause(b, flets, (struct op25b_clause){.sets = relay, .action = ACTION_PERMIT});
	image_build_clause(b, flets,
			   (struct op25b_clause){.sets = OP25B_ANY_SET, .action = ACTION_DROP});
	image_build_clause(b, mass,
			   (struct op25b_clause){.sets = OP25B_ANY_SET,
						 .action = ACTION_LIMIT,
						 .interval_ns = HOUR_NS,
						 .tolerance_ns = HOUR_NS,
						 .hold_ns = HOUR_NS,
						 .over = ACTION_DROP});
	image_build_clause(b, refused,
			   (struct op25b_clause){.sets = OP25B_ANY_SET, .action = ACTION_RST});
	image_build_clause(b, watched,
			   (struct op25b_clause){.sets = OP25B_ANY_SET,
						 .action = ACTION_MONITOR,
						 .as = ACTION_DROP});
	image_build_prefix(b, "198.51.100.0/25", flets, 0, 32);
	image_build_prefix(b, "2001:db8:1000::/40", flets, 0, 48);
	image_build_prefix(b, "198.51.101.0/25", mass, 0, 32);
	image_build_prefix(b, "198.51.102.0/25", refused, 0, 0);
	image_build_prefix(b, "198.51.103.0/25", watched, 0, 0);
	image_build_prefix(b, "198.51.104.0/25", free_pool, 0, 0);
	image_build_prefix(b, "203.0.113.25/32", 0, relay, 0);
	image_build_prefix(b, "2001:db8:25::/64", 0, relay, 0);
	image = image_build_finish(b, 1, bytes);
	image_build_free(b);
	return image;
}

static bool row_holds(struct guard_run *r, const struct row *row)
{
	char error[GUARD_ERROR_BYTES] = "";
	struct guard_run_result got;
	uint32_t action = reason_verdict(row->reason) == VERDICT_PASS ? XDP_PASS : XDP_DROP;
	struct frame f;

	frame_start(&f);
	row->shape(&f, &row->ends);
	if (!guard_run(r, f.bytes_be, f.bytes, row->side, &got, error)) {
		print_error("%s: %s\n", row->sentence, error);
		return false;
	}
	if (got.judged && got.xdp_action == action && got.reason == (uint32_t)row->reason &&
	    got.family == (uint32_t)row->family && strcmp(got.pool, row->pool) == 0)
		return true;
	print_error("%s: got action %u reason %u family %u pool \"%s\", want %u %u %u \"%s\"\n",
		    row->sentence, got.xdp_action, got.reason, got.family, got.pool, action,
		    row->reason, row->family, row->pool);
	return false;
}

static void every_frame_gets_its_reason(void **state)
{
	char error[GUARD_ERROR_BYTES] = "";
	struct guard_run *r = guard_run_start(4096, error);
	size_t i, bytes, failed = 0;
	void *image = policy_image(&bytes);

	(void)state;
	if (!r || !guard_run_publish(r, image, bytes, error))
		fail_msg("%s", error);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		failed += !row_holds(r, &rows[i]);
	print_message("%zu frames, %zu wrong\n", i, failed);
	assert_int_equal(failed, 0);
	free(image);
	guard_run_stop(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_frame_gets_its_reason)};

	return cmocka_run_group_tests_name("guard frames", tests, NULL, NULL);
}
