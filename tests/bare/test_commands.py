"""The README's two commands where nothing is installed yet. One machine's story: each test goes
on from the one before."""

import re

import pytest
from machine import HOME, USER, went_well

INSTALL = re.compile(r"^ +(apt-get install .*)$", re.MULTILINE)
FORBIDDEN = "is not permitted here"


def told(text):
    """The line that a user without rights is told."""
    (line,) = INSTALL.findall(text)
    return line


def passed(text):
    """What pytest's last line counts: {"passed": 184, "skipped": 2}"""
    (*_, last) = re.findall(r"^.*\d+ passed.*$", text, re.MULTILINE)
    return {word: int(count) for count, word in re.findall(r"(\d+) (\w+)", last.split(" in ")[0])}


# ---- a user without sudo ----


@pytest.mark.parametrize("command", ["make", "make demo", "make check"])
def test_what_is_missing_is_told_to_who_may_not_install_it(machine, command):
    code, text = machine.run(command, user=USER)
    assert code == 2, text
    names = told(text).split()
    assert {"gcc", "pkg-config", "libmosquitto-dev"} <= set(names)
    assert ("mosquitto" in names) == (command != "make")
    assert ("python3-pytest" in names) == (command == "make check")
    assert "not found" not in text and "No such file" not in text, text


# ---- a user with sudo ----


def test_the_demo_installs_what_it_lacks_and_says_what_it_leaves(machine):
    went_well(machine, "apt-get -q update && apt-get -q -y install sudo")
    machine.allow_sudo(True)
    text = went_well(machine, "make demo; code=$?; cat /proc/[0-9]*/comm; exit $code", user=USER)
    assert "none missing" in text and "none was altered" in text
    left = text[text.index("It leaves") :]
    assert f"It leaves {HOME}/build (make clean)" in left
    assert re.search(r"^ +gcc libc6-dev ", left, re.MULTILINE), left
    running = left.split("again).")[1].split()
    assert "runuser" in running and not {"mosquitto", "corridord", "corridord-fakec"} & set(running)


def test_debians_own_broker_is_not_made_a_service(machine):
    assert machine.path("/usr/sbin/mosquitto").exists()
    assert not machine.path("/usr/sbin/policy-rc.d").exists()
    links = [*machine.path("/etc/systemd/system").rglob("mosquitto.service")]
    links += machine.path("/etc").glob("rc[2-5].d/S*mosquitto")
    assert not links


# ---- the line that is told, and all tests ----


def test_the_line_that_is_told_is_enough(machine):
    machine.allow_sudo(False)
    code, text = machine.run("make check", user=USER)
    assert code == 2, text
    went_well(machine, f"yes | {told(text)}")
    few = "TESTS=tests/system/test_damaged_journal.py"
    text = went_well(machine, f"make check {few}", user=USER, network=False)
    assert passed(text)["skipped"] >= 1 and f"mounting a filesystem {FORBIDDEN}" in text


def test_all_tests_pass_and_none_is_skipped(machine):
    named = "make -s --eval 'show: ; @echo $(CI_PACKAGES)' show"
    went_well(machine, f"apt-get -q update && apt-get -q -y install $({named})")
    text = went_well(machine, "make check", network=False, everything=True)
    counts = passed(text)
    assert counts["passed"] > 100 and not {"skipped", "failed", "error", "errors"} & set(counts)


def test_in_a_container_what_is_forbidden_is_skipped(machine):
    some = (
        "UNIT_TESTS=build/tests/unit/test_journal_fallback"
        ' TESTS="tests/system/test_damaged_journal.py tests/system/test_clock.py"'
    )
    text = went_well(machine, f"make check {some}", network=False, program=True)
    assert f"skipped: mounting {FORBIDDEN}" in text
    assert f"mounting a filesystem {FORBIDDEN}" in text
    assert f"asking the kernel for the clock's state {FORBIDDEN}" in text
    assert passed(text)["passed"] > passed(text)["skipped"]


def test_and_fails_where_everything_must_run(machine):
    few = "TESTS=tests/system/test_damaged_journal.py"
    code, text = machine.run(f"CI=true make system-tests {few}", network=False, program=True)
    assert code == 2, text
    assert "with CI=true everything must run" in text


# ---- elsewhere than in /usr ----


def test_what_is_installed_is_built_for_its_place(machine):
    went_well(machine, "make -s PREFIX=/opt/x SYSCONFDIR=/opt/etc install", network=False)
    code, text = machine.run("/opt/x/sbin/corridord --help")
    assert code == 0 and "/opt/etc/corridord/corridord.conf" in text, text
    unit = machine.path("/opt/x/lib/systemd/system/corridord.service").read_text()
    assert "/opt/x/sbin/corridord -c /opt/etc/corridord/corridord.conf" in unit
    went_well(machine, "/opt/x/sbin/corridord -n")
    profile = 'device "b" { bus = "l"  unit = 1  profile = "came-gard-ptx" }'
    bus = 'bus "l" { driver = "modbus-tcp"  host = "127.0.0.1" }'
    machine.path("/opt/etc/corridord/conf.d/lane.conf").write_text(f"{bus}\n{profile}\n")
    went_well(machine, "/opt/x/sbin/corridord -n && mv /opt/x/share/corridord/profiles /opt/x/away")
    code, text = machine.run("/opt/x/sbin/corridord -n")
    assert code != 0 and "/opt/x/share/corridord/profiles" in text, text
