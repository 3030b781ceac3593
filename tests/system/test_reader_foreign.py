"""Devices that nobody thought of when the drivers were written, mapped by configuration alone: a LoRaWAN
server's uplink with its bytes in hex, a parking camera's post in local time, a weighbridge's line in tonnes."""

import datetime
import json
import subprocess

import pytest
from rig import conf
from rig.consignment import CONSIGNMENT, write_list
from rig.daemon import BINARY
from rig.waiting import free_port, until
from sim.poster import Poster
from sim.scale import Scale

BODY = """
bus "web" {{ driver = "http-in"  listen = {{"127.0.0.1:{web}"}} }}
device "lora" {{
    bus    = "web"  endpoint = "/lora"  from = {{"127.0.0.1"}}
    when   = {{"/DevEUI_uplink/FPort=2"}}  id = "/DevEUI_uplink/FCntUp"  time = "/DevEUI_uplink/Time"
    point "id"      {{ path = "/DevEUI_uplink/DevEUI"  accept = "^70B3D5" }}
    point "status"  {{ path = "/DevEUI_uplink/payload_hex"  pattern = "^(..)"  words = {{"00=intact", "01=opened", "03=tampered"}} }}
    point "battery" {{ path = "/DevEUI_uplink/payload_hex"  pattern = "^..(..)"  decode = "hex-number" }}
}}
device "parking" {{
    bus   = "web"  endpoint = "/parking"  from = {{"127.0.0.1"}}
    answer = '{{"Result": true}}'
    each  = "/Snapshot/Vehicles"  only = {{"/Snapshot/Lane=IN-1"}}
    time  = "/Snapshot/TakenAt"  time_form = "local"
    point "plate" {{
        path = "./Lp/Text"  confidence = "./Lp/Conf"  at_least = 70  none_text = {{"-"}}
        others = "./Lp/Alt"  max_age = 60s  hold = 5s  again_after = 30s
    }}
}}
bus "bridge-bus" {{ driver = "line"  port = "{scale}"  begin = "SOH"  end = "CR LF"  longest = 64B }}
device "bridge" {{
    bus = "bridge-bus"
    point "weight" {{ pattern = "^W1;S;B; *([0-9.]+,[0-9]+) t$"  type = "real-comma"  scale = 1000 }}
}}
meter "weight" {{ value = "bridge.weight"  report_on_change = 1  report_min = "0ms" }}
"""
LINES = b"\x01W1;M;B; 11,900 t\r\n\x01W1;S;B; 32,980 t\r\n\x01W1;S;N; 18,000 t\r\n"


def uplink(payload, count=41, port=2):
    return {"DevEUI_uplink": {"Time": datetime.datetime.now(datetime.timezone.utc).isoformat(), "DevEUI": "70B3D5E75E001234",
                              "FPort": port, "FCntUp": count, "payload_hex": payload, "LrrRSSI": "-97.0"}}  # fmt: skip


def snapshot(plate="AB128CD", conf=81, alt=("AB123CD",), lane="IN-1"):
    return {"Snapshot": {"TakenAt": datetime.datetime.now().strftime("%Y-%m-%d %H:%M:%S"), "Lane": lane,
                         "Image": "A" * 100_000,
                         "Vehicles": [{"Lp": {"Text": plate, "Conf": str(conf), "Alt": list(alt)}}]}}  # fmt: skip


def tried(tmp_path, device, message):
    text = conf.head(1883) + BODY.format(web=8080, scale="/dev/null")
    (tmp_path / "try.conf").write_text(text)
    (tmp_path / "message").write_bytes(message if isinstance(message, bytes) else json.dumps(message).encode())
    result = subprocess.run(
        [BINARY, "-c", tmp_path / "try.conf", "--try", device, tmp_path / "message"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


@pytest.mark.parametrize(
    "device, message, said",
    [
        ("lora", lambda: uplink("0164"), ['id = "70B3D5E75E001234"', 'status = "opened"', "battery = 100"]),
        ("lora", lambda: uplink("0164", port=1), ["/DevEUI_uplink/FPort=2 does not hold"]),
        ("lora", lambda: uplink("7F64"), ["status: refused", "battery = 100"]),
        ("parking", lambda: snapshot(), ['plate = "AB128CD"', "confidence 81", 'or else "AB123CD"']),
        ("parking", lambda: snapshot("-"), ['"-": nothing was read']),
        ("parking", lambda: snapshot(lane="OUT-1"), ["/Snapshot/Lane=IN-1 does not hold"]),
        ("bridge", lambda: LINES, ["weight = 32.98"]),
    ],
)
def test_its_message_is_tried_without_it(tmp_path, device, message, said):
    out = tried(tmp_path, device, message())  # of now
    for words in said:
        assert words in out, out


@pytest.fixture
def scale(closing):
    return closing(Scale())


def test_a_vehicle_is_bound_sealed_and_weighed_by_what_they_send(broker, scale, tmp_path, subscriber, new_daemon):
    web = free_port()
    record = CONSIGNMENT | {"vehicles": ["AB123CD"], "gross_mass_kg": 20000, "tare_kg": 14000}
    files = [write_list(tmp_path / "consignments.jsonl", "consignment", record)]
    lane = """
        lane "entry-1" {
            direction = "entry"  plate = "parking.plate"  weight = "bridge.weight"  weight_max = 32000  weight_differs = 2
            seal "lock" { id = "lora.id"  status = "lora.status"  battery = "lora.battery" }
        }
    """
    new_daemon(
        conf.head(broker.port) + f"registry {{ files = {conf.value(files)} }}\n" + BODY.format(web=web, scale=scale.path) + lane
    ).start()
    subscriber.wait_event("registry.list")
    lora, parking = Poster(web, "/lora"), Poster(web, "/parking")
    until(lambda: lora.post(uplink("0064", 1)) == 200, "the uplink is heard")
    sealed = subscriber.wait_event("seal.intact")
    assert sealed["observed"] == {"id": "70B3D5E75E001234", "status": "intact", "battery": 100}
    assert sealed["source"]["input"] == "lora.id" and sealed["source"]["clock"] in ("agrees", "unknown")
    assert parking.post(snapshot()) == 200 and parking.heard == b'{"Result": true}'
    read = subscriber.wait_event("identifier.read")
    assert read["identifier"]["number"] == "AB128CD"
    assert (read["source"]["confidence"], read["source"]["others"]) == (81, ["AB123CD"])
    bound = subscriber.wait_event("passage.identified")
    assert bound["found_as"] == "AB123CD" and bound["rule"] == "plate"
    until(lambda: scale.send(LINES) and subscriber.events("passage.overloaded"), "it was weighed", every_s=0.2)
    weight = subscriber.events("passage.overloaded")[0]["weight"]
    assert weight == {"input": "bridge.weight", "gross_kg": 32980, "max_kg": 32000, "overloaded": True,
                      "declared_kg": 20000, "tare_kg": 14000, "differs": True}  # fmt: skip
    assert lora.post(uplink("0163", 2)) == 200
    assert subscriber.wait_event("seal.opened")["observed"]["battery"] == 99
    subscriber.verified()
