# SPDX-License-Identifier: BSD-3-Clause
"""Row 4, kernel peers: op25b-dp on net_af_xdp, its guard, and nftables, between the same veths, with the same policy."""
import collections
import functools
import os
import socket
import statistics
import struct
import time

import pairs
import peers
import plan
from result import BenchError, Result, check_sum
from veth import Generator, Lab

TITLE = "Kernel peers: op25b-dp on net_af_xdp, its guard alone, nftables"
ABOUT = """One generator sends the same frames through boxes between veths: op25b-dp on net_af_xdp (with its guard), the guard alone in
front of the kernel's bridge, nftables with the same policy where bridges or routers are filtered (interval sets of 1,000 prefixes; the
limit is a dynamic set), and a bridge without a rule. On veths the kernel's own cost of a frame dominates, whoever judges it (about 0.8
Mpps for any of them on a small machine), and op25b-dp has a second CPU where everything else runs on the generator's: frames per second
say little here. What tells them apart is CPU time for each judged frame, at a rate that all of them can take: that of all threads which
did the work, the kernel's included, less that of the same generator at the same rate into a veth whose other end drops everything by XDP.
On a veth net_af_xdp copies each frame twice and sends it by way of a socket buffer; a NIC whose driver has zero copy does neither."""

PREFIXES = 1000
RATE_PART = 0.5  # of what the slowest can take
# One connection of a subscriber, then none for ten minutes: the limit is in force from a subscriber's second frame on.
LIMIT = {"key": "address", "count": "tcp_syn", "max": 1, "window_s": 600, "over": "drop"}
FIRST_RATE_PPS = 200000
QUICK_PART = 0.5  # of a quick window: there are many
MACHINE_S = 1.0  # windows at least so long for the time of the whole machine, which is known to 10 ms

Capture = collections.namedtuple("Capture", "path blocked")


def read_capture(path):
    """Capture of a file of IPv4 frames: blocked[i] is the subscriber if frame i is for the policy's last clause, else None."""
    relay = socket.inet_aton(plan.RELAY4)
    with open(path, "rb") as lines:
        data = lines.read()
    blocked, at = [], 24
    while at < len(data):
        size = struct.unpack_from("<I", data, at + 8)[0]
        ip = at + 16 + 14
        tcp = ip + (data[ip] & 15) * 4
        is_first = not struct.unpack_from("!H", data, ip + 6)[0] & 0x1FFF
        is_25 = data[ip - 2:ip] == b"\x08\x00" and data[ip + 9] == 6 and is_first and data[tcp + 2:tcp + 4] == b"\x00\x19"
        blocked.append(data[ip + 12:ip + 16] if is_25 and data[ip + 16:ip + 20] != relay else None)
        at += 16 + size
    return Capture(path, blocked)


def idle_ns():
    """Time in which CPUs of this machine had nothing to do, summed; to 10 ms."""
    with open("/proc/uptime", encoding="ascii") as line:
        return int(float(line.read().split()[1]) * 1e9)


@functools.cache
def ksoftirqds():
    """Process ids of the kernel's threads that receive for a CPU which has too much to do."""
    def is_one(pid):
        try:
            with open(f"/proc/{pid}/comm", encoding="ascii", errors="replace") as line:
                return line.read().startswith("ksoftirqd/")
        except OSError:
            return False  # it has ended
    return [pid for pid in os.listdir("/proc") if pid.isdigit() and is_one(pid)]


def ksoftirqd_ns():
    """Their CPU time."""
    total = 0
    for pid in ksoftirqds():
        with open(f"/proc/{pid}/schedstat", encoding="ascii") as line:
            total += int(line.read().split()[0])
    return total


class Case:
    """A capture and a policy, and everything that is measured with them."""

    def __init__(self, ctx, lab, name, capture, policy, kinds):
        self.ctx = ctx
        self.name = name
        self.seconds = ctx.seconds * (QUICK_PART if ctx.quick else 1)
        self.capture = capture
        self.is_limit = "limits" in policy
        self.peers = []
        self.noted = {}
        self.totals = collections.defaultdict(collections.Counter)  # title -> frames of all trials
        self.parts = collections.defaultdict(list)  # (title, kind of CPU time) -> ns for each judged frame, the warm-up's too
        try:
            for kind in kinds:
                ctx.say(f"{name}: {kind.title}")
                self.peers.append(kind(ctx, lab, policy))
                self.peers[-1].start()
                self.peers[-1].end()
            self.generator = Generator(ctx, lab, capture.path)
        except BaseException:
            self.close()
            raise

    def close(self):
        for peer in self.peers:
            peer.close()

    def trial(self, peer, rate_pps, seconds):
        """One turn of a peer: (what the generator says, the books, CPU ns: of the peer's own process, of the other threads that
        took part, and of the whole machine)."""
        peer.begin()
        own, soft, idle, began = peer.cpu_ns(), ksoftirqd_ns(), idle_ns(), time.monotonic_ns()
        sent = self.generator.send(f"g{peer.number}", rate_pps, seconds)
        cpu = {"own": peer.cpu_ns() - own, "other": sent["cpu_ns"] - sent["waited_ns"] + ksoftirqd_ns() - soft,
               "machine": (time.monotonic_ns() - began) * os.cpu_count() - (idle_ns() - idle) - sent["waited_ns"]}
        done = peer.turn(sent["sent"])
        peer.end()
        self.check_verdicts(peer, sent, done)
        self.totals[peer.title].update({"sent": sent["sent"], "passed": done["out"], "dropped by verdict": done["dropped"],
                                        "lost": done["lost"]})
        return sent, done, cpu

    def sent_frames(self, sent):
        """How often each frame of the capture was sent, as [(slice of the capture, times)]."""
        whole, rest = divmod(sent["sent"], len(self.capture.blocked))
        first, end = sent["first"], sent["first"] + rest
        frames = self.capture.blocked
        parts = [frames[first:end], frames[:max(0, end - len(frames))]]
        return [(frames, whole), *((part, 1) for part in parts)]

    def check_verdicts(self, peer, sent, done):
        """The right frames were dropped, as far as each was received."""
        matched = sum(times * sum(who is not None for who in part) for part, times in self.sent_frames(sent))
        if not peer.judges:
            if done["dropped"]:
                raise BenchError(f"{peer.title}: {done['dropped']} frames dropped, and no rule says so")
            return
        found = done["dropped"] + done["leaked"]
        if not matched - done["lost"] <= found <= matched:
            raise BenchError(f"{self.name}, {peer.title}: {matched} frames for the clause were sent, {done['lost']} of all frames lost, "
                             f"{done['dropped']} dropped and {done['leaked']} passed")
        if not self.is_limit and done["leaked"]:
            raise BenchError(f"{self.name}, {peer.title}: {done['leaked']} forbidden frames came out")

    def check_limit(self):
        """Every subscriber's first connection passes and no other: for all who judge, the whole capture once."""
        frames = self.capture.blocked
        for peer in (peer for peer in self.peers if peer.judges):
            sent, done, _ = self.trial(peer, FIRST_RATE_PPS, len(frames) / FIRST_RATE_PPS + 0.01)
            subscribers = len({who for part, times in self.sent_frames(sent) if times for who in part if who is not None})
            self.ctx.say(f"{self.name}, {peer.title}: {done['leaked']} connections of {subscribers} subscribers within the limit")
            if not subscribers - done["lost"] <= done["leaked"] <= subscribers:
                raise BenchError(f"{self.name}, {peer.title}: of {subscribers} subscribers {done['leaked']} got a connection through, "
                                 f"each should have; {done['lost']} frames were lost")

    def fastest(self, peer):
        """Million frames judged in a second, with all that the generator has."""
        sent, done, _ = self.trial(peer, 0, self.seconds)
        if done["lost"]:
            self.note_part(peer, "lost", "of the frames sent at full speed found its queue full", done["lost"], sent["sent"])
        return done["judged"] / sent["ns"] * 1000

    def cost(self, peer, rate_pps):
        """CPU nanoseconds for each judged frame."""
        sent, done, cpu = self.trial(peer, rate_pps, self.seconds)
        if done["lost"]:
            self.note_part(peer, "late", "of the frames were lost at the common rate: this machine was busy", done["lost"], sent["sent"])
        if done.get("by_guard"):
            self.note_part(peer, "guard", "of its frames the guard judged: it was kept from its CPU", done["by_guard"], sent["sent"])
        rate = sent["sent"] / sent["ns"] * 1e9
        if rate < 0.9 * rate_pps:
            self.note_part(peer, "rate", "of the common rate was missing: this machine was busy", rate_pps - rate, rate_pps)
        for kind, ns in cpu.items():
            self.parts[(peer.title, kind)].append(ns / done["judged"])
        return (cpu["own"] + cpu["other"]) / done["judged"]

    def note_part(self, peer, kind, text, part, whole):
        """Of all rounds the worst is told."""
        worst = max(part / whole, self.noted.get((peer.title, kind), (0, ""))[0])
        self.noted[(peer.title, kind)] = (worst, f"{peer.title}: up to {worst * 100:.3g} % {text}.")

    def notes(self, *kinds):
        return [text for (_, kind), (_, text) in self.noted.items() if kind in kinds]

    def measure(self):
        carriers = {peer.title: peer for peer in self.peers if peer.carries}
        if self.is_limit:
            self.check_limit()
        mpps = pairs.interleave(self.ctx, {title: lambda peer=peer: self.fastest(peer) for title, peer in carriers.items()},
                                f"{self.name}, full speed")
        rate_pps = RATE_PART * 1e6 * min(map(statistics.median, mpps.values()))
        cost = pairs.interleave(self.ctx, {peer.title: lambda peer=peer: self.cost(peer, rate_pps) for peer in self.peers},
                                f"{self.name}, {rate_pps / 1000:.0f} kpps")
        return mpps, cost, rate_pps

    def cpu_notes(self, net):
        own, other = (self.parts[(peers.Dataplane.title, kind)] for kind in ("own", "other"))
        notes = [f"Of op25b-dp's CPU time {statistics.median(own):.0f} ns a frame are its own process's, with its system calls, in which "
                 "the kernel makes a socket buffer of each frame and carries it to the sink, and with its waiting for frames; "
                 f"{statistics.median(other):.0f} ns are the generator's, the veth's, the guard's and the hand-over's."]
        if self.seconds >= MACHINE_S:
            whole = {title: statistics.median(self.parts[(title, "machine")]) for title in [*net, peers.Peer.title]}
            notes.append("Taken as all time that the machine's CPUs were not idle, with whatever else ran, the generator included: "
                         + ", ".join(f"{title} {ns:.0f}" for title, ns in whole.items()) + " ns a frame.")
        if min(min(values) for values in net.values()) <= 1.0:
            notes.append("A box took less time than the generator alone: this run measured noise.")
        return notes

    def results(self):
        mpps, cost, rate_pps = self.measure()
        alone = cost[peers.Peer.title]
        against = peers.NftBridge.title
        net = {title: [max(1.0, value - base) for value, base in zip(values, alone)]
               for title, values in cost.items() if values is not alone}
        notes = [f"At {rate_pps / 1000:.0f} thousand frames a second, half of what the slowest can take. The generator alone takes "
                 f"{statistics.median(alone):.0f} ns a frame, which are taken off.",
                 *self.cpu_notes(net), *self.notes("late", "guard", "rate")]
        speed = Result("kernel", f"{self.name}: frames judged, full speed", "Mpps", "more", mpps, (peers.Dataplane.title, against),
                       notes=["op25b-dp has a CPU beside the generator's; everything else runs on the generator's.", *self.notes("lost")])
        speed.totals = [check_sum(f"{title}: frames sent", count.pop("sent"), count)
                        for title, count in self.totals.items() if title in net]
        found = [speed]
        for kind in (peers.Dataplane, peers.Guard):
            series = {title: values for title, values in net.items() if kind is peers.Dataplane or title in (kind.title, against)}
            found.append(Result("kernel", f"{self.name}: CPU time a frame, {kind.title}", "ns/frame", "less", series, (kind.title, against),
                                notes=notes))
        return found


def policy(subscribers, action):
    made = plan.policy(prefixes=PREFIXES, action=action, subscribers=subscribers)
    if action == "limit":
        made["limits"] = {name: LIMIT for name in made["limits"]}
    # What the boxes set aside; a key with an underscore is a note for op25b.
    return made | {"_slots": plan.slots(PREFIXES, subscribers)}


def run(ctx):
    subscribers, frames = (1 << 16, 50000) if ctx.quick else (1 << 17, 200000)
    prefixes = plan.prefix_file(ctx.path("kernel-prefixes"), PREFIXES, subscribers)
    keys = {"prefixes": prefixes, "subscribers": subscribers}
    kinds = [kind for kind in peers.ALL if not (ctx.quick and kind is peers.NftRouter)]
    results = []
    for name, mix, more, action in (("1 % port 25, 64 B", "plain4", {"frames": 10000, "port25": 10}, "drop"),
                                    ("port-25 flood with a limit", "flood", {"frames": frames}, "limit")):
        capture = read_capture(ctx.capture(mix, **keys, **more))
        with Lab(ctx) as lab:
            case = Case(ctx, lab, name, capture, policy(subscribers, action), kinds)
            try:
                results += case.results()
            finally:
                case.close()
    return results
