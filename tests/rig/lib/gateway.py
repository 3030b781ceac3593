"""The daemon in a guest."""

import shlex

from rig import conf

from .guest import BROKER


def head(name, level="debug", **options):
    """The configuration's first blocks, of a gateway with this name."""
    given = {"id": name, "log_level": level}
    return conf.head(0, host=f"{BROKER[0]}:{BROKER[1]}", gateway=given, **options)


def topic(name):
    """What a subscriber asks for to hear of it alone."""
    return f"corridor/v1/ge-red-bridge/{name}/#"


class Gateway:
    """In a folder of its own, with what it says in a file. text: all but the first blocks of
    its configuration; options: those of rig.conf.head()."""

    def __init__(self, guest, name, text, program="corridord", **options):
        self.guest = guest
        self.name = name
        self.program = program
        self.folder = f"/tmp/{name}"
        self.log = f"{self.folder}/log"
        self.pid = None
        self.options = options
        self.reloads = 0
        self.configure(text)

    def configure(self, text):
        self.guest.put(f"{self.folder}/corridord.conf", head(self.name, **self.options) + text)

    def start(self):
        folder, log = shlex.quote(self.folder), shlex.quote(self.log)
        start = f"cd {folder}; {self.program} -c corridord.conf >>{log} 2>&1 & echo $!"
        self.pid = int(self.guest.run(start))
        return self

    def wait_ready(self):
        """Until it has begun to capture; fails with what it says when it ends."""
        self.guest.until(f"grep -q 'capturing: ' {self.log} || [ ! -e /proc/{self.pid} ]")
        assert self.running(), f"it ended: {self.logged()}"
        return self

    def running(self):
        return self.pid is not None and self.guest.run(f"kill -0 {self.pid}", check=False)[0] == 0

    def logged(self):
        return self.guest.run(f"cat {shlex.quote(self.log)}", check=False)[1]

    def stall(self):
        self.guest.run(f"kill -STOP {self.pid}")

    def go_on(self):
        self.guest.run(f"kill -CONT {self.pid}")

    def reload(self, text):
        """By SIGHUP; until it has taken it, or seen that it is the same."""
        self.reloads += 1
        self.configure(text)
        self.guest.run(f"kill -HUP {self.pid}")
        ended = "grep -c -e 'in effect, for SIGHUP' -e 'nothing has changed'"
        self.guest.until(f"[ $({ended} {self.log}) -ge {self.reloads} ]", every_s=0.2)

    def stop(self):
        """In order, to the last: nothing of it holds a line any more."""
        if self.pid is None:
            return
        self.guest.run(
            f"kill -CONT {self.pid}; kill -TERM {self.pid}; i=0; while [ -e /proc/{self.pid} ]; do "
            f"sleep 0.05; i=$((i+1)); [ $i -lt 300 ] || kill -KILL {self.pid}; done",
            check=False,
        )
        self.pid = None
