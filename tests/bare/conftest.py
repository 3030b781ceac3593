"""Fixtures: one machine for all tests, which go on from one another in the order of the files;
one that only gets the packages; and one of those that its own systemd runs."""

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)] + [str(HERE.parent / beside) for beside in ("rig", "system", "")]

import newer as newer_version  # noqa: E402
from booted import APT, Booted  # noqa: E402
from lib.availability import or_skip, pytest_runtest_makereport  # noqa: E402, F401
from machine import HOME, TOP, Machine, went_well  # noqa: E402

SUITE = os.environ.get("SUITE", "trixie")
BUILD = Path(os.environ.get("BUILD", TOP / "build")).resolve()
CACHE = BUILD / "bare"


@pytest.fixture(scope="session")
def suite():
    return SUITE


@pytest.fixture(scope="session")
def rig_cache():
    """Where the rig keeps what takes long to make."""
    (BUILD / "rig").mkdir(parents=True, exist_ok=True)
    return BUILD / "rig"


@pytest.fixture(scope="session")
def machine():
    made = or_skip(lambda: Machine(SUITE, CACHE))
    yield made
    made.close()


@pytest.fixture(scope="session")
def gateway():
    """One on which nothing is ever built."""
    made = or_skip(lambda: Machine(SUITE, CACHE, "gateway"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def booted():
    """The same, running."""
    made = or_skip(lambda: Machine(SUITE, CACHE, "booted"))
    running = Booted(made)
    or_skip(running.start)
    yield running
    running.close()
    made.close()


@pytest.fixture(scope="session")
def packages(machine):
    """The folder of the packages that the machine made."""
    went_well(machine, f"apt-get -q update && {APT} install debhelper dpkg-dev lintian")
    went_well(machine, "make deb")
    return machine.path(f"{HOME}/build/deb")


@pytest.fixture(scope="session")
def newer(machine, packages):
    """The folder of those of the next version."""
    return newer_version.packages(machine)


@pytest.fixture(scope="session")
def crossed(new_machine):
    """Makes machines that made the packages for another architecture: crossed("arm64")."""
    made = {}

    def make(architecture):
        if architecture not in made:
            made[architecture] = machine = new_machine(architecture)
            went_well(machine, f"dpkg --add-architecture {architecture} && apt-get -q update")
            went_well(machine, f"make deb ARCH={architecture}")
        return made[architecture]

    return make


@pytest.fixture(scope="session")
def new_machine():
    """Makes more of them: new_machine("arm64")."""
    made = []

    def make(name):
        made.append(or_skip(lambda: Machine(SUITE, CACHE, name)))
        return made[-1]

    yield make
    for machine in made:
        machine.close()
