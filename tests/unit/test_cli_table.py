# SPDX-License-Identifier: BSD-3-Clause
"""The packet table on the third host of the judge: every row, through op25bctl policy explain --frames.

Usage: test_cli_table.py OP25BCTL POLICY NEXT_POLICY. Needs the scapy of /usr/bin/python3.
"""
import json
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests", "packets"))
sys.dont_write_bytecode = True
from rows import ROWS  # noqa: E402
from table import NOW  # noqa: E402

PAIRS = ("east", "west")
L2_DOUBT = ("pass", "drop")


def reason_names():
    """{id of a reason: (its verdict, its name)}, from the table in the ABI."""
    with open(os.path.join(TOP, "dataplane", "abi", "verdict_abi.h"), encoding="utf-8") as header:
        text = header.read()
    return {row[0]: row[1:] for row in re.findall(r'X\((\w+), (\w+), "(\w+)"', text)}


def lines(policies):
    """One line a row; the policy is pushed before the first row that wants another."""
    in_force = 0
    for row in ROWS:
        push = f"policy={policies[row.policy]} " if row.policy != in_force else ""
        in_force = row.policy
        yield (f"{push}side={row.side.lower()} pair={PAIRS[row.pair]} l2_doubt={L2_DOUBT[row.pair]} "
               f"now_ns={row.at_s * 10**9} {row.frame.hex()}\n")


def verdict_of(answer):
    """The verdict that the word of a clause comes down to."""
    return {"permit": "PASS", "limit": "PASS", "monitor": "PASS", "drop": "DROP"}.get(answer["verdict"], "ANSWER")


def main():
    program, policies = sys.argv[1], sys.argv[2:4]
    done = subprocess.run([program, "policy", "explain", policies[0], "--frames", "--at", NOW, "-j"], input="".join(lines(policies)),
                          capture_output=True, text=True, check=False, timeout=240)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    names = reason_names()
    failed = 0
    for row, answer in zip(ROWS, answers):
        want = names[row.reason]
        if "errors" in answer or (verdict_of(answer), answer["reason"]) != want:
            failed += 1
            print(f"not ok - {row.name}: want {want}, have {answer.get('reason')} {answer.get('errors', '')}")
    print(f"# {len(ROWS)} rows, {len(answers)} answers, {failed} wrong, exit code {done.returncode}\n{done.stderr}")
    return 1 if failed or done.returncode or len(answers) != len(ROWS) else 0


if __name__ == "__main__":
    sys.exit(main())
