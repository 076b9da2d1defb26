# SPDX-License-Identifier: BSD-3-Clause
"""The addresses of the bench, and policies over them. mkpcap has the same plan (mkpcap_who.c).

Subscribers live in 10.0.0.0/8, one an address, and in 3fff::/32 (RFC 9637), one a /56: subscriber n is 10.0.0.0 + n
and 3fff:: + (n << 72). The provider's own relay is 192.0.2.25 and 2001:db8:25::25. Hosts far away are anywhere but in
these, in 192.0.2.0/24 and in 198.18.0.0/15; over IPv6 they are in 2400::/6. With more prefixes than one a family, mkpcap
needs the file of prefix_file(): it spreads the subscribers over all of them.

As a program: plan.py policy|prefixes [--prefixes N] [--pools N] [--clauses N] [--action WORD] [--wide]
[--subscribers N] [--families 4,6] FILE"""

import argparse
import ipaddress
import json

RELAY4, RELAY6 = "192.0.2.25", "2001:db8:25::25"
SUBSCRIBERS4, SUBSCRIBERS6 = ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("3fff::/32")
SUBSCRIBER_MAC, NETWORK_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"
KEY_BITS = {4: 32, 6: 56}
KEYS = 1 << 24  # subscribers for whom there is room in either family: bits from the prefix above to the key
SUBSCRIBERS = 1 << 20  # as mkpcap has it
POOLS_MAX, CLAUSES_MAX = 510, 32
ACTIONS = ("permit", "drop", "rst", "icmp_admin", "monitor", "limit")
# Thirty connections at once, then one every twenty seconds.
LIMIT = {"key": "address", "count": "tcp_syn", "max": 30, "window_s": 600, "over": "drop"}
# The same work, but nobody ever goes over it: then what does not come out again was lost.
WIDE_LIMIT = LIMIT | {"max": 1_000_000, "window_s": 1}


def _power_of_2(number):
    """The least that is not below the number."""
    return 1 << (number - 1).bit_length()


def _sizes(count, subscribers):
    """[(first subscriber, subscribers)] of so many prefixes of a family: powers of two that have room for all
    together, some half, some double that size, since pools are not all alike. Behind each is a gap of its size or more,
    so that no two could be written as one."""
    stride = KEYS // _power_of_2(count)
    if stride < 2:
        raise ValueError(f"there is no room for {count} prefixes of one family: at most {KEYS // 2}")
    usual = _power_of_2(-(-subscribers // count))
    return [(i * stride, max(1, min(stride // 2, usual * (1, 2, 4)[i % 3] // 2))) for i in range(count)]


def prefixes(count=1, subscribers=SUBSCRIBERS, families=(4, 6)):
    """{family: [prefix, ...]}. One prefix means one of each family, which holds the subscribers, up to a power of two;
    of more, each family has its share."""
    if not 1 <= subscribers <= KEYS:
        raise ValueError(f"{subscribers} subscribers: 1 to {KEYS} are allowed")
    if count != 1 and (count < len(families) or count % len(families)):
        raise ValueError(f"{count} prefixes cannot be shared by {len(families)} families")
    each = 1 if count == 1 else count // len(families)
    sizes = [(0, _power_of_2(subscribers))] if each == 1 else _sizes(each, subscribers)
    found = {}
    for family in families:
        net, shift = (SUBSCRIBERS4, 0) if family == 4 else (SUBSCRIBERS6, 72)
        base, make = int(net.network_address), ipaddress.IPv4Address if family == 4 else ipaddress.IPv6Address
        found[family] = [f"{make(base + (first << shift))}/{KEY_BITS[family] - size.bit_length() + 1}" for first, size in sizes]
    return found


def prefix_file(path, count=1, subscribers=SUBSCRIBERS, families=(4, 6)):
    """Writes them for mkpcap --prefixes, one a line, and returns the path."""
    with open(path, "w", encoding="ascii") as out:
        for lines in prefixes(count, subscribers, families).values():
            out.write("".join(line + "\n" for line in lines))
    return path


def slots(count=1, subscribers=SUBSCRIBERS, families=(4, 6)):
    """Subscriber slots that a policy with a limit on them needs."""
    return sum(1 << KEY_BITS[family] - int(prefix.split("/")[1])
               for family, found in prefixes(count, subscribers, families).items() for prefix in found)


def _clauses(count, action):
    """The last says what is done; in front of it the own relay is permitted, and in front of that there are destinations
    to which nothing is sent. (sets, clauses)"""
    if not 1 <= count <= CLAUSES_MAX:
        raise ValueError(f"{count} clauses: 1 to {CLAUSES_MAX} are allowed")
    if action not in ACTIONS:
        raise ValueError(f'"{action}" is none of {", ".join(ACTIONS)}')
    others = {f"other{i}": [f"198.18.{i}.0/24", f"2001:db8:{0x100 + i:x}::/48"] for i in range(count - 2)}
    sets = others | ({"relay": [f"{RELAY4}/32", f"{RELAY6}/128"]} if count > 1 else {})
    last = {"limit": {"limit": "mass"}, "monitor": {"as": "drop"}}.get(action, {})
    return sets, [{"to": name, "do": "permit"} for name in sets] + [{"to": "any", "do": action} | last]


def policy(*, prefixes=1, pools=1, clauses=2, action="limit", wide=False, subscribers=SUBSCRIBERS, families=(4, 6), name="bench"):
    """A policy as JSON has it. Prefixes are dealt to the pools in turn, so that every pool has some of all of them. With
    wide, a limit is one that nobody reaches."""
    found = _prefixes(prefixes, subscribers, families)
    if not 1 <= pools <= min(POOLS_MAX, len(found[families[0]])):
        raise ValueError(f"{pools} pools: 1 to {POOLS_MAX} are allowed, and no more than prefixes of a family")
    sets, port25 = _clauses(clauses, action)
    names = [f"pool{i}" for i in range(pools)]
    made = {"op25b": 1, "name": name, "sets": sets,
            "pools": {pool: {"kind": "dynamic"} | {f"v{family}": found[family][i::pools] for family in families}
                      for i, pool in enumerate(names)}}
    if action == "limit":
        made["limits"] = {"mass": WIDE_LIMIT if wide else LIMIT}
    return made | {"stages": [{"id": "bench", "pools": names, "from": "always", "port25": port25}]}


_prefixes = prefixes  # which policy() has an argument of that name for


def write_policy(path, **keys):
    """policy(), as a file. Returns the path."""
    with open(path, "w", encoding="ascii") as out:
        json.dump(policy(**keys), out)
    return path


def main():
    parser = argparse.ArgumentParser(description="Writes a policy of the bench, or the prefixes of its subscribers for mkpcap.")
    parser.add_argument("what", choices=("policy", "prefixes"))
    for option, default in (("prefixes", 1), ("pools", 1), ("clauses", 2), ("subscribers", SUBSCRIBERS)):
        parser.add_argument("--" + option, type=int, default=default, metavar="N", help=f"{default} if not given")
    parser.add_argument("--action", choices=ACTIONS, default="limit", help="of the last clause; limit if not given")
    parser.add_argument("--wide", action="store_true", help="with a limit that nobody reaches")
    parser.add_argument("--families", choices=("4", "6", "4,6"), default="4,6", help="4,6 if not given")
    parser.add_argument("file")
    args = parser.parse_args()
    families = tuple(int(family) for family in args.families.split(","))
    try:
        if args.what == "prefixes":
            prefix_file(args.file, args.prefixes, args.subscribers, families)
        else:
            write_policy(args.file, prefixes=args.prefixes, pools=args.pools, clauses=args.clauses, action=args.action,
                         wide=args.wide, subscribers=args.subscribers, families=families)
    except (OSError, ValueError) as error:
        parser.exit(1, f"plan.py: {error}\n")


if __name__ == "__main__":
    main()
