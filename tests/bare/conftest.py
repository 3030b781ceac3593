"""Fixtures: one machine for all tests, which go on from one another in the order of the files,
and one that only gets the packages."""

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "rig")]

from lib.availability import or_skip, pytest_runtest_makereport  # noqa: E402, F401
from machine import TOP, Machine  # noqa: E402

SUITE = os.environ.get("SUITE", "trixie")
CACHE = Path(os.environ.get("BUILD", TOP / "build")).resolve() / "bare"


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
