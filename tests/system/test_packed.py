"""compress = "zstd": fewer bytes on the wire, and the same bytes for who unpacks them as the
documentation says."""

import re
import subprocess

import pytest
from rig import conf
from rig.contract import PACKED
from rig.daemon import ROOT
from rig.delivery import check_delivered, wait_for, wait_for_all
from rig.mqtt import MQTT_3_1_1
from rig.subscriber import Subscriber
from sim.link import UP, Link
from sim.manners import ClosesAfter
from sim.scripted_broker import Manner

DICTIONARY = ROOT / "schema/corridord-40001.zdict"
INSTALLED = "/usr/share/corridord/schema/corridord-40001.zdict"
WIRE_BYTES = 200  # of an event, with its MQTT packet


def documented_plain():
    """The lines that subscribers are given."""
    text = (ROOT / "doc/mqtt.md").read_text()
    (lines,) = re.findall(r"```python\n(def plain.*?)```", text, re.S)
    assert INSTALLED in lines
    names = {"subprocess": subprocess}
    exec(lines.replace(INSTALLED, str(DICTIONARY)), names)
    return names["plain"]


class Unpacking(Subscriber):
    """Remembers how each came, and records what it is."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.plain, self.packed = documented_plain(), []

    def _on_message(self, client, data, received):
        plain = self.plain(received.payload)
        if plain != received.payload:
            properties = getattr(received, "properties", None)
            content_type = getattr(properties, "ContentType", PACKED)
            self.packed.append((received.topic, content_type, len(received.payload)))
        received.payload = plain
        super()._on_message(client, data, received)


@pytest.fixture
def link(closing):
    return lambda port: closing(Link(port)).start()


@pytest.fixture
def unpacking(closing):
    return lambda broker, **options: closing(Unpacking(broker, **options)).start()


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_what_was_packed_is_what_the_journal_holds(
    protocol, broker, unpacking, link, load, new_daemon
):
    """Whatever the subscriber speaks."""
    options = {} if protocol == "5" else {"protocol": MQTT_3_1_1}
    subscriber = unpacking(broker, **options)
    line = link(broker.port)
    counters = conf.counters(load.port, count=2, poll="50ms")
    daemon = new_daemon(conf.head(line.port, compress="zstd") + counters).start()
    wait_for(daemon, lambda: len(subscriber.events()) > 400, "events")
    daemon.stop()
    subscriber.wait(lambda: subscriber.status()["state"] == "offline", "the farewell")
    each = line.bytes(UP) / len(subscriber.messages)
    print(f"{each:.0f} bytes each, with states and the rest")
    assert each < 2 * WIRE_BYTES
    subscriber.verified()
    journalled = daemon.journal.payloads()
    assert all(journalled[e.key] == e.message.payload for e in subscriber.events())
    kinds = {topic.split("/", 5)[4] for topic, _, _ in subscriber.packed}
    assert {"event", "state"} <= kinds <= {"event", "alert", "state"}
    assert {content_type for _, content_type, _ in subscriber.packed} == {PACKED}
    assert len(subscriber.packed) >= len(subscriber.events())


class Aliases(Manner):
    """Grants so many; counts the messages whose topic was said by one alone."""

    def __init__(self, count):
        super().__init__()
        self.aliases = count

    def takes(self, session, message):
        self.shown += message.aliased
        return True


@pytest.mark.parametrize("count", [0, 1, 2, 100])
def test_as_many_topics_are_aliased_as_the_broker_grants(count, readings, scripted, new_gateway):
    broker = scripted(Aliases(count))
    broker.unpack = documented_plain()
    daemon = new_gateway(broker, compress="zstd").start()
    wait_for(daemon, lambda: len(broker.taken()) > 20, "events arrive")
    readings.set_seal("opened")
    wait_for(daemon, lambda: any("/alert/" in m.topic for m in broker.record), "an alert")
    readings.finish()
    wait_for_all(broker, readings, daemon)
    check_delivered(broker, readings, daemon)
    assert (broker.manner.shown > 10) == (count > 0)
    sizes = [m.wire_bytes for m in broker.taken()]
    print(f"{sum(sizes) / len(sizes):.0f} bytes each")
    if count >= 2:  # events of the meters, and those of the seal
        assert sum(sizes) / len(sizes) < WIRE_BYTES


def test_connections_that_break_cost_nothing(readings, scripted, new_gateway):
    """Aliases are of a connection."""
    broker = scripted(ClosesAfter(30))
    broker.unpack = documented_plain()
    daemon = new_gateway(broker, compress="zstd").start()
    wait_for(daemon, lambda: broker.manner.shown >= 5, "it hangs up")
    broker.become()
    readings.finish()
    wait_for_all(broker, readings, daemon)
    check_delivered(broker, readings, daemon)


def test_with_mqtt_3_1_1_it_is_refused(new_daemon):
    daemon = new_daemon(conf.head(1, compress="zstd", protocol="3.1.1"))
    run = subprocess.run([*daemon.arguments(), "-n"], capture_output=True, text=True)
    assert run.returncode != 0
    assert "compress" in run.stderr and "needs protocol = 5" in run.stderr
