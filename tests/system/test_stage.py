#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A policy that changes by itself under traffic, three times, with nobody loading anything: in op25b-dp, again with the
guard judging, and with op25bd away at one of the moments. In order of the wire there is one frame at each change before
which every frame of every flow is judged as before it, and from which on every one as after it: none by a mixture, none
lost."""
import math
import os
import signal
import sys
import time
from typing import NamedTuple

from box import TOP, Box, wait_for
from load import Stream
from test_vectors import NOTHING

sys.path.insert(0, os.path.join(TOP, "tests/packets"))
# pylint: disable=wrong-import-position
from frames import eth, ip4, ip6, tcp4, tcp6  # noqa: E402

CHANGES = 3
AHEAD_S, APART_S = 4, 3  # from the load to the first change, and from one to the next
DRAIN_S = 60  # one minute is the shortest
RELAY, RELAY6, PARTNER, MX, MX6 = "203.0.113.25", "2001:db8:25::25", "203.0.113.130", "192.0.2.25", "2001:db8:9::25"
TCP_RST = 0x04


class Flow(NamedTuple):
    what: str
    source: str
    target: str
    flags: str
    fates: str  # "pass", "gone" or "rst": before the first change, and after each
    port: int = 25


# Many of them change their verdict in the same moment, in both directions, and by each thing that can bring it about: the
# clauses, the sets that these name, exceptions and quarantines (which move prefixes from class to class), a wave, a drain.
FLOWS = [
    Flow("limit, drop, limit again, rst", "198.51.100.10", MX, "S", "pass gone pass rst"),
    Flow("limit, drop, limit again, rst, over IPv6", "2001:db8:1000::10", MX6, "S", "pass gone pass rst"),
    Flow("the relay all the while", "198.51.100.10", RELAY, "S", "pass pass pass pass"),
    Flow("the relay all the while, over IPv6", "2001:db8:1000::10", RELAY6, "S", "pass pass pass pass"),
    Flow("port 587 all the while", "198.51.100.10", MX, "S", "pass pass pass pass", 587),
    Flow("the partner, in turn with others", "198.51.100.70", PARTNER, "S", "pass gone pass gone"),
    Flow("others, in turn with the partner", "198.51.100.70", MX, "S", "gone pass gone pass"),
    Flow("first wave", "198.51.100.130", MX, "S", "pass gone gone gone"),
    Flow("second wave", "198.51.100.146", MX, "S", "pass pass gone gone"),
    Flow("an exception that ends", "198.51.100.200", MX, "S", "pass gone gone gone"),
    Flow("an exception that begins and ends", "198.51.100.201", MX, "S", "gone pass pass gone"),
    Flow("without an exception", "198.51.100.202", MX, "S", "gone gone gone gone"),
    Flow("a quarantine that begins and ends", "192.0.2.140", MX, "S", "pass pass gone pass"),
    Flow("what a quarantine keeps", "192.0.2.140", RELAY, "S", "pass pass pass pass"),
    Flow("a connection that stood, until the drain ends", "192.0.2.170", MX, "A", "pass pass gone gone"),
    Flow("a new connection during that drain", "192.0.2.170", MX, "S", "gone gone gone gone"),
    Flow("a connection that stood, from when a drain begins", "192.0.2.200", MX, "A", "pass pass pass pass"),
    Flow("a new connection, from when a drain begins", "192.0.2.200", MX, "S", "pass gone gone gone"),
]
# Its first frame passes, before all changes: no change may give it another.
HELD = Flow("on hold through all changes", "192.0.2.230", MX, "S", "gone gone gone gone")
FLOWS.append(HELD)


def stamp(at):
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(at))


def clauses(*pairs):
    return [dict(zip(("to", "do", "limit"), pair)) for pair in pairs]


def grant(name, prefix, begin, end, **more):
    return {"id": name, "match": {"prefix": prefix}, "from": stamp(begin), "until": stamp(end), "reason": "a test", "by": "tests", **more}


def policy(first, second, third):
    """One that changes at these moments as FLOWS says."""
    to_relay, rest = ("relay", "permit"), ("any", "drop")
    later = stamp(third + 3600)
    return {
        "op25b": 1, "name": "stage", "tz": "UTC",
        "sets": {"relay": [f"{RELAY}/32", f"{RELAY6}/128"], "partner": [f"{PARTNER}/32"], "others": ["192.0.2.0/25"]},
        "pools": {
            "steps": {"kind": "dynamic", "v4": ["198.51.100.0/26"], "v6": ["2001:db8:1000::/48"]},
            "turns": {"kind": "dynamic", "v4": ["198.51.100.64/26"]},
            "wave_a": {"kind": "dynamic", "v4": ["198.51.100.128/28"]},
            "wave_b": {"kind": "dynamic", "v4": ["198.51.100.144/28"]},
            "excepted": {"kind": "dynamic", "v4": ["198.51.100.192/26"]},
            "free": {"kind": "dynamic", "v4": ["192.0.2.128/27"]},
            "drain_ends": {"kind": "dynamic", "v4": ["192.0.2.160/27"]},
            "drain_begins": {"kind": "dynamic", "v4": ["192.0.2.192/27"]},
            "held": {"kind": "dynamic", "v4": ["192.0.2.224/27"]}},
        "limits": {"many": {"key": "prefix", "count": "tcp_syn", "max": 100000, "window_s": 60, "over": "drop"},
                   "one": {"key": "address", "count": "tcp_syn", "max": 1, "window_s": 3600, "hold_s": 3600, "over": "drop"}},
        "stages": [
            {"id": "limit", "pools": ["steps"], "from": "always", "port25": clauses(to_relay, ("any", "limit", "many"))},
            {"id": "block", "pools": ["steps"], "from": stamp(first), "until": stamp(second), "port25": clauses(to_relay, rest)},
            {"id": "refuse", "pools": ["steps"], "from": stamp(third), "port25": clauses(to_relay, ("any", "rst"))},
            {"id": "partner", "pools": ["turns"], "from": "always", "port25": clauses(("partner", "permit"), rest)},
            {"id": "others", "pools": ["turns"], "from": stamp(first), "until": stamp(second), "port25": clauses(("others", "permit"), rest)},
            {"id": "others_again", "pools": ["turns"], "from": stamp(third), "port25": clauses(("others", "permit"), rest)},
            {"id": "waves", "port25": clauses(to_relay, rest), "waves": [
                {"id": "a", "pools": ["wave_a"], "from": stamp(first)},
                {"id": "b", "pools": ["wave_b"], "from": stamp(second)},
                {"id": "c", "pools": [], "from": later}]},
            {"id": "strict", "pools": ["excepted"], "from": "always", "port25": clauses(rest)},
            {"id": "drained", "pools": ["drain_ends"], "from": stamp(second - DRAIN_S), "drain_min": DRAIN_S // 60, "port25": clauses(rest)},
            {"id": "draining", "pools": ["drain_begins"], "from": stamp(first), "drain_min": DRAIN_S // 60, "port25": clauses(rest)},
            {"id": "held", "pools": ["held"], "from": "always", "port25": clauses(("any", "limit", "one"))}],
        "exceptions": [grant("ends", "198.51.100.200/32", first - 86400, first, do="permit"),
                       grant("begins", "198.51.100.201/32", first, third, do="permit", to=[f"{MX}/32"])],
        "quarantines": [grant("virus", "192.0.2.140/32", second, third, do="drop", keep=["relay"])]}


def template(flow):
    tcp = {"sport": 40000, "flags": flow.flags, "data": bytes(8)}
    if ":" in flow.source:
        return eth(0x86DD, ip6(flow.source, flow.target, tcp6(flow.source, flow.target, flow.port, **tcp)))
    return eth(0x0800, ip4(flow.source, flow.target, tcp4(flow.source, flow.target, flow.port, **tcp)))


def find_changes(flows, count, arrived):
    """The numbers of the frames at which each change took place: [0] is that of the first. Frames before it are judged as
    its predecessor says, and none as anything else. arrived: the numbers that came through."""
    fates = [flow.fates.split() for flow in flows]
    came, changes = set(arrived), []
    assert arrived == sorted(came), "frames came twice, or in another order than they were sent"
    for number in range(count):
        flow = number % len(flows)
        while (number in came) != (fates[flow][len(changes)] == "pass"):
            # Staying before a change as long as nothing speaks against it is always possible: frames that do not
            # tell are right on both sides.
            changes.append(number)
            assert len(changes) <= CHANGES, (
                f"frame {number} ({flows[flow].what}) {'passed' if number in came else 'was lost'}, which is wrong after the "
                f"last change; changes before frames {changes[:-1]}")
    return changes


def check_can_fail(flows, count, arrived, changes):
    """A frame near a change that has the verdict of the other side of it is found, and so is one that is lost or leaks.
    Right beside the change, one such frame may look as if the change had been there."""
    for change in changes:
        for distance in range(len(flows), 3 * len(flows)):
            for number in {change - distance, change + distance} & set(range(count)):
                try:
                    found = find_changes(flows, count, sorted(set(arrived) ^ {number}))
                except AssertionError:
                    continue
                raise AssertionError(f"not found: frame {number} ({flows[number % len(flows)].what}) beside changes {changes}; {found}")


def judge(host, stream, moments):
    held = FLOWS.index(HELD)
    arrived = [number for number, _ in stream.arrived]
    of_held = [number for number in arrived if stream.flow(number) == held]
    assert of_held == [held], f"{host}: of the one on hold came {of_held}"
    arrived.remove(held)
    changes = find_changes(FLOWS, len(stream.sent), arrived)
    assert len(changes) == CHANGES, f"{host}: only changes before frames {changes} of {len(stream.sent)}"
    check_can_fail(FLOWS, len(stream.sent), arrived, changes)
    assert not stream.strays, f"{host}: nobody sent {[frame.hex() for frame in stream.strays]}"
    when = dict(stream.arrived)
    for change, planned in zip(changes, moments):
        first = min(when[number] for number in arrived if number >= change)
        assert first >= planned, f"{host}: frame {change} is judged by what begins {planned - first:.3f} s later"
    delays = ", ".join(f"{(stream.sent[change] - planned) * 1000:.0f}" for change, planned in zip(changes, moments))
    print(f"# {host}: {len(stream.sent)} frames of {len(FLOWS)} flows, {len(arrived)} passed, {len(stream.answers)} answered; "
          f"changes {delays} ms after their moment")
    return changes


def check_answers(host, stream, change):
    """Every frame that is refused is answered by op25b-dp, none before; the guard says nothing."""
    refused = sum(FLOWS[stream.flow(number)].fates.endswith("rst") for number in range(change, len(stream.sent)))
    wanted = refused if host == "op25b-dp" else 0
    assert len(stream.answers) == wanted, f"{host}: {refused} refused, {len(stream.answers)} answers"
    for frame, _ in stream.answers:
        flags = frame[14 + 13 + (20 if frame[12:14] == b"\x08\0" else 40)]
        assert flags & TCP_RST, f"{host}: the answer {frame.hex()} is no reset"


def skip_a_change(box, moments):
    """op25bd is killed before the second change, and comes back after its moment."""
    time.sleep(max(0, moments[1] - 0.5 - time.time()))
    box.kill("op25bd")
    time.sleep(max(0, moments[1] + 0.5 - time.time()))
    box.start_daemon()


def run_host(host, meanwhile=None):
    # A slow machine must not make the guard take over while op25b-dp is the one that is asked.
    with Box(NOTHING, heartbeat_max_age_ms=10000, answers_per_s=100000) as box:
        box.start_daemon()
        box.start_dataplane()
        if host == "guard":
            box.kill("op25b-dp", signal.SIGTERM)
        begin = math.ceil(time.time()) + AHEAD_S
        moments = [begin + i * APART_S for i in range(CHANGES)]
        box.write_policy(policy(*moments))
        box.ctl("policy", "load", box.path("policy.json"))
        before = box.ctl("stats", "show")["guard"]["generation"]
        stream = Stream(box, [template(flow) for flow in FLOWS]).start()
        try:
            if meanwhile:
                meanwhile(box, moments)
            wait_for("all changes", lambda: box.ctl("stats", "show")["guard"]["generation"] >= before + CHANGES, 60)
            time.sleep(max(0, moments[-1] + 1.5 - time.time()))
        finally:
            stream.stop()
        after = box.ctl("stats", "show")
        changes = judge(host, stream, moments)
        check_answers(host, stream, changes[-1])
        published = after["guard"]["generation"] - before
        assert published == CHANGES, f"{host}: {published} changes were published"


def main():
    run_host("op25b-dp")
    run_host("guard")
    run_host("op25b-dp", skip_a_change)
    return 0


if __name__ == "__main__":
    sys.exit(main())
