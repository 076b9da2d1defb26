# SPDX-License-Identifier: BSD-3-Clause
"""What an access network puts around an IP packet: every encapsulation that the box answers through.

wrap() builds a whole frame; unwrap() gives the packet back only if every byte around it is what wrap() would have
put there: lengths, tags, session, labels, outer addresses, padding.
"""
import socket
import struct
from typing import NamedTuple

from box import NET_MAC, SUB_MAC

CTAG, STAG, OLD_QINQ = 0x8100, 0x88A8, 0x9100
TPIDS = (CTAG, STAG, OLD_QINQ)
TYPES = {4: 0x0800, 6: 0x86DD}
PPPOE, MPLS = 0x8864, 0x8847
PPP = {"": {4: b"\x00\x21", 6: b"\x00\x57"}, "compressed": {4: b"\x21", 6: b"\x57"},
       "ff03": {4: b"\xff\x03\x00\x21", 6: b"\xff\x03\x00\x57"},
       "ff03 compressed": {4: b"\xff\x03\x21", 6: b"\xff\x03\x57"}}
RFC1042, BRIDGE_TUNNEL = b"\0\0\0", b"\0\0\xf8"
EXPLICIT_NULL = {4: 0, 6: 2}  # RFC 3032 section 2.1
SESSION = 0x2525
SENT_HOPS, ANSWER_HOPS = 200, 64  # of MPLS and of the outer IPv6 header
IP6_BYTES, ETH_BYTES, ETH_MIN_BYTES = 40, 14, 60


class Encap(NamedTuple):
    name: str
    tags: tuple = ()  # TPIDs, outermost first
    snap: bytes = None  # OUI of LLC/SNAP
    ppp: dict = None  # inside a PPPoE session: the PPP header by IP version
    labels: int = 0  # MPLS, all explicit null
    softwire: tuple = None  # (subscriber's end, provider's end) of IPv4 in IPv6

    def carries(self, version):
        return version == 4 or not self.softwire

    def _outer(self, packet, to_network, hops):
        ends = [socket.inet_pton(socket.AF_INET6, end) for end in self.softwire]
        return struct.pack("!IHBB", 6 << 28, len(packet), 4, hops) + b"".join(ends if to_network else ends[::-1])

    def _labels(self, version, hops):
        last = self.labels - 1
        return b"".join(struct.pack("!I", EXPLICIT_NULL[version] << 12 | (i == last) << 8 | hops) for i in range(self.labels))

    def _framed(self, packet, to_network, hops):
        """(EtherType or length, what comes behind it)."""
        if self.softwire:
            packet = self._outer(packet, to_network, hops) + packet
        version = packet[0] >> 4
        kind = TYPES[version]
        if self.labels:
            kind, packet = MPLS, self._labels(version, hops) + packet
        if self.ppp:
            ppp = self.ppp[version] + packet
            kind, packet = PPPOE, struct.pack("!BBHH", 0x11, 0, SESSION, len(ppp)) + ppp
        if self.snap is not None:
            packet = b"\xaa\xaa\x03" + self.snap + struct.pack("!H", kind) + packet
            kind = len(packet)
        return kind, packet

    def wrap(self, packet, to_network, hops=SENT_HOPS):
        kind, payload = self._framed(packet, to_network, hops)
        types = list(self.tags) + [kind]
        tags = b"".join(struct.pack("!HH", 0x2000 + 100 + i, t) for i, t in enumerate(types[1:]))
        macs = NET_MAC + SUB_MAC if to_network else SUB_MAC + NET_MAC
        return (macs + struct.pack("!H", types[0]) + tags + payload).ljust(ETH_MIN_BYTES, b"\0")

    def _packet_offset(self, version):
        outer = 6 if self.softwire else version
        return (ETH_BYTES + 4 * len(self.tags) + (8 if self.snap is not None else 0) + 4 * self.labels
                + (6 + len(self.ppp[outer]) if self.ppp else 0) + (IP6_BYTES if self.softwire else 0))

    def unwrap(self, frame, version, to_network, hops):
        """The IP packet in the frame, or None if anything around it is not as it should be."""
        packet = frame[self._packet_offset(version):]
        if len(packet) < (20 if version == 4 else IP6_BYTES) or packet[0] >> 4 != version:
            return None
        length = struct.unpack("!H", packet[2:4])[0] if version == 4 else IP6_BYTES + struct.unpack("!H", packet[4:6])[0]
        packet = packet[:length]
        return packet if len(packet) == length and self.wrap(packet, to_network, hops) == frame else None


def encapsulations(softwire):
    """All of them; softwire: the two ends of the one that the policy opens."""
    tagged = {f"{count} tags {tpid:04x}": (tpid,) * count for tpid in TPIDS for count in (1, 2, 3)}
    tagged["QinQ"] = (STAG, CTAG)
    tagged["three kinds of tags"] = (OLD_QINQ, STAG, CTAG)
    yield Encap("plain")
    for name, tags in tagged.items():
        yield Encap(name, tags)
    for kind, ppp in PPP.items():
        for place, tags in (("", ()), ("in a VLAN", (CTAG,)), ("in QinQ", (STAG, CTAG))):
            yield Encap(" ".join(filter(None, ("PPPoE", kind, place))), tags, ppp=ppp)
    yield Encap("LLC/SNAP", snap=RFC1042)
    yield Encap("LLC/SNAP, bridge tunnel", snap=BRIDGE_TUNNEL)
    yield Encap("LLC/SNAP in QinQ", (STAG, CTAG), snap=RFC1042)
    yield Encap("PPPoE in LLC/SNAP", snap=RFC1042, ppp=PPP[""])
    for labels in (1, 2, 3):
        yield Encap(f"MPLS {labels}", labels=labels)
    yield Encap("MPLS 2 in a VLAN", (CTAG,), labels=2)
    yield Encap("softwire", softwire=softwire)
    yield Encap("softwire in QinQ", (STAG, CTAG), softwire=softwire)
    yield Encap("softwire in PPPoE", ppp=PPP[""], softwire=softwire)
    yield Encap("softwire in PPPoE in a VLAN", (CTAG,), ppp=PPP[""], softwire=softwire)
    yield Encap("softwire in compressed PPP", ppp=PPP["compressed"], softwire=softwire)
    yield Encap("softwire in MPLS 1", labels=1, softwire=softwire)
