# SPDX-License-Identifier: BSD-3-Clause
"""Every sentence with which the policy library refuses a file stands in some policies/invalid/*.diag.

The sentences are the string literals of the files that read and check a policy: a literal of at
least three words is one. What cannot be reached by a file is listed below with the reason, and a
listed sentence that is gone, or that is reached, is a failure too.

Also: op25b-policy(5) names every key and every reason, and its example is tests/golden/policy/example.json.
Usage: test_policy_texts.py SOURCE_DIR
"""
import glob
import os
import re
import sys

# Files whose literals are refusals of a policy's text. check_lint.c and check_unused.c warn only.
SOURCES = ("control/reader/reader.c", "control/reader/bounds.c", "control/reader/duplicates.c", "control/policy/keys.c",
           "control/policy/parse*.c", "control/policy/check*.c", "control/policy/expect.c")
WARNINGS = ("check_lint.c", "check_unused.c")
BEYOND_A_FILE = {
    "cannot be opened: %s": "needs a file that is not there: test_cli.py",
    "cannot be read: %s": "needs a medium that fails",
    "is not a regular file": "test_hostile_json.py",
    "has %lld bytes, at most %u are read": "test_hostile_json.py",
    "was changed while it was read: try again when it is complete": "test_hostile_json.py",
    "has %zu %s prefixes, at most %u are allowed": "more than a million prefixes: test_policy.c",
}

TOKEN = re.compile(r'_Static_assert\([^;]*;|//[^\n]*|/\*.*?\*/|\'(?:[^\'\\]|\\.)*\'|#[^\n]*|'
                   r'((?:"(?:[^"\\]|\\.)*"(?:\s*[A-Z_]+(?=\s*"))?\s*)+)', re.S)
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"|([A-Z_]+)')
CONVERSION = re.compile(r'%%|%[-0-9.*]*(?:ll|l|z)?[a-zA-Z]')
ESCAPES = {"\\n": "\n", "\\t": "\t", "\\r": "\r"}


def unescape(text):
    return re.sub(r'\\x[0-9a-f]+|\\.', lambda m: ESCAPES.get(m.group(0), m.group(0)[1:]), text)


def sentences(path):
    """The literals of a C file that are sentences; a macro within one is a %s."""
    with open(path, encoding="utf-8") as source:
        text = source.read()
    for match in TOKEN.finditer(text):
        if not match.group(1):
            continue
        parts = LITERAL.findall(match.group(1))
        sentence = "".join("%s" if macro else unescape(part) for part, macro in parts)
        if sentence.count(" ") >= 2:
            yield sentence.strip()


def pattern(sentence):
    out, at = "", 0
    for match in CONVERSION.finditer(sentence):
        out += re.escape(sentence[at:match.start()]) + ("%" if match.group(0) == "%%" else ".*")
        at = match.end()
    return re.compile(out + re.escape(sentence[at:]))


def read(top, path):
    with open(os.path.join(top, path), encoding="utf-8") as text:
        return text.read()


def page_faults(top):
    """What op25b-policy(5) leaves out."""
    page = read(top, "control/man/op25b-policy.5.scd")
    keys = set(re.findall(r'(?:NEEDED|ALLOWED)\("(\w+)"\)', read(top, "control/policy/keys.c")))
    reasons = re.findall(r'X\([A-Z_0-9]+, [A-Z]+, "(\w+)"', read(top, "dataplane/abi/verdict_abi.h"))
    example = re.search(r"# EXAMPLE\n\n```\n(.*?)```", page, re.S)
    assert len(keys) > 60 and len(reasons) > 40 and example
    for key in sorted(keys):
        if not re.search(rf'\*{key}\*|"{key}": ', page):
            yield f"op25b-policy(5) does not name the key {key}"
    listed = re.split(r"[,\s]+", page[page.index("# REASONS"):page.index("# LIMITS OF SIZE")])
    for reason in reasons:
        if reason not in listed:
            yield f"op25b-policy(5) does not list the reason {reason}"
    if example.group(1) != read(top, "tests/golden/policy/example.json"):
        yield "op25b-policy(5): the example is not tests/golden/policy/example.json"


def main():
    top = sys.argv[1]
    told = ""
    for path in sorted(glob.glob(os.path.join(top, "policies", "invalid", "*.diag"))):
        with open(path, encoding="utf-8", errors="replace") as diag:
            told += diag.read()
    places = {}
    for source in SOURCES:
        for path in sorted(glob.glob(os.path.join(top, source))):
            if os.path.basename(path) not in WARNINGS:
                for sentence in sentences(path):
                    places.setdefault(sentence, os.path.relpath(path, top))
    failures = list(page_faults(top))
    for sentence, path in places.items():
        is_told = pattern(sentence).search(told)
        if sentence in BEYOND_A_FILE and is_told:
            failures.append(f"{path}: is listed as beyond a file, but told by one: {sentence}")
        elif sentence not in BEYOND_A_FILE and not is_told:
            failures.append(f"{path}: is told by no case of policies/invalid: {sentence}")
    failures += [f"BEYOND_A_FILE: is said nowhere: {s}" for s in BEYOND_A_FILE if s not in places]
    print("\n".join(failures + [f"{len(places)} sentences, {len(failures)} failures"]))
    return 1 if failures or len(places) < 100 else 0


if __name__ == "__main__":
    sys.exit(main())
