# SPDX-License-Identifier: BSD-3-Clause
"""Rows about sources that are not believed, about frames that nobody answers, and about what a filter
may be used for."""

from frames import (CTAG, FRAGMENT, NETWORK_MAC, SUBSCRIBER_MAC, chain, eth, ext, fragment, ip4, ip6, mpls,
                    route_option, tcp4, tcp6)
from table import (CLO, CLO6, DYN, DYN6, EAST, EAST6, FIX, INSIDE, INSIDE6, MX, MX6, NET, PARTNER, PARTNER6, REF,
                   REF6, RELAY, RELAY6, STRANGER, SUB, WEST, WEST6, WLIM, WLIM6, about, back4, back6, row, seg4,
                   seg6)

# The relay's address is believed on the network's side only.
about("E5")
row("drop_relay_as_source_v4", SUB, seg4(RELAY, MX), "DROP_SRC_SPOOFED", tricks=("E4",))
row("drop_relay_as_source_v6", SUB, seg6(RELAY6, MX6), "DROP_SRC_SPOOFED", tricks=("E4",))
row("drop_relay_as_source_in_vlan", SUB, seg4(RELAY, MX, tags=[CTAG]), "DROP_SRC_SPOOFED")
row("drop_relay_as_source_to_the_relay", SUB, seg4(RELAY, RELAY), "DROP_SRC_SPOOFED")
row("drop_relay_as_source_to_a_subscriber", SUB, seg4(RELAY, FIX), "DROP_SRC_SPOOFED")
row("drop_data_of_relay_as_source", SUB, seg6(RELAY6, MX6, flags="PA", data=b"MAIL FROM:<>"), "DROP_SRC_SPOOFED")
row("drop_any_host_of_relay_prefix_as_source", SUB, seg6("2001:db8:25::ffff", MX6), "DROP_SRC_SPOOFED")
row("drop_relay_as_source_behind_options", SUB,
    eth(0x0800, ip4(RELAY, MX, tcp4(RELAY, MX), options=b"\1" * 8)), "DROP_SRC_SPOOFED")
row("drop_relay_as_source_behind_destination_options", SUB,
    eth(0x86DD, ip6(RELAY6, MX6, ext(60, 6) + tcp6(RELAY6, MX6), nh=60)), "DROP_SRC_SPOOFED")
row("drop_relay_as_source_with_source_route", SUB, eth(0x0800, ip4(
    RELAY, MX, tcp4(RELAY, MX), options=b"\x83\x07\x04\xc0\0\x02\x01\0")), "DROP_SRC_SPOOFED", tricks=("E13",))
row("drop_tiny_fragment_with_relay_as_source", SUB,
    eth(0x0800, ip4(RELAY, MX, tcp4(RELAY, MX)[:8], more=True)), "DROP_TINY_FRAG", tricks=("E7",))
row("drop_split_chain_with_relay_as_source", SUB, eth(0x86DD, ip6(
    RELAY6, MX6, fragment(60, more=True) + ext(60, 6), nh=FRAGMENT)), "DROP_FRAG_CHAIN", tricks=("E17",))
row("drop_fragment_at_offset_1_with_relay_as_source", SUB,
    eth(0x0800, ip4(RELAY, RELAY, tcp4(RELAY, RELAY), offset=1)), "DROP_FRAG_FO1", tricks=("E9",))
row("pass_587_with_relay_as_source", SUB, seg4(RELAY, MX, 587), "PASS_NOT_PORT25", tricks=("E4",))
row("pass_answer_from_port_25_with_relay_as_source", SUB, back4(RELAY, MX), "PASS_NOT_PORT25")
row("pass_udp_25_with_relay_as_source", SUB, eth(0x0800, ip4(RELAY, MX, tcp4(RELAY, MX), proto=17)), "PASS_NOT_TCP")
row("pass_relay_that_delivers_to_a_subscriber", NET, seg4(RELAY, DYN), "PASS_INBOUND", tricks=("E6",))
row("pass_neighbour_of_the_relay_as_source", SUB, seg4("203.0.113.26", MX), "PASS_NO_POOL", tricks=("E4",))
row("pass_neighbour_prefix_of_the_relay_as_source_v6", SUB, seg6("2001:db8:25:1::25", MX6), "PASS_NO_POOL", tricks=("E4",))
row("pass_monitored_destination_as_source", SUB, seg4(PARTNER, MX), "PASS_NO_POOL")
row("pass_monitored_destination_as_source_v6", SUB, seg6(PARTNER6, MX6), "PASS_NO_POOL")
row("pass_pool_address_as_source_from_network", NET, seg4(DYN, STRANGER), "PASS_INBOUND", tricks=("E4",))

# A pool lives behind the pairs of ports that it names: there it is believed, elsewhere it is not.
def on_pairs(name, frame, reasons, **fields):
    """The same frame on both pairs of ports."""
    for pair, (place, reason) in enumerate(zip(("east", "west"), reasons)):
        row("%s_on_%s" % (name, place), SUB, frame, reason, pair=pair, **fields)


SPOOFED, OPEN, BLOCKED = "DROP_SRC_SPOOFED", "PASS_UNRESTRICTED", "DROP_BLOCKED"
on_pairs("fixed_pool_of_east_v4", seg4(EAST, MX), (OPEN, SPOOFED), tricks=("E4",))
on_pairs("fixed_pool_of_east_v6", seg6(EAST6, MX6), (OPEN, SPOOFED), tricks=("E4",))
on_pairs("fixed_pool_of_east_to_relay", seg4(EAST, RELAY), (OPEN, SPOOFED), tricks=("E4",))
on_pairs("data_of_fixed_pool_of_east", seg4(EAST, MX, flags="PA", data=b"DATA"), (OPEN, SPOOFED), tricks=("E2", "E4"))
on_pairs("blocked_pool_of_west_v4", seg4(WEST, MX), (SPOOFED, BLOCKED), tricks=("E4",))
on_pairs("blocked_pool_of_west_v6", seg6(WEST6, MX6), (SPOOFED, BLOCKED), tricks=("E4",))
on_pairs("blocked_pool_of_west_to_relay", seg4(WEST, RELAY), (SPOOFED, "PASS_PERMIT"), tricks=("E4",))
on_pairs("587_of_blocked_pool_of_west", seg4(WEST, MX, 587), ("PASS_NOT_PORT25",) * 2, tricks=("E4",))
on_pairs("587_of_fixed_pool_of_east_v6", seg6(EAST6, MX6, 587), ("PASS_NOT_PORT25",) * 2, tricks=("E4",))
on_pairs("pool_of_all_pairs", seg4(DYN, MX), (BLOCKED, BLOCKED))
on_pairs("fixed_pool_of_all_pairs", seg4(FIX, MX), (OPEN, OPEN))
on_pairs("relay", seg4(RELAY, MX), (SPOOFED, SPOOFED))
on_pairs("address_in_no_pool", seg4(STRANGER, MX), ("PASS_NO_POOL",) * 2, tricks=("E4",))
on_pairs("tiny_fragment_of_fixed_pool_of_east", eth(0x0800, ip4(EAST, MX, tcp4(EAST, MX)[:8], more=True)),
         ("PASS_UNREADABLE", "DROP_TINY_FRAG"), tricks=("E7",))
on_pairs("tiny_fragment_to_relay_of_blocked_pool_of_west", eth(0x0800, ip4(WEST, RELAY, tcp4(WEST, RELAY)[:8], more=True)),
         ("DROP_TINY_FRAG", "PASS_UNREADABLE"), tricks=("E7",))
on_pairs("17_headers_of_fixed_pool_of_east", eth(0x86DD, ip6(EAST6, MX6, chain([60] * 17, tcp6(EAST6, MX6))[1], nh=60)),
         ("PASS_UNREADABLE", "DROP_EH_LIMIT"), tricks=("E16",))
on_pairs("source_route_of_fixed_pool_of_east", eth(0x0800, ip4(
    EAST, RELAY, tcp4(EAST, RELAY), options=route_option(131, [MX]))), (OPEN, SPOOFED), tricks=("E13",))
on_pairs("later_fragment_of_fixed_pool_of_east",
    eth(0x0800, ip4(EAST, MX, tcp4(EAST, MX), offset=2)), ("PASS_LATER_FRAG",) * 2)
for pair, place in enumerate(("east", "west")):
    row("pass_answer_to_fixed_pool_of_east_from_network_of_%s" % place, NET,
        back4(MX, EAST), OPEN, pair=pair, tricks=("E3",))
    row("catch_answer_to_blocked_pool_of_west_from_network_of_%s" % place, NET,
        back6(MX6, WEST6), "DROP_MIRROR", pair=pair, tricks=("E3",))

# SYNs from a whole spoofed prefix charge nobody: the source is judged first.
about("E36")
for host in (224, 225, 228, 229, 238, 239):
    row("spoofed_syn_of_limited_pool_of_west_192_0_2_%d_on_east" % host, SUB, seg4("192.0.2.%d" % host, MX), SPOOFED)
for nth in ("first", "second", "third", "fourth", "fifth"):
    row("spoofed_%s_syn_of_limited_pool_of_west_on_east_v6" % nth, SUB, seg6(WLIM6, MX6), SPOOFED)
for family, seg, wlim, mx in ((4, seg4, WLIM, MX), (6, seg6, WLIM6, MX6)):
    for nth in ("first", "second", "third"):
        row("real_%s_syn_of_limited_pool_of_west_passes_v%d" % (nth, family), SUB,
            seg(wlim, mx), "PASS_WITHIN_LIMIT", pair=1)
    row("real_fourth_syn_of_limited_pool_of_west_is_over_v%d" % family, SUB, seg(wlim, mx), "DROP_LIMIT_OVER", pair=1)
    row("spoofed_syn_of_held_subscriber_of_west_v%d" % family, SUB, seg(wlim, mx), SPOOFED)
row("neighbour_of_held_subscriber_passes", SUB, seg4("192.0.2.229", MX), "PASS_WITHIN_LIMIT", pair=1)

# From the network to port 25 here: not restricted, unless a pool closes it.
about("E6")
for family, seg, back, sub, clo, mx, relay in (
        (4, seg4, back4, DYN, CLO, MX, RELAY), (6, seg6, back6, DYN6, CLO6, MX6, RELAY6)):
    row("drop_inbound_where_the_pool_says_so_v%d" % family, NET, seg(mx, clo), "DROP_INBOUND")
    row("drop_inbound_data_where_the_pool_says_so_v%d" % family, NET, seg(mx, clo, flags="PA", data=b"EHLO"), "DROP_INBOUND")
    row("pass_inbound_of_relay_where_the_pool_says_drop_v%d" % family, NET, seg(relay, clo), "PASS_INBOUND")
    row("pass_inbound_587_where_the_pool_says_drop_v%d" % family, NET, seg(mx, clo, 587), "PASS_NOT_PORT25")
    row("catch_answer_where_the_pool_says_drop_v%d" % family, NET, back(mx, clo), "DROP_MIRROR")
    row("drop_inbound_from_port_25_where_the_pool_says_so_v%d" % family, NET, back(mx, clo, dport=25), "DROP_INBOUND")
    row("permit_relay_from_port_25_to_port_25_where_the_pool_says_drop_v%d" % family, NET,
        back(relay, clo, dport=25), "PASS_PERMIT")
    row("catch_answer_from_port_25_to_port_25_v%d" % family, NET, back(mx, sub, dport=25), "DROP_MIRROR")
    row("pass_answer_of_home_server_where_inbound_is_dropped_v%d" % family, SUB, back(clo, mx), "PASS_NOT_PORT25")
row("pass_inbound_tiny_fragment_where_the_pool_says_drop", NET,
    eth(0x0800, ip4(MX, CLO, tcp4(MX, CLO)[:8], more=True)), "PASS_UNREADABLE")
row("drop_inbound_first_fragment_where_the_pool_says_so", NET,
    eth(0x0800, ip4(MX, CLO, tcp4(MX, CLO), more=True)), "DROP_INBOUND")

# Nobody is answered who did not ask, or whom an answer may not reach.
about("E37")
GROUP, MULTICAST = b"\x03" + SUBSCRIBER_MAC[1:], b"\x01\0\x5e\0\0\x05"
for family, seg, ref, mx, group in ((4, seg4, REF, MX, "224.0.0.5"), (6, seg6, REF6, MX6, "ff02::5")):
    frame = seg(ref, mx)
    row("never_answer_a_group_of_stations_v%d" % family, SUB, frame[:6] + GROUP + frame[12:], "DROP_UNANSWERED")
    row("never_answer_what_went_to_a_group_of_stations_v%d" % family, SUB, MULTICAST + frame[6:], "DROP_UNANSWERED")
    row("never_answer_what_went_to_all_stations_v%d" % family, SUB, b"\xff" * 6 + frame[6:], "DROP_UNANSWERED")
    row("never_answer_for_a_multicast_address_v%d" % family, SUB, seg(ref, group), "DROP_UNANSWERED")
    row("pass_587_to_a_multicast_address_v%d" % family, SUB, seg(ref, group, 587), "PASS_NOT_PORT25")
    row("never_answer_a_reset_v%d" % family, SUB, seg(ref, mx, flags="R"), "DROP_UNANSWERED")
    row("never_answer_a_reset_with_ack_v%d" % family, SUB, seg(ref, mx, flags="RA"), "DROP_UNANSWERED")
    row("never_answer_through_a_label_v%d" % family, SUB, eth(0x8847, mpls([16], frame[14:])), "DROP_UNANSWERED")
    row("answer_through_an_explicit_null_label_v%d" % family, SUB,
        eth(0x8847, mpls([0 if family == 4 else 2], frame[14:])), "ANSWER_RST")
row("never_answer_for_the_limited_broadcast", SUB, seg4(REF, "255.255.255.255"), "DROP_UNANSWERED")
row("never_answer_for_the_first_multicast_address", SUB, seg4(REF, "224.0.0.0"), "DROP_UNANSWERED")
row("never_answer_for_a_reserved_address", SUB, seg4(REF, "240.0.0.1"), "DROP_UNANSWERED")
for address in ("127.0.0.1", "127.255.255.255", "0.0.0.1"):
    row("never_answer_for_%s" % address.replace(".", "_"), SUB, seg4(REF, address), "DROP_UNANSWERED")
for address in ("126.255.255.255", "128.0.0.1", "1.0.0.0"):
    row("answer_for_%s" % address.replace(".", "_"), SUB, seg4(REF, address), "ANSWER_RST")
row("answer_for_the_last_unicast_address", SUB, seg4(REF, "223.255.255.255"), "ANSWER_RST")
row("answer_for_the_last_address_below_multicast_v6", SUB, seg6(REF6, "feff::1"), "ANSWER_RST")
row("never_answer_a_syn_from_port_25_of_the_network", NET, back4(MX, REF, flags="S"), "DROP_MIRROR", tricks=("E3",))
row("pass_reset_to_587_of_refused_pool", SUB, seg4(REF, MX, 587, flags="R"), "PASS_NOT_PORT25")
row("permit_reset_to_the_relay", SUB, seg4(REF, RELAY, flags="R"), "PASS_PERMIT")
row("pass_what_claims_the_mac_of_the_network", SUB, NETWORK_MAC + NETWORK_MAC + seg4(REF, MX, 587)[12:], "PASS_NOT_PORT25")
