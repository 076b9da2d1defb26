#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What mkpcap makes, and the plan of addresses beside it.

The same arguments give the same bytes (mkpcap.sha256 holds what they are). tshark, which is asked for every checksum, finds
nothing wrong in any mix; tags, sessions, extension headers, sizes and shares are as asked; every subscriber lies in the
prefixes of plan.py, and every host far away outside; the policies of plan.py are policies, and by them each frame is judged
as what it was meant to be. Every error is a sentence.
test_mkpcap.py --digests prints what belongs into mkpcap.sha256."""

import hashlib
import ipaddress
import json
import os
import subprocess
import sys
import tempfile
import unittest
from collections import Counter
from typing import NamedTuple

import plan

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("OP25B_BUILD", os.path.join(TOP, "build-test"))
MKPCAP, OP25BCTL = os.path.join(BUILD, "tests/bench/mkpcap"), os.path.join(BUILD, "control/cli/op25bctl")
DIGESTS = os.path.join(HERE, "mkpcap.sha256")
MIXES = ("plain4", "plain6", "v6ext", "qinq_pppoe", "dual", "flood")
PREFIXES = 300  # of the runs with a file of them
FRAMES = 2400   # a multiple of IMIX's 12
# The payload is a pattern: what would take it for its own protocol is told to leave it alone, by the ports that are used.
PAYLOAD = [option for port in (22, 25, 80, 443, 587, 993, 8080) for option in ("-d", f"tcp.port=={port},data")]
PAYLOAD += [option for port in (53, 443, 3478, 51820) for option in ("-d", f"udp.port=={port},data")]
CHECKSUMS = [f"{name}.check_checksum:TRUE" for name in ("ip", "tcp", "udp")]
STATUSES = [f"{name}.checksum.status" for name in ("ip", "tcp", "udp", "icmp", "icmpv6")]
FIELDS = ["frame.len", "eth.src", "eth.dst", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "ip.len", "ipv6.plen", "tcp.srcport", "tcp.dstport",
          "tcp.flags", "frame.protocols", "vlan.id", "ieee8021ad.id", "pppoe.session_id", "pppoe.payload_length", "eth.padding", "_ws.malformed", "_ws.expert.severity"] + STATUSES
ERROR = 0x00800000  # of tshark's expert information
BAD = "0"           # of its checksum states; 1 is good, 2 not looked at
SYN, ACK = 0x02, 0x10


class Frame(NamedTuple):
    bytes: int
    row: dict
    protocols: list

    def address(self, end):
        return ipaddress.ip_address(self.row[f"ip.{end}"] or self.row[f"ipv6.{end}"])

    @property
    def flags(self):
        return int(self.row["tcp.flags"], 16)

    def port25(self, end):
        return self.row[f"tcp.{end}port"] == "25"


def mkpcap(*args):
    return subprocess.run([MKPCAP, *map(str, args)], capture_output=True, text=True, check=False, timeout=60)


def digest_of(folder, mix, prefixes):
    """Of a small capture of the mix with nearly all options in it."""
    path = os.path.join(folder, "digest.pcap")
    done = mkpcap("--mix", mix, "--frames", 999, "--size", "imix", "--prefixes", prefixes, "--subscribers", 54321, "--seed", 7, path)
    if done.returncode:
        sys.exit(done.stderr)
    with open(path, "rb") as capture:
        return hashlib.sha256(capture.read()).hexdigest()


def digests():
    with tempfile.TemporaryDirectory() as folder:
        prefixes = plan.prefix_file(os.path.join(folder, "prefixes"), PREFIXES)
        return {mix: digest_of(folder, mix, prefixes) for mix in MIXES}


class Captures(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def bytes_of(self, mix, *args, frames=FRAMES):
        """The frames as they are."""
        path = self.path("made.pcap")
        done = mkpcap("--mix", mix, "--frames", frames, *args, path)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        found = []
        with open(path, "rb") as capture:
            capture.read(24)
            while head := capture.read(16):
                found.append(capture.read(int.from_bytes(head[8:12], "little")))
        return found

    def make(self, mix, *args, frames=FRAMES):
        """The frames as tshark reads them."""
        path = self.path("made.pcap")
        self.bytes_of(mix, *args, frames=frames)
        command = ["tshark", "-n", "-r", path, "-T", "fields", "-E", "separator=|", "-E", "occurrence=f", *PAYLOAD]
        for option in CHECKSUMS:
            command += ["-o", option]
        for field in FIELDS:
            command += ["-e", field]
        out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
        rows = [dict(zip(FIELDS, line.split("|"), strict=True)) for line in out.splitlines()]
        self.assertEqual(len(rows), frames)
        return [Frame(int(row["frame.len"]), row, row["frame.protocols"].split(":")) for row in rows]

    def test_every_mix_is_sound(self):
        for mix in MIXES:
            for size, side in (("imix", "subscriber"), (333, "network")):
                with self.subTest(mix=mix, size=size, side=side):
                    for frame in self.make(mix, "--size", size, "--side", side, "--port25", 1000 if mix == "flood" else 100):
                        self.check_sound(frame)

    def check_sound(self, frame):
        row = frame.row
        self.assertEqual(row["_ws.malformed"], "", row)
        self.assertLess(int(row["_ws.expert.severity"] or 0), ERROR, row)
        # One of the transports, and of IPv4 the header, were summed up, and nothing was found bad.
        found = [row[status] for status in STATUSES]
        self.assertNotIn(BAD, found, row)
        self.assertEqual(found.count("1"), 2 if row["ip.src"] else 1, row)
        self.assertGreaterEqual(frame.bytes, 60)

    def test_the_payload_reaches_to_the_end(self):
        # Nothing stands behind the packet but what fills the shortest frames.
        for mix, size in (("plain4", 64), ("plain4", 65), ("qinq_pppoe", 64), ("plain6", 200), ("dual", "imix")):
            with self.subTest(mix=mix, size=size):
                for frame in self.make(mix, "--size", size, frames=500):
                    link = 30 if frame.row["pppoe.session_id"] else 14
                    packet = int(frame.row["ip.len"]) if frame.row["ip.len"] else 40 + int(frame.row["ipv6.plen"])
                    self.assertEqual(frame.bytes, max(60, link + packet), frame.row)
                    self.assertIn(frame.row["pppoe.payload_length"], ("", str(packet + 2)))

    def test_sizes(self):
        sizes = lambda *args: Counter(map(len, self.bytes_of(*args)))  # noqa: E731
        self.assertEqual(sizes("plain4", "--size", 64), {60: FRAMES})
        self.assertEqual(sizes("flood", "--size", 1518), {1514: FRAMES})
        self.assertEqual(sizes("plain4", "--size", "imix"), {60: FRAMES * 7 // 12, 590: FRAMES * 4 // 12, 1514: FRAMES // 12})
        # What the encapsulation adds comes on top, but the packet fits its link (RFC 2516).
        self.assertEqual(sizes("qinq_pppoe", "--size", 64), {76: FRAMES})
        self.assertEqual(sizes("qinq_pppoe", "--size", 1518), {30 + 1492: FRAMES})
        # What the headers of IPv6 need: UDP and ICMP 62, TCP 74, a SYN of it 78.
        self.assertEqual(set(sizes("plain6", "--size", 64)), {62, 74, 78})
        self.assertEqual(sizes("plain6", "--size", 128), {124: FRAMES})

    def test_shares(self):
        wanted = [(mix, 100, "subscriber") for mix in MIXES[:-1]] + [("dual", 10, "subscriber"), ("dual", 0, "network")]
        wanted += [("dual", permille, "network") for permille in (500, 1000)]
        for mix, permille, side in wanted:
            end, other = ("dst", "src") if side == "subscriber" else ("src", "dst")
            with self.subTest(mix=mix, permille=permille, side=side):
                frames = self.make(mix, "--port25", permille, "--side", side)
                mail = [frame for frame in frames if frame.port25(end)]
                self.assertEqual(len(mail), FRAMES * permille // 1000)
                relayed = sum(str(frame.address(end)) in (plan.RELAY4, plan.RELAY6) for frame in mail)
                self.assertAlmostEqual(relayed, len(mail) / 10, delta=5 * len(mail) ** 0.5 / 3 + 1)
                syns = sum(bool(frame.flags & SYN) for frame in mail)
                self.assertAlmostEqual(syns, len(mail) / 8, delta=5 * len(mail) ** 0.5 / 3 + 1)
                self.assertFalse([frame for frame in frames if frame.port25(other)])

    def test_flood(self):
        frames = self.make("flood")
        self.assertEqual({(frame.port25("dst"), frame.flags) for frame in frames}, {(True, SYN)})
        self.assertGreater(len({frame.address("src") for frame in frames}), FRAMES * 0.99)
        self.assertGreater(len({frame.address("dst") for frame in frames}), FRAMES * 0.99)
        back = self.make("flood", "--side", "network")
        self.assertEqual({(frame.port25("src"), frame.flags) for frame in back}, {(True, SYN | ACK)})

    def test_kinds(self):
        protocols = {mix: Counter(part for frame in self.make(mix) for part in set(frame.protocols)) for mix in MIXES}
        self.assertFalse({"ipv6", "vlan", "pppoes"} & set(protocols["plain4"]))
        self.assertEqual(protocols["plain6"]["ipv6"], FRAMES)
        for kind in ("ipv6.hopopts", "ipv6.dstopts"):  # each in two of three
            self.assertAlmostEqual(protocols["v6ext"][kind], FRAMES * 2 / 3, delta=FRAMES / 20)
        for kind in ("ieee8021ad", "vlan", "pppoes", "ip"):
            self.assertEqual(protocols["qinq_pppoe"][kind], FRAMES)
        for kind, share in (("ipv6", 0.3), ("pppoes", 0.3), ("ip", 0.7)):
            self.assertAlmostEqual(protocols["dual"][kind], FRAMES * share, delta=FRAMES / 20)
        for mix in MIXES[:-1]:
            for kind, share in (("tcp", 0.6), ("udp", 0.4)):
                self.assertAlmostEqual(protocols[mix][kind], FRAMES * share, delta=FRAMES / 10)
        for mix in ("plain4", "plain6", "qinq_pppoe", "dual"):
            self.assertGreater(protocols[mix]["icmp"] + protocols[mix]["icmpv6"], 0)

    def test_tags_name_the_subscriber(self):
        for frame in self.make("qinq_pppoe", frames=500):
            subscriber = int(frame.address("src")) - int(plan.SUBSCRIBERS4.network_address)
            row = frame.row
            self.assertEqual((row["ieee8021ad.id"], row["vlan.id"], row["pppoe.session_id"]), (
                str(1 + subscriber // 4094 % 4094), str(1 + subscriber % 4094), f"{1 + subscriber % 65534:#06x}"))

    def test_who_is_where(self):
        for count in (1, 4, PREFIXES):
            path = plan.prefix_file(self.path("prefixes"), count, 5000)
            nets = [ipaddress.ip_network(prefix) for found in plan.prefixes(count, 5000).values() for prefix in found]
            for side, near, far in (("subscriber", "src", "dst"), ("network", "dst", "src")):
                with self.subTest(count=count, side=side):
                    met = Counter()
                    for frame in self.make("dual", "--prefixes", path, "--subscribers", 5000, "--side", side, "--port25", 0):
                        here, there = frame.address(near), frame.address(far)
                        inside = [net for net in nets if here in net]
                        self.assertEqual(len(inside), 1, here)
                        met[inside[0]] += 1
                        self.assert_far(there)
                        macs = (frame.row["eth.src"], frame.row["eth.dst"])
                        self.assertEqual(macs if side == "subscriber" else macs[::-1], (plan.SUBSCRIBER_MAC, plan.NETWORK_MAC))
                    self.assertGreater(len(met), len(nets) * 0.9)

    def assert_far(self, address):
        self.assertFalse(address.is_multicast or address.is_loopback or address.is_unspecified, address)
        if address.version == 4:
            self.assertTrue(1 <= int(address) >> 24 < 224, address)
            ours = ("10.0.0.0/8", "192.0.2.0/24", "198.18.0.0/15")
        else:
            ours = ("3fff::/20", "2001:db8::/32")
        self.assertFalse([net for net in ours if address in ipaddress.ip_network(net)], address)

    def test_an_ip6_subscriber_is_a_56(self):
        nets = {ipaddress.ip_network((int(frame.address("src")) >> 72 << 72, 56)) for frame in self.make("plain6", "--subscribers", 3, frames=100)}
        self.assertEqual({str(net) for net in nets}, {"3fff::/56", "3fff:0:0:100::/56", "3fff:0:0:200::/56"})

    def test_the_judge_sees_what_was_meant(self):
        # By a policy that blocks all but the relay: what each frame of a mix is comes out as its reason.
        keys = {"prefixes": PREFIXES, "subscribers": 5000}
        policy = plan.write_policy(self.path("policy.json"), pools=3, action="drop", **keys)
        prefixes = plan.prefix_file(self.path("prefixes"), PREFIXES, 5000)
        runs = [(mix, "subscriber", "dst", "blocked") for mix in MIXES] + [(mix, "network", "src", "mirror") for mix in ("dual", "v6ext")]
        for mix, side, end, refused in runs:
            with self.subTest(mix=mix, side=side):
                share = 1000 if mix == "flood" else 200
                args = (mix, "--prefixes", prefixes, "--subscribers", 5000, "--side", side, "--port25", share)
                frames, raw = self.make(*args, frames=500), self.bytes_of(*args, frames=500)
                mail = [frame for frame in frames if frame.port25(end)]
                relayed = sum(str(frame.address(end)) in (plan.RELAY4, plan.RELAY6) for frame in mail)
                tcp = sum("tcp" in frame.protocols for frame in frames)
                wanted = Counter({refused: len(mail) - relayed, "permit": relayed, "not_port25": tcp - len(mail), "not_tcp": len(frames) - tcp})
                self.assertEqual(self.reasons(policy, side, raw), +wanted)

    @staticmethod
    def reasons(policy, side, frames):
        """Why op25bctl would let each pass, or not."""
        done = subprocess.run([OP25BCTL, "-j", "policy", "explain", policy, "--frames", "--side", side], check=True, timeout=60,
                              input="".join(frame.hex() + "\n" for frame in frames), capture_output=True, text=True)
        return Counter(json.loads(line)["reason"] for line in done.stdout.splitlines())

    def test_without_a_file_they_are_those_of_one_prefix(self):
        same = self.path("a.pcap"), self.path("b.pcap")
        for out, args in zip(same, ((), ("--prefixes", plan.prefix_file(self.path("prefixes"), 1, 1 << 24)))):
            self.assertEqual(mkpcap("--mix", "dual", "--subscribers", 70000, *args, out).returncode, 0)
        with open(same[0], "rb") as one, open(same[1], "rb") as other:
            self.assertEqual(one.read(), other.read())
        for frame in self.make("dual", "--subscribers", 1000):  # as the policy of 1000 subscribers has it
            self.assertIn(frame.address("src"), [ipaddress.ip_network(found[0]) for found in plan.prefixes(1, 1000).values()][
                frame.address("src").version == 6])

    def test_same_bytes(self):
        with open(DIGESTS, encoding="ascii") as lines:
            wanted = dict(reversed(line.split()) for line in lines)
        self.assertEqual(digests(), wanted)

    def test_other_arguments_other_bytes(self):
        found = set()
        for args in ((), ("--seed", 2), ("--subscribers", 5), ("--port25", 20), ("--size", 65), ("--side", "network")):
            path = self.path("other.pcap")
            self.assertEqual(mkpcap("--mix", "plain4", *args, path).returncode, 0)
            with open(path, "rb") as capture:
                found.add(capture.read())
        self.assertEqual(len(found), 6)

    def test_errors(self):
        out, bad, ip4 = self.path("out.pcap"), self.path("bad"), self.path("ip4")
        with open(bad, "w", encoding="ascii") as lines:
            lines.write("10.0.0.0/9\n10.128.0.1/9\n")
        plan.prefix_file(ip4, 2, families=(4,))
        for args, part in (
                (("--mix", "plain5", out), 'there is no mix "plain5"'), ((out,), "it needs --mix"), (("--mix", "plain4"), "one file to write"),
                (("--mix", "plain4", "--size", 63, out), '--size: "63" is not a number from 64 to 1518'),
                (("--mix", "plain4", "--size", "jumbo", out), '"jumbo" is not a number'),
                (("--mix", "plain4", "--frames", 0, out), '--frames: "0" is not a number from 1 to'),
                (("--mix", "plain4", "--port25", 1001, out), "from 0 to 1000"), (("--mix", "plain4", "--side", "left", out), '"left" is neither'),
                (("--mix", "plain4", "--seed", "-1", out), '--seed: "-1" is not a number'),
                (("--mix", "plain4", "--subscribers", 1 << 25, out), "from 1 to 16777216"),
                (("--mix", "flood", "--port25", 10, out), "all port 25"), (("--mix", "plain4", "--prefixes", bad, out), f'{bad}:2: "10.128.0.1/9"'),
                (("--mix", "dual", "--prefixes", ip4, out), "needs IPv6"), (("--mix", "plain4", "--prefixes", self.path("none"), out), "cannot be opened"),
                (("--mix", "plain4", self.path("no/folder.pcap")), "cannot be made"), (("--mix", "plain4", "/dev/full"), "cannot be written")):
            with self.subTest(args=args):
                done = mkpcap(*args)
                self.assertIn(part, done.stderr)
                self.assertIn(done.returncode, (1, 2))
                self.assertFalse(os.path.exists(out))


class Policies(unittest.TestCase):
    def test_they_are_policies(self):
        for keys in ({}, {"prefixes": 10, "pools": 5}, {"prefixes": 100_000, "pools": 500, "action": "drop"}, {"clauses": 1}, {"clauses": 32}, {"wide": True},
                     {"subscribers": 1 << 24, "families": (4,)}, *({"action": action} for action in plan.ACTIONS)):
            with self.subTest(**keys), tempfile.TemporaryDirectory() as folder:
                path = plan.write_policy(os.path.join(folder, "policy.json"), **keys)
                done = subprocess.run([OP25BCTL, "policy", "check", path], capture_output=True, text=True, check=False, timeout=60)
                self.assertEqual(done.returncode, 0, done.stderr[-1000:])
                self.assertNotIn("warning", done.stdout + done.stderr)

    def test_prefixes(self):
        for count, subscribers in ((1, 1000), (1, 1 << 24), (2, 1000), (10, 1 << 20), (1000, 1 << 20), (100_000, 1 << 20), (100_000, 5)):
            with self.subTest(count=count, subscribers=subscribers):
                found = plan.prefixes(count, subscribers)
                nets = {family: [ipaddress.ip_network(prefix) for prefix in found[family]] for family in (4, 6)}
                self.assertEqual(sum(map(len, nets.values())), max(2, count))
                for family, home in ((4, plan.SUBSCRIBERS4), (6, plan.SUBSCRIBERS6)):
                    room = sum(1 << plan.KEY_BITS[family] - net.prefixlen for net in nets[family])
                    self.assertGreaterEqual(room, min(subscribers, plan.KEYS // 4))
                    self.assertTrue(all(net.subnet_of(home) for net in nets[family]))
                    self.assertEqual(len(list(ipaddress.collapse_addresses(nets[family]))), len(nets[family]))
        self.assertEqual(plan.prefixes(1, 1 << 20), {4: ["10.0.0.0/12"], 6: ["3fff::/36"]})
        self.assertEqual([plan.prefixes(1, count, (4,))[4][0] for count in (1000, 4 << 20, 1 << 24)], ["10.0.0.0/22", "10.0.0.0/10", "10.0.0.0/8"])
        self.assertEqual(plan.slots(1, 1 << 20), 2 << 20)

    def test_errors(self):
        for keys, part in (({"prefixes": 0}, "0 prefixes"), ({"prefixes": 7}, "7 prefixes"), ({"prefixes": 1 << 26}, "no room"),
                           ({"pools": 2}, "2 pools"), ({"clauses": 33}, "33 clauses"), ({"action": "shape"}, '"shape" is none of'),
                           ({"subscribers": (1 << 24) + 1}, "subscribers")):
            with self.subTest(**keys), self.assertRaisesRegex(ValueError, part):
                plan.policy(**keys)


if __name__ == "__main__":
    if sys.argv[1:] == ["--digests"]:
        print("".join(f"{digest}  {mix}\n" for mix, digest in digests().items()), end="")
    else:
        unittest.main()
