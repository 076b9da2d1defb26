# SPDX-License-Identifier: BSD-3-Clause
"""What a row's frame is, read from the frame itself: in what it is encapsulated, and the form of its IP
packet. And the matrix of both that the table must cover, said apart from rows_matrix.py, so that a
row or an encapsulation that is lost there is missed here."""

import itertools
import struct

TPIDS = (0x8100, 0x88A8, 0x9100)
LAYERS = {0x0800: "ethernet", 0x86DD: "ethernet", 0x8864: "pppoe", 0x8847: "mpls", 0x8848: "mpls"}
EXTENSIONS = (0, 43, 60, 135, 139, 140)
AH, FRAGMENT, TCP = 51, 44, 6

CTAG, STAG, OLD = TPIDS
QINQ, THREE, FOUR = (STAG, CTAG), (OLD, STAG, CTAG), (OLD, STAG, CTAG, CTAG)
# (tags, outermost first; what is behind them)
ENCAPSULATIONS = [
    *((tags, "ethernet") for depth in range(4) for tags in itertools.product(TPIDS, repeat=depth)), (FOUR, "ethernet"),
    *((tags, "pppoe") for tags in ((), (CTAG,), (STAG,), (OLD,), (CTAG, CTAG), QINQ, THREE)),
    ((), "pppoe pfc"), ((), "pppoe ff03"), ((), "pppoe ff03 pfc"),
    ((), "snap 000000"), ((), "snap 0000f8"), ((CTAG,), "snap 000000"), (QINQ, "snap 0000f8"),
    *(((), "mpls %d" % labels) for labels in (1, 2, 3, 4)), ((CTAG,), "mpls 1"), (QINQ, "mpls 2"), (THREE, "mpls 1"),
]
FORMS = ("ip4", "ip4 options", "ip4 ah", "ip4 first fragment", "ip4 later fragment", "ip6", "ip6 chain", "ip6 ah",
         "ip6 first fragment", "ip6 later fragment", "ip6 atomic fragment")


def be16(frame, at):
    return struct.unpack_from("!H", frame, at)[0]


def below_ip(frame):
    """(tags, what is behind them, where the IP header is)."""
    at, tags = 12, []
    while be16(frame, at) in TPIDS:
        tags.append(be16(frame, at))
        at += 4
    kind, at = be16(frame, at), at + 2
    if kind < 0x0600:
        return tuple(tags), "snap %s" % frame[at + 3:at + 6].hex(), at + 8
    layer = LAYERS[kind]
    if layer == "pppoe":
        at += 6
        if be16(frame, at) == 0xFF03:
            layer, at = layer + " ff03", at + 2
        if frame[at] & 1:
            return tuple(tags), layer + " pfc", at + 1
        at += 2
    elif layer == "mpls":
        first = at
        while not frame[at + 2] & 1:
            at += 4
        at += 4
        layer += " %d" % ((at - first) // 4)
    return tuple(tags), layer, at


def form4(frame, at):
    bits = be16(frame, at + 6)
    if frame[at + 9] == AH:
        return "ip4 ah"
    if bits & 0x1FFF:
        return "ip4 later fragment"
    if bits & 0x2000:
        return "ip4 first fragment"
    return "ip4 options" if frame[at] & 15 > 5 else "ip4"


def form6(frame, at):
    this, at, seen = frame[at + 6], at + 40, []
    while this in EXTENSIONS or this in (AH, FRAGMENT):
        if this == FRAGMENT:
            bits = be16(frame, at + 2)
            if bits >> 3:
                return "ip6 later fragment"
            return "ip6 first fragment" if bits & 1 else "ip6 atomic fragment"
        seen.append(this)
        this, at = frame[at], at + ((frame[at + 1] + 2) * 4 if this == AH else (frame[at + 1] + 1) * 8)
    if not seen:
        return "ip6"
    return "ip6 ah" if AH in seen else "ip6 chain"


def cell(frame):
    """(encapsulation, form), or None if the frame is cut or is no IP."""
    try:
        tags, layer, at = below_ip(frame)
        return (tags, layer), (form4 if frame[at] >> 4 == 4 else form6)(frame, at)
    except (struct.error, IndexError, KeyError):
        return None


def missing(rows):
    """The cells of the matrix without a row that is caught, or without a near miss, as sentences.
    Only subscribers' frames count: the mirror is another matter."""
    have = {(cell(row.frame), row.is_caught) for row in rows if row.side == "SUBSCRIBER"}
    for encapsulation, form in itertools.product(ENCAPSULATIONS, FORMS):
        for caught, text in ((True, "row that is caught"), (False, "near miss")):
            if ((encapsulation, form), caught) not in have:
                tags = "".join(" in tag %04x" % tag for tag in reversed(encapsulation[0]))
                yield "%s in %s%s has no %s" % (form, encapsulation[1], tags, text)
