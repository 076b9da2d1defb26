#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Measures what op25b costs, side by side with what it is compared with, and says which figures are reached.

Root is needed; packages are installed, and build-bench is built, by this command. The programs are pinned to the last CPU
of this machine, their generators to the first; hugepages are raised for the run and put back. Times never make it fail."""
import argparse
import importlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("OP25B_BUILD", os.path.join(TOP, "build-bench")))
os.environ["OP25B_BUILD"] = BUILD  # what tests/system/box.py goes by
sys.path.insert(1, os.path.join(TOP, "tests/system"))
# pylint: disable=wrong-import-position
import machine  # noqa: E402
import report  # noqa: E402
from context import Context  # noqa: E402
from result import BenchError, NotRun  # noqa: E402

ROWS = ("judge", "alone", "memif", "kernel", "change")
HUGE_MIB, QUICK_HUGE_MIB = 6144, 2048


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/capacity", description=__doc__, epilog="Exit: 0 if every row ran and all totals added up, 1 if not, 2 for a wrong "
                                     "command line. OP25B_BUILD: another build folder, made with -Dtests=false -Dbench=true.")
    parser.add_argument("--quick", action="store_true", help="every row, with short windows and few rounds: shows that it works, no more")
    parser.add_argument("--json", metavar="FILE", help="write everything that was measured")
    parser.add_argument("--report", metavar="FILE.html", help="write a page with tables and plots")
    parser.add_argument("--only", metavar="ROW,ROW", default=",".join(ROWS), help=f"some rows of {','.join(ROWS)}")
    args = parser.parse_args()
    asked = args.only.split(",")
    for row in asked:
        if row not in ROWS:
            parser.error(f"--only: there is no row \"{row}\": they are {', '.join(ROWS)}")
    args.only = [row for row in ROWS if row in asked]
    for path in (args.json, args.report):
        folder = os.path.dirname(os.path.abspath(path)) if path else TOP
        if not os.access(folder, os.W_OK):
            parser.error(f"{path}: the folder {folder} is not there, or cannot be written to")
    return args


def prepare():
    """Installs and builds."""
    script = '. scripts/lib/install.sh; . scripts/lib/build.sh; install_packages build capacity; build_programs "$1" -Dtests=false -Dbench=true'
    done = subprocess.run(["bash", "-euc", script, "bash", BUILD], cwd=TOP, stdout=sys.stderr, check=False)
    if done.returncode:
        raise BenchError("the programs could not be built: the reason stands above")
    options = json.loads(Context.run(["meson", "introspect", "--buildoptions", BUILD]))
    values = {option["name"]: option["value"] for option in options}
    if values["b_sanitize"] not in ("none", []) or not values["bench"]:
        raise BenchError(f"{BUILD} is a build with sanitizers, or without -Dbench=true: name another folder in OP25B_BUILD")


def run_row(ctx, name, place):
    """The entry of a row in the JSON. A row that fails does not take those with it that were or will be measured."""
    ctx.begin_row(name)
    began = time.monotonic()
    entry = {"row": name, "title": name, "about": "", "not_run": None, "error": None, "results": []}
    try:
        module = importlib.import_module(name)
        entry |= {"title": module.TITLE, "about": module.ABOUT}
        ctx.say(f"{module.TITLE} ({place})")
        results = module.run(ctx)
        for result in results:
            result.check()
        entry["results"] = [result.as_json() for result in results]
        if not results:
            raise BenchError("the row measured nothing")
    except NotRun as error:
        entry["not_run"] = f"{error}"
    except BenchError as error:
        entry["error"] = f"{error}"
    except Exception as error:  # pylint: disable=broad-except
        traceback.print_exc()
        entry["error"] = f"{type(error).__name__}: {error}"
    finally:
        ctx.end_row()
    if sentence := entry["not_run"] or entry["error"]:
        ctx.say(f"{'not run' if entry['not_run'] else 'FAILED'}: {sentence}")
    return entry | {"seconds": time.monotonic() - began}


def measure(args):
    """The JSON of a run."""
    prepare()
    began = time.monotonic()
    with Context(BUILD, args.quick) as ctx:
        ctx.hugepages.raise_to(QUICK_HUGE_MIB if args.quick else HUGE_MIB)
        found = {"op25b-capacity": 1, "quick": args.quick, "rounds": ctx.rounds, "seconds_a_window": ctx.seconds,
                 "machine": machine.describe(ctx), "rows": []}
        watch = machine.Watch(ctx.core)
        for number, name in enumerate(args.only, 1):
            found["rows"].append(run_row(ctx, name, f"row {number} of {len(args.only)}"))
            watch.look()
        found["watch"] = watch.as_json()
    results = [result for row in found["rows"] for result in row["results"]]
    return found | {"noise": machine.noise(found["watch"], results), "seconds": time.monotonic() - began}


def wrong_of(found):
    """Sentences on what did not come about."""
    for row in found["rows"]:
        if row["not_run"] or row["error"]:
            yield f"{row['row']}: {'not run: ' if row['not_run'] else ''}{row['not_run'] or row['error']}"
        yield from (f"{row['row']}, {result['name']}: not run: {result['not_run']}" for result in row["results"] if result["not_run"])


def write(path, text):
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)


def fail(sentence):
    print(f"capacity: {sentence}", file=sys.stderr)
    return 1


def main():
    args = arguments()
    if os.geteuid():
        return fail("root is needed: for packages, hugepages, BPF and namespaces")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        found = measure(args)
    except BenchError as error:
        return fail(error)
    except KeyboardInterrupt:
        return fail("interrupted; everything that was started has been ended") + 129
    if args.json:
        write(args.json, json.dumps(found, indent=1) + "\n")
    if args.report:
        write(args.report, report.page(found))
    print(report.text(found))
    wrong = list(wrong_of(found))
    return max([fail(sentence) for sentence in wrong], default=0)


if __name__ == "__main__":
    sys.exit(main())
