# SPDX-License-Identifier: BSD-3-Clause
"""Two policies that can be told apart by what becomes of single frames, and the frames for it. Half of the prefixes are
left ones, half are right ones. By the first policy frames to port 25 of the left ones pass and those of the right ones are
dropped, by the other it is the other way round; the pools have other names in the other policy, so that even the counters
tell which of the two judged a frame."""
import ipaddress
import json
import struct

import plan

FIRST, OTHER = "first", "other"
SIDES = ("left", "right")
CLOSED4, CLOSED6 = "100.64.0.0/24", "2001:db8:c::/48"  # by both policies only the relay may be reached from there
FAR4, FAR6 = "203.0.113.7", "2400:cb00::7"
NUMBER_BYTES = 8  # change_load writes a number there
SYN, SYN_ACK, ACK = 0x02, 0x12, 0x10
FRAMES = 960  # of each side of the box, sent in turn
# op25b-policy(5): a limit that no frame of the load meets, so that subscribers have slots, as they have where limits are used.
LIMIT_CLAUSE = {"to": "partners", "do": "limit", "limit": "mass"}


def _clauses(last):
    return [{"to": "relay", "do": "permit"}, LIMIT_CLAUSE, {"to": "any", "do": last}]


def policy(which, count, pools):
    """One of the two, with so many prefixes, dealt to so many pools on the left and as many on the right."""
    found = plan.prefixes(count)
    made, stages = {"closed": {"kind": "dynamic", "v4": [CLOSED4], "v6": [CLOSED6]}}, []
    for number, side in enumerate(SIDES):
        names = [f"{side}{i}_{which}" for i in range(pools)]
        for i, name in enumerate(names):
            made[name] = {"kind": "dynamic"} | {f"v{family}": found[family][number::2][i::pools] for family in found}
        passes = (side == SIDES[0]) == (which == FIRST)
        stages.append({"id": f"{side}_{which}", "pools": names, "from": "always", "port25": _clauses("permit" if passes else "drop")})
    stages.append({"id": "closed", "pools": ["closed"], "from": "always", "port25": _clauses("drop")})
    return {"op25b": 1, "name": which, "limits": {"mass": plan.LIMIT}, "pools": made, "stages": stages,
            "sets": {"relay": [f"{plan.RELAY4}/32", f"{plan.RELAY6}/128"], "partners": ["198.18.0.0/24", "2001:db8:100::/48"]}}


def write_policies(ctx, count, pools):
    """Paths of both."""
    paths = []
    for which in (FIRST, OTHER):
        paths.append(ctx.path(f"change-{which}-{count}.json"))
        with open(paths[-1], "w", encoding="ascii") as out:
            json.dump(policy(which, count, pools), out)
    return paths


def impossible(pools):
    """[(pool, reason, frames)] of the statistics that neither policy brings about with this load: a frame was judged by the
    look-up of one and the clauses of the other."""
    wrong = []
    for name, reasons in pools.items():
        side, _, which = name.rstrip("_").partition("_")
        if which not in (FIRST, OTHER):
            continue
        passes = side.startswith(SIDES[0]) == (which == FIRST)
        wrong += [(name, reason, count) for reason, count in reasons.items() if reason == ("blocked" if passes else "permit")]
    return wrong


def _checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


def _frame(source, target, sport, dport, flags):
    macs = bytes.fromhex("020000000002020000000001")
    source, target = ipaddress.ip_address(source), ipaddress.ip_address(target)
    tcp = struct.pack("!HHIIBBHHH", sport, dport, 1, 1, 0x50, flags, 1024, 0, 0) + bytes(NUMBER_BYTES)
    if source.version == 6:
        head = struct.pack("!IHBB", 6 << 28, len(tcp), 6, 64) + source.packed + target.packed
        return macs + b"\x86\xdd" + head + tcp
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + source.packed + target.packed
    return macs + b"\x08\x00" + head[:10] + struct.pack("!H", _checksum(head)) + head[12:] + tcp


def _subscriber(found, number):
    """(address, is on the left) of one of a family's subscribers, each time of another prefix."""
    index = 2 * (number * 7919 % (len(found) // 2)) + number % 2
    return str(ipaddress.ip_network(found[index]).network_address), number % 2 == 0


def _flow(found, number):
    """(fate, family, subscriber's address, far address, port): five of eight frames tell which policy judged them."""
    family = 4 if number // 8 % 2 else 6
    far, relay = (FAR4, plan.RELAY4) if family == 4 else (FAR6, plan.RELAY6)
    closed = str(ipaddress.ip_network(CLOSED4 if family == 4 else CLOSED6)[9])
    address, is_left = _subscriber(found[family], number)
    return {5: ("x", address, far, 443), 6: ("x", closed, relay, 25), 7: ("n", closed, far, 25)}.get(
        number % 8, ("a" if is_left else "b", address, far, 25))


def write_frames(path, count):
    """The file of change_load. Returns the path."""
    found = plan.prefixes(count)
    with open(path, "w", encoding="ascii") as out:
        for number in range(FRAMES):
            fate, subscriber, far, port = _flow(found, number)
            out.write(f"0 {fate} {_frame(subscriber, far, 40000, port, SYN).hex()}\n")
            out.write(f"1 {fate} {_frame(far, subscriber, port, 40000, SYN_ACK).hex()}\n")
    return path
