#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes docs/evasions.md from the packet table, or says that it is out of date.
Usage: evasions.py [--write]. Exit 1: an evasion has no near miss or no row for one of its reasons, an
encapsulation lacks a form of packet (rows_cells.py), there are too few rows, a test that is named does
not exist, or the file is not what the table says."""

import pathlib
import re
import sys
from typing import NamedTuple

import rows_cells
from rows import ROWS

TOP = pathlib.Path(__file__).resolve().parents[2]
PAGE = TOP / "docs" / "evasions.md"
FEWEST_ROWS = 2800

# The trick, how the frame looks that plays it, and the reasons by which it is caught. A row of the trick that is caught by
# another reason is a control, or plays another trick besides: it is counted apart.
EVASIONS = {
    "E1": ("Deliver mail directly to the receiver's server.", "TCP to port 25 of any server but the relay",
            "blocked rst icmp_admin unanswered"),
    "E2": ("Begin in the middle of a connection.", "TCP to port 25 without SYN: data, ACK, FIN, RST",
            "blocked icmp_admin limit_held limit_icmp unanswered"),
    "E3": ("Send by another way, and only receive the answers here.", "from the network: TCP from port 25", "mirror"),
    "E4": ("Send from an address that does not live here.", "port 25, source in no pool, or in one of another pair of ports",
            "src_spoofed"),
    "E5": ("Borrow an address that is exempt.", "port 25, source is the relay, the provider's infrastructure, or a fixed pool of another pair",
            "src_spoofed"),
    "E6": ("Use a subscriber's open relay from outside.", "from the network: TCP to port 25", "inbound_drop"),
    "E7": ("Cut the TCP header off the first fragment.", "IPv4, offset 0, more to come, less than a TCP header",
            "tiny_frag limit_over"),
    "E8": ("Let a second first fragment overwrite the first.", "two fragments of offset 0, the later one with port 25",
            "tiny_frag blocked frag_fo1 malformed"),
    "E9": ("Rewrite the flags with the next fragment.", "TCP fragment at offset 1", "frag_fo1"),
    "E10": ("Send port 25 in fragments that are whole enough.", "first fragment with all of the TCP header",
            "blocked rst icmp_admin"),
    "E11": ("Hide in later fragments.", "fragment at offset 2 or more", "malformed"),
    "E12": ("Move the ports by IPv4 options.", "IPv4 header of 24 to 60 octets", "blocked rst icmp_admin"),
    "E13": ("Go to the relay, and from there on by source route.", "IPv4 option 131 or 137",
            "source_route window limit_over"),
    "E14": ("Go to the relay, and from there on by routing header.", "IPv6 routing header of type 0, or with segments left",
            "routing_type0 segments_left eh_limit frag_chain window"),
    "E15": ("Put extension headers in front of TCP.", "IPv6 next header 0, 43, 60, 135, 139 or 140, then TCP", "blocked rst"),
    "E16": ("Make the chain longer than anybody reads.", "17 headers or more, or TCP beyond the first 256 octets",
            "eh_limit window"),
    "E17": ("Split the chain over fragments.", "IPv6 first fragment that ends before the TCP header does", "frag_chain"),
    "E18": ("Say that it is a fragment when it is none.", "IPv6 fragment header, offset 0, nothing more to come",
            "blocked malformed"),
    "E19": ("Let IPv6 fragments overlap.", "two IPv6 fragments of offset 0", "blocked frag_chain frag_fo1"),
    "E20": ("Put an authentication header in front of TCP.", "protocol 51, then TCP, in IPv4 and IPv6",
            "blocked malformed window"),
    "E21": ("Use a protocol that the filter does not know.", "ESP, no next header, unassigned protocol numbers",
            "unknown_proto_drop"),
    "E22": ("Go by IPv6.", "the same over IPv6", "blocked"),
    "E23": ("Take a new address for each connection.", "IPv6 sources that move inside the subscriber's prefix",
            "limit_over limit_held"),
    "E24": ("Tunnel to someone else's network.", "IP in IP, GRE and their like", "blocked"),
    "E25": ("Hide in the softwire that the access network runs on.", "IPv4 in IPv6 to an AFTR or BR",
            "blocked rst icmp_admin limit_over limit_held limit_rst limit_icmp mirror tiny_frag frag_fo1 source_route malformed window"),
    "E26": ("Pile up VLAN tags.", "one to five tags of 0x8100, 0x88a8, 0x9100, VID 0",
            "blocked rst icmp_admin mirror l2_depth l2_malformed"),
    "E27": ("Hide in PPPoE.", "session frames, plain, compressed, with FF03, with other versions, in tags",
            "blocked rst icmp_admin mirror l2_malformed"),
    "E28": ("Hide in MPLS, L2TP, or PPP that is compressed or bundled.",
            "labels, UDP 1701, PPP protocols 0x3d and 0xfd, ...",
            "blocked rst icmp_admin unanswered mirror l2_depth l2_malformed"),
    "E29": ("Use IEEE 802.3 frames instead of Ethernet II.", "length field, LLC aa-aa-03, EtherType behind it",
            "blocked rst icmp_admin mirror l2_depth l2_malformed"),
    "E30": ("Let lengths lie.", "lengths that contradict each other or the frame; headers in padding; runts",
            "malformed runt"),
    "E31": ("Send decoys that never arrive.", "wrong checksums, TTL 1, hop limit 0", "blocked"),
    "E32": ("Send through the ISP's own relay.", "TCP to port 25 of the relay", "limit_rst"),
    "E33": ("Nobody's trick, but often hit: other ports and protocols.", "TCP 465, 587, 2525; UDP and SCTP 25", "blocked"),
    "E34": ("Send little from each of many addresses.", "one connection an address and day", "blocked"),
    "E35": ("Suffer for the former holder of the address.", "an address whose hold is still running", "limit_icmp mirror"),
    "E36": ("Fill the table of the limits.", "SYNs from all of a spoofed prefix", "src_spoofed"),
    "E37": ("Make the filter send to a victim.", "what would be answered, but must not be",
            "unanswered mirror source_route segments_left tiny_frag limit_over"),
    "E38": ("Send while a policy is being pushed.", "the same frames before and after",
            "blocked limit_over limit_held mirror"),
    "E39": ("Move the clock.", "a clock that is set back or ahead", "blocked limit_over limit_held"),
    "E40": ("Send one half of the connection by another way.", "segments without the SYN, on another pair of ports",
            "blocked mirror"),
    "E41": ("Change the port, where subscribers share an address.", "source ports of the own port set, and of others",
            "limit_over limit_held"),
}

# What a single frame cannot show is shown elsewhere: file below tests/, and the test's name in it.
BEYOND = {
    "E35": ("Holds follow the subscriber, not the address's place in a table, and are cleared with a new owner", [
        ("unit/test_slots_diff.c", "each_row"), ("unit/test_guard_policy.c", "holds_follow_the_subscriber"),
        ("unit/test_dp_publish.c", "zeroes_slots_that_change_hands_and_no_others")]),
    "E36": ("A subscriber is a slot found by arithmetic: there is no table to fill, and threads agree on each slot", [
        ("unit/test_policy_compile.c", "too_few_slots_are_refused_with_figures"),
        ("unit/test_core_limit.c", "threads_on_one_slot_admit_exactly_the_burst")]),
    "E38": ("No frame is judged by half a policy, under load and with each process killed at any moment", [
        ("system/test_reload.py", "10,000 prefixes"), ("unit/test_dp_publish.c", "changes_policy_under_a_running_worker"),
        ("unit/test_guard_policy.c", "policies_follow_each_other"), ("system/test_loss.py", "check_policy_while_hung")]),
    "E39": ("Stages follow the wall clock and are never taken back; limits follow the time since boot", [
        ("unit/test_daemon_restart.c", "stage_begins_by_itself"), ("unit/test_core_limit.c", "clock_of_another_host_may_be_behind")]),
    "E40": ("op25b-dp and the guard share limits and holds, whichever of them sees a half", [
        ("unit/test_guard_policy.c", "slots_are_shared_with_the_dataplane"), ("system/test_loss.py", "lose_by_kill")]),
}

HEAD = """# What is tried against a port 25 filter, and what becomes of it

Made by `tests/packets/evasions.py --write` from the packet table; the test `evasions` fails when it is out of date.

A filter that looks for "TCP, destination port 25" at one place in the frame stops the mail that nobody tries to hide.
This page lists what else is tried, or is hit by mistake. Each line stands for rows of the packet table (`tests/packets/`):
*caught* are frames that must not get through, *near misses* are frames that look much like them and must. Every encapsulation is tried with every form of IP packet,
and the test says so if a cell of that matrix lacks either. The rows run
through op25b-dp, through the guard in the kernel, and through the code that `op25bctl policy explain` asks; the few that
need another clock, or a frame shorter or longer than the kernel's test call takes, leave that host out. Two strangers,
tshark and libpcap, are asked what they see in each frame (`tests/packets/oracle.py`).

How to read it:

- **Verdicts** are those of a pool whose stage refuses port 25, or limits it where the line speaks of limits. "answer" is
  a TCP reset or an ICMP error to the subscriber, if the policy asks for one; the guard sends nothing, and drops.
- **Caught as** and **passes as** are the reasons under which the frames are counted: `op25bctl stats`, and the label
  `reason` of `op25b_packets_total`.
- **Others** are caught too, but by another reason than the line's: they play a second trick, or are controls.
- A frame in doubt is one that is TCP, or may be, and cannot be read. It is dropped where port 25 would be refused, by a
  reason that says what was wrong with it, and passes everywhere else, counted as `unreadable`.
- Later fragments pass: the ports are in the first one only, and without it nothing can be put together.
"""

TAIL = """
## What stays out of reach

- **Tunnels and VPNs.** Mail inside a tunnel leaves the tunnel with somebody else's address, and it is there that it can be
  stopped. The box does not open tunnels; it counts them by kind (`tunnel_ip4`, `tunnel_ip6`, `tunnel_gre`, `tunnel_esp`,
  `tunnel_l2tp`, `tunnel_other`), so that a share that grows is seen. The exception are softwires that the policy names:
  they are the access network itself.
- **Tunnels inside UDP or TCP** (WireGuard, OpenVPN, VXLAN, Teredo, proxies on port 443) cannot be told from other traffic without
  reading it. They are `not_tcp` and `not_port25`.
- **Below IP**, what is not opened is counted as `l2_unparsed`: PPP compression, encryption and multilink, pseudowires, MACsec,
  PBB, NSH, other tags than the three known. Frames with more tags or labels than are read, or with lengths below IP that lie, name no address that a pool
  could be looked up by; the setting `l2_doubt` of the pair of ports says whether these pass.
- **IP protocol numbers that are not assigned** pass as `unknown_proto`, unless the pool says otherwise.
- **Addresses of neighbours on the same subscriber port** are believed. That an address belongs to a session is for the
  access node to see to (BCP 38).
- **Overlapping fragments** that rewrite ports behind an extension header or an AH would need a receiver that prefers the later
  one. IPv6 forbids that (RFC 5722).
- **Few connections from many addresses** stay below every limit. A stage that blocks does not depend on how many there are.
"""

WORDS = {"PASS": "pass", "DROP": "drop", "ANSWER": "answer"}


def reason_names():
    """Reason -> its name in metrics, from the one table of them."""
    text = (TOP / "dataplane" / "abi" / "verdict_abi.h").read_text(encoding="utf-8")
    return dict(re.findall(r'X\((\w+), \w+, "(\w+)"', text))


def verdicts(rows, host):
    """What the host does with the rows that it runs."""
    words = []
    for row in rows:
        if host in row.hosts:
            word = WORDS[row.reason.split("_")[0]]
            words.append("drop" if host == "GUARD" and word == "answer" else word)
    return ", ".join(word for word in ("drop", "answer") if word in words) or "-"


class Evasion(NamedTuple):
    caught: list  # rows, by the trick's own reasons
    others: list  # rows, by other reasons
    near: list  # rows that pass


def evasion(number, names):
    """The rows of a trick."""
    own = EVASIONS[number][2].split()
    rows = [row for row in ROWS if number in row.tricks]
    return Evasion([row for row in rows if row.is_caught and names[row.reason] in own],
                   [row for row in rows if row.is_caught and names[row.reason] not in own],
                   [row for row in rows if not row.is_caught])


def listed(words):
    return ", ".join("`%s`" % word for word in words)


def line(number, names):
    trick, looks, own = EVASIONS[number]
    rows = evasion(number, names)
    return "| %s | %s | %s | %s | %s | %s | %s | %s | %d | %d | %d |\n" % (
        number, trick, looks, verdicts(rows.caught, "DP"), verdicts(rows.caught, "GUARD"), verdicts(rows.caught, "CORE"),
        listed(own.split()), listed(sorted({names[row.reason] for row in rows.near})), len(rows.caught), len(rows.near),
        len(rows.others))


def page():
    names = reason_names()
    out = [HEAD, "\nThe table has %d rows: %d are caught, %d pass.\n\n" % (
        len(ROWS), sum(row.is_caught for row in ROWS), sum(not row.is_caught for row in ROWS))]
    out.append("| | trick | how it looks | op25b-dp | guard | explain | caught as | passes as | caught | near misses | others |\n")
    out.append("|---|---|---|---|---|---|---|---|---|---|---|\n")
    out += [line(number, names) for number in EVASIONS]
    out.append("\n`-`: no host's clock can be set by a test; these rows run on the core.\n")
    out.append("\n## What more than one frame shows\n\n| | what is shown | tests |\n|---|---|---|\n")
    for number, (what, tests) in BEYOND.items():
        out.append("| %s | %s | %s |\n" % (number, what, ", ".join(
            "`%s`" % path if path.endswith(".py") else "`%s` `%s`" % (path, name) for path, name in tests)))
    return "".join(out) + TAIL


def faults():
    """What the table lacks."""
    names = reason_names()
    for number, (_, _, own) in EVASIONS.items():
        rows = evasion(number, names)
        if not rows.near:
            yield "%s has no near miss" % number
        for reason in set(own.split()) - {names[row.reason] for row in rows.caught}:
            yield "%s has no row that is caught as %s" % (number, reason)
    for number in sorted({trick for row in ROWS for trick in row.tricks} - set(EVASIONS)):
        yield "%s is the trick of a row, and not known" % number
    if len(ROWS) < FEWEST_ROWS:
        yield "%d rows are too few: at least %d" % (len(ROWS), FEWEST_ROWS)
    yield from rows_cells.missing(ROWS)
    for _, tests in BEYOND.values():
        for path, name in tests:
            if name not in (TOP / "tests" / path).read_text(encoding="utf-8"):
                yield "tests/%s has no %s" % (path, name)


def main():
    if sys.argv[1:] not in ([], ["--write"]):
        sys.exit(__doc__)
    text, wrong = page(), list(faults())
    if sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        wrong.append("docs/evasions.md is out of date: run tests/packets/evasions.py --write")
    print("%d rows, %d evasions, %d encapsulations with %d forms of packet each" % (
        len(ROWS), len(EVASIONS), len(rows_cells.ENCAPSULATIONS), len(rows_cells.FORMS)))
    sys.exit("\n".join(wrong) or 0)


if __name__ == "__main__":
    main()
