# SPDX-License-Identifier: BSD-3-Clause
"""Each encapsulation with each form of IP packet in it: one row that is caught and one near miss that
passes; then the mirror and the answers in each encapsulation."""

import itertools
from typing import Callable, NamedTuple

from frames import (AH, CTAG, FRAGMENT, OLD_QINQ, STAG, chain, eth, ext, fragment, ip4, ip6, mpls, pppoe,
                    snap, tcp4, tcp6)
from table import DYN, DYN6, MX, MX6, NET, PRO, PRO6, REF, REF6, RELAY, RELAY6, SUB, about, row

ETHERTYPE = {4: 0x0800, 6: 0x86DD}
PPP = {4: 0x21, 6: 0x57}
TPIDS = {CTAG: "8100", STAG: "88a8", OLD_QINQ: "9100"}


class Encapsulation(NamedTuple):
    name: str
    wrap: Callable  # (family, packet) -> frame
    tricks: tuple
    answered: bool = True  # whether there is a known way back


class Form(NamedTuple):
    name: str
    family: int
    tricks: tuple
    packet: Callable  # (whether it is the one that is caught) -> packet
    caught: str = "DROP_BLOCKED"
    passes: str = "PASS_NOT_PORT25"
    near_tricks: tuple = ()  # of the near miss only


def in_tags(tags):
    return lambda family, packet: eth(ETHERTYPE[family], packet, tags)


def in_pppoe(before=b"\0", tags=()):
    """before: what precedes the low octet of the PPP protocol."""
    return lambda family, packet: eth(0x8864, pppoe(before + bytes([PPP[family]]) + packet), tags)


def in_snap(oui, tags=()):
    def wrap(family, packet):
        length, body = snap(ETHERTYPE[family], packet, oui)
        return eth(length, body, tags)
    return wrap


def in_labels(labels, tags=(), ethertype=0x8847):
    return lambda family, packet: eth(ethertype, mpls(labels, packet), tags)


def tagged(tags):
    return Encapsulation("%d_tag%s_%s" % (len(tags), "s" if len(tags) > 1 else "", "_".join(TPIDS[t] for t in tags)),
                         in_tags(tags), ("E26",))


# Every form of packet is tried in each of these; rows_cells.py says which must be there.
ENCAPSULATIONS = [Encapsulation("plain_ethernet", in_tags(()), ())] + [
    tagged(tags) for depth in (1, 2, 3) for tags in itertools.product(TPIDS, repeat=depth)] + [
    tagged((OLD_QINQ, STAG, CTAG, CTAG)),
    Encapsulation("pppoe", in_pppoe(), ("E27",)),
    Encapsulation("pppoe_compressed", in_pppoe(b""), ("E27",)),
    Encapsulation("pppoe_with_ff03", in_pppoe(b"\xff\x03\0"), ("E27",)),
    Encapsulation("pppoe_with_ff03_compressed", in_pppoe(b"\xff\x03"), ("E27",)),
    *(Encapsulation("pppoe_in_tag_%s" % name, in_pppoe(tags=(tag,)), ("E26", "E27")) for tag, name in TPIDS.items()),
    Encapsulation("pppoe_in_2_c_tags", in_pppoe(tags=(CTAG, CTAG)), ("E26", "E27")),
    Encapsulation("pppoe_in_qinq", in_pppoe(tags=(STAG, CTAG)), ("E26", "E27")),
    Encapsulation("pppoe_in_3_tags", in_pppoe(tags=(OLD_QINQ, STAG, CTAG)), ("E26", "E27")),
    Encapsulation("pppoe_compressed_in_4_tags", in_pppoe(b"", (OLD_QINQ, STAG, CTAG, CTAG)), ("E26", "E27")),
    Encapsulation("snap", in_snap(0x000000), ("E29",)),
    Encapsulation("snap_bridge_tunnel", in_snap(0x0000F8), ("E29",)),
    Encapsulation("snap_in_vlan", in_snap(0x000000, (CTAG,)), ("E26", "E29")),
    Encapsulation("snap_in_qinq", in_snap(0x0000F8, (STAG, CTAG)), ("E26", "E29")),
    Encapsulation("mpls_1_label", in_labels([1000]), ("E28",), False),
    Encapsulation("mpls_2_labels", in_labels([1000, 1001]), ("E28",), False),
    Encapsulation("mpls_3_labels", in_labels([0, 1001, 1002]), ("E28",), False),
    Encapsulation("mpls_4_labels", in_labels([1000, 1001, 1002, 1003]), ("E28",), False),
    Encapsulation("mpls_in_vlan", in_labels([1000], (CTAG,)), ("E26", "E28"), False),
    Encapsulation("mpls_2_labels_in_qinq", in_labels([1000, 1001], (STAG, CTAG)), ("E26", "E28"), False),
    Encapsulation("mpls_in_3_tags", in_labels([1000], (OLD_QINQ, STAG, CTAG)), ("E26", "E28"), False),
    Encapsulation("mpls_explicit_null_v4", in_labels([0]), ("E28",)),
    Encapsulation("mpls_explicit_null_v6", in_labels([2]), ("E28",)),
    Encapsulation("mpls_explicit_null_in_vlan", in_labels([0], (CTAG,)), ("E26", "E28")),
    Encapsulation("mpls_2_explicit_nulls", in_labels([0, 2]), ("E28",)),
    Encapsulation("mpls_upstream_label", in_labels([1000], ethertype=0x8848), ("E28",), False),
]


def packet4(wrong, upper=lambda t: t, **ip):
    return ip4(DYN, MX, upper(tcp4(DYN, MX, 25 if wrong else 587)), **ip)


def packet6(wrong, kinds):
    nh, body = chain(kinds, tcp6(DYN6, MX6, 25 if wrong else 587))
    return ip6(DYN6, MX6, body, nh=nh)


FORMS = [
    Form("ip4", 4, ("E1",), packet4),
    Form("ip4_with_options", 4, ("E12",), lambda wrong: packet4(wrong, options=b"\1" * 16)),
    Form("ah_v4", 4, ("E20",), lambda wrong: packet4(wrong, lambda t: ext(AH, 6) + t, proto=AH)),
    Form("first_fragment_v4", 4, ("E10",), lambda wrong: packet4(wrong, more=True)),
    Form("later_fragment_v4", 4, ("E9",), lambda wrong: packet4(True, offset=1 if wrong else 2),
         "DROP_FRAG_FO1", "PASS_LATER_FRAG", ("E11",)),
    Form("ip6", 6, ("E22",), lambda wrong: packet6(wrong, [])),
    Form("ip6_chain", 6, ("E15",), lambda wrong: packet6(wrong, [0, 60, 43])),
    Form("ah_v6", 6, ("E20",), lambda wrong: packet6(wrong, [60, AH])),
    Form("first_fragment_v6", 6, ("E10",), lambda wrong: ip6(
        DYN6, MX6, fragment(6, more=True) + tcp6(DYN6, MX6, 25 if wrong else 587), nh=FRAGMENT)),
    Form("later_fragment_v6", 6, ("E9",), lambda wrong: ip6(
        DYN6, MX6, fragment(6, 1 if wrong else 2) + tcp6(DYN6, MX6), nh=FRAGMENT), "DROP_FRAG_FO1", "PASS_LATER_FRAG", ("E11",)),
    Form("atomic_fragment", 6, ("E18",), lambda wrong: packet6(wrong, [FRAGMENT])),
]


def both(encapsulation, form):
    """The row that is caught and its near miss."""
    for wrong in (True, False):
        row("%s_%s_in_%s" % ("catch" if wrong else "pass", form.name, encapsulation.name), SUB,
            encapsulation.wrap(form.family, form.packet(wrong)), form.caught if wrong else form.passes,
            tricks=(*encapsulation.tricks, *form.tricks, *(() if wrong else form.near_tricks)))


about()
for encapsulation in ENCAPSULATIONS:
    for form in FORMS:
        both(encapsulation, form)


def answer(family, sub, sub6, far, far6, flags="SA"):
    """A segment from port 25 to a subscriber."""
    if family == 4:
        return ip4(far, sub, tcp4(far, sub, 40000, sport=25, flags=flags))
    return ip6(far6, sub6, tcp6(far6, sub6, 40000, sport=25, flags=flags))


# The mirror, in each encapsulation.
about("E3")
for index, encapsulation in enumerate(ENCAPSULATIONS[1:]):
    family = (4, 6)[index % 2]
    row("catch_answer_in_%s" % encapsulation.name, NET,
        encapsulation.wrap(family, answer(family, DYN, DYN6, MX, MX6)), "DROP_MIRROR", tricks=encapsulation.tricks)
    row("pass_relay_answer_in_%s" % encapsulation.name, NET,
        encapsulation.wrap(family, answer(family, DYN, DYN6, RELAY, RELAY6)), "PASS_PERMIT", tricks=encapsulation.tricks)


def refused(family, sub, sub6):
    """A SYN from a pool whose senders are told."""
    if family == 4:
        return ip4(sub, MX, tcp4(sub, MX, seq=25, options=[("MSS", 1460)]), options=b"\1" * 4)
    return ip6(sub6, MX6, ext(60, 6) + tcp6(sub6, MX6, seq=25, options=[("MSS", 1440)]), nh=60)


# Not all stacks of tags: op25b-dp sends only so many answers a second, and the table is run in less.
ANSWERED = [e for e in ENCAPSULATIONS if not e.name.startswith(("2_tags", "3_tags")) or e.name in (
    "2_tags_88a8_8100", "3_tags_9100_88a8_8100")]


def answers(sub, sub6, kind, reason, families):
    """What is sent back goes through the same encapsulation, and nowhere if the way is not known."""
    for encapsulation, family in zip(ANSWERED, itertools.cycle(families)):
        row("refuse_by_%s_v%d_in_%s" % (kind, family, encapsulation.name), SUB,
            encapsulation.wrap(family, refused(family, sub, sub6)),
            reason if encapsulation.answered else "DROP_UNANSWERED", tricks=encapsulation.tricks)


about("E1")
answers(REF, REF6, "reset", "ANSWER_RST", (4, 6))
answers(PRO, PRO6, "icmp", "ANSWER_ICMP", (6, 4))
