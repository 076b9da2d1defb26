# SPDX-License-Identifier: BSD-3-Clause
"""What a row of the packet table is, and the hosts that its rows speak of (see policy.json)."""

from typing import NamedTuple

from frames import eth, ip4, ip6, tcp4, tcp6

ALL = ("CORE", "GUARD", "DP")
CORE_ONLY = ("CORE",)  # rows that need the clock to be moved
SHORT = ("CORE", "DP")  # frames below 14 bytes: BPF_PROG_TEST_RUN refuses them
LONG = ("CORE", "DP")  # frames beyond a page: it refuses them too

SUB, NET = "SUBSCRIBER", "NETWORK"
NOW = "2008-04-01T06:46:40+09:00"  # what is in force at this moment judges; table_image.c has it too

DYN, DYN6 = "198.51.100.7", "2001:db8:1000:700::7"
INSIDE, INSIDE6 = "198.51.100.10", "2001:db8:1000:10::10"  # a server in the dynamic pool's prefix
FIX, FIX6 = "198.51.100.70", "2001:db8:2000:700::7"
LIM, LIM6 = "198.51.100.130", "2001:db8:3000:200::2"
LIMR, LIMR6 = "198.51.100.162", "2001:db8:3001:200::2"
REF, REF6 = "198.51.100.200", "2001:db8:4000:800::8"
MON, MON6 = "198.51.100.230", "2001:db8:5000:600::6"
MONR, MONR6 = "198.51.100.245", "2001:db8:5001:500::5"
MONI, MONI6 = "192.0.2.100", "2001:db8:5002:400::4"
LIMI, LIMI6 = "192.0.2.116", "2001:db8:3002:400::4"
PRO, PRO6 = "192.0.2.132", "2001:db8:4001:400::4"
TOL, TOL6 = "192.0.2.148", "2001:db8:6000:400::4"  # pool `tolerant`: knobs say pass
CLO, CLO6 = "192.0.2.164", "2001:db8:6001:400::4"  # pool `closed`: knobs say drop
PIC6 = "2001:db8:6003:400::4"  # blocked to the partner only
MET, MET6 = "192.0.2.180", "2001:db8:6002:400::4"  # limited to the relay, blocked elsewhere
EAST, EAST6 = "192.0.2.196", "2001:db8:7000:400::4"  # unrestricted, on pair 0 only
WEST, WEST6 = "192.0.2.212", "2001:db8:7001:400::4"  # blocked, on pair 1 only
WLIM, WLIM6 = "192.0.2.228", "2001:db8:7002:400::4"  # limited, on pair 1 only
DRA, DRA6 = "192.0.2.68", "2001:db8:6004:400::4"  # blocked by a stage that drains
DRL, DRL6 = "192.0.2.84", "2001:db8:6005:400::4"  # limited by a stage that drains
SHA = "192.0.2.33"  # shared by four subscribers, who are limited
INFRA, INFRA6 = "192.0.2.245", "2001:db8:27::27"  # infrastructure on the network's side
PROBE, PROBE6 = "192.0.2.249", "2001:db8:28::28"  # infrastructure of the subscriber side, behind pair 0
AFTR, BR = "2001:db8:aff::1", "2001:db8:b4::1"  # ends of softwires
STRANGER, STRANGER6 = "100.64.1.1", "2001:db8:9000::1"  # in no pool
RELAY, RELAY6 = "203.0.113.25", "2001:db8:25::25"
PARTNER, PARTNER6 = "203.0.113.130", "2001:db8:26::130"
MX, MX6 = "192.0.2.25", "2001:db8:ffff::25"


class Row(NamedTuple):
    name: str  # the row as a sentence
    side: str  # where the frame comes in
    frame: bytes
    reason: str  # enum op25b_reason without REASON_
    hosts: tuple
    at_s: int  # on the core's own clock
    pair: int  # of ports; pair 1 drops what ends in doubt before any address
    policy: int  # 0: policy.json, 1: policy_next.json, pushed before the first such row
    tricks: tuple  # the evasions that it shows, see evasions.py

    @property
    def is_caught(self):
        """Whether the frame does not get through; else it is a near miss, and must."""
        return not self.reason.startswith("PASS_")


ROWS = []
_section = []  # the tricks of the rows that follow


def about(*tricks):
    """Begins a section: the rows from here on show these tricks ("E7"), besides their own."""
    _section[:] = tricks


def row(name, side, frame, reason, hosts=ALL, at_s=0, pair=0, policy=0, tricks=()):
    ROWS.append(Row(name, side, bytes(frame), reason, hosts, at_s, pair, policy, (*_section, *tricks)))


def seg4(src, dst, dport=25, tags=(), **tcp):
    """A whole frame: TCP over IPv4."""
    return eth(0x0800, ip4(src, dst, tcp4(src, dst, dport, **tcp)), tags)


def seg6(src, dst, dport=25, tags=(), **tcp):
    """A whole frame: TCP over IPv6."""
    return eth(0x86DD, ip6(src, dst, tcp6(src, dst, dport, **tcp)), tags)


def back4(src, dst, sport=25, flags="SA", **tcp):
    """What a mail server answers."""
    return seg4(src, dst, tcp.pop("dport", 40000), sport=sport, flags=flags, **tcp)


def back6(src, dst, sport=25, flags="SA", **tcp):
    return seg6(src, dst, tcp.pop("dport", 40000), sport=sport, flags=flags, **tcp)
