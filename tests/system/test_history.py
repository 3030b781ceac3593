"""What was captured, seen, taken out and judged at the gateway."""

import csv
import io
import json
import subprocess
import time

import pytest
from rig import conf
from rig.daemon import BUILD
from rig.waiting import PATIENCE_S, until

FINE, FAILED = 0, 3


@pytest.fixture
def gateway(new_daemon, broker, load):
    return new_daemon(conf.head(broker.port) + conf.counters(load.port, count=4, poll="5ms")).start()


@pytest.fixture
def ctl(gateway):
    def run(*words, path=None):
        env = {"PATH": path} if path else None
        return subprocess.run(
            [BUILD / "corridorctl", "--socket", gateway.folder / "control", *words],
            capture_output=True, timeout=PATIENCE_S, env=env,
        )

    return run


def numbers(run):
    assert run.returncode == FINE, run.stderr
    return [json.loads(line)["seq"] for line in run.stdout.splitlines()]


@pytest.fixture
def long_ago(gateway):
    """More than one page of events."""
    until(lambda: len(gateway.journal.events()) > 600, "600 events")
    return gateway


def test_all_events_come_out_byte_for_byte_as_they_were_published(ctl, long_ago):
    lines = ctl("export").stdout.splitlines()
    assert len(lines) > 600
    kept = [e.message.payload for e in long_ago.journal.events()]
    assert lines == kept[: len(lines)]
    verdict = ctl("verify", path=f"{BUILD}:/usr/bin")
    assert verdict.returncode in (0, 1), verdict  # whole, but not signed
    assert b"altered" not in verdict.stdout
    missing = ctl("verify", path="/nowhere")
    assert missing.returncode == FAILED and b"apt install corridor-verify" in missing.stderr


def test_events_are_chosen_by_number_time_type_and_class(ctl, long_ago):
    last = numbers(ctl("--json", "events", "--last", "30"))
    assert len(last) >= 30 and last == list(range(last[0], last[-1] + 1))
    first = json.loads(ctl("export").stdout.splitlines()[0])
    assert first["type"] == "gateway.started"
    started = ctl("export", "--type", "gateway.").stdout.splitlines()
    assert [json.loads(line)["type"] for line in started] == ["gateway.started"]
    health = {json.loads(line)["type"] for line in ctl("export", "--class", "health").stdout.splitlines()}
    assert "gateway.started" in health and "meter.value" not in health
    assert numbers(ctl("--json", "events", "--since", "1h"))[0] == 1
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 3600))
    assert numbers(ctl("--json", "events", "--since", at)) == []
    assert b"expected" in ctl("events", "--since", "yesterday").stderr
    assert ctl("events", "--class", "other").returncode == FAILED


def test_events_are_told_in_words_with_number_and_day(ctl, long_ago):
    text = ctl("events", "--since", "1h", "gateway.").stdout.decode()
    assert text.startswith("--- 20") and "       1  " in text and "gateway.started" in text


def test_a_table_has_what_a_table_program_reads(ctl, long_ago):
    rows = list(csv.DictReader(io.StringIO(ctl("export", "--csv", "--type", "meter.value").stdout.decode())))
    assert len(rows) > 500
    assert rows[0]["type"] == "meter.value" and rows[0]["sensor"].startswith("counters-") and rows[0]["recorded"].endswith("Z")


def test_capture_goes_on_meanwhile(ctl, long_ago, load):
    before = load.units[1].requests
    for _ in range(3):
        assert len(ctl("export").stdout.splitlines()) > 600
    assert load.units[1].requests > before
