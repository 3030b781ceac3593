"""Brokers of every manner: whatever one sends, or does not, the lane is read on, and what was
captured is delivered once the broker is right again.

What must hold is of the standards and of what this gateway promises, not of what it does today:
what does not hold yet is marked so, with the reason.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Callable

import pytest
from rig import conf, crossing
from rig.delivery import check_delivered, wait_for, wait_for_all
from rig.processes import children, status_kib
from sim import manners
from sim.lane import Lane

MIB = 1024


@dataclass
class Row:
    """Of one manner: what the log must say of it, and whether events arrive meanwhile."""

    manner: Callable
    says: str = ""
    arrives: bool = False
    protocols: tuple = ("5", "3.1.1")
    tls: bool = False  # also tried over TLS
    times: int = 3  # it is shown so often, at least
    uplink: dict = field(default_factory=dict)
    granted: bool = False  # it is told in CONNACK, and holds as long as the connection
    strict: bool = True  # the gateway does nothing against the standard
    today: dict = field(default_factory=dict)  # {protocol: why it does not hold yet}
    unsaid: dict = field(default_factory=dict)  # {protocol: why the log does not say it yet}


V5, V311, BOTH = ("5",), ("3.1.1",), ("5", "3.1.1")


def not_yet(why, protocols=BOTH):
    return dict.fromkeys(protocols, why)


def unknown_property(where):
    return Row(
        lambda: manners.UnknownProperty(where),
        r"MQTT library|property|[Mm]alformed|protocol error",
        protocols=V5, times=2, tls=where == "connack",
    )  # fmt: skip


def out_of_turn(which, **given):
    return Row(lambda: manners.OutOfTurn(which), times=1, strict=False, **given)


ROWS = {
    "an unknown property in CONNACK": unknown_property("connack"),
    "an unknown property in PUBLISH": unknown_property("publish"),
    "an unknown property in SUBACK": unknown_property("suback"),
    "an unknown property in UNSUBACK": unknown_property("unsuback"),
    "an unknown property in PUBACK": unknown_property("puback"),
    "an unknown property in DISCONNECT": unknown_property("disconnect"),
    "a message of 250 MB": Row(
        manners.HugePublish, r"too large|larger|packet size|memory|MQTT library", times=2, tls=True,
    ),  # fmt: skip
    "the beginning of a message of 250 MB": Row(
        lambda: manners.HugePublish(sent=1 << 20),
        r"too large|larger|packet size|memory|MQTT library|acknowledged", times=2,
    ),  # fmt: skip
    "no QoS 1": Row(
        manners.NoQos1, r"QoS 1|/\S+.*\b\d+ bytes", strict=False,
    ),  # fmt: skip
    "no retained messages": Row(manners.NoRetain, r"retain", arrives=True, protocols=V5),
    "no retained messages, wills neither": Row(
        lambda: manners.NoRetain(strict=True), r"retain", protocols=V5
    ),
    "packets of 4 KiB at most": Row(
        lambda: manners.SmallPackets(4096), arrives=True, times=1
    ),
    "packets of 300 bytes at most": Row(
        lambda: manners.SmallPackets(300), r"larger than the broker takes", protocols=V5, times=1,
        granted=True,
    ),
    "one message at a time": Row(manners.ReceiveMaximum, arrives=True),
    "MQTT 5 is closed on": Row(
        manners.ClosesOnMqtt5, r'protocol = "3\.1\.1"', protocols=V5, times=2, tls=True,
    ),  # fmt: skip
    "hangs up on events": Row(
        lambda: manners.hangs_up_on("event"), r"/event/\S+.*\b\d+ bytes",
    ),  # fmt: skip
    "hangs up on states": Row(
        lambda: manners.hangs_up_on("state"), r"/state/\S+.*\b\d+ bytes.*retain", arrives=True,
    ),  # fmt: skip
    "hangs up on messages of more than 500 bytes": Row(
        lambda: manners.hangs_up_over(500), r"/event/\S+.*\b\d+ bytes",
    ),  # fmt: skip
    "the session is taken over": Row(
        manners.TakenOver, r"client_id"
    ),
    "the session is taken over without a word": Row(
        lambda: manners.TakenOver(told=False), r"client_id"
    ),
    "never acknowledges": Row(manners.NeverAcknowledges, r"acknowledged", times=30),
    "refuses for its quota": Row(
        lambda: manners.Refuses(manners.QUOTA_EXCEEDED), r"[Qq]uota", protocols=V5
    ),
    "refuses as not authorised": Row(
        lambda: manners.Refuses(manners.NOT_AUTHORIZED), r"[Nn]ot authori", protocols=V5
    ),
    "acknowledges late": Row(manners.AcknowledgesLate, arrives=True, times=40),
    "acknowledges out of order": Row(manners.AcknowledgesOutOfOrder, arrives=True, times=60),
    "acknowledges twice": Row(manners.AcknowledgesTwice, arrives=True, times=60),
    "acknowledges what was never sent": Row(manners.AcknowledgesForeign, times=30),
    "drips": Row(manners.Drips, arrives=True, times=100, tls=True),
    "garbage in the place of CONNACK": Row(
        lambda: manners.Garbage(at_once=True), r"not connected", tls=True
    ),
    "garbage on a connection": Row(
        manners.Garbage, r"connection lost|MQTT library", tls=True
    ),
    "half a packet, then the end": Row(manners.HalfPacket, r"connection lost"),
    "half a packet, then nothing": Row(
        lambda: manners.HalfPacket(closes=False), r"acknowledged"
    ),
    "closes after ten packets": Row(manners.ClosesAfter, r"closed by the broker", arrives=True),
    "breaks off after ten packets": Row(
        lambda: manners.ClosesAfter(reset=True), r"connection lost", arrives=True, tls=True
    ),
    "closes after three packets": Row(lambda: manners.ClosesAfter(3), r"closed by the broker"),
    "nothing retained by wildcard": Row(
        manners.NoRecallByWildcard, r"retained.*wildcard|wildcard.*retained", arrives=True, times=1,
    ),
    "says nothing": Row(manners.SaysNothing, r"no answer", times=2, tls=True),
    "CONNECT from a broker": out_of_turn("connect"),
    "CONNACK again": out_of_turn("connack"),
    "SUBSCRIBE from a broker": out_of_turn("subscribe"),
    "AUTH that was not asked for": out_of_turn("auth", protocols=V5),
    "PUBREC for QoS 1": out_of_turn("pubrec"),
    "PUBREL for nothing": out_of_turn("pubrel"),
    "PINGREQ from a broker": out_of_turn("pingreq"),
    "a packet of no type": out_of_turn("reserved"),
    "a flood of messages": Row(manners.Floods, times=20),
}


def cases():
    for name, row in ROWS.items():
        for protocol in row.protocols:
            for carrier in ("plain", "TLS")[: 1 + row.tls]:
                why = row.today.get(protocol)
                marks = [pytest.mark.xfail(strict=True, reason=why)] if why else []
                yield pytest.param(
                    row, protocol, carrier, marks=marks, id=f"{name}-{protocol}-{carrier}"
                )


def memory_kib(daemon):
    """The most that it had resident, and what its children have."""
    return daemon.status_kib("VmHWM") + sum(status_kib(p, "VmRSS") for p in children(daemon.pid))


def check_said(row, protocol, logged):
    said = re.search(row.says, logged)
    if protocol in row.unsaid:
        assert not said, "the log says it now: take the mark away"
        pytest.xfail(row.unsaid[protocol])
    assert said, f"no {row.says!r} in: {logged}"


@pytest.mark.parametrize("row, protocol, carrier", cases())
def test_the_lane_is_read_on_and_all_arrives_in_the_end(
    row, protocol, carrier, readings, scripted, new_gateway
):
    manner = row.manner()
    broker = scripted(manner, carrier)
    daemon = new_gateway(broker, protocol, **row.uplink).start()
    wait_for(daemon, lambda: manner.shown >= row.times, "it is shown")
    if row.arrives:
        wait_for(daemon, lambda: len(broker.taken()) > 40, "events arrive")
    polls = readings.unit.requests
    wait_for(daemon, lambda: readings.unit.requests > polls + 25, "it reads on")
    if protocol not in row.unsaid:
        wait_for(daemon, lambda: re.search(row.says, daemon.logged()), f"{row.says} in the log")
    broker.become()
    if row.granted:
        broker.drop()
    readings.finish()
    wait_for_all(broker, readings, daemon)
    assert memory_kib(daemon) < 24 * MIB
    readings.check_in_time()
    check_delivered(broker, readings, daemon)
    assert not (row.strict and broker.complaints)
    check_said(row, protocol, daemon.logged())


def test_a_broker_that_ends_it_by_mqtt_5_is_spoken_to_by_3_1_1(readings, scripted, new_gateway):
    broker = scripted(manners.UnknownProperty("connack"))
    daemon = new_gateway(broker).start()
    wait_for(daemon, lambda: len(broker.taken()) > 40, "events arrive")
    assert {message.version for message in broker.taken()} == {4}
    daemon.wait_log("3.1.1")
    readings.check_in_time()


@pytest.mark.parametrize("where", ["connack", "publish", "puback"])
def test_a_broker_that_ends_it_again_and_again_is_left_for_the_next_host(
    where, readings, scripted, new_gateway
):
    """One that offers MQTT 5 only, so that there is no other way with it."""

    class Fatal(manners.UnknownProperty):
        async def connect(self, session):
            if session.version == 5:
                await super().connect(session)
            else:
                session.connack(1)

    bad, good = scripted(Fatal(where)), scripted()
    hosts = [f"127.0.0.1:{bad.port}", f"127.0.0.1:{good.port}"]
    daemon = new_gateway(bad, host=hosts).start()
    wait_for(daemon, lambda: len(good.taken()) > 40, "events arrive at the next host")
    readings.finish()
    wait_for_all(good, readings, daemon)
    readings.check_in_time()


def test_what_a_broker_takes_is_compared_with_the_exact_size(readings, scripted, new_gateway):
    broker = scripted()
    daemon = new_gateway(broker).start()
    wait_for(daemon, lambda: len(broker.taken()) > 150, "events arrive")
    largest = max(message.wire_bytes for message in broker.taken()[100:])
    late = len(b"\x26\0\4late\0\4true")
    broker.become(manners.SmallPackets(largest + late + 8))  # for numbers of more digits
    broker.drop()
    readings.wait_polls()
    readings.finish()
    wait_for_all(broker, readings, daemon, within_s=15)
    assert not broker.complaints
    check_delivered(broker, readings, daemon)


@pytest.mark.parametrize("protocol", BOTH)
def test_a_consignment_with_a_dot_in_its_number_leaves_by_a_broker_that_takes_no_dots(
    protocol, tmp_path, scripted, new_daemon, new_subscriber, closing
):
    lane = closing(Lane()).start()
    broker = scripted(manners.refuses_dots())
    subscriber = new_subscriber(broker)
    ucr = "6GE204567891-INV.0001"
    stops = [{"checkpoint": "ge-red-bridge"}, {"checkpoint": "ge-poti"}]
    seals = [{"number": "GE-0047115"}]
    record = {"ucr": ucr, "flow": "transit", "seals": seals, "itinerary": stops}
    listed = tmp_path / "consignments.jsonl"
    stamp = "2026-01-01T00:00:00Z"
    head = {"list": {"kind": "consignment", "version": stamp, "as_of": stamp}}
    listed.write_text(f"{json.dumps(head)}\n{json.dumps(record)}\n")
    options = conf.options({"files": [str(listed)], "mqtt": False})
    body = f"registry {{ {options} }}\nhandover {{ }}\n" + conf.lane(lane.server.port)
    daemon = new_daemon(conf.head(broker.port, protocol=protocol) + body).start()
    subscriber.wait_event("barrier.closed")
    crossing.cross(lane, subscriber)
    subscriber.wait_event("leg.departed")
    handed = "corridor/v1/ge-poti/handover/6GE204567891-INV%2E0001"

    def announced():
        assert len(broker.gateways()) == 1, "it has hung up"
        return handed in [m.topic for m in broker.record]

    wait_for(daemon, announced, "it is announced")


@pytest.mark.parametrize("protocol", BOTH)
def test_two_gateways_of_one_client_id_are_told_of_each_other(
    protocol, readings, scripted, new_gateway
):
    broker = scripted()
    daemons = [new_gateway(broker, protocol, folder=f"gateway-{n}").start() for n in (1, 2)]

    def both_lost():
        return all(daemon.logged().count("connection lost") > 2 for daemon in daemons)

    wait_for(daemons[0], both_lost, "losses")
    assert all("client_id" in daemon.logged() for daemon in daemons)
    readings.check_in_time()
