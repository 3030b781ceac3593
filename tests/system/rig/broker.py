"""A real mosquitto on a loopback port, to be stopped, killed and frozen."""

import os
import shutil
import signal
import socket
import subprocess

from .waiting import PATIENCE_S, free_port, until

SUBSCRIBER = ("subscriber", "subscriber-secret")
GATEWAY = ("gateway", "gateway-secret")
MOSQUITTO = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


class Broker:
    """Keeps nothing on disk: each start is a restart with an empty memory.

    The subscriber logs in by name, so that it can be let in before the gateway:
    admit(False) refuses everybody else as "not authorised".
    """

    def __init__(self, folder, receive_maximum=None, extra=""):
        self.folder = folder
        self.port = free_port()
        self.receive_maximum = receive_maximum
        self.extra = extra
        self.process = None
        self.log = folder / "mosquitto.log"
        self.conf = folder / "mosquitto.conf"
        folder.mkdir(parents=True, exist_ok=True)
        self._write_passwords()

    def _write_passwords(self):
        self.passwords = self.folder / "passwords"
        self.passwords.touch(mode=0o600)
        for name, secret in (SUBSCRIBER, GATEWAY):
            subprocess.run(["mosquitto_passwd", "-b", self.passwords, name, secret], check=True)

    def _write_conf(self, anonymous):
        self.conf.write_text(
            f"listener {self.port} 127.0.0.1\n"
            "user root\n"
            f"allow_anonymous {'true' if anonymous else 'false'}\n"
            f"password_file {self.passwords}\n"
            "persistence false\n"
            "max_queued_messages 0\n"
            f"max_inflight_messages {self.receive_maximum or 0}\n"
            "log_type all\n"
            f"{self.extra}\n"
        )

    def start(self, anonymous=True):
        self._write_conf(anonymous)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [MOSQUITTO, "-c", self.conf], stdout=log, stderr=log, close_fds=True
            )
        until(self._answers, f"mosquitto listens on {self.port}, see {self.log}")
        return self

    def _answers(self):
        assert self.process.poll() is None, f"mosquitto ended: {self.log.read_text()}"
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def admit(self, anonymous):
        """Lets clients without a name in (or no longer), without a restart."""
        self._write_conf(anonymous)
        self.reload()

    def reload(self):
        """Passwords, access lists and who is let in are read again."""
        reloads = self.log.read_text(errors="replace").count("Reloading config")
        self.process.send_signal(signal.SIGHUP)
        until(
            lambda: self.log.read_text(errors="replace").count("Reloading config") > reloads,
            "mosquitto reloads",
        )

    def _end(self, signum):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(signum)
            self.process.wait(timeout=PATIENCE_S)
        self.process = None

    def stop(self):
        self._end(signal.SIGTERM)

    def kill(self):
        self._end(signal.SIGKILL)

    def restart_for(self, subscriber):
        """A new, empty broker: the subscriber first, or it would miss what comes at once."""
        self.start(anonymous=False)
        subscriber.restart()
        self.admit(True)

    def freeze(self):
        """Black hole: connections stay, the kernel accepts new ones, nobody answers."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)
