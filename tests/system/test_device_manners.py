"""Every manner of a device, on every kind of line: what is read, what is told of what is not,
and how soon it is read once the device is well. Adding a manner is one row here and one of
tests/sim/device_manners.py.

All devices run beside each other on one daemon; all are made well at the same moment.
"""

import time
from dataclasses import dataclass

import pytest
from rig import conf
from rig.broker import Broker
from rig.daemon import Daemon
from rig.subscriber import Subscriber
from sim.device_manners import MANNERS, Device

READ = "read"
POINTS = {"a": ("holding", 10), "b": ("holding", 14), "t": ("input", 20)}
# A unit that is silent is asked again after a back-off of at most so long.
PACE = {"poll": "1s", "timeout": "500ms", "retries": 1, "retry_min": "200ms", "retry_max": "2s"}
SETTLED_S = 60  # until then each must have shown what it is


@dataclass
class Row:
    manner: str
    expect: object = READ  # or a reason, or a dict of them by point
    told: str = ""  # words in the report of the device
    within_s: float = 40  # of being well, it is read
    but: dict = None  # by kind of line: what it expects instead


TABLE = [
    Row("well"),
    Row("silent", "no_answer", "no answer in 500 ms"),
    Row("boots-late", "no_answer", "no answer in 500 ms"),
    Row("boots-late-and-slow", "no_answer"),
    Row("only-its-map"),
    Row("silent-to-long-reads"),
    Row("refuses-long-reads"),
    Row("refuses-holes"),
    Row("refuses-one-register", {"b": "refused"}, within_s=90),
    Row("has-no-such-table", {"t": "refused"}, within_s=90),
    Row("refuses-for-a-while", "refused", within_s=60),
    Row("busy", "device_error", "busy"),
    Row("acknowledges-first"),
    Row("gives-one-register-at-a-time"),
    Row("refuses-all", "refused", within_s=90),
    Row("has-no-way-to-its-unit", "no_answer", "no way to this unit"),
    Row("says-an-exception-nobody-knows", "device_error"),
    Row("busy-in-one-table", {"t": "device_error"}),
    Row("fails-in-one-table", {"t": "device_error"}),
    Row("silent-in-one-table", {"t": "no_answer"}, within_s=60),
    Row("behind-a-gateway-that-gets-no-answer", "no_answer", "gateway"),
    Row("loses-every-fifth"),
    Row("slow"),
    Row("too-slow", "no_answer", "no answer in 500 ms"),
    Row("dribbles"),
    Row("hesitates-in-its-answer"),
    Row("answers-twice"),
    Row("answers-late-now-and-then"),
    Row("closes-after-each-answer"),
    Row("closes-after-three-answers"),
    Row("closes-instead-of-an-answer-at-times"),
    Row("eats-the-first-question"),
    Row("closes-when-idle"),
    Row("closes-at-each-question", "link_down", "closed at our question"),
    Row("deaf-after-connecting"),
    Row("one-connection"),
    Row("greets"),
    Row("greets-in-binary"),
    Row("text-in-between"),
    Row("byte-before"),
    Row("noise-before"),
    Row("byte-behind"),
    Row("echoes"),
    Row("only-echoes", "garbled", "our own question came back"),
    Row("forgets-the-transaction", "garbled", "transaction id 0"),
    Row("speaks-another-protocol", "garbled", "bytes that begin no Modbus frame"),
    Row("answers-as-nobody", "wrong_unit", "unit 0 answered"),
    Row("answers-as-another", "wrong_unit", "unit 9 answered"),
    Row("answers-another-function", "garbled", "function"),
    Row("gives-less", "garbled", "bytes came"),
    Row("cuts-short", "garbled", "cut short"),
    Row("spoils-its-checksum", "garbled", "checksum"),
    Row("speaks-something-else", "garbled", "a text came"),
]
CASES = [(row, kind) for row in TABLE for kind in MANNERS[row.manner].kinds]


def name_of(row, kind):
    return f"{row.manner}-{kind}"[-60:]


def configured(name, device):
    where = {"port": device.path, "baud": 115200} if device.kind == "rtu" else {"port": device.port}
    if device.kind != "rtu":
        where["host"] = "127.0.0.1"
    points = "".join(
        conf.register(point, address, table=table) for point, (table, address) in POINTS.items()
    )
    given = {"driver": f"modbus-{device.kind}", "unit": 3, "address_base": 0, "reopen_max": "1s"}
    meters = "".join(f'meter "{name}-{p}" {{ value = "{name}.{p}" }}\n' for p in POINTS)
    return f'device "{name}" {{\n    {conf.options(given | where | PACE)}\n{points}}}\n{meters}'


@pytest.fixture(scope="module")
def devices():
    made = {name_of(row, kind): Device(row.manner, kind).start() for row, kind in CASES}
    yield made
    for device in made.values():
        device.stop()


@pytest.fixture(scope="module")
def subscriber(devices, tmp_path_factory):
    """Of one daemon that has them all."""
    folder = tmp_path_factory.mktemp("manners")
    broker = Broker(folder / "broker").start()
    subscriber = Subscriber(broker).start()
    blocks = "".join(configured(name, device) for name, device in devices.items())
    daemon = Daemon(folder / "gateway", conf.head(broker.port) + blocks).start()
    yield subscriber
    for thing in (daemon, subscriber, broker):
        thing.close() if hasattr(thing, "close") else thing.stop()


def expected(row, kind):
    expect = (row.but or {}).get(kind, row.expect)
    return expect if isinstance(expect, dict) else dict.fromkeys(POINTS, expect)


each_case = pytest.mark.parametrize(
    "row, kind", CASES, ids=lambda value: getattr(value, "manner", value)
)


@each_case
def test_a_manner_is_read_or_named(row, kind, subscriber):
    name, reasons = name_of(row, kind), expected(row, kind)
    for point in POINTS:
        reason = reasons.get(point, READ)
        wanted = {"quality": "good"} if reason == READ else {"reason": reason}
        state = subscriber.wait_state(f"gateway/{name}-{point}", SETTLED_S, **wanted)
        if reason == READ:
            assert state["observed"]["value"] == POINTS[point][1]
    if row.told:
        told = [e["detail"] for e in subscriber.events("device.down", alarm="raised", device=name)]
        assert any(row.told in words for words in told), told


@pytest.fixture(scope="module")
def mended_s(devices):
    for device in devices.values():
        device.mend()
    return time.monotonic()


@each_case
def test_a_device_that_is_well_again_is_read_within_its_time(row, kind, subscriber, mended_s):
    for point in POINTS:
        left_s = max(mended_s + row.within_s - time.monotonic(), 1)
        subscriber.wait_state(f"gateway/{name_of(row, kind)}-{point}", left_s, quality="good")
