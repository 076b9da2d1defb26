#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Asks others what they see in the frames of the packet table: tshark, which dissects, and libpcap, which
filters. Usage: oracle.py tshark|libpcap.

What is compared is the outermost decision, and in a softwire that the policy names the inner one: is this TCP,
and to port 25 (coming back: from or to it)? Where the oracle sees it otherwise, one line of the exceptions below
says why. Frames that libpcap cannot reach at all are counted, where they are not about TCP. Exit 1: they differ and
no exception says why, an exception is not needed, or the reason is not what the policy says of the addresses that
tshark read (policy_opinion.py)."""

import collections
import pathlib
import struct
import subprocess
import sys
import tempfile
from typing import Callable, NamedTuple

from policy_opinion import ends_softwire, may_pass, right_reasons
from rows import ROWS
from table import NET, SUB

SMTP = 25
# What somebody says of a frame.
PORT25, OTHER_PORT, TCP, NO_TCP, DOUBT = "port 25", "another port", "TCP", "no TCP", "doubt"
TUNNEL, BLIND = "a packet in a tunnel", "nothing: it finds no IP packet"

L2_DOUBT = {"DROP_L2_DEPTH", "DROP_L2_MALFORMED"}
LENGTH_DOUBT = {"DROP_TINY_FRAG", "DROP_FRAG_CHAIN", "DROP_MALFORMED"}
REACH_DOUBT = {"DROP_EH_LIMIT", "DROP_WINDOW"}
DOUBTS = {"PASS_UNREADABLE", "DROP_RUNT", "DROP_FRAG_FO1"} | L2_DOUBT | LENGTH_DOUBT | REACH_DOUBT
DETOURS = {"DROP_SOURCE_ROUTE", "DROP_SEGMENTS_LEFT", "DROP_ROUTING_TYPE0"}
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


def all_of(*selections):
    return lambda row, theirs: all(selects(row, theirs) for selects in selections)


def says(*answers):
    return lambda row, theirs: theirs in answers


def lets_l2_doubt_pass(row, _):
    return row.side == NET or row.pair == 0


# tshark.
OFF = ("ip.defragment", "ipv6.defragment", "ip.check_checksum", "tcp.check_checksum", "tcp.analyze_sequence_numbers",
       "tcp.desegment_tcp_streams", "tcp.try_heuristic_first", "udp.try_heuristic_first")
FIELDS = ("frame.number", "frame.protocols", "tcp.srcport", "tcp.dstport", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst")

# Doubts that pass although the policy blocks: they are meant to.
TOLERATED = (
    Exception_("l2_doubt_passes", all_of(of_reason({"PASS_UNREADABLE"}, PORT25), lets_l2_doubt_pass, named(
        "pass_5_tags", "pass_5_mixed_tags", "pass_5_labels", "pass_pppoe_length_", "pass_snap_longer_than_frame",
        "pass_tag_in_snap")), "the box knows a limit of tags and labels and compares lengths; the pair lets such doubts pass"),
    Exception_("knobs", all_of(of_reason({"PASS_UNREADABLE"}, PORT25), named("where_the_pool_says_so")),
               "the pool lets long and split header chains pass"),
)
TSHARK = TOLERATED + (
    Exception_("softwire_by_stops", all_of(says(TUNNEL), named("by_way_of_a_stop_that_is_no_end")),
               "a stop on the way may be the end of a softwire, so it is opened; tshark's first destination is none"),
    Exception_("pppoe_ff03", all_of(says(NO_TCP), named("pppoe_with_ff03")),
               "tshark does not skip the PPP address and control fields in PPPoE"),
    Exception_("snap_llc", lambda row, theirs: theirs == NO_TCP and named(
        "snap_with_group_bit", "snap_with_another_source_service", "snap_with_poll_bit")(row, theirs),
        "tshark wants AA-AA-03 to the bit; receivers need not"),
    Exception_("mobility_hip", all_of(says(NO_TCP), named(
        "behind_mobility", "behind_two_mobility", "behind_hip", "behind_two_hip", "behind_every_kind")),
        "tshark takes the mobility header and HIP for the last header of the chain"),
    Exception_("ipv6_headers_in_ipv4", all_of(of_reason({"PASS_NOT_TCP"}, PORT25), named(
        "pass_ipv6_option_headers_in_ipv4", "pass_ipv6_option_headers_behind_ah_in_ipv4", "pass_protocol_0_in_ipv4",
        "pass_protocol_44_in_ipv4", "pass_inner_ipv6_option_header", "pass_ipv6_options_in_softwire")),
        "tshark walks IPv6 extension headers in IPv4; no receiver does, they are IPv6's alone"),
    Exception_("l2_unparsed", all_of(of_reason({"PASS_L2_UNPARSED"}, PORT25), named(
        "count_ppp_vj_uncompressed", "count_ppp_multilink", "count_provider_backbone_bridging",
        "count_network_service_header", "count_transparent_bridging", "count_associated_channel")),
        "tshark opens multilink, PBB, NSH and their like; the box counts them"),
    Exception_("l2_depth", of_reason({"DROP_L2_DEPTH"}, PORT25), "tshark knows no limit of tags and labels, the box does"),
    Exception_("l2_lengths", of_reason({"DROP_L2_MALFORMED"}, PORT25), "tshark reads on where a length below IP lies; receivers drop"),
    Exception_("cut_tcp_header", of_reason(LENGTH_DOUBT, PORT25),
               "tshark shows the ports of a TCP header that is cut, or whose lengths lie; receivers drop or put it together first"),
    Exception_("long_chains", of_reason(REACH_DOUBT, PORT25), "tshark knows no limit of headers and octets, the box does"),
    Exception_("doubt_to_587", all_of(of_reason(DOUBTS, OTHER_PORT), named(
        "even_to_587", "overlap_first_fragment_of_16_octets_to_587_is_tiny", "to_587_longer_than_pppoe", "5_tags_to_587")), "the same doubts: a port in a header that cannot be relied on is not believed"),
    Exception_("unreadable", of_reason({"PASS_UNREADABLE"}, PORT25), "the same doubts, where the policy lets port 25 pass"),
    Exception_("short_option", all_of(says(NO_TCP), named("an_option_of_length_2")),
               "tshark gives up at a Router Alert that is too short; the box walks on by its length"),
    Exception_("held_doubt", all_of(says(NO_TCP), named("limit_doubt_is_held_on_hold")),
               "a fragment without ports, of one who is on hold: nothing of his passes"),
)


class Seen(NamedTuple):
    """What tshark reads of a frame. sources, destinations: of all its IPv4 and all its IPv6 headers, the outermost first."""
    layers: list  # down to TCP, if there is any
    sport: int
    dport: int
    sources: dict
    destinations: dict

    @property
    def packets(self):
        return sum(map(len, self.sources.values()))

    def outer_far(self, row):
        return (self.sources if row.side == NET else self.destinations)[6][0]

    def is_softwire(self, row):
        """TCP in IPv4 in IPv6, with nothing in between, from or to an end that the policy names."""
        if self.packets != 2 or len(self.sources[4]) != 1 or len(self.sources[6]) != 1:
            return False
        last = max(at for at, layer in enumerate(self.layers) if layer in ("ip", "ipv6"))
        before = [layer for layer in self.layers[:last] if layer != "ah" and not layer.startswith("ipv6.")]
        # Wireshark 4.4 leaves an IP header behind MPLS labels out of the list.
        is_direct = before[-1] == "ipv6" or (before[-1] == "mpls" and "ipv6" not in before)
        return self.layers[last] == "ip" and is_direct and ends_softwire(row, self.outer_far(row))

    def ends(self, row):
        """Source and destination as the policy means them: a softwire's subscriber is outside, his far side inside."""
        if self.is_softwire(row):
            inner = (self.sources if row.side == NET else self.destinations)[4][0]
            return (inner, self.destinations[6][0]) if row.side == NET else (self.sources[6][0], inner)
        family = 4 if self.sources[4] else 6
        return self.sources[family][0], self.destinations[family][0]


def read_line(line):
    """A line of tshark's."""
    _, protocols, sports, dports, *addresses = line
    layers = protocols.split(":")
    if "tcp" not in layers or not dports:
        return None
    src4, dst4, src6, dst6 = ([one for one in column.split(",") if one] for column in addresses)
    return Seen(layers[:layers.index("tcp")], int(sports.split(",")[0]), int(dports.split(",")[0]),
                {4: src4, 6: src6}, {4: dst4, 6: dst6})


def say_tshark(row, seen):
    """What it means."""
    if not seen:
        return NO_TCP
    if seen.packets != 1 and not seen.is_softwire(row):
        return TUNNEL
    return PORT25 if is_port25(row, seen.sport, seen.dport) else OTHER_PORT


def is_by_detour(row):
    """By way of a source route or routing header, the strictest clause judges: the table alone says which. Coming back,
    the detour is the subscriber's address."""
    if row.reason in DETOURS:
        return bool({"E13", "E14"} & set(row.tricks)) or "source_route" in row.name
    return any(part in row.name for part in ("answer_with_source_route", "count_segments_left_of_monitored_pool"))


def wrong_reasons(sights, answers):
    """Rows whose reason is not what the policy says of the addresses and ports that tshark read."""
    for row, seen, theirs in zip(ROWS, sights, answers):
        if theirs != PORT25:
            continue
        src, dst = seen.ends(row)
        ends = "%s: %s; from %s to %s, the policy " % (row.name, row.reason, src, dst)
        if judged(row) == PORT25 and not is_by_detour(row):
            right = right_reasons(row, src, dst, seen.sport, seen.dport)
            if row.reason not in right:
                yield ends + "means " + " or ".join(sorted(right))
        # Doubt is no way around the policy.
        if row.reason == "PASS_UNREADABLE" and row.side == SUB and not any(e.selects(row, theirs) for e in TOLERATED):
            if not may_pass(row, src, dst, seen.sport, seen.dport):
                yield ends + "lets nothing pass"


def ask_tshark(path):
    command = ["tshark", "-n", "-r", path, "-T", "fields", "-E", "occurrence=a", "-E", "separator=|"]
    command += [word for field in FIELDS for word in ("-e", field)]
    command += [word for preference in OFF for word in ("-o", preference + ":FALSE")]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    lines = [line.split("|") for line in out.splitlines()]
    if [int(line[0]) for line in lines] != list(range(1, len(ROWS) + 1)):
        sys.exit("oracle: tshark says %d lines of %d frames" % (len(lines), len(ROWS)))
    sights = [read_line(line) for line in lines]
    answers = [say_tshark(row, seen) for row, seen in zip(ROWS, sights)]
    return answers, list(wrong_reasons(sights, answers))


# libpcap. What stands in front of the expression that is asked.
FRONTS = [tags + inside for tags in ("vlan and " * count for count in range(5))
          for inside in ("", "pppoes and ", *("mpls and " * count for count in range(1, 5)))]
ASKED = (("tcp dst port 25", PORT25), ("tcp src port 25", PORT25), ("tcp portrange 0-65535", OTHER_PORT))
# The later one counts. TCP behind extension headers and AH, but not its ports.
CHAINS = (("ip", NO_TCP), ("ip6", NO_TCP), ("ip6 protochain 4", TUNNEL), ("ip6 protochain 6", TCP), ("ip protochain 6", TCP))

LIBPCAP = (
    Exception_("later_fragments", of_reason({"PASS_LATER_FRAG", "DROP_FRAG_FO1"}, TCP),
               "protochain does not look at the offset of a fragment"),
    Exception_("lengths", of_reason(LENGTH_DOUBT | L2_DOUBT, TCP, PORT25, OTHER_PORT), "libpcap compares no length with another"),
    Exception_("long_chains", of_reason(REACH_DOUBT, TCP), "protochain knows no limit of headers and octets, the box does"),
    Exception_("unreadable", of_reason({"PASS_UNREADABLE"}, TCP, PORT25, OTHER_PORT), "the same doubts, where they pass"),
    Exception_("softwire", lambda row, theirs: "E25" in row.tricks and theirs == TUNNEL, "libpcap opens no tunnels"),
    Exception_("snap", lambda row, theirs: "E29" in row.tricks and theirs == BLIND,
               "libpcap wants an EtherType; it knows no IP in LLC/SNAP"),
    Exception_("ppp_compression", all_of(says(BLIND), named("pppoe"), named("compressed", "ff03")),
               "libpcap wants the two octets of the PPP protocol behind the PPPoE header"),
    Exception_("upstream_labels", all_of(says(BLIND), named("mpls_upstream")),
               "libpcap knows only one of the two EtherTypes of MPLS"),
    Exception_("chain_headers", all_of(says(NO_TCP), named(
        "mobility", "hip", "shim6", "every_kind", "mobile")), "protochain walks over no mobility header, HIP and Shim6"),
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
    answers = [BLIND] * len(ROWS)
    for front in FRONTS:
        for expression, meaning in CHAINS:
            for index in ask_filter(path, front + expression):
                answers[index] = meaning
        for expression, meaning in reversed(ASKED):
            for index in ask_filter(path, front + expression):
                if meaning == OTHER_PORT or "dst" in expression or ROWS[index].side == NET:
                    answers[index] = meaning
    return answers, []


ORACLES = {"tshark": (ask_tshark, TSHARK), "libpcap": (ask_libpcap, LIBPCAP)}


def write_capture(path):
    """All rows; a frame's time is its row."""
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for index, row in enumerate(ROWS):
            out.write(struct.pack("<IIII", index, 0, len(row.frame), len(row.frame)) + row.frame)


def compare(answers, exceptions, who):
    """Prints what they say; returns what is wrong with it."""
    used, agreed, blind, wrong = collections.Counter(), collections.Counter(), collections.Counter(), []
    for row, theirs in zip(ROWS, answers):
        ours = judged(row)
        if theirs == BLIND and ours in (NO_TCP, DOUBT):
            blind[ours] += 1
            continue
        if agree(ours, theirs):
            agreed[ours] += 1
            continue
        rule = next((e for e in exceptions if e.selects(row, theirs)), None)
        if rule:
            used[rule.name] += 1
        else:
            wrong.append("%s: %s, which means %s; %s says %s" % (row.name, row.reason, ours, who, theirs))
    for verb, counts in (("agrees on", agreed), ("finds no IP packet in", blind)):
        if not counts:
            continue
        print("%d rows: %s %s %d (%s)" % (len(ROWS), who, verb, sum(counts.values()), ", ".join(
            "%s: %d" % item for item in sorted(counts.items()))))
    for rule in exceptions:
        print("%5d %s: %s" % (used[rule.name], rule.name, rule.why))
        if not used[rule.name]:
            wrong.append("the exception %s is not needed" % rule.name)
    return wrong


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in ORACLES:
        sys.exit(__doc__)
    ask, exceptions = ORACLES[sys.argv[1]]
    with tempfile.TemporaryDirectory() as folder:
        path = str(pathlib.Path(folder) / "rows.pcap")
        write_capture(path)
        answers, wrong = ask(path)
    wrong += compare(answers, exceptions, sys.argv[1])
    sys.exit("\n".join(wrong) or 0)


if __name__ == "__main__":
    main()
