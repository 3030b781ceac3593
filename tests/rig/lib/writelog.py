"""Crash states of a disk: what a power cut at any moment could have left of it.

A guest's disk is recorded by QEMU's blklogwrites: every write and every FLUSH, in order, in
the format of Linux' dm-log-writes. A crash state is the disk as it was before the recording,
all writes up to the last FLUSH, and a seeded choice of those behind it: a disk may lose its
cache, keep some of it, or be torn in the middle of a write.
"""

import os
import random
import struct
import subprocess
from pathlib import Path

MAGIC = 0x6A736677736872
SUPER = struct.Struct("<QQQI")
HEADER = struct.Struct("<QQQQ")
SECTOR_BYTES = 512
# A write is torn between filesystem blocks: smaller than that no disk of today tears, and
# ext4's superblock does not survive it.
BLOCK_BYTES = 4096
FLUSH, FUA, DISCARD = 1, 2, 4


class RecordedDisk:
    """A disk image with what is written to it: <folder>/base.raw, disk.raw, writes.log."""

    def __init__(self, folder, filesystem, mib=64):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.filesystem = filesystem
        self.base = self.folder / "base.raw"
        self.image = self.folder / "disk.raw"
        self.log = self.folder / "writes.log"
        make_filesystem(self.base, filesystem, mib)
        copy_sparse(self.base, self.image)
        self.log.touch()

    def blockdev(self, node):
        """The value of QEMU's -blockdev."""
        return (
            f"driver=blklogwrites,node-name={node},log-sector-size={SECTOR_BYTES},"
            f"log-super-update-interval=1,file.driver=file,file.filename={self.image},"
            f"log.driver=file,log.filename={self.log}"
        )

    def log_bytes(self):
        """How much was written by now: a promise heard now must survive any later cut."""
        return os.stat(self.log).st_size


def make_filesystem(image, kind, mib=64):
    with open(image, "wb") as made:
        made.truncate(mib << 20)
    command = {
        "ext4": ["mkfs.ext4", "-q", "-F", "-b", str(BLOCK_BYTES)],
        "ext4-unjournalled": ["mkfs.ext4", "-q", "-F", "-O", "^has_journal"],
        "f2fs": ["mkfs.f2fs", "-q", "-f"],
    }[kind]
    subprocess.run([*command, str(image)], check=True, stdout=subprocess.DEVNULL)


def copy_sparse(source, target):
    subprocess.run(["cp", "--sparse=always", str(source), str(target)], check=True)


class Entry:
    """One write or FLUSH of the log; end: the log's length when it was complete."""

    __slots__ = ("at", "bytes", "flags", "data", "end")

    def __init__(self, at, length, flags, data, end):
        self.at, self.bytes, self.flags, self.data, self.end = at, length, flags, data, end


def read_log(path):
    """The entries that are complete."""
    entries = []
    length = os.stat(path).st_size
    with open(path, "rb") as log:
        magic, _version, count, sector = SUPER.unpack(log.read(SUPER.size))
        assert magic == MAGIC, f"{path} is no log of writes"
        at = sector
        while len(entries) < count:
            log.seek(at)
            header = log.read(HEADER.size)
            if len(header) < HEADER.size:
                break
            where, sectors, flags, _ = HEADER.unpack(header)
            written = 0 if flags & DISCARD else sectors * sector
            data, at = at + sector, at + sector + written
            if at > length:
                break
            entries.append(Entry(where * sector, written, flags, data, at))
    return entries


class CrashState:
    """What is on the disk after one cut; known_bytes: the log's length at that moment."""

    def __init__(self, number, cut, choice, pending, known_bytes, image):
        self.number, self.cut, self.choice, self.pending = number, cut, choice, pending
        self.known_bytes, self.image = known_bytes, image

    def __repr__(self):
        return f"state {self.number} (write {self.cut}, {self.pending} pending, {self.choice})"


class Surface:
    """A disk as it is known to be, and the writes whose fate is open."""

    def __init__(self, disk, image):
        self.image = image
        self.log = os.open(disk.log, os.O_RDONLY | os.O_CLOEXEC)
        copy_sparse(disk.base, image)
        self.durable = os.open(image, os.O_RDWR | os.O_CLOEXEC)
        self.pending = []

    def close(self):
        os.close(self.log)
        os.close(self.durable)
        self.image.unlink()

    def _put(self, target, entry, first=0, length=None):
        length = entry.bytes - first if length is None else min(length, entry.bytes - first)
        os.pwrite(target, os.pread(self.log, length, entry.data + first), entry.at + first)

    def take(self, entry):
        if entry.flags & FLUSH:
            for earlier in self.pending:
                self._put(self.durable, earlier)
            self.pending = []
        if entry.bytes and entry.flags & FUA:
            self._put(self.durable, entry)
        elif entry.bytes:
            self.pending.append(entry)

    def cut(self, image, choice, chance):
        """Writes the image that is left when the power goes now."""
        copy_sparse(self.image, image)
        target = os.open(image, os.O_RDWR | os.O_CLOEXEC)
        for entry in self.pending:
            if choice == "all" or (choice == "some" and chance.random() < 0.5):
                self._put(target, entry)
            elif choice == "torn":
                for first in range(0, entry.bytes, BLOCK_BYTES):
                    if chance.random() < 0.5:
                        self._put(target, entry, first, BLOCK_BYTES)
        os.close(target)


CHOICES = ("none", "some", "torn", "all")
WEIGHTS = (3, 3, 3, 1)


def crash_states(disk, count, seed, after_bytes=0):
    """Yields count crash states at random moments, in the order of the writes, the last one
    at the recording's end. Each one's image is overwritten by the next. after_bytes: no cut
    before the log was that long."""
    chance = random.Random(seed)
    entries = read_log(disk.log)
    # Mostly behind a write: behind a FLUSH nothing is open.
    first = next((i for i, e in enumerate(entries) if e.end >= after_bytes), len(entries) - 1)
    weights = [3 if entry.bytes else 1 for entry in entries[first:]]
    cuts = sorted(chance.choices(range(first + 1, len(entries) + 1), weights, k=count - 1))
    surface = Surface(disk, disk.folder / "durable.raw")
    image = disk.folder / "crash.raw"
    taken = 0
    try:
        for number, cut in enumerate([*cuts, len(entries)]):
            for entry in entries[taken:cut]:
                surface.take(entry)
            taken = cut
            choice = chance.choices(CHOICES, WEIGHTS)[0]
            surface.cut(image, choice, chance)
            known = entries[cut - 1].end
            yield CrashState(number, cut, choice, len(surface.pending), known, image)
    finally:
        surface.close()
        image.unlink(missing_ok=True)
