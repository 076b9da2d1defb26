# SPDX-License-Identifier: BSD-3-Clause
"""Rows about who, to whom and which port: whole, well-formed packets (E1, E2, E3, E6, E22, E31-E33)."""

from scapy.layers.inet import ICMP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest
from scapy.layers.sctp import SCTP, SCTPChunkInit

from frames import eth, ext, fragment, ip4, ip6, tcp4, tcp6
from table import (DYN, DYN6, FIX, FIX6, INSIDE, INSIDE6, LIM, MON, MON6, MONI, MONI6, MONR, MONR6,
                   MX, MX6, NET, PARTNER, PARTNER6, PRO, PRO6, REF, REF6, RELAY, RELAY6, STRANGER, STRANGER6, SUB, about, back4,
                   back6, row, seg4, seg6)

# The main rule.
about("E1")
row("block_direct_smtp_from_dynamic_pool_v4", SUB, seg4(DYN, MX), "DROP_BLOCKED")
row("block_direct_smtp_from_dynamic_pool_v6", SUB, seg6(DYN6, MX6), "DROP_BLOCKED")
row("permit_smtp_from_dynamic_pool_to_relay_v4", SUB, seg4(DYN, RELAY), "PASS_PERMIT")
row("permit_smtp_from_dynamic_pool_to_relay_v6", SUB, seg6(DYN6, RELAY6), "PASS_PERMIT")
row("permit_any_host_of_the_relay_prefix_v6", SUB, seg6(DYN6, "2001:db8:25::ffff"), "PASS_PERMIT")
row("block_neighbour_of_the_relay_v4", SUB, seg4(DYN, "203.0.113.26"), "DROP_BLOCKED")
row("block_neighbour_prefix_of_the_relay_v6", SUB, seg6(DYN6, "2001:db8:25:1::25"), "DROP_BLOCKED")
about("E33")
row("pass_submission_587_from_dynamic_pool_v4", SUB, seg4(DYN, MX, 587), "PASS_NOT_PORT25")
row("pass_submission_587_from_dynamic_pool_v6", SUB, seg6(DYN6, MX6, 587), "PASS_NOT_PORT25")
row("pass_submissions_465_from_dynamic_pool_v4", SUB, seg4(DYN, MX, 465), "PASS_NOT_PORT25")
row("pass_submissions_465_from_dynamic_pool_v6", SUB, seg6(DYN6, MX6, 465), "PASS_NOT_PORT25")
row("pass_port_24_from_dynamic_pool", SUB, seg4(DYN, MX, 24), "PASS_NOT_PORT25")
row("pass_port_26_from_dynamic_pool", SUB, seg4(DYN, MX, 26), "PASS_NOT_PORT25")
row("pass_port_281_whose_low_byte_is_25", SUB, seg4(DYN, MX, 281), "PASS_NOT_PORT25")
row("pass_port_6400_which_is_25_byte_swapped", SUB, seg4(DYN, MX, 6400), "PASS_NOT_PORT25")
row("pass_port_2525_from_dynamic_pool", SUB, seg4(DYN, MX, 2525), "PASS_NOT_PORT25")
row("pass_web_from_dynamic_pool_v6", SUB, seg6(DYN6, MX6, 443), "PASS_NOT_PORT25")

# Every segment, not only the SYN.
about("E2")
row("block_data_segment_without_syn_v4", SUB, seg4(DYN, MX, flags="PA", data=b"MAIL FROM:<>"), "DROP_BLOCKED")
row("block_data_segment_without_syn_v6", SUB, seg6(DYN6, MX6, flags="PA", data=b"MAIL FROM:<>"), "DROP_BLOCKED")
row("block_bare_ack", SUB, seg4(DYN, MX, flags="A"), "DROP_BLOCKED")
row("block_fin", SUB, seg4(DYN, MX, flags="FA"), "DROP_BLOCKED")
row("block_rst", SUB, seg4(DYN, MX, flags="R"), "DROP_BLOCKED")
row("block_syn_ack_to_port_25", SUB, seg4(DYN, MX, flags="SA"), "DROP_BLOCKED")
row("block_segment_without_flags", SUB, seg4(DYN, MX, flags=""), "DROP_BLOCKED")
row("block_christmas_tree", SUB, seg4(DYN, MX, flags="FSRPAUEC"), "DROP_BLOCKED")
row("block_syn_with_fast_open_data", SUB, seg4(DYN, MX, data=b"EHLO x\r\n", options=[("SAckOK", b"")]), "DROP_BLOCKED")
row("block_syn_with_sixty_byte_header", SUB, seg4(DYN, MX, options=[("NOP", None)] * 40), "DROP_BLOCKED")
row("pass_587_with_sixty_byte_header", SUB, seg4(DYN, MX, 587, options=[("NOP", None)] * 40), "PASS_NOT_PORT25")
row("pass_data_segment_to_587", SUB, seg4(DYN, MX, 587, flags="PA", data=b"x" * 900), "PASS_NOT_PORT25")
row("block_full_size_data_segment", SUB, seg4(DYN, MX, flags="A", data=b"x" * 1400), "DROP_BLOCKED")

about("E1", "E33")
row("block_port_25_beside_587_v4", SUB, seg4(DYN, "192.0.2.26"), "DROP_BLOCKED")
row("pass_port_587_beside_25_v4", SUB, seg4(DYN, "192.0.2.26", 587), "PASS_NOT_PORT25")
row("block_port_25_beside_465_v6", SUB, seg6(DYN6, "2001:db8:ffff::26"), "DROP_BLOCKED")
row("pass_port_465_beside_25_v6", SUB, seg6(DYN6, "2001:db8:ffff::26", 465), "PASS_NOT_PORT25")
row("block_port_25_over_nat64", SUB, seg6(DYN6, "64:ff9b::c000:219"), "DROP_BLOCKED", tricks=("E22",))

# Decoys do not matter.
about("E31")
row("block_wrong_tcp_checksum", SUB, seg4(DYN, MX, chksum=0xDEAD), "DROP_BLOCKED")
row("block_ttl_1_decoy", SUB, eth(0x0800, ip4(DYN, MX, tcp4(DYN, MX), ttl=1)), "DROP_BLOCKED")
row("pass_587_with_wrong_tcp_checksum", SUB, seg4(DYN, MX, 587, chksum=0xDEAD), "PASS_NOT_PORT25")
row("pass_587_with_ttl_1", SUB, eth(0x0800, ip4(DYN, MX, tcp4(DYN, MX, 587), ttl=1)), "PASS_NOT_PORT25")
row("block_hop_limit_0_decoy_v6", SUB, eth(0x86DD, ip6(DYN6, MX6, tcp6(DYN6, MX6, chksum=0), hlim=0)), "DROP_BLOCKED")
about("E1")
row("block_source_port_25_to_port_25", SUB, seg4(DYN, MX, sport=25), "DROP_BLOCKED")
row("block_source_port_587_to_port_25", SUB, seg4(DYN, MX, sport=587), "DROP_BLOCKED")
row("pass_source_port_25_to_port_587", SUB, seg4(DYN, MX, 587, sport=25), "PASS_NOT_PORT25")

# Other protocols with 25 at the place of a port.
about("E33")
row("pass_udp_25_v4", SUB, eth(0x0800, ip4(DYN, MX, bytes(UDP(sport=40000, dport=25) / b"x"), proto=17)), "PASS_NOT_TCP")
row("pass_udp_25_v6", SUB, eth(0x86DD, ip6(DYN6, MX6, bytes(UDP(sport=40000, dport=25) / b"x"), nh=17)), "PASS_NOT_TCP")
row("pass_sctp_25_v4", SUB,
    eth(0x0800, ip4(DYN, MX, bytes(SCTP(sport=40000, dport=25) / SCTPChunkInit()), proto=132)), "PASS_NOT_TCP")
row("pass_sctp_25_v6", SUB,
    eth(0x86DD, ip6(DYN6, MX6, bytes(SCTP(sport=40000, dport=25) / SCTPChunkInit()), nh=132)), "PASS_NOT_TCP")
row("pass_icmp", SUB, eth(0x0800, ip4(DYN, MX, bytes(ICMP()), proto=1)), "PASS_NOT_TCP")
row("pass_icmpv6_echo", SUB, eth(0x86DD, ip6(DYN6, MX6, bytes(ICMPv6EchoRequest()), nh=58)), "PASS_NOT_TCP")

# Who sends: prefixes of pools and their edges.
about("E1")
row("block_last_address_of_dynamic_pool", SUB, seg4("198.51.100.63", MX), "DROP_BLOCKED")
row("block_first_address_of_dynamic_pool", SUB, seg4("198.51.100.0", MX), "DROP_BLOCKED")
row("pass_address_below_dynamic_pool", SUB, seg4("198.51.99.255", MX), "PASS_NO_POOL")
row("pass_first_address_of_fixed_pool", SUB, seg4("198.51.100.64", MX), "PASS_UNRESTRICTED")
row("pass_fixed_pool_v4", SUB, seg4(FIX, MX), "PASS_UNRESTRICTED")
row("pass_fixed_pool_v6", SUB, seg6(FIX6, MX6), "PASS_UNRESTRICTED")
row("pass_stranger_v4", SUB, seg4(STRANGER, MX), "PASS_NO_POOL")
row("pass_stranger_v6", SUB, seg6(STRANGER6, MX6), "PASS_NO_POOL")
row("block_last_address_of_dynamic_pool_v6", SUB, seg6("2001:db8:1000:ffff:ffff:ffff:ffff:ffff", MX6), "DROP_BLOCKED")
row("pass_address_above_dynamic_pool_v6", SUB, seg6("2001:db8:1001::", MX6), "PASS_NO_POOL")
row("pass_address_below_dynamic_pool_v6", SUB, seg6("2001:db8:fff:ffff::1", MX6), "PASS_NO_POOL")
row("block_v4_between_two_dynamic_subscribers", SUB, seg4(DYN, "198.51.100.8"), "DROP_BLOCKED")
row("permit_server_inside_the_pool_as_destination_v4", SUB, seg4(DYN, INSIDE), "PASS_PERMIT")
row("permit_server_inside_the_pool_as_destination_v6", SUB, seg6(DYN6, INSIDE6), "PASS_PERMIT")
row("block_server_inside_the_pool_as_source_v4", SUB, seg4(INSIDE, MX), "DROP_BLOCKED")
row("block_server_inside_the_pool_as_source_v6", SUB, seg6(INSIDE6, MX6), "DROP_BLOCKED")

# Monitor.
about()
row("count_and_pass_monitored_pool_v4", SUB, seg4(MON, MX), "PASS_MONITOR_DROP")
row("count_and_pass_monitored_pool_v6", SUB, seg6(MON6, MX6), "PASS_MONITOR_DROP")
row("count_and_pass_monitored_reset_v4", SUB, seg4(MONR, MX), "PASS_MONITOR_RST")
row("count_and_pass_monitored_reset_v6", SUB, seg6(MONR6, MX6), "PASS_MONITOR_RST")
row("permit_monitored_pool_to_relay", SUB, seg4(MON, RELAY), "PASS_PERMIT")
row("pass_587_of_monitored_pool", SUB, seg4(MON, MX, 587), "PASS_NOT_PORT25")
row("count_dynamic_pool_to_monitored_set_v4", SUB, seg4(DYN, PARTNER), "PASS_MONITOR_DROP")
row("count_dynamic_pool_to_monitored_set_v6", SUB, seg6(DYN6, PARTNER6), "PASS_MONITOR_DROP")
row("block_dynamic_pool_just_below_monitored_set", SUB, seg4(DYN, "203.0.113.127"), "DROP_BLOCKED")
row("block_dynamic_pool_just_above_monitored_set", SUB, seg4(DYN, "203.0.113.144"), "DROP_BLOCKED")

row("count_and_pass_monitored_icmp_v4", SUB, seg4(MONI, MX), "PASS_MONITOR_ICMP")
row("count_and_pass_monitored_icmp_v6", SUB, seg6(MONI6, MX6), "PASS_MONITOR_ICMP")
row("count_answer_to_monitored_icmp", NET, back4(MX, MONI), "PASS_MONITOR_ICMP")

# Refuse with an ICMP error.
about("E1")
for family, seg, back, pro, mx, relay, partner in (
        (4, seg4, back4, PRO, MX, RELAY, PARTNER), (6, seg6, back6, PRO6, MX6, RELAY6, PARTNER6)):
    row("prohibit_syn_v%d" % family, SUB, seg(pro, mx, seq=25), "ANSWER_ICMP")
    row("prohibit_syn_with_options_v%d" % family, SUB, seg(pro, mx, options=[("MSS", 1440), ("SAckOK", b"")]), "ANSWER_ICMP")
    row("prohibit_data_segment_v%d" % family, SUB,
        seg(pro, mx, flags="PA", data=b"MAIL FROM:<>"), "ANSWER_ICMP", tricks=("E2",))
    row("never_answer_a_reset_by_icmp_v%d" % family, SUB, seg(pro, mx, flags="R"), "DROP_UNANSWERED", tricks=("E37",))
    row("permit_prohibited_pool_to_relay_v%d" % family, SUB, seg(pro, relay), "PASS_PERMIT")
    row("block_prohibited_pool_to_partner_v%d" % family, SUB, seg(pro, partner), "DROP_BLOCKED")
    row("pass_587_of_prohibited_pool_v%d" % family, SUB, seg(pro, mx, 587), "PASS_NOT_PORT25")
    row("never_answer_by_icmp_what_comes_from_the_network_v%d" % family, NET,
        back(mx, pro), "DROP_MIRROR", tricks=("E3", "E37"))
row("prohibit_first_fragment_v4", SUB, eth(0x0800, ip4(PRO, MX, tcp4(PRO, MX), more=True)), "ANSWER_ICMP", tricks=("E10",))
row("prohibit_behind_40_bytes_of_options", SUB,
    eth(0x0800, ip4(PRO, MX, tcp4(PRO, MX), options=b"\1" * 40)), "ANSWER_ICMP", tricks=("E12",))
row("drop_tiny_fragment_of_prohibited_pool_without_icmp", SUB,
    eth(0x0800, ip4(PRO, MX, tcp4(PRO, MX)[:8], more=True)), "DROP_TINY_FRAG", tricks=("E7", "E37"))

# Refuse with a reset.
row("refuse_syn_v4", SUB, seg4(REF, MX), "ANSWER_RST")
row("refuse_syn_v6", SUB, seg6(REF6, MX6), "ANSWER_RST")
row("refuse_data_segment_v4", SUB, seg4(REF, MX, flags="PA", seq=1000, ack=2000, data=b"MAIL FROM:<>"), "ANSWER_RST")
row("refuse_data_segment_v6", SUB, seg6(REF6, MX6, flags="PA", seq=1000, ack=2000, data=b"MAIL FROM:<>"), "ANSWER_RST")
row("refuse_syn_with_data_v4", SUB, seg4(REF, MX, seq=0xFFFFFFFE, data=b"EHLO x\r\n"), "ANSWER_RST")
row("refuse_syn_with_options_v6", SUB, seg6(REF6, MX6, seq=7, options=[("MSS", 1440), ("SAckOK", b"")]), "ANSWER_RST")
row("refuse_fin_without_ack_v4", SUB, seg4(REF, MX, flags="F", seq=99), "ANSWER_RST")
row("refuse_fin_ack_v6", SUB, seg6(REF6, MX6, flags="FA", seq=99, ack=500), "ANSWER_RST")
row("never_answer_a_reset_with_syn", SUB, seg4(REF, MX, flags="SR"), "DROP_UNANSWERED")
row("permit_refused_pool_to_relay", SUB, seg4(REF, RELAY), "PASS_PERMIT")
row("block_refused_pool_to_partner", SUB, seg4(REF, PARTNER), "DROP_BLOCKED")
row("pass_587_of_refused_pool", SUB, seg6(REF6, MX6, 587), "PASS_NOT_PORT25")

# The mirror: what comes back from port 25. Never answered.
about("E3")
row("block_answer_to_dynamic_pool_v4", NET, back4(MX, DYN), "DROP_MIRROR")
row("block_answer_to_dynamic_pool_v6", NET, back6(MX6, DYN6), "DROP_MIRROR")
row("block_data_from_port_25_to_dynamic_pool", NET, back4(MX, DYN, flags="PA", data=b"220 mx\r\n"), "DROP_MIRROR")
row("block_reset_from_port_25_to_dynamic_pool", NET, back4(MX, DYN, flags="RA"), "DROP_MIRROR")
row("block_answer_in_first_fragment_v4", NET,
    eth(0x0800, ip4(MX, DYN, tcp4(MX, DYN, 40000, sport=25, flags="SA"), more=True)), "DROP_MIRROR", tricks=("E10",))
row("block_answer_in_first_fragment_v6", NET, eth(0x86DD, ip6(
    MX6, DYN6, fragment(6, more=True) + tcp6(MX6, DYN6, 40000, sport=25, flags="SA"), nh=44)), "DROP_MIRROR", tricks=("E10",))
row("block_answer_in_atomic_fragment", NET, eth(0x86DD, ip6(
    MX6, DYN6, fragment(6) + tcp6(MX6, DYN6, 40000, sport=25, flags="SA"), nh=44)), "DROP_MIRROR", tricks=("E18",))
row("block_answer_behind_ah_v4", NET,
    eth(0x0800, ip4(MX, DYN, ext(51, 6) + tcp4(MX, DYN, 40000, sport=25, flags="SA"), proto=51)), "DROP_MIRROR", tricks=("E20",))
row("permit_answer_of_relay_v4", NET, back4(RELAY, DYN), "PASS_PERMIT")
row("permit_answer_of_relay_v6", NET, back6(RELAY6, DYN6), "PASS_PERMIT")
row("permit_answer_of_server_inside_pool", NET, back4(INSIDE, DYN), "PASS_PERMIT")
row("count_answer_of_monitored_set", NET, back4(PARTNER, DYN), "PASS_MONITOR_DROP")
row("pass_answer_from_587_to_dynamic_pool", NET, back4(MX, DYN, 587), "PASS_NOT_PORT25")
row("pass_answer_from_465_to_dynamic_pool_v6", NET, back6(MX6, DYN6, 465), "PASS_NOT_PORT25")
row("block_answer_to_refused_pool_without_reset_v4", NET, back4(MX, REF), "DROP_MIRROR")
row("block_answer_to_refused_pool_without_reset_v6", NET, back6(MX6, REF6), "DROP_MIRROR")
row("permit_answer_of_relay_to_refused_pool", NET, back4(RELAY, REF), "PASS_PERMIT")
row("count_answer_to_monitored_pool_v4", NET, back4(MX, MON), "PASS_MONITOR_DROP")
row("count_answer_to_monitored_reset_v6", NET, back6(MX6, MONR6), "PASS_MONITOR_RST")
row("pass_answer_to_fixed_pool_v4", NET, back4(MX, FIX), "PASS_UNRESTRICTED")
row("pass_answer_to_fixed_pool_v6", NET, back6(MX6, FIX6), "PASS_UNRESTRICTED")
row("pass_answer_to_stranger_v4", NET, back4(MX, STRANGER), "PASS_NO_POOL")
row("pass_answer_to_stranger_v6", NET, back6(MX6, STRANGER6), "PASS_NO_POOL")
row("pass_answer_to_limited_pool", NET, back4(MX, LIM), "PASS_WITHIN_LIMIT")
row("pass_inbound_smtp_to_dynamic_pool_v4", NET, seg4(MX, DYN), "PASS_INBOUND", tricks=("E6",))
row("pass_inbound_smtp_to_dynamic_pool_v6", NET, seg6(MX6, DYN6), "PASS_INBOUND", tricks=("E6",))
row("pass_answer_of_home_server_from_port_25", SUB, back4(DYN, MX), "PASS_NOT_PORT25")
row("block_from_port_25_to_port_25_coming_back", NET, back4(MX, DYN, dport=25), "DROP_MIRROR")
row("pass_wrong_direction_source_in_pool_from_network", NET, seg4(DYN, MX), "PASS_INBOUND")
row("pass_udp_from_port_25_coming_back", NET,
    eth(0x0800, ip4(MX, DYN, bytes(UDP(sport=25, dport=40000)), proto=17)), "PASS_NOT_TCP")
