# SPDX-License-Identifier: BSD-3-Clause
"""Boxes between veths, for the row "kernel": one generator and one sink for all of them, in namespaces of their own.

    [gen] g0 ---- sub0 [box 0] net0 ---- s0 [sink]
          g1 ---- sub0 [box 1] net0 ---- s1

All boxes are there all the time, so that a turn is a matter of where the generator sends. Everything is removed when the
`with` block ends; what a run that was killed has left is removed by the next one."""
import json
import os
import re
import subprocess

from plan import RELAY4
from result import BenchError, NotRun

PREFIX = "op25b-veth-"
# Nobody is left behind, not even a process that stands still; and what else runs on this machine waits.
OURS = ("setpriv", "--pdeathsig", "KILL", "nice", "-n", "-10")
# No bursts, no offloads, no neighbour discovery: each frame is a frame of the generator, and its checksum is whole.
OFF = ("tx", "off", "gso", "off", "tso", "off", "gro", "off")


def bpffs_name(role):
    """Of a folder with a BPF file system. The number says whose it is, to remove_stale()."""
    return f"{PREFIX}{os.getpid()}-{role}"


def remove_stale():
    """Namespaces and BPF file systems of runs whose process is gone."""
    with open("/proc/self/mounts", encoding="utf-8") as lines:
        mounts = [line.split()[1] for line in lines if line.startswith("bpf ")]
    for path in mounts:
        found = re.search(re.escape("/" + PREFIX) + r"(\d+)-\w+/", path)
        if found and not os.path.exists(f"/proc/{found.group(1)}"):
            subprocess.run(["umount", path], check=False, capture_output=True)
    names = os.listdir("/run/netns") if os.path.isdir("/run/netns") else []
    for name in names:
        found = re.fullmatch(re.escape(PREFIX) + r"(\d+)-\w+", name)
        if found and not os.path.exists(f"/proc/{found.group(1)}"):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def softnet_dropped():
    """Frames that all CPUs have thrown away because their backlog was full."""
    with open("/proc/net/softnet_stat", encoding="ascii") as lines:
        return sum(int(line.split()[1], 16) for line in lines)


class Generator:
    """vethgen with a capture, in the namespace of the generator."""

    def __init__(self, ctx, lab, capture):
        self.ctx = ctx
        self.log = f"vethgen-{os.path.basename(capture)}.log"
        command = lab.inside("gen", *OURS, "taskset", "-c", str(ctx.other_core), ctx.program("vethgen"), capture)
        self.process = ctx.start(command, self.log, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.frames = self._answer()["frames"]

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise BenchError(f"vethgen has ended: {self.ctx.log(self.log)}")
        return json.loads(line)

    def send(self, interface, rate_pps, seconds):
        """One trial: {"first": index of its first frame, "sent":, "failed":, "ns":, "waited_ns":, "cpu_ns":}. Rate 0: all it can."""
        try:
            self.process.stdin.write(f"{interface} {int(rate_pps)} {int(seconds * 1000)}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # its last words are in its log
        done = self._answer()
        if done["failed"]:
            raise BenchError(f"vethgen could not make {done['failed']} of {done['sent']} frames")
        return done

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.ctx.stop(self.process)


class Lab:
    """Used as `with Lab(ctx) as lab`."""

    def __init__(self, ctx):
        self.ctx = ctx
        self.spaces = []
        self.boxes = 0

    def __enter__(self):
        if os.geteuid():
            raise NotRun("veths and namespaces need root")
        remove_stale()
        try:
            self.add_space("gen")
            self.add_space("sink")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for role in self.spaces:
            subprocess.run(["ip", "netns", "del", self.space(role)], check=False, capture_output=True)
        self.spaces = []

    @staticmethod
    def space(role):
        return f"{PREFIX}{os.getpid()}-{role}"

    def inside(self, role, *command):
        """The command, in the network of that role. Unlike `ip netns exec` this leaves the mounts as they are."""
        return ["nsenter", f"--net=/run/netns/{self.space(role)}", *command]

    def run(self, role, *command, **keys):
        return self.ctx.run(self.inside(role, *command), **keys)

    def add_space(self, role):
        self.ctx.run(["ip", "netns", "add", self.space(role)])
        self.spaces.append(role)
        self.run(role, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")

    def _cable(self, role, name, far_role, far_name):
        # One queue at each end: a veth sends XDP frames only to a peer with as many.
        self.ctx.run(["ip", "-n", self.space(role), "link", "add", name, "numtxqueues", "1", "numrxqueues", "1", "type", "veth", "peer",
                      "name", far_name, "numtxqueues", "1", "numrxqueues", "1", "netns", self.space(far_role)])
        for space, end in ((role, name), (far_role, far_name)):
            self.run(space, "ethtool", "-K", end, *OFF)
            self.run(space, "ip", "link", "set", end, "up")

    def add_box(self, role):
        """A namespace with sub0 and net0, cabled. Returns its number."""
        number = self.boxes
        self.boxes += 1
        self.add_space(role)
        self._cable(role, "sub0", "gen", f"g{number}")
        self._cable(role, "net0", "sink", f"s{number}")
        self.run("sink", "nft", "-f", "-", input=f"""
            table netdev sink{number} {{
                counter leaked {{ }}
                counter other {{ }}
                chain ingress {{
                    type filter hook ingress device "s{number}" priority 0; policy accept;
                    tcp dport 25 ip daddr != {RELAY4} counter name "leaked" drop
                    counter name "other" drop
                }}
            }}""")
        return number

    def add_bridge(self, role):
        """Joins both ports of a box. Netfilter's detour through iptables is off: it is for nobody here."""
        self.run(role, "ip", "link", "add", "br0", "type", "bridge", "stp_state", "0", "forward_delay", "0", "mcast_snooping", "0")
        self.run(role, "ip", "link", "set", "br0", "up")
        for port in ("sub0", "net0"):
            self.run(role, "ip", "link", "set", port, "master", "br0")
        self.run(role, "sh", "-c", "for i in /proc/sys/net/bridge/bridge-nf-call-*; do [ ! -e $i ] || echo 0 >$i; done")

    def attach(self, role, program):
        """Puts vethgen_drop or vethgen_pass on the subscriber port. Frames of the generator need a receiver that polls,
        which a veth has with XDP (or GRO) only."""
        self.run(role, "ip", "link", "set", "dev", "sub0", "xdpdrv", "obj", self.ctx.program("vethgen") + ".bpf.o", "program", program)

    def entered(self, role):
        """Frames that the subscriber port of a box has received."""
        links = json.loads(self.run(role, "ip", "-j", "-s", "link", "show", "dev", "sub0"))
        return links[0]["stats64"]["rx"]["packets"]

    def refused(self, number):
        """Frames that the generator's end of a veth could not hand over: the other end's ring was full."""
        found = re.search(r"tx_queue_0_xdp_xmit_errors: (\d+)", self.run("gen", "ethtool", "-S", f"g{number}"))
        if not found:
            raise BenchError("the kernel's veth does not say how many frames it refused (ethtool -S): it is older than Linux 5.8")
        return int(found.group(1))

    def arrived(self, number):
        """(frames to port 25 of others than the relay, other frames) that came out of a box."""
        listed = json.loads(self.run("sink", "nft", "-j", "list", "counters", "table", "netdev", f"sink{number}"))["nftables"]
        counts = {entry["counter"]["name"]: entry["counter"]["packets"] for entry in listed if "counter" in entry}
        return counts["leaked"], counts["other"]
