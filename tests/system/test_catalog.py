"""The entries of the journal's catalog, and the messages that refer to them."""

import re
import shutil
import subprocess

import pytest
from rig.daemon import ROOT
from rig.waiting import PATIENCE_S

CATALOG = ROOT / "systemd/corridord.catalog"
ROW = re.compile(r'\[LOG_(\w+)\] = \{"([0-9a-f]{32})"')
KINDS = dict(ROW.findall((ROOT / "daemon/base/log.c").read_text()))
ENTRIES = dict(re.findall(r"^-- ([0-9a-f]{32})\n(.*?)(?=^-- |\Z)", CATALOG.read_text(), re.M | re.S))


def test_each_message_has_an_entry_and_each_entry_a_message():
    assert len(KINDS) >= 12
    assert len(set(KINDS.values())) == len(KINDS)
    assert set(KINDS.values()) == set(ENTRIES)


@pytest.mark.parametrize("kind", KINDS)
def test_an_entry_says_what_it_is_and_what_to_do(kind):
    head, _, text = ENTRIES[KINDS[kind]].partition("\n\n")
    assert re.search(r"^Subject: \S", head, re.M) and "Defined-By: corridord" in head
    assert len(text.strip()) > 20
    assert all(len(line) <= 90 for line in text.splitlines())
    assert set(re.findall(r"@(\w+)@", head + text)) <= {"CORRIDORD_DEVICE", "CORRIDORD_BUS"}


@pytest.mark.parametrize("kind", KINDS)
def test_each_message_is_said_somewhere(kind):
    said = [p for p in (ROOT / "daemon").rglob("*.c") if p.name != "log.c" and f"(LOG_{kind}," in re.sub(r"\s+", "", p.read_text())]
    assert said


def test_journalctl_takes_them(tmp_path):
    if not shutil.which("journalctl"):
        pytest.skip("there is no journalctl")
    folder = tmp_path / "usr/lib/systemd/catalog"
    folder.mkdir(parents=True)
    (tmp_path / "var/lib/systemd/catalog").mkdir(parents=True)
    shutil.copy(CATALOG, folder)

    def journalctl(*words):
        return subprocess.run(["journalctl", f"--root={tmp_path}", *words], capture_output=True, text=True, timeout=PATIENCE_S)

    updated = journalctl("--update-catalog")
    assert updated.returncode == 0 and not updated.stderr, updated.stderr
    shown = journalctl("--dump-catalog", KINDS["DEVICE_DOWN"])
    assert shown.returncode == 0, shown.stderr
    assert "does not answer" in shown.stdout and "corridorctl devices" in shown.stdout
