"""Pictures that cameras post beside their messages: kept by option, named by their hash in the event."""

import hashlib
import json
import os

import pytest
from rig import conf
from rig.waiting import free_port, until
from sim.poster import JPEG, Poster

LARGE = JPEG + os.urandom(200_000)
BODY = """
bus "web" {{
    driver = "http-in"  listen = {{"127.0.0.1:{web}"}}  reopen_min = "50ms"  reopen_max = "500ms"
    pictures = "{folder}"  pictures_quota = 1MiB
}}
device "camera" {{
    bus = "web"  endpoint = "/camera"  from = {{"127.0.0.1"}}  rate = 200
    point "plate" {{ path = "/plate"  accept = "^[A-Z]{{2}}[0-9]{{3}}$"  hold = 300ms }}
}}
lane "entry-1" {{ direction = "entry"  plate = "camera.plate" }}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "pictures").mkdir(mode=0o750)
    return tmp_path / "pictures"


@pytest.fixture
def web():
    return free_port()


@pytest.fixture
def camera(web):
    return Poster(web, "/camera")


@pytest.fixture
def gateway(broker, folder, web, camera, subscriber, new_daemon):
    daemon = new_daemon(conf.head(broker.port) + BODY.format(web=web, folder=folder)).start()
    until(lambda: camera.post({}) == 200, "the door is open")
    return daemon


def parts(plate, *pictures, first=False):
    message = (b"Content-Type: application/json", json.dumps({"plate": plate}).encode())
    beside = [(b"Content-Type: image/jpeg", picture) for picture in pictures]
    return [*beside, message] if first else [message, *beside]


def kept(folder):
    return sorted(path.name for path in folder.iterdir())


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("first", [False, True])
def test_the_largest_picture_of_a_plate_is_kept_and_named_in_its_event(gateway, folder, camera, subscriber, first):
    assert camera.post_parts(*parts("AB123", JPEG, LARGE, JPEG + b"x", first=first)) == 200
    read = subscriber.wait_event("identifier.read")
    assert read["identifier"]["number"] == "AB123"
    assert read["source"]["picture"] == sha256(LARGE)
    assert kept(folder) == [sha256(LARGE) + ".jpg"]
    file = folder / kept(folder)[0]
    assert file.read_bytes() == LARGE and file.stat().st_mode & 0o7 == 0
    subscriber.verified()


def test_what_names_nobody_leaves_no_picture(gateway, folder, camera, subscriber):
    assert camera.post_parts(*parts("CAM03", LARGE)) == 200
    assert camera.post_parts((b"Content-Type: image/jpeg", LARGE)) == 200
    assert camera.post_parts(*parts("AB123", b"no picture, \x00 but bytes")) == 200
    assert "picture" not in subscriber.wait_event("identifier.read").get("source", {})
    assert kept(folder) == []


def test_the_oldest_give_way(gateway, folder, camera, subscriber):
    mark = subscriber.mark
    pictures = [LARGE + bytes([i]) for i in range(8)]
    for i, picture in enumerate(pictures):
        assert camera.post_parts(*parts(f"GE{i:03}", picture)) == 200
        until(lambda: len(subscriber.events("identifier.read", since=mark)) > i, "it is read")  # noqa: B023
    hashes = [e["source"]["picture"] for e in subscriber.events("identifier.read", since=mark)]
    assert hashes == [sha256(picture) for picture in pictures]
    assert kept(folder) == sorted(f"{name}.jpg" for name in hashes[-4:])
    until(lambda: "the quota of pictures is full" in gateway.logged(), "that is told")


def test_a_folder_that_anybody_may_write_to_is_no_place(broker, folder, web, camera, subscriber, new_daemon):
    folder.chmod(0o777)
    daemon = new_daemon(conf.head(broker.port) + BODY.format(web=web, folder=folder)).start()
    down = subscriber.wait_event("device.down", device="camera", alarm="raised")
    assert down["reason"] == "link_down"
    until(lambda: "others may write to" in daemon.logged(), "why is told")
    assert camera.post({}) == 0
    folder.chmod(0o750)
    until(lambda: camera.post({}) == 200, "the door is open")
