# SPDX-License-Identifier: BSD-3-Clause
"""Rows about limits, in sequence. Three connections per 600 s at once; pool `limited` then holds the
subscriber for 3600 s, pool `limited_rst` refuses with a reset and does not hold. Where the clock has
to move, only the core can run the row."""

from frames import eth, ip4, tcp4
from table import (CORE_ONLY, LIM, LIM6, LIMR, LIMR6, MX, MX6, NET, RELAY, RELAY6, SUB, about, back4,
                   back6, row, seg4, seg6)


def limit_rows(family, seg, back, lim, other, same, mx, relay):
    """The life of one limited subscriber. other: another subscriber; same: the same by another address."""
    def named(text):
        return "limit_%s_%s" % (family, text)

    row(named("data_is_not_counted"), SUB, seg(lim, mx, flags="PA", data=b"x"), "PASS_WITHIN_LIMIT")
    for i in ("first", "second", "third"):
        row(named(i + "_syn_passes"), SUB, seg(lim, mx), "PASS_WITHIN_LIMIT")
        row(named(i + "_syn_ack_is_not_counted"), SUB, seg(lim, mx, flags="SA"), "PASS_WITHIN_LIMIT")
        row(named(i + "_answer_passes"), NET, back(mx, lim), "PASS_WITHIN_LIMIT")
    row(named("submission_is_never_counted"), SUB, seg(lim, mx, 587), "PASS_NOT_PORT25")
    row(named("relay_is_permitted_before"), SUB, seg(lim, relay), "PASS_PERMIT")
    row(named("fourth_syn_is_over"), SUB, seg(lim, mx), "DROP_LIMIT_OVER")
    row(named("fifth_syn_is_held"), SUB, seg(lim, mx), "DROP_LIMIT_HELD")
    row(named("data_is_held"), SUB, seg(same, mx, flags="PA", data=b"x"), "DROP_LIMIT_HELD")
    row(named("reset_is_held"), SUB, seg(lim, mx, flags="R"), "DROP_LIMIT_HELD")
    row(named("answer_is_held"), NET, back(mx, lim), "DROP_MIRROR")
    row(named("relay_is_permitted_on_hold"), SUB, seg(lim, relay), "PASS_PERMIT")
    row(named("relay_answer_is_permitted_on_hold"), NET, back(relay, lim), "PASS_PERMIT")
    row(named("submission_passes_on_hold"), SUB, seg(lim, mx, 587), "PASS_NOT_PORT25")
    row(named("another_subscriber_is_not_held"), SUB, seg(other, mx), "PASS_WITHIN_LIMIT")
    row(named("data_of_another_subscriber_passes"), SUB, seg(other, mx, flags="PA"), "PASS_WITHIN_LIMIT")
    row(named("answer_to_another_subscriber_passes"), NET, back(mx, other), "PASS_WITHIN_LIMIT")
    row(named("hold_lasts_3599_s"), SUB, seg(lim, mx), "DROP_LIMIT_HELD", CORE_ONLY, 3599)
    row(named("hold_of_answers_lasts_3599_s"), NET, back(mx, lim), "DROP_MIRROR", CORE_ONLY, 3599)
    row(named("data_after_the_hold_passes"), SUB, seg(lim, mx, flags="A"), "PASS_WITHIN_LIMIT", CORE_ONLY, 3601)
    row(named("answer_after_the_hold_passes"), NET, back(mx, lim), "PASS_WITHIN_LIMIT", CORE_ONLY, 3601)
    row(named("syn_after_the_hold_passes"), SUB, seg(lim, mx), "PASS_WITHIN_LIMIT", CORE_ONLY, 3601)


about("E2")
limit_rows("v4", seg4, back4, LIM, "198.51.100.131", LIM, MX, RELAY)
# The subscriber is a /56: a new address in it does not help, the next /56 is somebody else.
about("E23")
limit_rows("v6", seg6, back6, LIM6, "2001:db8:3000:300::2", "2001:db8:3000:2ff:aaaa::9", MX6, RELAY6)
row("limit_v6_rotating_addresses_first_passes", SUB, seg6("2001:db8:3000:400::1", MX6), "PASS_WITHIN_LIMIT")
row("limit_v6_rotating_addresses_second_passes", SUB, seg6("2001:db8:3000:401::2", MX6), "PASS_WITHIN_LIMIT")
row("limit_v6_rotating_addresses_third_passes", SUB, seg6("2001:db8:3000:4ff::3", MX6), "PASS_WITHIN_LIMIT")
row("limit_v6_rotating_addresses_fourth_is_over", SUB, seg6("2001:db8:3000:480::4", MX6), "DROP_LIMIT_OVER")
row("limit_v6_next_subscriber_is_counted_alone", SUB, seg6("2001:db8:3000:500::1", MX6), "PASS_WITHIN_LIMIT")
about()
row("limit_v4_first_address_of_pool", SUB, seg4("198.51.100.128", MX), "PASS_WITHIN_LIMIT")
row("limit_v4_last_address_of_pool", SUB, seg4("198.51.100.159", MX), "PASS_WITHIN_LIMIT")
row("limit_v6_last_subscriber_of_pool", SUB, seg6("2001:db8:3000:ffff::1", MX6), "PASS_WITHIN_LIMIT")

# Over the limit by a reset, without hold.
for fam, seg, sub, mx in (("v4", seg4, LIMR, MX), ("v6", seg6, LIMR6, MX6)):
    for nth in ("first", "second", "third"):
        row("limit_reset_%s_%s_syn_passes" % (fam, nth), SUB, seg(sub, mx), "PASS_WITHIN_LIMIT")
    row("limit_reset_%s_fourth_syn_is_refused" % fam, SUB, seg(sub, mx, seq=41), "ANSWER_LIMIT")
    row("limit_reset_%s_fifth_syn_is_refused" % fam, SUB, seg(sub, mx), "ANSWER_LIMIT")
    row("limit_reset_%s_never_answers_a_reset" % fam, SUB, seg(sub, mx, flags="SR"), "DROP_UNANSWERED")
    row("limit_reset_%s_data_passes_without_hold" % fam, SUB, seg(sub, mx, flags="PA"), "PASS_WITHIN_LIMIT")
    row("limit_reset_%s_syn_is_refused_after_199_s" % fam, SUB, seg(sub, mx), "ANSWER_LIMIT", CORE_ONLY, 199)
    row("limit_reset_%s_one_syn_passes_after_200_s" % fam, SUB, seg(sub, mx), "PASS_WITHIN_LIMIT", CORE_ONLY, 200)
    row("limit_reset_%s_the_next_is_refused" % fam, SUB, seg(sub, mx), "ANSWER_LIMIT", CORE_ONLY, 200)
row("limit_reset_v4_answer_passes", NET, back4(MX, LIMR), "PASS_WITHIN_LIMIT")

# What cannot be read may be a connection, and counts as one; else a limit would be passed by fragments.
DOUBTER = "198.51.100.140"
DOUBTFUL = eth(0x0800, ip4(DOUBTER, MX, tcp4(DOUBTER, MX), offset=1))
for nth in ("first", "second"):
    row("limit_doubter_%s_syn_passes" % nth, SUB, seg4(DOUBTER, MX), "PASS_WITHIN_LIMIT")
row("limit_doubt_passes_within_the_limit_and_is_charged", SUB, DOUBTFUL, "PASS_UNREADABLE")
row("limit_doubter_fourth_syn_is_over", SUB, seg4(DOUBTER, MX), "DROP_LIMIT_OVER")
row("limit_doubt_is_held_on_hold", SUB, DOUBTFUL, "DROP_LIMIT_HELD")
