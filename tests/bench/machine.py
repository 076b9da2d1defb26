# SPDX-License-Identifier: BSD-3-Clause
"""What the machine is that a run was made on, and how quiet it was meanwhile: without both a figure means nothing."""
import glob
import os
import re
import statistics
import subprocess
import threading
import time

from context import TOP, meminfo_mib, read

FLAGS = ("avx2", "avx512f", "avx512bw", "avx512vl", "avx512dq", "gfni", "bmi2", "constant_tsc", "nonstop_tsc")
SAME_MOST = 0.05  # two processes of the same program may differ by so much
LOOP_MOST = 0.10  # and a fixed loop by so much
STEAL_MOST = 0.02
LOOP_COUNT = 200_000


def command(*args):
    """The first line of what a program prints, "" if there is no such program."""
    try:
        done = subprocess.run(args, capture_output=True, text=True, check=False, cwd=TOP)
    except OSError:
        return ""
    return (done.stdout.strip() or done.stderr.strip()).split("\n")[0] if done.returncode == 0 else ""


def _cpu_fields():
    first = read("/proc/cpuinfo").split("\n\n")[0]
    return dict(re.split(r"\s*:\s?", line, maxsplit=1) for line in first.splitlines() if ":" in line)


def _caches():
    found = []
    for folder in sorted(glob.glob("/sys/devices/system/cpu/cpu0/cache/index*")):
        kind = {"Data": "d", "Instruction": "i"}.get(read(f"{folder}/type"), "")
        found.append(f"L{read(f'{folder}/level')}{kind} {read(f'{folder}/size')}")
    return ", ".join(found) or "not told"


def _mitigations():
    """Those that are at work."""
    found = {os.path.basename(path): read(path) for path in sorted(glob.glob("/sys/devices/system/cpu/vulnerabilities/*"))}
    return "; ".join(f"{name}: {text.removeprefix('Mitigation: ')}" for name, text in found.items() if text.startswith("Mitigation")) or "none"


def _hypervisor(fields):
    if "hypervisor" not in fields.get("flags", "").split():
        return "none"
    name = command("systemd-detect-virt", "--vm") or read("/sys/class/dmi/id/sys_vendor")
    return name or next((line.split(":", 1)[1].strip() for line in command("lscpu").splitlines() if "Hypervisor" in line), "yes, of unknown make")


def _clock(fields):
    parts = [f"{float(fields['cpu MHz']):.0f} MHz now"] if fields.get("cpu MHz") else []
    if fields.get("bogomips"):
        parts.append(f"time-stamp counter {float(fields['bogomips']) / 2:.0f} MHz")
    return ", ".join(parts) or "not told"


def _huge_free(name):
    chosen = re.search(r"\[(\w+)\]", read(f"/sys/kernel/mm/transparent_hugepage/{name}"))
    return chosen.group(1) if chosen else "not there"


def _source():
    commit = command("git", "describe", "--always", "--tags", "--abbrev=12")
    if not commit:
        return "not in a git work tree"
    return commit + (", with changes that are not committed" if command("git", "status", "--porcelain", "--untracked-files=no") else "")


def describe(ctx):
    """{what: text}, in the order in which it is to be read."""
    fields = _cpu_fields()
    nodes = len(glob.glob("/sys/devices/system/node/node[0-9]*")) or 1
    flags = fields.get("flags", "").split()
    return {
        "date": time.strftime("%Y-%m-%d %H:%M %Z"),
        "CPU": fields.get("model name", "not told"),
        "clock": _clock(fields),
        "CPUs": f"{os.cpu_count()}, of which {ctx.cores} may be used; programs under test on {ctx.core}, everything else on {ctx.other_core}",
        "flags that matter": " ".join(flag for flag in FLAGS if flag in flags) or "none",
        "caches": _caches(),
        "hypervisor": _hypervisor(fields),
        "NUMA nodes": str(nodes),
        "memory": f"{meminfo_mib('MemTotal')} MiB",
        "hugepages of 2 MiB for this run": read("/proc/sys/vm/nr_hugepages", "0"),
        "transparent hugepages": f"{_huge_free('enabled')}, of shared memory {_huge_free('shmem_enabled')}",
        "governor": read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor") or "not told",
        "isolated CPUs": read("/sys/devices/system/cpu/isolated") or "none",
        "mitigations": _mitigations(),
        "kernel": f"{os.uname().release} {os.uname().version}",
        "system": next((line.split("=", 1)[1].strip('"') for line in read("/etc/os-release").splitlines() if line.startswith("PRETTY_NAME=")), "not told"),
        "op25b": _source(),
        "DPDK": command("pkg-config", "--modversion", "libdpdk"),
        "libbpf": command("pkg-config", "--modversion", "libbpf"),
        "gcc": command("gcc", "-dumpfullversion"),
        "clang": command("clang", "--version"),
    }


def _ticks():
    """(all, stolen) of all CPUs since the machine started, in clock ticks."""
    values = [int(word) for word in read("/proc/stat").split("\n")[0].split()[1:]]
    return sum(values[:8]), values[7] if len(values) > 7 else 0


def loop_ms(core):
    """The time of a fixed loop on a CPU, best of three: what the machine gives to whoever computes there. In a thread of
    its own, since a CPU is a thread's."""
    found = []

    def run():
        os.sched_setaffinity(0, {core})
        for _ in range(3):
            began = time.perf_counter()
            total = 0
            for number in range(LOOP_COUNT):
                total += number & 7
            found.append((time.perf_counter() - began) * 1000)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return min(found)


def stolen_ticks():
    """Time that the hypervisor gave to others while this machine had work, of all CPUs since it started, in clock ticks."""
    return _ticks()[1]


class Watch:
    """How busy the machine was: asked before the first row and after each."""

    def __init__(self, core):
        self.core = core
        self.load = []
        self.loops_ms = []
        self.first = _ticks()
        self.look()

    def look(self):
        self.load.append(os.getloadavg()[0])
        self.loops_ms.append(loop_ms(self.core))

    def as_json(self):
        whole, stolen = (now - then for now, then in zip(_ticks(), self.first))
        return {"load_before": self.load[0], "load_after_rows": self.load[1:], "stolen": stolen / whole if whole else 0.0, "loops_ms": self.loops_ms}


def noise(watch, results):
    """Why this run measured noise, as sentences; none if it did not. `watch` and the results as in the JSON."""
    found = []
    for result in results:
        if result["is_same"] and not result["not_run"]:
            apart = statistics.median(abs(value - 1) for value in result["figure"])
            if apart > SAME_MOST:
                found.append(f"{result['name']}: they differ by {100 * apart:.0f} %, and by no more than {100 * SAME_MOST:.0f} % on a quiet machine")
    loops = watch["loops_ms"]
    if max(loops) > min(loops) * (1 + LOOP_MOST):
        found.append(f"a fixed loop took {min(loops):.1f} ms at one time and {max(loops):.1f} ms at another")
    if watch["stolen"] > STEAL_MOST:
        found.append(f"the hypervisor gave {100 * watch['stolen']:.1f} % of the time to others")
    return found
