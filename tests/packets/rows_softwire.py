# SPDX-License-Identifier: BSD-3-Clause
"""Rows about softwires: IPv4 in IPv6 to a configured end (DS-Lite, MAP-E) is opened, one level deep, and
pooled by the outer address. All other IPv4 in IPv6 passes as a tunnel."""

from frames import (AH, CTAG, FRAGMENT, chain, eth, ext, fragment, ip4, ip6, pppoe, route_option,
                    routing, tcp4, tcp6, udp)
from table import (AFTR, BR, DYN6, EAST6, FIX6, MON6, MX, MX6, NET, PARTNER, PIC6, PRO6, REF6, RELAY, RELAY6, STRANGER6,
                   SUB, TOL6, WEST6, about, row)

B4 = "192.0.0.2"  # what a subscriber of DS-Lite calls himself, RFC 6333 section 5.7
IP4_IN_IP6 = 4


def inner(dst=MX, dport=25, src=B4, cut=None, sport=40000, flags="S", **ip):
    """The packet in the softwire; cut: octets of TCP that are there."""
    return ip4(src, dst, tcp4(src, dst, dport, sport=sport, flags=flags)[:cut], **ip)


def wire(packet, src=DYN6, dst=AFTR, before=(), **fields):
    """It, wrapped; before: extension headers of the outer packet."""
    nh, body = chain(before, packet, IP4_IN_IP6)
    return ip6(src, dst, body, nh=nh, **fields)


def frame(packet, tags=()):
    return eth(0x86DD, packet, tags)


def back(packet, src=AFTR, dst=DYN6):
    """From the network."""
    return frame(wire(packet, src, dst))


def answer(src=MX, sport=25, **ip):
    return inner(B4, 40000, src, sport=sport, flags="SA", **ip)


PLACES = {
    "plain_ethernet": frame,
    "vlan": lambda packet: frame(packet, [CTAG]),
    "pppoe": lambda packet: eth(0x8864, pppoe(b"\0\x57" + packet)),
}
# name: caught, near miss, tricks
FORMS = {
    "ip4": (wire(inner()), wire(inner(dport=587)), ()),
    "ip4_with_options": (wire(inner(options=b"\1" * 24)), wire(inner(dport=587, options=b"\1" * 24)), ("E12",)),
    "ah_v4": (wire(ip4(B4, MX, ext(AH, 6) + tcp4(B4, MX), proto=AH)),
              wire(ip4(B4, MX, ext(AH, 6) + tcp4(B4, MX, 587), proto=AH)), ("E20",)),
    "first_fragment": (wire(inner(more=True)), wire(inner(dport=587, more=True)), ("E10",)),
    "tiny_fragment": (wire(inner(cut=8, more=True)), wire(inner(RELAY, cut=8, more=True)), ("E7",)),
    "later_fragment": (wire(inner(offset=1)), wire(inner(offset=2)), ("E9",)),
    "source_route": (wire(inner(RELAY, options=route_option(131, [MX]))),
                     wire(inner(RELAY, options=b"\x07\x07\x04\0\0\0\0\0")), ("E13",)),
    "wrong_length": (wire(inner(total=41)), wire(inner(RELAY, total=41)), ("E30",)),
    "outer_chain": (wire(inner(), before=[0, 60]), wire(inner(dport=587), before=[0, 60]), ("E15",)),
    "outer_atomic_fragment": (wire(inner(), before=[FRAGMENT]), wire(inner(dport=587), before=[FRAGMENT]), ("E18",)),
    "outer_first_fragment": (ip6(DYN6, AFTR, fragment(4, more=True) + inner(), nh=FRAGMENT),
                             ip6(DYN6, AFTR, fragment(4, more=True) + inner(dport=587), nh=FRAGMENT), ("E10",)),
    "outer_ah": (wire(inner(), before=[AH]), wire(inner(dport=587), before=[AH]), ("E20",)),
}
REASONS = {
    "tiny_fragment": ("DROP_TINY_FRAG", "PASS_UNREADABLE"),
    "later_fragment": ("DROP_FRAG_FO1", "PASS_LATER_FRAG"),
    "source_route": ("DROP_SOURCE_ROUTE", "PASS_PERMIT"),
    "wrong_length": ("DROP_MALFORMED", "PASS_UNREADABLE"),
}
about("E25")
for place, wrap in PLACES.items():
    for form, (caught, near, tricks) in FORMS.items():
        reasons = REASONS.get(form, ("DROP_BLOCKED", "PASS_NOT_PORT25"))
        row("catch_softwire_of_%s_in_%s" % (form, place), SUB, wrap(caught), reasons[0], tricks=tricks)
        row("pass_softwire_of_%s_in_%s" % (form, place), SUB, wrap(near), reasons[1],
            tricks=(*tricks, "E11") if form == "later_fragment" else tricks)
    row("catch_answer_through_softwire_in_%s" % place, NET, wrap(wire(answer(), AFTR, DYN6)), "DROP_MIRROR", tricks=("E3",))
    row("permit_relay_answer_through_softwire_in_%s" % place, NET,
        wrap(wire(answer(RELAY), AFTR, DYN6)), "PASS_PERMIT", tricks=("E3",))
    row("refuse_by_reset_through_softwire_in_%s" % place, SUB, wrap(wire(inner(), REF6)), "ANSWER_RST")
    row("refuse_by_icmp_through_softwire_in_%s" % place, SUB, wrap(wire(inner(options=b"\1" * 4), PRO6)), "ANSWER_ICMP")

# Which ends are ends.
for address, text in ((BR, "br"), ("2001:db8:b4::", "first_address_of_br_prefix"),
                      ("2001:db8:b4:0:ffff:ffff:ffff:ffff", "last_address_of_br_prefix")):
    row("block_through_softwire_to_%s" % text, SUB, frame(wire(inner(), dst=address)), "DROP_BLOCKED")
    row("pass_587_through_softwire_to_%s" % text, SUB, frame(wire(inner(dport=587), dst=address)), "PASS_NOT_PORT25")
for address, text in (("2001:db8:aff::", "below_aftr"), ("2001:db8:aff::2", "above_aftr"), ("2001:db8:af0::1", "beside_aftr"),
                      ("2001:db8:b3:ffff:ffff:ffff:ffff:ffff", "below_br_prefix"), ("2001:db8:b4:1::", "above_br_prefix"),
                      (RELAY6, "relay"), (DYN6, "subscriber")):
    row("count_ipv4_in_ipv6_to_%s" % text, SUB, frame(wire(inner(), dst=address)), "PASS_TUNNEL_IP4", tricks=("E24",))
row("count_ipv4_in_ipv6_from_neighbour_of_aftr_coming_back", NET,
    back(answer(), "2001:db8:aff::2"), "PASS_TUNNEL_IP4", tricks=("E24",))
row("count_ipv4_in_ipv6_from_the_aftr_on_the_wrong_side", SUB,
    frame(wire(inner(), src=AFTR, dst=STRANGER6)), "PASS_TUNNEL_IP4", tricks=("E24",))
row("count_ipv4_in_ipv6_to_the_aftr_from_network", NET,
    frame(wire(answer(), src=STRANGER6)), "PASS_TUNNEL_IP4", tricks=("E24",))
row("count_ipv4_in_ipv4_to_anyone", SUB,
    eth(0x0800, ip4("198.51.100.7", MX, inner(), proto=4)), "PASS_TUNNEL_IP4", tricks=("E24",))
row("count_ipv6_in_ipv6_to_aftr", SUB,
    frame(ip6(DYN6, AFTR, ip6(DYN6, RELAY6, tcp6(DYN6, RELAY6)), nh=41)), "PASS_TUNNEL_IP6", tricks=("E24",))
row("block_plain_tcp_to_port_25_of_the_aftr", SUB, frame(ip6(DYN6, AFTR, tcp6(DYN6, AFTR))), "DROP_BLOCKED")

# Who is judged is the outer source.
row("permit_relay_through_softwire", SUB, frame(wire(inner(RELAY))), "PASS_PERMIT")
row("pass_fixed_pool_through_softwire", SUB, frame(wire(inner(), FIX6)), "PASS_UNRESTRICTED")
row("pass_stranger_through_softwire", SUB, frame(wire(inner(), STRANGER6)), "PASS_NO_POOL")
row("count_monitored_pool_through_softwire", SUB, frame(wire(inner(), MON6)), "PASS_MONITOR_DROP")
row("block_inner_source_of_fixed_pool", SUB, frame(wire(inner(src="198.51.100.70"))), "DROP_BLOCKED", tricks=("E5",))
row("block_inner_source_of_relay", SUB, frame(wire(inner(src=RELAY))), "DROP_BLOCKED", tricks=("E5",))
row("drop_relay_as_outer_source", SUB, frame(wire(inner(), RELAY6)), "DROP_SRC_SPOOFED", tricks=("E5",))
row("drop_pool_of_the_other_pair_as_outer_source", SUB, frame(wire(inner(), WEST6)), "DROP_SRC_SPOOFED", tricks=("E4",))
row("block_pool_of_this_pair_as_outer_source", SUB, frame(wire(inner(), WEST6)), "DROP_BLOCKED", pair=1, tricks=("E4",))
row("drop_fixed_pool_of_the_other_pair_as_outer_source", SUB,
    frame(wire(inner(), EAST6)), "DROP_SRC_SPOOFED", pair=1, tricks=("E5",))
for nth, reason in (("first", "PASS_WITHIN_LIMIT"), ("second", "PASS_WITHIN_LIMIT"), ("third", "PASS_WITHIN_LIMIT"), ("fourth", "DROP_LIMIT_OVER")):
    row("limit_%s_syn_through_softwire" % nth, SUB, frame(wire(inner(), "2001:db8:3000:a00::7")), reason)
row("limit_holds_the_subscriber_of_a_softwire_in_plain_ipv6", SUB, frame(ip6(
    "2001:db8:3000:a00::8", MX6, tcp6("2001:db8:3000:a00::8", MX6))), "DROP_LIMIT_HELD")

# What can be said of the inner packet, and what cannot.
row("block_inner_tcp_without_syn", SUB, frame(wire(inner(flags="PA"))), "DROP_BLOCKED", tricks=("E2",))
row("pass_inner_udp_25", SUB, frame(wire(ip4(B4, MX, udp(40000, 25), proto=17))), "PASS_NOT_TCP", tricks=("E33",))
row("count_inner_l2tp", SUB, frame(wire(ip4(B4, MX, udp(1701, 1701), proto=17))), "PASS_TUNNEL_L2TP", tricks=("E28",))
row("count_inner_gre", SUB, frame(wire(ip4(B4, MX, b"\0\0\x08\0" + inner(), proto=47))), "PASS_TUNNEL_GRE", tricks=("E24",))
row("count_inner_protocol_200", SUB, frame(wire(ip4(B4, MX, b"x" * 20, proto=200))), "PASS_UNKNOWN_PROTO", tricks=("E21",))
row("count_second_level_of_ipv4_in_ipv4", SUB,
    frame(wire(ip4(B4, MX, inner(), proto=4))), "PASS_TUNNEL_IP4", tricks=("E24",))
row("pass_inner_ipv6_option_header", SUB, frame(wire(ip4(B4, MX, ext(60, 6) + tcp4(B4, MX), proto=60))), "PASS_NOT_TCP")
row("drop_inner_version_6", SUB, frame(wire(inner(version=6))), "DROP_MALFORMED", tricks=("E30",))
row("drop_inner_version_6_to_relay", SUB, frame(wire(inner(RELAY, version=6))), "DROP_MALFORMED", tricks=("E30",))
row("pass_inner_version_6_of_fixed_pool", SUB, frame(wire(inner(version=6), FIX6)), "PASS_UNREADABLE", tricks=("E30",))
row("drop_inner_ihl_4", SUB, frame(wire(inner(ihl=4))), "DROP_MALFORMED", tricks=("E30",))
row("drop_inner_total_length_19", SUB, frame(wire(inner(total=19))), "DROP_MALFORMED", tricks=("E30",))
row("drop_inner_total_length_39", SUB, frame(wire(inner(total=39))), "DROP_MALFORMED", tricks=("E30",))
row("block_inner_shorter_than_outer", SUB, frame(wire(inner() + b"\0" * 8)), "DROP_BLOCKED", tricks=("E30",))
row("pass_587_inner_shorter_than_outer", SUB, frame(wire(inner(dport=587) + b"\0" * 8)), "PASS_NOT_PORT25", tricks=("E30",))
row("drop_inner_tcp_hidden_in_ethernet_padding", SUB,
    frame(wire(inner(cut=0)) + tcp4(B4, MX)), "DROP_MALFORMED", tricks=("E30",))
row("drop_inner_header_cut", SUB, frame(wire(inner()[:19])), "DROP_MALFORMED", tricks=("E30",))
row("drop_inner_header_missing", SUB, frame(wire(b"")), "DROP_MALFORMED", tricks=("E30",))
row("pass_inner_header_cut_of_fixed_pool", SUB, frame(wire(inner()[:19], FIX6)), "PASS_UNREADABLE", tricks=("E30",))
row("pass_inner_wrong_length_from_network", NET, back(answer(total=41)), "PASS_UNREADABLE", tricks=("E30",))
row("pass_outer_length_beyond_frame_from_network", NET, frame(wire(answer(), AFTR, DYN6, plen=41)), "PASS_UNREADABLE", tricks=("E30",))
row("drop_outer_length_beyond_frame", SUB, frame(wire(inner(), plen=41)), "DROP_MALFORMED", tricks=("E30",))
row("drop_outer_length_0", SUB, frame(wire(inner(), plen=0)), "DROP_MALFORMED", tricks=("E30",))
row("drop_inner_data_offset_4", SUB, frame(wire(ip4(B4, MX, tcp4(B4, MX, dataofs=4)))), "DROP_MALFORMED", tricks=("E30",))
row("drop_inner_tcp_beyond_window", SUB,
    frame(wire(inner(options=b"\1" * 40), before=[60] * 16)), "DROP_WINDOW", tricks=("E16",))
row("drop_inner_header_beyond_window", SUB,
    frame(ip6(DYN6, AFTR, ext(60, 4, 24) + inner(RELAY), nh=60)), "DROP_WINDOW", tricks=("E16",))
row("drop_17_outer_headers_in_front_of_softwire", SUB,
    frame(wire(inner(), before=[60] * 17)), "DROP_EH_LIMIT", tricks=("E16",))
row("pass_17_outer_headers_in_front_of_softwire_where_the_pool_says_so", SUB,
    frame(wire(inner(), TOL6, before=[60] * 17)), "PASS_UNREADABLE", tricks=("E16",))

# Fragments of the outer packet: the box does not put them together (RFC 6333 section 5.3).
about("E25", "E10")


def outer_fragment(packet, offset=0, more=True, src=DYN6):
    return frame(ip6(src, AFTR, fragment(4, offset, more) + packet, nh=FRAGMENT))


LONG = ip4(B4, MX, tcp4(B4, MX, data=b"x" * 40))
row("block_outer_first_fragment_that_ends_behind_tcp", SUB, outer_fragment(LONG[:40]), "DROP_BLOCKED")
row("permit_outer_first_fragment_to_relay", SUB, outer_fragment(inner(RELAY) + b""), "PASS_PERMIT")
row("drop_outer_first_fragment_cut_in_tcp", SUB, outer_fragment(LONG[:32]), "DROP_TINY_FRAG", tricks=("E7",))
row("drop_outer_first_fragment_cut_behind_inner_header", SUB, outer_fragment(LONG[:20]), "DROP_TINY_FRAG", tricks=("E7",))
row("drop_outer_first_fragment_cut_in_inner_header", SUB, outer_fragment(LONG[:16]), "DROP_TINY_FRAG", tricks=("E7",))
row("drop_outer_first_fragment_without_inner_header", SUB, outer_fragment(b""), "DROP_TINY_FRAG", tricks=("E7",))
row("pass_outer_first_fragment_cut_in_tcp_to_relay", SUB,
    outer_fragment(inner(RELAY)[:32]), "PASS_UNREADABLE", tricks=("E7",))
row("drop_outer_first_fragment_cut_in_inner_header_to_relay", SUB,
    outer_fragment(inner(RELAY)[:16]), "DROP_TINY_FRAG", tricks=("E7",))
row("pass_outer_first_fragment_cut_in_tcp_of_fixed_pool", SUB,
    outer_fragment(LONG[:32], src=FIX6), "PASS_UNREADABLE", tricks=("E7",))
row("pass_outer_later_fragment", SUB, outer_fragment(LONG, 3), "PASS_LATER_FRAG", tricks=("E11",))
row("pass_outer_fragment_at_offset_1", SUB, outer_fragment(LONG, 1), "PASS_LATER_FRAG", tricks=("E9",))
row("pass_outer_first_fragment_from_network", NET,
    frame(ip6(AFTR, DYN6, fragment(4, more=True) + answer()[:32], nh=FRAGMENT)), "PASS_UNREADABLE")
row("catch_answer_in_outer_first_fragment", NET,
    frame(ip6(AFTR, DYN6, fragment(4, more=True) + answer(), nh=FRAGMENT)), "DROP_MIRROR", tricks=("E3",))
row("drop_outer_chain_cut_by_fragment", SUB,
    frame(ip6(DYN6, AFTR, fragment(60, more=True) + ext(60, 4, 4)[:16], nh=FRAGMENT)), "DROP_FRAG_CHAIN", tricks=("E17",))
row("refuse_inner_first_fragment_through_softwire", SUB, frame(wire(inner(more=True), REF6)), "ANSWER_RST")

# Routing headers of the outer packet.
about("E25", "E14")
row("drop_softwire_with_segments_left", SUB,
    frame(ip6(DYN6, AFTR, routing(4, 4, 1, [BR]) + inner(), nh=43)), "DROP_SEGMENTS_LEFT")
row("drop_softwire_to_relay_with_segments_left", SUB,
    frame(ip6(DYN6, AFTR, routing(4, 4, 1, [BR]) + inner(RELAY), nh=43)), "DROP_SEGMENTS_LEFT")
row("permit_softwire_to_relay_with_no_segment_left", SUB,
    frame(ip6(DYN6, AFTR, routing(4, 4, 0, [BR]) + inner(RELAY), nh=43)), "PASS_PERMIT")
row("drop_ipv4_in_ipv6_by_way_of_a_stop_that_is_no_end", SUB,
    frame(ip6(DYN6, STRANGER6, routing(4, 4, 1, [AFTR]) + inner(), nh=43)), "DROP_SEGMENTS_LEFT")
row("pass_587_in_ipv6_by_way_of_a_stop_that_is_no_end", SUB,
    frame(ip6(DYN6, STRANGER6, routing(4, 4, 1, [AFTR]) + inner(dport=587), nh=43)), "PASS_NOT_PORT25")
row("count_ipv4_in_ipv6_with_no_segment_left_to_no_end", SUB,
    frame(ip6(DYN6, STRANGER6, routing(4, 4, 0, [AFTR]) + inner(), nh=43)), "PASS_TUNNEL_IP4", tricks=("E24",))
row("count_ipv4_in_ipv6_with_segments_left_from_network", NET,
    frame(ip6(STRANGER6, DYN6, routing(4, 4, 1, [AFTR]) + answer(), nh=43)), "PASS_TUNNEL_IP4", tricks=("E24",))

# Where the destination cannot be believed, the strictest clause that any destination could reach decides: here that of
# the partner, although nobody else is blocked.
about("E25", "E13")
row("pass_softwire_of_picky_pool_to_others", SUB, frame(wire(inner(), PIC6)), "PASS_UNRESTRICTED")
row("block_softwire_of_picky_pool_to_partner", SUB, frame(wire(inner(PARTNER), PIC6)), "DROP_BLOCKED")
row("drop_source_route_in_softwire_of_picky_pool", SUB,
    frame(wire(inner(options=route_option(131, [PARTNER])), PIC6)), "DROP_SOURCE_ROUTE")
row("drop_cut_inner_header_of_picky_pool", SUB, frame(wire(inner()[:12], PIC6)), "DROP_MALFORMED")
row("pass_wrong_inner_length_of_picky_pool_to_others", SUB, frame(wire(inner(total=41), PIC6)), "PASS_UNREADABLE")
BEYOND_NH, BEYOND = chain([60], inner(RELAY, options=b"\1" * 28 + route_option(131, [MX]) + b"\1" * 4), IP4_IN_IP6, 20)
row("drop_source_route_beyond_window_in_softwire", SUB, frame(ip6(DYN6, AFTR, BEYOND, nh=BEYOND_NH)), "DROP_WINDOW")

# Mesh mode (RFC 7597 section 5): another customer is the softwire's end.
about("E25")
MESH = "2001:db8:1000:beef::1"
row("block_mesh_softwire", SUB, frame(wire(inner(), dst=MESH)), "DROP_BLOCKED")
row("pass_587_in_mesh_softwire", SUB, frame(wire(inner(dport=587), dst=MESH)), "PASS_NOT_PORT25")
row("block_answer_in_mesh_softwire", NET, back(answer(), src=MESH), "DROP_MIRROR")
row("count_ipv4_in_ipv6_to_a_customer_who_is_no_end", SUB, frame(wire(inner(), dst="2001:db8:1000:beee::1")),
    "PASS_TUNNEL_IP4", tricks=("E24",))

# Nobody is answered who may not be.
about("E25", "E37")
row("never_answer_a_reset_through_softwire", SUB, frame(wire(inner(flags="R"), REF6)), "DROP_UNANSWERED")
row("never_answer_for_a_multicast_address_through_softwire", SUB, frame(wire(inner("224.0.0.5"), REF6)), "DROP_UNANSWERED")
row("answer_for_a_unicast_address_through_softwire", SUB, frame(wire(inner("223.0.0.5"), REF6)), "ANSWER_RST")
row("never_answer_an_inner_source_route", SUB,
    frame(wire(inner(RELAY, options=route_option(137, [MX])), REF6)), "DROP_SOURCE_ROUTE")
for nth in ("first", "second", "third"):
    row("limit_by_icmp_%s_syn_through_softwire" % nth, SUB,
        frame(wire(inner(), "2001:db8:3002:a00::7")), "PASS_WITHIN_LIMIT")
    row("limit_by_reset_%s_syn_through_softwire" % nth, SUB,
        frame(wire(inner(), "2001:db8:3001:a00::7")), "PASS_WITHIN_LIMIT")
row("limit_by_icmp_fourth_syn_through_softwire", SUB, frame(wire(inner(), "2001:db8:3002:a00::7")), "ANSWER_LIMIT_ICMP")
row("limit_by_reset_fourth_syn_through_softwire", SUB, frame(wire(inner(), "2001:db8:3001:a00::7")), "ANSWER_LIMIT")
