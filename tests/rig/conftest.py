"""Fixtures of the rig: kernels and guests, made once and kept in the build folder."""

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
os.environ["PATH"] += ":/usr/sbin:/sbin"
sys.path[:0] = [str(HERE), str(HERE.parent / "system"), str(HERE.parent)]

from lib import guest as guests  # noqa: E402
from lib import kernel as kernels  # noqa: E402
from lib.availability import or_skip, pytest_runtest_makereport  # noqa: E402, F401
from lib.debian import alone_in, run  # noqa: E402
from rig.broker import Broker  # noqa: E402
from rig.closing import closing  # noqa: E402, F401
from rig.subscriber import Subscriber  # noqa: E402

BUILD = Path(os.environ.get("BUILD", HERE.parents[1] / "build")).resolve()
CACHE = BUILD / "rig"


@pytest.fixture(scope="session")
def cache():
    CACHE.mkdir(parents=True, exist_ok=True)
    return CACHE


@pytest.fixture(scope="session")
def kernel(cache):
    """Debian 12's kernel, with gpio-sim."""
    or_skip(guests.qemu)
    return or_skip(lambda: kernels.fetch(cache))


def tool(name):
    """A small program for the guest, of tools/, which needs no library there."""
    source = HERE / "tools" / f"{name}.c"
    with alone_in(CACHE / "tools") as folder:
        built = folder / name
        run("gcc", "-O2", "-Wall", "-Werror", "-static", "-o", built, source)
    return built


@pytest.fixture(scope="session")
def toggle():
    """Moves lines fast: tools/toggle.c."""
    return tool("toggle")


@pytest.fixture
def new_broker(tmp_path, closing):
    """Makes brokers, started."""
    return lambda **options: closing(Broker(tmp_path / "broker", **options)).start()


@pytest.fixture
def broker(new_broker):
    return new_broker()


@pytest.fixture
def subscriber(broker, closing):
    return closing(Subscriber(broker)).start()


@pytest.fixture
def new_guest(kernel, tmp_path, closing):
    """Makes guests, not started: new_guest(initramfs, name="guest", broker=..., extra=...)."""
    return lambda initramfs, name="guest", **options: closing(
        guests.Guest(kernel, initramfs, tmp_path / name, **options)
    )
