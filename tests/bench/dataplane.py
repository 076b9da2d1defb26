# SPDX-License-Identifier: BSD-3-Clause
"""op25b-dp with its op25bd, for the rows that measure it on ports without a guard. It can be made to stand still, so that
several of them, and dpdk-testpmd, can own the same core and take turns."""
import http.client
import json
import os
import signal
import socket
import time

from result import BenchError, check_sum

PARTS = ("forwarded", "dropped", "answered", "tx_full")


def step_cycles(stats):
    """(frames whose bursts were measured, {step: ticks that they took}) of all workers, from op25b-dp's start on."""
    frames, cycles = 0, {}
    for worker in stats.get("workers", []):
        frames += worker["sampled_packets"]
        for step, ticks in worker["step_cycles"].items():
            cycles[step] = cycles.get(step, 0) + ticks
    return frames, cycles


class _Connection(http.client.HTTPConnection):
    """To a Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def stand_still(ctx, process):
    """Stops a process and returns when each of its threads stands: until its first thread has got the signal, the others run
    on, beside the process that has the core next."""
    def has_stopped():
        states = []
        for task in os.listdir(f"/proc/{process.pid}/task"):
            with open(f"/proc/{process.pid}/task/{task}/stat", encoding="utf-8") as stat:
                states.append(stat.read().rsplit(")", 1)[1].split()[0])
        return set(states) <= set("TtZX")

    process.send_signal(signal.SIGSTOP)
    ctx.wait_for("a process stands still", has_stopped)


class Dataplane:
    """`ports`: device strings of the subscriber and the network side. `memory` as in dataplane.json, `clock`: op25bd's options."""

    def __init__(self, ctx, name, policy, ports, cores, memory, clock=("--trust-clock",), **config):
        self.ctx = ctx
        self.name = name
        self.is_running = True
        self.seen = []  # statistics at each sample of a window
        self.folder = ctx.path(name)
        os.mkdir(self.folder)
        self.config = {"op25b-dp": 1, "cores": cores, "start": "hold", "answers_per_s": 1000000, "memory": memory,
                       "pairs": [{"subscriber": ports[0], "network": ports[1]}], "run_dir": self.folder,
                       "state_dir": self.folder, "bpffs_dir": os.path.join(self.folder, "no-guard"), **config}
        self._write("dataplane.json", self.config)
        self._write("policy.json", policy)
        options = ["--config", os.path.join(self.folder, "dataplane.json")]
        near = ["taskset", "-c", str(ctx.other_core)]
        self.daemon = ctx.start([*near, ctx.program("op25bd"), *options, "--policy", os.path.join(self.folder, "policy.json"),
                                 "--no-guard", "--metrics", "none", *clock], f"{name}/op25bd.log")
        self.process = ctx.start([ctx.program("op25b-dp"), *options], f"{name}/op25b-dp.log")
        ctx.wait_for(lambda: f"{name} has its policy in force: {self.logs()}", self._is_in_force, 120)

    def _write(self, name, what):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as out:
            json.dump(what, out)

    def logs(self):
        return self.ctx.log(f"{self.name}/op25b-dp.log") + self.ctx.log(f"{self.name}/op25bd.log")

    def ask(self, method, path, body=None):
        """op25bd's answer, an object."""
        connection = _Connection(os.path.join(self.folder, "op25bd.sock"))
        try:
            connection.request(method, path, body and json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise BenchError(f"op25bd ({self.name}) answers {method} {path} with {answer.status}: {text[:1000]!r}")
        return json.loads(text)

    def stats(self):
        return self.ask("GET", "/v1/stats")["dataplane"]

    def _is_in_force(self):
        for process in (self.process, self.daemon):
            if process.poll() is not None:
                raise BenchError(f"{self.name} has ended: {self.logs()}")
        try:
            status = self.ask("GET", "/v1/status")
            if status["last_reload"] and not status["last_reload"]["ok"]:
                raise BenchError(f"{self.name}: the policy is refused: {self.logs()}")
            return self.stats()["generation"] > 0
        except (OSError, http.client.HTTPException):
            return False

    def pause(self):
        stand_still(self.ctx, self.process)
        self.is_running = False

    def resume(self):
        self.process.send_signal(signal.SIGCONT)
        self.is_running = True

    def sample(self):
        """(frames received, time before, time after)"""
        before = time.monotonic()
        stats = self.stats()
        after = time.monotonic()
        self.seen.append(stats)
        return stats["received"], before, after

    def close(self):
        """Ends both. Returns the totals, which add up now that nothing is on its way, and the last statistics."""
        self.resume()
        status = self.ctx.stop(self.process, signal.SIGTERM)
        if status:
            raise BenchError(f"op25b-dp ({self.name}) ended with {status}: {self.logs()}")
        stats = self.stats()
        self.ctx.stop(self.daemon)
        parts = {name: sum(stats[name].values()) if isinstance(stats[name], dict) else stats[name] for name in PARTS}
        return check_sum(f"{self.name} received", stats["received"], parts), stats
