"""corridorctl, as a technician uses it at a running gateway."""

import json
import os
import pty
import pwd
import re
import select
import signal
import subprocess
import tarfile
import tempfile
import termios
import time

import pytest
from rig import conf
from rig.authority import make_authority
from rig.broker import Broker
from rig.control import Control
from rig.daemon import BUILD, ROOT
from rig.waiting import PATIENCE_S, free_port, until
from sim.lane import Lane
from sim.modbus_device import SerialServer, TcpServer, Unit

BINARY = BUILD / "corridorctl"
FINE, WARNINGS, FAULTS, FAILED = range(4)


class Ctl:
    def __init__(self, socket):
        self.socket = socket

    def run(self, *words):
        return subprocess.run(
            [BINARY, "--socket", self.socket, *words], capture_output=True, text=True, timeout=PATIENCE_S
        )

    def said(self, *words):
        return self.run(*words).stdout

    def json(self, *words):
        return json.loads(self.said("--json", *words))

    def findings(self):
        return [finding["what"] for finding in self.json("status")["findings"]]

    def wait(self, condition):
        until(condition, "what is waited for", every_s=0.3)


@pytest.fixture
def gateway(new_daemon, broker, lane):
    silent = conf.bus("lane-3", free_port()) + conf.device("boom-3", "lane-3", 3, profile="came-gard-ptx")
    return new_daemon(conf.head(broker.port) + conf.lane(lane.server.port) + silent).start()


@pytest.fixture
def ctl(gateway):
    return Ctl(gateway.folder / "control")


def test_the_status_names_what_is_wrong_and_its_exit_code_says_how_bad_it_is(ctl, lane):
    ctl.wait(lambda: any("boom-3" in what for what in ctl.findings()))
    status = ctl.run("status")
    assert status.returncode == FAULTS
    assert "ge-red-bridge/gw1" in status.stdout
    assert re.search(r'! device "boom-3" \(lane-3\): link_down: cannot connect to', status.stdout)
    assert re.search(r"^lane-1 +modbus-tcp +3 of 3", status.stdout, re.M)
    assert all(len(line) <= 80 for line in status.stdout.splitlines())
    lane.seal_read("GE-0047115")
    ctl.wait(lambda: re.search(r"^entry-1 .*closed +GE-0047115 intact 87 % +good$", ctl.said("status"), re.M))


def test_the_status_has_the_cure_as_the_log_has(new_daemon, authority, tmp_path, closing):
    """A broker of another authority: what to look at is in the one look that a technician takes."""
    port = free_port()
    extra = f"listener {port} 127.0.0.1\ncertfile {authority}/localhost.crt\nkeyfile {authority}/localhost.key\n"
    closing(Broker(tmp_path / "broker", extra=extra)).start()
    (tmp_path / "other").mkdir()
    other = make_authority(tmp_path / "other")
    head = conf.head(port, host=f"localhost:{port}").replace("uplink     {", f'uplink     {{ tls {{ ca = "{other}/ca.crt" }} ')
    ctl = Ctl(new_daemon(head + conf.counters(free_port())).start().folder / "control")
    ctl.wait(lambda: any("not issued by tls ca" in what for what in ctl.findings()))
    version = subprocess.run([BINARY, "--version"], capture_output=True, text=True, check=True).stdout.split(maxsplit=1)[1]
    begins = rf"^ge-red-bridge/gw1   {re.escape(version.strip())}   up \S.* FAULT: \d"
    assert re.search(begins, ctl.said("status"), re.M)


def dead_lane(number, port):
    text = conf.bus(f"lane-{number}", port)
    for name in f"boom-{number}", f"left-{number}", f"right-{number}":
        text += conf.device(name, f"lane-{number}", len(name), profile="came-gard-ptx")
    return text + (
        f'lane "exit-{number}" {{\n    barrier "boom" {{ status = "boom-{number}.status"  travel_time = "8s" }}\n}}\n'
    )


def test_the_status_of_many_lanes_fits_on_a_screen_with_the_faults_first(new_daemon, broker, lane):
    lane.seal_read("GE-0047115")
    text = conf.lane(lane.server.port) + "".join(dead_lane(number, free_port()) for number in range(2, 20))
    ctl = Ctl(new_daemon(conf.head(broker.port) + text).start().folder / "control")
    ctl.wait(lambda: all(device["state"] != "unknown" for device in ctl.json("devices")))
    ctl.wait(lambda: re.search(r"^entry-1 .*good$", ctl.said("status", "--all"), re.M))
    shown, whole = ctl.said("status").splitlines(), ctl.said("status", "--all").splitlines()
    assert len(shown) < 24 < len(whole)
    assert all(len(line) <= 80 for line in shown + whole)
    assert re.match(r"exit-\d+ .*UNKNOWN .*FAULT$", shown[shown.index(heading(shown, "LANE")) + 1])
    assert re.match(r"lane-([2-9]|1\d) +modbus-tcp +0 of 3", shown[shown.index(heading(shown, "BUS")) + 1])
    assert sum("of them with a fault: --all" in line for line in shown) == 2
    assert re.match(r"… and \d+ more: corridorctl status --all$", shown[-1])
    assert re.search(r"so are\s+2\s+more of it", "\n".join(shown))
    for name in [f"exit-{number}" for number in range(2, 20)] + ["entry-1"]:
        assert any(line.startswith(name) for line in whole)


def heading(lines, word):
    return next(line for line in lines if line.startswith(word + " "))


def test_a_lane_without_passages_is_shown_by_its_sensors(new_daemon, broker, lane):
    text = conf.lane(lane.server.port) + 'lane "shed" { contact "door" { input = "loop-1.presence" } }\n'
    ctl = Ctl(new_daemon(conf.head(broker.port) + text).start().folder / "control")
    ctl.wait(lambda: re.search(r"^shed +- +- +- +good$", ctl.said("status"), re.M))


def test_a_number_that_is_not_believed_says_how_to_find_the_order(new_daemon, broker, load):
    load.units[1].set(0, 2350, 0)  # 235.0, the low word first
    point = conf.register("volt", 0, type="u32", scale=0.1, min=0, max=400)
    text = conf.bus("b", load.port) + conf.device("ups", "b", 1, point, address_base=0) + 'meter "m" { value = "ups.volt"  unit = "V" }\n'
    ctl = Ctl(new_daemon(conf.head(broker.port) + text).start().folder / "control")
    ctl.wait(lambda: any("corridorctl read ups ADDRESS 2" in what for what in ctl.findings()))
    assert re.search(r"cdab \* +2350 ", ctl.said("read", "ups", "0", "2"))


def test_a_map_that_is_not_the_devices_is_seen_by_its_values(new_daemon, broker, closing):
    """The number of the seal begins one register earlier, battery and time are of other kinds."""
    reader = Unit(holding=dict.fromkeys(range(300, 360), 0))
    reader.set(300, 1)
    reader.set_text(310, "GE-0047115", 8)
    reader.set(330, 3540)
    reader.set(344, 0xF5B1, 0x00D7)
    server = closing(TcpServer({5: reader}).start())
    points = (
        conf.register("status", 300, map=["1=intact", "2=opened"])
        + conf.register("id", 311, type="string", length=8)
        + conf.register("battery", 330)
        + conf.register("sealed", 344, type="u32", scale=60)
    )
    text = conf.bus("b", server.port) + conf.device("reader", "b", 5, points, address_base=0)
    text += 'lane "l" { direction = "exit"  seal "s" { id = "reader.id"  status = "reader.status"  battery = "reader.battery"  sealed_at = "reader.sealed" } }\n'
    ctl = Ctl(new_daemon(conf.head(broker.port) + text).start().folder / "control")
    for refused in '"reader.battery": out_of_range: the device says 3540', '"reader.sealed": out_of_range':
        ctl.wait(lambda: any(refused in what for what in ctl.findings()))
    shown = ctl.said("points", "l")
    assert re.search(r"^reader.id +-0047115 ", shown, re.M) and "(3540)" in shown
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert 'text from 310: "GE-0047115"' in ctl.said("read", "reader", "300", "20")


def test_points_are_shown_of_a_device_a_lane_or_alone(ctl, lane):
    ctl.wait(lambda: ctl.run("points", "entry-1").returncode == FINE)
    lane.barrier("opening")
    ctl.wait(lambda: re.search(r"^boom-1.status +opening .*good$", ctl.said("points", "boom-1.status"), re.M))
    assert ctl.run("points", "boom-3").returncode == FAULTS
    assert "link_down" in ctl.said("points", "boom-3")
    assert all(point["name"].startswith("boom-1.") for point in ctl.json("points", "boom-1"))
    unknown = ctl.run("points", "boom-9")
    assert unknown.returncode == FAILED
    assert 'no device, lane or point "boom-9"' in unknown.stderr


def test_devices_that_do_not_answer_say_why(ctl):
    ctl.wait(lambda: re.search(r"^boom-3 +lane-3 +down .*Connection refused$", ctl.said("devices"), re.M))
    assert ctl.run("devices").returncode == FAULTS


def test_events_are_followed_in_words(ctl, lane):
    ctl.wait(lambda: ctl.run("points", "entry-1").returncode == FINE)
    follower = subprocess.Popen(
        [BINARY, "-s", ctl.socket, "events", "-f", "entry-1"], stdout=subprocess.PIPE, text=True
    )
    try:
        words = iter(("opening", "closed") * 1000)
        while not select.select([follower.stdout], [], [], 0.5)[0]:
            lane.barrier(next(words))  # until it listens
        assert re.match(r"\d\d:\d\d:\d\d\.\d{3} +entry-1 boom +barrier\.\w+, was \w+", follower.stdout.readline())
    finally:
        follower.kill()
        follower.wait()


def test_registers_are_read_between_two_polls(ctl, lane):
    ctl.wait(lambda: ctl.run("points", "entry-1").returncode == FINE)
    lane.seal_read("GE-0047115")
    read = ctl.run("read", "reader-1", "1", "28")
    assert read.returncode == FINE
    assert re.search(r"^ +3  4745  18245  18245   01000111 01000101    GE$", read.stdout, re.M)
    assert 'text from 3: "GE-0047115"' in read.stdout and "2 or 4 at a time" in read.stdout
    lane.reader.set(10, 0x6929, 0xB0C0)  # a time, the high word first
    assert re.search(r"abcd .* as a time: 2025-11-28 14:25:04 UTC", ctl.said("read", "reader-1", "11", "2"))
    lane.reader.set(10, 0, 0x4148)  # 12.5 as a real number, the low word first
    assert re.search(r"cdab .* 12\.5 \*", ctl.said("read", "reader-1", "holding", "11", "2"))
    assert ctl.json("read", "loop-1", "discrete", "3", "2")["registers"] == [0, 0]
    assert ctl.run("points", "entry-1").returncode == FINE


def test_what_cannot_be_read_says_why(ctl):
    def why(*words):
        tried = ctl.run("read", *words)
        assert tried.returncode in (FAULTS, FAILED)
        return tried.stderr

    ctl.wait(lambda: ctl.run("points", "entry-1").returncode == FINE)
    assert "has nothing at this address (exception 2)" in why("reader-1", "5000")
    assert 'no device "boom-9"' in why("boom-9", "1")
    assert "expected holding, input, coil or discrete" in why("boom-1", "houlding", "1")
    assert "counts from 1" in why("boom-1", "0")
    assert "beyond the table" in why("reader-1", "65536", "2")
    assert '"lane-3" is not there' in why("boom-3", "1")
    assert "read wants" in why("boom-1")
    assert "from 1 to 125" in why("boom-1", "101", "126")


def test_registers_are_read_without_a_daemon(lane, closing, tmp_path):
    lane.seal_read("GE-0047115")
    ctl, host = Ctl(tmp_path / "none"), f"127.0.0.1:{lane.server.port}"
    read = ctl.json("read", "--host", host, "--unit", "3", "2", "4")
    assert read["registers"][0] == 0x4745 and read["table"] == "holding"
    line = closing(Lane(serial=True)).start()
    line.seal_read("GE-0047115")
    words = ["--port", line.server.path, "--unit", "3", "--baud", "38400", "--base", "1"]
    assert ctl.json("read", *words, "holding", "3")["registers"] == [0x4745]
    nobody = ctl.run("read", *words, "--unit", "9", "3")
    assert nobody.returncode == FAULTS
    assert "unit 9: no answer in 1000 ms to holding 3: power, wiring, unit, baud, parity?" in nobody.stderr
    assert "is not there" in ctl.run("read", "--port", "/dev/ttyNone", "3").stderr
    assert "expected none, even or odd" in ctl.run("read", "--parity", "evn", "3").stderr


def found(ctl, *words):
    return ctl.json("scan", "--profiles", ROOT / "etc" / "profiles", *words)


def likeness(one):
    return [profile["profile"] for profile in one["like"]]


@pytest.fixture
def alone(tmp_path):
    return Ctl(tmp_path / "none")


def test_a_scan_finds_the_units_of_a_line_their_speed_and_their_profiles(alone, closing):
    line = closing(Lane(serial=True)).start()
    line.seal_read("GE-0047115")
    words = ["--port", line.server.path, "--unit", "1-5", "--baud", "38400", "--parity", "even"]
    boom, loop, reader = found(alone, *words)
    assert [boom["unit"], loop["unit"], reader["unit"]] == [1, 2, 3]
    assert (boom["baud"], boom["parity"]) == (38400, "even")
    assert likeness(boom) == ["came-gard-ptx"]
    assert likeness(loop) == ["proconel-ld120"] and "discrete 0" in loop["answers"]
    assert likeness(reader)[0] == "generic-seal-reader"
    said = alone.said("scan", "--profiles", ROOT / "etc" / "profiles", *words)
    assert 'baud = 38400  parity = "even"\n' in said
    assert 'device "unit-2" { bus = "line-1"  unit = 2\n    profile = "proconel-ld120" }' in said
    assert all(len(line) <= 80 for line in said.splitlines() if not line.startswith("bus"))
    folder = os.path.relpath(ROOT / "etc" / "profiles")
    assert alone.said("scan", "--profiles", folder, *words) == said


def test_the_help_fits_a_screen_of_80_columns(alone):
    assert all(len(line) <= 80 for line in alone.said("--help").splitlines())


def test_a_scan_finds_a_boom_of_unknown_unit_and_speed_and_tries_no_other_speed_then(alone, closing):
    boom = Lane().boom
    line = closing(SerialServer({37: boom}, speed=termios.B19200)).start()
    (one,) = found(alone, "--port", line.path, "--unit", "30-40", "--parity", "even")
    assert (one["unit"], one["baud"], one["parity"]) == (37, 19200, "even")
    assert likeness(one) == ["came-gard-ptx"]


def test_a_scan_finds_a_unit_that_answers_late_by_what_it_hears_then(alone, closing):
    """Nobody waits for each unit so long, at each speed."""
    boom = Lane().boom
    boom.delay_s = 0.3
    line = closing(SerialServer({41: boom}, speed=termios.B19200)).start()
    (one,) = found(alone, "--port", line.path, "--unit", "30-60", "--parity", "even")
    assert (one["unit"], one["baud"], one["parity"]) == (41, 19200, "even")


def test_a_profile_whose_number_is_another_is_not_what_the_device_looks_like(alone, closing):
    line = closing(Lane(serial=True)).start()
    line.seal_read("GE-0047115")
    words = ["--port", line.server.path, "--unit", "3", "--baud", "38400", "--parity", "even"]
    (reader,) = found(alone, *words)
    first, *others = reader["like"]
    assert first["profile"] == "generic-seal-reader" and first["fingerprint"]
    assert not any("fingerprint" in other for other in others)
    line.reader.set(0, 2)  # the version of its map
    (reader,) = found(alone, *words)
    assert "generic-seal-reader" not in likeness(reader)


def test_blocks_of_a_scan_have_the_name_of_the_bus_and_fit_on_a_screen(new_daemon, broker, closing):
    line = closing(SerialServer({2: Lane().boom})).start()
    text = f'bus "lane-7" {{ driver = "modbus-rtu"  port = "{line.path}"  baud = 9600 }}\n'
    text += conf.device("boom-1", "lane-7", 2, profile="came-gard-ptx", poll="100ms")
    ctl = Ctl(new_daemon(conf.head(broker.port) + text).start().folder / "control")
    said = ctl.said("scan", "lane-7", "--unit", "2", "--baud", "9600", "--parity", "even")
    assert 'bus "lane-7" { driver = "modbus-rtu"  baud = 9600  parity = "even"\n' in said
    assert 'device "unit-2" { bus = "lane-7"  unit = 2' in said


def test_a_scan_names_who_is_not_in_the_configuration_and_who_of_it_keeps_silent(alone, closing, tmp_path):
    line = closing(SerialServer({2: Lane().boom, 6: Lane().boom})).start()
    text = conf.head(1883) + f'bus "lane-7" {{ driver = "modbus-rtu"  port = "{line.path}"  baud = 9600 }}\n'
    text += conf.bus("other", 1502)
    for name, bus, unit in (("boom-1", "lane-7", 2), ("boom-3", "lane-7", 5), ("far", "lane-7", 9), ("loop", "other", 3)):
        text += conf.device(name, bus, unit, profile="came-gard-ptx", poll="1s")
    (tmp_path / "corridord.conf").write_text(text)
    (tmp_path / "profiles").symlink_to(ROOT / "etc" / "profiles")
    words = ["scan", "--port", line.path, "--unit", "1-7", "--baud", "9600", "--parity", "even"]
    said = alone.said("--conf", tmp_path / "corridord.conf", *words)
    assert "Not in the configuration: unit 6.\nIn the configuration, and silent: boom-3 (unit 5).\n" in said
    assert "far" not in said and "loop" not in said
    known, stranger = alone.json("--conf", tmp_path / "corridord.conf", *words)
    assert known["configured"] == "boom-1" and "configured" not in stranger
    assert "configuration" not in alone.said("--conf", "/none", *words)


def test_a_scan_that_is_broken_off_says_what_it_found_and_gives_the_line_back(new_daemon, broker, closing):
    line = closing(SerialServer({2: Lane().boom})).start()
    text = f'bus "line" {{ driver = "modbus-rtu"  port = "{line.path}"  baud = 9600 }}\n'
    text += conf.device("boom-1", "line", 2, profile="came-gard-ptx", poll="100ms")
    ctl = Ctl(new_daemon(conf.head(broker.port) + text).start().folder / "control")
    ctl.wait(lambda: [one["state"] for one in ctl.json("devices")] == ["up"])
    words = [BINARY, "-s", ctl.socket, "scan", "line"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as scan:
        ctl.wait(lambda: any("SCAN of bus" in what for what in ctl.findings()))
        requests = line.units[2].requests
        ctl.wait(lambda: line.units[2].requests > requests + 1)
        scan.send_signal(signal.SIGINT)
        said = scan.stdout.read()
    assert "Broken off: " in said and "To paste" in said and "unit = 2" in said
    ctl.wait(lambda: [one["state"] for one in ctl.json("devices")] == ["up"])
    assert "scan" not in ctl.json("status")["status"]


def test_a_scan_of_a_host_writes_a_block_that_can_be_used(alone, lane):
    said = alone.said("scan", "--host", f"127.0.0.1:{lane.server.port}", "--unit", "1-2")
    assert f'host = "127.0.0.1"  port = {lane.server.port}  unit = 1' in said


def test_a_line_that_the_daemon_has_is_lent_to_a_scan_and_given_back(new_daemon, broker, subscriber, closing):
    line = closing(Lane(serial=True)).start()
    text = (
        f'bus "line" {{ driver = "modbus-rtu"  port = "{line.server.path}"  baud = 38400  parity = "even"'
        f"  {conf.options(conf.BRISK_BUS)} }}\n" + conf.device("boom-1", "line", 1, profile="came-gard-ptx", timeout="1s", poll="100ms")
    )
    ctl = Ctl(new_daemon(conf.head(broker.port) + text).start().folder / "control")
    ctl.wait(lambda: [one["state"] for one in ctl.json("devices")] == ["up"])
    words = ["--unit", "1-3", "--baud", "38400", "--parity", "even", "--profiles", ROOT / "etc" / "profiles"]
    scan = ctl.run("--json", "scan", "line", *words)
    assert [one["unit"] for one in json.loads(scan.stdout)] == [1, 2, 3], scan.stderr
    assert 'bus "line" reads nothing meanwhile' in scan.stderr
    ctl.wait(lambda: [one["state"] for one in ctl.json("devices")] == ["up"])
    begun, ended = subscriber.wait_event("scan.begun"), subscriber.wait_event("scan.ended")
    user = pwd.getpwuid(os.getuid()).pw_name
    assert (begun["bus"], begun["officer"], ended["because"]) == ("line", user, "it is done")
    down = subscriber.wait_event("device.down", alarm="raised")
    assert down["test"] is True and "lent to a scan" in down["detail"]
    assert "scan" not in ctl.json("status")["status"]
    by_port = ctl.run("--json", "scan", "--port", line.server.path, *words)
    assert [one["unit"] for one in json.loads(by_port.stdout)] == [1, 2, 3], by_port.stderr


def test_a_line_comes_back_from_a_scan_that_was_broken_off(new_daemon, broker, subscriber, closing):
    line = closing(Lane(serial=True)).start()
    text = f'bus "line" {{ driver = "modbus-rtu"  port = "{line.server.path}"  baud = 38400  parity = "even" }}\n'
    text += conf.device("boom-1", "line", 1, profile="came-gard-ptx", timeout="1s", poll="100ms")
    gateway = new_daemon(conf.head(broker.port) + text).start()
    ctl = Ctl(gateway.folder / "control")
    ctl.wait(lambda: [one["state"] for one in ctl.json("devices")] == ["up"])
    control = Control(gateway.folder / "control")
    assert control.ask("scan", step="begin", of="line")["ok"]
    assert control.ask("scan", step="begin", of="line")["code"] == "bad_request"
    assert any("SCAN of bus" in what for what in ctl.findings())
    assert control.ask("scan", step="on", of="line")["ok"]
    assert control.ask("scan", step="lend", of="line")["code"] == "bad_request"
    control.close()
    assert "nobody said" in subscriber.wait_event("scan.ended")["because"]
    ctl.wait(lambda: [one["state"] for one in ctl.json("devices")] == ["up"])


def test_a_scan_behind_a_host_tells_a_device_that_does_not_look_at_the_unit(alone, lane, closing):
    host = f"127.0.0.1:{lane.server.port}"
    assert [one["unit"] for one in found(alone, "--host", host, "--unit", "1-4")] == [1, 2, 3]
    unit = Unit(holding={0: 7})
    single = closing(TcpServer(dict.fromkeys(range(256), unit)))
    single.start()
    (one,) = found(alone, "--host", f"127.0.0.1:{single.port}")
    assert one["unit"] == 1 and one["every_unit"] and one["answers"] == "holding 0"


def test_a_scan_that_finds_nobody_says_what_to_look_at(alone, closing):
    line = closing(Lane(serial=True)).start()
    nobody = alone.run("scan", "--port", line.server.path, "--unit", "8-9", "--baud", "9600")
    assert nobody.returncode == FAULTS and "A and B" in nobody.stdout
    for word in ("--unit", "0-3"), ("--unit", "9-3"), ("--baud", "96k"), ("--parity", "evn"):
        assert f'"{word[1]}", expected' in alone.run("scan", "--port", line.server.path, *word).stderr
    assert "--port LINE or --host HOST" in alone.run("scan").stderr
    assert "No such file" in alone.run("scan", "--port", "/dev/ttyNone").stderr


def test_a_scan_disturbs_no_other_master(alone):
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    os.write(theirs, b"")
    with subprocess.Popen(
        [BINARY, "scan", "--port", os.ttyname(theirs)], stderr=subprocess.PIPE, text=True
    ) as scan:
        until(lambda: speak(ours, scan), "it hears somebody", every_s=0.05)
        assert "somebody else speaks on this line" in scan.stderr.read()
    assert scan.returncode == FAILED
    os.close(ours), os.close(theirs)


def speak(line, listener):
    try:
        os.write(line, bytes([3, 3, 0, 100, 0, 1, 0xC4, 0x37]))
    except BlockingIOError:
        pass
    return listener.poll() is not None


def test_an_alarm_is_listed(ctl, lane):
    lane.seal_read("GE-0047115", status="tampered")
    ctl.wait(lambda: "seal.tampered" in ctl.said("alarms"))
    alarms = ctl.run("alarms")
    assert alarms.returncode == WARNINGS
    assert "critical" in alarms.stdout and "entry-1/reader/GE-0047115" in alarms.stdout


def test_an_alarm_is_acknowledged_in_the_name_of_the_user(ctl, lane, subscriber):
    lane.seal_read("GE-0047115", status="tampered")
    ctl.wait(lambda: "seal.tampered" in ctl.said("alarms"))
    done = ctl.run("ack", "1", "seen at the lane")
    assert done.returncode == FINE, done.stderr
    assert done.stdout == "seal.tampered of entry-1/reader/GE-0047115: acknowledged\n"
    word = subscriber.wait_event("alarm.acknowledged").data["acknowledged"]
    user = pwd.getpwuid(os.getuid()).pw_name
    assert (word["officer"], word["reason"], word["by"]) == (user, "seen at the lane", "control")
    assert ctl.run("alarms").returncode == FINE
    again = ctl.run("ack", "1", "seen at the lane")
    assert again.returncode == FAILED and "acknowledged before" in again.stderr
    assert "no alarm 2" in ctl.run("ack", "2", "seen").stderr
    assert "no such alarm" in ctl.run("ack", "entry-1/reader", "seal.opened", "seen").stderr


def test_who_may_only_ask_changes_nothing(new_daemon, broker, lane):
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", BINARY]
    if os.geteuid() != 0 or subprocess.run([*nobody, "--version"], check=False).returncode:
        pytest.skip("needs root, and a build that others may run")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        socket = f"{folder}/control"
        text = conf.head(broker.port).replace('control = "control"', f'control = "{socket}"')
        gateway = new_daemon(text + conf.lane(lane.server.port)).start()

        def ask(*words):
            return subprocess.run(
                [*nobody, "-s", socket, *words], capture_output=True, text=True, check=False
            )

        assert "be root, or one of the group" in ask("alarms").stderr
        os.chown(socket, 65534, 65534)
        assert ask("alarms").returncode == FINE
        tried = ask("ack", "x", "seal.opened", "why")
        assert tried.returncode == FAILED and "only root may do this" in tried.stderr
        gateway.stop()


def test_the_doctor_looks_at_the_machine_and_asks_the_daemon(ctl, gateway, broker):
    found = ctl.run("doctor", gateway.conf)
    assert "good:4deviceson2buses,1lane" in "".join(found.stdout.split())
    assert re.search(r"ok *disk[^:]*:\d+MiBfree", "".join(found.stdout.split()))
    disk = [verdict["what"] for verdict in ctl.json("doctor", gateway.conf) if verdict["about"] == "disk"]
    assert any(" sync" in what and what.startswith(str(gateway.folder)) for what in disk), disk
    assert not list(gateway.folder.glob(".doctor-*"))
    assert re.search(rf"^ ok +127.0.0.1:{broker.port} +127.0.0.1 port {broker.port} takes", found.stdout, re.M)
    assert re.search(r'^ FAULT +daemon +device "boom-3" \(lane-3\)', found.stdout, re.M)
    assert found.returncode == FAULTS
    assert all(len(line) <= 80 for line in found.stdout.splitlines())
    gateway.stop()
    broker.stop()
    alone = ctl.json("doctor", gateway.conf)
    assert {"verdict": "FAULT", "about": "daemon"}.items() <= alone[-1].items()
    assert any("Connection refused" in verdict["what"] for verdict in alone)


def test_the_doctor_names_a_port_that_the_unit_does_not_let_the_service_open(closing, tmp_path):
    line = closing(SerialServer({2: Lane().boom})).start()
    systemctl = tmp_path / "systemctl"
    (tmp_path / "c.conf").write_text(conf.head(1883) + f'bus "lane-7" {{ driver = "modbus-rtu"  port = "{line.path}" }}\n')

    def units_verdicts(*allowed):
        systemctl.write_text("#!/bin/sh\n" + "".join(f"echo DeviceAllow={one}\n" for one in allowed or [""]))
        systemctl.chmod(0o755)
        words = [BINARY, "--json", "-s", tmp_path / "none", "doctor", tmp_path / "c.conf"]
        env = dict(os.environ, PATH=f"{tmp_path}:{os.environ['PATH']}")
        said = subprocess.run(words, env=env, stdout=subprocess.PIPE, text=True).stdout
        return [one["what"] for one in json.loads(said) if one["about"] == "unit"]

    (denied,) = units_verdicts("char-ttyS rw", "char-ttyUSB rw")
    assert denied.startswith(f'{line.path}: the unit does not let the service open a "pts"')
    assert denied.endswith("DeviceAllow=char-pts rw")
    assert units_verdicts("char-pts rw") == units_verdicts("char-*") == units_verdicts(f"{line.path} rw") == []
    assert units_verdicts() == []  # it names no device: everything may be opened


def test_the_doctor_repeats_what_the_check_says(tmp_path):
    bad = tmp_path / "bad.conf"
    bad.write_text('checkpoint { id = "unnamed" }\ngateway { id = "gw" }\nuplink { host = "no.such.host.invalid" }\n')
    said = Ctl(tmp_path / "none").said("doctor", bad)
    assert re.search(r'^ warn +configuration +checkpoint: id is still "unnamed"', said, re.M)
    assert re.search(r"^ FAULT +no.such.host", said, re.M)
    bad.write_text("checkpoint { }\n")
    said = Ctl(tmp_path / "none").said("doctor", bad)
    assert re.search(r"^ FAULT +configuration", said, re.M)


def test_who_cannot_be_reached_is_said_with_the_cure(tmp_path):
    nobody = Ctl(tmp_path / "none").run("status")
    assert nobody.returncode == FAILED
    assert "no corridord listens there: systemctl status corridord" in nobody.stderr
    assert Ctl(tmp_path / "none").run("dance").returncode == FAILED
    assert Ctl(tmp_path / "none").run().returncode == FAILED


def test_it_links_neither_the_database_nor_the_network():
    linked = subprocess.run(["readelf", "-d", BINARY], capture_output=True, text=True, check=True).stdout
    assert not re.search("sqlite|mosquitto|ssl|gpiod", linked)


class Terminal:
    """80 columns and 24 lines, on which the program draws."""

    def __init__(self, *command):
        self.fd, its_own = pty.openpty()
        self.process = subprocess.Popen(
            command, stdin=its_own, stdout=its_own, stderr=its_own, start_new_session=True
        )
        os.close(its_own)
        self.text = ""

    def wait_for(self, word):
        deadline = time.monotonic() + PATIENCE_S
        while word not in self.text:
            assert time.monotonic() < deadline, self.text
            if select.select([self.fd], [], [], 0.5)[0]:
                self.text += os.read(self.fd, 65536).decode(errors="replace")

    def end(self, key):
        os.write(self.fd, key)
        try:
            while os.read(self.fd, 65536):
                pass
        except OSError:  # it has closed its end
            pass
        os.close(self.fd)
        return self.process.wait(PATIENCE_S)


def test_what_is_watched_changes_on_the_screen_and_nothing_else_is_sent(ctl, lane):
    ctl.wait(lambda: ctl.run("points", "entry-1").returncode == FINE)
    terminal = Terminal(str(BINARY), "-s", str(ctl.socket), "watch", "entry-1")
    terminal.wait_for("loop-1.presence")
    terminal.text = ""
    lane.barrier("opening")
    terminal.wait_for("barrier.opening")
    assert "POINT  " not in terminal.text
    assert terminal.end(b"q") == FINE


def test_the_manual_and_the_completion_know_every_command():
    usage = subprocess.run([BINARY, "--help"], capture_output=True, text=True, check=True).stdout
    commands = re.findall(r"^  (\w+)\b", usage, re.M)
    manual = (ROOT / "doc/corridorctl.1").read_text()
    completion = (ROOT / "ctl/corridorctl.bash").read_text()
    assert len(commands) >= 6
    for command in commands:
        assert re.search(rf"^\.B[R]? {command}\b", manual, re.M)
        assert re.search(rf"\b{command}\b", completion)


def test_a_bundle_has_what_helps_and_no_secret(ctl, gateway, lane, tmp_path):
    lane.seal_read("GE-0047115")
    ctl.wait(lambda: "intact" in ctl.said("points", "entry-1"))
    made = subprocess.run(
        [BINARY, "--socket", ctl.socket, "bundle", gateway.conf],
        capture_output=True, text=True, timeout=PATIENCE_S, cwd=tmp_path,
    )  # fmt: skip
    assert made.returncode == FINE, made.stderr
    (file,) = tmp_path.glob("corridord-*.tar.gz")
    assert file.stat().st_mode & 0o777 == 0o600
    with tarfile.open(file) as packed:
        held = {name.removeprefix("./"): packed.extractfile(name).read().decode(errors="replace")
                for name in packed.getnames() if name != "."}  # fmt: skip
    assert json.loads(held["status.json"])["checkpoint"] == "ge-red-bridge"
    assert any(point["name"] == "reader-1.seal-id" for point in json.loads(held["points.json"]))
    assert 'device "boom-3"' in held["configuration.txt"]
    assert "devices on" in held["check.txt"]
    assert {"log.txt", "disks.txt", "clock.txt", "kernel.txt"} <= set(held)
    assert not any("there is no method" in text for text in held.values())
    assert "journal" in json.loads(held["metrics.json"]) and "no block" in held["registry.json"]


def test_without_a_daemon_a_bundle_has_the_rest(alone, tmp_path):
    made = subprocess.run(
        [BINARY, "--socket", alone.socket, "bundle", "/dev/null"],
        capture_output=True, text=True, timeout=PATIENCE_S, cwd=tmp_path,
    )  # fmt: skip
    assert made.returncode == FINE, made.stderr
    assert list(tmp_path.glob("corridord-*.tar.gz"))
