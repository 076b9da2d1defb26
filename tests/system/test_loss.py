#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Loss of op25b-dp under load: killed, hung, restarted. Not one forbidden frame may pass at any moment, and
permitted ones flow again by themselves. Loss of op25bd: nothing at all may be noticed."""
import json
import signal
import sys
import time

from box import Box, tcp_frame, wait_for
from load import SERVER, SUBSCRIBER, Load

POLICY = {
    "op25b": 1, "name": "loss", "tz": "UTC", "sets": {"relay": ["203.0.113.25/32"]},
    "pools": {"dyn": {"kind": "dynamic", "v4": ["198.51.100.0/24"], "v6": ["2001:db8:1000::/40"]}},
    "stages": [{"id": "block", "pools": ["dyn"], "from": "always",
                "port25": [{"to": "relay", "do": "permit"}, {"to": "any", "do": "drop"}]}],
}


def flows_after(load):
    """The number of permitted frames that arrived from now on grows."""
    have = len(load.got)
    wait_for("permitted frames flow", lambda: len(load.got) > have + 100)


def lose_by_kill(box, load):
    box.kill("op25b-dp")
    flows_after(load)
    time.sleep(0.5)
    box.start_dataplane()


def lose_by_stop(box, load):
    box.kill("op25b-dp", signal.SIGSTOP)
    flows_after(load)
    wait_for("status warns", lambda: "op25b-dp is up but takes no frames: the guard judges" in box.ctl("status")["warnings"], 2)
    box.kill("op25b-dp", signal.SIGCONT)


def lose_by_exit(box, load):
    box.kill("op25b-dp", signal.SIGTERM)
    flows_after(load)
    box.start_dataplane()


def lose_daemon(box, load):
    box.kill("op25bd")
    flows_after(load)
    box.start_daemon()
    wait_for("op25bd has found op25b-dp again", box.is_in_force)


def check(name, lose, may_lose, **config):
    with Box(POLICY, **config) as box:
        box.start_daemon()
        box.start_dataplane()
        generation = box.ctl("stats", "show")["dataplane"]["generation"]
        load = Load(box).start()
        try:
            flows_after(load)
            began = time.monotonic()
            lose(box, load)
            flows_after(load)
            time.sleep(0.5)
        finally:
            load.stop()
        after = box.ctl("stats", "show")
        guard_judged = sum(after["guard"]["passed"].values()) + sum(after["guard"]["dropped"].values())
        print(f"# {name}: {load.sent} permitted sent, {load.lost()} lost, longest gap "
              f"{load.longest_gap_s(began) * 1000:.0f} ms, {len(load.leaked)} leaked, {guard_judged} judged by the guard")
        assert not load.leaked, f"{len(load.leaked)} forbidden frames passed"
        if not may_lose:
            assert load.lost() == 0, f"{load.lost()} permitted frames lost"
            assert after["dataplane"]["generation"] == generation, "the policy was published again"
        else:
            assert guard_judged > 0, "the guard never judged"


def check_start_pass():
    """`start` speaks of the time before the first policy. A restarted op25b-dp is not there, though it has none yet."""
    with Box(POLICY, start="pass") as box:
        box.start_daemon()
        box.start_dataplane()
        load = Load(box).start()
        try:
            flows_after(load)
            load.leaked.clear()
            for name in ("op25bd", "op25b-dp"):
                box.kill(name)
            box.start("op25b-dp")
            time.sleep(1)
            box.start_daemon()
            wait_for("policy in force again", box.is_in_force)
            flows_after(load)
        finally:
            load.stop()
        print(f"# start: pass, both killed: {len(load.leaked)} leaked")
        assert not load.leaked, f"{len(load.leaked)} forbidden frames passed"


def check_policy_while_hung():
    """The operator is told that a policy was not taken, and another one goes to the guard alone. When op25b-dp wakes,
    neither its old policy nor the one that waits in its socket may judge a frame."""
    open_policy = json.loads(json.dumps(POLICY))
    open_policy["stages"][0]["port25"] = [{"to": "any", "do": "permit"}]
    with Box(open_policy) as box:
        box.start_daemon()
        box.start_dataplane()
        load = Load(box).start()
        try:
            flows_after(load)
            box.kill("op25b-dp", signal.SIGSTOP)
            for policy, is_taken in ((open_policy | {"name": "waits"}, False), (POLICY, True)):
                box.write_policy(policy)
                answer = box.ctl("policy", "load", box.path("policy.json"), check=False)
                assert (answer is not None) == is_taken, f"{policy['name']}: {answer}"
            # What was sent before may be in op25b-dp's hands since it stopped, judged by what was in force then.
            from_number = load.forbidden
            flows_after(load)
            box.kill("op25b-dp", signal.SIGCONT)
            wait_for("policy in force in op25b-dp too", box.is_in_force)
            flows_after(load)
        finally:
            load.stop()
        leaked = [number for number in load.leaked if number >= from_number]
        print(f"# policy changed while op25b-dp hung: {len(leaked)} leaked of {load.forbidden - from_number}")
        assert load.forbidden > from_number and not leaked, f"{len(leaked)} forbidden frames passed"


def losses(stats):
    keys = ("rx_missed_packets", "rx_error_packets", "rx_nobuf_packets")
    return sum(port[key] for port in stats["dataplane"]["ports"] for key in keys)


def check_driver_losses():
    """Frames that come while op25b-dp hangs and the guard still hands them over are more than a queue holds. Those
    lost there are told, while op25b-dp runs and after it has ended, and are not among those received."""
    with Box(POLICY, heartbeat_max_age_ms=10000) as box:
        box.start_daemon()
        box.start_dataplane()
        sock = box.raw_socket("sub")
        frame = tcp_frame(SUBSCRIBER, SERVER, 40000, 587, 1)

        def burst():
            box.kill("op25b-dp", signal.SIGSTOP)
            for _ in range(6000):
                sock.send(frame)
            box.kill("op25b-dp", signal.SIGCONT)

        def received():
            return box.ctl("stats", "show")["dataplane"]["received"]

        burst()
        first = wait_for("losses are told", lambda: losses(box.ctl("stats", "show")), 5)
        burst()
        wait_for("nothing is received any more", lambda: received() == (time.sleep(0.1), received())[1])
        box.kill("op25b-dp", signal.SIGTERM)
        sock.close()
        after = box.ctl("stats", "show")
        handed = after["guard"]["to_dataplane"]
        print(f"# bursts into a hung op25b-dp: {handed} handed over, {received()} received, {losses(after)} lost, "
              f"{first} of them in the first burst")
        assert losses(after) > first, "what was lost before the end is not told"
        assert handed == received() + losses(after), "frames are missing"


def main():
    check("kill -9 of op25b-dp", lose_by_kill, True)
    check("SIGSTOP of op25b-dp", lose_by_stop, True)
    check("clean stop of op25b-dp", lose_by_exit, True)
    check("kill -9 of op25bd", lose_daemon, False)
    check_start_pass()
    check_policy_while_hung()
    check_driver_losses()
    return 0


if __name__ == "__main__":
    sys.exit(main())
