# SPDX-License-Identifier: BSD-3-Clause
"""Rows about IPv6: extension headers, fragments, lengths that lie (E14-E21, E23, E30)."""

from frames import AH, FRAGMENT, chain, eth, ext, fragment, ip6, tcp6
from table import CLO6, DYN6, FIX6, MON6, MX6, NET, REF6, RELAY6, SUB, TOL6, about, row

KINDS = {0: "hop_by_hop", 43: "routing", 44: "atomic_fragment", 51: "ah", 60: "destination_options",
         135: "mobility", 139: "hip", 140: "shim6"}


def chained(protos, src=DYN6, dst=MX6, dport=25, last=6, units=0, sport=40000, **ip):
    nh, body = chain(protos, tcp6(src, dst, dport, sport=sport), last, units)
    return eth(0x86DD, ip6(src, dst, body, nh=nh, **ip))


def raw(nh, body, src=DYN6, dst=MX6, **ip):
    return eth(0x86DD, ip6(src, dst, body, nh=nh, **ip))


TCP = tcp6(DYN6, MX6)
TCP_587 = tcp6(DYN6, MX6, 587)

# Each header in front of TCP.
for proto, kind in KINDS.items():
    about({FRAGMENT: "E18", AH: "E20"}.get(proto, "E15"))
    row("block_behind_%s" % kind, SUB, chained([proto]), "DROP_BLOCKED")
    row("pass_587_behind_%s" % kind, SUB, chained([proto], dport=587), "PASS_NOT_PORT25")
    row("block_behind_two_%s" % kind, SUB, chained([proto, proto]), "DROP_BLOCKED")
about("E15", "E18", "E20")
row("block_behind_every_kind_once", SUB, chained(sorted(KINDS)), "DROP_BLOCKED")
row("pass_587_behind_every_kind_once", SUB, chained(sorted(KINDS), dport=587), "PASS_NOT_PORT25")
row("pass_udp_behind_every_kind_once", SUB, chained(sorted(KINDS), last=17), "PASS_NOT_TCP")
about("E15")
row("block_behind_long_destination_options", SUB, chained([60], units=20), "DROP_BLOCKED")
row("permit_relay_behind_destination_options", SUB, chained([60], dst=RELAY6), "PASS_PERMIT")
row("refuse_behind_destination_options", SUB, chained([60], src=REF6), "ANSWER_RST")
row("count_monitored_behind_destination_options", SUB, chained([60], src=MON6), "PASS_MONITOR_DROP")
row("block_answer_behind_hop_by_hop", NET, chained([0], MX6, DYN6, 40000, sport=25), "DROP_MIRROR")
row("pass_587_answer_behind_hop_by_hop", NET, chained([0], MX6, DYN6, 40000, sport=587), "PASS_NOT_PORT25")
row("pass_fixed_pool_behind_hop_by_hop", SUB, chained([0], src=FIX6), "PASS_UNRESTRICTED")

# How long a chain may be.
about("E16")
for count in (5, 6, 8, 15, 16):
    row("block_behind_%d_headers" % count, SUB, chained([60] * count), "DROP_BLOCKED")
row("pass_587_behind_16_headers", SUB, chained([60] * 16, dport=587), "PASS_NOT_PORT25")
row("pass_udp_behind_16_headers", SUB, chained([60] * 16, last=17), "PASS_NOT_TCP")
row("drop_behind_17_headers", SUB, chained([60] * 17), "DROP_EH_LIMIT")
row("drop_behind_17_headers_even_to_587", SUB, chained([60] * 17, dport=587), "DROP_EH_LIMIT")
row("drop_17_option_headers_to_relay", SUB, chained([60] * 17, dst=RELAY6), "DROP_EH_LIMIT")
row("permit_16_headers_to_relay", SUB, chained([60] * 16, dst=RELAY6), "PASS_PERMIT")
row("pass_17_headers_of_fixed_pool", SUB, chained([60] * 17, src=FIX6), "PASS_UNREADABLE")
row("pass_17_headers_of_monitored_pool", SUB, chained([60] * 17, src=MON6), "PASS_UNREADABLE")
row("pass_17_headers_from_network", NET, chained([60] * 17, MX6, DYN6, 40000, sport=25), "PASS_UNREADABLE")
row("drop_behind_17_mixed_headers", SUB, chained([0, 43, 60] * 5 + [60, 60]), "DROP_EH_LIMIT")

# A pool may let them pass.
row("pass_17_headers_where_the_pool_says_so", SUB, chained([60] * 17, src=TOL6), "PASS_UNREADABLE")
row("pass_17_headers_to_relay_where_the_pool_says_so", SUB, chained([60] * 17, src=TOL6, dst=RELAY6), "PASS_UNREADABLE")
row("block_behind_16_headers_where_the_pool_lets_17_pass", SUB, chained([60] * 16, src=TOL6), "DROP_BLOCKED")
row("drop_beyond_window_where_the_pool_lets_17_headers_pass", SUB, chained([60], src=TOL6, units=22), "DROP_WINDOW")
row("drop_17_headers_where_the_pool_has_other_knobs", SUB, chained([60] * 17, src=CLO6), "DROP_EH_LIMIT")

# What is not TCP, and not hiding it.
about("E21")
row("pass_no_next_header", SUB, raw(59, TCP), "PASS_NOT_TCP")
row("pass_no_next_header_behind_options", SUB, chained([60], last=59), "PASS_NOT_TCP")

# Fragments.
about("E10")
row("block_first_fragment_with_whole_header_v6", SUB, raw(FRAGMENT, fragment(6, more=True) + TCP), "DROP_BLOCKED")
row("pass_587_first_fragment_with_whole_header_v6", SUB, raw(FRAGMENT, fragment(6, more=True) + TCP_587), "PASS_NOT_PORT25")
row("block_first_fragment_behind_destination_options", SUB,
    raw(60, ext(60, FRAGMENT) + fragment(60, more=True) + ext(60, 6) + TCP), "DROP_BLOCKED")
about("E17")
for kept in (0, 4, 8, 19):
    row("drop_header_chain_split_in_tcp_header_at_%d" % kept, SUB,
        raw(FRAGMENT, fragment(6, more=True) + TCP[:kept]), "DROP_FRAG_CHAIN")
row("drop_header_chain_split_behind_options", SUB,
    raw(FRAGMENT, fragment(60, more=True) + ext(60, 6)), "DROP_FRAG_CHAIN")
row("drop_header_chain_split_in_options", SUB,
    raw(FRAGMENT, fragment(60, more=True) + ext(60, 6, 4)[:16]), "DROP_FRAG_CHAIN")
row("drop_header_chain_split_before_options", SUB, raw(FRAGMENT, fragment(60, more=True)), "DROP_FRAG_CHAIN")
row("drop_header_chain_split_behind_two_options", SUB,
    raw(FRAGMENT, fragment(60, more=True) + ext(60, 60) + ext(60, 6)), "DROP_FRAG_CHAIN")
row("drop_split_chain_with_atomic_fragment_behind", SUB,
    raw(FRAGMENT, fragment(FRAGMENT, more=True) + fragment(6) + TCP[:8]), "DROP_FRAG_CHAIN")
row("drop_split_chain_in_tcp_options", SUB,
    raw(FRAGMENT, fragment(6, more=True) + tcp6(DYN6, MX6, options=[("NOP", None)] * 8)[:24]), "DROP_FRAG_CHAIN")
row("pass_chain_to_relay_split_in_tcp_header", SUB,
    raw(FRAGMENT, fragment(60, more=True) + ext(60, 6), dst=RELAY6), "PASS_UNREADABLE")
row("drop_chain_to_relay_split_in_options", SUB,
    raw(FRAGMENT, fragment(60, more=True) + ext(60, 6, 4)[:16], dst=RELAY6), "DROP_FRAG_CHAIN")
row("pass_split_chain_of_fixed_pool", SUB, raw(FRAGMENT, fragment(60, more=True) + ext(60, 6), src=FIX6), "PASS_UNREADABLE")
row("pass_split_chain_from_network", NET, raw(FRAGMENT, fragment(60, more=True) + ext(60, 6), MX6, DYN6), "PASS_UNREADABLE")
row("pass_split_chain_of_udp", SUB, raw(FRAGMENT, fragment(17, more=True) + b"\x9c\x40"), "PASS_NOT_TCP")
# A pool may let them pass.
row("pass_split_chain_where_the_pool_says_so", SUB,
    raw(FRAGMENT, fragment(60, more=True) + ext(60, 6), src=TOL6), "PASS_UNREADABLE")
row("pass_chain_split_in_tcp_header_where_the_pool_says_so", SUB,
    raw(FRAGMENT, fragment(6, more=True) + TCP[:8], src=TOL6), "PASS_UNREADABLE")
row("block_first_fragment_where_the_pool_lets_split_chains_pass", SUB,
    raw(FRAGMENT, fragment(6, more=True) + TCP, src=TOL6), "DROP_BLOCKED")
row("drop_fragment_at_offset_1_where_the_pool_lets_split_chains_pass", SUB,
    raw(FRAGMENT, fragment(6, 1) + TCP, src=TOL6), "DROP_FRAG_FO1")
row("drop_malformed_where_the_pool_lets_split_chains_pass", SUB,
    raw(60, ext(60, 6, length=30) + TCP, src=TOL6), "DROP_MALFORMED")
about("E18")
row("drop_atomic_fragment_cut_in_tcp_header", SUB, raw(FRAGMENT, fragment(6) + TCP[:8]), "DROP_MALFORMED")
about("E9")
row("drop_fragment_at_offset_1_v6", SUB, raw(FRAGMENT, fragment(6, 1) + TCP), "DROP_FRAG_FO1")
row("drop_fragment_at_offset_1_with_more_v6", SUB, raw(FRAGMENT, fragment(6, 1, True) + TCP), "DROP_FRAG_FO1")
row("pass_fragment_at_offset_1_to_relay_v6", SUB, raw(FRAGMENT, fragment(6, 1) + TCP, dst=RELAY6), "PASS_UNREADABLE")
row("pass_udp_fragment_at_offset_1_v6", SUB, raw(FRAGMENT, fragment(17, 1) + TCP), "PASS_LATER_FRAG")
about("E9", "E11")
row("pass_fragment_at_offset_2_v6", SUB, raw(FRAGMENT, fragment(6, 2) + TCP), "PASS_LATER_FRAG")
row("pass_fragment_at_offset_32_v6", SUB, raw(FRAGMENT, fragment(6, 32, True) + TCP), "PASS_LATER_FRAG")
row("pass_fragment_at_last_offset_v6", SUB, raw(FRAGMENT, fragment(6, 0x1FFF) + TCP), "PASS_LATER_FRAG")
about("E18")
row("block_atomic_fragment_with_reserved_bits", SUB,
    raw(FRAGMENT, fragment(6)[:3] + b"\x06" + fragment(6)[4:] + TCP), "DROP_BLOCKED")

# Overlapping fragments: each first fragment is judged alone; receivers discard overlaps (RFC 5722).
about("E19")
row("overlap_v6_whole_first_fragment_to_587_passes", SUB, raw(FRAGMENT, fragment(6, more=True) + TCP_587), "PASS_NOT_PORT25")
row("overlap_v6_second_first_fragment_to_25_is_blocked", SUB, raw(FRAGMENT, fragment(6, more=True) + TCP), "DROP_BLOCKED")
row("overlap_v6_second_first_fragment_behind_options_is_blocked", SUB,
    raw(FRAGMENT, fragment(60, more=True) + ext(60, 6) + TCP), "DROP_BLOCKED")
row("overlap_v6_second_first_fragment_of_8_octets_is_caught", SUB,
    raw(FRAGMENT, fragment(6, more=True) + TCP[:8]), "DROP_FRAG_CHAIN")
row("overlap_v6_atomic_fragment_to_25_is_blocked", SUB, raw(FRAGMENT, fragment(6) + TCP), "DROP_BLOCKED")
row("overlap_v6_fragment_in_a_fragment_is_blocked", SUB,
    raw(FRAGMENT, fragment(FRAGMENT, more=True) + fragment(6, more=True) + TCP), "DROP_BLOCKED")
row("overlap_v6_later_fragment_in_a_first_one_passes", SUB,
    raw(FRAGMENT, fragment(FRAGMENT, more=True) + fragment(6, 2) + TCP), "PASS_LATER_FRAG")
row("overlap_v6_from_offset_1_on_is_caught", SUB, raw(FRAGMENT, fragment(6, 1, True) + TCP), "DROP_FRAG_FO1")
row("overlap_v6_from_offset_2_on_passes", SUB, raw(FRAGMENT, fragment(6, 2, True) + TCP), "PASS_LATER_FRAG")
row("overlap_v6_from_offset_1_on_behind_options_passes", SUB,
    raw(FRAGMENT, fragment(60, 1, True) + ext(60, 6) + TCP), "PASS_LATER_FRAG")

# Lengths that lie.
about("E30")
row("drop_payload_length_0_v6", SUB, raw(6, TCP, plen=0), "DROP_MALFORMED")
row("drop_payload_length_19_v6", SUB, raw(6, TCP, plen=19), "DROP_MALFORMED")
row("drop_payload_length_beyond_frame_v6", SUB, raw(6, TCP, plen=21), "DROP_MALFORMED")
row("drop_later_fragment_that_is_longer_than_the_frame_v6", SUB,
    raw(FRAGMENT, fragment(6, 2) + TCP, plen=29), "DROP_MALFORMED", tricks=("E11",))
row("drop_payload_length_65535_v6", SUB, raw(6, TCP, plen=65535), "DROP_MALFORMED")
row("pass_payload_length_65535_to_relay_v6", SUB, raw(6, TCP, plen=65535, dst=RELAY6), "PASS_UNREADABLE")
row("pass_payload_length_65535_of_udp_v6", SUB, raw(17, TCP, plen=65535), "PASS_NOT_TCP")
row("block_payload_length_20_with_padding_v6", SUB, raw(6, TCP + b"\0" * 6, plen=20), "DROP_BLOCKED")
row("pass_587_payload_length_20_with_padding_v6", SUB, raw(6, TCP_587 + b"\0" * 6, plen=20), "PASS_NOT_PORT25")
row("drop_header_hidden_in_padding_v6", SUB, raw(60, ext(60, 6) + TCP, plen=8), "DROP_MALFORMED")
row("drop_extension_header_beyond_packet_v6", SUB, raw(60, ext(60, 6, length=30) + TCP), "DROP_MALFORMED")
row("drop_extension_header_cut_v6", SUB, raw(60, ext(60, 6)[:4]), "DROP_MALFORMED")
row("drop_extension_header_missing_v6", SUB, raw(60, b""), "DROP_MALFORMED")
row("drop_ah_beyond_packet_v6", SUB, raw(AH, ext(AH, 6, length=255) + TCP), "DROP_MALFORMED")
row("pass_udp_hidden_by_lying_ah_to_relay_v6", SUB, raw(AH, ext(AH, 17, length=255) + TCP, dst=RELAY6), "PASS_UNREADABLE")
row("drop_tcp_data_offset_4_v6", SUB, raw(6, tcp6(DYN6, MX6, dataofs=4)), "DROP_MALFORMED")
row("drop_tcp_data_offset_15_beyond_packet_v6", SUB, raw(6, tcp6(DYN6, MX6, dataofs=15)), "DROP_MALFORMED")
row("drop_frame_cut_behind_ip_header_v6", SUB, raw(6, TCP)[:54], "DROP_MALFORMED")

about("E16")
# The window of 256 bytes: 14 + 40 + 184 + 20 is 258.
row("drop_tcp_header_beyond_window_v6", SUB, chained([60], units=22), "DROP_WINDOW")
row("block_tcp_header_in_window_v6", SUB, chained([60], units=21), "DROP_BLOCKED")
row("pass_587_tcp_header_in_window_v6", SUB, chained([60], units=21, dport=587), "PASS_NOT_PORT25")
row("drop_extension_header_beyond_window_v6", SUB, chained([60, 60, 60], units=15), "DROP_WINDOW")
row("pass_udp_known_before_window_ends_v6", SUB, chained([60], units=30, last=17), "PASS_NOT_TCP")
row("pass_beyond_window_to_relay_v6", SUB, chained([60], units=22, dst=RELAY6), "PASS_UNREADABLE")
row("pass_beyond_window_from_network_v6", NET, chained([60], MX6, DYN6, 40000, units=22, sport=25), "PASS_UNREADABLE")
