# SPDX-License-Identifier: BSD-3-Clause
"""op25bctl, word for word: what it prints and how it exits, against tests/golden/cli/<case>.txt.

Files are checked by the real policy library; the daemon is played by a small server that gives the
answers in tests/golden/api. `test_cli.py OP25BCTL --update` writes the golden files anew: read the
difference before committing it.
"""
import collections
import glob
import http.server
import ipaddress
import json
import os
import re
import socketserver
import subprocess
import sys
import tempfile
import threading

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GOLDEN = os.path.join(TOP, "tests", "golden")
POLICY = "policy_for_cli.json"
EXPLAIN = ["--from", "198.51.100.7", "--to", "192.0.2.1"]
AT = ["--at", "2008-03-31T12:00:00"]
POLICIES = os.path.join("..", "..", "..", "policies")
PATHS = os.path.join(POLICIES, "paths.json")
ASAMA = os.path.join(POLICIES, "asama.json")
EXAMPLES = sorted(glob.glob(os.path.join(TOP, "policies", "*.json")))
NMTNET = os.path.join(POLICIES, "nmtnet.json")
BEFORE, AFTER = "policy_before.json", "policy_after.json"
# The last second of the limit of Asama's notice and the first of its block, and who is asked about.
LIMIT_ENDS = ["--at", "2008-03-30T23:59:59+09:00"]
BLOCK_BEGINS = ["--at", "2008-03-31T00:00:00+09:00"]
ASAMA_OTHER = ["policy", "explain", ASAMA, "--from", "198.51.100.7", "--to", "192.0.2.9"]
ASAMA_RELAY = ["policy", "explain", ASAMA, "--from", "198.51.100.7", "--to", "203.0.113.25"]
MACS = "02:00:00:00:00:01 02:00:00:00:00:02 "
IP4 = "45000028 00000000 40060000 "
TCP = " c0000019 00000000 00000000 5002ffff 00000000"
# To 192.0.2.1: in two VLANs and PPPoE from pool east of paths.json, and a frame cut off.
FRAME = MACS + "8100 0001 8100 0002 8864 1100 0000 002a 0021 " + IP4 + "c6336401 c0000201" + TCP
WEST = MACS + "0800 " + IP4 + "c6336441 c0000201" + TCP
CUT = MACS + "8100 0001 8100"
FRAMES = f"""{FRAME}

 pair=west {FRAME}
pair=west {WEST}
{"pair=west now_ns=1000000000 " + WEST}
{"pair=west now_ns=19000000000 " + WEST}
pair=west now_ns=19000000000 {WEST}
policy={PATHS} pair=west now_ns=19000000000 {WEST}
policy={POLICY} pair=west now_ns=19000000000 {WEST}
policy={PATHS} pair=west now_ns=19000000000 {WEST}
{CUT}
l2_doubt=drop {CUT}
side=network l2_doubt=drop {CUT}
side=subscriber
""".replace(":", "")
BAD_FRAMES = f"policy=policy_wrong.json 00\n policy=no 00\nside=north 00\n{MACS}0806\nside=network {MACS}0806 0z\nnow_ns=5 00\n\t00 pair=west\nnow_ns=-4 00\n012"

# case: arguments, what the daemon answers: {request: (status, file in golden/api)}, and standard input
CASES = {
    "check_ok": (["policy", "check", POLICY], {}),
    "check_ok_json": (["-j", "policy", "check", POLICY], {}),
    "check_some_wrong": (["policy", "check", POLICY, "policy_wrong.json", "policy_syntax.json"], {}),
    "check_some_wrong_json": (["policy", "check", POLICY, "policy_wrong.json", "-j"], {}),
    "check_no_file": (["policy", "check", "nothing.json"], {}),
    "check_nothing": (["policy", "check"], {}),
    "check_odd_name_json": (["policy", "check", os.fsdecode(b"not\xffutf8\x1b.json"), "-j"], {}),
    "check_at": (["policy", "check", AFTER, "--at", "2026-11-22"], {}),
    "check_at_json": (["policy", "check", AFTER, "--at", "2026-11-22", "-j"], {}),
    "check_at_draining": (["policy", "check", AFTER, "--at", "2026-11-01T00:10:00"], {}),
    "check_at_noon": (["policy", "check", POLICY, "--at", "noon"], {}),
    "check_at_no_day": (["policy", "check", POLICY, "--at", "2007-02-29"], {}),
    "check_at_no_month": (["policy", "check", POLICY, "--at", "2008-13-01"], {}),
    "check_at_no_clock": (["policy", "check", POLICY, "--at", "2008-03-31T24:00:00"], {}),
    "check_at_left_out": (["policy", "check", "policy_ny.json", "--at", "2026-03-08T02:30:00"], {}),
    "check_at_not_utf8": (["policy", "check", POLICY, "--at", os.fsdecode(b"\xff")], {}),
    "check_at_twice": (["policy", "check", POLICY] + AT + AT, {}),
    "check_policies": (["policy", "check"] + EXAMPLES, {}),
    "check_schema": (["policy", "check", "some.schema.json", POLICY, BEFORE], {}),
    "check_schema_json": (["policy", "check", "-j", "some.schema.json"], {}),
    "check_no_schema": (["policy", "check", "policy_named.schema.json"], {}),
    "check_asama_at": (["policy", "check", ASAMA] + BLOCK_BEGINS, {}),
    "check_vector_fails": (["policy", "check", ASAMA, "WRONG"], {}),
    "check_vector_fails_json": (["policy", "check", "WRONG", "-j"], {}),
    "diff": (["policy", "diff", BEFORE, AFTER], {}),
    "diff_json": (["policy", "diff", "-j", BEFORE, AFTER], {}),
    "diff_back": (["policy", "diff", AFTER, BEFORE], {}),
    "diff_equal": (["policy", "diff", AFTER, AFTER], {}),
    "diff_at": (["policy", "diff", BEFORE, AFTER, "--at", "2026-11-22"], {}),
    "diff_at_json": (["policy", "diff", BEFORE, AFTER, "--at", "2026-11-22", "-j"], {}),
    "diff_limit_key": (["policy", "diff", BEFORE, "ADDRESS"], {}),
    "diff_at_nested": (["policy", "diff", "NESTED", "NESTED", "--at", "2026-09-30", "--at", "2026-11-22"], {}),
    "diff_at_equal": (["policy", "diff", BEFORE, BEFORE, "--at", "2026-11-22"], {}),
    "diff_at_two": (["policy", "diff", ASAMA, ASAMA] + LIMIT_ENDS + BLOCK_BEGINS, {}),
    "diff_at_grants": (["policy", "diff", AFTER, AFTER, "--at", "2026-12-31", "--at", "2026-11-22"], {}),
    "diff_at_three": (["policy", "diff", AFTER, AFTER] + 3 * AT, {}),
    "diff_limit_to_block": (["policy", "diff", "LIMIT", ASAMA], {}),
    "diff_order": (["policy", "diff", BEFORE, "TURNED"], {}),
    "diff_bad_times": (["policy", "diff", BEFORE, AFTER, "--at", "2026-02-30", "--at", "x"], {}),
    "diff_wrong": (["policy", "diff", "policy_wrong.json", "policy_syntax.json"], {}),
    "diff_one": (["policy", "diff", BEFORE], {}),
    "plan": (["policy", "plan", AFTER, "--at", "2026-11-22"], {}),
    "plan_json": (["policy", "plan", AFTER, "--at", "2026-11-22", "-j"], {}),
    "plan_asama": (["policy", "plan", ASAMA, "--at", "2008-03-30"], {}),
    "plan_before_all": (["policy", "plan", AFTER, "--at", "2020-01-01"], {}),
    "plan_announced": (["policy", "plan", NMTNET, "--at", "2011-01-31T23:59:59+09:00"], {}),
    "plan_overdue": (["policy", "plan", NMTNET, "--at", "2011-02-01"], {}),
    "plan_nothing": (["policy", "plan", "policy_ny.json", "--at", "2026-11-22"], {}),
    "plan_bad_time": (["policy", "plan", AFTER, "--at", "2026-11-31"], {}),
    "plan_wrong": (["policy", "plan", "policy_wrong.json"], {}),
    "plan_two": (["policy", "plan", BEFORE, AFTER], {}),
    "notice": (["policy", "notice", ASAMA] + BLOCK_BEGINS, {}),
    "notice_en_json": (["policy", "notice", ASAMA, "--lang", "en", "-j"] + LIMIT_ENDS, {}),
    "notice_html": (["policy", "notice", NMTNET, "--lang", "en", "--html", "--at", "2011-02-15T12:30:00"], {}),
    "notice_bad_lang": (["policy", "notice", POLICY, "--lang", "fr"], {}),
    "notice_bad_time": (["policy", "notice", POLICY, "--html", "--at", "2008-02-30"], {}),
    "notice_wrong": (["policy", "notice", "policy_wrong.json"], {}),
    "notice_two": (["policy", "notice", BEFORE, AFTER], {}),
    "notice_stray_option": (["policy", "notice", POLICY, "--tz", "UTC"], {}),
    "plan_stray_option": (["policy", "plan", POLICY, "--html"], {}),
    "new": (["policy", "new"], {}),
    "new_named": (["policy", "new", "--name", "town", "--tz", "UTC"], {}),
    "new_bad_name": (["policy", "new", "--name", 'a "b"'], {}),
    "new_bad_name_json": (["policy", "new", "-j", "--name", os.fsdecode(b"\xff")], {}),
    "new_bad_tz": (["policy", "new", "--tz", "Asia/Nowhere"], {}),
    "new_file": (["policy", "new", "town.json"], {}),
    "print": (["policy", "print", POLICY], {}),
    "print_wrong": (["policy", "print", "policy_wrong.json"], {}),
    "print_two": (["policy", "print", POLICY, POLICY], {}),
    "explain_drop": (["policy", "explain", POLICY] + EXPLAIN + AT, {}),
    "explain_drop_json": (["-j", "policy", "explain", POLICY] + EXPLAIN + AT, {}),
    "explain_before": (["policy", "explain", POLICY] + EXPLAIN + ["--at", "2008-03-30T23:59:59"], {}),
    "explain_587": (["policy", "explain", POLICY, "--port", "587"] + EXPLAIN + AT, {}),
    "explain_bad_time": (["policy", "explain", POLICY, "--at", "noon"] + EXPLAIN, {}),
    "explain_no_day": (["policy", "explain", POLICY, "--at", "2008-02-30"] + EXPLAIN, {}),
    "explain_at_twice": (["policy", "explain", POLICY] + AT + AT + EXPLAIN, {}),
    "explain_asama_before": (ASAMA_OTHER + LIMIT_ENDS, {}),
    "explain_asama_after": (ASAMA_OTHER + BLOCK_BEGINS, {}),
    "explain_asama_relay_before": (ASAMA_RELAY + LIMIT_ENDS, {}),
    "explain_asama_relay_after": (ASAMA_RELAY + BLOCK_BEGINS, {}),
    "explain_exception": (["policy", "explain", AFTER, "--from", "198.51.100.9", "--to", "192.0.2.1", "--at",
                           "2026-11-22"], {}),
    "explain_quarantine": (["policy", "explain", AFTER, "--from", "198.51.100.70", "--to", "192.0.2.1", "--at",
                            "2026-11-22"], {}),
    "explain_infra": (["policy", "explain", AFTER, "--from", "198.51.100.192", "--to", "192.0.2.1", "--at",
                       "2026-11-22"], {}),
    "explain_no_pool": (["policy", "explain", AFTER, "--from", "198.51.100.250", "--to", "192.0.2.1", "--at",
                         "2026-11-22"], {}),
    "explain_bad_port": (["policy", "explain", POLICY, "--port", "65536"] + EXPLAIN, {}),
    "explain_no_from": (["policy", "explain", POLICY, "--to", "192.0.2.1"], {}),
    "explain_daemon": (["policy", "explain", "--from", "2001:db8::1", "--to", "192.0.2.1"] + AT, {
        "GET /v1/policy/explain?from=2001%3Adb8%3A%3A1&to=192.0.2.1&at=2008-03-31T12%3A00%3A00":
            (200, "explained.json")}),
    "explain_long": (["policy", "explain", "--from", "x" * 5000, "--to", "192.0.2.1"],
                     {f"GET /v1/policy/explain?from={'x' * 5000}&to=192.0.2.1": (422, "refused.json")}),
    "explain_relay": (["policy", "explain", PATHS, "--from", "203.0.113.25", "--to", "192.0.2.1"] + AT, {}),
    "explain_icmp": (["policy", "explain", PATHS, "--from", "198.51.100.7", "--to", "192.0.2.1"] + AT, {}),
    "explain_pair": (["policy", "explain", PATHS, "--pair", "west"] + EXPLAIN + AT, {}),
    "explain_inbound": (["policy", "explain", PATHS, "--side", "network", "--from", "192.0.2.1",
                         "--to", "198.51.100.70"] + AT, {}),
    "explain_mirror": (["policy", "explain", PATHS, "--side", "network", "--source-port", "25", "--from", "192.0.2.1",
                        "--to", "198.51.100.7"] + AT, {}),
    "explain_bad_side": (["policy", "explain", PATHS, "--side", "north"] + EXPLAIN, {}),
    "explain_pair_daemon": (["policy", "explain", "--pair", "the west", "--side", "network", "--source-port", "25",
                             "--port", "1025"] + EXPLAIN, {
        "GET /v1/policy/explain?from=198.51.100.7&to=192.0.2.1&port=1025&source_port=25&side=network&pair=the%20west":
            (200, "explained.json")}),
    "explain_frame": (["policy", "explain", PATHS, "--frame", FRAME] + AT, {}),
    "explain_frame_json": (["-j", "policy", "explain", PATHS, "--frame", "-"] + AT, {}, FRAME.replace(" ", "\n")),
    "explain_frame_cut": (["policy", "explain", PATHS, "--frame", CUT, "--l2-doubt", "drop"] + AT, {}),
    "explain_frame_bad": (["policy", "explain", PATHS, "--frame", "0200 00h0"], {}),
    "explain_frame_bad_json": (["policy", "explain", PATHS, "--frame", "-", "-j"], {}, "0200\n0"),
    "explain_frame_empty": (["policy", "explain", PATHS, "--frame", "-"], {}, ""),
    "explain_frame_and_from": (["policy", "explain", PATHS, "--frame", "00", "--from", "192.0.2.1"], {}),
    "explain_frame_daemon": (["policy", "explain", "--frame", "02" * 300, "--l2-doubt", "drop"] + AT, {
        f"GET /v1/policy/explain?frame={'02' * 256}&frame_bytes=300&l2_doubt=drop&at=2008-03-31T12%3A00%3A00":
            (200, "explained.json")}),
    "explain_frames": (["policy", "explain", PATHS, "--frames"] + AT, {}, FRAMES),
    "explain_frames_json": (["policy", "explain", PATHS, "--frames", "-j"] + AT, {}, FRAMES),
    "explain_frames_bad": (["policy", "explain", PATHS, "--frames"] + AT, {}, BAD_FRAMES),
    "explain_frames_bad_json": (["policy", "explain", PATHS, "-j", "--frames"] + AT, {}, BAD_FRAMES),
    "explain_frames_no_file": (["policy", "explain", "--frames"], {}),
    "help_explain": (["policy", "explain", "--help"], {}),
    "load_long": (["policy", "load", "./" * 1500 + POLICY],
                  {"POST /v1/policy?source=" + ".%2F" * 1500 + POLICY: (200, "loaded.json")}),
    "load": (["policy", "load", POLICY], {"POST /v1/policy?source=" + POLICY: (200, "loaded.json")}),
    "load_json": (["policy", "load", POLICY, "-j"],
                  {"POST /v1/policy?source=" + POLICY: (200, "loaded.json")}),
    "load_nowhere": (["policy", "load", POLICY],
                     {"POST /v1/policy?source=" + POLICY: (200, "loaded_nowhere.json")}),
    "load_refused": (["policy", "load", POLICY],
                     {"POST /v1/policy?source=" + POLICY: (422, "refused.json")}),
    "load_refused_json": (["-j", "policy", "load", POLICY],
                          {"POST /v1/policy?source=" + POLICY: (422, "refused.json")}),
    "load_busy": (["policy", "load", POLICY], {"POST /v1/policy?source=" + POLICY: (409, "busy.json")}),
    "load_no_file": (["policy", "load", "nothing.json"], {}),
    "show": (["policy", "show"], {"GET /v1/policy": (200, POLICY)}),
    "stats": (["stats", "show"], {"GET /v1/stats": (200, "stats.json")}),
    "stats_json": (["-j", "stats", "show"], {"GET /v1/stats": (200, "stats.json")}),
    "stats_watch": (["stats", "watch", "--count", "2", "--interval", "1"],
                    {"GET /v1/stats": (200, "stats.json")}),
    "stats_stray_option": (["stats", "show", "--count", "2"], {}),
    "status": (["status"], {"GET /v1/status": (200, "status.json")}),
    "status_down": (["status"], {"GET /v1/status": (200, "status_down.json")}),
    "status_changes": (["status"], {"GET /v1/status": (200, "status_changes.json")}),
    "status_behind": (["status"], {"GET /v1/status": (200, "status_behind.json")}),
    "clock_accept": (["clock", "accept"], {"POST /v1/clock/accept": (200, "accepted.json")}),
    "clock_accept_json": (["clock", "accept", "-j"], {"POST /v1/clock/accept": (200, "accepted.json")}),
    "clock_accept_busy": (["clock", "accept"], {"POST /v1/clock/accept": (409, "busy.json")}),
    "clock_accept_at": (["clock", "accept"] + AT, {}),
    "clock_set": (["clock", "set"], {}),
    "status_json": (["status", "--json"], {"GET /v1/status": (200, "status_down.json")}),
    "unreachable": (["status"], None),
    "unreachable_json": (["-j", "status"], None),
    "help": (["--help"], {}),
    "help_load": (["policy", "load", "--help"], {}),
    "no_command": ([], {}),
    "unknown_command": (["policy", "frobnicate"], {}),
    "unknown_option": (["--frobnicate"], {}),
}


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Gives each request of a case its answer; anything else gets 404 with what was asked."""
    daemon_threads = True
    answers = {}


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, name = self.server.answers.get(f"{self.command} {self.path}", (404, None))
        if self.path.startswith("/v1/policy") and self.command == "POST" and body != open(POLICY, "rb").read():
            status, name = 500, None
        text = open(name, "rb").read() if name else b'{"reason": "not asked for: %s"}' % self.path.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = answer

    def log_message(self, *args):
        pass

    def address_string(self):
        return "unix"


def change(path, edit, out):
    with open(path, encoding="utf-8") as file:
        policy = json.load(file)
    edit(policy)
    with open(out, "w", encoding="utf-8") as file:
        json.dump(policy, file)


def expect_opposite(policy):
    """One vector says the opposite of what it said."""
    row = policy["expect"][0]
    row["verdict"] = "drop" if row["verdict"] == "permit" else "permit"


def only_limit(policy):
    policy["stages"] = [stage for stage in policy["stages"] if stage["id"] == "limit"]
    del policy["expect"]


def turn_pools(policy):
    policy["pools"] = dict(reversed(policy["pools"].items()))


def nest_exceptions(policy):
    """One exception around another, each for destinations of its own."""
    _, outer = policy["exceptions"]
    outer["match"], outer["to"] = {"prefix": "198.51.100.0/28"}, "carriers"


def limit_by_address(policy):
    policy["limits"]["slow"]["key"] = "address"


# Files that are made of others: name, of what, by what.
MADE = {"WRONG": (ASAMA, expect_opposite), "LIMIT": (ASAMA, only_limit), "TURNED": (BEFORE, turn_pools),
        "ADDRESS": (BEFORE, limit_by_address), "NESTED": (AFTER, nest_exceptions)}


def made(arg, folder):
    """The argument, or the path of the file that it is the name of."""
    if arg not in MADE:
        return arg
    path = os.path.join(folder, arg + ".json")
    change(*MADE[arg], path)
    return path


def read(program, *args):
    done = subprocess.run([program, "-j", "policy", *args], capture_output=True, timeout=30, check=False)
    return json.loads(done.stdout)


def holder(address, owners):
    """Whose longest prefix holds the address."""
    found = [(net.prefixlen, name) for name, owner in owners.items() for net in owner if address in net]
    return max(found)[1] if found else None


def table_agrees(program, path):
    """Every vector on port 25 from a pool is in the table of its moment too: another piece of code says the same."""
    policy = read(program, "print", path)
    nets = {kind: {name: [ipaddress.ip_network(p) for p in (value if kind == "sets" else value.get("v4", []) + value.get("v6", []))]
                   for name, value in policy.get(kind, {}).items() if name[0] != "_"} for kind in ("pools", "infra", "sets")}
    compared, tables = 0, {}
    for row in read(program, "check", path)[0].get("vectors", []):
        source, to = ipaddress.ip_address(row["from"]), ipaddress.ip_address(row["to"])
        pool = holder(source, nets["pools"])
        if (row["side"] != "subscriber" or row["port"] != 25 or not pool or holder(source, nets["infra"]) or
                row["reason"] == "src_spoofed"):
            continue
        if row["at"] not in tables:
            tables[row["at"]] = read(program, "check", path, "--at", row["at"])[0]["table"]
        table = tables[row["at"]]
        grants = table["exceptions"] + table["quarantines"]
        if any(source in ipaddress.ip_network(p) for grant in grants for p in grant["prefixes"]):
            continue
        label = " and ".join(name for name, of in nets["sets"].items() if any(to in net for net in of)) or "others"
        rows = [r for p in table["pools"] if p["pool"] == pool for r in p["to"] if label in r["destinations"]]
        if [r["verdict"] for r in rows] != [row["verdict"]]:
            print(f"# {path}: {row}: the table says {rows}")
            return 0
        compared += 1
    return compared


# Destinations that policy_before.json and policy_after.json tell apart, by the names that a difference gives them.
TARGETS = {"relay": "203.0.113.25", "new in relay": "203.0.113.26", "carriers": "192.0.2.200",
           "192.0.2.25/32": "192.0.2.25", "others": "192.0.2.1"}


def verdicts(program, path, at):
    """{(address, destination): verdict} of the judge, for every address around the pools."""
    asked = [(source, label) for source in ipaddress.ip_network("198.51.100.0/24") for label in TARGETS]
    lines = "".join(f"{MACS}0800 {IP4}{int(source):08x} {int(ipaddress.ip_address(TARGETS[label])):08x}{TCP}\n".replace(":", "")
                    for source, label in asked)
    done = subprocess.run([program, "-j", "policy", "explain", path, "--frames", "--at", at], input=lines,
                          capture_output=True, text=True, timeout=60, check=False)
    return dict(zip(asked, (json.loads(line)["verdict"] for line in done.stdout.splitlines())))


def diff_agrees(program, files, moments):
    """The addresses that a difference counts are those for which the judge says something else."""
    before, after = (verdicts(program, path, at) for path, at in zip(files, moments))
    want, have = collections.Counter(), collections.Counter()
    for (source, label), verdict in before.items():
        if verdict != after[source, label]:
            want[label, verdict, after[source, label]] += 1
    for row in read(program, "diff", *files, "--at", moments[0], "--at", moments[1])["changes"]:
        for label in row["destinations"] if row["kind"] == "verdict" and "addresses" in row else []:
            change = [row[side].split()[0] for side in ("before", "after")]
            if change[0] != change[1]:
                have[(label, *change)] += row["addresses"]
    if want != have or not want:
        print(f"# the judge: {want}, the difference: {have}")
    return want == have and len(before) == 256 * len(TARGETS) and bool(want)


def starter_is_good(program, folder):
    """What "policy new" prints is a policy that "policy check" takes, with vectors."""
    path = os.path.join(folder, "new.json")
    with open(path, "wb") as file:
        subprocess.run([program, "policy", "new"], stdout=file, timeout=30, check=True)
    return read(program, "check", path)[0]["vector_count"] > 0


def run_case(program, name, folder):
    args, answers, text = (CASES[name] + ("",))[:3]
    path = os.path.join(folder, name + ".sock")
    server = None
    if answers is not None:
        server = Server(path, Handler)
        server.answers = answers
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    args = [made(arg, folder) for arg in args]
    done = subprocess.run([program, "--socket", path] + args, input=text, capture_output=True, text=True,
                          timeout=30, check=False)
    if server:
        server.shutdown()
        server.server_close()
    text = f"exit {done.returncode}\n--- stdout\n{done.stdout}--- stderr\n{done.stderr}"
    text = text.replace(folder, "DIR").replace(TOP, "TOP").replace(program, "op25bctl")
    # The words of the example policies may change, and their hashes with them.
    if any("policies" in arg for arg in args):
        text = re.sub(r"\b[0-9a-f]{12}([0-9a-f]{52})?\b", "HASH", text)
    return text


def main():
    program, update = os.path.abspath(sys.argv[1]), "--update" in sys.argv[2:]
    failed = 0
    os.chdir(os.path.join(GOLDEN, "api"))
    with tempfile.TemporaryDirectory() as folder:
        for name in CASES:
            path = os.path.join(GOLDEN, "cli", name + ".txt")
            have = run_case(program, name, folder)
            if update:
                with open(path, "w", encoding="utf-8") as out:
                    out.write(have)
            want = open(path, encoding="utf-8").read() if os.path.exists(path) else "no golden file"
            print("ok" if have == want else "not ok", "-", name)
            if have != want:
                failed += 1
                print(f"want:\n{want}\nhave:\n{have}")
        checks = {"starter_is_good": starter_is_good(program, folder),
                  "diff_agrees_with_judge": diff_agrees(program, (BEFORE, AFTER), ("2026-11-22", "2026-11-22")),
                  "diff_agrees_over_time": diff_agrees(program, (BEFORE, AFTER), ("2026-04-02", "2027-04-02"))}
        for path in (path for path in EXAMPLES if not path.endswith(".schema.json")):
            checks["table_agrees_" + os.path.basename(path)] = table_agrees(program, path) > 0
        for name, good in checks.items():
            print("ok" if good else "not ok", "-", name)
            failed += not good
    with open("/dev/full", "w", encoding="utf-8") as full:
        code = subprocess.run([program, "policy", "print", POLICY], stdout=full, stderr=subprocess.PIPE, check=False).returncode
    print("ok" if code == 1 else "not ok", "- full_disk")
    failed += code != 1
    strays = {n[:-4] for n in os.listdir(os.path.join(GOLDEN, "cli"))} - set(CASES)
    if strays:
        failed += 1
        print("not ok - golden files without a case:", sorted(strays))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
