"""Fixtures of the system tests: each test has its own broker, daemon and folder."""

import logging
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from rig import published  # noqa: E402
from rig.broker import Broker  # noqa: E402
from rig.closing import closing  # noqa: E402, F401
from rig.daemon import Daemon  # noqa: E402
from rig.subscriber import Subscriber  # noqa: E402

logging.getLogger("pymodbus").setLevel(logging.CRITICAL)


@pytest.fixture
def new_broker(tmp_path, closing):
    """Makes brokers; started unless start=False."""

    def make(start=True, **options):
        broker = closing(Broker(tmp_path / "broker", **options))
        return broker.start() if start else broker

    return make


@pytest.fixture
def broker(new_broker):
    return new_broker()


@pytest.fixture
def new_subscriber(closing):
    """Makes subscribers, started; whatever they hear has to be as the schemas say."""
    made = []

    def make(broker, **options):
        made.append(closing(Subscriber(broker, **options)).start())
        return made[-1]

    yield make
    for subscriber in made:
        assert not subscriber.garbled
        published.check_events(subscriber.events())
        for branch in ("state", "status", "metrics", "response"):
            published.check_latest(branch, subscriber.of(branch))


@pytest.fixture
def subscriber(broker, new_subscriber):
    return new_subscriber(broker)


@pytest.fixture
def new_daemon(tmp_path, closing):
    """Makes daemons, not started: new_daemon(conf, folder="gateway", ...)."""
    return lambda conf, folder="gateway", **options: closing(
        Daemon(tmp_path / folder, conf, **options)
    )
