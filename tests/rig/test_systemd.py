"""The shipped unit, started by a real systemd as its own user, on a real kernel."""

import json
import shutil

import pytest
from conftest import BUILD, or_skip, tool
from lib import booted
from lib.debian import run
from rig import published
from rig.broker import GATEWAY, Broker
from rig.subscriber import Subscriber

PASSWORD = "/etc/corridord/secrets/mqtt-password"

CONF = """
checkpoint {{ id = "ge-red-bridge"  country = "GE"  name = "Red Bridge"  office = "GE000600" }}
gateway    {{ id = "gw1" }}
uplink     {{ host = "10.0.2.100:1883"  username = "{user}"  password_credential = "mqtt-password"  cleartext = true }}
bus "line" {{ driver = "modbus-rtu"  port = "/dev/ttyS1"  baud = 9600 }}
device "mute" {{ bus = "line"  unit = 1  address_base = 0  point "n" {{ table = "holding"  address = 1 }} }}
device "io" {{ driver = "gpio"  point "loop" {{ line = "lane1-loop"  bias = "as-is" }} }}
{more}
meter "n" {{ value = "mute.n" }}
lane "yard" {{ seal "wire" {{ loop = "io.loop" }} }}
"""
CREDENTIAL = f"[Service]\nLoadCredential=mqtt-password:{PASSWORD}\n"
PULL = "/sys/devices/platform/gpio-sim.0/gpiochip*/sim_gpio0/pull"
CGROUP = "/sys/fs/cgroup/system.slice/corridord.service/cgroup.procs"


@pytest.fixture(scope="module")
def new_machine(kernel, cache, tmp_path_factory):
    """Makes machines, started: new_machine(broker=..., more="text of the configuration")."""
    folder = tmp_path_factory.mktemp("systemd")
    image = booted.initramfs(kernel, cache / "systemd.cpio")
    made = []

    def make(broker=None, more="", **options):
        name = f"machine{len(made)}"
        files = {
            "/etc/corridord/corridord.conf": (CONF.format(user=GATEWAY[0], more=more), 0o644),
            PASSWORD: (GATEWAY[1] + "\n", 0o600),
            "/etc/systemd/system/corridord.service.d/secrets.conf": (CREDENTIAL, 0o644),
        }
        path = folder / f"{name}.img"
        or_skip(lambda: booted.disk(cache, BUILD, kernel, files, path))
        guest = booted.Booted(kernel, image, folder / name, path, broker=broker, **options)
        made.append(guest)
        return guest.start()

    yield make
    for guest in made:
        guest.close()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def site(new_machine, tmp_path_factory):
    """A broker that lets in by name alone, who listens to it, and the machine."""
    broker = Broker(tmp_path_factory.mktemp("broker")).start(anonymous=False)
    subscriber = Subscriber(broker).start()
    try:
        machine = new_machine(broker=broker)
        machine.wait_active()
        yield machine, subscriber
        published.check_events(subscriber.verified())
    finally:
        subscriber.stop()
        broker.stop()


@pytest.fixture
def machine(site):
    return site[0]


def refusals(guest, command):
    """What a shell in the unit's control group is told; root, so that rights do not matter."""
    return guest.run(f"sh -c 'echo $$ >{CGROUP}; {command}' 2>&1", check=False)


# ---- its start ----


def test_it_is_ready_as_its_own_user(machine):
    shown = machine.show("Type", "ActiveState", "NRestarts", "MainPID", "StatusText")
    assert (shown["Type"], shown["ActiveState"], shown["NRestarts"]) == ("notify", "active", "0")
    status = machine.run(f"cat /proc/{shown['MainPID']}/status")
    ids = {line.split()[0]: line.split()[1:] for line in status.splitlines() if line}
    account = machine.run("id -u corridord").strip()
    assert set(ids["Uid:"]) == {account} and account != "0"
    assert int(ids["CapEff:"][0], 16) == int(ids["CapBnd:"][0], 16) == 0
    groups = machine.run("id -Gn corridord").split()
    assert {"corridord", "dialout", "gpio"} <= set(groups)


def test_it_holds_a_line_a_serial_port_and_its_journal(machine):
    machine.until("test -e /var/lib/corridord/journal.db")
    held = machine.fds()
    assert "/var/lib/corridord/journal.db" in held
    assert "/dev/ttyS1" in held
    assert any("gpio" in name for name in held), held


def test_its_folders_are_its_own_and_closed_to_others(machine):
    shown = machine.run(
        "stat -c '%a %U:%G %n' /var/lib/corridord /run/corridord /var/lib/corridord/journal.db "
        "/etc/corridord/secrets /etc/corridord"
    )
    assert shown.splitlines() == [
        "750 corridord:corridord /var/lib/corridord",
        "750 corridord:corridord /run/corridord",
        "600 corridord:corridord /var/lib/corridord/journal.db",
        "700 root:root /etc/corridord/secrets",
        "755 root:root /etc/corridord",
    ]


def test_lines_reach_a_broker_that_wants_the_password_of_a_credential(site):
    machine, subscriber = site
    assert subscriber.wait_event("seal.opened", sensor="wire", within_s=60)["initial"]
    mark = subscriber.mark
    machine.run(f"echo pull-up >$(echo {PULL})")
    subscriber.wait_event("seal.intact", sensor="wire", since=mark)
    assert machine.run("systemctl show -p Environment corridord").strip() == "Environment="


def test_it_may_ask_whether_the_clock_is_right_and_not_set_it(site):
    machine, subscriber = site
    machine.put("/run/settime", tool("settime").read_bytes())
    machine.run("chmod 755 /run/settime; /run/settime $(date +%s)")
    assert machine.show("ActiveState", unit="corridord-clock")["ActiveState"] == "active"
    machine.until("grep -q ^disciplined /run/corridord-clock/state")
    subscriber.wait_event("clock.synced", within_s=60)
    mark = subscriber.mark
    machine.run(f"echo pull-down >$(echo {PULL})")
    told = subscriber.wait_event("seal.opened", sensor="wire", since=mark)
    assert told["occurred"]["clock"] == "synced"


def test_without_who_asks_for_it_the_clock_counts_as_lost(site):
    machine, subscriber = site
    mark = subscriber.mark
    machine.run("systemctl kill -s STOP corridord-clock")
    subscriber.wait_event("clock.unsynced", since=mark, within_s=120)
    mark = subscriber.mark
    machine.run("systemctl kill -s CONT corridord-clock")
    subscriber.wait_event("clock.synced", since=mark, within_s=120)


def test_drivers_of_serial_adapters_are_loaded_before_it(machine):
    loaded = machine.run("cat /proc/modules")
    for name in booted.USB_SERIAL:
        assert name.replace("-", "_") + " " in loaded


# ---- what it may touch ----


@pytest.mark.parametrize("device", ["/dev/gpiochip0", "/dev/ttyS0", "/dev/ttyS2", "/dev/null"])
def test_its_devices_can_be_opened(machine, device):
    code, told = refusals(machine, f": <>{device}")
    assert "Operation not permitted" not in told, told
    assert "Permission denied" not in told, told
    if device == "/dev/gpiochip0":
        assert code == 0, told
        machine.run("test $(stat -c %a:%G /dev/gpiochip0) = 660:gpio")


@pytest.mark.parametrize("device", ["/dev/vda", "/dev/mem", "/dev/kmsg", "/dev/hwrng"])
def test_no_other_device_can_be_opened_even_by_root(machine, device):
    machine.run(f": <{device}")
    code, told = refusals(machine, f": <{device}")
    assert code != 0 and "Operation not permitted" in told, told


def test_consoles_share_the_number_of_serial_ports_and_are_closed_by_their_rights(machine):
    account = "setpriv --reuid=corridord --regid=corridord --init-groups"
    code, told = machine.run(f"{account} sh -c ': <>/dev/tty1'", check=False)
    assert code != 0 and "Permission denied" in told, told
    for device in ("/dev/ttyS0", "/dev/gpiochip0"):
        machine.run(f"{account} sh -c ': <>{device}'")


# ---- its end and its return ----


def test_a_stopped_process_is_killed_by_the_watchdog_and_started_again(site):
    machine, subscriber = site
    mark = subscriber.mark
    first = machine.show("MainPID")["MainPID"]
    machine.run(f"kill -STOP {first}")
    machine.until("test $(systemctl show -P NRestarts corridord) = 1", within_s=120)
    machine.wait_active()
    shown = machine.show("MainPID")
    assert shown["MainPID"] != first
    said = machine.run("journalctl -b -u corridord --no-pager")
    assert "Watchdog timeout" in said
    subscriber.wait_event("gateway.started", since=mark)


def test_a_stop_is_in_order_and_told_at_the_latest_at_the_next_start(site):
    machine, subscriber = site
    mark = subscriber.mark
    machine.run("systemctl stop corridord")
    assert machine.show("Result")["Result"] == "success"
    machine.run("test -d /run/corridord")  # what could be written nowhere else outlives a stop
    machine.run("systemctl start corridord")
    subscriber.wait_event("gateway.stopped", since=mark)
    subscriber.wait_event("gateway.started", since=mark)


def test_what_only_memory_could_keep_outlives_a_restart_of_the_service(machine):
    machine.run("echo events >/run/corridord/kept; systemctl restart corridord")
    machine.wait_active()
    assert machine.run("cat /run/corridord/kept; rm /run/corridord/kept") == "events\n"


def test_a_worker_that_hangs_in_a_call_is_ended_by_the_watchdog(new_machine):
    """A device whose file is a pipe that nobody writes to: its thread hangs in open(). The
    machine's clocks jump over whatever time nothing happens in."""
    more = 'device "hung" { driver = "replay"  file = "/etc/corridord/pipe"  point "x" { } }\n'
    machine = new_machine(more=more, extra=["-icount", "shift=1,sleep=off", "-rtc", "clock=vm"])
    machine.wait_active()
    machine.run("mkfifo -m 644 /etc/corridord/pipe; systemctl restart --no-block corridord")
    # Each question takes processor time, in which the clocks do not jump.
    restarted = "test $(systemctl show -P NRestarts corridord) -ge 1"
    machine.until(restarted, within_s=300, every_s=1)
    for said in ('"hung" makes no progress', "Watchdog timeout"):  # the journal may be behind
        machine.until(f"journalctl -b -u corridord -o cat | grep -q '{said}'", within_s=60, every_s=1)


# ---- the unit by itself ----


# What systemd-analyze counts against it, and why it is so.
OPEN = {
    "PrivateNetwork": "it speaks to a broker and to devices",
    "RestrictAddressFamilies_AF_INET_INET6": "the same",
    "IPAddressDeny": "which addresses is the site's to say, in a drop-in",
    "RestrictAddressFamilies_AF_UNIX": "readiness and watchdog are told there",
    "PrivateDevices": "serial lines and GPIO chips",
    "DeviceAllow": "the same",
    "SupplementaryGroups": "the same",
    "ProcSubset": "the boot id",
    "RootDirectoryOrRootImage": "it is a package of the system",
}
EXPOSURE, CLOCK_EXPOSURE = 13, 5  # tenths, at most


@pytest.fixture
def installed(tmp_path):
    booted.install(tmp_path, BUILD)
    return tmp_path / "usr/lib/systemd/system"


def test_systemd_finds_no_fault_in_the_units(installed, tmp_path):
    units = []
    for path in installed.glob("corridord*.service"):
        unit = tmp_path / path.name
        unit.write_text(path.read_text().replace("=/usr/", f"={tmp_path}/usr/"))
        units.append(unit)
    assert len(units) == 2
    assert run("systemd-analyze", "verify", "--man=no", *units) == ""


def rated(unit, exposure):
    command = ("systemd-analyze", "security", "--offline=true", "--no-pager")
    run(*command, f"--threshold={exposure}", unit)
    return json.loads(run(*command, "--json=short", unit))


def test_nothing_is_open_in_the_unit_but_what_it_needs(installed):
    rows = rated(installed / "corridord.service", EXPOSURE)
    assert {row["json_field"] for row in rows if row["exposure"]} <= set(OPEN)


def test_who_asks_for_the_clock_may_do_nothing_else(installed):
    rated(installed / "corridord-clock.service", CLOCK_EXPOSURE)
