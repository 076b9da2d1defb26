# SPDX-License-Identifier: BSD-3-Clause
"""A steady load through the box: frames that the policy forbids and frames that it permits, each numbered."""
import random
import select
import threading
import time

import box as boxlib

SUBSCRIBER, SERVER = "198.51.100.10", "192.0.2.25"


class Load:
    """Sends in one thread and receives in another until stop(). Forbidden: TCP/25. Permitted: 587."""

    def __init__(self, the_box, frames_per_s=4000):
        self.interval_s = 1.0 / frames_per_s
        self.out = the_box.raw_socket("sub")
        self.into = the_box.raw_socket("net")
        self.sent = 0
        self.leaked = []
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
            number = self.sent if port == 587 else 1 << 40
            self.out.send(boxlib.tcp_frame(SUBSCRIBER, SERVER, 40000, port, number))
            self.sent += port == 587
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
                self.leaked.append(time.monotonic())
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
