# SPDX-License-Identifier: Apache-2.0
"""What is done while faults are injected: each operation is a few commands, and what must hold after them.

An operation's steps are traced one at a time; the others run as they are. prepare() comes before each attempt, settle()
after it: the next commands must work, and take away what is left.
"""

import contextlib
import json
import os
import subprocess
import time

from corner import COMMAND_SECONDS, IMAGE, TESTS, Done


class Step:
    """One command; after a status of 0, effect(its Done) is what is wrong all the same, or None."""

    def __init__(self, name, command, effect=lambda done: None):
        self.name, self.command, self.effect = name, command, effect

    def run(self, corner, trace, options):
        """Return: its Done. options: strace's; None: untraced"""
        if options is None:
            return corner.call(self.command)
        # -D: the command is our child, the tracer is not; it stays as long as anything that the command has started
        return corner.call(trace.command(["-D", *options]) + self.command)


def says(text):
    return lambda done: None if done.out == text else f"status 0, and its output is {done.out!r}"


def worked(done):
    """Complaints about a command that nothing disturbed."""
    return [] if done.status == 0 else [f"a next command fails: {done}"]


class Operation:
    """What all operations of `paene` share."""

    def __init__(self, corner):
        self.c = corner

    def set_up(self):
        self.c.call(self.c.paene("load", "-q", "-i", self.c.archive))

    def prepare(self):
        pass

    def steps(self):
        raise NotImplementedError

    def settle(self):
        """The next commands. Return: complaints"""
        c = self.c
        complaints = worked(c.call(c.paene("ps", "-a")))
        fresh = c.call(c.paene("run", "--rm", "--network", "none", IMAGE, "echo", "fine"))
        complaints += worked(fresh)
        if fresh.status == 0 and fresh.out != "fine\n":
            complaints.append(f"a next run says {fresh.out!r}")
        return complaints + worked(c.call(c.paene("rm", "-f", "-a")))

    def is_running(self, name):
        status = self.c.call(self.c.paene("ps", "-a", "--filter", f"name={name}", "--format", "{{.State}}")).out.strip()
        return None if status == "running" else f"status 0, and {name} is {status or 'not there'}"


class Run(Operation):
    options = ["--network", "none"]

    def steps(self):
        return [Step("run", self.c.paene("run", "--rm", *self.options, IMAGE, "echo", "ok"), says("ok\n"))]


class RunBridge(Run):
    options = ["--name", "web", "-p", "8080:80"]


class RunPlugin(Run):
    """On a network of a plugin, which keeps a file for each container from ADD to DEL."""

    options = ["--name", "web", "--network", "cni:lab", "-p", "8080:80"]
    plugin = """#!/bin/sh
read -r config
case $CNI_COMMAND in
ADD) : >"$0.$CNI_CONTAINERID" && echo '{"cniVersion": "1.0.0", "ips": [{"address": "10.9.8.7/24"}], "dns": {"nameservers": ["10.9.8.1"]}}' ;;
DEL) exec rm -f "$0.$CNI_CONTAINERID" ;;
esac
"""
    network = """{"cniVersion": "1.0.0", "name": "lab",
        "plugins": [{"type": "keeper", "capabilities": {"portMappings": true}}, {"type": "keeper"}]}"""

    def set_up(self):
        super().set_up()
        os.environ["NETCONFPATH"] = os.environ["CNI_PATH"] = f"{self.c.run}"  # a file that is left there is found
        with open(f"{self.c.run}/lab.conflist", "w") as f:
            f.write(self.network)
        with open(f"{self.c.run}/keeper", "w") as f:
            f.write(self.plugin)
        os.chmod(f"{self.c.run}/keeper", 0o755)


class RunServed(Run):
    """Its root by fuse-overlayfs, whose process and mount are to end with it."""

    def steps(self):
        command = self.c.paene("--storage-driver", "fuse-overlayfs", "run", "--rm", *self.options, IMAGE, "echo", "ok")
        return [Step("run", command, says("ok\n"))]


class RunDetached(Operation):
    def steps(self):
        paene = self.c.paene
        return [
            Step("run -d", paene("run", "-d", "--name", "web", IMAGE, "sleep", "1000"), lambda done: self.is_running("web")),
            Step("rm -f", paene("rm", "-f", "web")),
        ]


class Life(Operation):
    def steps(self):
        paene = self.c.paene
        return [
            Step("create", paene("create", "--name", "web", "--network", "none", IMAGE, "sleep", "1000")),
            Step("start", paene("start", "web"), lambda done: self.is_running("web")),
            Step("stop", paene("stop", "-t", "0", "web")),
            Step("rm", paene("rm", "web")),
        ]


class Exec(Operation):
    def prepare(self):
        self.c.call(self.c.paene("run", "-d", "--name", "web", "--network", "none", IMAGE, "sleep", "1000"))

    def steps(self):
        return [Step("exec", self.c.paene("exec", "web", "echo", "ok"), says("ok\n"))]

    def settle(self):
        again = self.c.call(self.c.paene("exec", "web", "echo", "fine"))
        return worked(again) + super().settle()


class Networks(Operation):
    """A network comes, a container that runs joins it, its link becomes slow, it leaves it, the network goes."""

    def prepare(self):
        self.c.call(self.c.paene("run", "-d", "--name", "web", IMAGE, "sleep", "1000"))

    def steps(self):
        network = lambda *words: self.c.paene("network", *words)
        return [
            Step("create", network("create", "--ipv6", "back"), lambda done: self.members_are("")),
            Step("connect", network("connect", "--alias", "db", "back", "web"), lambda done: self.members_are("web")),
            Step("shape", network("shape", "--network", "back", "--to", "10.1.0.0/16", "--rate", "1mbit", "web"),
                 lambda done: self.rate_is("1mbit")),
            Step("reload", network("reload"), lambda done: self.members_are("web")),
            Step("disconnect", network("disconnect", "back", "web"), lambda done: self.members_are("")),
            Step("rm", network("rm", "back"), says("back\n")),
        ]

    def members_are(self, names):
        done = self.c.call(self.c.paene("network", "inspect", "back"))
        found = " ".join(m["name"] for m in json.loads(done.out)[0]["containers"].values()) if done.status == 0 else done
        return None if found == names else f"status 0, and on the network is {found!r}"

    def rate_is(self, rate):
        done = self.c.call(self.c.paene("network", "shape", "--format", "{{.RateIn}}", "web"))
        return None if done.out == rate + "\n" else f"status 0, and its rate is {done}"

    def settle(self):
        c = self.c
        complaints = worked(c.call(c.paene("network", "ls")))
        complaints += worked(c.call(c.paene("network", "create", "--ignore", "back")))
        complaints += worked(c.call(c.paene("network", "disconnect", "-f", "back", "web")))
        complaints += worked(c.call(c.paene("network", "rm", "back")))
        return complaints + super().settle()


class Load(Operation):
    """Into a store that is empty each time."""

    def set_up(self):
        pass

    def steps(self):
        return [Step("load", self.c.paene("load", "-q", "-i", self.c.archive), lambda done: self.is_whole())]

    def is_whole(self):
        done = self.c.call(self.c.paene("run", "--rm", "--network", "none", IMAGE, "echo", "fine"))
        return None if done.out == "fine\n" else f"status 0, and the image does not run: {done}"

    def settle(self):
        c = self.c
        complaints = worked(c.call(c.paene("images"))) + worked(c.call(c.paene("load", "-q", "-i", c.archive)))
        complaints += super().settle()
        return complaints + worked(c.call(c.paene("rmi", IMAGE)))


class Rmi(Load):
    def prepare(self):
        self.c.call(self.c.paene("load", "-q", "-i", self.c.archive))

    def steps(self):
        return [Step("rmi", self.c.paene("rmi", IMAGE), lambda done: self.is_gone())]

    def is_gone(self):
        done = self.c.call(self.c.paene("images", "-q"))
        return f"status 0, and the image is there: {done.out}" if done.out else None


class OciRun(Operation):
    payload = '["echo", "ok"]'

    def set_up(self):
        self.configure(f".process.args = {self.payload}")

    def configure(self, *changes):
        with open(f"{self.c.bundle}/config.json", "w") as out:
            subprocess.run(["jq", " | ".join(changes), f"{TESTS}/lib/config.json"], stdout=out, check=True)

    def steps(self):
        return [Step("run", self.c.oci("run", "--bundle", self.c.bundle, "web"), says("ok\n"))]

    def settle(self):
        oci = self.c.oci
        known = self.c.call(oci("list", "-q"))
        complaints = worked(known)
        for name in known.out.split():
            state = self.c.call(oci("state", name))
            complaints += worked(state)
            if '"creating"' in state.out:
                complaints.append(f"{name} stays in creation for ever")
            complaints += worked(self.c.call(oci("delete", "--force", name)))
        complaints += worked(self.c.call(oci("run", "--bundle", self.c.bundle, "-d", "fresh")))
        return complaints + worked(self.c.call(oci("delete", "--force", "fresh")))


class OciMapped(OciRun):
    """A bind of what an earlier mount has made, with the ids of a user namespace: init and its parent do it together."""

    def set_up(self):
        bundle = self.c.bundle
        os.makedirs(f"{bundle}/source")
        os.chown(f"{bundle}/source", 7, 7)
        self.configure(
            '.process.args = ["stat", "-c", "%u", "/mapped"]', '.linux.namespaces += [{type: "user"}]',
            ".linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings",
            f'.mounts += [{{destination: "/mnt", source: "{bundle}/source", options: ["bind"]}}]',
            f'.mounts += [{{destination: "/mapped", source: "{bundle}/rootfs/mnt", options: ["bind", "idmap"]}}]')
        for folder in "mnt", "mapped":
            os.makedirs(f"{bundle}/rootfs/{folder}", exist_ok=True)

    def steps(self):
        return [Step("run", self.c.oci("run", "--bundle", self.c.bundle, "web"), says("7\n"))]


class OciLife(OciRun):
    payload = '["sleep", "1000"]'

    def steps(self):
        oci = self.c.oci
        return [
            Step("create", oci("create", "--bundle", self.c.bundle, "web"), lambda done: self.is_now("created")),
            Step("start", oci("start", "web"), lambda done: self.is_now("running")),
            Step("kill", oci("kill", "web", "KILL")),
            Step("delete", oci("delete", "--force", "web"), lambda done: self.is_deleted()),
        ]

    def is_now(self, status):
        done = self.c.call(self.c.oci("state", "web"))
        return None if f'"{status}"' in done.out else f"status 0, and it is not {status}: {done}"

    def is_deleted(self):
        done = self.c.call(self.c.oci("state", "web"))
        return "status 0, and it is still there" if done.status == 0 else None


class MonitorStep(Step):
    """A monitor in its work: the container ends, is started again, ends for good. It is traced from when it waits."""

    def __init__(self, corner, operation):
        super().__init__("monitor", ["paene-monitor"])
        self.c, self.operation = corner, operation

    def run(self, corner, trace, options):
        monitor = self.operation.monitor
        tracer = None
        if options is not None:
            tracer = subprocess.Popen(trace.command([*options, "-p", str(monitor)]), stdout=subprocess.DEVNULL)
            wait_until(lambda: traced(monitor), COMMAND_SECONDS)
        for _ in range(2):
            wait_until(lambda: self.processes() or ended(monitor), COMMAND_SECONDS)
            self.end_container()
            wait_until(lambda: not self.processes(), COMMAND_SECONDS)
        over = wait_until(lambda: ended(monitor), COMMAND_SECONDS)
        if tracer:
            tracer.terminate()
            tracer.wait()
        return Done(self.command, 0 if over else None, "", "")

    def processes(self):
        with contextlib.suppress(OSError), open(f"{self.operation.cgroup}/cgroup.procs") as f:
            return f.read()
        return ""

    def end_container(self):
        with contextlib.suppress(OSError), open(f"{self.operation.cgroup}/cgroup.kill", "w") as f:
            f.write("1")


class Monitor(Operation):
    def prepare(self):
        done = self.c.call(self.c.paene("run", "-d", "--restart", "on-failure:1", "--network", "none", IMAGE, "sleep", "1000"))
        self.cgroup = f"/sys/fs/cgroup/paene/{done.out.strip()}"
        self.monitor = next(pid for pid in self.c.descendants() if name_of(pid) == "paene-monitor")

    def steps(self):
        return [MonitorStep(self.c, self)]


def name_of(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/comm") as f:
        return f.read().strip()
    return ""


def status_line(pid, key):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status") as f:
        for line in f:
            if line.startswith(key):
                return line.split()[1]
    return ""


def traced(pid):
    return status_line(pid, "TracerPid:") not in ("", "0")


def ended(pid):
    return status_line(pid, "State:") in ("", "Z", "X")


def wait_until(what, seconds):
    end = time.monotonic() + seconds
    while not (result := what()) and time.monotonic() < end:
        time.sleep(0.005)
    return result


OPERATIONS = {
    "oci-run": OciRun, "oci-mapped": OciMapped, "oci-life": OciLife, "run": Run, "run-bridge": RunBridge, "run-plugin": RunPlugin,
    "run-served": RunServed,
    "run-detached": RunDetached, "life": Life, "exec": Exec, "networks": Networks, "load": Load, "rmi": Rmi, "monitor": Monitor,
}
