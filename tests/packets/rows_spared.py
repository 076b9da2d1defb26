# SPDX-License-Identifier: BSD-3-Clause
"""Rows about who is spared and who is not: the provider's infrastructure, exceptions, quarantines, stages that
drain; and about subscribers who share an address by port sets."""

from frames import FRAGMENT, chain, eth, ip4, ip6, route_option, tcp4, tcp6
from table import (AFTR, CLO, CLO6, CORE_ONLY, DRA, DRA6, DRL, DRL6, DYN, DYN6, FIX, INFRA, INFRA6, MX, MX6, NET,
                   PARTNER, PARTNER6, PROBE, PROBE6, RELAY, RELAY6, SHA, SUB, about, back4, back6, row, seg4, seg6)

NTH = ("first", "second", "third")
BOTH = ((4, seg4, back4, INFRA, PROBE, DYN, CLO, MX), (6, seg6, back6, INFRA6, PROBE6, DYN6, CLO6, MX6))

# From the network, infrastructure is not filtered.
for family, seg, back, infra, probe, dyn, clo, mx in BOTH:
    about()
    row("infra_answer_passes_the_mirror_v%d" % family, NET, back(infra, dyn), "PASS_INFRA")
    row("infra_data_from_port_25_passes_the_mirror_v%d" % family, NET,
        back(infra, dyn, flags="PA", data=b"220 mx\r\n"), "PASS_INFRA")
    row("infra_passes_on_the_other_pair_v%d" % family, NET, back(infra, dyn), "PASS_INFRA", pair=1)
    row("infra_to_port_25_of_a_subscriber_v%d" % family, NET, seg(infra, dyn), "PASS_INFRA")
    row("infra_to_port_25_of_a_closed_pool_v%d" % family, NET, seg(infra, clo), "PASS_INFRA")
    row("infra_from_port_25_to_port_25_of_a_closed_pool_v%d" % family, NET, back(infra, clo, dport=25), "PASS_INFRA")
    row("infra_from_587_is_not_looked_at_v%d" % family, NET, back(infra, dyn, 587), "PASS_NOT_PORT25")
    row("subscriber_to_infra_is_judged_v%d" % family, SUB, seg(dyn, infra), "DROP_BLOCKED", tricks=("E1",))
    about("E5")
    row("infra_as_source_on_the_subscriber_side_v%d" % family, SUB, seg(infra, mx), "DROP_SRC_SPOOFED")
    row("infra_as_source_on_the_other_pair_v%d" % family, SUB, seg(infra, mx), "DROP_SRC_SPOOFED", pair=1)
    row("infra_data_as_source_on_the_subscriber_side_v%d" % family, SUB, seg(infra, mx, flags="PA"), "DROP_SRC_SPOOFED")
    row("infra_587_on_the_subscriber_side_passes_v%d" % family, SUB, seg(infra, mx, 587), "PASS_NOT_PORT25")
    # Infrastructure of the subscriber side: believed behind its own pair, and as a source only there.
    row("probe_is_infra_behind_its_pair_v%d" % family, SUB, seg(probe, mx), "PASS_INFRA")
    row("probe_data_is_infra_behind_its_pair_v%d" % family, SUB, seg(probe, mx, flags="PA"), "PASS_INFRA")
    row("probe_is_spoofed_behind_the_other_pair_v%d" % family, SUB, seg(probe, mx), "DROP_SRC_SPOOFED", pair=1)
    row("probe_is_no_infra_from_the_network_v%d" % family, NET, back(probe, dyn), "DROP_MIRROR", tricks=("E3",))
    row("probe_is_no_infra_to_a_closed_pool_v%d" % family, NET, seg(probe, clo), "DROP_INBOUND", tricks=("E6",))
    about()
    row("answer_to_probe_passes_v%d" % family, NET, back(mx, probe), "PASS_UNRESTRICTED")
    row("mail_to_probe_passes_v%d" % family, NET, seg(mx, probe), "PASS_INBOUND")
row("infra_neighbour_below_is_mirrored", NET, back4("192.0.2.243", DYN), "DROP_MIRROR", tricks=("E3",))
row("infra_last_address_passes_the_mirror", NET, back4("192.0.2.247", DYN), "PASS_INFRA")
row("infra_inside_a_pool_passes_the_mirror", NET, back4("198.51.100.60", DYN), "PASS_INFRA")
row("infra_inside_a_pool_is_spoofed_as_source", SUB, seg4("198.51.100.60", MX), "DROP_SRC_SPOOFED", tricks=("E5",))
row("infra_inside_a_pool_leaves_its_neighbour_blocked", SUB, seg4("198.51.100.61", MX), "DROP_BLOCKED", tricks=("E1",))
row("infra_inside_the_relay_is_infra", NET, back6("2001:db8:25::beef", DYN6), "PASS_INFRA")
row("infra_inside_the_relay_is_a_relay_to_send_to", SUB, seg6(DYN6, "2001:db8:25::beef"), "PASS_PERMIT")
row("infra_answer_in_a_softwire_passes", NET, eth(0x86DD, ip6(AFTR, DYN6, ip4(
    INFRA, "10.0.0.1", tcp4(INFRA, "10.0.0.1", 40000, sport=25, flags="SA")), nh=4)), "PASS_INFRA", tricks=("E25",))
row("infra_answer_behind_a_fragment_header_passes", NET, eth(0x86DD, ip6(
    INFRA6, DYN6, chain([FRAGMENT], tcp6(INFRA6, DYN6, 40000, sport=25, flags="SA"))[1], nh=FRAGMENT)), "PASS_INFRA")
row("infra_doubt_from_the_network_passes", NET,
    eth(0x0800, ip4(INFRA, DYN, tcp4(INFRA, DYN, 40000, sport=25)[:8], more=True)), "PASS_UNREADABLE")
row("probe_detour_is_infra", SUB,
    eth(0x0800, ip4(PROBE, RELAY, tcp4(PROBE, RELAY), options=route_option(131, [MX]))), "PASS_INFRA")
row("probe_doubt_passes_behind_its_pair", SUB,
    eth(0x0800, ip4(PROBE, MX, tcp4(PROBE, MX)[:8], more=True)), "PASS_UNREADABLE")
row("probe_doubt_behind_the_other_pair_is_dropped", SUB,
    eth(0x0800, ip4(PROBE, MX, tcp4(PROBE, MX)[:8], more=True)), "DROP_TINY_FRAG", pair=1, tricks=("E7",))

# Exceptions stand before the stage, and end; quarantines stand before both.
EXCEPTED, FRIENDLY, INFECTED, ENDED, LATER = ("198.51.100.%d" % host for host in (20, 21, 23, 24, 25))
QUARANTINED, QUARANTINED6, FRIEND = "198.51.100.22", "2001:db8:1000:2233::1", "203.0.113.161"
about("E1")
row("exception_permits_any_server_v4", SUB, seg4(EXCEPTED, MX), "PASS_PERMIT")
row("exception_permits_any_server_v6", SUB, seg6("2001:db8:1000:20ff::1", MX6), "PASS_PERMIT")
row("exception_permits_what_the_stage_monitors", SUB, seg4(EXCEPTED, PARTNER), "PASS_PERMIT")
row("exception_permits_the_answer", NET, back4(MX, EXCEPTED), "PASS_PERMIT", tricks=("E3",))
row("exception_lifts_a_limit", SUB, seg4("198.51.100.155", MX), "PASS_PERMIT")
row("exception_ends_with_its_prefix_v4", SUB, seg4("198.51.100.19", MX), "DROP_BLOCKED")
row("exception_ends_with_its_prefix_v6", SUB, seg6("2001:db8:1000:2100::1", MX6), "DROP_BLOCKED")
row("exception_permits_its_destination", SUB, seg4(FRIENDLY, FRIEND), "PASS_PERMIT")
row("exception_permits_no_other_destination", SUB, seg4(FRIENDLY, MX), "DROP_BLOCKED")
row("exception_leaves_the_stage_its_clauses", SUB, seg4(FRIENDLY, PARTNER), "PASS_MONITOR_DROP")
row("exception_of_one_is_none_for_another", SUB, seg4(DYN, FRIEND), "DROP_BLOCKED")
row("exception_lets_no_doubt_be_dropped", SUB,
    eth(0x0800, ip4(EXCEPTED, MX, tcp4(EXCEPTED, MX)[:8], more=True)), "PASS_UNREADABLE", tricks=("E7",))
row("exception_that_ended_permits_nothing", SUB, seg4(ENDED, MX), "DROP_BLOCKED")
row("quarantine_that_has_not_begun_changes_nothing", SUB, seg4(LATER, MX), "DROP_BLOCKED")
row("quarantine_drops_what_the_stage_monitors_v4", SUB, seg4(QUARANTINED, PARTNER), "DROP_BLOCKED")
row("quarantine_drops_what_the_stage_monitors_v6", SUB, seg6(QUARANTINED6, PARTNER6), "DROP_BLOCKED")
row("quarantine_keeps_the_relay_v4", SUB, seg4(QUARANTINED, RELAY), "PASS_PERMIT")
row("quarantine_keeps_the_relay_v6", SUB, seg6(QUARANTINED6, RELAY6), "PASS_PERMIT")
row("quarantine_keeps_nothing_else", SUB, seg4(QUARANTINED, "198.51.100.10"), "DROP_BLOCKED")
row("quarantine_catches_the_answer", NET, back4(PARTNER, QUARANTINED), "DROP_MIRROR", tricks=("E3",))
row("quarantine_stands_before_an_exception", SUB, seg4(INFECTED, MX), "ANSWER_RST")
row("quarantine_without_keep_refuses_the_relay", SUB, seg4(INFECTED, RELAY), "ANSWER_RST")
row("quarantine_in_a_pool_without_a_stage", SUB, seg4("198.51.100.72", MX), "ANSWER_ICMP")
row("quarantine_leaves_587_alone", SUB, seg4(INFECTED, MX, 587), "PASS_NOT_PORT25")
row("quarantine_leaves_the_neighbour_alone", SUB, seg4("198.51.100.71", MX), "PASS_UNRESTRICTED")
row("quarantine_drops_doubt", SUB,
    eth(0x0800, ip4("198.51.100.72", MX, tcp4("198.51.100.72", MX)[:8], more=True)), "DROP_TINY_FRAG", tricks=("E7",))

# A stage that drains: connections that stand are spared, new ones are not.
about("E2")
for family, seg, back, dra, drl, mx, partner, relay in (
        (4, seg4, back4, DRA, DRL, MX, PARTNER, RELAY), (6, seg6, back6, DRA6, DRL6, MX6, PARTNER6, RELAY6)):
    row("drain_blocks_a_syn_v%d" % family, SUB, seg(dra, mx), "DROP_BLOCKED")
    row("drain_blocks_a_syn_ack_v%d" % family, SUB, seg(dra, mx, flags="SA"), "DROP_BLOCKED")
    row("drain_catches_a_syn_ack_v%d" % family, NET, back(mx, dra), "DROP_MIRROR")
    row("drain_refuses_a_syn_v%d" % family, SUB, seg(dra, partner), "ANSWER_RST")
    row("drain_spares_data_v%d" % family, SUB, seg(dra, mx, flags="PA", data=b"DATA\r\n"), "PASS_DRAINING")
    row("drain_spares_a_bare_ack_v%d" % family, SUB, seg(dra, mx, flags="A"), "PASS_DRAINING")
    row("drain_spares_a_reset_v%d" % family, SUB, seg(dra, mx, flags="R"), "PASS_DRAINING")
    row("drain_spares_what_would_be_refused_v%d" % family, SUB, seg(dra, partner, flags="PA"), "PASS_DRAINING")
    row("drain_spares_a_reset_that_is_not_answered_v%d" % family, SUB, seg(dra, partner, flags="R"), "PASS_DRAINING")
    row("drain_spares_data_coming_back_v%d" % family, NET,
        back(mx, dra, flags="PA", data=b"250 ok\r\n"), "PASS_DRAINING")
    row("drain_spares_a_fin_coming_back_v%d" % family, NET, back(mx, dra, flags="FA"), "PASS_DRAINING")
    row("drain_permits_the_relay_as_ever_v%d" % family, SUB, seg(dra, relay, flags="A"), "PASS_PERMIT")
    row("drain_leaves_587_alone_v%d" % family, SUB, seg(dra, mx, 587), "PASS_NOT_PORT25")
    # On hold.
    row("drain_data_of_limited_is_within_v%d" % family, SUB, seg(drl, mx, flags="PA"), "PASS_WITHIN_LIMIT")
    for nth in NTH:
        row("drain_%s_syn_is_within_v%d" % (nth, family), SUB, seg(drl, mx), "PASS_WITHIN_LIMIT")
    row("drain_fourth_syn_is_over_v%d" % family, SUB, seg(drl, mx), "DROP_LIMIT_OVER")
    row("drain_fifth_syn_is_held_v%d" % family, SUB, seg(drl, mx), "DROP_LIMIT_HELD")
    row("drain_ends_no_hold_v%d" % family, SUB, seg(drl, mx, flags="PA"), "DROP_LIMIT_HELD")
    row("drain_ends_no_hold_coming_back_v%d" % family, NET, back(mx, drl, flags="PA"), "DROP_MIRROR")
    row("drain_catches_a_syn_ack_on_hold_v%d" % family, NET, back(mx, drl), "DROP_MIRROR")
    row("drain_of_icmp_refuses_a_syn_v%d" % family, SUB, seg(drl, partner), "ANSWER_ICMP")
    row("drain_of_icmp_spares_data_v%d" % family, SUB, seg(drl, partner, flags="PA"), "PASS_DRAINING")
    row("drain_data_after_the_hold_is_within_v%d" % family, SUB,
        seg(drl, mx, flags="PA"), "PASS_WITHIN_LIMIT", CORE_ONLY, 3601)
row("drain_judges_doubt", SUB, eth(0x0800, ip4(DRA, MX, tcp4(DRA, MX, flags="A")[:8], more=True)),
    "DROP_TINY_FRAG", tricks=("E7",))
row("drain_judges_doubt_on_hold", SUB, eth(0x0800, ip4(DRL, MX, tcp4(DRL, MX, flags="A")[:8], more=True)),
    "DROP_LIMIT_HELD", tricks=("E7",))
row("drain_judges_a_source_route", SUB,
    eth(0x0800, ip4(DRA, RELAY, tcp4(DRA, RELAY, flags="A"), options=route_option(131, [MX]))),
    "DROP_SOURCE_ROUTE", tricks=("E13",))
row("drain_spares_no_quarantine", SUB, seg4("192.0.2.70", MX, flags="PA"), "DROP_BLOCKED")
row("drain_spares_no_quarantine_coming_back", NET, back4(MX, "192.0.2.70", flags="PA"), "DROP_MIRROR", tricks=("E3",))
row("drain_spares_no_other_pool", SUB, seg4(DYN, MX, flags="PA"), "DROP_BLOCKED")

# Subscribers who share an address: bits 10 and 11 of the port say who it is.
about("E41")


def shared(sport, flags="S", src=SHA):
    return seg4(src, MX, sport=sport, flags=flags)


for nth, sport in zip(NTH, (0x1400, 0x5400, 0x9C00)):  # the third is another subscriber's
    row("ports_%s_syn_passes" % nth, SUB, shared(sport), "PASS_WITHIN_LIMIT")
row("ports_third_syn_of_one_set_passes", SUB, shared(0xF400), "PASS_WITHIN_LIMIT")
row("ports_fourth_syn_of_one_set_is_over", SUB, shared(0x17FF), "DROP_LIMIT_OVER")
row("ports_another_port_of_the_set_is_held", SUB, shared(0x3400, "PA"), "DROP_LIMIT_HELD")
row("ports_last_port_of_the_set_is_held", SUB, shared(0xF7FF), "DROP_LIMIT_HELD")
row("ports_first_of_the_next_set_is_within", SUB, shared(0x1800), "PASS_WITHIN_LIMIT")
row("ports_last_of_the_set_before_is_within", SUB, shared(0x13FF), "PASS_WITHIN_LIMIT")
row("ports_set_that_sent_one_syn_is_within", SUB, shared(0x1C00, "A"), "PASS_WITHIN_LIMIT")
row("ports_same_set_of_the_next_address_is_within", SUB, shared(0x1400, src="192.0.2.35"), "PASS_WITHIN_LIMIT")
row("ports_answer_to_the_held_set_is_caught", NET, back4(MX, SHA, dport=0x5400), "DROP_MIRROR", tricks=("E3",))
row("ports_answer_to_another_set_passes", NET, back4(MX, SHA, dport=0x5800), "PASS_WITHIN_LIMIT", tricks=("E3",))
row("ports_relay_is_permitted_on_hold", SUB, seg4(SHA, RELAY, sport=0x1400), "PASS_PERMIT")
row("ports_587_passes_on_hold", SUB, seg4(SHA, MX, 587, sport=0x1400), "PASS_NOT_PORT25")
row("ports_hold_is_over_after_3601_s", SUB, shared(0x1400), "PASS_WITHIN_LIMIT", CORE_ONLY, 3601)
# What has no ports is nobody's, and may be a connection.
row("ports_tiny_fragment_is_dropped_within_the_limit", SUB,
    eth(0x0800, ip4("192.0.2.34", MX, tcp4("192.0.2.34", MX)[:8], more=True)), "DROP_TINY_FRAG", tricks=("E7",))
row("ports_tiny_fragment_of_an_open_pool_passes", SUB,
    eth(0x0800, ip4(FIX, MX, tcp4(FIX, MX)[:8], more=True)), "PASS_UNREADABLE", tricks=("E7",))
