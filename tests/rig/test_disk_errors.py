"""A disk whose writes fail under the running daemon: an alarm, no crash, nothing lost.

ext4 without a journal takes writes again as soon as the disk does. With one it gives up at the
first error and stays read-only until somebody mounts it anew: the daemon's fallback.
"""

import pytest
from lib.writelog import make_filesystem
from power import mutant, recording, site
from power.flakey import MODULES, FlakeyDisk
from rig.daemon import BINARY, BUILD

PATIENCE_S = 300
METER = "load-0"  # its point counts 2, 4, 6 ...
# Seconds and not a minute until it tries the disk again: nothing else is different.
BRISK = ("daemon/journal/journal.c", ".return_ns = 60 * NS_PER_S", ".return_ns = 3 * NS_PER_S")


@pytest.fixture(scope="module")
def archive(kernel, cache, tmp_path_factory):
    recording.need("mkfs.ext4", "dmsetup")
    brisk = mutant.build("brisk", *BRISK, BUILD, tmp_path_factory.mktemp("brisk"))
    binaries = {"corridord": BINARY, "brisk": brisk}
    archive = recording.image(kernel, binaries, MODULES)
    archive.program("dmsetup")
    return archive.write(cache / "disk-errors.cpio")


class Bench:
    """A guest with one daemon on a disk that can be made to fail."""

    def __init__(self, guest, filesystem, subscriber):
        self.guest, self.filesystem, self.subscriber = guest, filesystem, subscriber
        self.disk = FlakeyDisk(guest, "flakey", recording.device_of(0))
        self.mount()

    def mount(self):
        recording.mount(self.guest, self.disk.path, self.filesystem, "gw1")

    def mount_anew(self):
        """As somebody would who has seen the alarm. The daemon looks for the disk now and then:
        not while it is unmounted, it would find the empty folder below."""
        stopped = f"kill -STOP {self.pid}; umount /data/gw1 || {{ kill -CONT {self.pid}; false; }}"
        self.guest.until(stopped, within_s=PATIENCE_S)
        self.mount()
        self.guest.run(f"kill -CONT {self.pid}")

    def start(self, binary):
        recording.start_gateway(self.guest, "gw1", binary, "corridor/v1")
        self.pid = self.guest.run("cat /run/gw1.pid").strip()
        self.wait_news()

    def wait_news(self):
        """Until it has told of something that happened after now."""
        since = self.subscriber.mark
        self.subscriber.wait_event("meter.value", since=since, within_s=PATIENCE_S)

    def verified(self):
        """Every event so far, once; and it is still the same daemon that sends them."""
        told = lambda: len(self.subscriber.events(sensor=METER))  # noqa: E731
        self.subscriber.wait(lambda: told() > 100, "a load", PATIENCE_S)
        self.guest.run(f"kill -0 {self.pid}")
        events = self.subscriber.verified()
        starts = [event for event in events if event["type"] == "gateway.started"]
        assert len(starts) == 1, f"it was started anew: {starts}"
        check_readings(events)
        return events

    def epochs(self):
        return list(dict.fromkeys(event["epoch"] for event in self.subscriber.events()))


def check_readings(events):
    """Each reading of the trace became an event, in order, whatever epoch it is in. Where a
    commit failed on one file and the next file took over, it may be told by both."""
    told = {e["occurred"]["mono_ns"]: e for e in events if e.get("sensor") == METER}
    values = [int(told[at]["observed"]["value"]) for at in sorted(told)]
    for before, value in zip(values, values[1:]):
        assert value == before % site.LINES + 2, f"{value} after {before}"


@pytest.fixture
def new_bench(new_guest, archive, broker, subscriber, tmp_path):
    def make(filesystem):
        image = tmp_path / "disk.raw"
        make_filesystem(image, filesystem)
        extra = recording.disk_arguments([recording.plain_blockdev(image)])
        guest = new_guest(archive, broker=broker, extra=extra).start()
        return Bench(guest, filesystem, subscriber)

    return make


def test_a_disk_that_fails_for_a_moment_is_an_alarm_and_no_loss(new_bench, subscriber):
    bench = new_bench("ext4-unjournalled")
    bench.start("corridord")
    bench.disk.set_broken(True)
    bench.guest.until("grep -q 'cannot be written' /run/gw1.log", within_s=PATIENCE_S)
    bench.disk.set_broken(False)
    raised = subscriber.wait_event("journal.stalled", alarm="raised", within_s=PATIENCE_S)
    cleared = subscriber.wait_event("journal.stalled", alarm="cleared", within_s=PATIENCE_S)
    assert "I/O error" in raised["observed"]["why"], raised.data
    assert cleared["observed"]["stalled_ms"] >= 1000, cleared.data
    assert subscriber.alerts("journal.stalled")
    bench.wait_news()
    assert len({event["epoch"] for event in bench.verified()}) == 1
    assert not subscriber.events("journal.volatile")


def test_a_disk_that_fails_for_good_is_replaced_until_it_is_mounted_anew(new_bench, subscriber):
    bench = new_bench("ext4")
    bench.start("brisk")
    bench.disk.set_broken(True)
    told = subscriber.wait_event("journal.volatile", within_s=PATIENCE_S)
    assert subscriber.alerts("journal.volatile")
    bench.wait_news()
    bench.disk.set_broken(False)
    bench.mount_anew()
    bench.guest.until("grep -q 'can be written again' /run/gw1.log", within_s=PATIENCE_S)
    subscriber.wait(lambda: len(bench.epochs()) == 3, "a third epoch", PATIENCE_S)
    bench.verified()
    assert bench.epochs()[1] == told["epoch"], bench.epochs()
    assert not subscriber.events("journal.evicted")
