"""A consignment on its way between two checkpoints, each with its gateway, by one broker: what is
announced when it leaves, what is made of it when it arrives, and what a link that is cut changes."""

import json

import pytest
from rig.legs import FIRST, FOURTH, FROM, SEALS, SECOND, THIRD, TO, Site, consignment, depart
from rig.published import validator
from rig.waiting import until


@pytest.fixture
def tools(closing, new_subscriber, new_daemon, tmp_path):
    return closing, new_subscriber, new_daemon, tmp_path


@pytest.fixture
def here(broker, tools):
    site = Site(FROM, broker, tools)
    site.knows(*map(consignment, SEALS))
    return site.start()


@pytest.fixture
def there(broker, tools):
    site = Site(TO, broker, tools)
    site.knows(*map(consignment, SEALS))
    return site.start()


@pytest.fixture
def retained(broker, new_subscriber):
    """The announcements that a newcomer finds at the broker."""
    made = []

    def look(to=TO):
        topic = f"corridor/v1/{to}/handover/+"
        name = f"newcomer-{len(made)}"
        made.append(new_subscriber(broker, topic=f"{topic}", name=name))
        # What is retained has come when a message of its own has.
        made[-1].client.publish(topic.replace("+", "end"), b"end", qos=1).wait_for_publish()
        until(lambda: any(m.payload == b"end" for m in made[-1].messages), "the end")
        found = [m for m in made[-1].messages if m.payload not in (b"end", b"")]
        made[-1].stop()
        return [json.loads(m.payload) for m in found]

    return look


def test_what_left_intact_arrives_intact_over_a_restart(here, there, retained):
    mark = depart(here, FIRST)
    left = here.subscriber.wait_event("leg.departed", since=mark)
    assert left["leg"]["to"] == TO
    assert [s["state"] for s in left["announced"]["seals"]] == ["intact"]
    there.heard_of(FIRST)
    announced = retained()
    assert [a["ucr"] for a in announced] == [FIRST]
    for announcement in announced:
        validator("handover").validate(announcement)

    there.daemon.kill()
    there.door.shut()  # so that it is the gateway that remembers
    there.daemon.start()
    there.lane.truck_arrives()
    there.lane.seal_read(SEALS[FIRST], opened=3)
    there.wait_journalled("leg.arrived")
    there.door.open()
    arrived = there.subscriber.wait_event("leg.arrived")
    assert arrived["leg"]["continuity"] == "kept" and arrived["leg"]["from"] == FROM
    assert arrived["leg"]["duration_ms"] > 0 and not there.subscriber.events("leg.broken")
    assert arrived["occurred"]["utc"] > left["occurred"]["utc"]
    until(lambda: not retained(), "the announcement is taken back", every_s=0.2)
    there.subscriber.verified()
    here.subscriber.verified()


def test_a_seal_opened_on_the_way_breaks_the_leg_at_once(here, there, retained):
    depart(here, SECOND, opened=3)
    there.heard_of(SECOND)
    there.arrives(SECOND, opened=5)
    broken = there.subscriber.wait_event("leg.broken")
    assert (broken["severity"], broken["latched"]) == ("critical", True)
    assert broken["leg"]["seals"]["findings"] == [
        {
            "number": "GE0047112", "result": "reopened",
            "before": {"open": 3, "tamper": 0}, "now": {"open": 5, "tamper": 0},
        }
    ]
    there.subscriber.wait(lambda: there.subscriber.alerts("leg.broken"), "the alert")
    until(lambda: not retained(), "the announcement is taken back", every_s=0.2)


def test_what_does_not_come_is_overdue_until_it_does(here, there):
    here.knows(consignment(THIRD, until_s=2))
    until(lambda: len(here.subscriber.events("registry.list")) == 2, "the new list")
    mark = depart(here, THIRD)
    here.subscriber.wait_event("leg.departed", since=mark)
    overdue = there.subscriber.wait_event("leg.overdue", alarm="raised")
    assert overdue["consignment"]["ucr"] == THIRD and overdue["severity"] == "major"
    there.daemon.kill()
    there.daemon.start()
    mark = there.arrives(THIRD)
    cleared = there.subscriber.wait_event("leg.overdue", alarm="cleared", since=mark)
    assert cleared["ended"] == "arrived"
    raised = there.subscriber.events("leg.overdue", alarm="raised")
    assert len({event.key for event in raised}) == 1


def test_what_is_announced_only_after_its_arrival_is_compared_late(here, there, retained):
    here.door.shut()
    mark = here.subscriber.mark
    here.lane.truck_arrives()
    here.wait_journalled("presence.detected")
    here.lane.seal_read(SEALS[FOURTH], opened=3)
    here.wait_journalled("passage.identified")
    here.lane.barrier("open")
    here.wait_journalled("barrier.open")
    here.lane.truck_leaves()
    here.wait_journalled("leg.departed")
    passage = there.arrives(FOURTH)
    there.leaves(passage)
    there.subscriber.wait_event("passage.closed", since=passage)
    assert not there.subscriber.events("leg.arrived")

    here.door.open()
    here.subscriber.wait_event("leg.departed", since=mark)
    arrived = there.subscriber.wait_event("leg.arrived")
    assert arrived["late"] is True and arrived["leg"]["continuity"] == "kept"
    until(lambda: not retained(), "the announcement is taken back", every_s=0.2)
    # The checkpoint before announces it once more with each connection.
    connects = len(here.subscriber.of("status"))
    here.door.shut()
    here.door.open()
    until(lambda: len(here.subscriber.of("status")) > connects, "it is back")
    here.lane.seal_gone()
    here.subscriber.wait_state("entry-1/reader", state="absent")
    until(lambda: not retained(), "it is taken back again", every_s=0.2)
    assert len(there.subscriber.events("leg.arrived")) == 1


def test_an_announcement_is_there_for_who_comes_later(here, broker, tools, retained):
    depart(here, FIRST)
    here.subscriber.wait_event("leg.departed")
    until(lambda: len(retained()) == 1, "it is announced", every_s=0.2)
    broker.kill()  # which forgets all
    broker.start()
    here.subscriber.restart()
    there = Site(TO, broker, tools)
    there.knows(*map(consignment, SEALS))
    there.start()
    there.heard_of(FIRST)
    there.arrives(FIRST)
    assert there.subscriber.wait_event("leg.arrived")["leg"]["continuity"] == "kept"
