"""Switches that never hold still: as configured by nobody, they make a handful of events."""

import pytest
from rig import conf

SECONDS, EVERY_S = 12, 0.2
SITE = """
device "io" {{ driver = "replay"  file = "{file}"  point "closed" {{ }}  point "door" {{ {more} }} }}
contact "door" {{ use = "door"  input = "io.door" }}
lane "entry-1" {{ barrier "boom" {{ closed_limit = "io.closed"  travel_time = "3s" }} }}
"""


def flickering(points):
    """They come and go, and hold still in the end."""
    lines = [f"0 io.{point} true" for point in points]
    for i in range(int(SECONDS / EVERY_S)):
        lines += [f"{2 + i * EVERY_S:.2f} io.{point} {'true' if i % 2 else 'false'}" for point in points]
    return "\n".join(lines) + "\n"


@pytest.fixture
def start(tmp_path, broker, new_daemon):
    def started(more=""):
        (tmp_path / "io.trace").write_text(flickering(("closed", "door")))
        text = SITE.format(file=tmp_path / "io.trace", more=more)
        return new_daemon(conf.head(broker.port) + text).start()

    return started


def told_of(subscriber, sensor):
    return [e for e in subscriber.events() if e.get("sensor") == sensor]


def test_a_loose_switch_makes_a_handful_of_events_and_one_that_sums_up(start, subscriber):
    start()
    for point, sensor, closed in (("closed", "boom", "barrier.closed"), ("door", "door", "contact.normal")):
        over = subscriber.wait_event("input.chatter", alarm="cleared", point=f"io.{point}", within_s=40)
        assert over["observed"]["edges"] > 40
        subscriber.wait_event(closed, sensor=sensor, previous="unknown", state="closed")
        assert len(told_of(subscriber, sensor)) == 8  # at first, five changes, unknown, known again
        assert len(subscriber.events("input.chatter", alarm="raised", point=f"io.{point}")) == 1


def test_a_switch_that_may_flicker_tells_of_each_change(start, subscriber):
    start("chatter_edges = 0")
    subscriber.wait_event("input.chatter", alarm="cleared", point="io.closed", within_s=40)
    assert len(told_of(subscriber, "door")) == 1 + SECONDS / EVERY_S
    assert not subscriber.events("input.chatter", point="io.door")
