"""A gateway whose clock has no battery: it boots in the wrong year and learns the time later."""

import subprocess
from datetime import datetime, timezone

import pytest
from conftest import BUILD, tool
from lib import guest as guests
from lib import userland
from lib.gateway import Gateway, topic
from lib.initramfs import Initramfs
from lib.lines import Chips
from rig import published
from rig.journal import Journal
from rig.subscriber import Subscriber
from rig.waiting import until

NOW = datetime(2026, 3, 2, 6, 0, 0, tzinfo=timezone.utc)
WIRE = (
    'device "io" { driver = "gpio"  point "loop" { line = "loop"  bias = "as-is" } }\n'
    'lane "yard" { seal "wire" { loop = "io.loop" } }\n'
)


@pytest.fixture(scope="module")
def image(kernel, cache, toggle):
    image = Initramfs()
    modules = guests.MODULES + guests.GPIO_MODULES + guests.DISK_MODULES
    image.modules(kernel, modules, files=[kernel.gpio_sim])
    image.program(toggle)
    image.program(tool("settime"))
    userland.debian_12(BUILD).install(image)
    return image.write(cache / "no-battery.cpio")


@pytest.fixture
def heard(broker, closing):
    """A subscriber to the gateway "gw1", held against contract and schemas at the end."""
    subscriber = closing(Subscriber(broker, topic=topic("gw1"))).start()
    yield subscriber
    published.check_events(subscriber.verified())
    published.check_states(subscriber.of("state"))


def utc_s(moment):
    return datetime.fromisoformat(moment["utc"].replace("Z", "+00:00")).timestamp()


def offset_s(event):
    """UTC against monotonic time, as this event has it."""
    return utc_s(event["occurred"]) - event["occurred"]["mono_ns"] / 1e9


def kept(guest, folder):
    """What the journal in the guest has of the seal."""
    folder.mkdir(exist_ok=True)
    for name in ("journal.db", "journal.db-wal"):
        (folder / name).write_bytes(guest.get(f"/data/{name}"))
    return [e for e in Journal(folder / "journal.db").events() if e.get("sensor") == "wire"]


def moves(chip, heard, count=4):
    """Moves the line; what was told of it."""
    mark = heard.mark
    chip.toggle("loop", count, 20_000)
    heard.wait(lambda: len(heard.events(since=mark, sensor="wire")) >= count, f"{count} edges")
    return heard.events(since=mark, sensor="wire")


@pytest.mark.parametrize("boots_in", ["1970-01-01T00:00:00", "2087-05-06T07:08:09"])
def test_events_before_the_time_is_known_are_marked_and_can_be_corrected(
    new_guest, image, broker, heard, boots_in
):
    guest = new_guest(image, broker=broker, rtc=boots_in).start()
    chip = Chips(guest).add("rig", ["loop"])
    Gateway(guest, "gw1", WIRE).start().wait_ready()
    heard.wait_event("clock.unsynced")
    before = moves(chip, heard)
    assert {e["occurred"]["clock"] for e in before} == {"unsynced"}
    assert all(e["occurred"]["utc"].startswith(boots_in[:4]) for e in before)

    mark = heard.mark
    guest.run(f"settime {int(NOW.timestamp())}")
    synced = heard.wait_event("clock.synced", since=mark)
    assert synced["observed"]["previous"] == "unsynced"
    after = moves(chip, heard)
    assert {e["occurred"]["clock"] for e in after} == {"synced"}
    assert all(e["occurred"]["utc"].startswith("2026-03-02T06:0") for e in after)

    correction_s = synced["observed"]["correction_ns"] / 1e9
    for event in before:
        restamped_s = utc_s(event["occurred"]) + correction_s
        right_s = offset_s(after[0]) + event["occurred"]["mono_ns"] / 1e9
        assert restamped_s == pytest.approx(right_s, abs=0.1)
        assert NOW.timestamp() - 120 < restamped_s < NOW.timestamp()
    recorded = [e["recorded"]["mono_ns"] for e in heard.verified()]
    assert recorded == sorted(recorded), "order is by monotonic time"

    mark = heard.mark
    guest.run("settime lost")
    heard.wait_event("clock.unsynced", since=mark)
    assert {e["occurred"]["clock"] for e in moves(chip, heard)} == {"holdover"}


def test_a_second_boot_in_the_past_goes_on_counting_and_is_delivered_after_the_first(
    new_guest, image, broker, heard, tmp_path
):
    disk = tmp_path / "disk.raw"
    subprocess.run(["mke2fs", "-q", "-t", "ext4", disk, "64M"], check=True)
    extra = ["-blockdev", f"driver=file,node-name=d0,filename={disk}"]
    extra += ["-device", "virtio-blk-pci,drive=d0"]
    journal = {"path": "/data/journal.db"}

    def boot(rtc):
        guest = new_guest(image, broker=broker, rtc=rtc, extra=extra).start()
        guest.run("mount -t ext4 /dev/vda /data")
        chip = Chips(guest).add("rig", ["loop"])
        gateway = Gateway(guest, "gw1", WIRE, journal=journal).start().wait_ready()
        return guest, chip, gateway

    guest, chip, _ = boot("2031-02-03T04:05:06")
    moves(chip, heard)
    broker.admit(False)
    broker.stop()
    chip.toggle("loop", 10, 20_000)
    until(lambda: len(kept(guest, tmp_path / "copy")) == 15, "all edges are in the journal")
    guest.cut()

    guest, chip, gateway = boot("1970-01-01T00:00:00")
    chip.toggle("loop", 10, 20_000)
    broker.start(anonymous=False)
    heard.restart()
    broker.admit(True)

    def wire():
        """Each once: what the power cut found unacknowledged came twice."""
        return [e for e in heard.verified() if e.get("sensor") == "wire"]

    heard.wait(lambda: len(wire()) >= 1 + 4 + 10 + 1 + 10, "all edges")
    events = heard.verified()
    years = [e["occurred"]["utc"][:4] for e in wire()]
    assert years == ["2031"] * 15 + ["1970"] * 11, "in the order in which they happened"
    assert len({e["epoch"] for e in events}) == 1
    assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
    assert len({e["boot"] for e in events}) == 2
