"""A whole lane, by the shipped profiles: what a lorry's crossing looks like from outside."""

import pytest
from rig import conf
from rig.crossing import SEAL, cross


@pytest.fixture
def gateway(lane, broker, subscriber, new_daemon):
    daemon = new_daemon(conf.head(broker.port) + conf.lane(lane.server.port)).start()
    subscriber.wait_event("barrier.closed")
    return daemon


def test_a_lorry_crosses_and_each_step_is_an_event_in_its_place(gateway, lane, subscriber):
    subscriber.wait_event("seal.absent")
    cross(lane, subscriber)
    cross(lane, subscriber)
    events = subscriber.verified()
    assert events[0]["type"] == "gateway.started"
    assert {e["lane"] for e in events if "lane" in e.data} == {"entry-1"}
    told = [e["type"] for e in events if e["type"].startswith(("barrier.", "presence."))]
    crossing = [
        "presence.detected", "barrier.opening", "barrier.open", "presence.left",
        "barrier.closing", "barrier.closed",
    ]
    assert told == ["barrier.closed"] + crossing * 2
    severe = [e for e in events if e["severity"] in ("major", "critical")]
    assert not severe, f"a quiet day has no alarms: {severe}"
    intact = [e for e in events if e["type"] == "seal.intact"]
    assert [e["observed"]["id"] for e in intact] == [SEAL] * 2
    assert [e["observed"]["battery"] for e in intact] == [87] * 2


def test_a_seal_that_is_tampered_with_is_critical_latched_and_alerted(gateway, lane, subscriber):
    lane.seal_read(SEAL)
    subscriber.wait_event("seal.intact")
    lane.seal_read(SEAL, "tampered", tampered=1)
    event = subscriber.wait_event("seal.tampered")
    assert (event["severity"], event["latched"]) == ("critical", True)
    assert event["previous"] == "intact" and event["observed"]["id"] == SEAL
    alert = subscriber.wait(lambda: subscriber.alerts("seal.tampered"), "the alert")[0]
    assert alert.message.payload == event.message.payload
    state = subscriber.wait_state("entry-1/reader", state="tampered")
    assert state["quality"] == "good"
    assert not subscriber.alerts("seal.intact"), "good news is no alert"


def test_two_vehicles_in_one_opening_are_tailgating(gateway, lane, subscriber):
    for vehicle in range(2):
        mark = subscriber.mark
        lane.truck_arrives()
        subscriber.wait_event("presence.detected", since=mark)
        if vehicle == 0:
            lane.barrier("open")
            subscriber.wait_event("barrier.open", since=mark)
        lane.truck_leaves()
        subscriber.wait_event("presence.left", since=mark)
    event = subscriber.wait_event("barrier.tailgate")
    assert event["vehicles"] == 2 and event["latched"]
    subscriber.verified()


def test_a_pulled_cable_makes_every_sensor_of_the_lane_unknown_and_it_comes_back(
    gateway, lane, subscriber
):
    lane.seal_read(SEAL)
    subscriber.wait_state("entry-1/reader", state="intact")
    mark = subscriber.mark
    lane.server.stop()
    subscriber.wait_event("seal.unknown", since=mark)
    subscriber.wait_event("barrier.unknown", since=mark)
    subscriber.wait_event("presence.unknown", since=mark, alarm="raised")
    for sensor in ("boom", "reader"):
        state = subscriber.wait_state(f"entry-1/{sensor}", state="unknown")
        assert state["quality"] != "good"
    assert len({e["device"] for e in subscriber.events("device.down")}) == 3
    mark = subscriber.mark
    lane.server.start()
    subscriber.wait_event("barrier.closed", since=mark)
    subscriber.wait_event("seal.intact", since=mark)
    subscriber.wait_event("presence.unknown", since=mark, alarm="cleared")
    assert len(subscriber.events("device.down", alarm="cleared")) == 3
    subscriber.verified()


def test_the_state_before_a_restart_is_told_but_not_taken_for_the_present(
    gateway, lane, subscriber
):
    lane.seal_read(SEAL)
    subscriber.wait_state("entry-1/reader", state="intact")
    gateway.stop()
    lane.seal_read(SEAL, "opened", opened=1)
    mark = subscriber.mark
    gateway.start()
    event = subscriber.wait_event("seal.opened", since=mark)
    assert event["initial"] is True and event["before_restart"] == "intact"

    def states_of_reader():
        return [m.payload for m in subscriber.of("state", mark) if m.topic.endswith("/reader")]

    states = subscriber.wait(states_of_reader, "the reader's state")
    assert b'"unknown"' in states[0] or b'"opened"' in states[0]
    subscriber.verified()
