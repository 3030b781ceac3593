"""Officers' requests over MQTT: carried out once, answered when they are durable, refused in
words, and believed only where they were allowed."""

import json
import random
import re
import threading
import time
import uuid
from types import SimpleNamespace

import jsonschema
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from rig import conf, published
from rig.consignment import CONSIGNMENT, UCR, write_list
from rig.crossing import SEAL
from rig.journal import Journal
from rig.mqtt import MQTT_3_1_1, MQTT_5, new_client
from rig.waiting import PATIENCE_S, until

BASE = "corridor/v1/ge-red-bridge/gw1"
OTHER = "7GE204567891-CORRECTED"
BY = {"officer": "O. Beridze", "reason": "papers seen"}


class Officer:
    """Asks by MQTT 5 with a response topic of its own, or by 3.1.1 with an id alone."""

    def __init__(self, broker, protocol=MQTT_5, name="officer-7"):
        self.v5 = protocol == MQTT_5
        self.inbox = f"{BASE}/response/{name}"
        self.answers = []
        self.heard = threading.Event()
        self.client = new_client(name, protocol)
        self.client.on_message = self._on_message
        self.client.on_subscribe = lambda *_: self.heard.set()
        self.client.on_connect = lambda client, *_: client.subscribe(f"{BASE}/response/#", 1)
        self.client.connect("127.0.0.1", broker.port)
        self.client.loop_start()
        assert self.heard.wait(PATIENCE_S)

    def _on_message(self, _client, _data, message):
        properties = getattr(message, "properties", None)
        body = json.loads(message.payload)
        published.validator("response").validate(body)
        self.answers.append(
            SimpleNamespace(
                body=body,
                topic=message.topic,
                correlation=getattr(properties, "CorrelationData", None),
                retain=message.retain,
            )
        )

    def send(self, method, payload, topic=None, correlation=None, retain=False):
        """payload: an object, or text as it is."""
        properties = None
        if self.v5:
            properties = Properties(PacketTypes.PUBLISH)
            properties.ResponseTopic = topic or self.inbox
            properties.CorrelationData = correlation or b"none"
        if not isinstance(payload, (str, bytes)):
            payload = json.dumps(payload)
        told = self.client.publish(f"{BASE}/request/{method}", payload, 1, retain, properties)
        told.wait_for_publish()

    def ask(self, method, payload=None, **members):
        """One that is well formed; waits for its answer."""
        request = {"id": str(uuid.uuid4())} | (payload or {}) | members
        assert published.validator("request").is_valid(request)
        correlation = uuid.uuid4().bytes
        self.send(method, request, correlation=correlation)

        def mine(answer):
            if self.v5:
                return answer.correlation == correlation
            return answer.body.get("id") == request["id"]

        found = until(lambda: [a for a in self.answers if mine(a)], f"an answer to {request}")
        assert found[0].body["method"] == method and found[0].body["id"] == request["id"]
        assert found[0].topic == (self.inbox if self.v5 else f"{BASE}/response/{method}")
        assert not found[0].retain
        return found[0].body

    def refused(self, method, payload, **how):
        """The answer to one that is not well formed."""
        correlation = uuid.uuid4().bytes
        self.send(method, payload, correlation=correlation, **how)
        found = until(
            lambda: [a for a in self.answers if a.correlation == correlation],
            f"an answer to {payload}",
        )
        assert found[0].body["ok"] is False
        return found[0]

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def officer(broker, closing):
    return closing(Officer(broker))


def site(broker, lane, more="", **uplink):
    uplink = {"requests": True} | uplink
    return conf.head(broker.port, **uplink) + more + conf.lane(lane.server.port)


@pytest.fixture
def gateway(lane, broker, subscriber, new_daemon):
    daemon = new_daemon(site(broker, lane)).start()
    subscriber.wait_event("seal.absent")
    return daemon


@pytest.mark.parametrize("protocol", [MQTT_5, MQTT_3_1_1])
def test_an_officer_corrects_what_a_seal_said_and_both_are_kept(
    lane, broker, subscriber, new_daemon, tmp_path, closing, protocol
):
    files = [write_list(tmp_path / "consignments.jsonl", "consignment", CONSIGNMENT)]
    new_daemon(site(broker, lane, f"registry {{ files = {conf.value(files)} }}\n")).start()
    subscriber.wait_event("registry.list")
    subscriber.wait_event("seal.absent")
    officer = closing(Officer(broker, protocol))
    refused = officer.ask("present", BY, lane="entry-1", ucr=OTHER)
    assert refused["code"] == "no_vehicle" and "entry-1" in refused["error"]
    assert officer.ask("present", BY, lane="entry-9", ucr=OTHER)["code"] == "no_lane"
    lane.truck_arrives()
    lane.seal_read(SEAL)
    first = subscriber.wait_event("passage.identified")
    assert first["consignment"]["ucr"] == UCR
    assert officer.ask("present", BY, lane="entry-1", ucr="  ")["code"] == "bad_request"
    assert officer.ask("present", BY, lane="entry-1", ucr=OTHER)["ok"] is True
    second = subscriber.wait_event("passage.corrected")
    assert second["replaced"] == [UCR] and second["consignment"]["ucr"] == OTHER
    assert (second["rule"], second["officer"], second["because"], second["by"]) == (
        "officer", BY["officer"], BY["reason"], "mqtt",
    )
    status = officer.ask("status")
    assert status["lanes"][0]["state"] == "occupied"
    assert status["lanes"][0]["passage"]["ucr"] == [OTHER]
    events = subscriber.verified()
    assert len([e for e in events if e["type"] == "passage.identified"]) == 1


def test_an_acknowledged_alarm_leaves_the_book_when_it_is_over(
    gateway, lane, subscriber, officer
):
    for number in (SEAL, "GE-0047116"):
        lane.seal_read(number, "tampered")
        subscriber.wait_event("seal.tampered", state="tampered")
        subscriber.wait(
            lambda: [e for e in subscriber.events("seal.tampered") if e["observed"]["id"] == number],
            number,
        )
    lane.seal_gone()
    subscriber.wait(lambda: len(subscriber.events("seal.absent")) == 2, "no seal")

    def alarms():
        status = officer.ask("status")
        assert status["journal"]["condition"] == "ok" and len(status["journal"]["hash"]) == 64
        return {a["resource"]: a for a in status["alarms"]}

    first, second = f"entry-1/reader/{SEAL}", "entry-1/reader/GE-0047116"
    assert set(alarms()) == {first, second}
    assert alarms()[first]["severity"] == "critical" and not alarms()[first]["active"]
    wrong = officer.ask("ack", BY, resource="entry-1/reader", type="seal.tampered")
    assert wrong["code"] == "no_alarm"
    assert officer.ask("ack", BY, resource=first, type="seal.tampered")["ok"]
    event = subscriber.wait_event("alarm.acknowledged")
    assert event["acknowledged"]["officer"] == BY["officer"]
    assert event["acknowledged"]["by"] == "mqtt" and event["acknowledged"]["times"] == 1
    assert set(alarms()) == {second}
    again = officer.ask("ack", BY, resource=first, type="seal.tampered")
    assert again["code"] == "no_alarm"


def test_an_alarm_that_nobody_acknowledges_is_told_once_more(
    lane, broker, subscriber, new_daemon, officer
):
    text = site(broker, lane).replace(
        "checkpoint {", 'checkpoint { unacknowledged_critical = "500ms" '
    )
    new_daemon(text).start()
    subscriber.wait_event("seal.absent")
    lane.seal_read(SEAL, "tampered")
    told = subscriber.wait_event("alarm.unacknowledged")
    assert told["unacknowledged"]["resource"] == f"entry-1/reader/{SEAL}"
    assert told["unacknowledged"]["severity"] == "critical"
    subscriber.wait(lambda: subscriber.alerts("alarm.unacknowledged"), "its alert")
    resource = told["unacknowledged"]["resource"]
    assert officer.ask("ack", BY, resource=resource, type="seal.tampered")["ok"]
    assert len(subscriber.events("alarm.unacknowledged")) == 1
    subscriber.verified()


def test_one_that_comes_again_is_answered_again_and_not_carried_out_again(
    gateway, lane, subscriber, officer
):
    lane.truck_arrives()
    subscriber.wait_event("passage.opened")
    request = {"id": "77", "lane": "entry-1", "ucr": OTHER} | BY
    assert officer.ask("present", request)["ok"]
    assert officer.ask("present", request)["ok"]
    reused = officer.ask("present", request | {"ucr": UCR})
    assert reused["code"] == "id_reused"
    assert officer.ask("ack", BY, id="77", resource="x", type="y")["code"] == "id_reused"
    refused = {"id": "78", "lane": "entry-9", "ucr": OTHER} | BY
    assert officer.ask("present", refused) == officer.ask("present", refused)
    assert officer.ask("present", request | {"id": "79", "ucr": UCR})["ok"]
    subscriber.wait_event("passage.corrected")
    assert len(subscriber.events("passage.identified")) == 1
    assert len(subscriber.events("passage.corrected")) == 1
    subscriber.verified()


GARBAGE = {
    "": "no JSON",
    "nonsense": "no JSON",
    "[]": "no JSON object",
    "{}": '"id" is missing',
    '{"id": 7}': '"id" is no text',
    json.dumps({"id": "1", "officer": "x\ny"}): "control characters",
    json.dumps({"id": "1", "officer": "x" * 64}): "64 bytes, the most is 63",
    json.dumps({"id": "1", "lane": "entry-1", "ucr": OTHER, "who": "me"} | BY): "no member",
    " " * 4097: "longer than 4096 bytes",
    " " * 30000: "longer than 4096 bytes",
}


def test_what_is_no_request_is_refused_in_words(gateway, lane, subscriber, officer):
    lane.truck_arrives()
    subscriber.wait_event("passage.opened")
    for payload, words in GARBAGE.items():
        answer = officer.refused("present", payload).body
        assert answer["code"] == "bad_request" and words in answer["error"]
    officer.send("no-such-method", {})
    officer.send("present", b"\xff\xfe")
    assert officer.ask("status")["ok"]
    assert gateway.logged().count('request: "present": refused') == 10
    assert "more are not logged" in gateway.logged()
    assert not subscriber.events("passage.identified")


def test_a_retained_request_is_ignored(lane, broker, subscriber, new_daemon, officer):
    officer.send("present", {"id": "1", "lane": "entry-1", "ucr": OTHER} | BY, retain=True)
    lane.truck_arrives()
    daemon = new_daemon(site(broker, lane)).start()
    subscriber.wait_event("passage.opened")
    daemon.wait_log("a retained request is ignored")
    assert officer.ask("status")["lanes"][0]["state"] == "occupied"
    assert not [a for a in officer.answers if a.body["method"] == "present"]
    assert not subscriber.events("passage.identified")


def test_a_message_that_no_inbox_holds_is_counted(lane, broker, subscriber, new_daemon, officer):
    new_daemon(site(broker, lane, metrics_every="1s")).start()
    subscriber.wait_event("seal.absent")
    officer.send("x" * 40_000, {})
    dropped = lambda: [json.loads(m.payload)["uplink"]["dropped"] for m in subscriber.of("metrics")]
    subscriber.wait(lambda: 1 in dropped(), "the message among the metrics")
    assert officer.ask("status")["ok"]


def test_answers_go_nowhere_but_to_the_gateways_own_responses(gateway, subscriber, officer):
    elsewhere = [
        f"{BASE}/event/seal/tampered",
        f"{BASE}/status",
        f"{BASE}/response/",
        f"{BASE}/responses/x",
        "corridor/v1/ge-red-bridge/registry/consignment/6GE1",
        "corridor/v1/ge-red-bridge/gw2/response/x",
        f"{BASE}/response/{'x' * 700}",
        f"{BASE}/response/\u10d0",
    ]
    for topic in elsewhere:
        answer = officer.refused("status", {"id": "1"}, topic=topic)
        assert answer.topic == f"{BASE}/response/status"
        assert answer.body["code"] == "bad_response_topic"
    assert officer.ask("status")["ok"]
    forged = [m for m in subscriber.messages if b"corridord.response" in m.payload]
    assert {m.topic for m in forged} == {f"{BASE}/response/status", officer.inbox}


def test_a_gateway_that_speaks_the_older_protocol_answers_by_id(
    lane, broker, subscriber, new_daemon, closing
):
    new_daemon(site(broker, lane, protocol="3.1.1")).start()
    subscriber.wait_event("seal.absent")
    officer = closing(Officer(broker, MQTT_3_1_1))
    assert officer.ask("status")["ok"]
    asked = Officer(broker, name="officer-8")  # its response topic does not get through
    closing(asked).send("status", {"id": "8"})
    until(lambda: [a for a in asked.answers if a.body.get("id") == "8"], "an answer")
    assert asked.answers[-1].topic == f"{BASE}/response/status"


def test_an_officers_acts_are_events_with_his_name(gateway, officer, subscriber):
    of = BY | {"ucr": "7GE1-ACT"}
    acts = [
        ("control", {"step": "begin"}, "control.begun", {}),
        (
            "reseal",
            {"old_seal": "GE 4711", "new_seal": "GE4900", "authority": "head of shift"},
            "seal.resealed",
            {"resealed": {"removed": "GE4711", "affixed": "GE4900", "authority": "head of shift"}},
        ),
        ("control", {"step": "end", "result": "A1"}, "control.ended", {"result": "A1"}),
        (
            "incident",
            {"code": "6", "endorsement": "Customs, Sadakhlo"},
            "consignment.incident",
            {"codes": {"ncts": "6"}, "endorsement": "Customs, Sadakhlo"},
        ),
        (
            "incident",
            {"code": "3", "endorsement": "here", "new_vehicle": "gg-900-hh", "old_container": "CSQU 305438 3", "new_container": "MSKU9070323"},
            "consignment.incident",
            {"moved": [{"kind": "vehicle", "to": "GG900HH"}, {"kind": "container", "from": "CSQU3054383", "to": "MSKU9070323"}]},
        ),
        ("redirect", {"to": "ge-poti"}, "consignment.redirected", {"to": "ge-poti"}),
        ("release", {}, "consignment.released", {}),
    ]
    for method, members, event, body in acts:
        mark = subscriber.mark
        assert officer.ask(method, of, **members)["ok"] is True
        told = subscriber.wait_event(event, since=mark)
        assert told["consignment"] == {"ucr": "7GE1-ACT"}
        assert (told["officer"], told["because"], told["by"]) == (BY["officer"], BY["reason"], "mqtt")
        assert {name: told[name] for name in body} == body
    refused = officer.ask("redirect", of, to="ge-red-bridge")
    assert refused["code"] == "bad_request" and '"to"' in refused["error"]
    refused = officer.ask("incident", of, code="6", endorsement="here", old_vehicle="AA 1", new_vehicle="aa1")
    assert refused["code"] == "bad_request" and '"new_vehicle"' in refused["error"]
    subscriber.verified()


def test_every_way_to_refuse_is_in_the_schema_and_on_the_page():
    sources = [p.read_text() for p in (published.ROOT / "daemon/inbound").glob("request*.c")]
    told = set(re.findall(r'request_refusal\(\s*"(\w+)"', "".join(sources)))
    journal = "".join((published.ROOT / f"daemon/journal/{name}.c").read_text() for name in ("replay", "show", "question"))
    told |= set(re.findall(r'(?:refuse\(\s*answer,\s*|code = )"(\w+)"', journal))
    schema = json.loads((published.ROOT / "schema/response.schema.json").read_text())
    page = (published.ROOT / "doc/mqtt.md").read_text().split("| `code` | |")[1].split("\n\n")[0]
    rows = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\|([^|]*)\|", page, re.MULTILINE))))
    assert told == set(schema["properties"]["code"]["enum"]) == rows


def test_requests_are_off_unless_they_are_configured(lane, broker, subscriber, new_daemon):
    new_daemon(conf.head(broker.port) + conf.lane(lane.server.port)).start()
    subscriber.wait_event("gateway.started")
    assert f"{BASE}/request" not in broker.log.read_text(errors="replace")


def test_what_was_answered_is_in_the_journal_however_the_daemon_dies(
    lane, broker, subscriber, new_daemon, closing
):
    daemon = new_daemon(site(broker, lane)).start()
    subscriber.wait_event("seal.absent")
    lane.truck_arrives()
    subscriber.wait_event("passage.opened")
    asked = 0
    for _ in range(5):
        officer = closing(Officer(broker, name=f"officer-{uuid.uuid4()}"))
        stop = threading.Event()

        def keep_asking(officer=officer, stop=stop):
            nonlocal asked
            while not stop.is_set():
                asked += 1
                request = {"id": f"k{asked}", "lane": "entry-1", "ucr": f"7GE1-K{asked}"} | BY
                officer.send("present", request)

        before = asked
        thread = threading.Thread(target=keep_asking)
        thread.start()
        until(lambda: asked > before + 5, "requests are under way")
        time.sleep(random.uniform(0, 0.1))  # the moment of death is not ours to choose
        daemon.kill()
        stop.set()
        thread.join()
        held = {
            e.data["consignment"]["ucr"]
            for e in Journal(daemon.folder / "journal.db").events()
            if e.data["type"] in ("passage.identified", "passage.corrected")
        }
        answered = {f"7GE1-K{a.body['id'][1:]}" for a in officer.answers if a.body["ok"]}
        assert answered <= held
        mark = subscriber.mark
        daemon.start()
        subscriber.wait_new_event("gateway.started", since=mark)
    assert asked > 25
    until(lambda: officer.ask("status")["ok"], "it is well")


def test_the_schema_of_requests_refuses_what_the_gateway_refuses():
    validator = published.validator("request")
    for payload in GARBAGE:
        try:
            request = json.loads(payload)
        except ValueError:
            continue
        if request not in ({}, {"id": "1", "officer": "x\ny"}):  # a status; JSON Schema cannot
            with pytest.raises(jsonschema.ValidationError):
                validator.validate(request)
