"""The packages for other architectures, made on a machine of this one: by Debian's cross compiler, with
that architecture's libraries beside its own. And what is in them, run by an emulator."""

import re

import pytest
from booted import APT
from evidence import sums
from machine import HOME, went_well

EMULATORS = {"arm64": "qemu-aarch64-static", "armhf": "qemu-arm-static"}
OUT = f"{HOME}/build/deb"


@pytest.fixture(scope="module", params=EMULATORS)
def there(request, crossed):
    """(architecture, machine), with its packages in OUT, unpacked in /root/there."""
    machine = crossed(request.param)
    went_well(machine, f"{APT} install lintian")
    went_well(machine, f"for deb in {OUT}/*.deb; do dpkg -x $deb /root/there || exit; done")
    return request.param, machine


def run(there, command):
    architecture, machine = there
    return went_well(machine, f"{EMULATORS[architecture]} /root/there{command}")


def test_they_are_of_that_architecture(there):
    architecture, machine = there
    names = {path.name for path in machine.path(OUT).glob("*.deb")}
    wanted = ("corridord", "corridorctl", "corridor-verify")
    assert names >= {f"{name}_0.1.0_{architecture}.deb" for name in wanted}
    depends = went_well(machine, f"dpkg -f {OUT}/corridord_*.deb Depends")
    assert "libmosquitto1" in depends and "libc6" in depends


def test_they_are_built_twice_the_same(there):
    architecture, machine = there
    first = sums(machine.path(OUT))
    went_well(machine, f"make deb ARCH={architecture}")
    assert len(first) >= 3 and sums(machine.path(OUT)) == first


def test_lintian_finds_nothing(there):
    debs = f"$(ls {OUT}/*.deb | grep -v dbgsym)"
    text = went_well(there[1], f"lintian --allow-root --fail-on error,warning {debs}")
    assert not re.search(r"^[EW]:", text, re.MULTILINE), text


PROGRAMS = ("sbin/corridord", "libexec/corridord-uplink", "bin/corridorctl", "bin/corridor-verify")


@pytest.mark.parametrize("program", PROGRAMS)
def test_they_run(there, program):
    assert "0.1.0" in run(there, f"/usr/{program} --version")


def test_it_reads_the_configuration_that_is_shipped(there):
    run(there, "/usr/sbin/corridord -n -c /root/there/etc/corridord/corridord.conf")


def test_its_manual_and_bill_were_made_for_it(there):
    machine = there[1]
    assert "checkpoint" in went_well(machine, "zcat /root/there/usr/share/man/man5/corridord.conf.5.gz")
    bill = went_well(machine, "cat /root/there/usr/share/doc/corridord/corridord.cdx.json")
    assert f"arch={there[0]}&" in bill and "arch=amd64" not in bill
