"""A guest that systemd runs: Debian's user space on a disk, with the project put there by `make install`,
or to be installed there by apt from packages."""

import hashlib
import os
import shutil
from pathlib import Path

from . import board
from . import root as roots
from .debian import Suite, Unavailable, run
from .guest import GPIO_MODULES, MODULES, Guest
from .initramfs import INIT, Initramfs

TOP = Path(__file__).resolve().parents[3]
SUITE = "bookworm"
LIBRARIES = (
    "libmodbus5", "libgpiod2", "libmosquitto1", "libsqlite3-0", "libnettle8", "libev4", "libjansson4",
    "libpcre2-8-0", "libexpat1", "libzstd1",
)  # fmt: skip
DISK_MIB = 1024
ARCHIVE = "/srv/debian"
USB_SERIAL = ("usbserial", "ftdi_sio", "cp210x", "ch341", "pl2303", "cdc-acm")

# A chip of two lines.
CHIP = """
rig=/sys/kernel/config/gpio-sim/rig
mkdir -p $rig/bank0/line0
echo 2 >$rig/bank0/num_lines
echo systemd-rig >$rig/bank0/label
echo lane1-loop >$rig/bank0/line0/name
echo 1 >$rig/live
"""
# The disk's systemd takes over.
SWITCH = """
mkdir /disk
mount -t ext4 /dev/vda /disk
umount /tmp /run
umount /sys/kernel/config 2>/dev/null
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


def disk(cache, build, kernel, files, path):
    """A disk image of Debian 12 with the project installed, and these files: {path: (text, mode)}."""

    def put(root):
        install(root, build)
        for name, (text, mode) in files.items():
            (root / name.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
            (root / name.lstrip("/")).write_text(text)
            (root / name.lstrip("/")).chmod(mode)
        run("systemctl", f"--root={root}", "enable", "corridord.service")

    return _disk(roots.packed(cache, SUITE, more=LIBRARIES), kernel, path, put)


def bare_disk(cache, kernel, debs, path, suite, architecture="amd64"):
    """One where nothing is installed. debs: {folder in /root: packages that are to lie there}; what they need
    is all that apt has, and it asks nothing."""

    def put(root):
        for name, folder in debs.items():
            there = shutil.copytree(
                folder, root / "root" / name, ignore=shutil.ignore_patterns("*dbgsym*")
            )
        archive = root / ARCHIVE.lstrip("/")
        _index(Suite(suite, cache, architecture).fetch_all(there.glob("*.deb"), archive))
        (root / "etc/apt/sources.list").write_text(f"deb [trusted=yes] file:{ARCHIVE} ./\n")
        (root / "etc/apt/apt.conf.d/90rig").write_text('APT::Get::Assume-Yes "true";\n')
        for folder in ("etc", "var"):  # /usr is not new: systemd would work for minutes at that
            (root / folder / ".updated").touch()

    return _disk(roots.packed(cache, suite, architecture), kernel, path, put)


def _index(folder):
    """Makes an archive of a folder, for apt."""
    about = []
    for deb in sorted(folder.glob("*.deb")):
        digest = hashlib.sha256(deb.read_bytes()).hexdigest()
        size = deb.stat().st_size
        told = f"Filename: ./{deb.name}\nSize: {size}\nSHA256: {digest}\n"
        about.append(run("dpkg-deb", "-f", deb) + told)
    (folder / "Packages").write_text("\n".join(about))


def _disk(packed, kernel, path, put):
    if os.geteuid() != 0:
        raise Unavailable("a disk with owners and rights can be made by root alone")
    root = path.with_suffix(".root")
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    run("tar", "-xpf", packed, "-C", root)
    put(root)
    _agent(root)
    _modules(root, kernel)
    run("systemctl", f"--root={root}", "enable", "rig-agent.service")
    for unneeded in ("getty.target", "e2scrub_reap.service", "systemd-networkd.service"):
        run("systemctl", f"--root={root}", "mask", unneeded)
    run("mke2fs", "-q", "-F", "-t", "ext4", "-d", root, path, f"{DISK_MIB}M")
    shutil.rmtree(root)
    return path


def initramfs(kernel, path):
    image = Initramfs()
    modules = (*MODULES, *GPIO_MODULES, *roots.DISK_MODULES)
    image.modules(kernel, modules, files=[kernel.gpio_sim])
    image.file("/etc/rig.start", (CHIP + SWITCH).encode())
    return image.write(path)


def board_initramfs(kernel, path):
    return board.initramfs(kernel, path, modules=(*MODULES, *roots.DISK_MODULES), start=SWITCH)


class System:
    """What a guest is asked that systemd runs."""

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


class Booted(System, Guest):
    """A Guest with this disk, which forgets what is written to it, a serial line at /dev/ttyS1 that nobody
    answers on, and the console of its systemd."""

    def __init__(self, kernel, initramfs, folder, disk, extra=(), **options):
        line = ("-chardev", "null,id=line", "-device", "isa-serial,chardev=line")
        more = [*line, *roots.drive(disk, snapshot="on"), *extra]
        super().__init__(kernel, initramfs, folder, extra=more, **options)


class BootedBoard(System, board.Board):
    """A Board with this disk, which keeps what is written to it."""

    def __init__(self, kernel, initramfs, folder, disk, **options):
        super().__init__(kernel, initramfs, folder, extra=roots.drive(disk), **options)
