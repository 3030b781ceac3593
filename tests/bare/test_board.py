"""The packages for arm64, in a board of that processor that Debian's own systemd runs: each step as the README and
doc/operations.md write it, with real power cuts. One gateway's story: each test goes on from the one before."""

import pytest
from evidence import nothing_is_lost
from lib import board as boards
from lib import booted as disks
from lib.availability import or_skip
from lib.guest import BROKER
from machine import HOME
from newer import VERSION
from newer import packages as newer_packages
from rig import conf
from rig.broker import Broker
from rig.subscriber import Subscriber
from written import repairs, said_in_line, steps

STATE = "/var/lib/corridord"
CHANGES = 6
WARNINGS = 1  # corridorctl's: a network without TLS, a clock that nobody sets
SLOW_S = 1800  # a patience: an emulated processor, on a machine that does other things besides
CONF = f"""
device "io" {{
    driver = "gpio"  chip = "{boards.CHIP}"  point "door" {{ offset = 0  bias = "as-is"  chatter_edges = 0 }}
}}
lane "entry-1" {{ contact "door" {{ input = "io.door"  severity = "info" }} }}
"""


def is_move(event):
    return event["type"].startswith("contact.")


class Site:
    """The board, a broker, who listens; and the door of a lane, a line of the board's own chip."""

    def __init__(self, board, broker, subscriber):
        self.board, self.broker, self.subscriber = board, broker, subscriber
        self.is_closed = False
        self.killed = 0  # times

    def conf(self):
        journal = {"path": f"{STATE}/journal.db", "fallback": "/run/corridord/journal.db"}
        at = {"host": ":".join(map(str, BROKER)), "cleartext": True}
        gateway = {"control": "/run/corridord/control"}
        return conf.head(0, journal=journal, gateway=gateway, **at) + CONF

    def run(self, command):
        there = "cd /root; export DEBIAN_FRONTEND=noninteractive"
        return self.board.run(f"{there}; {{ {command}; }} 2>&1", within_s=SLOW_S)

    def type(self, step):
        """A line of the README, which root needs no sudo for."""
        step = step.removeprefix("make deb && ").replace("sudo ", "")
        if step.startswith("sudoedit "):
            self.board.put(step.split()[1], self.conf())
            return ""
        if " watch " in step:  # until somebody ends it
            step = f"TERM=xterm timeout 20 script -qec '{step}' /dev/null || [ $? = 124 ]"
        elif step.startswith("corridorctl "):
            step = f"{step} || [ $? = {WARNINGS} ]"
        return self.run(step.replace("journalctl -fu", "journalctl -u"))

    def power_cut(self):
        self.board.cut()
        self.killed += 1
        self.board.start()
        self.is_closed = False  # as lines are that nothing drives

    def cut_within_an_upgrade(self):
        """What is in the memory of the machine goes: dpkg's files too, as far as they are nowhere else."""
        newer = "/root/newer/corridord_*.deb /root/newer/corridorctl_*.deb"
        upgrade = f"apt -o APT::Status-Fd=4 install {newer}"
        quiet = "DEBIAN_FRONTEND=noninteractive"
        self.board.run(f"{quiet} nohup {upgrade} </dev/null >/root/apt.log 4>/dev/console 2>&1 &")
        self.board.wait_console("Unpacking corridord ", within_s=SLOW_S)
        self.power_cut()
        self.board.wait_active(within_s=SLOW_S)
        for step in repairs("/root/newer"):
            self.run(step)

    def step_back(self):
        older = "/root/build/deb/corridord_*.deb /root/build/deb/corridorctl_*.deb"
        self.run(f"apt install --allow-downgrades {older}")
        assert self.version() == "0.1.0"

    def move(self, times=1):
        """Each until it is an event in the journal."""
        count = "corridorctl export | grep -c '\"type\":\"contact'"
        for _ in range(times):
            before = int(self.run(f"{count} || true"))
            self.is_closed = not self.is_closed
            self.board.set_line(0, self.is_closed)
            self.board.until(f"test $({count}) -gt {before}", within_s=SLOW_S)

    def goes_on(self, mark):
        """It captures, and the broker hears of it."""
        self.board.wait_active(within_s=SLOW_S)
        self.subscriber.wait_event("gateway.started", since=mark, within_s=SLOW_S)
        for _ in range(2):
            self.move()
            moved = "contact.normal" if self.is_closed else "contact.info"
            self.subscriber.wait_new_event(moved, mark, within_s=SLOW_S)
        return nothing_is_lost(self.subscriber, self.killed)

    def check_backlog_outlives(self, what):
        """Events that no broker has taken, and whatever is done to the gateway."""
        mark = self.subscriber.mark
        self.broker.freeze()
        self.move(CHANGES)
        what()
        self.broker.thaw()
        events = self.goes_on(mark)
        assert len([e for e in events if is_move(e) and e.message.order >= mark]) > CHANGES

    def version(self):
        return self.run("corridord --version").split()[1]


@pytest.fixture(scope="module")
def site(crossed, suite, rig_cache, tmp_path_factory):
    folder = tmp_path_factory.mktemp("board")
    kernel = or_skip(lambda: boards.fetch(rig_cache, suite))
    machine = crossed("arm64")
    debs = {"build/deb": machine.path(f"{HOME}/build/deb"), "newer": newer_packages(machine, "arm64")}
    image = disks.board_initramfs(kernel, folder / "board.cpio")
    disk = or_skip(
        lambda: disks.bare_disk(rig_cache, kernel, debs, folder / "disk.img", suite, "arm64")
    )
    broker = Broker(folder / "broker").start()
    subscriber = Subscriber(broker).start()
    board = disks.BootedBoard(kernel, image, folder / "machine", disk, broker=broker)
    try:
        or_skip(board.start)
        board.run("apt update 2>&1", within_s=SLOW_S)
        yield Site(board, broker, subscriber)
    finally:
        subscriber.stop()
        board.close()
        broker.thaw()
        broker.stop()


# ---- the README's steps ----


def test_the_steps_of_the_readme_lead_to_a_gateway_that_runs(site):
    assert "corridord" not in site.run("cat /etc/passwd")
    assert site.run("stat -c %G /dev/gpiochip0").strip() == "root"
    for step in steps("README.md", "A real lane"):
        said = site.type(step)
        if "install" in step:
            assert "edit /etc/corridord/corridord.conf" in said, said
    site.goes_on(0)
    assert site.version() == "0.1.0"


def test_nothing_needed_a_reboot(site):
    """Groups of the chip, drivers of serial adapters, the helper that asks for the clock."""
    assert site.run("stat -c '%a %G' /dev/gpiochip0").strip() == "660 gpio"
    loaded = site.run("cat /proc/modules")
    for module in disks.USB_SERIAL:
        assert module.replace("-", "_") + " " in loaded
    assert site.board.show("ActiveState", unit="corridord-clock.service")["ActiveState"] == "active"


def test_a_power_cut_loses_nothing(site):
    site.check_backlog_outlives(site.power_cut)


# ---- what doc/operations.md says of later ----


def test_an_upgrade_loses_nothing(site):
    mark = site.subscriber.mark
    site.run("apt install /root/newer/corridord_*.deb /root/newer/corridorctl_*.deb")
    assert site.version() == VERSION
    site.goes_on(mark)


def test_a_power_cut_after_it_loses_nothing(site):
    site.check_backlog_outlives(site.power_cut)


def test_a_step_back_loses_nothing(site):
    mark = site.subscriber.mark
    site.step_back()
    site.goes_on(mark)


def test_a_power_cut_within_an_upgrade_loses_nothing(site):
    site.check_backlog_outlives(site.cut_within_an_upgrade)
    assert site.version() == VERSION
    assert site.run("dpkg --audit") == ""
    mark = site.subscriber.mark
    site.step_back()
    site.goes_on(mark)


def test_what_is_removed_leaves_its_evidence_and_goes_on_with_it(site):
    again = "apt install /root/build/deb/corridord_*.deb && systemctl start corridord"
    site.check_backlog_outlives(lambda: site.run(f"apt remove corridord && {again}"))


def test_evidence_is_deleted_only_when_that_is_said(site):
    said = site.run("apt purge corridord")
    assert f"{STATE} is left: it holds evidence" in said
    site.run(f"test -e {STATE}/journal.db && test ! -e /etc/corridord/corridord.conf")
    site.run("apt install /root/build/deb/corridord_*.deb")
    site.run(said_in_line("doc/operations.md", "debconf-set-selections"))
    site.run("apt purge corridord corridorctl")
    left = "find / -xdev -name '*corridor*' -not -path '/root/*' -not -path '/var/log/*'"
    assert not [name for name in site.run(left).split() if "/etc/systemd/system" not in name]
