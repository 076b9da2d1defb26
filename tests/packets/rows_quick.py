# SPDX-License-Identifier: BSD-3-Clause
"""Rows that look like the common frames which the quick test settles (dataplane/core/quick.h), and are not:
one thing is wrong with each, or it is only as long as it has to be. Their ports are not 25 where what is wrong
would be all that speaks against them."""

from frames import AH, CTAG, FRAGMENT, STAG, chain, eth, ext, fragment, ip4, ip6, pppoe, tcp4, tcp6, udp
from rows_link import IP4_587, IP6_587, unreadable
from table import DYN, DYN6, FIX, FIX6, MX, MX6, NET, SUB, about, row

UDP = 17
ICMP6 = 58
FOUR_TAGS = [STAG, CTAG, CTAG, CTAG]


def seg(dport=587, cut=None, **fields):
    """TCP over IPv4; tcp: fields of its header."""
    return eth(0x0800, ip4(DYN, MX, tcp4(DYN, MX, dport, **fields.pop("tcp", {}))[:cut], **fields))


def seg_v6(dport=587, cut=None, **fields):
    return eth(0x86DD, ip6(DYN6, MX6, tcp6(DYN6, MX6, dport, **fields.pop("tcp", {}))[:cut], **fields))


# TCP's data offset. 52 octets have the bits of 20 in them.
about("E30")
for family, make in (("v4", seg), ("v6", seg_v6)):
    row("drop_tcp_data_offset_13_beyond_packet_even_to_587_%s" % family, SUB, make(tcp={"dataofs": 13}), "DROP_MALFORMED")
    row("drop_tcp_data_offset_one_octet_beyond_packet_even_to_587_%s" % family, SUB,
        make(tcp={"dataofs": 6, "data": b"\1\1\1"}), "DROP_MALFORMED")
    row("pass_587_data_offset_13_inside_packet_%s" % family, SUB,
        make(tcp={"dataofs": 13, "data": b"\1" * 32}), "PASS_NOT_PORT25")

# Lengths of IP.
row("drop_total_length_one_octet_beyond_frame_even_to_587", SUB, seg(total=41), "DROP_MALFORMED")
row("drop_total_length_one_octet_too_short_even_to_587", SUB, seg(total=39), "DROP_MALFORMED")
row("drop_payload_length_65535_even_to_587_v6", SUB, seg_v6(plen=65535), "DROP_MALFORMED")
row("drop_payload_length_one_octet_beyond_frame_even_to_587_v6", SUB, seg_v6(plen=21), "DROP_MALFORMED")
row("drop_payload_length_one_octet_too_short_even_to_587_v6", SUB, seg_v6(plen=19), "DROP_MALFORMED")
unreadable("version_5_as_ipv4_even_to_587", SUB, seg(version=5), "DROP_MALFORMED")
unreadable("version_5_as_ipv6_even_to_587", SUB, seg_v6(version=5), "DROP_MALFORMED")

# UDP needs no length to be known as such, but the headers in front of it have to be there.
for units, plen in ((0, 0), (0, 7), (1, 8), (1, 15)):
    udp6 = ext(60, UDP, units) + udp(53, 53, b"\0" * 24)
    row("drop_udp_behind_%d_octets_of_options_in_%d_v6" % (8 * units + 8, plen), SUB,
        eth(0x86DD, ip6(DYN6, MX6, udp6, nh=60, plen=plen)), "DROP_MALFORMED")
row("pass_udp_behind_options_in_0_of_fixed_pool_v6", SUB,
    eth(0x86DD, ip6(FIX6, MX6, ext(60, UDP) + udp(53, 53, b"\0" * 24), nh=60, plen=0)), "PASS_UNREADABLE")
row("pass_udp_of_which_options_are_all_that_the_length_tells_of_v6", SUB,
    eth(0x86DD, ip6(DYN6, MX6, ext(60, UDP) + udp(53, 53, b"\0" * 24), nh=60, plen=8)), "PASS_NOT_TCP")
for total, length in ((0, 2), (19, 21)):
    udp4 = ip4(DYN, MX, udp(53, 53, b"\0" * 24), proto=UDP, total=total)
    unreadable("udp_of_%d_octets_in_pppoe_of_%d" % (total, length), SUB,
               eth(0x8864, pppoe(b"\0\x21" + udp4, length=length)), "DROP_MALFORMED")
row("pass_udp_of_0_octets_in_pppoe_of_22", SUB, eth(0x8864, pppoe(
    b"\0\x21" + ip4(DYN, MX, udp(53, 53, b"\0" * 24), proto=UDP, total=0), length=22)), "PASS_NOT_TCP")

# Later fragments whose data looks like TCP.
about("E11")
for offset in (2, 255, 256, 0x1f00):
    row("pass_later_fragment_at_offset_%d_that_looks_like_587" % offset, SUB, seg(offset=offset), "PASS_LATER_FRAG")
row("pass_later_fragment_that_looks_like_587_v6", SUB,
    eth(0x86DD, ip6(DYN6, MX6, fragment(6, 2) + tcp6(DYN6, MX6, 587), nh=FRAGMENT)), "PASS_LATER_FRAG")

# What moves TCP, with another TCP where it would be without.
DECOY = tcp6(DYN6, MX6, 587)
about("E12")
row("block_25_whose_options_and_acknowledgement_look_like_tcp", SUB,
    seg(25, options=b"\1\1\1\1", tcp={"ack": 0x50000000}), "DROP_BLOCKED")
about("E15")
for headers, text in (((60,), "options"), ((0, 60), "two_options"), ((0, 60, 60), "three_options")):
    for port, name, reason in ((25, "block_25", "DROP_BLOCKED"), (587, "pass_587", "PASS_NOT_PORT25")):
        nh, body = chain(headers, tcp6(DYN6, MX6, port))
        row("%s_behind_%s_of_8_octets" % (name, text), SUB, eth(0x86DD, ip6(DYN6, MX6, body, nh=nh)), reason)
    nh, body = chain(headers, udp(53, 53, b"\0" * 24), UDP)
    row("pass_udp_behind_%s_of_8_octets" % text, SUB, eth(0x86DD, ip6(DYN6, MX6, body, nh=nh)), "PASS_NOT_TCP")
    nh, body = chain(headers, b"\x80\0" + b"\0" * 38, ICMP6)
    row("pass_echo_behind_%s_of_8_octets" % text, SUB, eth(0x86DD, ip6(DYN6, MX6, body, nh=nh)), "PASS_NOT_TCP")
row("pass_587_behind_options_of_16_octets", SUB,
    eth(0x86DD, ip6(DYN6, MX6, ext(60, 6, 1) + tcp6(DYN6, MX6, 587), nh=60)), "PASS_NOT_PORT25")
row("pass_587_behind_options_of_8_and_16_octets", SUB,
    eth(0x86DD, ip6(DYN6, MX6, ext(60, 60) + ext(60, 6, 1) + tcp6(DYN6, MX6, 587), nh=60)), "PASS_NOT_PORT25")
for units in (3, 16):
    decoy = bytes([6, units, 1, 8 * units + 4]) + b"\0" * 4 + DECOY + b"\0" * (8 * units - len(DECOY))
    row("block_25_behind_%d_octets_of_options_with_587_in_them" % (8 * units + 8), SUB,
        eth(0x86DD, ip6(DYN6, MX6, decoy + tcp6(DYN6, MX6), nh=60)), "DROP_BLOCKED")
about("E20")
row("block_25_behind_ah_whose_data_looks_like_tcp", SUB, eth(0x86DD, ip6(
    DYN6, MX6, ext(AH, 6) + tcp6(DYN6, MX6, data=b"\0" * 8 + b"\x50" + b"\0" * 31), nh=AH)), "DROP_BLOCKED")
about("E16")
row("drop_tcp_header_two_octets_beyond_window_even_to_587", SUB,
    eth(0x86DD, ip6(DYN6, MX6, ext(60, 6, 22) + tcp6(DYN6, MX6, 587), nh=60)), "DROP_WINDOW")
row("drop_tcp_header_beyond_window_that_looks_like_an_offset_even_to_587", SUB,
    eth(0x86DD, ip6(DYN6, MX6, ext(60, 6, 22) + tcp6(DYN6, MX6, 587, sport=0x5000), nh=60)), "DROP_WINDOW")
row("drop_tcp_header_wholly_beyond_window_even_to_587", SUB,
    eth(0x86DD, ip6(DYN6, MX6, ext(60, 6, 25) + tcp6(DYN6, MX6, 587), nh=60)), "DROP_WINDOW")

# Below IP.
about("E26")
for packet, version, ethertype in ((IP4_587, "ip4", 0x0800), (IP6_587, "ip6", 0x86DD)):
    row("count_%s_to_587_in_tag_9200" % version, SUB, eth(ethertype, packet, [0x9200]), "PASS_L2_UNPARSED")
    row("count_e_tag_that_looks_like_%s_to_587" % version, SUB, eth(0x893F, packet), "PASS_L2_UNPARSED")
    row("pass_unknown_type_in_tag_that_looks_like_%s_to_587" % version, SUB, eth(0x1234, packet, [CTAG]), "PASS_NOT_IP")
about("E27")
row("drop_ip_to_587_longer_than_pppoe", SUB, eth(0x8864, pppoe(b"\0\x21" + IP4_587, length=41)), "DROP_MALFORMED")
row("drop_ip6_to_587_longer_than_pppoe", SUB, eth(0x8864, pppoe(b"\0\x57" + IP6_587, length=61)), "DROP_MALFORMED")
unreadable("pppoe_length_one_octet_beyond_frame_even_to_587", SUB,
           eth(0x8864, pppoe(b"\0\x21" + IP4_587, length=43)), "DROP_L2_MALFORMED")
about("E28")
row("count_ppp_encrypted_that_looks_like_ip4_to_587", SUB, eth(0x8864, pppoe(b"\0\x53" + IP4_587)), "PASS_L2_UNPARSED")
row("count_ppp_encrypted_that_looks_like_ip6_to_587", SUB, eth(0x8864, pppoe(b"\0\x53" + IP6_587)), "PASS_L2_UNPARSED")
for sport, dport in ((1701, 40000), (40000, 1701)):
    row("count_udp_from_%d_to_%d_in_pppoe_in_qinq" % (sport, dport), SUB, eth(0x8864, pppoe(
        b"\0\x21" + ip4(DYN, MX, udp(sport, dport, b"\0" * 24), proto=UDP)), [STAG, CTAG]), "PASS_TUNNEL_L2TP")

# Shorter than the TCP that the quick test would read.
about("E33")
row("pass_short_udp_in_pppoe_in_4_tags_v4", SUB, eth(0x8864, pppoe(
    b"\0\x21" + ip4(DYN, MX, udp(25, 25), proto=UDP)), FOUR_TAGS), "PASS_NOT_TCP")
row("pass_short_udp_in_pppoe_in_4_tags_v6", SUB, eth(0x8864, pppoe(
    b"\0\x57" + ip6(DYN6, MX6, udp(25, 25), nh=UDP)), FOUR_TAGS), "PASS_NOT_TCP")
row("pass_udp_without_ports_in_pppoe_in_4_tags_v4", SUB, eth(0x8864, pppoe(
    b"\0\x21" + ip4(DYN, MX, b"", proto=UDP)), FOUR_TAGS), "PASS_NOT_TCP")
row("pass_short_udp_behind_options_v6", SUB,
    eth(0x86DD, ip6(DYN6, MX6, ext(60, UDP, 1) + udp(25, 25), nh=60)), "PASS_NOT_TCP")
row("pass_udp_from_network_behind_two_tags", NET,
    eth(0x0800, ip4(MX, FIX, udp(25, 40000, b"\0" * 24), proto=UDP), [STAG, CTAG]), "PASS_NOT_TCP")
