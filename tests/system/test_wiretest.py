"""A wire test of a lane, with somebody who does what it asks, or wires it wrongly."""

import re
import subprocess
import threading

import pytest
from rig import conf
from rig.daemon import BUILD
from rig.waiting import PATIENCE_S
from sim.modbus_device import COILS, TcpServer, Unit

FINE, WARNINGS, FAULTS, FAILED = range(4)
CLOSED, OPEN, BEAM, OTHER = range(4)


@pytest.fixture
def inputs(closing):
    """Limit switches, a beam, and an input of another lane, as coils."""
    unit = Unit(coils={CLOSED: 1, OPEN: 0, BEAM: 0, OTHER: 0})
    server = closing(TcpServer({1: unit}).start())
    server.unit = unit
    return server


def coil(name, address, **more):
    return f'    point "{name}" {{ table = "coil"  address = {address}  {conf.options(more)} }}\n'


@pytest.fixture
def new_gateway(new_daemon, broker, subscriber, inputs):
    def make(closed=CLOSED, open_=OPEN, beam=BEAM, **beam_options):
        points = coil("closed", closed) + coil("open", open_) + coil("beam", beam, **beam_options) + coil("other", BEAM if beam == OTHER else OTHER)
        text = (
            conf.head(broker.port)
            + conf.bus("io-bus", inputs.port)
            + conf.device("io", "io-bus", 1, points, address_base=0, poll="20ms")
            + 'lane "entry-1" { direction = "entry"\n'
            '    barrier "boom" { closed_limit = "io.closed"  open_limit = "io.open"  presence = "io.beam" } }\n'
        )
        gateway = new_daemon(text).start()
        subscriber.wait_event("barrier.closed" if closed == CLOSED else "barrier.open")
        return gateway

    return make


class Person:
    """Reads what is asked for and does it."""

    def __init__(self, inputs, gateway, folder):
        self.inputs = inputs
        self.process = subprocess.Popen(
            [BUILD / "corridorctl", "--socket", gateway.folder / "control", "wiretest", "entry-1"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder,
        )
        self.watchdog = threading.Timer(PATIENCE_S, self.process.kill)
        self.watchdog.start()
        self.said = ""

    def set(self, coil, value):
        self.inputs.unit.set(coil, value, table=COILS)

    def type(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def act(self, line):
        if "RAISE" in line:
            self.set(CLOSED, 0)
            self.set(OPEN, 1)
        elif "LOWER" in line:
            self.set(OPEN, 0)
            self.set(CLOSED, 1)
        elif "ONTO" in line:
            self.set(BEAM, 1)
        elif "AWAY" in line:
            self.set(BEAM, 0)
        elif "PULL OUT" in line:
            self.inputs.stop()
        elif "PLUG" in line:
            self.inputs.start()
        if "[Enter] it is so" in line or "[r]etry" in line:
            self.type("")

    def go_through(self, act=None, vain=()):
        """vain: after these nothing will come, so it is told that they are done."""
        for line in self.process.stdout:
            self.said += line
            (act or self.act)(line)
            if any(word in line for word in vain):
                threading.Timer(1, self.type, [""]).start()
        self.watchdog.cancel()
        return self.process.wait()


def report(folder):
    return next(folder.glob("wiretest-entry-1-*.txt")).read_text()


def test_a_lane_that_is_wired_well_passes_and_its_events_are_tests(new_gateway, inputs, tmp_path, subscriber):
    gateway = new_gateway()
    person = Person(inputs, gateway, tmp_path)
    assert person.go_through() == FINE, person.said
    assert "10 ok, 0 failed, 0 skipped" in person.said
    text = report(tmp_path)
    assert "Wire test of lane entry-1, ge-red-bridge/gw1" in text and "boom: RAISE the boom" in text and "Tested by" in text
    opened = subscriber.wait_event("barrier.open")
    assert opened["test"] is True
    assert subscriber.wait_event("maintenance.ended")["because"] == "wire test"


def test_an_inverted_beam_is_named(new_gateway, inputs, tmp_path):
    person = Person(inputs, new_gateway(invert=True), tmp_path)
    assert person.go_through(vain=("ONTO", "AWAY")) == FAULTS
    assert 'says that "presence" is true: is it inverted' in person.said
    assert 'change invert of point "beam"' in person.said


def test_swapped_limit_switches_are_named(new_gateway, inputs, tmp_path):
    person = Person(inputs, new_gateway(closed=OPEN, open_=CLOSED), tmp_path)
    assert person.go_through(vain=("RAISE", "LOWER")) == FAULTS
    assert "closed_limit and open_limit swapped" in person.said


def test_what_was_so_before_proves_nothing(new_gateway, inputs, tmp_path):
    """Swapped, a boom that is down says "open": that is not one that was raised."""
    gateway = new_gateway(closed=OPEN, open_=CLOSED)
    person = Person(inputs, gateway, tmp_path)
    assert person.go_through(lambda line: None if "RAISE" in line else person.act(line), vain=("RAISE", "LOWER")) == FAULTS
    assert re.search(r"RAISE the boom.*\n   NOT SO: boom said so before, and nothing has changed", person.said), person.said


def test_a_cable_in_another_lane_and_a_dead_input_are_named(new_gateway, inputs, tmp_path):
    person = Person(inputs, new_gateway(beam=OTHER), tmp_path)
    assert person.go_through(vain=("ONTO", "AWAY")) == FAULTS
    assert "io.other did" in person.said and "swapped cables?" in person.said


def test_a_cable_that_can_be_cut_unseen_is_named(new_gateway, inputs, tmp_path):
    person = Person(inputs, new_gateway(), tmp_path)

    def act(line):
        if "PULL OUT" in line:
            person.set(BEAM, 1)  # a contact that is open at rest: pulled, it looks like a car
        elif "PLUG" in line:
            person.set(BEAM, 0)
        else:
            person.act(line)

    assert person.go_through(act, vain=("PULL OUT",)) == FAULTS
    assert "io.beam became true, as if somebody had done it" in person.said
    assert "9 ok, 1 failed" in person.said  # back it is all right


def test_what_stays_away_when_the_cable_is_back_is_named(new_gateway, inputs, tmp_path):
    person = Person(inputs, new_gateway(), tmp_path)

    def act(line):
        if "PLUG" not in line:
            person.act(line)

    assert person.go_through(act, vain=("PLUG",)) == FAULTS
    assert re.search(r"NOT SO: io\.\w+ is still fault: link_down", person.said), person.said


def test_a_daemon_that_ends_meanwhile_is_no_dead_input(new_gateway, inputs, tmp_path):
    gateway = new_gateway()
    person = Person(inputs, gateway, tmp_path)
    assert person.go_through(lambda line: gateway.stop() if "RAISE" in line else person.act(line)) == FAILED
    assert "broken off: the daemon " in report(tmp_path)
    assert "dead input" not in person.said


def test_it_can_be_broken_off_and_nothing_stays_marked(new_gateway, inputs, tmp_path, subscriber):
    person = Person(inputs, new_gateway(), tmp_path)
    assert person.go_through(lambda line: person.type("q") if "[q]uit" in line else None) in (FINE, WARNINGS)
    assert "broken off" in report(tmp_path)
    subscriber.wait_event("maintenance.ended")
