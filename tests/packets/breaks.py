# SPDX-License-Identifier: BSD-3-Clause
"""Breaks of the judge for scripts/mutate: each changes one line, and a row of the packet table must
see it. Where a line stands twice in its file, the lines around it say which one is meant.

No break belongs here that changes nothing for any frame: loops of which the constant bound is only
for the verifier, and tests that a later one makes again.

What a break is seen by: the reason of a row, the verdict that goes with it, and, where TCP is read,
the fields of the flow that no reason shows (run_core.c says them again). What is not seen here: the
action and clause that a frame is counted by, the fields of a flow that is not TCP, and what answers
are made of them. Those are for tests/unit, answer_check.c and the differential test."""

import breaks_decide
import breaks_parse
import breaks_quick
from breaking import BREAKS

__all__ = ["BREAKS", "breaks_decide", "breaks_parse", "breaks_quick"]
