"""What README and doc/ show as an example is one: the daemon takes it, or says what they say."""

import re
import subprocess

import pytest
from rig.daemon import BINARY, ROOT

SITE = """
checkpoint { id = "ge-red-bridge"  country = "GE" }
gateway    { id = "gw1" }
uplink     { host = {"127.0.0.1"} }
"""
BUS = 'bus "lane-1" { driver = "modbus-tcp"  host = "127.0.0.1" }\n'


def blocks(page, label=""):
    return re.findall(rf"^```{label}\n(.*?)^```$", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE)


def configurations(page):
    return [text for text in blocks(page) if re.match(r"(checkpoint|bus|device)\b", text)]


def checked(tmp_path, text):
    (tmp_path / "corridord.conf").write_text(text)
    if not (tmp_path / "profiles").exists():
        (tmp_path / "profiles").symlink_to(ROOT / "etc/profiles")
    command = [BINARY, "-n", "-c", tmp_path / "corridord.conf"]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)


@pytest.fixture
def readme():
    (text,) = configurations("README.md")
    return text


def test_the_lane_of_the_readme_is_a_good_configuration(tmp_path, readme):
    result = checked(tmp_path, readme)
    assert (result.returncode, result.stderr) == (0, "")


def test_the_complaints_of_the_readme_are_those_of_the_daemon(tmp_path, readme):
    shown = re.findall(r"^corridord\.conf:\d+: (.*)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    wrong = readme.replace('poll = "100ms"', 'poll = "100"').replace("boom-1.status", "boom-1.statsu")
    result = checked(tmp_path, wrong)
    assert result.returncode != 0
    assert len(shown) == 2
    for complaint in shown:
        assert complaint in result.stderr


@pytest.mark.parametrize("page", ["doc/gpio.md", "doc/profiles.md", "doc/readers.md"])
def test_the_devices_of_the_pages_are_good_configurations(tmp_path, page):
    devices = configurations(page)
    assert devices
    for device in devices:
        bus = BUS if 'bus = "lane-1"' in device else ""
        result = checked(tmp_path, SITE + bus + device)
        assert (result.returncode, result.stderr) == (0, ""), device
