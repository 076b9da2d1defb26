# SPDX-License-Identifier: BSD-3-Clause
"""What a row of scripts/capacity hands over: a series of measurements, what is wanted of it, and what to say of it.

A figure is judged round by round, so that the report can tell a limit that is missed from one that this run cannot see.
"""
import dataclasses
import statistics

NOISE = 0.10  # of the median: a middle half wider than this decides nothing
VERDICTS = ("aim met", "met", "missed", "noise", "-", "not run")


class BenchError(Exception):
    """A measurement that cannot be believed, or that did not come about: one sentence for whoever started it."""


class NotRun(BenchError):
    """This machine lacks something that the row needs: the sentence says what, and how to get it."""


def check_sum(what, whole, parts):
    """The entry of Result.totals for a whole that is the sum of its parts. Raises BenchError if it is not."""
    if whole != sum(parts.values()):
        told = " + ".join(f"{count} {name}" for name, count in parts.items())
        raise BenchError(f"{what}: {whole} is not {told} (it differs by {whole - sum(parts.values())})")
    return {"what": what, "whole": whole, "parts": dict(parts)}


@dataclasses.dataclass
class Result:
    """One line of the report. The series are of one length, a value a round, measured in turns."""
    row: str  # the module's name
    name: str
    unit: str
    better: str  # "more", "less" or "none"
    series: dict
    ratio: tuple = None  # (this, by that): the quotient of each round is the figure; None: the first series is
    least: float = None  # a minimum where more is better, a maximum where less is
    aim: float = None
    notes: list = dataclasses.field(default_factory=list)
    x: float = None  # results of one group are a curve over x
    group: str = None
    x_label: str = None
    totals: list = dataclasses.field(default_factory=list)  # of check_sum()
    is_same: bool = False  # both series are of the same program: what differs is the machine's noise
    not_run: str = None  # why there is no series: a sentence

    def check(self):
        """Raises BenchError if this is no result."""
        if self.not_run:
            return
        lengths = {len(values) for values in self.series.values()}
        if len(lengths) != 1 or 0 in lengths:
            raise BenchError(f"{self.row}, {self.name}: series of {sorted(lengths) or 'no'} values")
        if self.better not in ("more", "less", "none"):
            raise BenchError(f"{self.row}, {self.name}: better is \"{self.better}\"")
        if self.ratio and not set(self.ratio) <= set(self.series):
            raise BenchError(f"{self.row}, {self.name}: no series for the ratio {self.ratio}")
        if self.ratio and min(self.series[self.ratio[0]] + self.series[self.ratio[1]]) <= 0:
            raise BenchError(f"{self.row}, {self.name}: nothing was measured in a round: {self.series}")

    def figures(self):
        """The figure of each round."""
        if self.ratio:
            return [this / that for this, that in zip(self.series[self.ratio[0]], self.series[self.ratio[1]])]
        return list(next(iter(self.series.values())))

    def median(self):
        return statistics.median(self.figures())

    def spread(self):
        """Width of the middle half of the rounds, as a part of the median."""
        values = sorted(self.figures())
        if len(values) < 2:
            return 0.0
        first, _, third = statistics.quantiles(values, n=4, method="inclusive")
        return (third - first) / abs(self.median()) if self.median() else 0.0

    def grade(self, value):
        """2: as good as the aim, 1: good enough, 0: not."""
        def reaches(limit):
            return value >= limit if self.better == "more" else value <= limit
        if self.aim is not None and reaches(self.aim):
            return 2
        if self.least is None:
            return 1 if self.aim is None else 0
        return int(reaches(self.least))

    def verdict(self):
        """One of VERDICTS. Rounds that all say the same are believed however far apart they are."""
        if self.not_run:
            return "not run"
        if self.better == "none" or (self.least is None and self.aim is None):
            return "-"
        grades = {self.grade(value) for value in self.figures()}
        if len(grades) > 1 and self.spread() > NOISE:
            return "noise"
        return ("missed", "met", "aim met")[self.grade(self.median())]

    def as_json(self):
        if self.not_run:
            return dataclasses.asdict(self) | {"verdict": self.verdict()}
        values = self.figures()
        return dataclasses.asdict(self) | {"figure": values, "median": self.median(), "low": min(values), "high": max(values),
                                           "spread": self.spread(), "verdict": self.verdict()}
