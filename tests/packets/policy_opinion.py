# SPDX-License-Identifier: BSD-3-Clause
"""A second, slow reading of the table's policies: which reasons are right for TCP from or to port 25
between two addresses, and which addresses end a softwire. Knows nothing of frames, images, tables or slots."""

import datetime
import ipaddress
import json
import pathlib

from table import NET, NOW

HERE = pathlib.Path(__file__).resolve().parent
PAIRS = ("east", "west")
REFUSALS = {"drop": {"DROP_BLOCKED"}, "rst": {"ANSWER_RST", "DROP_UNANSWERED"}, "icmp_admin": {"ANSWER_ICMP", "DROP_UNANSWERED"}}
MONITORS = {"drop": "PASS_MONITOR_DROP", "rst": "PASS_MONITOR_RST", "icmp_admin": "PASS_MONITOR_ICMP"}
OVERS = {"drop": {"DROP_LIMIT_OVER", "DROP_LIMIT_HELD"}, "rst": {"ANSWER_LIMIT", "DROP_UNANSWERED"},
         "icmp_admin": {"ANSWER_LIMIT_ICMP", "DROP_UNANSWERED"}}


def moment(text):
    """A time of the policies, which is a date or a local time in Japan; or with its offset."""
    time = datetime.datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=9)))


def is_in_force(grant):
    return moment(grant["from"]) <= moment(NOW) < moment(grant["until"])


def listed(one_or_more):
    return [one_or_more] if isinstance(one_or_more, str) else one_or_more


class Policy:
    def __init__(self, name):
        self.text = json.loads((HERE / name).read_text(encoding="utf-8"))
        self.clauses = {pool: stage["port25"] for stage in self.text["stages"] for pool in stage["pools"]}
        self.draining = {pool for stage in self.text["stages"] for pool in stage["pools"] if "drain_min" in stage and moment(NOW)
                         < moment(stage["from"]) + datetime.timedelta(minutes=stage["drain_min"])}

    def owner(self, address, kind):
        """The pool, or infrastructure, with the longest prefix around the address, and how long that is; or None."""
        found = [(prefix.prefixlen, name) for name, owner in self.text[kind].items()
                 for prefix in map(ipaddress.ip_network, owner.get("v4", []) + owner.get("v6", []))
                 if address in prefix]
        return max(found) if found else (0, None)

    def infra(self, address):
        """The infrastructure that the address is; nothing is nested in its prefixes."""
        return self.text["infra"].get(self.owner(address, "infra")[1])

    def pool(self, address):
        return None if self.infra(address) else self.owner(address, "pools")[1]

    def grants(self, kind, address):
        """Those in force for the address, the one with the longest prefix first."""
        found = [(prefix.prefixlen, at, grant) for at, grant in enumerate(self.text[kind]) if is_in_force(grant)
                 for prefix in map(ipaddress.ip_network, listed(grant["match"]["prefix"])) if address in prefix]
        return [grant for _, _, grant in sorted(found, reverse=True)]

    def is_in(self, address, sets):
        return any(address in ipaddress.ip_network(prefix) for name in sets for prefix in self.text["sets"][name])

    def ends_softwire(self, address):
        return any(address in ipaddress.ip_network(prefix) for prefix in self.text["softwires"])

    def is_exempt(self, address):
        """Whether some pool may reach it: then it is worth impersonating."""
        return any(clause["do"] == "permit" and self.is_in(address, set(listed(clause["to"])) - {"any"})
                   for clauses in self.clauses.values() for clause in clauses)

    def stage_clause(self, pool, far):
        return next((clause for clause in self.clauses.get(pool, []) if "any" in listed(clause["to"])
                     or self.is_in(far, listed(clause["to"]))), None)

    def granted(self, subscriber, far):
        """What a quarantine or an exception says of the two; None: nothing."""
        for quarantine in self.grants("quarantines", subscriber)[:1]:
            return {"do": "permit"} if self.is_in(far, quarantine.get("keep", [])) else quarantine
        for exception in self.grants("exceptions", subscriber):
            if exception.get("to", "any") == "any" or self.is_in(far, listed(exception["to"])):
                return exception
        return None

    def is_believed(self, pool, address, pair):
        infra = self.infra(address)
        if infra:
            return infra.get("side") == "subscriber" and PAIRS[pair] in infra.get("pairs", PAIRS)
        if pool:
            return PAIRS[pair] in self.text["pools"][pool].get("pairs", PAIRS)
        return self.text["default"] == "permit" and not self.is_exempt(address)

    def forward(self, clause):
        if clause["do"] == "permit":
            return {"PASS_PERMIT"}
        if clause["do"] == "monitor":
            return {MONITORS[clause["as"]]}
        if clause["do"] == "limit":
            # Over the limit, what cannot be read is dropped, not answered.
            return {"PASS_WITHIN_LIMIT"} | OVERS["drop"] | OVERS[self.text["limits"][clause["limit"]]["over"]]
        return REFUSALS[clause["do"]]

    def mirror(self, clause):
        if clause["do"] in ("permit", "monitor"):
            return self.forward(clause)
        return {"DROP_MIRROR"} | ({"PASS_WITHIN_LIMIT"} if clause["do"] == "limit" else set())

    def is_closed(self, pool, clause):
        """Whether the pool takes no connections to port 25 from this far side."""
        return pool and self.text["pools"][pool].get("inbound") == "drop" and not (clause and clause["do"] == "permit")

    def reasons(self, row, src, dst, sport, dport):
        """Those that are right for the row, if it is TCP between these addresses, and about port 25."""
        subscriber, far = (dst, src) if row.side == NET else (src, dst)
        pool = self.pool(subscriber)
        granted = self.granted(subscriber, far)
        clause = granted or self.stage_clause(pool, far)
        if row.side != NET and not self.is_believed(pool, subscriber, row.pair):
            return {"DROP_SRC_SPOOFED"}
        sender = self.infra(src)
        if sender and (row.side != NET or sender.get("side") != "subscriber"):
            return {"PASS_INFRA"}
        if row.side == NET and dport == 25 and self.is_closed(pool, clause):
            return {"DROP_INBOUND"}
        if row.side == NET and sport != 25:
            return {"PASS_INBOUND"}
        if not clause:
            return {"PASS_UNRESTRICTED"} if pool or self.infra(subscriber) else {"PASS_NO_POOL"}
        right = self.mirror(clause) if row.side == NET else self.forward(clause)
        spares = pool in self.draining and not granted and clause["do"] in REFUSALS
        return right | ({"PASS_DRAINING"} if spares else set())


POLICIES = (Policy("policy.json"), Policy("policy_next.json"))


def right_reasons(row, src, dst, sport, dport):
    return POLICIES[row.policy].reasons(row, ipaddress.ip_address(src), ipaddress.ip_address(dst), sport, dport)


def ends_softwire(row, address):
    """Whether the network's end of a softwire that the row's policy names is at this address."""
    return POLICIES[row.policy].ends_softwire(ipaddress.ip_address(address))


def may_pass(row, src, dst, sport, dport):
    """Whether the policy lets some of it through: a permit, a monitor, a limit that is not reached, nobody's address."""
    return any(reason.startswith("PASS_") for reason in right_reasons(row, src, dst, sport, dport))
