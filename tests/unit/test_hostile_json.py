# SPDX-License-Identifier: BSD-3-Clause
"""Hostile files for op25bctl policy check: each is refused with a sentence, in little memory.

Prints what each took. In a build without sanitizers, memory is bounded from outside while the
command runs, and its peak is looked at. Times are printed, not judged.
Usage: test_hostile_json.py OP25BCTL [sanitized]
"""
import os
import resource
import subprocess
import sys
import tempfile
import threading

MOST_RESIDENT = 64 << 20
MOST_DATA = 64 << 20  # brk and private mappings
GIB = 1 << 30
DEPTH = 1000000
HEAD = b'{"op25b":1,"name":"n","pools":{"p":{"kind":"dynamic","v4":["198.51.100.0/25"]}},"stages":[],'


def write(path, *parts):
    """Parts are bytes, or (bytes, count): so many times. Written in pieces, so that this process stays small:
    the command's peak begins with what its parent had."""
    with open(path, "wb") as out:
        for part in parts:
            text, count = part if isinstance(part, tuple) else (part, 1)
            at_once = max(1, 65536 // len(text)) if text else 1
            for done in range(0, count, at_once):
                out.write(text * min(at_once, count - done))


def sparse(path, size, head):
    write(path, head)
    os.truncate(path, size)


def many_keys(path):
    with open(path, "wb") as out:
        out.write(HEAD)
        for i in range(100000):
            out.write(b'"k%d":1,' % i)
        out.write(b'"note":"n"}')


def fifo(path):
    os.mkfifo(path)


def nothing(_):
    pass


# case: what makes the file at a path, what must be told. A case that is a path is that file.
CASES = {
    "objects_a_million_deep": (lambda p: write(p, HEAD, b'"x-a":', (b'{"a":', DEPTH), b"1", (b"}", DEPTH + 1)),
                               "maximum parsing depth reached"),
    "arrays_a_million_deep": (lambda p: write(p, (b"[", DEPTH)), "maximum parsing depth reached"),
    "a_string_of_a_gib": (lambda p: sparse(p, GIB, HEAD + b'"note":"'), "has 1073741824 bytes, at most 67108864 are read"),
    "a_string_of_16_mib": (lambda p: write(p, HEAD, b'"note":"', (b"a", 16 << 20), b'"}'),
                           "begins a string of more than 65536 bytes"),
    "a_string_without_end": (lambda p: write(p, HEAD, b'"note":"', (b"a", 8 << 20)),
                             "begins a string of more than 65536 bytes"),
    "a_key_of_8_mib": (lambda p: write(p, HEAD, b'"', (b"k", 8 << 20), b'":1}'),
                       "begins a string of more than 65536 bytes"),
    "a_value_of_4_mib": (lambda p: write(p, HEAD, b'"revision":[', (b'"' + b"\xe3\x81\x82" * 10000 + b'",', 140), b"0]}"),
                         "... is not a whole number"),
    "a_hundred_thousand_duplicates": (lambda p: write(p, HEAD, (b'"note":"n",', 100000), b'"note":"n"}'),
                                      "is a key of this object already"),
    "a_hundred_thousand_keys": (many_keys, "unknown key"),
    "a_number_of_a_million_digits": (lambda p: write(p, HEAD, b'"revision":', (b"9", 1000000), b"}"), "too big integer"),
    "duplicate_keys": (lambda p: write(p, HEAD, b'"name":"m"}'), '"name" is a key of this object already'),
    "nan": (lambda p: write(p, HEAD, b'"revision":NaN}'), "invalid token near 'NaN'"),
    "infinity": (lambda p: write(p, HEAD, b'"revision":1e9999}'), "real number overflow"),
    "nul_in_a_string": (lambda p: write(p, HEAD, b'"note":"a\0b"}'), "control character 0x0"),
    "nul_behind_the_end": (lambda p: write(p, HEAD, b'"note":"n"}\0'), "end of file expected"),
    "escaped_nul": (lambda p: write(p, HEAD, b'"note":"\\u0000"}'), "the character \\u0000 is not allowed"),
    "escaped_nul_in_a_key": (lambda p: write(p, HEAD, b'"\\u0000":1}'), "the character \\u0000 is not allowed"),
    "utf16": (lambda p: write(p, (HEAD + b'"note":"n"}').decode().encode("utf-16")), "looks like UTF-16 or UTF-32"),
    "utf16_without_mark": (lambda p: write(p, HEAD.decode().encode("utf-16-be")), "looks like UTF-16 or UTF-32"),
    "utf32": (lambda p: write(p, HEAD.decode().encode("utf-32")), "looks like UTF-16 or UTF-32"),
    "byte_order_mark": (lambda p: write(p, b"\xef\xbb\xbf", HEAD, b'"note":"n"}'), "begins with a byte order mark"),
    "invalid_utf8": (lambda p: write(p, HEAD, b'"note":"\xff"}'), "unable to decode byte 0xff"),
    "overlong_utf8": (lambda p: write(p, HEAD, b'"note":"\xc0\x80"}'), "unable to decode byte 0xc0"),
    "utf8_surrogate": (lambda p: write(p, HEAD, b'"note":"\xed\xa0\x80"}'), "unable to decode byte 0xed"),
    "lone_surrogate": (lambda p: write(p, HEAD, b'"note":"\\udc00"}'), "invalid Unicode"),
    "empty": (lambda p: write(p, b""), "'[' or '{' expected"),
    "only_spaces": (lambda p: write(p, (b" ", 8 << 20)), "'[' or '{' expected"),
    "a_directory": (os.mkdir, "is not a regular file"),
    "a_fifo_without_writer": (fifo, "is not a regular file"),
    "a_link_to_itself": (lambda p: os.symlink(p, p), "cannot be opened: Too many levels of symbolic links"),
    "/dev/zero": (nothing, "is not a regular file"),
    "/dev/null": (nothing, "is not a regular file"),
    "/proc/self/mem": (nothing, "cannot be read"),
}


def bound():
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_DATA, MOST_DATA))


def check(op25bctl, path, sanitized):
    """(exit status, text, seconds of processor, peak of resident bytes) of policy check."""
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen([op25bctl, "policy", "check", path], stdin=subprocess.DEVNULL, stdout=out,
                                 stderr=subprocess.STDOUT, preexec_fn=None if sanitized else bound)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read().decode("utf-8", "replace")
    return child.returncode, text, usage.ru_utime + usage.ru_stime, usage.ru_maxrss << 10


def judge(name, want, answer, sanitized):
    """The faults of one answer."""
    status, text, seconds, resident = answer
    print(f"{name:32} {seconds * 1000:6.0f} ms {resident >> 10:7} KiB  {text.splitlines()[0][:160] if text else ''}")
    faults = []
    if status != 1:
        faults.append(f"{name}: exit {status}, 1 is expected: {text[:300]}")
    if not any(word in text for word in ([want] if isinstance(want, str) else want)):
        faults.append(f"{name}: {want} is not told: {text[:300]}")
    if not sanitized and resident > MOST_RESIDENT:
        faults.append(f"{name}: {resident} bytes were resident, at most {MOST_RESIDENT} are allowed")
    return faults


def check_growing(op25bctl, folder, sanitized):
    """A file that another writes on while it is read: test_reader.c does so at the right moment. Here the moment is
    as it comes; complete the file is never, so it is refused always."""
    path = os.path.join(folder, "growing")
    write(path, HEAD, b'"x-a":[', (b" ", 16 << 20))
    stop = threading.Event()

    def grow():
        with open(path, "ab", buffering=0) as out:
            while not stop.is_set() and out.tell() < 17 << 20:
                out.write(b" ")

    thread = threading.Thread(target=grow)
    thread.start()
    answer = check(op25bctl, path, sanitized)
    stop.set()
    thread.join()
    return judge("a_file_that_grows", ("was changed while it was read", "near end of file"), answer, sanitized)


def main():
    op25bctl, sanitized = sys.argv[1], sys.argv[2:] == ["sanitized"]
    faults = []
    with tempfile.TemporaryDirectory(prefix="op25b-hostile.") as folder:
        for name, (make, want) in CASES.items():
            path = name if name.startswith("/") else os.path.join(folder, name)
            make(path)
            faults += judge(name, want, check(op25bctl, path, sanitized), sanitized)
        faults += check_growing(op25bctl, folder, sanitized)
    print("\n".join(faults + [f"{len(CASES) + 1} hostile files, {len(faults)} faults"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
