# SPDX-License-Identifier: BSD-3-Clause
"""Rows about what changes under the traffic: the clock, the owner of an address, the path, and the policy.
The last rows come after a push of policy_next.json: pool `dynamic` is unrestricted there and pool `fixed`
blocked, and who is in no pool is not believed."""

from frames import CTAG, STAG, eth, ip4, tcp4
from table import (CORE_ONLY, DYN, DYN6, EAST, FIX, FIX6, LIMI, LIMI6, MET, MET6, MX, MX6, NET, RELAY, RELAY6, STRANGER, STRANGER6,
                   SUB, about, back4, back6, row, seg4, seg6)

NTH = ("first", "second", "third")

# The relay may have a limit of its own.
about("E32")
for family, seg, met, mx, relay in ((4, seg4, MET, MX, RELAY), (6, seg6, MET6, MX6, RELAY6)):
    row("block_metered_pool_to_any_other_server_v%d" % family, SUB, seg(met, mx), "DROP_BLOCKED")
    for nth in NTH:
        row("count_%s_syn_of_metered_pool_to_relay_v%d" % (nth, family), SUB, seg(met, relay), "PASS_WITHIN_LIMIT")
    row("refuse_fourth_syn_of_metered_pool_to_relay_v%d" % family, SUB, seg(met, relay), "ANSWER_LIMIT")
    row("pass_data_of_metered_pool_to_relay_v%d" % family, SUB,
        seg(met, relay, flags="PA", data=b"DATA"), "PASS_WITHIN_LIMIT")
    row("pass_587_of_metered_pool_to_relay_v%d" % family, SUB, seg(met, relay, 587), "PASS_NOT_PORT25")
row("permit_relay_without_a_limit_however_often", SUB, seg4(DYN, RELAY), "PASS_PERMIT")

# Low and slow: a limit does not see it, a block does.
about("E34")
for host in (34, 35, 36):
    row("block_one_syn_of_198_51_100_%d" % host, SUB, seg4("198.51.100.%d" % host, MX), "DROP_BLOCKED")
    row("pass_one_syn_of_192_0_2_%d_within_its_limit" % (host + 84), SUB,
        seg4("192.0.2.%d" % (host + 84), MX), "PASS_WITHIN_LIMIT")
row("block_one_syn_a_day", SUB, seg4("198.51.100.34", MX), "DROP_BLOCKED", CORE_ONLY, 86400)
row("pass_one_syn_a_day_within_the_limit", SUB, seg4("192.0.2.118", MX), "PASS_WITHIN_LIMIT", CORE_ONLY, 86400)

# Over the limit by an ICMP error, and on hold.
about("E2", "E35")
for family, seg, back, lim, mx, relay in ((4, seg4, back4, LIMI, MX, RELAY), (6, seg6, back6, LIMI6, MX6, RELAY6)):
    for nth in NTH:
        row("limit_icmp_%s_syn_passes_v%d" % (nth, family), SUB, seg(lim, mx), "PASS_WITHIN_LIMIT")
    row("limit_icmp_fourth_syn_is_prohibited_v%d" % family, SUB, seg(lim, mx), "ANSWER_LIMIT_ICMP")
    row("limit_icmp_data_on_hold_is_prohibited_v%d" % family, SUB,
        seg(lim, mx, flags="PA", data=b"DATA"), "ANSWER_LIMIT_ICMP")
    row("limit_icmp_reset_on_hold_is_not_answered_v%d" % family, SUB,
        seg(lim, mx, flags="R"), "DROP_UNANSWERED", tricks=("E37",))
    row("limit_icmp_answer_on_hold_is_caught_v%d" % family, NET, back(mx, lim), "DROP_MIRROR", tricks=("E3",))
    row("limit_icmp_relay_is_permitted_on_hold_v%d" % family, SUB, seg(lim, relay), "PASS_PERMIT")
    # Holds end, so that who gets the address next is not cut off for good.
    row("limit_icmp_hold_is_there_after_3599_s_v%d" % family, SUB, seg(lim, mx), "ANSWER_LIMIT_ICMP", CORE_ONLY, 3599)
    row("limit_icmp_hold_is_over_after_3600_s_v%d" % family, SUB, seg(lim, mx), "PASS_WITHIN_LIMIT", CORE_ONLY, 3600)
    row("limit_icmp_data_after_the_hold_passes_v%d" % family, SUB,
        seg(lim, mx, flags="PA"), "PASS_WITHIN_LIMIT", CORE_ONLY, 3600)

# A clock that steps back lifts no hold and forgets no connection.
about("E39")
STEPPER = "198.51.100.146"
for nth in NTH:
    row("clock_%s_syn_passes" % nth, SUB, seg4(STEPPER, MX), "PASS_WITHIN_LIMIT", CORE_ONLY, 7200)
row("clock_fourth_syn_is_over", SUB, seg4(STEPPER, MX), "DROP_LIMIT_OVER", CORE_ONLY, 7200)
for at_s, reason, tricks in ((7199, "DROP_LIMIT_HELD", "lasts"), (3600, "DROP_LIMIT_HELD", "lasts"), (0, "DROP_LIMIT_HELD", "lasts"),
                             (10799, "DROP_LIMIT_HELD", "lasts"), (10800, "PASS_WITHIN_LIMIT", "is_over")):
    row("clock_hold_%s_at_%d_s" % (tricks, at_s), SUB, seg4(STEPPER, MX, flags="A"), reason, CORE_ONLY, at_s)
SLOW = "198.51.100.147"
for nth in NTH:
    row("clock_%s_syn_of_another_passes" % nth, SUB, seg4(SLOW, MX), "PASS_WITHIN_LIMIT", CORE_ONLY, 7200)
row("clock_set_back_gives_no_fourth_syn", SUB, seg4(SLOW, MX), "DROP_LIMIT_OVER", CORE_ONLY, 0)
row("clock_set_back_leaves_the_block", SUB, seg4(DYN, MX), "DROP_BLOCKED", CORE_ONLY, 0)
row("clock_set_ahead_leaves_the_block", SUB, seg4(DYN, MX), "DROP_BLOCKED", CORE_ONLY, 10**9)
row("clock_set_ahead_leaves_587_alone", SUB, seg4(DYN, MX, 587), "PASS_NOT_PORT25", CORE_ONLY, 10**9)

# The other half of a connection may go another way: each segment is judged by itself.
about("E40")
PATHS = (("one_path", 0, ()), ("the_other_path", 1, ()), ("the_other_path_in_qinq", 1, (STAG, CTAG)))
for path, pair, tags in PATHS:
    row("block_data_without_its_syn_on_%s" % path, SUB,
        seg4(DYN, MX, flags="PA", data=b"MAIL FROM:<>", tags=tags), "DROP_BLOCKED", pair=pair)
    row("block_syn_on_%s" % path, SUB, seg6(DYN6, MX6, tags=tags), "DROP_BLOCKED", pair=pair)
    row("catch_syn_ack_without_its_syn_on_%s" % path, NET, back4(MX, DYN, tags=tags), "DROP_MIRROR", pair=pair)
    row("catch_data_without_its_syn_on_%s" % path, NET,
        back6(MX6, DYN6, flags="PA", data=b"250 ok\r\n", tags=tags), "DROP_MIRROR", pair=pair)
    row("permit_relay_answer_without_its_syn_on_%s" % path, NET, back4(RELAY, DYN, tags=tags), "PASS_PERMIT", pair=pair)
    row("pass_data_to_587_without_its_syn_on_%s" % path, SUB,
        seg4(DYN, MX, 587, flags="PA", data=b"EHLO", tags=tags), "PASS_NOT_PORT25", pair=pair)
    row("pass_answer_from_587_without_its_syn_on_%s" % path, NET,
        back4(MX, DYN, 587, tags=tags), "PASS_NOT_PORT25", pair=pair)

# Before the push.
about("E38")
HELD, WITHIN, FAMILY = "198.51.100.144", "198.51.100.148", "2001:db8:3000:b00::9"
for nth in NTH:
    row("reload_%s_syn_before_the_push" % nth, SUB, seg4(HELD, MX), "PASS_WITHIN_LIMIT")
    row("reload_%s_syn_before_the_push_v6" % nth, SUB, seg6(FAMILY, MX6), "PASS_WITHIN_LIMIT")
    row("reload_%s_syn_of_another_before_the_push" % nth, SUB, seg4(WITHIN, MX), "PASS_WITHIN_LIMIT")
row("reload_fourth_syn_is_over_before_the_push", SUB, seg4(HELD, MX), "DROP_LIMIT_OVER")
row("reload_fourth_syn_is_over_before_the_push_v6", SUB, seg6(FAMILY, MX6), "DROP_LIMIT_OVER")
row("reload_blocks_the_dynamic_pool_before_the_push", SUB, seg4(DYN, MX), "DROP_BLOCKED")
row("reload_passes_the_fixed_pool_before_the_push", SUB, seg4(FIX, MX), "PASS_UNRESTRICTED")


def pushed(name, side, frame, reason, **fields):
    row(name, side, frame, reason, policy=1, **fields)


# After it.
pushed("reload_passes_the_dynamic_pool_after_the_push", SUB, seg4(DYN, MX), "PASS_UNRESTRICTED")
pushed("reload_passes_the_dynamic_pool_after_the_push_v6", SUB, seg6(DYN6, MX6), "PASS_UNRESTRICTED")
pushed("reload_blocks_the_fixed_pool_after_the_push", SUB, seg4(FIX, MX), "DROP_BLOCKED")
pushed("reload_blocks_the_fixed_pool_after_the_push_v6", SUB, seg6(FIX6, MX6), "DROP_BLOCKED")
pushed("reload_blocks_data_of_older_connections_after_the_push", SUB,
    seg4(FIX, MX, flags="PA", data=b"DATA"), "DROP_BLOCKED", tricks=("E2",))
pushed("reload_catches_answers_to_the_fixed_pool_after_the_push", NET, back4(MX, FIX), "DROP_MIRROR", tricks=("E3",))
pushed("reload_passes_answers_to_the_dynamic_pool_after_the_push", NET, back4(MX, DYN), "PASS_UNRESTRICTED", tricks=("E3",))
pushed("reload_permits_the_relay_after_the_push", SUB, seg4(FIX, RELAY), "PASS_PERMIT")
pushed("reload_leaves_587_alone_after_the_push", SUB, seg4(FIX, MX, 587), "PASS_NOT_PORT25")
pushed("reload_hold_survives_the_push", SUB, seg4(HELD, MX), "DROP_LIMIT_HELD")
pushed("reload_hold_of_data_survives_the_push", SUB, seg4(HELD, MX, flags="PA", data=b"DATA"), "DROP_LIMIT_HELD")
pushed("reload_hold_survives_the_push_v6", SUB, seg6(FAMILY, MX6), "DROP_LIMIT_HELD")
pushed("reload_hold_of_answers_survives_the_push", NET, back4(MX, HELD), "DROP_MIRROR", tricks=("E3",))
pushed("reload_used_up_limit_survives_the_push", SUB, seg4(WITHIN, MX), "DROP_LIMIT_OVER")
pushed("reload_leaves_the_unseen_subscriber_free", SUB, seg4("198.51.100.149", MX), "PASS_WITHIN_LIMIT")
pushed("reload_leaves_the_pair_of_a_pool_alone", SUB, seg4(EAST, MX), "DROP_SRC_SPOOFED", pair=1, tricks=("E5",))

# There, addresses in no pool are not believed on any subscriber port.
about("E4")
pushed("spoofed_stranger_v4", SUB, seg4(STRANGER, MX), "DROP_SRC_SPOOFED")
pushed("spoofed_stranger_v6", SUB, seg6(STRANGER6, MX6), "DROP_SRC_SPOOFED")
pushed("spoofed_stranger_to_relay", SUB, seg4(STRANGER, RELAY), "DROP_SRC_SPOOFED")
pushed("spoofed_stranger_without_syn", SUB, seg4(STRANGER, MX, flags="PA", data=b"DATA"), "DROP_SRC_SPOOFED", tricks=("E2",))
pushed("spoofed_stranger_on_the_other_pair", SUB, seg4(STRANGER, MX), "DROP_SRC_SPOOFED", pair=1)
pushed("spoofed_stranger_in_a_tiny_fragment", SUB,
    eth(0x0800, ip4(STRANGER, RELAY, tcp4(STRANGER, RELAY)[:8], more=True)), "DROP_TINY_FRAG", tricks=("E7",))
pushed("stranger_to_587_passes", SUB, seg4(STRANGER, MX, 587), "PASS_NOT_PORT25")
pushed("answer_to_stranger_passes", NET, back4(MX, STRANGER), "PASS_NO_POOL", tricks=("E3",))
pushed("web_of_stranger_passes", SUB, seg6(STRANGER6, MX6, 443), "PASS_NOT_PORT25")
