"""The processors that gateways have: arm64, and armhf as far as an emulated processor shows."""

import struct

import pytest
from conftest import or_skip
from lib import board as boards
from lib.cross import ARCHITECTURES, TOP, Target
from lib.debian import run
from lib.gateway import Gateway, topic
from rig import published
from rig.subscriber import Subscriber

MACHINES = {"arm64": (64, 183), "armhf": (32, 40)}  # bits and e_machine of an ELF file

LINES = """
device "io" { driver = "gpio"  chip = "%s"
    point "wire"  { offset = 0  bias = "as-is" }
    point "other" { offset = 1  bias = "as-is" }
}
lane "yard" { seal "wire" { loop = "io.wire" }  seal "other" { loop = "io.other" } }
"""


@pytest.fixture(scope="module")
def target(cache):
    """Makes a target, built: target("arm64")."""
    made = {}

    def make(architecture):
        if architecture not in made:
            made[architecture] = or_skip(lambda: Target(architecture, cache))
        return made[architecture]

    return make


def built(target, *programs):
    target.make(*(str(target.build / program) for program in programs))
    return target.build / programs[0]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_daemon_is_built_for_it_and_reads_the_shipped_configuration(target, architecture):
    target = target(architecture)
    daemon = built(target, "corridord")
    header = daemon.read_bytes()[:20]
    bits, machine = MACHINES[architecture]
    assert header[4] == bits // 32
    assert struct.unpack_from("<H", header, 18)[0] == machine
    run(*target.emulator(), daemon, "-n", "-c", TOP / "etc/corridord.conf")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_unit_tests_pass_on_it(target, architecture):
    target = target(architecture)
    built(target, *(f"tests/unit/{name}" for name in target.unit_tests()))
    failed = target.run_unit_tests()
    assert not failed, "\n".join(f"== {name}\n{said[-2000:]}" for name, said in failed.items())


def test_lines_of_an_arm64_board_reach_a_subscriber(target, cache, broker, closing, tmp_path):
    target = target("arm64")
    daemon = built(target, "corridord", "corridord-uplink")
    kernel = or_skip(lambda: boards.fetch(cache))
    image = boards.initramfs(
        kernel, cache / "arm64.cpio", target, [daemon, daemon.with_name("corridord-uplink")]
    )
    board = closing(boards.Board(kernel, image, tmp_path / "board", broker=broker))
    or_skip(board.start)
    board.set_line(1, True)
    subscriber = closing(Subscriber(broker, topic=topic("arm"))).start()
    gateway = Gateway(board, "arm", LINES % boards.CHIP).start().wait_ready()
    assert subscriber.wait_event("seal.opened", sensor="wire")["initial"]
    assert subscriber.wait_event("seal.intact", sensor="other")["initial"]
    mark = subscriber.mark
    board.set_line(0, True)
    subscriber.wait_event("seal.intact", sensor="wire", since=mark)
    board.set_line(1, False)
    subscriber.wait_event("seal.opened", sensor="other", since=mark)
    gateway.stop()
    subscriber.wait_event("gateway.stopped")
    published.check_events(subscriber.verified())
