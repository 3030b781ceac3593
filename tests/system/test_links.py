"""Links that are slow, far, or disturbed, between the gateway and a real broker.

CORRIDORD_DISTURBANCES: how many (100 for a whole run); CORRIDORD_SEED repeats them.
"""

import os
import random
import time

import pytest
from rig import centre, conf
from rig.delivery import check_heard, wait_for
from rig.mqtt import MQTT_3_1_1, MQTT_5
from rig.waiting import free_port
from sim.link import DOWN, UP, Disturber, Link

DISTURBANCES = int(os.environ.get("CORRIDORD_DISTURBANCES", 11))
SEED = int(os.environ.get("CORRIDORD_SEED", random.randrange(1 << 32)))
OURS = "corridor/v1/ge-red-bridge/gw1/#"
REGISTRY = "registry { }\n"

AT_ONCE = 2.0  # an alert, from the connection to the broker


@pytest.fixture
def link(closing):
    """Makes links, and tells the gateway's configuration their port."""
    return lambda port, **given: closing(Link(port, **given)).start()


def wait_for_all(daemon, subscriber, readings, within_s=60):
    wait_for(daemon, lambda: readings.all_last(subscriber.events()[-50:]), "all", within_s)


# ---- disturbed ---------------------------------------------------------------------------


@pytest.fixture
def tls_broker(authority, new_broker):
    port = free_port()
    files = f"certfile {authority}/localhost.crt\nkeyfile {authority}/localhost.key\n"
    broker = new_broker(extra=f"listener {port} 127.0.0.1\n{files}")
    broker.tls_port = port
    return broker


@pytest.mark.parametrize("carrier", ["plain", "TLS"])
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_link_disturbed_in_every_way_loses_nothing(
    protocol, carrier, readings, tls_broker, new_subscriber, new_gateway, link
):
    version = MQTT_5 if protocol == "5" else MQTT_3_1_1
    subscriber = new_subscriber(tls_broker, topic=OURS, protocol=version)
    disturbed = link(tls_broker.tls_port if carrier == "TLS" else tls_broker.port, seed=SEED)
    disturbed.tls = carrier == "TLS"
    # what is spoilt without TLS nobody can tell from what was sent
    disturber = Disturber(disturbed, SEED, (UP, DOWN) if disturbed.tls else ())
    print("seed", SEED)
    daemon = new_gateway(disturbed, protocol).start()
    for _ in range(DISTURBANCES):
        mark = subscriber.mark
        wait_for(daemon, lambda: len(subscriber.of("event", mark)) > 5, lambda: disturber.done[-3:])
        _, lasts_s = disturber.begin()
        time.sleep(lasts_s)
        disturber.end()
    readings.finish()
    wait_for_all(daemon, subscriber, readings)
    readings.check_in_time()
    check_heard(subscriber, readings, daemon)


def test_a_gateway_that_is_sent_spoilt_bytes_reads_on(
    readings, broker, subscriber, new_gateway, link
):
    spoilt = link(broker.port, seed=SEED)
    print("seed", SEED)
    daemon = new_gateway(spoilt, "3.1.1").start()
    for _ in range(DISTURBANCES):
        mark = subscriber.mark
        wait_for(daemon, lambda: len(subscriber.of("event", mark)) > 5, "events")
        spoilt.corrupt(DOWN, pieces=3)
        readings.wait_polls(5)
        spoilt.heal()
    daemon.stop()
    readings.check_complete(daemon.journal.events())
    readings.check_in_time()


# ---- slow, with a registry to be heard ----------------------------------------------------


@pytest.mark.parametrize(
    "rate, records, poll, polls",
    [
        pytest.param(40_000, 4000, "200ms", 75, id="40 kB/s, 4000 records"),
        pytest.param(2_000, 200, "1s", 20, id="2 kB/s, 200 records"),
    ],
)
def test_events_do_not_wait_for_the_registry(
    rate, records, poll, polls, readings, broker, new_subscriber, new_daemon, link
):
    centre.publish(broker, map(centre.record, range(records)))
    subscriber = new_subscriber(broker, topic=OURS)
    slow = link(broker.port, rate=rate)
    slow.refuse()
    text = conf.head(slow.port, ack_timeout="5s", connect_timeout="10s")
    readings.count, readings.poll = 1, poll
    daemon = new_daemon(text + REGISTRY + readings.conf()).start()
    readings.wait_polls(2)
    readings.set_seal("tampered")
    daemon.wait_log("not connected")
    readings.wait_polls(2)
    slow.heal()
    wait_for(daemon, lambda: slow.connections, "the connection")
    begun_s = time.monotonic()
    alert = subscriber.wait(lambda: subscriber.alerts("seal.tampered"), "the alert")[0]
    took_s = alert.message.at_s - begun_s
    assert took_s < readings.witness.allowed(AT_ONCE), f"the alert took {took_s:.1f} s"
    enough = readings.unit.requests + polls
    wait_for(daemon, lambda: readings.unit.requests >= enough, "polls", within_s=60)
    daemon.kill()
    journalled, heard = len(daemon.journal.payloads()), len(subscriber.verified())
    assert heard > 0.7 * journalled, f"{heard} of {journalled} events while the records load"
    assert slow.connections == 1


def test_a_reconnection_does_not_fetch_what_is_known(
    readings, broker, new_subscriber, new_daemon, link
):
    centre.publish(broker, map(centre.record, range(400)))
    subscriber = new_subscriber(broker, topic=OURS)
    way = link(broker.port)
    daemon = new_daemon(conf.head(way.port) + REGISTRY + readings.conf()).start()
    whole = sum(len(part) for part in map(centre.record, range(400)) for part in part[:2])
    wait_for(daemon, lambda: way.bytes(DOWN) > whole, "the whole registry")
    mark = subscriber.mark
    wait_for(daemon, lambda: len(subscriber.of("event", mark)) > 50, "and what comes after it")
    for _ in range(3):
        before, mark = way.bytes(DOWN), subscriber.mark
        way.cut()
        wait_for(daemon, lambda: len(subscriber.of("event", mark)) > 50, "events")
        assert way.bytes(DOWN) - before < whole / 4, f"{way.bytes(DOWN) - before} bytes again"


# ---- far, and slow --------------------------------------------------------------------------


def backlog(events, readings, way, new_daemon, **uplink):
    """A gateway that has so many events to tell when the link opens: now."""
    way.refuse()
    daemon = new_daemon(conf.head(way.port, **uplink) + readings.conf()).start()
    polls = events // readings.count
    wait_for(daemon, lambda: readings.unit.requests > polls, "a backlog", within_s=120)
    way.heal()
    return daemon


def test_a_far_broker_is_told_as_fast_as_a_near_one(
    closing, broker, new_subscriber, new_daemon, link, readings
):
    readings.poll = "10ms"
    subscriber = new_subscriber(broker, topic=OURS)
    daemon = backlog(500, readings, link(broker.port, delay=0.6), new_daemon, ack_timeout="5s")
    subscriber.wait_event("gateway.started")
    readings.finish()
    wait_for_all(daemon, subscriber, readings)
    events = subscriber.events()
    took_s = events[-1].message.at_s - events[0].message.at_s
    assert took_s < readings.witness.allowed(4), f"{len(events)} events in {took_s:.1f} s"
    check_heard(subscriber, readings, daemon)


def test_an_alert_waits_no_longer_than_allowed_behind_a_backlog_on_a_slow_link(
    broker, new_subscriber, new_daemon, link, readings
):
    subscriber = new_subscriber(broker, topic=OURS)
    slow = link(broker.port, rate=1_200, delay=0.2)
    daemon = backlog(150, readings, slow, new_daemon, ack_timeout="30s", connect_timeout="10s")
    wait_for(daemon, lambda: len(subscriber.events()) > 8, "the backlog flows", within_s=60)
    begun_s = time.monotonic()
    readings.set_seal("tampered")
    alert = subscriber.wait(lambda: subscriber.alerts("seal.tampered"), "the alert")[0]
    took_s = alert.message.at_s - begun_s
    assert took_s < readings.witness.allowed(2.5), f"the alert took {took_s:.1f} s"
