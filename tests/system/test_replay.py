#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""scripts/replay: what is let through is in OUT, unchanged and in order, and the totals add up to the capture."""
import json
import os
import stat
import struct
import subprocess
import sys
import tempfile

from scapy.all import ARP, IP, TCP, UDP, Dot1Q, Ether, IPv6, Raw, wrpcap  # pylint: disable=no-name-in-module
from scapy.utils import RawPcapReader

from box import TOP

POLICY = {
    "op25b": 1, "name": "replay", "tz": "Asia/Tokyo", "sets": {"relay": ["203.0.113.25/32"]},
    "pools": {"dyn": {"kind": "dynamic", "v4": ["198.51.100.0/25"], "v6": ["2001:db8:1000::/40"]},
              "refused": {"kind": "dynamic", "v4": ["198.51.100.128/25"]}},
    "stages": [
        {"id": "block", "pools": ["dyn"], "from": "2008-03-31T00:00:00+09:00",
         "port25": [{"to": "relay", "do": "permit"}, {"to": "any", "do": "drop"}]},
        {"id": "refuse", "pools": ["refused"], "from": "2008-03-31T00:00:00+09:00", "port25": [{"to": "any", "do": "rst"}]}],
}
TOO_MANY_SLOTS = {
    "op25b": 1, "name": "large", "pools": {"all": {"kind": "dynamic", "v4": ["10.0.0.0/8"]}},
    "limits": {"few": {"key": "address", "count": "tcp_syn", "max": 3, "window_s": 60}},
    "stages": [{"id": "limit", "pools": ["all"], "from": "always", "port25": [{"to": "any", "do": "limit", "limit": "few"}]}],
}
DYN, DYN6, REFUSED, MX, MX6, RELAY = ("198.51.100.10", "2001:db8:1000::10", "198.51.100.200", "192.0.2.25", "2001:db8:9::25",
                                      "203.0.113.25")


def ether(**fields):
    """With both addresses given: scapy would ask the network for one that is missing."""
    return Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02", **fields)


def tcp(src, dst, dport, sport=40000, flags="S", tags=()):
    frame = ether()
    for tag in tags:
        frame /= Dot1Q(vlan=tag)
    return frame / (IPv6 if ":" in src else IP)(src=src, dst=dst) / TCP(sport=sport, dport=dport, flags=flags)


# (frame, what becomes of it after the stage): the same list is sent many times over.
SUBSCRIBER = [
    (tcp(DYN, MX, 25), "blocked"), (tcp(DYN, RELAY, 25), None), (tcp(DYN, MX, 587), None),
    (tcp(DYN, MX, 25, tags=(100, 200)), "blocked"), (tcp(DYN, MX, 443, tags=(100,)), None),
    (tcp(DYN6, MX6, 25), "blocked"), (tcp(DYN6, MX6, 465), None), (tcp(REFUSED, MX, 25), "rst"),
    (tcp("192.0.2.99", MX, 25), None), (ether() / ARP(psrc=DYN, pdst=MX), None),
    (ether() / IP(src=DYN, dst=MX) / UDP(dport=25) / Raw(b"x" * 1200), None),
    (ether(type=0x88CC) / Raw(b"\x02\x07\x04" + b"\0" * 60), None),
    (tcp(DYN, RELAY, 25) / Raw(b"x" * 9000), None), (Raw(b"\x02" * 13), "runt"),
]
NETWORK = [
    (tcp(MX, DYN, 40000, sport=25, flags="SA"), "mirror"), (tcp(RELAY, DYN, 40000, sport=25, flags="SA"), None),
    (tcp(MX, DYN, 40000, sport=443, flags="SA"), None), (tcp(MX, DYN, 25), None),
    (tcp(MX, REFUSED, 40000, sport=25, flags="SA"), "mirror"),
]


def run_replay(frames, folder, *args, policy=None):
    source, path = os.path.join(folder, "in,odd name.pcap"), os.path.join(folder, "policy.json")
    wrpcap(source, [bytes(frame) for frame in frames], linktype=1)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(policy or POLICY, file)
    return call_replay(path, source, *args)


def call_replay(policy_path, source, *args):
    return subprocess.run([os.path.join(TOP, "scripts/replay"), "--policy", policy_path, "--in", source, *args],
                          capture_output=True, text=True, check=False)


def replay(frames, folder, side, at):
    out, stats = (os.path.join(folder, name) for name in ("out.pcap", "stats.json"))
    done = run_replay(frames, folder, "--out", out, "--from", side, "--at", at, "--stats", stats)
    assert done.returncode == 0, done.stdout + done.stderr
    with open(stats, encoding="utf-8") as file:
        totals = json.load(file)
    del totals["passed"], totals["answers"]  # by reason: test_replay_table.py
    return totals, [data for data, _ in RawPcapReader(out)]


def expected(rows, blocked):
    totals = {"received": len(rows), "forwarded": 0, "answered": 0, "dropped": {}}
    frames = []
    for frame, fate in rows:
        if fate is None or not blocked and fate != "runt":
            totals["forwarded"] += 1
            frames.append(bytes(frame))
        elif fate == "rst":
            totals["answered"] += 1
        else:
            totals["dropped"][fate] = totals["dropped"].get(fate, 0) + 1
    return totals, frames


def check(name, rows, side, at, blocked):
    with tempfile.TemporaryDirectory() as folder:
        totals, frames = replay([frame for frame, _ in rows], folder, side, at)
    want_totals, want_frames = expected(rows, blocked)
    print(f"# {name}: {totals}")
    assert totals == want_totals, f"{name}: wanted {want_totals}"
    assert frames == want_frames, f"{name}: OUT is not what was let through, unchanged and in order"


def check_refused(name, frames, text, policy=None):
    """Refused with a reason, and nothing is written."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.pcap")
        done = run_replay(frames, folder, "--out", out, policy=policy)
        print(f"# {name}: {done.stderr.strip()}")
        assert done.returncode == 1 and text in done.stderr, f"{name}: {done}"
        assert not os.path.exists(out), f"{name}: OUT was written"


def check_snapped():
    """Half a frame is not judged as if it were one."""
    with tempfile.TemporaryDirectory() as folder:
        source, policy, out = (os.path.join(folder, name) for name in ("in.pcap", "policy.json", "out.pcap"))
        with open(policy, "w", encoding="utf-8") as file:
            json.dump(POLICY, file)
        frame = bytes(SUBSCRIBER[2][0] / Raw(b"x" * 100))
        with open(source, "wb") as capture:
            capture.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
            for caught in (len(frame), len(frame) - 1, 64):
                capture.write(struct.pack("<IIII", 0, 0, caught, len(frame)) + frame[:caught])
        done = call_replay(policy, source, "--out", out)
        assert done.returncode == 1 and "2 of its 3 frames are not whole" in done.stderr, f"snapped: {done}"
        assert not os.path.exists(out), "snapped: OUT was written"


def check_pairs():
    """A policy that tells pairs apart is only replayed at one that is named."""
    policy = json.loads(json.dumps(POLICY))
    policy["pools"]["dyn"]["pairs"] = ["east"]
    blocked = SUBSCRIBER[0][0]
    check_refused("no pair named", [blocked], "--pair says", policy)
    for pair, fate in (("east", {"blocked": 1}), ("west", {"src_spoofed": 1})):
        with tempfile.TemporaryDirectory() as folder:
            stats = os.path.join(folder, "stats.json")
            done = run_replay([blocked], folder, "--out", os.path.join(folder, "out"), "--pair", pair, "--stats", stats, policy=policy)
            assert done.returncode == 0, done.stderr
            with open(stats, encoding="utf-8") as file:
                dropped = json.load(file)["dropped"]
            assert dropped == fate, f"pair {pair}: {dropped}"


def check_device():
    with tempfile.TemporaryDirectory() as folder:
        null = os.path.join(folder, "null")
        os.mknod(null, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
        done = run_replay([SUBSCRIBER[1][0]], folder, "--out", null)
        assert done.returncode == 0, done.stderr
        assert stat.S_ISCHR(os.stat(null).st_mode), "a device as OUT was replaced by a file"


def check_last_cpu():
    """On a machine that gives us only a CPU that is not its first."""
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(mine)})
    try:
        check("one CPU, the last", SUBSCRIBER, "subscriber", "2008-03-31T00:00:00+09:00", True)
    finally:
        os.sched_setaffinity(0, mine)


def main():
    check("subscriber, stage active", SUBSCRIBER * 500, "subscriber", "2008-03-31T00:00:00+09:00", True)
    check("subscriber, the second before", SUBSCRIBER * 5, "subscriber", "2008-03-30T23:59:59+09:00", False)
    check("network, stage active", NETWORK * 500, "network", "2008-03-31T00:00:00+09:00", True)
    check("empty capture", [], "subscriber", "2008-03-31T00:00:00+09:00", True)
    check_refused("a frame net_pcap cannot write whole", [tcp(DYN, RELAY, 25) / Raw(b"x" * 17000)], "longer than 16128 bytes")
    check_refused("more slots than replay has", [SUBSCRIBER[0][0]], "4194304", TOO_MANY_SLOTS)
    check_snapped()
    check_pairs()
    check_device()
    check_last_cpu()
    return 0


if __name__ == "__main__":
    sys.exit(main())
