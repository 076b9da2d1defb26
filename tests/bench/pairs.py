# SPDX-License-Identifier: BSD-3-Clause
"""Measuring in turns. Machines drift by more than what is to be told apart, so that nothing is ever measured for long and
then compared: what is compared is measured one after the other, again and again, and each round has a quotient of its own."""
from result import BenchError


def interleave(ctx, what, title=None):
    """{name: [value of each round]} of {name: function}. Each function measures once and returns its figure.

    A first round is thrown away: it fills caches and wakes clocks. Every other round goes backwards, so that a steady
    drift favours nobody."""
    names = list(what)
    series = {name: [] for name in names}
    for number in range(ctx.rounds + 1):
        ctx.progress(title or " / ".join(names), number, ctx.rounds + 1)
        for name in names if number % 2 == 0 else reversed(names):
            value = what[name]()
            if not isinstance(value, (int, float)):
                raise BenchError(f"{name}: {value!r} was measured, which is no number")
            if number > 0:
                series[name].append(float(value))
    return series
