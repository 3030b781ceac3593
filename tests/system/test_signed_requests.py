"""Requests signed by the officer's key (tests/system/rig/vouching.py signs them from the document), and those
that are not, or wrongly, or were sent before."""

import base64
import hashlib
import json
import time
import uuid

import pytest
from rig import vouching
from rig.consignment import UCR
from rig.daemon import FAKE_CLOCK_BINARY
from rig.published import validator
from rig.waiting import until
from test_requests import BY, Officer, site

KIND = "corridor-request/v1"
KEY = vouching.Key("officer/O.%20Beridze", b"b" * 32)
OTHER = vouching.Key("officer/N.%20Gelashvili", b"g" * 32)


def topic(method):
    return f"ge-red-bridge/gw1/request/{method}"


def blank(ucr=UCR, **members):
    return {"id": str(uuid.uuid4())} | BY | {"ucr": ucr} | members


def plain(request):
    return json.dumps(request, separators=(",", ":")).encode()


def signed(request, method="release", key=KEY, **how):
    return vouching.vouched(key, KIND, topic(method), plain(request), **how)


@pytest.fixture
def gateway(lane, broker, subscriber, new_daemon):
    officers = f'officers {{ keys = {{"{KEY.verifier}", "{OTHER.verifier}"}}  must_sign = {{"release", "present"}} }}\n'
    daemon = new_daemon(site(broker, lane, officers), binary=FAKE_CLOCK_BINARY).start()
    subscriber.wait_event("seal.absent")
    time.sleep(2)  # what is signed has to be later than the start, in seconds
    return daemon


@pytest.fixture
def officer(gateway, broker, closing):
    return closing(Officer(broker))


def answered(officer, method, payload):
    before = len(officer.answers)
    officer.send(method, payload)
    until(lambda: len(officer.answers) > before, f"an answer to {payload}")
    return officer.answers[before].body


def test_who_signed_stands_in_the_event_or_that_nobody_did(officer, subscriber, lane):
    assert answered(officer, "release", signed(blank()))["ok"]
    assert subscriber.wait_event("consignment.released")["signed_by"] == KEY.name
    assert answered(officer, "control", plain(blank(step="begin")))["ok"]
    assert subscriber.wait_event("control.begun")["signed_by"] is None
    lane.truck_arrives()
    subscriber.wait_event("presence.detected")
    assert answered(officer, "present", signed(blank(lane="entry-1"), "present"))["ok"]
    assert subscriber.wait_event("passage.identified")["signed_by"] == KEY.name
    status = answered(officer, "status", signed({"id": "s"}, "status", OTHER))
    assert status["ok"]
    subscriber.verified()


METHODS = {
    "present": {"lane": "entry-1"},
    "reseal": {"old_seal": "GE-0047110", "new_seal": "GE-9", "authority": "customs"},
    "control": {"step": "begin"},
    "release": {},
    "redirect": {"to": "ge-poti"},
    "incident": {"code": "2", "endorsement": "seal replaced"},
}
TOLD = {
    "present": "passage.identified", "reseal": "seal.resealed", "control": "control.begun",
    "release": "consignment.released", "redirect": "consignment.redirected", "incident": "consignment.incident",
}


def test_the_officers_signature_can_be_checked_from_the_event_alone(officer, subscriber, lane):
    lane.truck_arrives()
    subscriber.wait_event("presence.detected")
    for method, members in METHODS.items():
        payload = signed(blank(**members), method)
        mark = subscriber.mark
        assert answered(officer, method, payload)["ok"], method
        event = subscriber.wait_event(TOLD[method], since=mark).data
        validator("event").validate(event)
        text, _ = vouching.without_note(payload)
        digest = base64.b64encode(hashlib.sha256(text).digest()).decode()
        _, when = vouching.check(KEY.verifier, KIND, topic(method), payload)
        assert vouching.officer_signed(KEY.verifier, event) == (when, digest)
        assert vouching.officer_signed(OTHER.verifier, event) is None
        assert vouching.officer_signed(KEY.verifier, event | {"gateway": "gw2"}) is None


def test_who_acknowledged_an_alarm_can_be_checked_too(officer, subscriber, lane):
    lane.seal_read("GE-0047110", status="tampered", tampered=1)
    subscriber.wait_event("seal.tampered", state="tampered")
    request = {"id": "a"} | BY | {"resource": "entry-1/reader/GE-0047110", "type": "seal.tampered"}
    assert answered(officer, "ack", signed(request, "ack"))["ok"]
    event = subscriber.wait_event("alarm.acknowledged").data
    validator("event").validate(event)
    assert vouching.officer_signed(KEY.verifier, event)


def test_what_has_to_be_signed_is_refused_without(officer, gateway, subscriber):
    refused = answered(officer, "release", plain(blank()))
    assert refused["code"] == "signature_missing" and "release" in refused["error"]
    assert "has to be signed" in gateway.logged()
    assert not subscriber.events("consignment.released")


def wrong(request):
    good = signed(request)
    yield good.replace(b'"reason":"papers seen"', b'"reason":"papers sEEn"')
    yield signed(request, key=OTHER)
    yield signed(request, key=vouching.Key(KEY.name, b"x" * 32))
    yield signed(request, "redirect")
    yield vouching.vouched(KEY, "corridor-handover/v1", topic("release"), plain(request))
    yield vouching.vouched(KEY, KIND, "ge-red-bridge/gw2/request/release", plain(request))
    yield signed(request, by=OTHER.name)
    yield good[:-40] + b'"}'
    yield good.replace(b',"note":"', b', "note":"')
    yield good[:-1] + b',"schema":"corridord.request/1"}'
    head = f"corridor/ge-red-bridge/gw1/{'0' * 16}\n7\n{'A' * 43}=\n"
    yield vouching.with_note(plain(request), KEY.note(head))


def test_what_is_wrongly_signed_is_refused_by_name_and_never_taken_for_unsigned(officer, subscriber):
    request = blank()
    for payload in wrong(request):
        refused = answered(officer, "release", payload)
        assert refused["code"] == "signature_wrong" and refused["id"] == request["id"], payload
    control = blank(step="begin")
    assert answered(officer, "control", signed(control, "release"))["code"] == "signature_wrong"
    assert not subscriber.events("consignment.released") and not subscriber.events("control.begun")
    assert answered(officer, "release", signed(request))["ok"]


def test_an_old_one_does_not_work_twice(officer, gateway, subscriber, broker):
    payload = signed(blank())
    for _ in range(2):
        assert answered(officer, "release", payload).get("code") is None
    assert len(subscriber.events("consignment.released")) == 1
    for _ in range(33):  # more than are remembered
        assert answered(officer, "release", signed(blank()))["ok"]
    assert answered(officer, "release", payload)["code"] == "signature_old"
    last = signed(blank())
    assert answered(officer, "release", last)["ok"]
    gateway.stop()
    mark = subscriber.mark
    gateway.start()
    subscriber.wait_event("seal.absent", since=mark)
    assert answered(officer, "release", last)["code"] == "signature_old"
    for time_s in (time.time() - 400, time.time() + 400):
        refused = answered(officer, "release", signed(blank(), time_s=int(time_s)))
        assert refused["code"] == "signature_old"
    assert len(subscriber.events("consignment.released")) == 35
