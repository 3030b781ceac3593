"""Fixtures of the system tests: each test has its own broker, daemon and folder."""

import json
import logging
import shutil
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from rig import conf, published  # noqa: E402
from rig.authority import make_authority, server_side  # noqa: E402
from rig.broker import Broker  # noqa: E402
from rig.closing import closing  # noqa: E402, F401
from rig.consignment import UCR  # noqa: E402
from rig.counting import counting  # noqa: E402
from rig.daemon import Daemon  # noqa: E402
from rig.readings import Readings  # noqa: E402
from rig.subscriber import Subscriber  # noqa: E402
from rig.witness import Witness  # noqa: E402
from sim.lane import Lane  # noqa: E402
from sim.modbus_device import TcpServer, Unit  # noqa: E402
from sim.scripted_broker import ScriptedBroker  # noqa: E402

logging.getLogger("pymodbus").setLevel(logging.CRITICAL)


@pytest.fixture(autouse=True)
def written_goes(request):
    """What a test that passed has written: tests are many, and /tmp may be small."""
    failed = request.session.testsfailed
    yield
    if request.session.testsfailed == failed and "tmp_path" in request.node.funcargs:
        shutil.rmtree(request.node.funcargs["tmp_path"], ignore_errors=True)


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """A folder with a certificate authority, a broker's and a gateway's certificate."""
    return make_authority(tmp_path_factory.mktemp("tls"))


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
        for branch in ("state", "status", "head", "metrics", "response", "cosign", "witness"):
            published.check_latest(branch, subscriber.of(branch))


@pytest.fixture
def subscriber(broker, new_subscriber):
    return new_subscriber(broker)


@pytest.fixture
def lane(closing):
    """Boom, loop and seal reader of "entry-1"; conf.lane(lane.server.port)."""
    return closing(Lane()).start()


@pytest.fixture
def load(closing):
    """A device of counters without end; conf.counters(load.port)."""
    return closing(TcpServer({1: Unit(holding={i: counting() for i in range(16)})}).start())


@pytest.fixture
def witness(closing):
    """Of how late this machine is; assert took_s < witness.allowed(2)."""
    return closing(Witness())


@pytest.fixture
def new_daemon(tmp_path, closing):
    """Makes daemons, not started: new_daemon(conf, folder="gateway", ...)."""
    return lambda conf, folder="gateway", **options: closing(
        Daemon(tmp_path / folder, conf, **options)
    )


# ---- against a broker that is played

RECORD = json.dumps({"ucr": UCR, "flow": "transit"}).encode()
BODY = "registry { }\nhandover { }\n"


@pytest.fixture
def readings(closing):
    return closing(Readings()).start()


@pytest.fixture
def scripted(authority, closing):
    """Makes scripted brokers, started."""

    def make(manner=None, carrier="plain"):
        tls = server_side(authority) if carrier == "TLS" else None
        broker = closing(ScriptedBroker(manner, tls)).start()
        broker.retain(f"corridor/v1/ge-red-bridge/registry/consignment/{UCR}", RECORD)
        return broker

    return make


@pytest.fixture
def new_gateway(authority, readings, new_daemon):
    """Makes gateways to a broker, or to the link before it, not started."""

    def make(broker, protocol="5", body=BODY, folder="gateway", **uplink):
        uplink = {"protocol": protocol, "requests": True, "window": 20, **uplink}
        text = conf.head(broker.port, **uplink)
        if getattr(broker, "tls", None):
            tls = f'tls {{ ca = "{authority}/ca.crt" }}'
            text = text.replace("uplink     {", f"uplink     {{ {tls} ")
        return new_daemon(text + body + readings.conf(), folder=folder)

    return make
