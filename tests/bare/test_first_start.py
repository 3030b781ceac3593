"""The packages, installed in a machine that runs: with udev, kernel modules, a GPIO chip and a serial port.
Nothing needs a reboot or a new login."""

import pytest
from lib import booted as disks
from lib import guest as guests
from lib import kernel as kernels
from lib.availability import or_skip

KERNELS = {"trixie": "bookworm-backports"}  # the same, built so that the lines of a chip can be made for it
SLOW_S = 600
CONF = """
checkpoint { id = "ge-red-bridge"  country = "GE"  name = "Red Bridge"  office = "GE000600" }
gateway    { id = "gw1" }
uplink     { host = "127.0.0.1:1" }
bus "line" { driver = "modbus-rtu"  port = "/dev/ttyS1"  baud = 9600 }
device "mute" { bus = "line"  unit = 1  address_base = 0  point "n" { table = "holding"  address = 1 } }
device "io" { driver = "gpio"  point "loop" { line = "lane1-loop"  bias = "as-is" } }
meter "n" { value = "mute.n" }
lane "yard" { seal "wire" { loop = "io.loop" } }
"""


@pytest.fixture(scope="module")
def guest(packages, suite, rig_cache, tmp_path_factory):
    folder = tmp_path_factory.mktemp("first")
    or_skip(guests.qemu)
    kernel = or_skip(lambda: kernels.fetch(rig_cache, KERNELS.get(suite, suite)))
    image = disks.initramfs(kernel, folder / "systemd.cpio")
    debs = {"debs": packages}
    path = or_skip(lambda: disks.bare_disk(rig_cache, kernel, debs, folder / "disk.img", suite))
    made = disks.Booted(kernel, image, folder / "machine", path)
    try:
        yield made.start()
    finally:
        made.close()


def test_what_is_installed_has_its_devices_groups_and_drivers_at_once(guest):
    assert "corridord" not in guest.run("cat /etc/passwd")
    assert guest.run("stat -c %G /dev/gpiochip0").strip() == "root"
    assert "ftdi_sio" not in guest.run("cat /proc/modules")
    install = "DEBIAN_FRONTEND=noninteractive apt install /root/debs/*.deb 2>&1"
    said = guest.run(f"apt update && {install}", within_s=SLOW_S)
    assert "edit /etc/corridord/corridord.conf" in said
    assert guest.run("stat -c '%a %G' /dev/gpiochip0").strip() == "660 gpio"
    loaded = guest.run("cat /proc/modules")
    for module in disks.USB_SERIAL:
        assert module.replace("-", "_") + " " in loaded, said
    guest.put("/etc/corridord/corridord.conf", CONF)
    guest.run("systemctl start corridord")
    guest.wait_active()
    guest.until("test -e /var/lib/corridord/journal.db")
    held = guest.fds()
    assert "/dev/ttyS1" in held and any("gpio" in name for name in held), held
    assert guest.show("ActiveState", unit="corridord-clock.service")["ActiveState"] == "active"
