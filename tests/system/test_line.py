"""A lane whose camera and scale send lines, beside its seal reader on Modbus: a crossing is bound by
what the camera reads, and whatever the senders do, the seal is polled on time."""

import json
import subprocess
import threading

import pytest
from rig import conf
from rig.consignment import CONSIGNMENT, UCR, write_list
from rig.daemon import BINARY, ROOT, SANITIZED
from sim.sender import Sender

PLATE = "AB123CD"
READERS = """
bus "camera-bus" {{ driver = "line"  host = "127.0.0.1:{camera}"  end = "LF"  longest = "4KiB"  reopen_min = "50ms"  reopen_max = "500ms" }}
device "camera-1" {{
    bus = "camera-bus"  format = "json"  when = {{"/type=lpr"}}  time = "/t"  time_form = "unix"  id = "/id"
    point "plate" {{
        path = "/plate"  confidence = "/score"  at_least = 0.8  none_text = {{"unknown"}}  accept = "^[A-Z]{{2}}[0-9]{{3}}"
        settle = "200ms"  hold = "2s"  again_after = "60s"
    }}
}}
bus "scale-bus" {{
    driver = "line"  host = "127.0.0.1:{scale}"  begin = "STX"  end = "ETX"  longest = 64B  silence = "2s"  reopen_min = "50ms"  reopen_max = "500ms"
}}
device "scale-1" {{ bus = "scale-bus"  point "weight" {{ pattern = "^([ -][ 0-9.]{{7}})G$"  type = "real" }} }}
meter "weight" {{ value = "scale-1.weight"  report_on_change = 1  report_min = "0ms" }}
"""


@pytest.fixture
def camera(closing):
    return closing(Sender())


@pytest.fixture
def scale(closing):
    return closing(Sender())


@pytest.fixture
def text(broker, lane, camera, scale, tmp_path):
    record = CONSIGNMENT | {"vehicles": [PLATE]}
    files = [write_list(tmp_path / "consignments.jsonl", "consignment", record)]
    body = conf.lane(lane.server.port).replace(
        'direction = "entry"', 'direction = "entry"  plate = "camera-1.plate"'
    )
    registry = f"registry {{ files = {conf.value(files)} }}\n"
    return conf.head(broker.port) + registry + body + READERS.format(camera=camera.port, scale=scale.port)


@pytest.fixture
def gateway(text, subscriber, new_daemon, camera, scale):
    daemon = new_daemon(text).start()
    subscriber.wait_event("registry.list")
    subscriber.wait_event("seal.absent")
    camera.wait_connected()
    scale.wait_connected()
    return daemon


def plate(text=PLATE, score=0.93, **more):
    return json.dumps({"type": "lpr", "plate": text, "score": score} | more) + "\n"


def send_until(sender, message, question):
    """What comes just after connecting is discarded: it is sent until it was heard."""
    stop = threading.Event()

    def repeat():
        while not stop.wait(0.1):
            sender.send(message)

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        return question()
    finally:
        stop.set()
        thread.join()


def test_a_vehicle_is_bound_by_what_the_camera_sends_and_weighed(gateway, lane, camera, scale, subscriber):
    lane.truck_arrives()
    subscriber.wait_event("presence.detected")
    camera.send(plate("unknown"))
    camera.send(plate("CAM03", 0.99))
    camera.send(plate("AB123CO", 0.81))
    bound = send_until(camera, plate(), lambda: subscriber.wait_event("passage.identified"))
    assert (bound["rule"], bound["consignment"]["ucr"]) == ("plate", UCR)
    weight = send_until(
        scale, b"\x02  12345.G\x03\x02  99999.M\x03", lambda: subscriber.wait_event("meter.value", sensor="weight")
    )
    assert weight["observed"]["value"] == 12345
    read = subscriber.events("identifier.read")
    assert [e["observed"]["text"] for e in read if "text" in e["observed"]] in ([PLATE], [])
    assert {e["identifier"]["number"] for e in read} == {PLATE}
    subscriber.verified()


def test_a_scale_that_falls_silent_does_not_answer_and_comes_back(gateway, scale, subscriber):
    subscriber.wait_event("device.down", device="scale-1")
    mark = subscriber.mark
    send_until(
        scale, b"\x02  12345.G\x03", lambda: subscriber.wait_event("device.down", since=mark, alarm="cleared")
    )
    subscriber.verified()


def test_the_seal_is_seen_in_time_while_the_senders_flood_die_and_come_back(
    gateway, lane, camera, scale, subscriber, witness
):
    stop = threading.Event()
    noise = [
        plate("ZZ999ZZ", 0.5) * 50,
        b"\xff\x00" * 4000,
        b"{" * 3000 + b"\n",
        b'{"a":"' + b"A" * 100000 + b'"}\n',
        b"\x02" * 5000,
        plate("AB123CE") * 20,
    ]

    def flood(sender):
        k = 0
        while not stop.is_set():
            k += 1
            if not sender.connections or not sender.send(noise[k % len(noise)]):
                stop.wait(0.01)
            if k % 400 == 0:
                sender.stop()
                sender.start()

    threads = [threading.Thread(target=flood, args=(s,), daemon=True) for s in (camera, scale)]
    for thread in threads:
        thread.start()
    before = lane.reader.requests
    for word in ("tampered", "intact", "opened", "intact", "tampered"):
        mark = subscriber.mark
        flags = {word: 1} if word != "intact" else {}
        lane.seal_read("GE-0047115", word, **flags)
        subscriber.wait_event(f"seal.{word}", since=mark)
    assert lane.reader.requests > before
    stop.set()
    for thread in threads:
        thread.join()
    if not SANITIZED:
        assert gateway.status_kib("VmRSS") < 9 * 1024
    subscriber.verified()


def tried(tmp_path, text, device, message):
    (tmp_path / "try.conf").write_text(text)
    (tmp_path / "message").write_bytes(message if isinstance(message, bytes) else message.encode())
    return subprocess.run(
        [BINARY, "-c", tmp_path / "try.conf", "--try", device, tmp_path / "message"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.fixture
def alone(text, tmp_path):
    """The same without the lane's devices of other drivers."""
    return conf.head(1883) + text[text.index('bus "camera-bus"') :]


def test_a_message_is_tried_without_its_device(tmp_path, alone):
    good = tried(tmp_path, alone, "camera-1", plate())
    assert good.returncode == 0 and good.stderr == ""
    assert good.stdout.splitlines() == [
        'reading: plate = ""',
        f'  camera-1: plate: "{PLATE}": a candidate',
        f'reading: plate = "{PLATE}"',
        "  confidence 0.93",
    ]
    doubtful = tried(tmp_path, alone, "camera-1", plate(score=0.3))
    assert '"AB123CD" has a confidence of 0.3, less than 0.8' in doubtful.stdout
    foreign = tried(tmp_path, alone, "camera-1", '{"type":"motion"}\n')
    assert "none of its messages: /type=lpr does not hold" in foreign.stdout
    cut = tried(tmp_path, alone, "camera-1", '{"type":"lpr"')
    assert 'the message is cut, at byte 13: {"type":"lpr"' in cut.stdout
    weight = tried(tmp_path, alone, "scale-1", b"\x02  12345.G\x03")
    assert weight.stdout == "reading: weight = 12345\n"


FRAMES = {
    "rinstrum-auto": 'begin = "STX"  end = "ETX"',
    "toledo-continuous": 'begin = "STX"  end = "CR"  checksum = "toledo"',
}


def toledo(status, kg, tare=0, off=0):
    line = b"\x02%s%6d%06d\r" % (status, kg, tare)
    return line + bytes([(off - sum(line)) & 0x7F])


@pytest.mark.parametrize(
    "profile, sent, readings",
    [
        ("rinstrum-auto", b"\x02   12345M\x03\x02   12350G\x03\x02-     20G\x03", ["weight = 12350", "weight = -20"]),
        (
            "toledo-continuous",  # in motion, stable, a wrong sum, net
            toledo(b"*8 ", 12399) + toledo(b"*0 ", 12345) + toledo(b"*0 ", 99999, off=1) + toledo(b"*1 ", 12000, 345),
            ["weight = 12345"],
        ),
        ("generic-scale", b"US,GS,+  12399,kg\r\nST,GS,+  12345,kg\r\nST,NT,+  1,kg\r\n", ["weight = 12345"]),
        ("generic-scale", b"ST,GS,+12345.67,kg\r\n", ["weight = 12345.67"]),
        ("generic-scanner", b"NOREAD\r\n26GE7A01B2C3D4E5J1\r\n", ['text = ""', 'text = "26GE7A01B2C3D4E5J1"']),
        ("generic-epc-reader", b"3416451fd400000000003039\r\nE280\r\n", ['tag = ""', 'tag = "952114112345"']),
    ],
)
def test_a_profile_reads_what_its_device_sends(tmp_path, profile, sent, readings):
    if not (tmp_path / "profiles").exists():
        (tmp_path / "profiles").symlink_to(ROOT / "etc/profiles")
    bus = f'bus "b" {{ driver = "line"  host = "127.0.0.1:1"  {FRAMES.get(profile, "")} }}\n'
    result = tried(tmp_path, conf.head(1883) + bus + f'device "d" {{ bus = "b"  profile = "{profile}" }}\n', "d", sent)
    assert [line.removeprefix("reading: ") for line in result.stdout.splitlines() if line[0] == "r"] == readings


def test_a_trial_that_cannot_be_is_told(tmp_path, alone):
    missing = tried(tmp_path, alone, "camera-2", "{}")
    assert (missing.returncode, missing.stderr) == (1, "corridord: camera-2: there is no such device\n")
    usage = subprocess.run([BINARY, "--try", "camera-1"], capture_output=True, text=True, timeout=60, check=False)
    assert usage.returncode == 64 and "lacks the file" in usage.stderr
