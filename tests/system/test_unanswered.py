#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""How many answers op25b-dp sends, and to whom it sends none: spoofed sources, groups, resets, and anybody while it is
down. A frame that may have no consequence is always followed by two that must have one, so that nothing is waited for
in vain: a SYN that is refused, and one that passes."""
import itertools
import os
import select
import struct
import sys
import time

from box import NET_MAC, SUB_MAC, TOP, receive_whole, wait_for
from test_answers import MX, MX6, POOLS, RELAY, RELAY6, WEST, open_box

sys.path.insert(0, os.path.join(TOP, "tests/packets"))
# pylint: disable=wrong-import-position
from frames import eth, ip4, ip6, mpls, route_option, tcp4, tcp6  # noqa: E402

RESET, RESET6 = POOLS["reset"][:2]
ADMIN, ADMIN6 = POOLS["admin"][:2]
WAIT_S = 20
GROUP_MAC = b"\x01\x00\x5e\x00\x00\x19"
ROUTER_LABEL = 16  # the first that is not reserved, RFC 3032
LSRR = 131  # RFC 791 section 3.1
ANSWERS_PER_S = 20
BURST = 3  # 100 ms worth of answers, and one


def seg(source, target, dport=25, **tcp):
    if ":" in source:
        return eth(0x86DD, ip6(source, target, tcp6(source, target, dport, **tcp)))
    return eth(0x0800, ip4(source, target, tcp4(source, target, dport, **tcp)))


def from_network(frame):
    return SUB_MAC + NET_MAC + frame[12:]


def silent_frames():
    """(what, side, frame, reason)."""
    for pool, v4, v6 in (("rst", RESET, RESET6), ("icmp_admin", ADMIN, ADMIN6)):
        for source, target, group in ((v4, MX, "224.0.0.25"), (v6, MX6, "ff0e::25")):
            plain = seg(source, target)
            yield f"{pool}: a reset of {source}", "sub", seg(source, target, flags="R"), "unanswered"
            yield f"{pool}: a reset with ACK of {source}", "sub", seg(source, target, flags="RA"), "unanswered"
            yield f"{pool}: {source} to the group {group}", "sub", seg(source, group), "unanswered"
            yield f"{pool}: {source} to a group of stations", "sub", GROUP_MAC + plain[6:], "unanswered"
            yield f"{pool}: {source} from a group of stations", "sub", plain[:6] + GROUP_MAC + plain[12:], "unanswered"
            label = eth(0x8847, mpls([ROUTER_LABEL], plain[14:]))
            yield f"{pool}: {source} behind a router's label", "sub", label, "unanswered"
        yield f"{pool}: a source route of {v4}", "sub", eth(0x0800, ip4(v4, RELAY, tcp4(v4, MX), options=route_option(LSRR, [MX]))), "source_route"
        yield f"{pool}: {v4} to everybody", "sub", seg(v4, "255.255.255.255"), "unanswered"
        yield f"{pool}: what comes back to {v4}", "net", from_network(seg(MX, v4, 40000, sport=25, flags="SA")), "mirror"
        yield f"{pool}: what comes back to {v6}", "net", from_network(seg(MX6, v6, 40000, sport=25, flags="SA")), "mirror"
    for source, target in ((RELAY, MX), (RELAY6, MX6), (RELAY, RELAY), (WEST, MX), (WEST, RELAY)):
        yield f"the spoofed source {source} to {target}", "sub", seg(source, target), "src_spoofed"


class Ends:
    """Both ends of the box, frame by frame."""

    def __init__(self, the_box):
        self.box = the_box
        self.sockets = {role: the_box.raw_socket(role) for role in ("sub", "net")}
        self.numbers = itertools.count(10000)

    def send(self, role, frame):
        self.sockets[role].send(frame)

    def receive(self, role):
        assert select.select([self.sockets[role]], [], [], WAIT_S)[0], f"nothing comes to {role}"
        return receive_whole(self.sockets[role])

    def arrived(self):
        """What has come besides the two that end each step: (role, frame)."""
        number = next(self.numbers)
        refused, passing = seg(RESET, MX, sport=number), seg(RESET, MX, 587, sport=number)
        self.send("sub", refused)
        self.send("sub", passing)
        found = []
        while (frame := self.receive("sub"))[36:38] != struct.pack("!H", number) or frame[34:36] != b"\0\x19":
            found.append(("sub", frame.hex()))
        while (frame := self.receive("net")) != passing:
            found.append(("net", frame.hex()))
        return found

    def dropped(self, part="dataplane"):
        return self.box.ctl("stats", "show")[part]["dropped"]


def check_silent(ends):
    count = 0
    for what, side, frame, reason in silent_frames():
        before = ends.dropped().get(reason, 0)
        ends.send(side, frame)
        arrived = ends.arrived()
        assert not arrived, f"{what}: {arrived}"
        # Counters are read apart from frames.
        wait_for(f"{what}: counted as {reason}", lambda: ends.dropped().get(reason, 0) == before + 1)
        count += 1
    print(f"# {count} frames without an answer and without a trace")


def check_burst(ends):
    """What may come at once is answered at once: a slow machine only makes more of it allowed."""
    numbers = [next(ends.numbers) for _ in range(BURST)]
    for number in numbers:
        ends.send("sub", seg(RESET, MX, sport=number))
    answered = [struct.unpack("!H", ends.receive("sub")[36:38])[0] for _ in numbers]
    assert answered == numbers, f"{answered}, not {numbers}"


def check_rate(ends, count=600):
    before, began = ends.box.ctl("stats", "show")["dataplane"], time.monotonic()
    for number in range(count):
        # Any mix of both answers has one limit.
        ends.send("sub", seg((RESET, ADMIN)[number % 2], MX, sport=20000 + number))
        time.sleep(0.002)
    stats = wait_for("all are counted", lambda: (now := ends.box.ctl("stats", "show")["dataplane"])["received"]
                     == before["received"] + count and now)
    seconds = time.monotonic() - began
    answered = stats["answered"] - before["answered"]
    unanswered = stats["dropped"].get("unanswered", 0) - before["dropped"].get("unanswered", 0)
    frames = 0
    while select.select([ends.sockets["sub"]], [], [], 0.2)[0]:
        frames += len(receive_whole(ends.sockets["sub"])) > 0
    allowed = seconds * ANSWERS_PER_S + BURST
    print(f"# {count} refusals in {seconds:.2f} s at {ANSWERS_PER_S} answers/s: {answered} answered (at most {allowed:.1f}), "
          f"{unanswered} unanswered")
    assert answered + unanswered == count, "a refusal was neither answered nor unanswered"
    assert frames == answered, f"{frames} answers on the wire"
    assert BURST <= answered <= allowed, "the limit is not kept"


def check_guard(ends):
    """The guard has nothing to answer with."""
    ends.box.kill("op25b-dp")
    before = ends.dropped("guard").get("unanswered", 0)
    for source, target in ((RESET, MX), (RESET6, MX6), (ADMIN, MX), (ADMIN6, MX6)):
        ends.send("sub", seg(source, target))
    passing = seg(RESET, MX, 587, sport=next(ends.numbers))
    ends.send("sub", passing)
    assert ends.receive("net") == passing, "the guard let something through"
    wait_for("the guard counts four", lambda: ends.dropped("guard").get("unanswered", 0) == before + 4)
    assert not select.select([ends.sockets["sub"]], [], [], 0.5)[0], "something came back from the guard"
    print("# op25b-dp is down: four refusals, no answer")


def run_box(config, *checks):
    with open_box(**config) as the_box:
        the_box.start_daemon()
        the_box.start_dataplane()
        ends = Ends(the_box)
        try:
            for check in checks:
                check(ends)
        finally:
            for sock in ends.sockets.values():
                sock.close()


def main():
    run_box({"answers_per_s": 100000}, check_silent, check_guard)
    run_box({"answers_per_s": ANSWERS_PER_S}, check_burst, check_rate)
    return 0


if __name__ == "__main__":
    sys.exit(main())
