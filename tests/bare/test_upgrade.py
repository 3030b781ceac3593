"""What happens to evidence when packages change under a running gateway: apt, the maintainer
scripts, systemd, a broker that is there, away, or frozen. One gateway's story: each test goes on from
the one before."""

import shutil

import pytest
from booted import APT
from evidence import nothing_is_lost
from newer import VERSION
from rig import conf
from rig.broker import GATEWAY, Broker
from rig.readings import Readings
from rig.subscriber import Subscriber
from rig.waiting import until
from written import repairs, steps

STATE = "/var/lib/corridord"
SECRET = "/etc/corridord/secrets/mqtt-password"
CREDENTIAL = f"[Service]\nLoadCredential=mqtt-password:{SECRET}\n"
BACKLOG = 200  # events, at least


class Site:
    """A gateway without packages yet, the counters that it will read, a broker, who listens."""

    def __init__(self, booted, folder):
        self.booted = booted
        # On a machine that does other things besides, answers and syncs are late.
        self.readings = Readings(stale_after="60s").start()
        self.broker = Broker(folder).start(anonymous=False)
        self.subscriber = Subscriber(self.broker).start()
        self.killed = 0  # times

    def close(self):
        self.subscriber.stop()
        self.broker.thaw()
        self.broker.stop()
        self.readings.close()

    def conf(self):
        there = {"path": f"{STATE}/journal.db", "fallback": "/run/corridord/journal.db"}
        login = {"username": GATEWAY[0], "password_credential": "mqtt-password"}
        head = conf.head(
            self.broker.port, journal=there, gateway={"control": "/run/corridord/control"}, **login
        )
        return head + self.readings.conf()

    def apt(self, command):
        code, said = self.booted.run(f"{APT} {command}")
        assert code == 0, f"apt-get {command}: {said[-4000:]}"
        return said

    def install(self, folder, more=""):
        """All packages of a folder of this machine."""
        self.bring(folder)
        return self.apt(f"install {more} /root/debs/*.deb")

    def bring(self, folder):
        there = self.booted.path("/root/debs")
        shutil.rmtree(there, ignore_errors=True)
        shutil.copytree(folder, there, ignore=shutil.ignore_patterns("*dbgsym*"))

    def cut_within(self, moment):
        """The power fails when apt says this of an installation; then it is back."""
        told = self.booted.path("/root/apt.told")
        told.write_text("")
        install = f"{APT} -o APT::Status-Fd=9 install /root/debs/*.deb 9>/root/apt.told"
        begun = self.booted.begin(install)
        until(lambda: moment in told.read_text(), lambda: f"{moment}: {told.read_text()}", every_s=0.002)
        self.power_cut()
        begun.communicate()

    def power_cut(self):
        """Every process of the machine is killed at once, and it starts by itself with the machine."""
        self.booted.close()
        self.killed += 1
        self.booted.start()

    def repair(self):
        """As the operations' page says."""
        for step in repairs("/root/debs"):
            code, said = self.booted.run(f"DEBIAN_FRONTEND=noninteractive {step}")
            assert code == 0, f"{step}: {said[-4000:]}"

    def version(self):
        return self.booted.run("corridord --version")[1].split()[1]

    def additions(self):
        """To the form of the journal's file, as its last daemon but one left it: the present one
        has all that is new in the log, and lets nobody else open it."""
        head = self.booted.path(f"{STATE}/journal.db").read_bytes()[:100]
        return int.from_bytes(head[60:64], "big") >> 16

    def wait_running(self):
        self.booted.until("systemctl is-active -q corridord", "it runs")
        assert self.booted.show("NRestarts") == "0", self.booted.logged()

    def gather(self):
        """Until there is a backlog of some size."""
        enough = self.readings.unit.requests + BACKLOG
        self.subscriber.wait(lambda: self.readings.unit.requests >= enough, "a backlog")

    def check_nothing_is_lost(self):
        return nothing_is_lost(self.subscriber, self.killed)


@pytest.fixture(scope="module")
def site(booted, tmp_path_factory):
    made = Site(booted, tmp_path_factory.mktemp("broker"))
    yield made
    made.close()


def goes_on(site, mark):
    """It counts, and the broker hears of it."""
    site.subscriber.wait_event("gateway.started", since=mark)
    site.subscriber.wait_new_event("meter.value", mark)
    site.wait_running()


# ---- installed ----


def test_the_first_installation_starts_nothing_and_one_edited_file_is_enough(site, packages):
    said = site.install(packages)
    assert "edit /etc/corridord/corridord.conf" in said
    assert site.booted.show("ActiveState") == "inactive"
    assert site.booted.run("systemctl is-enabled corridord")[1] == "enabled\n"
    site.booted.path("/etc/corridord/corridord.conf").write_text(site.conf())
    site.booted.path(SECRET).write_text(GATEWAY[1] + "\n")
    dropin = site.booted.path("/etc/systemd/system/corridord.service.d/secrets.conf")
    dropin.parent.mkdir()
    dropin.write_text(CREDENTIAL)
    start = "corridord -n && systemctl daemon-reload && systemctl start corridord"
    code, said = site.booted.run(start)
    assert code == 0, said + site.booted.logged()
    goes_on(site, 0)


def test_it_runs_as_its_own_user_in_its_own_groups_and_folders(site):
    pid = site.booted.show("MainPID")
    assert site.booted.run(f"stat -c %U /proc/{pid}")[1] == "corridord\n"
    groups = site.booted.run(f"sed -n 's/^Groups:[[:space:]]*//p' /proc/{pid}/status")[1].split()
    wanted = site.booted.run("getent group corridord dialout gpio | cut -d: -f3")[1].split()
    assert set(wanted) <= set(groups)
    folders = f"{STATE} /run/corridord /etc/corridord /etc/corridord/secrets {STATE}/journal.db"
    rights = site.booted.run(f"stat -c '%a %U:%G' {folders}")[1].splitlines()
    assert rights == [
        "750 corridord:corridord",
        "750 corridord:corridord",
        "755 root:root",
        "700 root:root",
        "600 corridord:corridord",
    ]
    assert site.booted.show("ActiveState", "corridord-clock.service") == "active"


def test_the_password_is_a_credential_and_nowhere_else(site):
    pid = site.booted.show("MainPID")
    given = site.booted.run("cat /run/credentials/corridord.service/mqtt-password")[1]
    assert given == f"{GATEWAY[1]}\n"
    shown = f"/proc/{pid}/environ /proc/{pid}/cmdline /etc/corridord/corridord.conf"
    everything = f"cat {shown}; journalctl -o cat"
    assert GATEWAY[1] not in site.booted.run(everything)[1]


def test_what_the_readme_types_without_sudo_is_for_everybody(site):
    plain = [step for step in steps("README.md", "A real lane") if "sudo" not in step]
    assert "corridord -n" in plain
    for step in plain:
        as_anybody = f"setpriv --reuid=nobody --regid=nogroup --clear-groups timeout 20 {step}"
        code, said = site.booted.run(as_anybody)
        assert code == 0, f"{step}: {said}"


# ---- upgraded and taken back, while it works ----


def test_an_upgrade_with_a_running_link_loses_nothing(site, newer):
    mark = site.subscriber.mark
    assert site.version() == "0.1.0"
    site.install(newer)
    assert site.version() == VERSION
    goes_on(site, mark)
    told = site.subscriber.wait_event("gateway.started", since=mark)
    assert told["observed"]["version"].startswith(VERSION)
    site.check_nothing_is_lost()


def test_a_downgrade_loses_nothing_and_leaves_what_the_newer_one_added(site, packages):
    mark = site.subscriber.mark
    before = site.additions()
    site.install(packages, "--allow-downgrades")
    assert site.version() == "0.1.0"
    goes_on(site, mark)
    site.check_nothing_is_lost()
    assert site.additions() == before + 1
    mark = site.subscriber.mark
    site.booted.run("systemctl restart corridord")
    goes_on(site, mark)
    assert site.additions() == before + 1


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_backlog_outlives_the_change_of_version(site, packages, newer, direction):
    mark = site.subscriber.mark
    site.broker.freeze()
    site.gather()
    site.install(*((newer,) if direction == "up" else (packages, "--allow-downgrades")))
    site.wait_running()
    site.gather()
    site.broker.thaw()
    goes_on(site, mark)
    events = site.check_nothing_is_lost()
    assert len([e for e in events if e.message.order >= mark]) > BACKLOG


def test_an_upgrade_that_stops_half_way_goes_on_with_the_old_one(site, newer, packages):
    """Files are there, and nothing was restarted: the old daemon finds the new one's uplink."""
    mark = site.subscriber.mark
    pid = int(site.booted.show("MainPID"))
    site.bring(newer)
    code, said = site.booted.run("dpkg --unpack /root/debs/corridord_*.deb")
    assert code == 0, said
    kill = "grep -q uplin /proc/$p/comm && kill -9 $p"
    site.booted.run(f"for p in $(cat /proc/{pid}/task/*/children); do {kill}; done")
    refused = f"corridord-uplink {VERSION}.* started by corridord 0.1.0"
    site.booted.until(f"journalctl -u corridord -o cat | grep -q '{refused}'", "it refuses the other")
    site.gather()
    assert int(site.booted.show("MainPID")) == pid
    code, said = site.booted.run("dpkg --configure -a")
    assert code == 0, said
    goes_on(site, mark)
    site.check_nothing_is_lost()
    mark = site.subscriber.mark
    site.install(packages, "--allow-downgrades")
    goes_on(site, mark)


# As apt says them, in this order. When it is at the last the daemon was restarted, or is just being.
MOMENTS = ("Unpacking corridord ", "Configuring corridord ", "Installed corridord ")


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_power_cut_within_an_upgrade_loses_nothing(site, newer, packages, moment):
    """What is found on the disk then captures by itself; two lines to type do the rest."""
    mark = site.subscriber.mark
    site.broker.freeze()
    site.gather()
    site.bring(newer)
    site.cut_within(moment)
    site.wait_running()
    site.gather()
    site.repair()
    site.wait_running()
    assert site.version() == VERSION
    assert site.booted.run("dpkg --audit")[1] == ""
    site.gather()
    site.broker.thaw()
    goes_on(site, mark)
    events = site.check_nothing_is_lost()
    assert len([e for e in events if e.message.order >= mark]) > BACKLOG
    mark = site.subscriber.mark
    site.install(packages, "--allow-downgrades")
    goes_on(site, mark)


def test_a_power_cut_after_an_upgrade_is_as_any_other(site, newer, packages):
    mark = site.subscriber.mark
    site.install(newer)
    goes_on(site, mark)
    site.broker.freeze()
    site.gather()
    mark = site.subscriber.mark
    site.power_cut()
    site.broker.thaw()
    goes_on(site, mark)
    site.check_nothing_is_lost()
    mark = site.subscriber.mark
    site.install(packages, "--allow-downgrades")
    goes_on(site, mark)


# ---- the service that the package installs ----


def test_systemd_rates_the_units_as_safe_as_they_can_be(site):
    for unit, tenths in (("corridord", 13), ("corridord-clock", 5)):
        path = site.booted.show("FragmentPath", f"{unit}.service")
        rate = f"systemd-analyze security --offline=true --no-pager --threshold={tenths} {path}"
        code, said = site.booted.run(rate)
        assert code == 0, said


def test_its_limits_are_in_effect(site):
    def shown(name):
        return site.booted.show(name)

    assert shown("MemoryMax") == str(128 << 20)
    assert shown("WatchdogUSec") == "30s" and int(shown("WatchdogTimestampMonotonic")) > 0
    assert shown("OOMPolicy") == "continue" and shown("TasksMax") == "256"
    # What floods the log is journald's to stop, as for everybody else.
    assert shown("LogRateLimitIntervalUSec") == shown("LogRateLimitBurst") == "0"


def test_it_is_started_again_however_often_it_dies(site):
    """Five times in ten seconds is where systemd gives up, unless told otherwise."""
    mark = site.subscriber.mark
    for times in range(1, 9):
        site.killed += 1
        pid = site.booted.show("MainPID")
        site.booted.run(f"kill -9 {pid}")
        counted = f"test $(systemctl show --value -p NRestarts corridord) = {times}"
        site.booted.until(f"{counted} && systemctl is-active -q corridord", f"restart {times}")
    site.subscriber.wait_new_event("meter.value", mark)
    mark = site.subscriber.mark
    site.booted.run("systemctl restart corridord")  # which counts from nothing again
    goes_on(site, mark)


# ---- removed ----


def test_a_backlog_outlives_the_removal_of_the_package(site, packages):
    mark = site.subscriber.mark
    site.broker.freeze()
    site.gather()
    site.apt("remove corridord")
    assert site.booted.show("ActiveState") == "inactive"
    site.broker.thaw()
    site.install(packages)
    site.booted.run("systemctl start corridord")
    goes_on(site, mark)
    assert len([e for e in site.check_nothing_is_lost() if e.message.order >= mark]) > BACKLOG


def test_a_purge_without_an_answer_leaves_evidence_that_is_gone_on_with(site, packages):
    mark = site.subscriber.mark
    site.broker.freeze()
    site.gather()
    said = site.apt("purge corridord")
    assert f"{STATE} is left: it holds evidence" in said
    assert not site.booted.path("/etc/corridord/corridord.conf").exists()
    site.broker.thaw()
    site.install(packages)
    site.booted.path("/etc/corridord/corridord.conf").write_text(site.conf())
    site.booted.run("systemctl start corridord")
    goes_on(site, mark)
    assert len([e for e in site.check_nothing_is_lost() if e.message.order >= mark]) > BACKLOG


def test_a_purge_asks_whoever_sits_at_a_terminal(site, packages):
    purge = "DEBIAN_FRONTEND=readline apt-get -y purge corridord"
    code, said = site.booted.answer(purge, "[yes/no]", "no")
    assert code == 0 and "Delete the journal of corridord" in said, said
    assert site.booted.path(f"{STATE}/journal.db").exists()
    site.install(packages)


def test_evidence_goes_when_that_is_said_and_nothing_is_left_behind(site):
    answer = "corridord corridord/purge-evidence boolean true"
    site.booted.run(f"echo {answer} | debconf-set-selections")
    site.apt("purge corridord corridorctl corridor-verify")
    passed_over = " ".join(f"-not -path '{p}/*'" for p in ("/root", "/home", "/proc", "/var/log"))
    found = site.booted.run(f"find / -xdev -name '*corridor*' {passed_over}")[1].split()
    # The drop-in and the secret are the administrator's; what is enabled is remembered by Debian.
    theirs = ("/etc/systemd/system/corridord.service.d", "/etc/corridord")
    assert not [name for name in found if not name.startswith(theirs)], found
