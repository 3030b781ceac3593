"""The project for another architecture: Debian's cross compiler, that architecture's packages
unpacked to one side, and an emulator of its processor for the unit tests."""

import hashlib
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .debian import Suite, Unavailable, made_once, run

TOP = Path(__file__).resolve().parents[3]
SUITE = "bookworm"
TOGETHER = 3  # unit tests at a time: most of them wait, most of the time
TEST_S = 1800  # an emulated processor, beside whatever else the machine does
LESS = {"RANDOM_ROUNDS": "5"}  # of what shows itself on any processor


@dataclass(frozen=True)
class Architecture:
    name: str
    triplet: str
    emulator: str
    loader: str

    def needs(self):
        """What has to be installed here; says what is not."""
        for program in (f"{self.triplet}-gcc", self.emulator):
            if not shutil.which(program):
                raise Unavailable(f"{program} is not installed")


ARCHITECTURES = {
    "arm64": Architecture(
        "arm64", "aarch64-linux-gnu", "qemu-aarch64-static", "lib/ld-linux-aarch64.so.1"
    ),
    "armhf": Architecture(
        "armhf", "arm-linux-gnueabihf", "qemu-arm-static", "lib/ld-linux-armhf.so.3"
    ),
}


def _packages():
    """The libraries that the Makefile names."""
    show = ("--eval", "show: ; @echo $(BUILD_PACKAGES)", "show")
    named = run("make", "-s", "-C", TOP, *show, env=_environment()).split()
    return sorted(name for name in named if name.endswith("-dev")) + ["libcmocka-dev"]


def _environment():
    """Without what a make around the tests says to those that it starts."""
    its_own = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "BUILD", "SAN", "CC", "CFLAGS")
    return {name: value for name, value in os.environ.items() if name not in its_own}


class Target:
    """root: what is unpacked; build: the folder built in; both kept in the cache."""

    def __init__(self, architecture, cache):
        self.architecture = ARCHITECTURES[architecture]
        self.architecture.needs()
        packages = _packages()
        mark = hashlib.sha256(" ".join(packages).encode()).hexdigest()[:8]
        self.folder = Path(cache) / architecture
        self.root = self.folder / f"packages-{mark}" / "root"
        self.build = self.folder / "build"
        with made_once(self.root.parent) as folder:
            if folder:
                Suite(SUITE, cache, architecture=architecture).unpack_all(packages, self.root)

    def emulator(self):
        return [self.architecture.emulator, "-L", str(self.root)]

    def make(self, *targets):
        triplet = self.architecture.triplet
        env = _environment() | {
            "PKG_CONFIG_SYSROOT_DIR": str(self.root),
            "PKG_CONFIG_LIBDIR": f"{self.root}/usr/lib/{triplet}/pkgconfig",
        }
        return run(
            *("make", "-s", "-j2", "-C", TOP, f"BUILD={self.build}", "WERROR=1"),
            *(f"CC={triplet}-gcc --sysroot={self.root}", f"AR={triplet}-ar"),
            *(f"RUN={' '.join(self.emulator())}", *targets),
            env=env,
        )

    def unit_tests(self):
        """Not those that start a program of the target: the emulator runs one, and starts none."""
        every = (TOP / "tests/unit").glob("test_*.c")
        return sorted(path.stem for path in every if "rig/uplink_rig.h" not in path.read_text())

    def run_unit_tests(self):
        """{name: what it said} of those that failed. Each as the Makefile would run it, but
        some of them at a time."""
        with ThreadPoolExecutor(TOGETHER) as pool:
            said = pool.map(self._run_unit_test, self.unit_tests())
        return {name: text for name, text in zip(self.unit_tests(), said) if text is not None}

    def _run_unit_test(self, name):
        command = [*self.emulator(), str(self.build / "tests/unit" / name)]
        try:
            done = subprocess.run(
                command, cwd=TOP, env=os.environ | LESS, timeout=TEST_S, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            )  # fmt: skip
        except subprocess.TimeoutExpired as late:
            return f"{late}"
        return None if done.returncode == 0 else f"exit code {done.returncode}: {done.stdout}"

    def libraries(self, program):
        """{path: file} of what a program loads, and of the loader."""
        trace = ("-E", "LD_TRACE_LOADED_OBJECTS=1")
        shown = run(self.emulator()[0], *trace, *self.emulator()[1:], program)
        found = {}
        for line in shown.splitlines():
            path = next(word for word in line.split() if word.startswith("/"))
            found[path] = self.root / path.lstrip("/")
        return found
