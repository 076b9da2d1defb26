# SPDX-License-Identifier: BSD-3-Clause
"""Rows about routes that the sender prescribes: the destination address may then be a stop on the way,
and the relay's is the one that would be abused."""

from frames import AH, FRAGMENT, chain, eth, ext, fragment, ip4, ip6, route_option, routing, tcp4, tcp6
from table import (DYN, DYN6, FIX, FIX6, MON, MON6, MX, MX6, NET, REF, REF6, RELAY, RELAY6, SUB, about, row)

LSRR, SSRR = 131, 137
ROUTED = "198.51.100.151"  # in pool `limited`


def routed(options, src=DYN, dst=RELAY, dport=25, cut=None, sport=40000, **ip):
    return eth(0x0800, ip4(src, dst, tcp4(src, dst, dport, sport=sport)[:cut], options=options, **ip))


TO_MX = route_option(LSRR, [MX])

about("E13")
for kind, text in ((LSRR, "loose"), (SSRR, "strict")):
    option = route_option(kind, [MX])
    row("drop_%s_source_route_over_relay" % text, SUB, routed(option), "DROP_SOURCE_ROUTE")
    row("drop_%s_source_route_over_relay_with_3_stops" % text, SUB,
        routed(route_option(kind, [FIX, "192.0.2.1", MX])), "DROP_SOURCE_ROUTE")
    row("drop_%s_source_route_behind_nops" % text, SUB, routed(b"\1\1\1\1" + option), "DROP_SOURCE_ROUTE")
    row("drop_%s_source_route_behind_record_route" % text, SUB,
        routed(b"\x07\x07\x04\0\0\0\0\1" + option), "DROP_SOURCE_ROUTE")
    row("drop_%s_source_route_that_is_used_up" % text, SUB, routed(route_option(kind, [MX], 8)), "DROP_SOURCE_ROUTE")
    row("drop_%s_source_route_to_any_other_server" % text, SUB, routed(option, dst=MX), "DROP_SOURCE_ROUTE")
    row("pass_587_with_%s_source_route" % text, SUB, routed(option, dport=587), "PASS_NOT_PORT25")
    row("pass_%s_source_route_of_fixed_pool" % text, SUB, routed(option, FIX), "PASS_UNRESTRICTED")
row("drop_source_route_in_the_last_octets", SUB, routed(b"\1" * 33 + TO_MX[:7]), "DROP_SOURCE_ROUTE")
row("drop_source_route_type_in_the_very_last_octet", SUB, routed(b"\1" * 39 + b"\x83"), "DROP_SOURCE_ROUTE")
row("drop_source_route_of_length_0", SUB, routed(b"\x83\0\0\0"), "DROP_SOURCE_ROUTE")
row("drop_source_route_behind_router_alert_and_timestamp", SUB,
    routed(b"\x94\x04\0\0" + b"\x44\x0c\x05\0" + b"\0" * 8 + TO_MX), "DROP_SOURCE_ROUTE")
row("drop_source_route_in_first_fragment", SUB, routed(TO_MX, more=True), "DROP_SOURCE_ROUTE")
row("drop_tiny_fragment_with_source_route_over_relay", SUB, routed(TO_MX, cut=8, more=True), "DROP_TINY_FRAG")
row("drop_fragment_at_offset_1_with_source_route_over_relay", SUB, routed(TO_MX, offset=1), "DROP_FRAG_FO1")
row("pass_later_fragment_with_source_route", SUB, routed(TO_MX, offset=2), "PASS_LATER_FRAG")
row("drop_source_route_in_front_of_ah", SUB,
    eth(0x0800, ip4(DYN, RELAY, ext(AH, 6) + tcp4(DYN, RELAY), proto=AH, options=TO_MX)), "DROP_SOURCE_ROUTE")
row("drop_source_route_of_refused_pool_without_reset", SUB, routed(TO_MX, REF), "DROP_SOURCE_ROUTE", tricks=("E37",))
row("count_source_route_of_monitored_pool", SUB, routed(TO_MX, MON), "PASS_MONITOR_DROP")
row("pass_udp_with_source_route", SUB,
    eth(0x0800, ip4(DYN, RELAY, tcp4(DYN, RELAY), proto=17, options=TO_MX)), "PASS_NOT_TCP")
row("permit_relay_with_record_route", SUB, routed(b"\x07\x0b\x04" + b"\0" * 9), "PASS_PERMIT")
row("permit_relay_with_source_route_in_the_data_of_record_route", SUB,
    routed(b"\x07\x0b\x04" + TO_MX + b"\0"), "PASS_PERMIT")
row("permit_relay_with_source_route_behind_the_end_of_options", SUB, routed(b"\0\0\0\0" + TO_MX), "PASS_PERMIT")
row("permit_relay_with_option_3_which_lacks_the_copied_bit", SUB, routed(route_option(3, [MX])), "PASS_PERMIT")
row("permit_relay_with_option_9_which_lacks_the_copied_bit", SUB, routed(route_option(9, [MX])), "PASS_PERMIT")
row("permit_relay_with_source_route_behind_an_option_of_length_0", SUB, routed(b"\x94\0\0\0" + TO_MX), "PASS_PERMIT")
row("permit_relay_with_source_route_behind_an_option_of_length_1", SUB, routed(b"\x94\1\0\0" + TO_MX), "PASS_PERMIT")
row("permit_relay_with_option_that_reaches_beyond_the_header", SUB, routed(b"\x94\xff\0\0" + TO_MX), "PASS_PERMIT")
row("permit_relay_with_an_option_of_length_2", SUB, routed(b"\x94\2\0\0"), "PASS_PERMIT")
row("drop_source_route_behind_an_option_of_length_2", SUB, routed(b"\x94\2" + TO_MX + b"\0\0"), "DROP_SOURCE_ROUTE")
row("catch_answer_with_source_route", NET, routed(TO_MX, MX, DYN, 40000, sport=25), "DROP_MIRROR")
row("permit_relay_answer_with_source_route", NET, routed(TO_MX, RELAY, DYN, 40000, sport=25), "PASS_PERMIT")
# It is the strictest clause that judges: here the limit, not the relay's permit.
for nth, reason in (("first", "PASS_WITHIN_LIMIT"), ("second", "PASS_WITHIN_LIMIT"), ("third", "PASS_WITHIN_LIMIT"),
                    ("fourth", "DROP_LIMIT_OVER")):
    row("count_%s_source_route_over_relay_of_limited_pool" % nth, SUB, routed(TO_MX, ROUTED), reason)


def stops(kind, left, src=DYN6, dst=RELAY6, dport=25, before=(), sport=40000, count=1, **ip):
    """A segment behind a routing header, and behind the headers `before` that one."""
    nh, front = chain(before, b"", 43)
    header = routing(6, kind, left, [MX6] * count)
    return eth(0x86DD, ip6(src, dst, front + header + tcp6(src, dst, dport, sport=sport), nh=nh, **ip))


about("E14")
TYPES = {0: "type_0", 2: "type_2_mobile", 3: "type_3_rpl", 4: "type_4_segment", 253: "type_253_experimental"}
for kind, text in TYPES.items():
    reason = "DROP_SEGMENTS_LEFT" if kind else "DROP_ROUTING_TYPE0"
    row("drop_routing_%s_over_relay" % text, SUB, stops(kind, 1), reason)
    row("drop_routing_%s_over_relay_with_3_stops" % text, SUB, stops(kind, 3, count=3), reason)
    row("drop_routing_%s_to_any_other_server" % text, SUB, stops(kind, 1, dst=MX6), reason)
    row("pass_587_with_routing_%s" % text, SUB, stops(kind, 1, dport=587), "PASS_NOT_PORT25")
    row("pass_routing_%s_of_fixed_pool" % text, SUB, stops(kind, 1, FIX6), "PASS_UNRESTRICTED")
    row("%s_relay_with_routing_%s_that_is_used_up" % ("permit" if kind else "drop", text), SUB, stops(kind, 0),
        "PASS_PERMIT" if kind else reason)
row("block_other_server_with_routing_that_is_used_up", SUB, stops(4, 0, dst=MX6), "DROP_BLOCKED")
row("drop_255_segments_left_over_relay", SUB, stops(4, 255), "DROP_SEGMENTS_LEFT")
row("drop_segments_left_behind_hop_by_hop_and_options", SUB, stops(4, 1, before=[0, 60]), "DROP_SEGMENTS_LEFT")
row("drop_segments_left_behind_15_headers", SUB, stops(4, 1, before=[60] * 15), "DROP_SEGMENTS_LEFT")
row("drop_segments_left_behind_ah", SUB, stops(4, 1, before=[AH]), "DROP_SEGMENTS_LEFT", tricks=("E20",))
row("drop_segments_left_in_front_of_ah", SUB, eth(0x86DD, ip6(
    DYN6, RELAY6, routing(AH, 4, 1, [MX6]) + ext(AH, 6) + tcp6(DYN6, RELAY6), nh=43)), "DROP_SEGMENTS_LEFT")
row("drop_segments_left_in_the_second_routing_header", SUB, eth(0x86DD, ip6(
    DYN6, RELAY6, routing(43, 4, 0, [MX6]) + routing(6, 4, 1, [MX6]) + tcp6(DYN6, RELAY6), nh=43)), "DROP_SEGMENTS_LEFT")
row("drop_type_0_behind_segments_left", SUB, eth(0x86DD, ip6(
    DYN6, RELAY6, routing(43, 4, 1, [MX6]) + routing(6, 0, 1, [MX6]) + tcp6(DYN6, RELAY6), nh=43)), "DROP_ROUTING_TYPE0")
row("drop_segments_left_in_first_fragment", SUB, eth(0x86DD, ip6(
    DYN6, RELAY6, routing(FRAGMENT, 4, 1, [MX6]) + fragment(6, more=True) + tcp6(DYN6, RELAY6), nh=43)), "DROP_SEGMENTS_LEFT")
row("drop_split_chain_with_segments_left_over_relay", SUB, eth(0x86DD, ip6(
    DYN6, RELAY6, routing(FRAGMENT, 4, 1, [MX6]) + fragment(6, more=True) + tcp6(DYN6, RELAY6)[:8], nh=43)), "DROP_FRAG_CHAIN")
row("drop_routing_header_over_relay_whose_length_lies", SUB, eth(0x86DD, ip6(
    DYN6, RELAY6, routing(6, 4, 1, [MX6], length=200) + tcp6(DYN6, RELAY6), nh=43)), "DROP_MALFORMED")
row("pass_routing_header_to_relay_whose_length_lies_and_nothing_is_left", SUB, eth(0x86DD, ip6(
    DYN6, RELAY6, routing(6, 4, 0, [MX6], length=200) + tcp6(DYN6, RELAY6), nh=43)), "PASS_UNREADABLE")
row("pass_later_fragment_behind_segments_left", SUB, eth(0x86DD, ip6(
    DYN6, RELAY6, routing(FRAGMENT, 4, 1, [MX6]) + fragment(6, 2) + tcp6(DYN6, RELAY6), nh=43)), "PASS_LATER_FRAG")
row("drop_segments_left_of_refused_pool_without_reset", SUB, stops(4, 1, REF6), "DROP_SEGMENTS_LEFT", tricks=("E37",))
row("count_segments_left_of_monitored_pool", SUB, stops(4, 1, MON6), "PASS_MONITOR_DROP")
row("pass_udp_with_segments_left", SUB,
    eth(0x86DD, ip6(DYN6, RELAY6, routing(17, 4, 1, [MX6]) + tcp6(DYN6, RELAY6), nh=43)), "PASS_NOT_TCP")
row("catch_answer_with_segments_left", NET, stops(4, 1, MX6, DYN6, 40000, sport=25), "DROP_MIRROR")
row("permit_relay_answer_with_segments_left", NET, stops(4, 1, RELAY6, DYN6, 40000, sport=25), "PASS_PERMIT")
# What is not read of a chain may hold such a header, so that the relay's address says nothing.
row("drop_relay_with_segments_left_behind_16_headers", SUB, eth(0x86DD, ip6(
    DYN6, RELAY6, chain([60] * 16, b"", 43)[1] + routing(6, 4, 1, [MX6]) + tcp6(DYN6, RELAY6), nh=60)), "DROP_EH_LIMIT", tricks=("E16",))
row("drop_chain_to_relay_split_before_a_routing_header", SUB, eth(0x86DD, ip6(
    DYN6, RELAY6, fragment(43, more=True), nh=FRAGMENT)), "DROP_FRAG_CHAIN", tricks=("E17",))
row("drop_chain_to_relay_that_goes_on_beyond_the_window", SUB, eth(0x86DD, ip6(
    DYN6, RELAY6, ext(60, 43, 25) + routing(6, 4, 1, [MX6]) + tcp6(DYN6, RELAY6), nh=60)), "DROP_WINDOW", tricks=("E16",))
