# SPDX-License-Identifier: BSD-3-Clause
"""The packet table mixed into a load of 90 % of the non-drop rate: every row is judged as always, again and again.

A row's frame has its number in its source MAC address (load_mark.h), so that each frame that comes out, and each answer, is
known again. What passes has to come out byte for byte on the other side, what is dropped nowhere, what is answered on its own
side, with the answer that answer_check.c wants; and op25b-dp has to have counted every frame under its row's reason. Rows of
pools with a limit, of which earlier frames decide, are left out, and so are those that move the core's own clock."""
import collections
import json
import os
import subprocess
import sys
import typing

import plan
from context import TOP
from dataplane import Dataplane
from loadgen import MIB, SIDES, Loadgen
from result import BenchError, NotRun, Result
from search import Search

PACKETS = os.path.join(TOP, "tests/packets")
POLICIES = ("policy.json", "policy_next.json")
MEMIF_BUFFER_BYTES = 2048  # net_memif (DPDK 22.11) joins frames of several buffers wrongly
PAIRS = (("east", "pass"), ("west", "drop"))  # and what they do when in doubt below any address
OWN_MIB = 512
SLOTS = 1 << 18
EVERY = 8  # frames, of which one is a row
NETWORK_PART = 0.1  # of the load comes from the network side
LOWEST = 100e3  # frames a second, where no rate is without loss
TRIES = 5  # runs in which frames may be lost
LOAD_REASONS = {"not_port25", "not_tcp", "permit", "blocked", "unrestricted", "no_pool", "mirror"}  # of the load, of which the rest of the counts is
VERDICT_LETTER = {"PASS": "P", "DROP": "D", "ANSWER": "A"}


def packet_table():
    """The modules of the packet table. They need scapy."""
    if PACKETS not in sys.path:
        sys.path.append(PACKETS)
    try:
        # pylint: disable=import-outside-toplevel
        import select_rows
        import table
    except ModuleNotFoundError as error:
        raise NotRun(f"the packet table cannot be made: {error}; Debian's package is python3-scapy") from error
    return select_rows, table


def with_load(policy):
    """The table's policy, and one more pool: that of the load's subscribers, who are blocked."""
    policy["sets"]["load_relay"] = [f"{plan.RELAY4}/32", f"{plan.RELAY6}/128"]
    policy["pools"]["load"] = {"kind": "dynamic", "v4": [str(plan.SUBSCRIBERS4)], "v6": [str(plan.SUBSCRIBERS6)]}
    policy["stages"].append({"id": "load", "pools": ["load"], "from": "always",
                             "port25": [{"to": "load_relay", "do": "permit"}, {"to": "any", "do": "drop"}]})
    return policy


class Case:
    """One policy at one pair of ports: op25b-dp, loadgen, and the rows that are sent there."""

    def __init__(self, ctx, kind):
        select_rows, table = packet_table()
        self.ctx = ctx
        self.name = f"table-{kind.policy}-{PAIRS[kind.pair][0]}"
        self.rows = kind.rows
        self.reasons = select_rows.reasons()
        self.is_huge = ctx.hugepages.free_mib() >= MIB + OWN_MIB
        self.loadgen = Loadgen(ctx, f"{self.name}-loadgen", self.is_huge)
        with open(os.path.join(PACKETS, POLICIES[kind.policy]), encoding="utf-8") as file:
            policy = with_load(json.load(file))
        memory = {"mib": OWN_MIB, "hugepages": "yes" if self.is_huge else "no", "slots": SLOTS, "buffers": 16384}
        self.own = Dataplane(ctx, self.name, policy, self.loadgen.box_ports(), [ctx.core], memory, ("--at", table.NOW),
                             pairs=self._pairs(kind.pair), idle_us=0)
        self.policy_path = os.path.join(self.own.folder, "policy.json")

    def _pairs(self, used):
        """The pair that is not used has ports on which nothing comes in."""
        made = []
        for number, (name, doubt) in enumerate(PAIRS):
            ports = self.loadgen.box_ports() if number == used else [f"net_null{2 * number + side},no-rx=1" for side in range(2)]
            made.append({"name": name, "l2_doubt": doubt, **dict(zip(SIDES, ports))})
        return made

    def load(self, captures, forbidden):
        path = self.ctx.path(f"{self.name}.rows")
        with open(path, "w", encoding="ascii") as out:
            for side, frame, reason in self.rows:
                out.write(f"{SIDES.index(side.lower())} {VERDICT_LETTER[self.reasons[reason][0]]} {frame.hex()}\n")
        self.loadgen.load(captures, forbidden)
        self.loadgen.ask(f"rows {path}")

    def judge(self, rate, seconds, times):
        """Until each row has been judged so many times, in runs of so many seconds. Returns how often each was, how many rows
        were judged wrongly, and how many runs were thrown away: where frames were lost, nothing is known of their rows."""
        judged, wrong, lossy = [0] * len(self.rows), 0, 0
        while min(judged) < times:
            table = self.judge_once(rate, seconds)
            if table is None:
                lossy += 1
            else:
                judged = [before + now for before, now in zip(judged, table["sent"])]
                wrong += table["wrong_rows"]
            if lossy > TRIES or (table and not sum(table["sent"])):
                raise BenchError(f"{self.name}: at {rate:.0f} frames a second, {lossy} runs lost frames: something else is on these cores")
        return judged, wrong, lossy

    def judge_once(self, rate, seconds):
        """What loadgen tells of the rows; None: frames were lost."""
        answers = self.ctx.path(f"{self.name}.answers")
        before = self.own.stats()
        found = self.loadgen.trial((rate * (1 - NETWORK_PART), rate * NETWORK_PART), seconds, EVERY, answers)
        after = self.own.stats()
        full = after["tx_full"] - before["tx_full"]
        self.check_rows(found.table, full)
        if full or found.table["missing"]:
            return None
        self.check_answers(answers)
        self.check_reasons(found, before, after)
        return found.table

    def check_rows(self, table, full):
        """What came out that must not have, or otherwise than it must, cannot be excused; what is missing can if it was lost."""
        wrong = [row for row in table["wrong"] if not self.is_only_missing(row)]
        if not wrong and table["missing"] <= full:
            return
        told = "; ".join(f"{self.rows[row['row']][2]} {self.rows[row['row']][1][:64].hex()}: {row}" for row in (wrong or table["wrong"])[:5])
        raise BenchError(f"{self.name}: {table['wrong_rows']} rows were judged wrongly under load, {table['missing']} frames are missing and "
                         f"op25b-dp lost {full}: {told}")

    def is_only_missing(self, row):
        verdict = self.reasons[self.rows[row["row"]][2]][0]
        came = {"PASS": row["forwarded"], "ANSWER": row["answered"], "DROP": 0}[verdict]
        return row["forwarded"] + row["answered"] + row["changed"] + row["astray"] == came <= row["sent"]

    def check_answers(self, path):
        with open(path, encoding="ascii") as file:
            lines = [line for line in file if line.strip()]
        told = "".join(f"{self.reasons[self.rows[int(line.split(' ', 1)[0])][2]][1]} {line}" for line in lines)
        done = subprocess.run([self.ctx.program("check_answers"), self.policy_path], input=told, capture_output=True, text=True, check=False)
        rows = [line.split(" ", 1)[0] for line in lines]
        if done.returncode or len(set(rows)) != len(rows):
            raise BenchError(f"{self.name}: answers under load are wrong, or differ from time to time: {done.stdout[:2000]}{done.stderr[:500]}")

    def check_reasons(self, found, before, after):
        """Every reason was counted as often as its rows were sent; the load has a few reasons, and makes up the rest."""
        wanted = collections.Counter()
        for (_, _, reason), sent in zip(self.rows, found.table["sent"]):
            wanted[self.reasons[reason][1]] += sent
        counted = collections.Counter()
        for group in ("passed", "dropped", "answers"):
            for name in after[group]:
                counted[name] += after[group][name] - before[group].get(name, 0)
        load = found.sent - sum(found.table["sent"])
        rest = {name: counted[name] - wanted[name] for name in counted | wanted if counted[name] != wanted[name]}
        if not set(rest) <= LOAD_REASONS or min(rest.values(), default=0) < 0 or sum(rest.values()) != load:
            raise BenchError(f"{self.name}: the load had {load} frames; beyond the rows, op25b-dp counted {rest}")

    def close(self):
        totals, _ = self.own.close()
        self.ctx.stop(self.loadgen.process)
        return totals


class Kind(typing.NamedTuple):
    """What is run at once."""
    policy: int
    pair: int
    rows: list  # (side, frame, reason)
    long: int  # rows left out because of their length
    limited: int  # and because a limit decides


def kinds_of_rows():
    select_rows, _ = packet_table()
    for number, name in enumerate(POLICIES):
        with open(os.path.join(PACKETS, name), encoding="utf-8") as file:
            ports, left_out = select_rows.rows_by_port(number, json.load(file))
        for pair in range(len(PAIRS)):
            rows = [(side, frame, reason) for (side, its), kinds in sorted(ports.items()) if its == pair for frame, reason in kinds]
            short = [row for row in rows if len(row[1]) <= MEMIF_BUFFER_BYTES]
            if short:
                yield Kind(number, pair, short, len(rows) - len(short), left_out if pair == 0 else 0)


def seconds_for(rows, rate, times, at_least):
    """Until each row has been sent so often: they come round one after the other, each side's for itself."""
    parts = {"SUBSCRIBER": 1 - NETWORK_PART, "NETWORK": NETWORK_PART}
    need = max(sum(row[0] == side for row in rows) / part for side, part in parts.items())
    return max(at_least, 1.2 * need * EVERY * times / rate)


def rate_of(ctx, case, goal):
    """90 % of the non-drop rate, in frames a second."""
    ctx.say("non-drop rate with the packet table's policy")
    found = Search(case.loadgen.measure, goal, 20e6, LOWEST).run()
    if not found.low:
        ctx.say(f"none was found above {LOWEST:.0f} frames a second: something else is on these cores")
    return 0.9 * (found.low or LOWEST)


def run(ctx, goal, captures, forbidden):
    """captures: of both sides; forbidden: how many of their frames are dropped."""
    times_least = 2 if ctx.quick else 20
    rate, wrong, lossy, sent, totals = None, 0, 0, [], []
    kinds = list(kinds_of_rows())
    for kind in kinds:
        case = Case(ctx, kind)
        case.load(captures, forbidden)
        rate = rate or rate_of(ctx, case, goal)
        ctx.say(f"{len(kind.rows)} rows of the packet table ({POLICIES[kind.policy]}, {PAIRS[kind.pair][0]}) at {rate / 1e6:.2f} Mpps")
        times, errors, repeats = case.judge(rate, seconds_for(kind.rows, rate, times_least, ctx.seconds), times_least)
        sent += times
        wrong += errors
        lossy += repeats
        totals.append(case.close())
    notes = [f"{len(sent)} rows, each at least {min(sent)} times, {sum(sent)} judgements, at {rate / 1e6:.2f} Mpps: 90 % of what is forwarded without loss. "
             f"One of {EVERY} frames is a row. Verdict, bytes, answers and the counter of every reason are those of the table.",
             f"Left out are {sum(kind.limited for kind in kinds)} rows of pools with a limit, where what went before decides, and {sum(kind.long for kind in kinds)} of more "
             f"than {MEMIF_BUFFER_BYTES} octets, which net_memif does not carry whole."]
    if lossy:
        notes.append(f"{lossy} runs lost frames and were repeated: of a lost frame's row, nothing is known.")
    return [Result("memif", "packet table mixed into the load at 90 % of the non-drop rate: rows judged wrongly", "rows", "less",
                   {"wrong": [float(wrong)]}, least=0, notes=notes, totals=totals)]
