# SPDX-License-Identifier: BSD-3-Clause
"""dpdk-testpmd, at its own prompt: it is started and stopped, changes what it does, and tells its counters there.

While it does not forward, its core sleeps: several of them, and op25b-dp, can own the same core and take turns."""
import os
import pty
import re
import select
import shutil
import subprocess
import time
import tty

from result import BenchError, NotRun, check_sum

PROMPT = b"testpmd> "
PORT_FIGURES = re.compile(r"([RT]X-(?:packets|missed|errors|nombuf|bytes)): +(\d+)")
SUM_FIGURES = re.compile(r"Accumulated.*?RX-packets: (\d+).*?TX-packets: (\d+) +TX-dropped: (\d+)", re.DOTALL)


def path():
    found = shutil.which("dpdk-testpmd")
    if not found:
        raise NotRun("there is no dpdk-testpmd: it is in Debian's package dpdk-dev")
    return found


class Testpmd:
    """`cores`: the CPUs that forward, one queue each. `mib`: memory, hugepages if is_huge. It may still be starting."""

    def __init__(self, ctx, name, vdevs, cores, mib, is_huge, buffers, options=()):
        self.ctx = ctx
        self.name = name
        self.is_forwarding = False
        memory = ["--in-memory"] if is_huge else ["--no-huge", "--no-shconf"]
        lcores = ",".join([f"0@{ctx.other_core}", *(f"{number}@{core}" for number, core in enumerate(cores, 1))])
        queues = len(cores)
        args = [path(), *memory, "-m", str(mib), "--no-pci", "--iova-mode=va", "--no-telemetry", "--log-level=error",
                "--lcores", lcores, "--main-lcore", "0", *(f"--vdev={vdev}" for vdev in vdevs),
                "--", "--interactive", f"--nb-cores={queues}", f"--rxq={queues}", f"--txq={queues}", "--no-mlockall",
                f"--total-num-mbufs={buffers}", *options]
        # A terminal, because what it prints would be held back in a pipe.
        self.terminal, far = pty.openpty()
        tty.setraw(far)
        self.process = ctx.start(args, f"{name}.log", stdin=subprocess.PIPE, stdout=far, stderr=far)
        os.close(far)
        self.is_ready = False

    def wait(self):
        """Until it is at its prompt: reading a large capture takes it a while."""
        if not self.is_ready:
            self._read(120)
            self.is_ready = True

    def _read(self, seconds):
        said, end = b"", time.monotonic() + seconds
        while not said.endswith(PROMPT):
            ready, _, _ = select.select([self.terminal], [], [], max(end - time.monotonic(), 0))
            try:
                more = os.read(self.terminal, 1 << 16) if ready else b""
            except OSError:  # it has ended
                more = b""
            if not more:
                raise BenchError(f"dpdk-testpmd ({self.name}) does not come to its prompt: {said.decode(errors='replace')[-1000:]}")
            said += more
        return said.decode(errors="replace")

    def ask(self, command):
        """What it says to a command, and the times between which it did."""
        self.wait()
        before = time.monotonic()
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()
        return self._read(20), before, time.monotonic()

    def set(self, what):
        """`fwd mac`, `burst 64`, ..."""
        self.ask(f"set {what}")

    def begin(self):
        self.ask("start")
        self.is_forwarding = True

    def end(self):
        """Stops forwarding. Returns its totals since begin()."""
        said, _, _ = self.ask("stop")
        self.is_forwarding = False
        sums = SUM_FIGURES.search(said)
        if not sums:
            raise BenchError(f"dpdk-testpmd ({self.name}) tells no totals: {said[-1000:]}")
        received, sent, dropped = map(int, sums.groups())
        return check_sum(f"{self.name} received", received, {"sent": sent, "dropped": dropped})

    def port(self, number):
        """Counters of a port, {"RX-packets": ...}, and the times between which they were read."""
        said, before, after = self.ask(f"show port stats {number}")
        return {name: int(value) for name, value in PORT_FIGURES.findall(said)}, before, after

    def sample(self):
        """(frames received, time before, time after)"""
        figures, before, after = self.port(0)
        return figures["RX-packets"], before, after

    def close(self):
        self.ctx.stop(self.process)
        os.close(self.terminal)
