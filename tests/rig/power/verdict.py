"""Whether a journal that a power cut left behind holds what was promised."""

import contextlib
import hashlib
import shutil
import sqlite3
import subprocess
from pathlib import Path

from rig import contract
from rig.journal import Journal


@contextlib.contextmanager
def loop_mounted(image, folder):
    """The host's kernel mounts it, and so recovers the filesystem."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", "loop", image, folder], check=True, capture_output=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def filesystem_faults(image):
    done = subprocess.run(["e2fsck", "-fn", image], capture_output=True, text=True)
    return [f"e2fsck: {done.stdout}"] if done.returncode else []


def held(folder):
    """The events of the journal in this folder, in order."""
    journal = Journal(folder / "journal.db")
    if not any(Path(f"{journal.path}{ending}").exists() for ending in ("", "-wal")):
        return []
    if not journal.query("SELECT 1 FROM sqlite_schema WHERE name = 'evidence'"):
        return []
    return journal.events()


def database_faults(folder):
    journal = Journal(folder / "journal.db")
    if not journal.path.exists():
        return []
    answer = journal.query("PRAGMA integrity_check")[0][0]
    return [] if answer == "ok" else [f"integrity_check: {answer}"]


def lost(promises, events):
    """Promises that these events do not keep."""
    payloads = {event.key: event.message.payload for event in events}
    return [promise for promise in promises if not is_kept(promise, payloads)]


def is_kept(promise, payloads):
    payload = payloads.get((promise.epoch, promise.seq))
    if payload is None:
        return False
    if promise.payload is not None:
        return payload == promise.payload
    return promise.hash is None or hashlib.sha256(payload).hexdigest() == promise.hash


def chain_faults(events):
    """One epoch, numbers 1, 2, 3 ..., each event linked to the one before."""
    try:
        contract.check_chain(events)
    except AssertionError as error:
        return [str(error)]
    epochs = {event["epoch"] for event in events}
    return [f"{len(epochs)} epochs"] if len(epochs) > 1 else []


class Verdict:
    """lost: promises that are not kept; faults: whatever else is wrong."""

    def __init__(self, state, promises, look):
        self.state = state
        self.promises = [p for p in promises if p.log_bytes <= state.known_bytes]
        # At any time: a busy subscriber notes an event after the gateway knows that it came.
        self.heard = {p.seq for p in promises if "/event/" in p.topic}
        self.events, self.lost, self.faults = [], list(self.promises), []
        try:
            self.events, self.faults = look()
        except (sqlite3.DatabaseError, subprocess.CalledProcessError) as error:
            self.faults = [f"{error} {getattr(error, 'stderr', '')}"]
        self.lost = lost(self.promises, self.events)
        self.faults += chain_faults(self.events)

    def __repr__(self):
        what = f"{self.state}: {len(self.events)} events, {len(self.promises)} promises"
        if self.lost:
            first = self.lost[0]
            other = [event for event in self.events if event["seq"] == first.seq]
            what += f", {len(self.lost)} lost, the first {first.topic} #{first.seq} of {first.epoch}: {first.payload}"
            what += f", there: {[event.message.payload for event in other]}, known at {first.log_bytes} of {self.state.known_bytes}"
        return f"{what} {self.faults or ''}"


def faults_of_sequel(verdict, received):
    """What is wrong with the events that a daemon sent which was started on that state.

    received: every event that the broker got from it."""
    faults = [f"{event} came" for event in received if event["type"] in NO_NEED]
    sequel = {event.key: event for event in received}
    for event in verdict.events:
        again = sequel.get(event.key)
        if again and again.message.payload != event.message.payload:
            faults.append(f"{event} was sent with other bytes")
    everything = {event.key: event for event in [*received, *verdict.events]}
    faults += chain_faults([everything[key] for key in sorted(everything, key=lambda key: key[1])])
    sent = verdict.heard | {event["seq"] for event in received}
    missing = sorted(set(range(1, max(sent, default=0) + 1)) - sent)
    return faults + ([f"never sent: {missing}"] if missing else [])


# A power cut is no reason for any of these.
NO_NEED = (
    "journal.set-aside",
    "journal.rolled-back",
    "journal.foreign",
    "journal.lost",
    "journal.volatile",
    "journal.stalled",
    "journal.evicted",
)


def of_image(state, promises, folder):
    """By mounting the image here (ext4 only)."""

    def look():
        with loop_mounted(state.image, folder) as mounted:
            events, faults = held(mounted), database_faults(mounted)
        return events, faults + filesystem_faults(state.image)

    return Verdict(state, promises, look)


def of_folder(state, promises, folder):
    """From a journal's files that were copied out of the state."""
    return Verdict(state, promises, lambda: (held(folder), database_faults(folder)))


def can_mount(folder):
    """Whether this machine lets us loop-mount ext4."""
    tools = all(shutil.which(tool, path="/sbin:/usr/sbin:/bin:/usr/bin") for tool in TOOLS)
    if not tools:
        return False
    image = folder / "probe.raw"
    with image.open("wb") as made:
        made.truncate(4 << 20)
    try:
        subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True, capture_output=True)
        with loop_mounted(image, folder / "probe"):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


TOOLS = ("mkfs.ext4", "e2fsck", "mount")
