# SPDX-License-Identifier: BSD-3-Clause
"""The program loadgen (loadgen.c): generator and sink of frames on both sides of a box, over two net_memif ports."""
import dataclasses
import json
import os
import select
import subprocess
import time

from result import BenchError

MIB = 144  # of its buffers: for 16384 frames, those received, and some jumbo frames
FRAMES = 16384
RING = "rsize=10,bsize=2048"  # 1024 frames, as much as a NIC has; both ends say the same
LATE_MOST = 0.005  # of the frames of a trial: with more, the machine kept loadgen from its core, and the trial says nothing
TRIES = 4  # of a trial that says nothing
SIDES = ("subscriber", "network")


@dataclasses.dataclass
class Outcome:
    """Of a trial, both sides together but for the latency, which is of the frames from the subscriber side."""
    due: int
    sent: int
    late: int
    lost: int  # of those due: they did not fit into the ring, or did not come out
    received: int
    answered: int
    seconds: float
    latency_us: dict
    table: dict
    rate: float  # frames a second that came out in time

    @property
    def loss_ratio(self):
        return self.lost / self.due if self.due else 0.0

    @property
    def is_late(self):
        return self.late > LATE_MOST * self.due


class Loadgen:
    """It has the server's end of both ports: a box may be connected later, and again."""

    def __init__(self, ctx, name, is_huge):
        self.ctx = ctx
        self.name = name
        self.sockets = [ctx.path(f"{name}-{side[:3]}.sock") for side in SIDES]
        self.sent = self.received = self.answered = 0  # since the beginning
        self.learnt = None  # (captures, what becomes of their frames)
        memory = ["--in-memory"] if is_huge else ["--no-huge", "--no-shconf"]
        args = [ctx.program("loadgen"), "--frames", str(FRAMES), *memory, "-m", str(MIB), "--no-pci", "--iova-mode=va",
                "--no-telemetry", "--log-level=error", "--lcores", f"0@{ctx.other_core}", "--main-lcore", "0",
                *(f"--vdev={port}" for port in self._ports("server"))]
        self.process = ctx.start(args, f"{name}.log", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.ctx.wait_for(lambda: f"{name} has its sockets: {self.ctx.log(f'{name}.log')}", lambda: all(map(os.path.exists, self.sockets)))

    def _ports(self, role):
        return [f"net_memif{side},role={role},socket-abstract=no,socket={path},{RING}" for side, path in enumerate(self.sockets)]

    def box_ports(self):
        """Device strings for the box: subscriber side, network side."""
        return self._ports("client")

    def ask(self, command, seconds=0.0):
        """What it answers to a command that takes so long. Frames are counted."""
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()
        answer, end = b"", time.monotonic() + seconds + 60
        while not answer.endswith(b"\n"):
            ready, _, _ = select.select([self.process.stdout], [], [], max(end - time.monotonic(), 0))
            more = os.read(self.process.stdout.fileno(), 1 << 20) if ready else b""
            if not more:
                raise BenchError(f"{self.name} does not answer \"{command}\": {self.ctx.log(f'{self.name}.log')}")
            answer += more
        found = json.loads(answer)
        if found["error"]:
            raise BenchError(f"{self.name}: {command}: {found['error']}")
        return found

    def count(self, found):
        """Adds up what a trial or learning has sent. Whatever comes out has to be known, and not be more than must."""
        for side, figures in zip(SIDES, found["sides"]):
            self.sent += figures["sent"]
            self.received += figures["received"]
            self.answered += figures["answered"]
            if figures["received"] > figures["expected"] or figures["answered"] > figures["expected_answers"]:
                raise BenchError(f"{self.name}: frames of the {side} side came out that should not have: {figures}")
        if found["foreign"]:
            raise BenchError(f"{self.name}: {found['foreign']} frames came out that nobody sent")
        self.received += found["table"]["forwarded"] + found["stale"]
        self.answered += found["table"]["answered"] + found["stale_answers"]

    def connect(self):
        """Returns when the box forwards: a port may be connected before anything is read from it."""
        self.ask("links 30", 30)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            found = self.trial((20000, 0), 0.02)
            if 0 < found.sent < 2 * found.received:  # some may be dropped, and rightly
                return
        raise BenchError(f"{self.name}: the box lets nothing through")

    def load(self, captures, drops=(0, 0), answers=(0, 0)):
        """What both sides send, None: nothing, and how many frames of it are dropped, and answered, which has to turn out so:
        then each trial knows what has to come out."""
        wanted = (list(captures), list(zip(drops, answers)))
        if self.learnt == wanted:
            return
        for side, path in enumerate(captures):
            self.ask(f"load {side} {path or '-'}")
        self.connect()
        for _ in range(TRIES):  # where others keep the box from its core, frames may be lost
            found = self.ask("learn", 10)
            self.count(found)
            got = [(stream["drop"], stream["answer"]) for stream in found["streams"]]
            if got == wanted[1]:
                self.learnt = wanted
                return
        raise BenchError(f"{self.name}: of the captures' frames, {wanted[1]} have to be dropped and answered, "
                         f"and {got} are")

    def trial(self, rates, seconds, rows_every=0, answers=None):
        """Rates in frames a second, of the subscriber and the network side; None: all that the rings take."""
        told = " ".join("max" if rate is None else f"{rate:.3f}" for rate in rates)
        table = f" {rows_every} {answers}" if rows_every else ""
        found = self.ask(f"trial {told} {seconds:.6f}{table}", seconds)
        self.count(found)

        def total(key):
            return sum(side[key] for side in found["sides"])

        return Outcome(total("due"), total("sent"), total("late"),
                       total("ring_full") + total("expected") - total("received") + total("expected_answers") - total("answered"),
                       total("received"), total("answered"), found["seconds"], found["sides"][0]["latency_us"], found["table"],
                       total("received_in_time") / found["seconds"])

    def timely_trial(self, rates, seconds):
        """The same, repeated where loadgen itself came late and nothing was lost."""
        for _ in range(TRIES):
            found = self.trial(rates, seconds)
            if found.lost or not found.is_late:
                break
        return found

    def measure(self, load, seconds):
        """For search.Search. Frames that could not be sent in time are lost load, whoever is to blame."""
        found = self.timely_trial((load, 0), seconds)
        return found.loss_ratio + (found.late / found.due if found.is_late else 0.0), found.rate
