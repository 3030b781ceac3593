"""Debian's own user space with a systemd, packed: by mmdebstrap where this machine runs it. That of another
processor is unpacked here, and configures itself in a machine of its own."""

import shutil
import subprocess
from pathlib import Path

from . import board
from .debian import Suite, Unavailable, made_once, mirror, run
from .guest import MODULES

SYSTEM = ("systemd-sysv", "udev", "kmod", "busybox-static")
DISK_MODULES = ("virtio_blk", "ext4", "crc32c_generic")
ROOM_MIB = 1024
CONFIGURE_S = 3600  # a patience: some minutes where nothing else is done

# As mmdebstrap does it: what dpkg itself needs lies there already. Names in full, as busybox has a dpkg and a
# tar too.
CONFIGURE = """
mkdir -p /disk && mount -t ext4 /dev/vda /disk
mount -t devtmpfs dev /disk/dev && mount -t proc proc /disk/proc
environment="PATH=/usr/sbin:/usr/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8"
inside() { chroot /disk /usr/bin/env -i $environment "$@"; }
install() { inside /bin/sh -c 'dpkg --force-depends --force-unsafe-io --install /debs/*.deb'; }
install || install || exit  # some need what comes after them
umount /disk/proc
rm -r /disk/debs
inside /usr/bin/tar --one-file-system -cf /dev/vdb . || exit
umount /disk/dev /disk
"""


def packed(cache, suite, architecture="amd64", more=()):
    """root.tar: Essential, apt, a systemd that udev serves, and more packages."""
    name = "-".join(("debian", suite, architecture, *(["more"] if more else [])))
    folder = Path(cache) / name
    with made_once(folder) as empty:
        if empty and architecture == "amd64":
            _by_mmdebstrap(folder / "root.tar", suite, (*SYSTEM, *more))
        elif empty:
            _by_itself(folder, suite, cache, architecture, (*SYSTEM, *more))
    return folder / "root.tar"


def _by_mmdebstrap(tar, suite, packages):
    if not shutil.which("mmdebstrap"):
        raise Unavailable("mmdebstrap is not installed")
    include = f"--include={','.join(packages)}"
    try:
        run("mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", include, suite, tar, mirror())
    except RuntimeError as error:
        raise Unavailable(str(error)) from None


def _by_itself(folder, suite, cache, architecture, packages):
    assert architecture == "arm64", "no machine of another processor is at hand"
    root, disk, tar = (folder / name for name in ("root", "disk.img", "root.tar.new"))
    every = ("?essential", "apt", *packages)
    _unpack(Suite(suite, cache, architecture).fetch_all(every, folder / "debs"), root)
    run("mke2fs", "-q", "-F", "-t", "ext4", "-d", root, disk, f"{ROOM_MIB}M")
    run("truncate", "-s", f"{ROOM_MIB}M", tar)
    kernel = board.fetch(cache, suite)
    image = board.initramfs(kernel, folder / "configure.cpio", modules=(*MODULES, *DISK_MODULES))
    machine = board.Board(kernel, image, folder / "machine", extra=[*drive(disk), *drive(tar)])
    try:
        machine.start().run(CONFIGURE, within_s=CONFIGURE_S)
        machine.power_off()
    finally:
        machine.close()
    tar.rename(folder / "root.tar")
    disk.unlink()
    shutil.rmtree(root)


def _unpack(debs, root):
    """And the packages themselves beside it, as whose they are is known to no dpkg yet."""
    shutil.rmtree(root, ignore_errors=True)
    for name in ("bin", "sbin", "lib"):  # as all of Debian has it
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    (root / "debs").mkdir()
    into = ("tar", "--keep-directory-symlink", "-xpC", root)
    for deb in sorted(debs.glob("*.deb")):
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as data:
            subprocess.run(into, stdin=data.stdout, check=True)
        assert data.returncode == 0, deb
        deb.rename(root / "debs" / deb.name)
    (root / "var/lib/dpkg").mkdir(parents=True, exist_ok=True)
    for name in ("status", "available"):
        (root / "var/lib/dpkg" / name).touch()


def drive(disk, **options):
    """Arguments for QEMU."""
    more = "".join(f",{name}={value}" for name, value in options.items())
    return ("-drive", f"file={disk},format=raw,if=virtio{more}")
