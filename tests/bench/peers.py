# SPDX-License-Identifier: BSD-3-Clause
"""What stands in the boxes of the row "kernel", and the books of each: every frame that was sent is found again as passed,
dropped by verdict, or lost at a place that is named."""
import json
import os
import shutil
import signal
import subprocess
import time

from plan import NETWORK_MAC
from result import BenchError, check_sum
from veth import OURS, bpffs_name, softnet_dropped

WAKE_S = 0.05  # a worker turns its loop, and says so
SETTLE_S = 10.0  # a busy machine may keep op25b-dp from its CPU


class Peer:
    """A box with nothing in it that carries frames: what the generator costs alone."""
    title = "generator alone"
    role = "none"
    carries = False  # frames get through
    judges = False  # by the policy

    def __init__(self, ctx, lab, policy):
        self.ctx = ctx
        self.lab = lab
        self.policy = policy
        self.number = lab.add_box(self.role)
        self.books = {}

    def start(self):
        """Until here there is nothing that close() would have to end."""
        self.set_up()
        self.books = self.read()

    def set_up(self):
        self.lab.attach(self.role, "vethgen_drop")

    def begin(self):
        """Its turn comes."""

    def end(self):
        """Its turn is over."""

    def close(self):
        """Ends what it runs."""

    def cpu_ns(self):
        """Time of its own processes."""
        return 0

    def own_books(self):
        """What it counts itself: {"passed": ..., "dropped": ..., "lost": ...}, and other names of its own."""
        return {}

    def read(self):
        leaked, other = self.lab.arrived(self.number)
        return {"entered": self.lab.entered(self.role), "refused": self.lab.refused(self.number), "leaked": leaked, "out": leaked + other,
                "backlog": softnet_dropped(), **self.own_books()}

    def turn(self, sent):
        """The books of a trial, when nothing moves any more: {name: frames}."""
        end = time.monotonic() + SETTLE_S
        while True:
            now = self.read()
            done = {name: now[name] - self.books[name] for name in now}
            if self.is_complete(done) or time.monotonic() > end:
                break
            time.sleep(0.01)
        self.books = now
        self.check(sent, done)
        return done

    def is_complete(self, done):
        return True

    def check(self, sent, done):
        check_sum(f"{self.title}: frames sent", sent, {"received": done["entered"], "refused by the veth": done["refused"]})
        if done["out"]:
            raise BenchError(f"{self.title}: {done['out']} frames came out of a box that carries none")
        done |= {"judged": done["entered"], "lost": done["refused"], "dropped": 0}


class Bridge(Peer):
    """The kernel's bridge without a rule."""
    title = "bridge, no rules"
    role = "bridge"
    carries = True

    def set_up(self):
        self.lab.add_bridge(self.role)
        self.lab.attach(self.role, "vethgen_pass")

    def is_complete(self, done):
        return done["entered"] == done["out"] + done.get("dropped", 0)

    def check(self, sent, done):
        dropped = done.get("dropped", 0)
        check_sum(f"{self.title}: frames sent", sent, {"received": done["entered"], "refused by the veth": done["refused"]})
        # A backlog is the CPU's, not the box's: nothing else sends meanwhile that could fill it.
        lost = min(done["backlog"], max(0, done["entered"] - dropped - done["out"]))
        check_sum(f"{self.title}: frames received", done["entered"],
                  {"passed": done["out"], "dropped by verdict": dropped, "lost in a backlog": lost})
        done |= {"judged": done["entered"], "lost": done["refused"] + lost, "dropped": dropped}


def _rules(policy):
    """The policy in nftables' words: sets of the subscribers' prefixes, those of the permitted destinations, and for a limit
    a set of subscribers that the rules fill."""
    pools = policy["pools"].values()
    (stage,) = policy["stages"]
    last = stage["port25"][-1]
    permitted = [net for clause in stage["port25"][:-1] for net in policy["sets"][clause["to"]]]
    text, rules = [], []
    for family, word, kind, key in ((4, "ip", "ipv4_addr", "ip saddr"), (6, "ip6", "ipv6_addr", "ip6 saddr & ffff:ffff:ffff:ff00::")):
        nets = [net for pool in pools for net in pool.get(f"v{family}", [])]
        relays = [net for net in permitted if (":" in net) == (family == 6)]
        for name, elements in ((f"sub{family}", nets), (f"relay{family}", relays)):
            text.append(f"set {name} {{ type {kind}; flags interval; elements = {{ {', '.join(elements)} }} }}")
        match = f"{word} saddr @sub{family} {word} daddr != @relay{family}"
        if last["do"] == "limit":
            limit = policy["limits"][last["limit"]]
            seconds = limit["window_s"]
            text.append(f"set seen{family} {{ type {kind}; size {slots_of(policy)}; flags dynamic,timeout; timeout {seconds}s; }}")
            per_hour = limit["max"] * 3600 // seconds
            rules.append(f"{match} tcp flags & (syn | ack) == syn update @seen{family} {{ {key} limit rate over {per_hour}/hour "
                         f"burst {limit.get('burst', limit['max'])} packets }} counter name \"dropped\" drop")
        else:
            rules.append(f"{match} counter name \"dropped\" drop")
            rules.append(f"{word} daddr @sub{family} tcp sport 25 drop")
    return text, rules


def slots_of(policy):
    return policy["_slots"]


class NftBridge(Bridge):
    """The same policy in nftables, where bridges are filtered."""
    title = "nftables bridge"
    role = "nft"
    judges = True
    family = "bridge"

    def set_up(self):
        super().set_up()
        self.load()

    def load(self):
        text, rules = _rules(self.policy)
        forward = [rule for rule in rules if "sport" not in rule]
        back = [rule for rule in rules if "sport" in rule]
        lines = ["counter dropped { }", *text, "chain out {", *forward, "}", "chain back {", *back, "}",
                 "chain forward { type filter hook forward priority 0; policy accept;",
                 'iif "sub0" tcp dport 25 jump out', 'iif "net0" tcp sport 25 jump back', "}"]
        self.lab.run(self.role, "nft", "-f", "-", input=f"table {self.family} op25b {{\n" + "\n".join(lines) + "\n}\n")

    def own_books(self):
        listed = json.loads(self.lab.run(self.role, "nft", "-j", "list", "counters", "table", self.family, "op25b"))["nftables"]
        return {"dropped": sum(entry["counter"]["packets"] for entry in listed if "counter" in entry)}


class NftRouter(NftBridge):
    """The same rules in a box that routes."""
    title = "nftables router"
    role = "router"
    family = "inet"

    def set_up(self):
        hop = "169.254.25.2"
        self.lab.run(self.role, "ip", "link", "set", "sub0", "address", NETWORK_MAC)  # it takes frames only that are for it
        self.lab.attach(self.role, "vethgen_pass")
        self.lab.run(self.role, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.sub0.rp_filter=0")
        for words in (("link", "set", "lo", "up"),  # makes the table that routes are checked against
                      ("neigh", "add", hop, "lladdr", "02:00:00:00:00:03", "dev", "net0"),
                      ("route", "add", "default", "via", hop, "dev", "net0", "onlink"),
                      ("route", "add", "10.0.0.0/8", "dev", "sub0")):
            self.lab.run(self.role, "ip", *words)
        self.load()


class Guard(Bridge):
    """The guard without an op25b-dp: it judges, and the kernel's bridge carries what passes."""
    title = "guard alone"
    role = "guard"
    judges = True

    def __init__(self, ctx, lab, policy):
        super().__init__(ctx, lab, policy)
        self.folder = ctx.path(bpffs_name(self.role))
        self.bpffs = os.path.join(self.folder, "bpf")
        self.processes = []

    def set_up(self):
        self.lab.add_bridge(self.role)
        os.makedirs(self.bpffs)
        self.ctx.run(["mount", "-t", "bpf", "bpf", self.bpffs])
        # On a veth somebody else's CPU receives: there is nothing to poll the kernel for.
        ports = {side: f"net_af_xdp_{name},iface={name},busy_budget=0" for side, name in (("subscriber", "sub0"), ("network", "net0"))}
        self.write("dataplane.json", {
            # It is op25b-dp that is measured, also where the machine keeps it from its CPU now and then.
            "op25b-dp": 1, "pairs": [ports], "cores": [self.ctx.core], "heartbeat_max_age_ms": 1000,
            "memory": {"mib": 512, "hugepages": "auto", "slots": slots_of(self.policy)},
            "run_dir": self.folder, "bpffs_dir": os.path.join(self.bpffs, "op25b"), "state_dir": os.path.join(self.folder, "state")})
        self.write("policy.json", self.policy)
        self.launch("op25bd", "--policy", os.path.join(self.folder, "policy.json"), "--metrics", "none", "--trust-clock")
        self.start_more()
        self.ctx.wait_for(lambda: f"{self.title} has its policy in force: {self.logs()}", self.is_in_force, 60)

    def start_more(self):
        """What else runs."""

    def write(self, name, what):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as out:
            json.dump(what, out)

    def launch(self, name, *args):
        command = [*OURS, self.ctx.program(name), "--config", os.path.join(self.folder, "dataplane.json"), *args]
        self.processes.append(self.ctx.start(self.lab.inside(self.role, *command), os.path.join(self.folder, f"{name}.log")))
        return self.processes[-1]

    def logs(self):
        return "".join(self.ctx.log(os.path.join(self.folder, f"{name}.log")) for name in ("op25bd", "op25b-dp"))

    def stats(self):
        socket = os.path.join(self.folder, "op25bd.sock")
        return json.loads(self.ctx.run([self.ctx.program("op25bctl"), "-j", "--socket", socket, "stats", "show"]))

    def is_in_force(self):
        for process in self.processes:
            if process.poll() is not None:
                raise BenchError(f"{self.title}: a program has ended: {self.logs()}")
        try:
            return self.has_policy(self.stats())
        except BenchError:
            return False  # op25bd does not listen yet

    def has_policy(self, stats):
        return stats["guard"]["attached"] and stats["guard"]["generation"] > 0

    def own_books(self):
        guard = self.stats()["guard"]
        return {"guard": guard["received"], "passed": guard["forwarded"], "dropped": sum(guard["dropped"].values())}

    def check(self, sent, done):
        check_sum(f"{self.title}: frames of the guard", done["entered"], {"passed": done["passed"], "dropped": done["dropped"]})
        super().check(sent, done)

    def close(self):
        for process in self.processes:
            self.ctx.stop(process)
        subprocess.run(["umount", self.bpffs], check=False, capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)


class Dataplane(Guard):
    """op25b-dp on net_af_xdp, with its guard. It stands still while others have their turn."""
    title = "op25b-dp"
    role = "dp"

    def start_more(self):
        self.process = self.launch("op25b-dp")

    def has_policy(self, stats):
        return stats["dataplane"]["up"] and 0 < stats["dataplane"]["generation"] == stats["guard"]["generation"]

    def begin(self):
        self.process.send_signal(signal.SIGCONT)
        time.sleep(WAKE_S)
        self.ctx.wait_for(lambda: f"{self.title} takes frames again: {self.logs()}", lambda: not self.stats()["guard"]["active"])

    def end(self):
        self.process.send_signal(signal.SIGSTOP)

    def cpu_ns(self):
        folder = f"/proc/{self.process.pid}/task"
        total = 0
        for task in os.listdir(folder):
            with open(f"{folder}/{task}/schedstat", encoding="ascii") as line:
                total += int(line.read().split()[0])
        return total

    def own_books(self):
        stats = self.stats()
        dp, guard = stats["dataplane"], stats["guard"]
        names = ("rx_missed_packets", "rx_error_packets", "rx_nobuf_packets")
        return {"handed": guard["to_dataplane"], "by_guard": guard["received"] - guard["to_dataplane"], "received": dp["received"],
                "passed": dp["forwarded"] + guard["forwarded"], "dropped": sum(dp["dropped"].values()) + sum(guard["dropped"].values()),
                "answered": dp["answered"], "full": dp["tx_full"], "missed": sum(port[name] for port in dp["ports"] for name in names)}

    def is_complete(self, done):
        # Losses are asked of the driver once a second.
        return done["handed"] == done["received"] + done["missed"] and done["passed"] == done["out"]

    def check(self, sent, done):
        title = self.title
        check_sum(f"{title}: frames sent", sent, {"received": done["entered"], "refused by the veth": done["refused"]})
        # The guard judges when op25b-dp is kept from its CPU for too long.
        check_sum(f"{title}: frames received", done["entered"], {"handed over": done["handed"], "judged by the guard": done["by_guard"]})
        check_sum(f"{title}: frames handed over", done["handed"], {"received": done["received"], "lost by the socket": done["missed"]})
        done["judged"] = done["received"] + done["by_guard"]
        check_sum(f"{title}: frames judged", done["judged"],
                  {"passed": done["passed"], "dropped": done["dropped"], "answered": done["answered"], "transmit full": done["full"]})
        lost = min(done["backlog"], max(0, done["passed"] - done["out"]))
        check_sum(f"{title}: frames passed", done["passed"], {"out": done["out"], "lost in a backlog": lost})
        done["lost"] = done["refused"] + done["missed"] + done["full"] + lost


ALL = (Dataplane, Guard, NftBridge, NftRouter, Bridge, Peer)
