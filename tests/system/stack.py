# SPDX-License-Identifier: BSD-3-Clause
"""Two real Linux TCP stacks with the box between them, behind any encapsulation.

    [sub] kernel - tun0 - this process - eth0 ---- [box] ---- eth0 - this process - tun0 - kernel [net]

What a kernel sends leaves its eth0 wrapped in the encapsulation of the moment. What arrives at an eth0 must be, to the
byte, a frame that the other side sent, or, at the subscriber's, an answer of the box, wrapped as the subscriber's own
frames are. Anything else is kept as a fault.
"""
import fcntl
import os
import select
import socket
import struct
import threading

from box import receive_whole, run
from encap import ANSWER_HOPS

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
TUN_MTU = 1280  # IPv6's least: room for every encapsulation
NO_LINGER = struct.pack("ii", 1, 0)  # close() resets: nothing of one case is left on its way in the next


class Stack:
    """The kernel of one namespace; `addresses` are its own. Frames and packets as they were, in order."""

    def __init__(self, box, role, addresses):
        self.box, self.role = box, role
        self.tun = self._make_tun(box, role)
        space = box.space(role)
        run("ip", "-n", space, "link", "set", "tun0", "up", "mtu", str(TUN_MTU))
        for address in addresses:
            plain = [] if ":" not in address else ["nodad"]
            run("ip", "-n", space, "addr", "add", address, "dev", "tun0", *plain)
        for family in ("-4", "-6"):
            run("ip", "-n", space, family, "route", "add", "default", "dev", "tun0")
        self.eth = box.raw_socket(role)
        self.sent = {}  # frame -> packet
        self.received = []

    @staticmethod
    def _make_tun(box, role):
        with box.inside(role):
            tun = os.open("/dev/net/tun", os.O_RDWR)
            fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", b"tun0", IFF_TUN | IFF_NO_PI))
        return tun

    def socket(self, address, port=0):
        with self.box.inside(self.role):
            sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        sock.bind((address, port))
        return sock

    def close(self):
        self.eth.close()
        os.close(self.tun)


class Wire:
    """The thread that wraps and unwraps."""

    def __init__(self, subscriber, network):
        self.subscriber, self.network = subscriber, network
        self.encap = None
        self.answers = []  # packets of the box, unwrapped
        self.faults = []  # frames that nobody may have sent
        self.closing = threading.Event()
        self.thread = threading.Thread(target=self._pump)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.closing.set()
        self.thread.join()

    def _pump(self):
        sides = (self.subscriber, self.network)
        while not self.closing.is_set():
            ready, _, _ = select.select([s.tun for s in sides] + [s.eth for s in sides], [], [], 0.1)
            for stack in sides:
                if stack.tun in ready:
                    self._send(stack)
                if stack.eth in ready:
                    self._receive(stack, receive_whole(stack.eth))

    def _send(self, stack):
        packet = os.read(stack.tun, 1 << 16)
        if self.encap and self.encap.carries(packet[0] >> 4):
            frame = self.encap.wrap(packet, stack is self.subscriber)
            stack.sent[frame] = packet
            stack.eth.send(frame)

    def _receive(self, stack, frame):
        other = self.network if stack is self.subscriber else self.subscriber
        packet = other.sent.get(frame)
        if packet is not None:
            stack.received.append(frame)
        elif stack is self.subscriber:
            packet = self._read_answer(frame)
        if packet is None:
            self.faults.append((stack.role, self.encap.name if self.encap else "", frame.hex()))
        else:
            os.write(stack.tun, packet)

    def _read_answer(self, frame):
        for version in (4, 6):
            if self.encap and self.encap.carries(version):
                packet = self.encap.unwrap(frame, version, False, ANSWER_HOPS)
                if packet:
                    self.answers.append(packet)
                    return packet
        return None


class Listener:
    """Servers of a stack that echo what they get."""

    def __init__(self, stack, addresses, ports):
        self.sockets = [stack.socket(address, port) for address in addresses for port in ports]
        self.closing = threading.Event()
        self.thread = threading.Thread(target=self._serve)

    def __enter__(self):
        for sock in self.sockets:
            sock.listen(64)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.closing.set()
        self.thread.join()
        for sock in self.sockets:
            sock.close()

    def _serve(self):
        open_sockets = []
        while not self.closing.is_set():
            for sock in select.select(self.sockets + open_sockets, [], [], 0.1)[0]:
                if sock in self.sockets:
                    open_sockets.append(sock.accept()[0])
                elif not self._echo(sock):
                    open_sockets.remove(sock)
                    sock.close()
        for sock in open_sockets:
            sock.close()

    @staticmethod
    def _echo(sock):
        try:
            data = sock.recv(4096)
            sock.sendall(data)
            return bool(data)
        except ConnectionError:
            return False
