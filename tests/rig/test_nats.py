"""NATS JetStream as the broker: three nodes, each message on all; one is killed in mid-stream."""

import json

import pytest
from conftest import or_skip
from lib import nats
from rig import conf, crossing
from rig.daemon import Daemon
from rig.mqtt import MQTT_3_1_1
from rig.readings import Readings
from rig.subscriber import Subscriber
from rig.waiting import until
from sim.lane import Lane


@pytest.fixture
def cluster(cache, tmp_path, closing):
    server = or_skip(lambda: nats.fetch(cache))
    return closing(nats.Cluster(server, tmp_path / "nats")).start()


@pytest.fixture
def readings(closing):
    return closing(Readings()).start()


@pytest.fixture
def subscriber(cluster, closing):
    """At the last node, which is not killed."""
    return closing(
        Subscriber(cluster.nodes[-1], topic="corridor/v1/#", qos=1, protocol=MQTT_3_1_1)
    ).start()


def gateway(cluster, body, folder, closing):
    hosts = [f"127.0.0.1:{node.port}" for node in cluster.nodes]
    text = conf.head(0, host=hosts, protocol="3.1.1", ack_timeout="5s")
    return closing(Daemon(folder / "gateway", text + body))


def heard_by_key(subscriber):
    """{(epoch, seq): payload}"""
    return {event.key: event.message.payload for event in subscriber.events()}


def test_a_node_killed_in_mid_stream_costs_nothing_that_was_acknowledged(
    cluster, readings, subscriber, tmp_path, closing
):
    daemon = gateway(cluster, readings.conf(), tmp_path, closing).start()
    for node in cluster.nodes[:2]:  # the gateway's, then the next that it turns to
        mark = subscriber.mark
        until(lambda: len(subscriber.of("event", mark)) > 50, "events", 60)
        node.kill()
        mark = subscriber.mark
        until(lambda: len(subscriber.of("event", mark)) > 50, lambda: daemon.logged(), 120)
        node.start()
        cluster.wait_healthy()
    readings.finish()
    until(lambda: readings.all_last(subscriber.events()[-50:]), "the last readings", 60)
    readings.check_in_time()
    daemon.stop()
    end = max(e["seq"] for e in subscriber.events() if readings.is_last(e))
    heard = heard_by_key(subscriber)
    missing = [k for k, p in daemon.journal.payloads().items() if k[1] <= end and heard.get(k) != p]
    assert not missing, f"journalled, and not heard: {missing[:10]}"


def test_a_consignment_with_a_dot_in_its_number_is_announced(
    cluster, subscriber, tmp_path, closing
):
    """NATS hangs up on a dot in a level, for ever."""
    lane = closing(Lane()).start()
    ucr = "6GE204567891-INV.0001"
    stops = [{"checkpoint": "ge-red-bridge"}, {"checkpoint": "ge-poti"}]
    seals = [{"number": "GE-0047115"}]
    record = {"ucr": ucr, "flow": "transit", "seals": seals, "itinerary": stops}
    stamp = "2026-01-01T00:00:00Z"
    head = {"list": {"kind": "consignment", "version": stamp, "as_of": stamp}}
    listed = tmp_path / "consignments.jsonl"
    listed.write_text(f"{json.dumps(head)}\n{json.dumps(record)}\n")
    options = conf.options({"files": [str(listed)], "mqtt": False})
    body = f"registry {{ {options} }}\nhandover {{ }}\n" + conf.lane(lane.server.port)
    daemon = gateway(cluster, body, tmp_path, closing).start()
    subscriber.wait_event("barrier.closed", within_s=60)
    mark = crossing.cross(lane, subscriber)
    subscriber.wait_event("leg.departed", since=mark)
    handed = "corridor/v1/ge-poti/handover/6GE204567891-INV%2E0001"
    subscriber.wait(lambda: handed in [m.topic for m in subscriber.messages], "it is announced")
    assert "connection lost" not in daemon.logged()
