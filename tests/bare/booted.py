"""A Machine that its own systemd runs, in this machine's network: a broker and devices that a
test has on loopback are reached as they are from here."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

from lib.debian import Unavailable
from rig.waiting import until

BOOT_S = 120
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
# Debian 13's systemd would not run where the machine around it has control groups of version 1.
OLD_GROUPS = "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1"
APT = "DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends"


class Booted:
    def __init__(self, machine):
        self.machine = machine
        self.process = None
        self.leader = None

    def start(self):
        self._has_systemd()
        options = (
            "--quiet", "--boot", "--register=no", "--keep-unit", "--console=pipe",
            "--system-call-filter=adjtimex clock_adjtime",
        )  # fmt: skip
        self.process = subprocess.Popen(
            ["systemd-nspawn", *options, "-D", self.machine.root, "-E", OLD_GROUPS,
             f"--machine={self.machine.root.name}", "--resolv-conf=copy-host"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + BOOT_S
        while not self._is_up():
            if time.monotonic() > deadline or self.process.poll() is not None:
                self.close()
                raise Unavailable("a systemd of its own does not start in a container here")
            time.sleep(0.1)
        return self

    def _has_systemd(self):
        install = f"apt-get -q update && {APT} install systemd systemd-sysv"
        code, said = self.machine.run(f"test -e /sbin/init || {{ {install}; }}")
        if code != 0:
            raise Unavailable(said[-2000:])

    def _is_up(self):
        self.leader = self._first_process()
        if self.leader is None:
            return False
        code, said = self.run("systemctl is-system-running")
        return said.strip() in ("running", "degraded")

    def _first_process(self):
        """The container's, as this machine numbers it."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        with contextlib.suppress(OSError):
            for child in children.read_text().split():
                if Path(f"/proc/{child}/comm").read_text() == "systemd\n":
                    return int(child)
        return None

    def close(self):
        """As a power cut would."""
        if self.process is None:
            return
        if self.leader is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.leader, signal.SIGKILL)
        self.process.terminate()
        self.process.wait()
        self.process = self.leader = None

    def path(self, name):
        return self.machine.path(name)

    def begin(self, command):
        """A shell command, beside the services; as Popen has it."""
        return subprocess.Popen(
            ["nsenter", f"--target={self.leader}", "--all", "sh", "-c", command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", env=ENVIRONMENT,
        )  # fmt: skip

    def run(self, command):
        """(exit code, what was said)"""
        begun = self.begin(command)
        said, _ = begun.communicate()
        return begun.returncode, said

    def answer(self, command, question, answer):
        """(exit code, what was said) of a command on a terminal, where something is asked."""
        asked = subprocess.Popen(
            ["nsenter", f"--target={self.leader}", "--all", "script", "-qec", command, "/dev/null"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=ENVIRONMENT | {"TERM": "dumb"},
        )  # fmt: skip
        said = b""
        while more := os.read(asked.stdout.fileno(), 4096):
            said += more
            if question.encode() in said:
                asked.stdin.write(f"{answer}\n".encode())
                break
        rest, _ = asked.communicate()
        return asked.returncode, (said + rest).decode(errors="replace")

    def show(self, name, unit="corridord.service"):
        return self.run(f"systemctl show --value -p {name} {unit}")[1].strip()

    def until(self, command, what):
        until(lambda: self.run(command)[0] == 0, lambda: f"{what}: {self.logged()}", every_s=0.2)

    def logged(self, unit="corridord"):
        return self.run(f"journalctl -u {unit} -o cat --no-pager")[1]
