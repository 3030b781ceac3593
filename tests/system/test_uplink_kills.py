"""The process that speaks to the network ends, for whatever reason: capture does not notice.

CORRIDORD_KILLS: how many (200 for a whole run); CORRIDORD_SEED repeats the moments.
"""

import os
import random
import signal
import socket
import sqlite3
import subprocess
import time

import pytest
from rig.daemon import BINARY
from rig.delivery import check_delivered, wait_for, wait_for_all
from rig.processes import uplink_pid
from rig.waiting import until
from sim.manners import NOT_AUTHORIZED, UnknownProperty

KILLS = int(os.environ.get("CORRIDORD_KILLS", 20))
SEED = int(os.environ.get("CORRIDORD_SEED", random.randrange(1 << 32)))


def wait_for_another(daemon, before=None):
    """The id of the uplink's process, when it is not the one before."""
    found = []

    def is_there():
        found[:] = [uplink_pid(daemon)]
        return found[0] not in (None, before)

    wait_for(daemon, is_there, "an uplink", within_s=60 if before else 5)
    return found[0]


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_an_uplink_killed_under_load_again_and_again_costs_nothing(
    protocol, readings, scripted, new_gateway
):
    chance = random.Random(SEED)
    print("seed", SEED)
    broker = scripted()
    daemon = new_gateway(broker, protocol).start()
    pid = None
    for _ in range(KILLS):
        pid = wait_for_another(daemon, pid)
        taken = len(broker.taken())
        wait_for(daemon, lambda: len(broker.taken()) > taken + 5, "events arrive")
        time.sleep(chance.uniform(0, 0.1))
        os.kill(pid, signal.SIGKILL)
    readings.finish()
    wait_for_all(broker, readings, daemon)
    readings.check_in_time()
    check_delivered(broker, readings, daemon)
    assert daemon.logged().count("capturing:") == 1


def test_an_uplink_that_is_frozen_is_replaced(readings, scripted, new_gateway):
    broker = scripted()
    daemon = new_gateway(broker).start()
    pid = wait_for_another(daemon)
    os.kill(pid, signal.SIGSTOP)
    wait_for_another(daemon, pid)
    readings.finish()
    wait_for_all(broker, readings, daemon)
    readings.check_in_time()
    check_delivered(broker, readings, daemon)


def test_the_uplink_ends_with_its_daemon(readings, scripted, new_gateway):
    broker = scripted()
    daemon = new_gateway(broker).start()
    pid = wait_for_another(daemon)
    daemon.kill()
    until(lambda: not os.path.exists(f"/proc/{pid}"), "the uplink ends too")


class EndsTheLibrary(UnknownProperty):
    """By MQTT 5; then it refuses who comes."""

    def __init__(self):
        super().__init__("connack")
        self.refused = 0

    async def connect(self, session):
        if session.version == 5 and self.shown < 2:
            await super().connect(session)
        else:
            self.refused += 1
            session.connack(NOT_AUTHORIZED if session.version == 5 else 5)
            await session.flushed()
            session.end()


def test_a_library_that_stopped_is_the_reason_of_uplink_down(readings, scripted, new_gateway):
    broker = scripted(EndsTheLibrary())
    daemon = new_gateway(broker, alarm_after="15s").start()
    wait_for(daemon, lambda: broker.manner.refused >= 2, "what comes later is refused")

    def told():
        try:
            return [e for e in daemon.journal.events() if e["type"] == "uplink.down"]
        except sqlite3.DatabaseError:  # copied while it was written
            return []

    why = until(told, "uplink.down")[0]["observed"]["why"]
    broker.become()
    ended = "the uplink ended" in daemon.logged()  # a newer library lives on
    assert "refused" in why and why.startswith("the MQTT library stopped") == ended


def test_neither_password_nor_key_is_in_the_capturing_process(
    readings, scripted, new_gateway, tmp_path
):
    secret = tmp_path / "password"
    secret.write_text("a-secret-that-stands-out\n")
    secret.chmod(0o600)
    broker = scripted(None, "TLS")
    daemon = new_gateway(broker, username="gateway", password_file=str(secret)).start()
    wait_for(daemon, lambda: len(broker.taken()) > 5, "events arrive")
    assert wait_for_another(daemon)
    maps = open(f"/proc/{daemon.pid}/maps").read()
    assert "libmosquitto" not in maps and "libssl" not in maps
    with open(f"/proc/{daemon.pid}/mem", "rb", 0) as memory:
        for line in maps.splitlines():
            bounds, mode = line.split()[:2]
            if "w" in mode and "[v" not in line:
                begin, end = (int(part, 16) for part in bounds.split("-"))
                memory.seek(begin)
                assert b"a-secret-that-stands-out" not in memory.read(end - begin), line


@pytest.mark.parametrize("program", ["corridord-uplink", "corridord-readers"])
def test_a_program_of_another_version_serves_nobody_and_tells_the_cure(program):
    """As between the unpacking of a newer package and its restart."""
    theirs, ours = socket.socketpair()
    with theirs, ours:
        done = subprocess.run(
            [BINARY.with_name(program), "--of", "0.0.1 (of old)"],
            stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
        )  # fmt: skip
    assert done.returncode == 1
    assert "started by corridord 0.0.1 (of old)" in done.stdout
    assert "systemctl restart corridord" in done.stdout
