#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What can be said of scripts/pktgen without a generator or a NIC.

Every capture of captures.list can be made, and no frame is longer than Pktgen sends; scripts/pktgen/captures makes those
that are asked for, and policies that op25bctl takes; every line of the command files is a command as Pktgen 23.03 reads it
(its help and its tables of commands are the source of COMMANDS); what trex_mixes.py does before it needs TRex; and
docs/capacity-two-boxes.md names only files and captures that there are."""

import hashlib
import importlib.util
import os
import re
import subprocess
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
PKTGEN = os.path.join(TOP, "scripts/pktgen")
PAGE = os.path.join(TOP, "docs/capacity-two-boxes.md")
BUILD = os.environ.get("OP25B_BUILD", os.path.join(TOP, "build-test"))
MKPCAP, OP25BCTL = os.path.join(BUILD, "tests/bench/mkpcap"), os.path.join(BUILD, "control/cli/op25bctl")
LONGEST = 1514  # Pktgen cuts what is longer
PORTS, MAC, IP4 = r"(all|\d+(,\d+)*)", r"([0-9a-f]{2}:){5}[0-9a-f]{2}", r"\d+\.\d+\.\d+\.\d+"
COMMANDS = (
    rf"(start|stop) {PORTS}", rf"clear {PORTS} stats", r"sleep \d+", r"page main", rf"set {PORTS} (count|burst) \d+",
    rf"set {PORTS} rate \d+(\.\d+)?", rf"(enable|disable) {PORTS} (pcap|range|process)", rf"range {PORTS} (src|dst) mac( {MAC}){{4}}",
    rf"range {PORTS} (src|dst) ip( {IP4}){{4}}", rf"range {PORTS} proto (tcp|udp)", rf"range {PORTS} tcp flag (set|clr) (syn|ack|all)",
    rf"range {PORTS} (src|dst) port( \d+){{4}}", rf"range {PORTS} size( \d+){{4}}")


def load_profile():
    spec = importlib.util.spec_from_file_location("trex_mixes", os.path.join(PKTGEN, "trex_mixes.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def listed():
    """{name: arguments} of captures.list."""
    with open(os.path.join(PKTGEN, "captures.list"), encoding="ascii") as lines:
        rows = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    found = {row[0]: row[1:] for row in rows}
    assert len(found) == len(rows), "a name stands twice in captures.list"
    return found


class TwoBoxes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.profile = load_profile()

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def mkpcap(self, *args):
        path = self.path("made.pcap")
        done = subprocess.run([MKPCAP, *args, path], capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""), args)
        return path

    def captures(self, *names):
        return subprocess.run([os.path.join(PKTGEN, "captures"), *names], capture_output=True, text=True, check=False, timeout=120,
                              env=os.environ | {"OP25B_BUILD": BUILD})

    def test_every_capture_can_be_made(self):
        self.assertEqual(self.captures(self.folder, "plain4-64-hot").returncode, 0)  # which makes the prefixes, too
        for name, args in listed().items():
            with self.subTest(name=name):
                args = [self.path(arg) if arg.startswith("prefixes-") else arg for arg in args]
                frames = self.profile.read_frames(self.mkpcap(*args, "--frames", "600"), 600)  # the last --frames counts
                self.assertEqual(len(frames), 600)
                self.assertLessEqual(max(map(len, frames)), LONGEST)
                if "-hot" in name or "-port25-" in name:  # for TRex, too
                    self.assertLessEqual(int(args[args.index("--frames") + 1]), self.profile.STREAMS_MAX)

    def test_the_script_makes_what_is_asked_for(self):
        done = self.captures(self.folder, "plain4-64-hot", "qinq_pppoe-64-hot")
        self.assertEqual(done.returncode, 0, done.stderr)
        made = set(os.listdir(self.folder))
        self.assertEqual({name for name in made if name.endswith(".pcap")}, {"plain4-64-hot.pcap", "qinq_pppoe-64-hot.pcap"})
        with open(self.path("SHA256SUMS"), encoding="ascii") as lines:
            sums = dict(reversed(line.split()) for line in lines)
        self.assertEqual(set(sums), made - {"SHA256SUMS"})
        for name, digest in sums.items():
            with open(self.path(name), "rb") as file:
                self.assertEqual(hashlib.sha256(file.read()).hexdigest(), digest)
        policies = [name for name in made if name.startswith("policy-")]
        self.assertEqual(len(policies), 8)
        for name in policies:
            done = subprocess.run([OP25BCTL, "policy", "check", self.path(name)], capture_output=True, text=True, check=False, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr[-500:])

    def test_the_script_says_what_is_wrong(self):
        for args, part in (((), "usage:"), ((self.folder, "plain5-64-hot"), 'no capture "plain5-64-hot"')):
            done = self.captures(*args)
            self.assertEqual(done.returncode, 1)
            self.assertIn(part, done.stderr)

    def test_commands(self):
        files = [name for name in os.listdir(PKTGEN) if name.endswith(".pkt")]
        self.assertEqual(len(files), 5)
        for name in files:
            with open(os.path.join(PKTGEN, name), encoding="ascii") as lines:
                for line in map(str.rstrip, lines):
                    if line and not line.startswith("#"):
                        self.assertTrue([form for form in COMMANDS if re.fullmatch(form, line)], f"{name}: {line}")

    def test_profile_reads_frames(self):
        path = self.mkpcap("--mix", "flood", "--frames", "20")
        frames = self.profile.read_frames(path, 20)
        self.assertEqual(self.profile.first_frame(path), frames[0])
        # What a flood varies is where it says: each frame of mkpcap has values of these ranges there.
        for frame in frames:
            self.assertTrue(self.profile.is_plain4(frame, self.profile.TCP))
            for offset, (size, least, most) in self.profile.flood_ranges(1 << 20).items():
                value = int.from_bytes(frame[offset:offset + size], "big")
                if offset != self.profile.DESTINATION_AT:  # of which TRex takes a part only
                    self.assertTrue(least <= value <= most, (offset, value))
        self.assertEqual(frame[self.profile.PORT_AT + 2:self.profile.PORT_AT + 4], (25).to_bytes(2, "big"))

    def test_profile_says_what_is_wrong(self):
        with self.assertRaisesRegex(ValueError, "more than 19 frames"):
            self.profile.read_frames(self.mkpcap("--mix", "flood", "--frames", "20"), 19)
        with self.assertRaisesRegex(ValueError, "no capture that mkpcap"):
            self.profile.read_frames(os.path.join(PKTGEN, "captures.list"), 10)
        with self.assertRaisesRegex(ValueError, "needs UDP over IPv4"):
            self.profile.latency_frame(self.profile.read_frames(self.mkpcap("--mix", "qinq_pppoe"), 1000))
        with self.assertRaisesRegex(ValueError, "needs TCP over IPv4"):
            self.profile.register().get_streams(["--capture", self.mkpcap("--mix", "plain6"), "--flood", "5"])

    def test_profile_has_a_frame_for_latency(self):
        frame = self.profile.latency_frame(self.profile.read_frames(self.mkpcap("--mix", "plain4"), 1000))
        self.assertTrue(self.profile.is_plain4(frame, self.profile.UDP))

    def test_profile_as_trex_calls_it(self):
        # TRex refuses a profile of which an argument has no default, and reads tunables as a command line.
        code, defaults = self.profile.Profile.get_streams.__code__, self.profile.Profile.get_streams.__defaults__
        self.assertEqual(len(defaults), code.co_argcount - 1)
        chosen = self.profile.options(["--capture", "a.pcap", "--flood", "100", "--latency"])
        self.assertEqual((chosen.capture, chosen.flood, chosen.latency), ("a.pcap", 100, True))

    def test_the_page_names_what_there_is(self):
        with open(PAGE, encoding="utf-8") as page:
            text = page.read()
        for name in set(re.findall(r"\b((?:plain4|plain6|v6ext|qinq_pppoe|dual|flood)-[0-9a-z]*[0-9][a-z0-9-]+)", text)):
            self.assertIn(name, listed())
        for name in set(re.findall(r"scripts/pktgen/([A-Za-z0-9_.-]+[A-Za-z0-9_])", text)) | set(re.findall(r"\b([a-z-]+\.pkt)\b", text)):
            self.assertTrue(os.path.exists(os.path.join(PKTGEN, name)), name)
        for name in listed():
            if name.endswith(("-cold", "-hot")) and "-64-" in name:
                self.assertIn(name, text)


if __name__ == "__main__":
    unittest.main()
