# SPDX-License-Identifier: BSD-3-Clause
"""Row "judge": what judging costs without input and output, beside rte_acl and a scan of the rules, and how it grows."""
import collections
import dataclasses
import json
import statistics

import plan
from result import BenchError, Result, check_sum

TITLE = "Cost of judging"
ABOUT = ("Reading, looking up and deciding bursts of 64 frames that lie in memory, on one core, without input and output: the time-stamp "
         "counter before and after each burst, its own cost taken off. What is given of a round is its quickest window of 16,384 frames, "
         "so that nobody else's turn on the processor is measured; the notes have the window in the middle. The peers judge the same "
         "frames in turn: rte_acl with the same rules, called as l3fwd does in its ACL mode, with the algorithm that is the quickest "
         "here; and a scan of the rules one by one. Both must come to op25b's verdict on every frame, or nothing is measured. They read "
         "plain IPv4 and nothing else, and charge no limit.")
OWN, ACL, SCAN, TOUCH = "op25b", "rte_acl", "scan", "touch"
HOT, COLD, QUICK_COLD = 1000, 1_000_000, 200_000
PREFIXES = 1000
THOUSAND, MILLION, FOUR_MILLION = 1 << 10, 1 << 20, 1 << 22  # subscribers: a prefix holds a power of two
MIB = 1 << 20
NS, CYCLES = "ns/frame", "cycles/frame"


@dataclasses.dataclass
class Case:
    """A policy and a capture, by their paths, and the peers to be measured on them."""
    name: str
    policy: str
    capture: str
    peers: tuple = ()


class Measured:
    """What bench_judge said of a case."""

    def __init__(self):
        self.facts = {}
        self.steps = {}
        self.rounds = collections.defaultdict(list)  # judge -> its lines, but for the first round's

    def series(self, judge=OWN, key="least_ns"):
        return [line[key] for line in self.rounds[judge]]

    def total(self):
        """That every frame has one ruling."""
        facts = self.facts
        parts = {"passed": facts["pass"], "dropped": facts["drop"], "limited": facts["limited"]}
        return check_sum(f"{facts['case']}: frames of the capture", facts["frames"], parts)

    def notes(self):
        cycles, middle = statistics.median(self.series(key="least_cycles")), statistics.median(self.series(key="median_ns"))
        steps = ", ".join(f"{name} {self.steps[name + '_cycles']:.1f}" for name in ("read", "look_up", "decide"))
        return [f"op25b: {cycles:.1f} cycles in the quickest window, {middle:.1f} ns in the window in the middle. "
                f"Cycles by step, measured apart: {steps}."]


class Bench:
    """Makes policies and captures, and runs bench_judge over them."""

    def __init__(self, ctx):
        self.ctx = ctx
        self.cold = QUICK_COLD if ctx.quick else COLD
        self.machine = {}
        self.made = 0

    def policy(self, **keys):
        self.made += 1
        return plan.write_policy(self.ctx.path(f"judge{self.made}.json"), **keys)

    def prefix_file(self, **keys):
        self.made += 1
        return plan.prefix_file(self.ctx.path(f"judge{self.made}.prefixes"), **keys)

    def measure(self, title, cases):
        """{name: Measured}. All cases are measured in turn by one process; their captures are then forgotten."""
        ctx = self.ctx
        ctx.say(f"{title}: {len(cases)} cases in turn")
        args = [ctx.program("bench_judge"), "--steps", "--core", str(ctx.core), "--rounds", str(ctx.rounds + 1),
                "--window-ms", str(round(100 * ctx.seconds))]
        for case in cases:
            args += ["--case", ":".join((case.name, case.policy, case.capture) + case.peers)]
        found = {case.name: Measured() for case in cases}
        for line in ctx.run(args).splitlines():
            if line.startswith("{"):
                self._take(found, json.loads(line))
        for path in {case.capture for case in cases}:
            ctx.forget_capture(path)
        for case in cases:
            self._check(case, found[case.name])
        return found

    def _take(self, found, line):
        kind = line["line"]
        if kind == "machine":
            self.machine = line
        elif kind == "case":
            found[line["case"]].facts = line
        elif kind == "steps":
            found[line["case"]].steps = line
        elif line["round"] > 0:  # the first fills caches and wakes clocks
            found[line["case"]].rounds[line["judge"]].append(line)

    def _check(self, case, measured):
        for judge in (OWN,) + case.peers:
            if len(measured.rounds[judge]) != self.ctx.rounds:
                raise BenchError(f"{case.name}: {len(measured.rounds[judge])} rounds of {judge} were measured, not {self.ctx.rounds}")
        measured.total()

    def memory_note(self):
        if self.machine["hugepages"]:
            return []
        return ["There were not enough hugepages: frames and tables lie in pages of 4 KiB, each of which costs more to reach."]


def told_frames(count):
    return {HOT: "a thousand", COLD: "a million"}.get(count, f"{count // 1000} thousand") + " frames"


def peers(bench):
    """1 % port 25 under a thousand prefixes of IPv4, which is all that rte_acl's rules are for."""
    families = (4,)
    policy = bench.policy(prefixes=PREFIXES, action="drop", families=families)
    prefixes = bench.prefix_file(count=PREFIXES, families=families)
    hot, cold = (bench.ctx.capture("plain4", frames=frames, port25=10, prefixes=prefixes) for frames in (HOT, bench.cold))
    found = bench.measure("op25b, rte_acl and a scan",
                          [Case("hot", policy, hot, (ACL, TOUCH, SCAN)), Case("cold", policy, cold, (ACL, TOUCH))])
    results = []
    for heat, frames in (("hot", HOT), ("cold", bench.cold)):
        one = found[heat]
        name = f"1,000 prefixes, 1 % port 25, {told_frames(frames)} ({heat})"
        results.append(Result("judge", f"{name}: rte_acl's time by op25b's", NS, "more", {ACL: one.series(ACL), OWN: one.series()},
                              (ACL, OWN), 3, 10, notes=acl_notes(one) + one.notes() + bench.memory_note(), totals=[one.total()]))
        results.append(Result("judge", name, CYCLES, "less", {judge: one.series(judge, "least_cycles") for judge in (OWN, ACL, TOUCH)},
                              notes=[f"Cycles of the time-stamp counter, {bench.machine['tsc_hz'] / 1e9:.2f} GHz. Touch only reads a word "
                                     "of each frame: until then neither knows anything."]))
    one = found["hot"]
    results.append(Result("judge", "the same, hot: a scan's time by op25b's", NS, "more", {SCAN: one.series(SCAN), OWN: one.series()},
                          (SCAN, OWN), notes=[f"A scan asks {one.facts['rules']:,} rules one after another, of every frame: it is not "
                                              "measured with more prefixes than these."]))
    return results


def acl_notes(one):
    facts = one.facts
    tried = ", ".join(f"{name} {cycles:.0f}" for name, cycles in facts["acl_cycles"].items() if cycles)
    return [f"rte_acl has {facts['rules']:,} rules in {facts['acl_bytes'] / MIB:.1f} MiB and goes by {facts['acl_algorithm']}. "
            f"Cycles when its algorithms were tried: {tried}."]


def curve(group, label, points, bench):
    """A result a point; points: [(x, name, Measured)]."""
    return [Result("judge", name, NS, "less", {OWN: one.series()}, notes=one.notes() + bench.memory_note(), x=x, group=group,
                   x_label=label, totals=[one.total()]) for x, name, one in points]


def growth(name, last, first, limits, notes):
    """last, first: (name, Measured) of two points of a curve. limits: at most, aim."""
    series = {told: one.series() for told, one in (last, first)}
    return Result("judge", name, NS, "less", series, (last[0], first[0]), *limits, notes=notes)


def prefixes_of(bench, mix, families, told):
    counts = (1, 10, 1000, 100_000) if bench.ctx.quick else (1, 10, 100, 1000, 10_000, 100_000)
    cases = []
    for count in counts:
        named = bench.prefix_file(count=count, families=families)
        capture = bench.ctx.capture(mix, frames=bench.cold, port25=10, prefixes=named)
        cases.append(Case(str(count), bench.policy(prefixes=count, action="drop", families=families), capture))
    found = bench.measure(f"prefixes, {told}", cases)
    points = [(count, f"{count:,} prefix{'es' if count > 1 else ''}, {told}, 1 % port 25", found[str(count)]) for count in counts]
    few, many = ((f"{count:,} prefixes", found[str(count)]) for count in (10, 100_000))
    return [growth(f"growth from 10 to 100,000 prefixes, {told}, 1 % port 25", many, few, (1.15, 1.02),
                   [f"{told_frames(bench.cold).capitalize()} of {mix}, so that tables have to share the caches with frames."])] \
        + curve(f"prefixes, {told}, 1 % port 25", "prefixes", points, bench)


def subscribers(bench):
    counts = (THOUSAND, MILLION, FOUR_MILLION, 1 << 24) if bench.ctx.quick else [1 << shift for shift in (10, 14, 18, 20, 22, 24)]
    cases = [Case(str(count), bench.policy(prefixes=1, subscribers=count, action="limit", families=(4,)),
                  bench.ctx.capture("flood", frames=bench.cold, subscribers=count)) for count in counts]
    found = bench.measure("subscribers, limit in force", cases)
    for count in counts:
        facts = found[str(count)].facts
        if facts["limited"] != facts["frames"] or facts["slots"] != count:
            raise BenchError(f"{count} subscribers, {facts['slots']} slots: {facts['limited']} of {facts['frames']} frames met the limit")
    points = [(count, f"{count:,} subscribers, 100 % port 25, limit in force", found[str(count)]) for count in counts]
    notes = [f"{told_frames(bench.cold).capitalize()}. The clock goes as fast as it must for each subscriber to stay within the limit: "
             "every frame is a connection that is charged, which is dearer than one that is refused."]
    few, many = ((f"{count:,} subscribers", found[str(count)]) for count in (THOUSAND, FOUR_MILLION))
    return [growth("growth from a thousand to four million subscribers, 100 % port 25", many, few, (2.5, 1.6), notes)] \
        + curve("subscribers, 100 % port 25, limit in force", "subscriber slots", points, bench) \
        + memory(found[str(MILLION)].facts, found[str(THOUSAND)].facts)


def memory(million, thousand):
    """Counted: the slots, what publishing the policy took of DPDK's memory, which is the look-up tables, the image, and the classes."""
    def parts(facts):
        return {"slots": facts["slot_bytes"] / MIB, "look-up tables": facts["table_bytes"] / MIB,
                "image and classes": (facts["image_bytes"] + facts["class_bytes"]) / MIB}

    whole, less = sum(parts(million).values()), sum(parts(thousand).values())
    told = ", ".join(f"{what} {mib:.1f} MiB" for what, mib in parts(million).items())
    return [Result("judge", "memory for a million subscribers with limits", "MiB", "less", {OWN: [whole]}, None, 32, 16,
                   notes=[f"{told}. Not counted are packet buffers, counters and the program, which no policy changes."]),
            Result("judge", "memory that a million subscribers take more than a thousand", "MiB", "less", {OWN: [whole - less]},
                   notes=["The look-up tables are as large for a thousand: they grow with prefixes, not with subscribers."])]


def clauses(bench):
    """Destinations that no clause but the last is for: all clauses are asked."""
    counts = (1, 2, 32) if bench.ctx.quick else (1, 2, 4, 8, 16, 32)
    capture = bench.ctx.capture("flood", frames=HOT)
    found = bench.measure("clauses", [Case(str(count), bench.policy(prefixes=1, clauses=count, action="drop", families=(4,)), capture)
                                      for count in counts])
    points = [(count, f"{count} clause{'s' if count > 1 else ''}, 100 % port 25, the last one decides", found[str(count)])
              for count in counts]
    return curve("clauses, 100 % port 25, a thousand frames", "clauses", points, bench)


def shares(bench):
    permilles = (0, 10, 1000) if bench.ctx.quick else (0, 10, 50, 500, 1000)
    policy, named = bench.policy(prefixes=PREFIXES, action="drop"), bench.prefix_file(count=PREFIXES)
    cases = [Case(str(permille), policy, bench.ctx.capture("dual", frames=HOT, port25=permille, prefixes=named))
             for permille in permilles]
    found = bench.measure("share of port 25", cases)
    for permille in permilles:
        facts = found[str(permille)].facts
        if (facts["drop"] > 0) != (permille > 0) or facts["drop"] * 1000 > permille * facts["frames"]:
            raise BenchError(f"{permille / 10:g} % port 25: {facts['drop']} of {facts['frames']} frames were dropped")
    points = [(permille / 10, f"{permille / 10:g} % port 25, 1,000 prefixes, mix dual", found[str(permille)]) for permille in permilles]
    return curve("share of port 25, a thousand frames", "% of frames", points, bench)


def run(ctx):
    bench = Bench(ctx)
    return (peers(bench) + prefixes_of(bench, "plain4", (4,), "IPv4") + prefixes_of(bench, "dual", (4, 6), "both families")
            + subscribers(bench) + clauses(bench) + shares(bench))
