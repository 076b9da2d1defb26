# SPDX-License-Identifier: BSD-3-Clause
"""docs/notices.md, held against what it quotes: each sentence stands in its golden file, English in
LETTER.en.txt and Japanese in LETTER.ja.txt; each key is in the policy and has the value; each notice
has a word on each feature. `test_notices_doc.py TOP`"""
import json
import os
import re
import sys

FEATURES = ["Rule as stated", "Access in scope", "Dial-up", "Fixed IP", "Simple fixed IP", "Other services", "Stage 1",
            "Stage 2", "Time of day", "Own relay on 25", "587", "Webmail", "Home/own mail server", "POP-before-SMTP",
            "Other access, this mail", "This access, other mail", "Lead time", "Individual exceptions", "Basis"]
POLICIES = {"Asama Internet": "asama", "Internet Owari": "owari", "NMTnet": "nmtnet", "Interbroad": "interbroad",
            "MicNet": "micnet"}
GOLDEN = re.compile(r"^- ([A-Z]): `(tests/golden/notices/[^`]+)`$", re.M)
# A: "English" 「日本語」
QUOTED = re.compile(r'\b([A-Z]): "([^"]+)" 「([^」]+)」')
KEY = re.compile(r"`([a-z_0-9.\[\]]+)(?: = ([^`]+))?`")
NOTHING_SAID = re.compile(r"^Nothing said: (.*?)\.", re.M | re.S)

faults = []


def fault(text):
    faults.append(text)


def read(top, path):
    try:
        with open(os.path.join(top, path), encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        fault("%s: %s" % (path, error.strerror))
        return ""


def member(value, name):
    """Of an object by its key, of a list by the id of the member; None: there is none."""
    if isinstance(value, dict):
        return value.get(name)
    return next((item for item in value or [] if item.get("id") == name), None)


def look_up(policy, path):
    value = policy
    for step in path.split("."):
        name, *indexes = re.split(r"\[(\d+)\]", step)
        value = member(value, name)
        for index in filter(None, indexes):
            value = value[int(index)] if value and int(index) < len(value) else None
    return value


def judge_keys(where, policy, cell):
    for path, expected in KEY.findall(cell):
        value = look_up(policy, path)
        if value is None:
            fault("%s: the policy has no %s" % (where, path))
        elif expected and value != json.loads(expected):
            fault("%s: %s is %s, not %s" % (where, path, json.dumps(value, ensure_ascii=False), expected))


def judge_quotes(where, golden, cell):
    quotes = QUOTED.findall(cell)
    if cell.count('"') != 2 * len(quotes) or cell.count("「") != len(quotes):
        fault('%s: not every quote is written LETTER: "English" 「日本語」' % where)
    for letter, english, japanese in quotes:
        for language, sentence in (("en", english), ("ja", japanese)):
            if letter not in golden or sentence not in golden[letter][language]:
                fault("%s: %s.%s does not say: %s" % (where, letter, language, sentence))
    return len(quotes)


def judge_row(name, row, golden, policy):
    cells = [cell.strip() for cell in row.strip().strip("|").split("|")]
    if len(cells) == 3 and "*left out*" in cells[2]:
        cells.append("")
    if len(cells) != 4:
        fault("%s: a row of %d cells: %s" % (name, len(cells), row))
        return None
    where = "%s, %s" % (name, cells[0])
    judge_keys(where, policy, cells[2])
    if not judge_quotes(where, golden, cells[3]) and "*left out*" not in cells[2]:
        fault("%s: quotes nothing" % where)
    return cells[0]


def judge_section(top, name, text):
    policy = json.loads(read(top, "policies/%s.json" % POLICIES[name]))
    golden = {letter: {language: read(top, "%s.%s.txt" % (path, language)) for language in ("en", "ja")}
              for letter, path in GOLDEN.findall(text)}
    rows = [line for line in text.splitlines() if line.startswith("|")][2:]
    said = [judge_row(name, row, golden, policy) for row in rows]
    nothing = NOTHING_SAID.search(text)
    unsaid = nothing.group(1).replace("\n", " ").split(", ") if nothing else []
    # Two features have a comma in their name; both are always said.
    for feature in FEATURES:
        if said.count(feature) + unsaid.count(feature) != 1:
            fault("%s: \"%s\" is there %d times" % (name, feature, said.count(feature) + unsaid.count(feature)))
    for feature in said + unsaid:
        if feature not in FEATURES:
            fault("%s: \"%s\" is no feature of the table" % (name, feature))
    return len(rows)


def main():
    top = sys.argv[1]
    sections = re.split(r"^## ", read(top, "docs/notices.md"), flags=re.M)[1:]
    names = [section.split("\n", 1)[0] for section in sections]
    if names != list(POLICIES):
        fault("the sections are %s, not %s" % (names, list(POLICIES)))
    rows = sum(judge_section(top, name, text) for name, text in zip(names, sections) if name in POLICIES)
    for text in faults:
        print(text)
    print("%d rows, %d faults" % (rows, len(faults)))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
