"""The shipped profiles of devices that publish or post, each with a message of the documented shape."""

import json
import subprocess
import time

import pytest
from rig import conf
from rig.daemon import BINARY, ROOT

SITE = 'bus "b" { driver = "mqtt-in"  host = "127.0.0.1:1" }\n'
WEB = 'bus "b" { driver = "http-in"  listen = {"127.0.0.1:1"} }\n'
POSTS = 'endpoint = "/d"  from = {"127.0.0.1"}'
TOPIC = 'topics = {"t"}'
EPC = "3416451FD400000000003039"


def utc(ago_s=0.0):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() - ago_s))


def hikvision(at):
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<EventNotificationAlert version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">\n'
        f"<ipAddress>10.0.0.21</ipAddress><dateTime>{at}</dateTime><eventType>ANPR</eventType>\n"
        "<ANPR><country>12</country><licensePlate>AB123CD</licensePlate><confidenceLevel>97</confidenceLevel></ANPR>\n"
        "<UUID>6b1f</UUID></EventNotificationAlert>\n"
    )


def messages(ago_s=0.0):
    """{profile: (bus, the device's own options, message, readings)}; each as of so long ago."""
    at, epoch_s = utc(ago_s), time.time() - ago_s
    here = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(epoch_s))
    return {
        "frigate-lpr": (SITE, "", {"type": "lpr", "plate": "AB123CD", "score": 0.93, "camera": "entry-1",
                                   "id": "1764310502.1-x", "timestamp": epoch_s}, {"plate": "AB123CD"}),
        "platerecognizer-stream": (WEB, POSTS, {"hook": {"id": "c"}, "data": {"camera_id": "c", "timestamp": at, "results": [
            {"plate": "ab123cd", "score": 0.91, "candidates": [{"plate": "ab123co", "score": 0.4}]}]}}, {"plate": "ab123cd"}),
        "rekor-scout": (WEB, POSTS, {"data_type": "alpr_group", "best_uuid": "u", "best_plate_number": "AB123CD",
                                     "best_confidence": 91.2, "epoch_start": int(epoch_s * 1000),
                                     "epoch_end": int(epoch_s * 1000)}, {"plate": "AB123CD"}),
        "axis-lpv": (WEB, POSTS, {"carID": "1327", "carState": "new", "plateText": "AB123CD", "plateConfidence": "0.87",
                                  "carMoveDirection": "in", "datetime": "20261128 101502372"}, {"plate": "AB123CD"}),
        "dahua-itsapi": (WEB, POSTS, {"Picture": {
            "CutoutPic": {"Content": "A" * 5000, "PicName": "c.jpg"}, "Plate": {"IsExist": True, "PlateNumber": "AB123CD"},
            "SnapInfo": {"DeviceID": "d", "Direction": "Obverse", "SnapTime": here}}}, {"plate": "AB123CD"}),
        "hikvision-anpr": (WEB, POSTS, hikvision(at), {"plate": "AB123CD"}),
        "generic-container-ocr": (WEB, POSTS, {"result": "CSQU3054383", "recognition_type": "BIC", "confidence": "92"},
                                  {"container": "CSQU3054383"}),
        "impinj-r700": (SITE, TOPIC, {"timestamp": at, "hostname": "impinj-1", "eventType": "tagInventory",
                                      "tagInventoryEvent": {"epcHex": EPC, "antennaPort": 1, "peakRssiCdbm": -5200}},
                        {"tag": "952114112345"}),
        "zebra-fx": (SITE, TOPIC, {"type": "SIMPLE", "timestamp": at, "data": {"idHex": EPC.lower(), "antenna": 1,
                                                                             "peakRssi": -52}}, {"tag": "952114112345"}),
        "zebra-rfd": (SITE, TOPIC, {"data": {"tagData": [{"EPC": EPC, "peakRssi": -52}]}}, {"tag": "952114112345"}),
        "chirpstack-door": (SITE, TOPIC, {"deduplicationId": "d", "time": at, "fCnt": 41,
                                          "deviceInfo": {"devEui": "24e124141c142000"},
                                          "object": {"magnet_status": "open", "battery": 92}},
                            {"id": "24e124141c142000", "status": "opened", "battery": 92}),
        "ttn-door": (SITE, TOPIC, {"end_device_ids": {"dev_eui": "24E124141C142000"}, "received_at": at,
                                   "uplink_message": {"decoded_payload": {"battery": 92}}},
                     {"id": "24E124141C142000", "opened": "false", "battery": 92}),
        "traccar-lock": (WEB, POSTS, {"position": {"fixTime": at, "outdated": False,
                                                 "attributes": {"lock": True, "batteryLevel": 80}},
                                    "device": {"uniqueId": "861234567890123"}},
                         {"id": "861234567890123", "locked": "true", "battery": 80}),
    }  # fmt: skip


JUDGED_BY_AGE = {"dahua-itsapi", "frigate-lpr", "platerecognizer-stream", "rekor-scout", "hikvision-anpr", "impinj-r700", "traccar-lock"}


def tried(tmp_path, profile, made):
    bus, own, message, _ = made
    (tmp_path / "profiles").symlink_to(ROOT / "etc/profiles")
    text = conf.head(1883) + bus + f'device "d" {{ bus = "b"  profile = "{profile}"  {own} }}\n'
    (tmp_path / "try.conf").write_text(text)
    (tmp_path / "message").write_text(message if isinstance(message, str) else json.dumps(message))
    result = subprocess.run(
        [BINARY, "-c", tmp_path / "try.conf", "--try", "d", tmp_path / "message"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (0, "")
    lines = (line.removeprefix("reading: ").split(" = ") for line in result.stdout.splitlines() if line[0] == "r")
    return {point: value.strip('"') for point, value in lines if value != '""'}, result.stdout


@pytest.mark.parametrize("profile", messages())
def test_a_profile_reads_what_its_device_sends(tmp_path, profile):
    made = messages()[profile]
    readings, said = tried(tmp_path, profile, made)
    assert readings == {point: str(value) for point, value in made[3].items()}, said


@pytest.mark.parametrize("profile", sorted(JUDGED_BY_AGE))
def test_what_its_device_kept_back_for_an_hour_is_refused(tmp_path, profile):
    readings, said = tried(tmp_path, profile, messages(3600)[profile])
    assert readings == {} and "s ago: it was kept back, or a clock is wrong" in said


def test_every_shipped_profile_of_these_drivers_is_tried():
    shipped = {p.stem for p in (ROOT / "etc/profiles").glob("*.conf") if "-in\"" in p.read_text().split("profile \"")[-1]}
    assert shipped == set(messages())
