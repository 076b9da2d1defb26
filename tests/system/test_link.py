#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Hostile clients on op25b-dp's policy socket: whatever they send, it answers with a reason or hangs up, lives,
and the policy in force stays in force."""
import array
import fcntl
import os
import random
import socket
import struct
import sys

from box import Box, wait_for
from test_loss import POLICY

MAGIC, ABI, HELLO, OFFER = 0x4F50324C, 1, 1, 2
MESSAGE = struct.Struct("=IHHQIIQQQ3Q")  # struct op25b_link_msg
OUTCOMES = ["applied", "bad_message", "not_sealed", "bad_image", "old_generation"]
F_ADD_SEALS, ALL_SEALS = 1033, 0xF


def message(kind, magic=MAGIC, abi=ABI):
    return MESSAGE.pack(magic, abi, kind, 7, 0, 0, 0, 0, 0, 0, 0, 0)


def memfd(data, sealed=True):
    fd = os.memfd_create("image", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
    os.write(fd, data)
    if sealed:
        fcntl.fcntl(fd, F_ADD_SEALS, ALL_SEALS)
    return fd


def talk(path, data, fds=()):
    """One message on a fresh connection. The outcome's name, 'closed' for a hang-up, and descriptors received."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
        sock.settimeout(10)
        sock.connect(path)
        control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        sock.sendmsg([data], control)
        try:
            answer, got, _, _ = socket.recv_fds(sock, 4096, 8)
        except ConnectionResetError:
            return "closed", []
        if len(answer) != MESSAGE.size:
            return "closed", got
        return OUTCOMES[MESSAGE.unpack(answer)[4]], got


def image_in_force(path):
    outcome, fds = talk(path, message(HELLO))
    assert outcome == "applied" and len(fds) == 2, f"HELLO: {outcome}, {len(fds)} descriptors"
    data = os.pread(fds[1], os.fstat(fds[1]).st_size, 0)
    try:
        os.pwrite(fds[0], b"x", 0)
        raise AssertionError("the statistics can be written through the descriptor that is handed out")
    except OSError:
        pass
    for fd in fds:
        os.close(fd)
    return data


def offers(good):
    """(name, image, sealed, outcome wanted)"""
    yield "the image in force again", good, True, "old_generation"
    yield "not sealed", good, False, "not_sealed"
    yield "empty", b"", True, "bad_image"
    yield "noise", random.Random(1).randbytes(5000), True, "bad_image"
    for size in (1, 40, 135, len(good) // 2, len(good) - 1):
        yield f"cut at {size}", good[:size], True, "bad_image"
    for at in range(0, len(good), max(1, len(good) // 200)):
        # Not the generation: a changed one below or above is another matter, and the checksum leaves it out.
        if not 24 <= at < 32:
            yield f"byte {at} changed", good[:at] + bytes([good[at] ^ 0x55]) + good[at + 1:], True, "bad_image"


def check_offers(box, path):
    count = 0
    for name, image, sealed, wanted in offers(image_in_force(path)):
        fd = memfd(image, sealed)
        outcome, got = talk(path, message(OFFER), [fd])
        os.close(fd)
        assert outcome == wanted and not got, f"{name}: {outcome}, wanted {wanted}"
        count += 1
    print(f"# {count} offers refused")
    assert box.is_in_force()


def check_junk(path):
    rng = random.Random(2)
    pipe = os.pipe()
    for data, fds in [(b"x", ()), (message(OFFER), ()), (message(OFFER), pipe), (message(99), ()), (message(OFFER)[:-1], ()),
                      (message(HELLO, magic=1), ()), (message(HELLO, abi=9), ()), (message(HELLO), pipe * 4),
                      *((rng.randbytes(rng.randrange(1, 3000)), ()) for _ in range(300))]:
        talk(path, data, fds)
    for fd in pipe:
        os.close(fd)


def open_descriptors(box):
    pid = box.processes["op25b-dp"].pid
    return len(os.listdir(f"/proc/{pid}/fd"))


def main():
    with Box(POLICY) as box:
        box.start_daemon()
        box.start_dataplane()
        path = box.path("dp.sock")
        before, generation = open_descriptors(box), box.ctl("stats", "show")["dataplane"]["generation"]
        check_offers(box, path)
        check_junk(path)
        assert box.processes["op25b-dp"].poll() is None, f"op25b-dp ended: {box.log('op25b-dp')}"
        wait_for("descriptors are closed", lambda: open_descriptors(box) <= before)
        assert box.ctl("stats", "show")["dataplane"]["generation"] == generation
        first = box.processes["op25b-dp"]
        second = box.start("op25b-dp")
        box.processes["op25b-dp"] = first
        assert second.wait(30) == 1, "a second op25b-dp on the same run_dir started"
        assert box.is_in_force()
    return 0


if __name__ == "__main__":
    sys.exit(main())
