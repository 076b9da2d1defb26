# SPDX-License-Identifier: BSD-3-Clause
"""Rows about the IPv4 header: options, AH, fragments, lengths that lie (E7-E12, E20, E30)."""

from frames import AH, eth, ext, ip4, tcp4
from table import DYN, FIX, LIM, MON, MX, NET, REF, RELAY, SUB, about, row


def packet(src=DYN, dst=MX, dport=25, cut=None, tail=b"", sport=40000, **ip):
    """A frame with a TCP segment of which `cut` bytes are kept."""
    return eth(0x0800, ip4(src, dst, tcp4(src, dst, dport, sport=sport)[:cut], **ip) + tail)


# Options shift the ports.
about("E12")
for words in (1, 2, 5, 9, 10):
    row("block_behind_%d_bytes_of_options" % (words * 4), SUB, packet(options=b"\1" * (words * 4)), "DROP_BLOCKED")
    row("pass_587_behind_%d_bytes_of_options" % (words * 4), SUB,
        packet(dport=587, options=b"\1" * (words * 4)), "PASS_NOT_PORT25")
row("pass_587_whose_options_look_like_port_25", SUB,
    packet(dport=587, options=b"\x9c\x40\x00\x19" + b"\0" * 16), "PASS_NOT_PORT25")
row("block_25_whose_options_look_like_port_587", SUB,
    packet(options=b"\x9c\x40\x02\x4b" + b"\0" * 16), "DROP_BLOCKED")
row("permit_relay_behind_options", SUB, packet(dst=RELAY, options=b"\1" * 8), "PASS_PERMIT")
row("block_answer_behind_options", NET, packet(MX, DYN, 40000, sport=25, options=b"\1" * 12), "DROP_MIRROR")
row("drop_packet_that_ends_with_the_type_of_an_option", SUB, packet(cut=0, options=b"\1\1\1\7"), "DROP_MALFORMED", tricks=("E30",))
row("refuse_behind_options", SUB, packet(REF, options=b"\1" * 8), "ANSWER_RST")
row("count_monitored_behind_options", SUB, packet(MON, options=b"\1" * 40), "PASS_MONITOR_DROP")

# AH in front of TCP.
about("E20")
AH_TCP = ext(AH, 6) + tcp4(DYN, MX)
AH_587 = ext(AH, 6) + tcp4(DYN, MX, 587)
row("block_behind_ah_v4", SUB, eth(0x0800, ip4(DYN, MX, AH_TCP, proto=AH)), "DROP_BLOCKED")
row("pass_587_behind_ah_v4", SUB, eth(0x0800, ip4(DYN, MX, AH_587, proto=AH)), "PASS_NOT_PORT25")
row("block_behind_two_ah_v4", SUB, eth(0x0800, ip4(DYN, MX, ext(AH, AH) + AH_TCP, proto=AH)), "DROP_BLOCKED")
row("block_behind_ah_and_options_v4", SUB,
    eth(0x0800, ip4(DYN, MX, AH_TCP, proto=AH, options=b"\1" * 20)), "DROP_BLOCKED")
row("pass_udp_behind_ah_v4", SUB, eth(0x0800, ip4(DYN, MX, ext(AH, 17) + tcp4(DYN, MX), proto=AH)), "PASS_NOT_TCP")
row("drop_ah_reaching_beyond_packet_v4", SUB,
    eth(0x0800, ip4(DYN, MX, ext(AH, 6, length=200) + tcp4(DYN, MX), proto=AH)), "DROP_MALFORMED")
row("drop_ah_cut_by_packet_end_v4", SUB, eth(0x0800, ip4(DYN, MX, b"\x06\x04\0\0", proto=AH)), "DROP_MALFORMED")
row("drop_ah_cut_by_fragment_v4", SUB,
    eth(0x0800, ip4(DYN, MX, ext(AH, 6)[:16], proto=AH, more=True)), "DROP_TINY_FRAG")
row("pass_ipv6_option_headers_behind_ah_in_ipv4", SUB,
    eth(0x0800, ip4(DYN, MX, ext(AH, 60) + ext(60, 6) + tcp4(DYN, MX), proto=AH)), "PASS_NOT_TCP")
row("pass_ipv6_option_headers_in_ipv4", SUB, eth(0x0800, ip4(DYN, MX, ext(60, 6) + tcp4(DYN, MX), proto=60)), "PASS_NOT_TCP")

# First fragments: judged like a whole packet when the TCP header is in them, else tiny.
about("E10")
row("block_first_fragment_with_whole_header", SUB, packet(more=True), "DROP_BLOCKED")
row("pass_587_first_fragment_with_whole_header", SUB, packet(dport=587, more=True), "PASS_NOT_PORT25")
row("permit_first_fragment_to_relay", SUB, packet(dst=RELAY, more=True), "PASS_PERMIT")
row("refuse_first_fragment", SUB, packet(REF, more=True), "ANSWER_RST")
about("E7")
for kept in (0, 2, 4, 8, 16, 19):
    row("drop_tiny_fragment_of_%d_bytes" % kept, SUB, packet(cut=kept, more=True), "DROP_TINY_FRAG")
row("drop_tiny_fragment_even_to_587", SUB, packet(dport=587, cut=8, more=True), "DROP_TINY_FRAG")
row("pass_tiny_fragment_to_relay", SUB, packet(dst=RELAY, cut=8, more=True), "PASS_UNREADABLE")
row("pass_tiny_fragment_of_fixed_pool", SUB, packet(FIX, cut=8, more=True), "PASS_UNREADABLE")
row("pass_tiny_fragment_of_monitored_pool", SUB, packet(MON, cut=8, more=True), "PASS_UNREADABLE")
row("drop_tiny_fragment_of_refused_pool_without_reset", SUB, packet(REF, cut=8, more=True), "DROP_TINY_FRAG")
row("pass_tiny_fragment_from_network", NET, packet(MX, DYN, 40000, sport=25, cut=8, more=True), "PASS_UNREADABLE")
row("drop_tiny_fragment_padded_by_ethernet", SUB, packet(cut=8, more=True, tail=tcp4(DYN, MX)[8:]), "DROP_TINY_FRAG")
row("drop_first_fragment_cut_in_tcp_options", SUB,
    eth(0x0800, ip4(DYN, MX, tcp4(DYN, MX, options=[("NOP", None)] * 8)[:24], more=True)), "DROP_TINY_FRAG")
row("pass_587_first_fragment_ending_behind_tcp_options", SUB,
    eth(0x0800, ip4(DYN, MX, tcp4(DYN, MX, 587, options=[("NOP", None)] * 8), more=True)), "PASS_NOT_PORT25")
row("drop_tiny_fragment_behind_options", SUB, packet(cut=8, more=True, options=b"\1" * 40), "DROP_TINY_FRAG")

# Overlapping tiny fragments: each first fragment is judged alone, whatever came before (RFC 3128).
about("E8")
row("overlap_first_fragment_of_16_octets_to_587_is_tiny", SUB, packet(dport=587, cut=16, more=True), "DROP_TINY_FRAG")
row("overlap_whole_first_fragment_to_587_passes", SUB, packet(dport=587, more=True), "PASS_NOT_PORT25")
row("overlap_second_first_fragment_of_8_octets_to_25_is_tiny", SUB, packet(cut=8, more=True), "DROP_TINY_FRAG")
row("overlap_second_first_fragment_of_12_octets_to_25_is_tiny", SUB, packet(cut=12, more=True), "DROP_TINY_FRAG")
row("overlap_second_whole_first_fragment_to_25_is_blocked", SUB, packet(more=True, tail=b""), "DROP_BLOCKED")
row("overlap_second_first_fragment_that_is_the_last_is_malformed", SUB, packet(cut=8), "DROP_MALFORMED")
row("overlap_from_offset_1_on_is_caught", SUB, packet(offset=1, more=True), "DROP_FRAG_FO1")
row("overlap_from_offset_2_on_passes", SUB, packet(offset=2, more=True), "PASS_LATER_FRAG")
row("overlap_with_a_last_fragment_passes", SUB, packet(offset=2), "PASS_LATER_FRAG")
row("overlap_of_fixed_pool_passes", SUB, packet(FIX, cut=12, more=True), "PASS_UNREADABLE")

# Later fragments carry no ports, but at offset 1 they can rewrite the flags.
about("E9")
row("drop_fragment_at_offset_1", SUB, packet(offset=1), "DROP_FRAG_FO1")
row("drop_fragment_at_offset_1_with_more", SUB, packet(offset=1, more=True), "DROP_FRAG_FO1")
row("drop_fragment_at_offset_1_behind_options", SUB, packet(offset=1, options=b"\1" * 4), "DROP_FRAG_FO1")
about("E9", "E11")
row("pass_fragment_at_offset_2", SUB, packet(offset=2), "PASS_LATER_FRAG")
row("pass_fragment_at_offset_3_with_more", SUB, packet(offset=3, more=True), "PASS_LATER_FRAG")
row("pass_fragment_at_last_offset", SUB, packet(offset=0x1FFF), "PASS_LATER_FRAG")
row("pass_fragment_at_offset_4096_whose_low_bits_are_0", SUB, packet(offset=0x1000), "PASS_LATER_FRAG")
row("pass_fragment_at_offset_257_whose_low_byte_is_1", SUB, packet(offset=0x101), "PASS_LATER_FRAG")
about("E9")
row("pass_fragment_at_offset_1_to_relay", SUB, packet(dst=RELAY, offset=1), "PASS_UNREADABLE")
row("pass_fragment_at_offset_1_of_fixed_pool", SUB, packet(FIX, offset=1), "PASS_UNREADABLE")
row("pass_fragment_at_offset_1_from_network", NET, packet(MX, DYN, 40000, sport=25, offset=1), "PASS_UNREADABLE")
row("pass_udp_fragment_at_offset_1", SUB, packet(offset=1, proto=17), "PASS_NOT_TCP")
row("pass_empty_later_fragment", SUB, packet(cut=0, offset=9), "PASS_LATER_FRAG")
about()
row("block_when_only_dont_fragment_and_reserved_bits_are_set", SUB, packet(offset=0xC000), "DROP_BLOCKED")
row("pass_587_when_reserved_bit_is_set", SUB, packet(dport=587, offset=0x8000), "PASS_NOT_PORT25")

about("E30")
# Lengths that lie: bounds come from the IP length, never from the frame.
row("drop_ihl_4", SUB, packet(ihl=4), "DROP_MALFORMED")
# With 16 bytes of header, the destination's last half reads as port 537, and the ack as data offset 5.
row("drop_ihl_4_that_reads_as_port_537", SUB,
    eth(0x0800, ip4(DYN, MX, tcp4(DYN, MX, ack=0x50000000), ihl=4)), "DROP_MALFORMED")
row("drop_ihl_0", SUB, packet(ihl=0), "DROP_MALFORMED")
row("drop_ihl_beyond_packet", SUB, packet(ihl=15, cut=20), "DROP_MALFORMED")
row("pass_ihl_4_of_fixed_pool", SUB, packet(FIX, ihl=4), "PASS_UNREADABLE")
row("pass_ihl_4_to_relay", SUB, packet(dst=RELAY, ihl=4), "PASS_UNREADABLE")
row("pass_ihl_4_of_limited_pool_within", SUB, packet("198.51.100.150", ihl=4), "PASS_UNREADABLE")
row("pass_udp_with_ihl_4", SUB, packet(ihl=4, proto=17), "PASS_NOT_TCP")
row("drop_total_length_0", SUB, packet(total=0), "DROP_MALFORMED")
row("drop_total_length_19", SUB, packet(total=19), "DROP_MALFORMED")
row("drop_later_fragment_of_total_length_19", SUB, packet(offset=2, total=19), "DROP_MALFORMED", tricks=("E11",))
row("drop_later_fragment_with_ihl_4", SUB, packet(offset=2, ihl=4), "DROP_MALFORMED", tricks=("E11",))
row("drop_later_fragment_that_is_longer_than_the_frame", SUB, packet(offset=2, total=41), "DROP_MALFORMED", tricks=("E11",))
row("pass_later_fragment_of_total_length_20", SUB, packet(offset=2, total=20), "PASS_LATER_FRAG", tricks=("E11",))
row("drop_total_length_of_header_only", SUB, packet(total=20), "DROP_MALFORMED")
row("drop_total_length_39_cuts_tcp_header", SUB, packet(total=39), "DROP_MALFORMED")
row("block_total_length_40_is_enough", SUB, packet(total=40, tail=b"\0" * 6), "DROP_BLOCKED")
row("pass_587_total_length_40_is_enough", SUB, packet(dport=587, total=40, tail=b"\0" * 6), "PASS_NOT_PORT25")
row("drop_total_length_beyond_frame_by_1", SUB, packet(total=41), "DROP_MALFORMED")
row("drop_total_length_65535", SUB, packet(total=65535), "DROP_MALFORMED")
row("drop_total_length_65535_even_to_587", SUB, packet(dport=587, total=65535), "DROP_MALFORMED")
row("drop_header_hidden_in_ethernet_padding", SUB, packet(total=28), "DROP_MALFORMED")
row("pass_587_with_ethernet_padding", SUB, packet(dport=587, tail=b"\0\0\0\0\0\x19"), "PASS_NOT_PORT25")
row("pass_wrong_length_from_network", NET, packet(MX, DYN, 40000, sport=25, total=65535), "PASS_UNREADABLE")
row("pass_version_6_in_ipv4_frame", SUB, packet(version=6), "PASS_UNREADABLE")
for words in range(0, 5):
    row("drop_tcp_data_offset_%d" % words, SUB,
        eth(0x0800, ip4(DYN, MX, tcp4(DYN, MX, dataofs=words))), "DROP_MALFORMED")
row("drop_tcp_data_offset_beyond_packet", SUB, eth(0x0800, ip4(DYN, MX, tcp4(DYN, MX, dataofs=6))), "DROP_MALFORMED")
row("drop_tcp_data_offset_4_even_to_587", SUB, eth(0x0800, ip4(DYN, MX, tcp4(DYN, MX, 587, dataofs=4))), "DROP_MALFORMED")
row("pass_tcp_data_offset_4_to_relay", SUB, eth(0x0800, ip4(DYN, RELAY, tcp4(DYN, RELAY, dataofs=4))), "PASS_UNREADABLE")
row("block_tcp_data_offset_6_with_its_options", SUB,
    eth(0x0800, ip4(DYN, MX, tcp4(DYN, MX, dataofs=6, data=b"\1\1\1\1"))), "DROP_BLOCKED")

# Frames cut on the wire.
WHOLE = packet()
row("drop_frame_cut_behind_ip_header", SUB, WHOLE[:34], "DROP_MALFORMED")
row("drop_frame_cut_before_last_byte", SUB, WHOLE[:-1], "DROP_MALFORMED")

about("E16", "E20")
# Headers beyond the 256 bytes that every host looks at: 14 + 20 + 8 AH of 24 + TCP of 20 leave 10.
LONG_AH = b"".join(ext(AH, AH) for _ in range(7)) + ext(AH, 6)
row("drop_tcp_header_beyond_window_v4", SUB,
    eth(0x0800, ip4(DYN, MX, LONG_AH + tcp4(DYN, MX), proto=AH, options=b"\1" * 40)), "DROP_WINDOW")
row("block_tcp_header_at_the_end_of_window_v4", SUB,
    eth(0x0800, ip4(DYN, MX, LONG_AH + tcp4(DYN, MX), proto=AH, options=b"\1" * 8)), "DROP_BLOCKED")
row("drop_tcp_header_one_word_beyond_window_v4", SUB,
    eth(0x0800, ip4(DYN, MX, LONG_AH + tcp4(DYN, MX), proto=AH, options=b"\1" * 12)), "DROP_WINDOW")
row("pass_beyond_window_to_relay_v4", SUB,
    eth(0x0800, ip4(DYN, RELAY, LONG_AH + tcp4(DYN, RELAY), proto=AH, options=b"\1" * 40)), "PASS_UNREADABLE")
row("pass_beyond_window_of_limited_pool_within", SUB,
    eth(0x0800, ip4(LIM, RELAY, LONG_AH + tcp4(LIM, RELAY), proto=AH, options=b"\1" * 40)), "PASS_UNREADABLE")
