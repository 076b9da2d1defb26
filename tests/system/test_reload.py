#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Policies of 10,000 prefixes, loaded one after the other under traffic: no frame is lost, none leaks, and a
bad one changes nothing."""
import json
import sys
import time

from box import Box
from load import Load
from test_loss import POLICY, flows_after


def big_policy(step):
    """10,000 prefixes beside the pool that the load uses; `step` moves them, so that no two policies are alike."""
    prefixes = [f"{10 + i // 8192}.{i // 32 % 256}.{i % 32 * 8}.{step * 4 % 256 & 4}/30" for i in range(10000)]
    policy = json.loads(json.dumps(POLICY))
    policy["pools"]["big"] = {"kind": "dynamic", "v4": prefixes}
    policy["stages"][0]["pools"].append("big")
    return policy


def main():
    with Box(POLICY) as box:
        box.start_daemon()
        box.start_dataplane()
        load = Load(box).start()
        try:
            flows_after(load)
            times = []
            for step in range(6):
                box.write_policy(big_policy(step))
                began = time.monotonic()
                box.ctl("policy", "load", box.path("policy.json"))
                times.append(time.monotonic() - began)
                flows_after(load)
            good = box.ctl("stats", "show")["dataplane"]["generation"]
            bad = big_policy(7)
            bad["stages"][0]["port25"][0]["to"] = "nobody"
            box.write_policy(bad)
            refused = box.ctl("policy", "load", box.path("policy.json"), check=False) is None
            assert refused, "a bad policy was taken"
            flows_after(load)
            stats = box.ctl("stats", "show")
        finally:
            load.stop()
        print(f"# 10,000 prefixes, load to in force: {', '.join(f'{t * 1000:.0f}' for t in times)} ms; "
              f"{load.sent} permitted sent, {load.lost()} lost, {len(load.leaked)} leaked")
        assert stats["dataplane"]["generation"] == stats["guard"]["generation"] == good, "a bad policy moved the generation"
        assert load.lost() == 0, f"{load.lost()} permitted frames lost"
        assert not load.leaked, f"{len(load.leaked)} forbidden frames passed"
    return 0


if __name__ == "__main__":
    sys.exit(main())
