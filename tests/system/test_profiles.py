"""The shipped profiles read from servers that others wrote, programmed from the makers' maps."""

import json
import struct
import subprocess
import sys

import pytest
from rig import conf
from rig.daemon import BUILD, ROOT
from rig.waiting import PATIENCE_S, free_port, until

UNIT = 3  # of the server


def real(*numbers):
    return [word for number in numbers for word in struct.unpack(">HH", struct.pack(">f", number))]


def whole(number):
    return [number >> 16 & 0xFFFF, number & 0xFFFF]


# By the maker's own numbers, counted here from 0 on the wire: {table: {first: registers}}, and what
# the points have to say.
MAPS = {
    "eastron-sdm120": (
        {"input": {0: real(231.5), 6: real(4.25), 12: real(-980.5), 70: real(49.5), 72: real(1200.25),
                   74: real(3.5), 342: real(1203.75)}},
        {"voltage": 231.5, "current": 4.25, "power": -980.5, "frequency": 49.5, "imported": 1200.25,
         "exported": 3.5, "energy": 1203.75},
    ),
    "eastron-sdm630": (
        {"input": {0: real(230, 231, 232, 1.5, 2.5, 3.5), 52: real(1725.25), 70: real(50.25),
                   72: real(10.5, 20.5)}},
        {"voltage-1": 230, "voltage-3": 232, "current-1": 1.5, "current-3": 3.5, "power": 1725.25,
         "frequency": 50.25, "imported": 10.5, "exported": 20.5},
    ),
    "xy-md02": ({"input": {1: [0xFF9C, 655]}}, {"temperature": -10, "humidity": 65.5}),
    "moxa-iologik-e1210": (
        {"discrete": {0: [1] + [0] * 14 + [1]}, "input": {16: whole(70000) + whole(5) * 14 + whole(9)}},
        {"in0": True, "in1": False, "in15": True, "count0": 70000, "count1": 5, "count15": 9},
    ),
    "abb-b23": (
        {"holding": {0x5000: [0, 0, 1, 0x86A0], 0x5004: [0, 0, 0, 250], 0x5B00: whole(2301) + whole(2310) + whole(2290),
                     0x5B0C: whole(512), 0x5B14: whole(-98050), 0x5B2C: [4998]}},
        {"imported": 1000, "exported": 2.5, "voltage-1": 230.1, "voltage-2": 231, "voltage-3": 229, "current-1": 5.12,
         "power": -980.5, "frequency": 49.98},
    ),
    "apc-smart-ups": (
        {"holding": {0: [0x2000, 0x0002], 128: whole(3600) + [96 * 512, 27 * 32], 135: [25 * 128, 30 * 256],
                     142: [230 * 64], 144: [50 * 128], 151: [231 * 64]}},
        {"mains": True, "on-battery": False, "runtime": 3600, "battery": 96, "battery-voltage": 27, "temperature": 25,
         "load": 30, "output": 230, "frequency": 50, "input": 231},
    ),
    "peacefair-pzem-016": (
        {"input": {0: [2304, 1500, 1, 3450, 0, 4464, 1, 500]}},
        {"voltage": 230.4, "current": 67.036, "power": 345, "imported": 70, "frequency": 50},
    ),
    "waveshare-modbus-io8": (
        {"discrete": {0: [1, 0, 0, 0, 0, 0, 0, 1]}, "holding": {0x8000: [200]}},
        {"version": 2, "in1": True, "in2": False, "in7": False, "in8": True},
    ),
    "schneider-iem3155": (
        {"holding": {2999: real(12.5), 3027: real(230.5), 3059: real(-3.25), 3109: real(49.5), 3203: [0, 0, 0x12, 0xD687]}},
        {"current-1": 12.5, "voltage-1": 230.5, "power": -3.25, "frequency": 49.5, "imported": 1234.567},
    ),
    "vaisala-hmp110": (
        {"holding": {0: real(45.5)[::-1] + real(-12.25)[::-1], 7936: [0xCFC7]}},
        {"test": -12345, "humidity": 45.5, "temperature": -12.25},
    ),
    "laumas-w100": (
        {"holding": {6: [0x21], 7: whole(39840), 9: whole(-120), 16: [1], 17: [2]}},
        {"status": 0x21, "gross": 39840, "net": -120, "inputs": 1, "outputs": 2},
    ),
}  # fmt: skip


@pytest.fixture
def serve():
    servers = []

    def start(tables):
        server = subprocess.Popen(
            [sys.executable, ROOT / "tests/sim/modbus_pymodbus.py", "tcp"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        servers.append(server)
        for table, blocks in tables.items():
            for first, values in blocks.items():
                print(table, first, *(f"{value:x}" for value in values), file=server.stdin)
        print(".", file=server.stdin, flush=True)
        return int(server.stdout.readline())

    yield start
    for server in servers:
        server.stdin.close()
        server.wait(timeout=PATIENCE_S)


def said(socket):
    listed = subprocess.run(
        [BUILD / "corridorctl", "--socket", socket, "--json", "points"],
        capture_output=True, text=True, timeout=PATIENCE_S,
    )  # fmt: skip
    return {point["name"].removeprefix("device."): point for point in json.loads(listed.stdout or "[]")}


@pytest.mark.parametrize("profile", MAPS)
def test_a_profile_says_what_the_makers_map_says(profile, serve, new_daemon):
    tables, wanted = MAPS[profile]
    device = conf.device("device", "line", UNIT, profile=profile, max_hole=0, poll="200ms")
    daemon = new_daemon(conf.head(free_port()) + conf.bus("line", serve(tables)) + device).start()

    def is_all_good():
        points = said(daemon.folder / "control")
        return points and all(points[name]["quality"] == "good" for name in wanted)

    until(is_all_good, lambda: f"{said(daemon.folder / 'control')} {daemon.logged()}")
    points = said(daemon.folder / "control")
    assert {name: points[name]["value"] for name in wanted} == wanted


def test_every_profile_is_in_the_page():
    page = (ROOT / "doc/profiles.md").read_text()
    for path in (ROOT / "etc/profiles").glob("*.conf"):
        assert f"| `{path.stem}` |" in page, path.stem
