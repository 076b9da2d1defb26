#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Several workers on interfaces with several queues: worker i serves queue i. Each frame is judged by its worker, all are
counted once, and what holds of one worker's loss holds of two."""
import contextlib
import ctypes
import os
import re
import signal
import sys

import load
import test_loss
from box import LIBC, Box, read_numbered, run, tcp_frame, wait_for

PACKET_QDISC_BYPASS = 20
SOL_PACKET = 263
PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WALL = 0x40000000  # of waitpid(): threads of others too
FRAMES = 400  # by queue and side: less than a queue holds
PATIENT_MS = 10000  # for the guard: this machine may keep a worker from its CPU, which is not what is looked at
HANGS_MS = 1000  # less than op25b-dp takes to say that a worker is stuck


class Workers(Box):
    """A box of `workers` workers, on interfaces with `queues` queues."""

    def __init__(self, workers, queues, heartbeat_max_age_ms=PATIENT_MS):
        cores = sorted(os.sched_getaffinity(0))[:workers]
        super().__init__(test_loss.POLICY, queues=queues, cores=cores, heartbeat_max_age_ms=heartbeat_max_age_ms)

    def by_queue(self, role):
        """Frames that the guard has seen, by receive queue of the port."""
        lines = run("ip", "netns", "exec", self.space("box"), "ethtool", "-S", f"{role}0").stdout.splitlines()
        table = dict(line.strip().split(": ", 1) for line in lines if ": " in line)
        return [int(table[f"rx_queue_{queue}_xdp_packets"]) for queue in range(self.queues)]

    def send(self, role, queue, port):
        """FRAMES numbered frames that come out of the cable in that queue: it is that of the sender's CPU."""
        cpus = os.sched_getaffinity(0)
        cpu = next(cpu for cpu in sorted(cpus) if cpu % self.queues == queue)
        out = self.raw_socket(role)
        out.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, 1)
        os.sched_setaffinity(0, {cpu})
        try:
            for number in range(FRAMES):
                ends = (load.SUBSCRIBER, load.SERVER) if role == "sub" else (load.SERVER, load.SUBSCRIBER)
                ports = (40000, port) if role == "sub" else (port, 40000)
                out.send(tcp_frame(*ends, *ports, number, to_network=role == "sub"))
        finally:
            os.sched_setaffinity(0, cpus)
            out.close()

    def figures(self):
        stats = self.ctl("stats", "show")
        dataplane, guard = stats["dataplane"], stats["guard"]
        return {
            "received": dataplane["received"], "passed": sum(dataplane["passed"].values()),
            "dropped": sum(dataplane["dropped"].values()), "lost": test_loss.losses(stats),
            "handed": guard["to_dataplane"], "guard_passed": sum(guard["passed"].values()),
            "guard_dropped": sum(guard["dropped"].values()),
        }


class Sinks:
    """What arrives at both hosts. Frames come when they come: wait()."""

    def __init__(self, box):
        self.socks = [box.raw_socket("sub"), box.raw_socket("net")]
        self.count = 0
        for sock in self.socks:
            sock.setblocking(False)

    def read(self):
        for sock in self.socks:
            while True:
                try:
                    self.count += read_numbered(sock.recv(2048)) is not None
                except BlockingIOError:
                    break
        return self.count

    def wait(self, count):
        wait_for(f"{count} frames arrive", lambda: self.read() >= count)
        for sock in self.socks:
            sock.close()
        return self.count


def offer(box):
    """In each queue of both ports FRAMES that are permitted and FRAMES that are not. Returns by how much the figures grew;
    what passed has arrived by then."""
    before, seen = box.figures(), {role: box.by_queue(role) for role in ("sub", "net")}
    sinks, sent = Sinks(box), 0

    def grown():
        return {key: value - before[key] for key, value in box.figures().items()}

    def judged():
        return sum(grown()[key] for key in ("passed", "dropped", "guard_passed", "guard_dropped", "lost"))

    for role in ("sub", "net"):
        for queue in range(box.queues):
            for port in (587, 25):
                box.send(role, queue, port)
                sent += FRAMES
                wait_for(f"{sent} frames are judged", lambda: judged() >= sent)
    now = grown()
    arrived = sinks.wait(now["passed"] + now["guard_passed"])
    print(f"# {sent} sent, {arrived} arrived, {now}")
    for role in ("sub", "net"):
        queues = [after - before for after, before in zip(box.by_queue(role), seen[role])]
        assert queues == [2 * FRAMES] * box.queues, f"{role}: {queues}: the frames are not in the queues meant"
    assert arrived == now["passed"] + now["guard_passed"] == sent // 2, "half of the frames are permitted"
    assert now["dropped"] + now["guard_dropped"] == sent // 2 and now["lost"] == 0
    assert now["handed"] == now["received"], "frames went missing between the guard and the workers"
    return now


def end_cleanly(box):
    box.kill("op25b-dp", signal.SIGTERM)
    assert box.processes["op25b-dp"].returncode == 0, f"not a clean end: {box.processes['op25b-dp'].returncode} {box.log('op25b-dp')}"


def check_all_queues_are_served():
    with Workers(2, 2) as box:
        box.start_daemon()
        box.start_dataplane()
        assert offer(box)["received"] == 8 * FRAMES, "a queue is not served"
        end_cleanly(box)
        # The guard judges both queues now, and hands them over again afterwards.
        assert offer(box)["received"] == 0
        box.start_dataplane()
        assert offer(box)["received"] == 8 * FRAMES, "a queue is not served after a restart"
        end_cleanly(box)


@contextlib.contextmanager
def hung(box, worker):
    """This worker's thread does not run; the others do. No signal does that, but a debugger can."""
    pid = box.processes["op25b-dp"].pid
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/comm", encoding="utf-8") as name:
            if re.fullmatch(rf".*worker-?{worker + 1}", name.read().strip()):  # lcore 0 is the main thread
                break
    else:
        raise AssertionError(f"no thread of worker {worker}")
    for request in (PTRACE_SEIZE, PTRACE_INTERRUPT):
        if LIBC.ptrace(request, int(thread), None, None):
            raise OSError(ctypes.get_errno(), "ptrace")
    os.waitpid(int(thread), WALL)
    try:
        yield
    finally:
        LIBC.ptrace(PTRACE_DETACH, int(thread), None, None)


def check_one_of_two_hangs():
    with Workers(2, 2, heartbeat_max_age_ms=HANGS_MS) as box:
        box.start_daemon()
        box.start_dataplane()
        with hung(box, 1):
            wait_for("it is said", lambda: "worker 1 is stuck" in box.log("op25b-dp"))
            assert offer(box)["received"] == 4 * FRAMES, "queue 0 is worker 0's, queue 1 the guard's"
        wait_for("it is said", lambda: "worker 1 runs again" in box.log("op25b-dp"))
        assert offer(box)["received"] == 8 * FRAMES, "a queue is not served any more"
        assert "worker 0 is stuck" not in box.log("op25b-dp")
        end_cleanly(box)


def check_the_guard_judges_queues_without_a_worker():
    with Workers(1, 2) as box:
        box.start_daemon()
        box.start_dataplane()
        for role in ("sub", "net"):
            sentence = (f"{role}0 has 2 receive queues, but 1 worker: frames in queues 1 and up are left to the guard. "
                        f"Name more cores, or: ethtool -L {role}0 rx 1 tx 1")
            assert sentence in box.log("op25b-dp"), box.log("op25b-dp")
        assert offer(box)["received"] == 4 * FRAMES, "queue 0 is not served, or queue 1 is not the guard's"
        end_cleanly(box)


def check_workers_without_a_queue_are_refused():
    with Workers(2, 1) as box:
        box.start_daemon()
        assert box.start("op25b-dp").wait(60) == 1
        sentence = ("sub0 has 1 receive and 1 transmit queues, but there are 2 workers: name fewer cores, or give it more "
                    "queues: ethtool -L sub0 rx 2 tx 2")
        assert sentence in box.log("op25b-dp"), box.log("op25b-dp")


def check_losses():
    config = {"queues": 2, "cores": sorted(os.sched_getaffinity(0))[:2]}
    test_loss.check("kill -9 of op25b-dp, two workers", test_loss.lose_by_kill, True, **config)
    test_loss.check("SIGSTOP of op25b-dp, two workers", test_loss.lose_by_stop, True, **config)
    test_loss.check("clean stop of op25b-dp, two workers", test_loss.lose_by_exit, True, **config)
    test_loss.check("kill -9 of op25bd, two workers", test_loss.lose_daemon, False, **config)


def main():
    if len(os.sched_getaffinity(0)) < 2:
        print("# skipped: two workers need two CPUs")
        return 77
    os.environ["LSAN_OPTIONS"] = "suppressions=" + os.path.join(os.path.dirname(os.path.abspath(__file__)), "leaks.txt")
    check_all_queues_are_served()
    check_one_of_two_hangs()
    check_the_guard_judges_queues_without_a_worker()
    check_workers_without_a_queue_are_refused()
    check_losses()
    return 0


if __name__ == "__main__":
    sys.exit(main())
