# SPDX-License-Identifier: Apache-2.0
"""The place where faults are tried: programs, folders, processes, and the list of all that could be left behind.

Everything is below one temporary folder, in a corner of the machine of its own (tests/lib/isolate).
"""

import contextlib
import ctypes
import io
import os
import re
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
import time

TESTS = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
IMAGE = "localhost/busybox:1"
PR_SET_CHILD_SUBREAPER = 36
COMMAND_SECONDS = 90  # a command that takes longer hangs
LEAVING_SECONDS = 60  # what ends by itself (a network namespace, a monitor) has ended by then


class Done:
    """What a command has said at its end. status: negative where a signal ended it, None where it had to be ended."""

    def __init__(self, command, status, out, err):
        self.command, self.status, self.out, self.err = command, status, out, err

    def __str__(self):
        status = "still at work" if self.status is None else f"status {self.status}"
        return f"`{' '.join(w for w in self.command if '/' not in w)}`: {status}: {(self.err or self.out).strip()[-300:]}"


class Corner:
    def __init__(self, build):
        self.folder = tempfile.mkdtemp(prefix="fault.")
        self.build = build
        self.data, self.run, self.states = (f"{self.folder}/{name}" for name in ("data", "run", "oci"))
        self.archive, self.bundle = f"{self.folder}/busybox.tar", f"{self.folder}/bundle"

    def make_images(self):
        rootfs = f"{self.bundle}/rootfs"
        subprocess.run([f"{TESTS}/lib/busybox-rootfs", rootfs], check=True)
        subprocess.run([f"{TESTS}/lib/docker-archive", rootfs, IMAGE, self.archive], check=True)

    def paene(self, *words):
        return [f"{self.build}/paene", "--root", self.data, "--runroot", self.run, *words]

    def oci(self, *words):
        return [f"{self.build}/paene-oci", "--root", self.states, *words]

    def call(self, command, seconds=COMMAND_SECONDS):
        """Run a command to its end. Files take its output: an orphan of it may keep them open for as long as it likes."""
        with tempfile.TemporaryFile(dir=self.folder) as out, tempfile.TemporaryFile(dir=self.folder) as err:
            p = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
            try:
                status = p.wait(seconds)
            except subprocess.TimeoutExpired:
                status = None
                for pid in self.descendants():
                    kill(pid)
                p.wait()
            words = []
            for file in out, err:
                file.seek(0)
                words.append(file.read().decode(errors="replace"))
        return Done(command, status, *words)

    def descendants(self):
        """All processes that we have started, and their orphans, but not us and the tracer, the youngest first."""
        parents = {}
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", errors="replace") as f:
                head, tail = f.read().rsplit(")", 1)
                parents[int(name)] = (int(tail.split()[1]), head.split("(", 1)[1])
        found = [os.getppid()]  # see bury_the_dead()
        for pid in found:
            found += [child for child, (parent, _) in parents.items() if parent == pid]
        return [pid for pid in reversed(found[1:]) if pid != os.getpid() and parents[pid][1] != "strace"]

    def leaks(self):
        """The lines of tests/lib/leaks, without starting a program for them. Loop devices are everybody's."""
        words, sys.argv = sys.argv, ["leaks", self.data, self.run, self.states]
        with contextlib.redirect_stdout(io.StringIO()) as out:
            runpy.run_path(f"{TESTS}/lib/leaks")
        sys.argv = words
        return {line for line in out.getvalue().splitlines() if not line.startswith("loop device")}

    def difference(self, before):
        """What is left, or missing, of an earlier leaks(), once all that ends by itself has ended."""
        end = time.monotonic() + LEAVING_SECONDS
        while True:
            after = self.leaks()
            gone = {line for line in before - after if not line.startswith("link pv")}  # that was going already
            if not after - before and not gone or time.monotonic() > end:
                return sorted([f"left: {line}" for line in after - before] + [f"gone: {line}" for line in gone])
            time.sleep(0.05)


def kill(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def bury_the_dead():
    """Go on as a child of a process that buries all orphans at once: a dead one that nobody waits for keeps its namespace."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    worker = os.fork()
    if worker == 0:
        return
    signal.signal(signal.SIGTERM, lambda *_: kill(worker))
    status = None
    while status is None:
        pid, how = os.wait()
        status = how if pid == worker else None
    os._exit(os.waitstatus_to_exitcode(status) & 0xff)


class Trace:
    """What strace tells of a command and of those it starts, read as it comes."""

    LINE = re.compile(r"(?:(\d+) +)?(.*)")
    CALL = re.compile(r"(\w+)\(")

    def __init__(self, folder, deadly=None):
        self.fifo = f"{folder}/trace"
        self.deadly = deadly      # whoever is killed in this system call takes all others with it
        self.last = {}            # pid → its last line
        self.counts = {}          # (pid, system call) → how often, by programs of ours
        self.pids = {0}           # 0: the only one, where others are not followed
        self.payloads = set()     # processes that have become a program of the container
        self.monitors = set()
        self.executing = {}
        self.crashes = []         # of ours
        self.injected = set()     # pids
        os.mkfifo(self.fifo)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def command(self, options):
        return ["strace", "-q", "-o", self.fifo, *options]

    def read(self):
        with open(self.fifo, errors="replace") as lines:
            for line in lines:
                pid, text = self.LINE.fullmatch(line.rstrip("\n")).groups()
                self.take(int(pid or 0), text)

    def take(self, pid, text):
        self.pids.add(pid)
        ours = pid not in self.payloads
        call = self.CALL.match(text)
        if call and ours:
            self.counts[pid, call[1]] = self.counts.get((pid, call[1]), 0) + 1
        if text.endswith("(INJECTED)"):
            self.injected.add(pid)
        if "+++ killed by" in text:
            self.killed(pid, ours, text)
        if text.startswith(("execve(", "execveat(")):
            self.executing[pid] = text
        if pid in self.executing and text.endswith(" = 0") and "exec" in text[:12]:
            self.became(pid, self.executing[pid])
        self.last[pid] = text

    def killed(self, pid, ours, text):
        if ours and "SIGKILL" not in text:
            self.crashes.append(f"{text.strip('+ ')} (process {pid})")
        if self.deadly and self.last.get(pid, "").startswith(f"{self.deadly}("):
            for other in self.pids - {0, pid}:
                kill(other)

    def became(self, pid, program):
        (self.payloads.discard if "paene" in program else self.payloads.add)(pid)
        if '"paene-monitor"' in program:
            self.monitors.add(pid)

    def hit_others(self):
        """Whether a fault was another's than the command's and its helpers': then its status says nothing."""
        return bool(self.injected & (self.payloads | self.monitors))

    def most(self):
        """System call → how often a single process has called it, at most."""
        most = {}
        for (_, call), n in self.counts.items():
            most[call] = max(most.get(call, 0), n)
        return most

    def end(self, seconds):
        """Wait until strace has nothing left to trace. Return: whether that came."""
        self.reader.join(seconds)
        os.unlink(self.fifo)
        return not self.reader.is_alive()
