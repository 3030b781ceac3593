"""User spaces for the guest: the daemon with the libraries of this Debian or of the next."""

import os
import subprocess
from pathlib import Path

from .debian import Suite, Unavailable, made_once

TOP = Path(__file__).resolve().parents[3]
GPIOD2 = TOP / "tests/build/gpiod2.sh"

# What the daemon loads, and gpioinfo to look at lines with another pair of eyes.
TRIXIE = (
    "libgpiod3", "libmodbus5", "libmosquitto1", "libsqlite3-0", "libnettle8t64",
    "libev4t64", "libjansson4", "libpcre2-8-0", "libexpat1", "libseccomp2", "libzstd1", "gpiod",
)  # fmt: skip


class Userland:
    """daemon: the binary; root: the folder its libraries are in, None: the host's own."""

    def __init__(self, daemon, root=None):
        self.daemon = Path(daemon)
        self.root = root

    def install(self, image):
        image.program(self.daemon, "/bin/corridord", self.root)
        image.program(self.daemon.with_name("corridord-uplink"), "/bin/corridord-uplink", self.root)
        image.program(self.tool("gpioset"), "/bin/gpioset", self.root)
        image.program(self.tool("gpioinfo"), "/bin/gpioinfo", self.root)

    def tool(self, name):
        return Path(self.root or "/") / "usr/bin" / name


def debian_12(build):
    """With libgpiod 1.6."""
    return Userland(Path(os.environ.get("CORRIDORD", build / "corridord")))


def debian_13(build, cache):
    """With libgpiod 2, the daemon built against it."""
    built = build / "gpiod2"
    run = subprocess.run(
        [GPIOD2, built],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if run.returncode == 77:
        raise Unavailable(run.stdout.strip().splitlines()[-1])
    if run.returncode != 0:
        raise RuntimeError(run.stdout[-3000:])
    with made_once(cache / "debian-13") as folder:
        if folder:
            Suite("trixie", cache).unpack_all(TRIXIE, folder / "root")
    return Userland(built / "build/corridord", cache / "debian-13" / "root")
