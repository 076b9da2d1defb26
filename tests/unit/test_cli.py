# SPDX-License-Identifier: BSD-3-Clause
"""op25bctl, word for word: what it prints and how it exits, against tests/golden/cli/<case>.txt.

Files are checked by the real policy library; the daemon is played by a small server that gives the
answers in tests/golden/api. `test_cli.py OP25BCTL --update` writes the golden files anew: read the
difference before committing it.
"""
import http.server
import os
import socketserver
import subprocess
import sys
import tempfile
import threading

GOLDEN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "golden")
POLICY = "policy_for_cli.json"
EXPLAIN = ["--from", "198.51.100.7", "--to", "192.0.2.1"]
AT = ["--at", "2008-03-31T12:00:00"]
PATHS = os.path.join("..", "..", "..", "policies", "paths.json")
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
    "print": (["policy", "print", POLICY], {}),
    "print_wrong": (["policy", "print", "policy_wrong.json"], {}),
    "print_two": (["policy", "print", POLICY, POLICY], {}),
    "explain_drop": (["policy", "explain", POLICY] + EXPLAIN + AT, {}),
    "explain_drop_json": (["-j", "policy", "explain", POLICY] + EXPLAIN + AT, {}),
    "explain_before": (["policy", "explain", POLICY] + EXPLAIN + ["--at", "2008-03-30T23:59:59"], {}),
    "explain_587": (["policy", "explain", POLICY, "--port", "587"] + EXPLAIN + AT, {}),
    "explain_bad_time": (["policy", "explain", POLICY, "--at", "noon"] + EXPLAIN, {}),
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
        if self.command == "POST" and body != open(POLICY, "rb").read():
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


def run_case(program, name, folder):
    args, answers, text = (CASES[name] + ("",))[:3]
    path = os.path.join(folder, name + ".sock")
    server = None
    if answers is not None:
        server = Server(path, Handler)
        server.answers = answers
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    done = subprocess.run([program, "--socket", path] + args, input=text, capture_output=True, text=True,
                          timeout=30, check=False)
    if server:
        server.shutdown()
        server.server_close()
    text = f"exit {done.returncode}\n--- stdout\n{done.stdout}--- stderr\n{done.stderr}"
    return text.replace(folder, "DIR").replace(program, "op25bctl")


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
