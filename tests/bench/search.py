# SPDX-License-Identifier: BSD-3-Clause
"""Finds the highest load that a box takes without loss, in the way of MLRsearch (RFC 9971, which repairs RFC 2544's search
for software on noisy machines).

A trial that loses a frame proves little where the machine now and then takes the CPU away, and a short one that loses none
proves little too. So a load is believed to be too high only when it lost in more than a part (the exceed ratio) of the time
that it was tried for, and to be low enough only when no further trial could bring it there. Short trials at the beginning find
the neighbourhood; they count against a load when they lost, but never for it. What is found is the tightest pair of loads, one
low enough and one too high, that lie no further apart than the width.
"""
import dataclasses
import math


@dataclasses.dataclass(frozen=True)
class Goal:
    """What is searched for. Times in seconds."""
    initial_s: float  # length of the first trials
    final_s: float  # length of trials that count
    sum_s: float  # a load is tried for so long, unless it is clear before
    width: float = 0.005  # of the higher load
    loss_ratio: float = 0.0  # a trial with no more than this is good
    exceed_ratio: float = 0.5  # of the time, in which trials may be bad


@dataclasses.dataclass(frozen=True)
class Trial:
    load: float  # frames a second that were to be sent
    seconds: float
    loss_ratio: float  # of the frames that were due


@dataclasses.dataclass
class Found:
    low: float  # frames a second; 0: every load loses
    high: float  # None: the highest load is low enough
    trials: list
    is_whole: bool  # False: there were too many trials, and the bounds are further apart than the goal wants


def classify(trials, goal):
    """"low": the load of these trials is low enough. "high": too high. None: it has to be tried for longer."""
    good = bad = short_good = short_bad = 0.0
    for trial in trials:
        is_good, is_short = trial.loss_ratio <= goal.loss_ratio, trial.seconds < goal.final_s
        good += trial.seconds if is_good and not is_short else 0
        bad += trial.seconds if not is_good and not is_short else 0
        short_good += trial.seconds if is_good and is_short else 0
        short_bad += trial.seconds if not is_good and is_short else 0
    # Good short trials only make up for bad short ones.
    bad += max(0.0, short_bad - short_good * goal.exceed_ratio / (1 - goal.exceed_ratio))
    whole = max(good + bad, goal.sum_s)
    if bad > whole * goal.exceed_ratio:
        return "high"
    # What has not been tried yet is taken for bad.
    return "low" if whole - good <= whole * goal.exceed_ratio else None


def phases(goal, count=3):
    """Goals with shorter trials and wider bounds, that lead to the goal."""
    for left in range(count - 1, -1, -1):
        seconds = goal.final_s * (goal.initial_s / goal.final_s) ** (left / (count - 1))
        yield dataclasses.replace(goal, final_s=seconds, sum_s=seconds if left else goal.sum_s, width=goal.width * 2 ** left)


class Search:
    """measure(load, seconds) sends a load and returns (loss ratio, frames a second that came out)."""

    def __init__(self, measure, goal, highest, lowest=1000.0, most_trials=500):
        self.measure = measure
        self.goal = goal
        self.highest = highest
        self.lowest = lowest
        self.most_trials = most_trials
        self.trials = []

    def run(self):
        self.measure(self.highest, self.goal.initial_s)  # a warm-up, thrown away
        _, through = self.measure(self.highest, self.goal.initial_s)
        start = min(max(through, self.lowest), self.highest)
        low = high = None
        for goal in phases(self.goal):
            low, high = self._narrow(goal, low or start * (1 - goal.width), high or start)
            start = low or self.lowest
        return Found(low or 0.0, high, self.trials, len(self.trials) < self.most_trials)

    def _bounds(self, goal):
        """The lowest load that is too high, and the highest below it that is low enough; None where there is none."""
        loads = {}
        for trial in self.trials:
            loads.setdefault(trial.load, []).append(trial)
        found = {load: classify(trials, goal) for load, trials in loads.items()}
        high = min((load for load, what in found.items() if what == "high"), default=None)
        low = max((load for load, what in found.items() if what == "low" and (high is None or load < high)), default=None)
        return low, high

    def _narrow(self, goal, low_guess, high_guess):
        """Tries loads until a pair of bounds is as close as the goal wants it. The guesses are tried first."""
        step = goal.width
        while True:
            low, high = self._bounds(goal)
            if len(self.trials) >= self.most_trials:
                return low, high
            if high is not None and high <= self.lowest:
                return None, high
            if low is not None and low >= self.highest:
                return low, None
            if low is not None and high is not None and high - low <= high * goal.width:
                return low, high
            if low is None:
                load = min(low_guess, high_guess if high is None else high * (1 - step))
                step *= 1 if high is None else 2
            elif high is None:
                load = max(high_guess, low / (1 - step))
                step = min(2 * step, 0.5)
            else:
                load = math.sqrt(low * high)
            self._try(min(max(load if load > 0 else self.lowest, self.lowest), self.highest), goal)

    def _try(self, load, goal):
        """Until it is clear what the load is."""
        while len(self.trials) < self.most_trials and classify([trial for trial in self.trials if trial.load == load], goal) is None:
            loss_ratio, _ = self.measure(load, goal.final_s)
            self.trials.append(Trial(load, goal.final_s, loss_ratio))
