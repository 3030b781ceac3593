"""The daemon under test, started as systemd would, in a folder of its own."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from .journal import Journal
from .waiting import PATIENCE_S, until

ROOT = Path(__file__).resolve().parents[3]
BUILD = Path(os.environ.get("BUILD", ROOT / "build")).resolve()
BINARY = Path(os.environ.get("CORRIDORD", BUILD / "corridord")).resolve()
FAKE_CLOCK_BINARY = BUILD / "corridord-fakeclock"
SANITIZED = BINARY.exists() and any(s in BINARY.read_bytes() for s in (b"__asan_", b"__tsan_"))


class Notify:
    """The service manager's end of sd_notify()."""

    def __init__(self, path):
        self.path = str(path)
        Path(path).unlink(missing_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self.socket.bind(self.path)
        self.said = []

    def listen(self, within_s):
        """Takes what is said within this time, at most one message."""
        self.socket.settimeout(max(within_s, 0.001))
        try:
            self.said += self.socket.recv(4096).decode().split("\n")
        except TimeoutError:
            pass

    def close(self):
        self.socket.close()


class Daemon:
    def __init__(self, folder, conf, binary=BINARY, env=None):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.conf = self.folder / "corridord.conf"
        if not (self.folder / "profiles").exists():
            (self.folder / "profiles").symlink_to(ROOT / "etc" / "profiles")
        self.conf.write_text(conf)
        self.binary = binary
        self.env = env or {}
        self.process = None
        self.notify = None
        self.log = self.folder / "corridord.log"
        self.journal = Journal(self.folder / "journal.db")

    def arguments(self):
        return [str(self.binary), "-c", str(self.conf)]

    def start(self, ready=True, within_s=PATIENCE_S, watchdog_us=None, output=None):
        assert self.process is None, "it runs already"
        self.notify = Notify(self.folder / "notify")
        env = dict(os.environ, NOTIFY_SOCKET=self.notify.path, **self.env)
        env.pop("WATCHDOG_USEC", None)
        if watchdog_us:
            env["WATCHDOG_USEC"] = str(watchdog_us)
        self.started_s = time.monotonic()
        with self.log.open("ab") as log:
            output = output or log
            self.process = subprocess.Popen(
                self.arguments(), stdout=output, stderr=output, env=env, cwd=self.folder
            )
        if ready:
            self.wait_ready(within_s)
        return self

    def wait_ready(self, within_s=PATIENCE_S):
        deadline = time.monotonic() + within_s
        while "READY=1" not in self.notify.said:
            assert self.process.poll() is None, f"it ended: {self.logged()}"
            assert time.monotonic() < deadline, f"not ready in {within_s} s: {self.logged()}"
            self.notify.listen(0.2)
        self.ready_s = time.monotonic()
        return self

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process is not None and self.process.poll() is None

    def logged(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def wait_log(self, text, within_s=PATIENCE_S):
        until(lambda: text in self.logged(), lambda: f"{text!r} in {self.logged()}", within_s)

    def status_kib(self, name):
        """A value of /proc/PID/status: "VmRSS", "VmHWM"."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1])
        raise KeyError(name)

    def cpu_s(self):
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def fds(self):
        """What each open descriptor is, and its open flags."""
        found = {}
        for entry in Path(f"/proc/{self.pid}/fd").iterdir():
            try:
                target = os.readlink(entry)
                info = Path(f"/proc/{self.pid}/fdinfo/{entry.name}").read_text()
            except FileNotFoundError:
                continue
            flags = next(line.split()[1] for line in info.splitlines() if line.startswith("flags"))
            found[int(entry.name)] = (target, int(flags, 8))
        return found

    def journal_in_use(self):
        """The name of the database that is open for writing: what is carried over is only read."""
        paths = [
            target
            for target, flags in self.fds().values()
            if ".db" in target and flags & os.O_ACCMODE == os.O_RDWR
        ]
        return Path(min(paths, key=len)).name if paths else None

    def _ended(self):
        self.process = None
        self.notify.close()

    def stop(self, within_s=PATIENCE_S):
        """SIGTERM; returns how long it took. A bad exit code is an error."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=within_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still there after {within_s} s: {self.logged()}") from None
        took = time.monotonic() - begun
        self._ended()
        assert code == 0, f"exit code {code}: {self.logged()}"
        return took

    def kill(self):
        """As a power cut would, for all that is in memory."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=PATIENCE_S)
        self._ended()

    def close(self):
        """At the end of a test, whatever state it is in."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait(timeout=PATIENCE_S)
        self._ended()
