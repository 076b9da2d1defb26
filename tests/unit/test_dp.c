// SPDX-License-Identifier: BSD-3-Clause
//
// The worker's path on ring ports: what passes is byte for byte what came, what is dropped is gone,
// and each frame is counted once.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <rte_ethdev.h>
#include <unistd.h>

#include "dataplane/core/image_view.h"
#include "dataplane/dpdk/clock.h"
#include "dataplane/dpdk/port.h"
#include "dp_rings.h"
#include "frame_build.h"
#include "image_build.h"

#define JUMBO_BYTES 9000u

static uint32_t metered_slot;
static const struct dp_rings_config usual = {.slots = 65536, .answers_per_s = 1000};

// Pool "flets": to the relay permit, to the rst set rst, else drop. Pool "metered": 1 connection,
// then over. Addresses in 192.0.2.0/24 are in no pool.
static void *make_image(uint64_t generation, size_t *bytes)
{
	struct image_build *b = image_build_start();
	uint32_t flets = image_build_class(b, "flets", "block");
	uint32_t metered = image_build_class(b, "metered", "limit");
	uint64_t relay = image_build_set(b), refused = image_build_set(b);
	void *image;

	image_build_clause(b, flets, (struct op25b_clause){.sets = relay, .action = ACTION_PERMIT});
	image_build_clause(b, flets, (struct op25b_clause){.sets = refused, .action = ACTION_RST});
	image_build_clause(b, flets,
			   (struct op25b_clause){.sets = OP25B_ANY_SET, .action = ACTION_DROP});
	image_build_clause(b, metered,
			   (struct op25b_clause){.sets = OP25B_ANY_SET,
						 .action = ACTION_LIMIT,
						 .interval_ns = 1ull << 50,
						 .tolerance_ns = 0,
						 .over = ACTION_DROP});
	image_build_prefix(b, "198.51.100.0/24", flets, 0, 32);
	image_build_prefix(b, "2001:db8:1000::/48", flets, 0, 56);
	metered_slot = image_build_prefix(b, "100.64.0.0/24", metered, 0, 32);
	image_build_prefix(b, "203.0.113.25/32", 0, relay, 0);
	image_build_prefix(b, "203.0.113.66/32", 0, refused, 0);
	image_build_prefix(b, "2001:db8:25::/64", 0, relay, 0);
	image = image_build_finish(b, generation, bytes);
	image_build_free(b);
	return image;
}

static int start(void **state)
{
	size_t bytes;
	void *image = make_image(1, &bytes);

	(void)state;
	dp_rings_start(&usual);
	assert_int_equal(dp_rings_publish(image, bytes).outcome, OUTCOME_APPLIED);
	free(image);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	dp_rings_stop();
	return 0;
}

static void tcp4(struct frame *f, const char *src, const char *dst, uint16_t sport, uint16_t dport,
		 size_t payload_bytes)
{
	frame_start(f);
	frame_zeros(f, payload_bytes);
	frame_tcp(f, sport, dport, 0x02);
	frame_ip4(f, src, dst, 6, 0, 0);
	frame_eth(f, 0x0800);
}

// Sends f from side and expects the very same bytes on the other.
static void expect_pass(enum op25b_side side, const void *frame, uint32_t bytes,
			enum op25b_reason reason)
{
	enum op25b_side other = side == SIDE_SUBSCRIBER ? SIDE_NETWORK : SIDE_SUBSCRIBER;
	uint64_t before = dp_rings_reason_count(reason);
	uint8_t got[JUMBO_BYTES];

	dp_rings_send(side, frame, bytes);
	assert_int_equal(dp_rings_turn(), 1);
	assert_int_equal(dp_rings_receive(other, got, sizeof(got)), bytes);
	assert_memory_equal(got, frame, bytes);
	assert_int_equal(dp_rings_receive(side, got, sizeof(got)), 0);
	assert_int_equal(dp_rings_reason_count(reason), before + 1);
}

static void expect_drop(enum op25b_side side, const void *frame, uint32_t bytes,
			enum op25b_reason reason)
{
	uint64_t before = dp_rings_reason_count(reason);
	uint8_t got[JUMBO_BYTES];

	dp_rings_send(side, frame, bytes);
	assert_int_equal(dp_rings_turn(), 1);
	assert_int_equal(dp_rings_receive(SIDE_NETWORK, got, sizeof(got)), 0);
	assert_int_equal(dp_rings_receive(SIDE_SUBSCRIBER, got, sizeof(got)), 0);
	assert_int_equal(dp_rings_reason_count(reason), before + 1);
}

static void passes_what_is_not_ip_byte_for_byte(void **state)
{
	uint8_t frame[JUMBO_BYTES];
	uint32_t bytes, i;

	(void)state;
	for (bytes = 14; bytes <= 1600; bytes += bytes < 70 ? 1 : 97) {
		for (i = 0; i < bytes; i++)
			frame[i] = (uint8_t)(i * 7 + bytes);
		if (bytes >= 14)
			memcpy(frame + 12, "\x08\x06", 2);
		expect_pass(i % 2 ? SIDE_SUBSCRIBER : SIDE_NETWORK, frame, bytes,
			    REASON_PASS_NOT_IP);
	}
}

// No device can send on what is shorter than an Ethernet header.
static void drops_runts_from_both_sides(void **state)
{
	uint8_t frame[14] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0};
	uint32_t bytes;

	(void)state;
	for (bytes = 0; bytes < sizeof(frame); bytes++) {
		expect_drop(SIDE_SUBSCRIBER, frame, bytes, REASON_DROP_RUNT);
		expect_drop(SIDE_NETWORK, frame, bytes, REASON_DROP_RUNT);
	}
	expect_pass(SIDE_SUBSCRIBER, frame, sizeof(frame), REASON_PASS_UNREADABLE);
}

static void passes_other_ports_and_families(void **state)
{
	struct frame f;

	(void)state;
	tcp4(&f, "198.51.100.7", "192.0.2.1", 1024, 587, 100);
	expect_pass(SIDE_SUBSCRIBER, f.bytes_be, (uint32_t)f.bytes, REASON_PASS_NOT_PORT25);
	tcp4(&f, "198.51.100.7", "203.0.113.25", 1024, 25, 100);
	expect_pass(SIDE_SUBSCRIBER, f.bytes_be, (uint32_t)f.bytes, REASON_PASS_PERMIT);
	tcp4(&f, "192.0.2.77", "192.0.2.1", 1024, 25, 100);
	expect_pass(SIDE_SUBSCRIBER, f.bytes_be, (uint32_t)f.bytes, REASON_PASS_NO_POOL);
	frame_start(&f);
	frame_tcp(&f, 1024, 25, 0x02);
	frame_ip6(&f, "2001:db8:1000:100::1", "2001:db8:25::7", 6);
	frame_eth(&f, 0x86dd);
	expect_pass(SIDE_SUBSCRIBER, f.bytes_be, (uint32_t)f.bytes, REASON_PASS_PERMIT);
}

static void drops_direct_mail_and_its_answers(void **state)
{
	uint64_t in_pool;
	struct frame f;

	(void)state;
	tcp4(&f, "198.51.100.7", "192.0.2.1", 1024, 25, 0);
	expect_drop(SIDE_SUBSCRIBER, f.bytes_be, (uint32_t)f.bytes, REASON_DROP_BLOCKED);
	in_pool = dp_rings_counters()
			  ->cell[OP25B_CELL_INDEX(1, REASON_DROP_BLOCKED, FAMILY_IP4)]
			  .packets;
	assert_string_equal(dp_rings_stats_header()->pool_name[1], "flets");
	assert_int_equal(in_pool, 1);
	tcp4(&f, "192.0.2.1", "198.51.100.7", 25, 1024, 0);
	expect_drop(SIDE_NETWORK, f.bytes_be, (uint32_t)f.bytes, REASON_DROP_MIRROR);
	frame_start(&f);
	frame_tcp(&f, 1024, 25, 0x02);
	frame_ip6(&f, "2001:db8:1000:100::1", "2001:db8:77::7", 6);
	frame_vlan(&f, 0x86dd);
	frame_eth(&f, 0x8100);
	expect_drop(SIDE_SUBSCRIBER, f.bytes_be, (uint32_t)f.bytes, REASON_DROP_BLOCKED);
}

// The headers lie in several buffers, as a driver that scatters may leave them.
static void judges_headers_split_over_buffers(void **state)
{
	uint8_t got[JUMBO_BYTES];
	struct frame f;
	uint32_t cut;

	(void)state;
	tcp4(&f, "198.51.100.7", "192.0.2.1", 1024, 25, 600);
	for (cut = 1; cut < 300; cut++) {
		dp_rings_send_split(SIDE_SUBSCRIBER, f.bytes_be, (uint32_t)f.bytes, &cut, 1);
		assert_int_equal(dp_rings_turn(), 1);
		assert_int_equal(dp_rings_reason_count(REASON_DROP_BLOCKED), cut);
	}
	tcp4(&f, "198.51.100.7", "203.0.113.25", 1024, 25, 600);
	for (cut = 1; cut < 300; cut++) {
		dp_rings_send_split(SIDE_SUBSCRIBER, f.bytes_be, (uint32_t)f.bytes, &cut, 1);
		assert_int_equal(dp_rings_turn(), 1);
		assert_int_equal(dp_rings_receive(SIDE_NETWORK, got, sizeof(got)), f.bytes);
		assert_memory_equal(got, f.bytes_be, f.bytes);
	}
}

static void passes_jumbo_frames(void **state)
{
	uint8_t frame[JUMBO_BYTES];
	struct frame f;
	uint32_t i;

	(void)state;
	tcp4(&f, "198.51.100.7", "192.0.2.1", 1024, 443, 0);
	memcpy(frame, f.bytes_be, f.bytes);
	for (i = (uint32_t)f.bytes; i < JUMBO_BYTES; i++)
		frame[i] = (uint8_t)(i * 31);
	frame[16] = (JUMBO_BYTES - 14) >> 8;
	frame[17] = (JUMBO_BYTES - 14) & 255;
	expect_pass(SIDE_SUBSCRIBER, frame, JUMBO_BYTES, REASON_PASS_NOT_PORT25);
}

static void limits_a_subscriber_and_keeps_its_state_in_its_slot(void **state)
{
	struct frame f;

	(void)state;
	tcp4(&f, "100.64.0.9", "192.0.2.1", 1024, 25, 0);
	expect_pass(SIDE_SUBSCRIBER, f.bytes_be, (uint32_t)f.bytes, REASON_PASS_WITHIN_LIMIT);
	expect_drop(SIDE_SUBSCRIBER, f.bytes_be, (uint32_t)f.bytes, REASON_DROP_LIMIT_OVER);
	assert_true(dp_rings_slots()[metered_slot + 9] > 0);
	assert_int_equal(dp_rings_slots()[metered_slot + 8], 0);
	tcp4(&f, "100.64.0.8", "192.0.2.1", 1024, 25, 0);
	expect_pass(SIDE_SUBSCRIBER, f.bytes_be, (uint32_t)f.bytes, REASON_PASS_WITHIN_LIMIT);
}

static void keeps_the_order_of_a_mixed_burst(void **state)
{
	uint8_t got[JUMBO_BYTES];
	uint32_t i, next = 0;
	struct frame f;

	(void)state;
	for (i = 0; i < 1000; i++) {
		tcp4(&f, "198.51.100.7", i % 3 ? "192.0.2.1" : "203.0.113.25", (uint16_t)i,
		     i % 3 == 1 ? 443 : 25, i % 50);
		dp_rings_send(SIDE_SUBSCRIBER, f.bytes_be, (uint32_t)f.bytes);
	}
	assert_int_equal(dp_rings_turn(), 1000);
	while (dp_rings_receive(SIDE_NETWORK, got, sizeof(got))) {
		while (next % 3 == 2)
			next++;
		assert_int_equal(got[34] << 8 | got[35], next++);
	}
	assert_int_equal(next, 1000);
	assert_int_equal(dp_rings_reason_count(REASON_DROP_BLOCKED), 333);
}

// received = forwarded + dropped + answered + tx_full, with a transmit queue that overflows.
static void accounts_for_each_frame(void **state)
{
	static const char *const to[] = {"192.0.2.1", "203.0.113.25", "203.0.113.66"};
	struct dp_rings_config c = {.slots = 1024, .answers_per_s = 100, .tx_frames = 128};
	const struct op25b_port_counters *port;
	uint32_t i, sent = 0, left = 0, answered = 0;
	uint8_t got[JUMBO_BYTES];
	struct stats_totals sum;
	struct frame f;
	size_t bytes;
	void *image = make_image(1, &bytes);

	(void)state;
	dp_rings_stop();
	dp_rings_start(&c);
	assert_int_equal(dp_rings_publish(image, bytes).outcome, OUTCOME_APPLIED);
	free(image);
	for (i = 0; i < 900; i++, sent++) {
		tcp4(&f, "198.51.100.7", to[i % 3], (uint16_t)i, i % 5 ? 25 : 80, i % 50);
		dp_rings_send(i % 7 ? SIDE_SUBSCRIBER : SIDE_NETWORK, f.bytes_be,
			      (uint32_t)f.bytes);
	}
	assert_int_equal(dp_rings_turn(), sent);
	stats_sum(dp_rings_stats(), &sum);
	assert_int_equal(sum.received, sent);
	assert_int_equal(sum.verdict[VERDICT_PASS] + sum.verdict[VERDICT_DROP] +
				 sum.verdict[VERDICT_ANSWER],
			 sent);
	assert_true(sum.tx_full > 0 && sum.verdict[VERDICT_ANSWER] > 0);
	while (dp_rings_receive(SIDE_NETWORK, got, sizeof(got)))
		left++;
	while (dp_rings_receive(SIDE_SUBSCRIBER, got, sizeof(got)))
		answered++;
	port = dp_rings_counters()->port;
	assert_int_equal(left, port[SIDE_NETWORK].tx_packets);
	assert_int_equal(answered, port[SIDE_SUBSCRIBER].tx_packets);
	assert_int_equal(port[SIDE_SUBSCRIBER].answer_packets, sum.verdict[VERDICT_ANSWER]);
	assert_int_equal(left + answered,
			 sum.verdict[VERDICT_PASS] - sum.tx_full + sum.verdict[VERDICT_ANSWER]);
	assert_int_equal(dp_rings_buffers_in_use(), 0);
}

static void holds_traffic_before_the_first_policy(void **state)
{
	uint8_t got[JUMBO_BYTES];
	struct frame f;
	size_t bytes;
	void *image = make_image(1, &bytes);

	(void)state;
	dp_rings_stop();
	dp_rings_start(&usual);
	tcp4(&f, "198.51.100.7", "203.0.113.25", 1024, 25, 0);
	dp_rings_send(SIDE_SUBSCRIBER, f.bytes_be, (uint32_t)f.bytes);
	assert_int_equal(dp_rings_turn(), 0);
	assert_int_equal(dp_rings_counters()->generation, 0);
	// Not received, so not lost: it is judged by the policy when that comes.
	assert_int_equal(dp_rings_publish(image, bytes).outcome, OUTCOME_APPLIED);
	free(image);
	assert_int_equal(dp_rings_turn(), 1);
	assert_int_equal(dp_rings_receive(SIDE_NETWORK, got, sizeof(got)), f.bytes);
	assert_int_equal(dp_rings_reason_count(REASON_PASS_PERMIT), 1);
}

static void passes_traffic_before_the_first_policy_if_told_so(void **state)
{
	struct dp_rings_config c = usual;
	struct frame f;

	(void)state;
	dp_rings_stop();
	c.start_pass = true;
	dp_rings_start(&c);
	tcp4(&f, "198.51.100.7", "192.0.2.1", 1024, 25, 0);
	expect_pass(SIDE_SUBSCRIBER, f.bytes_be, (uint32_t)f.bytes, REASON_PASS_NO_POLICY);
}

// Starts on guarded ports, with `start` as pass. Returns a frame of blocked mail.
static struct frame start_guarded(const struct op25b_guard_control *guard,
				  struct op25b_guard_beat *heartbeat)
{
	struct dp_rings_config c = usual;
	struct frame f;

	dp_rings_stop();
	c.start_pass = true;
	c.guard = guard;
	c.heartbeat = heartbeat;
	dp_rings_start(&c);
	tcp4(&f, "198.51.100.7", "192.0.2.1", 1024, 25, 0);
	return f;
}

// A restart is no first start: the guard has a policy, or knows by itself what `start` says.
static void leaves_frames_to_the_guard_until_it_has_a_policy(void **state)
{
	const struct op25b_guard_control guard = {.active = 7 * 2 + 1, .image_checksum = 7};
	struct op25b_guard_beat heartbeat = {0};
	struct frame f = start_guarded(&guard, &heartbeat);
	size_t bytes;
	void *image = make_image(7, &bytes);

	(void)state;
	dp_rings_send(SIDE_SUBSCRIBER, f.bytes_be, (uint32_t)f.bytes);
	assert_int_equal(dp_rings_turn(), 0);
	assert_int_equal(heartbeat.turn_ns, 0);
	assert_int_equal(dp_rings_publish(image, bytes).outcome, OUTCOME_APPLIED);
	assert_int_equal(dp_rings_turn(), 1);
	assert_int_equal(dp_rings_reason_count(REASON_DROP_BLOCKED), 1);
	assert_true(heartbeat.turn_ns > 0);
	free(image);
}

// op25b-dp hung while the guard was given a newer policy. It is the one in force.
static void leaves_frames_to_the_guard_while_that_has_a_newer_policy(void **state)
{
	struct op25b_guard_control guard = {.active = 0};
	struct op25b_guard_beat heartbeat = {0};
	struct frame f = start_guarded(&guard, &heartbeat);
	size_t bytes;
	struct op25b_image_hdr *image = make_image(5, &bytes);

	(void)state;
	assert_int_equal(dp_rings_publish(image, bytes).outcome, OUTCOME_APPLIED);
	assert_int_equal(dp_rings_turn(), 0);
	assert_true(heartbeat.turn_ns > 0);
	guard.active = 6 * 2;
	guard.image_checksum = image->checksum + 1;
	dp_rings_send(SIDE_SUBSCRIBER, f.bytes_be, (uint32_t)f.bytes);
	assert_int_equal(dp_rings_turn(), 0);
	assert_int_equal(heartbeat.turn_ns, 0);
	// A newer generation of the very same policy is no newer policy.
	guard.image_checksum = image->checksum;
	assert_int_equal(dp_rings_turn(), 1);
	assert_true(heartbeat.turn_ns > 0);
	// Neither is an older one that the guard is yet to be moved on from.
	guard = (struct op25b_guard_control){.active = 4 * 2, .image_checksum = 4};
	expect_drop(SIDE_SUBSCRIBER, f.bytes_be, (uint32_t)f.bytes, REASON_DROP_BLOCKED);
	free(image);
}

// Under load the time of a turn is that of a turn before it; without frames it is read again.
static void takes_no_time_that_is_older_than_some_turns(void **state)
{
	const uint64_t slewed_ns = 1000; // what a worker's clock may be behind by: clock.h
	uint64_t began_ns[3 * WORKER_CLOCK_TURNS], oldest_ns = 0;
	uint32_t i;
	struct frame f;

	(void)state;
	tcp4(&f, "198.51.100.7", "192.0.2.1", 1024, 443, 0);
	for (i = 0; i < 3 * WORKER_CLOCK_TURNS; i++) {
		bool is_load = i != 2 * WORKER_CLOCK_TURNS;

		usleep(50);
		began_ns[i] = clock_now_ns();
		if (is_load)
			dp_rings_send(SIDE_SUBSCRIBER, f.bytes_be, (uint32_t)f.bytes);
		assert_int_equal(worker_turn(dp_rings_worker()), is_load);
		if (i >= WORKER_CLOCK_TURNS)
			oldest_ns = began_ns[i - WORKER_CLOCK_TURNS + 1];
		if (i == 2 * WORKER_CLOCK_TURNS + 1) // the turn before had no frames
			oldest_ns = began_ns[i];
		assert_true(dp_rings_counters()->heartbeat_ns + slewed_ns >= oldest_ns);
	}
	assert_int_equal(dp_rings_reason_count(REASON_PASS_NOT_PORT25), i - 1);
}

// What the driver says of devices 3 and 4, in place of rte_eth_stats_get(): ring ports lose
// nothing.
static struct rte_eth_stats driver_says[2];
static int driver_error;

int __wrap_rte_eth_stats_get(uint16_t eth, struct rte_eth_stats *stats);
int __wrap_rte_eth_stats_get(uint16_t eth, struct rte_eth_stats *stats)
{
	assert_in_range(eth, 3, 4);
	*stats = driver_says[eth - 3];
	return eth == 4 ? driver_error : 0;
}

static void adds_up_what_the_devices_of_a_port_lost(void **state)
{
	const struct port port = {
		.name = "nic", .device = {{.eth = 3}, {.eth = 4}}, .device_count = 2};
	struct op25b_stats_port to = {.name = "nic", .side = SIDE_NETWORK, .pair = 2};

	(void)state;
	driver_says[0] = (struct rte_eth_stats){
		.ipackets = 1, .imissed = 1ull << 40, .ierrors = 20, .oerrors = 2, .rx_nombuf = 3};
	driver_says[1] = (struct rte_eth_stats){
		.ipackets = 7, .imissed = 1, .ierrors = 300, .oerrors = 7, .rx_nombuf = 40};
	driver_error = 0;
	port_read_losses(&port, &to);
	assert_true(to.rx_missed_packets == (1ull << 40) + 1);
	assert_int_equal(to.rx_error_packets, 320);
	assert_int_equal(to.rx_nobuf_packets, 43);
	// A driver that fails to answer takes nothing back.
	memset(driver_says, 0, sizeof(driver_says));
	driver_error = -EIO;
	port_read_losses(&port, &to);
	assert_true(to.rx_missed_packets == (1ull << 40) + 1);
	assert_int_equal(to.rx_error_packets, 320);
	assert_int_equal(to.rx_nobuf_packets, 43);
	assert_string_equal(to.name, "nic");
	assert_int_equal(to.pair, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(passes_what_is_not_ip_byte_for_byte, start, stop),
		cmocka_unit_test_setup_teardown(drops_runts_from_both_sides, start, stop),
		cmocka_unit_test_setup_teardown(passes_other_ports_and_families, start, stop),
		cmocka_unit_test_setup_teardown(drops_direct_mail_and_its_answers, start, stop),
		cmocka_unit_test_setup_teardown(judges_headers_split_over_buffers, start, stop),
		cmocka_unit_test_setup_teardown(passes_jumbo_frames, start, stop),
		cmocka_unit_test_setup_teardown(limits_a_subscriber_and_keeps_its_state_in_its_slot,
						start, stop),
		cmocka_unit_test_setup_teardown(keeps_the_order_of_a_mixed_burst, start, stop),
		cmocka_unit_test_setup_teardown(accounts_for_each_frame, start, stop),
		cmocka_unit_test_setup_teardown(holds_traffic_before_the_first_policy, start, stop),
		cmocka_unit_test_setup_teardown(passes_traffic_before_the_first_policy_if_told_so,
						start, stop),
		cmocka_unit_test_setup_teardown(leaves_frames_to_the_guard_until_it_has_a_policy,
						start, stop),
		cmocka_unit_test_setup_teardown(
			leaves_frames_to_the_guard_while_that_has_a_newer_policy, start, stop),
		cmocka_unit_test_setup_teardown(takes_no_time_that_is_older_than_some_turns, start,
						stop),
		cmocka_unit_test(adds_up_what_the_devices_of_a_port_lost),
	};

	return cmocka_run_group_tests_name("dp", tests, NULL, NULL);
}
