"""Gateways on recorded disks: a guest that runs one daemon on each, until its power is cut."""

import json
import shlex
import shutil
from pathlib import Path

import pytest
from lib import guest as guests
from lib.initramfs import Initramfs
from rig.subscriber import Subscriber

from . import site

BROKER = "{}:{}".format(*guests.BROKER)
PROGRAMS = "/usr/lib/gateways"


def need(*tools):
    """Skips when a tool of the host is missing, by name."""
    for tool in tools:
        if not shutil.which(tool):
            pytest.skip(f"the rig cannot run here: {tool} is not installed")


def image(kernel, binaries, modules=()):
    """The guest's user space, with these daemons: {name: binary}."""
    archive = Initramfs()
    for name, binary in binaries.items():
        archive.program(binary, path=f"{PROGRAMS}/{name}")
    uplink = Path(binaries["corridord"]).with_name("corridord-uplink")
    archive.program(uplink, path=f"{PROGRAMS}/corridord-uplink")
    archive.modules(kernel, (*guests.MODULES, *guests.DISK_MODULES, *modules))
    archive.file(site.TRACE_IN_GUEST, site.trace().encode())
    return archive


def disk_arguments(blockdevs, writes_per_s=0):
    """QEMU's arguments for disks that appear as /dev/vda, vdb ... in this order.

    writes_per_s: a slow disk, so that a commit takes as long as on a memory card.
    """
    arguments = []
    for number, blockdev in enumerate(blockdevs):
        node = f"disk{number}"
        device = f"virtio-blk-pci,drive={node},write-cache=on,discard=off,write-zeroes=off"
        if writes_per_s:
            arguments += ["-object", f"throttle-group,id=pace{number},x-iops-write={writes_per_s}"]
            arguments += ["-blockdev", blockdev(f"fast{number}")]
            slow = f"driver=throttle,node-name={node},throttle-group=pace{number}"
            arguments += ["-blockdev", f"{slow},file=fast{number}"]
        else:
            arguments += ["-blockdev", blockdev(node)]
        arguments += ["-device", device]
    return arguments


def plain_blockdev(image):
    return lambda node: f"driver=raw,node-name={node},file.driver=file,file.filename={image}"


def device_of(number):
    return f"/dev/vd{chr(ord('a') + number)}"


def mount(guest, device, filesystem, name, options="noatime"):
    kind = "f2fs" if filesystem == "f2fs" else "ext4"
    guest.run(f"mkdir -p /data/{name} && mount -t {kind} -o {options} {device} /data/{name}")


def start_gateway(guest, name, binary, root, fallback=None, gateway=None):
    """One daemon on the disk that is mounted at /data/<name>.

    gateway: whose journal lies there, if that is not its name."""
    fallback = fallback or f"/run/{name}.db"
    text = site.conf(gateway or name, BROKER, f"/data/{name}/journal.db", fallback, root)
    guest.put(f"/etc/{name}.conf", text)
    program = f"{PROGRAMS}/{binary}"
    log = f"/run/{name}.log"
    guest.run(
        f"cd /; {shlex.quote(program)} -c /etc/{name}.conf >{log} 2>&1 & echo $! >/run/{name}.pid"
    )


class Promise:
    """What the daemon has told somebody: that this event is in the journal."""

    def __init__(self, message, log_bytes):
        told = json.loads(message.payload)
        self.topic = message.topic
        self.log_bytes = log_bytes
        self.epoch, self.seq = told.get("epoch"), told.get("seq")
        branch = Subscriber._branch(message.topic)
        self.payload = message.payload if branch in ("event", "alert") else None
        self.hash = told.get("hash") if branch == "status" else None


class Witness(Subscriber):
    """A subscriber that notes, with each message, how much of its gateway's disk was written
    when it heard it."""

    def __init__(self, broker, disks):
        """disks: {second level of the topics: disk}"""
        super().__init__(broker, topic="#")
        self.disks = disks
        self.promises = {name: [] for name in disks}

    def _on_message(self, client, data, received):
        name = received.topic.split("/")[1]
        log_bytes = self.disks[name].log_bytes() if name in self.disks else 0
        super()._on_message(client, data, received)
        if name in self.disks and self._branch(received.topic) != "metrics":
            promise = Promise(received, log_bytes)
            if promise.seq:
                self.promises[name].append(promise)

    def events_of(self, name, branch="event"):
        with self.lock:
            found = list(self.parsed[branch])
        return [event for event in found if event.message.topic.split("/")[1] == name]
