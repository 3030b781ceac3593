"""What to do where something cannot be had: skip, and fail where everything must run."""

import os

import pytest

from .debian import Unavailable


def or_skip(make):
    """What cannot be had here is a reason to skip; everything else is a failure."""
    try:
        return make()
    except Unavailable as why:
        pytest.skip(f"the rig cannot run here: {why}")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport():
    """Where everything must run, what is skipped has failed; what is known not to hold yet ran."""
    report = (yield).get_result()
    is_known = hasattr(report, "wasxfail")
    if report.skipped and not is_known and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = str(report.longrepr[-1])
