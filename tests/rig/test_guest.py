"""The rig itself: a guest boots, takes commands, and can be cut off."""

import pytest
from lib import guest as guests
from lib.initramfs import Initramfs


@pytest.fixture(scope="module")
def plain(kernel, cache):
    image = Initramfs()
    image.modules(kernel, guests.MODULES)
    return image.write(cache / "plain.cpio")


def test_a_guest_boots_and_runs_commands(new_guest, plain):
    guest = new_guest(plain).start()
    assert guest.run("uname -r").strip() == guest.kernel.version
    assert guest.run("false", check=False) == (1, "")
    with pytest.raises(guests.CommandFailed, match="exit code 3"):
        guest.run("exit 3")
    guest.put("/tmp/a folder/file", "text\n" * 20000)
    assert guest.get("/tmp/a folder/file") == b"text\n" * 20000
    guest.run("echo said on the console >/dev/console")
    guest.wait_console("said on the console")
    guest.power_off()
    assert not guest.running()


def test_a_guest_starts_again_after_a_cut(new_guest, plain):
    guest = new_guest(plain).start()
    guest.put("/tmp/file", "gone")
    guest.cut()
    guest.start()
    assert guest.run("test -e /tmp/file", check=False)[0] == 1


def test_a_guest_reaches_the_broker_and_nothing_else(new_guest, plain, broker):
    guest = new_guest(plain, broker=broker).start()
    guest.run("nc -w 5 10.0.2.100 1883 </dev/null")
    assert guest.run("nc -w 2 10.0.2.2 %d </dev/null" % broker.port, check=False)[0] != 0


def test_a_guest_has_the_date_it_is_given(new_guest, plain):
    guest = new_guest(plain, rtc="1970-01-01T00:00:00").start()
    assert guest.run("date +%Y").strip() == "1970"
