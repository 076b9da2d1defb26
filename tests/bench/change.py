# SPDX-License-Identifier: BSD-3-Clause
"""Row "change": policies that come into force while frames run."""
import dataclasses
import json
import os
import select
import signal
import statistics
import subprocess
import time

import change_plan
import plan
from machine import stolen_ticks
from result import BenchError, Result, check_sum

TITLE = "Change under load"
ABOUT = ("op25b-dp is offered one policy after the other on dp.sock, as op25bd does it, while its worker is under load. Small policies, many of "
         "them, and such of 100,000 prefixes: a generator on net_memif numbers every frame of both directions, and most frames are dropped by the "
         "one policy and passed by the other, so that each says which of them judged it. From one change to the next all must say the same, and each "
         "change must be seen, on both sides: a single frame that is lost, or judged by half of a policy, shows. "
         "Then the time from the offer to the answer that the policy is in force in every worker, with the worker at its limit (net_pcap).")
SMALL, SMALL_POOLS = 1000, 10  # pools on either side
LARGE, LARGE_POOLS = 100_000, 100
RATE = 250_000  # frames a second on each side
RING_LOG2, RING = 12, 4096  # frames in a ring: as the longest of a NIC
SLOTS = 1 << 23
MIB, BUFFERS = 1024, 16384
LOAD_MIB = 128
HOT = 1000  # frames of the capture
MOST = 3  # times as many publishes as are wanted, at the most
MEET = 2000  # frames that meet each policy at least: more than change_load takes for a mistake
PARTS = ("forwarded", "dropped", "answered", "tx_full")


class Box:
    """An op25b-dp without op25bd: `offer` gives it its policies. Used as `with Box(...) as box`."""

    def __init__(self, ctx, name, ports):
        self.ctx = ctx
        self.name = name
        self.folder = ctx.path(name)
        os.mkdir(self.folder)
        is_huge = ctx.hugepages.free_mib() >= MIB
        self.notes = [] if is_huge else ["With ordinary memory: not enough hugepages were free."]
        config = {"op25b-dp": 1, "cores": [ctx.core], "pairs": [{"subscriber": ports[0], "network": ports[1]}], "run_dir": self.folder,
                  "state_dir": self.folder, "bpffs_dir": os.path.join(self.folder, "no-guard"), "idle_us": 0, "start": "hold",
                  "memory": {"mib": MIB, "hugepages": "yes" if is_huge else "no", "slots": SLOTS, "buffers": BUFFERS}}
        with open(os.path.join(self.folder, "dataplane.json"), "w", encoding="utf-8") as out:
            json.dump(config, out)
        self.process = None

    def __enter__(self):
        path = os.path.join(self.folder, "dataplane.json")
        self.process = self.ctx.start([self.ctx.program("op25b-dp"), "--config", path], f"{self.name}/op25b-dp.log")
        self.ctx.wait_for(lambda: f"{self.name} listens: {self.log()}", lambda: self.is_listening() or self.process.poll() is not None)
        if self.process.poll() is not None:
            raise BenchError(f"{self.name} has ended: {self.log()}")
        return self

    def __exit__(self, *_):
        self.ctx.stop(self.process, signal.SIGTERM)

    def is_listening(self):
        return os.path.exists(os.path.join(self.folder, "dp.sock"))

    def log(self):
        return self.ctx.log(f"{self.name}/op25b-dp.log")

    def offer(self, policies, count, pause_ms=0, options=()):
        """What `offer` says, line by line, while it offers the policies in turn, so many times in all."""
        text = self.ctx.run(["taskset", "-c", str(self.ctx.other_core), self.ctx.program("offer"), "--socket", os.path.join(self.folder, "dp.sock"),
                             "--count", str(count), "--pause-ms", str(pause_ms), *options, *policies])
        return [json.loads(line) for line in text.splitlines()]

    def totals(self):
        """The statistics, which add up when no frame is on its way."""
        stats = self.offer([], 0, 0, ["--totals"])[-1]
        return check_sum(f"{self.name} received", stats["received"], {name: stats[name] for name in PARTS}), stats


class Load:
    """change_load on both sides of a box that connects to it. Used as `with Load(...) as load`."""

    def __init__(self, ctx, name, frames):
        self.ctx = ctx
        self.sockets = [ctx.path(f"{name}-{side}.sock") for side in ("sub", "net")]
        vdevs = [f"--vdev=net_memif{i},role=server,{self._device(path)}" for i, path in enumerate(self.sockets)]
        self.process = ctx.start(["taskset", "-c", str(ctx.other_core), ctx.program("change_load"), frames, str(RATE), "--no-huge", "--no-shconf", "-m",
                                  str(LOAD_MIB), "--no-pci", "--no-telemetry", "--iova-mode=va", "--log-level=warning", "--lcores",
                                  f"0@{ctx.other_core}", *vdevs],
                                 f"{name}.log", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.name = name

    def __enter__(self):
        self.ctx.wait_for(lambda: f"{self.name} listens: {self.log()}", lambda: all(map(os.path.exists, self.sockets)))
        return self

    def __exit__(self, *_):
        self.ctx.stop(self.process)

    @staticmethod
    def _device(path):
        return f"socket={path},socket-abstract=no,id=0,rsize={RING_LOG2}"

    def ports(self):
        return [f"net_memif{i},role=client,{self._device(path)}" for i, path in enumerate(self.sockets)]

    def log(self):
        return self.ctx.log(f"{self.name}.log")

    def _read(self):
        if not select.select([self.process.stdout], [], [], 30)[0]:
            raise BenchError(f"{self.name} says nothing: {self.log()}")
        line = self.process.stdout.readline()
        if not line:
            raise BenchError(f"{self.name} has ended: {self.log()}")
        return json.loads(line)

    def look(self):
        """Begins, the first time. What has been sent and judged so far."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self._read()

    def end(self):
        """Stops sending. What was sent and judged, all of it."""
        self.process.stdin.close()
        return self._read()


def rate(row):
    """Mpps while it was offered, or not."""
    return row["frames"] / row["ms"] / 1000


def check_offers(rows, count):
    done = [row for row in rows if row.get("outcome") == "applied"]
    if len(done) != count:
        raise BenchError(f"{len(done)} of {count} policies came into force: {rows[-1]}")
    return done


def check_judged(end, publishes):
    """Whether the frames tell of as many changes of policy as there were."""
    for number, side in enumerate(end["sides"]):
        if side["strays"]:
            raise BenchError(f"side {number}: {side['strays']} frames came out twice, out of order, or were never sent: {side}")
        if not side["wrong"] and side["changes"] != publishes:
            raise BenchError(f"side {number}: the frames tell of {side['changes']} changes of policy, but there were {publishes}")


def lost_frames(state):
    """Frames that the box had no room for, and such that must come out and did not."""
    return sum(side["refused"] + side["lost"] for side in state["sides"])


@dataclasses.dataclass
class Tally:
    """What was lost in some parts of a run."""
    publishes: int = 0
    seconds: float = 0.0
    lost: int = 0


class Numbered:
    """A run in which every frame is accounted for: parts in which policies change, and as long without any change. Parts in which the
    hypervisor took time from this machine are kept apart: its clock tick is shorter than what a ring holds."""

    def __init__(self, load, box, policies):
        self.load, self.box, self.policies = load, box, policies
        self.changing, self.quiet = ({calm: Tally() for calm in (True, False)} for _ in range(2))
        self.rows = []
        check_offers(box.offer(policies[:1], 1), 1)
        self.state, self.stolen = load.look(), stolen_ticks()

    def _add(self, tallies, publishes):
        """What happened since the last time."""
        last, self.state = self.state, self.load.look()
        stolen, self.stolen = self.stolen, stolen_ticks()
        tally = tallies[stolen == self.stolen]
        seconds = self.state["seconds"] - last["seconds"]
        tally.publishes += publishes
        tally.seconds += seconds
        tally.lost += lost_frames(self.state) - lost_frames(last)
        return seconds

    def part(self, publishes, pause_ms):
        """An even number of them: the first policy is in force before and after."""
        self.rows += self.box.offer(self.policies[::-1], publishes, pause_ms, ["--frames", str(MEET)])
        time.sleep(self._add(self.changing, publishes))
        self._add(self.quiet, 0)

    def publishes(self, calm):
        return self.changing[calm].publishes

    def end(self):
        """(the generator's last word, the box's totals)"""
        seen = lost_frames(self.state)
        end = self.load.end()
        totals, stats = self.box.totals()
        received = sum(side["sent"] for side in end["sides"])
        check_sum("frames sent", received, {"received": stats["received"]})
        # What shows only at the end is not let off as the machine's, unless none of it was calm.
        self.changing[self.publishes(True) > 0].lost += lost_frames(end) - seen
        # For these the generator left no room.
        self.changing[not self.publishes(False)].lost += stats["tx_full"]
        return end, totals, stats


def load_notes(run, end):
    offers, pauses = [row for row in run.rows if "offer" in row], [row for row in run.rows if "pause" in row]
    sent, late = (sum(side[what] for side in end["sides"]) for what in ("sent", "late"))
    taken, waited = run.changing[False], run.quiet[False]
    notes = [f"{sent} frames, {sent / end['seconds'] / 1e6:.2f} Mpps over both sides; a ring holds {RING} frames: a worker that stands still for "
             f"{1000 * RING / RATE:.1f} ms, whatever the reason, loses some. The second figure is of {run.quiet[run.publishes(True) > 0].seconds:.1f} s without a "
             "change of policy.",
             f"The hypervisor took time from this machine during {taken.publishes} more publishes, in which {taken.lost} frames were lost, and during "
             f"{waited.seconds:.1f} s without a change, in which {waited.lost} were lost: these say nothing of op25b-dp.",
             f"A policy was in force after {spread([row['ms'] for row in offers])} ms, with the generator on the same core as op25b-dp's main thread.",
             f"The worker's longest time without a turn while a policy came into force: {spread([row['blocked_us'] for row in offers])} us; in the pauses "
             f"between two: {spread([row['blocked_us'] for row in pauses])} us."]
    if late:
        notes.append(f"{late} more frames were due while the generator itself did not run, and were not sent.")
    return notes


def spread(values):
    return f"{min(values):.1f} / {statistics.median(values):.1f} / {max(values):.1f} (least / median / most)"


def under_numbered_load(ctx, prefixes, pools, publishes, part, pause_ms):
    """Policies change under a load of which every frame is accounted for, until so many did while nobody took time from this machine."""
    name = f"change-{prefixes}"
    policies = change_plan.write_policies(ctx, prefixes, pools)
    frames = change_plan.write_frames(ctx.path(f"{name}.frames"), prefixes)
    with Load(ctx, f"{name}-load", frames) as load, Box(ctx, name, load.ports()) as box:
        run = Numbered(load, box, policies)
        while run.publishes(True) < publishes and run.publishes(True) + run.publishes(False) < MOST * publishes:
            ctx.say(f"{publishes:,} publishes of {prefixes:,} prefixes under load: {run.publishes(True)} are over, and {run.publishes(False)} others")
            run.part(part, pause_ms)
        end, totals, stats = run.end()
        notes = load_notes(run, end) + box.notes
    total = run.publishes(True) + run.publishes(False)
    calm = run.publishes(True) > 0
    told = f"publishes of {prefixes:,} prefixes under load"
    check_offers(run.rows, total)
    check_judged(end, total)
    mixed = change_plan.impossible(stats["pools"])
    wrong = sum(side["wrong"] for side in end["sides"]) + sum(count for _, _, count in mixed)
    seen = f"Each of the {total} changes was seen in the frames, on both sides of the box, once."
    if not calm:
        notes.append("THE MACHINE WAS NEVER LEFT ALONE: the figure is of all publishes, and says nothing of op25b-dp.")
    return [Result("change", f"frames lost in {run.publishes(calm):,} {told}", "frames", "less",
                   {"while policies change": [float(run.changing[calm].lost)], "without a change": [float(run.quiet[calm].lost)]}, None, 0, 0,
                   notes=notes, totals=[totals]),
            Result("change", f"frames judged by neither policy in {total:,} {told}", "frames", "less", {"op25b-dp": [float(wrong)]}, None, 0, 0,
                   notes=[f"{mixed} {end['sides']}" if wrong else seen])]


def under_full_load(ctx, publishes):
    """Publishes 100,000 prefixes while the worker takes as much as it can."""
    ctx.say(f"{publishes} policies of {LARGE} prefixes at the worker's limit")
    policies = change_plan.write_policies(ctx, LARGE, LARGE_POOLS)
    prefixes = plan.prefix_file(ctx.path("change-prefixes"), LARGE)
    capture = ctx.capture("dual", frames=HOT, port25=10, prefixes=prefixes)
    with Box(ctx, "change-full", (f"net_pcap0,rx_pcap={ctx.local(capture)},infinite_rx=1", "net_null0,no-rx=1")) as box:
        # The first two find fresh memory; a box meets that once.
        rows = box.offer(policies, publishes + 2, 200)
        offers, pauses = check_offers(rows, publishes + 2)[2:], [row for row in rows if "pause" in row][2:]
        notes = box.notes
    ms, cpu_ms = [row["ms"] for row in offers], [row["cpu_ms"] for row in offers]
    looks = min(row["looks"] / row["ms"] for row in offers + pauses)
    return [
        Result("change", "100,000 prefixes: offered to in force", "ms", "less", {"op25b-dp": ms, "CPU time of it": cpu_ms}, None, 500, 150,
               notes=notes + ["All of a policy is new each time: every prefix changes to another pool. op25bd's own work, reading and compiling, is not "
                              "part of it."]),
        Result("change", "100,000 prefixes: longest time without a turn of the worker", "ms", "less",
               {"while they come into force": [row["blocked_us"] / 1000 for row in offers],
                "in the pause before": [row["blocked_us"] / 1000 for row in pauses]}, None,
               notes=[f"Seen by looking at the worker's heartbeat, {looks:.1f} times a millisecond at the least; what the pause has as well is the machine's."]),
        Result("change", "100,000 prefixes: worker's rate while they come into force, against the pause before", "Mpps", "more",
               {"while they come into force": [rate(row) for row in offers], "in the pause before": [rate(row) for row in pauses]},
               ("while they come into force", "in the pause before"),
               notes=["Building tables takes memory bandwidth and room in the shared cache from the worker; nothing else is shared."])]


def run(ctx):
    results = under_full_load(ctx, 4 if ctx.quick else 12)
    results += under_numbered_load(ctx, SMALL, SMALL_POOLS, 30 if ctx.quick else 1000, 10, 5)
    results += under_numbered_load(ctx, LARGE, LARGE_POOLS, 2 if ctx.quick else 12, 2, 100)
    return results
