"""A Debian with nothing on it but git, make and apt, and without /etc/hosts, in a container of
this machine's kernel; this checkout is in the home of one of its users."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from lib.debian import Unavailable, made_once, mirror, run

TOP = Path(__file__).resolve().parents[2]
USER = "clerk"
HOME = f"/home/{USER}/corridord"
SUDOERS = "etc/sudoers.d/clerk"

# What systemd-nspawn lets a container do and the usual ones for programs do not.
NOT_FOR_PROGRAMS = (
    "CAP_AUDIT_CONTROL", "CAP_DAC_READ_SEARCH", "CAP_IPC_OWNER", "CAP_LEASE",
    "CAP_LINUX_IMMUTABLE", "CAP_NET_BROADCAST", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
    "CAP_SYS_PTRACE", "CAP_SYS_RESOURCE", "CAP_SYS_TTY_CONFIG",
)  # fmt: skip

# Of the machine's way to packages, what is no matter of their lists.
CARRIED = ("Acquire::http::", "Acquire::https::", "Acquire::Check-", "Acquire::Retries")


def bootstrap(suite, cache):
    """Debian as mmdebstrap leaves it, packed."""
    folder = Path(cache) / f"debian-{suite}-bare"
    with made_once(folder) as empty:
        if empty:
            for program in ("mmdebstrap", "systemd-nspawn"):
                if not shutil.which(program):
                    raise Unavailable(f"{program} is not installed")
            include = "--include=git,make,ca-certificates"
            make = ("mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", include)
            try:
                run(*make, suite, folder / "root.tar", mirror())
            except RuntimeError as error:
                raise Unavailable(str(error)) from None
    return folder / "root.tar"


def went_well(machine, command, **how):
    """What it said; fails with the end of that."""
    code, text = machine.run(command, **how)
    if code != 0:
        pytest.fail(f"{command}: exit code {code}\n{text[-8000:]}", pytrace=False)
    return text


class Machine:
    def __init__(self, suite, cache, name="root"):
        if os.geteuid() != 0:
            raise Unavailable("a root file system is made by root alone")
        packed = bootstrap(suite, cache)
        self.root = Path(cache) / f"{suite}-{name}"
        self.close()
        self.root.mkdir()
        run("tar", "-xpf", packed, "-C", self.root)
        self._reach_packages()
        self._move_in()
        self._try()

    def close(self):
        shutil.rmtree(self.root, ignore_errors=True)

    def _reach_packages(self):
        """As this machine does: its proxy and its credentials."""
        conf = [line for line in run("apt-config", "dump").splitlines() if line.startswith(CARRIED)]
        (self.root / "etc/apt/apt.conf.d/90machine").write_text("\n".join(conf) + "\n")
        shutil.copytree(
            "/etc/apt/auth.conf.d", self.root / "etc/apt/auth.conf.d", dirs_exist_ok=True
        )

    def _move_in(self):
        (self.root / "etc/hosts").unlink(missing_ok=True)
        run("chroot", self.root, "useradd", "--create-home", "--shell", "/bin/sh", USER)
        there = self.root / HOME.lstrip("/")
        there.mkdir()
        packing = ["tar", "-C", TOP, "--exclude=./build", "--exclude=./.git", "-c", "."]
        with subprocess.Popen(packing, stdout=subprocess.PIPE) as tar:
            subprocess.run(["tar", "-C", there, "-x"], stdin=tar.stdout, check=True)
        assert tar.returncode == 0
        run("chroot", self.root, "chown", "-R", f"{USER}:{USER}", HOME)

    def _try(self):
        code, said = self.run("true")
        if code != 0:
            raise Unavailable(f"systemd-nspawn does not work here: {said}")

    def path(self, name):
        return self.root / name.lstrip("/")

    def allow_sudo(self, allowed):
        if allowed:
            self.path(SUDOERS).write_text(f"{USER} ALL=(ALL) NOPASSWD: ALL\n")
        else:
            self.path(SUDOERS).unlink()

    def run(self, command, user="root", network=True, everything=False, program=False):
        """(exit code, what was said) of a shell command in the checkout.

        everything: CI=true, and the kernel may be asked for the clock's state. program: no more
        is allowed than containers for programs allow.
        """
        options = [
            *("--quiet", "--pipe", "--as-pid2", "--register=no", "--keep-unit"),
            *("-D", self.root, f"--machine={self.root.name}", f"--chdir={HOME}"),
            "--resolv-conf=copy-host" if network else "--resolv-conf=off",
        ]
        if not network:
            options.append("--private-network")
        if everything:
            options += ["--setenv=CI=true", "--system-call-filter=adjtimex clock_adjtime"]
        if program:
            options.append(f"--drop-capability={','.join(NOT_FOR_PROGRAMS)}")
        if user != "root":
            command = f"runuser -u {user} -- sh -c '{command}'"
        done = subprocess.run(
            ["systemd-nspawn", *options, "sh", "-c", command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace",
        )  # fmt: skip
        return done.returncode, done.stdout
