"""A consignment's way through a lane: from the registry's list to the events that name it, and
over a death of the daemon in the middle."""

import json

import pytest
from rig import conf
from rig.consignment import CONSIGNMENT, UCR, write_list
from rig.crossing import SEAL


@pytest.fixture
def gateway(lane, broker, subscriber, new_daemon, tmp_path):
    files = [write_list(tmp_path / "consignments.jsonl", "consignment", CONSIGNMENT)]
    registry = f"registry {{ files = {conf.value(files)} }}\n"
    daemon = new_daemon(conf.head(broker.port, metrics_every="1s") + registry + conf.lane(lane.server.port)).start()
    subscriber.wait_event("registry.list")
    subscriber.wait_event("seal.absent")
    return daemon


def arrive(lane, subscriber):
    lane.truck_arrives()
    lane.seal_read(SEAL)
    return subscriber.wait_event("passage.identified")


def leave(lane, subscriber):
    for word in ("opening", "open"):
        lane.barrier(word)
        subscriber.wait_event(f"barrier.{word}")
    lane.truck_leaves()
    return subscriber.wait_event("passage.closed")


def test_a_declared_seal_names_the_consignment_of_all_that_follows(gateway, lane, subscriber):
    bound = arrive(lane, subscriber)
    assert (bound["rule"], bound["consignment"]["ucr"]) == ("seal", UCR)
    assert bound["list"]["version"] == "1"
    check = subscriber.wait_event("seal-check.intact")
    assert check["declared"]["container"] == "CSQU3054383"
    closed = leave(lane, subscriber)
    assert closed["end"] == "passed" and closed["marked"] == []
    opened = subscriber.wait_event("passage.opened")
    assert opened["passage"] == {"id": closed["passage"]["id"]}
    left = subscriber.wait_event("presence.left")
    assert left["passage"]["ucr"] == [UCR]
    state = subscriber.wait_state("entry-1/passage", state="free")
    assert state["observed"] == {}
    subscriber.verified()


def test_a_passage_goes_on_after_the_daemon_was_killed(gateway, lane, subscriber):
    bound = arrive(lane, subscriber)
    subscriber.wait_event("seal-check.intact")
    gateway.kill()
    gateway.start()
    subscriber.wait_state("entry-1/passage", state="occupied")
    closed = leave(lane, subscriber)
    assert closed["passage"]["id"] == bound["passage"]["id"]
    assert closed["passage"]["ucr"] == [UCR]
    assert closed["marked"] == ["restart"]
    events = subscriber.verified()
    assert len([e for e in events if e["type"] == "passage.opened"]) == 1
    assert len([e for e in events if e["type"] == "passage.identified"]) == 1


def metrics_of(subscriber, lane="entry-1"):
    """The last that were published: of the lane, and whole."""
    found = subscriber.of("metrics")
    whole = json.loads(found[-1].payload) if found else {"lanes": []}
    return next((x for x in whole["lanes"] if x["name"] == lane), None), whole


def test_metrics_tell_how_long_the_lane_took(gateway, lane, subscriber):
    subscriber.wait(lambda: metrics_of(subscriber)[0], "metrics of the lane")
    arrive(lane, subscriber)
    subscriber.wait_event("seal-check.intact")
    subscriber.wait(lambda: metrics_of(subscriber)[0]["study"]["open"]["others"] == 1, "one open")
    closed = leave(lane, subscriber)
    counted, whole = subscriber.wait(
        lambda: [x for x in [metrics_of(subscriber)] if x[0]["ended"]["passed"] == 1],
        "the passage in the metrics",
    )[0]
    assert (counted["opened"], counted["open"], counted["identified"]) == (1, 0, 1)
    assert (counted["seals_intact"], counted["seals_not_intact"]) == (1, 0)
    for window in ("hour", "day"):
        dwell = counted["study"][window]["others"]
        assert dwell["n"] == 1 and dwell["mean_ms"] == dwell["max_ms"] == closed["dwell_ms"]
        assert counted["study"][window]["recognised"] == {"n": 0, "marked": 0}
    assert whole["registry"]["answers"] >= 1 and whole["registry"]["failed"] == 0
    assert whole["alarms"] == {"kept": 0, "active": 0, "unacknowledged": 0, "lost": 0}
