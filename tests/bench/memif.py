# SPDX-License-Identifier: BSD-3-Clause
"""Row "memif": what the filter costs where frames come from another process and go to it."""
import signal
import statistics

import memif_table
import plan
from dataplane import Dataplane, stand_still
from loadgen import MIB as LOADGEN_MIB
from loadgen import SIDES, Loadgen
from pairs import interleave
from result import Result, check_sum
from search import Goal, Search
from testpmd import Testpmd

TITLE = "Two processes"
ABOUT = ("A generator and sink of our own (loadgen) on one core, and on the other op25b-dp, or in its place dpdk-testpmd in io mode, joined by two "
         "net_memif ports with rings of 1024 frames, the same for both. Non-drop rates are found by a search after RFC 9971 (MLRsearch). Frames are sent at "
         "even distances, from the subscriber side, and one of 32 is timed from sending to receiving in the same process: what is told is the time for the way through both rings, "
         "and what the box adds to it. Last, the packet table is mixed into the load, and every row is judged.")
OWN, IO = "op25b-dp", "testpmd io"
FRAMES = 1000
PREFIXES = 1000
SUBSCRIBERS = 1 << 20
PORT25 = 10  # of a thousand frames
BURSTS = (32, 64)  # testpmd's own choice, and op25b-dp's
OWN_MIB, IO_MIB = 512, 144
BUFFERS = 16384
CACHE = 256  # of buffers: as op25b-dp has it
MIXES = (("64 B", 64), ("IMIX", "imix"))
MOST_TRIALS = 150  # of a search; about 40 are enough on a quiet machine
NOISE_US = 100  # no frame waits for so long in a ring at these loads
RECORD_BYTES, PCAP_HEADER_BYTES = 16, 24


def count_forbidden(path, side="subscriber"):
    """Frames of a capture of plain IPv4 that the policy drops: TCP to port 25 of anybody but the own relay, and from there."""
    relay, found = bytes(map(int, plan.RELAY4.split("."))), 0
    far, port = (30, 2) if side == "subscriber" else (26, 0)  # the far host's address in the frame, its port in the TCP header
    with open(path, "rb") as file:
        data = file.read()
    at = PCAP_HEADER_BYTES
    while at < len(data):
        end = at + RECORD_BYTES + int.from_bytes(data[at + 8:at + 12], "little")
        frame, at = data[at + RECORD_BYTES:end], end
        tcp = 14 + 4 * (frame[14] & 15)
        found += (frame[12:14] == b"\x08\0" and frame[23] == 6 and frame[far:far + 4] != relay
                  and frame[tcp + port:tcp + port + 2] == b"\0\x19")
    return found


class Boxes:
    """Both boxes on the same core, each with a loadgen of its own on the other. Only one of them runs at a time."""

    def __init__(self, ctx):
        self.ctx = ctx
        wanted = 2 * LOADGEN_MIB + OWN_MIB + IO_MIB
        self.is_huge = ctx.hugepages.free_mib() >= wanted
        self.loadgens = {name: Loadgen(ctx, f"memif-{number}", self.is_huge) for number, name in enumerate((OWN, IO))}
        memory = {"mib": OWN_MIB, "hugepages": "yes" if self.is_huge else "no", "slots": 1024, "buffers": BUFFERS}
        policy = plan.policy(prefixes=PREFIXES, action="drop", subscribers=SUBSCRIBERS)
        self.own = Dataplane(ctx, "memif-op25b", policy, self.loadgens[OWN].box_ports(), [ctx.core], memory, idle_us=0)
        self.own.pause()
        self.peer = Testpmd(ctx, "memif-testpmd", self.loadgens[IO].box_ports(), [ctx.core], IO_MIB, self.is_huge, BUFFERS, [f"--mbcache={CACHE}"])
        self.totals = []

    def choose_burst(self, path):
        """Testpmd is given the burst that it is faster with, and runs from here on. The sentence for the report."""
        self.ctx.say("which burst suits testpmd better")
        rates = {burst: [] for burst in BURSTS}
        for number in range(2 if self.ctx.quick else 6):
            for burst in BURSTS if number % 2 else reversed(BURSTS):
                self.peer.set(f"burst {burst}")
                self.peer.begin()
                if not number:
                    self.loadgens[IO].load([path, None])
                rates[burst].append(self.loadgens[IO].trial((None, 0), self.ctx.seconds / 4).rate / 1e6)
                self.totals.append(self.peer.end())
        medians = {burst: statistics.median(values) for burst, values in rates.items()}
        best = max(medians, key=medians.get)
        self.peer.set(f"burst {best}")
        self.peer.begin()
        stand_still(self.ctx, self.peer.process)
        told = ", ".join(f"{rate:.2f} Mpps with {burst}" for burst, rate in medians.items())
        return f"testpmd has bursts of {best} frames in all of this row, which suit it better: {told}."

    def turn(self, name, what):
        """what(loadgen) while the box of that name runs."""
        process = {OWN: self.own, IO: self.peer}[name].process
        process.send_signal(signal.SIGCONT)
        try:
            return what(self.loadgens[name])
        finally:
            stand_still(self.ctx, process)

    def close(self):
        """Ends all. op25b-dp must have counted what was sent and what came out."""
        totals, stats = self.own.close()
        self.totals.append(totals)
        loadgen = self.loadgens[OWN]
        self.totals.append(check_sum("frames sent to op25b-dp", loadgen.sent, {"received by it": stats["received"]}))
        self.totals.append(check_sum("frames that came out of op25b-dp", loadgen.received, {"forwarded by it": stats["forwarded"]}))
        self.peer.process.send_signal(signal.SIGCONT)
        self.totals.append(self.peer.end())
        self.peer.close()
        for each in self.loadgens.values():
            self.ctx.stop(each.process)


def goal(quick):
    if quick:
        return Goal(initial_s=0.02, final_s=0.05, sum_s=0.1, width=0.05)
    return Goal(initial_s=0.05, final_s=0.2, sum_s=2.0)


def throughput(boxes, label):
    ctx = boxes.ctx
    rate = {name: lambda name=name: boxes.turn(name, lambda loadgen: loadgen.trial((None, 0), ctx.seconds).rate / 1e6) for name in (OWN, IO)}
    series = interleave(ctx, rate, f"{label}, as fast as it goes")
    return Result("memif", f"throughput, 1 % port 25, {label}", "Mpps", "more", series, (OWN, IO),
                  notes=["Counted is what comes out: a hundredth of the frames less than what goes in, through op25b-dp. loadgen does as much work for a frame as testpmd: "
                         "where both are about as fast, the figure is loadgen's."])


def non_drop_rate(boxes, label, fastest):
    """The result, and the median rate of each in frames a second."""
    ctx = boxes.ctx
    series = {name: [] for name in (OWN, IO)}
    rounds = (ctx.rounds + 1) // 2
    lossy = cut = lost_all = 0
    floor = fastest / 20
    for number in range(rounds):
        for name in (OWN, IO) if number % 2 == 0 else (IO, OWN):
            ctx.say(f"{label}, non-drop rate of {name}, search {number + 1} of {rounds}")
            found = boxes.turn(name, lambda loadgen: Search(loadgen.measure, goal(ctx.quick), 1.5 * fastest, floor, MOST_TRIALS).run())
            lost_all += not found.low
            cut += not found.is_whole
            lossy += sum(trial.loss_ratio > 0 for trial in found.trials if trial.load <= found.low)
            series[name].append((found.low or floor) / 1e6)
    wanted = goal(ctx.quick)
    notes = [f"No frame lost in more than half of at least {wanted.sum_s:g} s at this rate, in trials of {wanted.final_s:g} s; found within {100 * wanted.width:g} %.",
             "Lost is what was due and did not fit into the ring, or did not come out though the policy lets it; verdicts are no loss."]
    if lossy:
        notes.append(f"Below these rates {lossy} trials lost frames: this machine takes the CPU away now and then.")
    if lost_all:
        notes.append(f"{lost_all} searches found no rate without loss above {floor / 1e6:.2f} Mpps, which then stands here: something else is on these cores.")
    if cut:
        notes.append(f"{cut} searches were given up before they were as exact as that: on this machine, now, too much differs from trial to trial.")
    rates = {name: 1e6 * statistics.median(values) for name, values in series.items()}
    return Result("memif", f"non-drop rate, 1 % port 25, {label}", "Mpps", "more", series, (OWN, IO), notes=notes), rates


def latency(boxes, label, rate, percent, wanted):
    """Results at one rate, the same for both."""
    ctx = boxes.ctx
    found = {name: [] for name in (OWN, IO)}

    def measure(name):
        outcome = boxes.turn(name, lambda loadgen: loadgen.timely_trial((rate, 0), ctx.seconds))
        found[name].append(outcome)
        return outcome.latency_us["p99"]

    interleave(ctx, {name: lambda name=name: measure(name) for name in (OWN, IO)}, f"{label}, latency at {percent} %")
    told = f"at {percent} % load ({rate / 1e6:.2f} Mpps), 1 % port 25, {label}"
    for key in ("p50", "p99", "p99.9"):
        series = {name: [outcome.latency_us[key] for outcome in found[name][1:]] for name in (OWN, IO)}
        added = [max(0.0, own - io) for own, io in zip(series[OWN], series[IO])]
        least, aim = wanted if key == "p99" else (None, None)
        lost = {name: sum(outcome.lost for outcome in found[name][1:]) for name in (OWN, IO)}
        notes = ["The load is a part of the smaller of both non-drop rates. 0 where op25b-dp was not slower."]
        if statistics.median(series[IO]) > NOISE_US:
            notes.append(f"Beyond {NOISE_US} us even through testpmd: this is how long the machine kept one of both from its core, and no property of either.")
        notes += [f"{name} lost {count} frames meanwhile: the machine took its CPU away." for name, count in lost.items() if count]
        yield Result("memif", f"{key} latency added {told}", "us", "less", {f"added by {OWN}": added, **series}, least=least, aim=aim, notes=notes)


def capture(ctx, size, **keys):
    prefixes = plan.prefix_file(ctx.path("memif-prefixes"), PREFIXES, SUBSCRIBERS)
    return ctx.capture("plain4", frames=FRAMES, port25=PORT25, subscribers=SUBSCRIBERS, prefixes=prefixes, size=size, **keys)


def measure_mix(boxes, label, size):
    path = capture(boxes.ctx, size)
    forbidden = count_forbidden(path)
    for name in (OWN, IO):
        boxes.turn(name, lambda loadgen, name=name: loadgen.load([path, None], (forbidden if name == OWN else 0, 0)))
    results = [throughput(boxes, label)]
    fastest = 1e6 * max(max(values) for values in results[0].series.values())
    result, rates = non_drop_rate(boxes, label, fastest)
    results.append(result)
    for percent, wanted in ((50, (20, 5)), (90, (None, None))):
        results += latency(boxes, label, min(rates.values()) * percent / 100, percent, wanted)
    return results


def run(ctx):
    boxes = Boxes(ctx)
    burst_note = boxes.choose_burst(capture(ctx, 64))
    results = []
    for label, size in MIXES:
        results += measure_mix(boxes, label, size)
    boxes.close()
    for result in results:
        result.totals = boxes.totals if result.unit == "Mpps" else []
        result.notes += [burst_note] if result.unit == "Mpps" else []
        result.notes += [] if boxes.is_huge else ["All with ordinary memory: not enough hugepages were free."]
    return results + judged_under_load(ctx)


def judged_under_load(ctx):
    captures = [capture(ctx, 64), capture(ctx, 64, side="network")]
    return memif_table.run(ctx, goal(ctx.quick), captures, [count_forbidden(*each) for each in zip(captures, SIDES)])
