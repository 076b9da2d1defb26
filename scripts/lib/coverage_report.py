# SPDX-License-Identifier: BSD-3-Clause
"""Branch coverage of dataplane/core from gcovr's JSON, against the list of what no test reaches in
docs/coverage.md. Usage: coverage_report.py GCOVR.json TREE. See scripts/coverage."""

import collections
import json
import pathlib
import re
import sys

LEAST_PERCENT = 95
LIST = "docs/coverage.md"
LISTED = re.compile(r"^- `(?P<file>[^`]+)` `(?P<text>[^`]+)`: (?P<why>.+)$")


def branch_counts(report):
    """How often each branch was taken: {file: {line number: [count]}}. Where a line is in the report
    more than once (newer gcovr has one entry for each function of a header that a program has), the
    branches are the same ones and their counts are added."""
    counts = {}
    for entry in report["files"]:
        lines = counts.setdefault(entry["file"], {})
        for line in entry["lines"]:
            taken = [branch["count"] for branch in line["branches"]]
            known = lines.get(line["line_number"])
            if known and len(known) != len(taken):
                sys.exit("coverage: %s:%d has %d branches in one program and %d in another" % (
                    entry["file"], line["line_number"], len(known), len(taken)))
            if taken:
                lines[line["line_number"]] = [sum(pair) for pair in zip(known, taken)] if known else taken
    return counts


def read_list(path):
    """The lines that may have branches which no test takes: {(file, text): reason}."""
    listed = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        match = LISTED.match(line)
        if match:
            listed[match["file"], match["text"]] = match["why"]
        elif line.startswith("- "):
            sys.exit("coverage: %s: not \"- `file` `line`: reason\": %s" % (LIST, line))
    return listed


def print_files(counts):
    """A line for each file and one for the total. Returns the total's percentage."""
    total = collections.Counter()
    for file, lines in sorted(counts.items()):
        branches = [count for line in lines.values() for count in line]
        taken = sum(1 for count in branches if count)
        total.update(branches=len(branches), taken=taken)
        if branches:
            print("%-34s %4d of %4d branches %6.1f %%" % (
                file, taken, len(branches), 100 * taken / len(branches)))
    if not total["branches"]:
        sys.exit("coverage: the report has no branches in it")
    percent = 100 * total["taken"] / total["branches"]
    print("%-34s %4d of %4d branches %6.1f %%" % ("total", total["taken"], total["branches"], percent))
    return percent


def print_missing(counts, listed, tree):
    """What is not covered, with its reason. Returns the number of places that the list has wrong."""
    wrong, seen = 0, set()
    for file, lines in sorted(counts.items()):
        source = (tree / file).read_text(encoding="utf-8").splitlines()
        for number, taken in sorted(lines.items()):
            if all(taken):
                continue
            key = file, source[number - 1].strip()
            seen.add(key)
            print("%s:%d: %d of %d branches not taken: %s\n\t%s" % (
                file, number, taken.count(0), len(taken), key[1],
                listed.get(key, "NOT LISTED in " + LIST)))
            wrong += key not in listed
    for key in sorted(set(listed) - seen):
        print("%s: `%s` of %s is listed, but is covered, or is not there" % (LIST, key[1], key[0]))
        wrong += 1
    return wrong


def main():
    report, tree = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    counts = branch_counts(json.loads(report.read_text(encoding="utf-8")))
    percent = print_files(counts)
    wrong = print_missing(counts, read_list(tree / LIST), tree)
    if percent < LEAST_PERCENT:
        print("%.1f %% of the branches are taken, at least %d %% are asked for" % (percent, LEAST_PERCENT))
    if wrong:
        print("%d lines differ from %s" % (wrong, LIST))
    return 1 if wrong or percent < LEAST_PERCENT else 0


if __name__ == "__main__":
    sys.exit(main())
