# SPDX-License-Identifier: BSD-3-Clause
"""A filter box in namespaces, for the system tests.

    [sub] eth0 ---- sub0 [box: op25bd, op25b-dp, guard, bridge br0] net0 ---- eth0 [net]

Frames are sent and received by raw sockets, so that each one is known. Further pairs of ports have hosts and a bridge
of their own: [sub1] eth0 ---- sub10 [box: br1] net10 ---- eth0 [net1]. Everything made here is removed when the `with`
block ends, whatever happens in it. Root is needed.
"""
import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("OP25B_BUILD", os.path.join(TOP, "build"))
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
SO_RCVBUFFORCE = 33
SOL_PACKET, PACKET_AUXDATA = 263, 8
TP_STATUS_VLAN_VALID = 0x10


def run(*args, check=True):
    return subprocess.run(args, check=check, capture_output=True, text=True)


def program(name):
    folder = {"op25bd": "control/daemon", "op25bctl": "control/cli", "op25b-dp": "dataplane/dpdk"}[name]
    return os.path.join(BUILD, folder, name)


def wait_for(what, test, seconds=20.0):
    """Polls test() until it is true; the bound is for broken runs, not a claim about speed."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = test()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"did not happen in {seconds} s: {what}")


def port(role):
    """The DPDK device of the box that is cabled to the namespace of role."""
    return f"net_af_xdp_{role},iface={role}0,busy_budget=0"


def ends(pair):
    """The roles of the hosts at both ends of a pair of ports: subscriber, network."""
    return (f"sub{pair or ''}", f"net{pair or ''}")


class Box:
    """Namespaces and processes. `policy` is the object of the policy file, `pair_names` those of its pairs of ports,
    `queues` the receive and transmit queues that each end of a cable has."""

    def __init__(self, policy, pair_names=(None,), queues=1, **config):
        self.policy = policy
        self.pair_names = pair_names
        self.queues = queues
        self.config = config
        self.dir = None
        self.spaces = []
        self.processes = {}

    def __enter__(self):
        try:
            self._make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()
        for space in self.spaces:
            run("ip", "netns", "del", space, check=False)
        if self.dir:
            run("umount", self.path("bpf"), check=False)
            shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def space(self, role):
        return f"op25b-t{os.getpid()}-{role}"

    def _make(self):
        self.dir = tempfile.mkdtemp(prefix="op25b-test.")
        os.mkdir(self.path("bpf"))
        run("mount", "-t", "bpf", "bpf", self.path("bpf"))
        self._add_space("box")
        for pair in range(len(self.pair_names)):
            self._make_pair(pair)
        self.write_policy(self.policy)
        self.write_config()

    def _add_space(self, role):
        run("ip", "netns", "add", self.space(role))
        self.spaces.append(self.space(role))
        run("ip", "-n", self.space(role), "link", "set", "lo", "up")

    def _make_pair(self, pair):
        box, bridge = self.space("box"), f"br{pair}"
        run("ip", "-n", box, "link", "add", bridge, "type", "bridge", "stp_state", "0", "forward_delay", "0", "mcast_snooping", "0")
        self._quiet(box, bridge)
        run("ip", "-n", box, "link", "set", bridge, "up")
        for role in ends(pair):
            self._add_space(role)
            self._cable(role)
            run("ip", "-n", box, "link", "set", f"{role}0", "master", bridge)

    def _cable(self, role):
        box, host = self.space("box"), self.space(role)
        queues = ("numtxqueues", str(self.queues), "numrxqueues", str(self.queues)) if self.queues > 1 else ()
        run("ip", "-n", box, "link", "add", f"{role}0", *queues, "type", "veth", "peer", "name", "eth0", *queues, "netns", host)
        for space, name in ((box, f"{role}0"), (host, "eth0")):
            self._quiet(space, name)
            # Frames redirected into a veth need a peer with GRO (or XDP); checksums must be whole.
            run("ip", "netns", "exec", space, "ethtool", "-K", name, "tx", "off", "gro", "on", check=False)
            run("ip", "-n", space, "link", "set", name, "up")

    @staticmethod
    def _quiet(space, name):
        run("ip", "netns", "exec", space, "sysctl", "-qw", f"net.ipv6.conf.{name}.disable_ipv6=1")

    def write_policy(self, policy):
        with open(self.path("policy.json"), "w", encoding="utf-8") as out:
            json.dump(policy, out)

    def write_config(self):
        config = {
            "op25b-dp": 1,
            "pairs": [self._pair_config(pair, name) for pair, name in enumerate(self.pair_names)],
            "cores": [max(os.sched_getaffinity(0))],
            "memory": {"mib": 384, "hugepages": "no", "slots": 65536, "buffers": 16384},
            "run_dir": self.dir,
            "bpffs_dir": self.path("bpf/op25b"),
            "state_dir": self.path("state"),
            **self.config,
        }
        with open(self.path("dataplane.json"), "w", encoding="utf-8") as out:
            json.dump(config, out)

    @staticmethod
    def _pair_config(pair, name):
        config = dict(zip(("subscriber", "network"), map(port, ends(pair))))
        return config if name is None else {"name": name, **config}

    def start(self, name, *args):
        log = open(self.path(f"{name}.log"), "a", encoding="utf-8")
        self.processes[name] = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{self.space('box')}", program(name), "--config", self.path("dataplane.json"), *args],
            stdout=log, stderr=log)
        log.close()
        return self.processes[name]

    def start_daemon(self, *args):
        """Its clock is that of a test machine, which need not be synchronised, or frozen by --at."""
        clock = [] if "--at" in args else ["--trust-clock"]
        self.start("op25bd", "--policy", self.path("policy.json"), "--metrics", "none", *clock, *args)
        wait_for("op25bd listens", self.is_listening)

    def is_listening(self):
        """Whether op25bd takes questions: it answers them when it has started."""
        with socket.socket(socket.AF_UNIX) as sock:
            return sock.connect_ex(self.path("op25bd.sock")) == 0

    def start_dataplane(self):
        """Returns when the policy is in force in op25b-dp and in the guard."""
        self.start("op25b-dp")
        wait_for(f"policy in force\n{self.log('op25b-dp')}\n{self.log('op25bd')}", self.is_in_force)

    def is_in_force(self):
        stats = self.ctl("stats", "show", check=False)
        return stats and stats["dataplane"]["up"] and 0 < stats["dataplane"]["generation"] == stats["guard"]["generation"]

    def kill(self, name, number=signal.SIGKILL):
        self.processes[name].send_signal(number)
        if number in (signal.SIGKILL, signal.SIGTERM):
            self.processes[name].wait()

    def log(self, name):
        try:
            with open(self.path(f"{name}.log"), encoding="utf-8", errors="replace") as lines:
                return lines.read()[-3000:]
        except FileNotFoundError:
            return ""

    def ctl(self, *args, check=True):
        """op25bctl -j; None when it fails and check is off."""
        done = run(program("op25bctl"), "-j", "--socket", self.path("op25bd.sock"), *args, check=False)
        if done.returncode and check:
            raise AssertionError(f"op25bctl {' '.join(args)}: {done.returncode} {done.stdout}{done.stderr}")
        return json.loads(done.stdout) if done.returncode == 0 and done.stdout.strip() else None

    @contextlib.contextmanager
    def inside(self, role):
        """This thread is in the namespace of role; sockets and devices made here stay there."""
        here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.space(role)}", os.O_RDONLY)
        try:
            if LIBC.setns(there, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
            yield
        finally:
            LIBC.setns(here, CLONE_NEWNET)
            os.close(here)
            os.close(there)

    def raw_socket(self, role):
        """A packet socket on eth0 of the namespace of role. Tagged frames: receive_whole()."""
        with self.inside(role):
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)  # the reader must not lose frames
            sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
            sock.bind(("eth0", 0))
            return sock


def receive_whole(sock):
    """The next frame as it was on the wire: the kernel has taken the outermost 802.1Q or 802.1ad tag out of it."""
    frame, extra, _, _ = sock.recvmsg(1 << 16, 64)
    for level, kind, data in extra:
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
            status, tci, tpid = struct.unpack("=I12xHH", data[:20])
            if status & TP_STATUS_VLAN_VALID:
                return frame[:12] + struct.pack("!HH", tpid, tci) + frame[12:]
    return frame


SUB_MAC, NET_MAC = b"\x02\0\0\0\0\x01", b"\x02\0\0\0\0\x02"


def checksum(data):
    """RFC 1071, for data of an even length."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


def tcp_frame(src, dst, sport, dport, number, flags=0x10, to_network=True):
    """An Ethernet frame with IPv4, TCP and an eight-byte number as payload. The TCP checksum is left at 0;
    IPv4's is whole, because a bridge with br_netfilter looks at it."""
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 48, 0, 0, 64, 6, 0, socket.inet_aton(src), socket.inet_aton(dst))
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    tcp = struct.pack("!HHIIBBHHH", sport, dport, 1, 1, 0x50, flags, 1024, 0, 0)
    macs = NET_MAC + SUB_MAC if to_network else SUB_MAC + NET_MAC
    return macs + b"\x08\x00" + ip + tcp + struct.pack("!Q", number)


def read_numbered(frame):
    """(destination port, number) of a tcp_frame(), or None for anything else."""
    if len(frame) != 62 or frame[12:14] != b"\x08\x00" or frame[23] != 6:
        return None
    return struct.unpack("!H", frame[36:38])[0], struct.unpack("!Q", frame[54:62])[0]
