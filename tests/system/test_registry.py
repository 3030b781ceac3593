"""The registry from outside: records over MQTT and in files, a passage that is bound to one of
them, a kill, a removal, and what is refused."""

import json

import pytest
from rig import conf, crossing
from rig.crossing import SEAL
from rig.mqtt import new_client

ROOT = "corridor/v1/ge-red-bridge/registry"


@pytest.fixture
def broker(new_broker):
    """With the limits that mosquitto has by itself: beyond them it drops retained messages."""
    return new_broker(extra="max_queued_messages 1000\nmax_inflight_messages 20\n")


@pytest.fixture
def subscriber(broker, new_subscriber):
    return new_subscriber(broker, topic="corridor/v1/+/gw1/#")


@pytest.fixture
def author(broker, closing):
    """Who writes the registry: publish(subject, record or text, retain=True)."""
    client = new_client()
    client.connect("127.0.0.1", broker.port)
    client.loop_start()

    class Author:
        def publish(self, subject, record, retain=True):
            text = record if isinstance(record, str) else json.dumps(record)
            client.publish(f"{ROOT}/{subject}", text, qos=1, retain=retain).wait_for_publish()

        def stop(self):
            client.disconnect()
            client.loop_stop()

    return closing(Author())


def consignment(ucr, seal=SEAL, **members):
    return {"ucr": ucr, "flow": "transit", "seals": [{"number": seal}], **members}


def site(broker, lane, **registry):
    return (
        conf.head(broker.port, metrics_every="1s")
        + f"registry {{ {conf.options({'check_every': '100ms'} | registry)} }}\n"
        + conf.lane(lane.server.port)
    )


def cross(lane, subscriber):
    """One lorry with its seal; what it was taken for."""
    mark = crossing.arrives(lane, subscriber)

    def judged():
        return [
            e for e in subscriber.events(since=mark)
            if e["type"] in ("passage.identified", "passage.unidentified")
        ]

    subscriber.wait(judged, "a verdict on the passage")
    crossing.drives_through(lane, subscriber, mark)
    subscriber.wait_event("passage.closed", since=mark)
    return judged()[0]


def ucr_of(event):
    assert event["type"] == "passage.identified", event.data
    return event["consignment"]["ucr"]


def wait_taken(author, subscriber, subject="consignment/nothing"):
    """Messages are taken in their order: a bad one tells that those before it were. One that comes
    while the broker's queue is full is dropped, as it is not retained."""
    mark = subscriber.mark

    def refused():
        author.publish(subject, "bad", retain=False)
        return [e for e in subscriber.events(since=mark) if e["type"] == "registry.refused"]

    subscriber.wait(refused, "registry.refused", every_s=1)


def wait_counted(subscriber, what, count, since=0):
    """Until so many messages were taken; of a broker whose queue is short not all come at first."""

    def counted():
        metrics = [json.loads(m.payload)["registry"] for m in subscriber.of("metrics", since)]
        return metrics and metrics[-1][what] >= count

    subscriber.wait(counted, f"{count} {what}")


def test_retained_records_are_known_survive_a_kill_and_are_forgotten_when_removed(
    lane, broker, subscriber, author, new_daemon
):
    author.publish("consignment/6GE0001", consignment("6GE0001"))
    daemon = new_daemon(site(broker, lane)).start()
    subscriber.wait_event("barrier.closed")
    wait_taken(author, subscriber)
    assert ucr_of(cross(lane, subscriber)) == "6GE0001"

    author.publish("consignment/6GE0001", "")  # and one that only this gateway knows from now on
    author.publish("consignment/6GE0002", consignment("6GE0002"), retain=False)
    for _ in range(2):  # a bad one may be told a moment before those beside it are kept
        wait_taken(author, subscriber)
    mark = subscriber.mark
    daemon.kill()
    daemon.start()
    subscriber.wait_new_event("gateway.started", since=mark)
    assert ucr_of(cross(lane, subscriber)) == "6GE0002"

    author.publish("consignment/6GE0002", "")
    wait_taken(author, subscriber)
    assert cross(lane, subscriber)["type"] == "passage.unidentified"
    assert subscriber.verified()


def test_thousands_of_retained_records_are_taken_again_without_being_written_again(
    lane, broker, subscriber, author, new_daemon
):
    for i in range(3000):
        seal = SEAL if i == 2999 else f"X{i}"
        author.publish(f"consignment/6GEM{i:04}", consignment(f"6GEM{i:04}", seal))
    daemon = new_daemon(site(broker, lane)).start()
    subscriber.wait_event("barrier.closed")
    wait_counted(subscriber, "records", 3000)
    assert ucr_of(cross(lane, subscriber)) == "6GEM2999"
    held = daemon.folder / "journal.db.registry"
    daemon.stop()
    size = held.stat().st_size
    assert size > 300 * 1000
    mark = subscriber.mark
    daemon.start()
    subscriber.wait_new_event("gateway.started", since=mark)
    wait_counted(subscriber, "unchanged", 3000, mark)
    daemon.stop()
    assert held.stat().st_size == size


def test_a_list_file_is_taken_and_taken_anew_when_it_changes(
    lane, broker, subscriber, new_daemon, tmp_path
):
    def write(version, ucr):
        head = {"kind": "consignment", "version": version, "as_of": "2026-11-01T00:00:00Z"}
        lines = [{"list": head}, consignment(ucr)]
        (tmp_path / "new").write_text("".join(json.dumps(line) + "\n" for line in lines))
        (tmp_path / "new").rename(tmp_path / "list.jsonl")

    write("v1", "6GEF0001")
    new_daemon(site(broker, lane, files=[str(tmp_path / "list.jsonl")])).start()
    subscriber.wait_event("registry.list")
    subscriber.wait_event("barrier.closed")
    assert ucr_of(cross(lane, subscriber)) == "6GEF0001"
    mark = subscriber.mark
    write("v2", "6GEF0002")
    taken = subscriber.wait_event("registry.list", since=mark)
    assert taken["observed"]["version"] == "v2"
    assert ucr_of(cross(lane, subscriber)) == "6GEF0002"
