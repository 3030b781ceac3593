"""Power cuts: what any subscriber has heard is in the journal, whatever the disk forgets.

One guest runs the daemon on several disks at once, until its power goes. Each disk was
recorded; from the recordings hundreds of states are rebuilt that a cut at a random moment
could have left. Daemons with a fault in them run beside the real one: their states must show
losses, else these tests could not fail.
"""

import os
import random
import tarfile
import time
from types import SimpleNamespace

import pytest
from lib.guest import Guest
from lib.writelog import RecordedDisk, copy_sparse, crash_states
from power import aftermath as aftermaths
from power import mutant, recording, site, verdict
from rig.broker import Broker
from rig.daemon import BINARY, BUILD
from rig.waiting import until

SEED = int(os.environ.get("CORRIDORD_SEED", random.randrange(1 << 32)))
STATES = 200
STATES_OF_MUTANT = 40
STARTED = 20  # the daemon is started on every n-th state
BOOTED = {"ext4": 3, "f2fs": 5, "f2fs-unsynced": 2}
CANDIDATES = 60
OUTBOX_BYTES = 64 << 20
EVENTS = 160  # of each gateway before the power goes
WRITES_PER_S = 150

MUTANTS = {
    "unsynced": ("daemon/journal/db.c", "PRAGMA synchronous=FULL", "PRAGMA synchronous=NORMAL"),
    "early": (
        "daemon/journal/commit.c",
        "err = journal_end(journal, err, &transaction.head);",
        "(void)journal_feed(journal), journal->outlet.flush(journal->outlet.data), "
        "err = journal_end(journal, err, &transaction.head);",
    ),
}
# Disk: filesystem, daemon.
GATEWAYS = {
    "ext4": ("ext4", "corridord"),
    "f2fs": ("f2fs", "corridord"),
    "ext4-unsynced": ("ext4", "unsynced"),
    "f2fs-unsynced": ("f2fs", "unsynced"),
    "ext4-early": ("ext4", "early"),
}


@pytest.fixture(scope="module")
def archive(kernel, cache, tmp_path_factory):
    """The guest's user space, with the daemon and its mutants."""
    recording.need("mkfs.ext4", "mkfs.f2fs")
    binaries = {"corridord": BINARY}
    for name, (source, wanted, instead) in MUTANTS.items():
        folder = tmp_path_factory.mktemp("mutants")
        binaries[name] = mutant.build(name, source, wanted, instead, BUILD, folder)
    return recording.image(kernel, binaries).write(cache / "power.cpio")


def record(guest, witness):
    for number, (name, (filesystem, binary)) in enumerate(GATEWAYS.items()):
        recording.mount(guest, recording.device_of(number), filesystem, name)
        recording.start_gateway(guest, name, binary, f"power/{name}")
    for name in GATEWAYS:
        until(
            lambda n=name: len(witness.events_of(n)) >= EVENTS,
            lambda n=name: f"{EVENTS} events of {n}: {guest.run(f'cat /run/{n}.log')}",
            within_s=180,
        )
    time.sleep(random.Random(SEED).uniform(0, 1))
    guest.cut()


@pytest.fixture(scope="module")
def recorded(kernel, archive, tmp_path_factory):
    """Disks and promises, by the gateway's name."""
    folder = tmp_path_factory.mktemp("recorded")
    print("seed", SEED)
    disks = {n: RecordedDisk(folder / n, f) for n, (f, _) in GATEWAYS.items()}
    extra = recording.disk_arguments([d.blockdev for d in disks.values()], WRITES_PER_S)
    broker = Broker(folder / "broker").start()
    witness = recording.Witness(broker, disks).start()
    guest = Guest(kernel, archive, folder / "guest", broker=broker, extra=extra).start()
    try:
        record(guest, witness)
    finally:
        for thing in (guest, witness, broker):
            thing.close() if hasattr(thing, "close") else thing.stop()
    return SimpleNamespace(disks=disks, promises=witness.promises)


def after_first(promises):
    """No cut before anything was promised: there is nothing to lose then."""
    return min(promise.log_bytes for promise in promises)


@pytest.fixture
def mountable(tmp_path):
    if not verdict.can_mount(tmp_path):
        pytest.skip("ext4 images cannot be loop-mounted here: no root, or no loop devices")


def verdicts(recorded, name, count, folder):
    promises = recorded.promises[name]
    for state in crash_states(recorded.disks[name], count, SEED, after_first(promises)):
        yield verdict.of_image(state, promises, folder)


@pytest.fixture
def aftermath(broker, closing):
    return closing(aftermaths.Aftermath(broker))


def test_whatever_the_disk_forgets_what_a_subscriber_heard_is_in_the_journal(
    recorded, mountable, aftermath, tmp_path
):
    trace = tmp_path / "power.trace"
    trace.write_text(site.trace())
    promised = 0
    for judged in verdicts(recorded, "ext4", STATES, tmp_path / "mounted"):
        assert not judged.lost and not judged.faults, judged
        promised += len(judged.promises)
        if judged.state.number % STARTED == 0:
            faults = aftermaths.faults_on_host(judged, aftermath, trace, tmp_path)
            assert not faults, f"{judged}: {faults}"
    assert promised > STATES * 50, "nothing was at stake"


@pytest.mark.parametrize("name", ["ext4-unsynced", "ext4-early"])
def test_a_daemon_that_promises_too_early_is_found_out(recorded, mountable, tmp_path, name):
    judged = list(verdicts(recorded, name, STATES_OF_MUTANT, tmp_path / "mounted"))
    found = [one for one in judged if one.lost]
    print(f"{name}: losses in {len(found)} of {len(judged)} states, e.g. {found[:1]}")
    assert found


def at_stake(state, promises):
    """How much was promised since the disk was last written to."""
    return sum(promise.log_bytes == state.known_bytes for promise in promises)


def riskiest_states(recorded, name, count):
    """Those of many states where most is at stake, in images of their own."""
    disk, promises = recorded.disks[name], recorded.promises[name]
    kept = []
    for state in crash_states(disk, CANDIDATES, SEED + 1, after_first(promises)):
        copy = disk.folder / f"state-{state.number}.raw"
        copy_sparse(state.image, copy)
        state.image = copy
        kept = sorted([*kept, state], key=lambda s: at_stake(s, promises), reverse=True)
        for spare in kept[count:]:
            spare.image.unlink()
        kept = kept[:count]
    return kept


class BootedState:
    """One state on a disk of the guest."""

    def __init__(self, gateway, state, device):
        self.gateway, self.state, self.device = gateway, state, device
        self.place = f"{gateway}-{state.number}"
        self.root = f"guest/{self.place}"
        self.sound = not gateway.endswith("-unsynced")
        self.verdict = None

    def __repr__(self):
        return f"{self.gateway}: {self.verdict}"

    def mount(self, guest):
        """The guest's kernel recovers the filesystem."""
        recording.mount(guest, self.device, GATEWAYS[self.gateway][0], self.place)

    def judge(self, promises, journals):
        folder = journals / self.place
        self.verdict = verdict.of_folder(self.state, promises[self.gateway], folder)
        if self.sound:
            assert not self.verdict.lost and not self.verdict.faults, self

    def drain(self, guest, aftermath):
        """After the daemon was started on it."""
        held = len(self.verdict.events)
        aftermath.wait_sequel(self.root, held, lambda: guest.run(f"cat /run/{self.place}.log"))
        faults = verdict.faults_of_sequel(self.verdict, aftermath.received(self.root))
        assert not faults, f"{self}: {faults}"


def hand_out(guest, states, outbox, folder):
    """Copies the journals out of the guest, by way of its last disk."""
    device = recording.device_of(len(states))
    guest.run(f"cd /data && tar cf {device} */journal.db* && sync")
    with tarfile.open(outbox, "r:") as tar:
        tar.extractall(folder)


def booted_states(recorded):
    chosen = [(n, s) for n, count in BOOTED.items() for s in riskiest_states(recorded, n, count)]
    return [BootedState(n, s, recording.device_of(i)) for i, (n, s) in enumerate(chosen)]


def test_states_booted_for_real_are_drained_to_the_broker(
    recorded, archive, new_guest, aftermath, tmp_path
):
    states = booted_states(recorded)
    outbox = tmp_path / "outbox.raw"
    with outbox.open("wb") as made:
        made.truncate(OUTBOX_BYTES)
    images = [booted.state.image for booted in states] + [outbox]
    extra = recording.disk_arguments([recording.plain_blockdev(image) for image in images])
    guest = new_guest(archive, broker=aftermath.broker, extra=extra).start()
    for booted in states:
        booted.mount(guest)
    hand_out(guest, states, outbox, tmp_path / "journals")
    for booted in states:
        booted.judge(recorded.promises, tmp_path / "journals")
    sound = [booted for booted in states if booted.sound]
    for booted in sound:
        whose = booted.gateway
        recording.start_gateway(guest, booted.place, "corridord", booted.root, gateway=whose)
    for booted in sound:
        booted.drain(guest, aftermath)
    unsound = [booted for booted in states if not booted.sound]
    assert any(booted.verdict.lost for booted in unsound), f"no loss is seen on f2fs: {unsound}"
