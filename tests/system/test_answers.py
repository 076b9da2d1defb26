#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What refuses a connection, seen by a real Linux TCP stack through every encapsulation; and who gets no answer."""
import errno
import socket
import sys
import time

import box as boxlib
from box import Box
from encap import encapsulations
from stack import Listener, Stack, Wire

AFTR = "2001:db8:aff::1"
# pool -> (IPv4 address, IPv6 address, subscriber's end of the softwire, what the clause does)
POOLS = {"reset": ("198.51.100.10", "2001:db8:1000::10", "2001:db8:1000::b4", "rst"),
         "admin": ("198.51.100.74", "2001:db8:2000::10", "2001:db8:2000::b4", "icmp_admin")}
B4 = "192.0.0.2"  # RFC 6333 section 5.7: the subscriber's inner address in every softwire
MX, MX6, RELAY, RELAY6 = "192.0.2.25", "2001:db8:9::25", "203.0.113.25", "2001:db8:25::25"
WEST = "198.51.100.200"
# What the kernel makes of each answer: tcp_reset(), icmp_err_convert[] and tab_unreach[] in its sources.
ERRORS = {("rst", 4): errno.ECONNREFUSED, ("rst", 6): errno.ECONNREFUSED,
          ("icmp_admin", 4): errno.EHOSTUNREACH, ("icmp_admin", 6): errno.EACCES}
TCP_RST = 0x04
ROUTER_ALERT = b"\x94\x04\0\0"  # RFC 2113
PADDED_OPTIONS = b"\0\0\x01\x04\0\0\0\0"  # RFC 8200 section 4.6, one PadN


def policy(reset="rst", admin="icmp_admin"):
    def stage(pool, action):
        return {"id": pool, "pools": [pool], "from": "always",
                "port25": [{"to": "relay", "do": "permit"}, {"to": "any", "do": action}]}
    return {
        "op25b": 1, "name": "answers", "tz": "Asia/Tokyo", "softwires": [AFTR + "/128"],
        "sets": {"relay": [RELAY + "/32", RELAY6 + "/128"]},
        "pools": {"reset": {"kind": "dynamic", "v4": ["198.51.100.0/26"], "v6": ["2001:db8:1000::/48"]},
                  "admin": {"kind": "dynamic", "v4": ["198.51.100.64/26"], "v6": ["2001:db8:2000::/48"]},
                  "west": {"kind": "dynamic", "v4": ["198.51.100.192/26"], "pairs": ["west"]}},
        "stages": [stage("reset", reset), stage("admin", admin), stage("west", "rst")]}


PAIRS = [{"name": "east", "subscriber": boxlib.port("sub"), "network": boxlib.port("net")},
         {"name": "west", "subscriber": "net_null0,no-rx=1", "network": "net_null1,no-rx=1"}]


def open_box(**config):
    # A slow machine must not make the guard take over: it sends no answers.
    return Box(policy(), pairs=PAIRS, heartbeat_max_age_ms=10000, **config)


def is_smtp(packet):
    """Whether it is TCP to port 25, without options in between."""
    proto, upper = (packet[9], packet[20:]) if packet[0] >> 4 == 4 else (packet[6], packet[40:])
    return proto == socket.IPPROTO_TCP and upper[2:4] == b"\0\x19"


def answer_is(packet, action):
    """Whether the packet is that answer."""
    version, proto = packet[0] >> 4, packet[9] if packet[0] >> 4 == 4 else packet[6]
    upper = packet[20 if version == 4 else 40:]
    if action == "rst":
        return proto == 6 and upper[13] & TCP_RST
    return (proto, *upper[:2]) == ((1, 3, 13) if version == 4 else (58, 1, 1))


def set_options(sock):
    """A router alert in each IPv4 header; a destination options header in each IPv6 one."""
    if sock.family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, ROUTER_ALERT)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_DSTOPTS, PADDED_OPTIONS)


def connect(wire, source, target, port, prepare=lambda sock: None):
    """(errno, seconds) of a connection attempt of the real stack; 0: connected, and an echo came back."""
    sock = wire.subscriber.socket(source)
    sock.settimeout(20)
    prepare(sock)
    began = time.monotonic()
    try:
        sock.connect((target, port))
        sock.sendall(b"EHLO there")
        assert sock.recv(100) == b"EHLO there", "the echo is not what was sent"
        return 0, time.monotonic() - began
    except OSError as error:
        return error.errno or "timeout", time.monotonic() - began
    finally:
        sock.close()


def check_refusal(wire, encap, action, source, target):
    version = 6 if ":" in source else 4
    what = f"{encap.name}, {action}, IPv{version}"
    wire.encap = encap
    seen, leaked = len(wire.answers), len(wire.network.received)
    code, seconds = connect(wire, source, target, 25)
    wanted = ERRORS[action, version]
    assert code == wanted, f"{what}: port 25 ends with {errno.errorcode.get(code, code)}, not {errno.errorcode[wanted]}; {wire.faults}"
    answers = wire.answers[seen:]
    # More than one if the machine is so slow that the stack has asked again.
    assert answers and all(answer_is(answer, action) for answer in answers), f"{what}: answers {[a.hex() for a in answers]}"
    smtp = [frame.hex() for frame in wire.network.received[leaked:] if is_smtp(wire.subscriber.sent[frame])]
    assert not smtp, f"{what}: passed {smtp}"
    code, _ = connect(wire, source, target, 587)
    assert code == 0, f"{what}: port 587 ends with {errno.errorcode.get(code, code)}; {wire.faults}"
    assert not wire.faults, f"{what}: neither forwarded as sent nor a right answer: {wire.faults}"
    return seconds


def check_refusals(wire):
    slowest = {}
    for pool, (v4, v6, end, action) in POOLS.items():
        for encap in encapsulations((end, AFTR)):
            # In a softwire the pool is that of the outer address, and the inner one is everybody's.
            cases = [(B4, MX)] if encap.softwire else [(v4, MX), (v6, MX6)]
            for source, target in cases:
                seconds = check_refusal(wire, encap, action, source, target)
                slowest[pool] = max(slowest.get(pool, (0, "")), (seconds, encap.name))
    for pool, (seconds, name) in slowest.items():
        print(f"# {pool}: {len(list(encapsulations(('', ''))))} encapsulations, slowest refusal {seconds * 1000:.1f} ms ({name})")


def check_options(wire, encap):
    """What stands between IP and TCP is quoted, or left out, so that the stack finds its connection."""
    wire.encap = encap
    for v4, v6, _, action in POOLS.values():
        for source, target in ((v4, MX), (v6, MX6)):
            version, before = 6 if ":" in source else 4, len(wire.subscriber.sent)
            code, _ = connect(wire, source, target, 25, set_options)
            assert code == ERRORS[action, version], f"{action}, IPv{version}, options: {errno.errorcode.get(code, code)}; {wire.faults}"
            seen = list(wire.subscriber.sent.values())[before:]
            assert any(p[0] == 0x46 if version == 4 else p[6] == 60 for p in seen), f"options were not sent: {[p.hex() for p in seen]}"
            code, _ = connect(wire, source, target, 587, set_options)
            assert code == 0 and not wire.faults, f"{action}, IPv{version}, options, 587: {code}; {wire.faults}"


def load_policy(the_box, **actions):
    the_box.write_policy(policy(**actions))
    the_box.ctl("policy", "load", the_box.path("policy.json"))


def check_cut(the_box, wire, encap, source, target):
    """A connection that was permitted is reset by its first segment after the policy has changed."""
    wire.encap = encap
    load_policy(the_box, reset="permit")
    sock = wire.subscriber.socket(source)
    sock.settimeout(20)
    sock.connect((target, 25))
    sock.sendall(b"EHLO there")
    assert sock.recv(100) == b"EHLO there", "the echo is not what was sent"
    load_policy(the_box)
    seen = len(wire.answers)
    began = time.monotonic()
    sock.sendall(b"MAIL FROM:<a@example.com>")
    try:
        code = len(sock.recv(100))
    except OSError as error:
        code = error.errno or "timeout"
    seconds = time.monotonic() - began
    sock.close()
    assert code == errno.ECONNRESET, f"{encap.name}: an established connection ends with {errno.errorcode.get(code, code)}; {wire.faults}"
    assert answer_is(wire.answers[seen], "rst") and not wire.faults, f"{encap.name}: {wire.faults}"
    print(f"# established, {encap.name}, {source}: reset after {seconds * 1000:.1f} ms")


def check_stacks(the_box):
    addresses = [a for v4, v6, _, _ in POOLS.values() for a in (v4, v6)] + [B4]
    subscriber, network = Stack(the_box, "sub", addresses), Stack(the_box, "net", [MX, MX6])
    try:
        with Wire(subscriber, network) as wire, Listener(network, [MX, MX6], [25, 587]):
            check_refusals(wire)
            v4, v6, end, _ = POOLS["reset"]
            kinds = {encap.name: encap for encap in encapsulations((end, AFTR))}
            check_options(wire, kinds["plain"])
            for name in ("plain", "PPPoE in QinQ"):
                check_cut(the_box, wire, kinds[name], v4, MX)
                check_cut(the_box, wire, kinds[name], v6, MX6)
            check_cut(the_box, wire, kinds["softwire in PPPoE in a VLAN"], B4, MX)
    finally:
        subscriber.close()
        network.close()


def main():
    with open_box() as the_box:
        the_box.start_daemon()
        the_box.start_dataplane()
        check_stacks(the_box)
    return 0


if __name__ == "__main__":
    sys.exit(main())
