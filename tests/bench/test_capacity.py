#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""scripts/capacity --quick runs, and what it finds is plausible: every row and every figure of which something is wanted is
there, totals add up, what is derived follows from what was measured, and the page is whole. How good a figure is, is not
looked at: this machine may be busy. That each of these would be noticed is tried on the same results, broken one by one.

test_capacity.py RUN.json looks at the results of another run."""
import copy
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
# pylint: disable=wrong-import-position
from result import Result  # noqa: E402

# Wide enough for a machine that has other things to do; a wrong unit is beyond.
RATIO_LEAST, RATIO_MOST = 1e-4, 1e4
PAGE_BYTES_MOST = 300_000
# What must be there of each row: (at least, aim) of each figure, as often as it is wanted, and how many results at least.
WANTED = {
    "judge": ([(3, 10)] * 2 + [(1.15, 1.02)] * 2 + [(2.5, 1.6), (32, 16)], 18),
    "alone": ([(0.9, 0.98)] * 2 + [(1.05, 1.2)] * 2 + [(0.6, 0.85)] * 2 + [(0.8, 0.95)] * 4 + [(1.8, 1.95)], 18),
    "memif": ([(20, 5)] * 2 + [(0, None)], 6),
    "kernel": ([], 6),
    "change": ([(500, 150)] + [(0, 0)] * 2, 3),
}
WITH_TOTALS = ("judge", "alone", "memif", "kernel", "change")


def wrong_of_result(result):
    """Sentences on what is wrong with a result."""
    lengths = {len(values) for values in result["series"].values()}
    if len(lengths) != 1 or min(lengths) < 1:
        yield f"series of {sorted(lengths)} values"
        return
    values = [value for series in result["series"].values() for value in series]
    if not all(math.isfinite(value) and value >= 0 for value in values):
        yield f"a value that nothing can have: {values}"
    again = Result(**{key: result[key] for key in Result.__dataclass_fields__})
    if again.as_json() != result:
        yield "what is derived does not follow from what was measured"
    if result["ratio"] and not all(RATIO_LEAST <= value <= RATIO_MOST for value in result["figure"]):
        yield f"quotients of {result['figure']}"
    for total in result["totals"]:
        if total["whole"] != sum(total["parts"].values()):
            yield f"{total['what']}: {total['whole']} is not the sum of {total['parts']}"
        if total["whole"] <= 0:
            yield f"{total['what']}: nothing"
    if not result["unit"] or not result["name"]:
        yield "no unit, or no name"


def wrong_of_row(row):
    for key in ("not_run", "error"):
        if row[key]:
            yield f"{key}: {row[key]}"
            return
    figures, least_count = WANTED[row["row"]]
    there = [(result["least"], result["aim"]) for result in row["results"] if not result["not_run"]]
    for figure in figures:
        if figure in there:
            there.remove(figure)
        else:
            yield f"no figure of which at least {figure[0]} is wanted, and {figure[1]} hoped for"
    if len(row["results"]) < least_count:
        yield f"{len(row['results'])} results, at least {least_count} are there in a whole row"
    if row["row"] in WITH_TOTALS and not any(result["totals"] for result in row["results"]):
        yield "no totals"
    for result in row["results"]:
        if result["not_run"]:
            yield f"{result['name']}: not run: {result['not_run']}"
        else:
            yield from (f"{result['name']}: {sentence}" for sentence in wrong_of_result(result))


def wrong_of(found):
    names = [row["row"] for row in found["rows"]]
    if names != list(WANTED):
        yield f"the rows are {names}, and not {list(WANTED)}"
    for row in found["rows"]:
        yield from (f"{row['row']}: {sentence}" for sentence in wrong_of_row(row))
    for key in ("CPU", "kernel", "DPDK", "op25b", "clock"):
        if not found["machine"].get(key):
            yield f"the machine's {key} is not told"
    if len(found["watch"]["loops_ms"]) != 1 + len(found["rows"]) or min(found["watch"]["loops_ms"]) <= 0:
        yield f"the machine was not watched: {found['watch']}"


def row_of(found, name):
    return next(row for row in found["rows"] if row["row"] == name)


def result_with(found, key):
    return next(result for row in found["rows"] for result in row["results"] if result[key])


def break_total(found):
    total = result_with(found, "totals")["totals"][0]
    total["parts"][next(iter(total["parts"]))] += 1


def break_series(found):
    next(iter(result_with(found, "ratio")["series"].values())).pop()


def break_value(found):
    series = result_with(found, "ratio")["series"]
    series[next(iter(series))][0] *= 1.01


def break_quotient(found):
    result = result_with(found, "ratio")
    series = result["series"][result["ratio"][0]]
    series[:] = [value * 1e9 for value in series]
    again = Result(**{key: result[key] for key in Result.__dataclass_fields__})
    result.update(again.as_json())


def break_row_error(found):
    found["rows"][0]["error"] = "it did not start"


def break_row_not_run(found):
    found["rows"][-1]["not_run"] = "there is no such device"


# What somebody may break, and a part of the sentence that must come of it.
BREAKS = {
    "a row is missing": (lambda found: found["rows"].pop(), "the rows are"),
    "a figure is missing": (lambda found: row_of(found, "alone")["results"].pop(0), "no figure of which"),
    "a total is off by a frame": (break_total, "is not the sum of"),
    "a series is short": (break_series, "series of"),
    "a value is not that of the figure": (break_value, "does not follow"),
    "a quotient that no machine has": (break_quotient, "quotients of"),
    "a row failed": (break_row_error, "it did not start"),
    "a row did not run": (break_row_not_run, "there is no such device"),
    "a result did not run": (lambda found: row_of(found, "alone")["results"][0].update(not_run="no second CPU"), "no second CPU"),
    "totals were not looked at": (lambda found: [result.update(totals=[]) for result in row_of(found, "alone")["results"]], "no totals"),
    "the machine has no name": (lambda found: found["machine"].update(CPU=""), "the machine's CPU"),
}


def check_breaks(found):
    for what, (damage, part) in BREAKS.items():
        broken = copy.deepcopy(found)
        damage(broken)
        sentences = list(wrong_of(broken))
        assert any(part in sentence for sentence in sentences), f"not noticed: {what}: {sentences}"


def check_page(path, found):
    """It is whole, needs nothing from elsewhere, and has all rows and all figures."""
    with open(path, encoding="utf-8") as page:
        text = page.read()
    assert len(text.encode()) < PAGE_BYTES_MOST, f"the page has {len(text)} characters"
    root = ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>\n"))
    outside = re.findall(r"(?:src|href)\s*=|url\(|@import|<script|<link", text)
    assert not outside, f"the page wants something from elsewhere, or runs something: {outside}"
    words = " ".join("".join(element.itertext()) for element in root.iter("{http://www.w3.org/1999/xhtml}body"))
    for row in found["rows"]:
        assert row["title"] in words, f"the page has no {row['title']}"
        for result in row["results"]:
            assert result["name"] in words, f"the page has no {result['name']}"
    assert found["machine"]["CPU"] in words and "quick run" in words, "the page does not say where it comes from"


def run(folder):
    """The results of a quick run and where its page is."""
    paths = [os.path.join(folder, name) for name in ("run.json", "run.html")]
    # The programs of the tests have sanitizers, so that this has a build of its own.
    environment = {key: value for key, value in os.environ.items() if key != "OP25B_BUILD"}
    done = subprocess.run([os.path.join(TOP, "scripts/capacity"), "--quick", "--json", paths[0], "--report", paths[1]],
                          capture_output=True, text=True, check=False, env=environment)
    print("\n".join("# " + line for line in done.stdout.splitlines()))
    assert done.returncode == 0, f"scripts/capacity --quick ended with {done.returncode}: {done.stderr[-6000:]}"
    with open(paths[0], encoding="utf-8") as out:
        return json.load(out), paths[1]


def main():
    if len(sys.argv) > 1:
        with open(sys.argv[1], encoding="utf-8") as out:
            sentences = list(wrong_of(json.load(out)))
        print("\n".join(sentences) or "plausible")
        return 1 if sentences else 0
    with tempfile.TemporaryDirectory() as folder:
        found, page = run(folder)
        sentences = list(wrong_of(found))
        assert not sentences, "\n".join(sentences)
        check_page(page, found)
        check_breaks(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
