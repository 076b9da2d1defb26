# SPDX-License-Identifier: BSD-3-Clause
"""What a break of the judge is, and the files of dataplane/core that are broken (see breaks.py)."""

from typing import NamedTuple


class Break(NamedTuple):
    file: str  # in dataplane/core
    old: str  # stands exactly once in it
    new: str  # the same number of lines, one of them another
    what: str  # what is wrong then


BREAKS = []
WORK, L2, IP, TCP = "parse_work.h", "parse_l2.h", "parse_ip.h", "parse.h"
DECIDE, REFUSAL, LIMIT = "decide.h", "refusal.h", "limit.h"
QUICK = "quick.h"


def breaks(file, *items):
    BREAKS.extend(Break(file, *item) for item in items)
