# SPDX-License-Identifier: BSD-3-Clause
"""op25b-dp and dpdk-testpmd on the same capture and the same core, in turns. Both are loaded at the same time, so that a
window begins a moment after its turn, and neither reading a capture nor starting up is part of any."""
import time

from dataplane import Dataplane, step_cycles
from result import BenchError
from testpmd import Testpmd

BUFFER_BYTES = 2432  # of a packet buffer with all that surrounds it, rounded up
PAGE_BYTES = 4096  # of ordinary memory: testpmd puts one buffer into a page there
SPARE_BUFFERS = 16384  # beside those that hold the capture
TABLES_MIB = 640  # for two generations of op25b-dp's tables
OTHER_MIB = 96
CACHE = 256  # of buffers, for each core: as op25b-dp has it
SETTLE_S = 0.02  # a turn begins: caches fill, clocks wake
WINDOWS_MOST = 20  # in a row in which nothing happened
LEAST_SHARE = 0.05  # of a window, that the program has its cores: what is less is no measurement
BUSY_SHARE = 0.98  # of its cores: who had less was kept from them
QUICK_ENOUGH_S = 0.002  # a question for counters: an answer that took longer has no exact time


def cpu_s(process):
    """CPU time of all threads of a process, to the nanosecond: its own clock, as clock_getcpuclockid(3) makes it."""
    return time.clock_gettime((~process.pid << 3) | 2)


def sample(lane):
    """(frames, time, CPU time) of a running program, by the answer that came soonest."""
    best = None
    for _ in range(5):
        cpu = cpu_s(lane.process)
        frames, before, after = lane.sample()
        if best is None or after - before < best[3]:
            best = (frames, (before + after) / 2, (cpu + cpu_s(lane.process)) / 2, after - before)
        if best[3] < QUICK_ENOUGH_S:
            break
    return best[:3]


def window(lane, seconds, workers):
    """(Mpps, share) of a program that runs already: the rate in the time that it had its cores, and what part of the time
    that was. Both waiting programs and the machine's other work would count as its own otherwise."""
    time.sleep(SETTLE_S)
    frames, began, cpu = sample(lane)
    for _ in range(WINDOWS_MOST):
        time.sleep(seconds)
        more, ended, later = sample(lane)
        if more > frames and later - cpu > LEAST_SHARE * seconds * workers:
            return (more - frames) / (later - cpu) * workers / 1e6, (later - cpu) / workers / (ended - began)
    raise BenchError(f"{lane.name}: {more - frames} frames in {ended - began:.1f} s, of which it had its cores for {later - cpu:.3f} s")


class Turns:
    """Used as `with Turns(...) as turns`. `captures`: one for each core."""

    def __init__(self, ctx, name, captures, frames, cores):
        self.ctx = ctx
        self.name = name
        self.cores = cores
        self.buffers = frames * len(captures) + SPARE_BUFFERS
        self.mib = self.buffers * BUFFER_BYTES // (1 << 20) + OTHER_MIB
        self.is_huge = ctx.hugepages.free_mib() >= 2 * self.mib + TABLES_MIB
        if not self.is_huge:
            self.mib = self.buffers * PAGE_BYTES // (1 << 20) + OTHER_MIB
        # A device string ends a value at a comma; the paths of a context have none.
        self.ports = (",".join(["net_pcap0", *(f"rx_pcap={ctx.local(path)}" for path in captures), "infinite_rx=1"]), "net_null0,no-rx=1")
        self.peers = []
        self.own = None
        self.totals = []
        self.last = {}  # op25b-dp's statistics at its end
        self.shares = []  # of its time that the program of a window had its cores
        self.steps = []  # of each window: {step: ns a frame}

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.close()
            return
        for lane in [*self.peers, *([self.own] if self.own else [])]:
            self.ctx.stop(lane.process)
        if self.own:
            self.ctx.stop(self.own.daemon)

    def close(self):
        """Ends everything; totals that do not add up are an error."""
        for peer in self.peers:
            peer.close()
        if self.own:
            totals, self.last = self.own.close()
            self.totals.append(totals)

    def machine_notes(self):
        """What was not as it should have been."""
        found = [] if self.is_huge else ["Both with ordinary memory: not enough hugepages were free."]
        if min(self.shares) < BUSY_SHARE:
            found.append(f"Others worked on the same core: in one window the program had it for {100 * min(self.shares):.0f} % of the time.")
        return found

    def start_own(self, policy, slots):
        memory = {"mib": self.mib + TABLES_MIB, "hugepages": "yes" if self.is_huge else "no", "slots": slots, "buffers": self.buffers}
        self.own = Dataplane(self.ctx, self.name, policy, self.ports, self.cores, memory)
        self.own.pause()
        for peer in self.peers:
            peer.wait()  # it is no longer in anybody's way then

    def start_peer(self, burst):
        options = [f"--burst={burst}", f"--mbcache={CACHE}"]
        peer = Testpmd(self.ctx, f"{self.name}-testpmd{len(self.peers)}", self.ports, self.cores, self.mib, self.is_huge, self.buffers, options)
        self.peers.append(peer)
        return peer

    def window(self, lane, seconds):
        rate, share = window(lane, seconds, len(self.cores))
        self.shares.append(share)
        return rate

    def own_rate(self, seconds):
        self.own.seen.clear()
        self.own.resume()
        rate = self.window(self.own, seconds)
        self.own.pause()
        # Between samples of one window: a burst in which it was made to stand still has no times.
        (frames, cycles), (more, later) = step_cycles(self.own.seen[0]), step_cycles(self.own.seen[-1])
        if more > frames:
            scale = 1e9 / self.own.seen[-1]["tsc_hz"] / (more - frames)
            self.steps.append({step: (later[step] - cycles[step]) * scale for step in cycles})
        return rate

    def peer_rate(self, peer, mode, seconds):
        peer.set(f"fwd {mode}")
        peer.begin()
        rate = self.window(peer, seconds)
        self.totals.append(peer.end())
        return rate
