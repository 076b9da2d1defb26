#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""scripts/replay with a million frames of every kind that the packet table knows, and jumbo frames among them: each
total by reason is what the table says, and what passes is in OUT, byte for byte and in order."""
import json
import mmap
import os
import struct
import sys
import tempfile
import time

from box import TOP
from test_replay import call_replay

PACKETS = os.path.join(TOP, "tests/packets")
sys.path.insert(0, PACKETS)

# pylint: disable=wrong-import-position
from frames import CTAG, STAG, eth, ip4, ip6, pppoe, tcp4, tcp6  # noqa: E402
from rows import ROWS  # noqa: E402
from select_rows import reasons, rows_by_port  # noqa: E402
from table import DYN, DYN6, MX, MX6, NET, NOW, REF, REF6, RELAY, SUB, seg4, seg6  # noqa: E402

MILLION = 1_000_000
PCAP_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
RECORD = struct.Struct("<IIII")
LARGEST = b"x" * 16000  # net_pcap writes frames of up to 16128 bytes
JUMBO = b"x" * 9000


def jumbo_rows():
    """(side, frame, reason): frames of several buffers."""
    data = {"data": JUMBO}
    refused = ip4(REF, MX, tcp4(REF, MX, flags="A", **data))
    return [
        (SUB, seg4(DYN, MX, **data), "DROP_BLOCKED"),
        (SUB, seg4(DYN, MX, 587, data=LARGEST), "PASS_NOT_PORT25"),
        (SUB, seg4(DYN, RELAY, tags=(STAG, CTAG), flags="A", **data), "PASS_PERMIT"),
        (SUB, seg4(REF, MX, flags="A", **data), "ANSWER_RST"),
        (SUB, seg6(REF6, MX6, flags="A", **data), "ANSWER_RST"),
        (SUB, eth(0x8864, pppoe(b"\0\x21" + refused), (CTAG,)), "ANSWER_RST"),
        (SUB, seg6(DYN6, MX6, **data), "DROP_BLOCKED"),
        (SUB, eth(0x86DD, ip6(DYN6, MX6, tcp6(DYN6, MX6, 465, **data))), "PASS_NOT_PORT25"),
        (NET, seg4(MX, DYN, 40000, sport=25, flags="A", **data), "DROP_MIRROR"),
        (NET, seg4(MX, DYN, 40000, sport=443, flags="A", **data), "PASS_NOT_PORT25"),
    ]


def rows_and_jumbo_rows(number, policy):
    """(side, pair) -> [(frame, reason)] of the rows that are run by that policy."""
    ports, left_out = rows_by_port(number, policy)
    if number == 0:
        for side, frame, reason in jumbo_rows():
            ports[side, 0].append((frame, reason))
    print(f"# policy {number}: {sum(map(len, ports.values()))} kinds of frames; {left_out} rows of limited pools left out")
    return ports


def write_capture(path, rows, count):
    records = [RECORD.pack(0, 0, len(frame), len(frame)) + frame for frame, _ in rows]
    whole = b"".join(records)
    with open(path, "wb") as out:
        out.write(PCAP_HEADER)
        for _ in range(count // len(rows)):
            out.write(whole)
        out.write(b"".join(records[:count % len(rows)]))


def expected_totals(rows, count, names):
    totals = {"received": count, "forwarded": 0, "answered": 0, "passed": {}, "dropped": {}, "answers": {}}
    for index, (_, reason) in enumerate(rows):
        times = count // len(rows) + (index < count % len(rows))
        verdict, name = names[reason]
        total, group = {"PASS": ("forwarded", "passed"), "DROP": (None, "dropped"), "ANSWER": ("answered", "answers")}[verdict]
        if total:
            totals[total] += times
        if times:
            totals[group][name] = totals[group].get(name, 0) + times
    return totals


def first_difference(path, rows, count, names):
    """None if OUT has exactly the frames that pass, in order; otherwise what is wrong."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at, size = len(PCAP_HEADER), len(data)
        for number in range(count):
            frame, reason = rows[number % len(rows)]
            if names[reason][0] != "PASS":
                continue
            end = at + RECORD.size + len(frame)
            if end > size or RECORD.unpack_from(data, at)[2:] != (len(frame), len(frame)):
                return f"frame {number} ({reason}) is missing or of another length: {frame[:64].hex()}"
            if data[at + RECORD.size:end] != frame:
                return f"frame {number} ({reason}) is changed: {frame[:64].hex()}"
            at = end
        return None if at == size else f"{size - at} bytes more than what passes"


def check(policy_path, port, rows, count, names):
    side, pair = ("subscriber" if port[0] == SUB else "network"), port[1]
    what = f"{count} frames of {len(rows)} kinds, {side}, pair {pair}"
    with tempfile.TemporaryDirectory() as folder:
        source, out, stats = (os.path.join(folder, name) for name in ("in.pcap", "out.pcap", "stats.json"))
        write_capture(source, rows, count)
        began = time.monotonic()
        done = call_replay(policy_path, source, "--out", out, "--from", side, "--stats", stats, "--at", NOW,
                           "--pair", ("east", "west")[pair], "--l2-doubt", ("pass", "drop")[pair])
        seconds = time.monotonic() - began
        assert done.returncode == 0, f"{what}: {done.stdout}{done.stderr}"
        with open(stats, encoding="utf-8") as file:
            totals = json.load(file)
        wanted = expected_totals(rows, count, names)
        wrong = [f"{key}: {totals.get(key)}, not {wanted[key]}" for key in wanted if totals.get(key) != wanted[key]]
        assert not wrong and totals.keys() == wanted.keys(), f"{what}: {'; '.join(wrong)}"
        difference = first_difference(out, rows, count, names)
        assert not difference, f"{what}: {difference}"
        print(f"# {what}: {os.path.getsize(source) >> 20} MiB in {seconds:.1f} s, {totals['forwarded']} forwarded, "
              f"{totals['answered']} answered, {sum(totals['dropped'].values())} dropped")


def main():
    names = reasons()
    for number, name in enumerate(("policy.json", "policy_next.json")):
        path = os.path.join(PACKETS, name)
        if not any(row.policy == number for row in ROWS):
            continue
        with open(path, encoding="utf-8") as file:
            ports = rows_and_jumbo_rows(number, json.load(file))
        for port, rows in ports.items():
            check(path, port, rows, MILLION if port == (SUB, 0) and number == 0 else 20 * len(rows), names)
    return 0


if __name__ == "__main__":
    sys.exit(main())
