"""A wall clock that jumps: monotonic time decides, UTC only labels."""

import ctypes
import mmap
import signal
import struct
import subprocess
import time
from datetime import datetime

import pytest
from rig import conf
from rig.daemon import BUILD, FAKE_CLOCK_BINARY
from rig.permitted import cannot
from rig.waiting import PATIENCE_S, until
from sim.modbus_device import TcpServer, Unit

UNSYNCED, SYNCED, HOLDOVER = range(3)
HOUR_S = 3600


class Dial:
    """What the daemon takes for the machine's wall clock."""

    def __init__(self, path, state=SYNCED):
        path.write_bytes(struct.pack("<qq", 0, state))
        self.file = path.open("r+b")
        self.map = mmap.mmap(self.file.fileno(), 16)
        self.env = {"CORRIDORD_FAKE_CLOCK": str(path)}

    def set(self, offset_s=None, state=None):
        if offset_s is not None:
            self.map[0:8] = struct.pack("<q", int(offset_s * 1e9))
        if state is not None:
            self.map[8:16] = struct.pack("<q", state)

    def close(self):
        self.map.close()
        self.file.close()


@pytest.fixture
def dial(tmp_path, closing):
    return closing(Dial(tmp_path / "clock"))


@pytest.fixture
def boom():
    return Unit(holding={0: 17})


@pytest.fixture
def gateway(dial, boom, broker, new_daemon, closing):
    server = closing(TcpServer({1: boom}).start())
    status = conf.register("status", 0, map=["16=open", "17=closed", "32=opening", "33=closing"])
    text = (
        conf.bus("lane", server.port)
        + conf.device("boom", "lane", 1, status, address_base=0, poll="20ms")
        + 'lane "entry-1" { barrier "boom" { status = "boom.status" } }\n'
    )
    return new_daemon(conf.head(broker.port) + text, binary=FAKE_CLOCK_BINARY, env=dial.env)


def utc_s(moment):
    return datetime.fromisoformat(moment["utc"].replace("Z", "+00:00")).timestamp()


def offset_s(event):
    """UTC against monotonic time, as this event has it."""
    return utc_s(event["occurred"]) - event["occurred"]["mono_ns"] / 1e9


def swing(boom, subscriber, mark):
    boom.set(0, 32)
    opening = subscriber.wait_event("barrier.opening", since=mark)
    boom.set(0, 16)
    up = subscriber.wait_event("barrier.open", since=mark)
    boom.set(0, 17)
    down = subscriber.wait_event("barrier.closed", since=mark)
    return opening, up, down


def test_steps_back_and_forth_change_labels_but_neither_order_nor_numbers(
    gateway, dial, boom, subscriber
):
    gateway.start()
    subscriber.wait_event("barrier.closed")
    base = offset_s(swing(boom, subscriber, subscriber.mark)[0])
    for step_s in (-2 * HOUR_S, 24 * HOUR_S, -365 * 24 * HOUR_S, 0):
        mark = subscriber.mark
        dial.set(offset_s=step_s)
        told = subscriber.wait_event("clock.stepped", since=mark)
        assert told["severity"] == "major"
        for event in swing(boom, subscriber, mark):
            assert offset_s(event) - base == pytest.approx(step_s, abs=0.2)
            assert event["occurred"]["clock"] == "synced"
    events = subscriber.verified()
    recorded = [e["recorded"]["mono_ns"] for e in events]
    assert recorded == sorted(recorded), "numbers follow monotonic time"
    swings = [e for e in events if e["type"].startswith("barrier.")]
    assert [e["type"] for e in swings[1:]] == ["barrier.opening", "barrier.open", "barrier.closed"] * 5
    steps = [e["observed"]["correction_ns"] / 1e9 for e in events if e["type"] == "clock.stepped"]
    expected = [-2 * HOUR_S, 26 * HOUR_S, -(366 * 24) * HOUR_S, 365 * 24 * HOUR_S]
    assert steps == pytest.approx(expected, abs=0.2)


def test_durations_do_not_feel_a_step(gateway, dial, boom, subscriber):
    gateway.start()
    subscriber.wait_event("barrier.closed")
    boom.set(0, 32)
    opening = subscriber.wait_event("barrier.opening")
    dial.set(offset_s=-HOUR_S)
    subscriber.wait_event("clock.stepped")
    boom.set(0, 16)
    up = subscriber.wait_event("barrier.open")
    travelled_s = (up["occurred"]["mono_ns"] - opening["occurred"]["mono_ns"]) / 1e9
    seen_s = up.message.at_s - opening.message.at_s
    assert 0 < travelled_s < 30
    assert travelled_s == pytest.approx(seen_s, abs=1)
    assert utc_s(up["occurred"]) < utc_s(opening["occurred"]), "UTC labels, as the clock had it"
    assert not subscriber.events("barrier.travel-timeout")


def test_the_clock_state_goes_from_unsynced_to_synced_to_holdover(
    gateway, dial, boom, subscriber
):
    dial.set(offset_s=-20 * 365 * 24 * HOUR_S, state=UNSYNCED)
    gateway.start()
    subscriber.wait_event("clock.unsynced")
    subscriber.wait_event("barrier.closed")
    before = swing(boom, subscriber, subscriber.mark)
    assert {e["occurred"]["clock"] for e in before} == {"unsynced"}

    mark = subscriber.mark
    dial.set(offset_s=0, state=SYNCED)
    synced = subscriber.wait_event("clock.synced", since=mark)
    assert synced["observed"]["previous"] == "unsynced"
    after = swing(boom, subscriber, mark)
    assert {e["occurred"]["clock"] for e in after} == {"synced"}
    correction_s = synced["observed"]["correction_ns"] / 1e9
    restamped = utc_s(before[0]["occurred"]) + correction_s
    assert restamped == pytest.approx(offset_s(after[0]) + before[0]["occurred"]["mono_ns"] / 1e9, abs=0.2)

    mark = subscriber.mark
    dial.set(state=HOLDOVER)
    subscriber.wait_event("clock.unsynced", since=mark)
    assert {e["occurred"]["clock"] for e in swing(boom, subscriber, mark)} == {"holdover"}
    subscriber.verified()


def test_a_restart_in_the_past_goes_on_counting(gateway, dial, boom, subscriber):
    gateway.start()
    subscriber.wait_event("barrier.closed")
    gateway.stop()
    dial.set(offset_s=-10 * 365 * 24 * HOUR_S, state=UNSYNCED)
    mark = subscriber.mark
    gateway.start()
    subscriber.wait_event("barrier.closed", since=mark)
    swing(boom, subscriber, mark)
    events = subscriber.verified()
    assert len({e["epoch"] for e in events}) == 1


def disciplined():
    """As the kernel says; TIME_ERROR is 5."""
    state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(1024))
    if state == -1:
        cannot("asking the kernel for the clock's state is not permitted here")
    return state != 5


def test_who_asks_for_the_daemon_keeps_the_answer_in_a_file(tmp_path):
    """corridord-clock, where the daemon's unit forbids it to ask the kernel itself."""
    expected = "disciplined" if disciplined() else "free-running"
    file = tmp_path / "run" / "state"
    process = subprocess.Popen([BUILD / "corridord-clock", file], stderr=subprocess.PIPE, text=True)
    try:
        process.stderr.readline()  # that there is no such folder
        assert process.poll() is None
    finally:
        process.terminate()
        assert process.wait(PATIENCE_S) == -signal.SIGTERM
    file.parent.mkdir()
    process = subprocess.Popen([BUILD / "corridord-clock", file])
    try:
        until(file.exists, "the file")
        word, asked_ns, ahead_ns = file.read_text().split()
        assert word == expected
        assert 0 <= time.monotonic_ns() - int(asked_ns) < PATIENCE_S * 1e9
        assert abs(time.time_ns() - time.monotonic_ns() - int(ahead_ns)) < 1e9
        assert [p.name for p in file.parent.iterdir()] == ["state"]
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def test_the_program_that_asks_takes_no_option_for_a_file(tmp_path):
    def run(*arguments):
        return subprocess.run([BUILD / "corridord-clock", *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S)

    assert run("--version").stdout.startswith("corridord-clock 0.")
    assert run("--help").returncode == 64
    assert list(tmp_path.iterdir()) == []
