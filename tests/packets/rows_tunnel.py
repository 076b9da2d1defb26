# SPDX-License-Identifier: BSD-3-Clause
"""Rows about what carries packets and is not opened: it passes, counted by kind."""

from frames import AH, FRAGMENT, eth, ext, fragment, ip4, ip6, tcp4, tcp6, udp
from table import CLO, CLO6, DYN, DYN6, MX, MX6, NET, RELAY, RELAY6, SUB, about, row

TCP4, TCP6 = tcp4(DYN, MX), tcp6(DYN6, MX6)
INNER4, INNER6 = ip4(DYN, MX, TCP4), ip6(DYN6, MX6, TCP6)


def v4(proto, payload, src=DYN, dst=MX, **fields):
    return eth(0x0800, ip4(src, dst, payload, proto=proto, **fields))


def v6(proto, payload, src=DYN6, dst=MX6):
    return eth(0x86DD, ip6(src, dst, payload, nh=proto))


# The kinds: protocol number, reason, what is in it.
TUNNELS = {
    "ipv4_in_ip": (4, "PASS_TUNNEL_IP4", INNER4),
    "ipv6_in_ip": (41, "PASS_TUNNEL_IP6", INNER6),
    "gre": (47, "PASS_TUNNEL_GRE", b"\0\0\x08\0" + INNER4),
    "gre_of_pptp": (47, "PASS_TUNNEL_GRE", b"\x30\x81\x88\x0b\0\x2c\0\x01\0\0\0\x01\x21" + INNER4),
    "esp": (50, "PASS_TUNNEL_ESP", b"\0\0\x25\x25\0\0\0\x01" + b"\xa5" * 64),
    "esp_with_null_encryption": (50, "PASS_TUNNEL_ESP", b"\0\0\x25\x25\0\0\0\x01" + TCP4),
    "l2tp_over_ip": (115, "PASS_TUNNEL_L2TP", b"\0\0\0\x07\xff\x03\0\x21" + INNER4),
    "minimal_encapsulation": (55, "PASS_TUNNEL_OTHER", b"\x06\0\0\0" + b"\xc0\0\x02\x19" + TCP4),
    "ipip": (94, "PASS_TUNNEL_OTHER", INNER4),
    "etherip": (97, "PASS_TUNNEL_OTHER", b"\x30\0" + eth(0x0800, INNER4)),
    "encap": (98, "PASS_TUNNEL_OTHER", INNER4),
    "ipcomp": (108, "PASS_TUNNEL_OTHER", b"\x06\0\0\x02" + b"\xa5" * 40),
    "mpls_in_ip": (137, "PASS_TUNNEL_OTHER", b"\x00\x3e\x81\x40" + INNER4),
    "wrapped_esp": (141, "PASS_TUNNEL_OTHER", b"\x32\x0c\0\0" + b"\0\0\x25\x25\0\0\0\x01" + TCP4),
    "rohc": (142, "PASS_TUNNEL_OTHER", b"\xfd\0\x04" + INNER4),
    "ethernet_in_ip": (143, "PASS_TUNNEL_OTHER", b"\0\0" + eth(0x0800, INNER4)),
    "aggregation_and_fragmentation": (144, "PASS_TUNNEL_OTHER", b"\0\0\0\0" + INNER4),
    "network_service_header_in_ip": (145, "PASS_TUNNEL_OTHER", b"\x0f\xc6\x01\x01\0\0\x01\xff" + b"\0" * 16 + INNER4),
}
for kind, (proto, reason, payload) in TUNNELS.items():
    about("E21" if proto == 50 else "E24")
    row("count_%s_v4" % kind, SUB, v4(proto, payload), reason)
    row("count_%s_v6" % kind, SUB, v6(proto, payload), reason)
about("E24")
row("block_tcp_with_a_packet_as_its_data_v4", SUB, v4(6, TCP4 + INNER4), "DROP_BLOCKED")
row("block_tcp_with_a_packet_as_its_data_v6", SUB, v6(6, TCP6 + INNER6), "DROP_BLOCKED")
row("count_gre_behind_ah", SUB, v4(AH, ext(AH, 47) + b"\0\0\x08\0" + INNER4), "PASS_TUNNEL_GRE")
row("count_ipv4_in_ip_behind_options_v6", SUB, v6(60, ext(60, 4) + INNER4), "PASS_TUNNEL_IP4")
row("count_ipv6_in_ip_in_a_first_fragment", SUB, v6(FRAGMENT, fragment(41, more=True) + INNER6), "PASS_TUNNEL_IP6")
row("count_gre_from_network", NET, v4(47, b"\0\0\x08\0" + INNER4, MX, DYN), "PASS_TUNNEL_GRE")
row("count_ipv4_in_ip_to_the_relay", SUB, v4(4, INNER4, dst=RELAY), "PASS_TUNNEL_IP4")
row("count_ipv6_in_ip_in_a_later_fragment_v4", SUB, v4(41, INNER6, offset=5), "PASS_TUNNEL_IP6")
row("count_ipv4_in_ip_whose_inner_length_lies", SUB, v4(4, ip4(DYN, MX, TCP4, total=999)), "PASS_TUNNEL_IP4")

# L2TP over UDP.
about("E28")
for family, wrap, far in ((4, v4, RELAY), (6, v6, RELAY6)):
    for text, sport, dport, reason in (
            ("from_1701_to_1701", 1701, 1701, "PASS_TUNNEL_L2TP"), ("to_1701", 40000, 1701, "PASS_TUNNEL_L2TP"),
            ("from_1701", 1701, 40000, "PASS_TUNNEL_L2TP"), ("to_1702", 40000, 1702, "PASS_NOT_TCP"),
            ("from_1700_to_1702", 1700, 1702, "PASS_NOT_TCP")):
        row("count_udp_%s_v%d" % (text, family), SUB,
            wrap(17, udp(sport, dport, b"\0\x02\0\x01\0\x01\xff\x03\0\x21" + INNER4)), reason)
    row("count_udp_to_1701_of_the_relay_v%d" % family, SUB, wrap(17, udp(1701, 1701, INNER4), dst=far), "PASS_TUNNEL_L2TP")
    row("pass_udp_with_three_octets_v%d" % family, SUB, wrap(17, b"\x06\xa5\x06"), "PASS_NOT_TCP")
    row("count_udp_with_ports_only_v%d" % family, SUB, wrap(17, b"\x06\xa5\x06\xa5"), "PASS_TUNNEL_L2TP")
row("count_udp_to_1701_behind_options_v4", SUB, v4(17, udp(40000, 1701), options=b"\1" * 8), "PASS_TUNNEL_L2TP")
row("pass_options_that_look_like_1701", SUB, v4(17, udp(40000, 53), options=b"\x06\xa5\x06\xa5"), "PASS_NOT_TCP")
row("count_udp_to_1701_behind_ah", SUB, v4(AH, ext(AH, 17) + udp(1701, 1701)), "PASS_NOT_TCP")
row("count_udp_to_1701_behind_options_v6", SUB, v6(60, ext(60, 17) + udp(40000, 1701)), "PASS_TUNNEL_L2TP")
row("pass_later_fragment_that_looks_like_l2tp", SUB, v4(17, udp(1701, 1701), offset=5), "PASS_NOT_TCP")
row("count_first_fragment_of_l2tp", SUB, v4(17, udp(1701, 1701, b"x" * 40), more=True), "PASS_TUNNEL_L2TP")
row("count_l2tp_from_network", NET, v4(17, udp(1701, 1701), MX, DYN), "PASS_TUNNEL_L2TP")
row("pass_tcp_to_1701", SUB, eth(0x0800, ip4(DYN, MX, tcp4(DYN, MX, 1701))), "PASS_NOT_PORT25")
row("block_tcp_from_1701_to_25", SUB, eth(0x0800, ip4(DYN, MX, tcp4(DYN, MX, sport=1701))), "DROP_BLOCKED")

# Protocol numbers that IANA has not assigned, and its neighbours that are.
about("E21")
for proto in (148, 200, 253, 255):
    row("count_protocol_%d_v4" % proto, SUB, v4(proto, TCP4), "PASS_UNKNOWN_PROTO")
    row("count_protocol_%d_v6" % proto, SUB, v6(proto, TCP6), "PASS_UNKNOWN_PROTO")
for proto in (1, 2, 58, 59, 89, 132, 136, 138, 146, 147):
    row("pass_protocol_%d_v4" % proto, SUB, v4(proto, TCP4), "PASS_NOT_TCP")
row("count_protocol_200_from_network", NET, v4(200, TCP4, MX, DYN), "PASS_UNKNOWN_PROTO")
row("count_protocol_200_behind_options_v6", SUB, v6(60, ext(60, 200) + TCP6), "PASS_UNKNOWN_PROTO")
row("count_protocol_200_behind_ah_v4", SUB, v4(AH, ext(AH, 200) + TCP4), "PASS_UNKNOWN_PROTO")
# A pool may close them.
for proto in (148, 200, 255):
    row("drop_protocol_%d_where_the_pool_says_so_v4" % proto, SUB, v4(proto, TCP4, CLO), "DROP_UNKNOWN_PROTO")
    row("drop_protocol_%d_where_the_pool_says_so_v6" % proto, SUB, v6(proto, TCP6, CLO6), "DROP_UNKNOWN_PROTO")
row("drop_protocol_200_to_relay_where_the_pool_says_so", SUB, v4(200, TCP4, CLO, RELAY), "DROP_UNKNOWN_PROTO")
row("drop_protocol_200_behind_options_where_the_pool_says_so", SUB, v6(60, ext(60, 200) + TCP6, CLO6), "DROP_UNKNOWN_PROTO")
row("count_protocol_200_from_network_where_the_pool_says_so", NET, v4(200, TCP4, MX, CLO), "PASS_UNKNOWN_PROTO")
row("count_esp_where_the_pool_closes_unassigned_protocols", SUB, v4(50, TCP4, CLO), "PASS_TUNNEL_ESP")
row("pass_protocol_147_where_the_pool_closes_unassigned_protocols", SUB, v4(147, TCP4, CLO), "PASS_NOT_TCP")
row("pass_no_next_header_where_the_pool_closes_unassigned_protocols", SUB, v6(59, TCP6, CLO6), "PASS_NOT_TCP")
row("block_tcp_where_the_pool_closes_unassigned_protocols", SUB, v4(6, TCP4, CLO), "DROP_BLOCKED")
row("pass_protocol_0_in_ipv4", SUB, v4(0, ext(0, 6) + TCP4), "PASS_NOT_TCP")
row("pass_protocol_44_in_ipv4", SUB, v4(44, fragment(6) + TCP4), "PASS_NOT_TCP")
