"""A journal that is damaged, read-only or has no room: the daemon runs, says so by event,
and keeps what can be kept."""

import os
import shutil
import subprocess

import pytest
from rig import conf
from rig.waiting import until
from sim.modbus_device import TcpServer, Unit

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small filesystem")


@pytest.fixture
def load(closing):
    count = [0]

    def read():
        count[0] = (count[0] + 1) & 0xFFFF
        return count[0]

    return closing(TcpServer({1: Unit(holding={i: read for i in range(16)})}).start())


@pytest.fixture
def text(load, broker):
    return conf.head(broker.port) + conf.counters(load.port, 16, "20ms")


@pytest.fixture
def unsent(text, broker, subscriber, new_daemon):
    """A stopped daemon whose journal holds a few hundred events that nobody has heard yet."""
    broker.stop()
    daemon = new_daemon(text).start()
    until(lambda: daemon_has_read(daemon), "the journal grows")
    daemon.stop()
    events = daemon.journal.events()
    assert len(events) > 200
    broker.start(anonymous=False)
    subscriber.restart()
    broker.admit(True)
    return daemon, events


def daemon_has_read(daemon):
    size = sum(p.stat().st_size for p in daemon.folder.glob("journal.db*"))
    return size > 400_000


def truncate(path):
    os.truncate(path, path.stat().st_size // 2 // 4096 * 4096 + 100)


def overwrite_the_middle(path):
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xde\xad\xbe\xef" * 4096)


def replace_by_text(path):
    path.write_text("This was a journal once.\n" * 100)


def empty(path):
    path.write_bytes(b"")


def zero_the_header(path):
    with path.open("r+b") as file:
        file.write(bytes(4096))


@pytest.mark.parametrize(
    "damage, some_survive",
    [
        (truncate, True),
        (overwrite_the_middle, True),
        (zero_the_header, False),
        (replace_by_text, False),
    ],
)
def test_a_damaged_journal_is_set_aside_and_what_can_be_read_is_delivered(
    unsent, subscriber, damage, some_survive
):
    daemon, before = unsent
    for leftover in ("-wal", "-shm"):
        (daemon.folder / f"journal.db{leftover}").unlink(missing_ok=True)
    damage(daemon.journal.path)
    damaged = daemon.journal.path.read_bytes()
    mark = subscriber.mark
    daemon.start()
    told = subscriber.wait_event("journal.set-aside", since=mark)
    assert told["severity"] == "critical" and told["latched"]
    fresh = subscriber.wait_event("meter.value", epoch=told["epoch"])
    daemon.stop()
    assert told["epoch"] != before[0]["epoch"]
    aside = [p for p in daemon.folder.iterdir() if p.is_file() and p.read_bytes() == damaged]
    assert aside, "the damaged file was not kept as it was"
    check_carried_over(subscriber, before, told, some_survive)
    assert fresh["seq"] > told["seq"]


def check_carried_over(subscriber, before, told, some_survive):
    """Events of the old epoch come as they were, in order; the new epoch is whole."""
    old = {event.key: event.message.payload for event in before}
    events = subscriber.events()
    carried = [e for e in events if e.key in old]
    assert all(old[e.key] == e.message.payload for e in carried)
    numbers = [e["seq"] for e in carried]
    assert numbers == sorted(set(numbers))
    assert bool(carried) == some_survive, f"{len(carried)} of {len(old)} survived"
    new = [e["seq"] for e in events if e["epoch"] == told["epoch"]]
    assert new == list(range(1, len(new) + 1))


def test_an_empty_file_is_a_journal_to_begin(unsent, subscriber):
    daemon, before = unsent
    for leftover in ("-wal", "-shm"):
        (daemon.folder / f"journal.db{leftover}").unlink(missing_ok=True)
    empty(daemon.journal.path)
    daemon.start()
    event = subscriber.wait_event("meter.value")
    assert event["epoch"] != before[0]["epoch"]
    daemon.stop()


@pytest.fixture
def small_disk(tmp_path):
    """A filesystem of 2 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "small", disk], check=True)
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def on_disk(disk, load, broker, tmp_path):
    journal = {"path": str(disk / "journal.db"), "fallback": str(tmp_path / "fallback.db")}
    return conf.head(broker.port, journal) + conf.counters(load.port, 16, "20ms")


@needs_root
def test_a_full_disk_stalls_the_journal_and_loses_nothing_that_was_captured(
    small_disk, load, broker, subscriber, new_daemon, tmp_path
):
    daemon = new_daemon(on_disk(small_disk, load, broker, tmp_path)).start()
    subscriber.wait_event("meter.value")
    ballast = small_disk / "ballast"
    with ballast.open("wb") as file:
        try:
            while True:
                file.write(bytes(4096))
                file.flush()
        except OSError:
            pass
    polls = load.units[1].requests
    daemon.wait_log("journal")
    until(lambda: load.units[1].requests > polls + 20, "it goes on reading")
    assert daemon.running()
    ballast.unlink()
    told = subscriber.wait_event("journal.stalled")
    assert told["severity"] == "critical"
    subscriber.wait_event("meter.value", since=subscriber.mark)
    daemon.stop()
    events = subscriber.verified()
    assert len({e["epoch"] for e in events}) == 1


@needs_root
def test_a_disk_that_is_full_from_the_start_is_no_reason_not_to_run(
    small_disk, load, broker, subscriber, new_daemon, tmp_path
):
    with (small_disk / "ballast").open("wb") as file:
        try:
            while True:
                file.write(bytes(512))
                file.flush()
        except OSError:
            pass
    daemon = new_daemon(on_disk(small_disk, load, broker, tmp_path)).start()
    subscriber.wait_event("journal.volatile")
    subscriber.wait_event("meter.value")
    daemon.stop()
    subscriber.verified()


@needs_root
def test_a_read_only_journal_is_told_and_events_are_kept_elsewhere(
    small_disk, load, broker, subscriber, new_daemon, tmp_path
):
    daemon = new_daemon(on_disk(small_disk, load, broker, tmp_path)).start()
    subscriber.wait_event("meter.value")
    daemon.stop()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    mark = subscriber.mark
    daemon.start()
    told = subscriber.wait_event("journal.volatile", since=mark)
    assert told["severity"] == "critical"
    subscriber.wait_event("meter.value", epoch=told["epoch"])
    daemon.stop()
    assert (tmp_path / "fallback.db").exists()
    subscriber.verified()


@needs_root
def test_a_journal_that_becomes_writable_again_is_used_at_the_next_start(
    small_disk, load, broker, subscriber, new_daemon, tmp_path
):
    daemon = new_daemon(on_disk(small_disk, load, broker, tmp_path)).start()
    first = subscriber.wait_event("meter.value")
    daemon.stop()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    daemon.start()
    subscriber.wait_event("journal.volatile")
    daemon.stop()
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    mark = subscriber.mark
    daemon.start()
    subscriber.wait_event("meter.value", since=mark, epoch=first["epoch"])
    daemon.stop()
    subscriber.verified()


def test_a_journal_in_a_folder_that_is_gone_is_no_reason_not_to_run(
    text, broker, subscriber, new_daemon, tmp_path
):
    daemon = new_daemon(text.replace('path = "journal.db"', 'path = "gone/journal.db"'))
    daemon.start()
    subscriber.wait_event("journal.volatile")
    subscriber.wait_event("meter.value")
    daemon.stop()
    shutil.rmtree(tmp_path / "gone", ignore_errors=True)
