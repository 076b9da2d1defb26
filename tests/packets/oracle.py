#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Asks others what they see in the frames of the packet table: tshark, which dissects, and libpcap, which
filters. Usage: oracle.py tshark|libpcap.

What is compared is the outermost decision: is this TCP, and to port 25 (coming back: from or to it)? Where the
oracle is blind, or sees it otherwise, one line of the exceptions below says why. Exit 1: they differ and no
exception says why, an exception is not needed, or the reason is not what the policy says of the addresses
that tshark read (policy_opinion.py)."""

import collections
import pathlib
import struct
import subprocess
import sys
import tempfile
from typing import Callable, NamedTuple

from policy_opinion import right_reasons
from rows import ROWS
from table import NET

SMTP = 25
# What somebody says of a frame.
PORT25, OTHER_PORT, TCP, NO_TCP, DOUBT, TUNNEL = "port 25", "another port", "TCP", "no TCP", "doubt", "TCP in a tunnel"

L2_DOUBT = {"DROP_L2_DEPTH", "DROP_L2_MALFORMED"}
LENGTH_DOUBT = {"DROP_TINY_FRAG", "DROP_FRAG_CHAIN", "DROP_MALFORMED"}
REACH_DOUBT = {"DROP_EH_LIMIT", "DROP_WINDOW"}
DOUBTS = {"PASS_UNREADABLE", "DROP_RUNT", "DROP_FRAG_FO1"} | L2_DOUBT | LENGTH_DOUBT | REACH_DOUBT
NO_TCP_REASONS = {"PASS_NOT_IP", "PASS_NOT_TCP", "PASS_LATER_FRAG", "PASS_UNKNOWN_PROTO", "DROP_UNKNOWN_PROTO",
                  "PASS_L2_UNPARSED"}


def judged(row):
    """What the reason implies."""
    if row.reason in DOUBTS:
        return DOUBT
    if row.reason in NO_TCP_REASONS or row.reason.startswith("PASS_TUNNEL_"):
        return NO_TCP
    return OTHER_PORT if row.reason == "PASS_NOT_PORT25" else PORT25


def agree(ours, theirs):
    if theirs == TCP:  # the ports are beyond what it can say
        return ours in (PORT25, OTHER_PORT)
    if theirs in (NO_TCP, TUNNEL):  # of a tunnel, only the outermost packet is compared
        return ours in (NO_TCP, DOUBT)
    return ours == theirs


def is_port25(row, sport, dport):
    return dport == SMTP or (row.side == NET and sport == SMTP)


# An exception: the frames it is for, by the row and by what the oracle says of it; and why.
class Exception_(NamedTuple):
    name: str
    selects: Callable  # (row, what the oracle says) -> bool
    why: str


def named(*parts):
    return lambda row, theirs: any(part in row.name for part in parts)


def of_reason(reasons, *answers):
    return lambda row, theirs: row.reason in reasons and (not answers or theirs in answers)


def is_softwire(row, theirs):
    """IPv4 in IPv6 whose inner packet was judged."""
    return "E25" in row.tricks and theirs in (TUNNEL, NO_TCP) and judged(row) != NO_TCP


# tshark.
OFF = ("ip.defragment", "ipv6.defragment", "ip.check_checksum", "tcp.check_checksum", "tcp.analyze_sequence_numbers",
       "tcp.desegment_tcp_streams", "tcp.try_heuristic_first", "udp.try_heuristic_first")
FIELDS = ("frame.number", "frame.protocols", "tcp.srcport", "tcp.dstport", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst")

TSHARK = (
    Exception_("softwire", is_softwire,
               "a softwire that the policy names is opened; to tshark it is a tunnel like any other"),
    Exception_("ff03_compressed", lambda row, theirs: "ff03" in row.name and theirs == NO_TCP,
               "tshark does not skip the PPP address and control fields in PPPoE"),
    Exception_("mobility_hip", lambda row, theirs: theirs == NO_TCP and named(
        "behind_mobility", "behind_two_mobility", "behind_hip", "behind_two_hip", "behind_every_kind")(row, theirs),
        "tshark takes the mobility header and HIP for the last header of the chain"),
    Exception_("ipv6_headers_in_ipv4", of_reason({"PASS_NOT_TCP"}, PORT25),
               "tshark walks IPv6 extension headers in IPv4; no receiver does, they are IPv6's alone"),
    Exception_("l2_unparsed", of_reason({"PASS_L2_UNPARSED"}, PORT25),
               "tshark opens multilink, PBB, NSH and their like; the box counts them"),
    Exception_("l2_depth", of_reason({"DROP_L2_DEPTH"}, PORT25, OTHER_PORT), "tshark knows no limit of tags and labels, the box does"),
    Exception_("l2_lengths", of_reason({"DROP_L2_MALFORMED"}, PORT25, OTHER_PORT), "tshark reads on where a length below IP lies; receivers drop"),
    Exception_("cut_tcp_header", of_reason(LENGTH_DOUBT, PORT25, OTHER_PORT),
               "tshark shows the ports of a TCP header that is cut, or whose lengths lie; receivers drop or put it together first"),
    Exception_("long_chains", of_reason(REACH_DOUBT, PORT25, OTHER_PORT), "tshark knows no limit of headers and octets, the box does"),
    Exception_("unreadable", of_reason({"PASS_UNREADABLE"}, PORT25, OTHER_PORT), "the same doubts, where they pass"),
    Exception_("held_doubt", lambda row, theirs: row.name == "limit_doubt_is_held_on_hold" and theirs == NO_TCP,
               "a fragment without ports, of one who is on hold: nothing of his passes"),
)


def count_packets(layers):
    """How many IP headers there are. Wireshark 4.4 leaves the one behind MPLS labels out of the list."""
    return sum(layer in ("ip", "ipv6") or (layer == "mpls" and following not in ("ip", "ipv6"))
               for layer, following in zip(layers, layers[1:]))


def say_tshark(row, fields):
    """What a line of tshark's means."""
    _, protocols, sport, dport = fields[:4]
    layers = protocols.split(":")
    if "tcp" not in layers or not dport:
        return NO_TCP
    if count_packets(layers[:layers.index("tcp") + 1]) != 1:
        return TUNNEL
    return PORT25 if is_port25(row, int(sport), int(dport)) else OTHER_PORT


def wrong_reasons(lines, says):
    """Rows whose reason is not what the policy says of the addresses and ports that tshark read."""
    for row, fields, theirs in zip(ROWS, lines, says):
        # By way of a source route or routing header, the strictest clause judges: the table alone says which.
        if theirs != PORT25 or judged(row) != PORT25 or {"E13", "E14"} & set(row.tricks):
            continue
        src, dst = (fields[4:6] if fields[4] else fields[6:8])
        right = right_reasons(row, src, dst, int(fields[2]), int(fields[3]))
        if row.reason not in right:
            yield "%s: %s; from %s to %s, the policy means %s" % (row.name, row.reason, src, dst, " or ".join(sorted(right)))


def ask_tshark(path):
    command = ["tshark", "-n", "-r", path, "-T", "fields", "-E", "occurrence=f", "-E", "separator=|"]
    command += [word for field in FIELDS for word in ("-e", field)]
    command += [word for preference in OFF for word in ("-o", preference + ":FALSE")]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    lines = [line.split("|") for line in out.splitlines()]
    if [int(line[0]) for line in lines] != list(range(1, len(ROWS) + 1)):
        sys.exit("oracle: tshark says %d lines of %d frames" % (len(lines), len(ROWS)))
    says = [say_tshark(row, line) for row, line in zip(ROWS, lines)]
    return says, list(wrong_reasons(lines, says))


# libpcap. What stands in front of the expression that is asked.
FRONTS = ("", "vlan and ", "vlan and vlan and ", "vlan and vlan and vlan and ", "vlan and vlan and vlan and vlan and ",
          "pppoes and ", "vlan and pppoes and ", "vlan and vlan and pppoes and ", "mpls and ", "mpls and mpls and ",
          "mpls and mpls and mpls and ", "mpls and mpls and mpls and mpls and ", "vlan and mpls and ",
          "vlan and vlan and mpls and mpls and ")
ASKED = (("tcp dst port 25", PORT25), ("tcp src port 25", PORT25), ("tcp portrange 0-65535", OTHER_PORT))
CHAINS = ("ip6 protochain 6", "ip protochain 6")  # TCP behind extension headers and AH, but not its ports

LIBPCAP = (
    Exception_("later_fragments", of_reason({"PASS_LATER_FRAG", "DROP_FRAG_FO1"}, TCP),
               "protochain does not look at the offset of a fragment"),
    Exception_("lengths", of_reason(LENGTH_DOUBT | L2_DOUBT, TCP, PORT25, OTHER_PORT), "libpcap compares no length with another"),
    Exception_("long_chains", of_reason(REACH_DOUBT, TCP), "protochain knows no limit of headers and octets, the box does"),
    Exception_("unreadable", of_reason({"PASS_UNREADABLE"}, TCP, PORT25, OTHER_PORT), "the same doubts, where they pass"),
    Exception_("softwire", is_softwire, "libpcap opens no tunnels"),
    Exception_("snap", lambda row, theirs: "E29" in row.tricks and theirs == NO_TCP,
               "libpcap wants an EtherType; it knows no IP in LLC/SNAP"),
    Exception_("ppp_compression", lambda row, theirs: theirs == NO_TCP and "pppoe" in row.name and named("compressed", "ff03")(row, theirs),
               "libpcap wants the two octets of the PPP protocol behind the PPPoE header"),
    Exception_("upstream_labels", lambda row, theirs: theirs == NO_TCP and named("mpls_upstream")(row, theirs),
               "libpcap knows only one of the two EtherTypes of MPLS"),
    Exception_("chain_headers", lambda row, theirs: theirs == NO_TCP and named(
        "mobility", "hip", "shim6", "every_kind", "mobile")(row, theirs), "protochain walks over no mobility header, HIP and Shim6"),
    Exception_("many_ah", lambda row, theirs: theirs == NO_TCP and "E20" in row.tricks,
               "protochain finds no way on from an AH to another header"),
)


def ask_filter(path, expression):
    """The indexes of the frames that it matches."""
    out = subprocess.run(["tcpdump", "-r", path, "-w", "-", expression], check=True, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE).stdout
    found, at = set(), 24
    while at < len(out):
        seconds, _, caught, _ = struct.unpack_from("<IIII", out, at)
        found.add(seconds)
        at += 16 + caught
    return found


def ask_libpcap(path):
    says = [NO_TCP] * len(ROWS)
    for front in FRONTS:
        for expression in CHAINS:
            for index in ask_filter(path, front + expression):
                says[index] = TCP
        for expression, meaning in reversed(ASKED):
            for index in ask_filter(path, front + expression):
                if meaning == OTHER_PORT or "dst" in expression or ROWS[index].side == NET:
                    says[index] = meaning
    return says, []


ORACLES = {"tshark": (ask_tshark, TSHARK), "libpcap": (ask_libpcap, LIBPCAP)}


def write_capture(path):
    """All rows; a frame's time is its row."""
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for index, row in enumerate(ROWS):
            out.write(struct.pack("<IIII", index, 0, len(row.frame), len(row.frame)) + row.frame)


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in ORACLES:
        sys.exit(__doc__)
    ask, exceptions = ORACLES[sys.argv[1]]
    with tempfile.TemporaryDirectory() as folder:
        path = str(pathlib.Path(folder) / "rows.pcap")
        write_capture(path)
        says, wrong = ask(path)
    used, agreed = collections.Counter(), collections.Counter()
    for row, theirs in zip(ROWS, says):
        ours = judged(row)
        if agree(ours, theirs):
            agreed[ours] += 1
            continue
        rule = next((e for e in exceptions if e.selects(row, theirs)), None)
        if rule:
            used[rule.name] += 1
        else:
            wrong.append("%s: %s, which means %s; %s says %s" % (row.name, row.reason, ours, sys.argv[1], theirs))
    print("%d rows: %s agrees on %d (%s)" % (len(ROWS), sys.argv[1], sum(agreed.values()), ", ".join(
        "%s: %d" % item for item in sorted(agreed.items()))))
    for rule in exceptions:
        print("%5d %s: %s" % (used[rule.name], rule.name, rule.why))
        if not used[rule.name]:
            wrong.append("the exception %s is not needed" % rule.name)
    sys.exit("\n".join(wrong) or 0)


if __name__ == "__main__":
    main()
