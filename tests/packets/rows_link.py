# SPDX-License-Identifier: BSD-3-Clause
"""Rows about what lies around IP: VLAN tags, PPPoE, frames that are not IP, runts (E26-E29)."""

from scapy.layers.inet6 import (ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RA, ICMPv6NDOptSrcLLAddr)
from scapy.layers.l2 import ARP, LLC, STP
from scapy.layers.ppp import PPP_LCP_Configure, PPPoED

from frames import CTAG, OLD_QINQ, STAG, eth, ip4, ip6, pppoe, tcp4, tcp6
from table import (DYN, DYN6, FIX, MON, MX, MX6, NET, REF, REF6, RELAY, SHORT, SUB, back4, back6, row, seg4,
                   seg6)

TPIDS = {CTAG: "8100", STAG: "88a8", OLD_QINQ: "9100"}

# VLAN tags of every kind and depth (E26).
for tpid, text in TPIDS.items():
    for depth in (1, 2, 3, 4):
        row("block_in_%d_tags_%s" % (depth, text), SUB, seg4(DYN, MX, tags=[tpid] * depth), "DROP_BLOCKED")
        row("pass_587_in_%d_tags_%s" % (depth, text), SUB, seg4(DYN, MX, 587, tags=[tpid] * depth), "PASS_NOT_PORT25")
    row("block_in_1_tag_%s_v6" % text, SUB, seg6(DYN6, MX6, tags=[tpid]), "DROP_BLOCKED")
    row("pass_port_26_in_1_tag_%s_v6" % text, SUB, seg6(DYN6, MX6, 26, tags=[tpid]), "PASS_NOT_PORT25")
    row("pass_5_tags_%s_unread" % text, SUB, seg4(DYN, MX, tags=[tpid] * 5), "PASS_UNREADABLE")
row("block_in_qinq_v4", SUB, seg4(DYN, MX, tags=[STAG, CTAG]), "DROP_BLOCKED")
row("block_in_qinq_v6", SUB, seg6(DYN6, MX6, tags=[STAG, CTAG]), "DROP_BLOCKED")
row("permit_relay_in_qinq", SUB, seg4(DYN, RELAY, tags=[STAG, CTAG]), "PASS_PERMIT")
row("refuse_in_vlan_v4", SUB, seg4(REF, MX, tags=[CTAG]), "ANSWER_RST")
row("refuse_in_qinq_v6", SUB, seg6(REF6, MX6, tags=[STAG, CTAG]), "ANSWER_RST")
row("count_monitored_in_vlan", SUB, seg4(MON, MX, tags=[CTAG]), "PASS_MONITOR_DROP")
row("block_answer_in_qinq_v4", NET, back4(MX, DYN, tags=[STAG, CTAG]), "DROP_MIRROR")
row("block_answer_in_vlan_v6", NET, back6(MX6, DYN6, tags=[CTAG]), "DROP_MIRROR")
row("permit_relay_answer_in_vlan", NET, back4(RELAY, DYN, tags=[CTAG]), "PASS_PERMIT")
row("pass_fixed_pool_in_vlan", SUB, seg4(FIX, MX, tags=[CTAG]), "PASS_UNRESTRICTED")
row("block_in_four_different_tags", SUB, seg4(DYN, MX, tags=[OLD_QINQ, STAG, CTAG, CTAG]), "DROP_BLOCKED")
row("pass_arp_in_vlan", SUB, eth(0x0806, bytes(ARP(psrc=DYN, pdst=MX)), [CTAG]), "PASS_NOT_IP")
row("pass_tag_cut_off", SUB, seg4(DYN, MX, tags=[CTAG])[:17], "PASS_UNREADABLE")
row("pass_tag_and_nothing_behind", SUB, seg4(DYN, MX, tags=[CTAG])[:18], "PASS_UNREADABLE")
row("block_priority_tag_vid_0", SUB,
    seg4(DYN, MX, tags=[CTAG])[:14] + b"\xe0\0" + seg4(DYN, MX, tags=[CTAG])[16:], "DROP_BLOCKED")

# PPPoE sessions (E27, E28).
IP4_25, IP4_587 = ip4(DYN, MX, tcp4(DYN, MX)), ip4(DYN, MX, tcp4(DYN, MX, 587))
IP6_25, IP6_587 = ip6(DYN6, MX6, tcp6(DYN6, MX6)), ip6(DYN6, MX6, tcp6(DYN6, MX6, 587))
PLACES = {"": (), "_in_vlan": (CTAG,), "_in_qinq": (STAG, CTAG), "_in_four_tags": (STAG, CTAG, CTAG, CTAG)}
FRAMINGS = {"": (b"\0\x21", b"\0\x57"), "_compressed": (b"\x21", b"\x57"),
            "_with_ff03": (b"\xff\x03\0\x21", b"\xff\x03\0\x57"),
            "_with_ff03_compressed": (b"\xff\x03\x21", b"\xff\x03\x57")}
for framing, (p4, p6) in FRAMINGS.items():
    for place, tags in PLACES.items():
        row("block_in_pppoe%s%s_v4" % (framing, place), SUB, eth(0x8864, pppoe(p4 + IP4_25), tags), "DROP_BLOCKED")
        row("pass_587_in_pppoe%s%s_v4" % (framing, place), SUB, eth(0x8864, pppoe(p4 + IP4_587), tags), "PASS_NOT_PORT25")
        row("block_in_pppoe%s%s_v6" % (framing, place), SUB, eth(0x8864, pppoe(p6 + IP6_25), tags), "DROP_BLOCKED")
        row("pass_587_in_pppoe%s%s_v6" % (framing, place), SUB, eth(0x8864, pppoe(p6 + IP6_587), tags), "PASS_NOT_PORT25")


def session(ppp, **fields):
    return eth(0x8864, pppoe(ppp, **fields))


row("permit_relay_in_pppoe", SUB, session(b"\0\x21" + ip4(DYN, RELAY, tcp4(DYN, RELAY))), "PASS_PERMIT")
row("block_answer_in_pppoe", NET, session(b"\0\x21" + ip4(MX, DYN, tcp4(MX, DYN, 40000, sport=25, flags="SA"))), "DROP_MIRROR")
row("refuse_in_pppoe_v4", SUB, session(b"\0\x21" + ip4(REF, MX, tcp4(REF, MX, seq=5))), "ANSWER_RST")
row("refuse_in_pppoe_v6", SUB, session(b"\0\x57" + ip6(REF6, MX6, tcp6(REF6, MX6, seq=5))), "ANSWER_RST")
row("refuse_in_pppoe_in_qinq_v4", SUB,
    eth(0x8864, pppoe(b"\0\x21" + ip4(REF, MX, tcp4(REF, MX, flags="A", ack=9, data=b"DATA\r\n"))), [STAG, CTAG]), "ANSWER_RST")
row("refuse_in_pppoe_compressed_v4", SUB, session(b"\x21" + ip4(REF, MX, tcp4(REF, MX))), "ANSWER_RST")
row("block_in_pppoe_with_ethernet_padding", SUB, session(b"\0\x21" + IP4_25) + b"\0" * 8, "DROP_BLOCKED")
row("block_in_pppoe_with_padding_inside", SUB, session(b"\0\x21" + IP4_25 + b"\0" * 8), "DROP_BLOCKED")
row("drop_ip_longer_than_pppoe", SUB, session(b"\0\x21" + IP4_25, length=41), "DROP_MALFORMED")
row("drop_ip6_longer_than_pppoe", SUB, session(b"\0\x57" + IP6_25, length=61), "DROP_MALFORMED")
row("pass_pppoe_length_beyond_frame", SUB, session(b"\0\x21" + IP4_25, length=43), "PASS_UNREADABLE")
row("pass_pppoe_length_65535", SUB, session(b"\0\x21" + IP4_25, length=65535), "PASS_UNREADABLE")
row("pass_pppoe_length_0", SUB, session(b"\0\x21" + IP4_25, length=0), "PASS_UNREADABLE")
row("pass_pppoe_length_1", SUB, session(b"\0\x21" + IP4_25, length=1), "PASS_UNREADABLE")
row("pass_pppoe_length_cuts_ip_header", SUB, session(b"\0\x21" + IP4_25, length=21), "PASS_UNREADABLE")
row("pass_pppoe_cut_off", SUB, session(b"\0\x21" + IP4_25)[:19], "PASS_UNREADABLE")
row("pass_pppoe_ff03_and_nothing_behind", SUB, session(b"\xff\x03"), "PASS_UNREADABLE")
row("pass_pppoe_of_version_2", SUB, session(b"\0\x21" + IP4_25, version_type=0x21), "PASS_UNREADABLE")
row("pass_pppoe_session_with_code", SUB, session(b"\0\x21" + IP4_25, code=7), "PASS_UNREADABLE")
row("pass_ppp_lcp", SUB, session(b"\xc0\x21" + bytes(PPP_LCP_Configure())), "PASS_NOT_IP")
row("pass_ppp_lcp_in_qinq", SUB, eth(0x8864, pppoe(b"\xc0\x21" + bytes(PPP_LCP_Configure())), [STAG, CTAG]), "PASS_NOT_IP")
row("pass_ppp_ipcp", SUB, session(b"\x80\x21\x01\x01\x00\x04"), "PASS_NOT_IP")
row("pass_ppp_compressed_datagram", SUB, session(b"\0\xfd" + IP4_25), "PASS_NOT_IP")
row("pass_ppp_multilink", SUB, session(b"\0\x3d\xc0\0\0\0\0\x21" + IP4_25), "PASS_NOT_IP")
row("pass_pppoe_discovery_from_subscriber", SUB, eth(0x8863, bytes(PPPoED(code=9))), "PASS_NOT_IP")
row("pass_pppoe_discovery_from_network", NET, eth(0x8863, bytes(PPPoED(code=7))), "PASS_NOT_IP")
row("pass_pppoe_discovery_with_smtp_inside", SUB, eth(0x8863, pppoe(b"\0\x21" + IP4_25)), "PASS_NOT_IP")

# What is not IP passes untouched.
row("pass_arp_request_from_subscriber", SUB, eth(0x0806, bytes(ARP(psrc=DYN, pdst=MX))), "PASS_NOT_IP")
row("pass_arp_reply_from_network", NET, eth(0x0806, bytes(ARP(op=2, psrc=MX, pdst=DYN))), "PASS_NOT_IP")
row("pass_lldp", SUB, eth(0x88CC, b"\x02\x07\x04\x02\0\0\0\0\x01\x04\x03\x02p1\x06\x02\0x\0\0"), "PASS_NOT_IP")
row("pass_lacp", NET, eth(0x8809, b"\x01" + b"\0" * 109), "PASS_NOT_IP")
row("pass_neighbour_solicitation", SUB, eth(0x86DD, ip6(DYN6, "ff02::1:ff00:1", bytes(
    ICMPv6ND_NS(tgt="fe80::1") / ICMPv6NDOptSrcLLAddr(lladdr="02:00:00:00:00:01")), nh=58, hlim=255)), "PASS_NOT_TCP")
row("pass_neighbour_advertisement", NET, eth(0x86DD, ip6("fe80::1", DYN6, bytes(ICMPv6ND_NA(tgt="fe80::1")), nh=58, hlim=255)), "PASS_NOT_TCP")
row("pass_router_advertisement", NET, eth(0x86DD, ip6("fe80::1", "ff02::1", bytes(ICMPv6ND_RA()), nh=58, hlim=255)), "PASS_NOT_TCP")
row("pass_mld_report_behind_hop_by_hop", SUB, eth(0x86DD, ip6(
    "fe80::7", "ff02::16", b"\x3a\0\x05\x02\0\0\x01\0" + b"\x8f\0\0\0\0\0\0\0", nh=0, hlim=1)), "PASS_NOT_TCP")
BPDU = bytes(LLC(dsap=0x42, ssap=0x42, ctrl=3) / STP())
row("pass_spanning_tree", SUB, eth(len(BPDU), BPDU), "PASS_NOT_IP")
row("pass_mpls", SUB, eth(0x8847, b"\0\0\x11\x40" + IP4_25), "PASS_NOT_IP")
row("pass_jumbo_802_3_length_below_0600", SUB, eth(0x05FF, b"\xaa\xaa\x03\0\0\0\x88\xcc" + b"\0" * 40), "PASS_NOT_IP")
row("pass_unknown_ethertype", SUB, eth(0x88B5, b"\0" * 46), "PASS_NOT_IP")

# Runts.
WHOLE = seg4(DYN, MX)
row("pass_frame_of_14_bytes", SUB, WHOLE[:14], "PASS_UNREADABLE")
row("pass_frame_of_14_bytes_that_is_not_ip", SUB, eth(0x88CC, b""), "PASS_NOT_IP")
row("pass_frame_of_15_bytes", SUB, WHOLE[:15], "PASS_UNREADABLE")
row("pass_frame_of_13_bytes", SUB, WHOLE[:13], "PASS_NOT_IP", SHORT)
row("pass_frame_of_1_byte", SUB, WHOLE[:1], "PASS_NOT_IP", SHORT)
row("pass_frame_of_6_bytes_from_network", NET, WHOLE[:6], "PASS_NOT_IP", SHORT)
