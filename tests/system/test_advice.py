"""What -n says beside what is wrong: of buses, of lanes; and which serial ports the unit lets through."""

import os
import pathlib
import pty
import re
import subprocess

import pytest
from rig.daemon import BINARY, ROOT

SITE = 'checkpoint { id = "cp" }\ngateway { id = "gw" }\nuplink { host = "127.0.0.1" }\n'
POINT = 'point "p" { table = "holding" address = 0 }'

# As the kernel names the devices of its serial drivers: boards with i.MX, Layerscape, STM32, OMAP,
# Zynq, SC16IS7xx, PL011, Exar USB and 8250 ports, USB adapters.
SERIAL = "ttyS ttyAMA ttyUSB ttyACM ttymxc ttyLP ttySTM ttyO ttyPS ttySC ttyXRUSB".split()


def check(folder, text):
    (folder / "main.conf").write_text(SITE + text)
    ran = subprocess.run(
        [BINARY, "-n", "-c", "main.conf"],
        cwd=folder,
        text=True,
        capture_output=True,
        check=False,
    )
    return ran.returncode, ran.stderr + ran.stdout


def device(name, bus, unit, more=""):
    return f'device "{name}" {{ {bus} unit = {unit} address_base = 0 {more} {POINT} }}\n'


def test_two_buses_on_one_line_are_refused(tmp_path):
    buses = "".join(f'bus "{b}" {{ driver = "modbus-rtu" port = "/dev/ttyX1" }}\n' for b in "ab")
    code, said = check(tmp_path, buses + device("c", 'bus = "a"', 1) + device("d", 'bus = "b"', 2))
    assert code == 78
    assert '"b": "a" has /dev/ttyX1 already' in said


def test_two_names_of_one_line_are_one_line(tmp_path):
    (tmp_path / "by-path").symlink_to("/dev/null")
    ports = {"a": "/dev/null", "b": tmp_path / "by-path"}
    buses = "".join(f'bus "{b}" {{ driver = "modbus-rtu" port = "{port}" }}\n' for b, port in ports.items())
    code, said = check(tmp_path, buses + device("c", 'bus = "a"', 1) + device("d", 'bus = "b"', 2))
    assert code == 78
    assert f'"b": "a" has {ports["b"]} already, as /dev/null' in said


@pytest.mark.parametrize(
    "text, words",
    [
        (
            'bus "a" { driver = "modbus-rtu" port = "/dev/ttyX1" }\n' + device("c", 'bus = "a"', 1),
            '"a": note: /dev/ttyX1 is not there now',
        ),
        (
            'bus "a" { driver = "modbus-rtu" port = "/dev/ttyUSB97" }\n' + device("c", 'bus = "a"', 1),
            "/dev/ttyUSB97 may be another adapter after a restart: use /dev/serial/by-path/...",
        ),
        (
            'bus "a" { driver = "modbus-tcp" host = "127.0.0.1" }\n'
            + device("c", 'bus = "a"', 4)
            + device("d", 'bus = "a"', 4),
            'device "d": note: unit 4 is "c", too',
        ),
        (
            device("c", 'driver = "modbus-tcp" host = "127.0.0.1"', 1)
            + device("d", 'driver = "modbus-tcp" host = "127.0.0.1"', 2),
            '"d": note: "c" has a connection to 127.0.0.1:502, too',
        ),
        (
            'bus "a" { driver = "modbus-rtu" port = "/dev/null" baud = 9600 }\n'
            + device("c", 'bus = "a"', 1, "poll = 5ms"),
            "need 504 % of the line's time",
        ),
        (
            'bus "a" { driver = "modbus-tcp" host = "127.0.0.1" down_share = 0.1 }\n'
            + device("c", 'bus = "a"', 1, "poll = 100ms")
            + "".join(device(f"d{n}", 'bus = "a"', n, "timeout = 500ms") for n in range(2, 12)),
            "all of its 11 devices silent but one, each is asked within 50 s, not within retry_max (30 s)",
        ),
    ],
    ids=["a line that is not there", "a number for a line", "a unit twice", "two connections", "polls that do not fit", "many silent"],
)
def test_what_may_be_meant_so_is_noted(tmp_path, text, words):
    code, said = check(tmp_path, text)
    assert code == 0
    assert words in said


def test_nothing_is_noted_of_what_is_right(tmp_path):
    text = 'bus "a" { driver = "modbus-tcp" host = "127.0.0.1" }\n' + device("c", 'bus = "a"', 1)
    assert check(tmp_path, text)[1].startswith("main.conf: good")


LANES = """
bus "a" { driver = "modbus-tcp" host = "127.0.0.1" }
device "io" { bus = "a" unit = 1 address_base = 0
    point "down" { table = "discrete" address = 0 }
    point "up"   { table = "discrete" address = 1 }
    point "loop" { table = "discrete" address = 2 }
    point "door" { table = "discrete" address = 3 }
    point "tag"  { table = "holding" address = 0 type = "string" length = 16 }
    point "kg"   { table = "input" address = 0 }
}
lane "entry-1" {
    direction = "entry"  queue = "io.door"  document = "io.tag"  weight = "io.kg"
    barrier "boom" { closed_limit = "io.down" open_limit = "io.up" presence = "io.loop" }
}
lane "exit-1" { direction = "exit"  seal "reader" { id = "io.tag" loop = "io.loop" } }
lane "exit-2" { direction = "both"  barrier "boom" { closed_limit = "io.down" open_limit = "io.up" } }
"""

SUMMARY = """lane "entry-1", entry
  barrier "boom": closed io.down, open io.up, presence io.loop
  vehicle: queue io.door, document io.tag, weight io.kg
lane "exit-1", exit
  seal "reader": id io.tag, loop io.loop
  no presence: a passage begins with a number that is read
lane "exit-2", both
  barrier "boom": closed io.down, open io.up
  no presence: a passage begins with a number that is read
  no seal, plate, container, document: no consignment is found
"""


def test_it_ends_with_what_each_lane_has(tmp_path):
    code, said = check(tmp_path, LANES)
    in_a_line = SUMMARY.replace("\n  ", "; ").strip().replace("\n", "; ")
    assert code == 0 and said.endswith("good: 1 device on 1 bus, 3 lanes; " + in_a_line + "\n"), said


def test_on_a_terminal_each_part_has_a_line(tmp_path):
    (tmp_path / "main.conf").write_text(SITE + LANES)
    here, there = pty.openpty()
    subprocess.run([BINARY, "-n", "-c", "main.conf"], cwd=tmp_path, stdout=there, check=True, timeout=60)
    os.close(there)
    said = b""
    try:
        while piece := os.read(here, 65536):
            said += piece
    except OSError:  # the other end is closed
        os.close(here)
    assert said.decode().replace("\r\n", "\n").endswith("good: 1 device on 1 bus, 3 lanes\n" + SUMMARY), said


def test_the_unit_lets_the_serial_ports_of_all_boards_through():
    unit = (ROOT / "systemd/corridord.service").read_text()
    allowed = set(re.findall(r"^DeviceAllow=char-(\w+) rw$", unit, re.M))
    assert allowed == {*SERIAL, "gpiochip"}
    drivers = pathlib.Path("/proc/tty/drivers")
    here = [line.split() for line in drivers.read_text().splitlines()] if drivers.exists() else []
    assert {words[1].split("/")[-1] for words in here if words[-1] == "serial"} <= allowed


# ---- what is allowed, and mostly a mistake


TCP = 'bus "b" { driver = "modbus-tcp"  host = "%s" }\ndevice "io" { bus = "b"  unit = 1  address_base = 0  point "up" { table = "coil"  address = 1 } }\n'
BOOM = 'lane "%s" { barrier "boom" { open_limit = "io.up"  travel_time = "8s" } }\n'
NEIGHBOUR = "corridor/tr-sarp/gw1+7549f9e3+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


@pytest.mark.parametrize(
    "old, new, words",
    [
        ('id = "cp"', 'id = "cp"  country = "GE"  office = "RO000600"', 'office "RO000600" is of another country'),
        ('id = "gw"', 'id = "gw"  control_group = "no-such-group"', 'control_group "no-such-group" is no group here'),
        ("uplink {", 'journal { path = "/tmp" }\nuplink {', "/tmp is a folder"),
        ("uplink {", 'journal { path = "j.db"  quota = "1000TiB" }\nuplink {', "more than its whole disk has"),
        ("uplink {", 'journal { path = "j.db"  fallback = "j.db" }\nuplink {', "fallback: is the path itself"),
        ("uplink {", 'handover { require = true  keys = {"%s"} }\nuplink {' % NEIGHBOUR, "no signer block: where they ask it too"),
        ("uplink {", 'handover { keys = {"%s"} }\nuplink {' % NEIGHBOUR, "no signer block: nobody can tell"),
        ("uplink {", 'journal { path = "/run/j.db" }\nuplink {', "note: journal path: /run/j.db is in memory: the power takes"),
        ('id = "gw"', 'id = "gw"  control = "/no/such/control"', "note: gateway control: there is no folder /no/such"),
        ('id = "gw"', f'id = "gw"  control = "/{"x" * 120}"', "the name of a socket has at most 107 bytes, and this has 121"),
        ('id = "gw"', 'id = "gw"  prometheus = "/no/such/x.prom"', "note: gateway prometheus: there is no folder /no/such"),
        ('id = "gw"', 'id = "gw"  prometheus = "/tmp/metrics"', "the node exporter reads files alone whose names end in .prom"),
        ('host = "127.0.0.1"', 'host = {"127.0.0.1", "127.0.0.1"}', 'note: uplink host: "127.0.0.1" is there twice'),
        ('host = "127.0.0.1"', 'host = "broker.example"', "without TLS anybody on the way"),
        ('host = "127.0.0.1"', 'host = "127.0.0.1:8883"', "port 8883 usually speaks TLS"),
        ('host = "127.0.0.1"', 'host = "127.0.0.1"  port = 1883  tls { }', "port 1883 usually speaks no TLS"),
        ('host = "127.0.0.1"', 'host = "127.0.0.1"  username = "u"', "username has no password_file"),
    ],
)
def test_what_of_the_site_is_mostly_a_mistake_is_told(tmp_path, old, new, words):
    (tmp_path / "main.conf").write_text(SITE.replace(old, new))
    ran = subprocess.run([BINARY, "-n", "-c", "main.conf"], cwd=tmp_path, text=True, capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert words in ran.stdout


LINE = 'bus "s" { driver = "modbus-rtu"  port = "%s" }\n' + device("d", 'bus = "s"', 1)
STATES = 'device "d" { driver = "modbus-tcp"  host = "h"  unit = 1  address_base = 0  point "st" { table = "holding"  address = 1  map = {"%s"} } }\n'
READS = 'lane "l" { barrier "boom" { status = "d.st"  travel_time = "8s" } }\n'
SLOW = STATES.replace("unit = 1", 'unit = 1  poll = "30s"') % '1=closed", "2=open' + READS
GPIO = 'device "%s" { driver = "gpio"  chip = "c"  point "u" { line = "up"  bias = "disabled" } }\n'


@pytest.mark.parametrize(
    "text, words",
    [
        ('bus "b" { driver = "modbus-tcp"  host = "10.0.0.7" }\n', '"b": note: no device is on this bus'),
        (TCP % "http://10.0.0.7", "host is a name or an address alone"),
        (TCP % "10.0.0.7:502", "host is a name or an address alone"),
        (LINE % "ttyUSB9", "ttyUSB9 is not there now: serial ports are in /dev/"),
        (LINE % "main.conf", "main.conf is no serial port: these are in /dev/"),
        (GPIO % "a" + GPIO % "b", 'note: "b.u": "a.u" has line "up" of chip c already, and only one can'),
        (
            device("d", 'driver = "modbus-tcp"  host = "h"', 1, 'point "q" { table = "holding"  address = 40101 }'),
            'device "d": point "q": note: address 40101 is beyond most devices: in a manual it is holding 101, which is address = 101',
        ),
        (TCP % "10.0.0.300", 'note: "10.0.0.300:502" can be no host'),
        (TCP % "10.0.0.7 ", 'note: "10.0.0.7 :502" can be no host'),
        (
            device("d", 'driver = "modbus-tcp"  host = "h"', 1, 'point "q" { table = "holding"  address = 4  type = "u32" } point "r" { table = "holding"  address = 5 }'),
            'device "d": point "r": note: a part of it is a part of "q", too',
        ),
        (GPIO % "a", 'device "a": note: no GPIO chip "c" found, see gpioinfo'),
        ('device "r" { driver = "replay"  file = "/no/x.trace"  point "p" { } }\n', 'device "r": note: /no/x.trace: No such file or directory'),
        (
            'device "h" { driver = "http-in"  listen = {"203.0.113.9:8080"}  endpoint = "/a"  from = {"10.0.0.1"}  point "p" { path = "/x" } }\n',
            '"h": note: listens at 203.0.113.9, and no interface of this machine has that address',
        ),
        (TCP % "10.0.0.7" + 'lane "l" { seal "a" { loop = "io.up" } seal "b" { loop = "io.up" } }\n', 'as seal "a" of lane "l": copied, and not changed?'),
        (STATES % "1=open" + READS, 'barrier "boom": no number in the map of "d.st" means closed: that is never seen'),
        (STATES % "2=closed" + READS, 'barrier "boom": no number in the map of "d.st" means open: that is never seen'),
        (STATES % "1=opened" + 'lane "l" { seal "s" { status = "d.st" } }\n', 'seal "s": no number in the map of "d.st" means intact'),
        (SLOW, 'barrier "boom": "d" is asked every 30.0 s, and the boom travels within 8.0 s: it may be up and down unseen'),
        (TCP % "10.0.0.7" + BOOM % "in" + BOOM % "out", 'as barrier "boom" of lane "in": copied, and not changed?'),
        (TCP.replace("address = 1 }", 'address = 1  debounce = "20s" }') % "127.0.0.1", "what lasts less than 20 s is never seen"),
    ],
)
def test_what_of_buses_and_lanes_is_mostly_a_mistake_is_told(tmp_path, text, words):
    code, said = check(tmp_path, text)
    assert code == 0 and words in said


def test_a_part_that_is_not_read_is_told(tmp_path):
    parts = tmp_path / "conf.d"
    parts.mkdir()
    for name in ("README", "10-lane.conf", "20-lane.conf.txt", "30-LANE.CONF", ".40.conf.swp"):
        (parts / name).write_text("")
    _, said = check(tmp_path, "")
    notes = sorted(line for line in said.splitlines() if "passed over" in line)
    assert [note.split("conf.d/")[1] for note in notes] == [
        "20-lane.conf.txt is passed over: its name does not end in .conf",
        "30-LANE.CONF is passed over: its name does not end in .conf",
    ]


def test_a_folder_in_the_place_of_a_file_is_told(tmp_path):
    tls = f'host = "localhost"  tls {{ ca = "{tmp_path}" }}'
    (tmp_path / "main.conf").write_text(SITE.replace('host = "127.0.0.1"', tls))
    ran = subprocess.run([BINARY, "-n", "-c", "main.conf"], cwd=tmp_path, text=True, capture_output=True, check=False)
    assert f"note: uplink tls ca: {tmp_path} is a folder, expected a file" in ran.stdout


# Of the kinds that technicians make: each with what it is, or what was meant.
TYPED = {
    "a duration without a unit": ('lane "l" { barrier "b" { open_limit = "io.up"  travel_time = 8 } }', "the unit is missing"),
    "a speed that is none": ('bus "s" { driver = "modbus-rtu"  port = "/dev/ttyS0"  baud = 19201 }', 'did you mean "19200"?'),
    "a unit beyond the last": ('device "d" { bus = "b"  unit = 300  address_base = 0  %s }', "out of range, expected 0 to 255"),
    "a decimal comma": ('device "d" { bus = "b"  unit = 5  address_base = 0  point "p" { table = "holding"  address = 1  scale = 0,1 } }', "A number has a point"),
    "a comment of another language": ("; the boom", "a comment begins with #"),
    "a colon": ('device "d" { bus = "b"  unit: 5  address_base = 0  %s }', 'did you mean "unit"?'),
    "an order in capitals": ('device "d" { bus = "b"  unit = 5  address_base = 0  point "p" { table = "holding"  address = 1  type = "u32"  order = "CDAB" } }', 'did you mean "cdab"?'),
    "an order of one register": ('device "d" { bus = "b"  unit = 5  address_base = 0  point "p" { table = "holding"  address = 1  order = "cdab" } }', "the value has one"),
    "a type of another language": ('device "d" { bus = "b"  unit = 5  address_base = 0  point "p" { table = "holding"  address = 1  type = "float" } }', 'did you mean "f32"?'),
    "a table in words": ('device "d" { bus = "b"  unit = 5  address_base = 0  point "p" { table = "holding register"  address = 1 } }', 'did you mean "holding"?'),
    "a type of a coil": ('device "d" { bus = "b"  unit = 5  address_base = 0  point "p" { table = "coil"  address = 1  type = "u32" } }', "is of type bool"),
    "a text without a length": ('device "d" { bus = "b"  unit = 5  address_base = 0  point "p" { table = "holding"  address = 1  type = "string" } }', "needs its length"),
    "a range upside down": ('device "d" { bus = "b"  unit = 5  address_base = 0  point "p" { table = "holding"  address = 1  min = 10  max = 1 } }', '"min" is above "max"'),
    "an inverted number": ('device "d" { bus = "b"  unit = 5  address_base = 0  point "p" { table = "holding"  address = 1  invert = true } }', "has no effect"),
    "a number with two words": ('device "d" { bus = "b"  unit = 5  address_base = 0  point "p" { table = "holding"  address = 1  map = { "1=open", "1=closed" } } }', "already has a word"),
    "no first register": ('device "d" { bus = "b"  unit = 5  %s }', 'option "address_base" is missing'),
    "another profile": ('device "d" { bus = "b"  unit = 5  profile = "came-gard" }', "there is no such file"),
    "another point": ('meter "m" { value = "io.upp" }', 'did you mean "io.up"?'),
    "a lane twice": (BOOM % "l" + BOOM % "l", "is there twice"),
    "a lane of nothing": ('lane "l" { direction = "entry" }', "expected a barrier or a seal"),
    "a direction in other words": ('lane "l" { direction = "in"  barrier "b" { open_limit = "io.up" } }', 'did you mean "entry"?'),
    "a serial device behind a host": ('bus "s" { driver = "modbus-rtu"  host = "10.0.0.7" }', 'it is one of "modbus-tcp"'),
    "a parity by its letter": ('bus "s" { driver = "modbus-rtu"  port = "/dev/ttyS0"  parity = "E" }', 'did you mean "even"?'),
    "a line without a bias": ('device "g" { driver = "gpio"  point "u" { line = "u" } }', 'option "bias" is missing'),
    "a speed by that name": ('bus "s" { driver = "modbus-rtu"  port = "/dev/ttyS0"  speed = 9600 }', 'did you mean "baud"?'),
    "a unit by another name": ('device "d" { driver = "modbus-tcp"  host = "h"  id = 5  address_base = 0  %s }', 'did you mean "unit"?'),
    "a function": ('device "d" { bus = "b"  unit = 5  address_base = 0  point "p" { function = 3  address = 1 } }', 'did you mean "table"?'),
    "a factor": ('device "d" { bus = "b"  unit = 5  address_base = 0  point "p" { table = "holding"  address = 1  factor = 0.1 } }', 'did you mean "scale"?'),
    "a loop that is a limit": ('lane "l" { barrier "b" { closed_limit = "io.up"  presence = "io.up" } }', 'is "closed_limit" already'),
    "a seal whose case is its loop": ('lane "l" { seal "s" { loop = "io.up"  tampered = "io.up" } }', '"io.up": is "tampered" already'),
    "an expected number that is none": ('device "d" { bus = "b"  unit = 5  address_base = 0  point "p" { table = "holding"  address = 1  max = 100  expect = {200} } }', 'has 200, which "min" and "max" exclude'),
    "an expected number beyond": ('device "d" { bus = "b"  unit = 5  address_base = 0  point "p" { table = "holding"  address = 1  none = {7}  expect = {7} } }', 'has 7, which is one of "none"'),
    "a broken loop of no loop": ('lane "l" { barrier "b" { open_limit = "io.up"  presence_fault = "io.up" } }', 'has no effect without "presence"'),
    "TLS without a look": ('bus "m" { driver = "mqtt-in"  host = {"h"}  cafile = "/x" }', 'did you mean "ca"?'),
    "a brace too few": ('lane "l" { barrier "b" { open_limit = "io.up" }', 'has no "}"'),
}


@pytest.mark.parametrize("mistake", TYPED)
def test_a_mistake_is_told_with_what_was_meant(tmp_path, mistake):
    text, words = TYPED[mistake]
    code, said = check(tmp_path, TCP % "10.0.0.7" + text.replace("%s", POINT) + "\n")
    assert code == 78
    assert words in said


@pytest.mark.parametrize("more, told", [('poll = "1s" timeout = "4s"', True), ('poll = "1s" timeout = "4s" stale_after = "5s"', False), ("", False)])
def test_an_answer_that_may_come_when_all_is_stale_is_told(tmp_path, more, told):
    code, said = check(tmp_path, device("d", 'driver = "modbus-tcp" host = "127.0.0.1"', 1, more))
    assert code == 0
    words = 'main.conf:4: device "d": note: a question without an answer takes 4.0 s, and what was read is stale after 4.0 s: '
    assert (words in said) == told, said
