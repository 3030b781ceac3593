"""A machine of its own: a real kernel in QEMU, with lines, disks and a clock of its own.

Always emulated (TCG): what a build machine calls /dev/kvm may be slower, or not work at all.
"""

import base64
import os
import platform
import re
import shlex
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from .debian import Unavailable

QEMU = "qemu-system-x86_64"
WITH_US = ("setpriv", "--pdeathsig", "KILL")  # an interrupted test leaves no machine running
BROKER = ("10.0.2.100", 1883)  # what the guest takes for the broker's address
BOOT_S = 900  # a patience, not what it takes: about 3 s, and a minute where systemd starts

MACHINE = (
    "-M q35 -accel tcg -nodefaults -no-user-config -display none -no-reboot "
    "-chardev file,id=console,path={console},append=on -serial chardev:console "
    "-device virtio-serial-pci -chardev socket,id=rig,fd={rig} "
    "-device virtserialport,chardev=rig,name=rig"
)
COMMAND_LINE = "console=ttyS0 quiet panic=-1 mitigations=off net.ifnames=0 random.trust_cpu=on"

# What every guest needs; disks and lines need more.
MODULES = ("virtio_pci", "virtio_console", "virtio_net", "virtio_rng")
DISK_MODULES = ("virtio_blk", "ext4", "f2fs", "crc32c_generic", "crc32_generic")
GPIO_MODULES = ("configfs",)


def qemu():
    if platform.machine() != "x86_64":
        raise Unavailable("the guest is built for x86-64 only")
    found = shutil.which(QEMU)
    if not found:
        raise Unavailable(f"{QEMU} is not installed")
    return found


class CommandFailed(AssertionError):
    pass


class Guest:
    """Guest(kernel, initramfs, folder).start(); then run(), put(), console; at last close().

    broker    a Broker of the system tests: the guest reaches it as 10.0.2.100:1883, and
              nothing else of the world
    extra     more arguments for QEMU: disks as -blockdev and -device
    rtc       a date for -rtc base=, as "1970-01-01T00:00:00"
    """

    def __init__(
        self, kernel, initramfs, folder, broker=None, extra=(), rtc=None, memory_mib=384, cpus=1,
        append="", forwards=(),
    ):  # fmt: skip
        self.kernel = kernel
        self.initramfs = Path(initramfs)
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.broker = broker
        self.extra = [str(argument) for argument in extra]
        self.rtc = rtc
        self.memory_mib, self.cpus = memory_mib, cpus
        self.append = append
        self.forwards = forwards  # (port of the host's loopback, port of the guest)
        self.console_file = self.folder / "console.log"
        self.qemu_log = self.folder / "qemu.log"
        self.process = None
        self.line = None
        self.buffer = b""
        self.lock = threading.Lock()

    # ---- its life ----

    def arguments(self, rig_fd):
        machine = MACHINE.format(console=self.console_file, rig=rig_fd).split()
        arguments = [qemu(), *machine, "-m", str(self.memory_mib), "-smp", str(self.cpus)]
        arguments += ["-kernel", str(self.kernel.vmlinux), "-initrd", str(self.initramfs)]
        arguments += ["-append", f"{COMMAND_LINE} {self.append}".strip()]
        arguments += ["-netdev", self._network(), "-device", "virtio-net-pci,netdev=net,romfile="]
        arguments += ["-object", "rng-random,id=rng,filename=/dev/urandom"]
        arguments += ["-device", "virtio-rng-pci,rng=rng"]
        if self.rtc:
            arguments += ["-rtc", f"base={self.rtc},clock=vm"]
        return arguments + self.extra

    def _network(self):
        network = "user,id=net,restrict=on"
        if self.broker:
            to = f"socat - TCP:127.0.0.1:{self.broker.port}"
            network += f",guestfwd=tcp:{BROKER[0]}:{BROKER[1]}-cmd:{to}"
        for host, guest in self.forwards:
            network += f",hostfwd=tcp:127.0.0.1:{host}-:{guest}"
        return network

    def start(self, ready=True):
        assert self.process is None, "it runs already"
        self.console_file.write_bytes(b"")
        self.line, far = socket.socketpair()
        with self.qemu_log.open("ab") as log:
            self.process = subprocess.Popen(
                [*WITH_US, *self.arguments(far.fileno())],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=[far.fileno()], cwd=self.folder, start_new_session=True,
            )  # fmt: skip
        far.close()
        self.started_s = time.monotonic()
        if ready:
            self.wait_up()
        return self

    def wait_up(self, within_s=BOOT_S):
        """Until it takes commands."""
        self._receive(time.monotonic() + within_s, "it takes no commands")
        self.up_s = time.monotonic() - self.started_s
        return self

    def running(self):
        return self.process is not None and self.process.poll() is None

    def cut(self):
        """The power fails: whatever is in its memory is gone."""
        self._end(signal.SIGKILL)

    def power_off(self):
        """In order: it syncs, unmounts nothing, and goes."""
        self._send("sync; poweroff -f")
        self.wait_end()

    def wait_end(self, within_s=30):
        self.process.wait(timeout=within_s)
        self._end(signal.SIGKILL)

    def close(self):
        if self.process:
            self._end(signal.SIGKILL)

    def _end(self, signum):
        # QEMU and the socats that it started: its own session.
        try:
            os.killpg(self.process.pid, signum)
        except ProcessLookupError:
            pass
        self.process.wait(timeout=20)
        self.process = None
        self.line.close()
        self.buffer = b""

    def kernel_fell(self):
        """Its kernel went wrong by itself: nothing can be held against what ran on it."""
        return re.search(r"general protection fault|BUG: |Oops: ", self.console) is not None

    def freeze(self):
        """Stops the machine; its clocks see it as a long pause."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    # ---- the console ----

    @property
    def console(self):
        return self.console_file.read_text(errors="replace").replace("\r", "")

    def wait_console(self, text, within_s=30):
        deadline = time.monotonic() + within_s
        while text not in self.console:
            assert self.running(), f"the guest ended before {text!r}: {self.told()}"
            assert time.monotonic() < deadline, f"no {text!r} in {within_s} s: {self.told()}"
            time.sleep(0.02)
        return self.console

    def told(self):
        return self.qemu_log.read_text(errors="replace")[-1500:] + self.console[-3000:]

    # ---- commands ----

    def run(self, command, check=True, within_s=60):
        """Runs a shell command in the guest: (exit code, output); with check its output alone,
        and an exit code other than 0 is an error. What it leaves behind in the background has
        to send its output elsewhere."""
        with self.lock:
            self._send(command)
            code, output = self._receive(time.monotonic() + within_s, f"no end of {command!r}")
        if not check:
            return code, output
        if code != 0:
            raise CommandFailed(f"{command!r}: exit code {code}: {output[-3000:]}")
        return output

    def put(self, path, content):
        """Writes a file in the guest."""
        content = content.encode() if isinstance(content, str) else content
        folder = shlex.quote(os.path.dirname(path))
        self.run(f"mkdir -p {folder}; : >{shlex.quote(path)}")
        for begin in range(0, len(content), 24000):
            part = base64.b64encode(content[begin : begin + 24000]).decode()
            self.run(f"base64 -d >>{shlex.quote(path)} <<'END'\n{part}\nEND")

    def get(self, path):
        """What a file of the guest holds, as bytes."""
        return base64.b64decode(self.run(f"base64 {shlex.quote(path)}"))

    def until(self, command, within_s=30, every_s=0.05):
        """Runs it again and again until its exit code is 0; returns its output then."""
        deadline = time.monotonic() + within_s
        while True:
            code, output = self.run(command, check=False)
            if code == 0:
                return output
            if time.monotonic() > deadline:
                raise CommandFailed(f"not within {within_s} s: {command!r}: {output[-3000:]}")
            time.sleep(every_s)

    def uptime_s(self):
        return float(self.run("cat /proc/uptime").split()[0])

    def _send(self, command):
        self.line.sendall(base64.b64encode(command.encode()) + b"\n")

    def _receive(self, deadline, otherwise):
        head = self._take(deadline, otherwise, until=b"\n").decode().split()
        code, length = int(head[1]), int(head[2])
        return code, self._take(deadline, otherwise, length=length).decode(errors="replace")

    def _take(self, deadline, otherwise, until=None, length=None):
        while True:
            end = self.buffer.find(until) + 1 if until else length
            if end <= len(self.buffer) and (end or length == 0):
                taken, self.buffer = self.buffer[:end], self.buffer[end:]
                return taken
            self._more(deadline, otherwise)

    def _more(self, deadline, otherwise):
        left = deadline - time.monotonic()
        assert left > 0, f"{otherwise}: {self.told()}"
        assert self.running(), f"the guest ended, {otherwise}: {self.told()}"
        self.line.settimeout(min(left, 0.5))
        try:
            more = self.line.recv(65536)
        except TimeoutError:
            return
        assert more, f"the guest hung up, {otherwise}: {self.told()}"
        self.buffer += more
