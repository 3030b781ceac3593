"""What the buses deliver is recorded, and a recording replayed without devices."""

import json
import re
import signal
import subprocess

import pytest
from rig import conf
from rig.control import Control
from rig.daemon import BUILD
from rig.waiting import PATIENCE_S, free_port, until

CTL = BUILD / "corridorctl"
FINE, WARNINGS, FAULTS, FAILED = range(4)
LINE = re.compile(r'(\d+(?:\.\d{1,9})?) +([\w.-]+) +(.+)\Z')


@pytest.fixture
def gateway(new_daemon, broker, lane, subscriber):
    silent = conf.bus("lane-3", free_port()) + conf.device("boom-3", "lane-3", 3, profile="came-gard-ptx")
    daemon = new_daemon(conf.head(broker.port) + conf.lane(lane.server.port) + silent).start()
    subscriber.wait_event("barrier.closed")
    return daemon


@pytest.fixture
def recording(gateway, tmp_path):
    """record() until the block ends; the file."""
    path = tmp_path / "lane.trace"
    process = subprocess.Popen(
        [CTL, "--socket", gateway.folder / "control", "record", "60", path], stdout=subprocess.PIPE, text=True
    )
    assert "Recording into" in process.stdout.readline()

    def end():
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == FINE, said
        return path

    yield end
    process.kill()
    process.wait()


def replay(conf_path, trace, *options):
    return subprocess.run(
        [CTL, *options, "--conf", conf_path, "replay", trace], capture_output=True, text=True, timeout=PATIENCE_S
    )


def types(text):
    return [json.loads(line)["type"] for line in text.splitlines()]


def of_lane(found):
    return [t for t in found if t.startswith(("barrier.", "seal.", "presence."))]


def test_a_recorded_lane_gives_the_same_events_without_its_devices(gateway, recording, lane, subscriber):
    mark = subscriber.mark
    lane.barrier("opening")
    subscriber.wait_event("barrier.opening", since=mark)
    lane.barrier("open")
    subscriber.wait_event("barrier.open", since=mark)
    lane.seal_read("GE-0047115")
    subscriber.wait_event("seal.intact", since=mark)
    path = recording()
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    times = [float(LINE.match(line).group(1)) for line in lines]
    assert times == sorted(times) and times[0] >= 0 and times[-1] < PATIENCE_S
    assert any(re.search(r" boom-3 +down !link_down ", line) or re.search(r" boom-3\.\S+ +!link_down", line) for line in lines)
    again = replay(gateway.conf, path, "--json")
    assert again.returncode == FINE, again.stderr
    seen = of_lane([e["type"] for e in subscriber.events(since=mark)])
    told = of_lane(types(again.stdout))
    assert seen and told[-len(seen) :] == seen
    assert replay(gateway.conf, path, "--json").stdout == again.stdout
    assert re.search(r"^00:00:\d\d\.\d{3} .*barrier\.opening", replay(gateway.conf, path).stdout, re.M)


def test_what_was_so_before_is_in_the_file_as_the_device_gave_it(gateway, recording):
    path = recording()
    first = re.findall(r"^0\.000 +boom-1\.status +(\d+)$", path.read_text(), re.M)
    assert first  # a number, though the profile makes a word of it
    head = path.read_text().splitlines()[0]
    assert head.startswith("# recorded at ge-red-bridge/gw1, 2")


def test_a_trace_may_become_another_configurations(gateway, tmp_path):
    trace = tmp_path / "x.trace"
    trace.write_text("0 boom-1.status 17\n0 other.status 1\n1 boom-1.status 32\n")
    strange = replay(gateway.conf, trace)
    assert strange.returncode == FINE and f'{trace}:2: this configuration has no "other.status"' in strange.stderr
    trace.write_text("0 boom-1.status 17\n1 boom-1.status\n")
    bad = replay(gateway.conf, trace)
    assert bad.returncode == FAULTS and f"{trace}:2: " in bad.stderr
    assert "No such file" in replay(gateway.conf, tmp_path / "none").stderr


def test_panels_hear_readings_by_the_schema(gateway, lane, closing):
    control = closing(Control(gateway.folder / "control"))
    answer = control.ask("readings")
    assert any(" boom-1.status " in line for line in answer["readings"])
    lane.barrier("opening")
    until(lambda: " boom-1.status " in control.hear().get("reading", ""), "a reading")
    with_wrong = subprocess.run([CTL, "-s", gateway.folder / "control", "record", "0"], capture_output=True, text=True)
    assert with_wrong.returncode == FAILED and "record wants minutes" in with_wrong.stderr
