# SPDX-License-Identifier: BSD-3-Clause
"""Row "alone": what judging costs a dataplane that does nothing else, beside one that does not judge."""
import dataclasses
import statistics
import time

import plan
from pairs import interleave
from result import BenchError, Result
from turns import Turns

TITLE = "Dataplane alone"
ABOUT = ("op25b-dp and dpdk-testpmd (its io mode hands frames on unseen, its mac mode writes their addresses) on one core each in turns, "
         "with the same devices: net_pcap, which hands out copies of the same capture for ever, and net_null, which frees what it is given. "
         "Both programs are loaded all the time and stand still while it is not their turn. A rate is that of the time in which the program had its core. The capture fits into the caches (a thousand frames, hot) or "
         "not (a million, cold). The policy has a thousand prefixes and limits port 25.")
OWN, IO, MAC, AGAIN = "op25b-dp", "testpmd io", "testpmd mac", "testpmd io, another process"
HOT = 1000
PREFIXES = 1000
SUBSCRIBERS = 1 << 20
BURSTS = (32, 64)  # testpmd's own choice, and op25b-dp's


@dataclasses.dataclass
class Case:
    """A capture, and what is wanted of op25b-dp's rate on it."""
    name: str
    mix: str = "plain4"
    frames: int = HOT
    keys: dict = dataclasses.field(default_factory=dict)
    io: tuple = (None, None)  # at least, aim: of the ratio to testpmd in io mode
    mac: tuple = None  # the same to its mac mode; None: not measured
    group: str = None
    x: float = None
    x_label: str = None
    policy: dict = None  # None: that of the row
    has_steps: bool = False  # whether it is told where op25b-dp's time goes
    is_over: bool = False  # op25b-dp works until nearly all of the capture is over the limit, and is measured then


def wanted_cases(cold):
    told = "a million" if cold == 1_000_000 else f"{cold // 1000} thousand"
    for frames, name in ((HOT, "a thousand frames (hot)"), (cold, f"{told} frames (cold)")):
        yield Case(f"1 % port 25, {name}", "plain4", frames, {}, (0.90, 0.98), (1.05, 1.2), has_steps=True)
    flood = f"flood of SYNs to port 25 from {told} random subscribers, limit in force"
    yield Case(f"{flood}, most are over it", "flood", cold, {}, (0.6, 0.85), is_over=True, has_steps=True)
    yield Case(f"{flood}, none is over it", "flood", cold, {}, (0.6, 0.85), policy=generous_policy(), has_steps=True)
    for mix, name in (("qinq_pppoe", "QinQ and PPPoE"), ("v6ext", "IPv6 with extension headers")):
        for frames, heat in ((HOT, "hot"), (cold, "cold")):
            yield Case(f"{name}, 1 % port 25, {heat}", mix, frames, {}, (0.8, 0.95), has_steps=True)


def generous_policy():
    """Its limit is counted as any, and nobody gets over it."""
    policy = plan.policy(prefixes=PREFIXES, action="limit", subscribers=SUBSCRIBERS)
    return policy | {"limits": {"mass": plan.LIMIT | {"max": 1_000_000, "window_s": 1}}}


def growth_cases(quick):
    """What nothing is wanted of: how it goes from one end to the other."""
    for size in (64, 1518) if quick else (64, 128, 256, 512, 1024, 1518):
        yield Case(f"frames of {size} octets", keys={"size": size}, group="size of frames", x=size, x_label="octets on the wire")
    yield Case("frames of IMIX", keys={"size": "imix"})
    for permille in (0, 1000) if quick else (0, 10, 50, 500, 1000):
        yield Case(f"{permille / 10:g} % port 25", keys={"port25": permille}, group="share of port 25", x=permille / 10, x_label="% of frames")
    yield Case("IPv6", "plain6")


class Bench:
    """What all cases share: the policy and the captures' prefixes, and testpmd's better burst."""

    def __init__(self, ctx):
        self.ctx = ctx
        self.policy = plan.policy(prefixes=PREFIXES, action="limit", subscribers=SUBSCRIBERS)
        self.slots = plan.slots(PREFIXES, SUBSCRIBERS)
        self.prefixes = plan.prefix_file(ctx.path("prefixes"), PREFIXES, SUBSCRIBERS)
        self.burst = BURSTS[0]
        self.count = 0

    def capture(self, case, seed=1):
        keys = {"port25": 10, "subscribers": SUBSCRIBERS} | case.keys
        if case.mix == "flood":
            del keys["port25"]
        return self.ctx.capture(case.mix, frames=case.frames, prefixes=self.prefixes, seed=seed, **keys)

    def turns(self, captures, frames, cores):
        self.count += 1
        return Turns(self.ctx, f"alone{self.count}", captures, frames, cores)

    def choose_burst(self):
        """Testpmd is given the burst that it is faster with."""
        self.ctx.say("which burst suits testpmd better")
        with self.turns([self.capture(Case("burst"))], HOT, [self.ctx.core]) as turns:
            peer = turns.start_peer(BURSTS[0])
            rates = {burst: [] for burst in BURSTS}
            for _ in range(self.ctx.rounds + 1):
                for burst in BURSTS:
                    peer.set(f"burst {burst}")
                    rates[burst].append(turns.peer_rate(peer, "io", self.ctx.seconds / 4))
        medians = {burst: statistics.median(values) for burst, values in rates.items()}
        self.burst = max(medians, key=medians.get)
        told = ", ".join(f"{rate:.2f} Mpps with {burst}" for burst, rate in medians.items())
        return f"testpmd has bursts of {self.burst} frames in all of this row, which suit it better: {told}."

    def measure(self, case, seconds, with_again=False):
        """The results of a case."""
        path = self.capture(case)
        with self.turns([path], case.frames, [self.ctx.core]) as turns:
            peer = turns.start_peer(self.burst)
            turns.start_own(case.policy or self.policy, self.slots)
            if case.is_over:
                self.fill_limits(turns)
            what = {OWN: lambda: turns.own_rate(seconds), IO: lambda: turns.peer_rate(peer, "io", seconds)}
            if case.mac:
                what[MAC] = lambda: turns.peer_rate(peer, "mac", seconds)
            if with_again:
                again = turns.start_peer(self.burst)
                what[AGAIN] = lambda: turns.peer_rate(again, "io", seconds)
            series = interleave(self.ctx, what, case.name)
        if case.frames > HOT:
            self.ctx.forget_capture(path)
        return self.results(case, series, turns)

    def fill_limits(self, turns):
        """Until nearly all frames are dropped, as in a flood that lasts."""
        self.ctx.say("waiting for the subscribers of the flood to get over their limits")
        before = turns.own.stats()
        turns.own.resume()
        for _ in range(120):
            time.sleep(0.25)
            now = turns.own.stats()
            received, dropped = now["received"] - before["received"], sum(now["dropped"].values()) - sum(before["dropped"].values())
            if dropped > 0.98 * received:
                break
            before = now
        else:
            raise BenchError(f"the flood does not get over its limits: {now}")
        turns.own.pause()

    def results(self, case, series, turns):
        notes = turns.machine_notes()
        if case.io[0]:
            notes += [frame_note(series), verdict_note(turns.last)]
        found = [Result("alone", f"{case.name}, against testpmd io", "Mpps", "more", {name: series[name] for name in (OWN, IO)}, (OWN, IO),
                        *case.io, notes=notes, x=case.x, group=case.group, x_label=case.x_label, totals=turns.totals)]
        if case.mac:
            found.append(Result("alone", f"{case.name}, against testpmd mac", "Mpps", "more", {name: series[name] for name in (OWN, MAC)}, (OWN, MAC), *case.mac))
        if case.has_steps and len(turns.steps) > self.ctx.rounds:
            found.append(steps_result(case, turns.steps[-self.ctx.rounds:]))
        if AGAIN in series:
            found.append(Result("alone", "testpmd io against itself, in two processes", "Mpps", "none",
                                {name: series[name] for name in (IO, AGAIN)}, (IO, AGAIN), is_same=True,
                                notes=["Whatever differs here is the machine's, and would differ as much everywhere else."]))
        return found

    def workers(self, seconds):
        """Two workers against one, and what testpmd gains by the same core: nobody can gain more than the machine gives."""
        ctx = self.ctx
        if ctx.cores < 2:
            return [Result("alone", "two workers against one", "Mpps", "more", {}, not_run="only one CPU may be used here, and two are needed")]
        case = Case("two workers against one")
        paths = [self.capture(case), self.capture(case, seed=2)]
        with self.turns(paths, HOT, [ctx.core, ctx.other_core]) as two, self.turns(paths[:1], HOT, [ctx.core]) as one:
            for turns in (two, one):
                turns.start_peer(self.burst)
                turns.start_own(self.policy, self.slots)
            series = interleave(ctx, {
                "two workers": lambda: two.own_rate(seconds), "one worker": lambda: one.own_rate(seconds),
                "testpmd io, two cores": lambda: two.peer_rate(two.peers[0], "io", seconds),
                "testpmd io, one core": lambda: one.peer_rate(one.peers[0], "io", seconds)}, case.name)
        names = list(series)
        own = Result("alone", case.name, "Mpps", "more", {name: series[name] for name in names[:2]}, tuple(names[:2]), 1.8, 1.95,
                     notes=two.machine_notes(), totals=two.totals + one.totals)
        if ctx.cores == 2:
            own.notes.append("This machine has two CPUs: the second worker shared its own with everything else that runs here.")
        return [own, Result("alone", "testpmd io with two cores against one", "Mpps", "none", {name: series[name] for name in names[2:]}, tuple(names[2:]),
                            notes=["What the same second CPU gives a program whose cores share nothing."])]


def steps_result(case, rounds):
    series = {"all steps": [sum(steps.values()) for steps in rounds]} | {step: [steps[step] for steps in rounds] for step in rounds[0]}
    return Result("alone", f"{case.name}: where op25b-dp's time goes", "ns/frame", "none", series,
                  notes=["Steps are timed in one burst of many, by op25b-dp itself; reading the clock between them is part of them."])


def frame_note(series):
    told = ", ".join(f"{name} {1000 / statistics.median(rates):.1f}" for name, rates in series.items())
    return f"ns a frame (median): {told}."


def verdict_note(stats):
    """What became of the frames, so that a reader sees that they were judged."""
    received = stats["received"] or 1
    parts = [("passed", stats["passed"]), ("dropped", stats["dropped"]), ("answered", stats["answers"])]
    told = [f"{100 * count / received:.2f} % {verdict} ({reason})" for verdict, reasons in parts for reason, count in sorted(reasons.items()) if count]
    return f"op25b-dp's verdicts: {', '.join(told)}."


def run(ctx):
    bench = Bench(ctx)
    wanted = list(wanted_cases(100_000 if ctx.quick else 1_000_000))
    growth = list(growth_cases(ctx.quick))
    seconds = ctx.seconds / 4 if ctx.quick else ctx.seconds
    growth_seconds = seconds if ctx.quick else ctx.seconds / 2  # there are many, and nothing is wanted of them
    ctx.expect(len(wanted) + len(growth) + 1)
    burst_note = bench.choose_burst()
    results = []
    for number, case in enumerate(wanted):
        results += bench.measure(case, seconds, with_again=number == 0)
    results[0].notes.append(burst_note)
    for case in growth:
        results += bench.measure(case, growth_seconds)
    return results + bench.workers(seconds)
