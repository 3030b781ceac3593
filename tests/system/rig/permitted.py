"""What a machine may forbid, as containers do: what needs it is skipped and says so. Where
everything must run it fails."""

import os

import pytest


def cannot(why):
    if os.environ.get("CI") == "true":
        pytest.fail(f"{why}, and with CI=true everything must run", pytrace=False)
    pytest.skip(why)
