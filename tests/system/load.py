# SPDX-License-Identifier: BSD-3-Clause
"""A steady load through the box: frames that the policy forbids and frames that it permits, each numbered."""
import random
import select
import struct
import threading
import time

import box as boxlib

SUBSCRIBER, SERVER = "198.51.100.10", "192.0.2.25"
SOURCE_PORTS = 32


class Load:
    """Sends in one thread and receives in another until stop(). Forbidden: TCP/25. Permitted: 587. Both come from several
    source ports, so that a kernel with several queues uses them all."""

    def __init__(self, the_box, frames_per_s=4000):
        self.interval_s = 1.0 / frames_per_s
        self.out = the_box.raw_socket("sub")
        self.into = the_box.raw_socket("net")
        self.sent = 0
        self.forbidden = 0  # sent of those
        self.leaked = []  # numbers of forbidden frames that arrived
        self.got = {}  # number of a permitted frame -> time of arrival
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._send), threading.Thread(target=self._receive)]

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def _send(self):
        choice = random.Random(1)
        due = time.monotonic()
        while not self.stopping.is_set():
            port = 25 if choice.random() < 0.3 else 587
            number = self.sent if port == 587 else self.forbidden
            self.out.send(boxlib.tcp_frame(SUBSCRIBER, SERVER, 40000 + number % SOURCE_PORTS, port, number))
            self.sent += port == 587
            self.forbidden += port == 25
            due += self.interval_s
            delay = due - time.monotonic()
            if delay > 0:
                time.sleep(delay)

    def _receive(self):
        while not self.stopping.is_set() or select.select([self.into], [], [], 0.5)[0]:
            if not select.select([self.into], [], [], 0.1)[0]:
                continue
            found = boxlib.read_numbered(self.into.recv(2048))
            if found and found[0] == 25:
                self.leaked.append(found[1])
            elif found:
                self.got.setdefault(found[1], time.monotonic())

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        self.out.close()
        self.into.close()
        return self

    def lost(self):
        return self.sent - len(self.got)

    def longest_gap_s(self, since):
        """The longest time without a permitted frame after `since` (time.monotonic())."""
        times = sorted(t for t in self.got.values() if t >= since)
        return max((b - a for a, b in zip([since, *times], times)), default=float("inf"))


class Stream:
    """Flows of a subscriber in turn until stop(): frame `number` is that of flow number % len(flows), with its last eight
    bytes replaced by the number. All times are of the wall clock, by which policies live."""

    def __init__(self, the_box, flows, frames_per_s=1000):
        self.flows = flows
        self.interval_s = 1.0 / frames_per_s
        self.subscriber = the_box.raw_socket("sub")
        self.network = the_box.raw_socket("net")
        self.sent = []  # times, in order of number
        self.arrived = []  # (number, time) at the network's side, as they came
        self.answers = []  # (frame, time) at the subscriber's
        self.strays = []  # what came and was not sent by us
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._send), threading.Thread(target=self._receive)]

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def flow(self, number):
        return number % len(self.flows)

    def _send(self):
        due = time.monotonic()
        while not self.stopping.is_set():
            number = len(self.sent)
            frame = self.flows[self.flow(number)][:-8] + struct.pack("!Q", number)
            self.sent.append(time.time())
            self.subscriber.send(frame)
            due += self.interval_s
            delay = due - time.monotonic()
            if delay > 0:
                time.sleep(delay)

    def _receive(self):
        ready = True
        while ready or not self.stopping.is_set():
            ready, _, _ = select.select([self.subscriber, self.network], [], [], 0.5)
            if self.network in ready:
                self._take(self.network.recv(2048))
            if self.subscriber in ready:
                self.answers.append((self.subscriber.recv(2048), time.time()))

    def _take(self, frame):
        number = struct.unpack("!Q", frame[-8:])[0]
        if number < len(self.sent) and frame[:-8] == self.flows[self.flow(number)][:-8]:
            self.arrived.append((number, time.time()))
        else:
            self.strays.append(frame)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        self.subscriber.close()
        self.network.close()
        return self
