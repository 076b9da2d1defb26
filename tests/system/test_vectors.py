#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The test vectors of the example policies as packets: each policy is published at each vector's moment, and a frame of
the vector goes through op25b-dp and, with op25b-dp stopped, through the guard. What comes out, and what the counters say
of it, must be what the vector says."""
import collections
import datetime
import glob
import itertools
import json
import os
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import time
from typing import NamedTuple

import box as boxlib
from box import TOP, Box, receive_whole, wait_for
from test_answers import answer_is

sys.path.insert(0, os.path.join(TOP, "tests/packets"))
# pylint: disable=wrong-import-position
from frames import eth, ip4, ip6, tcp4, tcp6  # noqa: E402

ISPS = ("asama", "interbroad", "micnet", "nmtnet", "owari")  # these must have vectors
NOTHING = {"op25b": 1, "name": "nothing", "pools": {"nobody": {"kind": "dynamic", "v4": ["192.0.2.0/30"]}}, "stages": []}
MEMORY = {"mib": 384, "hugepages": "no", "buffers": 16384}  # and as many slots as a box has if nobody says otherwise
WAIT_S = 20
DATA = b"op25b..."
MARK_ENDS, MARK_PORT, MARK_REASON = ("192.0.2.1", "192.0.2.2"), 587, "not_port25"  # of the frames that end an exchange
CLAUSE = re.compile(r"(stage|exception|quarantine)s\.[^.\[]+(?:\.port25\[(\d+)\])?")
ANSWERS = ("rst", "icmp_admin", "limit_rst", "limit_icmp")
# What comes out: a verdict of a vector, by host. "arrives" at the other side, byte for byte.
COMES = {"dataplane": {"permit": "arrives", "monitor": "arrives", "limit": "arrives", "drop": "nothing",
                       "rst": "rst", "icmp_admin": "icmp_admin"}}
COMES["guard"] = COMES["dataplane"] | {"rst": "nothing", "icmp_admin": "nothing"}


class Case(NamedTuple):
    policy: str  # file
    vector: dict  # as op25bctl policy check says it
    pair: int  # of the box
    frame: bytes

    def __str__(self):
        v = self.vector
        return f"{os.path.basename(self.policy)} expect[{v['index']}] at {v['at']}, {v['from']} to {v['to']}: {v['verdict']}"

    def comes_from(self):
        return boxlib.ends(self.pair)[self.vector["side"] == "network"]

    def goes_to(self):
        return boxlib.ends(self.pair)[self.vector["side"] != "network"]


class Round(NamedTuple):
    """Cases of one policy and one moment. A limit speaks of the first connection: no subscriber has two in one round."""
    policy: str
    at: str
    cases: list
    answers: list  # what op25bctl says of the same frames, without a box

    def __str__(self):
        return f"{os.path.basename(self.policy)} at {self.at}"

    def has_room_for(self, case):
        return case.vector["verdict"] != "limit" or all(
            (other.vector["from"], other.vector["verdict"]) != (case.vector["from"], "limit") for other in self.cases)


def segment(source, target, ports, flags, number, to_network=True):
    """A whole frame with all checksums; number is its sequence number. Data instead of padding: a bridge with
    br_netfilter would cut that off."""
    sport, dport = ports
    if ":" in source:
        frame = eth(0x86DD, ip6(source, target, tcp6(source, target, dport, sport, flags, seq=number, data=DATA)))
    else:
        frame = eth(0x0800, ip4(source, target, tcp4(source, target, dport, sport, flags, seq=number, data=DATA)))
    return frame if to_network else boxlib.SUB_MAC + boxlib.NET_MAC + frame[12:]


def vector_frame(vector, number):
    ports = vector["source_port"], vector["port"]
    to_network = vector["side"] != "network"
    return segment(vector["from"], vector["to"], ports, "S" if to_network or ports[0] != 25 else "SA", number, to_network)


def ask(*args, **kwargs):
    done = subprocess.run([boxlib.program("op25bctl"), "-j", *args], capture_output=True, text=True, check=False, **kwargs)
    assert done.returncode == 0, f"op25bctl {' '.join(args)}: {done.returncode} {done.stdout}{done.stderr}"
    return done.stdout


def policies():
    for path in sorted(glob.glob(os.path.join(TOP, "policies/*.json"))):
        with open(path, encoding="utf-8") as text:
            policy = json.load(text)
        if "op25b" in policy:  # not the schema
            yield path, policy


def pair_names():
    """Each pair of ports that an example names."""
    names = {}
    for _, policy in policies():
        for part in ("pools", "infra"):
            for one in policy.get(part, {}).values():
                names.update(dict.fromkeys(one.get("pairs", ())))
    return list(names) or [None]


def rounds(names):
    """All vectors of all examples, in order of time."""
    found = collections.defaultdict(list)
    number = 0
    for path, policy in policies():
        if "expect" not in policy:
            continue
        for vector in json.loads(ask("policy", "check", path))[0]["vectors"]:
            number += 1
            case = Case(path, vector, names.index(vector["pair"]) if vector["pair"] else 0, vector_frame(vector, number))
            have = found[path, vector["at"]]
            one = next((one for one in have if one.has_room_for(case)), None)
            if not one:
                have.append(one := Round(path, vector["at"], [], []))
            one.cases.append(case)
    done = sorted((one for have in found.values() for one in have), key=lambda one: moment(one.at))
    for one in done:
        one.answers.extend(explain(one, names))
    return done


def explain(one, names):
    lines = []
    for case in one.cases:
        pair = f"pair={names[case.pair]} " if names[case.pair] else ""
        lines.append(f"side={case.vector['side']} {pair}{case.frame.hex()}\n")
    out = ask("policy", "explain", one.policy, "--frames", "--at", one.at, input="".join(lines))
    return [json.loads(line) for line in out.splitlines()]


def moment(text):
    return datetime.datetime.fromisoformat(text)


class Wires:
    """Both ends of every pair."""

    def __init__(self, the_box):
        self.pairs = range(len(the_box.pair_names))
        self.sockets = {role: the_box.raw_socket(role) for pair in self.pairs for role in boxlib.ends(pair)}
        self.marks = itertools.count(1 << 24)

    def close(self):
        for sock in self.sockets.values():
            sock.close()

    def _until(self, role, mark):
        """What comes to role before the mark."""
        found = []
        while select.select([self.sockets[role]], [], [], WAIT_S)[0]:
            frame = receive_whole(self.sockets[role])
            if frame == mark:
                return found
            found.append((role, frame))
        raise AssertionError(f"the mark does not come to {role}; {len(found)} frames before it")

    def exchange(self, cases):
        """Sends the cases' frames; [(role, frame)] that came out anywhere. Marks that no policy judges follow the
        frames both ways, the second when the first has come, so that answers are before it too."""
        for case in cases:
            self.sockets[case.comes_from()].send(case.frame)
        found = []
        for pair in self.pairs:
            for come, go in (boxlib.ends(pair), boxlib.ends(pair)[::-1]):
                mark = segment(*MARK_ENDS, (40000, MARK_PORT), "S", next(self.marks), go.startswith("net"))
                self.sockets[come].send(mark)
                found += self._until(go, mark)
        return found


def refuses(case, frame):
    """The answer that the frame is to this case, or None."""
    if frame[:12] != case.frame[6:12] + case.frame[:6] or frame[12:14] != case.frame[12:14]:
        return None
    packet, asked = frame[14:], case.frame[14:]
    header, ends = (20, slice(12, 20)) if frame[12:14] == b"\x08\0" else (40, slice(8, 40))
    half = (ends.stop - ends.start) // 2
    swapped = asked[ends][half:] + asked[ends][:half]
    ports = asked[header + 2:header + 4] + asked[header:header + 2]
    acknowledged = struct.pack("!I", struct.unpack("!I", asked[header + 4:header + 8])[0] + len(DATA) + 1)
    if packet[ends] == swapped and answer_is(packet, "rst") and packet[header:][:4] + packet[header + 8:][:4] == ports + acknowledged:
        return "rst"
    quoted = packet[header + 8:][:header + 8]
    if packet[ends][half:] == swapped[half:] and answer_is(packet, "icmp_admin") and quoted[ends] == asked[ends] \
            and quoted[header:] == asked[header:header + 8]:
        return "icmp_admin"
    return None


def outcomes(cases, came):
    """({index of case: [what came of it]}, frames that are of no case)."""
    arrivals = {(case.goes_to(), case.frame): i for i, case in enumerate(cases)}
    found, strays = collections.defaultdict(list), []
    for role, frame in came:
        if (role, frame) in arrivals:
            found[arrivals[role, frame]].append("arrives")
            continue
        answers = [(i, refuses(case, frame)) for i, case in enumerate(cases) if case.comes_from() == role]
        answers = [(i, answer) for i, answer in answers if answer]
        if len(answers) == 1:
            found[answers[0][0]].append(answers[0][1])
        else:
            strays.append(f"{role} got {frame.hex()}")
    return found, strays


def differences(host, cases, came):
    """What is not as the vectors say: sentences."""
    found, wrong = outcomes(cases, came)
    for i, case in enumerate(cases):
        what = " and ".join(found[i]) or "nothing"
        if what != COMES[host][case.vector["verdict"]]:
            wrong.append(f"{host}: {case}, but what comes is: {what}")
    return wrong


def expected_counts(host, one, marks):
    """{reason: packets}, and {(pool, origin, stage, number of the clause): packets} of those that a clause decided. What
    exceptions and quarantines do has no numbers that a policy file would know."""
    counts = collections.Counter({MARK_REASON: marks})
    for answer in one.answers:
        reason = answer["reason"]
        counts["unanswered" if host == "guard" and reason in ANSWERS else reason] += 1
        if answer["clause"]:
            origin, number = CLAUSE.fullmatch(answer["clause"]).groups()
            counts[answer["pool"], origin, answer["stage"] if origin == "stage" else "", int(number or 0)] += 1
    return counts


class Runner:
    """One host of a box that lives at one moment after the other."""

    def __init__(self, the_box, host):
        self.box, self.host = the_box, host
        self.wires = Wires(the_box)
        self.at = None

    def go_to(self, at):
        """op25bd begins anew at that moment; op25b-dp and the guard stay."""
        if at != self.at:
            self.box.kill("op25bd", signal.SIGTERM)
            self.box.start_daemon("--at", at)
            self.at = at

    def load(self, path):
        self.box.ctl("policy", "load", path)
        if self.host == "dataplane":
            wait_for("policy in force", self.box.is_in_force)

    def exchange(self, one, at):
        """What comes out of the round's policy at a moment. Another policy goes before limits, so that every subscriber of
        this one begins with a fresh one."""
        self.go_to(at)
        if any(case.vector["verdict"] == "limit" for case in one.cases):
            self.load(self.box.path("nothing.json"))
        self.load(one.policy)
        return self.wires.exchange(one.cases)

    def counted(self):
        """As expected_counts() says. The guard has nothing to answer with: it counts no answers."""
        stats = self.box.ctl("stats", "show")
        counts = collections.Counter()
        for verdict in ("passed", "dropped", "answers"):
            counts.update(stats[self.host].get(verdict, {}))
        for clause in stats["clauses"]:
            number = clause["clause"] if clause["origin"] == "stage" else 0
            counts[clause["pool"], clause["origin"], clause["stage"], number] += clause.get(self.host, {"packets": 0})["packets"]
        return counts

    def check(self, one):
        """Sentences about what is wrong."""
        before = self.counted()
        wrong = differences(self.host, one.cases, self.exchange(one, one.at))
        wanted = expected_counts(self.host, one, 2 * len(self.wires.pairs))
        try:
            wait_for("counters", lambda: self.counted() - before == wanted, 2)
        except AssertionError:
            wrong.append(f"{self.host}: {one}: counted {dict(self.counted() - before)}, not {dict(wanted)}")
        return wrong


def check_can_fail(runner, one):
    """The comparison tells when a box has another verdict: each vector turned round is found, and so is a policy that
    lives a second too early."""
    came = runner.exchange(one, one.at)
    assert not differences(runner.host, one.cases, came), "these were right a moment ago"
    for i, case in enumerate(one.cases):
        other = "permit" if COMES[runner.host][case.vector["verdict"]] != "arrives" else "drop"
        flipped = [*one.cases[:i], case._replace(vector=case.vector | {"verdict": other}), *one.cases[i + 1:]]
        assert len(differences(runner.host, flipped, came)) == 1, f"not found: {case} turned to {other}"
    early = (moment(one.at) - datetime.timedelta(seconds=1)).isoformat()
    assert differences(runner.host, one.cases, runner.exchange(one, early)), f"{one.policy} at {early} is taken for {one}"


def is_the_block_of_asama(one):
    return one.policy.endswith("/asama.json") and moment(one.at) == moment("2008-03-31T00:00:00+09:00")


def run_host(the_box, host, all_rounds):
    began = time.monotonic()
    runner = Runner(the_box, host)
    try:
        wrong = [fault for one in all_rounds for fault in runner.check(one)]
        assert not wrong, "\n".join(wrong)
        check_can_fail(runner, next(filter(is_the_block_of_asama, all_rounds)))
    finally:
        runner.wires.close()
    count = collections.Counter()
    for one in all_rounds:
        count[os.path.basename(one.policy)] += len(one.cases)
    print(f"# {host}: {sum(count.values())} vectors as packets in {time.monotonic() - began:.1f} s: "
          + ", ".join(f"{name} {number}" for name, number in sorted(count.items())))


def main():
    names = pair_names()
    all_rounds = rounds(names)
    have = {os.path.basename(one.policy).removesuffix(".json") for one in all_rounds}
    assert have >= set(ISPS), f"without vectors: {set(ISPS) - have}"
    # A slow machine must not make the guard take over while op25b-dp is the one that is asked.
    with Box(NOTHING, names, memory=MEMORY, heartbeat_max_age_ms=10000, answers_per_s=100000) as the_box:
        shutil.copy(the_box.path("policy.json"), the_box.path("nothing.json"))
        the_box.start_daemon()
        the_box.start_dataplane()
        run_host(the_box, "dataplane", all_rounds)
        the_box.kill("op25b-dp", signal.SIGTERM)
        run_host(the_box, "guard", all_rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
