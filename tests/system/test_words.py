"""What officers say at the gateway itself: the same events as over MQTT, in the name of the user."""

import json
import subprocess

import pytest
from rig import conf
from rig.daemon import BUILD
from rig.waiting import PATIENCE_S, until

FINE, FAILED = 0, 3
UCR = "7GE1-ACT"


@pytest.fixture
def ctl(new_daemon, broker, subscriber, lane):
    gateway = new_daemon(conf.head(broker.port) + conf.lane(lane.server.port)).start()
    socket = gateway.folder / "control"
    return lambda *words: subprocess.run(
        [BUILD / "corridorctl", "--socket", socket, *words], capture_output=True, text=True, timeout=PATIENCE_S
    )


ACTS = [
    (["control", UCR, "begin", "at random"], "control.begun", {}),
    (
        ["reseal", UCR, "GE 4711", "GE4900", "head of shift", "opened"],
        "seal.resealed",
        {"resealed": {"removed": "GE4711", "affixed": "GE4900", "authority": "head of shift"}},
    ),
    (["control", UCR, "end", "A1", "done"], "control.ended", {"result": "A1"}),
    (["incident", UCR, "6", "Customs, Sadakhlo", "seen"], "consignment.incident", {"endorsement": "Customs, Sadakhlo"}),
    (
        ["incident", UCR, "6", "Customs, Sadakhlo", "AA 1", "BB 2", "seen"],
        "consignment.incident",
        {"moved": [{"kind": "vehicle", "from": "AA1", "to": "BB2"}]},
    ),
    (
        ["incident", UCR, "6", "Customs, Sadakhlo", "CC 3", "seen"],
        "consignment.incident",
        {"moved": [{"kind": "vehicle", "to": "CC3"}]},
    ),
    (["redirect", UCR, "ge-poti", "closed"], "consignment.redirected", {"to": "ge-poti"}),
    (["release", UCR, "all well"], "consignment.released", {}),
]


def test_an_officers_acts_at_the_gateway_are_events_in_the_name_of_the_user(ctl, subscriber):
    for words, event, body in ACTS:
        mark = subscriber.mark
        done = ctl(*words)
        assert done.returncode == FINE, done.stderr
        assert "in your name" in done.stdout
        told = subscriber.wait_event(event, since=mark)
        assert (told["officer"], told["because"], told["by"]) == ("root", words[-1], "control")
        assert {name: told[name] for name in body} == body


def test_who_stands_in_the_lane_is_named(ctl, lane, subscriber):
    assert "no vehicle" in ctl("present", "entry-1", UCR, "his papers").stderr
    lane.truck_arrives()
    subscriber.wait_event("passage.opened")
    assert ctl("present", "entry-1", UCR, "his papers").returncode == FINE
    told = subscriber.wait_event("passage.identified")
    assert told["consignment"]["ucr"] == UCR
    assert "no lane" in ctl("present", "entry-9", UCR, "his papers").stderr


@pytest.mark.parametrize(
    "words, why",
    [
        (["release", UCR], "UCR REASON"),
        (["control", UCR, "halt", "why"], '"step"'),
        (["control", UCR, "end", "why"], '"result" is missing'),
        (["redirect", UCR, "ge-red-bridge", "why"], '"to"'),
        (["incident", UCR, "9", "x", "why"], '"code"'),
    ],
)
def test_what_cannot_be_is_refused_in_words(ctl, words, why):
    refused = ctl(*words)
    assert refused.returncode == FAILED and why in refused.stderr


def boom(subscriber):
    """Its retained state, as it is now."""
    return json.loads([m for m in subscriber.of("state") if m.topic.endswith("/entry-1/boom")][-1].payload)


def test_what_happens_during_maintenance_is_marked_and_nothing_else(ctl, lane, subscriber):
    subscriber.wait_event("barrier.closed")
    assert ctl("maintenance", "begin", "entry-1", "new loop").returncode == FINE
    begun = subscriber.wait_event("maintenance.begun")
    assert (begun["officer"], begun["because"], begun["lane"], begun["minutes"]) == ("root", "new loop", "entry-1", 120)
    assert "already" in ctl("maintenance", "begin", "again").stderr
    assert "MAINTENANCE of entry-1 by root" in ctl("status").stdout
    lane.barrier("opening")
    assert subscriber.wait_event("barrier.opening")["test"] is True
    until(lambda: "test" in boom(subscriber), "the state is marked")
    assert ctl("maintenance", "end", "it counts again").returncode == FINE
    assert subscriber.wait_event("maintenance.ended")["because"] == "it counts again"
    until(lambda: "test" not in boom(subscriber), "the state is meant")
    lane.barrier("open")
    assert "test" not in subscriber.wait_event("barrier.open").data
    assert "no maintenance" in ctl("maintenance", "end", "once more").stderr
    assert "no such lane" in ctl("maintenance", "begin", "entry-9", "x").stderr
