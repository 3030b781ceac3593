"""What a test has started is ended with it."""

import pytest


@pytest.fixture
def closing():
    """Takes what must be closed (or stopped) at the end, last first."""
    things = []

    def later(thing):
        things.append(thing)
        return thing

    yield later
    for thing in reversed(things):
        thing.close() if hasattr(thing, "close") else thing.stop()
