# SPDX-License-Identifier: BSD-3-Clause
"""The rows of the packet table that can be sent again and again in any order through a running op25b-dp, by the port they
come in at: those of which what went before does not decide."""
import collections
import ipaddress
import os
import re

from rows import ROWS

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def reasons():
    """Reason -> (verdict, name in JSON), from the header itself."""
    with open(os.path.join(TOP, "dataplane/abi/verdict_abi.h"), encoding="utf-8") as header:
        rows = re.findall(r'\bX\((\w+),\s*(PASS|DROP|ANSWER),\s*"(\w+)"', header.read())
    assert len(rows) > 40, "verdict_abi.h is not read as it is written"
    return {row[0]: row[1:] for row in rows}


def limited_addresses(policy):
    """Networks whose frames' fate depends on those before: pools with a limit."""
    for stage in policy["stages"]:
        if any(clause["do"] == "limit" for clause in stage.get("port25", [])):
            for pool in (policy["pools"][name] for name in stage["pools"]):
                yield from map(ipaddress.ip_network, pool.get("v4", []) + pool.get("v6", []))


def speaks_of(frame, networks):
    """Whether an address of one of the networks stands anywhere in the frame."""
    for network in networks:
        width, first, mask = network.max_prefixlen // 8, int(network.network_address), int(network.netmask)
        for at in range(len(frame) - width + 1):
            if int.from_bytes(frame[at:at + width], "big") & mask == first:
                return True
    return False


def rows_by_port(number, policy):
    """({(side, pair): [(frame, reason)]}, rows left out because of a limit) of the rows that are run by that policy."""
    networks = list(limited_addresses(policy))
    ports = collections.defaultdict(list)
    left_out = 0
    for row in ROWS:
        if row.policy != number or "DP" not in row.hosts:
            continue
        if speaks_of(row.frame, networks):
            left_out += 1
            continue
        ports[row.side, row.pair].append((row.frame, row.reason))
    return ports, left_out
