# SPDX-License-Identifier: BSD-3-Clause
"""policies/op25b-policy.schema.json judges as the C checker does, but for what is listed as beyond it.

Good policies (policies/, tests/golden/policy) must pass the schema; bad ones (policies/invalid) must
not, unless tests/unit/policy_schema_beyond.txt says why a schema cannot see what is wrong. The C
checker's side is test_policy_valid and test_policy_invalid, over the same files. What is not JSON is
the parser's to refuse.
Usage: test_policy_schema.py SOURCE_DIR
"""
import glob
import json
import os
import sys

import jsonschema

SCHEMA = "policies/op25b-policy.schema.json"
BEYOND = "tests/unit/policy_schema_beyond.txt"


def refuse_constant(word):
    raise ValueError(word)


def read(path):
    """The document, or None if the file is no JSON."""
    with open(path, "rb") as source:
        try:
            return json.loads(source.read().decode("utf-8"), parse_constant=refuse_constant)
        except (ValueError, RecursionError):
            return None


def beyond(path):
    """{case: reason} of the list; a line is "case: reason"."""
    with open(path, encoding="utf-8") as text:
        rows = [line.rstrip("\n").split(": ", 1) for line in text if not line.startswith("#")]
    assert all(len(row) == 2 and row[1] for row in rows), f"{path}: a line is no \"case: reason\""
    assert rows == sorted(rows), f"{path}: is not sorted"
    return dict(rows)


def judge(validator, path):
    """The schema's first complaint, or None."""
    error = next(validator.iter_errors(read(path)), None)
    return error and "/".join(map(str, error.absolute_path)) + ": " + error.message[:200]


def main():
    top = sys.argv[1]
    schema = read(os.path.join(top, SCHEMA))
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    listed = beyond(os.path.join(top, BEYOND))
    good = [path for folder in ("policies", "tests/golden/policy")
            for path in glob.glob(os.path.join(top, folder, "*.json")) if not path.endswith(".schema.json")]
    failures, bad, not_json = [], 0, 0
    for path in sorted(good):
        complaint = judge(validator, path)
        if complaint:
            failures.append(f"{path}: the schema refuses a good policy: {complaint}")
    cases = sorted(glob.glob(os.path.join(top, "policies/invalid/*.json")))
    for path in cases:
        case = os.path.basename(path)[:-len(".json")]
        if read(path) is None:
            not_json += 1
            continue
        bad += 1
        complaint = judge(validator, path)
        if complaint and case in listed:
            failures.append(f"{BEYOND}: {case} is listed, but the schema sees it: {complaint}")
        elif not complaint and case not in listed:
            failures.append(f"{path}: the schema lets pass what the checker refuses")
    names = {os.path.basename(path)[:-len(".json")] for path in cases}
    failures += [f"{BEYOND}: there is no case {case}" for case in listed if case not in names]
    print("\n".join(failures))
    print(f"{len(good)} good policies, {bad} bad ones, {len(listed)} of them beyond a schema, "
          f"{not_json} that are no JSON")
    return 1 if failures or len(good) < 9 or bad < 120 else 0


if __name__ == "__main__":
    sys.exit(main())
