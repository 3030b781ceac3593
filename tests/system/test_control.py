"""What the control socket says of a running gateway."""

import os
import stat

import pytest
from rig import conf
from rig.control import Control
from rig.waiting import PATIENCE_S, until


@pytest.fixture
def gateway(new_daemon, broker, subscriber, lane):
    return new_daemon(conf.head(broker.port) + conf.lane(lane.server.port)).start()


@pytest.fixture
def control(gateway, closing):
    return closing(Control(gateway.folder / "control"))


def eventually(condition):
    """Asks no more often than one may."""
    until(condition, "what is waited for", PATIENCE_S, every_s=0.1)


def point(control, name):
    return control.ask("points", of=name)["points"][0]


def test_only_root_and_the_group_of_the_service_may_ask(gateway):
    assert stat.S_IMODE(os.stat(gateway.folder / "control").st_mode) == 0o660
    gateway.stop()
    assert not (gateway.folder / "control").exists()


def test_the_status_tells_what_the_gateway_is_and_how_it_is(control, subscriber):
    eventually(lambda: control.ask("status")["uplink"]["connected"])
    status = control.ask("status", id="17")
    assert (status["checkpoint"], status["gateway"], status["id"]) == ("ge-red-bridge", "gw1", "17")
    assert status["journal"]["condition"] == "ok"
    assert status["devices"] == 3
    assert [lane["name"] for lane in status["lanes"]] == ["entry-1"]
    assert control.ask("metrics")["buses"][0]["name"] == "lane-1"


def test_values_are_seen_as_they_change(control, lane):
    eventually(lambda: point(control, "boom-1.status")["value"] == "closed")
    lane.barrier("opening")
    eventually(lambda: point(control, "boom-1.status")["value"] == "opening")
    names = {p["name"] for p in control.ask_all("points", of="entry-1")}
    assert {"boom-1.status", "loop-1.presence", "reader-1.seal-id"} <= names
    assert {p["name"].split(".")[0] for p in control.ask_all("points", of="boom-1")} == {"boom-1"}
    assert [s["sensor"] for s in control.ask_all("sensors", of="entry-1")] == ["boom", "reader"]


def test_a_device_that_does_not_answer_is_down_with_the_reason(control, lane):
    eventually(lambda: {d["state"] for d in control.ask("devices")["devices"]} == {"up"})
    lane.stop()
    eventually(lambda: {d["state"] for d in control.ask("devices")["devices"]} == {"down"})
    boom = control.ask("devices")["devices"][0]
    assert boom["reason"] == "link_down"
    assert boom["detail"]
    eventually(lambda: point(control, "boom-1.status")["quality"] == "fault")
    assert point(control, "boom-1.status")["value"] is None


def test_who_follows_hears_each_event(control, lane):
    eventually(lambda: point(control, "boom-1.status")["quality"] == "good")
    control.ask("follow")
    lane.barrier("opening")
    while (event := control.next_event())["type"] != "barrier.opening":
        pass
    assert (event["lane"], event["sensor"], event["severity"]) == ("entry-1", "boom", "info")


def test_a_long_list_comes_in_pieces(new_daemon, broker, load, closing):
    text = conf.head(broker.port) + conf.counters(load.port, count=600, poll="1s")
    gateway = new_daemon(text).start()
    control = closing(Control(gateway.folder / "control"))
    assert "next" in control.ask("points")
    names = [p["name"] for p in control.ask_all("points")]
    assert names == [f"counters.n{i}" for i in range(600)]


def test_a_client_costs_nothing_when_it_has_gone(gateway, control):
    others = [Control(gateway.folder / "control") for _ in range(6)]
    for one in others:
        one.ask("status")
    before = len(gateway.fds())
    for one in others:
        one.close()
    eventually(lambda: len(gateway.fds()) < before - 3)  # some are opened for other things meanwhile
