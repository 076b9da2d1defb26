# SPDX-License-Identifier: BSD-3-Clause
"""What the rows of scripts/capacity share: the programs, the captures, two cores, hugepages, progress, and the end of
every process that was started here, however the run ends."""
import ctypes
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from result import BenchError

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDERS = {"op25bd": "control/daemon", "op25bctl": "control/cli", "op25b-dp": "dataplane/dpdk"}
NR_HUGEPAGES = "/proc/sys/vm/nr_hugepages"
HUGEPAGE_MIB = 2
LOG_BYTES = 3000
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def end_with_parent():
    """In a new process: the kernel kills it when this one ends, in whatever way."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def read(path, default=""):
    """What a small file of the kernel says, or the default where there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as lines:
            return lines.read().strip()
    except OSError:
        return default


def meminfo_mib(name):
    fields = dict(line.split(":", 1) for line in read("/proc/meminfo").splitlines())
    return int(fields[name].split()[0]) // 1024


class Hugepages:
    """Raises the kernel's number of hugepages for a run, as far as half of the free memory goes, and puts it back."""

    def __init__(self):
        self.before = int(read(NR_HUGEPAGES, "0"))
        self.ours = None

    def raise_to(self, mib):
        """Until so much is free."""
        missing = min(mib - self.free_mib(), meminfo_mib("MemAvailable") // 2) // HUGEPAGE_MIB
        if missing > 0:
            self._write(self.before + missing)
            self.ours = int(read(NR_HUGEPAGES, "0"))  # memory may be in too many pieces for all of them

    def restore(self):
        # Somebody else's number is left alone.
        if self.ours is not None and int(read(NR_HUGEPAGES, "0")) == self.ours:
            self._write(self.before)
        self.ours = None

    @staticmethod
    def _write(count):
        try:
            with open(NR_HUGEPAGES, "w", encoding="ascii") as out:
                out.write(str(count))
        except OSError:
            pass  # in a container: rows see that there are none, and say what they do about it

    @staticmethod
    def free_mib():
        """Of pages of 2 MiB, which every x86-64 has."""
        return int(read("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "0")) * HUGEPAGE_MIB


class Context:
    """Of one run. Used as `with Context(...) as ctx`."""

    def __init__(self, build, quick, out=sys.stderr):
        cpus = sorted(os.sched_getaffinity(0))
        self.build = build
        self.quick = quick
        self.rounds = 2 if quick else 5
        self.seconds = 0.3 if quick else 2.0
        # The program under test has a CPU to itself, the last one: interrupts and the rest of the machine like the first.
        self.core = cpus[-1]
        self.other_core = cpus[0]
        self.cores = len(cpus)
        self.work = None
        self.row = ""
        self.hugepages = Hugepages()
        self._out = out
        self._processes = []
        self._captures = {}
        self._began = time.monotonic()
        self._cases = None  # (how many the row will measure, how many it has, when it began)

    def __enter__(self):
        self.work = tempfile.mkdtemp(prefix="op25b.")
        return self

    def __exit__(self, *_):
        self.end_row()
        self.hugepages.restore()
        shutil.rmtree(self.work, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.work, name)

    def local(self, path):
        """The same path as seen from the work folder, in which programs are started: DPDK 24.11 makes no device from more than
        127 characters."""
        return os.path.relpath(path, self.work)

    def program(self, name):
        """Path of a program of this build: one of op25b, or one of tests/bench."""
        path = os.path.join(self.build, FOLDERS.get(name, "tests/bench"), name)
        if not os.access(path, os.X_OK):
            raise BenchError(f"{path} is not there: was {self.build} made without -Dbench=true?")
        return path

    def capture(self, mix, **keys):
        """Path of a capture of mkpcap, made once: capture("plain4", frames=1000, port25=10) is --mix plain4 --frames 1000 ..."""
        args = ["--mix", mix]
        for key, value in sorted(keys.items()):
            args += [f"--{key}", str(value)]
        name = " ".join(args)
        if name not in self._captures:
            path = self.path(f"{mix}-{hashlib.sha256(name.encode()).hexdigest()[:12]}.pcap")
            self.run([self.program("mkpcap"), *args, path])
            self._captures[name] = path
        return self._captures[name]

    def forget_capture(self, path):
        """Frees the room of a large capture that no further row needs."""
        self._captures = {name: other for name, other in self._captures.items() if other != path}
        os.unlink(path)

    @staticmethod
    def run(args, **keys):
        """Runs a program to its end and returns what it printed. Raises BenchError with its words if it fails."""
        done = subprocess.run(args, capture_output=True, text=True, check=False, **keys)
        if done.returncode:
            raise BenchError(f"{' '.join(map(str, args))}: exit {done.returncode}: {(done.stdout + done.stderr)[-LOG_BYTES:]}")
        return done.stdout

    def start(self, args, log, **keys):
        """Starts a process that ends with this run at the latest. What it says goes to the file `log` of the work folder.
        Only for the main thread: the process would end with any other."""
        with open(self.path(log), "a", encoding="utf-8") as out:
            keys = {"stdout": out, "stderr": out, "stdin": subprocess.DEVNULL, "cwd": self.work} | keys
            self._processes.append(subprocess.Popen(args, preexec_fn=end_with_parent, **keys))
        return self._processes[-1]

    def stop(self, process, number=signal.SIGKILL, seconds=10):
        """Ends a process, stopped ones too, and takes it off the list. Returns its exit status."""
        if process.poll() is None:
            process.send_signal(number)
            process.send_signal(signal.SIGCONT)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
        if process in self._processes:
            self._processes.remove(process)
        return process.wait()

    def log(self, name):
        return read(self.path(name))[-LOG_BYTES:]

    def wait_for(self, what, test, seconds=30.0):
        """Polls test() until it is true and returns that. The bound is for broken runs."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if value := test():
                return value
            time.sleep(0.01)
        raise BenchError(f"did not happen in {seconds:.0f} s: {what() if callable(what) else what}")

    def begin_row(self, row):
        self.row = row
        self._cases = None

    def end_row(self):
        """Nothing of a row is left to run beside the next one."""
        for process in list(self._processes):
            self.stop(process)

    def expect(self, cases):
        """The row says how many times it will call pairs.interleave(), so that the time to go can be told."""
        self._cases = (cases, 0, time.monotonic())

    def progress(self, title, number, count):
        """A round begins."""
        self.say(f"{title}: {f'round {number} of {count - 1}' if number else 'warming up'}{self._to_go(number, count)}")
        if self._cases and number + 1 == count:
            self._cases = (self._cases[0], self._cases[1] + 1, self._cases[2])

    def _to_go(self, number, count):
        if not self._cases:
            return ""
        cases, done, began = self._cases
        done += number / count
        if done <= 0 or done > cases:
            return ""
        return f", about {(time.monotonic() - began) / done * (cases - done):.0f} s to go in this row"

    def say(self, text):
        print(f"[{time.monotonic() - self._began:6.1f} s] {self.row + ': ' if self.row else ''}{text}", file=self._out, flush=True)
