# SPDX-License-Identifier: BSD-3-Clause
"""Rows about what lies around IP: how deep it may be, lengths that lie, frames that are not IP, runts.
Pair 1 drops what ends in doubt before any address. Every encapsulation with every packet in it is in
rows_matrix.py."""

from scapy.layers.inet6 import (ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RA, ICMPv6NDOptSrcLLAddr)
from scapy.layers.l2 import ARP, LLC, STP
from scapy.layers.ppp import PPP_LCP_Configure, PPPoED

from frames import CTAG, OLD_QINQ, STAG, eth, ip4, ip6, mpls, pppoe, snap, tcp4, tcp6
from table import (ALL, DYN, DYN6, FIX, LONG, MON, MX, MX6, NET, REF, REF6, RELAY, SHORT, SUB, about, back4,
                   back6, row, seg4, seg6)

IP4_25, IP4_587 = ip4(DYN, MX, tcp4(DYN, MX)), ip4(DYN, MX, tcp4(DYN, MX, 587))
IP6_25, IP6_587 = ip6(DYN6, MX6, tcp6(DYN6, MX6)), ip6(DYN6, MX6, tcp6(DYN6, MX6, 587))


def unreadable(name, side, frame, reason, **fields):
    """A frame in doubt before any address: the pair says what becomes of it, and only from subscribers."""
    row("pass_%s" % name, side, frame, "PASS_UNREADABLE", **fields)
    row("%s_%s_where_the_pair_says_so" % ("drop" if side == SUB else "pass", name), side, frame,
        reason if side == SUB else "PASS_UNREADABLE", pair=1, **fields)


# VLAN tags.
about("E26")
unreadable("5_tags", SUB, seg4(DYN, MX, tags=[CTAG] * 5), "DROP_L2_DEPTH")
unreadable("5_mixed_tags", SUB, seg6(DYN6, MX6, tags=[OLD_QINQ, STAG, STAG, CTAG, CTAG]), "DROP_L2_DEPTH")
unreadable("5_tags_to_587", SUB, seg4(DYN, MX, 587, tags=[CTAG] * 5), "DROP_L2_DEPTH")
unreadable("5_tags_of_fixed_pool", SUB, seg4(FIX, MX, tags=[CTAG] * 5), "DROP_L2_DEPTH")
unreadable("5_tags_from_network", NET, back4(MX, DYN, tags=[CTAG] * 5), "DROP_L2_DEPTH")
unreadable("tag_cut_off", SUB, seg4(DYN, MX, tags=[CTAG])[:17], "DROP_L2_MALFORMED")
unreadable("second_tag_cut_off", SUB, seg4(DYN, MX, tags=[STAG, CTAG])[:20], "DROP_L2_MALFORMED")
unreadable("tag_and_nothing_behind", SUB, seg4(DYN, MX, tags=[CTAG])[:18], "DROP_MALFORMED")
row("block_in_4_tags_where_the_pair_drops_doubt", SUB, seg4(DYN, MX, tags=[CTAG] * 4), "DROP_BLOCKED", pair=1)
row("pass_587_in_4_tags_where_the_pair_drops_doubt", SUB, seg4(DYN, MX, 587, tags=[CTAG] * 4), "PASS_NOT_PORT25", pair=1)
row("permit_relay_in_qinq", SUB, seg4(DYN, RELAY, tags=[STAG, CTAG]), "PASS_PERMIT")
row("count_monitored_in_vlan", SUB, seg4(MON, MX, tags=[CTAG]), "PASS_MONITOR_DROP")
row("pass_fixed_pool_in_vlan", SUB, seg4(FIX, MX, tags=[CTAG]), "PASS_UNRESTRICTED")
row("pass_arp_in_vlan", SUB, eth(0x0806, bytes(ARP(psrc=DYN, pdst=MX)), [CTAG]), "PASS_NOT_IP")
for tci, text in ((b"\0\0", "vid_0"), (b"\xe0\0", "priority_7_vid_0"), (b"\x0f\xff", "vid_4095"), (b"\x10\x64", "drop_eligible")):
    for port, verdict, reason in ((25, "block", "DROP_BLOCKED"), (587, "pass_587", "PASS_NOT_PORT25")):
        frame = seg4(DYN, MX, port, tags=[CTAG])
        row("%s_in_tag_with_%s" % (verdict, text), SUB, frame[:14] + tci + frame[16:], reason)

# PPPoE sessions.
about("E27")


def session(ppp, **fields):
    return eth(0x8864, pppoe(ppp, **fields))


row("permit_relay_in_pppoe", SUB, session(b"\0\x21" + ip4(DYN, RELAY, tcp4(DYN, RELAY))), "PASS_PERMIT")
row("refuse_in_pppoe_v6", SUB, session(b"\0\x57" + ip6(REF6, MX6, tcp6(REF6, MX6, seq=5))), "ANSWER_RST")
row("refuse_in_pppoe_in_qinq_v4", SUB,
    eth(0x8864, pppoe(b"\0\x21" + ip4(REF, MX, tcp4(REF, MX, flags="A", ack=9, data=b"DATA\r\n"))), [STAG, CTAG]), "ANSWER_RST")
row("refuse_in_pppoe_compressed_v4", SUB, session(b"\x21" + ip4(REF, MX, tcp4(REF, MX))), "ANSWER_RST")
row("block_in_pppoe_with_ethernet_padding", SUB, session(b"\0\x21" + IP4_25) + b"\0" * 8, "DROP_BLOCKED")
row("block_in_pppoe_with_padding_inside", SUB, session(b"\0\x21" + IP4_25 + b"\0" * 8), "DROP_BLOCKED")
row("drop_ip_longer_than_pppoe", SUB, session(b"\0\x21" + IP4_25, length=41), "DROP_MALFORMED")
row("drop_ip6_longer_than_pppoe", SUB, session(b"\0\x57" + IP6_25, length=61), "DROP_MALFORMED")
unreadable("pppoe_length_beyond_frame", SUB, session(b"\0\x21" + IP4_25, length=43), "DROP_L2_MALFORMED")
unreadable("pppoe_length_65535", SUB, session(b"\0\x21" + IP4_25, length=65535), "DROP_L2_MALFORMED")
unreadable("pppoe_length_0", SUB, session(b"\0\x21" + IP4_25, length=0), "DROP_L2_MALFORMED")
unreadable("pppoe_length_1", SUB, session(b"\0\x21" + IP4_25, length=1), "DROP_L2_MALFORMED")
unreadable("pppoe_length_cuts_ip_header", SUB, session(b"\0\x21" + IP4_25, length=21), "DROP_MALFORMED")
unreadable("pppoe_cut_off", SUB, session(b"\0\x21" + IP4_25)[:19], "DROP_L2_MALFORMED")
unreadable("pppoe_ff03_and_nothing_behind", SUB, session(b"\xff\x03"), "DROP_L2_MALFORMED")
# Linux's receiver looks at neither version, type nor code.
for text, fields in (("version_2", {"version_type": 0x21}), ("type_2", {"version_type": 0x12}), ("code_7", {"code": 7})):
    row("block_in_pppoe_of_%s" % text, SUB, session(b"\0\x21" + IP4_25, **fields), "DROP_BLOCKED")
    row("pass_587_in_pppoe_of_%s" % text, SUB, session(b"\0\x21" + IP4_587, **fields), "PASS_NOT_PORT25")
row("pass_ppp_lcp", SUB, session(b"\xc0\x21" + bytes(PPP_LCP_Configure())), "PASS_NOT_IP")
row("pass_ppp_lcp_in_qinq", SUB, eth(0x8864, pppoe(b"\xc0\x21" + bytes(PPP_LCP_Configure())), [STAG, CTAG]), "PASS_NOT_IP")
row("pass_ppp_lcp_protocol_and_nothing_else", SUB, session(b"\xc0\x21"), "PASS_NOT_IP")
unreadable("pppoe_length_2_beyond_frame", SUB, session(b"", length=2), "DROP_L2_MALFORMED")
row("pass_ppp_ipcp", SUB, session(b"\x80\x21\x01\x01\x00\x04"), "PASS_NOT_IP")
row("pass_ppp_echo_from_network", NET, session(b"\xc0\x21\x09\x01\x00\x08\0\0\0\0"), "PASS_NOT_IP")
unreadable("pppoe_compressed_protocol_and_nothing_behind", SUB, session(b"\x57"), "DROP_L2_MALFORMED")
row("pass_pppoe_discovery_from_subscriber", SUB, eth(0x8863, bytes(PPPoED(code=9))), "PASS_NOT_IP")
row("pass_pppoe_discovery_from_network", NET, eth(0x8863, bytes(PPPoED(code=7))), "PASS_NOT_IP")
row("pass_pppoe_discovery_with_smtp_inside", SUB, eth(0x8863, pppoe(b"\0\x21" + IP4_25)), "PASS_NOT_IP")


# What PPP carries and is not opened.
about("E28")
for protocol, kind in ((b"\0\xfd", "compressed_datagram"), (b"\0\xfb", "compressed_link"), (b"\0\x2d", "vj_compressed"),
                       (b"\0\x2f", "vj_uncompressed"), (b"\0\x31", "bridging"), (b"\x02\x81", "mpls"),
                       (b"\0\x3d\xc0\0\0\0\0\x21", "multilink"), (b"\0\x53", "encrypted"), (b"\0\x61", "rohc")):
    row("count_ppp_%s" % kind, SUB, session(protocol + IP4_25), "PASS_L2_UNPARSED")
# Network protocols end at 0x3fff. That one itself begins with an odd octet, and is then 0x3f, compressed.
row("count_ppp_last_network_protocol_of_two_octets", SUB, session(b"\x3e\xff" + IP4_25), "PASS_L2_UNPARSED")
row("count_ppp_3fff_which_is_compressed", SUB, session(b"\x3f\xff" + IP4_25), "PASS_L2_UNPARSED")
row("pass_ppp_first_low_volume_protocol", SUB, session(b"\x40\x00" + IP4_25), "PASS_NOT_IP")
row("pass_ppp_4001", SUB, session(b"\x40\x01" + IP4_25), "PASS_NOT_IP")
row("count_ppp_multilink_compressed", SUB, session(b"\x3d\xc0\0\0\0\x21" + IP4_25), "PASS_L2_UNPARSED")
row("count_ppp_multilink_from_network", NET, session(b"\0\x3d\xc0\0\0\0\0\x21" + IP4_25), "PASS_L2_UNPARSED")

# MPLS: how deep, and what is behind the labels.
unreadable("5_labels", SUB, eth(0x8847, mpls([1000, 1001, 1002, 1003, 1004], IP4_25)), "DROP_L2_DEPTH")
unreadable("4_labels_without_bottom", SUB,
    eth(0x8847, mpls([1000, 1001, 1002, 1003], IP4_25, bottom=False)), "DROP_L2_DEPTH")
unreadable("label_cut_off", SUB, eth(0x8847, mpls([1000], b""))[:17], "DROP_L2_MALFORMED")
unreadable("second_label_missing", SUB, eth(0x8847, mpls([1000], b"", bottom=False)), "DROP_L2_MALFORMED")
unreadable("label_and_nothing_behind", SUB, eth(0x8847, mpls([1000], b"")), "DROP_L2_MALFORMED")
unreadable("label_and_half_an_ip_header", SUB, eth(0x8847, mpls([1000], IP4_25[:12])), "DROP_MALFORMED")
unreadable("5_labels_from_network", NET, eth(0x8847, mpls([1000, 1001, 1002, 1003, 1004], IP4_25)), "DROP_L2_DEPTH")
row("count_pseudowire_with_control_word", SUB, eth(0x8847, mpls([1000], b"\0\0\0\x07" + seg4(DYN, MX))), "PASS_L2_UNPARSED")
row("count_associated_channel", SUB, eth(0x8847, mpls([1000], b"\x10\0\0\x21" + IP4_25)), "PASS_L2_UNPARSED")
row("pass_pseudowire_whose_first_octet_looks_like_ip4", SUB,
    eth(0x8847, mpls([1000], b"\x44\0\0\0\0\x01" + seg4(DYN, MX)[6:])), "PASS_NOT_TCP")
row("pass_label_that_looks_like_port_25", SUB, eth(0x8847, mpls([25], IP4_587)), "PASS_NOT_PORT25")
row("block_label_with_explicit_null_v4_around_ip6", SUB, eth(0x8847, mpls([0], IP6_25)), "DROP_BLOCKED")

# Frames that carry frames.
row("count_macsec", SUB, eth(0x88E5, b"\x20\0\0\0\0\x01" + seg4(DYN, MX)[12:]), "PASS_L2_UNPARSED")
row("count_provider_backbone_bridging", SUB, eth(0x88E7, b"\0\0\0\x01" + seg4(DYN, MX)), "PASS_L2_UNPARSED")
for ethertype, text in ((0x22F3, "trill"), (0x88FB, "prp"), (0x8926, "vn_tag"), (0x892F, "hsr"), (0x893F, "e_tag"),
                        (0x9200, "tag_9200"), (0x9300, "tag_9300"), (0xF1C1, "r_tag")):
    row("count_%s" % text, SUB, eth(ethertype, b"\0\x64" + seg4(DYN, MX)[12:]), "PASS_L2_UNPARSED")
row("count_provider_backbone_bridging_in_b_tag", SUB, eth(0x88E7, b"\0\0\0\x01" + seg4(DYN, MX), [STAG]), "PASS_L2_UNPARSED")
row("count_network_service_header", SUB,
    eth(0x894F, b"\x0f\xc6\x01\x01\0\0\x01\xff" + b"\0" * 16 + IP4_25), "PASS_L2_UNPARSED")
row("count_transparent_bridging", SUB, eth(0x6558, seg4(DYN, MX)), "PASS_L2_UNPARSED")
row("pass_587_in_mpls_where_the_pair_drops_doubt", SUB, eth(0x8847, mpls([1000], IP4_587)), "PASS_NOT_PORT25", pair=1)


# LLC/SNAP.
def in_llc(payload=IP4_25, ethertype=0x0800, tags=(), **fields):
    length, body = snap(ethertype, payload, **fields)
    return eth(length, body, tags)


about("E29")
row("block_in_snap_with_ethernet_padding", SUB, in_llc() + b"\0" * 6, "DROP_BLOCKED")
row("pass_587_in_snap_with_ethernet_padding", SUB, in_llc(IP4_587) + b"\0\0\0\0\0\x19", "PASS_NOT_PORT25")
row("block_in_pppoe_in_snap", SUB, in_llc(pppoe(b"\0\x21" + IP4_25), 0x8864), "DROP_BLOCKED")
row("pass_587_in_pppoe_in_snap", SUB, in_llc(pppoe(b"\0\x21" + IP4_587), 0x8864), "PASS_NOT_PORT25")
row("block_in_mpls_in_snap", SUB, in_llc(mpls([1000], IP4_25), 0x8847), "DROP_BLOCKED")
row("drop_ip_longer_than_snap", SUB, in_llc(length=47), "DROP_MALFORMED")
unreadable("snap_longer_than_frame", SUB, in_llc(length=49), "DROP_L2_MALFORMED")
unreadable("snap_of_length_05ff", SUB, in_llc(length=0x05FF), "DROP_L2_MALFORMED")
unreadable("snap_length_cuts_ip_header", SUB, in_llc(length=27), "DROP_MALFORMED")
unreadable("snap_length_ends_behind_snap", SUB, in_llc(length=8), "DROP_MALFORMED")
unreadable("snap_longer_than_frame_from_network", NET, in_llc(length=49), "DROP_L2_MALFORMED")
unreadable("tag_in_snap", SUB, in_llc(b"\0\x64\x08\0" + IP4_25, CTAG), "DROP_L2_DEPTH", tricks=("E26",))
row("pass_snap_too_short_for_its_header", SUB, in_llc(length=7), "PASS_NOT_IP")
row("pass_snap_length_0", SUB, in_llc(length=0), "PASS_NOT_IP")
row("pass_llc_of_another_service", SUB, in_llc(llc=b"\xe0\xe0\x03"), "PASS_NOT_IP")
row("pass_snap_that_is_no_unnumbered_information", SUB, in_llc(llc=b"\xaa\xaa\x01"), "PASS_NOT_IP")
# Receivers look neither at the source's service nor at the group and poll bits.
for llc, text in ((b"\xab\xaa\x03", "group_bit"), (b"\xaa\xe0\x03", "another_source_service"), (b"\xaa\xaa\x13", "poll_bit")):
    row("block_in_snap_with_%s" % text, SUB, in_llc(llc=llc), "DROP_BLOCKED")
    row("pass_587_in_snap_with_%s" % text, SUB, in_llc(IP4_587, llc=llc), "PASS_NOT_PORT25")
row("count_llc_with_the_number_of_ip", SUB, in_llc(llc=b"\x06\x06\x03"), "PASS_L2_UNPARSED")
row("count_llc_with_the_number_of_ip_and_group_bit", SUB, in_llc(llc=b"\x07\x06\x03"), "PASS_L2_UNPARSED")
row("pass_snap_of_cisco_discovery", SUB, in_llc(b"\x02\xb4\0\0", 0x2000, oui=0x00000C), "PASS_NOT_IP")
row("pass_snap_of_another_organisation", SUB, in_llc(oui=0x000001), "PASS_NOT_IP")
row("pass_arp_in_snap", SUB, in_llc(bytes(ARP(psrc=DYN, pdst=MX)), 0x0806), "PASS_NOT_IP")
row("pass_spanning_tree_per_vlan", SUB, in_llc(b"\0\0\0\0\0" + b"\0" * 30, 0x010B, oui=0x00000C), "PASS_NOT_IP")

# What is not IP passes untouched.
about()
row("pass_arp_request_from_subscriber", SUB, eth(0x0806, bytes(ARP(psrc=DYN, pdst=MX))), "PASS_NOT_IP")
row("pass_arp_reply_from_network", NET, eth(0x0806, bytes(ARP(op=2, psrc=MX, pdst=DYN))), "PASS_NOT_IP")
row("pass_lldp", SUB, eth(0x88CC, b"\x02\x07\x04\x02\0\0\0\0\x01\x04\x03\x02p1\x06\x02\0x\0\0"), "PASS_NOT_IP")
row("pass_lacp", NET, eth(0x8809, b"\x01" + b"\0" * 109), "PASS_NOT_IP")
row("pass_neighbour_solicitation", SUB, eth(0x86DD, ip6(DYN6, "ff02::1:ff00:1", bytes(
    ICMPv6ND_NS(tgt="fe80::1") / ICMPv6NDOptSrcLLAddr(lladdr="02:00:00:00:00:01")), nh=58, hlim=255)), "PASS_NOT_TCP")
row("pass_neighbour_advertisement", NET,
    eth(0x86DD, ip6("fe80::1", DYN6, bytes(ICMPv6ND_NA(tgt="fe80::1")), nh=58, hlim=255)), "PASS_NOT_TCP")
row("pass_router_advertisement", NET,
    eth(0x86DD, ip6("fe80::1", "ff02::1", bytes(ICMPv6ND_RA()), nh=58, hlim=255)), "PASS_NOT_TCP")
row("pass_mld_report_behind_hop_by_hop", SUB, eth(0x86DD, ip6(
    "fe80::7", "ff02::16", b"\x3a\0\x05\x02\0\0\x01\0" + b"\x8f\0\0\0\0\0\0\0", nh=0, hlim=1)), "PASS_NOT_TCP")
BPDU = bytes(LLC(dsap=0x42, ssap=0x42, ctrl=3) / STP())
row("pass_spanning_tree", SUB, eth(len(BPDU), BPDU), "PASS_NOT_IP")
# The smallest EtherType (XNS), which is no length: the frame would be too short for it.
row("pass_ethertype_0600", SUB, eth(0x0600, b"\0\x64" + IP4_25), "PASS_NOT_IP")
row("pass_longest_802_3_length", SUB, eth(0x05FF, b"\xaa\xaa\x03\0\0\0\x88\xcc" + b"\0" * 0x5F7), "PASS_NOT_IP")
row("pass_unknown_ethertype", SUB, eth(0x88B5, b"\0" * 46), "PASS_NOT_IP")

# Runts. No device can send them on as they came.
about("E30")
WHOLE = seg4(DYN, MX)
for kept, side, text in ((13, SUB, ""), (1, SUB, ""), (6, NET, "_from_network"), (13, NET, "_from_network")):
    row("drop_frame_of_%d_bytes%s" % (kept, text), side, WHOLE[:kept], "DROP_RUNT", SHORT)
row("pass_frame_of_14_bytes_that_is_not_ip", SUB, eth(0x88CC, b""), "PASS_NOT_IP")
unreadable("frame_of_14_bytes", SUB, WHOLE[:14], "DROP_MALFORMED")
unreadable("frame_of_15_bytes", SUB, WHOLE[:15], "DROP_MALFORMED")
unreadable("frame_cut_in_ip4_header", SUB, WHOLE[:33], "DROP_MALFORMED")
unreadable("frame_cut_in_ip6_header", SUB, seg6(DYN6, MX6)[:53], "DROP_MALFORMED")
unreadable("frame_cut_in_ip4_header_from_network", NET, WHOLE[:33], "DROP_MALFORMED")
unreadable("version_5_in_ip4_frame", SUB, eth(0x0800, ip4(DYN, MX, tcp4(DYN, MX), version=5)), "DROP_MALFORMED")
unreadable("version_4_in_ip6_frame", SUB, eth(0x86DD, ip6(DYN6, MX6, tcp6(DYN6, MX6), version=4)), "DROP_MALFORMED")

# Jumbo frames.
about("E30")
for bytes_, hosts in ((1500, ALL), (3000, ALL), (9000, LONG)):
    for port, verdict, reason in ((25, "block", "DROP_BLOCKED"), (587, "pass_587", "PASS_NOT_PORT25")):
        row("%s_in_ip4_packet_of_%d_bytes" % (verdict, bytes_), SUB,
            seg4(DYN, MX, port, flags="A", data=b"x" * (bytes_ - 40)), reason, hosts)
        row("%s_in_ip6_packet_of_%d_bytes" % (verdict, bytes_), SUB,
            seg6(DYN6, MX6, port, flags="A", data=b"x" * (bytes_ - 60)), reason, hosts)
row("drop_jumbo_frame_with_total_length_beyond", SUB,
    eth(0x0800, ip4(DYN, MX, tcp4(DYN, MX, data=b"x" * 8960), total=9001)), "DROP_MALFORMED", LONG)
row("permit_relay_in_jumbo_frame", SUB, seg4(DYN, RELAY, flags="A", data=b"x" * 8960), "PASS_PERMIT", LONG)
row("catch_answer_in_jumbo_frame", NET, back4(MX, DYN, flags="A", data=b"x" * 8960), "DROP_MIRROR", LONG)
row("drop_jumbogram_option", SUB,
    eth(0x86DD, ip6(DYN6, MX6, b"\x06\0\xc2\x04\0\x01\0\0" + tcp6(DYN6, MX6), nh=0, plen=0)), "DROP_MALFORMED")
