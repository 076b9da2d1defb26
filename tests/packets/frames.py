# SPDX-License-Identifier: BSD-3-Clause
"""Builders of frames for the packet table: correct ones by scapy, incorrect ones by saying what lies."""

import logging
import socket
import struct

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)  # "no IPv6 underlayer": meant so

from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6
from scapy.utils import checksum

SUBSCRIBER_MAC = bytes.fromhex("020000000001")
NETWORK_MAC = bytes.fromhex("020000000002")

CTAG, STAG, OLD_QINQ = 0x8100, 0x88A8, 0x9100
TCP_PROTO, FRAGMENT, AH = 6, 44, 51


def eth(ethertype, payload, tags=()):
    """An Ethernet II frame; tags are TPIDs, outermost first."""
    types = list(tags) + [ethertype]
    tagged = b"".join(struct.pack("!HH", 100 + i, t) for i, t in enumerate(types[1:]))
    return NETWORK_MAC + SUBSCRIBER_MAC + struct.pack("!H", types[0]) + tagged + payload


def tcp4(src, dst, dport=25, sport=40000, flags="S", **fields):
    """A TCP segment with its checksum."""
    data = fields.pop("data", b"")
    return bytes(IP(src=src, dst=dst) / TCP(dport=dport, sport=sport, flags=flags, **fields) / data)[20:]


def tcp6(src, dst, dport=25, sport=40000, flags="S", **fields):
    data = fields.pop("data", b"")
    return bytes(IPv6(src=src, dst=dst) / TCP(dport=dport, sport=sport, flags=flags, **fields) / data)[40:]


def ip4(src, dst, upper, proto=TCP_PROTO, options=b"", ihl=None, total=None, offset=0, more=False,
        version=4, ttl=64):
    """An IPv4 packet around upper; offset is in units of 8 bytes. ihl and total may lie."""
    words = 5 + len(options) // 4
    header = struct.pack(
        "!BBHHHBBH", version << 4 | (words if ihl is None else ihl), 0,
        20 + len(options) + len(upper) if total is None else total,
        0x2525, more << 13 | offset, ttl, proto, 0)
    header += bytes(map(int, src.split("."))) + bytes(map(int, dst.split("."))) + options
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + upper


def ip6(src, dst, upper, nh=TCP_PROTO, plen=None, version=6, hlim=64):
    """An IPv6 packet around upper, which may begin with extension headers. plen may lie."""
    return bytes(IPv6(src=src, dst=dst, nh=nh, version=version, hlim=hlim,
                      plen=len(upper) if plen is None else plen)) + upper


def ext(this, following, units=0, length=None):
    """An extension header of (units + 1) * 8 bytes, or an AH of 24. length is its length field."""
    if this == AH:
        return struct.pack("!BBHII", following, 4 if length is None else length, 0, 1, 1) + b"\xa5" * 12
    if this == 43:  # routing, experimental type 253, no segments left
        body = struct.pack("!BBI", 253, 0, 0) + b"\0" * (8 * units)
    elif this in (0, 60):  # one PadN option over the whole body
        body = bytes([1, 4 + 8 * units]) + b"\0" * (4 + 8 * units)
    else:
        body = b"\0" * (6 + 8 * units)
    return bytes([following, units if length is None else length]) + body


def fragment(following, offset=0, more=False):
    """An IPv6 fragment header; offset in units of 8 bytes."""
    return struct.pack("!BBHI", following, 0, offset << 3 | more, 0x25252525)


def chain(protos, upper, last=TCP_PROTO, units=0):
    """Extension headers of the given kinds, in order, then upper. Returns (first next header, bytes)."""
    out = b""
    for this, following in zip(protos, list(protos[1:]) + [last]):
        out += fragment(following) if this == FRAGMENT else ext(this, following, units)
    return (protos[0] if protos else last), out + upper


def pppoe(ppp, length=None, code=0, version_type=0x11):
    """The payload of EtherType 0x8864: ppp begins with the PPP protocol field."""
    return struct.pack("!BBHH", version_type, code, 0x2525,
                       len(ppp) if length is None else length) + ppp


def snap(ethertype, payload, oui=0x000000, length=None, llc=b"\xaa\xaa\x03"):
    """LLC/SNAP: (what stands where an EtherType would, the payload)."""
    body = llc + oui.to_bytes(3, "big") + struct.pack("!H", ethertype) + payload
    return (len(body) if length is None else length), body


def mpls(labels, payload, bottom=True):
    """A label stack, outermost first; with bottom=False no entry says that it is the last."""
    return b"".join(struct.pack("!I", label << 12 | (bottom and i == len(labels)) << 8 | 64)
                    for i, label in enumerate(labels, 1)) + payload


def udp(sport, dport, data=b""):
    """A UDP datagram without checksum."""
    return struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data


def routing(following, kind, left, stops=(), length=None):
    """An IPv6 routing header with its stops (RFC 8200 section 4.4)."""
    body = b"".join(socket.inet_pton(socket.AF_INET6, stop) for stop in stops)
    return struct.pack("!BBBBI", following, len(body) // 8 if length is None else length,
                       kind, left, 0) + body


def route_option(kind, stops, pointer=4):
    """An IPv4 source route option, padded to whole words (RFC 791 section 3.1)."""
    body = b"".join(map(socket.inet_aton, stops))
    option = bytes([kind, 3 + len(body), pointer]) + body
    return option + b"\0" * (-len(option) % 4)
