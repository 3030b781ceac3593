"""Devices that do not answer: they harm only themselves, and are never taken for good news."""

import json
import time

import pytest
from rig import conf
from rig.waiting import until
from sim.modbus_device import SerialServer, TcpServer, Unit

TIMEOUT, TIMEOUT_S = "200ms", 0.2


def bus_of(server, name="shared"):
    if isinstance(server, SerialServer):
        port = {"driver": "modbus-rtu", "port": server.path, "baud": 115200}
        return f'bus "{name}" {{ {conf.options(port | conf.BRISK_BUS)} }}\n'
    return conf.bus(name, server.port)


@pytest.fixture(params=[SerialServer, TcpServer], ids=["serial", "tcp"])
def shared(request, closing):
    """Two units on one bus: the second will fall silent. The third, on a bus of its own, shows what this
    machine can do meanwhile."""
    good, bad, other = (Unit(holding={0: 1}) for _ in range(3))
    server = closing(request.param({1: good, 2: bad}).start())
    beside = closing(request.param({1: other}).start())
    points = conf.register("status", 0, map=["0=opened", "1=intact"])
    common = {"address_base": 0, "poll": "50ms", "stale_after": "1s"}
    text = (
        bus_of(server)
        + conf.device("good", "shared", 1, points, **common | {"stale_after": "60s"})
        + conf.device("bad", "shared", 2, points, **common | {"timeout": TIMEOUT})
        + bus_of(beside, "beside")
        + conf.device("other", "beside", 1, points, **common | {"stale_after": "60s"})
        + 'lane "entry-1" {\n'
        '    seal "good" { status = "good.status" }\n'
        '    seal "bad" { status = "bad.status" }\n}\n'
    )
    return good, bad, other, text


def gaps(times):
    return [b - a for a, b in zip(times, times[1:])]


def retry_ms(subscriber):
    """Of the only bus, as last told; None: not yet."""
    told = subscriber.of("metrics")
    return json.loads(told[-1].payload)["buses"][0]["retry_ms"] if told else None


def test_a_silent_unit_delays_the_others_by_its_bounded_share_backs_off_and_returns(
    shared, broker, subscriber, new_daemon, witness
):
    good, bad, other, text = shared
    new_daemon(conf.head(broker.port, metrics_every="1s") + text).start()
    subscriber.wait_event("seal.intact", sensor="bad")
    subscriber.wait(lambda: retry_ms(subscriber) == 0, "nobody is silent")
    bad.silent = True
    subscriber.wait_event("device.down", alarm="raised", device="bad")
    good.asked_at_s.clear()
    bad.asked_at_s.clear()
    subscriber.wait(lambda: retry_ms(subscriber) > 0, "how soon the silent are asked again")
    begun = time.monotonic()
    asked, asked_beside = len(good.asked_at_s), len(other.asked_at_s)
    until(lambda: len(bad.asked_at_s) >= 3, "the silent unit is asked again")
    lasted = time.monotonic() - begun
    asked, asked_beside = len(good.asked_at_s) - asked, len(other.asked_at_s) - asked_beside

    # The good unit: asked on, never kept waiting for longer than one timeout, hardly slower.
    assert max(gaps(good.asked_at_s)) < witness.allowed(TIMEOUT_S + 0.3)
    assert asked > 0.75 * asked_beside
    # The silent one: within its share, and with a cap: it is never given up.
    assert len(bad.asked_at_s) * TIMEOUT_S < 0.15 * lasted + TIMEOUT_S
    assert max(gaps(bad.asked_at_s)) < witness.allowed(15)

    good.set(0, 0)
    changed_s = time.monotonic()
    opened = subscriber.wait_event("seal.opened", sensor="good")
    assert opened.message.at_s - changed_s < witness.allowed(2)
    bad.mend()
    subscriber.wait_event("device.down", alarm="cleared", device="bad")
    mark = subscriber.mark
    subscriber.wait_state("entry-1/bad", state="intact")
    bad.set(0, 0)
    subscriber.wait_event("seal.opened", sensor="bad", since=mark)
    subscriber.verified()


@pytest.mark.parametrize(
    "timeout, fail_after, reasons",
    [(TIMEOUT, 3, {"no_answer"}), ("20s", 100, {"too_old"})],
    ids=["told", "waited for"],
)
def test_an_unanswered_seal_reader_is_unknown_within_the_staleness_limit(
    timeout, fail_after, reasons, broker, subscriber, new_daemon, closing, witness
):
    """Also while the driver still waits for its answer."""
    reader = Unit(holding={0: 1})
    server = closing(TcpServer({2: reader}).start())
    points = conf.register("status", 0, map=["0=opened", "1=intact"])
    given = {"poll": "100ms", "stale_after": "2s", "timeout": timeout}
    given["fail_after"] = fail_after
    text = (
        conf.bus("seals", server.port)
        + conf.device("reader", "seals", 2, points, address_base=0, **given)
        + 'lane "entry-1" { seal "reader" { status = "reader.status" } }\n'
    )
    new_daemon(conf.head(broker.port) + text).start()
    subscriber.wait_state("entry-1/reader", state="intact")
    reader.silent = True
    fell_silent_s = time.monotonic()
    event = subscriber.wait_event("seal.unknown")
    state = subscriber.wait_state("entry-1/reader", state="unknown")
    took_s = event.message.at_s - fell_silent_s
    assert took_s < witness.allowed(2 + 1), f"told after {took_s:.1f} s"
    assert event["reason"] in reasons and event["previous"] == "intact"
    assert state["quality"] != "good" and state["reason"] in reasons
    assert not [e for e in subscriber.events("seal.intact") if e["seq"] > event["seq"]]
    reader.mend()
    server.drop()
    subscriber.wait_state("entry-1/reader", state="intact")
    subscriber.verified()


def test_a_seal_reader_that_never_answered_is_unknown_from_the_start(
    broker, subscriber, new_daemon, closing
):
    server = closing(TcpServer({}).start())
    points = conf.register("status", 0, map=["0=opened", "1=intact"])
    given = {"address_base": 0, "poll": "100ms", "stale_after": "1s", "timeout": TIMEOUT}
    text = (
        conf.bus("seals", server.port)
        + conf.device("reader", "seals", 2, points, **given)
        + 'lane "entry-1" { seal "reader" { status = "reader.status" } }\n'
    )
    new_daemon(conf.head(broker.port) + text).start()
    subscriber.wait_state("entry-1/reader", state="unknown")
    subscriber.wait_event("device.down", alarm="raised")
    assert not subscriber.events("seal.intact")
