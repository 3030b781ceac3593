"""A journal that is damaged, read-only or has no room: the daemon runs, says so by event,
and keeps what can be kept."""

import os
import re
import shutil
import subprocess

import pytest
from rig import conf, contract
from rig.counting import counting
from rig.daemon import BUILD
from rig.permitted import cannot
from rig.waiting import PATIENCE_S, until
from sim.modbus_device import TcpServer, Unit

SEAL = {"intact": 1, "opened": 2, "tampered": 3}


class Site:
    """Counters for telemetry, a seal for evidence."""

    def __init__(self):
        self.load = Unit(holding={i: counting() for i in range(16)})
        self.seal = Unit(holding={0: SEAL["intact"]})
        self.server = TcpServer({1: self.load, 2: self.seal}).start()

    def stop(self):
        self.server.stop()

    def conf(self, broker, **journal):
        status = conf.register("status", 0, map=[f"{raw}={word}" for word, raw in SEAL.items()])
        return (
            conf.head(broker.port, journal)
            + conf.counters(self.server.port, 16, "20ms")
            + conf.device("reader", "counters-bus", 2, status, address_base=0, poll="20ms")
            + 'lane "entry-1" { seal "reader" { status = "reader.status" } }\n'
        )

    def wait_polls(self, count):
        enough = self.load.requests + count
        until(lambda: self.load.requests >= enough, f"{count} polls")

    def set_seal(self, word):
        self.seal.set(0, SEAL[word])


@pytest.fixture
def site(closing):
    return closing(Site())


# ---- damage ----------------------------------------------------------------------------


@pytest.fixture
def unsent(site, broker, subscriber, new_daemon):
    """A stopped daemon whose journal holds hundreds of events that nobody has heard yet."""
    broker.stop()
    daemon = new_daemon(site.conf(broker)).start()
    site.wait_polls(60)
    daemon.stop()
    events = daemon.journal.events()
    assert len(events) > 500
    broker.restart_for(subscriber)
    return daemon, events


def truncate(path):
    os.truncate(path, 40 * 4096 + 100)


def overwrite_the_middle(path):
    with path.open("r+b") as file:
        file.seek(40 * 4096 + 17)
        file.write(b"\xde\xad\xbe\xef" * 4096)


def zero_the_first_page(path):
    with path.open("r+b") as file:
        file.write(bytes(4096))


def replace_by_text(path):
    path.write_text("This was a journal once.\n" * 100)


def empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize(
    "damage, some_survive",
    [
        (truncate, True),
        (overwrite_the_middle, True),
        (zero_the_first_page, True),
        (replace_by_text, False),
    ],
)
def test_a_damaged_journal_is_set_aside_and_what_can_be_read_is_delivered(
    unsent, subscriber, damage, some_survive
):
    daemon, before = unsent
    damage(daemon.journal.path)
    daemon.start()
    told = subscriber.wait_event("journal.set-aside")
    assert told["severity"] == "critical" and told["latched"]
    assert told["epoch"] != before[0]["epoch"]
    done = subscriber.wait(
        lambda: [
            e for e in subscriber.events("journal.set-aside") if "events" in e["observed"]
        ],
        "how many events were carried over",
    )[0]["observed"]
    subscriber.wait_event("meter.value", since=subscriber.mark, epoch=told["epoch"])
    daemon.stop()
    assert list(daemon.folder.glob("journal.db.damaged-*")), "the damaged file was not kept"

    old = {event.key: event.message.payload for event in before}
    heard = contract.unique(e for e in subscriber.events() if e["epoch"] == before[0]["epoch"])
    numbers = [e["seq"] for e in heard]
    assert numbers == sorted(numbers)
    survivors = [e for e in heard if e.key in old]
    assert all(old[e.key] == e.message.payload for e in survivors), "an old event was altered"
    assert bool(survivors) == some_survive, f"{len(survivors)} of {len(old)} survived"
    promised = {n for s in done["carried_over"] for n in range(s["first"], s["last"] + 1)}
    assert promised <= set(numbers), "carried over, but never delivered"
    assert done["abridged"] or len(promised) == done["events"]
    check_new_epoch(subscriber, told["epoch"])


def check_new_epoch(subscriber, epoch):
    new = [e["seq"] for e in subscriber.events() if e["epoch"] == epoch]
    assert new == list(range(1, len(new) + 1))


def test_an_empty_file_is_a_journal_to_begin(unsent, subscriber):
    daemon, before = unsent
    empty(daemon.journal.path)
    daemon.start()
    event = subscriber.wait_event("meter.value")
    assert event["epoch"] != before[0]["epoch"]
    daemon.stop()


def test_a_journal_damaged_under_a_running_daemon_is_no_reason_to_stop(
    site, broker, subscriber, new_daemon
):
    daemon = new_daemon(site.conf(broker)).start()
    subscriber.wait_event("meter.value")
    broker.stop()
    site.wait_polls(100)
    damage = zero_the_first_page
    damage(daemon.journal.path)
    with daemon.journal.path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(30 * 4096))
    broker.restart_for(subscriber)
    site.set_seal("tampered")
    subscriber.wait_event("seal.tampered")
    assert daemon.running()
    daemon.stop()


# ---- turned back -----------------------------------------------------------------------


def test_a_cloned_card_finds_out_at_the_broker_before_it_publishes(
    site, broker, new_daemon, subscriber, tmp_path
):
    """Two daemons of one name, one after the other, whose journals part at a copy."""
    first = new_daemon(site.conf(broker)).start()
    subscriber.wait_event("meter.value")
    first.stop()
    subscriber.wait_status(state="offline", reason="stopped")
    without_socket = shutil.ignore_patterns("notify")
    shutil.copytree(first.folder, tmp_path / "clone", symlinks=True, ignore=without_socket)
    mark = subscriber.mark
    first.start()
    subscriber.wait_status(state="online")
    subscriber.wait_new_event("meter.value", mark)
    first.stop()
    subscriber.wait_status(state="offline", reason="stopped")
    mark = subscriber.mark
    clone = new_daemon(site.conf(broker), "clone").start()
    told = subscriber.wait_event("journal.rolled-back")
    assert told["observed"]["by"] == "broker"
    subscriber.wait_event("meter.value", since=mark)
    clone.stop()
    subscriber.verified()


# ---- no room, no leave to write --------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path):
    """A filesystem of 4 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "small", disk]
    if subprocess.run(mount, stderr=subprocess.DEVNULL).returncode != 0:
        cannot("mounting a filesystem is not permitted here")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


@pytest.fixture
def on_disk(small_disk, site, broker, new_daemon, tmp_path):
    """A daemon, not started, whose journal is on the small disk, the fallback beside it."""
    paths = {"path": str(small_disk / "journal.db"), "fallback": str(tmp_path / "fallback.db")}
    return new_daemon(site.conf(broker, **paths))


def fill(disk):
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return ballast


def remount(disk, how):
    subprocess.run(["mount", "-o", f"remount,{how}", disk], check=True)


def test_on_a_full_disk_delivered_events_make_room_for_new_ones(
    on_disk, small_disk, site, subscriber
):
    on_disk.start()
    subscriber.wait_event("meter.value")
    fill(small_disk)
    site.wait_polls(300)
    site.set_seal("tampered")
    subscriber.wait_event("seal.tampered")
    subscriber.wait_event("meter.value", since=subscriber.mark)
    on_disk.stop()
    assert len({e["epoch"] for e in subscriber.verified()}) == 1


def test_a_full_disk_without_a_broker_costs_nothing_while_the_fallback_has_room(
    on_disk, small_disk, site, broker, subscriber
):
    on_disk.start()
    subscriber.wait_event("seal.intact")
    broker.stop()
    fill(small_disk)
    site.set_seal("tampered")
    on_disk.wait_log("events are kept in")
    site.set_seal("opened")
    broker.restart_for(subscriber)
    for kind in ("journal.stalled", "journal.volatile", "seal.tampered", "seal.opened"):
        subscriber.wait_event(kind)
    on_disk.stop()
    subscriber.verified()
    assert not subscriber.events("journal.evicted")


def test_a_full_disk_without_a_broker_is_an_alarm_and_costs_telemetry_by_name_but_no_seal(
    small_disk, new_daemon, site, broker, subscriber, tmp_path
):
    paths = {"path": small_disk / "journal.db", "fallback": tmp_path / "no/such/fallback.db"}
    on_disk = new_daemon(site.conf(broker, **{k: str(v) for k, v in paths.items()}))
    on_disk.start()
    subscriber.wait_event("seal.intact")
    broker.stop()
    filler = fill(small_disk)
    site.set_seal("tampered")
    on_disk.wait_log("cannot be written")
    site.set_seal("opened")
    on_disk.wait_log("written again")
    assert on_disk.running()
    broker.restart_for(subscriber)
    subscriber.wait_event("journal.stalled", alarm="raised")
    subscriber.wait_event("journal.stalled", alarm="cleared")
    evicted = subscriber.wait_event("journal.evicted")
    assert evicted["observed"]["class"] == "telemetry"
    subscriber.wait_event("seal.tampered")
    subscriber.wait_event("seal.opened")
    subscriber.wait_event("meter.value", since=subscriber.mark)
    filler.unlink()
    on_disk.stop()
    subscriber.verified()


def status_of(daemon):
    command = [BUILD / "corridorctl", "-s", daemon.folder / "control", "status"]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S).stdout


def test_a_full_disk_is_seen_in_the_status_although_no_commit_fails(on_disk, small_disk, site, subscriber):
    on_disk.start()
    subscriber.wait_event("meter.value")
    assert re.search(r"^JOURNAL +ok ", status_of(on_disk), re.M)
    filler = fill(small_disk)
    until(lambda: re.search(r"^JOURNAL +DISK FULL +seq", status_of(on_disk), re.M), "that the disk is full", every_s=0.3)
    said = status_of(on_disk)
    assert " ! journal: its disk is full: what the broker has makes" in said, said
    assert f"(df-h{small_disk}):" in re.sub(r"\s+", "", said)
    on_disk.wait_log("is full: events that the broker has")
    filler.unlink()
    until(lambda: re.search(r"^JOURNAL +ok ", status_of(on_disk), re.M), "that there is room", every_s=0.3)
    on_disk.wait_log("has room again; 0 events were given up")
    on_disk.stop()
    subscriber.verified()


def test_what_a_full_disk_costs_is_seen_in_the_status(small_disk, new_daemon, site, broker, subscriber, tmp_path):
    paths = {"path": small_disk / "journal.db", "fallback": tmp_path / "no/such/fallback.db"}
    on_disk = new_daemon(site.conf(broker, **{k: str(v) for k, v in paths.items()})).start()
    subscriber.wait_event("seal.intact")
    broker.stop()
    fill(small_disk)
    until(lambda: re.search(r"full: [1-9]\d* unsent events given up", status_of(on_disk)), "what it costs", every_s=0.3)
    on_disk.stop()


def test_a_disk_that_is_full_from_the_start_is_no_reason_not_to_run(
    on_disk, small_disk, subscriber
):
    fill(small_disk)
    on_disk.start()
    subscriber.wait_event("journal.volatile")
    subscriber.wait_event("meter.value")
    on_disk.stop()
    subscriber.verified()


def test_a_read_only_journal_is_told_delivered_from_and_used_again_when_it_can_be_written(
    on_disk, small_disk, broker, site, subscriber, tmp_path
):
    on_disk.start()
    first = subscriber.wait_event("seal.intact")
    broker.stop()
    site.wait_polls(20)
    on_disk.stop()
    unsent = on_disk_events(on_disk, small_disk)
    remount(small_disk, "ro")
    broker.restart_for(subscriber)
    on_disk.start()
    told = subscriber.wait_event("journal.volatile")
    assert told["severity"] == "critical" and told["epoch"] != first["epoch"]
    subscriber.wait_event("meter.value", epoch=told["epoch"])
    heard = subscriber.wait(
        lambda: {e.key for e in subscriber.events()} >= unsent, "what the old file still held"
    )
    assert heard
    on_disk.stop()
    assert (tmp_path / "fallback.db").exists()

    remount(small_disk, "rw")
    mark = subscriber.mark
    on_disk.start()
    subscriber.wait_event("meter.value", since=mark)
    assert on_disk.journal_in_use() == "journal.db"
    on_disk.stop()
    subscriber.verified()


def on_disk_events(daemon, disk):
    journal = type(daemon.journal)(disk / "journal.db")
    return {event.key for event in journal.events()}


def test_a_journal_in_a_folder_that_is_gone_is_no_reason_not_to_run(
    site, broker, subscriber, new_daemon
):
    new_daemon(site.conf(broker, path="gone/journal.db")).start()
    subscriber.wait_event("journal.volatile")
    subscriber.wait_event("meter.value")
    subscriber.verified()
