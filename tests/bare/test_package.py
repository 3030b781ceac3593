"""The Debian packages: built on one machine, twice the same, and brought to another, which has
nothing. Both go on from test to test."""

import json
import re
import shutil

from booted import APT
from evidence import sums
from machine import went_well

STATE = "/var/lib/corridord"


def is_installed(gateway):
    code, text = gateway.run("dpkg-query -W -f '${db:Status-Status}' corridord 2>/dev/null")
    return code == 0 and text.startswith("installed")


def test_they_are_built_twice_the_same(machine, packages):
    first = sums(packages)
    went_well(machine, "make deb")
    assert len(first) >= 3 and sums(packages) == first


def test_lintian_finds_nothing(machine, packages):
    debs = "$(ls build/deb/*.deb | grep -v dbgsym)"
    checks = f"lintian --allow-root --fail-on error,warning {debs}"
    text = went_well(machine, checks)
    assert not re.search(r"^[EW]:", text, re.MULTILINE), text


def test_their_bills_know_package_version_and_licence_of_each_library(machine, packages):
    """Of this Debian: another one has other sources."""
    debs = "$(ls build/deb/*.deb | grep -v dbgsym)"
    went_well(machine, f"for deb in {debs}; do dpkg -x $deb /root/bills || exit; done")
    bills = sorted(machine.path("/root/bills/usr/share/doc").glob("*/*.cdx.json"))
    assert [bill.parent.name for bill in bills] == ["corridor-verify", "corridorctl", "corridord"]
    for bill in bills:
        for component in json.loads(bill.read_text())["components"]:
            assert component["version"] and component["licenses"][0]["expression"], component


def test_what_is_installed_runs_when_one_file_is_edited(gateway, packages):
    debs = gateway.path("/root/debs")
    shutil.copytree(packages, debs)
    went_well(gateway, "apt-get -q update")
    both = "/root/debs/corridord_*.deb /root/debs/corridorctl_*.deb"
    text = went_well(gateway, f"{APT} install {both}")
    assert "edit /etc/corridord/corridord.conf" in text
    assert is_installed(gateway)
    groups = went_well(gateway, "id -nG corridord").split()
    assert {"corridord", "dialout", "gpio"} <= set(groups)
    modes = went_well(gateway, "stat -c %a%U /etc/corridord /etc/corridord/secrets").split()
    assert modes[:2] == ["755root", "700root"]
    conf = gateway.path("/etc/corridord/corridord.conf")
    conf.write_text(conf.read_text().replace('"unnamed"', '"ge-red-bridge"'))
    went_well(gateway, "corridord -n")
    start = "install -d -o corridord -g corridord /var/lib/corridord /run/corridord; "
    start += "timeout --preserve-status 5 setpriv --reuid=corridord --regid=corridord --init-groups"
    text = went_well(gateway, f"{start} corridord -c /etc/corridord/corridord.conf")
    assert "capturing: 0 devices" in text and "stopped" in text, text
    assert gateway.path(f"{STATE}/journal.db").stat().st_size > 0
    assert "corridorctl [--json]" in went_well(gateway, "corridorctl --help")


def test_its_unit_is_enabled_and_waits_for_the_name_of_the_site(gateway):
    wants = gateway.path("/etc/systemd/system/multi-user.target.wants/corridord.service")
    assert wants.is_symlink()
    went_well(gateway, "test -e $(readlink /etc/systemd/system/*.wants/corridord.service)")


def test_an_edited_file_survives_an_upgrade(gateway):
    text = went_well(gateway, f"{APT} install --reinstall /root/debs/corridord_*.deb")
    assert "edit /etc/corridord" not in text
    assert "ge-red-bridge" in gateway.path("/etc/corridord/corridord.conf").read_text()


def test_evidence_is_deleted_only_when_that_is_said(gateway):
    journal = gateway.path(f"{STATE}/journal.db")
    went_well(gateway, f"{APT} remove corridord")
    assert journal.exists()
    text = went_well(gateway, f"{APT} purge corridord")
    assert journal.exists() and f"{STATE} is left" in text
    assert not gateway.path("/etc/corridord/corridord.conf").exists()
    went_well(gateway, f"{APT} install /root/debs/corridord_*.deb")
    answer = "corridord corridord/purge-evidence boolean true"
    went_well(gateway, f"echo {answer} | debconf-set-selections")
    went_well(gateway, f"{APT} purge corridord")
    assert not journal.exists() and not is_installed(gateway)
