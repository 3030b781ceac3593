"""A guest that systemd runs: Debian's user space on a disk, the project put there by
`make install`, with the unit, the account, the rules and the folders that it ships."""

import os
import shutil
from pathlib import Path

from .debian import Unavailable, made_once, mirror, run
from .guest import GPIO_MODULES, MODULES, Guest
from .initramfs import INIT, Initramfs

TOP = Path(__file__).resolve().parents[3]
SUITE = "bookworm"
PACKAGES = (
    "systemd,udev,kmod,libmodbus5,libgpiod2,libmosquitto1,libsqlite3-0,libnettle8,"
    "libev4,libjansson4,libpcre2-8-0,libexpat1,libzstd1,busybox-static"
)
DISK_MIB = 512
USB_SERIAL = ("usbserial", "ftdi_sio", "cp210x", "ch341", "pl2303", "cdc-acm")

# A chip of two lines; then the disk's systemd takes over.
START = """
rig=/sys/kernel/config/gpio-sim/rig
mkdir -p $rig/bank0/line0
echo 2 >$rig/bank0/num_lines
echo systemd-rig >$rig/bank0/label
echo lane1-loop >$rig/bank0/line0/name
echo 1 >$rig/live
mkdir /disk
mount -t ext4 /dev/vda /disk
umount /sys/kernel/config /tmp /run
for moved in dev proc sys; do mount --move /$moved /disk/$moved; done
exec switch_root /disk /lib/systemd/systemd
"""

AGENT = """[Unit]
After=multi-user.target
[Service]
ExecStart=/usr/lib/rig-agent
[Install]
WantedBy=multi-user.target
"""


def _user_space(cache):
    """Debian as mmdebstrap leaves it, packed."""
    folder = cache / f"debian-{SUITE}-systemd"
    with made_once(folder) as empty:
        if empty:
            if not shutil.which("mmdebstrap"):
                raise Unavailable("mmdebstrap is not installed")
            make = ("mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}")
            try:
                run(*make, "--mode=root", SUITE, folder / "root.tar", mirror())
            except RuntimeError as error:
                raise Unavailable(str(error)) from None
    return folder / "root.tar"


def install(root, build):
    its_own = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")
    env = {name: value for name, value in os.environ.items() if name not in its_own}
    run("make", "-s", "-C", TOP, f"BUILD={build}", f"DESTDIR={root}", "install", env=env)


def _agent(root):
    """What answers Guest.run(): the same that the initramfs has."""
    text = INIT.read_text()
    (root / "usr/lib/rig-agent").write_text("#!/bin/sh\n" + text[text.index("serve() {") :])
    (root / "usr/lib/rig-agent").chmod(0o755)
    (root / "etc/systemd/system/rig-agent.service").write_text(AGENT)


def _modules(root, kernel):
    for module in kernel.modules(USB_SERIAL):
        into = root / module.relative_to(kernel.root)
        into.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(module, into)
    tree = Path("lib/modules") / kernel.version
    for order in ("modules.builtin", "modules.order"):
        shutil.copy(kernel.root / tree / order, root / tree / order)
    run("depmod", "-b", root, kernel.version)


def disk(cache, build, kernel, files, path, debs=()):
    """A disk image with the project installed and these files: {path: (text, mode)}. With debs it is
    not installed: they lie in /root/debs."""
    if os.geteuid() != 0:
        raise Unavailable("a disk with owners and rights can be made by root alone")
    root = path.with_suffix(".root")
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    run("tar", "-xpf", _user_space(cache), "-C", root)
    if debs:
        (root / "root/debs").mkdir()
        for deb in debs:
            shutil.copy(deb, root / "root/debs")
    else:
        install(root, build)
    _agent(root)
    _modules(root, kernel)
    for name, (text, mode) in files.items():
        (root / name.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        (root / name.lstrip("/")).write_text(text)
        (root / name.lstrip("/")).chmod(mode)
    ours = ("rig-agent.service",) if debs else ("rig-agent.service", "corridord.service")
    run("systemctl", f"--root={root}", "enable", *ours)
    for unneeded in ("getty.target", "e2scrub_reap.service", "systemd-networkd.service"):
        run("systemctl", f"--root={root}", "mask", unneeded)
    run("mke2fs", "-q", "-F", "-t", "ext4", "-d", root, path, f"{DISK_MIB}M")
    shutil.rmtree(root)
    return path


def initramfs(kernel, path):
    image = Initramfs()
    modules = (*MODULES, *GPIO_MODULES, "virtio_blk", "ext4", "crc32c_generic")
    image.modules(kernel, modules, files=[kernel.gpio_sim])
    image.file("/etc/rig.start", START.encode())
    return image.write(path)


class Booted(Guest):
    """A Guest with this disk, a serial line at /dev/ttyS1 that nobody answers on, and the
    console of its systemd."""

    def __init__(self, kernel, initramfs, folder, disk, extra=(), **options):
        line = ("-chardev", "null,id=line", "-device", "isa-serial,chardev=line")
        drive = (
            "-drive", f"file={disk},format=raw,if=none,id=disk,snapshot=on",
            "-device", "virtio-blk-pci,drive=disk",
        )  # fmt: skip
        super().__init__(kernel, initramfs, folder, extra=[*line, *drive, *extra], **options)

    def show(self, *names, unit="corridord.service"):
        """Properties of a unit, as systemctl shows them."""
        asked = ",".join(names)
        lines = self.run(f"systemctl show -p {asked} {unit}").splitlines()
        return dict(line.split("=", 1) for line in lines)

    def wait_active(self, unit="corridord.service", within_s=60):
        self.until(f"systemctl is-active -q {unit}", within_s)

    def logged(self):
        return self.run("journalctl -b -u corridord -o cat --no-pager")

    def fds(self):
        pid = self.show("MainPID")["MainPID"]
        return self.run(f"readlink /proc/{pid}/fd/*").splitlines()
